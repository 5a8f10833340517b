//! The template engine as messages use it: Jinja, strict, with a limit, and the filters that people expect.

use std::borrow::Cow;

use jiff::civil;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use wend_core::calendar::DateValue;
use wend_core::zone::Zone;

use crate::escape;

/// Most instructions of one rendering: a few hundred are usual, a template that loops for ever stops here.
const FUEL: u64 = 100_000;

const MARKDOWN: AutoEscape = AutoEscape::Custom(Cow::Borrowed("markdown"));

/// An engine without texts. The ending of a text's name says what values in it are escaped for: `.md`, `.html`, or nothing.
/// `is_lenient`: values may be missing, for checks.
pub(crate) fn engine(is_lenient: bool) -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(if is_lenient {
        UndefinedBehavior::Chainable
    } else {
        UndefinedBehavior::Strict
    });
    engine.set_fuel(Some(FUEL));
    engine.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "md")) => MARKDOWN,
        Some((_, "html")) => AutoEscape::Html,
        Some(_) | None => AutoEscape::None,
    });
    engine.set_formatter(escape::write_value);
    engine.add_filter("money", money);
    engine.add_filter("pluralise", pluralise);
    engine.add_filter("link", link);
    engine.add_function("button", button);
    show_dates_in(&mut engine, &Zone::utc());
    engine
}

/// From now on the engine shows dates in `zone`.
pub(crate) fn show_dates_in(engine: &mut Environment<'static>, zone: &Zone) {
    let zone = zone.clone();
    engine.add_filter("date", move |value: Value, pattern: Option<String>| {
        date(&value, pattern.as_deref(), &zone)
    });
}

/// `95` → `95.00`, `95 | money('EUR')` → `€95.00`; of `{ amount: 95, currency: EUR }` the currency is its own.
fn money(value: Value, currency: Option<String>) -> Result<String, Error> {
    let own = value
        .get_attr("currency")
        .ok()
        .and_then(|own| own.as_str().map(str::to_owned));
    let amount = match value.get_attr("amount") {
        Ok(amount) if !amount.is_undefined() => amount,
        _ => value,
    };
    let parsed = f64::try_from(amount.clone()).ok();
    let parsed = parsed.or_else(|| amount.as_str().and_then(|text| text.trim().parse().ok()));
    let Some(number) = parsed.filter(|number: &f64| number.is_finite()) else {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("`{amount}` is no amount of money"),
        ));
    };
    let currency = currency.or(own).unwrap_or_default();
    // Currencies without a smaller unit (ISO 4217).
    let digits = if matches!(currency.as_str(), "JPY" | "KRW" | "CLP" | "ISK" | "VND") {
        0
    } else {
        2
    };
    let (sign, number) = if number < 0.0 {
        ("-", -number)
    } else {
        ("", number)
    };
    Ok(match currency.as_str() {
        "" => format!("{sign}{number:.digits$}"),
        "EUR" => format!("{sign}€{number:.digits$}"),
        "USD" => format!("{sign}${number:.digits$}"),
        "GBP" => format!("{sign}£{number:.digits$}"),
        "JPY" => format!("{sign}¥{number:.digits$}"),
        code => format!("{sign}{number:.digits$} {code}"),
    })
}

/// A date in the contact's zone, by a `strftime` pattern; `18 March 2027` without one.
fn date(value: &Value, pattern: Option<&str>, zone: &Zone) -> Result<String, Error> {
    const PLAIN: &str = "%-d %B %Y";
    let text = value.to_string();
    let error = |why: String| Error::new(ErrorKind::InvalidOperation, why);
    let local: civil::DateTime = match DateValue::parse(&text) {
        Some(DateValue::Instant(at)) => zone.local(at),
        Some(DateValue::Local(local)) => local,
        None => return Err(error(format!("`{text}` is no date"))),
    };
    let pattern = pattern.unwrap_or(PLAIN);
    jiff::fmt::strtime::format(pattern, local).map_err(|why| error(why.to_string()))
}

/// `2 | pluralise('item', 'items')` → `items`; without words an `s` where there is not exactly one.
fn pluralise(count: Value, one: Option<String>, many: Option<String>) -> String {
    let is_one = f64::try_from(count).is_ok_and(|count| (count - 1.0).abs() < f64::EPSILON);
    match (one, many) {
        (Some(one), Some(many)) => {
            if is_one {
                one
            } else {
                many
            }
        }
        (Some(many), None) => {
            if is_one {
                String::new()
            } else {
                many
            }
        }
        (None, _) => {
            if is_one {
                String::new()
            } else {
                "s".to_owned()
            }
        }
    }
}

/// A link that looks like a button.
fn button(state: &State<'_, '_>, label: &str, url: &str) -> Result<Value, Error> {
    const STYLE: &str = "display:inline-block;padding:12px 20px;border-radius:6px;background:#1f2328;color:#ffffff;\
        text-decoration:none;font-weight:600";
    if !is_web(url) {
        let why = format!("`{url}` is no address of the web (https://…)");
        return Err(Error::new(ErrorKind::InvalidOperation, why));
    }
    Ok(match state.auto_escape() {
        AutoEscape::Html | AutoEscape::Custom(_) => Value::from_safe_string(format!(
            "<a href=\"{}\" style=\"{STYLE}\">{}</a>",
            escape::html(url),
            escape::html(label)
        )),
        _ => Value::from(format!("{label}: {url}")),
    })
}

/// An address that a link may lead to, else `#`. Pages have it around every value that begins one.
fn link(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let text = value.to_string();
    Ok(if is_web(&text) {
        value.clone()
    } else {
        Value::from_safe_string("#".to_owned())
    })
}

/// Whether a link may lead to `url`: the web, mail and phone; never a script.
pub(crate) fn is_web(url: &str) -> bool {
    let lower = url.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:", "tel:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
        && !lower.contains(char::is_whitespace)
}
