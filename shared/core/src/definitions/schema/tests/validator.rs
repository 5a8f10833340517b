//! As much of JSON Schema 2020-12 as our schemas use. A word that it does not know fails the test, so nothing is passed over.

use serde_json::{Map, Value};

/// Where `value` is not what `schema` says, as JSON pointers with the reason.
pub(super) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    check(schema, schema, value, "", &mut all);
    all
}

fn is_valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut all = Vec::new();
    check(root, schema, value, "", &mut all);
    all.is_empty()
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, all: &mut Vec<String>) {
    if *schema == Value::Bool(true) {
        return;
    }
    let words = schema.as_object().unwrap();
    for (word, says) in words {
        let reason = match word.as_str() {
            "$schema" | "$defs" | "title" | "description" | "examples" => None,
            "$ref" => {
                let pointer = says.as_str().unwrap().strip_prefix('#').unwrap();
                check(
                    root,
                    root.pointer(pointer).unwrap_or_else(|| panic!("{says}")),
                    value,
                    at,
                    all,
                );
                None
            }
            "oneOf" | "anyOf" => {
                let valid = says
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|one| is_valid(root, one, value))
                    .count();
                let is_good = if word == "oneOf" {
                    valid == 1
                } else {
                    valid > 0
                };
                (!is_good).then(|| format!("{word}: {valid} are valid"))
            }
            "type" | "enum" | "const" => {
                (!is_kind(word, says, value)).then(|| format!("is not {says}"))
            }
            "pattern" | "minLength" | "maxLength" => text(word, says, value),
            "minimum" | "maximum" => number(word, says, value),
            "items" | "minItems" | "maxItems" => list(root, word, says, value, at, all),
            _ => map(root, words, word, says, value, at, all),
        };
        all.extend(reason.map(|reason| format!("{at}: {reason}")));
    }
}

fn is_kind(word: &str, says: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("{other}"),
    };
    match (word, says) {
        ("type", Value::Array(kinds)) => kinds.iter().any(is),
        ("type", kind) => is(kind),
        ("enum", Value::Array(values)) => values.contains(value),
        _ => says == value,
    }
}

fn text(word: &str, says: &Value, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let length = || u64::try_from(text.chars().count()).unwrap();
    let is_good = match word {
        "pattern" => regex_lite::Regex::new(says.as_str().unwrap())
            .unwrap()
            .is_match(text),
        "minLength" => length() >= says.as_u64().unwrap(),
        _ => length() <= says.as_u64().unwrap(),
    };
    (!is_good).then(|| format!("`{text}` against {word} {says}"))
}

fn number(word: &str, says: &Value, value: &Value) -> Option<String> {
    let (number, bound) = (value.as_f64()?, says.as_f64().unwrap());
    let is_good = if word == "minimum" {
        number >= bound
    } else {
        number <= bound
    };
    (!is_good).then(|| format!("{number} against {word} {says}"))
}

fn list(
    root: &Value,
    word: &str,
    says: &Value,
    value: &Value,
    at: &str,
    all: &mut Vec<String>,
) -> Option<String> {
    let items = value.as_array()?;
    let count = u64::try_from(items.len()).unwrap();
    match word {
        "items" => {
            for (index, item) in items.iter().enumerate() {
                check(root, says, item, &format!("{at}/{index}"), all);
            }
            None
        }
        "minItems" => (count < says.as_u64().unwrap()).then(|| "too few items".to_owned()),
        _ => (count > says.as_u64().unwrap()).then(|| "too many items".to_owned()),
    }
}

fn map(
    root: &Value,
    words: &Map<String, Value>,
    word: &str,
    says: &Value,
    value: &Value,
    at: &str,
    all: &mut Vec<String>,
) -> Option<String> {
    let entries = value.as_object()?;
    let has = |key: &Value| entries.contains_key(key.as_str().unwrap());
    match word {
        "required" => {
            let missing = says.as_array().unwrap().iter().find(|key| !has(key));
            return missing.map(|key| format!("{key} is missing"));
        }
        "minProperties" => return entries.is_empty().then(|| "is empty".to_owned()),
        "dependentRequired" => {
            let mut rules = says
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| entries.contains_key(*key));
            let missing = rules.find(|(_, needed)| !needed.as_array().unwrap().iter().all(has));
            return missing.map(|(key, needed)| format!("{key} needs {needed}"));
        }
        _ => {}
    }
    let named = |key: &str| words.get("properties").and_then(|named| named.get(key));
    let patterns = || {
        words
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    };
    let matched = |key: &str| {
        patterns().find(|(pattern, _)| regex_lite::Regex::new(pattern).unwrap().is_match(key))
    };
    for (key, entry) in entries {
        let below = format!("{at}/{key}");
        match word {
            "properties" => {
                if let Some(rule) = named(key) {
                    check(root, rule, entry, &below, all);
                }
            }
            "patternProperties" => {
                if let Some((_, rule)) = matched(key) {
                    check(root, rule, entry, &below, all);
                }
            }
            "propertyNames" => check(root, says, &Value::String(key.clone()), &below, all),
            "additionalProperties" if named(key).is_some() || matched(key).is_some() => {}
            "additionalProperties" if *says == Value::Bool(false) => {
                all.push(format!("{below}: unknown key"));
            }
            "additionalProperties" => check(root, says, entry, &below, all),
            other => panic!("the validator does not know `{other}`"),
        }
    }
    None
}
