//! `wend suppressions`: addresses that are never written to, on a deployed stack or on the `wend dev` of this machine.
//!
//! One address at a time: rows are kept under hashes, so a list of all could name nobody, and would read the whole table.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context, bail};
use wend_app::ports::{Clock, Permissions, SecretStore, Settled};
use wend_aws::dynamodb::Tables;
use wend_aws::system::{SystemClock, new_secret};
use wend_core::id::PermissionKey;
use wend_core::identity::{Channel, EmailAddress, IdentitySecret, PhoneNumber};
use wend_core::permission::{Consent, Permission, Proof, Suppression, SuppressionReason};
use wend_core::time::Timestamp;

use crate::stack;

/// What `suppressions` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What.
    #[arg(value_enum)]
    what: What,
    /// An email address, or a phone number with its country (`+49…`).
    address: String,
    /// With `add`: why.
    #[arg(long, value_enum, default_value = "manual")]
    reason: Reason,
    /// With `remove`: also after a complaint, or an answer STOP.
    #[arg(long)]
    force: bool,
    /// The stack's log table: the output `LogTableName` of `sam deploy`.
    #[arg(long, required_unless_present = "dev", requires = "releases_table")]
    log_table: Option<String>,
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long)]
    releases_table: Option<String>,
    /// The address of a `wend dev`, such as `http://localhost:7070`, in place of a stack.
    #[arg(long, value_name = "URL", conflicts_with = "log_table")]
    dev: Option<String>,
}

/// What is done with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Nothing is sent to it from now on.
    Add,
    /// It is written to again, as far as it has opted in.
    Remove,
    /// Shows what is known of it: its suppression, and what it has said with source, wording and time.
    List,
}

/// Why somebody closes an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Reason {
    /// Somebody has asked for it, or looked at it.
    Manual,
    /// It was on another tool's list.
    Imported,
    /// A complaint that came by another way than the provider's events.
    Complaint,
}

/// A command for one address.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// What.
    pub what: What,
    /// Why, where it is added.
    pub reason: SuppressionReason,
    /// Whether a complaint or a STOP is taken away, too.
    pub force: bool,
}

impl From<Reason> for SuppressionReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Manual => Self::Manual,
            Reason::Imported => Self::Imported,
            Reason::Complaint => Self::Complaint,
        }
    }
}

/// In force when it returns: whoever passed the gate before fails at the claim.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let asked = Asked {
        what: args.what,
        reason: args.reason.into(),
        force: args.force,
    };
    let said = match (&args.dev, &args.log_table, &args.releases_table) {
        (Some(url), ..) => of_dev(url, &args.address, asked)?,
        (None, Some(log), Some(releases)) => {
            let tables = Tables {
                log: log.clone(),
                releases: releases.clone(),
                ..Tables::default()
            };
            of_stack(tables, &args.address, asked)?
        }
        (None, ..) => bail!("give --log-table and --releases-table, or --dev"),
    };
    print!("{said}");
    Ok(ExitCode::SUCCESS)
}

fn of_stack(tables: Tables, address: &str, asked: Asked) -> anyhow::Result<String> {
    stack::run(tables, async |db| {
        // A stack that has its secret gives that; a wrong table's name fails here.
        let secret = db.secret(new_secret()).await;
        let secret = secret.context("(are credentials, region and the tables' names right?)")?;
        answer(&db, &secret, address, asked, SystemClock.now()).await
    })
}

fn of_dev(url: &str, address: &str, asked: Asked) -> anyhow::Result<String> {
    let what = match asked.what {
        What::Add => "add",
        What::Remove => "remove",
        What::List => "list",
    };
    let query = [
        ("address", address),
        ("do", what),
        ("reason", asked.reason.name()),
        ("force", if asked.force { "true" } else { "false" }),
    ];
    stack::ask_dev(url, "suppressions", &query)
}

/// The permission row of an address as somebody types it.
fn row_of(address: &str, secret: &IdentitySecret) -> anyhow::Result<PermissionKey> {
    if let Some(number) = PhoneNumber::parse(address) {
        return Ok(number.permission_key(Channel::Sms, secret));
    }
    let email = EmailAddress::parse(address);
    let email = email.context("neither an email address nor a phone number with its country")?;
    Ok(email.permission_key(Channel::Email, secret))
}

/// Does what is asked, and says what then holds.
pub async fn answer(
    store: &impl Permissions,
    secret: &IdentitySecret,
    address: &str,
    asked: Asked,
    now: Timestamp,
) -> anyhow::Result<String> {
    let permission = row_of(address, secret)?;
    match asked.what {
        What::List => {}
        What::Add => {
            let (at, reason) = (now, asked.reason);
            let suppression = Suppression { at, reason };
            store.suppress(permission, suppression).await?;
        }
        What::Remove => remove(store, permission, asked.force, now).await?,
    }
    Ok(words(&store.row(permission).await?))
}

async fn remove(
    store: &impl Permissions,
    permission: PermissionKey,
    force: bool,
    now: Timestamp,
) -> anyhow::Result<()> {
    let row = store.row(permission).await?;
    let is_complaint = |closed: &Suppression| closed.reason == SuppressionReason::Complaint;
    if row.suppressed.as_ref().is_some_and(is_complaint) && !force {
        bail!("its owner has reported a message as spam; --force writes to it again nevertheless");
    }
    if row.stopped_at.is_some() && !force {
        bail!("its owner has answered STOP; --force takes that back in their place");
    }
    if let Some(closed) = row.suppressed
        && store.reopen(permission, closed.reason, now).await? == Settled::Lost
    {
        bail!("another reason has come meanwhile; look at it again");
    }
    if row.stopped_at.is_some() {
        store.stop(permission, false, now).await?;
    }
    Ok(())
}

/// What is known of an address.
fn words(row: &Permission) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let mut line = |said: String| {
        let _ = writeln!(text, "{said}");
    };
    match row.suppressed {
        Some(closed) => line(format!(
            "suppressed: {} since {}",
            closed.reason.name(),
            closed.at
        )),
        None => line("suppressed: no".to_owned()),
    }
    if let Some(at) = row.stopped_at {
        line(format!("stopped: all SMS since {at}, by an answer"));
    }
    if let Some((at, proof)) = &row.unsubscribed {
        line(format!("unsubscribed: everything at {at}, {}", how(proof)));
    }
    if let Some(until) = row.paused_until {
        line(format!("paused: until {until}"));
    }
    for (topic, said) in &row.topics {
        let word = if said.opted_in { "yes" } else { "no" };
        line(format!(
            "{topic}: {word} at {}, {}",
            said.at,
            how(&said.proof)
        ));
    }
    let waiting: Vec<(&str, &Consent)> = row.unconfirmed().collect();
    for (topic, said) in waiting {
        let how = how(&said.proof);
        line(format!(
            "{topic}: yes at {}, to be confirmed, {how}",
            said.at
        ));
    }
    text
}

fn how(proof: &Proof) -> String {
    let mut text = format!("source: {}", proof.source);
    let mut also = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(text, ", {what} {value}");
        }
    };
    also(
        "wording:",
        proof.wording.as_ref().map(|wording| format!("{wording:?}")),
    );
    also("confirmed at", proof.confirmed_at.map(|at| at.to_string()));
    also("by a link in", proof.send.map(|send| send.to_string()));
    also("carried over at", proof.carried_at.map(|at| at.to_string()));
    text
}

#[cfg(test)]
mod tests {
    use wend_app::memory::{Line, MemoryStore, VirtualClock};
    use wend_core::permission::ConsentChange;

    use super::*;

    const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);

    fn store() -> MemoryStore {
        let start = Timestamp::parse("2027-03-01T17:00:00Z").unwrap();
        MemoryStore::new(VirtualClock::starting_at(start), Line::default())
    }

    async fn asks(
        store: &MemoryStore,
        what: What,
        reason: SuppressionReason,
        force: bool,
    ) -> anyhow::Result<String> {
        let asked = Asked {
            what,
            reason,
            force,
        };
        let now = Timestamp::parse("2027-03-02T08:00:00Z").unwrap();
        answer(store, &SECRET, "Ana@example.com", asked, now).await
    }

    #[tokio::test]
    async fn an_address_is_closed_shown_and_opened() {
        let store = store();
        let manual = SuppressionReason::Manual;
        let closed = asks(&store, What::Add, manual, false).await.unwrap();
        assert_eq!(closed, "suppressed: manual since 2027-03-02T08:00:00Z\n");
        let shown = asks(&store, What::List, manual, false).await.unwrap();
        assert_eq!(shown, closed);
        let opened = asks(&store, What::Remove, manual, false).await.unwrap();
        assert_eq!(opened, "suppressed: no\n");
        let again = asks(&store, What::Remove, manual, false).await.unwrap();
        assert_eq!(again, opened);
    }

    #[tokio::test]
    async fn a_complaint_is_taken_away_by_force_alone() {
        let store = store();
        let complaint = SuppressionReason::Complaint;
        asks(&store, What::Add, complaint, false).await.unwrap();
        let refused = asks(&store, What::Remove, complaint, false).await;
        assert!(refused.unwrap_err().to_string().contains("--force"));
        let forced = asks(&store, What::Remove, complaint, true).await.unwrap();
        assert_eq!(forced, "suppressed: no\n");
    }

    #[tokio::test]
    async fn what_was_said_is_shown_with_its_proof() {
        let store = store();
        let permission = row_of("ana@example.com", &SECRET).unwrap();
        let at = Timestamp::parse("2027-03-01T17:00:00Z").unwrap();
        let change = ConsentChange {
            permission,
            topic: "news".to_owned(),
            consent: Consent {
                opted_in: true,
                at,
                proof: Proof::new("footer form", Some("Yes, send me news")),
            },
            is_pending: true,
        };
        store.consent(&change).await.unwrap();
        let shown = asks(&store, What::List, SuppressionReason::Manual, false).await;
        let expected = "suppressed: no\nnews: yes at 2027-03-01T17:00:00Z, to be confirmed, \
            source: footer form, wording: \"Yes, send me news\"\n";
        assert_eq!(shown.unwrap(), expected);
        assert!(row_of("nobody", &SECRET).is_err());
        let number = row_of("+49 155 50001111", &SECRET).unwrap();
        assert_ne!(number, permission);
    }
}
