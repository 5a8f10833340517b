//! The log row: four things at once.
//!
//! It proves that its input was applied (its key is the input's), it is the outbox of the decision's effects, it is the
//! contact's timeline, and its stream is the source of statistics.

mod trace;
mod words;

pub use trace::{Admitted, COMPARISONS_MAX, EndReason, NotEntered, NotLinked, Trace};
pub use words::Words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contact::Contact;
use crate::id::{ContactKey, InputId, PermissionKey};
use crate::input::Input;
use crate::permission::ConsentChange;
use crate::send::{CallRequest, SendRequest};
use crate::time::Timestamp;

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// What was compared and done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Trace>,
    /// The contacts that this input has merged into `contact`, as they were: with the revision that each was read at, what is
    /// needed to take them apart again by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
    /// What the outside world is asked to do. Published after the commit, and again at each redelivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// A contact that another one has taken in. Its item is a pointer from then on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    /// The contact as it was.
    pub contact: Contact,
    /// The revision that it was read at.
    pub rev: u64,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Write down what an address said, last writer by time. Published first: a send of the same decision stands on it.
    Consent(ConsentChange),
    /// Carry what one address said over to the one that took its place: words and pauses with their times, no bounces and no complaints.
    Carry {
        /// The row of the address before.
        from: PermissionKey,
        /// The row of the new one.
        to: PermissionKey,
        /// When the address changed: what is said at the old one from then on stays there.
        at: Timestamp,
    },
    /// Send a message.
    Send(Box<SendRequest>),
    /// Ask another system, or tell a team.
    Call(Box<CallRequest>),
    /// The contact's due time moved here. Near ones ride on a queue, the others are found by the sweep.
    Wake {
        /// The new due time.
        due_at: Timestamp,
    },
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
