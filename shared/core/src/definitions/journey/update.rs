//! Reads `update`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::scopes;
use super::triggers::topic;
use crate::condition::Number;
use crate::definitions::Refers;
use crate::definitions::reader::{self, Faults, MapReader, given_map, one_or_list};
use crate::path::{Path, Root};
use crate::release::{GivenMap, Update};
use crate::syntax::{Node, NodeValue};

/// The value of `update`.
pub(super) fn update(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Update> {
    let mut map = MapReader::new(node, format!("`{what}`"), faults)?;
    let before = faults.errors();
    let update = Update {
        set: map
            .optional("set")
            .map_or_else(GivenMap::new, |node| set(node, faults)),
        unset: several(&mut map, "unset", attribute, faults),
        add: map
            .optional("add")
            .map_or_else(BTreeMap::new, |node| add(node, faults)),
        include: elements(&mut map, "include", faults),
        remove: elements(&mut map, "remove", faults),
        join: several(&mut map, "join", contact_list, faults),
        leave: several(&mut map, "leave", contact_list, faults),
        unsubscribe: several(&mut map, "unsubscribe", topic, faults),
    };
    map.finish(faults);
    if update == Update::default() && faults.errors() == before {
        let help = "one of: set, unset, add, include, remove, join, leave, unsubscribe";
        faults.add("E0102", node, "this update changes nothing", help);
    }
    (faults.errors() == before).then_some(update)
}

fn several<T>(
    map: &mut MapReader<'_>,
    key: &'static str,
    read: impl FnMut(&Node, &str, &mut Faults<'_>) -> Option<T>,
    faults: &mut Faults<'_>,
) -> Vec<T> {
    let mut read = read;
    let node = map.optional(key);
    node.map_or_else(Vec::new, |node| {
        one_or_list(node, key, faults, |node, what, faults| {
            read(node, what, faults)
        })
    })
}

/// The name of an attribute that is changed.
fn attribute(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let name = reader::name_of(node, what, faults)?;
    let bare = name.strip_prefix("contact.").unwrap_or(&name);
    if bare != name || Path::below(Root::Contact, bare).is_err() || bare.contains('.') {
        let message = format!("`{name}` is not the name of an attribute");
        let help = "write the name alone, for example `tier`; parts of an attribute are not changed by themselves";
        let fault = faults.add("E0115", node, &message, help);
        if bare != name && !bare.contains('.') {
            fault.meant(bare);
        }
        return None;
    }
    faults.refer(Refers::ChangedAttribute, name.as_str(), node);
    Some(name)
}

fn set(node: &Node, faults: &mut Faults<'_>) -> GivenMap {
    if let NodeValue::Map(entries) = &node.value {
        for (key, _) in entries {
            attribute(&key.as_node(), "set", faults);
        }
    }
    given_map(node, "set", scopes::SET, faults)
}

fn add(node: &Node, faults: &mut Faults<'_>) -> BTreeMap<String, Number> {
    let help = "a number, for example `1` or `-3.5`";
    reader::named_as(node, "add", faults, attribute, |node, what, faults| {
        reader::scalar(node, what, help, faults)
    })
}

/// What sets get or lose.
fn elements(
    map: &mut MapReader<'_>,
    key: &'static str,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, Vec<Value>> {
    let Some(node) = map.optional(key) else {
        return BTreeMap::new();
    };
    reader::named_as(node, key, faults, attribute, |node, what, faults| {
        Some(one_or_list(node, what, faults, element))
    })
}

fn element(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Value> {
    reader::text(node, what, faults)?;
    match &node.value {
        NodeValue::Scalar { text, is_plain } => Some(reader::scalar_value(text, *is_plain)),
        NodeValue::List(_) | NodeValue::Map(_) => None,
    }
}

fn contact_list(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let id = reader::id(node, what, faults)?;
    faults.refer(Refers::List, id.as_str(), node);
    Some(id)
}
