//! Reads `segments/<id>.yaml`: a segment with its rule, or a list.

use super::reader::{Faults, MapReader, Read};
use super::tree;
use crate::condition::{self, Root, Scope};
use crate::release::Segment;
use crate::syntax::Node;

/// What is known of a contact at any time, whatever journeys it is in.
const SCOPE: Scope = Scope {
    roots: &[Root::Contact, Root::Score],
    messages: false,
    facts: true,
    why: "a segment knows the contact, not one of its runs: contact.…, score.…, did, subscribed, in_…, now",
};

pub(super) fn read(file: &str, text: &str) -> Read<Segment> {
    tree::read(file, text, read_node)
}

/// The segment or list that `root` says.
fn read_node(root: &Node, faults: &mut Faults<'_>) -> Option<Segment> {
    let mut map = MapReader::new(root, "a segment", faults)?;
    let (segment, list) = (map.optional("segment"), map.optional("list"));
    let title = map.optional_text("title", faults).map(str::to_owned);
    let _about = map.optional_text("about", faults);
    let rule = map.optional("if");
    map.finish(faults);
    let id = match (segment, list) {
        (Some(node), None) => tree::file_id(node, "segment", faults),
        (None, Some(node)) => tree::file_id(node, "list", faults),
        (Some(_), Some(node)) => {
            let help = "a segment has a rule, a list is filled by hand or import: keep one";
            faults.add("E0190", node, "a file is a segment or a list", help);
            None
        }
        (None, None) => {
            let help = "begin with `segment: <id>` and a rule, or with `list: <id>`";
            faults.add("E0101", root, "a segment needs `segment` or `list`", help);
            None
        }
    };
    match (segment, list, rule) {
        (Some(node), None, None) => {
            let help = "add `if: { … }`; what is filled by hand is a `list:`";
            faults.add("E0101", node, "a segment needs `if`", help);
        }
        (None, Some(_), Some(node)) => {
            let help = "begin with `segment:` if the rule decides who belongs";
            faults.add("E0190", node, "a list has no rule", help);
        }
        _ => {}
    }
    let is_complete = list.is_some() || rule.is_some();
    let condition = rule.map(|node| condition::condition(node, SCOPE, faults));
    let id = id.filter(|_| is_complete)?;
    Some(Segment {
        title: title.unwrap_or_else(|| id.clone()),
        id,
        rule: condition.map_or(Some(None), |read| read.map(|rule| Some(Box::new(rule))))?,
    })
}

#[cfg(test)]
mod tests;
