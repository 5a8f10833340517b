//! Faults that drawn worlds, or the writing of them, have found. Each is told once more by hand.

mod entries;
mod exits;
mod held;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::project;
use super::tape::Tape;
use crate::condition;
use crate::contact::Contact;
use crate::decide::told::{self, ID, sends};
use crate::enrollment::HoldReason;
use crate::id::InputId;
use crate::identity::{Channel, Identity, IdentityKind};
use crate::input::*;
use crate::log::{EndReason, LogRow, Trace};
use crate::personal::Personal;
use crate::release::*;
use crate::send::SendRequest;
use crate::time::Timestamp;

struct Stage {
    journeys: Vec<Journey>,
    manifest: Manifest,
    parts: Vec<Part>,
    release: Release,
    now: Timestamp,
    contact: Option<Contact>,
    inputs: u8,
}

fn step(id: &str, verb: Verb, next: Option<u16>) -> Step {
    Step {
        id: id.to_owned(),
        was: None,
        only_if: None,
        on_error: OnError::Park,
        verb,
        next: next.map(StepIx),
    }
}

fn mail(id: &str, next: Option<u16>) -> Step {
    let message = Message {
        channel: Channel::Email,
        template: "mail".to_owned(),
        sending: Sending::default(),
        from: None,
        data: BTreeMap::new(),
        variant: None,
    };
    step(id, Verb::Message(message), next)
}

fn wait(id: &str, text: &str, next: Option<u16>) -> Step {
    step(
        id,
        Verb::Wait {
            wait: text.parse().unwrap(),
            if_past: IfPast::Continue,
        },
        next,
    )
}

fn on(event: &str) -> Trigger {
    Trigger::Event {
        on: EventMatch {
            event: event.to_owned(),
            filter: None,
            key: None,
        },
        after_last: None,
        max_age: "24h".parse().unwrap(),
    }
}

fn rule(text: &str) -> Box<condition::Condition> {
    Box::new(condition::read("test", text).unwrap())
}

fn journey(triggers: Vec<Trigger>, steps: Vec<Step>) -> Journey {
    let mut journey = super::draw::journey(&mut Tape::new(&[]), "j0");
    journey.triggers = triggers;
    journey.steps = steps;
    journey.reentry = Reentry::Always;
    journey.max_duration = "20 days".parse().unwrap();
    journey
}

impl Stage {
    fn new(journey: Journey) -> Self {
        let mut stage = Self {
            journeys: vec![journey],
            manifest: Manifest::default(),
            parts: Vec::new(),
            release: Release::default(),
            now: Timestamp::parse("2027-03-10T09:30:00Z").unwrap(),
            contact: None,
            inputs: 0,
        };
        stage.publish();
        stage
    }

    fn publish(&mut self) {
        let project = project::project(&mut Tape::new(&[]));
        let edition = usize::try_from(self.manifest.number).unwrap();
        let parts = project::parts(&project, &self.journeys, edition);
        let before = (self.manifest.number > 0).then_some(&self.manifest);
        self.manifest = Manifest::next(before, &parts, self.now);
        self.parts.extend(parts);
        self.load();
    }

    fn load(&mut self) {
        self.release = Release::new(&self.manifest, self.parts.clone());
    }

    fn advance(&mut self, hours: u64) -> &mut Self {
        self.now = self.now.plus(Duration::from_hours(hours));
        self
    }

    fn apply(&mut self, input: Input) -> LogRow {
        let decision = told::decided(&self.release, self.contact.take(), self.now, input);
        self.contact = decision.contact;
        decision.row.unwrap()
    }

    fn event(&mut self, kind: EventKind, traits: Value, is_import: bool) -> LogRow {
        self.inputs += 1;
        self.apply(Input::Event(Box::new(Event {
            is_import,
            ..told::event(self.inputs, kind, traits, self.now)
        })))
    }

    fn track(&mut self, name: &str) -> LogRow {
        self.event(EventKind::Track(name.to_owned()), json!({}), false)
    }

    fn identify(&mut self, traits: Value) -> LogRow {
        self.event(EventKind::Identify, traits, false)
    }

    fn lists(&mut self, join: &[&str]) -> LogRow {
        self.inputs += 1;
        let join = join.iter().map(|list| (*list).to_owned()).collect();
        self.apply(Input::Command(Box::new(Command {
            id: InputId::from_bytes([self.inputs; 16]),
            contact: ID,
            at: self.now,
            kind: CommandKind::Lists {
                join,
                leave: Vec::new(),
            },
        })))
    }

    fn wake(&mut self) -> LogRow {
        let due_at = self.contact.as_ref().unwrap().due_at.unwrap();
        self.now = self.now.max(due_at);
        self.apply(Input::Wake(Wake {
            contact: ID,
            due_at,
        }))
    }

    /// `dispatch` may not send the message for this long.
    fn gives_back(&mut self, request: &SendRequest, hours: u64) -> LogRow {
        self.apply(Input::Held(SendHeld {
            request: Box::new(request.clone()),
            at: self.now,
            until: self.now.plus(Duration::from_hours(hours)),
            why: HoldReason::Quota,
        }))
    }

    fn accepted(&mut self, request: &SendRequest) -> LogRow {
        self.apply(told::accepted(request, self.now))
    }
}

fn entered(row: &LogRow) -> usize {
    row.trace
        .iter()
        .filter(|line| matches!(line, Trace::Entered { .. }))
        .count()
}

fn ended(row: &LogRow) -> Vec<EndReason> {
    told::ends(&row.trace)
}

#[test]
fn nothing_is_sent_while_a_journey_stands_still() {
    let mut stage = Stage::new(journey(
        vec![on("a")],
        vec![mail("s0", Some(1)), mail("s1", None)],
    ));
    let first = sends(&stage.track("a")).remove(0);
    stage.manifest.pauses.insert(
        "j0".to_owned(),
        vec![Pause {
            from: stage.now,
            resumed: None,
        }],
    );
    stage.manifest.number += 1;
    stage.load();
    assert_eq!(sends(&stage.advance(1).accepted(&first)), []);
    let resumed = Some((stage.advance(5).now, Resume::AsIfRunning));
    stage.manifest.pauses.insert(
        "j0".to_owned(),
        vec![Pause {
            from: stage.now,
            resumed,
        }],
    );
    stage.manifest.number += 1;
    stage.load();
    assert_eq!(sends(&stage.track("zzz")).len(), 1);
}

#[test]
fn a_circle_of_paths_that_hold_ends() {
    let goto = Then::Goto(Goto {
        step: StepIx(0),
        max: Some(60_000),
    });
    let path = JourneyPath {
        id: "p".to_owned(),
        admission: Admission::If(rule("did: a")),
        then: goto,
    };
    let mut stage = Stage::new(journey(
        vec![on("a")],
        vec![step("l", Verb::WaitUntil { paths: vec![path] }, None)],
    ));
    assert_eq!(ended(&stage.track("a")), [EndReason::TooManySteps]);
}
