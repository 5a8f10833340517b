//! One child process that surely ends, however this process does.
//!
//! A shell stands between: it holds the reading end of a pipe whose writing end is ours. When that closes, because we say so or
//! because we were killed, the child gets SIGTERM, and ten seconds later SIGKILL. A line on the pipe is a signal for the child.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const GUARD: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
(
    while read -r signal; do kill -s "$signal" "$child"; done
    kill -s TERM "$child" || exit
    left=100
    while [ "$left" -gt 0 ]; do left=$((left - 1)); sleep 0.1; kill -s 0 "$child" || exit; done
    kill -s KILL "$child"
) <&3 2>/dev/null &
exec 3<&-
wait "$child"
"#;

/// How long the guard may take to end its child.
const END_MAX: Duration = Duration::from_secs(15);

/// A child and its guard.
#[derive(Debug)]
pub struct Process {
    guard: Child,
    signals: Option<ChildStdin>,
}

impl Process {
    /// Starts `program`; what it says goes to the end of `log`.
    pub fn start(program: &Path, arguments: &[String], folder: &Path, log: &Path) -> Result<Self> {
        let log = File::options().create(true).append(true).open(log);
        let log = log.context("cannot open a log")?;
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "guard"]).arg(program);
        let mut guard = command
            .args(arguments)
            .current_dir(folder)
            // Ctrl-C reaches us alone: the guard then ends its child in order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().context("cannot share a log")?)
            .stderr(log)
            .spawn()
            .context("cannot start a shell")?;
        let signals = guard.stdin.take();
        Ok(Self { guard, signals })
    }

    /// How the child ended; none while it lives.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.guard.try_wait().context("cannot look after a process")
    }

    /// Ends the child with SIGKILL, as a crash would; returns when it is gone.
    pub fn kill(mut self) -> Result<()> {
        let signals = self.signals.as_mut();
        let signals = signals.context("the guard has no pipe")?;
        writeln!(signals, "KILL").context("the guard is gone")?;
        self.wait()
    }

    /// Ends the child politely; returns when it is gone.
    pub fn end(mut self) -> Result<()> {
        self.signals = None;
        self.wait()
    }

    fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + END_MAX;
        while self.ended()?.is_none() {
            if Instant::now() > deadline {
                bail!("a process does not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}
