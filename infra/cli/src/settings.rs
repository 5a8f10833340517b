//! An editor's settings: JSON in which one key is changed and the rest stays as it was written.

use anyhow::Context;
use serde_json::{Map, Value};
use wend_core::definitions::Edit;
use wend_core::format::applied;
use wend_core::syntax::{self, NodeValue, Place};

/// `text` with `entries` under `key`, beside those that are there. An empty text is an empty object.
///
/// An error if `text` is no plain JSON: comments, as some editors allow them, would be lost.
pub fn with(text: &str, key: &str, entries: &Map<String, Value>) -> anyhow::Result<String> {
    if text.trim().is_empty() {
        let settings = Map::from_iter([(key.to_owned(), Value::Object(entries.clone()))]);
        return Ok(format!("{:#}\n", Value::Object(settings)));
    }
    let mut settings: Map<String, Value> =
        serde_json::from_str(text).context("it is no plain JSON")?;
    let mut merged = match settings.get(key) {
        Some(Value::Object(known)) => known.clone(),
        Some(_) | None => Map::new(),
    };
    merged.extend(entries.clone());
    let edited = edit(text, key, &merged).map(|edit| applied(text, &edit));
    settings.insert(key.to_owned(), Value::Object(merged));
    // The edit is only good if it says exactly what is meant.
    let is_meant = |text: &String| {
        serde_json::from_str::<Map<String, Value>>(text).is_ok_and(|read| read == settings)
    };
    Ok(match edited.filter(is_meant) {
        Some(text) => text,
        None => format!("{:#}\n", Value::Object(settings.clone())),
    })
}

/// The change that puts `value` under `key`: in place of what stands there, else before everything else. JSON is YAML, so
/// its places are known.
fn edit(text: &str, key: &str, value: &Map<String, Value>) -> Option<Edit> {
    let root = syntax::parse("", text).ok()?;
    let NodeValue::Map(known) = &root.value else {
        return None;
    };
    let first = known.first().map(|(first, _)| first.at);
    let indent = first.map_or(2, |first| first.column.saturating_sub(1));
    let indent = if first.is_some_and(|first| first.line > root.at.line) {
        indent
    } else {
        2
    };
    let value = format!("{:#}", Value::Object(value.clone()));
    let value = value.replace('\n', &format!("\n{:indent$}", ""));
    if let Some((_, node)) = known.iter().find(|(found, _)| found.text == key) {
        return Some(Edit {
            place: Place::from(node),
            text: value,
        });
    }
    let mut at = root.at;
    at.column += 1;
    let after = if known.is_empty() { "\n" } else { "," };
    let text = format!("\n{:indent$}\"{key}\": {value}{after}", "");
    Some(Edit {
        place: at.into(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Map<String, Value> {
        Map::from_iter([("./a.json".to_owned(), Value::from("a/*.yaml"))])
    }

    #[test]
    fn other_settings_stay_as_they_were_written() {
        for (before, after) in [
            (
                "",
                "{\n  \"k\": {\n    \"./a.json\": \"a/*.yaml\"\n  }\n}\n",
            ),
            (
                "{}",
                "{\n  \"k\": {\n    \"./a.json\": \"a/*.yaml\"\n  }\n}",
            ),
            (
                "{\n    \"z\": 1,\n    \"a\": [1,2]\n}\n",
                "{\n    \"k\": {\n      \"./a.json\": \"a/*.yaml\"\n    },\n    \"z\": 1,\n    \"a\": [1,2]\n}\n",
            ),
            (
                "{\n  \"z\": 1,\n  \"k\": { \"b\": \"c\" },\n  \"a\": 2\n}\n",
                "{\n  \"z\": 1,\n  \"k\": {\n    \"./a.json\": \"a/*.yaml\",\n    \"b\": \"c\"\n  },\n  \"a\": 2\n}\n",
            ),
        ] {
            let once = with(before, "k", &entries()).unwrap();
            assert_eq!(once, after);
            assert_eq!(with(&once, "k", &entries()).unwrap(), after, "not stable");
        }
    }

    #[test]
    fn tabs_lose_the_order_and_no_key() {
        let after = with("{\n\t\"z\": 1,\n\t\"a\": 2\n}\n", "k", &entries()).unwrap();
        let read: Value = serde_json::from_str(&after).unwrap();
        assert_eq!(
            (&read["z"], &read["a"], read["k"]["./a.json"].as_str()),
            (&1.into(), &2.into(), Some("a/*.yaml"))
        );
    }

    #[test]
    fn settings_with_comments_are_left_alone() {
        assert!(with("{\n  // mine\n  \"a\": 1\n}", "k", &entries()).is_err());
    }
}
