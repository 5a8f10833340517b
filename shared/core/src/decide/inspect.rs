//! What is known of a contact, asked from outside a decision: by timelines, previews and scenario tests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::view::{self, View};
use super::{score, timers};
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

/// The contact's scores at `now`, by the score's id.
pub fn scores<'r>(
    contact: &Contact,
    release: &'r Release,
    now: Timestamp,
) -> BTreeMap<&'r str, i64> {
    let view = View::of(contact, release, now);
    let scores = release.scores();
    scores
        .map(|score| (score.id.as_str(), score::value(score, &view)))
        .collect()
}

/// The latest events that are still known of the contact, newest first, at most `most`: those of which some rule of the release keeps
/// something, and those that a run could still ask for.
pub fn latest_events<'c>(
    contact: &'c Contact,
    release: &'c Release,
    most: usize,
) -> Vec<(&'c str, Timestamp)> {
    let recent = contact.recent.iter();
    let recent = recent.map(|event| (event.at, event.name.as_str()));
    let rules = release.index().facts.values().flatten();
    let facts = rules.filter_map(|rule| {
        let fact = contact.facts.get(&rule.key)?;
        Some((fact.last_at, rule.event.as_str()))
    });
    let all: BTreeSet<(Timestamp, &str)> = recent.chain(facts).collect();
    let newest = all.into_iter().rev().take(most);
    newest.map(|(at, name)| (name, at)).collect()
}
