//! The one style of a project's files: what `wend fmt` writes.
//!
//! The style is that of the npm package `yaml` with `lineWidth: 0`, so that an edit in a browser changes the lines that it
//! is about and no others: `{ a: b }`, `[ a, b ]`, two blanks a level, lists indented under their key, one blank before a
//! comment that stands beside something. Written on the events of the parser that reads definitions, so that it formats
//! what `wend check` can read and nothing else. A map or a list stays on one line or on several, as it was; keys keep their
//! order, blank lines stay (at most one), comments stay.
//!
//! Nothing is ever lost: what was printed is read again and compared with what was read before.

mod events;
mod ids;
mod print;
mod read;
mod scalar;
mod template;
mod tree;

pub use events::declare_events;

use crate::definitions::reader::scalar_value;
use crate::definitions::{Diagnostic, Edit};
use crate::syntax::{self, Node, NodeValue, Position};

/// `text` in the one style. `file` is its path below the project's folder: journeys get the ids that their steps and paths
/// lack, of templates only the head is looked at.
///
/// A value that begins with `{{` gets its quotes. The error is the fault for which the file cannot be read.
///
/// ```
/// let text = "journey:  trial\nsteps:\n- {email: 'hi'}  # at once\n";
/// let formatted = wend_core::format::format("journeys/trial.yaml", text).unwrap();
/// assert_eq!(formatted, "journey: trial\nsteps:\n  - { id: hi, email: hi } # at once\n");
/// ```
pub fn format(file: &str, text: &str) -> Result<String, Box<Diagnostic>> {
    let is_crlf = text
        .split('\n')
        .next()
        .is_some_and(|line| line.ends_with('\r'));
    let crlf = |text: String| {
        if is_crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    };
    let is_template = std::path::Path::new(file)
        .extension()
        .is_some_and(|ending| ending == "md");
    if is_template {
        return template::format(file, text, &crlf);
    }
    yaml(file, text).map(crlf)
}

/// A document in the one style.
fn yaml(file: &str, text: &str) -> Result<String, Box<Diagnostic>> {
    let (text, root) = repaired(file, text)?;
    let bug = || {
        let message = "this file cannot be formatted without changing what it says";
        let help = "it is left as it is; please report it, with the file";
        Box::new(Diagnostic::error("E0001", file, Position::START, message).help(help))
    };
    let mut document = read::document(&text).ok_or_else(bug)?;
    if file.starts_with("journeys/") {
        ids::complete(&mut document);
    }
    let printed = print::document(&document);
    let again = syntax::parse(file, &printed).map_err(|_| bug())?;
    let comments = |text: &str| read::comments(text).map(|found| found.len());
    if !is_same(&root, &again) || comments(&text) != comments(&printed) {
        return Err(bug());
    }
    Ok(printed)
}

/// The text with line feeds alone and quotes around what begins with `{{`, and its tree.
fn repaired(file: &str, text: &str) -> Result<(String, Node), Box<Diagnostic>> {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    let values = text.matches("{{").count();
    for _ in 0..values {
        match syntax::parse(file, &text) {
            Ok(root) => return Ok((text, root)),
            Err(fault) => match fault.edit.as_ref().filter(|_| fault.code == "E0004") {
                Some(edit) => text = applied(&text, edit),
                None => return Err(fault),
            },
        }
    }
    let root = syntax::parse(file, &text)?;
    Ok((text, root))
}

/// `text` with an edit in it.
pub fn applied(text: &str, edit: &Edit) -> String {
    let (from, to) = (offset(text, edit.place.at), offset(text, edit.place.end));
    let (before, after) = (text.get(..from), text.get(to.max(from)..));
    [
        before.unwrap_or(text),
        &edit.text,
        after.unwrap_or_default(),
    ]
    .concat()
}

/// Where `position` is in `text`, in bytes; the end of its line or of the text if it is not in it.
fn offset(text: &str, position: Position) -> usize {
    let mut begin = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index + 1 == position.line {
            let chars = line.trim_end_matches('\n').char_indices();
            let mut chars = chars.skip(position.column.saturating_sub(1));
            let in_line = chars
                .next()
                .map_or(line.trim_end_matches('\n').len(), |(at, _)| at);
            return begin + in_line;
        }
        begin += line.len();
    }
    text.len()
}

/// Whether `after` says what `before` does, apart from ids that it has beside.
fn is_same(before: &Node, after: &Node) -> bool {
    match (&before.value, &after.value) {
        (
            NodeValue::Scalar { text, is_plain },
            NodeValue::Scalar {
                text: text_after,
                is_plain: is_plain_after,
            },
        ) => {
            // `now` is a moment without quotes and a text with them.
            let is_meant_alike = text != "now" || is_plain == is_plain_after;
            text == text_after
                && is_meant_alike
                && scalar_value(text, *is_plain) == scalar_value(text_after, *is_plain_after)
        }
        (NodeValue::List(before), NodeValue::List(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(a, b)| is_same(a, b))
        }
        (NodeValue::Map(before), NodeValue::Map(after)) => {
            let is_id = |key: &str| {
                matches!(key, "id" | "path") && before.iter().all(|(known, _)| known.text != key)
            };
            let after = match after.split_first() {
                Some(((key, _), rest)) if is_id(&key.text) => rest,
                _ => after,
            };
            let mut both = before.iter().zip(after);
            before.len() == after.len()
                && both.all(|((a, x), (b, y))| a.text == b.text && is_same(x, y))
        }
        (NodeValue::Scalar { .. } | NodeValue::List(_) | NodeValue::Map(_), _) => false,
    }
}

#[cfg(test)]
mod tests;
