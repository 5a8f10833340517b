//! What one address may receive: the one place where "may we send to this address now" is written down.
//!
//! The row belongs to the address, not to a contact: two contacts with one address share it, and a merge does not touch it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{ContactKey, PermissionKey, SendId};
use crate::identity::Channel;
use crate::send::Earlier;
use crate::time::Timestamp;

/// An address is closed when so many of its messages came back for the moment (a full mailbox, a server that is away) and none was
/// delivered in between: by then it is an address that nobody reads.
pub const SOFT_BOUNCES_MAX: usize = 5;

/// Soft bounces that are older do not count.
pub const SOFT_BOUNCES_WITHIN: Duration = Duration::from_hours(30 * 24);

/// How long a contact can pause all marketing.
pub const PAUSE: Duration = Duration::from_hours(30 * 24);

/// How much marketing an address gets at most, because its owner wants no more. What would be more is held like by any cap, and is
/// not sent at all when it has become too old by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// One message in seven days.
    Weekly,
    /// One message in thirty days.
    Monthly,
}

impl Frequency {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Weekly, Self::Monthly];

    /// Its name in rows and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// The one that `name` names.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The time from one message to the next, at least.
    pub const fn pause(self) -> Duration {
        match self {
            Self::Weekly => Duration::from_hours(7 * 24),
            Self::Monthly => Duration::from_hours(30 * 24),
        }
    }
}

/// A permission row as it was read. An absent row is the default: nothing asked, nothing refused, revision 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// How often the row was written.
    pub rev: u64,
    /// The newest word on each topic.
    pub topics: BTreeMap<String, Consent>,
    /// The newest opt-in to each topic that must be confirmed. It stays when it was.
    pub pending: BTreeMap<String, Consent>,
    /// When the address said no to all marketing, and how.
    pub unsubscribed: Option<(Timestamp, Proof)>,
    /// When a phone answered with a word that stops everything (STOP), unless it has said since that it wants texts again.
    pub stopped_at: Option<Timestamp>,
    /// Why nothing is sent to the address at all.
    pub suppressed: Option<Suppression>,
    /// When the contact whose address it was, was erased: what was said before does not count.
    pub erased_at: Option<Timestamp>,
    /// Until when the address gets no marketing, because its owner asked for a pause.
    pub paused_until: Option<Timestamp>,
    /// How much marketing the address gets at most, if its owner has said so.
    pub frequency: Option<Frequency>,
    /// The marketing messages to the address that some cap counts, oldest first.
    pub recent: Vec<Submission>,
    /// The newest SMS to the number: what an answer answers.
    pub last: Option<LastMessage>,
}

/// The newest word on one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Yes or no.
    pub opted_in: bool,
    /// The time of the message that said so. Of a confirmed opt-in that of the opt-in, so that a no in between counts, in whichever
    /// order the two arrive.
    pub at: Timestamp,
    /// How it was said.
    #[serde(default)]
    pub proof: Proof,
}

/// Longest name of a source that is kept, in bytes.
pub const SOURCE_BYTES_MAX: usize = 128;

/// Longest wording that is kept, in bytes: the sentence beside a box, not the terms behind it.
pub const WORDING_BYTES_MAX: usize = 1024;

/// What shows later how a word was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Where it was said: as the sender names it, or one of [`source`].
    pub source: String,
    /// The sentence that was agreed to, as the sender gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    /// When a link in a message to the address confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// The message whose link it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<SendId>,
    /// When it was carried over from an address that the contact had before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_at: Option<Timestamp>,
}

/// Where words come from that no sender names.
pub mod source {
    /// Attributes of an event that do not say where the contact said it.
    pub const EVENT: &str = "event";
    /// A row of an import.
    pub const IMPORT: &str = "import";
    /// The link for unsubscribing in a message.
    pub const UNSUBSCRIBE: &str = "unsubscribe link";
    /// The page of preferences.
    pub const PREFERENCES: &str = "preferences page";
    /// A step of a journey.
    pub const JOURNEY: &str = "journey step";
    /// Somebody who runs the deployment.
    pub const OPERATOR: &str = "operator";
}

impl Proof {
    /// A word from `source`, with the sentence that was agreed to. What is too long is cut.
    pub fn new(source: &str, wording: Option<&str>) -> Self {
        Self {
            source: cut(source, SOURCE_BYTES_MAX),
            wording: wording.map(|wording| cut(wording, WORDING_BYTES_MAX)),
            ..Self::default()
        }
    }

    /// A word by a link in `send`.
    pub fn by_link(source: &str, send: SendId) -> Self {
        Self {
            send: Some(send),
            ..Self::new(source, None)
        }
    }
}

/// The first bytes of `text`, whole characters.
fn cut(text: &str, bytes_max: usize) -> String {
    let mut end = 0;
    for c in text.chars() {
        if end + c.len_utf8() > bytes_max {
            break;
        }
        end += c.len_utf8();
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// An address that is never written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: SuppressionReason,
}

/// Why an address is never written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionReason {
    /// A message came back for good.
    HardBounce,
    /// Several came back for the moment, see [`SOFT_BOUNCES_MAX`].
    SoftBounces,
    /// Its owner reported a message as spam. Stands over every other reason.
    Complaint,
    /// Somebody who runs the deployment said so.
    Manual,
    /// It was on another tool's list.
    Imported,
}

impl SuppressionReason {
    /// All reasons.
    pub const ALL: [Self; 5] = [
        Self::HardBounce,
        Self::SoftBounces,
        Self::Complaint,
        Self::Manual,
        Self::Imported,
    ];

    /// The reason's name in rows and lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HardBounce => "bounce",
            Self::SoftBounces => "soft_bounces",
            Self::Complaint => "complaint",
            Self::Manual => "manual",
            Self::Imported => "imported",
        }
    }

    /// The reason that `name` names.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// The newest SMS to a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMessage {
    /// Whom it was for.
    pub contact: ContactKey,
    /// The send.
    pub send: SendId,
    /// The journey that sent it.
    pub journey: String,
    /// The step that sent it.
    pub step: String,
}

/// One submission to an address: what caps count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The send.
    pub send: SendId,
    /// When it was claimed.
    pub at: Timestamp,
    /// Its topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

impl Submission {
    /// As caps look at it, in a row of an address on `channel`.
    pub(crate) fn as_earlier(&self, channel: Channel) -> Earlier<'_> {
        Earlier {
            at: self.at,
            channel,
            topic: self.topic.as_deref(),
        }
    }
}

/// What an address says about a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicState {
    /// Yes, and nothing newer says no.
    OptedIn,
    /// No.
    OptedOut,
    /// Yes, to be confirmed.
    Pending,
    /// Nothing.
    Unasked,
}

/// A change of a permission row, last writer by time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentChange {
    /// The row.
    pub permission: PermissionKey,
    /// The topic.
    pub topic: String,
    /// The word.
    pub consent: Consent,
    /// Whether it is an opt-in that must be confirmed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pending: bool,
}

impl Permission {
    /// What the address says about `topic`. An opt-in counts only if it is newer than an unsubscribe from everything, and than an
    /// erasure.
    pub fn topic_state(&self, topic: &str) -> TopicState {
        let no = self.unsubscribed_at().max(self.erased_at);
        let counts = |at| no.is_none_or(|no| at > no);
        let said = self.topics.get(topic);
        if said.is_some_and(|said| said.opted_in && counts(said.at)) {
            return TopicState::OptedIn;
        }
        let pending = self.pending.get(topic);
        let is_newer = |at| counts(at) && said.is_none_or(|said| at > said.at);
        if pending.is_some_and(|pending| is_newer(pending.at)) {
            return TopicState::Pending;
        }
        if said.is_none() && self.unsubscribed.is_none() {
            return TopicState::Unasked;
        }
        TopicState::OptedOut
    }

    /// When the address said no to all marketing.
    pub fn unsubscribed_at(&self) -> Option<Timestamp> {
        self.unsubscribed.as_ref().map(|(at, _)| *at)
    }

    /// The opt-ins that wait for their confirmation, by topic.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (&str, &Consent)> {
        let waits = |topic: &str| self.topic_state(topic) == TopicState::Pending;
        let pending = self
            .pending
            .iter()
            .map(|(topic, said)| (topic.as_str(), said));
        pending.filter(move |(topic, _)| waits(topic))
    }

    /// What must be written to another row so that everything that was said here until `at` counts there: opt-ins, opt-ins to be
    /// confirmed are not among them, since only who reads the new address can confirm that.
    pub fn carried(&self, to: PermissionKey, at: Timestamp) -> Vec<ConsentChange> {
        let counts = |said: &Consent| {
            let is_forgotten = self.erased_at.is_some_and(|erased| said.at <= erased);
            said.at <= at && !(said.opted_in && is_forgotten)
        };
        let topics = self.topics.iter().filter(|(_, said)| counts(said));
        let carried = topics.map(|(topic, said)| {
            let mut consent = said.clone();
            consent.proof.carried_at = Some(at);
            ConsentChange {
                permission: to,
                topic: topic.clone(),
                consent,
                is_pending: false,
            }
        });
        carried.collect()
    }

    /// The recent submissions without that of a claim which came to nothing. One of a later claim of the same send stays.
    pub fn taken_back(&self, send: SendId, claimed_at: Timestamp) -> Vec<Submission> {
        let kept = self.recent.iter();
        kept.filter(|one| one.send != send || one.at != claimed_at)
            .cloned()
            .collect()
    }

    /// The recent submissions beside `send`.
    pub fn recent_without(&self, send: SendId) -> Vec<Submission> {
        self.recent
            .iter()
            .filter(|submission| submission.send != send)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn said(opted_in: bool, secs: i64) -> Consent {
        Consent {
            opted_in,
            at: at(secs),
            proof: Proof::default(),
        }
    }

    fn row(consent: Option<(bool, i64)>, unsubscribed: Option<i64>) -> Permission {
        let topics = consent.map(|(opted_in, secs)| ("news".into(), said(opted_in, secs)));
        Permission {
            topics: topics.into_iter().collect(),
            unsubscribed: unsubscribed.map(|secs| (at(secs), Proof::default())),
            ..Permission::default()
        }
    }

    #[test]
    fn only_a_newer_opt_in_undoes_an_unsubscribe() {
        for (consent, unsubscribed, expected) in [
            (None, None, TopicState::Unasked),
            (Some((true, 5)), None, TopicState::OptedIn),
            (Some((false, 5)), None, TopicState::OptedOut),
            (Some((true, 5)), Some(5), TopicState::OptedOut),
            (Some((true, 5)), Some(9), TopicState::OptedOut),
            (Some((true, 9)), Some(5), TopicState::OptedIn),
            (None, Some(5), TopicState::OptedOut),
        ] {
            let row = row(consent, unsubscribed);
            assert_eq!(
                row.topic_state("news"),
                expected,
                "{consent:?} {unsubscribed:?}"
            );
        }
    }

    #[test]
    fn a_pending_opt_in_counts_as_such_until_a_newer_word() {
        for (consent, unsubscribed, expected) in [
            (None, None, TopicState::Pending),
            (Some((true, 3)), None, TopicState::OptedIn),
            (Some((true, 5)), None, TopicState::OptedIn),
            (Some((false, 3)), None, TopicState::Pending),
            (Some((false, 5)), None, TopicState::OptedOut),
            (None, Some(4), TopicState::Pending),
            (None, Some(6), TopicState::OptedOut),
            // Confirmed, which is at the opt-in's time, and then a no to everything from between the two.
            (Some((true, 5)), Some(6), TopicState::OptedOut),
        ] {
            let mut row = row(consent, unsubscribed);
            row.pending.insert("news".into(), said(true, 5));
            let state = row.topic_state("news");
            assert_eq!(state, expected, "{consent:?} {unsubscribed:?}");
            let waits = row.unconfirmed().count() == 1;
            assert_eq!(waits, expected == TopicState::Pending);
        }
    }

    #[test]
    fn what_is_carried_keeps_its_time_and_its_proof() {
        let (to, change_at) = (PermissionKey::from_bytes([2; 16]), at(20));
        let mut row = row(Some((true, 5)), Some(6));
        row.topics.insert("late".into(), said(true, 21));
        row.topics.insert("no".into(), said(false, 3));
        row.erased_at = Some(at(4));
        row.topics.insert("forgotten".into(), said(true, 4));
        row.pending.insert("asked".into(), said(true, 7));
        let carried = row.carried(to, change_at);
        let carried = carried.iter().map(|one| {
            assert_eq!(one.permission, to);
            assert_eq!(one.consent.proof.carried_at, Some(change_at));
            (one.topic.as_str(), one.consent.opted_in, one.consent.at)
        });
        let expected = [("news", true, at(5)), ("no", false, at(3))];
        assert_eq!(carried.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_proof_is_cut_at_whole_characters() {
        let proof = Proof::new(&"x".repeat(500), Some(&"ü".repeat(2000)));
        assert_eq!(proof.source.len(), SOURCE_BYTES_MAX);
        let wording = proof.wording.unwrap();
        assert_eq!((wording.len(), wording.chars().count()), (1024, 512));
    }
}
