//! One contact's run through one journey version.

use serde::{Deserialize, Serialize};

use crate::id::{EnrollmentId, InputId, PartHash, SendId};
use crate::time::Timestamp;

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrollment {
    /// The run; fixed when made, also through a merge.
    pub id: EnrollmentId,
    /// The journey.
    pub journey: String,
    /// The frozen text that the run follows.
    pub version: PartHash,
    /// When it began.
    pub entered_at: Timestamp,
    /// The input that began it.
    pub trigger: InputId,
    /// How many steps it has begun: tells two visits of one step apart.
    pub steps_begun: u32,
    /// Where it stands.
    pub state: State,
}

/// Where a run stands. A run that ended is not stored: its end is in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A message was asked for; the step lasts until it left or was skipped.
    Sending {
        /// The step.
        step: String,
        /// The message.
        send: SendId,
    },
    /// Waits for a moment.
    Waiting {
        /// The step.
        step: String,
        /// The moment.
        due_at: Timestamp,
    },
}

impl Enrollment {
    /// The step it stands at.
    pub fn step(&self) -> &str {
        match &self.state {
            State::Sending { step, .. } | State::Waiting { step, .. } => step,
        }
    }

    /// The moment it waits for.
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Sending { .. } => None,
            State::Waiting { due_at, .. } => Some(due_at),
        }
    }
}
