//! Runs scenario tests: a case is played in a deployment of its own, in virtual time, and what happened is compared with what
//! its lines expect.
//!
//! Strict: each message that left or was skipped, each alert, call and event of a step, each end of a run needs its line at
//! that minute. `held` and `entered` may be left out.

mod act;
mod answers;
mod check;
mod compare;
mod happened;
mod play;
mod record;
mod stage;
mod why;
mod write;

pub use record::{NotRecorded, Recorded, record};

use std::time::Duration;

use wend_core::definitions::scenario::{Case, Scenarios};
use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::release::Definition;
use wend_core::syntax::Position;
use wend_core::time::Timestamp;

use happened::Happened;

/// The files of a project and what they say.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// The files.
    pub files: &'a [SourceFile],
    /// What they say, read and checked.
    pub definitions: &'a [(SourceFile, Definition)],
}

/// How a case ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// How much time went by in it.
    pub lasted: Duration,
    /// What differs, in the order of time. Nothing: it passed.
    pub differences: Vec<Difference>,
    /// What happened and no line expects: what [`record`] writes down.
    missing: Vec<Happened>,
}

impl Report {
    /// Whether all happened that was expected, and nothing else.
    pub const fn is_passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// When.
    pub at: Timestamp,
    /// The line of the file that it is about.
    pub position: Option<Position>,
    /// What differs.
    pub kind: DifferenceKind,
    /// The line, as it stands in a file or could; or what is wrong with it.
    pub text: String,
    /// What is known about why.
    pub note: Option<String>,
}

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It was expected and did not happen.
    Missing,
    /// It happened and was not expected.
    Unexpected,
    /// The case cannot be played as it is written.
    Trouble,
    /// A line that has no effect, told beside what differs.
    Remark,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = match self.kind {
            DifferenceKind::Missing => '-',
            DifferenceKind::Unexpected => '+',
            DifferenceKind::Trouble => '!',
            DifferenceKind::Remark => '?',
        };
        write!(f, "{sign} {}", self.text)?;
        match &self.note {
            Some(note) => write!(f, "   # {note}"),
            None => Ok(()),
        }
    }
}

/// Plays `case` and compares.
pub fn run(project: Project<'_>, scenarios: &Scenarios, case: &Case) -> Report {
    let played = play::play(project, scenarios, case);
    let mut report = compare::compare(project, scenarios, case, &played);
    report.lasted = played.ended_at.since(case.start);
    report
}

/// Faults of scenario tests that show only beside the project's other files.
pub fn check(project: Project<'_>, file: &str, scenarios: &Scenarios) -> Vec<Diagnostic> {
    check::check(project, file, scenarios)
}

#[cfg(test)]
mod tests;
