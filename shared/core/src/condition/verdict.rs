//! What an evaluation answers.

use serde::{Deserialize, Serialize};

use crate::personal::Personal;
use crate::time::Timestamp;

/// Whether a condition holds, why, and for how long that is certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// Every comparison, in the order of the file.
    pub comparisons: Vec<Comparison>,
    /// The next moment at which time alone turns a comparison over. None: only an input can.
    pub changes_at: Option<Timestamp>,
}

/// One comparison, as a trace keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What was looked at: `country`, `trigger.value`, `did order_completed`.
    pub subject: String,
    /// The operator, in the words of the file.
    pub operator: String,
    /// What the file wants.
    pub wanted: String,
    /// What was there.
    pub found: Found,
    /// Whether it held.
    pub held: bool,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Nothing.
    Missing,
    /// The file wants to compare with a path, and that is missing.
    OtherMissing,
    /// A value, shortened.
    Value(Personal<String>),
    /// A value that the operator does not take.
    NotComparable {
        /// The value, shortened.
        value: Personal<String>,
        /// What it is and what it should be.
        why: String,
    },
}

impl Comparison {
    /// The comparison as a sentence: `country is missing`, `value is 12, wanted gte 20`.
    pub fn words(&self) -> Personal<String> {
        let (subject, operator, wanted) = (&self.subject, &self.operator, &self.wanted);
        Personal::new(match &self.found {
            Found::Missing => format!("{subject} is missing"),
            Found::OtherMissing => format!("{wanted} is missing"),
            Found::Value(value) => {
                let value = value.expose();
                let but = if self.held { "as wanted:" } else { "wanted" };
                format!("{subject} is {value}, {but} {operator} {wanted}")
            }
            Found::NotComparable { value, why } => {
                format!(
                    "{subject} is {}, {why} ({operator} {wanted})",
                    value.expose()
                )
            }
        })
    }
}
