//! Adds events to the tracking plan of `wend.yaml`, and changes no other line.

use super::applied;
use crate::definitions::{Diagnostic, Edit};
use crate::syntax::{self, Key, Node, NodeValue, Place, Position};

/// `text`, a `wend.yaml`, with `names` under `events`, and those that were not there before.
///
/// Every event comes without properties, on a line of its own below the others. The error is the fault for which the file
/// cannot be read.
pub fn declare_events<'n>(
    text: &str,
    names: &[&'n str],
) -> Result<(String, Vec<&'n str>), Box<Diagnostic>> {
    let root = syntax::parse("wend.yaml", text)?;
    let entries = entries(&root);
    let events = entries.iter().find(|(key, _)| key.text == "events");
    let known = events.map_or(&[][..], |(_, node)| self::entries(node));
    let mut new: Vec<&str> = Vec::new();
    for name in names {
        if !new.contains(name) && known.iter().all(|(key, _)| key.text != *name) {
            new.push(name);
        }
    }
    if new.is_empty() {
        return Ok((text.to_owned(), new));
    }
    let edit = edit(text, events, &new);
    Ok((applied(text, &edit), new))
}

fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        NodeValue::Map(entries) => entries,
        NodeValue::Scalar { .. } | NodeValue::List(_) => &[],
    }
}

fn edit(text: &str, events: Option<&(Key, Node)>, new: &[&str]) -> Edit {
    let feed = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = |indent: usize| -> String {
        let blanks = " ".repeat(indent);
        let line = |name| [feed, &blanks, name, ": {}"].concat();
        new.iter().map(|name| line(name)).collect()
    };
    let Some((key, node)) = events else {
        let at = end_of(text);
        let begin = if at.column > 1 { feed } else { "" };
        let text = format!("{begin}{feed}events:{}{feed}", lines(2));
        return Edit {
            place: at.into(),
            text,
        };
    };
    let is_flow = node.end.line == node.at.line && node.at.line == key.at.line;
    match entries(node).last() {
        None => Edit {
            // `events:` or `events: {}`.
            place: Place {
                at: behind(key.end),
                end: node.end.max(behind(key.end)),
            },
            text: lines(2),
        },
        Some((_, last)) if is_flow => {
            let items: String = new.iter().flat_map(|name| [", ", name, ": {}"]).collect();
            Edit {
                place: last.end.into(),
                text: items,
            }
        }
        Some((first, last)) => {
            // Behind the last line, whose comment stays where it is.
            let line = text
                .lines()
                .nth(last.end.line.saturating_sub(1))
                .unwrap_or_default();
            let column = line.chars().count() + 1;
            let at = Position {
                line: last.end.line,
                column,
            };
            Edit {
                place: at.into(),
                text: lines(first.at.column.saturating_sub(1)),
            }
        }
    }
}

/// Behind the colon of a key.
const fn behind(end: Position) -> Position {
    Position {
        line: end.line,
        column: end.column + 1,
    }
}

fn end_of(text: &str) -> Position {
    let last = text.split('\n').next_back().unwrap_or_default();
    Position {
        line: text.split('\n').count(),
        column: last.chars().count() + 1,
    }
}
