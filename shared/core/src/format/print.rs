//! Writes a document in the one style.

use super::scalar;
use super::tree::{Above, Document, Entry, Items, Value};

/// Blanks of one level.
const STEP: usize = 2;

/// The text of `document`.
pub(super) fn document(document: &Document) -> String {
    let mut printer = Printer::default();
    printer.above(&document.root.above, 0);
    printer.root(&document.root);
    if !document.end.is_empty() {
        printer.blank();
        printer.above(&document.end, 0);
    }
    printer.text
}

#[derive(Default)]
struct Printer {
    text: String,
}

impl Printer {
    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    /// One empty line, except at the beginning and below another one.
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn above(&mut self, above: &[Above], indent: usize) {
        for above in above {
            match above {
                Above::Blank => self.blank(),
                Above::Comment(text) => self.comment(text, indent),
            }
        }
    }

    fn comment(&mut self, text: &str, indent: usize) {
        self.indent(indent);
        self.text.extend([text, "\n"]);
    }

    fn root(&mut self, root: &Entry) {
        match &root.value {
            Value::Items(items) if !items.is_flow => self.block(items, 0, false),
            Value::Items(_) | Value::Absent | Value::Scalar(_) | Value::Block(_) => {
                self.inline(root, 0);
                self.end_line(root);
            }
        }
    }

    /// Ends a line with the comment that stands there.
    fn end_line(&mut self, entry: &Entry) {
        if let Some(beside) = &entry.beside {
            self.text.extend([" ", beside]);
        }
        self.text.push('\n');
    }

    /// The entries of a block. `is_begun`: the first one goes on on the line of a `-`.
    fn block(&mut self, items: &Items, indent: usize, is_begun: bool) {
        for (index, entry) in items.entries.iter().enumerate() {
            if index > 0 || !is_begun {
                self.above(&entry.above, indent);
                self.indent(indent);
            }
            match &entry.key {
                Some(key) => {
                    self.text
                        .push_str(&scalar::key(&key.text, key.is_plain, false));
                    self.text.push(':');
                }
                None => self.text.push('-'),
            }
            self.value(entry, indent);
        }
        self.above(&items.end, indent);
    }

    /// What stands behind `key:` or `-`, to the end of the line.
    fn value(&mut self, entry: &Entry, indent: usize) {
        let inner = indent + STEP;
        let is_map = entry.key.is_some();
        match &entry.value {
            Value::Items(items) if !items.is_flow => {
                if is_map {
                    self.text.push('\n');
                    self.block(items, inner, false);
                } else {
                    self.text.push(' ');
                    self.block(items, inner, true);
                }
                return;
            }
            Value::Absent => {}
            Value::Items(items) if is_map && items.has_comments() => {
                self.between(entry, inner);
                self.indent(inner);
                self.inline(entry, inner);
            }
            Value::Items(_) | Value::Scalar(_) | Value::Block(_) if !entry.between.is_empty() => {
                self.between(entry, inner);
                self.indent(inner);
                self.inline(entry, inner);
            }
            Value::Items(_) | Value::Scalar(_) => {
                self.text.push(' ');
                self.inline(entry, inner);
            }
            Value::Block(_) => {
                self.text.push(' ');
                self.inline(entry, indent);
            }
        }
        self.end_line(entry);
    }

    /// Ends the line of a key and writes the comments below it.
    fn between(&mut self, entry: &Entry, indent: usize) {
        self.text.push('\n');
        for comment in &entry.between {
            self.comment(comment, indent);
        }
    }

    /// A value that is no block of entries, without the end of its last line.
    fn inline(&mut self, entry: &Entry, indent: usize) {
        match &entry.value {
            Value::Absent => {}
            Value::Scalar(text) => {
                let text = scalar::value(&text.text, text.is_plain, false);
                self.text.push_str(&text);
            }
            Value::Block(block) => {
                self.text.push_str(&block.header);
                if let Some(comment) = &block.comment {
                    self.text.extend([" ", comment]);
                }
                for line in &block.lines {
                    self.text.push('\n');
                    if !line.is_empty() {
                        self.indent(indent + STEP);
                        self.text.push_str(line);
                    }
                }
            }
            Value::Items(items) if items.has_comments() => self.broken(items, indent),
            Value::Items(items) => self.one_line(items),
        }
    }

    /// `{ a: b }` or `[ a, b ]`.
    fn one_line(&mut self, items: &Items) {
        let (open, close) = brackets(items);
        self.text.push_str(open);
        for (index, entry) in items.entries.iter().enumerate() {
            self.text.push_str(if index > 0 { ", " } else { " " });
            self.flow_key(entry);
            self.flow_value(entry, 0);
        }
        if !items.entries.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(close);
    }

    /// Brackets with comments in them: every entry on a line of its own.
    fn broken(&mut self, items: &Items, indent: usize) {
        let (open, close) = brackets(items);
        let inner = indent + STEP;
        self.text.extend([open, "\n"]);
        for (index, entry) in items.entries.iter().enumerate() {
            self.above(&entry.above, inner);
            self.indent(inner);
            self.flow_key(entry);
            self.flow_value(entry, inner);
            if index + 1 < items.entries.len() {
                self.text.push(',');
            }
            self.end_line(entry);
        }
        self.above(&items.end, inner);
        self.indent(indent);
        self.text.push_str(close);
    }

    fn flow_key(&mut self, entry: &Entry) {
        if let Some(key) = &entry.key {
            let key = scalar::key(&key.text, key.is_plain, true);
            self.text.extend([&key, ":"]);
        }
    }

    fn flow_value(&mut self, entry: &Entry, indent: usize) {
        let is_map = entry.key.is_some();
        let blank = if is_map { " " } else { "" };
        match &entry.value {
            Value::Absent | Value::Block(_) => {}
            Value::Scalar(text) => {
                let text = scalar::value(&text.text, text.is_plain, true);
                self.text.extend([blank, &text]);
            }
            Value::Items(items) if items.has_comments() => {
                let inner = if is_map { indent + STEP } else { indent };
                if is_map {
                    self.text.push('\n');
                    self.indent(inner);
                }
                self.broken(items, inner);
            }
            Value::Items(items) => {
                self.text.push_str(blank);
                self.one_line(items);
            }
        }
    }
}

const fn brackets(items: &Items) -> (&'static str, &'static str) {
    if items.is_map { ("{", "}") } else { ("[", "]") }
}
