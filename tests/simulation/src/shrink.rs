//! Shortens a failing history: operations and faults are left out, many and then one by one, while it still fails the same way
//! (delta debugging, Zeller 2002).

use std::collections::BTreeSet;
use std::time::Duration;

use crate::history::{Verdict, play};
use crate::plan::{Decision, Filter};
use crate::planted::Planted;
use crate::scenario::{Op, Scenario};

/// A shorter history that fails the same way.
#[derive(Clone, Debug)]
pub struct Short {
    /// What happens.
    pub scenario: Scenario,
    /// What goes wrong.
    pub faults: Vec<Decision>,
    /// How it fails.
    pub broken: Vec<String>,
}

/// More attempts are not made.
const TRIES_MAX: u32 = 600;

/// The promise that is broken first.
fn promise(verdict: &Verdict) -> Option<&str> {
    verdict.broken.first()?.split(':').next()
}

struct Shrinking<'a> {
    seed: u64,
    planted: Option<Planted>,
    promise: &'a str,
    tries: u32,
}

impl Shrinking<'_> {
    fn fails(&mut self, scenario: &Scenario, faults: &[Decision]) -> bool {
        self.tries += 1;
        let script: BTreeSet<Decision> = faults.iter().copied().collect();
        let verdict = play(scenario, self.seed, Filter::Script(script), self.planted);
        promise(&verdict) == Some(self.promise)
    }

    /// Lets each fault take place earlier while the history fails: then what led to its later place can be left out.
    fn sooner(&mut self, scenario: &Scenario, mut faults: Vec<Decision>) -> Vec<Decision> {
        for at in 0..faults.len() {
            let Some(nth) = faults.get(at).map(|fault| fault.nth) else {
                break;
            };
            for earlier in [0, nth / 2, nth.saturating_sub(1)] {
                let mut moved = faults.clone();
                if let Some(fault) = moved.get_mut(at) {
                    fault.nth = earlier;
                }
                if earlier < nth && self.tries < TRIES_MAX && self.fails(scenario, &moved) {
                    faults = moved;
                    break;
                }
            }
        }
        faults
    }

    /// Leaves operations of `scenario` out.
    fn fewer(&mut self, scenario: &Scenario, faults: &[Decision]) -> Scenario {
        let with = |ops: &[(Duration, Op)]| Scenario {
            ops: ops.to_vec(),
            ..scenario.clone()
        };
        let ops = self.reduce(scenario.ops.clone(), |work, ops| {
            work.fails(&with(ops), faults)
        });
        with(&ops)
    }

    /// Leaves parts of `all` out while `fails` says so.
    fn reduce<T: Clone>(&mut self, all: Vec<T>, fails: impl Fn(&mut Self, &[T]) -> bool) -> Vec<T> {
        let mut kept = all;
        let mut size = kept.len().div_ceil(2);
        while size > 0 && !kept.is_empty() {
            let mut at = 0;
            while at < kept.len() && self.tries < TRIES_MAX {
                let end = (at + size).min(kept.len());
                let mut fewer = kept.clone();
                fewer.drain(at..end);
                if fails(self, &fewer) {
                    kept = fewer;
                } else {
                    at = end;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        kept
    }
}

/// The shortened history of a seed; none if it fails not.
pub fn shorten(seed: u64, planted: Option<Planted>) -> Option<Short> {
    let mut scenario = Scenario::of(seed);
    let verdict = play(&scenario, seed, Filter::Drawn, planted);
    let promise = promise(&verdict)?;
    let mut work = Shrinking {
        seed,
        planted,
        promise,
        tries: 0,
    };
    let mut faults = work.reduce(verdict.taken.clone(), |work, faults| {
        work.fails(&scenario, faults)
    });
    for _ in 0..2 {
        faults = work.sooner(&scenario, faults);
        scenario = work.fewer(&scenario, &faults);
    }
    faults = work.reduce(faults, |work, faults| work.fails(&scenario, faults));
    let script = faults.iter().copied().collect();
    let broken = play(&scenario, seed, Filter::Script(script), planted).broken;
    Some(Short {
        scenario,
        faults,
        broken,
    })
}
