//! Builds the function binaries with cargo and says where they are.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use indicatif::MultiProgress;
use serde_json::Value;

use super::progress::Step;

/// The template's logical ids and the binaries behind them; the package of a binary is
/// `wend-<binary>`.
const FUNCTIONS: [(&str, &str); 7] = [
    ("IngestFunction", "ingest"),
    ("EvaluateFunction", "evaluate"),
    ("DispatchFunction", "dispatch"),
    ("WebhookFunction", "webhook"),
    ("TrackFunction", "track"),
    ("FeedbackFunction", "feedback"),
    ("SweepFunction", "sweep"),
];

/// Builds all functions in the workspace `root` with a cargo profile, and returns a binary by
/// logical id.
///
/// Cargo's own output is part of the error when the build fails.
pub(super) fn build(
    screen: &MultiProgress,
    root: &Path,
    profile: &str,
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let step = Step::start(
        screen,
        format!("building the functions (profile {profile})"),
    );
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo.args([
        "build",
        "--profile",
        profile,
        "--message-format=json-render-diagnostics",
    ]);
    if profile == "release" {
        for (_, binary) in FUNCTIONS {
            cargo.args(["--package", &format!("wend-{binary}"), "--bin", binary]);
        }
    } else {
        // As `cargo test --workspace` does, so that the two share what they compile.
        cargo.args(["--workspace", "--bins"]);
    }
    let mut child = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start cargo: install Rust from https://rustup.rs")?;
    let artifacts = child
        .stdout
        .take()
        .map(|out| std::thread::spawn(move || executables(BufReader::new(out))));
    let mut output = String::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            step.detail(&line);
            output.push_str(&line);
            output.push('\n');
        }
    }
    let status = child.wait().context("cannot wait for cargo")?;
    let built = artifacts
        .and_then(|thread| thread.join().ok())
        .unwrap_or_default();
    if !status.success() {
        drop(step);
        bail!("the functions do not build:\n{output}");
    }
    let binaries = by_logical_id(&built)?;
    step.done();
    Ok(binaries)
}

/// The binaries that cargo reports, by name: right for any target folder the user has configured.
fn executables(reader: impl std::io::BufRead) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for line in reader.lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        if let (Some(name), Some(path)) = (
            message["target"]["name"].as_str(),
            message["executable"].as_str(),
        ) {
            found.insert(name.to_owned(), PathBuf::from(path));
        }
    }
    found
}

fn by_logical_id(built: &BTreeMap<String, PathBuf>) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut binaries = BTreeMap::new();
    for (id, name) in FUNCTIONS {
        let Some(path) = built.get(name) else {
            bail!(
                "cargo built no binary called {name}: it should come from the package wend-{name}"
            );
        };
        binaries.insert(id.to_owned(), path.clone());
    }
    Ok(binaries)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::{FUNCTIONS, by_logical_id, executables};

    #[test]
    fn the_list_is_that_of_the_template() {
        let template = include_str!("../../../../../template.yaml");
        let lines: Vec<&str> = template.lines().collect();
        let declared: Vec<&str> = lines
            .windows(2)
            .filter_map(|pair| match pair {
                [name, "    Type: AWS::Serverless::Function"] => name.trim().strip_suffix(':'),
                _ => None,
            })
            .collect();

        assert_eq!(declared, FUNCTIONS.map(|(id, _)| id));
    }

    #[test]
    fn a_binary_that_cargo_did_not_report_is_named() {
        let report = r#"{"target":{"name":"ingest"},"executable":"/t/ingest"}"#;
        let built = executables(report.as_bytes());
        assert_eq!(
            built,
            BTreeMap::from([("ingest".to_owned(), PathBuf::from("/t/ingest"))])
        );

        let error = by_logical_id(&built).err().map(|error| error.to_string());

        let expected =
            "cargo built no binary called evaluate: it should come from the package wend-evaluate";
        assert_eq!(error.as_deref(), Some(expected));
    }
}
