//! Faults that drawn worlds, or the writing of them, have found. Each is told once more by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::project;
use super::tape::Tape;
use super::world::SECRET;
use crate::condition;
use crate::contact::Contact;
use crate::decide::{Context, Subject, decide};
use crate::id::{ContactKey, InputId};
use crate::identity::{Channel, Identity, IdentityKind};
use crate::input::*;
use crate::log::{Effect, EndReason, LogRow, Trace};
use crate::personal::Personal;
use crate::release::*;
use crate::send::{Outcome, SendRequest};
use crate::time::Timestamp;

const ID: ContactKey = ContactKey::from_bytes([1; 16]);

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

fn exit(text: &str, then: Then) -> JourneyPath {
    JourneyPath {
        id: "out".to_owned(),
        admission: Admission::If(rule(text)),
        then,
    }
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
        let envelope = Envelope {
            accepted_at: self.now,
            input,
        };
        let context = Context {
            release: &self.release,
            secret: &SECRET,
            clock: self.now,
        };
        let subject = Subject {
            id: ID,
            contact: self.contact.take(),
            erased_at: None,
            taken: Vec::new(),
        };
        let decision = decide(subject, &envelope, context).unwrap();
        self.contact = decision.contact;
        decision.row.unwrap()
    }

    fn event(&mut self, kind: EventKind, traits: Value, is_import: bool) -> LogRow {
        self.inputs += 1;
        let Value::Object(traits) = traits else {
            panic!("an object")
        };
        self.apply(Input::Event(Box::new(Event {
            id: InputId::from_bytes([self.inputs; 16]),
            kind,
            address: Identity::new(IdentityKind::User, "ana").unwrap(),
            also: Vec::new(),
            occurred_at: self.now,
            properties: Personal::default(),
            traits: Personal::new(traits),
            is_import,
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

    fn accepted(&mut self, request: &SendRequest) -> LogRow {
        self.apply(Input::Outcome(SendOutcome {
            contact: ID,
            enrollment: request.enrollment,
            send: request.send,
            at: self.now,
            outcome: Outcome::Accepted {
                provider_id: "p".to_owned(),
            },
        }))
    }
}

fn sends(row: &LogRow) -> Vec<SendRequest> {
    let sends = row.effects.iter().filter_map(|effect| match effect {
        Effect::Send(request) => Some((**request).clone()),
        Effect::Consent(_) | Effect::Call(_) | Effect::Wake { .. } => None,
    });
    sends.collect()
}

fn entered(row: &LogRow) -> usize {
    row.trace
        .iter()
        .filter(|line| matches!(line, Trace::Entered { .. }))
        .count()
}

fn ended(row: &LogRow) -> Vec<EndReason> {
    let ends = row.trace.iter().filter_map(|line| {
        if let Trace::Ended { reason, .. } = line {
            Some(reason.clone())
        } else {
            None
        }
    });
    ends.collect()
}

fn out() -> EndReason {
    EndReason::Exit("out".to_owned())
}

#[test]
fn a_contact_that_matches_a_segment_at_first_sight_enters() {
    let joins = Trigger::Member {
        id: "rich".to_owned(),
        joins: true,
        existing: Existing::Skip,
    };
    let mut stage = Stage::new(journey(vec![joins], vec![mail("s0", None)]));
    assert_eq!(entered(&stage.identify(json!({ "n": 5 }))), 1);
}

#[test]
fn what_an_input_changes_starts_something_although_a_release_is_new() {
    let joins = Trigger::Member {
        id: "rich".to_owned(),
        joins: true,
        existing: Existing::Skip,
    };
    let mut stage = Stage::new(journey(vec![joins], vec![mail("s0", None)]));
    stage.identify(json!({ "n": 1 }));
    stage.publish();
    assert_eq!(entered(&stage.identify(json!({ "n": 5 }))), 1);
}

#[test]
fn an_import_into_a_segment_starts_nothing() {
    let joins = Trigger::Member {
        id: "rich".to_owned(),
        joins: true,
        existing: Existing::Skip,
    };
    let mut stage = Stage::new(journey(vec![joins], vec![mail("s0", None)]));
    stage.identify(json!({ "n": 1 }));
    assert_eq!(
        entered(&stage.event(EventKind::Identify, json!({ "n": 5 }), true)),
        0
    );
    assert!(stage.contact.unwrap().segments.contains("rich"));
}

#[test]
fn a_date_that_is_due_fires_although_a_release_is_new() {
    let date = Trigger::Date {
        phrase: "1 day before contact.birthday at 09:00".parse().unwrap(),
        is_yearly: true,
    };
    let mut stage = Stage::new(journey(vec![date], vec![mail("s0", None)]));
    stage.identify(json!({ "birthday": "1990-03-14" }));
    stage.publish();
    assert_eq!(entered(&stage.wake()), 1);
}

#[test]
fn a_score_step_is_seen_by_exits_at_once() {
    let points = step(
        "points",
        Verb::Score(BTreeMap::from([("warm".to_owned(), 30)])),
        Some(1),
    );
    let mut warm = journey(vec![on("a")], vec![points, wait("w", "3 days", None)]);
    warm.exits = vec![exit("score.warm: { gte: 30 }", Then::Below)];
    let mut stage = Stage::new(warm);
    assert_eq!(ended(&stage.track("a")), [out()]);
}

#[test]
fn an_opt_out_is_seen_by_exits_at_once() {
    let update = step("set", Verb::Update(Update::default()), None);
    let mut news = journey(vec![on("a")], vec![wait("w", "3 days", Some(1)), update]);
    news.entry_if = Some(rule("subscribed: offers"));
    news.exits = vec![exit("not: { subscribed: offers }", Then::Below)];
    let mut stage = Stage::new(news);
    stage.identify(json!({ "email": "ana@example.com", "subscribed": ["offers"] }));
    stage.track("a");
    assert_eq!(
        ended(&stage.identify(json!({ "unsubscribed": ["offers"] }))),
        [out()]
    );
}

#[test]
fn an_exit_that_time_admits_is_not_forgotten_on_the_way() {
    let path = JourneyPath {
        id: "p".to_owned(),
        admission: Admission::After("1h".parse().unwrap()),
        then: Then::Below,
    };
    let listen = step("l", Verb::WaitUntil { paths: vec![path] }, Some(1));
    let mut late = journey(vec![on("a")], vec![listen, wait("w", "10 days", None)]);
    late.exits = vec![exit("now: { after: 2027-03-12 12:00 }", Then::Below)];
    let mut stage = Stage::new(late);
    stage.track("a");
    stage.wake();
    assert_eq!(ended(&stage.wake()), [out()]);
    assert_eq!(stage.now, Timestamp::parse("2027-03-12T11:00:00Z").unwrap());
}

#[test]
fn points_of_a_condition_that_time_ends_are_looked_at_in_time() {
    let mut active = journey(vec![on("c")], vec![wait("w", "10 days", None)]);
    active.exits = vec![exit("score.mixed: { lt: 5 }", Then::Below)];
    let mut stage = Stage::new(active);
    stage.track("c");
    assert_eq!(ended(&stage.wake()), [out()]);
    assert_eq!(stage.now, Timestamp::parse("2027-03-12T09:30:00Z").unwrap());
}

fn held_out(exits: Vec<JourneyPath>, steps: Vec<Step>) -> Journey {
    let mut held = journey(vec![on("a")], steps);
    held.holdout = Share::WHOLE;
    held.retrigger = Retrigger::Restart;
    held.exits = exits;
    held
}

#[test]
fn a_holdout_is_never_messaged_neither_restarted_nor_by_an_exit() {
    let exits = vec![exit(
        "did: { event: b, within: 2 days }",
        Then::Steps(StepIx(1)),
    )];
    let mut stage = Stage::new(held_out(exits, vec![mail("s0", None), mail("bye", None)]));
    stage.track("a");
    assert_eq!(sends(&stage.track("a")), []);
    let row = stage.track("b");
    assert_eq!((sends(&row).len(), ended(&row)), (0, vec![out()]));
}

#[test]
fn a_holdout_outlives_the_moments_at_which_its_exits_are_looked_at() {
    let exits = vec![exit(
        "now: { between: [ 2027-03-12, 2027-03-12 ] }",
        Then::Below,
    )];
    let mut stage = Stage::new(held_out(exits, vec![wait("w", "1h", None)]));
    stage.track("a");
    assert_eq!(ended(&stage.wake()), [out()]);
    let exits = vec![exit("score.mixed: { gte: 30 }", Then::Below)];
    let mut stage = Stage::new(held_out(exits, vec![wait("w", "1h", None)]));
    stage.track("c");
    stage.track("a");
    assert_eq!(ended(&stage.wake()), []);
}

#[test]
fn a_new_version_does_not_give_a_holdout_the_first_step() {
    let mut stage = Stage::new(held_out(Vec::new(), vec![wait("w", "1h", None)]));
    stage.track("a");
    let due_at = stage.contact.as_ref().unwrap().due_at;
    stage.journeys[0].steps = vec![wait("w", "2h", None)];
    stage.publish();
    stage.advance(3).track("c");
    assert_eq!(stage.contact.unwrap().due_at, due_at);
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
fn runs_of_one_input_have_ids_of_their_own() {
    let any = EventMatch {
        event: "any_activity".to_owned(),
        filter: None,
        key: None,
    };
    let any = Trigger::Event {
        on: any,
        after_last: None,
        max_age: "24h".parse().unwrap(),
    };
    let mut stage = Stage::new(journey(
        vec![on("a"), any],
        vec![step(
            "e",
            Verb::Emit {
                event: "x".into(),
                with: BTreeMap::new(),
            },
            None,
        )],
    ));
    assert_eq!(entered(&stage.track("a")), 1);

    // Two triggers that match one input are one entry.
    let changes = |attribute: &str| Trigger::Changes {
        attribute: attribute.to_owned(),
        from: None,
        to: None,
    };
    let exit = || vec![step("e", Verb::Exit { reason: "x".into() }, None)];
    let mut stage = Stage::new(journey(vec![changes("n"), changes("tier")], exit()));
    let row = stage.identify(json!({ "n": 1, "tier": "gold" }));
    assert_eq!(entered(&row), 1);

    // Two lists are two events that one input has led to.
    let joins = |list: &str| Trigger::Member {
        id: list.to_owned(),
        joins: true,
        existing: Existing::Skip,
    };
    let mut stage = Stage::new(journey(vec![joins("a"), joins("b")], exit()));
    stage.identify(json!({ "n": 1 }));
    let row = stage.lists(&["a", "b"]);
    let runs = row.trace.iter().filter_map(|line| {
        if let Trace::Entered { enrollment, .. } = line {
            Some(*enrollment)
        } else {
            None
        }
    });
    let runs: std::collections::BTreeSet<_> = runs.collect();
    assert_eq!((entered(&row), runs.len()), (2, 2));
}

#[test]
fn a_change_that_starts_its_own_journey_again_is_cut() {
    let mut update = Update::default();
    update.add.insert("n".to_owned(), "1".parse().unwrap());
    let changes = Trigger::Changes {
        attribute: "n".to_owned(),
        from: None,
        to: None,
    };
    let mut stage = Stage::new(journey(
        vec![changes],
        vec![step("more", Verb::Update(update), None)],
    ));
    let row = stage.identify(json!({ "n": 1 }));
    assert!(
        row.trace.contains(&Trace::CascadeLimit("n".to_owned())),
        "{:?}",
        row.trace
    );
    assert!(entered(&row) < 20);
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

#[test]
fn newer_trigger_data_is_seen_by_exits_at_once() {
    let mut fresh = journey(vec![on("a")], vec![wait("w", "3 days", None)]);
    fresh.retrigger = Retrigger::Refresh;
    fresh.exits = vec![exit("trigger.total: { gte: 3 }", Then::Below)];
    let mut stage = Stage::new(fresh);
    stage.track("a");
    stage.inputs += 1;
    let event = Event {
        id: InputId::from_bytes([99; 16]),
        kind: EventKind::Track("a".to_owned()),
        address: Identity::new(IdentityKind::User, "ana").unwrap(),
        also: Vec::new(),
        occurred_at: stage.now,
        properties: Personal::new(Properties::from_iter([("total".to_owned(), json!(5))])),
        traits: Personal::default(),
        is_import: false,
    };
    assert_eq!(ended(&stage.apply(Input::Event(Box::new(event)))), [out()]);
}
