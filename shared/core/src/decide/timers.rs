//! Timers: what time alone does, in the order of its moments.

use std::cmp::Reverse;

use super::{DecideError, Deciding, view};
use crate::calendar::{self, CLOCKS_DIFFER_BY, Place};
use crate::contact::{Contact, PendingEntry};
use crate::enrollment::{Enrollment, State};
use crate::id::EnrollmentId;
use crate::log::{Effect, EndReason, Trace};
use crate::release::{Journey, OptIn, PRIORITY, Release, TimeScale, Trigger, Verb};
use crate::time::Timestamp;
use crate::zone::Zone;

/// Most timers of one input. Each firing moves its run forward, so this is reached by a bug only; the rest fires at the next wake.
const FIRINGS_MAX: usize = 1000;

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// Of runs due at one moment the one with the higher priority goes first, then the older.
    Run(Reverse<u8>, Timestamp, EnrollmentId),
    Pending(usize),
    Timer(String),
}

impl Deciding<'_> {
    /// Fires timers in the order of their times, each as of its own moment.
    pub(super) fn run_timers(
        &mut self,
        is_due: impl Fn(Timestamp) -> bool,
    ) -> Result<(), DecideError> {
        for _ in 0..FIRINGS_MAX {
            // Most inputs find nothing due, and this look is the cheaper one.
            if !self.contact.earliest_timer().is_some_and(&is_due) {
                break;
            }
            let Some((at, due)) = self.next_due().filter(|(at, _)| is_due(*at)) else {
                break;
            };
            self.moment = at;
            match due {
                Due::Run(_, _, id) => self.run_due(id, at)?,
                Due::Pending(place) => {
                    let pending: PendingEntry = self.contact.to_mut().pending.remove(place);
                    self.pending_due(pending)?;
                }
                Due::Timer(name) => self.timer_due(&name)?,
            }
            self.hear_all()?;
        }
        self.moment = self.now;
        Ok(())
    }

    fn next_due(&self) -> Option<(Timestamp, Due)> {
        let runs = self.contact.enrollments.iter();
        let runs = runs.filter_map(|run| {
            let journey = self.context.release.version(run.version);
            let priority = journey.map_or(PRIORITY, |journey| priority(run, journey));
            Some((
                run.due_at()?,
                Due::Run(Reverse(priority), run.entered_at, run.id),
            ))
        });
        let pending = self.contact.pending.iter().enumerate();
        let pending = pending.map(|(place, entry)| (entry.due_at(), Due::Pending(place)));
        let timers = self.contact.timers.iter();
        let timers = timers.map(|(name, at)| (*at, Due::Timer(name.clone())));
        runs.chain(pending).chain(timers).min()
    }

    fn run_due(&mut self, id: EnrollmentId, at: Timestamp) -> Result<(), DecideError> {
        let Some(run) = self.contact.run(id) else {
            return Ok(());
        };
        if self.context.release.is_paused(&run.journey) {
            self.pause(id);
            return Ok(());
        }
        if run.ends_at <= at {
            self.end(id, EndReason::TooOld);
            return Ok(());
        }
        let is_check = run.check_at.is_some_and(|check_at| check_at <= at);
        if is_check {
            if let Some(run) = self.contact.to_mut().run_mut(id) {
                run.check_at = None;
            }
            return self.move_run(id, None);
        }
        if run.is_held_out() {
            self.end(id, EndReason::Holdout);
            return Ok(());
        }
        self.state_due(id, at)
    }

    fn pause(&mut self, id: EnrollmentId) {
        let now = self.now;
        if let Some(run) = self.contact.to_mut().run_mut(id) {
            run.paused_at = Some(now);
            let journey = run.journey.clone();
            self.trace.push(Trace::Paused { journey });
        }
    }

    fn timer_due(&mut self, name: &str) -> Result<(), DecideError> {
        self.contact.to_mut().timers.remove(name);
        if let Some(segment) = name.strip_prefix("segment ") {
            self.watch(segment, false);
            return Ok(());
        }
        let Some((journey, place)) = self.date_of(name) else {
            return Ok(());
        };
        self.arm_date(&journey, place);
        self.enter_by_date(&journey, place)
    }

    /// The date trigger that a timer is of.
    fn date_of(&self, name: &str) -> Option<(String, usize)> {
        let dates = &self.context.release.index().dates;
        dates
            .iter()
            .find(|(journey, place)| date_timer(journey, *place) == name)
            .cloned()
    }

    pub(super) fn is_date_timer(&self, name: &str) -> bool {
        self.date_of(name).is_some()
    }

    /// Computes the moments of date triggers: of those that read `attribute`, or of all.
    ///
    /// One that is due and has not fired yet stays as it is: the next moment is computed when it fires.
    pub(super) fn arm_dates(&mut self, attribute: Option<&str>) {
        let dates = &self.context.release.index().dates;
        for (journey, place) in dates {
            let trigger = self
                .context
                .release
                .journey(journey)
                .and_then(|(_, journey)| journey.triggers.get(*place));
            let Some(Trigger::Date { phrase, .. }) = trigger else {
                continue;
            };
            let reads = phrase.path().names().first().map(String::as_str);
            let is_meant = attribute.is_none() || attribute == reads;
            if is_meant && !self.is_overdue(&date_timer(journey, *place)) {
                self.arm_date(journey, *place);
            }
        }
    }

    /// Whether a timer is due and has not fired yet.
    pub(super) fn is_overdue(&self, timer: &str) -> bool {
        self.contact
            .timers
            .get(timer)
            .is_some_and(|at| *at <= self.now)
    }

    fn arm_date(&mut self, id: &str, place: usize) {
        let next = self.next_date(id, place, self.moment);
        self.set_timer(date_timer(id, place), next);
    }

    /// The contact lives by another clock.
    pub(super) fn move_dates(&mut self) {
        let release = self.context.release;
        for (journey, place) in &release.index().dates {
            self.move_date(journey, *place);
        }
    }

    /// A date that has come by the old one does not come again by the new one, and one that
    /// has passed by the new one and not by the old one comes now.
    fn move_date(&mut self, id: &str, place: usize) {
        let (name, now) = (date_timer(id, place), self.moment);
        let before = self.contact.timers.get(&name).copied();
        let near = self.next_date(id, place, now.minus(CLOCKS_DIFFER_BY));
        let is_same = |near: Timestamp| {
            before.is_some_and(|before| {
                before.since(near).max(near.since(before)) <= CLOCKS_DIFFER_BY
            })
        };
        let next = match near {
            Some(near) if is_same(near) => Some(near.max(now)),
            Some(near) => self.next_date(id, place, near.max(now)),
            None => None,
        };
        self.set_timer(name, next);
    }

    /// When a date trigger comes next after `after`.
    fn next_date(&self, id: &str, place: usize, after: Timestamp) -> Option<Timestamp> {
        let (_, journey) = self.context.release.journey(id)?;
        let Trigger::Date { phrase, is_yearly } = journey.triggers.get(place)? else {
            return None;
        };
        let zone = self.zone(Some(journey));
        let date = self.view().date(phrase.path())?;
        let place = self.place(&zone);
        if *is_yearly {
            calendar::next_yearly(phrase, &date, after, place)
        } else {
            Some(calendar::moment(phrase, &date, place)).filter(|at| *at > after)
        }
    }

    fn set_timer(&mut self, name: String, at: Option<Timestamp>) {
        if self.contact.timers.get(&name).copied() == at {
            return;
        }
        let timers = &mut self.contact.to_mut().timers;
        match at {
            Some(at) => timers.insert(name, at),
            None => timers.remove(&name),
        };
    }

    /// Moves the due time: to an earlier timer at once, to a later one only when the old time has come. A due time that
    /// is too early costs one wake; moving it at each change would cost two index writes.
    pub(super) fn rearm(&mut self, is_wake: bool) {
        let before = self.contact.due_at;
        let earliest = self.contact.earliest_timer();
        let has_come = is_wake || before.is_none_or(|due_at| due_at <= self.now);
        let due_at = match (before, earliest) {
            _ if has_come => earliest,
            (Some(before), Some(earliest)) => Some(before.min(earliest)),
            (before, None) => before,
            (None, earliest) => earliest,
        };
        if due_at != before {
            self.contact.to_mut().due_at = due_at;
            self.effects
                .extend(due_at.map(|due_at| Effect::Wake { due_at }));
        }
    }

    /// The zone in which phrases of `journey` are read for this contact.
    pub(super) fn zone(&self, journey: Option<&Journey>) -> Zone {
        view::zone(&self.contact, journey, self.context.release)
    }

    /// `to` as an environment with scaled time has it: so much nearer to `from`.
    pub(super) fn scaled(&self, from: Timestamp, to: Timestamp) -> Timestamp {
        scaled(self.context.release.time_scale, from, to)
    }
}

impl<'a> Deciding<'a> {
    /// Where calendar phrases are read.
    pub(super) fn place<'z>(&self, zone: &'z Zone) -> Place<'z>
    where
        'a: 'z,
    {
        Place {
            zone,
            closed: &self.context.release.project.closed,
        }
    }
}

/// `to`, so much nearer to `from` as time goes by faster.
pub(super) fn scaled(scale: Option<TimeScale>, from: Timestamp, to: Timestamp) -> Timestamp {
    let Some(scale) = scale else {
        return to;
    };
    let length = i128::from(to.as_millis()) - i128::from(from.as_millis());
    let scaled = length * i128::from(scale.clock_secs) / i128::from(scale.journey_secs.max(1));
    let scaled = i64::try_from(scaled).unwrap_or(i64::MAX);
    Timestamp::from_millis(from.as_millis().saturating_add(scaled))
}

/// Until when an opt-in from `said_at` can be confirmed; none if the topic asks for no confirmation.
pub(super) fn confirm_until(
    contact: &Contact,
    release: &Release,
    topic: &str,
    said_at: Timestamp,
) -> Option<Timestamp> {
    let rule = release.project.topics.get(topic)?;
    if rule.opt_in != OptIn::Double {
        return None;
    }
    let zone = view::zone(contact, None, release);
    let place = Place {
        zone: &zone,
        closed: &release.project.closed,
    };
    let until = calendar::after(rule.confirm_within, said_at, place);
    Some(scaled(release.time_scale, said_at, until))
}

/// The priority of what a run does next: of the message that it holds, else of its journey.
fn priority(run: &Enrollment, journey: &Journey) -> u8 {
    let held = if let State::Held { step, .. } = &run.state {
        journey.find(step).and_then(|ix| journey.step(ix))
    } else {
        None
    };
    let of_message = match held.map(|step| &step.verb) {
        Some(Verb::Message(message)) => message.sending.priority,
        _ => None,
    };
    of_message.unwrap_or_else(|| journey.priority())
}

fn date_timer(journey: &str, place: usize) -> String {
    format!("date {journey} {place}")
}
