//! Contact × input × release × now → decision.
//!
//! Pure and total: the same arguments give the same answer, and every input gets one. `wend_app::evaluate` loads the
//! arguments and stores the answer in one transaction.
//!
//! The order inside one input: timers due before it · identity, attributes, consent · the run it is about · entries, by the
//! journeys' names · timers due by now.

mod entry;

use std::time::Duration;

use serde_json::Value;

use crate::calendar::{self, ClosedDays, DateValue, Place, Resolved};
use crate::contact::{Attribute, CONTACT_BYTES_MAX, Contact, Email};
use crate::enrollment::{Enrollment, State};
use crate::id::{ContactKey, EnrollmentId, SendId};
use crate::identity::{Channel, EmailAddress, Identity, IdentityKind, IdentitySecret};
use crate::input::{Envelope, Event, Input, Properties, SendOutcome};
use crate::log::{Effect, EndReason, INPUT_AGE_MAX, LogRow, NotEntered, Refusal, Trace};
use crate::permission::{Consent, ConsentChange};
use crate::personal::Personal;
use crate::phrase::Wait;
use crate::release::{IfPast, Journey, JourneyState, Reentry, Release, Verb};
use crate::send::SendRequest;
use crate::time::Timestamp;
use crate::zone::Zone;

/// A message older than this is not worth sending.
const EMAIL_EXPIRES_AFTER: Duration = Duration::from_hours(2 * 24);
/// An event older than this starts nothing.
const TRIGGER_AGE_MAX: Duration = Duration::from_hours(24);
/// Most names of one contact: a shared device or a script that draws ids must not grow the aggregate.
const IDENTITIES_MAX: usize = 50;
/// Attributes that are not kept as such: `email` is the address, consent stands in the permission row.
const SUBSCRIBED: &str = "subscribed";
const UNSUBSCRIBED: &str = "unsubscribed";
/// The attribute that names the contact's zone; Segment's `context.timezone` sets it.
const TIMEZONE: &str = "timezone";

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

    /// Identity, address, attributes, consent.
    fn learn(&mut self, event: &Event) {
        let traits = event.traits.expose();
        self.learn_address(event, traits);
        for identity in std::iter::once(&event.address).chain(&event.also) {
            self.link(identity);
        }
        let earlier_topics = self.topics_said(SUBSCRIBED);
        let earlier_refusals = self.topics_said(UNSUBSCRIBED);
        self.learn_attributes(event, traits);
        self.consent(SUBSCRIBED, true, &earlier_topics, event.occurred_at);
        self.consent(UNSUBSCRIBED, false, &earlier_refusals, event.occurred_at);
    }

    /// A public key sets an address only where there is none.
    fn learn_address(&mut self, event: &Event, traits: &Properties) {
        let Some(address) = traits
            .get("email")
            .and_then(Value::as_str)
            .and_then(EmailAddress::parse)
        else {
            return;
        };
        match &self.contact.email {
            None => {
                self.contact.email = Some(Email {
                    address,
                    at: event.occurred_at,
                });
                self.trace.push(Trace::AddressSet);
            }
            Some(known) if known.address.identity() == address.identity() => {}
            Some(_) => self.trace.push(Trace::AddressKept),
        }
    }

    fn link(&mut self, identity: &Identity) {
        let contact = &mut self.contact;
        let is_own_address = || {
            contact
                .email
                .as_ref()
                .is_some_and(|email| email.address.identity() == *identity)
        };
        let is_linkable = identity.kind != IdentityKind::Email || is_own_address();
        if self.taken.contains(identity) {
            self.trace.push(Trace::NotLinked(identity.kind));
            return;
        }
        let is_new = !contact.identities.contains(identity);
        if is_new && is_linkable && contact.identities.len() < IDENTITIES_MAX {
            contact.identities.push(identity.clone());
            if identity.key(self.context.secret) != contact.id {
                self.new_identities.push(identity.clone());
                self.trace.push(Trace::Linked(identity.kind));
            }
        }
    }

    /// Last writer by time; `null` removes. A value it had already is no change.
    fn learn_attributes(&mut self, event: &Event, traits: &Properties) {
        let mut changed = Vec::new();
        for (name, value) in traits.iter().filter(|(name, _)| *name != "email") {
            let at = event.occurred_at;
            let known = self.contact.attributes.get(name);
            let is_news = known.is_none_or(|known| known.at <= at && known.value.expose() != value);
            if !is_news || (known.is_none() && value.is_null()) {
                continue;
            }
            let attribute = Attribute {
                value: Personal::new(value.clone()),
                at,
            };
            self.contact.attributes.insert(name.clone(), attribute);
            changed.push(name.clone());
        }
        if !changed.is_empty() {
            self.trace.push(Trace::AttributesSet(changed));
        }
    }

    /// The topics in the list attribute `name`.
    fn topics_said(&self, name: &str) -> Vec<String> {
        let said = self
            .contact
            .attributes
            .get(name)
            .map(|attribute| attribute.value.expose());
        let items = said
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// Consent is said when a topic comes to the list. A site that repeats the same list at every page view says nothing
    /// new, so it cannot undo an unsubscribe.
    fn consent(&mut self, list: &str, opted_in: bool, earlier: &[String], at: Timestamp) {
        for topic in self.topics_said(list) {
            if earlier.contains(&topic) {
                continue;
            }
            if !self.context.release.project.topics.contains_key(&topic) {
                self.trace.push(Trace::UnknownTopic(topic));
                continue;
            }
            let Some(email) = &self.contact.email else {
                self.trace.push(Trace::ConsentWithoutAddress(topic));
                continue;
            };
            let permission = email
                .address
                .permission_key(Channel::Email, self.context.secret);
            let consent = Consent { opted_in, at };
            let change = ConsentChange {
                permission,
                topic: topic.clone(),
                consent,
            };
            self.effects.push(Effect::Consent(change));
            self.trace.push(Trace::Consent { topic, opted_in });
        }
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
                self.now >= calendar::after(pause, *entered_at, place(&self.zone()))
            }
        };
        (!may_enter).then_some(NotEntered::Reentry)
    }

    /// A send is over: its run goes on from the moment the message left or was skipped.
    fn settle(&mut self, over: &SendOutcome) -> Result<(), DecideError> {
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
    fn run_timers(&mut self, is_due: impl Fn(Timestamp) -> bool) -> Result<(), DecideError> {
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
    fn run(
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
    fn zone(&self) -> Zone {
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

/// Where calendar phrases are read. No file declares closed days yet.
fn place(zone: &Zone) -> Place<'_> {
    static CLOSED: ClosedDays = ClosedDays::NONE;
    Place {
        zone,
        closed: &CLOSED,
    }
}

#[cfg(test)]
mod tests;
