//! Exits, and the holdouts that nothing else ends.

use super::*;

fn exit(text: &str, then: Then) -> JourneyPath {
    JourneyPath {
        id: "out".to_owned(),
        admission: Admission::If(rule(text)),
        then,
    }
}

fn out() -> EndReason {
    EndReason::Exit("out".to_owned())
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
        agreement: None,
        public_source: None,
    };
    assert_eq!(ended(&stage.apply(Input::Event(Box::new(event)))), [out()]);
}
