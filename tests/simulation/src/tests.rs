//! What `cargo test` plays. Each test uses one thread; the test runner plays them side by side.

use std::collections::{BTreeMap, BTreeSet};

use crate::exhaustive::{faults, one_contact, with};
use crate::history::{of_seed, play};
use crate::plan::{Filter, Trouble};
use crate::planted::Planted;
use crate::projects::{MADE, STARTER, Which};
use crate::reference;
use crate::shrink::shorten;

/// Seeds of the swarm that every test run plays.
const SEEDS: u64 = 2000;

fn swarm(from: u64, to: u64) {
    for seed in from..to {
        let verdict = of_seed(seed, None);
        assert!(
            verdict.broken.is_empty(),
            "cargo run -p wend-simulation -- --seed {seed}\n{:#?}",
            verdict.broken
        );
    }
}

#[test]
fn no_history_of_the_swarm_breaks_a_promise() {
    swarm(0, SEEDS / 2);
}

#[test]
fn no_other_history_of_the_swarm_breaks_a_promise() {
    swarm(SEEDS / 2, SEEDS);
}

#[test]
fn each_planted_bug_is_found() {
    const SEEDS_MAX: u64 = 400;
    let is_missed = |planted: &Planted| {
        let mut seeds = 0..SEEDS_MAX;
        let found = seeds.find(|seed| !of_seed(*seed, Some(*planted)).broken.is_empty());
        println!("{planted:?}: seed {found:?}");
        found.is_none()
    };
    let missed: Vec<&Planted> = Planted::ALL
        .iter()
        .filter(|planted| is_missed(planted))
        .collect();
    assert!(
        missed.is_empty(),
        "bugs that the simulation does not find: {missed:?}"
    );
}

#[test]
fn a_seed_is_one_history() {
    for seed in 0..40 {
        let (one, same) = (of_seed(seed, None), of_seed(seed, None));
        assert_eq!(
            (one.hash, one.taken),
            (same.hash, same.taken),
            "seed {seed}"
        );
    }
}

#[test]
fn a_failing_history_is_shortened() {
    let seed = (0..400).find(|seed| {
        !of_seed(*seed, Some(Planted::MailerRetries))
            .broken
            .is_empty()
    });
    let short = shorten(seed.unwrap(), Some(Planted::MailerRetries)).unwrap();
    assert_eq!(short.faults.len(), 1, "{:?}", short.faults);
    assert!(short.scenario.ops.len() <= 3, "{:?}", short.scenario.ops);
    assert!(
        short.broken[0].starts_with("at_most_one_submission"),
        "{:?}",
        short.broken
    );
}

#[test]
fn without_faults_contacts_get_what_the_naive_model_says() {
    let (mut all, mut some) = (0, 0);
    for seed in 0..150 {
        let scenario = reference::scenario(seed);
        let expected = reference::expected(&scenario, seed).unwrap();
        let verdict = play(&scenario, seed, Filter::Script(BTreeSet::new()), None);
        assert_eq!(verdict.broken, Vec::<String>::new(), "seed {seed}");
        assert_eq!(verdict.submitted, expected, "seed {seed}");
        all += expected.len();
        some += usize::from(!expected.is_empty());
    }
    assert!(
        all > 300 && some > 100,
        "{all} messages in {some} histories"
    );
}

const EACH: &[Trouble] = &[
    Trouble::Throttled,
    Trouble::Ambiguous,
    Trouble::LostAnswer,
    Trouble::KillBefore,
    Trouble::KillAfter,
    Trouble::Slow,
    Trouble::Partial,
    Trouble::Doubled,
    Trouble::Backlog,
    Trouble::Redelivered,
    Trouble::AckLost,
    Trouble::SweepLost,
    Trouble::SweepTwice,
    Trouble::EventLost,
    Trouble::WorstMoment,
];

/// Each fault at each of the first so many places of a journey.
fn each_fault(which: Which, journey: &'static str, places: usize) -> usize {
    let scenario = one_contact(which, journey);
    let quiet = with(&scenario, &[]);
    assert!(
        quiet.reached.contains_key("run began"),
        "{journey}: {:#?}",
        quiet.reached
    );
    let is_told = ["submitted: alert", "skipped: rehearsal"]
        .iter()
        .any(|what| quiet.reached.contains_key(*what));
    assert!(
        is_told || !quiet.submitted.is_empty(),
        "{journey}: nothing was sent"
    );
    let all = faults(&scenario, places, EACH);
    for fault in &all {
        let verdict = with(&scenario, &[*fault]);
        assert_eq!(verdict.taken, [*fault], "{journey}: the fault takes place");
        assert!(
            verdict.broken.is_empty(),
            "{journey}: {fault}\n{:#?}",
            verdict.broken
        );
    }
    println!("{journey}: {} histories", all.len());
    all.len()
}

#[test]
fn each_fault_at_each_place_of_a_starter_journey() {
    for journey in STARTER {
        assert!(each_fault(Which::Starter, journey, 40) > 30);
    }
}

#[test]
fn each_fault_at_each_place_of_a_made_journey() {
    for journey in MADE {
        assert!(each_fault(Which::Made, journey, 40) > 30);
    }
}

#[test]
fn each_pair_of_faults_at_the_first_places_of_a_journey() {
    let kinds = &[Trouble::LostAnswer, Trouble::KillAfter];
    let scenario = one_contact(Which::Made, "series");
    let all = faults(&scenario, 26, kinds);
    let mut histories = 0;
    for (index, one) in all.iter().enumerate() {
        for other in all.iter().skip(index + 1) {
            let verdict = with(&scenario, &[*one, *other]);
            assert!(
                verdict.broken.is_empty(),
                "{one}; {other}\n{:#?}",
                verdict.broken
            );
            histories += 1;
        }
    }
    assert!(histories > 250, "{histories} pairs");
}

#[test]
fn every_trouble_and_every_end_is_seen() {
    let mut reached: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 10_000..10_150 {
        for (what, count) in of_seed(seed, None).reached {
            *reached.entry(what).or_default() += count;
        }
    }
    let faults = Trouble::ALL
        .iter()
        .map(|trouble| format!("fault: {}", trouble.name()));
    let ends = ["accepted", "rejected", "unknown"].map(|end| format!("outcome: {end}"));
    let skips = [
        "no_address",
        "not_enrolled",
        "rehearsal",
        "not_rendered",
        "unsubscribed",
        "not_subscribed",
        "suppressed",
        "missing_value",
        "expired",
    ];
    let skips = skips.map(|reason| format!("skipped: {reason}"));
    let unseen: Vec<String> = faults
        .chain(ends)
        .chain(skips)
        .filter(|what| !reached.contains_key(what))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}
