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

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use crate::definitions::Diagnostic;

/// A place in a file: line and column, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    fn of(span: &Span) -> Self {
        Self {
            line: span.start.line(),
            column: span.start.col() + 1,
        }
    }
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
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
    /// The key.
    pub text: String,
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
}

/// Deepest nesting: far beyond what a person reads, far below what a stack holds.
const DEPTH_MAX: usize = 64;

/// Reads `text` as one YAML document. An empty document is an error: every definition says at least what it is.
pub fn parse(file: &str, text: &str) -> Result<Node, Diagnostic> {
    let options = Options::default();
    let mut parser = TreeParser {
        file,
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

struct TreeParser<'a> {
    file: &'a str,
    events: Parser<'a, granit_parser::StrInput<'a>>,
}

impl<'a> TreeParser<'a> {
    fn error(&self, code: &'static str, span: &Span, message: &str, help: &str) -> Diagnostic {
        Diagnostic::error(code, self.file, Position::of(span), message).help(help)
    }

    fn event(&mut self) -> Result<(Event<'a>, Span), Diagnostic> {
        loop {
            match self.events.next() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    let marker = error.marker();
                    let at = Position {
                        line: marker.line(),
                        column: marker.col() + 1,
                    };
                    let help = "a text with `{{`, `: ` or ` #` needs quotes; indent with blanks";
                    return Err(Diagnostic::error("E0001", self.file, at, &error.info()).help(help));
                }
                None => {
                    let at = Position { line: 1, column: 1 };
                    return Err(Diagnostic::error(
                        "E0003",
                        self.file,
                        at,
                        "the file is empty",
                    ));
                }
            }
        }
    }

    fn node(&mut self, (event, span): (Event<'a>, Span), depth: usize) -> Result<Node, Diagnostic> {
        let at = Position::of(&span);
        if depth > DEPTH_MAX {
            return Err(self.error("E0005", &span, "nested too deeply", "split the definition"));
        }
        let value = match event {
            Event::Scalar(text, style, 0, None) => {
                let is_plain = matches!(style, ScalarStyle::Plain);
                NodeValue::Scalar {
                    text: text.into_owned(),
                    is_plain,
                }
            }
            Event::SequenceStart(_, 0, None) => self.list(depth)?,
            Event::MappingStart(_, 0, None) => self.map(depth)?,
            Event::DocumentEnd | Event::StreamEnd => {
                return Err(Diagnostic::error(
                    "E0003",
                    self.file,
                    at,
                    "the file is empty",
                ));
            }
            _ => {
                let help = "write the value out where it is used";
                return Err(self.error(
                    "E0006",
                    &span,
                    "anchors, aliases and tags are not read",
                    help,
                ));
            }
        };
        Ok(Node { at, value })
    }

    fn list(&mut self, depth: usize) -> Result<NodeValue, Diagnostic> {
        let mut items = Vec::new();
        loop {
            match self.event()? {
                (Event::SequenceEnd, _) => return Ok(NodeValue::List(items)),
                event => items.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<NodeValue, Diagnostic> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.event()?;
            let text = match event {
                Event::MappingEnd => return Ok(NodeValue::Map(entries)),
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => {
                    let help = "write `key: value`; a text that starts with `{{` needs quotes";
                    return Err(self.error("E0004", &span, "a key must be a word", help));
                }
            };
            if let Some((first, _)) = entries.iter().find(|(key, _)| key.text == text) {
                let message = format!("`{text}` stands twice, first on line {}", first.at.line);
                return Err(self.error("E0007", &span, &message, "keep one of them"));
            }
            let value = self.event()?;
            entries.push((
                Key {
                    at: Position::of(&span),
                    text,
                },
                self.node(value, depth + 1)?,
            ));
        }
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
        ] {
            let error = parse("f", text).unwrap_err();
            assert_eq!(
                (error.code, error.at.line),
                (code, line),
                "{text:?}: {error:?}"
            );
        }
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
