//! What is known of a contact, asked from outside a decision: by timelines, previews and scenario tests.

use serde_json::Value;

use super::timers;
use super::view::{self, View};
use crate::condition::{Membership, World};
use crate::contact::Contact;
use crate::path::Path;
use crate::release::{Journey, Release};
use crate::time::Timestamp;
use crate::zone::Zone;

/// The value of a path below the contact or one of its scores, as a condition finds it at `now`; none if it is missing.
pub fn value(contact: &Contact, release: &Release, path: &Path, now: Timestamp) -> Option<Value> {
    let view = View::of(contact, release, now);
    view.value(path).map(std::borrow::Cow::into_owned)
}

/// Whether the contact belongs to a segment, or is on a list, at `now`.
pub fn belongs(contact: &Contact, release: &Release, id: &str, now: Timestamp) -> bool {
    let is_list = release
        .segment(id)
        .is_none_or(|segment| segment.rule.is_none());
    let kind = if is_list {
        Membership::List
    } else {
        Membership::Segment
    };
    View::of(contact, release, now).standing(kind, id).holds
}

/// The zone in which phrases are read for the contact, in a journey or outside of any.
pub fn zone(contact: &Contact, journey: Option<&Journey>, release: &Release) -> Zone {
    view::zone(contact, journey, release)
}

/// Until when an opt-in from `said_at` can be confirmed; none if the topic asks for no confirmation.
pub fn confirm_until(
    contact: &Contact,
    release: &Release,
    topic: &str,
    said_at: Timestamp,
) -> Option<Timestamp> {
    timers::confirm_until(contact, release, topic, said_at)
}
