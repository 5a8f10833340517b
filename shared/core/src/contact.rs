//! The aggregate: everything about one contact that a decision needs, in one item.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::Topic;
use crate::enrollment::{Enrollment, Origin, State};
use crate::id::{ContactKey, EnrollmentId, InputId, PartHash, SendId};
use crate::identity::{Channel, EmailAddress, Identity, IdentityKind, PhoneNumber};
use crate::input::Properties;
use crate::personal::Personal;
use crate::send::Earlier;
use crate::time::Timestamp;

/// Largest packed aggregate, in bytes. Over it an event is refused; a wake or an outcome never is.
pub const CONTACT_BYTES_MAX: usize = 32 * 1024;

/// Most names of one contact: a shared device or a script that draws ids must not grow the aggregate, and a merge re-points all
/// names of the one that goes in one transaction.
pub const IDENTITIES_MAX: usize = 50;

/// One addressable person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The key of its first identity.
    pub id: ContactKey,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// The latest time that any of its inputs carried; a decision's `now` is never earlier.
    pub last_at: Timestamp,
    /// Its names; at most [`IDENTITIES_MAX`].
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// When an `identify` or `alias` last said that an anonymous id is this contact's, by the name's key. Of two people on one
    /// device the later one has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<ContactKey, Timestamp>,
    /// Its email address.
    #[serde(default)]
    pub email: Option<Email>,
    /// Its attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
    /// Its phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Addresses that nobody but a public source has named, by channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unproven: BTreeMap<Channel, Unproven>,
    /// What it said on each topic and channel: a copy of the permission rows, for conditions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<Topic, TopicConsent>,
    /// Its newest word on all SMS: it answered one with STOP, or took that back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<TextsWord>,
    /// Running summaries of what it did, by [`FactRule::key`](crate::release::FactRule::key).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, KeptFact>,
    /// The kept properties of last events, by the computed attribute's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lasts: BTreeMap<String, Attribute>,
    /// Its scores.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, KeptScore>,
    /// The lists that it is on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lists: BTreeSet<String>,
    /// The segments that it is in, of those whose entering or leaving starts something.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub segments: BTreeSet<String>,
    /// Which path it drew, by the split's salt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub draws: BTreeMap<String, String>,
    /// Codes that it has drawn and was never told, by pool.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, KeptCode>,
    /// Entries that wait: for quiet after the last event, or at the door for a confirmation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<PendingEntry>,
    /// The latest events that a rule of a run names, oldest first: a run that begins late hears those after its trigger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<RecentEvent>,
    /// The latest marketing messages, oldest first: what caps count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<SentMessage>,
    /// Goals that still count after their run has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<GoalWatch>,
    /// When a date trigger fires or a watched segment turns over, by the trigger's or segment's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, Timestamp>,
    /// Its runs, oldest first.
    #[serde(default)]
    pub enrollments: Vec<Enrollment>,
    /// When it last entered each journey, by [`entry_key`].
    #[serde(default)]
    pub entries: BTreeMap<String, Timestamp>,
    /// By which occurrence of its schedule it last entered a journey, where contacts are due one after the other.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub occurrences: BTreeMap<String, Timestamp>,
    /// How often the item was written. Stands beside the packed form, as the condition of every write.
    #[serde(skip)]
    pub rev: u64,
    /// The newest release that touched it. Stands beside the packed form.
    #[serde(skip)]
    pub release: u64,
    /// When a wake is due: never later than the earliest timer. Stands beside the packed form, for the due index.
    #[serde(skip)]
    pub due_at: Option<Timestamp>,
}

/// Who named an address: a form, or whoever has a key that stands in web pages. It is proven by a server that names it, and by who
/// follows a link in a message to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproven {
    /// The source.
    pub source: String,
    /// Whether a message has gone there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_greeted: bool,
}

/// An address and when it was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The address.
    pub address: EmailAddress,
    /// The time of the message that set it.
    pub at: Timestamp,
}

/// A phone number, E.164, and when it was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// The number.
    pub number: PhoneNumber,
    /// The time of the message that set it.
    pub at: Timestamp,
}

/// The newest word of a contact on one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicConsent {
    /// What was said.
    pub word: Word,
    /// When.
    pub at: Timestamp,
}

/// A word on all SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextsWord {
    /// Whether it wants none.
    pub is_stopped: bool,
    /// When it was said.
    pub at: Timestamp,
}

/// What a contact says of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Yes.
    Yes,
    /// Yes, to be confirmed.
    Unconfirmed,
    /// No.
    No,
}

/// A running summary of one kind of event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptFact {
    /// How often.
    pub count: u64,
    /// What the amounts add up to.
    #[serde(default)]
    pub sum: f64,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// The latest, newest first, with their amounts: as many as some rule needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<(Timestamp, f64)>,
}

/// Points that a contact has collected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptScore {
    /// Points at `at`; they decay from then on.
    pub points: f64,
    /// When they were counted.
    pub at: Timestamp,
    /// What rules with a most have given, oldest first, by rule.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<String, Vec<(Timestamp, i32)>>,
    /// Thresholds that were reached and are not armed again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reached: BTreeSet<String>,
}

/// A code that was drawn and is not told yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCode {
    /// What the pool has answered.
    pub code: Personal<Value>,
    /// Until when it is valid; none: for ever.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The run that drew it last.
    pub run: EnrollmentId,
}

/// An entry that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingEntry {
    /// The journey.
    pub journey: String,
    /// The key of the run to be.
    pub key: Option<String>,
    /// What began it.
    pub origin: Origin,
    /// For what it waits.
    pub until: PendingUntil,
}

/// For what an entry waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingUntil {
    /// For this moment, unless another such event comes first.
    Quiet(Timestamp),
    /// For a confirmation, at most until this moment.
    Confirmed(Timestamp),
    /// For this moment, which is its own in an occurrence of a schedule; `origin.at` is the occurrence.
    Scheduled(Timestamp),
}

/// An event that a run which begins late must hear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentEvent {
    /// Its name.
    pub name: String,
    /// When it happened.
    pub at: Timestamp,
    /// The input.
    pub id: InputId,
    /// Whether it is an activity of the contact itself.
    pub is_activity: bool,
    /// The properties that rules read.
    pub properties: Personal<Properties>,
}

/// A marketing message, as caps count it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// The send.
    pub send: SendId,
    /// When it was asked for, then when it left.
    pub at: Timestamp,
    /// The channel.
    pub channel: Channel,
    /// The topic.
    pub topic: Option<String>,
}

impl SentMessage {
    /// As caps look at it.
    pub(crate) fn as_earlier(&self) -> Earlier<'_> {
        Earlier {
            at: self.at,
            channel: self.channel,
            topic: self.topic.as_deref(),
        }
    }
}

/// A goal that still counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoalWatch {
    /// The journey.
    pub journey: String,
    /// Its version.
    pub version: PartHash,
    /// The run that has ended.
    pub enrollment: EnrollmentId,
    /// Its key.
    pub key: Option<String>,
    /// From when it counts.
    #[serde(default)]
    pub from: Timestamp,
    /// Until when it counts.
    pub until: Timestamp,
}

/// What stands between a journey and a run's key in [`entry_key`].
pub(crate) const ENTRY_KEY: char = '\u{1f}';

/// The key under which the last entry of a journey is kept: once for each key of a keyed journey.
pub fn entry_key(journey: &str, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("{journey}{ENTRY_KEY}{key}"),
        None => journey.to_owned(),
    }
}

/// A current property and when it was set: the last writer by time wins, in whichever order messages arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The value.
    pub value: Personal<Value>,
    /// The time of the message that set it.
    pub at: Timestamp,
}

/// A stored aggregate cannot be read: written by a newer version, or damaged.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The first byte names a format that this version does not know.
    #[error(
        "the contact is packed in format {0}; this version reads format {FORMAT}: deploy the version that wrote it"
    )]
    Format(u8),
    /// There are no bytes.
    #[error("the contact's packed form is empty")]
    Empty,
    /// The bytes do not read as a contact.
    #[error("the contact's packed form cannot be read: {0}")]
    Damaged(#[from] rmp_serde::decode::Error),
}

/// Counts what is written, and keeps nothing of it.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The format of the packed form: its first byte.
const FORMAT: u8 = 1;

impl PendingEntry {
    /// When it stops waiting.
    pub const fn due_at(&self) -> Timestamp {
        match self.until {
            PendingUntil::Quiet(at) | PendingUntil::Confirmed(at) | PendingUntil::Scheduled(at) => {
                at
            }
        }
    }
}

impl Contact {
    /// Who named the address on `channel`, if a first message to it is still to come and nobody has proven that it is theirs.
    pub fn stranger(&self, channel: Channel) -> Option<&str> {
        let unproven = self.unproven.get(&channel)?;
        (!unproven.is_greeted).then_some(unproven.source.as_str())
    }

    /// A contact that is heard of for the first time.
    pub fn new(id: ContactKey, now: Timestamp) -> Self {
        Self {
            id,
            created_at: now,
            last_at: now,
            identities: Vec::new(),
            claims: BTreeMap::new(),
            email: None,
            attributes: BTreeMap::new(),
            phone: None,
            unproven: BTreeMap::new(),
            consents: BTreeMap::new(),
            texts: None,
            facts: BTreeMap::new(),
            lasts: BTreeMap::new(),
            scores: BTreeMap::new(),
            lists: BTreeSet::new(),
            segments: BTreeSet::new(),
            draws: BTreeMap::new(),
            codes: BTreeMap::new(),
            pending: Vec::new(),
            recent: Vec::new(),
            sent: Vec::new(),
            goals: Vec::new(),
            timers: BTreeMap::new(),
            enrollments: Vec::new(),
            entries: BTreeMap::new(),
            occurrences: BTreeMap::new(),
            rev: 0,
            release: 0,
            due_at: None,
        }
    }

    /// Whether more than devices name it: somebody's id, an address. Two known contacts are never merged.
    pub fn is_known(&self) -> bool {
        let is_known = |name: &Identity| name.kind != IdentityKind::Anonymous;
        self.email.is_some() || self.phone.is_some() || self.identities.iter().any(is_known)
    }

    /// The packed form: a format byte, then MessagePack with named fields, so that a field can be added.
    pub fn pack(&self) -> Result<Vec<u8>, rmp_serde::encode::Error> {
        let mut bytes = vec![FORMAT];
        rmp_serde::encode::write_named(&mut bytes, self)?;
        Ok(bytes)
    }

    /// How many bytes the packed form has.
    pub fn packed_bytes(&self) -> Result<usize, rmp_serde::encode::Error> {
        let mut counted = Counted(1);
        rmp_serde::encode::write_named(&mut counted, self)?;
        Ok(counted.0)
    }

    /// Reads a packed form and what stands beside it.
    pub fn unpack(
        bytes: &[u8],
        rev: u64,
        release: u64,
        due_at: Option<Timestamp>,
    ) -> Result<Self, UnpackError> {
        let (format, packed) = bytes.split_first().ok_or(UnpackError::Empty)?;
        if *format != FORMAT {
            return Err(UnpackError::Format(*format));
        }
        let contact: Self = rmp_serde::from_slice(packed)?;
        Ok(Self {
            rev,
            release,
            due_at,
            ..contact
        })
    }

    /// Whether `enrollment` is alive and waits for `send`.
    pub fn waits_for(&self, enrollment: EnrollmentId, send: SendId) -> bool {
        self.enrollments.iter().any(|run| {
            run.id == enrollment && matches!(run.state, State::Sending { send: s, .. } if s == send)
        })
    }

    /// Whether `enrollment` is alive and holds `send`, which it gets back to when its time has come.
    pub fn holds(&self, enrollment: EnrollmentId, send: SendId) -> bool {
        let run = self.run(enrollment);
        run.is_some_and(|run| run.state.held_send() == Some(send))
    }

    /// The earliest moment at which time alone changes something.
    pub fn earliest_timer(&self) -> Option<Timestamp> {
        let runs = self.enrollments.iter().filter_map(Enrollment::due_at);
        let pending = self.pending.iter().map(PendingEntry::due_at);
        let timers = self.timers.values().copied();
        runs.chain(pending).chain(timers).min()
    }

    /// The run.
    pub fn run(&self, id: EnrollmentId) -> Option<&Enrollment> {
        self.enrollments.iter().find(|run| run.id == id)
    }

    /// Whether it wants no SMS at all.
    pub fn has_stopped_texts(&self) -> bool {
        self.texts.is_some_and(|word| word.is_stopped)
    }

    /// The run, to change it.
    pub fn run_mut(&mut self, id: EnrollmentId) -> Option<&mut Enrollment> {
        self.enrollments.iter_mut().find(|run| run.id == id)
    }
}

#[cfg(test)]
mod tests;
