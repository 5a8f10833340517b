//! The picture as SVG: no scripts, no fonts of its own, colours that follow the reader's light or dark setting.

use std::fmt::Write as _;

use super::layout::{Layout, Place, Size};
use super::{Edge, Graph, Node, NodeKind};
use crate::release::Journey;

/// Characters are about so wide, in tenths of a pixel: titles, then notes and labels.
const TITLE_TENTHS: usize = 80;
const NOTE_TENTHS: usize = 62;
const LINE: i32 = 16;
const MARGIN: i32 = 24;
const HEAD: i32 = 52;
/// How far right of everything an edge that leads back runs.
const BACK: i32 = 26;

const STYLE: &str = "\
:root{--ink:#1c2128;--soft:#59636e;--line:#8c959f;--paper:#ffffff;--box:#f6f8fa;--edge:#d1d9e0;\
--message:#ddf4ff;--message-edge:#54aeff;--wait:#fff8e1;--wait-edge:#d4a72c;--choice:#f3e8ff;--choice-edge:#a475f9;\
--end:#eaeef2;--start:#dafbe1;--start-edge:#4ac26b}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#6e7681;--paper:#0d1117;--box:#161b22;--edge:#3d444d;\
--message:#0c2d4a;--message-edge:#1f6feb;--wait:#33290f;--wait-edge:#9e6a03;--choice:#271a45;--choice-edge:#8957e5;\
--end:#21262d;--start:#12321c;--start-edge:#2ea043}}\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:var(--ink);text-anchor:middle}\
.paper{fill:var(--paper)}.head{font-size:17px;font-weight:600;text-anchor:start}.sub{font-size:12px;fill:var(--soft);text-anchor:start}\
.t{font-size:13px;font-weight:600}.n{font-size:11.5px;fill:var(--soft)}.l{font-size:11.5px;fill:var(--soft)}\
.box{fill:var(--box);stroke:var(--edge);stroke-width:1.2}.message{fill:var(--message);stroke:var(--message-edge)}\
.wait{fill:var(--wait);stroke:var(--wait-edge)}.choice{fill:var(--choice);stroke:var(--choice-edge)}\
.start{fill:var(--start);stroke:var(--start-edge)}.end{fill:var(--end);stroke:var(--line)}\
.e{fill:none;stroke:var(--line);stroke-width:1.4}.dashed{stroke-dasharray:5 4}.tip{fill:var(--line)}";

/// A journey as an SVG image.
pub fn svg(journey: &Journey) -> String {
    let graph = Graph::of(journey);
    let drawing = Drawing::new(&graph);
    let size = drawing.layout.extent();
    let title_width =
        text_width(&journey.title, 96).max(text_width(&subtitle(journey), NOTE_TENTHS));
    let backs = i32::try_from(drawing.backs.len()).unwrap_or_default();
    let back_label = drawing
        .backs
        .iter()
        .map(|edge| text_width(&edge.label, NOTE_TENTHS))
        .max();
    let right = if backs > 0 {
        backs * BACK + back_label.unwrap_or_default() + 12
    } else {
        0
    };
    let width = (size.width + right).max(title_width) + 2 * MARGIN;
    let height = size.height + HEAD + 2 * MARGIN;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\">\
         <path class=\"tip\" d=\"M0 0 8 4 0 8Z\"/></marker></defs>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n",
        escaped(&journey.title)
    );
    let _ = writeln!(
        text,
        "<text class=\"head\" x=\"{MARGIN}\" y=\"{}\">{}</text>",
        MARGIN + 14,
        escaped(&journey.title)
    );
    let _ = writeln!(
        text,
        "<text class=\"sub\" x=\"{MARGIN}\" y=\"{}\">{}</text>",
        MARGIN + 34,
        escaped(&subtitle(journey))
    );
    let _ = writeln!(
        text,
        "<g transform=\"translate({MARGIN} {})\">",
        MARGIN + HEAD
    );
    drawing.edges(&mut text);
    drawing.boxes(&mut text);
    text.push_str("</g>\n</svg>\n");
    text
}

fn subtitle(journey: &Journey) -> String {
    let topic = journey
        .topic
        .as_ref()
        .map(|topic| format!(" · topic {topic}"));
    format!("{}{}", journey.id, topic.unwrap_or_default())
}

fn text_width(text: &str, tenths: usize) -> i32 {
    i32::try_from(text.chars().count() * tenths / 10).unwrap_or(i32::MAX / 4)
}

fn size(node: &Node) -> Size {
    let notes = node
        .notes
        .iter()
        .map(|note| text_width(note, NOTE_TENTHS))
        .max();
    let width = text_width(&node.title, TITLE_TENTHS).max(notes.unwrap_or(0));
    let lines = i32::try_from(node.notes.len() + 1).unwrap_or(1);
    Size {
        width: (width + 28).max(84),
        height: lines * LINE + 14,
    }
}

/// A laid-out picture. Edges that lead back are no part of the layers: they run at the right.
struct Drawing<'g> {
    graph: &'g Graph,
    layout: Layout,
    /// Forward edges with the boxes that they pass through, the label's among them.
    ways: Vec<(&'g Edge, Vec<usize>, Option<usize>)>,
    backs: Vec<&'g Edge>,
}

impl<'g> Drawing<'g> {
    fn new(graph: &'g Graph) -> Self {
        let mut sizes: Vec<Size> = graph.nodes.iter().map(size).collect();
        let is_back = |edge: &&Edge| edge.is_dashed && edge.to <= edge.from;
        let (backs, forward): (Vec<&Edge>, Vec<&Edge>) = graph.edges.iter().partition(is_back);
        let mut short: Vec<(usize, usize)> = Vec::new();
        let mut parts = Vec::new();
        for edge in forward {
            let label = (!edge.label.is_empty()).then(|| {
                let width = text_width(&edge.label, NOTE_TENTHS) + 8;
                sizes.push(Size {
                    width,
                    height: LINE,
                });
                sizes.len() - 1
            });
            let begins = short.len();
            match label {
                Some(label) => short.extend([(edge.from, label), (label, edge.to)]),
                None => short.push((edge.from, edge.to)),
            }
            parts.push((edge, begins..short.len(), label));
        }
        let (layout, points) = Layout::new(sizes, &short);
        let ways = parts.into_iter().map(|(edge, range, label)| {
            let mut way = vec![edge.from];
            for (one, points) in short.iter().zip(&points).take(range.end).skip(range.start) {
                way.extend(points.iter().copied().chain([one.1]));
            }
            (edge, way, label)
        });
        let ways = ways.collect();
        Self {
            graph,
            layout,
            ways,
            backs,
        }
    }

    fn at(&self, node: usize) -> (Place, Size) {
        let place = self.layout.places.get(node).copied().unwrap_or_default();
        let size = self.layout.sizes.get(node).copied();
        (
            place,
            size.unwrap_or(Size {
                width: 0,
                height: 0,
            }),
        )
    }

    fn edges(&self, text: &mut String) {
        for (edge, way, label) in &self.ways {
            let dashed = if edge.is_dashed { " dashed" } else { "" };
            let mut path = String::new();
            let mut pieces = Vec::new();
            for pair in way.windows(2) {
                let [from, to] = pair else { continue };
                let ((from_at, from_size), (to_at, to_size)) = (self.at(*from), self.at(*to));
                let (y0, y1) = (
                    from_at.y + from_size.height / 2,
                    to_at.y - to_size.height / 2,
                );
                // Straight through a label or a point, curved between layers.
                if path.is_empty() {
                    let _ = write!(path, "M{} {y0}", from_at.x);
                } else {
                    let _ = write!(path, "L{} {y0}", from_at.x);
                }
                let middle = i32::midpoint(y0, y1);
                let _ = write!(
                    path,
                    "C{} {middle} {} {middle} {} {y1}",
                    from_at.x, to_at.x, to_at.x
                );
                if Some(*to) == *label {
                    pieces.push(std::mem::take(&mut path));
                }
            }
            for piece in pieces {
                let _ = writeln!(text, "<path class=\"e{dashed}\" d=\"{piece}\"/>");
            }
            // What is left begins below the label.
            let rest = path
                .strip_prefix('L')
                .map_or_else(|| path.clone(), |rest| format!("M{rest}"));
            let _ = writeln!(
                text,
                "<path class=\"e{dashed}\" marker-end=\"url(#tip)\" d=\"{rest}\"/>"
            );
            if let Some(label) = label {
                let (at, _) = self.at(*label);
                let _ = writeln!(
                    text,
                    "<text class=\"l\" x=\"{}\" y=\"{}\">{}</text>",
                    at.x,
                    at.y + 4,
                    escaped(&edge.label)
                );
            }
        }
        for (place, edge) in self.backs.iter().enumerate() {
            self.back(text, edge, i32::try_from(place).unwrap_or_default());
        }
    }

    fn back(&self, text: &mut String, edge: &Edge, place: i32) {
        let ((from, from_size), (to, to_size)) = (self.at(edge.from), self.at(edge.to));
        let right = self.layout.extent().width + (place + 1) * BACK;
        let (x0, x1) = (from.x + from_size.width / 2, to.x + to_size.width / 2);
        let (y0, y1) = (from.y, to.y);
        let _ = writeln!(
            text,
            "<path class=\"e dashed\" marker-end=\"url(#tip)\" d=\"M{x0} {y0}H{}Q{right} {y0} {right} {}V{}Q{right} {y1} {} {y1}H{x1}\"/>",
            right - 10,
            y0 - 10,
            y1 + 10,
            right - 10,
        );
        let (x, y) = (right + 6, i32::midpoint(y0, y1));
        let _ = writeln!(
            text,
            "<text class=\"l\" style=\"text-anchor:start\" x=\"{x}\" y=\"{y}\">{}</text>",
            escaped(&edge.label)
        );
    }

    fn boxes(&self, text: &mut String) {
        for (place, node) in self.graph.nodes.iter().enumerate() {
            let (at, size) = self.at(place);
            let (x, y) = (at.x - size.width / 2, at.y - size.height / 2);
            let (kind, round) = match node.kind {
                NodeKind::Start => ("start", size.height.min(40) / 2),
                NodeKind::Message => ("message", 7),
                NodeKind::Wait => ("wait", 7),
                NodeKind::Choice => ("choice", 7),
                NodeKind::Action => ("", 7),
                NodeKind::End => ("end", size.height.min(46) / 2),
            };
            let _ = writeln!(
                text,
                "<rect class=\"box {kind}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"{round}\"/>",
                size.width, size.height,
            );
            let _ = writeln!(
                text,
                "<text class=\"t\" x=\"{}\" y=\"{}\">{}</text>",
                at.x,
                y + 19,
                escaped(&node.title)
            );
            for (line, note) in (1..).zip(&node.notes) {
                let baseline = y + 19 + line * LINE;
                let _ = writeln!(
                    text,
                    "<text class=\"n\" x=\"{}\" y=\"{baseline}\">{}</text>",
                    at.x,
                    escaped(note)
                );
            }
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML 1.0 has no control characters.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
