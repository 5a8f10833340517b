//! `wend brakes`: what has stopped by itself, why, and how it goes on; on a deployed stack or on the `wend dev` of this machine.

use std::process::ExitCode;

use anyhow::{Context, bail};
use wend_app::ports::{Clock, Tallies};
use wend_aws::dynamodb::Tables;
use wend_aws::system::SystemClock;
use wend_core::brake::{Brakes, DayNumber, Scope};
use wend_core::time::Timestamp;

use crate::stack;

/// What `brakes` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A journey: its brakes alone. Without one all are shown, and `--lift` lifts the brake on all marketing.
    journey: Option<String>,
    /// Lets marketing go again, and counts anew. What was held comes back spread over a day.
    #[arg(long)]
    lift: bool,
    /// The stack's log table: the output `LogTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", required_unless_present = "dev")]
    log_table: Option<String>,
    /// The address of a `wend dev`, such as `http://localhost:7070`, in place of a stack.
    #[arg(long, value_name = "URL", conflicts_with = "log_table")]
    dev: Option<String>,
}

/// Lists the brakes, or lifts some.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let journey = args.journey.as_deref();
    let said = match (&args.dev, &args.log_table) {
        (Some(url), _) => {
            let what = if args.lift { "lift" } else { "list" };
            let journey = journey.map(|journey| ("journey", journey));
            let query: Vec<_> = journey.into_iter().chain([("do", what)]).collect();
            stack::ask_dev(url, "brakes", &query)?
        }
        (None, Some(log)) => {
            let tables = Tables {
                log: log.clone(),
                ..Tables::default()
            };
            stack::run(tables, async |db| {
                answer(&db, journey, args.lift, SystemClock.now()).await
            })?
        }
        (None, None) => bail!("give --log-table or --dev"),
    };
    print!("{said}");
    Ok(ExitCode::SUCCESS)
}

/// Does what is asked, and says what holds.
pub async fn answer(
    store: &impl Tallies,
    journey: Option<&str>,
    is_lifted: bool,
    now: Timestamp,
) -> anyhow::Result<String> {
    if is_lifted {
        lift(store, journey, now).await
    } else {
        Ok(list(&brakes(store).await?, journey))
    }
}

async fn brakes(store: &impl Tallies) -> anyhow::Result<Brakes> {
    let brakes = store.brakes().await;
    brakes.context("nothing was read (are credentials, region and the table's name right?)")
}

/// Whether a scope is one that is asked for: all, or those of a journey.
fn is_of(scope: &Scope, journey: Option<&str>) -> bool {
    match scope {
        Scope::All => journey.is_none(),
        Scope::Journey(of) | Scope::Entries(of) => journey == Some(of.as_str()),
    }
}

fn named(scope: &Scope) -> String {
    match scope {
        Scope::All => "all marketing mail".to_owned(),
        Scope::Journey(journey) => format!("marketing mail of {journey}"),
        Scope::Entries(journey) => format!("marketing of those who enter {journey}"),
    }
}

/// One line a brake; all of them where no journey is named.
fn list(brakes: &Brakes, journey: Option<&str>) -> String {
    let shown = brakes.iter();
    let shown = shown.filter(|(scope, _)| journey.is_none() || is_of(scope, journey));
    let lines = shown.map(|(scope, brake)| {
        let (what, since, cause) = (named(scope), brake.since, brake.cause);
        format!("{what} is held since {since}: {cause}\n")
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return "Nothing is held.\n".to_owned();
    }
    lines
}

async fn lift(
    store: &impl Tallies,
    journey: Option<&str>,
    now: Timestamp,
) -> anyhow::Result<String> {
    let on = brakes(store).await?;
    let lifted: Vec<&Scope> = on.keys().filter(|scope| is_of(scope, journey)).collect();
    if lifted.is_empty() {
        bail!("there is no such brake; {}", list(&on, None).trim_end());
    }
    let today = DayNumber::of(now);
    for scope in &lifted {
        let lifted = store.lift(scope, today).await;
        lifted.with_context(|| format!("the brake on {scope} is still on"))?;
    }
    let told = lifted.into_iter().map(named);
    let told = told.map(|what| format!("Lifted: {what}. In force within 10 seconds.\n"));
    Ok(told.collect())
}

#[cfg(test)]
mod tests {
    use wend_app::memory::{Line, MemoryStore, VirtualClock};
    use wend_core::brake::{Brake, Cause, Returned};

    use super::*;

    #[tokio::test]
    async fn brakes_are_listed_with_their_cause_and_lifted_one_by_one() {
        let now = Timestamp::parse("2027-03-01T17:00:00Z").unwrap();
        let store = MemoryStore::new(VirtualClock::starting_at(now), Line::default());
        assert_eq!(
            list(&brakes(&store).await.unwrap(), None),
            "Nothing is held.\n"
        );
        let cause = Cause::Returned {
            what: Returned::Bounced,
            count: 60,
            sent: 1000,
        };
        let (since, from) = (now, now);
        for scope in [
            Scope::All,
            Scope::Journey("sale".into()),
            Scope::Entries("sale".into()),
        ] {
            store
                .brake(&scope, &Brake { since, from, cause })
                .await
                .unwrap();
        }
        let on = brakes(&store).await.unwrap();
        assert_eq!(list(&on, None).lines().count(), 3);
        let first = "all marketing mail is held since 2027-03-01T17:00:00Z: 60 of 1000 mails came back for good";
        assert_eq!(list(&on, None).lines().next(), Some(first));
        let refused = lift(&store, Some("welcome"), now).await.unwrap_err();
        assert!(
            refused.to_string().contains("all marketing mail is held"),
            "{refused}"
        );
        assert_eq!(
            lift(&store, Some("sale"), now)
                .await
                .unwrap()
                .lines()
                .count(),
            2
        );
        lift(&store, None, now).await.unwrap();
        assert!(brakes(&store).await.unwrap().is_empty());
    }
}
