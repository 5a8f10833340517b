//! What one address may receive: the one place where "may we send to this address now" is written down.
//!
//! The row belongs to the address, not to a contact: two contacts with one address share it, and a merge does not touch it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{PermissionKey, SendId};
use crate::time::Timestamp;

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
    /// The latest submissions to the address, oldest first.
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

/// One submission to an address: what caps will count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The send.
    pub send: SendId,
    /// When it was claimed.
    pub at: Timestamp,
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

/// Most submissions kept in a row; older ones go first.
const RECENT_MAX: usize = 20;
/// Submissions older than this are dropped.
const RECENT_FOR: Duration = Duration::from_hours(8 * 24);

impl Permission {
    /// What the address says about `topic`. An opt-in counts only if it is newer than an unsubscribe from everything.
    pub fn topic_state(&self, topic: &str) -> TopicState {
        match (self.topics.get(topic), self.unsubscribed_at) {
            (Some(consent), no) if consent.opted_in && no.is_none_or(|no| consent.at > no) => {
                TopicState::OptedIn
            }
            (None, None) => TopicState::Unasked,
            _ => TopicState::OptedOut,
        }
    }

    /// The recent submissions after `send` is claimed at `now`.
    pub fn recent_with(&self, send: SendId, now: Timestamp) -> Vec<Submission> {
        let oldest = now.minus(RECENT_FOR);
        let kept = self
            .recent
            .iter()
            .copied()
            .filter(|s| s.at >= oldest && s.send != send);
        let mut recent: Vec<Submission> = kept.chain([Submission { send, at: now }]).collect();
        recent.drain(..recent.len().saturating_sub(RECENT_MAX));
        recent
    }

    /// The recent submissions without `send`, which the provider certainly did not take.
    pub fn recent_without(&self, send: SendId) -> Vec<Submission> {
        self.recent
            .iter()
            .copied()
            .filter(|submission| submission.send != send)
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

    #[test]
    fn submissions_are_kept_within_bounds_and_once_each() {
        let mut row = Permission::default();
        for n in 0..30_u8 {
            row.recent = row.recent_with(SendId::from_bytes([n; 16]), at(i64::from(n)));
        }
        assert_eq!(row.recent.len(), RECENT_MAX);
        let last = SendId::from_bytes([29; 16]);
        assert_eq!(
            row.recent_with(last, at(99))
                .iter()
                .filter(|s| s.send == last)
                .count(),
            1
        );
        assert!(row.recent_without(last).iter().all(|s| s.send != last));
        assert_eq!(row.recent_with(last, at(30 * 24 * 3600)).len(), 1);
    }
}
