//! Everything that can move a contact, as it travels in the queues.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::condition::{MessageState, Topic};
use crate::enrollment::HoldReason;
use crate::id::{ContactKey, EnrollmentId, InputId, PermissionKey, SendId, derive};
use crate::identity::{Identity, IdentitySecret};
use crate::permission::Proof;
use crate::personal::Personal;
use crate::send::{Outcome, SendRequest};
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
    /// A message is given back that may not go yet.
    Held(SendHeld),
    /// Something became of a message.
    Feedback(Box<Feedback>),
    /// A contact said yes or no to a topic: by a link, by keyword, in the console.
    Consent(ConsentSaid),
    /// Another system answered a run.
    Answer(Box<Answer>),
    /// Somebody who runs Wend wants something of a contact.
    Command(Box<Command>),
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// The log row's id: of the provider's event alone.
    pub id: InputId,
    /// Whom the message was for.
    pub contact: ContactKey,
    /// The send.
    pub send: SendId,
    /// The journey that sent it.
    pub journey: String,
    /// The step that sent it.
    pub step: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: FeedbackKind,
    /// Whether a machine did it: a scanner that follows every link, a proxy that loads every picture.
    pub is_machine: bool,
    /// The link that was clicked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Personal<String>>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackKind {
    /// The provider delivered it.
    Delivered,
    /// It was opened.
    Opened,
    /// A link in it was clicked.
    Clicked,
    /// It was answered.
    Replied,
    /// It came back.
    Bounced,
    /// It was reported as spam.
    Complained,
    /// An SMS was answered with a word that stops all of them.
    Stopped,
    /// An SMS was answered with a word that takes a stop back.
    Resumed,
    /// An SMS was answered with a word that asks for help.
    AskedHelp,
}

impl FeedbackKind {
    /// The state that the message comes to, and the event's name in journeys.
    pub const fn state(self) -> Option<(MessageState, &'static str)> {
        match self {
            Self::Delivered => Some((MessageState::Delivered, "message_delivered")),
            Self::Opened => Some((MessageState::Opened, "message_opened")),
            Self::Clicked => Some((MessageState::Clicked, "message_clicked")),
            Self::Replied => Some((MessageState::Replied, "message_replied")),
            Self::Bounced => Some((MessageState::Bounced, "message_bounced")),
            Self::Complained | Self::Stopped | Self::Resumed | Self::AskedHelp => None,
        }
    }
}

/// A word on a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsentSaid {
    /// The log row's id.
    pub id: InputId,
    /// Who.
    pub contact: ContactKey,
    /// On which topic and channel; none: on all marketing.
    pub topic: Option<Topic>,
    /// Yes (confirmed where the topic asks for it) or no.
    pub opted_in: bool,
    /// When.
    pub at: Timestamp,
    /// How it was said.
    #[serde(default)]
    pub proof: Proof,
    /// The opt-in that it confirms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirms: Option<Confirmed>,
}

/// The opt-in that a confirmation is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// When it was said: the time that counts.
    pub said_at: Timestamp,
    /// The address that was asked. A contact that has another one by now has confirmed nothing for it.
    pub permission: PermissionKey,
}

/// What another system answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whose run asked.
    pub contact: ContactKey,
    /// The run.
    pub enrollment: EnrollmentId,
    /// What was asked.
    pub call: SendId,
    /// When it answered.
    pub at: Timestamp,
    /// What.
    pub result: AnswerResult,
}

/// An answer, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerResult {
    /// It did what was asked, and says this.
    Done(Personal<Value>),
    /// It failed for good.
    Failed {
        /// Its words.
        reason: String,
    },
}

/// What somebody who runs Wend wants of a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The log row's id.
    pub id: InputId,
    /// Of whom.
    pub contact: ContactKey,
    /// When it was said.
    pub at: Timestamp,
    /// What.
    pub kind: CommandKind,
}

/// What a [`Command`] wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// An entry by hand.
    Enroll {
        /// The journey.
        journey: String,
        /// What is `trigger.…` there.
        #[serde(default)]
        data: Personal<Properties>,
    },
    /// An entry by a journey's schedule: only who is in its segment when its own moment comes.
    Scheduled {
        /// The journey.
        journey: String,
        /// When the occurrence begins; see [`crate::occurrence`].
        occurrence: Timestamp,
    },
    /// The end of the contact's runs of a journey.
    Stop {
        /// The journey.
        journey: String,
    },
    /// Lists that it is put on and taken off.
    Lists {
        /// On.
        #[serde(default)]
        join: Vec<String>,
        /// Off.
        #[serde(default)]
        leave: Vec<String>,
    },
    /// Attributes that it says of itself, by a page of ours.
    Attributes(Personal<Properties>),
    /// The newest release shall take hold now: new timers, edited journeys, resumed ones.
    Touch,
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
    #[serde(default, skip_serializing_if = "is_bare")]
    pub properties: Personal<Properties>,
    /// What it says about the contact: attributes, an email address, opt-ins.
    #[serde(default, skip_serializing_if = "is_bare")]
    pub traits: Personal<Properties>,
    /// Whether it starts nothing: a row of an import.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_import: bool,
    /// What the sender of a form agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Box<Agreement>>,
    /// Who said it, where anybody could have: a form, or a write key that stands in web pages. None: who has a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_source: Option<String>,
}

/// An opt-in with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// To what, each on a channel.
    pub topics: Vec<Topic>,
    /// What was read before it was said.
    pub wording: String,
    /// Where: `form/<name>`.
    pub source: String,
}

fn is_bare(properties: &Personal<Properties>) -> bool {
    properties.expose().is_empty()
}

/// What an [`Event`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Attributes of the contact.
    Identify,
    /// The contact is known under another name, too.
    Alias,
    /// Attributes of the company that the contact belongs to.
    Group,
    /// Something happened: the event's name, exact.
    Track(String),
    /// A page was viewed.
    Page,
}

impl EventKind {
    /// The event's name in journeys; an `identify` is no event.
    pub fn event_name(&self) -> Option<&str> {
        match self {
            Self::Identify | Self::Alias | Self::Group => None,
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

/// A message that was asked for may not go yet: its run keeps it until then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendHeld {
    /// What was asked. When it was asked tells two holds of one message apart.
    pub request: Box<SendRequest>,
    /// When it was given back.
    pub at: Timestamp,
    /// From when on it may go.
    pub until: Timestamp,
    /// Why not now.
    pub why: HoldReason,
}

impl Input {
    /// The partition of the log row: the address as written in the message, never the contact it belongs to today.
    pub fn partition(&self, secret: &IdentitySecret) -> ContactKey {
        match self {
            Self::Event(event) => event.address.key(secret),
            Self::Wake(wake) => wake.contact,
            Self::Outcome(outcome) => outcome.contact,
            Self::Held(held) => held.request.contact,
            Self::Feedback(feedback) => feedback.contact,
            Self::Consent(said) => said.contact,
            Self::Answer(answer) => answer.contact,
            Self::Command(command) => command.contact,
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
            // Of copies of one request, whichever was given back first counts.
            Self::Held(held) => {
                let asked = held.request.requested_at.as_millis().to_be_bytes();
                InputId::from_bytes(derive("held", &[held.request.send.as_bytes(), &asked]))
            }
            Self::Feedback(feedback) => feedback.id,
            Self::Consent(said) => said.id,
            // A call has one answer: it is published when it is final.
            Self::Answer(answer) => {
                InputId::from_bytes(derive("answer", &[answer.call.as_bytes()]))
            }
            Self::Command(command) => command.id,
        }
    }

    /// By what inputs of one contact are put in order: their times, and what is said about the contact before what
    /// happened at the same instant.
    pub fn order(&self) -> (Timestamp, bool) {
        let says_who = |event: &Event| match event.kind {
            EventKind::Identify | EventKind::Alias | EventKind::Group => true,
            EventKind::Track(_) | EventKind::Page => false,
        };
        let is_first = matches!(self, Self::Event(event) if says_who(event));
        (self.at(), !is_first)
    }

    /// The input's own time.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.occurred_at,
            Self::Wake(wake) => wake.due_at,
            Self::Outcome(outcome) => outcome.at,
            Self::Held(held) => held.at,
            Self::Feedback(feedback) => feedback.at,
            Self::Consent(said) => said.at,
            Self::Answer(answer) => answer.at,
            Self::Command(command) => command.at,
        }
    }
}
