//! Runs: what begins a step, what ends one, and where life goes on.

use std::time::Duration;

use super::{DecideError, Deciding};
use crate::calendar::{self, ClosedDays, DateValue, Place, Resolved};
use crate::contact::Email;
use crate::enrollment::{Enrollment, State};
use crate::id::{EnrollmentId, SendId};
use crate::identity::Channel;
use crate::input::SendOutcome;
use crate::log::{Effect, EndReason, Trace};
use crate::phrase::Wait;
use crate::release::{IfPast, Journey, Verb};
use crate::send::SendRequest;
use crate::time::Timestamp;
use crate::zone::Zone;

/// A message older than this is not worth sending.
const EMAIL_EXPIRES_AFTER: Duration = Duration::from_hours(2 * 24);
/// The attribute that names the contact's zone (Segment's `context.timezone`).
const TIMEZONE: &str = "timezone";

impl Deciding<'_> {
    /// A send is over: its run goes on from the moment the message left or was skipped.
    pub(super) fn settle(&mut self, over: &SendOutcome) -> Result<(), DecideError> {
        if !self.contact.waits_for(over.enrollment, over.send) {
            self.trace.push(Trace::OutcomeUnclaimed(over.send));
            return Ok(());
        }
        let Some((journey, step, next)) = self.position(over.enrollment)? else {
            return Ok(());
        };
        let outcome = over.outcome.clone();
        self.trace.push(Trace::SendEnded {
            journey,
            step,
            send: over.send,
            outcome,
        });
        self.run(over.enrollment, next, over.at)
    }

    /// Fires timers in the order of their times. Each firing moves its run forward, so this ends.
    pub(super) fn run_timers(
        &mut self,
        is_due: impl Fn(Timestamp) -> bool,
    ) -> Result<(), DecideError> {
        loop {
            let runs = self.contact.enrollments.iter();
            let due = runs.filter_map(|run| run.due_at().map(|due_at| (due_at, run.id)));
            let Some((due_at, enrollment)) = due.filter(|(due_at, _)| is_due(*due_at)).min() else {
                return Ok(());
            };
            let Some((journey, step, next)) = self.position(enrollment)? else {
                continue;
            };
            self.trace.push(Trace::WaitOver { journey, step });
            self.run(enrollment, next, due_at)?;
        }
    }

    /// The journey, the step at which a run stands, and the index of the one after it. A run whose step is gone ends.
    fn position(
        &mut self,
        enrollment: EnrollmentId,
    ) -> Result<Option<(String, String, usize)>, DecideError> {
        let Some(run) = self
            .contact
            .enrollments
            .iter()
            .find(|run| run.id == enrollment)
        else {
            return Ok(None);
        };
        let journey = self.version_of(run)?;
        if let Some(index) = journey.steps.iter().position(|step| step.id == run.step()) {
            return Ok(Some((
                run.journey.clone(),
                run.step().to_owned(),
                index + 1,
            )));
        }
        self.end(enrollment, EndReason::StepMissing);
        Ok(None)
    }

    fn version_of(&self, run: &Enrollment) -> Result<std::sync::Arc<Journey>, DecideError> {
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

    /// Begins steps from the one at `index` on, as of `at`, until one of them lasts.
    pub(super) fn run(
        &mut self,
        enrollment: EnrollmentId,
        index: usize,
        mut at: Timestamp,
    ) -> Result<(), DecideError> {
        let Some(place) = self
            .contact
            .enrollments
            .iter()
            .position(|run| run.id == enrollment)
        else {
            return Ok(());
        };
        let Some(mut run) = self.contact.enrollments.get(place).cloned() else {
            return Ok(());
        };
        let journey = self.version_of(&run)?;
        for step in journey.steps.iter().skip(index) {
            run.steps_begun += 1;
            let lasting = match &step.verb {
                Verb::Email { template } => Some(self.request(&run, &step.id, template)),
                Verb::Wait { wait, if_past } => {
                    let zone = self.zone();
                    let Some(due_at) = self.due_at(&run, &step.id, wait, at, &zone) else {
                        if *if_past == IfPast::Continue {
                            continue;
                        }
                        self.end(enrollment, EndReason::DatePassed);
                        return Ok(());
                    };
                    at = due_at;
                    let zone = Some(zone).filter(|_| !matches!(wait, Wait::Exact(_)));
                    (at > self.now).then(|| self.wait(&run, &step.id, at, zone))
                }
            };
            if let Some(state) = lasting {
                run.state = state;
                if let Some(stored) = self.contact.enrollments.get_mut(place) {
                    *stored = run;
                }
                return Ok(());
            }
        }
        self.end(enrollment, EndReason::Completed);
        Ok(())
    }

    /// The zone in which the contact lives: as it says, else the project's, else UTC.
    pub(super) fn zone(&self) -> Zone {
        let said = self.contact.attributes.get(TIMEZONE);
        let said = said.and_then(|said| said.value.expose().as_str());
        said.and_then(Zone::parse)
            .or_else(|| self.context.release.project.zone.clone())
            .unwrap_or(Zone::utc())
    }

    /// When a wait that begins at `at` is over; none, with its trace, if its date has passed or is not known.
    fn due_at(
        &mut self,
        run: &Enrollment,
        step: &str,
        wait: &Wait,
        at: Timestamp,
        zone: &Zone,
    ) -> Option<Timestamp> {
        let attributes = &self.contact.attributes;
        let resolved = calendar::resolve(wait, at, self.now, place(zone), |path| {
            // The definitions' reader lets only dates of the contact through.
            let attribute = attributes.get(path.name())?;
            DateValue::read(attribute.value.expose())
        });
        let past = match resolved {
            Resolved::At(due_at) => return Some(due_at),
            Resolved::Past(past) => Some(past),
            Resolved::NoValue => None,
        };
        self.trace.push(Trace::NotWaited {
            journey: run.journey.clone(),
            step: step.to_owned(),
            past,
        });
        None
    }

    fn wait(
        &mut self,
        run: &Enrollment,
        step: &str,
        due_at: Timestamp,
        zone: Option<Zone>,
    ) -> State {
        let journey = run.journey.clone();
        self.trace.push(Trace::Waits {
            journey,
            step: step.to_owned(),
            due_at,
            zone,
        });
        State::Waiting {
            step: step.to_owned(),
            due_at,
        }
    }

    fn request(&mut self, run: &Enrollment, step: &str, template: &str) -> State {
        let send = SendId::of(run.id, step, run.steps_begun);
        let email = self.contact.email.as_ref();
        let key = |email: &Email| {
            email
                .address
                .permission_key(Channel::Email, self.context.secret)
        };
        let request = SendRequest {
            send,
            contact: self.contact.id,
            enrollment: run.id,
            journey: run.journey.clone(),
            version: run.version,
            step: step.to_owned(),
            template: template.to_owned(),
            channel: Channel::Email,
            permission: email.map(key),
            requested_at: self.now,
            expires_at: self.now.plus(EMAIL_EXPIRES_AFTER),
        };
        self.effects.push(Effect::Send(Box::new(request)));
        self.trace.push(Trace::SendRequested {
            journey: run.journey.clone(),
            step: step.to_owned(),
            template: template.to_owned(),
            send,
        });
        State::Sending {
            step: step.to_owned(),
            send,
        }
    }

    fn end(&mut self, enrollment: EnrollmentId, reason: EndReason) {
        let runs = &mut self.contact.enrollments;
        if let Some(place) = runs.iter().position(|run| run.id == enrollment) {
            let journey = runs.remove(place).journey;
            self.trace.push(Trace::Ended {
                journey,
                enrollment,
                reason,
            });
        }
    }
}

/// Where calendar phrases are read. No file declares closed days yet.
pub(super) fn place(zone: &Zone) -> Place<'_> {
    static CLOSED: ClosedDays = ClosedDays::NONE;
    Place {
        zone,
        closed: &CLOSED,
    }
}
