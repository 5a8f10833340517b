//! `cargo run -p wend-simulation -- --seed N` replays a history and shortens it if it fails; `-- --seeds COUNT [--from N]
//! [--threads N]` plays many; `-- --sweep MEMBERS` plays a campaign's walk over a crowd.
#![expect(clippy::print_stdout, reason = "it is a command")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use wend_simulation::history::of_seed;
use wend_simulation::shrink::shorten;
use wend_simulation::sweeps::{self, Crowd};

/// More failing seeds are not looked for.
const FAILURES_MAX: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    if let Some(seed) = number("--seed") {
        return replay(seed);
    }
    if let Some(members) = number("--sweep") {
        return sweep(usize::try_from(members).unwrap_or(usize::MAX));
    }
    let from = number("--from").unwrap_or(0);
    let count = number("--seeds").unwrap_or(1000);
    many(from, count, number("--threads").unwrap_or(2))
}

/// Two occurrences of a campaign over a crowd, while a third of all workers die.
fn sweep(members: usize) -> ExitCode {
    let crowd = Crowd {
        members,
        deaths: 300,
        seed: 1,
    };
    let begun = Instant::now();
    let swept = sweeps::play(crowd);
    println!("{swept:#?} in {:.1?}", begun.elapsed());
    match swept {
        Ok(swept) if swept.wrong == 0 => ExitCode::SUCCESS,
        Ok(_) | Err(_) => ExitCode::FAILURE,
    }
}

/// Plays one seed and says what happened.
fn replay(seed: u64) -> ExitCode {
    let verdict = of_seed(seed, None);
    println!(
        "seed {seed}: trace {:016x}, {} faults",
        verdict.hash,
        verdict.taken.len()
    );
    table(&verdict.reached);
    if verdict.broken.is_empty() {
        println!("every promise was kept");
        return ExitCode::SUCCESS;
    }
    tell(seed);
    ExitCode::FAILURE
}

/// A failing seed, shortened.
fn tell(seed: u64) {
    println!(
        "\nseed {seed} breaks a promise: {:#?}",
        of_seed(seed, None).broken
    );
    let Some(short) = shorten(seed, None) else {
        println!("seed {seed} fails; it could not be shortened");
        return;
    };
    println!("the shortest history that does:");
    for broken in &short.broken {
        println!("  {broken}");
    }
    println!(
        "shortened: {:?}, {} contacts, journeys {:?}",
        short.scenario.which, short.scenario.contacts, short.scenario.journeys
    );
    for (at, op) in &short.scenario.ops {
        println!("  after {at:?}: {op:?}");
    }
    for fault in &short.faults {
        println!("  {fault}");
    }
    println!("replay: cargo run -p wend-simulation -- --seed {seed}");
}

fn many(from: u64, count: u64, threads: u64) -> ExitCode {
    let begun = Instant::now();
    let next = AtomicU64::new(from);
    let failed = Mutex::new(Vec::new());
    let reached = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own: BTreeMap<String, u64> = BTreeMap::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let failures = failed.lock().unwrap_or_else(PoisonError::into_inner).len();
                    if seed >= from + count || failures >= FAILURES_MAX {
                        break;
                    }
                    let verdict = of_seed(seed, None);
                    for (what, times) in verdict.reached {
                        *own.entry(what).or_default() += times;
                    }
                    if !verdict.broken.is_empty() {
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(seed);
                    }
                }
                let mut all = reached.lock().unwrap_or_else(PoisonError::into_inner);
                for (what, times) in own {
                    *all.entry(what).or_default() += times;
                }
            });
        }
    });
    table(&reached.into_inner().unwrap_or_else(PoisonError::into_inner));
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let played = next.load(Ordering::Relaxed).min(from + count) - from;
    let took = begun.elapsed();
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    println!(
        "{played} seeds in {took:.1?}: {} a second on {threads} threads",
        played * 1000 / millis
    );
    for seed in &failed {
        tell(*seed);
    }
    if failed.is_empty() {
        println!("every promise was kept");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn table(reached: &BTreeMap<String, u64>) {
    for (what, times) in reached {
        println!("{times:>10}  {what}");
    }
}
