//! What is wrong with a file, where, and what to write instead.

use std::fmt;

use crate::syntax::Position;

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot be published.
    Error,
    /// It can, but is probably not meant.
    Warning,
}

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its stable code.
    pub code: &'static str,
    /// The file's path below the project's folder.
    pub file: String,
    /// Where.
    pub at: Position,
    /// What is wrong, in the author's own words where it can be.
    pub message: String,
    /// What to do, where one thing can be named.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error of `file`.
    pub fn error(code: &'static str, file: &str, at: Position, message: &str) -> Self {
        Self {
            severity: Severity::Error,
            code,
            file: file.to_owned(),
            at,
            message: message.to_owned(),
            help: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{word}[{}]: {}", self.code, self.message)?;
        write!(f, "   ┌ {}:{}:{}", self.file, self.at.line, self.at.column)?;
        match &self.help {
            Some(help) => write!(f, "\n   = help: {help}"),
            None => Ok(()),
        }
    }
}
