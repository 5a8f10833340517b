//! `wend fmt`: writes the files of a project in the one style.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use similar::TextDiff;
use wend_core::format::format;

use crate::check::drawn;
use crate::project::list;

/// What `fmt` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Projects, folders of definitions, or single files.
    #[arg(value_name = "PATHS", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Writes nothing: names the files that are not in the style, and fails if there are any.
    #[arg(long)]
    check: bool,
    /// Writes nothing: prints what would change.
    #[arg(long)]
    diff: bool,
}

/// The folders whose files have a style, with the files' ending.
const FOLDERS: [(&str, &str); 5] = [
    ("journeys", "yaml"),
    ("scenarios", "yaml"),
    ("scores", "yaml"),
    ("segments", "yaml"),
    ("templates", "md"),
];

/// Formats the files and says which.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let done = all(args)?;
    anstream::print!("{}", done.said);
    let is_bad = done.unreadable > 0 || (args.check && done.changed > 0);
    Ok(if is_bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What came of a run.
#[derive(Debug, Default)]
struct Done {
    changed: usize,
    unreadable: usize,
    said: String,
}

fn all(args: &Args) -> anyhow::Result<Done> {
    let mut done = Done::default();
    let mut files = Vec::new();
    for path in &args.paths {
        files.extend(found(path)?);
    }
    for path in &files {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let shown = path.strip_prefix(".").unwrap_or(path).display().to_string();
        let formatted = match format(&name(path), &text) {
            Ok(formatted) => formatted,
            Err(mut fault) => {
                fault.file = shown;
                done.unreadable += 1;
                done.said.extend([&drawn(&fault, &text), "\n\n"]);
                continue;
            }
        };
        if formatted == text {
            continue;
        }
        done.changed += 1;
        if args.diff {
            done.said.push_str(&diff(&shown, &text, &formatted));
        } else if args.check {
            done.said.extend(["not in the style: ", &shown, "\n"]);
        } else {
            fs::write(path, formatted)
                .with_context(|| format!("cannot write {}", path.display()))?;
            done.said.extend(["formatted ", &shown, "\n"]);
        }
    }
    if !args.diff {
        let word = if files.len() == 1 { "file" } else { "files" };
        let (changed, all) = (done.changed, files.len());
        let verb = if args.check {
            "would change"
        } else {
            "changed"
        };
        let _ = writeln!(done.said, "{changed} of {all} {word} {verb}");
    }
    Ok(done)
}

/// The name by which a file is known in its project: its folder's and its own.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().and_then(Path::file_name);
    let folder = folder.unwrap_or_default().to_string_lossy();
    if FOLDERS.iter().any(|(known, _)| *known == folder) {
        format!("{folder}/{file}")
    } else {
        file.into_owned()
    }
}

/// The files that `path` names: itself, those of a project, or those of one folder.
fn found(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let settings = path.join("wend.yaml");
    if settings.is_file() {
        let mut files = vec![settings];
        for (folder, ending) in FOLDERS {
            files.extend(ending_with(&path.join(folder), ending)?);
        }
        return Ok(files);
    }
    let absolute = std::path::absolute(path)?;
    let of_folder = FOLDERS.iter().find(|(known, _)| absolute.ends_with(known));
    match of_folder {
        Some((_, ending)) if path.is_dir() => ending_with(path, ending),
        _ => bail!(
            "{} is no file, no project and no folder of one",
            path.display()
        ),
    }
}

fn ending_with(folder: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = list(folder)?;
    // Templates that are folders.
    let heads = files.iter().map(|path| path.join("message.yaml"));
    let heads: Vec<PathBuf> = heads.filter(|head| head.is_file()).collect();
    if folder.ends_with("templates") {
        files
            .retain(|path| path.is_file() && path.extension().is_some_and(|found| found == ending));
        files.extend(heads);
        return Ok(files);
    }
    files.retain(|path| path.is_file() && path.extension().is_some_and(|found| found == ending));
    Ok(files)
}

fn diff(path: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified.header(path, path).to_string()
}

#[cfg(test)]
mod tests;
