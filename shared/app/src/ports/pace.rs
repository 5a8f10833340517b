//! The rows by which all senders share a rate.

use std::fmt;
use std::future::Future;

use wend_core::identity::Channel;
use wend_core::pace::{Known, Pace, Take};

use super::PortError;

/// Whose rate a row is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaceKey {
    /// The account's on a channel.
    Channel(Channel),
    /// A journey's, by its id.
    Journey(String),
    /// A step's with a pace of its own: the journey's id and the step's.
    Step(String, String),
    /// That of first messages to addresses which only this public source has named.
    Strangers(String),
}

impl fmt::Display for PaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel) => write!(f, "pace#{}", channel.name()),
            Self::Journey(journey) => write!(f, "pace#journey#{journey}"),
            Self::Step(journey, step) => write!(f, "pace#journey#{journey}#{step}"),
            Self::Strangers(source) => write!(f, "pace#strangers#{source}"),
        }
    }
}

/// How a step on a row ended, with the row after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// It is done.
    Done(Pace),
    /// The row did not let it; nothing was written.
    Refused(Pace),
}

/// The rows. One that was never written is the default.
pub trait Paces: Send + Sync {
    /// The row, read consistently.
    fn pace(&self, key: &PaceKey) -> impl Future<Output = Result<Pace, PortError>> + Send;

    /// Does [`Pace::take`] as one step: of any number of callers at once each takes moments of its own, and none is refused for the
    /// others' sake. After an ambiguous failure moments may be taken that nobody has: they are lost, nothing else.
    fn take(
        &self,
        key: &PaceKey,
        take: &Take,
    ) -> impl Future<Output = Result<Stepped, PortError>> + Send;

    /// Does [`Pace::know`] as one step: of several callers at one revision one is done.
    fn know(
        &self,
        key: &PaceKey,
        rev: u64,
        known: &Known,
    ) -> impl Future<Output = Result<Stepped, PortError>> + Send;
}
