//! What `cargo test` plays. Each test uses one thread; the test runner plays them side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use wend_core::brake::Scope;
use wend_core::enrollment::HoldReason;
use wend_core::send::SkipReason;

use crate::exhaustive::{faults, one_contact, with};
use crate::history::{of_seed, play};
use crate::invariants::MOVES;
use crate::plan::{Decision, Filter, Trouble};
use crate::planted::Planted;
use crate::projects::{Edition, MADE, STARTER, Which};
use crate::reference;
use crate::scenario::Op;
use crate::shrink::shorten;
use crate::sweeps::{self, Crowd};

/// Seeds of the swarm that every test run plays.
const SEEDS: u64 = 2000;

/// What the swarm came to, played once by two threads for all tests that ask.
struct Swarm {
    reached: BTreeMap<String, u64>,
    failed: Vec<(u64, Vec<String>)>,
}

static SWARM: LazyLock<Swarm> = LazyLock::new(|| {
    let halves = [0..SEEDS / 2, SEEDS / 2..SEEDS];
    let swarms = thread::scope(|scope| {
        let halves = halves.map(|seeds| scope.spawn(|| swarm(seeds)));
        halves.map(|half| half.join().unwrap())
    });
    let [mut all, other] = swarms;
    all.failed.extend(other.failed);
    for (what, count) in other.reached {
        *all.reached.entry(what).or_default() += count;
    }
    all
});

fn swarm(seeds: Range<u64>) -> Swarm {
    let mut swarm = Swarm {
        reached: BTreeMap::new(),
        failed: Vec::new(),
    };
    for seed in seeds {
        let verdict = of_seed(seed, None);
        for (what, count) in verdict.reached {
            *swarm.reached.entry(what).or_default() += count;
        }
        if !verdict.broken.is_empty() {
            swarm.failed.push((seed, verdict.broken));
        }
    }
    swarm
}

#[test]
fn no_history_of_the_swarm_breaks_a_promise() {
    let first = SWARM.failed.first();
    assert!(
        first.is_none(),
        "{} histories; cargo run -p wend-simulation -- --seed N\n{first:#?}",
        SWARM.failed.len()
    );
}

#[test]
fn the_swarm_sees_every_trouble_every_reason_and_every_move() {
    let faults = Trouble::ALL
        .iter()
        .map(|trouble| format!("fault: {}", trouble.name()));
    let ends = ["accepted", "rejected", "unknown"].map(|end| format!("outcome: {end}"));
    let codes = ["answered: code", "answered: no code"].map(str::to_owned);
    // An edit hits a message in dispatch too rarely: `a_removed_step_is_a_reason` and `a_removed_template_is_a_reason` do it on
    // purpose.
    let skips = SkipReason::ALL
        .iter()
        .filter(|reason| !matches!(reason, SkipReason::StepRemoved | SkipReason::NoTemplate))
        .map(|reason| format!("skipped: {}", reason.name()));
    // A pause hits a message in dispatch too rarely: `a_paused_journey_holds_a_message_in_dispatch` does it on purpose.
    let holds = HOLDS
        .iter()
        .filter(|why| **why != HoldReason::Paused)
        .map(|why| format!("held: {}", why.name()));
    // A second submission that is refused comes once in some ten thousand histories.
    let moves = MOVES
        .iter()
        .filter(|step| **step != ("submitting", "closed as unknown"))
        .map(|(from, to)| format!("send: {from} -> {to}"));
    let all = faults
        .chain(ends)
        .chain(codes)
        .chain(skips)
        .chain(holds)
        .chain(moves);
    let unseen: Vec<String> = all
        .filter(|what| !SWARM.reached.contains_key(what))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

const HOLDS: [HoldReason; 5] = [
    HoldReason::QuietHours,
    HoldReason::Window,
    HoldReason::Cap,
    HoldReason::Quota,
    HoldReason::Paused,
];

/// Whether a bug shows that needs two things at once: a batch at two workers, and the end of the one that has claimed.
fn is_found_by_a_pair(planted: Planted) -> bool {
    let scenario = one_contact(Which::Made, "series");
    let doubled = faults(&scenario, 60, &[Trouble::Redelivered]);
    let deaths = faults(&scenario, 60, &[Trouble::KillBefore, Trouble::KillAfter]);
    doubled.iter().any(|one| {
        let mut deaths = deaths.iter();
        deaths.any(|other| {
            let verdict = with(&scenario, &[*one, *other], Some(planted));
            !verdict.broken.is_empty()
        })
    })
}

#[test]
fn each_planted_bug_is_found() {
    const SEEDS_MAX: u64 = 2000;
    let is_missed = |planted: &Planted| {
        let mut seeds = 0..SEEDS_MAX;
        let found = seeds.find(|seed| !of_seed(*seed, Some(*planted)).broken.is_empty());
        println!("{planted:?}: seed {found:?}");
        found.is_none() && !is_found_by_a_pair(*planted)
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

/// Histories that the naive model is compared with.
const NAIVE_SEEDS: u64 = 400;

#[test]
fn without_faults_contacts_get_what_the_naive_model_says() {
    let (mut all, mut some) = (0, 0);
    for seed in 0..NAIVE_SEEDS {
        let scenario = reference::scenario(seed);
        let expected = reference::expected(&scenario, seed).unwrap();
        let verdict = play(&scenario, seed, Filter::Script(BTreeSet::new()), None);
        assert_eq!(verdict.broken, Vec::<String>::new(), "seed {seed}");
        assert_eq!(verdict.submitted, expected, "seed {seed}");
        all += expected.len();
        some += usize::from(!expected.is_empty());
    }
    assert!(
        all > 800 && some > 250,
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
    Trouble::ErasedMidway,
    Trouble::Quota,
];

/// Each fault at each of the first so many places of a journey.
fn each_fault(which: Which, journey: &'static str, places: usize) -> usize {
    let scenario = one_contact(which, journey);
    let quiet = with(&scenario, &[], None);
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
        let verdict = with(&scenario, &[*fault], None);
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

/// Each pair of faults at the first so many places of a journey.
fn each_pair(which: Which, journey: &'static str, places: usize) -> usize {
    let kinds = &[Trouble::LostAnswer, Trouble::KillAfter];
    let scenario = one_contact(which, journey);
    let all = faults(&scenario, places, kinds);
    let mut histories = 0;
    for (index, one) in all.iter().enumerate() {
        for other in all.iter().skip(index + 1) {
            let verdict = with(&scenario, &[*one, *other], None);
            assert!(
                verdict.broken.is_empty(),
                "{journey}: {one}; {other}\n{:#?}",
                verdict.broken
            );
            histories += 1;
        }
    }
    histories
}

#[test]
fn each_pair_of_faults_at_the_first_places_of_a_made_journey() {
    for journey in MADE {
        let histories = each_pair(Which::Made, journey, 24);
        assert!(histories > 200, "{journey}: {histories} pairs");
    }
}

#[test]
fn each_pair_of_faults_at_the_first_places_of_a_starter_journey() {
    for journey in STARTER {
        let histories = each_pair(Which::Starter, journey, 16);
        assert!(histories > 60, "{journey}: {histories} pairs");
    }
}

/// Whether one of twenty histories comes to `what`: the `nth` message of `journey` is late while `ops` take place.
fn is_met_by_a_late_message(
    (journey, nth): (&'static str, u32),
    ops: Vec<(Duration, Op)>,
    what: &str,
) -> bool {
    let mut scenario = one_contact(Which::Made, journey);
    scenario.ops.extend(ops);
    let late = Decision {
        trouble: Trouble::Backlog,
        operation: "message to dispatch",
        nth,
    };
    // How late the message comes is the seed's: while the run is inside, or after it.
    (1..20).any(|seed| {
        let verdict = play(&scenario, seed, Filter::Script([late].into()), None);
        assert_eq!(verdict.broken, Vec::<String>::new());
        verdict.reached.contains_key(what)
    })
}

#[test]
fn a_removed_step_is_a_reason() {
    let edition = Edition {
        is_edited: true,
        is_strict: false,
    };
    let ops = vec![
        (Duration::from_mins(2), Op::Publish { edition }),
        (Duration::from_mins(4), Op::Touch),
    ];
    assert!(is_met_by_a_late_message(
        ("series", 0),
        ops,
        "skipped: step_removed"
    ));
}

#[test]
fn a_removed_template_is_a_reason() {
    let edition = Edition {
        is_edited: true,
        is_strict: false,
    };
    // While the third message, which the run waits for, is on its way.
    let ops = vec![(Duration::from_mins(30), Op::Publish { edition })];
    assert!(is_met_by_a_late_message(
        ("joining", 2),
        ops,
        "skipped: no_template"
    ));
}

#[test]
fn a_paused_journey_holds_a_message_in_dispatch() {
    let pause = Op::Pause { journey: "series" };
    let ops = vec![(Duration::from_mins(2), pause)];
    assert!(is_met_by_a_late_message(("series", 0), ops, "held: paused"));
}

#[test]
fn a_sweep_over_a_crowd_enrolls_each_member_once_whoever_dies() {
    let members = 100_000;
    let crowd = Crowd {
        members,
        deaths: 300,
        seed: 1,
    };
    let swept = sweeps::play(crowd).unwrap();
    assert_eq!((swept.entered, swept.wrong), (2 * members, 0), "{swept:?}");
    // The walk told twice what died with its page, and more than once who slept.
    assert!(swept.told > 2 * members, "{swept:?}");
    assert!(
        swept.slices_died >= 10 && swept.batches_died >= 2500,
        "{swept:?}"
    );
}

#[test]
fn brakes_hold_a_message_in_dispatch() {
    for (scope, held) in [
        (Scope::All, "held: brake"),
        (Scope::Journey("series".to_owned()), "held: brake"),
        (Scope::Entries("series".to_owned()), "held: entry_alarm"),
    ] {
        let ops = vec![(Duration::from_mins(2), Op::Brake { scope })];
        assert!(is_met_by_a_late_message(("series", 0), ops, held), "{held}");
    }
}
