//! The emulator's process: started, asked to kill functions, and surely ended.
//!
//! `serve.py` lives as long as its standard input is open, and takes its whole process group with
//! it. This module holds the other end of that pipe, so that no way of ending this process leaves
//! anything behind.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

const SERVE: &str = include_str!("serve.py");

/// How long the end of the process group may take: it ends itself with SIGKILL.
const STOP_MAX: Duration = Duration::from_secs(3);

/// A running emulator.
pub(super) struct Emulator {
    /// Its base address.
    pub(super) endpoint: String,
    process: Mutex<Process>,
    // Held so that a second local AWS of the same name does not share the folder.
    _lock: File,
}

struct Process {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// Where and how the emulator runs.
pub(super) struct Setup<'a> {
    pub(super) python: &'a Path,
    /// Holds the log, and while it runs everything the emulator writes.
    pub(super) directory: &'a Path,
    /// `0` takes any free one.
    pub(super) port: u16,
    /// Where function processes find `SESv2`: our front, which publishes the events that the
    /// emulator does not.
    pub(super) ses_url: &'a str,
    /// Where they find the rest; none: the emulator.
    pub(super) functions_endpoint: Option<&'a str>,
}

impl Emulator {
    /// Starts it and waits until it answers.
    pub(super) fn start(setup: &Setup<'_>) -> anyhow::Result<Self> {
        let directory = setup.directory;
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let lock = File::create(directory.join("lock"))
            .context("cannot create the lock of the local AWS")?;
        if lock.try_lock().is_err() {
            bail!(
                "another local AWS runs in {}: stop it first",
                directory.display()
            );
        }
        let log_path = directory.join("emulator.log");
        let mut child = command(setup, &log_path)?
            .spawn()
            .context("cannot start the AWS emulator")?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the AWS emulator has no pipes");
        };
        let mut process = Process {
            child,
            commands: Some(commands),
            answers: BufReader::new(answers),
        };
        let Ok(answer) = process.read_answer() else {
            process.stop();
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            let last = log
                .lines()
                .rfind(|line| !line.trim().is_empty())
                .unwrap_or("it said nothing")
                .to_owned();
            bail!(
                "the AWS emulator did not start: {last} (log: {})",
                log_path.display()
            );
        };
        let endpoint = format!("http://127.0.0.1:{}", answer["port"]);
        Ok(Self {
            endpoint,
            process: Mutex::new(process),
            _lock: lock,
        })
    }

    /// Ends all processes of the function whose name contains `function` with SIGKILL; returns their ids as `killed`, and how
    /// many of them were in the middle of an invocation as `busy`.
    pub(super) fn kill(&self, function: &str) -> anyhow::Result<Value> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(commands) = &mut process.commands else {
            bail!("the AWS emulator has been stopped");
        };
        writeln!(commands, "kill {function}").context("the AWS emulator is gone")?;
        process.read_answer()
    }

    /// Ends the emulator and every function process; returns when they are gone.
    pub(super) fn stop(&self) {
        self.process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .stop();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Process {
    fn read_answer(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .context("the AWS emulator is gone")?;
        serde_json::from_str(&line).context("the AWS emulator is gone")
    }

    fn stop(&mut self) {
        self.commands = None;
        let deadline = Instant::now() + STOP_MAX;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Already gone in any normal case; an error here has no reader.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(setup: &Setup<'_>, log_path: &Path) -> anyhow::Result<Command> {
    let script = setup.directory.join("serve.py");
    fs::write(&script, SERVE).context("cannot write serve.py")?;
    let log = File::create(log_path).context("cannot create the emulator's log")?;
    let mut command = Command::new(setup.python);
    command
        .arg(&script)
        .arg(setup.port.to_string())
        .arg(setup.directory.join("run"))
        .args(setup.functions_endpoint);
    // Function processes inherit this environment: nothing of the user's own AWS may reach them.
    command.env_clear().envs([
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL_SESV2", setup.ses_url),
        ("PYTHONUNBUFFERED", "1"),
    ]);
    for kept in ["PATH", "HOME", "LANG"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    // A group of its own: Ctrl-C reaches this process alone, which then ends the group in order.
    command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log);
    Ok(command)
}
