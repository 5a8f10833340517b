//! `wend import suppressions`: addresses that another tool does not write to, into the permission rows.
//!
//! Each write is last writer by time or keeps the first reason, so whoever is killed begins anew and does nothing twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use wend_app::ports::{AccountList, Clock, ListedFor, Permissions, PortError, SecretStore};
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_aws::suppressed::SesList;
use wend_aws::system::{SystemClock, new_secret};
use wend_core::identity::{Channel, EmailAddress, IdentitySecret, PhoneNumber};
use wend_core::permission::{Proof, Suppression, SuppressionReason, source};
use wend_core::time::Timestamp;

use super::bar::Bar;
use super::faults::{Fault, Faults};
use super::presets::{self, Preset};
use super::progress::Progress;
use super::source::Source;

/// Addresses that are written at the same time.
const PARALLEL: usize = 32;
/// Addresses between two notes of how far it is.
const BATCH: usize = 500;
/// Calls to SES at the same time: it takes few of them in a second.
const PARALLEL_SES: usize = 2;
/// Pause after SES says that it is too fast.
const SLOWER: std::time::Duration = std::time::Duration::from_secs(1);

/// What `import suppressions` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file: CSV with a header, or JSON lines (`.jsonl`). None for `--from ses`.
    file: Option<PathBuf>,
    /// What wrote it.
    #[arg(long, value_enum)]
    from: Preset,
    /// With `--from list`: why the addresses are on it.
    #[arg(long, value_enum, default_value = "imported")]
    reason: Why,
    /// Also puts bounced and complaining addresses on the account's own list in SES, which all senders of the account heed.
    #[arg(long)]
    to_ses: bool,
    /// Counts and checks, and writes nothing.
    #[arg(long)]
    dry_run: bool,
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

/// Why an address is not written to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It wants no marketing.
    Unsubscribed,
    /// Messages to it came back for good: it gets nothing.
    Bounced,
    /// It has reported a message as spam: it gets nothing.
    Complained,
    /// Another tool does not say why: it gets nothing.
    Imported,
}

impl Why {
    /// The reason for which it is closed; none: for marketing alone.
    const fn closes(self) -> Option<SuppressionReason> {
        match self {
            Self::Unsubscribed => None,
            Self::Bounced => Some(SuppressionReason::HardBounce),
            Self::Complained => Some(SuppressionReason::Complaint),
            Self::Imported => Some(SuppressionReason::Imported),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed from marketing",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Imported => "on the other tool's list",
        }
    }
}

/// An address that a message goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// By email.
    Email(EmailAddress),
    /// By SMS.
    Phone(PhoneNumber),
}

impl Address {
    /// Reads either.
    pub fn parse(text: &str) -> Option<Self> {
        let phone = PhoneNumber::parse(text).map(Self::Phone);
        phone.or_else(|| EmailAddress::parse(text).map(Self::Email))
    }
}

/// One address that is not written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    pub address: Address,
    /// Why.
    pub why: Why,
    /// Since when.
    pub at: Timestamp,
}

/// Imports. A file's import goes on after it was stopped.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match (&args.file, args.from) {
        (None, Preset::Ses) => {}
        (Some(_), Preset::Ses) => bail!("the account's list is read from SES itself: give no file"),
        (None, _) => bail!("give the file that the other tool has written"),
        (Some(_), _) => {}
    }
    super::block_on(async {
        let place = Place::of(args).await?;
        match &args.file {
            Some(file) => of_file(args, file, &place).await,
            None => of_account(args, &place).await,
        }
    })
}

/// Where they are written.
enum Place {
    Stack(Box<DynamoDb>, IdentitySecret),
    Dev(String),
    /// A dry run.
    Nowhere,
}

impl Place {
    async fn of(args: &Args) -> anyhow::Result<Self> {
        if args.dry_run {
            return Ok(Self::Nowhere);
        }
        let tables = match (&args.dev, &args.log_table, &args.releases_table) {
            (Some(url), ..) => return Ok(Self::Dev(url.trim_end_matches('/').to_owned())),
            (None, Some(log), Some(releases)) => Tables {
                log: log.clone(),
                releases: releases.clone(),
                ..Tables::default()
            },
            (None, ..) => bail!("give --log-table and --releases-table, or --dev"),
        };
        let config = wend_aws::clients::config().await;
        let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), tables);
        // A stack that has its secret gives that; a wrong table's name fails here.
        let secret = db
            .secret(new_secret())
            .await
            .context(crate::stack::UNCHANGED)?;
        Ok(Self::Stack(Box::new(db), secret))
    }

    async fn write(&self, entries: &[Entry]) -> anyhow::Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Stack(db, secret) => Ok(write(&**db, secret, entries).await?),
            Self::Dev(url) => {
                let request = ureq::post(format!("{url}/_wend/suppressions/import"));
                let sent = request.send(serde_json::to_string(entries)?);
                sent.map(drop)
                    .with_context(|| format!("no `wend dev` takes them at {url}"))
            }
        }
    }
}

/// Writes entries into permission rows. Repeating it is safe.
pub async fn write(
    store: &impl Permissions,
    secret: &IdentitySecret,
    entries: &[Entry],
) -> Result<(), PortError> {
    let one = |entry| write_one(store, secret, entry);
    // In a list, because the compiler does not see that a stream of closures can be sent to another thread.
    let writes: Vec<_> = entries.iter().map(one).collect();
    let writes = futures_util::stream::iter(writes);
    writes.buffer_unordered(PARALLEL).try_collect().await
}

async fn write_one(
    store: &impl Permissions,
    secret: &IdentitySecret,
    entry: &Entry,
) -> Result<(), PortError> {
    let at = entry.at;
    let (permission, is_phone) = match &entry.address {
        Address::Email(email) => (email.permission_key(Channel::Email, secret), false),
        Address::Phone(number) => (number.permission_key(Channel::Sms, secret), true),
    };
    match entry.why.closes() {
        Some(reason) => store.suppress(permission, Suppression { at, reason }).await,
        // Who has opted out of SMS has answered STOP.
        None if is_phone => store.stop(permission, true, at).await,
        None => {
            let proof = Proof::new(source::IMPORT, None);
            store.unsubscribe(permission, &proof, at).await
        }
    }
}

/// How many there are of each.
#[derive(Debug, Default)]
struct Counts(BTreeMap<Why, u64>);

impl Counts {
    fn add(&mut self, entries: &[Entry]) {
        for entry in entries {
            *self.0.entry(entry.why).or_default() += 1;
        }
    }

    fn tell(&self, verb: &str) {
        for (why, count) in &self.0 {
            println!("{count} addresses {verb}: {}", why.words());
        }
        if self.0.is_empty() {
            println!("No address is to be closed.");
        }
    }
}

async fn of_file(args: &Args, file: &Path, place: &Place) -> anyhow::Result<ExitCode> {
    let source = Source::open(file)?;
    let survey = source.survey()?;
    presets::check(args.from, &survey.columns).map_err(anyhow::Error::msg)?;
    let now = SystemClock.now();
    let mut progress = if args.dry_run {
        Progress::dry(now)
    } else {
        Progress::of(
            file,
            &format!("suppressions {:?} {:?}", args.from, args.reason),
            now,
        )?
    };
    if let Some((row, _)) = progress.done.last {
        println!("Goes on behind row {row}.");
    }
    // What says no time counts from the beginning of the import, also of one that goes on.
    let said = (args.reason, progress.done.begun_at);
    let mut faults = Faults::beside(file, args.dry_run, progress.done.faults_bytes)?;
    let mut bar = Bar::new(survey.rows, progress.done.rows);
    let (mut counts, mut rows) = (Counts::default(), source.rows(progress.done.last)?);
    let ses = ses(args).await;
    loop {
        let (mut entries, mut wrong, mut count) = (Vec::new(), Vec::new(), 0);
        for row in rows.by_ref().take(BATCH) {
            let row = row?;
            count += 1;
            progress.done.last = Some((row.number, row.end));
            let cells = row.cells.map_err(|what| (String::new(), what));
            let read =
                cells.and_then(|cells| presets::read(args.from, &cells, &survey.columns, said));
            match read {
                Ok(read) => entries.extend(read),
                Err((column, what)) => wrong.push(Fault {
                    row: row.number,
                    column,
                    is_taken: false,
                    what,
                }),
            }
        }
        if count == 0 {
            break;
        }
        place
            .write(&entries)
            .await
            .context("the same command goes on from here")?;
        if let Some(ses) = &ses {
            to_account(ses, &entries).await?;
        }
        faults.add(&wrong)?;
        counts.add(&entries);
        progress.done.rows += count;
        progress.done.taken += count - wrong.len() as u64;
        progress.done.faults_bytes = faults.bytes();
        bar.advance(count);
        if !args.dry_run {
            progress.save()?;
        }
    }
    let rate = bar.rate();
    drop(bar);
    counts.tell(if args.dry_run {
        "would be closed"
    } else {
        "are closed"
    });
    println!("{} rows, {rate}.", progress.done.rows);
    let refused = progress.done.refused();
    if refused > 0 {
        println!("{refused} rows cannot be read: {}", faults.path().display());
    }
    if !args.dry_run {
        progress.end()?;
    }
    Ok(if refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The account's list, where it is to be written.
async fn ses(args: &Args) -> Option<SesList> {
    if !args.to_ses || args.dry_run {
        return None;
    }
    Some(SesList::new(&wend_aws::clients::config().await))
}

/// Puts what has bounced or complained on the account's list.
async fn to_account(list: &impl AccountList, entries: &[Entry]) -> anyhow::Result<()> {
    let listed = entries.iter().filter_map(|entry| {
        let reason = match entry.why {
            Why::Bounced => ListedFor::Bounce,
            Why::Complained => ListedFor::Complaint,
            Why::Unsubscribed | Why::Imported => return None,
        };
        match &entry.address {
            Address::Email(email) => Some((email, reason)),
            Address::Phone(_) => None,
        }
    });
    let puts = listed.map(|(email, reason)| async move {
        loop {
            match list.list(email, reason).await {
                Err(error) if error.class == wend_app::ports::ErrorClass::Throttled => {
                    SystemClock.sleep(SLOWER).await;
                }
                done => return done,
            }
        }
    });
    let puts = futures_util::stream::iter(puts);
    Ok(puts.buffer_unordered(PARALLEL_SES).try_collect().await?)
}

/// The account's own list into the permission rows.
async fn of_account(args: &Args, place: &Place) -> anyhow::Result<ExitCode> {
    let list = SesList::new(&wend_aws::clients::config().await);
    let counts = from_account(&list, async |entries| place.write(entries).await).await?;
    counts.tell(if args.dry_run {
        "would be closed"
    } else {
        "are closed"
    });
    Ok(ExitCode::SUCCESS)
}

async fn from_account(
    list: &impl AccountList,
    write: impl AsyncFn(&[Entry]) -> anyhow::Result<()>,
) -> anyhow::Result<Counts> {
    let (mut counts, mut from) = (Counts::default(), None);
    loop {
        let (listed, next) = list.listed(from).await?;
        let entries = listed.into_iter().map(|one| Entry {
            address: Address::Email(one.email),
            why: match one.reason {
                ListedFor::Bounce => Why::Bounced,
                ListedFor::Complaint => Why::Complained,
            },
            at: one.at,
        });
        let entries: Vec<Entry> = entries.collect();
        write(&entries).await?;
        counts.add(&entries);
        from = next;
        if from.is_none() {
            return Ok(counts);
        }
    }
}

#[cfg(test)]
mod tests;
