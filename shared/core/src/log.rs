//! The log row: four things at once.
//!
//! It proves that its input was applied (its key is the input's), it is the outbox of the decision's effects, it is the
//! contact's timeline, and its stream is the source of statistics.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::condition::Comparison;
use crate::id::{ContactKey, EnrollmentId, InputId, SendId};
use crate::identity::IdentityKind;
use crate::input::Input;
use crate::permission::ConsentChange;
use crate::send::{Outcome, SendRequest};
use crate::time::Timestamp;
use crate::zone::Zone;

/// How long rows are kept: longer than [`INPUT_AGE_MAX`], so that no input outlives the proof that it was applied.
pub const LOG_FOR: Duration = Duration::from_hours(90 * 24);
/// Oldest input that is applied, by its `accepted_at`; older ones are refused with a row.
pub const INPUT_AGE_MAX: Duration = Duration::from_hours(60 * 24);

/// One applied or refused input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// The address as written in the message.
    pub partition: ContactKey,
    /// The input.
    pub id: InputId,
    /// The contact that it was applied to.
    pub contact: ContactKey,
    /// The contact's revision after it.
    pub rev: u64,
    /// The decision's `now`.
    pub at: Timestamp,
    /// When the input was accepted.
    pub accepted_at: Timestamp,
    /// What was said.
    pub input: Input,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// What was compared and done.
    pub trace: Vec<Trace>,
    /// What the outside world is asked to do. Published after the commit, and again at each redelivery.
    pub effects: Vec<Effect>,
}

/// A refusal on the merits. It is an answer, not a failure: the input is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Accepted more than 60 days ago.
    TooOld,
    /// The contact was erased after the input was accepted.
    Erased,
    /// It would make the contact larger than an item may be.
    ContactTooLarge,
}

/// What a decision asks the outside world to do. Each consumer is idempotent by the derived id within.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Write down what an address said, last writer by time. Published first: a send of the same decision stands on it.
    Consent(ConsentChange),
    /// Send a message.
    Send(Box<SendRequest>),
    /// The contact's due time moved here. Near ones ride on a queue, the others are found by the sweep.
    Wake {
        /// The new due time.
        due_at: Timestamp,
    },
}

/// One line of the answer to "why did they (not) get it?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trace {
    /// First heard of.
    Created,
    /// The email address was set.
    AddressSet,
    /// Another address was sent; it does not replace the one that is known.
    AddressKept,
    /// These attributes changed.
    AttributesSet(Vec<String>),
    /// The contact is known under another name, too.
    Linked(IdentityKind),
    /// A name in the message belongs to another contact.
    NotLinked(IdentityKind),
    /// Consent was said.
    Consent {
        /// The topic.
        topic: String,
        /// Yes or no.
        opted_in: bool,
    },
    /// Consent was said to a topic that `wend.yaml` does not declare.
    UnknownTopic(String),
    /// Consent was said and there is no address that it could be about.
    ConsentWithoutAddress(String),
    /// No journey listens to the event.
    NobodyListens(String),
    /// A run began.
    Entered {
        /// The journey.
        journey: String,
        /// The run.
        enrollment: EnrollmentId,
    },
    /// A trigger matched and no run began.
    NotEntered {
        /// The journey.
        journey: String,
        /// Why.
        why: NotEntered,
    },
    /// A run waits.
    Waits {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// Until when.
        due_at: Timestamp,
        /// Whose clock was read; none for an exact time.
        #[serde(default)]
        zone: Option<Zone>,
    },
    /// A run does not wait: the date has passed, or is not known.
    NotWaited {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The moment that has passed; none if the data has no such date.
        past: Option<Timestamp>,
    },
    /// A wait is over.
    WaitOver {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
    },
    /// A message was asked for.
    SendRequested {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The template.
        template: String,
        /// The send.
        send: SendId,
    },
    /// A message left, or did not.
    SendEnded {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The send.
        send: SendId,
        /// How it ended.
        outcome: Outcome,
    },
    /// A run ended.
    Ended {
        /// The journey.
        journey: String,
        /// The run.
        enrollment: EnrollmentId,
        /// Why.
        reason: EndReason,
    },
    /// The outcome of a send that no run waits for any more.
    OutcomeUnclaimed(SendId),
}

/// Most comparisons that a trace keeps of one condition.
pub const COMPARISONS_MAX: usize = 20;

/// Why a matching trigger began no run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotEntered {
    /// The journey takes nobody: a draft or closed.
    NotOpen,
    /// A run of this journey lives.
    AlreadyInside,
    /// `reentry` does not allow it yet.
    Reentry,
    /// The event is older than a trigger may be.
    EventTooOld,
    /// The event is the trigger's, its properties are not: the `where` of the first trigger on it.
    Where(Vec<Comparison>),
    /// `entry_if` does not hold.
    EntryIf(Vec<Comparison>),
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It reached the end of its steps.
    Completed,
    /// A date has passed or is not known, and its step says `if_past: exit`.
    DatePassed,
    /// Its step stands in no version that is still there.
    StepMissing,
}

/// The format of the packed form: its first byte.
const FORMAT: u8 = 1;

/// A stored row cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the log row cannot be read (format byte {format:?}): {why}")]
pub struct UnpackError {
    format: Option<u8>,
    why: String,
}

impl LogRow {
    /// The packed form.
    pub fn pack(&self) -> Result<Vec<u8>, rmp_serde::encode::Error> {
        let mut bytes = vec![FORMAT];
        rmp_serde::encode::write_named(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Reads a packed form.
    pub fn unpack(bytes: &[u8]) -> Result<Self, UnpackError> {
        match bytes.split_first() {
            Some((&FORMAT, packed)) => rmp_serde::from_slice(packed).map_err(|error| UnpackError {
                format: Some(FORMAT),
                why: error.to_string(),
            }),
            Some((format, _)) => Err(UnpackError {
                format: Some(*format),
                why: "not known here".to_owned(),
            }),
            None => Err(UnpackError {
                format: None,
                why: "it is empty".to_owned(),
            }),
        }
    }
}
