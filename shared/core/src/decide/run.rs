//! Runs: what begins a step, what ends one, and where life goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{DecideError, Deciding};
use crate::calendar::{self, Resolved};
use crate::condition;
use crate::enrollment::{Enrollment, State};
use crate::id::EnrollmentId;
use crate::log::{Admitted, EndReason, Trace};
use crate::phrase::Wait;
use crate::release::{Admission, Goto, IfPast, Journey, JourneyPath, Step, StepIx, Then, Verb};
use crate::time::Timestamp;

/// Most steps that one input can begin: far beyond any journey, so that a circle without a wait ends.
const STEPS_MAX: u32 = 1000;

/// What a step that was begun leads to.
pub(super) enum Flow {
    /// On at once.
    On(Option<StepIx>),
    /// On at once, as of another moment.
    OnAt(Option<StepIx>, Timestamp),
    /// It lasts.
    Lasts(State),
    /// The run is over.
    End(EndReason),
}

/// The first step of a journey that has any.
pub(super) fn first(journey: &Journey) -> Option<StepIx> {
    (!journey.steps.is_empty()).then_some(StepIx(0))
}

impl Deciding<'_> {
    /// The version that a run follows.
    pub(super) fn version_of(&self, run: &Enrollment) -> Result<Arc<Journey>, DecideError> {
        let release = self.context.release;
        release
            .version(run.version)
            .cloned()
            .ok_or_else(|| DecideError::VersionMissing {
                enrollment: run.id,
                journey: run.journey.clone(),
                release: release.number,
            })
    }

    /// The journey, and the step at which a run stands. A run whose step is gone ends.
    pub(super) fn stand(
        &mut self,
        id: EnrollmentId,
    ) -> Result<Option<(Arc<Journey>, StepIx)>, DecideError> {
        let Some(run) = self.contact.run(id) else {
            return Ok(None);
        };
        let journey = self.version_of(run)?;
        if let Some(ix) = journey.find(run.step()) {
            return Ok(Some((journey, ix)));
        }
        self.end(id, EndReason::StepMissing);
        Ok(None)
    }

    /// Begins steps from `next` on, as of `at`, until one of them lasts or the run is over.
    pub(super) fn run(
        &mut self,
        id: EnrollmentId,
        mut next: Option<StepIx>,
        mut at: Timestamp,
    ) -> Result<(), DecideError> {
        let Some(run) = self.contact.run(id) else {
            return Ok(());
        };
        let journey = self.version_of(run)?;
        self.put_down(id);
        while let Some(ix) = next {
            let Some(step) = journey.step(ix) else {
                self.end(id, EndReason::StepMissing);
                return Ok(());
            };
            self.steps_begun += 1;
            if self.steps_begun > STEPS_MAX {
                self.end(id, EndReason::TooManySteps);
                return Ok(());
            }
            let Some(run) = self.contact.to_mut().run_mut(id) else {
                return Ok(());
            };
            run.steps_begun += 1;
            if !self.is_meant(id, &journey, step) {
                next = step.next;
                continue;
            }
            match self.begin_step(id, &journey, step, at) {
                Flow::On(then) => next = then,
                Flow::OnAt(then, moment) => (next, at) = (then, moment),
                Flow::End(reason) => {
                    self.end(id, reason);
                    return Ok(());
                }
                Flow::Lasts(state) => {
                    self.stay(id, state);
                    return Ok(());
                }
            }
        }
        let leaving = self.contact.run(id).and_then(|run| run.leaving.clone());
        self.end(id, leaving.unwrap_or(EndReason::Completed));
        Ok(())
    }

    /// A run that held a message goes on: whatever it asks for next is another message, also where it comes to the same step again.
    fn put_down(&mut self, id: EnrollmentId) {
        let state = self.contact.run(id).map(|run| &run.state);
        let Some(State::Held {
            step,
            since,
            due_at,
            ..
        }) = state.cloned()
        else {
            return;
        };
        if let Some(run) = self.contact.to_mut().run_mut(id) {
            run.state = State::Waiting {
                step,
                since,
                due_at,
            };
        }
    }

    /// The run has come to a step that lasts. A condition that holds on arrival admits at once: all are looked at before the
    /// input is done with, which also finds the moments at which time alone admits.
    pub(super) fn stay(&mut self, id: EnrollmentId, state: State) {
        self.is_stirred = true;
        if let Some(run) = self.contact.to_mut().run_mut(id) {
            run.state = state;
        }
    }

    /// Whether a step's `if` holds.
    fn is_meant(&mut self, id: EnrollmentId, journey: &Journey, step: &Step) -> bool {
        let (Some(run), Some(only_if)) = (self.contact.run(id), &step.only_if) else {
            return true;
        };
        let verdict = condition::evaluate(only_if, &self.view_of(run, journey));
        let holds = verdict.holds;
        if !holds {
            self.trace.push(Trace::StepPassed {
                journey: journey.id.clone(),
                step: step.id.clone(),
                comparisons: super::listen::shortened(verdict),
            });
        }
        holds
    }

    /// Begins one step.
    fn begin_step(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        at: Timestamp,
    ) -> Flow {
        match &step.verb {
            Verb::Message(message) => self.message(id, journey, step, message, at),
            Verb::Wait { wait, if_past } => self.wait(id, journey, step, wait, *if_past, at),
            Verb::WaitUntil { paths } => self.listen(id, journey, step, paths, at),
            Verb::Branch { paths } => self.branch(id, journey, step, paths),
            Verb::Split { paths, salt, .. } => self.split(id, journey, step, paths, salt),
            Verb::Goto(goto) => Flow::On(self.go(id, &step.id, *goto, step.next)),
            Verb::Exit { reason } => Flow::End(EndReason::Said(reason.clone())),
            Verb::Alert { .. } | Verb::Webhook { .. } | Verb::Coupon { .. } => {
                self.call(id, journey, step, at)
            }
            Verb::Update(update) => {
                self.update(id, journey, update);
                Flow::On(step.next)
            }
            Verb::Score(points) => {
                self.give_points(points, &step.id);
                Flow::On(step.next)
            }
            Verb::Emit { event, with } => {
                let properties = self.given(id, journey, with);
                self.emit(event, properties);
                Flow::On(step.next)
            }
            Verb::Start {
                journey: other,
                data,
            } => {
                self.start(id, journey, other, data);
                Flow::On(step.next)
            }
            Verb::Stop { journey: other } if *other == journey.id => Flow::End(EndReason::Stopped),
            Verb::Stop { journey: other } => {
                self.stop(other);
                Flow::On(step.next)
            }
        }
    }

    fn wait(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        wait: &Wait,
        if_past: IfPast,
        at: Timestamp,
    ) -> Flow {
        let zone = self.zone(Some(journey));
        let Some(run) = self.contact.run(id) else {
            return Flow::On(step.next);
        };
        let view = self.view_of(run, journey);
        let resolved = calendar::resolve(wait, at, self.moment, self.place(&zone), |path| {
            view.date(path)
        });
        let past = match resolved {
            Resolved::At(due_at) => {
                let due_at = self.scaled(at, due_at);
                self.trace.push(Trace::Waits {
                    journey: journey.id.clone(),
                    step: step.id.clone(),
                    due_at: Some(due_at),
                    zone: (!matches!(wait, Wait::Exact(_))).then_some(zone),
                });
                if due_at <= self.moment {
                    return Flow::OnAt(step.next, due_at);
                }
                let step = step.id.clone();
                return Flow::Lasts(State::Waiting {
                    step,
                    since: at,
                    due_at,
                });
            }
            Resolved::Past(past) => Some(past),
            Resolved::NoValue => None,
        };
        self.trace.push(Trace::NotWaited {
            journey: journey.id.clone(),
            step: step.id.clone(),
            past,
        });
        match if_past {
            IfPast::Continue => Flow::On(step.next),
            IfPast::Exit => Flow::End(EndReason::DatePassed),
            IfPast::Goto(to) => Flow::On(Some(to)),
        }
    }

    fn listen(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        paths: &[JourneyPath],
        at: Timestamp,
    ) -> Flow {
        let due_at = self
            .timeout(id, journey, paths, at)
            .map(|(due_at, _)| due_at);
        self.trace.push(Trace::Waits {
            journey: journey.id.clone(),
            step: step.id.clone(),
            due_at,
            zone: None,
        });
        let step = step.id.clone();
        Flow::Lasts(State::Listening {
            step,
            since: at,
            due_at,
        })
    }

    /// When the first of `paths` is admitted by time, and which.
    pub(super) fn timeout<'p>(
        &self,
        id: EnrollmentId,
        journey: &Journey,
        paths: &'p [JourneyPath],
        since: Timestamp,
    ) -> Option<(Timestamp, &'p JourneyPath)> {
        let run = self.contact.run(id)?;
        let zone = self.zone(Some(journey));
        let view = self.view_of(run, journey);
        let timed = paths.iter().filter_map(|path| {
            let Admission::After(wait) = &path.admission else {
                return None;
            };
            let resolved = calendar::resolve(wait, since, since, self.place(&zone), |path| {
                view.date(path)
            });
            let at = match resolved {
                Resolved::At(at) => self.scaled(since, at),
                // A date that has passed, or is not there, is not waited for.
                Resolved::Past(_) | Resolved::NoValue => since,
            };
            Some((at, path))
        });
        timed.min_by_key(|(at, _)| *at)
    }

    fn branch(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        paths: &[JourneyPath],
    ) -> Flow {
        let mut compared = Vec::new();
        for path in paths {
            let why = match &path.admission {
                Admission::If(condition) => {
                    let Some(run) = self.contact.run(id) else {
                        return Flow::On(step.next);
                    };
                    let verdict = condition::evaluate(condition, &self.view_of(run, journey));
                    let holds = verdict.holds;
                    compared.extend(super::listen::shortened(verdict));
                    holds.then(|| Admitted::If(compared.clone()))
                }
                Admission::Else => Some(Admitted::Else),
                Admission::Event(_) | Admission::After(_) | Admission::Weight { .. } => None,
            };
            if let Some(why) = why {
                return self.follow(id, journey, step, path, why);
            }
        }
        self.trace.push(Trace::NoPath {
            journey: journey.id.clone(),
            step: step.id.clone(),
            comparisons: compared,
        });
        Flow::On(step.next)
    }

    fn split(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        paths: &[JourneyPath],
        salt: &str,
    ) -> Flow {
        let known = self.contact.draws.get(salt);
        let before = known.and_then(|known| paths.iter().find(|path| path.id == *known));
        let why = if before.is_some() {
            Admitted::DrawnBefore
        } else {
            Admitted::Drawn
        };
        let Some(path) = before.or_else(|| pick(paths, drawn(self.contact.id, salt))) else {
            return Flow::On(step.next);
        };
        if known.is_none_or(|known| *known != path.id) {
            self.contact
                .to_mut()
                .draws
                .insert(salt.to_owned(), path.id.clone());
        }
        self.follow(id, journey, step, path, why)
    }

    fn follow(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        path: &JourneyPath,
        why: Admitted,
    ) -> Flow {
        self.trace.push(Trace::PathTaken {
            journey: journey.id.clone(),
            step: Some(step.id.clone()),
            path: path.id.clone(),
            why,
        });
        Flow::On(match path.then {
            Then::Below => step.next,
            Then::Steps(first) => Some(first),
            Then::Goto(goto) => self.go(id, &format!("{}/{}", step.id, path.id), goto, step.next),
        })
    }

    /// Where a `goto` leads: to its step, or on below when it has led there often enough.
    pub(super) fn go(
        &mut self,
        id: EnrollmentId,
        name: &str,
        goto: Goto,
        below: Option<StepIx>,
    ) -> Option<StepIx> {
        let Some(max) = goto.max else {
            return Some(goto.step);
        };
        let run = self.contact.to_mut().run_mut(id)?;
        let count = run.gotos.entry(name.to_owned()).or_default();
        if *count >= max {
            return below;
        }
        *count += 1;
        Some(goto.step)
    }

    /// The moment of a run's state has come.
    pub(super) fn state_due(&mut self, id: EnrollmentId, at: Timestamp) -> Result<(), DecideError> {
        let Some((journey, ix)) = self.stand(id)? else {
            return Ok(());
        };
        let (Some(run), Some(step)) = (self.contact.run(id), journey.step(ix)) else {
            return Ok(());
        };
        match run.state.clone() {
            State::Waiting { .. } => {
                self.trace.push(Trace::WaitOver {
                    journey: journey.id.clone(),
                    step: step.id.clone(),
                });
                self.run(id, step.next, at)
            }
            State::Listening { since, .. } => {
                let paths = step.verb.paths();
                match self.timeout(id, &journey, paths, since) {
                    Some((_, path)) => self.take(id, &step.id, path, Admitted::After, at),
                    None => self.run(id, step.next, at),
                }
            }
            State::Held { since, .. } => self.held_due(id, &journey, step, since, at),
            State::Parked { .. } => {
                self.end(id, EndReason::Failed);
                Ok(())
            }
            State::Sending { .. } | State::Asking { .. } => Ok(()),
        }
    }

    /// The run is over. Its goal may still count.
    pub(super) fn end(&mut self, id: EnrollmentId, reason: EndReason) {
        let Some(place) = self.contact.enrollments.iter().position(|run| run.id == id) else {
            return;
        };
        let run = self.contact.to_mut().enrollments.remove(place);
        if reason != EndReason::Goal && run.goal_at.is_none() {
            self.watch_goal(&run);
        }
        self.dirty(&format!("in_journey {}", run.journey));
        self.trace.push(Trace::Ended {
            journey: run.journey,
            enrollment: id,
            reason,
        });
    }
}

/// A number from 0 to 9,999, the same for a contact and a salt for ever.
pub fn drawn(contact: crate::id::ContactKey, salt: &str) -> u16 {
    let [a, b, c, d, ..] = crate::id::derive("draw", &[contact.as_bytes(), salt.as_bytes()]);
    let number = u32::from_be_bytes([a, b, c, d]) % 10_000;
    u16::try_from(number).unwrap_or_default()
}

/// The path of a split in whose share `number` lies.
pub fn pick(paths: &[JourneyPath], number: u16) -> Option<&JourneyPath> {
    let mut upto = 0;
    paths.iter().find(|path| {
        if let Admission::Weight { share, .. } = &path.admission {
            upto += share.0;
        }
        number < upto
    })
}

/// The steps that can come after the one at `from`.
pub(super) fn reachable(journey: &Journey, from: StepIx) -> BTreeSet<StepIx> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(ix) = open.pop() {
        for next in journey.step(ix).into_iter().flat_map(Step::leads_to) {
            if found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}
