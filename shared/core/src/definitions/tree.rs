//! Looks at syntax trees: the id of a file, names that refer, places of what a definition says.

use serde_json::Value;

use super::Refers;
use super::reader::{self, Faults, Read};
use crate::syntax::{self, Key, Node, NodeValue, Place};

/// Reads the one document of a file with `read`.
pub(super) fn read<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&Node, &mut Faults<'_>) -> Option<T>,
) -> Read<T> {
    let root = match syntax::parse(file, text) {
        Ok(root) => root,
        Err(fault) => return Read::failed(fault),
    };
    let mut faults = Faults::new(file);
    let value = read(&root, &mut faults);
    faults.read(value)
}

/// The id that a file gives itself, which must be its name.
pub(super) fn file_id(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let id = reader::id(node, what, faults)?;
    reader::check_name(&id, node, faults);
    Some(id)
}

/// The id of something that must be known elsewhere.
pub(super) fn refer(
    node: &Node,
    what: &str,
    refers: Refers,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let id = reader::id(node, what, faults)?;
    faults.refer(refers, id.as_str(), node);
    Some(id)
}

/// The JSON value of a tree.
pub(super) fn json(node: &Node) -> Value {
    match &node.value {
        NodeValue::Scalar { text, is_plain } => reader::scalar_value(text, *is_plain),
        NodeValue::List(items) => items.iter().map(json).collect(),
        NodeValue::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.text.clone(), json(value)));
            Value::Object(entries.collect())
        }
    }
}

/// The value under `key` of a map.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entry(node, key).map(|(_, value)| value)
}

/// The entry `key` of a map.
pub(super) fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n (Key, Node)> {
    match &node.value {
        NodeValue::Map(entries) => entries.iter().find(|(found, _)| found.text == key),
        NodeValue::Scalar { .. } | NodeValue::List(_) => None,
    }
}

/// The text of a scalar.
pub(super) fn text(node: &Node) -> Option<&str> {
    match &node.value {
        NodeValue::Scalar { text, .. } => Some(text),
        NodeValue::List(_) | NodeValue::Map(_) => None,
    }
}

/// The items of a list; the node itself if it is none.
pub(super) fn items(node: &Node) -> &[Node] {
    match &node.value {
        NodeValue::List(items) => items,
        NodeValue::Scalar { .. } | NodeValue::Map(_) => std::slice::from_ref(node),
    }
}

/// Calls `visit` with every entry of every map in `node`, outermost first, in the order of the file.
pub(super) fn walk<'n>(node: &'n Node, visit: &mut impl FnMut(&'n Key, &'n Node)) {
    match &node.value {
        NodeValue::Scalar { .. } => {}
        NodeValue::List(items) => items.iter().for_each(|item| walk(item, visit)),
        NodeValue::Map(entries) => {
            for (key, value) in entries {
                visit(key, value);
                walk(value, visit);
            }
        }
    }
}

/// The entry whose key stands at `place`.
pub(super) fn entry_at(node: &Node, place: Place) -> Option<(&Key, &Node)> {
    let mut found = None;
    walk(node, &mut |key, value| {
        if Place::from(key) == place {
            found = Some((key, value));
        }
    });
    found
}

/// The map of the step called `id`, wherever it is nested.
pub(super) fn step<'n>(node: &'n Node, id: &str) -> Option<&'n Node> {
    match &node.value {
        NodeValue::Scalar { .. } => None,
        NodeValue::List(items) => items.iter().find_map(|item| step(item, id)),
        NodeValue::Map(entries) => {
            let is_it = get(node, "id").and_then(text) == Some(id);
            let nested = || entries.iter().find_map(|(_, value)| step(value, id));
            is_it.then_some(node).or_else(nested)
        }
    }
}

/// What is directly inside a list or a map.
pub(super) fn children(node: &Node) -> Vec<&Node> {
    match &node.value {
        NodeValue::Scalar { .. } => Vec::new(),
        NodeValue::List(items) => items.iter().collect(),
        NodeValue::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
    }
}
