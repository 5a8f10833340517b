//! `wend test`: plays a project's scenario tests in virtual time.

mod format;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use wend_app::scenario::{self, DifferenceKind, Project, Report};
use wend_content::read_all;
use wend_core::definitions::scenario::{Scenarios, read_scenarios};
use wend_core::definitions::{Diagnostic, Severity, SourceFile};

use crate::check::print_faults;
use crate::project;
use format::Format;

/// What `test` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder, then names of files in scenarios/ or parts of them. Without a folder the project is here, without names all
    /// scenarios are played.
    #[arg(value_name = "PROJECT] [NAME")]
    words: Vec<String>,
    /// Writes lines for what happened and no line expects yet, to be reviewed.
    #[arg(long)]
    record: bool,
    /// How results are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// One file of scenarios and how its cases ended.
struct Played {
    file: SourceFile,
    scenarios: Scenarios,
    reports: Vec<Report>,
}

/// All of them.
struct Summary {
    files: Vec<Played>,
    took: Duration,
}

impl Played {
    /// How many cases passed, and how many failed.
    fn counts(&self) -> (usize, usize) {
        let passed = self.reports.iter().filter(|report| report.is_passed());
        let passed = passed.count();
        (passed, self.reports.len() - passed)
    }
}

impl Summary {
    fn counts(&self) -> (usize, usize) {
        let counts = self.files.iter().map(Played::counts);
        counts.fold((0, 0), |(passed, failed), (p, f)| (passed + p, failed + f))
    }

    /// How much time went by in the cases.
    fn journey_time(&self) -> Duration {
        let reports = self.files.iter().flat_map(|file| &file.reports);
        reports.map(|report| report.lasted).sum()
    }
}

/// Plays the scenarios and prints how they ended.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (folder, names) = split(&args.words);
    let files = project::load(&folder)?;
    let tests = chosen(&folder, &names)?;
    let definitions = match read_all(&files) {
        Ok(definitions) => definitions,
        Err(faults) => return Ok(faulty(&faults, &files)),
    };
    let project = Project {
        files: &files,
        definitions: &definitions,
    };
    let begun = Instant::now();
    let mut played = match play_all(project, tests.clone()) {
        Ok(played) => played,
        Err(faults) => return Ok(faulty(&faults, &tests)),
    };
    if args.record {
        for file in &mut played {
            record(project, &folder, file)?;
            for line in left_over(file) {
                eprintln!("{line}");
            }
        }
    }
    let summary = Summary {
        files: played,
        took: begun.elapsed(),
    };
    print!("{}", format::print(&summary, args.format));
    let (_, failed) = summary.counts();
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The project's folder, which the first word names if there is a `wend.yaml` in it, and the names of files.
fn split(words: &[String]) -> (PathBuf, Vec<String>) {
    match words.split_first() {
        Some((first, names)) if Path::new(first).join("wend.yaml").is_file() => {
            (PathBuf::from(first), names.to_vec())
        }
        _ => (PathBuf::from("."), words.to_vec()),
    }
}

/// The files in scenarios/ that are to be played.
fn chosen(folder: &Path, names: &[String]) -> anyhow::Result<Vec<SourceFile>> {
    let files = project::load_scenarios(folder)?;
    let name_of = |file: &SourceFile| {
        let name = Path::new(&file.path).file_stem();
        name.and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned()
    };
    let is_meant = |file: &SourceFile, name: &String| name_of(file).contains(name.as_str());
    let is_unknown = |name: &&String| !files.iter().any(|file| is_meant(file, name));
    if let Some(unknown) = names.iter().find(is_unknown) {
        let folder = folder.display();
        bail!("no file in {folder}/scenarios has `{unknown}` in its name");
    }
    if files.is_empty() {
        bail!("{} has no scenarios/*.yaml to play", folder.display());
    }
    let is_chosen =
        |file: &SourceFile| names.is_empty() || names.iter().any(|name| is_meant(file, name));
    Ok(files.into_iter().filter(is_chosen).collect())
}

fn play_all(project: Project<'_>, tests: Vec<SourceFile>) -> Result<Vec<Played>, Vec<Diagnostic>> {
    let mut all = Vec::new();
    let mut faults = Vec::new();
    for file in tests {
        match read(project, &file) {
            Ok(scenarios) => all.push((file, scenarios)),
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let played = all
        .into_iter()
        .map(|(file, scenarios)| play(project, file, scenarios));
    Ok(played.collect())
}

fn read(project: Project<'_>, file: &SourceFile) -> Result<Scenarios, Vec<Diagnostic>> {
    let scenarios = read_scenarios(&file.path, &file.text)?;
    let mut faults = scenario::check(project, &file.path, &scenarios);
    // `wend check` tells warnings.
    faults.retain(|fault| fault.severity == Severity::Error);
    if faults.is_empty() {
        Ok(scenarios)
    } else {
        Err(faults)
    }
}

fn play(project: Project<'_>, file: SourceFile, scenarios: Scenarios) -> Played {
    let cases = scenarios.cases.iter();
    let reports = cases
        .map(|case| scenario::run(project, &scenarios, case))
        .collect();
    Played {
        file,
        scenarios,
        reports,
    }
}

/// Writes the missing lines of a file down, says which, and plays it again.
fn record(project: Project<'_>, folder: &Path, played: &mut Played) -> anyhow::Result<()> {
    let recorded = scenario::record(&played.file.text, &played.scenarios, &played.reports)?;
    if recorded.lines.is_empty() {
        return Ok(());
    }
    for (number, case) in played.scenarios.cases.iter().enumerate() {
        let lines = recorded.lines.iter().filter(|(of, _)| *of == number);
        let lines: Vec<&str> = lines.map(|(_, line)| line.as_str()).collect();
        if !lines.is_empty() {
            let word = if lines.len() == 1 { "line" } else { "lines" };
            eprintln!(
                "  {}     recorded {} {word}, please review",
                case.name,
                lines.len()
            );
            for line in lines {
                eprintln!("  +{line}");
            }
        }
    }
    let path = folder.join(&played.file.path);
    std::fs::write(&path, &recorded.text)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let file = SourceFile {
        path: played.file.path.clone(),
        text: recorded.text,
    };
    let Ok(scenarios) = read_scenarios(&file.path, &file.text) else {
        bail!(
            "{} does not read any more: a bug, please report it",
            file.path
        );
    };
    *played = play(project, file, scenarios);
    Ok(())
}

/// What recording leaves standing: expectations that are not met, for their author to delete or to mend.
fn left_over(played: &Played) -> Vec<String> {
    let cases = played.scenarios.cases.iter().zip(&played.reports);
    let told = cases.filter_map(|(case, report)| {
        let lines = report.differences.iter();
        let lines = lines.filter(|line| line.kind == DifferenceKind::Missing);
        let lines = lines.filter_map(|line| Some(line.position?.line.to_string()));
        let lines: Vec<String> = lines.collect();
        let (word, it) = match lines.len() {
            0 => return None,
            1 => ("line", "is not met: delete or mend it"),
            _ => ("lines", "are not met: delete or mend them"),
        };
        let (name, path) = (&case.name, &played.file.path);
        let lines = lines.join(", ");
        Some(format!("  {name}     {word} {lines} of {path} {it}"))
    });
    told.collect()
}

fn faulty(faults: &[Diagnostic], files: &[SourceFile]) -> ExitCode {
    print_faults(faults, files);
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests;
