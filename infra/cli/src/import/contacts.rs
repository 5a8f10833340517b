//! `wend import contacts`: rows of a file to the API of a deployment.
//!
//! The API decides what a row may say; here it is said which column is what. Rows travel a few hundred at a time, some requests at once,
//! and are written down as done in their order: whoever is killed goes on behind the last of them. Done twice, a row is the same input.

mod row;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use wend_app::ports::Clock;
use wend_aws::api::Api;
use wend_aws::system::SystemClock;

use self::row::{Consent, Reader, When};
use super::bar::Bar;
use super::columns::{Columns, Shape, check_column};
use super::faults::{Fault, Faults};
use super::pair;
use super::progress::{Progress, modified};
use super::source::{Rows, Source, Survey};

/// Bytes of one request; the API takes 500 KB.
const BYTES: usize = 400_000;
/// Requests under way at the same time.
const PARALLEL: usize = 4;
/// How long a request is repeated at most.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two attempts.
const AGAIN: Duration = Duration::from_secs(1);
/// Faults that are shown.
const SHOWN: usize = 10;
/// The environment variable with the key: a command line can be read by others.
const KEY: &str = "WEND_SERVER_KEY";

/// What `import contacts` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file: CSV with a header, or JSON lines (`.jsonl`).
    file: PathBuf,
    /// The deployment's address: the output `ApiUrl` of `sam deploy`, or that of a `wend dev`. The server key is read from the
    /// environment variable `WEND_SERVER_KEY` (`wend publish --new-write-key NAME --server` makes one).
    #[arg(long, value_name = "URL")]
    to: String,
    /// Says what a column is: an attribute, `user_id`, `anonymous_id`, `email` or `phone`; nothing behind `=` leaves it out. Usual
    /// headers are known.
    #[arg(long, value_name = "COLUMN=NAME", value_parser = pair)]
    map: Vec<(String, String)>,
    /// When the rows were true: a time, or the column that says it. What contacts have said since stays. Without it, when the file was
    /// written.
    #[arg(long, value_name = "TIME|COLUMN")]
    as_of: Option<String>,
    /// States that the contacts have opted in to a topic, and by which words. Without it nobody is subscribed to anything.
    #[arg(long, value_name = "TOPIC=WORDING", value_parser = pair, requires = "consent_time")]
    consent: Vec<(String, String)>,
    /// When they did: a time, or the column that says it. A later opt-out counts.
    #[arg(long, value_name = "TIME|COLUMN", requires = "consent")]
    consent_time: Option<String>,
    /// When they confirmed it by a link, for topics with `opt_in: double`: a time, or the column that says it.
    #[arg(long, value_name = "TIME|COLUMN", requires = "consent")]
    confirmed_time: Option<String>,
    /// States it of those rows alone where a column has this value, such as `Status=subscribed`.
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair, requires = "consent")]
    consent_where: Option<(String, String)>,
    /// Where they opted in, for the record; without it `import` and the file's name.
    #[arg(long, value_name = "TEXT", requires = "consent")]
    consent_source: Option<String>,
    /// Lets the rows start journeys, as if they came from your server. Say how many rows there are: `--dry-run` tells.
    #[arg(long, value_name = "COUNT")]
    trigger: Option<u64>,
    /// Checks everything and imports nothing.
    #[arg(long)]
    dry_run: bool,
    /// Rows of one request.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=2500), hide = true)]
    rows: u16,
}

/// Imports, or goes on with an import that was stopped.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let key = wend_aws::settings::text(KEY).with_context(|| {
        format!("set {KEY} to a server key (`wend publish --new-write-key NAME --server` makes one, `wend dev` prints its own)")
    })?;
    super::block_on(import(args, Arc::new(Api::new(&args.to, &key))))
}

async fn import(args: &Args, api: Arc<Api>) -> anyhow::Result<ExitCode> {
    let shape = shape(&api).await?;
    let source = Source::open(&args.file)?;
    let survey = source.survey()?;
    let plan = Plan::of(args, &shape, &survey)?;
    plan.tell(args, &survey);
    if let Some(count) = args.trigger.filter(|count| *count != survey.rows) {
        let rows = survey.rows;
        bail!("--trigger says {count}, and the file has {rows} rows: nothing was imported");
    }
    let now = SystemClock.now();
    let progress = if args.dry_run {
        Progress::dry(now)
    } else {
        Progress::of(&args.file, &options(args), now)?
    };
    if let Some((row, _)) = progress.done.last {
        println!("Goes on behind row {row}.");
    }
    let faults = Faults::beside(&args.file, args.dry_run, progress.done.faults_bytes)?;
    let bar = Bar::new(survey.rows, progress.done.rows);
    let mut work = Work {
        args,
        api,
        plan,
        progress,
        faults,
        bar,
        shown: Vec::new(),
    };
    work.all(&source).await?;
    Ok(work.end())
}

/// What the deployment takes.
async fn shape(api: &Api) -> anyhow::Result<Shape> {
    let (status, body) = api.call("/v1/import", None).await?;
    let text = String::from_utf8_lossy(&body);
    if status != 200 {
        bail!("the deployment says {status}: {text}");
    }
    serde_json::from_slice(&body)
        .with_context(|| format!("the answer is none of Wend's: is --to right? {text}"))
}

/// All that changes what rows say.
fn options(args: &Args) -> String {
    let said = (
        &args.to,
        &args.map,
        &args.as_of,
        &args.consent,
        &args.consent_time,
    );
    let also = (
        &args.confirmed_time,
        &args.consent_where,
        &args.consent_source,
        args.trigger,
    );
    format!("{said:?} {also:?}")
}

/// How rows are read.
struct Plan {
    columns: Columns,
    reader: Reader,
}

impl Plan {
    fn of(args: &Args, shape: &Shape, survey: &Survey) -> anyhow::Result<Self> {
        let columns = Columns::map(&survey.columns, &args.map, shape)?;
        if ["user_id", "anonymous_id", "email"]
            .iter()
            .all(|name| columns.column(name).is_none())
        {
            bail!(
                "no column says who somebody is: say it with --map COLUMN=email or --map COLUMN=user_id"
            );
        }
        let when = |text: &Option<String>| {
            let when = text.as_ref().map(|text| When::parse(text, &survey.columns));
            when.transpose()
        };
        let as_of = match when(&args.as_of)? {
            Some(when) => when,
            None => When::At(modified(&args.file)?),
        };
        if let Some((column, _)) = &args.consent_where {
            check_column(&survey.columns, column)?;
        }
        for (topic, wording) in &args.consent {
            let name = topic.split('/').next().unwrap_or_default();
            if !shape.topics.contains_key(name) {
                let known: Vec<&str> = shape.topics.keys().map(String::as_str).collect();
                bail!(
                    "there is no topic `{topic}`; there are: {}",
                    known.join(", ")
                );
            }
            if wording.is_empty() {
                bail!("--consent {topic}= states no wording: what did they agree to, and where?");
            }
        }
        let consent = match when(&args.consent_time)? {
            Some(at) => Some(Consent {
                topics: args.consent.clone(),
                at,
                confirmed_at: when(&args.confirmed_time)?,
                only: args.consent_where.clone(),
                source: args.consent_source.clone().unwrap_or_else(|| {
                    let name = args.file.file_name().unwrap_or_default();
                    format!("import {}", name.to_string_lossy())
                }),
            }),
            None => None,
        };
        let reader = Reader {
            columns: columns.clone(),
            as_of,
            consent,
        };
        Ok(Self { columns, reader })
    }

    fn tell(&self, args: &Args, survey: &Survey) {
        println!("{} rows.", survey.rows);
        for (column, name) in &self.columns.mapped {
            println!("  {column} → {name}");
        }
        if !self.columns.left_out.is_empty() {
            println!("  left out: {}", self.columns.left_out.join(", "));
        }
        println!(
            "True as of {}; what contacts have said since stays.",
            self.reader.as_of
        );
        match &self.reader.consent {
            None => println!("Nobody is subscribed to anything: --consent states opt-ins."),
            Some(consent) => println!("{consent}"),
        }
        match args.trigger {
            None => println!("Nothing starts."),
            Some(_) => {
                println!("Journeys start, as far as their triggers are not too old for them.");
            }
        }
    }
}

/// Rows on their way.
struct Batch {
    /// Of those with a body: their numbers.
    rows: Vec<u64>,
    items: Vec<Value>,
    faults: Vec<Fault>,
    /// Rows, those that cannot be read among them.
    count: u64,
    last: (u64, u64),
}

/// The API's answer.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    accepted: u64,
    errors: Vec<Told>,
    left_out: Vec<Told>,
}

/// What the API says of one row.
#[derive(Debug, Deserialize)]
struct Told {
    index: usize,
    field: String,
    error: String,
}

/// An import.
struct Work<'a> {
    args: &'a Args,
    api: Arc<Api>,
    plan: Plan,
    progress: Progress,
    faults: Faults,
    bar: Bar,
    shown: Vec<Fault>,
}

impl Work<'_> {
    async fn all(&mut self, source: &Source) -> anyhow::Result<()> {
        let mut rows = source.rows(self.progress.done.last)?;
        let (reader, most) = (self.plan.reader.clone(), usize::from(self.args.rows));
        let batches = std::iter::from_fn(move || next_batch(&mut rows, &reader, most).transpose());
        let (api, is_dry) = (self.api.clone(), self.args.dry_run);
        let starts = self.args.trigger.is_some();
        let posted = futures_util::stream::iter(batches).map(|batch| {
            let api = api.clone();
            async move {
                let batch = batch?;
                let answer = post(&api, &batch, starts, is_dry).await?;
                anyhow::Ok((batch, answer))
            }
        });
        // In the order of the file, however many are under way.
        let mut posted = std::pin::pin!(posted.buffered(PARALLEL));
        while let Some(done) = posted.next().await {
            let (batch, answer) = done.context("the same command goes on from here")?;
            self.note(batch, &answer)?;
        }
        Ok(())
    }

    /// Writes down what is done.
    fn note(&mut self, batch: Batch, answer: &Answer) -> anyhow::Result<()> {
        let mut faults = batch.faults;
        for (told, is_taken) in [(&answer.errors, false), (&answer.left_out, true)] {
            faults.extend(told.iter().map(|told| {
                Fault {
                    row: batch.rows.get(told.index).copied().unwrap_or_default(),
                    column: self
                        .plan
                        .columns
                        .column(&told.field)
                        .unwrap_or(&told.field)
                        .to_owned(),
                    is_taken,
                    what: told.error.clone(),
                }
            }));
        }
        faults.sort_by_key(|fault| fault.row);
        self.faults.add(&faults)?;
        let done = &mut self.progress.done;
        done.rows += batch.count;
        done.taken += answer.accepted;
        done.left_out += faults.iter().filter(|fault| fault.is_taken).count() as u64;
        done.last = Some(batch.last);
        done.faults_bytes = self.faults.bytes();
        let room = SHOWN.saturating_sub(self.shown.len());
        self.shown.extend(faults.into_iter().take(room));
        self.bar.advance(batch.count);
        if self.args.dry_run {
            return Ok(());
        }
        self.progress.save()
    }

    fn end(self) -> ExitCode {
        let Self {
            args,
            progress,
            faults,
            bar,
            shown,
            ..
        } = self;
        let rate = bar.rate();
        drop(bar);
        for fault in &shown {
            let Fault {
                row, column, what, ..
            } = fault;
            let column = if column.is_empty() {
                String::new()
            } else {
                format!("{column}: ")
            };
            println!("row {row}: {column}{what}");
        }
        let done = &progress.done;
        let verb = if args.dry_run {
            "would be taken"
        } else {
            "are taken"
        };
        println!("{} of {} rows {verb}, {rate}.", done.taken, done.rows);
        if done.refused() + done.left_out > 0 {
            println!(
                "{} rows are not, and {} values are left out: {}",
                done.refused(),
                done.left_out,
                faults.path().display()
            );
        }
        if !args.dry_run {
            println!("The deployment applies them within minutes.");
            if let Err(error) = progress.end() {
                eprintln!("note: {error:#}");
            }
        }
        if done.refused() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// The next rows; none behind the last.
fn next_batch(rows: &mut Rows, reader: &Reader, most: usize) -> anyhow::Result<Option<Batch>> {
    let mut batch = Batch {
        rows: Vec::new(),
        items: Vec::new(),
        faults: Vec::new(),
        count: 0,
        last: (0, 0),
    };
    let mut bytes = 0;
    while batch.items.len() < most && bytes < BYTES {
        let Some(row) = rows.next().transpose()? else {
            break;
        };
        batch.count += 1;
        batch.last = (row.number, row.end);
        let number = row.number;
        let fault = |column: &str, is_taken, what: String| {
            let column = column.to_owned();
            Fault {
                row: number,
                column,
                is_taken,
                what,
            }
        };
        match row
            .cells
            .map_err(|what| fault("", false, what))
            .and_then(|cells| {
                reader
                    .item(&cells)
                    .map_err(|(column, what)| fault(&column, false, what))
            }) {
            Ok((item, left_out)) => {
                bytes += item.to_string().len();
                batch.rows.push(number);
                batch.items.push(item);
                let left_out = left_out
                    .into_iter()
                    .map(|(column, what)| fault(&column, true, what));
                batch.faults.extend(left_out);
            }
            Err(fault) => batch.faults.push(fault),
        }
    }
    Ok((batch.count > 0).then_some(batch))
}

/// Sends rows until the deployment has them.
async fn post(api: &Api, batch: &Batch, starts: bool, is_dry: bool) -> anyhow::Result<Answer> {
    if batch.items.is_empty() {
        return Ok(Answer::default());
    }
    let starts = if starts { batch.items.len() } else { 0 };
    let body = json!({ "batch": batch.items, "starts": starts, "dry_run": is_dry }).to_string();
    let begun = SystemClock.now();
    loop {
        let why = match api.call("/v1/import", Some(body.clone())).await {
            Ok((200, answer)) => {
                return serde_json::from_slice(&answer).context("the answer cannot be read");
            }
            Ok((status, answer)) => {
                let why = format!(
                    "the deployment says {status}: {}",
                    String::from_utf8_lossy(&answer)
                );
                if status < 500 && status != 429 {
                    bail!("{why}");
                }
                why
            }
            Err(error) => error.to_string(),
        };
        if SystemClock.now().since(begun) > PATIENCE {
            bail!("{why}");
        }
        SystemClock.sleep(AGAIN).await;
    }
}
