//! First phase of reading a definition: YAML as a tree with positions.
//!
//! A scalar keeps its source text and gets its type from the place that reads it, so `country: NO` is Norway and `01234`
//! keeps its zero. Anchors, aliases, tags, several documents and double keys are errors: nothing here can grow larger than
//! the file, and nothing has two meanings. Written on `granit-parser`'s events, because serde-based readers lose either
//! the positions or the source text.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's events are not ours to list"
)]

use std::collections::BTreeSet;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Span};
use serde::Serialize;

use crate::definitions::Diagnostic;

/// A point in a file: line and column, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1; a tab is one.
    pub column: usize,
}

impl Position {
    /// Where a file begins.
    pub const START: Self = Self { line: 1, column: 1 };

    fn of(marker: &Marker) -> Self {
        Self {
            line: marker.line(),
            column: marker.col() + 1,
        }
    }
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Where it begins.
    pub at: Position,
    /// The first position behind it; where it begins, if nothing is known of its length.
    pub end: Position,
}

impl Place {
    fn of(span: &Span) -> Self {
        Self {
            at: Position::of(&span.start),
            end: Position::of(&span.end),
        }
    }

    /// The same, so many lines further down.
    #[must_use]
    pub const fn shifted(mut self, lines: usize) -> Self {
        self.at.line += lines;
        self.end.line += lines;
        self
    }
}

impl From<Position> for Place {
    fn from(at: Position) -> Self {
        Self { at, end: at }
    }
}

impl From<&Node> for Place {
    fn from(node: &Node) -> Self {
        Self {
            at: node.at,
            end: node.end,
        }
    }
}

impl From<&Key> for Place {
    fn from(key: &Key) -> Self {
        Self {
            at: key.at,
            end: key.end,
        }
    }
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// The first position behind it.
    pub end: Position,
    /// What it is.
    pub value: NodeValue,
}

/// What a [`Node`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeValue {
    /// A scalar, escapes resolved. `is_plain` tells `null` from `"null"`.
    Scalar {
        /// The text.
        text: String,
        /// Whether it stands without quotes.
        is_plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it begins.
    pub at: Position,
    /// The first position behind it.
    pub end: Position,
    /// The key.
    pub text: String,
}

impl Key {
    /// The key as a value, for readers of values.
    pub fn as_node(&self) -> Node {
        Node {
            at: self.at,
            end: self.end,
            value: NodeValue::Scalar {
                text: self.text.clone(),
                is_plain: true,
            },
        }
    }
}

impl Node {
    /// What the node is, as an error message says it.
    pub const fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Scalar { .. } => "a value",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }

    /// The same, so many lines further down.
    #[must_use]
    pub fn shifted(mut self, lines: usize) -> Self {
        self.at.line += lines;
        self.end.line += lines;
        self.value = match self.value {
            scalar @ NodeValue::Scalar { .. } => scalar,
            NodeValue::List(items) => {
                NodeValue::List(items.into_iter().map(|item| item.shifted(lines)).collect())
            }
            NodeValue::Map(entries) => NodeValue::Map(
                entries
                    .into_iter()
                    .map(|(mut key, value)| {
                        key.at.line += lines;
                        key.end.line += lines;
                        (key, value.shifted(lines))
                    })
                    .collect(),
            ),
        };
        self
    }
}

/// Deepest nesting: far beyond what a person reads, far below what a stack holds.
const DEPTH_MAX: usize = 64;

/// Reads `text` as one YAML document. An empty document is an error: every definition says at least what it is.
pub fn parse(file: &str, text: &str) -> Result<Node, Box<Diagnostic>> {
    let options = Options::default();
    let mut parser = TreeParser {
        file,
        text,
        tabs: indented_by_tabs(text),
        events: Parser::new_from_str_with_options(text, options),
    };
    let first = loop {
        match parser.event()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            other => break other,
        }
    };
    let root = parser.node(first, 0)?;
    loop {
        match parser.event()? {
            (Event::DocumentEnd, _) => {}
            (Event::StreamEnd, _) => return Ok(root),
            (_, span) => {
                let help = "split it: one file, one thing";
                return Err(parser.error("E0002", &span, "a file holds one document", help));
            }
        }
    }
}

/// The lines that begin with blanks and a tab among them.
fn indented_by_tabs(text: &str) -> BTreeSet<usize> {
    let has_tab = |line: &str| {
        let rest = line.trim_start();
        let blanks = line.strip_suffix(rest).unwrap_or_default();
        blanks.contains('\t') && !rest.is_empty()
    };
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| has_tab(line));
    lines.map(|(index, _)| index + 1).collect()
}

struct TreeParser<'a> {
    file: &'a str,
    text: &'a str,
    tabs: BTreeSet<usize>,
    events: Parser<'a, granit_parser::StrInput<'a>>,
}

impl<'a> TreeParser<'a> {
    fn error(&self, code: &'static str, span: &Span, message: &str, help: &str) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(code, self.file, Place::of(span), message).help(help))
    }

    fn tab(&self, line: usize) -> Box<Diagnostic> {
        let at = Position { line, column: 1 };
        let message = "this line is indented with a tab";
        let help = "indent with blanks, two a level";
        Box::new(Diagnostic::error("E0008", self.file, at, message).help(help))
    }

    /// The parser's own error. It blames the line before one that begins with a tab.
    fn unreadable(&self, marker: &Marker, info: &str) -> Box<Diagnostic> {
        let next = self.tabs.range(marker.line()..).next();
        if let Some(line) = next.filter(|_| info.contains("tab")) {
            return self.tab(*line);
        }
        let help = "a text with `{{`, `: ` or ` #` needs quotes; indent with blanks";
        Box::new(Diagnostic::error("E0001", self.file, Position::of(marker), info).help(help))
    }

    /// What stands where a key should, which is mostly a Jinja expression without quotes.
    fn no_key(&self, span: &Span) -> Box<Diagnostic> {
        let place = Place::of(span);
        let line = self.text.lines().nth(place.at.line.saturating_sub(1));
        let inner = place.at.column.saturating_sub(1);
        let split = line.and_then(|line| {
            let (at, _) = line.char_indices().nth(inner.checked_sub(1)?)?;
            line.split_at_checked(at)
        });
        let Some((before, value)) = split.filter(|(_, value)| value.starts_with("{{")) else {
            let help = "write `key: value`; a key is a word, not a list or a map";
            return self.error("E0004", span, "a key must be a word", help);
        };
        let place = Place {
            at: Position {
                column: inner,
                ..place.at
            },
            end: Position {
                column: inner + 2,
                ..place.at
            },
        };
        let value = value.trim_end();
        let quoted = format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let message = "a value that starts with {{ needs quotes";
        let help = format!("{}{quoted}", before.trim_start());
        let mut fault = Diagnostic::error("E0004", self.file, place, message).help(&help);
        let end = Position {
            column: inner + value.chars().count(),
            ..place.at
        };
        fault.label("YAML reads { as the start of a map");
        fault.edit_at(Place { at: place.at, end }, &quoted);
        Box::new(fault)
    }

    fn empty(&self, at: Position) -> Box<Diagnostic> {
        let help = "its first line says what it is, for example `journey: welcome`";
        Box::new(Diagnostic::error("E0003", self.file, at, "the file is empty").help(help))
    }

    fn event(&mut self) -> Result<(Event<'a>, Span), Box<Diagnostic>> {
        loop {
            match self.events.next() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => return Err(self.unreadable(error.marker(), &error.info())),
                None => return Err(self.empty(Position::START)),
            }
        }
    }

    fn node(
        &mut self,
        (event, span): (Event<'a>, Span),
        depth: usize,
    ) -> Result<Node, Box<Diagnostic>> {
        let place = Place::of(&span);
        if depth > DEPTH_MAX {
            return Err(self.error("E0005", &span, "nested too deeply", "split the definition"));
        }
        let (value, end) = match event {
            Event::Scalar(text, style, 0, None) => {
                let is_plain = matches!(style, ScalarStyle::Plain);
                // What is not written at all comes as `~`.
                let is_absent = is_plain && place.at == place.end;
                let text = if is_absent {
                    String::new()
                } else {
                    text.into_owned()
                };
                (NodeValue::Scalar { text, is_plain }, place.end)
            }
            Event::SequenceStart(_, 0, None) => self.list(place, depth)?,
            Event::MappingStart(_, 0, None) => self.map(place, depth)?,
            Event::DocumentEnd | Event::StreamEnd => return Err(self.empty(place.at)),
            _ => {
                let help = "write the value out where it is used";
                let message = "anchors, aliases and tags are not read";
                return Err(self.error("E0006", &span, message, help));
            }
        };
        Ok(Node {
            at: place.at,
            end,
            value,
        })
    }

    fn list(
        &mut self,
        place: Place,
        depth: usize,
    ) -> Result<(NodeValue, Position), Box<Diagnostic>> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            match self.event()? {
                (Event::SequenceEnd, span) => {
                    let last = items.last().map_or(place.end, |item| item.end);
                    return Ok((NodeValue::List(items), end_of(&span, last)));
                }
                event => items.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn map(
        &mut self,
        place: Place,
        depth: usize,
    ) -> Result<(NodeValue, Position), Box<Diagnostic>> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.event()?;
            let text = match event {
                Event::MappingEnd => {
                    let last = entries.last().map_or(place.end, |(_, value)| value.end);
                    return Ok((NodeValue::Map(entries), end_of(&span, last)));
                }
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err(self.no_key(&span)),
            };
            let place = Place::of(&span);
            if self.tabs.contains(&place.at.line) {
                return Err(self.tab(place.at.line));
            }
            if let Some((first, _)) = entries.iter().find(|(key, _)| key.text == text) {
                let message = format!("`{text}` stands twice, first on line {}", first.at.line);
                return Err(self.error("E0007", &span, &message, "keep one of them"));
            }
            let value = self.event()?;
            let key = Key {
                at: place.at,
                end: place.end,
                text,
            };
            entries.push((key, self.node(value, depth + 1)?));
        }
    }
}

/// Where a collection ends: behind its bracket, or where its last part does.
fn end_of(close: &Span, last: Position) -> Position {
    let close = Place::of(close);
    if close.at == close.end {
        last
    } else {
        close.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scalar(node: &Node) -> &str {
        match &node.value {
            NodeValue::Scalar { text, .. } => text,
            NodeValue::List(_) | NodeValue::Map(_) => panic!("not a scalar: {node:?}"),
        }
    }

    #[test]
    fn scalars_keep_their_source_text_and_place() {
        let root = parse("f", "country: NO\nzip: 01234\n").unwrap();
        let NodeValue::Map(entries) = root.value else {
            panic!("not a map")
        };
        assert_eq!(
            entries.iter().map(|(_, v)| scalar(v)).collect::<Vec<_>>(),
            ["NO", "01234"]
        );
        assert_eq!(
            entries.last().map(|(k, v)| (k.at.line, v.at.column)),
            Some((2, 6))
        );
    }

    #[test]
    fn what_has_two_meanings_is_refused_with_its_place() {
        for (text, code, line) in [
            ("a: 1\na: 2\n", "E0007", 2),
            ("a: &x 1\nb: *x\n", "E0006", 1),
            ("a: !!str 1\n", "E0006", 1),
            ("a: 1\n---\nb: 2\n", "E0002", 2),
            ("a: [\n", "E0001", 1),
            ("subject: {{ x }}, y\n", "E0004", 1),
            ("", "E0003", 1),
            ("# only a comment\n", "E0003", 2),
            ("a: 1\n\tb: 2\n", "E0008", 2),
            ("\ta: 1\n", "E0008", 1),
            ("a:\n  - b\n\n\t- c\n", "E0008", 4),
            ("a: { b: 1\n\t}\n", "E0008", 2),
            ("a: 1\nb:\n\tc: 1\n", "E0008", 3),
            ("a: b\tc: d\n", "E0001", 1),
        ] {
            let error = parse("f", text).unwrap_err();
            assert_eq!(
                (error.code, error.at.line),
                (code, line),
                "{text:?}: {error:?}"
            );
        }
    }

    #[test]
    fn ends_are_known() {
        let root = parse("f", "a: { b: [ x, y ] }\nc:\n  - d: e f # g\n\nh:\n").unwrap();
        let NodeValue::Map(entries) = root.value else {
            panic!("not a map")
        };
        let ends: Vec<_> = entries
            .iter()
            .map(|(key, value)| (key.end.column, value.end.line, value.end.column))
            .collect();
        assert_eq!(ends, [(2, 1, 19), (2, 3, 11), (2, 5, 2)]);
        assert_eq!(entries.last().map(|(_, value)| scalar(value)), Some(""));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_tree_or_an_error_with_a_place(text in ".{0,200}") {
            if let Err(error) = parse("f", &text) {
                prop_assert!(error.at.line > 0 && error.at.column > 0);
            }
        }
    }
}
