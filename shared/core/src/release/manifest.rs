//! What is in force: which parts, and what operators have paused, stopped and halted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Definition, Part};
use crate::id::PartHash;
use crate::identity::Channel;
use crate::time::Timestamp;

/// Which parts a release consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The release's number; each is one more than the one before.
    pub number: u64,
    /// When it was published.
    pub published_at: Timestamp,
    /// The newest definitions.
    pub current: Vec<PartHash>,
    /// Every version of every journey so far: a run follows the one that it entered, also after it was replaced or deleted.
    pub journeys: Vec<PartHash>,
    /// The environment of `wend.yaml` that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// When journeys stood still, by journey, oldest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pauses: BTreeMap<String, Vec<Pause>>,
    /// Journeys that were stopped, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stops: BTreeMap<String, Stop>,
    /// What sends nothing, by one command, since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub halts: BTreeMap<Halt, Timestamp>,
}

/// That somebody stopped a journey: who was inside by then leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When.
    pub at: Timestamp,
    /// Whether it takes entries again.
    #[serde(default)]
    pub is_lifted: bool,
}

/// What a halt stops. Decisions go on; what they ask for is skipped with the reason `halted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// Every message, alert and call.
    Everything,
    /// The messages of a channel.
    Channel(Channel),
}

/// A time in which a journey stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// From when.
    pub from: Timestamp,
    /// Until when, and what became of the waits; none: it stands still.
    #[serde(default)]
    pub resumed: Option<(Timestamp, Resume)>,
}

/// What becomes of waits at the end of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// They end when they would have; what is too old by then is skipped.
    AsIfRunning,
    /// They end later, by the length of the pause.
    Shift,
}

impl Manifest {
    /// The manifest that follows `before` when `parts` are published.
    pub fn next(before: Option<&Self>, parts: &[Part], now: Timestamp) -> Self {
        let is_journey = |part: &&Part| matches!(part.definition, Definition::Journey(_));
        let mut journeys = before.map_or_else(Vec::new, |before| before.journeys.clone());
        journeys.extend(parts.iter().filter(is_journey).map(Part::hash));
        journeys.sort_unstable();
        journeys.dedup();
        Self {
            number: before.map_or(1, |before| before.number + 1),
            published_at: now,
            current: parts.iter().map(Part::hash).collect(),
            journeys,
            environment: before.and_then(|before| before.environment.clone()),
            pauses: before.map_or_else(BTreeMap::new, |before| before.pauses.clone()),
            stops: before.map_or_else(BTreeMap::new, |before| before.stops.clone()),
            halts: before.map_or_else(BTreeMap::new, |before| before.halts.clone()),
        }
    }

    /// Every part that the release needs.
    pub fn parts(&self) -> impl Iterator<Item = PartHash> + '_ {
        let replaced = self
            .journeys
            .iter()
            .filter(|hash| !self.current.contains(hash));
        self.current.iter().chain(replaced).copied()
    }
}
