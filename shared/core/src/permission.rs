//! What one address may receive: the one place where "may we send to this address now" is written down.
//!
//! The row belongs to the address, not to a contact: two contacts with one address share it, and a merge does not touch it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{PermissionKey, SendId};
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

/// A permission row as it was read. An absent row is the default: nothing asked, nothing refused, revision 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// How often the row was written.
    pub rev: u64,
    /// The newest word on each topic.
    pub topics: BTreeMap<String, Consent>,
    /// When the address said no to all marketing.
    pub unsubscribed_at: Option<Timestamp>,
    /// When a bounce or complaint closed the address.
    pub suppressed_at: Option<Timestamp>,
    /// When the contact whose address it was, was erased: what was said before does not count.
    pub erased_at: Option<Timestamp>,
    /// Until when the address gets no marketing, because its owner asked for a pause.
    pub paused_until: Option<Timestamp>,
    /// The marketing messages to the address that some cap counts, oldest first.
    pub recent: Vec<Submission>,
}

/// The newest word on one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Yes or no.
    pub opted_in: bool,
    /// The time of the message that said so.
    pub at: Timestamp,
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
}

impl Permission {
    /// What the address says about `topic`. An opt-in counts only if it is newer than an unsubscribe from everything, and than an
    /// erasure.
    pub fn topic_state(&self, topic: &str) -> TopicState {
        let no = self.unsubscribed_at.max(self.erased_at);
        match (self.topics.get(topic), no) {
            (Some(consent), no) if consent.opted_in && no.is_none_or(|no| consent.at > no) => {
                TopicState::OptedIn
            }
            (None, _) if self.unsubscribed_at.is_none() => TopicState::Unasked,
            _ => TopicState::OptedOut,
        }
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

    fn row(consent: Option<(bool, i64)>, unsubscribed: Option<i64>) -> Permission {
        let topics = consent.map(|(opted_in, secs)| {
            (
                "news".into(),
                Consent {
                    opted_in,
                    at: at(secs),
                },
            )
        });
        Permission {
            topics: topics.into_iter().collect(),
            unsubscribed_at: unsubscribed.map(at),
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
}
