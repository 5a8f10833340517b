//! Entries: which triggers match, and what becomes of a match.

use std::cmp::Reverse;

use serde_json::Value;

use super::listen::{key_text, shortened};
use super::view::View;
use super::{DecideError, Deciding, Happening, Signal, facts, run};
use crate::calendar;
use crate::condition::{self, Test, Verdict, Where, World as _};
use crate::contact::{PendingEntry, PendingUntil, entry_key};
use crate::enrollment::Origin;
use crate::id::{EnrollmentId, InputId, PartHash, derive};
use crate::input::Properties;
use crate::log::{NotEntered, Trace};
use crate::path::{Path, Root};
use crate::personal::Personal;
use crate::phrase::Span;
use crate::release::{
    Entrance, EventMatch, Existing, Journey, PRIORITY, Release, Retrigger, Trigger,
};

/// Most entries of one contact that wait at once.
pub(super) const PENDING_MAX: usize = 20;
/// The entrances that a signal may open.
fn entrances<'a>(release: &'a Release, signal: &Signal<'_>) -> Vec<&'a Entrance> {
    let index = release.index();
    let lists: Vec<Option<&Vec<Entrance>>> = match signal {
        Signal::Event(happening) => happening
            .names()
            .map(|name| index.events.get(name))
            .collect(),
        Signal::Changed { attribute, .. } => vec![index.changes.get(attribute)],
        Signal::Member { id, .. } => vec![index.members.get(id)],
        Signal::Confirmed(topic) => vec![index.topics.get(topic)],
        Signal::Started { .. } => Vec::new(),
    };
    lists.into_iter().flatten().flatten().collect()
}

impl<'a> Deciding<'a> {
    /// Entries by what has happened: by priority, then by name; of each journey the first trigger that matches.
    pub(super) fn enter_by<'s>(
        &mut self,
        signals: impl Iterator<Item = &'s Signal<'a>> + Clone,
    ) -> Result<(), DecideError>
    where
        'a: 's,
    {
        let release = self.context.release;
        let rank = |journey: &str| {
            let journey = release.journey(journey);
            Reverse(journey.map_or(PRIORITY, |(_, journey)| journey.priority()))
        };
        let mut open: Vec<(&'a str, usize, &'s Signal<'a>)> = Vec::new();
        for signal in signals.clone() {
            for entrance in entrances(release, signal) {
                let places = entrance.triggers.iter();
                open.extend(places.map(|place| (entrance.journey.as_str(), *place, signal)));
            }
        }
        open.sort_by_cached_key(|(journey, place, _)| (rank(journey), *journey, *place));
        for of_journey in open.chunk_by(|(one, ..), (other, ..)| one == other) {
            self.enter_by_first(of_journey)?;
        }
        for signal in signals {
            match signal {
                Signal::Started { journey, origin } => self.admit(journey, None, None, origin)?,
                Signal::Confirmed(topic) => self.open_doors(topic)?,
                Signal::Event(_) | Signal::Changed { .. } | Signal::Member { .. } => {}
            }
        }
        Ok(())
    }

    /// By the first of the triggers of one journey that matches what has happened.
    fn enter_by_first(&mut self, open: &[(&str, usize, &Signal<'a>)]) -> Result<(), DecideError> {
        let mut first_fault = None;
        for (id, place, signal) in open {
            let Some((version, journey)) = self.context.release.journey(id) else {
                return Ok(());
            };
            let Some(trigger) = journey.triggers.get(*place) else {
                continue;
            };
            match (trigger, signal) {
                (
                    Trigger::Event {
                        on,
                        after_last,
                        max_age,
                    },
                    Signal::Event(happening),
                ) => {
                    if let Some(verdict) = self.unlike(journey, on, happening) {
                        first_fault.get_or_insert(verdict);
                        continue;
                    }
                    let origin = self.origin(version, happening);
                    return match self.key_of(on, *max_age, happening) {
                        Err(why) => {
                            self.refuse(id, why);
                            Ok(())
                        }
                        Ok(key) => self.begin(journey, *place, key, *after_last, origin),
                    };
                }
                (_, signal) if self.is_matched(trigger, signal) => {
                    let origin = self.bare_origin(id);
                    return self.admit(id, Some(*place), None, &origin);
                }
                _ => {}
            }
        }
        if let (Some(verdict), Some((id, ..))) = (first_fault, open.first()) {
            self.refuse(id, NotEntered::Where(shortened(verdict)));
        }
        Ok(())
    }

    /// What an event lacks that a trigger asks of it.
    fn unlike(
        &self,
        journey: &Journey,
        on: &EventMatch,
        happening: &Happening<'_>,
    ) -> Option<Verdict> {
        let view = View {
            journey: Some(journey),
            ..self.view()
        };
        let view = view.hearing(&happening.properties);
        let verdict = condition::evaluate_where(on.filter.as_ref()?, &view);
        (!verdict.holds).then_some(verdict)
    }

    /// Whether a change, a membership or an opt-in is the one that a trigger means.
    fn is_matched(&self, trigger: &Trigger, signal: &Signal<'_>) -> bool {
        let passes = |tests: &Option<Vec<Test>>, value: Option<&Value>| match tests {
            None => true,
            Some(tests) => self.passes(tests, value),
        };
        match (trigger, signal) {
            (
                Trigger::Changes {
                    from: before,
                    to: after,
                    ..
                },
                Signal::Changed { from, to, .. },
            ) => passes(before, from.as_ref()) && passes(after, to.as_ref()),
            (Trigger::Member { joins, .. }, Signal::Member { joined, .. }) => joins == joined,
            (Trigger::Subscribes { .. }, Signal::Confirmed(_)) => true,
            _ => false,
        }
    }

    pub(super) fn refuse(&mut self, journey: &str, why: NotEntered) {
        self.trace.push(Trace::NotEntered {
            journey: journey.to_owned(),
            why,
        });
    }

    /// The run's key, unless the event is too old or has none.
    fn key_of(
        &self,
        on: &EventMatch,
        max_age: Span,
        happening: &Happening<'_>,
    ) -> Result<Option<String>, NotEntered> {
        let zone = self.zone(None);
        if calendar::after(max_age, happening.at, self.place(&zone)) < self.now {
            return Err(NotEntered::EventTooOld);
        }
        let Some(path) = &on.key else {
            return Ok(None);
        };
        let view = self.view().hearing(&happening.properties);
        let key = view.value(path).and_then(|value| key_text(&value));
        key.map(Some).ok_or(NotEntered::KeyMissing)
    }

    /// What a run keeps of what began it.
    fn origin(&self, version: PartHash, happening: &Happening<'_>) -> Origin {
        let reads = self.context.release.trigger_reads(version);
        let names = reads.into_iter().flatten().map(String::as_str);
        // A derived event has no log row of its own in which the rest could be found.
        let properties = if happening.id == self.input {
            facts::pick(&happening.properties, names)
        } else {
            happening.properties.clone().into_owned()
        };
        Origin {
            input: happening.id,
            partition: self.partition,
            at: happening.at,
            properties: Personal::new(properties),
            is_public: self.public_source.is_some(),
        }
    }

    /// An origin without an event: a change, a date, a segment.
    pub(super) fn bare_origin(&self, what: &str) -> Origin {
        let id = derive(
            "entry",
            &[
                self.input.as_bytes(),
                what.as_bytes(),
                &self.moment.as_millis().to_be_bytes(),
            ],
        );
        Origin {
            input: InputId::from_bytes(id),
            partition: self.partition,
            at: self.moment,
            properties: Personal::default(),
            is_public: self.public_source.is_some(),
        }
    }

    /// A trigger has matched: refresh a run of its key, wait for quiet, or enter.
    fn begin(
        &mut self,
        journey: &Journey,
        place: usize,
        key: Option<String>,
        after_last: Option<Span>,
        origin: Origin,
    ) -> Result<(), DecideError> {
        let mut runs = self.contact.enrollments.iter();
        let inside = runs
            .find(|run| run.journey == journey.id && run.key == key)
            .map(|run| run.id);
        if let Some(inside) = inside {
            return self.retrigger(inside, journey, &origin);
        }
        let Some(quiet) = after_last else {
            return self.admit(&journey.id, Some(place), key, &origin);
        };
        if let Some(why) = self.not_open(journey) {
            self.refuse(&journey.id, why);
            return Ok(());
        }
        let zone = self.zone(Some(journey));
        let due_at = self.scaled(
            origin.at,
            calendar::after(quiet, origin.at, self.place(&zone)),
        );
        self.wait_to_enter(journey, key, origin, PendingUntil::Quiet(due_at));
        Ok(())
    }

    /// An entry that waits; of one key the newest.
    pub(super) fn wait_to_enter(
        &mut self,
        journey: &Journey,
        key: Option<String>,
        origin: Origin,
        until: PendingUntil,
    ) {
        let is_same = |known: &PendingEntry| {
            let is_scheduled = matches!(known.until, PendingUntil::Scheduled(_));
            known.journey == journey.id && known.key == key && !is_scheduled
        };
        let known = self.contact.pending.iter().find(|known| is_same(known));
        if known.is_some_and(|known| known.origin.at > origin.at) {
            return;
        }
        self.trace.push(Trace::EntryWaits {
            journey: journey.id.clone(),
            until,
        });
        self.contact
            .to_mut()
            .pending
            .retain(|known| !is_same(known));
        self.keep_pending(PendingEntry {
            journey: journey.id.clone(),
            key,
            origin,
            until,
        });
    }

    /// Of entries that wait the newest are kept.
    pub(super) fn keep_pending(&mut self, entry: PendingEntry) {
        let pending = &mut self.contact.to_mut().pending;
        pending.push(entry);
        pending.drain(..pending.len().saturating_sub(PENDING_MAX));
    }

    /// A trigger met a run of its key.
    fn retrigger(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        origin: &Origin,
    ) -> Result<(), DecideError> {
        let Some(run) = self.contact.run(id) else {
            return Ok(());
        };
        let is_newer = origin.at >= run.origin.at;
        let has_sent = !run.messages.is_empty();
        // A holdout never begins a step; who is on the steps of an exit is on the way out.
        let is_bound = run.is_holdout || run.leaving.is_some();
        match journey.retrigger {
            Retrigger::Ignore => {
                self.refuse(&journey.id, NotEntered::AlreadyInside);
                Ok(())
            }
            Retrigger::Refresh | Retrigger::Restart if !is_newer => Ok(()),
            Retrigger::Refresh | Retrigger::Restart => {
                let may_restart = journey.retrigger == Retrigger::Restart
                    && !self.context.release.is_paused(&journey.id);
                let is_restarted = may_restart && !has_sent && !is_bound;
                if let Some(run) = self.contact.to_mut().run_mut(id) {
                    // The moment of entry stays; what the goal counts from, too.
                    run.origin = origin.clone();
                }
                self.is_stirred = true;
                self.trace.push(Trace::Retriggered {
                    journey: journey.id.clone(),
                    is_restarted,
                });
                if is_restarted {
                    self.run(id, run::first(journey), self.moment)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Whether a value alone passes tests.
    fn passes(&self, tests: &[Test], value: Option<&Value>) -> bool {
        let Ok(path) = Path::below(Root::Event, "value") else {
            return false;
        };
        let properties: Properties = value
            .map(|value| ("value".to_owned(), value.clone()))
            .into_iter()
            .collect();
        let filter = Where(vec![(path, tests.to_vec())]);
        condition::evaluate_where(&filter, &self.view().hearing(&properties)).holds
    }

    /// Who belongs already where a journey says `existing: enroll`, and has never entered it.
    pub(super) fn enroll_existing(&mut self) -> Result<(), DecideError> {
        let release = self.context.release;
        for (_, journey) in release.current() {
            let is_meant = |trigger: &Trigger| matches!(trigger, Trigger::Member { id, joins: true, existing: Existing::Enroll } if self.belongs(id).holds);
            let place = journey.triggers.iter().position(is_meant);
            let is_known = self
                .contact
                .entries
                .contains_key(&entry_key(&journey.id, None));
            if place.is_some() && !is_known && self.not_open(journey).is_none() {
                let origin = self.bare_origin(&journey.id);
                self.admit(&journey.id, place, None, &origin)?;
            }
        }
        Ok(())
    }

    /// A date trigger has come.
    pub(super) fn enter_by_date(&mut self, journey: &str, place: usize) -> Result<(), DecideError> {
        self.admit(journey, Some(place), None, &self.bare_origin(journey))
    }
}
