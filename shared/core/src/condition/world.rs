//! What a condition asks of the world.

use std::borrow::Cow;

use serde_json::Value;

use super::{Did, Membership, MessageState, Path, Test, Topic};
use crate::time::Timestamp;
use crate::zone::Zone;

/// What is known of one contact, of its run and of the event at hand.
///
/// Answers must be the same for as long as an evaluation lasts. Whatever is not known is missing, never an error.
pub trait World {
    /// The value of `path`. `null` counts as missing.
    fn value(&self, path: &Path) -> Option<Cow<'_, Value>>;

    /// When time alone changes that value so that `tests` may answer otherwise: a score that decays. Dates stay what they are.
    fn value_changes_at(&self, _path: &Path, _tests: &[Test]) -> Option<Timestamp> {
        None
    }

    /// Whether the message of `step` of this run came to `state`. What a machine opened or clicked does not count.
    fn has_reached(&self, step: &str, state: MessageState) -> bool;

    /// How often the contact did what `did` names, [`Did::filter`] applied. Times and sums are left to the evaluation.
    fn fact(&self, did: &Did) -> Fact;

    /// Whether the contact is subscribed.
    fn is_subscribed(&self, topic: &Topic) -> bool;

    /// Whether the contact belongs to it now.
    fn standing(&self, kind: Membership, id: &str) -> Standing;

    /// The present moment.
    fn now(&self) -> Timestamp;

    /// The contact's zone, in which days begin and end.
    fn zone(&self) -> Zone;
}

/// A running summary of what a contact did. Nothing known is a count of zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fact {
    /// How often, in its whole life.
    pub count: u64,
    /// The sum of the property that [`Did::total`] names, over its whole life.
    pub sum: f64,
    /// The latest occurrences, newest first: as many as [`Did::keeps`] says, or all there are.
    pub recent: Vec<Occurrence>,
}

/// One time that something was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occurrence {
    /// When.
    pub at: Timestamp,
    /// The amount in the property that is summed; zero without one.
    pub amount: f64,
}

/// Whether a contact belongs to something, and until when that is known to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it belongs.
    pub holds: bool,
    /// When the opposite becomes true by itself.
    pub changes_at: Option<Timestamp>,
}
