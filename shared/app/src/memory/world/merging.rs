//! A visitor who says who they are: the two contacts become one under the real use cases.

use serde_json::{Value, json};
use wend_core::send::{Outcome, SendState};
use wend_core::tracking::Call;

use super::super::tests::{accept, at, sent, world};
use super::World;
use super::tests::{afterwards, dies_at};

const STEPS: &str =
    "  - { id: a, email: hello }\n  - { id: w, wait: 1h }\n  - { id: b, email: hello }\n";

fn traits() -> Value {
    json!({ "email": "ana@example.com", "subscribed": ["news"] })
}

/// The device starts the journey; it has no address yet.
fn visit(world: &World) {
    let body = json!({ "anonymousId": "d1", "event": "go", "messageId": "1" });
    accept(world, Call::Track, &body);
}

/// The person is known, and in the journey, too.
fn known(world: &World) {
    let identify = json!({ "userId": "ana", "messageId": "2", "traits": traits() });
    let go = json!({ "userId": "ana", "event": "go", "messageId": "3" });
    accept(world, Call::Identify, &identify);
    accept(world, Call::Track, &go);
}

fn named(world: &World) {
    let body =
        json!({ "userId": "ana", "anonymousId": "d1", "messageId": "4", "traits": traits() });
    accept(world, Call::Identify, &body);
}

/// Applies what is in the queue; nothing else moves.
fn evaluate(world: &World) {
    let batch = world.parts.inputs.receive(10);
    super::run(&world.parts.clock, world.evaluate.batch(&batch)).unwrap();
    world.parts.inputs.acknowledge(&batch, &[]);
}

/// How each message ended.
fn ends(world: &World) -> Vec<String> {
    let sends = world.store().sends().unwrap().into_iter();
    let mut sends: Vec<_> = sends.collect();
    sends.sort_by_key(|row| (row.request.requested_at, row.request.send));
    let ends = sends.iter().map(|row| match &row.state {
        SendState::Final { outcome, .. } => match outcome {
            Outcome::Skipped { reason } => reason.name().to_owned(),
            Outcome::Accepted { .. } => "accepted".to_owned(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    });
    ends.collect()
}

#[test]
fn a_visitor_who_says_who_they_are_goes_on_and_is_mailed_once() {
    let mut world = world(STEPS);
    visit(&world);
    world.run_until(at("2027-03-01T17:00:20Z")).unwrap();
    assert_eq!(sent(&world), []);
    named(&world);
    assert_eq!(afterwards(&mut world), ["b"]);
    assert_eq!(ends(&world), ["no_address", "accepted"]);
}

#[test]
fn a_message_that_is_on_its_way_to_a_visitor_goes_to_the_person() {
    let mut world = world(STEPS);
    visit(&world);
    evaluate(&world);
    named(&world);
    evaluate(&world);
    assert_eq!(afterwards(&mut world), ["a", "b"]);
}

#[test]
fn of_two_like_runs_the_earlier_goes_on_and_the_message_of_the_other_is_not_sent() {
    let mut world = world(STEPS);
    visit(&world);
    world.run_until(at("2027-03-01T17:00:03Z")).unwrap();
    known(&world);
    // Its message is on its way while the two become one.
    evaluate(&world);
    named(&world);
    evaluate(&world);
    assert_eq!(afterwards(&mut world), ["b"]);
    assert_eq!(ends(&world), ["no_address", "not_enrolled", "accepted"]);
}

#[test]
fn a_message_that_has_left_counts_and_its_outcome_reaches_the_run_through_the_pointer() {
    let mut world = world(STEPS);
    // A form on the device: the contact stands under the address, and the device points to it.
    let form = json!({ "anonymousId": "d1", "messageId": "1", "traits": traits() });
    accept(&world, Call::Identify, &form);
    let go = json!({ "anonymousId": "d1", "event": "go", "messageId": "2" });
    accept(&world, Call::Track, &go);
    world.run_until(at("2027-03-01T17:20:00Z")).unwrap();
    assert_eq!(sent(&world).len(), 1);
    named(&world);
    assert_eq!(afterwards(&mut world), ["a", "b"]);
}

#[test]
fn wherever_evaluate_dies_at_a_merge_each_message_is_sent_once() {
    for number in 0.. {
        let mut world = world(STEPS);
        visit(&world);
        known(&world);
        world.run_until(at("2027-03-01T17:10:00Z")).unwrap();
        named(&world);
        let batch = world.parts.inputs.receive(10);
        let has_died = dies_at(number, world.evaluate.batch(&batch));
        assert_eq!(afterwards(&mut world), ["a", "b"], "{number}");
        if !has_died {
            assert!(number > 5, "it has awaits to die at");
            break;
        }
    }
}
