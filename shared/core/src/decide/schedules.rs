//! Entries by schedules: a contact that is told of an occurrence enters, or waits for its own moment of it.
//!
//! A walk over all contacts tells those who seem to belong. Whoever something happens to meanwhile looks by itself, so that who joins
//! the segment before its moment is not passed over, whatever the walk has seen.

use super::listen::shortened;
use super::{DecideError, Deciding};
use crate::condition::Verdict;
use crate::contact::{PendingEntry, PendingUntil, entry_key};
use crate::enrollment::Origin;
use crate::log::{NotEntered, Trace};
use crate::occurrence::{Due, Occurrences, entry_id};
use crate::personal::Personal;
use crate::release::Journey;
use crate::time::Timestamp;

impl Deciding<'_> {
    /// The contact is told of an occurrence of a journey's schedule.
    pub(super) fn admit_scheduled(
        &mut self,
        id: &str,
        occurrence: Timestamp,
    ) -> Result<(), DecideError> {
        let release = self.context.release;
        let Some((_, journey)) = release.journey(id) else {
            self.refuse(id, NotEntered::NoSuchEntrance);
            return Ok(());
        };
        let own = self.zone(Some(journey));
        let mut why = NotEntered::NoSuchEntrance;
        for all in Occurrences::all(journey).filter(|all| all.begin_at(occurrence)) {
            match all.due(occurrence, self.contact.id, &own, self.now) {
                Due::Passed => why = NotEntered::HourPassed,
                Due::Now => {
                    let moment = all.moment(occurrence, self.contact.id, &own);
                    return self.enter_scheduled(journey, occurrence, moment);
                }
                Due::At(at) => {
                    let verdict = self.belongs_at(all.segment, at);
                    if verdict.holds {
                        self.wait_for_moment(journey, occurrence, at);
                        return Ok(());
                    }
                    why = NotEntered::NotInSegment(shortened(verdict));
                }
            }
        }
        self.refuse(id, why);
        Ok(())
    }

    /// The moment of an entry has come.
    pub(super) fn enter_by_schedule(&mut self, pending: &PendingEntry) -> Result<(), DecideError> {
        let release = self.context.release;
        let Some((_, journey)) = release.journey(&pending.journey) else {
            self.refuse(&pending.journey, NotEntered::NoSuchEntrance);
            return Ok(());
        };
        self.enter_scheduled(journey, pending.origin.at, pending.due_at())
    }

    /// Enters by the first schedule of `journey` that has this occurrence and whose segment the contact is in now; `moment` is its own.
    fn enter_scheduled(
        &mut self,
        journey: &Journey,
        occurrence: Timestamp,
        moment: Timestamp,
    ) -> Result<(), DecideError> {
        let entered_at = self.contact.entries.get(&entry_key(&journey.id, None));
        let is_again = self.has_entered(&journey.id, occurrence);
        if is_again || entered_at.is_some_and(|entered_at| *entered_at >= moment) {
            self.refuse(&journey.id, NotEntered::Reentry);
            return Ok(());
        }
        let mut why = NotEntered::NoSuchEntrance;
        for all in Occurrences::all(journey).filter(|all| all.begin_at(occurrence)) {
            let verdict = self.belongs(all.segment);
            if verdict.holds {
                if all.is_lasting() {
                    let last = &mut self.contact.to_mut().occurrences;
                    last.insert(journey.id.clone(), occurrence);
                }
                let origin = Origin {
                    at: self.moment,
                    ..self.scheduled_origin(&journey.id, occurrence)
                };
                return self.admit(&journey.id, Some(all.place), None, &origin);
            }
            why = NotEntered::NotInSegment(shortened(verdict));
        }
        self.refuse(&journey.id, why);
        Ok(())
    }

    /// Whoever something has happened to looks at the occurrences that go on: it may belong when it is due.
    pub(super) fn expect_schedules(&mut self) {
        let release = self.context.release;
        if release.index().lasting.is_empty() || !self.is_worth_storing() {
            return;
        }
        for (id, place) in &release.index().lasting {
            let Some((_, journey)) = release.journey(id) else {
                continue;
            };
            let Some(all) = Occurrences::of(journey, *place) else {
                continue;
            };
            if self.not_open(journey).is_some() {
                continue;
            }
            let own = self.zone(Some(journey));
            for occurrence in all.running(self.now) {
                let moment = all.moment(occurrence, self.contact.id, &own);
                if moment > self.now && self.belongs_at(all.segment, moment).holds {
                    self.wait_for_moment(journey, occurrence, moment);
                }
            }
        }
    }

    /// The contact lives by another clock: entries that wait for its hour wait for that of the new one, and not longer than now
    /// where that has passed.
    pub(super) fn move_schedules(&mut self) {
        let release = self.context.release;
        let waiting = self.contact.pending.iter().enumerate();
        let mut moved = Vec::new();
        for (index, pending) in waiting {
            let PendingUntil::Scheduled(before) = pending.until else {
                continue;
            };
            let Some((_, journey)) = release.journey(&pending.journey) else {
                continue;
            };
            let own = self.zone(Some(journey));
            let occurrence = pending.origin.at;
            let all = Occurrences::all(journey).find(|all| all.begin_at(occurrence));
            let moment = all.map(|all| all.moment(occurrence, self.contact.id, &own));
            let moment = moment.unwrap_or(before).max(self.moment);
            if moment != before {
                moved.push((index, moment));
            }
        }
        for (index, moment) in moved {
            if let Some(pending) = self.contact.to_mut().pending.get_mut(index) {
                pending.until = PendingUntil::Scheduled(moment);
            }
        }
    }

    /// Whether it has come in by this occurrence: whoever moves to where the hour is still to come has had it.
    fn has_entered(&self, journey: &str, occurrence: Timestamp) -> bool {
        self.contact.occurrences.get(journey) == Some(&occurrence)
    }

    /// Whether an entry of this occurrence waits already.
    fn expects(&self, journey: &str, occurrence: Timestamp) -> bool {
        let is_it = |pending: &PendingEntry| {
            matches!(pending.until, PendingUntil::Scheduled(_))
                && pending.journey == journey
                && pending.origin.at == occurrence
        };
        self.contact.pending.iter().any(is_it)
    }

    fn wait_for_moment(&mut self, journey: &Journey, occurrence: Timestamp, moment: Timestamp) {
        if self.expects(&journey.id, occurrence) || self.has_entered(&journey.id, occurrence) {
            return;
        }
        let until = PendingUntil::Scheduled(moment);
        self.trace.push(Trace::EntryWaits {
            journey: journey.id.clone(),
            until,
        });
        let origin = self.scheduled_origin(&journey.id, occurrence);
        self.keep_pending(PendingEntry {
            journey: journey.id.clone(),
            key: None,
            origin,
            until,
        });
    }

    /// What begins the run of an occurrence, whichever input brings it about.
    fn scheduled_origin(&self, journey: &str, occurrence: Timestamp) -> Origin {
        Origin {
            input: entry_id(journey, occurrence),
            partition: self.contact.id,
            at: occurrence,
            properties: Personal::default(),
            is_public: false,
        }
    }

    fn belongs_at(&mut self, segment: &str, at: Timestamp) -> Verdict {
        let moment = std::mem::replace(&mut self.moment, at);
        let verdict = self.belongs(segment);
        self.moment = moment;
        verdict
    }
}
