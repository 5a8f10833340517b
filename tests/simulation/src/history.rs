//! A whole history: storm, then calm, then the promises that hold after calm.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wend_core::id::SendId;
use wend_core::time::Timestamp;

use crate::book::Book;
use crate::limits::IN_FORCE_AFTER;
use crate::plan::{Decision, Filter, Plan, Trouble};
use crate::planted::Planted;
use crate::projects::{Edition, Which, project};
use crate::runner::Runner;
use crate::scenario::Scenario;
use crate::{invariants, logs};

/// When every history begins: a Monday in March, 17:00 UTC.
const START: &str = "2027-03-01T17:00:00Z";
/// The releases are in force everywhere after this time.
const DAY: Duration = Duration::from_hours(24);

/// What came of a history.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Broken promises; none if all is well.
    pub broken: Vec<String>,
    /// The hash of everything that took place.
    pub hash: u64,
    /// How often each thing was seen.
    pub reached: BTreeMap<String, u64>,
    /// What went wrong, in order.
    pub taken: Vec<Decision>,
    /// Operations that faults could have met, if the plan was a script.
    pub asked: Vec<(&'static str, u32, &'static [Trouble])>,
    /// The messages that were submitted.
    pub submitted: BTreeSet<SendId>,
}

/// When every history begins.
pub fn start() -> Timestamp {
    Timestamp::parse(START).unwrap_or_default()
}

/// The history of a seed. What it logs is read in one of sixteen: reading takes longer than the history.
pub fn of_seed(seed: u64, planted: Option<Planted>) -> Verdict {
    let scenario = Scenario::of(seed);
    let play = || play(&scenario, seed, Filter::Drawn, planted);
    if !seed.is_multiple_of(16) {
        return play();
    }
    let (mut verdict, leaked) = logs::watched(play);
    verdict.broken.extend(leaked);
    verdict
}

/// Plays `scenario` under the faults that `seed` and `filter` give.
pub fn play(scenario: &Scenario, seed: u64, filter: Filter, planted: Option<Planted>) -> Verdict {
    let rules = match project(scenario.which) {
        Ok(project) => project.rules.clone(),
        Err(error) => return Verdict::failed(error),
    };
    let book = Book::new(Plan::new(seed, filter), planted, rules);
    let mut runner = match Runner::new(scenario, seed, book, start()) {
        Ok(runner) => runner,
        Err(error) => return Verdict::failed(error),
    };
    let ended = live(&mut runner, scenario);
    let now = runner.now();
    let mut book = runner.deployment.line.book();
    if let Err(error) = ended {
        book.broken.push(error);
    } else if book.broken.is_empty() {
        let left = left(&runner, &mut book);
        let record = &book.record;
        let promises = [
            left,
            invariants::accepted_is_applied(record),
            invariants::every_send_ends(record),
            invariants::the_ledger_is_true(record),
            invariants::every_word_is_written(record),
            invariants::every_code_arrives(record),
            invariants::every_no_is_carried(record),
            invariants::nothing_is_kept_of_the_erased(record),
            invariants::nothing_is_overdue(record, now),
        ];
        for promise in promises {
            book.check(promise);
        }
    }
    for index in 0..book.plan.taken.len() {
        if let Some(decision) = book.plan.taken.get(index) {
            let name = format!("fault: {}", decision.trouble.name());
            book.reach(&name);
        }
    }
    Verdict {
        broken: book.broken.clone(),
        hash: book.hash,
        reached: book.reached.clone(),
        taken: book.plan.taken.clone(),
        asked: book.plan.asked.clone(),
        submitted: book.record.submissions.keys().copied().collect(),
    }
}

fn live(runner: &mut Runner, scenario: &Scenario) -> Result<(), String> {
    let edition = Edition {
        is_strict: scenario.which == Which::Strict,
        ..Edition::default()
    };
    runner.publish(edition)?;
    let storm_ends = start().plus(scenario.storm);
    runner.run_until(storm_ends)?;
    calm_down(runner);
    runner.lift_everything()?;
    runner.run_until(storm_ends.plus(IN_FORCE_AFTER))?;
    runner.touch_all(u64::MAX)?;
    // Some dead letters are looked at the next day, some nearly two weeks later.
    let pause = if runner.seed.is_multiple_of(4) {
        DAY * 12
    } else {
        DAY / 8
    };
    runner.run_until(storm_ends.plus(pause))?;
    // What was received too often in the storm is set aside only when it is received again.
    for _ in 0..3 {
        runner.redrive();
        runner.run_until(runner.now().plus(DAY / 8))?;
    }
    runner.run_until(runner.now().plus(scenario.calm))
}

fn calm_down(runner: &Runner) {
    let mut book = runner.deployment.line.book();
    book.plan.is_calm = true;
    book.quota_ends = Timestamp::default();
    drop(book);
    runner
        .deployment
        .clocks
        .iter()
        .for_each(|clock| clock.jump(0));
    runner.deployment.store.set_index_lag(Duration::ZERO);
}

/// After calm nothing is left: no message that should have come, no worker, no dead letter.
fn left(runner: &Runner, book: &mut Book) -> invariants::Promise {
    let letters = runner.deployment.queues.dead_letters();
    let new: Vec<_> = letters.iter().skip(runner.redriven).collect();
    for letter in &letters {
        book.reach(&format!(
            "dead letter: {}, {}",
            letter.queue,
            letter.reason.split(':').next().unwrap_or("")
        ));
    }
    if let Some(letter) = new.first() {
        return Err(format!(
            "after calm a message is set aside: {}",
            letter.reason
        ));
    }
    let parked = book.parked.len();
    let unfinished = runner.unfinished_beside(parked);
    if unfinished > 0 {
        return Err(format!(
            "after calm {unfinished} messages or workers are left"
        ));
    }
    Ok(())
}

impl Verdict {
    fn failed(error: String) -> Self {
        Self {
            broken: vec![error],
            hash: 0,
            reached: BTreeMap::new(),
            taken: Vec::new(),
            asked: Vec::new(),
            submitted: BTreeSet::new(),
        }
    }
}
