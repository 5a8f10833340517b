//! `wend init`: a new project, with the starters.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use wend_core::definitions::scenario::read_scenarios;

/// The files of the starter pack and their texts, from `build.rs`.
pub const STARTER: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/starter.rs"));

/// The id of the starter pack, which a new project replaces by its own.
const STARTER_ID: &str = "project: acme-shop\n";

/// What `init` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder: new, or with nothing in it.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// Copies the starter pack and says what is in it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    create(&args.folder)?;
    print!("{}", told());
    Ok(ExitCode::SUCCESS)
}

/// Writes the files of a new project. What is there is never touched.
pub fn create(folder: &Path) -> anyhow::Result<()> {
    // Hidden files are no project: a fresh clone has `.git`.
    if let Some(first) = crate::project::list(folder)?.first() {
        let name = first.file_name().unwrap_or_default().to_string_lossy();
        bail!(
            "{} is not empty, there is `{name}`; name a new folder: wend init my-shop",
            folder.display()
        );
    }
    let id = id(folder);
    for (path, text) in STARTER {
        let file = folder.join(path);
        let above = file.parent().unwrap_or(folder);
        fs::create_dir_all(above).with_context(|| format!("cannot make {}", above.display()))?;
        let text = match &id {
            Some(id) => text.replacen(STARTER_ID, &format!("project: {id}\n"), 1),
            None => (*text).to_owned(),
        };
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    ignore_secrets(folder)
}

/// The file with the secrets of `wend dev` must not get into a repository.
const IGNORED: &str = ".env";

/// Adds the line to `.gitignore`, the one file of others that is touched.
fn ignore_secrets(folder: &Path) -> anyhow::Result<()> {
    let file = folder.join(".gitignore");
    let before = if file.exists() {
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?
    } else {
        String::new()
    };
    if before.lines().any(|line| line.trim() == IGNORED) {
        return Ok(());
    }
    let gap = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    fs::write(&file, format!("{before}{gap}{IGNORED}\n"))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The folder's name as the id of its project; none where it is no id.
fn id(folder: &Path) -> Option<String> {
    const CHARS_MAX: usize = 64;
    let absolute = std::path::absolute(folder).ok()?;
    let name = absolute
        .file_name()?
        .to_str()?
        .to_lowercase()
        .replace([' ', '_', '.'], "-");
    let is_id = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= CHARS_MAX
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    is_id.then_some(name)
}

/// What was created, and what comes next.
fn told() -> String {
    let edits = STARTER
        .iter()
        .map(|(_, text)| text.matches("# TODO").count());
    let (files, edits) = (STARTER.len(), edits.sum::<usize>());
    let mut told = format!(
        "Created {files} files. The starters are in journeys/; delete what you do not need.\n  \
         {:<36}senders, topics, caps, events     ← your {edits} edits are marked TODO\n",
        "wend.yaml"
    );
    for (path, _) in STARTER
        .iter()
        .filter(|(path, _)| path.starts_with("journeys/"))
    {
        let cases = cases(path);
        let word = if cases == 1 { "scenario" } else { "scenarios" };
        let _ = writeln!(told, "  {path:<36}{cases} {word}");
    }
    told + "Editor completion: wend schema --vscode    Next: wend test\n"
}

/// How many scenario tests a journey has.
fn cases(journey: &str) -> usize {
    let path = journey.replacen("journeys/", "scenarios/", 1);
    let tests = STARTER.iter().find(|(found, _)| *found == path);
    let tests = tests.and_then(|(path, text)| read_scenarios(path, text).ok());
    tests.map_or(0, |tests| tests.cases.len())
}

#[cfg(test)]
mod tests;
