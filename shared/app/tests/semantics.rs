//! Plays the scenario tests of `tests/semantics/project`: each question of the language's semantics has cases named after it.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use wend_app::scenario::{self, Project};
use wend_core::definitions::scenario::read_scenarios;
use wend_core::definitions::{Diagnostic, Severity, SourceFile, read_all};

const FOLDERS: [&str; 5] = ["journeys", "segments", "scores", "templates", "coupons"];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/semantics/project")
}

/// The files in one folder of the project, in the order of their names.
fn below(folder: &str) -> Result<Vec<SourceFile>, Box<dyn Error>> {
    let entries = fs::read_dir(project().join(folder))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(|error: std::io::Error| error)?;
    paths.sort();
    let files = paths.iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(SourceFile {
            path: format!("{folder}/{name}"),
            text: fs::read_to_string(path)?,
        })
    });
    files.collect()
}

fn files() -> Result<Vec<SourceFile>, Box<dyn Error>> {
    let mut files = vec![SourceFile {
        path: "wend.yaml".to_owned(),
        text: fs::read_to_string(project().join("wend.yaml"))?,
    }];
    for folder in FOLDERS {
        files.extend(below(folder)?);
    }
    Ok(files)
}

fn told(faults: &[Diagnostic]) -> String {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("\n")
}

/// What differs in the cases of one file.
fn differences(project: Project<'_>, file: &SourceFile) -> Result<String, Box<dyn Error>> {
    let scenarios = read_scenarios(&file.path, &file.text).map_err(|faults| told(&faults))?;
    let mut faults = scenario::check(project, &file.path, &scenarios);
    // A case shows what becomes of a name that is not spelt as the plan has it.
    faults.retain(|fault| fault.severity == Severity::Error);
    let mut report = told(&faults);
    for case in &scenarios.cases {
        let played = scenario::run(project, &scenarios, case);
        if !played.is_passed() {
            writeln!(report, "\n{}: {}", file.path, case.name)?;
            for difference in &played.differences {
                writeln!(report, "  {difference}")?;
            }
        }
    }
    Ok(report)
}

#[test]
fn every_question_is_answered_as_it_was_decided() -> Result<(), Box<dyn Error>> {
    let files = files()?;
    let definitions = read_all(&files).map_err(|faults| told(&faults))?;
    let project = Project {
        files: &files,
        definitions: &definitions,
    };
    let mut report = String::new();
    for file in below("scenarios")? {
        report.push_str(&differences(project, &file)?);
    }
    assert!(report.is_empty(), "these cases differ:\n{report}");
    Ok(())
}
