//! What is wrong with a file, where, and what to write instead.

use std::fmt;

use serde::Serialize;

use crate::syntax::{Place, Position};

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The definition cannot be published.
    Error,
    /// It can, but is probably not meant.
    Warning,
}

impl Severity {
    /// Its word in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A change of a file that mends a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What is replaced; an empty place inserts.
    pub place: Place,
    /// What stands there then. Whole lines end with a line feed.
    pub text: String,
}

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its stable code.
    pub code: &'static str,
    /// The file's path below the project's folder.
    pub file: String,
    /// Where.
    pub at: Position,
    /// The first position behind it; `at` where nothing is known of its length.
    pub end: Position,
    /// What is wrong, in the author's own words where it can be.
    pub message: String,
    /// A few words that stand beside the place.
    pub label: Option<String>,
    /// What to do, where one thing can be named.
    pub help: Option<String>,
    /// What else is good to know.
    pub notes: Vec<String>,
    /// The help as a change of the file.
    pub edit: Option<Edit>,
}

impl Diagnostic {
    /// An error of `file`.
    pub fn error(code: &'static str, file: &str, place: impl Into<Place>, message: &str) -> Self {
        let place = place.into();
        Self {
            severity: Severity::Error,
            code,
            file: file.to_owned(),
            at: place.at,
            end: place.end,
            message: message.to_owned(),
            label: None,
            help: None,
            notes: Vec::new(),
            edit: None,
        }
    }

    /// A warning about `file`.
    pub fn warning(code: &'static str, file: &str, place: impl Into<Place>, message: &str) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, file, place, message)
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }

    /// The same, so many lines further down.
    #[must_use]
    pub fn shifted(mut self, lines: usize) -> Self {
        self.at.line += lines;
        self.end.line += lines;
        if let Some(edit) = &mut self.edit {
            edit.place = edit.place.shifted(lines);
        }
        self
    }

    /// Where it is.
    pub const fn place(&self) -> Place {
        Place {
            at: self.at,
            end: self.end,
        }
    }

    /// Puts a few words beside the place.
    pub fn label(&mut self, label: &str) -> &mut Self {
        self.label = Some(label.to_owned());
        self
    }

    /// Says what else is good to know.
    pub fn note(&mut self, note: &str) -> &mut Self {
        self.notes.push(note.to_owned());
        self
    }

    /// Offers `text` in place of what is wrong.
    pub fn replace(&mut self, text: &str) -> &mut Self {
        self.edit_at(self.place(), text)
    }

    /// Offers `text` as new lines before the line `line`.
    pub fn insert_line(&mut self, line: usize, text: &str) -> &mut Self {
        let at = Position { line, column: 1 };
        self.edit_at(at.into(), &format!("{text}\n"))
    }

    /// Offers `text` in place of `place`.
    pub fn edit_at(&mut self, place: Place, text: &str) -> &mut Self {
        self.edit = Some(Edit {
            place,
            text: text.to_owned(),
        });
        self
    }

    /// Advises `near`, the word that was probably meant, and offers it as an edit.
    pub fn meant(&mut self, near: &str) -> &mut Self {
        self.help = Some(format!("did you mean `{near}`?"));
        self.replace(near)
    }
}

/// Readers of trees hand their one fault on in a box: results stay small.
impl From<Box<Self>> for Diagnostic {
    fn from(boxed: Box<Self>) -> Self {
        *boxed
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}[{}]: {}",
            self.severity.word(),
            self.code,
            self.message
        )?;
        write!(f, "   ┌ {}:{}:{}", self.file, self.at.line, self.at.column)?;
        match &self.help {
            Some(help) => write!(f, "\n   = help: {help}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_is_data_for_editors() {
        let at = Position { line: 2, column: 8 };
        let end = Position {
            line: 2,
            column: 12,
        };
        let mut fault = Diagnostic::error("E0106", "journeys/trial.yaml", Place { at, end }, "no");
        fault.meant("live").note("one");
        let expected = json!({
            "severity": "error", "code": "E0106", "file": "journeys/trial.yaml",
            "at": {"line": 2, "column": 8}, "end": {"line": 2, "column": 12},
            "message": "no", "label": null, "help": "did you mean `live`?", "notes": ["one"],
            "edit": {"place": {"at": {"line": 2, "column": 8}, "end": {"line": 2, "column": 12}}, "text": "live"},
        });
        assert_eq!(serde_json::to_value(&fault).unwrap(), expected);
    }
}
