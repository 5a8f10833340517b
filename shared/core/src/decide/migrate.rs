//! Edited journeys and pauses: what a new release means for runs that are under way.

use super::{DecideError, Deciding};
use crate::calendar::{self, Resolved};
use crate::enrollment::{Enrollment, State};
use crate::id::EnrollmentId;
use crate::log::{EndReason, Trace};
use crate::release::{InFlight, Journey, JourneyState, Pause, Removed, Resume, StepIx, Verb};
use crate::time::Timestamp;

impl Deciding<'_> {
    /// Takes runs over to newer versions of their journeys, as these say.
    pub(super) fn migrate(&mut self) -> Result<(), DecideError> {
        let ids: Vec<EnrollmentId> = self.contact.enrollments.iter().map(|run| run.id).collect();
        for id in ids {
            self.migrate_run(id)?;
        }
        self.resume();
        Ok(())
    }

    fn migrate_run(&mut self, id: EnrollmentId) -> Result<(), DecideError> {
        let Some(run) = self.contact.run(id) else {
            return Ok(());
        };
        if self.context.release.is_stopped(run) {
            self.end(id, EndReason::Stopped);
            return Ok(());
        }
        let Some((version, newest)) = self.context.release.journey(&run.journey) else {
            return Ok(());
        };
        if version == run.version || newest.state == JourneyState::Draft {
            return Ok(());
        }
        // Resuming a journey is a new release, too: then it is taken over.
        if self.context.release.is_paused(&run.journey) {
            return Ok(());
        }
        match newest.in_flight {
            InFlight::Pin => return Ok(()),
            InFlight::Exit => {
                self.end(id, EndReason::Edited);
                return Ok(());
            }
            InFlight::Retime => {}
        }
        let before = self.version_of(run).ok();
        let from = run.step().to_owned();
        if let Some(ix) = newest
            .find(&from)
            .or_else(|| from.is_empty().then_some(StepIx(0)))
        {
            self.follow_version(id, version, newest, &from, ix);
            return Ok(());
        }
        match newest.removed.get(&from) {
            Some(Removed::Exit) => {
                self.end(id, EndReason::Edited);
                Ok(())
            }
            Some(Removed::Step(to)) => self.jump(id, version, newest, &from, Some(*to)),
            Some(Removed::Next) | None => {
                let next = before.and_then(|before| next_known(&before, newest, &from));
                self.jump(id, version, newest, &from, next)
            }
        }
    }

    /// The run stands at the same step of another version; what it waits for is computed anew from when the step began.
    fn follow_version(
        &mut self,
        id: EnrollmentId,
        version: crate::id::PartHash,
        newest: &Journey,
        from: &str,
        ix: StepIx,
    ) {
        let to = newest
            .step(ix)
            .map_or_else(String::new, |step| step.id.clone());
        let run = self.contact.run(id).filter(|_| !from.is_empty());
        let retimed = run.and_then(|run| self.retimed(run, newest, ix));
        let Some(run) = self.contact.to_mut().run_mut(id) else {
            return;
        };
        run.version = version;
        if let Some(record) = run.messages.remove(from) {
            run.messages.insert(to.clone(), record);
        }
        if !from.is_empty() {
            run.rename(&to);
        }
        if let Some(due_at) = retimed {
            run.retime(due_at);
        }
        self.trace.push(Trace::Migrated {
            journey: newest.id.clone(),
            from: from.to_owned(),
            to,
        });
    }

    /// When the wait ends that `run` is in, as `newest` has it, counted from when it began.
    fn retimed(&self, run: &Enrollment, newest: &Journey, ix: StepIx) -> Option<Timestamp> {
        if run.is_holdout && run.step().is_empty() {
            return Some(self.held_out_until(run, newest));
        }
        let counted = self.context.release.pauses(&run.journey).iter();
        let counted = counted.filter(|pause| {
            let until = pause.resumed.map(|(until, _)| until);
            until.is_some_and(|until| run.shifted_to.is_some_and(|to| until <= to))
        });
        let shifted: i64 = run.since().map_or(0, |since| {
            counted.map(|pause| stood_still(pause, since, None)).sum()
        });
        let due_at = self.timed(run, newest, ix)?;
        Some(Timestamp::from_millis(
            due_at.as_millis().saturating_add(shifted),
        ))
    }

    fn timed(&self, run: &Enrollment, newest: &Journey, ix: StepIx) -> Option<Timestamp> {
        let zone = self.zone(Some(newest));
        let step = newest.step(ix)?;
        match (&run.state, &step.verb) {
            (State::Waiting { since, .. }, Verb::Wait { wait, .. }) => {
                let view = self.view_of(run, newest);
                let resolved = calendar::resolve(wait, *since, *since, self.place(&zone), |path| {
                    view.date(path)
                });
                match resolved {
                    Resolved::At(at) => Some(self.scaled(*since, at)),
                    Resolved::Past(_) | Resolved::NoValue => Some(*since),
                }
            }
            (State::Listening { since, .. }, Verb::WaitUntil { paths }) => self
                .timeout(run.id, newest, paths, *since)
                .map(|(at, _)| at),
            _ => None,
        }
    }

    /// The contact lives by another clock: waits that read it are computed anew, never earlier than now, and what is held is
    /// looked at again.
    pub(super) fn rezone(&mut self) {
        self.move_dates();
        self.move_schedules();
        let now = self.moment;
        let ids: Vec<EnrollmentId> = self.contact.enrollments.iter().map(|run| run.id).collect();
        for id in ids {
            let Some(run) = self.contact.run(id) else {
                continue;
            };
            let Some(journey) = self.context.release.version(run.version).cloned() else {
                continue;
            };
            let Some(ix) = journey.find(run.step()) else {
                continue;
            };
            let due_at = if matches!(run.state, State::Held { .. }) {
                Some(now)
            } else {
                let retimed = self.retimed(run, &journey, ix);
                retimed.map(|due_at| due_at.max(now))
            };
            let check_at = run.check_at.map(|_| now);
            let Some(due_at) = due_at.filter(|due_at| run.state_due_at() != Some(*due_at)) else {
                continue;
            };
            let step = run.step().to_owned();
            self.trace.push(Trace::Waits {
                journey: journey.id.clone(),
                step,
                due_at: Some(due_at),
                zone: Some(self.zone(Some(&journey))),
            });
            if let Some(run) = self.contact.to_mut().run_mut(id) {
                run.retime(due_at);
                run.check_at = check_at;
            }
        }
    }

    /// The run's step is gone: it goes on elsewhere.
    fn jump(
        &mut self,
        id: EnrollmentId,
        version: crate::id::PartHash,
        newest: &Journey,
        from: &str,
        to: Option<StepIx>,
    ) -> Result<(), DecideError> {
        if let Some(run) = self.contact.to_mut().run_mut(id) {
            run.version = version;
            run.check_at = None;
        }
        let step = to.and_then(|ix| newest.step(ix));
        self.trace.push(Trace::Migrated {
            journey: newest.id.clone(),
            from: from.to_owned(),
            to: step.map_or_else(String::new, |step| step.id.clone()),
        });
        let moment = self.moment;
        self.run(id, to, moment)
    }

    /// Runs that stood still go on, if their journey does.
    pub(super) fn resume(&mut self) {
        let release = self.context.release;
        let paused = self
            .contact
            .enrollments
            .iter()
            .filter(|run| run.paused_at.is_some());
        let paused = paused.filter(|run| !release.is_paused(&run.journey));
        let ids: Vec<EnrollmentId> = paused.map(|run| run.id).collect();
        for id in ids {
            let Some(run) = self.contact.to_mut().run_mut(id) else {
                continue;
            };
            run.paused_at = None;
        }
        // What was not looked at while they stood still; what segments and scores say in a new release.
        self.is_stirred = true;
        let ids: Vec<EnrollmentId> = self.contact.enrollments.iter().map(|run| run.id).collect();
        for id in ids {
            self.shift(id);
        }
    }

    /// Waits of a journey that was resumed with `shift` end later by the time that it stood still since they began.
    fn shift(&mut self, id: EnrollmentId) {
        let Some(run) = self.contact.run(id) else {
            return;
        };
        let pauses = self.context.release.pauses(&run.journey);
        let (Some(since), Some(due_at)) = (run.since(), run.state_due_at()) else {
            return;
        };
        let length: i64 = pauses
            .iter()
            .map(|pause| stood_still(pause, since, run.shifted_to))
            .sum();
        let last = pauses
            .iter()
            .filter_map(|pause| pause.resumed)
            .map(|(until, _)| until)
            .max();
        if let Some(last) = last.filter(|last| run.shifted_to.is_none_or(|shifted| shifted < *last))
            && let Some(run) = self.contact.to_mut().run_mut(id)
        {
            run.shifted_to = Some(last);
            if length > 0 {
                run.retime(Timestamp::from_millis(
                    due_at.as_millis().saturating_add(length),
                ));
            }
        }
    }
}

/// How long a pause that ended with `shift`, and was not counted yet, held up a wait that began at `since`.
fn stood_still(pause: &Pause, since: Timestamp, counted: Option<Timestamp>) -> i64 {
    match pause.resumed {
        Some((until, Resume::Shift))
            if until > since && counted.is_none_or(|counted| until > counted) =>
        {
            until.as_millis() - pause.from.max(since).as_millis()
        }
        _ => 0,
    }
}

/// The first step after `from`, in the old version, that the new one has.
fn next_known(before: &Journey, newest: &Journey, from: &str) -> Option<StepIx> {
    let mut next = before
        .find(from)
        .and_then(|ix| before.step(ix))
        .and_then(|step| step.next);
    for _ in 0..before.steps.len() {
        let step = before.step(next?)?;
        if let Some(found) = newest.find(&step.id) {
            return Some(found);
        }
        next = step.next;
    }
    None
}
