//! `wend bench`: what one process carries, and whether everything arrives once.
//!
//! It drives a child process, `wend dev` on a small project of its own, over HTTP like any website, so that the figures are the
//! engine's alone and the child can be killed. What was sent is counted at the provider: in the inbox, not in the engine's books.

mod balance;
mod engine;
mod inbox;
mod load;
mod poster;
mod report;
mod unknowns;
mod usage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::SignedDuration;
use wend_app::ports::Clock as _;
use wend_aws::system::SystemClock;

use balance::Balance;
use engine::Engine;
use inbox::Inbox;
use load::Load;
use poster::Poster;
use report::{Format, Report};
use unknowns::Unknowns;

/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long nothing must come before the engine is asked what it lists as unknown: the question reads every send.
const QUIET: Duration = Duration::from_secs(5);
/// How long nothing may come, beside the journey's wait, before the rest counts as lost. An unknown send is closed, and its run
/// goes on, after little more than a minute.
const PATIENCE: Duration = Duration::from_secs(100);
/// The figures of this status are not to be compared with anybody's.
const DEBUG_BUILD: u8 = 2;

/// What `bench` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many contacts go through the journey.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    contacts: u32,
    /// How long the journey waits between its two emails.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = seconds)]
    wait: Duration,
    /// Kills the server with SIGKILL at this period and starts it again on its state, until everything is done.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    kill_every: Option<Duration>,
    /// Keeps the project, the state and the server's log in this folder, which must not exist.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// How the figures are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Whole seconds: `5s`, `2m`.
fn seconds(text: &str) -> Result<Duration, String> {
    let help = || format!("`{text}` is not a time of whole seconds like `5s` or `2m`");
    let parsed: SignedDuration = text.parse().map_err(|_| help())?;
    let time = Duration::try_from(parsed).map_err(|_| help())?;
    if time.is_zero() || time.subsec_nanos() != 0 {
        return Err(help());
    }
    Ok(time)
}

/// Measures. Fails if anything was lost or doubled; a debug build's figures have a status of their own.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = match &args.keep {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("wend-bench-{}", std::process::id())),
    };
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let report = measure(args, &folder);
    let removed = match &args.keep {
        Some(_) => Ok(()),
        None => fs::remove_dir_all(&folder),
    };
    // What went wrong with the measurement is worth more than a folder that is left.
    let report = report?;
    removed.with_context(|| format!("cannot remove {}", folder.display()))?;
    print!("{}", report.print(args.format));
    if !report.balance.holds() {
        eprintln!("error: the balance does not hold");
        return Ok(ExitCode::FAILURE);
    }
    if cfg!(debug_assertions) {
        eprintln!("error: these figures are of a debug build; build with `--release` to compare");
        return Ok(ExitCode::from(DEBUG_BUILD));
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts the engine, loads it, waits until everything is done, and counts.
fn measure(args: &Args, folder: &Path) -> anyhow::Result<Report> {
    let load = Load::new(args.contacts);
    load::write_project(&folder.join("project"), args.wait)?;
    let mut engine = Engine::start(folder)?;
    let inbox = Inbox::open(&folder.join("state/queues.db"))?;
    let started_at = SystemClock.now();
    let poster = Poster::start(&load, engine.address()?);
    let mut run = Run {
        args,
        load: &load,
        inbox,
        unknowns: Unknowns::default(),
    };
    run.until_done(&mut engine, &poster)?;
    let website = poster.end()?;
    let usage = engine.usage()?;
    run.unknowns = Unknowns::ask(&engine.address()?, &load, &run.inbox)?;
    let mails = run.inbox.mails();
    Ok(Report {
        contacts: args.contacts,
        events: website.events,
        accepting: website.took,
        times: report::Times::of(started_at, mails, load::FIRST),
        usage,
        kills: engine.kills(),
        balance: Balance::of(load.expected(), mails, &run.unknowns.messages),
        unknown_accepted: run.unknowns.accepted,
        set_aside: run.inbox.set_aside()?,
    })
}

/// A load under way.
struct Run<'a> {
    args: &'a Args,
    load: &'a Load,
    inbox: Inbox,
    unknowns: Unknowns,
}

impl Run<'_> {
    /// Looks and kills until every message has arrived or is listed, and nothing is on a queue any more.
    fn until_done(&mut self, engine: &mut Engine, poster: &Poster) -> anyhow::Result<()> {
        let mut changed = Instant::now();
        let mut asked = Instant::now();
        let mut killed = Instant::now();
        let mut is_complete = false;
        loop {
            std::thread::sleep(LOOK);
            if self.inbox.look()? > 0 || !poster.is_done() {
                changed = Instant::now();
            }
            poster.check()?;
            is_complete = is_complete || self.inbox.has(self.load.expected());
            if poster.is_done() && is_complete && self.inbox.is_idle()? {
                return Ok(());
            }
            if changed.elapsed() > self.args.wait + PATIENCE {
                return Ok(());
            }
            if engine.has_ended()? {
                bail!("the server ended by itself:\n{}", engine.log());
            }
            let is_due = |period| !is_complete && killed.elapsed() >= period;
            if self.args.kill_every.is_some_and(is_due) {
                engine.kill()?;
                poster.moved_to(engine.address()?);
                killed = Instant::now();
            }
            let is_quiet = changed.elapsed() > self.args.wait + QUIET && asked.elapsed() > QUIET;
            if !is_complete && is_quiet {
                self.unknowns = Unknowns::ask(&engine.address()?, self.load, &self.inbox)?;
                is_complete = self
                    .inbox
                    .is_explained(self.load.expected(), &self.unknowns);
                asked = Instant::now();
            }
        }
    }
}
