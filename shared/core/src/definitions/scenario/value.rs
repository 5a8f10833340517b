//! Values of data: JSON by the strict core rules of YAML 1.2.

use serde_json::{Map, Value};

use crate::definitions::reader::Faults;
use crate::syntax::{Node, NodeValue};

/// What `node` says as data: a plain `95` is a number, a plain `true`, `false` or `null` what JSON takes it for, all else is
/// text. `NO` and `01234` stay text.
pub(super) fn json(node: &Node) -> Value {
    match &node.value {
        NodeValue::Scalar { text, is_plain } => scalar(text, *is_plain),
        NodeValue::List(items) => Value::Array(items.iter().map(json).collect()),
        NodeValue::Map(_) => Value::Object(object(node)),
    }
}

/// The entries of a mapping; none of all else.
fn object(node: &Node) -> Map<String, Value> {
    match &node.value {
        NodeValue::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, node)| (key.text.clone(), json(node)));
            entries.collect()
        }
        NodeValue::Scalar { .. } | NodeValue::List(_) => Map::new(),
    }
}

fn scalar(text: &str, is_plain: bool) -> Value {
    let is_json = matches!(text, "true" | "false" | "null")
        || text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let read = (is_plain && is_json).then(|| serde_json::from_str(text).ok());
    match read.flatten() {
        Some(value) => value,
        None if is_plain && matches!(text, "" | "~") => Value::Null,
        None => Value::String(text.to_owned()),
    }
}

/// `node` as a map of values, or a fault.
pub(super) fn map(node: &Node, what: &str, faults: &mut Faults<'_>) -> Map<String, Value> {
    if !matches!(node.value, NodeValue::Map(_)) {
        let message = format!("`{what}` takes a map, this is {}", node.kind());
        faults.add("E0100", node.at, &message, "write `{ key: value }`");
    }
    object(node)
}
