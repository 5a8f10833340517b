//! The picture as Mermaid text, which GitHub and many editors draw.

use std::fmt::Write as _;

use super::{Graph, NodeKind};
use crate::release::Journey;

/// A journey as a Mermaid flowchart.
pub fn mermaid(journey: &Journey) -> String {
    let graph = Graph::of(journey);
    let mut text = "flowchart TD\n".to_owned();
    for (place, node) in graph.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            NodeKind::Start => ("([", "])"),
            NodeKind::Message => ("[", "]"),
            NodeKind::Wait => ("[/", "/]"),
            NodeKind::Choice => ("{", "}"),
            NodeKind::Action => ("[[", "]]"),
            NodeKind::End => ("((", "))"),
        };
        let lines = std::iter::once(&node.title).chain(&node.notes);
        let label = lines
            .map(|line| escaped(line))
            .collect::<Vec<_>>()
            .join("<br>");
        let _ = writeln!(text, "    n{place}{open}\"{label}\"{close}");
    }
    for edge in &graph.edges {
        let arrow = if edge.is_dashed { "-.->" } else { "-->" };
        let label = if edge.label.is_empty() {
            String::new()
        } else {
            format!("|\"{}\"|", escaped(&edge.label))
        };
        let _ = writeln!(text, "    n{} {arrow}{label} n{}", edge.from, edge.to);
    }
    text
}

/// Text in quotes: everything that Mermaid or HTML would read as their own becomes an entity.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        let is_plain = c.is_alphanumeric()
            || matches!(
                c,
                ' ' | '-' | '_' | '.' | ',' | ':' | '/' | '%' | '+' | '{' | '}' | '[' | ']' | '…'
            );
        if is_plain {
            escaped.push(c);
        } else if !c.is_control() {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
        escaped
    })
}
