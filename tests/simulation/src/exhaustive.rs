//! Every fault at every place: one contact, one journey, a fault at each call of a port in turn, then at each pair of calls.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::history::{Verdict, play};
use crate::plan::{Decision, Filter, Trouble};
use crate::planted::Planted;
use crate::projects::Which;
use crate::scenario::{By, Op, Scenario, starter_body};

/// One contact who begins one journey by what usually begins it.
pub fn one_contact(which: Which, journey: &'static str) -> Scenario {
    let traits = json!({
        "email": "canary0@example.com", "phone": "+4915550001000", "tier": "silver", "lifecycle": "lead",
        "birthday": "1990-03-05", "subscribed": ["news", "club", "offers", "guides", "offers/sms"],
    });
    let say = |call, body| Op::Say {
        who: 0,
        by: By::Id,
        call,
        body,
        late_secs: 0,
        copies: 1,
    };
    let track = |event: &str| say("track", starter_body(event));
    let begins = match journey {
        "abandoned-cart" => track("cart_updated"),
        "lead-nurture" => track("ebook_downloaded"),
        "onboarding" => track("order_completed"),
        "review" => track("order_delivered"),
        "pricing-visit" => say("page", json!({ "properties": { "path": "/pricing" } })),
        "welcome" => Op::Consent {
            who: 0,
            topic: "news",
            opted_in: true,
        },
        "birthday" => track("product_viewed"),
        "series" => track("signed_up"),
        "choice" => track("visited"),
        "basket" => track("cart"),
        "clubbing" => Op::Consent {
            who: 0,
            topic: "club",
            opted_in: true,
        },
        "outside" | "dry" => track("asked"),
        "twice" => track("ordered"),
        "sale" => track("sale"),
        "joining" => track("joined"),
        _ => Op::Enroll { who: 0, journey },
    };
    let identify = say("identify", json!({ "traits": traits }));
    let mut ops = vec![(Duration::ZERO, identify)];
    if journey == "win-back" {
        // By hand, nobody gets past the door of a topic that asks for a confirmation.
        let (topic, opted_in) = ("news", true);
        ops.push((
            Duration::from_mins(1),
            Op::Consent {
                who: 0,
                topic,
                opted_in,
            },
        ));
    }
    ops.push((Duration::from_secs(90), begins));
    let days = if which == Which::Starter { 45 } else { 2 };
    Scenario {
        which,
        journeys: vec![journey],
        environment: None,
        contacts: 1,
        ops,
        storm: Duration::from_hours(24 * days),
        calm: Duration::from_hours(24),
        skews_millis: [0; 4],
        lag: Duration::ZERO,
        receives_max: 20,
        workers: 1,
        codes: 2,
        has_answers: true,
    }
}

/// The faults that each place can meet, of the first `places` ones.
pub fn faults(scenario: &Scenario, places: usize, kinds: &[Trouble]) -> Vec<Decision> {
    let quiet = play(scenario, 1, Filter::Script(BTreeSet::new()), None);
    let places = quiet.asked.into_iter().take(places);
    let faults = places.flat_map(|(operation, nth, troubles)| {
        let wanted = kinds.iter().filter(|kind| troubles.contains(kind));
        wanted.map(move |trouble| Decision {
            trouble: *trouble,
            operation,
            nth,
        })
    });
    faults.collect()
}

/// The history with exactly these faults, and perhaps a planted bug.
pub fn with(scenario: &Scenario, faults: &[Decision], planted: Option<Planted>) -> Verdict {
    let script = Filter::Script(faults.iter().copied().collect());
    play(scenario, 1, script, planted)
}
