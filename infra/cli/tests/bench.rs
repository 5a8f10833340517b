//! `wend bench` as a person runs it: the balance holds, also when the server is killed again and again.
#![cfg(feature = "run")]

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The status of a debug build whose balance holds.
const DEBUG_BUILD: i32 = 2;

/// The figures, if the status is right for the build.
fn bench(more: &[&str]) -> Result<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_wend"))
        .args(["bench", "--contacts", "30", "--format", "json"])
        .args(more)
        .output()
        .context("cannot start wend")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let expected = if cfg!(debug_assertions) {
        DEBUG_BUILD
    } else {
        0
    };
    ensure!(output.status.code() == Some(expected), "{errors}");
    ensure!(
        errors.contains("of a debug build") == cfg!(debug_assertions),
        "{errors}"
    );
    serde_json::from_slice(&output.stdout).context("the figures are not JSON")
}

#[test]
fn every_contact_gets_both_emails_once() -> Result<()> {
    let figures = bench(&["--wait", "3s"])?;
    for (name, expected) in [
        ("contacts", 30),
        ("events", 75),
        ("kills", 0),
        ("expected", 60),
        ("accepted", 60),
        ("unknown", 0),
        ("lost", 0),
        ("doubled", 0),
        ("unexpected", 0),
        ("set_aside", 0),
    ] {
        assert_eq!(figures[name], json!(expected), "{name}: {figures:#}");
    }
    for name in ["events_per_sec", "emails_per_sec", "cpu_ms_per_contact"] {
        assert!(
            figures[name].as_f64().is_some_and(|rate| rate > 0.0),
            "{name}: {figures:#}"
        );
    }
    Ok(())
}

#[test]
fn a_server_that_is_killed_loses_nothing_and_doubles_nothing() -> Result<()> {
    let figures = bench(&["--wait", "4s", "--kill-every", "1s"])?;
    let number = |name: &str| figures[name].as_u64().unwrap();
    assert!(number("kills") > 0, "{figures:#}");
    assert_eq!(number("expected"), 60);
    // A send that a kill caught between claim and answer may stay unknown. It is listed then.
    assert_eq!(number("accepted") + number("unknown"), 60, "{figures:#}");
    for name in [
        "lost",
        "doubled",
        "unexpected",
        "unknown_accepted",
        "set_aside",
    ] {
        assert_eq!(number(name), 0, "{name}: {figures:#}");
    }
    Ok(())
}
