//! The words that schemas are made of: maps, phrases, names.

use serde_json::{Map, Value, json};

/// One key of a map: its name, what stands behind it, what it is for. A name that ends with `!` is required.
pub(super) type Key = (&'static str, Value, &'static str);

/// A map with these keys and no others. `title` is what its reader calls it.
pub(super) fn map(title: &str, keys: impl IntoIterator<Item = Key>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, mut value, about) in keys {
        let key = name.strip_suffix('!').unwrap_or(name);
        if key.len() < name.len() {
            required.push(json!(key));
        }
        if let Value::Object(value) = &mut value {
            value.insert("description".to_owned(), json!(about));
        }
        properties.insert(key.to_owned(), value);
    }
    let mut map = json!({
        "title": title,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if let (Value::Object(map), false) = (&mut map, required.is_empty()) {
        map.insert("required".to_owned(), Value::Array(required));
    }
    map
}

/// The same, and one of `either` must stand there and no two of them.
pub(super) fn one_of_keys(mut map: Value, either: &[&str]) -> Value {
    let one: Vec<Value> = either
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    if let Value::Object(map) = &mut map {
        map.insert("oneOf".to_owned(), Value::Array(one));
    }
    map
}

/// The same, and at least one of `some` must stand there.
pub(super) fn some_of_keys(mut map: Value, some: &[&str]) -> Value {
    let some: Vec<Value> = some
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    if let Value::Object(map) = &mut map {
        map.insert("anyOf".to_owned(), Value::Array(some));
    }
    map
}

/// What is defined once as `name`.
pub(super) fn is(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// One of these words.
pub(super) fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

/// A text of this form.
pub(super) fn text(pattern: &str, example: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "examples": [example] })
}

/// A whole number from `least` to `most`.
pub(super) fn whole(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// A list of `item`s.
pub(super) fn list(item: &Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// One `item` or a list of them.
pub(super) fn one_or_list(item: &Value) -> Value {
    json!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1 }] })
}

/// A map from names to `value`s.
pub(super) fn named(names: &str, value: &Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": is(names),
        "additionalProperties": value,
    })
}

const EXACT: &str = "[0-9]+ *(s|sec|secs|seconds?|min|mins|minutes?|h|hr|hrs|hours?)";
const CALENDAR: &str = "[0-9]+ *(business +)?(days?|weeks?|months?|years?)";
const CLOCK: &str = "([01][0-9]|2[0-3]):[0-5][0-9]";
const DAYS: &str = "[A-Za-z]{3,9}([,-] *[A-Za-z]{3,9})*";
const DATE: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}";

fn span() -> String {
    format!("({EXACT}( *{EXACT})*|{CALENDAR})")
}

fn path() -> &'static str {
    "(contact|trigger|data|vars|score)\\.[^ ].*"
}

/// `until …`, `3 days`, `1 day at 10:00`.
fn wait() -> String {
    let span = span();
    let date = format!("{DATE}( {CLOCK}( [A-Za-z_/+-]+)?)?");
    let of_data =
        format!("({span} +(before|after) +)?(contact|trigger|data|vars)\\.[^ ]+( +at +{CLOCK})?");
    format!("^ *({span}( +at +{CLOCK})?|until +(({DAYS} +)?{CLOCK}|{date}|{of_data})) *$")
}

/// What all schemas may refer to.
pub(super) fn defs() -> Map<String, Value> {
    let span = span();
    let phrase = |pattern: String, example: &str| text(&format!("^ *{pattern} *$"), example);
    let cron = "cron( +[0-9A-Za-z*,/-]+){5}";
    let schedule = format!("(every +[a-z0-9, ]+ +at +{CLOCK}|{cron}|{DATE} +{CLOCK})");
    let moment = format!("({span} +(before|after) +)?contact\\.[^ ]+( +at +{CLOCK})?");
    let defs = json!({
        "id": text("^[a-z][a-z0-9-]{0,63}$", "welcome"),
        "data_name": text("^[a-z][a-z0-9_]{0,63}$", "first_name"),
        "event": text("^[A-Za-z][A-Za-z0-9_ .-]{0,127}$", "order_completed"),
        "name": { "type": "string", "minLength": 1, "maxLength": 128 },
        "text": { "type": ["string", "number", "boolean"] },
        "span": phrase(span, "3 days"),
        "days": phrase(CALENDAR.to_owned(), "1 day"),
        "wait": text(&wait(), "2 days at 09:00"),
        "schedule": phrase(schedule, "every monday at 10:00"),
        "date": phrase(moment, "3 days before contact.birthday at 09:00"),
        "window": phrase(format!("({DAYS} +)?{CLOCK} *- *{CLOCK}"), "mon-fri 09:00-17:00"),
        "quiet_hours": phrase(format!("{CLOCK} *- *{CLOCK}"), "21:00-08:00"),
        "day": text(&format!("^{DATE}$"), "2027-12-24"),
        "path": text(&format!("^{}$", path()), "contact.owner"),
        "topic": text("^[a-z][a-z0-9-]{0,63}(/(email|sms))?$", "offers/sms"),
        "share": text("^[0-9]{1,3}(\\.[0-9]{1,2})? *%$", "45%"),
        "zone": text("^[A-Za-z][A-Za-z0-9_/+-]*$", "Europe/Berlin"),
        "secret": text("^secret/[a-z][a-z0-9-]{0,63}$", "secret/hubspot-token"),
        "channel": words(&["email", "sms"]),
        "locale": text("^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "de"),
    });
    match defs {
        Value::Object(defs) => defs,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
