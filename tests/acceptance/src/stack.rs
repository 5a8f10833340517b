//! Stacks: `wend dev`, started once for all scenarios that use it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::{Address, Client};
use crate::process::Process;
use crate::proxy::Proxy;
use crate::wait::Deadline;

/// How a stack runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One process.
    Embedded,
    /// The template and the function binaries on a local AWS.
    Aws,
}

/// A stack that is started when the first scenario needs it.
#[derive(Debug)]
pub struct Stack {
    pub mode: Mode,
    name: &'static str,
    project: &'static str,
    /// What stands between the functions and AWS, if anything does.
    proxy: Option<OnceLock<Proxy>>,
    running: Mutex<Running>,
}

#[derive(Debug)]
enum Running {
    /// Nobody has asked for it.
    NotYet,
    Yes(Process, Client),
    /// Killed or ended, or it did not start, for this reason.
    NoMore(String),
}

impl Stack {
    /// `project` is the folder of the project that it runs, below the checkout.
    pub const fn new(mode: Mode, name: &'static str, project: &'static str) -> Self {
        Self {
            mode,
            name,
            project,
            proxy: None,
            running: Mutex::new(Running::NotYet),
        }
    }

    /// The same on a local AWS whose functions reach it through a proxy.
    pub const fn behind_proxy(name: &'static str, project: &'static str) -> Self {
        Self {
            mode: Mode::Aws,
            name,
            project,
            proxy: Some(OnceLock::new()),
            running: Mutex::new(Running::NotYet),
        }
    }

    /// The proxy of the running stack.
    pub fn proxy(&self) -> Result<&Proxy> {
        let proxy = self.proxy.as_ref().and_then(OnceLock::get);
        proxy.with_context(|| format!("{} has no proxy", self.name))
    }

    /// A client of the running stack; the first call starts it.
    pub fn client(&self) -> Result<Client> {
        let mut running = self.lock();
        if matches!(*running, Running::NotYet) {
            eprintln!("starting {}", self.name);
            *running = self.start();
        }
        match &*running {
            Running::Yes(_, client) => Ok(client.clone()),
            Running::NoMore(why) => bail!("{why}"),
            Running::NotYet => bail!("{} was not started", self.name),
        }
    }

    /// Whether any scenario has asked for it.
    pub fn is_started(&self) -> bool {
        !matches!(*self.lock(), Running::NotYet)
    }

    /// Ends the stack with SIGKILL, as a crash would, and starts it again on the same state; whoever asks for the client
    /// meanwhile waits.
    pub fn crash(&self) -> Result<()> {
        let mut running = self.lock();
        let killed = std::mem::replace(&mut *running, Running::NoMore("killed".to_owned()));
        let Running::Yes(process, _) = killed else {
            bail!("{} does not run", self.name);
        };
        process.kill()?;
        *running = self.start();
        Ok(())
    }

    /// Ends the stack, if it was started.
    pub fn end(&self) {
        let mut running = self.lock();
        let ended = std::mem::replace(&mut *running, Running::NoMore("ended".to_owned()));
        if let Running::Yes(process, _) = ended
            && let Err(error) = process.end()
        {
            eprintln!("{}: {error:#}", self.name);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> Running {
        match self.launch() {
            Ok((process, client)) => Running::Yes(process, client),
            Err(error) => Running::NoMore(format!("{} does not start: {error:#}", self.name)),
        }
    }

    fn launch(&self) -> Result<(Process, Client)> {
        let wend = wend()?;
        let folder = self.folder();
        fs::create_dir_all(&folder).context("cannot create a folder")?;
        let ready = folder.join("ready.json");
        if ready.exists() {
            fs::remove_file(&ready).context("cannot remove the ready file")?;
        }
        let path = |path: &Path| path.display().to_string();
        let text = str::to_owned;
        let mut arguments = vec![text("dev"), text("--port"), text("0")];
        arguments.extend([text("--ready-file"), path(&ready)]);
        arguments.extend([text("--project"), text(self.project)]);
        arguments.extend(match self.mode {
            Mode::Embedded => vec![text("--state"), path(&folder.join("state"))],
            Mode::Aws => vec![text("--aws"), text("--stack"), text(self.name)],
        });
        if let Some(proxy) = &self.proxy {
            let started = Proxy::start()?;
            arguments.extend([text("--functions-endpoint"), started.url()]);
            // A stack behind a proxy starts once.
            let _ = proxy.set(started);
        }
        let mut process = Process::start(&wend, &arguments, &workspace(), &self.log())?;
        // The first time, Python packages are installed.
        let address = Deadline::secs(600).until("the ready file", || {
            if let Some(status) = process.ended()? {
                let log = fs::read_to_string(self.log()).unwrap_or_default();
                bail!("`wend {}` ended ({status}):\n{log}", arguments.join(" "));
            }
            // The file is renamed into place, so it is there as a whole or not at all.
            let text = fs::read_to_string(&ready).ok();
            let address = text.map(|text| serde_json::from_str::<Address>(&text));
            Ok(address.transpose()?)
        });
        let address = address.with_context(|| self.logs())?;
        if let Ok(proxy) = self.proxy() {
            let emulator = address.emulator.as_deref();
            proxy.attach(emulator.context("the stack has no AWS")?, &address.url)?;
        }
        Ok((process, Client::new(address)))
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    fn folder(&self) -> PathBuf {
        scratch().join(self.name)
    }

    fn log(&self) -> PathBuf {
        self.folder().join("wend.log")
    }

    /// What the emulator says; on the local AWS only.
    pub fn emulator_log(&self) -> PathBuf {
        let folder = workspace().join("target/local-aws").join(self.name);
        folder.join("emulator.log")
    }

    /// Where to read on.
    pub fn logs(&self) -> String {
        match self.mode {
            Mode::Embedded => format!("log: {}", self.log().display()),
            Mode::Aws => format!(
                "logs: {} and {}",
                self.log().display(),
                self.emulator_log().display()
            ),
        }
    }
}

/// The checkout.
pub fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// Where everything that the tests write lies.
pub fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("acceptance")
}

/// Clears what the last run left and keeps others out until the lock is dropped.
pub fn lock_scratch() -> Result<File> {
    let scratch = scratch();
    fs::create_dir_all(&scratch).context("cannot create a folder")?;
    let lock = File::create(scratch.join("lock")).context("cannot create a lock")?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another run of these tests in this checkout");
        lock.lock().context("cannot lock")?;
    }
    for entry in fs::read_dir(&scratch)?.flatten() {
        if entry.file_type()?.is_dir() && !entry.file_name().to_string_lossy().starts_with("keep-")
        {
            fs::remove_dir_all(entry.path()).context("cannot clear the last run")?;
        }
    }
    Ok(lock)
}

/// The command line, built once a run: as `cargo test --workspace` has built its libraries, nothing is compiled twice.
pub fn wend() -> Result<PathBuf> {
    static WEND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = WEND.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.clone().map_err(anyhow::Error::msg)
}

fn build() -> Result<PathBuf> {
    eprintln!("building wend and the functions");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo
        .args(["build", "--workspace", "--bins"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .stdin(Stdio::null())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!(
            "wend does not build:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = messages.filter(|message| message["target"]["name"] == "wend");
    let path = built.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    path.context("cargo built no binary called wend")
}
