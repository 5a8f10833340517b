//! The promises of the ports, and time.

use std::time::{Duration, Instant};

use serde_json::json;
use wend_core::definitions::{SourceFile, read_all};
use wend_core::id::PermissionKey;
use wend_core::identity::IdentitySecret;
use wend_core::input::{Event, Input};
use wend_core::permission::{Consent, ConsentChange, Proof, Suppression, SuppressionReason};
use wend_core::time::Timestamp;
use wend_core::tracking::{self, Call};

use super::*;
use crate::ports::{
    ErrorClass, Ids, Outgoing, Permissions, PortError, Queue, ReleaseStore, SecretStore, SetAside,
};

pub(super) const START: &str = "2027-03-01T17:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn clock() -> VirtualClock {
    VirtualClock::starting_at(at(START))
}

pub(super) fn event(now: Timestamp, call: Call, body: &serde_json::Value) -> Event {
    let request = tracking::Request {
        source: "test",
        is_public: false,
        accepted_at: now,
        sent_at: None,
    };
    tracking::read(Some(call), body, request, || SeededIds::new(9).draw()).unwrap()
}

pub(super) fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

pub(super) fn world(steps: &str) -> World {
    world_on(Line::default(), steps)
}

fn world_on(line: Line, steps: &str) -> World {
    let journey = format!(
        "journey: j\nstate: live\ntopic: news\ntriggers: [ {{ event: go }} ]\nsteps:\n{steps}"
    );
    let files = [
        file(
            "wend.yaml",
            "wend: 1\nproject: p\npostal_address: Street 1\nzone: Europe/Berlin\n\
             senders: { shop: { email: Shop <shop@example.com> } }\ntopics: { news: { title: News, opt_in: single } }\n",
        ),
        file("journeys/j.yaml", &journey),
        file(
            "templates/hello.md",
            "---\ntemplate: hello\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHello\n",
        ),
    ];
    let mut settings = WorldSettings::new(at(START));
    settings.line = line;
    let mut world = World::new(settings).unwrap();
    world.publish(read_all(&files).unwrap()).unwrap();
    world
}

pub(super) fn start(world: &World) {
    let identify = json!({"userId": "ana", "messageId": "1", "traits": {"email": "ana@example.com", "subscribed": ["news"]}});
    let go = json!({"userId": "ana", "event": "go", "messageId": "2"});
    accept(world, Call::Identify, &identify);
    accept(world, Call::Track, &go);
}

pub(super) fn accept(world: &World, call: Call, body: &serde_json::Value) {
    let event = event(world.now(), call, body);
    world.accept(Input::Event(Box::new(event))).unwrap();
}

pub(super) fn sent(world: &World) -> Vec<(String, String)> {
    let mails = world.mailbox().sent_from(0).into_iter();
    mails.map(|mail| (mail.step, mail.at.to_string())).collect()
}

#[test]
fn waits_are_exact_to_the_second_whatever_takes_them() {
    let mut world = world(
        "  - { id: a, email: hello }\n  - { id: w1, wait: 90 s }\n  - { id: b, email: hello }\n  \
         - { id: w2, wait: 1h 7min 3s }\n  - { id: c, email: hello }\n  - { id: w3, wait: 1 day at 10:00 }\n  \
         - { id: d, email: hello }\n",
    );
    start(&world);
    world.run_until(at("2027-03-10T00:00:00Z")).unwrap();
    let expected = [
        ("a", "2027-03-01T17:00:00Z"),
        ("b", "2027-03-01T17:01:30Z"),
        ("c", "2027-03-01T18:08:33Z"),
        ("d", "2027-03-02T09:00:00Z"),
    ];
    assert_eq!(
        sent(&world),
        expected.map(|(step, at)| (step.into(), at.into()))
    );
    assert!(world.queues().is_empty(), "{:?}", world.queues());
    // The run was to end within a year; that moment is looked at once more, then nothing ever comes.
    world.run_until(at("2028-03-10T00:00:00Z")).unwrap();
    assert_eq!(world.next_moment(), None);
    assert_eq!(world.queues().dead_letters(), []);
}

#[test]
fn a_year_takes_milliseconds() {
    let mut world = world("  - { id: w, wait: 360 days }\n  - { id: a, email: hello }\n");
    let begun = Instant::now();
    start(&world);
    world.run_until(at("2028-03-01T17:00:00Z")).unwrap();
    assert_eq!(
        sent(&world),
        [("a".to_owned(), "2028-02-24T17:00:00Z".to_owned())]
    );
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn an_index_that_lags_and_a_sweep_that_is_late_lose_nothing() {
    let mut world = world("  - { id: w, wait: 2h }\n  - { id: a, email: hello }\n");
    world.store().set_index_lag(Duration::from_mins(118));
    start(&world);
    world.run_until(at("2027-03-02T17:00:00Z")).unwrap();
    assert_eq!(sent(&world).len(), 1);
}

/// Fails about each `every`th call, in turn before and after its effect. The gaps differ, so that no retry falls into step with
/// them and fails for good.
#[derive(Debug)]
struct Recurring {
    every: u32,
    calls: u32,
    failed: u32,
}

impl Faults for Recurring {
    fn next(&mut self, operation: &'static str) -> Fault {
        self.calls += 1;
        if operation == "publish a release" || self.calls < self.every + self.failed % 3 {
            return Fault::None;
        }
        self.calls = 0;
        self.failed += 1;
        match self.failed % 4 {
            0 => Fault::FailBefore(ErrorClass::Throttled),
            1 => Fault::LoseAnswer,
            2 => Fault::FailBefore(ErrorClass::Conflict),
            _ => Fault::FailBefore(ErrorClass::Ambiguous),
        }
    }
}

#[test]
fn whatever_fails_every_message_is_submitted_once_at_most_and_settled() {
    for every in 2..30 {
        let line = Line::new(Recurring {
            every,
            calls: 0,
            failed: 0,
        });
        let steps =
            "  - { id: a, email: hello }\n  - { id: w, wait: 1h }\n  - { id: b, email: hello }\n";
        let mut world = world_on(line, steps);
        start(&world);
        world.run_until(at("2027-03-03T17:00:00Z")).unwrap();
        let sent = sent(&world);
        let mut steps: Vec<&str> = sent.iter().map(|(step, _)| step.as_str()).collect();
        steps.dedup();
        assert_eq!(steps.len(), sent.len(), "{every}: {sent:?}");
        let sends = world.store().sends().unwrap();
        let is_open = |state: &wend_core::send::SendState| {
            !matches!(state, wend_core::send::SendState::Final { .. })
        };
        assert!(
            sends.iter().all(|send| !is_open(&send.state)),
            "{every}: {sends:?}"
        );
        assert!(world.queues().is_empty(), "{every}");
    }
}

#[test]
fn a_queue_hides_delays_counts_and_forgets() {
    let clock = clock();
    let queues = Queues::new(clock.clone(), Line::default());
    let rules = QueueRules {
        visibility: Duration::from_secs(30),
        receives_max: 2,
        retention: Duration::from_hours(1),
    };
    let queue = queues.queue("q", rules);
    let delayed = |secs| Outgoing {
        delay: Duration::from_secs(secs),
        ..Outgoing::now("x".to_owned())
    };
    let refused = run(&clock, queue.send(vec![delayed(901)]))
        .unwrap()
        .unwrap_err();
    assert_eq!(refused.class, ErrorClass::Invalid);
    run(&clock, queue.send(vec![delayed(10)])).unwrap().unwrap();
    assert_eq!(queue.receive(10), []);
    let later = |secs| clock.advance_to(clock.true_now().plus(Duration::from_secs(secs)));
    later(10);
    let batch = queue.receive(10);
    assert_eq!((batch.len(), queue.receive(10).len()), (1, 0));
    queue.acknowledge(&batch, &[batch[0].id.clone()]);
    later(30);
    assert_eq!(queue.receive(10), batch, "a failed message comes back");
    later(30);
    assert_eq!(queue.receive(10), [], "it came too often");
    let letters = queues.dead_letters();
    assert_eq!(letters[0].reason, "received too often");
    run(&clock, queue.send(vec![delayed(0)])).unwrap().unwrap();
    run(&clock, queues.set_aside(&batch[0], "poison"))
        .unwrap()
        .unwrap();
    later(3601);
    assert_eq!(
        (queue.receive(10).len(), queues.len()),
        (0, 0),
        "it is too old"
    );
    assert_eq!(queues.dead_letters()[1].reason, "poison");
}

#[test]
fn of_two_words_the_newer_counts_and_of_two_at_one_moment_the_no() {
    let store = MemoryStore::new(clock(), Line::default());
    let row = PermissionKey::from_bytes([1; 16]);
    let say = |opted_in, millis| {
        let change = ConsentChange {
            permission: row,
            topic: "news".to_owned(),
            consent: Consent {
                opted_in,
                at: Timestamp::from_millis(millis),
                proof: Proof::default(),
            },
            is_pending: false,
        };
        run(&store.clock, store.consent(&change)).unwrap().unwrap();
        let stored = store.permission(row).unwrap();
        (stored.rev, stored.topics["news"].opted_in)
    };
    assert_eq!(say(true, 5), (1, true));
    assert_eq!(say(false, 4), (1, true), "older");
    assert_eq!(say(false, 5), (2, false), "the no of two at one moment");
    assert_eq!(say(true, 5), (2, false));
    assert_eq!(say(true, 6), (3, true));
    let (at, proof) = (Timestamp::from_millis(9), Proof::default());
    let stop = store.unsubscribe(row, &proof, at);
    run(&store.clock, stop).unwrap().unwrap();
    let reason = SuppressionReason::HardBounce;
    let close = || store.suppress(row, Suppression { at, reason });
    run(&store.clock, close()).unwrap().unwrap();
    run(&store.clock, close()).unwrap().unwrap();
    let stored = store.permission(row).unwrap();
    assert_eq!(
        (stored.rev, stored.suppressed.map(|closed| closed.at)),
        (5, stored.unsubscribed_at())
    );
}

#[test]
fn the_first_secret_stays_and_a_release_is_published_once() {
    let world = world("  - { id: w, wait: 1h }\n");
    let store = world.store();
    let secret = |byte| IdentitySecret::new([byte; 32]);
    let first = run(&store.clock, store.secret(secret(1))).unwrap().unwrap();
    let second = run(&store.clock, store.secret(secret(2))).unwrap().unwrap();
    assert_eq!(first.expose(), second.expose());
    let manifest = run(&store.clock, store.manifest())
        .unwrap()
        .unwrap()
        .unwrap();
    let again = run(&store.clock, store.publish(&manifest, &[])).unwrap();
    assert!(matches!(
        again,
        Err(crate::ports::PublishError::Overtaken(1))
    ));
    let unknown = wend_core::id::PartHash::from_bytes([0; 16]);
    let missing: Result<_, PortError> = run(&store.clock, store.parts(&[unknown])).unwrap();
    assert_eq!(missing.unwrap_err().class, ErrorClass::Invalid);
}
