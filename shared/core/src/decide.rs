//! Contact × input × release × now → decision.
//!
//! Pure and total: the same arguments give the same answer, and every input gets one. `wend_app::evaluate` loads the
//! arguments and stores the answer in one transaction.
//!
//! The order inside one input:
//! 0. timers due before it;
//! 1. identity, attributes, consent;
//! 2. facts, computed attributes, scores, segments;
//! 3. each run, oldest first: goal, exits, wait paths;
//! 4. entries, by priority, then by name; of each journey the first trigger that matches;
//! 5. derived events (thresholds, `emit`, segments and lists) as further inputs of the same decision, at most
//!    [`DERIVED_MAX`] of them and [`DEPTH_MAX`] deep;
//! 6. timers due by now.
//!
//! An event never moves the run that it has just started.

mod acts;
mod admission;
mod consents;
mod coupons;
mod entry;
mod facts;
mod feedback;
mod finish;
mod goals;
pub mod inspect;
mod join;
mod learn;
mod listen;
mod merge;
mod migrate;
mod plan;
mod run;
mod schedules;
mod score;
mod segments;
mod signal;
mod subject;
mod timers;
mod verbs;
mod view;

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use crate::contact::Contact;
use crate::id::{ContactKey, EnrollmentId, InputId, SendId, derive};
use crate::identity::Identity;
use crate::input::{CommandKind, Envelope, Event, Input, Properties};
use crate::log::{Effect, INPUT_AGE_MAX, Refusal, Trace};
use crate::release::{EventSource, UnknownEvents};
use crate::time::Timestamp;
use finish::{Finished, row, unchanged};
use join::Joined;
use signal::{Happening, Signal, happening};
use view::View;

pub use join::looks_up;
pub use merge::{One, merge};
pub use run::{drawn, pick};
pub use subject::{Context, DecideError, Decision, Other, Repointed, Subject};

/// Most derived events of one input; the others are cut, with a line in the trace.
pub const DERIVED_MAX: u32 = 16;
/// How deep derived events may derive others.
pub const DEPTH_MAX: u8 = 4;
/// The event of every activity of the contact itself: what it did, its clicks, its answers; never opens.
const ANY_ACTIVITY: &str = "any_activity";

/// Applies one input.
///
/// A late or repeated input is not an error: it changes nothing and has no effects.
pub fn decide(
    mut subject: Subject,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Decision, DecideError> {
    let input = &envelope.input;
    let due_at = subject.contact.as_ref().and_then(|contact| contact.due_at);
    if let Input::Wake(wake) = input
        && due_at != Some(wake.due_at)
    {
        return Ok(unchanged(subject, None));
    }
    let now = now(&subject, input, context);
    if let Some(refusal) = refusal(&subject, envelope, now) {
        let partition = input.partition(context.secret);
        let row = row(envelope, partition, &subject, now, Some(refusal));
        return Ok(unchanged(subject, Some(row)));
    }
    let (Input::Event(event), false) = (input, subject.others.is_empty()) else {
        return decide_joined(subject, &Joined::default(), envelope, context);
    };
    let mut together = subject.clone();
    let joined = join::join(&mut together, event, now, context)?;
    let decision = decide_joined(together, &joined, envelope, context)?;
    let is_refused = decision
        .row
        .as_ref()
        .is_some_and(|row| row.refusal.is_some());
    if joined.is_joined() && is_refused {
        // Together they and what it says are too much: it counts for the one that it was sent to.
        let apart = join::keep_apart(&mut subject);
        return decide_joined(subject, &apart, envelope, context);
    }
    Ok(decision)
}

/// A decision's `now`: the latest of the clock, the input's time and the contact's last time.
fn now(subject: &Subject, input: &Input, context: Context<'_>) -> Timestamp {
    let contact = subject.contact.as_ref();
    let last_at = contact.map_or(context.clock, |contact| contact.last_at);
    context.clock.max(input.at()).max(last_at)
}

/// Applies one input to a contact with whom its names have been put together.
fn decide_joined(
    subject: Subject,
    joined: &Joined,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Decision, DecideError> {
    let input = &envelope.input;
    let now = now(&subject, input, context);
    let mut deciding = Deciding::new(&subject, joined, input, now, context);
    deciding.note_join();
    deciding.apply(envelope)?;
    let is_touch = matches!(input, Input::Command(command) if command.kind == CommandKind::Touch);
    if is_touch || matches!(deciding.contact, Cow::Owned(_)) {
        deciding.expect_schedules();
    }
    deciding.close_abandoned(&subject);
    if let Input::Outcome(over) = input {
        deciding.ask_no_more(over.send);
    }
    deciding.rearm(matches!(input, Input::Wake(_)));
    match deciding.finish(&subject, envelope)? {
        Finished::Changed(decision) => Ok(*decision),
        Finished::Unchanged(row) => Ok(unchanged(subject, Some(*row))),
    }
}

fn refusal(subject: &Subject, envelope: &Envelope, now: Timestamp) -> Option<Refusal> {
    let erased = subject.others.iter().filter_map(|other| other.erased_at);
    let mut erased = subject.erased_at.into_iter().chain(erased);
    if erased.any(|erased_at| envelope.accepted_at <= erased_at) {
        return Some(Refusal::Erased);
    }
    (now.since(envelope.accepted_at) > INPUT_AGE_MAX).then_some(Refusal::TooOld)
}

/// A decision being made.
struct Deciding<'a> {
    context: Context<'a>,
    now: Timestamp,
    /// The moment as of which rules are looked at: a timer's own while it fires, else `now`.
    moment: Timestamp,
    contact: Cow<'a, Contact>,
    joined: &'a Joined,
    new_identities: Vec<Identity>,
    /// The input, for derived ids, and the partition of its log row.
    input: InputId,
    partition: ContactKey,
    is_import: bool,
    /// Who said what is being decided on, where anybody could have.
    public_source: Option<&'a str>,
    /// Whether the contact is heard of for the first time.
    is_new: bool,
    signals: VecDeque<(u8, Signal<'a>)>,
    depth: u8,
    derived: u32,
    steps_begun: u32,
    /// Whether something has changed since conditions of runs were last looked at.
    is_stirred: bool,
    /// The message that this input gives back.
    given_back: Option<SendId>,
    /// The run whose step is being begun: what it does to the contact does not end it.
    stepping: Option<EnrollmentId>,
    /// What has changed, in the words of [`crate::release::Index::watchers`].
    dirty: BTreeSet<String>,
    trace: Vec<Trace>,
    effects: Vec<Effect>,
}

impl<'a> Deciding<'a> {
    fn new(
        subject: &'a Subject,
        joined: &'a Joined,
        input: &Input,
        now: Timestamp,
        context: Context<'a>,
    ) -> Self {
        let contact = match &subject.contact {
            Some(contact) => Cow::Borrowed(contact),
            None => Cow::Owned(Contact::new(subject.id, now)),
        };
        let mut deciding = Self {
            context,
            now,
            moment: now,
            contact,
            joined,
            new_identities: Vec::new(),
            input: input.id(),
            partition: input.partition(context.secret),
            is_import: false,
            public_source: None,
            is_new: subject.contact.is_none(),
            signals: VecDeque::new(),
            depth: 0,
            derived: 0,
            steps_begun: 0,
            is_stirred: false,
            given_back: None,
            stepping: None,
            dirty: BTreeSet::new(),
            trace: Vec::new(),
            effects: Vec::new(),
        };
        if subject.contact.is_none() {
            deciding.trace.push(Trace::Created);
        }
        deciding
    }

    fn apply(&mut self, envelope: &'a Envelope) -> Result<(), DecideError> {
        let before = self.contact.release;
        if before < self.context.release.number && !self.contact.enrollments.is_empty() {
            self.migrate()?;
        }
        // An event wins over a timeout of the same instant.
        let at = envelope.input.at();
        if !matches!(envelope.input, Input::Wake(_)) {
            self.run_timers(|due_at| due_at < at)?;
        }
        let is_new_release = before < self.context.release.number;
        if is_new_release && !self.is_new {
            self.rebase(false);
            self.enroll_existing()?;
        }
        match &envelope.input {
            Input::Event(event) => {
                self.settle_join()?;
                self.is_import = event.is_import;
                self.public_source = event.public_source.as_deref();
                self.take_in(event);
                self.watch_segments();
            }
            Input::Outcome(outcome) => self.settle(outcome)?,
            Input::Held(held) => self.hold_back(held)?,
            Input::Feedback(feedback) => self.take_feedback(feedback),
            Input::Consent(said) => self.take_consent(said),
            Input::Answer(answer) => self.take_answer(answer)?,
            Input::Command(command) => self.obey(command)?,
            Input::Wake(_) => {}
        }
        if is_new_release && self.is_new {
            self.rebase(true);
        }
        self.is_import = false;
        self.hear_input()?;
        let now = self.now;
        self.run_timers(|due_at| due_at <= now)?;
        self.hear_all()
    }

    /// What is said about the contact, and the event as a signal.
    fn take_in(&mut self, event: &'a Event) {
        self.learn(event);
        if self.is_new && self.is_worth_storing() && !event.is_import {
            self.push(Signal::Event(Happening {
                name: Cow::Borrowed("contact_created"),
                is_activity: false,
                properties: Cow::Owned(Properties::new()),
                at: event.occurred_at,
                id: event.id,
            }));
        }
        let Some(name) = event.kind.event_name() else {
            return;
        };
        let project = &self.context.release.project;
        let name = project.aliases.get(name).map_or(name, String::as_str);
        if !project.plans_event(name) && project.unknown_events == UnknownEvents::Refuse {
            self.trace.push(Trace::Refused {
                what: name.to_owned(),
                why: "not in the tracking plan (wend.yaml, `events`)".to_owned(),
            });
            return;
        }
        let who = project.events.get(name).and_then(|rule| rule.from);
        let why = match who {
            Some(EventSource::Server) if self.public_source.is_some() => {
                "only a server may send it"
            }
            Some(EventSource::Browser) if self.public_source.is_none() => {
                "only a browser may send it"
            }
            Some(EventSource::Server | EventSource::Browser) | None => "",
        };
        if !why.is_empty() {
            self.trace.push(Trace::Refused {
                what: name.to_owned(),
                why: format!("{why} (wend.yaml, `from`)"),
            });
            return;
        }
        if !self.context.release.reads_event(name) {
            self.trace.push(Trace::NobodyListens(name.to_owned()));
            if !self.context.release.reads_event(ANY_ACTIVITY) {
                return;
            }
        }
        let happening = Happening {
            name: Cow::Borrowed(name),
            is_activity: true,
            properties: Cow::Borrowed(event.properties.expose()),
            at: event.occurred_at,
            id: event.id,
        };
        if event.is_import {
            // History counts and moves nobody.
            self.count(&happening);
        } else {
            self.push(Signal::Event(happening));
        }
    }

    /// A signal of the input itself.
    fn push(&mut self, signal: Signal<'a>) {
        self.signals.push_back((self.depth, signal));
    }

    /// A signal that another one led to; false if it is cut.
    fn derive(&mut self, what: &str, signal: Signal<'a>) -> bool {
        if self.derived >= DERIVED_MAX || self.depth >= DEPTH_MAX {
            self.trace.push(Trace::CascadeLimit(what.to_owned()));
            return false;
        }
        self.derived += 1;
        self.signals.push_back((self.depth + 1, signal));
        true
    }

    /// An event that Wend makes.
    fn emit(&mut self, name: &str, properties: Properties) {
        let count = self.derived.to_be_bytes();
        let id = InputId::from_bytes(derive(
            "derived",
            &[self.input.as_bytes(), name.as_bytes(), &count],
        ));
        let happening = Happening {
            name: Cow::Owned(name.to_owned()),
            is_activity: false,
            properties: Cow::Owned(properties),
            at: self.moment,
            id,
        };
        if self.derive(name, Signal::Event(happening)) {
            self.trace.push(Trace::Emitted(name.to_owned()));
        }
    }

    /// What the input itself says, as one: facts first, then runs, then entries. An event moves a run before a mere change
    /// does, so that a goal comes before an exit that the same input opens.
    fn hear_input(&mut self) -> Result<(), DecideError> {
        self.watch_segments();
        let (own, derived) = self.signals.drain(..).partition(|(depth, _)| *depth == 0);
        self.signals = derived;
        let own: VecDeque<(u8, Signal<'a>)> = own;
        for (_, signal) in &own {
            self.take_note(signal);
        }
        let happenings = own.iter().filter_map(|(_, signal)| happening(signal));
        for happening in happenings {
            self.move_runs(Some(happening))?;
        }
        if self.is_stirred {
            self.move_runs(None)?;
        }
        self.enter_by(own.iter().map(|(_, signal)| signal))?;
        self.hear_all()
    }

    /// Hears signals, then looks at the conditions of runs, until nothing moves any more. Ends, because whatever moves begins a
    /// step, and an input begins a bounded number of them.
    fn hear_all(&mut self) -> Result<(), DecideError> {
        loop {
            self.watch_segments();
            if let Some((depth, signal)) = self.signals.pop_front() {
                self.depth = depth;
                self.hear(&signal)?;
            } else if self.is_stirred {
                self.move_runs(None)?;
            } else {
                self.depth = 0;
                return Ok(());
            }
        }
    }

    fn hear(&mut self, signal: &Signal<'a>) -> Result<(), DecideError> {
        self.take_note(signal);
        self.move_runs(happening(signal))?;
        self.enter_by(std::iter::once(signal))
    }

    /// Facts, computed attributes, scores, segments.
    fn take_note(&mut self, signal: &Signal<'a>) {
        if let Signal::Event(happening) = signal {
            self.count(happening);
            self.score_event(happening);
            self.keep_recent(happening);
            self.watch_segments();
        }
    }

    /// Notes that something changed which conditions may read.
    fn dirty(&mut self, what: &str) {
        self.is_stirred = true;
        if self.context.release.index().watchers.contains_key(what) {
            self.dirty.insert(what.to_owned());
        }
    }

    /// The contact alone, as conditions see it.
    fn view(&self) -> View<'_> {
        View::of(&self.contact, self.context.release, self.moment)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod told;
