//! Bugs that the simulation has found, each as the shortest history that showed it.

use std::time::Duration;

use serde_json::json;

use crate::book::SENT_AND_HELD;
use crate::history::{Verdict, play};
use crate::plan::{Decision, Filter, Trouble};
use crate::projects::Which;
use crate::scenario::{By, Op, Scenario};

/// One contact who says what `events` say, a minute after each other.
fn one_contact(events: &[&str]) -> Scenario {
    let traits =
        json!({ "email": "canary0@example.com", "subscribed": ["news", "club"], "tier": "gold" });
    let say = |call, body| Op::Say {
        who: 0,
        by: By::Id,
        call,
        body,
        late_secs: 0,
        copies: 1,
    };
    let mut ops = vec![(Duration::ZERO, say("identify", json!({ "traits": traits })))];
    for (minute, event) in (1..).zip(events) {
        let properties = json!({ "cart_id": "c1", "value": 50, "total": 5 });
        let body = json!({ "event": event, "properties": properties });
        ops.push((Duration::from_mins(minute), say("track", body)));
    }
    Scenario {
        which: Which::Made,
        journeys: Vec::new(),
        environment: None,
        contacts: 1,
        ops,
        storm: Duration::from_hours(24),
        calm: Duration::from_hours(48),
        skews_millis: [0; 4],
        lag: Duration::ZERO,
        receives_max: 20,
        workers: 1,
        codes: 2,
        has_answers: true,
    }
}

fn with(scenario: &Scenario, trouble: Trouble, operation: &'static str, nth: u32) -> Verdict {
    let decision = Decision {
        trouble,
        operation,
        nth,
    };
    play(scenario, 1, Filter::Script([decision].into()), None)
}

/// A wake was applied, its worker died before the effects were published, and the redelivered wake was no longer the contact's
/// due time: it was dropped, and the message that the timer asked for was never sent.
#[test]
fn effects_of_a_wake_survive_its_worker() {
    let scenario = one_contact(&["signed_up"]);
    for trouble in [Trouble::KillAfter, Trouble::LostAnswer] {
        for nth in 0..3 {
            let verdict = with(&scenario, trouble, "commit a wake", nth);
            assert_eq!(verdict.taken.len(), 1, "the fault took place");
            assert_eq!(verdict.broken, Vec::<String>::new(), "{trouble:?} {nth}");
        }
    }
}

/// A message was given back, and a copy of its request that came late sent it before its run heard of that. The outcome's row asked
/// for the message once more and the outcome followed, without end.
#[test]
fn what_was_sent_although_it_was_given_back_is_over() {
    let decision = |trouble, operation, nth| Decision {
        trouble,
        operation,
        nth,
    };
    let script = [
        // What asks for the message comes twice, the second request late.
        decision(Trouble::AckLost, "acknowledge", 1),
        decision(Trouble::Backlog, "message to dispatch", 1),
        // The first one is given back.
        decision(Trouble::Quota, "submit a mail", 0),
        // The run hears of that late, and of the end later still.
        decision(Trouble::Backlog, "message to inputs", 2),
        decision(Trouble::Backlog, "message to inputs", 3),
    ];
    let scenario = one_contact(&["signed_up"]);
    let verdict = play(&scenario, 1, Filter::Script(script.into()), None);
    assert_eq!(verdict.taken.len(), script.len(), "the faults took place");
    assert!(verdict.reached.contains_key(SENT_AND_HELD));
    assert_eq!(verdict.broken, Vec::<String>::new());
}
