//! The Python environment of the AWS emulator: found, made once, then only checked.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use indicatif::MultiProgress;

use super::progress::Step;

/// The emulator, pinned: it moves weekly. `full` brings the SAM transform, which is pinned for the
/// same reason.
const REQUIREMENTS: [&str; 2] = ["ministack[full]==1.5.33", "aws-sam-translator==1.115.0"];

/// The oldest Python that the emulator runs on.
const PYTHON_MIN: (u32, u32) = (3, 10);

/// Returns the environment's Python, making the environment under `directory` first where needed.
///
/// Safe when two processes start at once: one makes it, the other waits. A half-made environment,
/// an old pin or a Python that has gone since is made anew.
pub(super) fn prepare(screen: &MultiProgress, directory: &Path) -> anyhow::Result<PathBuf> {
    let venv = directory.join("venv");
    let python = venv.join("bin").join("python");
    if is_ready(&venv, &python) {
        return Ok(python);
    }
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let lock = File::create(directory.join("venv.lock")).context("cannot create venv.lock")?;
    lock.lock().context("cannot lock the Python environment")?;
    if !is_ready(&venv, &python) {
        make(screen, &venv, &python)?;
    }
    Ok(python)
}

fn is_ready(venv: &Path, python: &Path) -> bool {
    let stamp = fs::read_to_string(stamp_path(venv)).unwrap_or_default();
    stamp == REQUIREMENTS.join("\n") && python.exists()
}

fn stamp_path(venv: &Path) -> PathBuf {
    venv.join("wend-requirements.txt")
}

fn make(screen: &MultiProgress, venv: &Path, python: &Path) -> anyhow::Result<()> {
    let system = find_python()?;
    let step = Step::start(
        screen,
        "preparing Python for the local AWS (once, about a minute)",
    );
    if venv.exists() {
        fs::remove_dir_all(venv).with_context(|| format!("cannot remove {}", venv.display()))?;
    }
    run(Command::new(system).args(["-m", "venv"]).arg(venv), &step).context(
        "cannot make a Python environment: install Python's venv module (Debian: apt install python3-venv)",
    )?;
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
    ]);
    run(pip.args(REQUIREMENTS), &step)
        .context("cannot install the AWS emulator: check the access to PyPI and try again")?;
    // Last, because its presence says that everything before has succeeded.
    fs::write(stamp_path(venv), REQUIREMENTS.join("\n"))
        .context("cannot write into the Python environment")?;
    step.done();
    Ok(())
}

fn find_python() -> anyhow::Result<&'static str> {
    let mut seen = Vec::new();
    for name in [
        "python3",
        "python",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
    ] {
        let Some(version) = version_of(name) else {
            continue;
        };
        if version >= PYTHON_MIN {
            return Ok(name);
        }
        seen.push(format!("{name} is {}.{}", version.0, version.1));
    }
    let found = if seen.is_empty() {
        "none found".to_owned()
    } else {
        seen.join(", ")
    };
    let (major, minor) = PYTHON_MIN;
    bail!(
        "the local AWS needs Python {major}.{minor} or newer ({found}): install it, or run without --aws"
    )
}

fn version_of(name: &str) -> Option<(u32, u32)> {
    let script = "import sys; print(*sys.version_info[:2])";
    let output = Command::new(name).args(["-c", script]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Runs a tool to its end, showing its lines as they come; an error carries the last of what it
/// complained about.
fn run(command: &mut Command, step: &Step) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let complaints = child.stderr.take().map(|mut stderr| {
        std::thread::spawn(move || {
            let mut text = String::new();
            // Bytes that are not text end the copy; the exit code still tells.
            let _ = stderr.read_to_string(&mut text);
            text
        })
    });
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            step.detail(&line);
        }
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {program}"))?;
    let text = complaints
        .and_then(|thread| thread.join().ok())
        .unwrap_or_default();
    if !status.success() {
        let last: Vec<&str> = text
            .lines()
            .rev()
            .filter(|line| !line.trim().is_empty())
            .take(3)
            .collect();
        bail!(
            "{program} failed ({status}): {}",
            last.into_iter().rev().collect::<Vec<_>>().join(" | ")
        );
    }
    Ok(())
}
