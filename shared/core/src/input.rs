//! Everything that can move a contact, as it travels in the queues.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{ContactKey, EnrollmentId, InputId, SendId, derive};
use crate::identity::{Identity, IdentitySecret};
use crate::personal::Personal;
use crate::send::Outcome;
use crate::time::Timestamp;

/// JSON properties, as they were sent.
pub type Properties = Map<String, Value>;

/// An input with the moment it was accepted, as it stands in a queue message.
///
/// `accepted_at` is part of the message, because a redrive from a dead-letter queue gives a message a new clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// When Wend said that it has the input.
    pub accepted_at: Timestamp,
    /// The input.
    pub input: Input,
}

/// One thing that can move a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A website or server said something about a contact.
    Event(Box<Event>),
    /// A moment came for which a contact waits.
    Wake(Wake),
    /// A send is over.
    Outcome(SendOutcome),
}

/// A fact from outside: an event, a page view, or attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The log row's id: of the message alone, so that a client's retry is the same input.
    pub id: InputId,
    /// What was said.
    pub kind: EventKind,
    /// The message's address: the first of its identities.
    pub address: Identity,
    /// Its other identities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Identity>,
    /// When it happened by the sender's clock, corrected by the time of sending; never later than `accepted_at`.
    pub occurred_at: Timestamp,
    /// The event's properties.
    #[serde(default)]
    pub properties: Personal<Properties>,
    /// What it says about the contact: attributes, an email address, opt-ins.
    #[serde(default)]
    pub traits: Personal<Properties>,
}

/// What an [`Event`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Attributes of the contact.
    Identify,
    /// Something happened: the event's name, exact.
    Track(String),
    /// A page was viewed.
    Page,
}

impl EventKind {
    /// The event's name in journeys; an `identify` is no event.
    pub fn event_name(&self) -> Option<&str> {
        match self {
            Self::Identify => None,
            Self::Track(name) => Some(name),
            Self::Page => Some("page_viewed"),
        }
    }
}

/// The moment a contact is due, told to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// Who is due.
    pub contact: ContactKey,
    /// When; the wake is dropped unless this is still the contact's due time.
    pub due_at: Timestamp,
}

/// How a send ended, told to the run that asked for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendOutcome {
    /// Whom the message was for.
    pub contact: ContactKey,
    /// The run that waits for it.
    pub enrollment: EnrollmentId,
    /// The send.
    pub send: SendId,
    /// When it ended.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
}

impl Input {
    /// The partition of the log row: the address as written in the message, never the contact it belongs to today.
    pub fn partition(&self, secret: &IdentitySecret) -> ContactKey {
        match self {
            Self::Event(event) => event.address.key(secret),
            Self::Wake(wake) => wake.contact,
            Self::Outcome(outcome) => outcome.contact,
        }
    }

    /// The sort key of the log row.
    pub fn id(&self) -> InputId {
        match self {
            Self::Event(event) => event.id,
            Self::Wake(wake) => {
                let due_at = wake.due_at.as_millis().to_be_bytes();
                InputId::from_bytes(derive("wake", &[wake.contact.as_bytes(), &due_at]))
            }
            // A send has one outcome: it is published when its row is final.
            Self::Outcome(outcome) => {
                InputId::from_bytes(derive("outcome", &[outcome.send.as_bytes()]))
            }
        }
    }

    /// By what inputs of one contact are put in order: their times, and what is said about the contact before what
    /// happened at the same instant.
    pub fn order(&self) -> (Timestamp, bool) {
        let is_identify =
            matches!(self, Self::Event(event) if matches!(event.kind, EventKind::Identify));
        (self.at(), !is_identify)
    }

    /// The input's own time.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.occurred_at,
            Self::Wake(wake) => wake.due_at,
            Self::Outcome(outcome) => outcome.at,
        }
    }
}
