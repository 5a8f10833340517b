//! A Segment client that somebody else wrote.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::Scenario;
use crate::case::Case;
use crate::stack::{scratch, workspace};

pub const REAL_CLIENT: Scenario = ("segments_own_client_is_understood", real_client);

/// Pinned. The versions before 2.4 take no answer but 200 for success.
const REQUIREMENT: &str = "segment-analytics-python==2.4.0";
const SCRIPT: &str = include_str!("segment.py");

fn real_client(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    let packages = install()?;
    let mut python = Command::new(python());
    python.env("PYTHONPATH", packages).args(["-c", SCRIPT]);
    let address = &client.address;
    python.args([&address.url, &address.write_key, &ana.user, &ana.email]);
    run(&mut python)?;
    let mail = case.mail(&ana, "hello")?;
    ensure!(mail.subject == "Welcome, Ana", "got {mail:?}");
    let rows = case.rows(&ana, "three calls", |rows| rows.len() >= 3)?;
    let calls = rows
        .iter()
        .filter(|row| row["input"].get("event").is_some());
    ensure!(
        calls.count() == 3,
        "expected three calls of {}, got {rows:?}",
        ana.user
    );
    Ok(())
}

/// The Python of the local AWS, which is there when its stack is.
fn python() -> PathBuf {
    workspace().join("target/local-aws/venv/bin/python")
}

/// Installs the client once, beside the environment of the local AWS.
fn install() -> Result<PathBuf> {
    let folder = scratch().join(format!("keep-{REQUIREMENT}"));
    if !folder.exists() {
        let part = scratch().join("segment-part");
        let mut pip = Command::new(python());
        pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
        pip.args(["--disable-pip-version-check", "--target"]);
        run(pip.arg(&part).arg(REQUIREMENT))?;
        // Last, because its presence says that everything before has succeeded.
        fs::rename(&part, &folder).context("cannot keep the Segment client")?;
    }
    Ok(folder)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().context("cannot start Python")?;
    ensure!(
        output.status.success(),
        "{command:?} failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
