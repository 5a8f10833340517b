//! Who enters, by what, and how often.

use super::*;

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
