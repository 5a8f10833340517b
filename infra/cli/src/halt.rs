//! `wend halt` and `wend stop`: what an operator does when something goes wrong, on a deployed stack.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use wend_app::operate::{Operation, in_force_after, operate};
use wend_app::ports::ReleaseStore;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::system::SystemClock;
use wend_core::identity::Channel;
use wend_core::release::{Halt, Release};

use crate::stack;

/// Which stack.
#[derive(Debug, clap::Args)]
struct Stack {
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long)]
    releases_table: String,
    /// The stack's parameter `FunctionTimeoutSeconds`: so long lives who has passed the gate before.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    function_timeout: u64,
}

/// What is halted.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    /// Every message, alert and call.
    Everything,
    /// Every email.
    Email,
    /// Every SMS.
    Sms,
}

impl From<What> for Halt {
    fn from(what: What) -> Self {
        match what {
            What::Everything => Self::Everything,
            What::Email => Self::Channel(Channel::Email),
            What::Sms => Self::Channel(Channel::Sms),
        }
    }
}

/// What `halt` is asked.
#[derive(Debug, clap::Args)]
pub struct HaltArgs {
    /// What sends nothing from now on: contacts go on, what comes due is skipped with the reason `halted`.
    #[arg(value_enum, default_value = "everything")]
    what: What,
    /// Lets it send again.
    #[arg(long)]
    lift: bool,
    #[command(flatten)]
    stack: Stack,
}

/// What `stop` is asked.
#[derive(Debug, clap::Args)]
pub struct StopArgs {
    /// The journey: who is inside leaves it with the reason `stopped`, and nobody enters.
    journey: String,
    /// Lets contacts enter it again.
    #[arg(long)]
    lift: bool,
    #[command(flatten)]
    stack: Stack,
}

/// Halts, or lifts a halt; in force when it returns.
pub fn halt(args: &HaltArgs) -> anyhow::Result<ExitCode> {
    let what = args.what.into();
    let operation = if args.lift {
        Operation::Lift(what)
    } else {
        Operation::Halt(what)
    };
    run(&args.stack, None, &operation)
}

/// Stops a journey, or starts it again; in force when it returns.
pub fn stop(args: &StopArgs) -> anyhow::Result<ExitCode> {
    let journey = args.journey.clone();
    let operation = if args.lift {
        Operation::Start(journey)
    } else {
        Operation::Stop(journey)
    };
    run(&args.stack, Some(&args.journey), &operation)
}

fn run(stack: &Stack, journey: Option<&str>, operation: &Operation) -> anyhow::Result<ExitCode> {
    stack::run(stack::releases(&stack.releases_table), async |db| {
        if let Some(journey) = journey {
            check_journey(&db, journey).await?;
        }
        let number = operate(&db, &SystemClock, operation)
            .await
            .context(stack::UNCHANGED)?;
        let wait = in_force_after(Duration::from_secs(stack.function_timeout));
        println!(
            "Release {number}; in force everywhere in {} seconds …",
            wait.as_secs()
        );
        tokio::time::sleep(wait).await;
        println!("In force.");
        Ok(ExitCode::SUCCESS)
    })
}

async fn check_journey(db: &DynamoDb, journey: &str) -> anyhow::Result<()> {
    let manifest = db.manifest().await?.unwrap_or_default();
    let hashes: Vec<_> = manifest.parts().collect();
    let release = Release::new(&manifest, db.parts(&hashes).await?);
    let known: Vec<&str> = release
        .current()
        .map(|(_, known)| known.id.as_str())
        .collect();
    if !known.contains(&journey) {
        bail!(
            "no journey `{journey}` is published; there are: {}",
            known.join(", ")
        );
    }
    Ok(())
}
