//! Black-box tests over HTTP: the same scenarios on the embedded mode and on the local AWS with the real function binaries.
//!
//! Each stack is started once, by the first scenario that needs it; all scenarios run at the same time, because they mostly
//! wait. The kills have stacks of their own. At the end every stack is audited and every process ended.
//!
//! `cargo test --package wend-acceptance -- embedded` runs one mode; everything is written below `target/`.

mod case;
mod client;
mod operator;
mod process;
mod proxy;
mod scenarios;
mod stack;
mod wait;

use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Conclusion, Failed, Trial, run};

use self::case::Case;
use self::scenarios::{
    AWS, BOTH, audit, brakes, browser, campaign, cart, confirm, coupons, faults_of_endpoint,
    kills_of_functions, kills_of_process, reactions, visitor,
};
use self::stack::{Mode, Stack, lock_scratch};

/// The small project whose waits take seconds.
const DEMO: &str = "infra/demo";
/// The starter pack, in its environment `dev`: a day of waiting is a minute.
const STARTER: &str = "infra/starter";

/// The project of the crowds.
const CROWD: &str = "tests/acceptance/crowd";

/// A schedule that comes every minute.
const CAMPAIGN: &str = "tests/acceptance/campaign";

static EMBEDDED: Stack = Stack::new(Mode::Embedded, "acceptance-embedded", DEMO);
static EMBEDDED_KILLS: Stack = Stack::new(Mode::Embedded, "acceptance-embedded-kills", DEMO);
static EMBEDDED_BRAKES: Stack = Stack::new(Mode::Embedded, "acceptance-embedded-brakes", CROWD);
static LOCAL_AWS: Stack = Stack::new(Mode::Aws, "acceptance-aws", DEMO);
static LOCAL_AWS_KILLS: Stack = Stack::new(Mode::Aws, "acceptance-aws-kills", CROWD);
static LOCAL_AWS_FAULTS: Stack = Stack::behind_proxy("acceptance-aws-faults", CROWD);
static EMBEDDED_STARTER: Stack = Stack::new(Mode::Embedded, "acceptance-embedded-starter", STARTER);
static LOCAL_AWS_STARTER: Stack = Stack::new(Mode::Aws, "acceptance-aws-starter", STARTER);

static EMBEDDED_CAMPAIGN: Stack =
    Stack::new(Mode::Embedded, "acceptance-embedded-campaign", CAMPAIGN);
static LOCAL_AWS_CAMPAIGN: Stack = Stack::new(Mode::Aws, "acceptance-aws-campaign", CAMPAIGN);

static STACKS: [&Stack; 10] = [
    &LOCAL_AWS_KILLS,
    &LOCAL_AWS_FAULTS,
    &LOCAL_AWS,
    &LOCAL_AWS_STARTER,
    &EMBEDDED_KILLS,
    &EMBEDDED_BRAKES,
    &EMBEDDED,
    &EMBEDDED_STARTER,
    &LOCAL_AWS_CAMPAIGN,
    &EMBEDDED_CAMPAIGN,
];

/// A scenario: its name and what it does.
type Scenario = (&'static str, fn(&Case) -> Result<()>);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let (scenarios, audits) = (scenarios(), audits());
    // They wait far more than they work.
    arguments.test_threads.get_or_insert(scenarios.len());
    if arguments.list {
        return run(&arguments, scenarios.into_iter().chain(audits).collect()).exit_code();
    }
    let _lock = match lock_scratch() {
        Ok(lock) => lock,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let conclusions = [run(&arguments, scenarios), run(&arguments, audits)];
    std::thread::scope(|scope| {
        for stack in STACKS {
            scope.spawn(|| stack.end());
        }
    });
    if conclusions.iter().any(Conclusion::has_failed) {
        ExitCode::from(101)
    } else {
        ExitCode::SUCCESS
    }
}

fn scenarios() -> Vec<Trial> {
    // The longest first.
    let kills = [
        trial(&LOCAL_AWS_KILLS, kills_of_functions::CROWD),
        trial(&LOCAL_AWS_KILLS, kills_of_functions::WITNESS),
        trial(&LOCAL_AWS_KILLS, kills_of_functions::SILENT),
        trial(&LOCAL_AWS_FAULTS, faults_of_endpoint::CROWD),
        trial(&LOCAL_AWS_FAULTS, faults_of_endpoint::DEAD_LETTERS),
        trial(&EMBEDDED_KILLS, kills_of_process::CROWD),
        trial(&EMBEDDED_BRAKES, brakes::BOUNCES),
        trial(&LOCAL_AWS_STARTER, cart::ABANDONED),
        trial(&EMBEDDED_STARTER, cart::ABANDONED),
        trial(&LOCAL_AWS_STARTER, coupons::CODES),
        trial(&EMBEDDED_STARTER, coupons::CODES),
        trial(&EMBEDDED, browser::PEOPLE),
        trial(&LOCAL_AWS_STARTER, reactions::CLICK_AND_LEAVE),
        trial(&LOCAL_AWS_STARTER, confirm::DOUBLE),
        trial(&EMBEDDED_STARTER, confirm::DOUBLE),
        trial(&LOCAL_AWS_STARTER, visitor::BECOMES_SOMEBODY),
        trial(&EMBEDDED_STARTER, visitor::BECOMES_SOMEBODY),
        trial(&EMBEDDED_STARTER, reactions::CLICK_AND_LEAVE),
        trial(&LOCAL_AWS_CAMPAIGN, campaign::SALE),
        trial(&EMBEDDED_CAMPAIGN, campaign::SALE),
    ];
    let aws = BOTH.iter().chain(&AWS);
    let aws = aws.map(|&scenario| trial(&LOCAL_AWS, scenario));
    let embedded = BOTH.iter().map(|&scenario| trial(&EMBEDDED, scenario));
    kills.into_iter().chain(aws).chain(embedded).collect()
}

/// What must hold of everything that all scenarios of a stack have left.
fn audits() -> Vec<Trial> {
    let audits = STACKS
        .iter()
        .map(|stack| (*stack, format!("{}::{}", stack.name(), audit::AUDIT.0)));
    let trials = audits.map(|(stack, name)| {
        Trial::test(name, move || {
            if stack.is_started() {
                play(stack, audit::AUDIT)
            } else {
                Ok(())
            }
        })
    });
    trials.collect()
}

fn trial(stack: &'static Stack, scenario: Scenario) -> Trial {
    let name = format!("{}::{}", stack.name(), scenario.0);
    Trial::test(name, move || play(stack, scenario))
}

fn play(stack: &'static Stack, (name, scenario): Scenario) -> Result<(), Failed> {
    let case = Case::new(stack, name);
    scenario(&case).map_err(|error| Failed::from(case.explain(&error)))
}
