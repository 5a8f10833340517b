//! What was exported as text, as a value of its type.

use serde_json::{Value, json};

use crate::calendar::DateValue;
use crate::identity::{EmailAddress, PhoneNumber};
use crate::plain;
use crate::release::ValueType;
use crate::zone::Zone;

/// What stands between the texts of a set in a cell.
const BETWEEN: [char; 2] = [';', '|'];
const YES: [&str; 5] = ["true", "yes", "y", "1", "on"];
const NO: [&str; 5] = ["false", "no", "n", "0", "off"];

/// `value` as one of `kind`, or why it is none. Texts are read as people and other tools write them, wherever there is one way to
/// read them; a moment without a zone is one of UTC. A list or a map may be JSON in a text.
pub fn typed(value: &Value, kind: ValueType) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    let found = match kind {
        ValueType::Text => value
            .is_string()
            .then(|| json!(text))
            .or_else(|| scalar(value)),
        ValueType::Name => plain::is_name(&text).then(|| json!(text)),
        ValueType::Money if value.is_object() => Some(value.clone()),
        ValueType::Number | ValueType::Money => number(&text),
        ValueType::Integer => integer(&text),
        ValueType::Boolean => truth(&text),
        ValueType::Date => moment(&text).map(|at| json!(at.date().to_string())),
        ValueType::Time => moment(&text).map(|at| json!(instant(&at))),
        ValueType::Set => set(value, &text),
        ValueType::List => json_of(value, &text).filter(Value::is_array),
        ValueType::Map => json_of(value, &text).filter(Value::is_object),
        ValueType::Url => {
            let is_url = text.starts_with("https://") || text.starts_with("http://");
            (is_url && plain::is_one_line(&text) && !text.contains(' ')).then(|| json!(text))
        }
        ValueType::Email => EmailAddress::parse(&text).map(|email| json!(email.expose())),
        ValueType::Phone => PhoneNumber::parse(&text).map(|phone| json!(phone.expose())),
    };
    found.ok_or_else(|| format!("`{text}` is not {}", wanted(kind)))
}

/// A number or a truth in the place of a text: ids are often exported as numbers.
fn scalar(value: &Value) -> Option<Value> {
    (value.is_number() || value.is_boolean()).then(|| json!(value.to_string()))
}

/// A number with a dot, or with a decimal comma that can be nothing else: `1,234` could be either.
fn number(text: &str) -> Option<Value> {
    let plain = match text.split_once(',') {
        Some((whole, decimals)) if decimals.len() < 3 && !whole.contains('.') => {
            format!("{whole}.{decimals}")
        }
        Some(_) => return None,
        None => text.to_owned(),
    };
    let number: f64 = plain.parse().ok()?;
    // What was a whole number stays one.
    let whole = plain.parse::<i64>().ok().map(|whole| json!(whole));
    let number = number.is_finite().then(|| json!(number));
    number.map(|number| whole.unwrap_or(number))
}

fn integer(text: &str) -> Option<Value> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    whole.parse::<i64>().ok().map(|number| json!(number))
}

fn truth(text: &str) -> Option<Value> {
    let text = text.to_ascii_lowercase();
    let is_yes = YES.contains(&text.as_str());
    (is_yes || NO.contains(&text.as_str())).then(|| json!(is_yes))
}

fn moment(text: &str) -> Option<jiff::civil::DateTime> {
    Some(match DateValue::parse(text)? {
        DateValue::Local(local) => local,
        DateValue::Instant(at) => Zone::utc().local(at),
    })
}

fn instant(local: &jiff::civil::DateTime) -> String {
    Zone::utc().instant(*local).to_string()
}

/// Texts, each once.
fn set(value: &Value, text: &str) -> Option<Value> {
    let items: Vec<String> = match json_of(value, text) {
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<_>>()?
        }
        _ if value.is_string() => text.split(BETWEEN).map(str::to_owned).collect(),
        _ => return None,
    };
    let mut once: Vec<String> = Vec::new();
    for item in items.iter().map(|item| item.trim()) {
        if !item.is_empty() && !once.iter().any(|known| known == item) {
            once.push(item.to_owned());
        }
    }
    Some(json!(once))
}

/// JSON as it is, or as it stands in a text.
fn json_of(value: &Value, text: &str) -> Option<Value> {
    match value {
        Value::String(_) => serde_json::from_str(text).ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.clone())
        }
    }
}

const fn wanted(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Text => "a text",
        ValueType::Name => "somebody's name: one line, without links",
        ValueType::Number => "a number such as 1234.5",
        ValueType::Integer => "a whole number",
        ValueType::Money => "an amount such as 1234.50",
        ValueType::Boolean => "true or false",
        ValueType::Date => "a day such as 2027-01-31",
        ValueType::Time => "a moment such as 2027-01-31T09:00:00Z",
        ValueType::Set => "texts with `;` between them",
        ValueType::List => "a JSON list",
        ValueType::Map => "a JSON object",
        ValueType::Url => "an address on the web, https://…",
        ValueType::Email => "an email address",
        ValueType::Phone => "a number with its country, such as +4915550001111",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_other_tools_get_their_types() {
        let cases = [
            (ValueType::Number, "12,50", json!(12.5)),
            (ValueType::Number, " 1234.5 ", json!(1234.5)),
            (ValueType::Number, "7", json!(7)),
            (ValueType::Integer, "42.0", json!(42)),
            (ValueType::Boolean, "Yes", json!(true)),
            (ValueType::Boolean, "0", json!(false)),
            (ValueType::Date, "2027-01-31", json!("2027-01-31")),
            (ValueType::Date, "2027-01-31 23:10:00", json!("2027-01-31")),
            (
                ValueType::Time,
                "2027-01-31 23:10:00",
                json!("2027-01-31T23:10:00Z"),
            ),
            (
                ValueType::Time,
                "2027-01-31T23:10:00+02:00",
                json!("2027-01-31T21:10:00Z"),
            ),
            (ValueType::Set, "a; b;a;", json!(["a", "b"])),
            (ValueType::Set, r#"["a","b"]"#, json!(["a", "b"])),
            (ValueType::Map, r#"{"x":1}"#, json!({"x": 1})),
            (
                ValueType::Phone,
                "+49 155 5000-1111",
                json!("+4915550001111"),
            ),
            (ValueType::Text, "01234", json!("01234")),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(typed(&json!(text), kind), Ok(expected), "{text}");
        }
        assert_eq!(typed(&json!(7), ValueType::Text), Ok(json!("7")));
        assert_eq!(typed(&json!(["a"]), ValueType::Set), Ok(json!(["a"])));
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        let cases = [
            (ValueType::Number, "1,234"),
            (ValueType::Number, "1.234,50"),
            (ValueType::Number, "NaN"),
            (ValueType::Integer, "1.5"),
            (ValueType::Boolean, "maybe"),
            (ValueType::Date, "05/06/2026"),
            (ValueType::Time, "noon"),
            (ValueType::Name, "visit http://evil.example"),
            (ValueType::List, "a;b"),
            (ValueType::Url, "example.com"),
            (ValueType::Phone, "0155 5000"),
        ];
        for (kind, text) in cases {
            let error = typed(&json!(text), kind).unwrap_err();
            assert!(
                error.starts_with(&format!("`{text}` is not a"))
                    || kind == ValueType::Name
                    || kind == ValueType::Boolean,
                "{error}"
            );
        }
    }
}
