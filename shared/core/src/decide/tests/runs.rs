//! Runs: messages, waits, wakes, outcomes.

use super::*;

#[test]
fn a_run_sends_waits_from_when_the_message_left_and_ends() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.advance(7);
    let waiting = world.accepted(&hello);
    assert_eq!(wakes(&waiting), [world.at(20)]);
    let due_at = world.at(20);
    let tips = request(&world.advance(20).wake(due_at));
    assert_ne!(tips.send, hello.send);
    world.advance(1).accepted(&tips);
    let contact = world.contact.as_ref().unwrap();
    assert_eq!((contact.enrollments.len(), contact.due_at), (0, None));
    let last = world.rows.last().unwrap();
    assert!(matches!(
        last.trace.last(),
        Some(Trace::Ended {
            reason: EndReason::Completed,
            ..
        })
    ));
}

#[test]
fn the_same_decision_names_the_same_send_and_run() {
    let send = || request(&World::new(WELCOME).track("signed_up"));
    assert_eq!(send(), send());
}

#[test]
fn a_wake_that_is_not_the_due_time_is_dropped_without_a_row() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.accepted(&hello);
    let stale = world.at(19);
    let dropped = world.advance(30).wake(stale);
    assert!(dropped.row.is_none() && !dropped.is_changed);
}

#[test]
fn a_late_event_finds_the_timers_before_it_done() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.accepted(&hello);
    let decision = world.advance(500).track("something_else");
    assert_eq!(request(&decision).step, "tips");
}

#[test]
fn an_outcome_that_comes_twice_moves_nothing_twice() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.accepted(&hello);
    let again = world.advance(3).accepted(&hello);
    assert!(!again.is_changed);
    let trace = again.row.unwrap().trace;
    assert_eq!(trace, [Trace::OutcomeUnclaimed(hello.send)]);
}

#[test]
fn a_run_follows_the_version_it_entered() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    let old = world
        .release
        .journey("welcome")
        .map(|(hash, _)| hash)
        .unwrap();
    let edited = release(&WELCOME.replace("  - { id: tips, email: hi }\n", ""));
    world.release = edited;
    // Not in the new release: the input is set aside, not guessed at.
    let context = Context {
        release: &world.release,
        secret: &SECRET,
        clock: world.now,
    };
    let subject = Subject {
        id: hello.contact,
        contact: world.contact.clone(),
        erased_at: None,
        others: Vec::new(),
    };
    let outcome = SendOutcome {
        contact: hello.contact,
        enrollment: hello.enrollment,
        send: hello.send,
        at: world.now,
        outcome: Outcome::Unknown,
    };
    let envelope = Envelope {
        accepted_at: world.now,
        input: Input::Outcome(outcome),
    };
    let error = decide(subject, &envelope, context).unwrap_err();
    assert!(
        matches!(error, DecideError::VersionMissing { .. }),
        "{error} {old}"
    );
}

/// Where a run with this wait stands after Sunday, 1 March 2026, 08:00 UTC: the last line of its trace.
fn waiting(wait: &str, traits: Value) -> Trace {
    let journey = "journey: welcome\nstate: live\ntriggers: [ { event: signed_up } ]\nsteps:\n  \
        - { id: pause, wait: WAIT }\n";
    let mut world = World::new(&journey.replace("WAIT", wait));
    world.identify(traits);
    world.track("signed_up").row.unwrap().trace.pop().unwrap()
}

fn waits_until(end: &str, zone: Option<&str>) -> Trace {
    Trace::Waits {
        journey: "welcome".into(),
        step: "pause".into(),
        due_at: Timestamp::parse(end),
        zone: zone.and_then(Zone::parse),
    }
}

#[test]
fn a_wait_reads_the_clock_of_the_contact_then_of_the_project_then_utc() {
    let at = |traits| waiting("1 day at 09:00", traits);
    let berlin = waits_until("2026-03-02T08:00:00Z", Some("Europe/Berlin"));
    assert_eq!(at(json!({})), berlin);
    assert_eq!(at(json!({"timezone": "Middle/Earth"})), berlin);
    assert_eq!(at(json!({"timezone": 7})), berlin);
    assert_eq!(
        at(json!({"timezone": "asia/kathmandu"})),
        waits_until("2026-03-02T03:15:00Z", Some("Asia/Kathmandu"))
    );
    let exact = waiting("24h", json!({"timezone": "Asia/Kathmandu"}));
    assert_eq!(exact, waits_until("2026-03-02T08:00:00Z", None));
    let mut world = World::new(&WELCOME.replace("20 s", "until 12:00"));
    world.release.project.zone = None;
    let hello = request(&world.track("signed_up"));
    let row = world.accepted(&hello).row.unwrap();
    let Some(Trace::Waits { due_at, zone, .. }) = row.trace.last() else {
        panic!("{:?}", row.trace)
    };
    let noon = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
    assert_eq!((*due_at, zone), (Some(noon), &Some(Zone::utc())));
}

#[test]
fn wait_until_a_date_that_has_passed() {
    let renewal = |date: &str| json!({"renewal": date, "timezone": "UTC"});
    let wait = |if_past: &str, date| {
        let wait = format!("until 1 day before contact.renewal at 10:00, if_past: {if_past}");
        waiting(&wait, renewal(date))
    };
    let tomorrow = waits_until("2026-03-02T10:00:00Z", Some("UTC"));
    assert_eq!(wait("exit", "2026-03-03"), tomorrow);
    for (if_past, reason) in [
        ("exit", EndReason::DatePassed),
        ("continue", EndReason::Completed),
    ] {
        for date in ["2026-03-01", "someday"] {
            let Trace::Ended { reason: found, .. } = wait(if_past, date) else {
                panic!("{if_past} {date}")
            };
            assert_eq!(found, reason, "{if_past} {date}");
        }
    }
}
