//! The child process that is measured: `wend dev` on the bench's project.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::load::ENVIRONMENT;
use super::usage::Usage;

/// How long a start may take: a debug build on a busy machine.
const START_MAX: Duration = Duration::from_mins(1);
/// As fast as a sender can be set to be: the engine is measured, not a provider's quota.
const SEND_RATE: &str = "1000";

/// Where the endpoint is.
#[derive(Clone, Debug, Deserialize)]
pub struct Address {
    /// Without a slash at the end.
    pub url: String,
    pub write_key: String,
}

/// The server and what it has used, over all its lives. It is killed when this is dropped.
#[derive(Debug)]
pub struct Engine {
    folder: PathBuf,
    child: Child,
    /// Of those that were killed.
    used: Usage,
    kills: u32,
}

impl Engine {
    /// Starts a server on the project and the state in `folder`, and waits until it answers.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut engine = Self {
            folder: folder.to_owned(),
            child: spawn(folder)?,
            used: Usage::default(),
            kills: 0,
        };
        engine.wait_ready()?;
        Ok(engine)
    }

    /// Kills the server and starts it again on its state; returns when it answers.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.used = self.usage()?;
        self.kills += 1;
        self.end();
        self.child = spawn(&self.folder)?;
        self.wait_ready()
    }

    /// What all lives together have used.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        Ok(self.used.and(Usage::of(self.child.id())?))
    }

    /// How often it was killed.
    pub const fn kills(&self) -> u32 {
        self.kills
    }

    /// Whether it has ended without being asked.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        let status = self.child.try_wait().context("cannot look at the server")?;
        Ok(status.is_some())
    }

    /// The last that the server printed.
    pub fn log(&self) -> String {
        const LINES: usize = 20;
        let text = fs::read_to_string(self.folder.join("wend.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Where it answers.
    pub fn address(&self) -> anyhow::Result<Address> {
        let text = fs::read_to_string(ready_file(&self.folder)).context("no ready file")?;
        serde_json::from_str(&text).context("the ready file is not JSON")
    }

    fn wait_ready(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        // It is renamed into place, so it is there as a whole or not at all.
        while !ready_file(&self.folder).exists() {
            if self.has_ended()? {
                bail!("the server does not start:\n{}", self.log());
            }
            if begun.elapsed() > START_MAX {
                bail!("the server does not answer:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn end(&mut self) {
        // One that has ended already is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end();
    }
}

fn ready_file(folder: &Path) -> PathBuf {
    folder.join("ready.json")
}

fn spawn(folder: &Path) -> anyhow::Result<Child> {
    let ready = ready_file(folder);
    if ready.exists() {
        fs::remove_file(&ready).context("cannot remove the ready file")?;
    }
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("wend.log"))
        .context("cannot open the server's log")?;
    let errors = log.try_clone().context("cannot open the server's log")?;
    let program = std::env::current_exe().context("where is this program?")?;
    let mut command = Command::new(program);
    command.args(["dev", "--port", "0", "--environment", ENVIRONMENT]);
    command.args(["--send-rate", SEND_RATE]);
    command.arg("--project").arg(folder.join("project"));
    command.arg("--state").arg(folder.join("state"));
    command.arg("--ready-file").arg(ready);
    command.stdin(Stdio::null()).stdout(log).stderr(errors);
    command.spawn().context("cannot start the server")
}
