//! `wend check`: all faults of a project in one run.
//!
//! What one file shows by itself, what the files say of each other, what templates make of their samples, and the scenario
//! tests. Only errors fail; warnings are told.

mod format;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use wend_app::scenario::{self, Project};
use wend_core::definitions::scenario::read_scenarios;
use wend_core::definitions::{Diagnostic, Severity, SourceFile};
use wend_core::release::Definition;

use crate::project;
use format::Format;

pub(crate) use format::{drawn, source};

/// What `check` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// How the faults are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What there is in a project, and what is wrong with it.
struct Report {
    files: Vec<SourceFile>,
    /// In the order of files and lines.
    faults: Vec<Diagnostic>,
    journeys: usize,
    steps: usize,
    /// Templates that were rendered.
    messages: usize,
    took: Duration,
}

impl Report {
    fn count(&self, severity: Severity) -> usize {
        let is_it = |fault: &&Diagnostic| fault.severity == severity;
        self.faults.iter().filter(is_it).count()
    }
}

/// Prints the faults, or that there are none.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let mut files = project::load(&args.project)?;
    files.extend(project::misplaced(&args.project)?);
    let mut report = check(files, project::load_scenarios(&args.project)?);
    report.took = begun.elapsed();
    // `anstream` leaves the colours out where they are not wanted.
    anstream::print!("{}", format::print(&report, args.format));
    Ok(match report.count(Severity::Error) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Checks `files` and the scenario tests that go with them.
fn check(mut files: Vec<SourceFile>, scenarios: Vec<SourceFile>) -> Report {
    let is_journey = |file: &&SourceFile| {
        let name = file.path.strip_prefix("journeys/");
        name.is_some_and(|name| name.strip_suffix(".yaml").is_some())
    };
    let journeys = files.iter().filter(is_journey).count();
    let checked = wend_content::check_all(&files);
    let is_good = checked.is_good();
    let definitions = checked.definitions;
    let sampled = wend_content::check_samples(&definitions);
    let mut faults = checked.faults;
    // A text that is no Jinja is no message either: once is enough.
    let new = |fault: &Diagnostic| {
        let is_same =
            |known: &Diagnostic| known.file == fault.file && known.at.line == fault.at.line;
        !faults
            .iter()
            .any(|known| known.severity == Severity::Error && is_same(known))
    };
    let of_samples: Vec<Diagnostic> = sampled.faults.into_iter().filter(new).collect();
    faults.extend(of_samples);
    for file in &scenarios {
        match read_scenarios(&file.path, &file.text) {
            Err(found) => faults.extend(found),
            // What they name is only known if all else is.
            Ok(read) if is_good => {
                let project = Project {
                    files: &files,
                    definitions: &definitions,
                };
                faults.extend(scenario::check(project, &file.path, &read));
            }
            Ok(_) => {}
        }
    }
    files.extend(scenarios);
    let place = |path: &str| files.iter().position(|file| file.path == path);
    faults.sort_by_key(|fault| (place(&fault.file), fault.at));
    let steps = definitions.iter().map(|(_, definition)| match definition {
        Definition::Journey(journey) => journey.steps.len(),
        Definition::Project(_)
        | Definition::Template(_)
        | Definition::Segment(_)
        | Definition::Score(_) => 0,
    });
    Report {
        steps: steps.sum(),
        files,
        faults,
        journeys,
        messages: sampled.rendered,
        took: Duration::ZERO,
    }
}

/// Prints faults, each beside its line of `files`.
pub fn print_faults(faults: &[Diagnostic], files: &[SourceFile]) {
    for fault in faults {
        anstream::eprintln!("{}\n", drawn(fault, source(files, fault)));
    }
    let is_error = |fault: &&Diagnostic| fault.severity == Severity::Error;
    let errors = faults.iter().filter(is_error).count();
    eprintln!("{errors} {}", if errors == 1 { "error" } else { "errors" });
}

#[cfg(test)]
mod tests;
