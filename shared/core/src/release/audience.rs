//! Segments, lists and scores.

use serde::{Deserialize, Serialize};

use crate::condition::{Condition, Where};
use crate::phrase::Span;

/// A rule that contacts enter and leave, or a list that is filled by hand or import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its id, the file's name.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Who belongs; none: it is a list.
    pub rule: Option<Box<Condition>>,
}

/// Points that contacts collect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Its id, the file's name.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// The least it can be.
    pub min: i32,
    /// The most it can be.
    pub max: i32,
    /// In how long points are worth half.
    pub half_life: Option<Span>,
    /// What gives points.
    pub rules: Vec<ScoreRule>,
    /// What happens when it gets so high.
    pub thresholds: Vec<Threshold>,
}

/// What gives points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreRule {
    /// Its id: identity over edits.
    pub id: String,
    /// How many; less than zero takes.
    pub points: i32,
    /// For what.
    pub source: ScoreSource,
}

/// For what points are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreSource {
    /// For each event.
    Event {
        /// Its name, exact.
        event: String,
        /// Which of them.
        #[serde(rename = "where")]
        filter: Option<Where>,
        /// Most points that the rule gives within `within`, or ever.
        max: Option<i32>,
        /// How long points count towards `max`.
        within: Option<Span>,
    },
    /// For as long as a condition holds. These points do not decay.
    If(Box<Condition>),
}

/// What happens when a score gets so high.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    /// Its id.
    pub id: String,
    /// How high.
    pub at: i32,
    /// It happens again only after the score was below this.
    pub rearm_below: i32,
    /// The event that it makes.
    pub emit: String,
}
