//! Segments whose entering or leaving starts something: their edges, and when time alone turns them over.
//!
//! All other readers of a segment evaluate its rule when they ask, so nothing is stored for them.

use std::collections::BTreeSet;

use super::{Deciding, Signal};
use crate::condition::{self, Membership, World};
use crate::log::Trace;

/// The name under which a contact keeps the moment at which a segment turns over.
pub(super) fn timer(segment: &str) -> String {
    format!("segment {segment}")
}

impl Deciding<'_> {
    /// Looks at the watched segments that read what has changed.
    pub(super) fn watch_segments(&mut self) {
        if self.dirty.is_empty() {
            return;
        }
        let index = self.context.release.index();
        let dirty = std::mem::take(&mut self.dirty);
        let segments: BTreeSet<&String> = dirty
            .iter()
            .filter_map(|what| index.watchers.get(what))
            .flatten()
            .collect();
        for segment in segments {
            self.watch(segment, false);
        }
    }

    /// Looks at one segment. `is_quiet`: who belongs already belongs, and nothing starts.
    pub(super) fn watch(&mut self, segment: &str, is_quiet: bool) {
        let standing = self.view().standing(Membership::Segment, segment);
        let belonged = self.contact.segments.contains(segment);
        let key = timer(segment);
        if self.contact.timers.get(&key).copied() != standing.changes_at {
            let timers = &mut self.contact.to_mut().timers;
            match standing.changes_at {
                Some(at) => timers.insert(key, at),
                None => timers.remove(&key),
            };
        }
        if belonged == standing.holds {
            return;
        }
        let segments = &mut self.contact.to_mut().segments;
        if standing.holds {
            segments.insert(segment.to_owned());
        } else {
            segments.remove(segment);
        }
        // An import starts nothing, whatever it says.
        if !is_quiet && !self.is_import {
            self.member(segment, standing.holds);
        }
    }

    /// A segment was entered or left, a list joined or left.
    pub(super) fn member(&mut self, id: &str, joined: bool) {
        self.trace.push(Trace::Member {
            id: id.to_owned(),
            joined,
        });
        let signal = Signal::Member {
            id: id.to_owned(),
            joined,
        };
        self.derive(id, signal);
    }

    /// Takes in a release that is new to this contact: timers of date triggers, and who belongs to watched segments. Who
    /// belonged before has not joined; a contact that is heard of for the first time belonged to nothing before.
    pub(super) fn rebase(&mut self, is_new: bool) {
        let index = self.context.release.index();
        let is_quiet = !is_new || !self.is_worth_storing();
        for segment in &index.watched {
            if !self.is_overdue(&timer(segment)) {
                self.watch(segment, is_quiet);
            }
        }
        let gone = |name: &String| {
            name.strip_prefix("segment ")
                .is_some_and(|segment| !index.watched.contains(segment))
                || (name.starts_with("date ") && !self.is_date_timer(name))
        };
        let gone: Vec<String> = self
            .contact
            .timers
            .keys()
            .filter(|name| gone(name))
            .cloned()
            .collect();
        for name in gone {
            self.contact.to_mut().timers.remove(&name);
        }
        self.arm_dates(None);
    }

    /// Joins or leaves a list.
    pub(super) fn list(&mut self, list: &str, joins: bool) {
        if self.contact.lists.contains(list) == joins {
            return;
        }
        let lists = &mut self.contact.to_mut().lists;
        if joins {
            lists.insert(list.to_owned());
        } else {
            lists.remove(list);
        }
        self.dirty(&format!("in_list {list}"));
        if !self.is_import {
            self.member(list, joins);
        }
    }

    /// Whether the contact is in a segment or on a list now, and what was compared.
    pub(super) fn belongs(&self, id: &str) -> condition::Verdict {
        let rule = self
            .context
            .release
            .segment(id)
            .and_then(|segment| segment.rule.as_deref());
        match rule {
            Some(rule) => condition::evaluate(rule, &self.view()),
            None => condition::Verdict {
                holds: self.contact.lists.contains(id),
                comparisons: Vec::new(),
                changes_at: None,
            },
        }
    }
}
