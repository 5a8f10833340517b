//! One contact's run through one journey version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::MessageState;
use crate::id::{ContactKey, EnrollmentId, InputId, PartHash, SendId};
use crate::input::Properties;
use crate::log::EndReason;
use crate::personal::Personal;
use crate::time::Timestamp;

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrollment {
    /// The run; fixed when made, also through a merge.
    pub id: EnrollmentId,
    /// The journey.
    pub journey: String,
    /// The frozen text that the run follows.
    pub version: PartHash,
    /// When it began.
    pub entered_at: Timestamp,
    /// When the first of what began it happened: what happened before does not move it.
    #[serde(default)]
    pub began_at: Timestamp,
    /// When it ends for its age.
    pub ends_at: Timestamp,
    /// What began it, or refreshed it since.
    pub origin: Origin,
    /// What tells it apart from other runs of the journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether it is counted and never messaged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_holdout: bool,
    /// When the goal was reached, where reaching it does not end the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_at: Option<Timestamp>,
    /// With which reason it ends after its last step: it is on the steps of an exit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<EndReason>,
    /// How many steps it has begun: tells two visits of one step apart.
    pub steps_begun: u32,
    /// How often it went back, by the step that sent it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gotos: BTreeMap<String, u16>,
    /// What its steps have saved.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub data: Personal<BTreeMap<String, Value>>,
    /// Its messages: the last of each step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub messages: BTreeMap<String, MessageRecord>,
    /// When time alone may admit one of its exits or paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
    /// Since when its journey is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Timestamp>,
    /// Until which pause of its journey its waits have been shifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shifted_to: Option<Timestamp>,
    /// Where it stands.
    pub state: State,
}

fn is_bare(properties: &Personal<Properties>) -> bool {
    properties.expose().is_empty()
}

fn is_empty(data: &Personal<BTreeMap<String, Value>>) -> bool {
    data.expose().is_empty()
}

/// What began a run: the input, and what of it rules read. The rest is in the input's log row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The input.
    pub input: InputId,
    /// The partition of its log row.
    pub partition: ContactKey,
    /// When it happened.
    pub at: Timestamp,
    /// The properties that rules of the journey read.
    #[serde(default, skip_serializing_if = "is_bare")]
    pub properties: Personal<Properties>,
    /// Whether anybody could have said them: a form, or a write key that stands in web pages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_public: bool,
}

/// The last message of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// The send.
    pub send: SendId,
    /// What it came to, one bit a [`MessageState`].
    pub reached: u8,
}

impl MessageRecord {
    /// Whether it came to `state`. What is delivered, opened, clicked or answered was sent.
    pub const fn has(&self, state: MessageState) -> bool {
        self.reached & bit(state) != 0
    }

    /// Notes that it came to `state`.
    pub const fn add(&mut self, state: MessageState) {
        self.reached |= bit(state);
    }
}

const fn bit(state: MessageState) -> u8 {
    match state {
        MessageState::Sent => 1,
        MessageState::Delivered => 2,
        MessageState::Opened => 4,
        MessageState::Clicked => 8,
        MessageState::Replied => 16,
        MessageState::Bounced => 32,
    }
}

/// Where a run stands. A run that ended is not stored: its end is in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A message was asked for; the step lasts until it left or was skipped.
    Sending {
        /// The step.
        step: String,
        /// The message.
        send: SendId,
        /// When the step began.
        since: Timestamp,
    },
    /// A message may not go yet.
    Held {
        /// The step.
        step: String,
        /// When the step began.
        since: Timestamp,
        /// When it is looked at again.
        due_at: Timestamp,
        /// Why.
        why: HoldReason,
        /// The message, if it was asked for before and given back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        send: Option<SendId>,
    },
    /// Waits for a moment.
    Waiting {
        /// The step.
        step: String,
        /// When the step began.
        since: Timestamp,
        /// The moment.
        due_at: Timestamp,
    },
    /// Waits for the first of several paths.
    Listening {
        /// The step.
        step: String,
        /// When the step began.
        since: Timestamp,
        /// When the first of its paths is admitted by time; none if none is.
        due_at: Option<Timestamp>,
    },
    /// Waits for the answer of another system.
    Asking {
        /// The step.
        step: String,
        /// What was asked.
        call: SendId,
    },
    /// Its step failed for good; somebody must look at it.
    Parked {
        /// The step.
        step: String,
        /// When it ends as failed.
        due_at: Timestamp,
    },
}

/// Why a message may not go yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Quiet hours.
    QuietHours,
    /// The window is not open.
    Window,
    /// A cap is reached.
    Cap,
    /// The provider takes no more today.
    Quota,
    /// The journey stands still.
    Paused,
    /// Too many addresses that only its source has named got their first message.
    FirstMessages,
    /// The sender's domain is new, and has sent today what its ramp lets.
    Ramp,
    /// Too many messages came back, or were called spam: marketing is held until an operator lifts that.
    Brake,
    /// Too many entered the journey at once: marketing of those is held until an operator lifts that.
    EntryAlarm,
}

impl HoldReason {
    /// The reason's name in traces and scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuietHours => "quiet_hours",
            Self::Window => "window",
            Self::Cap => "cap",
            Self::Quota => "quota",
            Self::Paused => "paused",
            Self::FirstMessages => "first_messages",
            Self::Ramp => "ramp",
            Self::Brake => "brake",
            Self::EntryAlarm => "entry_alarm",
        }
    }
}

impl State {
    /// The message that was asked for before, given back, and is held.
    pub(crate) const fn held_send(&self) -> Option<SendId> {
        match self {
            Self::Held { send, .. } => *send,
            Self::Sending { .. }
            | Self::Waiting { .. }
            | Self::Listening { .. }
            | Self::Asking { .. }
            | Self::Parked { .. } => None,
        }
    }
}

impl Enrollment {
    /// The step it stands at.
    pub fn step(&self) -> &str {
        match &self.state {
            State::Sending { step, .. }
            | State::Held { step, .. }
            | State::Waiting { step, .. }
            | State::Listening { step, .. }
            | State::Asking { step, .. }
            | State::Parked { step, .. } => step,
        }
    }

    /// When the step that it stands at began, where time moves it.
    pub const fn since(&self) -> Option<Timestamp> {
        match &self.state {
            State::Held { since, .. }
            | State::Waiting { since, .. }
            | State::Listening { since, .. } => Some(*since),
            State::Sending { .. } | State::Asking { .. } | State::Parked { .. } => None,
        }
    }

    /// The moment for which it waits.
    pub const fn state_due_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Sending { .. } | State::Asking { .. } => None,
            State::Held { due_at, .. }
            | State::Waiting { due_at, .. }
            | State::Parked { due_at, .. } => Some(*due_at),
            State::Listening { due_at, .. } => *due_at,
        }
    }

    /// Whether it is counted, never messaged, and on its way: on the steps of an exit it goes like any other.
    pub const fn is_held_out(&self) -> bool {
        self.is_holdout && self.leaving.is_none()
    }

    /// Waits for another moment.
    pub(crate) const fn retime(&mut self, at: Timestamp) {
        match &mut self.state {
            State::Held { due_at, .. }
            | State::Waiting { due_at, .. }
            | State::Parked { due_at, .. } => *due_at = at,
            State::Listening { due_at, .. } => *due_at = Some(at),
            State::Sending { .. } | State::Asking { .. } => {}
        }
    }

    /// Its step has another name.
    pub(crate) fn rename(&mut self, name: &str) {
        match &mut self.state {
            State::Sending { step, .. }
            | State::Held { step, .. }
            | State::Waiting { step, .. }
            | State::Listening { step, .. }
            | State::Asking { step, .. }
            | State::Parked { step, .. } => name.clone_into(step),
        }
    }

    /// The moment at which time alone moves it. None while it waits for an answer: that always comes, and whatever time
    /// would have done is done then.
    pub fn due_at(&self) -> Option<Timestamp> {
        let is_answered = matches!(self.state, State::Sending { .. } | State::Asking { .. });
        if is_answered || self.paused_at.is_some() {
            return None;
        }
        let moments = [self.state_due_at(), self.check_at, Some(self.ends_at)];
        moments.into_iter().flatten().min()
    }
}
