//! Contact × input × release × now → decision.
//!
//! Pure and total: the same arguments give the same answer, and every input gets one. `wend_app::evaluate` loads the
//! arguments and stores the answer in one transaction.
//!
//! The order inside one input: timers due before it · identity, attributes, consent · the run it is about · entries, by the
//! journeys' names · timers due by now.

mod entry;
mod learn;
mod run;

use std::time::Duration;

use crate::calendar;
use crate::contact::{CONTACT_BYTES_MAX, Contact};
use crate::enrollment::{Enrollment, State};
use crate::id::{ContactKey, EnrollmentId};
use crate::identity::{Identity, IdentityKind, IdentitySecret};
use crate::input::{Envelope, Event, Input};
use crate::log::{Effect, INPUT_AGE_MAX, LogRow, NotEntered, Refusal, Trace};
use crate::release::{Journey, JourneyState, Reentry, Release};
use crate::time::Timestamp;

/// An event older than this starts nothing.
const TRIGGER_AGE_MAX: Duration = Duration::from_hours(24);
/// What a decision is made with, beside the contact and the input.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// All published definitions.
    pub release: &'a Release,
    /// The secret under which names and addresses are hashed.
    pub secret: &'a IdentitySecret,
    /// The clock. The decision's `now` is the latest of it, the input's time and the contact's last time.
    pub clock: Timestamp,
}

/// Who an input is about, as it was read.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The contact's id: the key that the message's address leads to.
    pub id: ContactKey,
    /// The contact, if it is stored.
    pub contact: Option<Contact>,
    /// When it was erased, if it was.
    pub erased_at: Option<Timestamp>,
    /// Names that turned out to belong to somebody else; they are not linked.
    pub taken: Vec<Identity>,
}

/// What an input leads to.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The contact after the input.
    pub contact: Option<Contact>,
    /// Whether it differs from the one that was read, so that it must be written.
    pub is_changed: bool,
    /// Names under which nothing pointed to the contact before.
    pub new_identities: Vec<Identity>,
    /// The row. None for a wake that is not the contact's due time: it is dropped and not logged as applied.
    pub row: Option<LogRow>,
}

/// An input fails for a bug or a missing part, not on its merits. It is set aside and can be redriven after the fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// A run follows a journey version that the release does not hold.
    #[error(
        "run {enrollment} of journey `{journey}` follows a version that release {release} does not hold"
    )]
    VersionMissing {
        /// The run.
        enrollment: EnrollmentId,
        /// Its journey.
        journey: String,
        /// The release in use.
        release: u64,
    },
    /// The contact cannot be packed.
    #[error("contact {contact} cannot be packed: {why}")]
    NotPacked {
        /// The contact.
        contact: ContactKey,
        /// The encoder's words.
        why: String,
    },
}

/// Applies one input.
///
/// A late or repeated input is not an error: it changes nothing and has no effects.
pub fn decide(
    subject: Subject,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Decision, DecideError> {
    let input = &envelope.input;
    let due_at = subject.contact.as_ref().and_then(|contact| contact.due_at);
    if let Input::Wake(wake) = input
        && due_at != Some(wake.due_at)
    {
        return Ok(Decision {
            contact: subject.contact,
            is_changed: false,
            new_identities: Vec::new(),
            row: None,
        });
    }
    let last_at = subject
        .contact
        .as_ref()
        .map_or(context.clock, |contact| contact.last_at);
    let now = context.clock.max(input.at()).max(last_at);
    if let Some(refusal) = refusal(&subject, envelope, now) {
        return Ok(refused(&subject, envelope, refusal, now, context));
    }
    let contact = subject.contact.clone();
    let mut deciding = Deciding {
        context,
        now,
        contact: contact.unwrap_or_else(|| Contact::new(subject.id, now)),
        taken: &subject.taken,
        new_identities: Vec::new(),
        trace: Vec::new(),
        effects: Vec::new(),
    };
    if subject.contact.is_none() {
        deciding.trace.push(Trace::Created);
    }
    deciding.apply(envelope)?;
    deciding.finish(&subject, envelope)
}

fn refusal(subject: &Subject, envelope: &Envelope, now: Timestamp) -> Option<Refusal> {
    if subject
        .erased_at
        .is_some_and(|erased_at| envelope.accepted_at <= erased_at)
    {
        return Some(Refusal::Erased);
    }
    (now.since(envelope.accepted_at) > INPUT_AGE_MAX).then_some(Refusal::TooOld)
}

fn refused(
    subject: &Subject,
    envelope: &Envelope,
    refusal: Refusal,
    now: Timestamp,
    context: Context<'_>,
) -> Decision {
    let row = LogRow {
        partition: envelope.input.partition(context.secret),
        id: envelope.input.id(),
        contact: subject.id,
        rev: subject.contact.as_ref().map_or(0, |contact| contact.rev),
        at: now,
        accepted_at: envelope.accepted_at,
        input: envelope.input.clone(),
        refusal: Some(refusal),
        trace: Vec::new(),
        effects: Vec::new(),
    };
    let contact = subject.contact.clone();
    Decision {
        contact,
        is_changed: false,
        new_identities: Vec::new(),
        row: Some(row),
    }
}

/// A decision being made.
struct Deciding<'a> {
    context: Context<'a>,
    now: Timestamp,
    contact: Contact,
    taken: &'a [Identity],
    new_identities: Vec<Identity>,
    trace: Vec<Trace>,
    effects: Vec<Effect>,
}

impl Deciding<'_> {
    fn apply(&mut self, envelope: &Envelope) -> Result<(), DecideError> {
        match &envelope.input {
            Input::Event(event) => {
                // An event wins over a timeout of the same instant.
                self.run_timers(|due_at| due_at < event.occurred_at)?;
                self.learn(event);
                self.enter_all(event)?;
            }
            Input::Outcome(outcome) => {
                self.run_timers(|due_at| due_at < outcome.at)?;
                self.settle(outcome)?;
            }
            Input::Wake(_) => {}
        }
        let now = self.now;
        self.run_timers(|due_at| due_at <= now)
    }

    /// The decision, with the contact's due time re-armed and its size checked.
    fn finish(mut self, subject: &Subject, envelope: &Envelope) -> Result<Decision, DecideError> {
        self.rearm(matches!(envelope.input, Input::Wake(_)));
        let is_changed = match &subject.contact {
            Some(before) => *before != self.contact,
            None => self.is_worth_storing(),
        };
        if is_changed {
            self.contact.last_at = self.now;
            self.contact.release = self.contact.release.max(self.context.release.number);
            let packed = self
                .contact
                .pack()
                .map_err(|error| DecideError::NotPacked {
                    contact: subject.id,
                    why: error.to_string(),
                })?;
            let is_event = matches!(envelope.input, Input::Event(_));
            if is_event && packed.len() > CONTACT_BYTES_MAX {
                let refusal = Refusal::ContactTooLarge;
                return Ok(refused(subject, envelope, refusal, self.now, self.context));
            }
        }
        let row = LogRow {
            partition: envelope.input.partition(self.context.secret),
            id: envelope.input.id(),
            contact: self.contact.id,
            rev: self.contact.rev + u64::from(is_changed),
            at: self.now,
            accepted_at: envelope.accepted_at,
            input: envelope.input.clone(),
            refusal: None,
            trace: self.trace,
            effects: self.effects,
        };
        let contact = if is_changed {
            Some(self.contact)
        } else {
            subject.contact.clone()
        };
        let new_identities = if is_changed {
            self.new_identities
        } else {
            Vec::new()
        };
        Ok(Decision {
            contact,
            is_changed,
            new_identities,
            row: Some(row),
        })
    }

    /// An anonymous visitor of whom nothing is known costs one log row.
    fn is_worth_storing(&self) -> bool {
        let contact = &self.contact;
        let is_named = contact
            .identities
            .iter()
            .any(|name| name.kind != IdentityKind::Anonymous);
        is_named || !contact.attributes.is_empty() || !contact.entries.is_empty()
    }

    fn enter_all(&mut self, event: &Event) -> Result<(), DecideError> {
        let Some(name) = event.kind.event_name() else {
            return Ok(());
        };
        let release = self.context.release;
        let listeners = release.listeners(name);
        if listeners.is_empty() {
            self.trace.push(Trace::NobodyListens(name.to_owned()));
        }
        for journey in listeners {
            self.enter(journey, event)?;
        }
        Ok(())
    }

    fn enter(&mut self, id: &str, event: &Event) -> Result<(), DecideError> {
        let release = self.context.release;
        let Some((version, journey)) = release.journey(id) else {
            return Ok(());
        };
        let world = entry::World::new(&self.contact, event, self.now, self.zone());
        let why = entry::unmatched(journey, event, &world)
            .or_else(|| self.closed_to(journey, event))
            .or_else(|| entry::unfit(journey, &world));
        if let Some(why) = why {
            self.trace.push(Trace::NotEntered {
                journey: id.to_owned(),
                why,
            });
            return Ok(());
        }
        let enrollment = EnrollmentId::of(self.contact.id, id, event.id);
        self.trace.push(Trace::Entered {
            journey: id.to_owned(),
            enrollment,
        });
        self.contact.entries.insert(id.to_owned(), self.now);
        self.contact.enrollments.push(Enrollment {
            id: enrollment,
            journey: id.to_owned(),
            version,
            entered_at: self.now,
            trigger: event.id,
            steps_begun: 0,
            // Replaced at once: the run below begins the first step.
            state: State::Waiting {
                step: String::new(),
                due_at: self.now,
            },
        });
        self.run(enrollment, 0, self.now)
    }

    /// Why `journey` takes nobody now.
    fn closed_to(&self, journey: &Journey, event: &Event) -> Option<NotEntered> {
        match journey.state {
            JourneyState::Draft | JourneyState::Closed => return Some(NotEntered::NotOpen),
            JourneyState::Live | JourneyState::Rehearsal => {}
        }
        if self.now.since(event.occurred_at) > TRIGGER_AGE_MAX {
            return Some(NotEntered::EventTooOld);
        }
        if self
            .contact
            .enrollments
            .iter()
            .any(|run| run.journey == journey.id)
        {
            return Some(NotEntered::AlreadyInside);
        }
        let entered_at = self.contact.entries.get(&journey.id)?;
        let may_enter = match journey.reentry {
            Reentry::Never => false,
            Reentry::Always => true,
            Reentry::After(pause) => {
                self.now >= calendar::after(pause, *entered_at, run::place(&self.zone()))
            }
        };
        (!may_enter).then_some(NotEntered::Reentry)
    }

    /// Moves the due time: to an earlier timer at once, to a later one only when the old time has come. A due time that
    /// is too early costs one wake; moving it at each change would cost two index writes.
    fn rearm(&mut self, is_wake: bool) {
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
            self.contact.due_at = due_at;
            self.effects
                .extend(due_at.map(|due_at| Effect::Wake { due_at }));
        }
    }
}

#[cfg(test)]
mod tests;
