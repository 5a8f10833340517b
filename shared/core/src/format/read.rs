//! Reads a document with its comments and empty lines.
//!
//! The parser gives comments among its events, not always at their place; here they are put beside what they stand by, by
//! their positions alone. Only called with what [`crate::syntax::parse`] accepts.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's events are not ours to list"
)]

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use super::tree::{Above, Block, Document, Entry, Items, Scalar, Value};
use crate::syntax::{self, NodeValue};

/// A comment and where it stands. Offsets are characters from the beginning.
pub(super) struct Comment {
    text: String,
    at: usize,
    line: usize,
    column: usize,
    /// Whether nothing but blanks stands before it.
    is_alone: bool,
}

/// Reads `text`; none if it is not what the tree's reader accepts.
pub(super) fn document(text: &str) -> Option<Document> {
    let mut reader = Reader {
        events: List {
            events: events(text)?,
            next: 0,
        },
        comments: comments(text)?,
        next: 0,
        lines: text.split('\n').collect(),
        content_until: 0,
    };
    // Comments at the end are the document's, whatever their column.
    let root = reader.entry(false, false, usize::MAX)?;
    let end = reader.above(usize::MAX, None);
    Some(Document { root, end })
}

/// The comments of `text` in its order.
pub(super) fn comments(text: &str) -> Option<Vec<Comment>> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let Event::Comment(said, _) = event else {
            continue;
        };
        let before = lines.get(span.start.line().saturating_sub(1));
        let before = before.map(|line| line.chars().take(span.start.col()));
        found.push(Comment {
            text: format!("#{}", said.trim_end()),
            at: span.start.index(),
            line: span.start.line(),
            column: span.start.col(),
            is_alone: before?.into_iter().all(char::is_whitespace),
        });
    }
    found.sort_by_key(|comment| comment.at);
    Some(found)
}

type Placed<'t> = (Event<'t>, Span);

/// What is between the begin and the end of the document.
fn events(text: &str) -> Option<Vec<Placed<'_>>> {
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        match event.ok()? {
            (Event::Comment(..) | Event::StreamStart | Event::DocumentStart(..), _) => {}
            (Event::DocumentEnd, _) => return Some(found),
            event => found.push(event),
        }
    }
    None
}

/// Events with a look ahead of any length.
struct List<'t> {
    events: Vec<Placed<'t>>,
    next: usize,
}

impl<'t> List<'t> {
    fn peek(&self) -> Option<&Placed<'t>> {
        self.events.get(self.next)
    }

    fn take(&mut self) -> Option<Placed<'t>> {
        let event = self.events.get(self.next).cloned();
        self.next += 1;
        event
    }

    /// Where the next thing begins that is not an end.
    fn next_begin(&self) -> usize {
        let mut rest = self.events.iter().skip(self.next);
        let begin = rest.find(|(event, _)| !is_end(event));
        begin.map_or(usize::MAX, |(_, span)| span.start.index())
    }
}

fn is_end(event: &Event<'_>) -> bool {
    matches!(event, Event::MappingEnd | Event::SequenceEnd)
}

struct Reader<'t> {
    events: List<'t>,
    comments: Vec<Comment>,
    /// The first comment that has no place yet.
    next: usize,
    lines: Vec<&'t str>,
    /// Empty lines up to this one belong to a text.
    content_until: usize,
}

impl Reader<'_> {
    fn is_blank(&self, line: usize) -> bool {
        let text = line.checked_sub(1).and_then(|index| self.lines.get(index));
        line > self.content_until && text.is_some_and(|text| text.trim().is_empty())
    }

    /// The next comment, if it stands before `before` and passes `test`.
    fn comment(&mut self, before: usize, test: impl Fn(&Comment) -> bool) -> Option<&Comment> {
        let comment = self.comments.get(self.next)?;
        let is_it = comment.at < before && test(comment);
        self.next += usize::from(is_it);
        is_it.then_some(comment)
    }

    /// What stands above what begins at `before` on `line`.
    fn above(&mut self, before: usize, line: Option<usize>) -> Vec<Above> {
        self.above_if(before, line, |_| true)
    }

    fn above_if(
        &mut self,
        before: usize,
        line: Option<usize>,
        test: impl Fn(&Comment) -> bool,
    ) -> Vec<Above> {
        let mut above = Vec::new();
        while let Some(comment) = self.comment(before, &test) {
            let (line, is_alone) = (comment.line, comment.is_alone);
            let said = Above::Comment(comment.text.clone());
            if is_alone && self.is_blank(line.saturating_sub(1)) {
                above.push(Above::Blank);
            }
            above.push(said);
        }
        if line.is_some_and(|line| self.is_blank(line.saturating_sub(1))) {
            above.push(Above::Blank);
        }
        above
    }

    /// One entry, whose collection's comments are not left of `column`.
    fn entry(&mut self, is_map: bool, is_flow: bool, column: usize) -> Option<Entry> {
        let (_, span) = self.events.peek()?;
        let (begin, line) = (span.start.index(), span.start.line());
        let mut above = self.above(begin, (!is_flow).then_some(line));
        let mut last_line = line;
        let key = if is_map {
            let (Event::Scalar(text, style, ..), span) = self.events.take()? else {
                return None;
            };
            last_line = span.end.line();
            let is_plain = matches!(style, ScalarStyle::Plain);
            let text = text.into_owned();
            Some(Scalar { text, is_plain })
        } else {
            None
        };
        let mut between = Vec::new();
        let (event, span) = self.events.peek()?.clone();
        let is_absent = is_absent(&event, &span);
        let is_block = is_block_items(&event);
        let is_text = is_block_text(&event);
        if is_map && !is_absent && !is_block {
            let found = self.above(span.start.index(), None);
            between = found.into_iter().filter_map(into_text).collect();
        }
        let mut value = self.value(column.saturating_add(1), &mut between)?;
        if is_flow {
            above.extend(between.drain(..).map(Above::Comment));
        }
        if let Value::Items(items) = &mut value
            && is_block
        {
            settle(items, is_map, &mut above);
        }
        last_line = if is_absent {
            last_line
        } else {
            self.last_line(last_line)
        };
        let before = if is_flow {
            self.events.peek()?.1.start.index()
        } else {
            usize::MAX
        };
        let is_beside = |comment: &Comment| !comment.is_alone && comment.line == last_line;
        let beside = if is_block || is_text {
            None
        } else {
            self.comment(before, is_beside)
        };
        let beside = beside.map(|comment| comment.text.clone());
        Some(Entry {
            above,
            key,
            between,
            value,
            beside,
        })
    }

    /// The line on which the value ends that was read last.
    fn last_line(&self, otherwise: usize) -> usize {
        let last = self.events.next.checked_sub(1);
        let last = last.and_then(|last| self.events.events.get(last));
        last.map_or(otherwise, |(_, span)| span.end.line())
    }

    /// The next value. Comments that stand above what it holds are not left of `column`.
    fn value(&mut self, column: usize, between: &mut Vec<String>) -> Option<Value> {
        let (event, span) = self.events.take()?;
        match event {
            Event::Scalar(ref text, style, ..) if is_block_text(&event) => {
                let block = self.block(text, &span, matches!(style, ScalarStyle::Folded));
                Some(block.map_or_else(
                    || quoted(text),
                    |mut block| {
                        block.comment = between.pop();
                        Value::Block(block)
                    },
                ))
            }
            Event::Scalar(..) if is_absent(&event, &span) => Some(Value::Absent),
            Event::Scalar(text, style, ..) => {
                let is_plain = matches!(style, ScalarStyle::Plain);
                let text = text.into_owned();
                Some(Value::Scalar(Scalar { text, is_plain }))
            }
            Event::SequenceStart(style, ..) => self.items(false, style, &span, column),
            Event::MappingStart(style, ..) => self.items(true, style, &span, column),
            _ => None,
        }
    }

    fn items(
        &mut self,
        is_map: bool,
        style: StructureStyle,
        span: &Span,
        column: usize,
    ) -> Option<Value> {
        let is_flow = matches!(style, StructureStyle::Flow);
        let own_column = span.start.col();
        let column = column.max(own_column);
        let mut entries = Vec::new();
        while !is_end(&self.events.peek()?.0) {
            entries.push(self.entry(is_map, is_flow, own_column)?);
        }
        let close = self.events.take()?.1.start.index();
        let end = if is_flow {
            self.above(close, None)
        } else {
            let before = self.events.next_begin();
            self.above_if(before, None, |comment| {
                comment.is_alone && comment.column >= column
            })
        };
        Some(Value::Items(Items {
            is_map,
            is_flow,
            entries,
            end,
        }))
    }

    /// A text below `|` or `>`; none where it is better put in quotes.
    fn block(&mut self, text: &str, span: &Span, is_folded: bool) -> Option<Block> {
        let trimmed = text.trim_end_matches('\n');
        let feeds = text.len() - trimmed.len();
        if feeds > 1 {
            self.content_until = span.end.line().saturating_sub(1);
        }
        let lines: Vec<String> = if is_folded {
            self.folded(span)
        } else {
            trimmed.split('\n').map(str::to_owned).collect()
        };
        let mut lines = lines;
        let first = lines.iter().find(|line| !line.is_empty())?;
        let has_indicator = first.starts_with(' ');
        let chomping = match feeds {
            0 => "-",
            1 => "",
            _ => "+",
        };
        lines.extend(std::iter::repeat_n(String::new(), feeds.saturating_sub(1)));
        let style = if is_folded { '>' } else { '|' };
        let indicator = if has_indicator { "2" } else { "" };
        let block = Block {
            header: format!("{style}{indicator}{chomping}"),
            comment: None,
            lines,
        };
        is_read_as(&block, text).then_some(block)
    }

    /// The lines of a folded text as they stand in the file, without their indentation and the empty ones at the end.
    fn folded(&self, span: &Span) -> Vec<String> {
        let skipped = |line: usize| (1..line).rev().find(|line| !self.is_blank(*line));
        let header = skipped(span.start.line()).unwrap_or_default();
        let is_inside = |line: usize, text: &str| {
            let begin = text.chars().take_while(|c| *c == ' ').count();
            line < span.end.line() || (line == span.end.line() && begin < span.end.col())
        };
        let lines = self.lines.iter().enumerate().skip(header);
        let lines = lines.take_while(|(index, text)| is_inside(index + 1, text));
        let lines: Vec<&str> = lines.map(|(_, text)| *text).collect();
        let written = lines.iter().filter(|line| !line.trim().is_empty());
        let indents = written.map(|line| line.len() - line.trim_start_matches(' ').len());
        let indent = indents.min().unwrap_or_default();
        let lines = lines
            .iter()
            .map(|line| line.get(indent..).unwrap_or_default());
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        lines
    }
}

/// Whether the block is read as `text`.
fn is_read_as(block: &Block, text: &str) -> bool {
    let mut written = format!("a: {}\n", block.header);
    for line in &block.lines {
        written.extend(["  ", line, "\n"]);
    }
    let Ok(root) = syntax::parse("", &(written + "b: c\n")) else {
        return false;
    };
    let NodeValue::Map(entries) = root.value else {
        return false;
    };
    let first = entries.first().map(|(_, node)| &node.value);
    entries.len() == 2
        && matches!(first, Some(NodeValue::Scalar { text: found, .. }) if found == text)
}

/// The first entry of a block has nothing above it: a list's item has it above itself, and below a key no line is empty.
fn settle(items: &mut Items, is_below_key: bool, above: &mut Vec<Above>) {
    let Some(first) = items.entries.first_mut() else {
        return;
    };
    if is_below_key {
        while first.above.first() == Some(&Above::Blank) {
            first.above.remove(0);
        }
    } else {
        let is_comment = |above: &Above| matches!(above, Above::Comment(_));
        above.extend(first.above.drain(..).filter(is_comment));
    }
}

fn quoted(text: &str) -> Value {
    Value::Scalar(Scalar {
        text: text.to_owned(),
        is_plain: false,
    })
}

fn into_text(above: Above) -> Option<String> {
    match above {
        Above::Blank => None,
        Above::Comment(text) => Some(text),
    }
}

fn is_absent(event: &Event<'_>, span: &Span) -> bool {
    matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..))
        && span.start.index() == span.end.index()
}

fn is_block_items(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::SequenceStart(StructureStyle::Block, ..)
            | Event::MappingStart(StructureStyle::Block, ..)
    )
}

/// Whether the event is a text below `|` or `>`. It ends where the next thing begins.
fn is_block_text(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..)
    )
}
