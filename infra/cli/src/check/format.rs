//! How the faults of a project are printed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use wend_core::definitions::{Diagnostic, Severity, SourceFile, render};

use super::Report;

/// The form of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: every fault beside its line.
    Text,
    /// For editors and programs, with the fix as an edit.
    Json,
}

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const BLUE: &str = "\u{1b}[34m";
const RESET: &str = "\u{1b}[0m";

/// The report in `format`, with colours if it is for people.
pub(super) fn print(report: &Report, format: Format) -> String {
    match format {
        Format::Text => text(report),
        Format::Json => format!("{:#}\n", as_json(report)),
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for fault in &report.faults {
        let _ = writeln!(text, "{}\n", drawn(fault, source(&report.files, fault)));
    }
    text + &summary(report) + "\n"
}

/// A fault beside its line, coloured.
pub(crate) fn drawn(fault: &Diagnostic, source: &str) -> String {
    let colour = match fault.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    };
    let drawn = render(fault, source);
    let lines =
        drawn
            .lines()
            .enumerate()
            .map(|(index, line)| match (index, line.split_once('│')) {
                (0, _) => match line.split_once(": ") {
                    Some((head, message)) => {
                        format!("{colour}{head}{RESET}: {BOLD}{message}{RESET}")
                    }
                    None => line.to_owned(),
                },
                (_, Some((gutter, rest)))
                    if rest.trim_start().starts_with('^') && gutter.trim().is_empty() =>
                {
                    format!("{BLUE}{gutter}│{RESET}{colour}{rest}{RESET}")
                }
                (2, Some((gutter, rest))) => format!("{BLUE}{gutter}│{RESET}{rest}"),
                _ => line.to_owned(),
            });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text of the file that a fault is in.
pub(crate) fn source<'f>(files: &'f [SourceFile], fault: &Diagnostic) -> &'f str {
    let file = files.iter().find(|file| file.path == fault.file);
    file.map_or("", |file| file.text.as_str())
}

/// `1 error, 1 warning in 8 journeys · 0.02 s`
fn summary(report: &Report) -> String {
    let (errors, warnings) = (
        report.count(Severity::Error),
        report.count(Severity::Warning),
    );
    let journeys = counted(report.journeys, "journey");
    if errors + warnings == 0 {
        let steps = counted(report.steps, "step");
        let messages = counted(report.messages, "message");
        let whose = if report.messages == 1 { "its" } else { "their" };
        return format!(
            "All good: {journeys}, {steps}, {messages} rendered with {whose} sample data."
        );
    }
    let found = [(errors, "error"), (warnings, "warning")];
    let found = found.into_iter().filter(|(count, _)| *count > 0);
    let found: Vec<String> = found.map(|(count, word)| counted(count, word)).collect();
    let took = report.took.as_secs_f64();
    format!("{} in {journeys} · {took:.2} s", found.join(", "))
}

/// `1 error`, `2 errors`.
fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn as_json(report: &Report) -> Value {
    let diagnostics: Vec<Value> = report.faults.iter().map(diagnostic).collect();
    json!({
        "diagnostics": diagnostics,
        "summary": {
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "journeys": report.journeys,
            "steps": report.steps,
            "messages": report.messages,
            "took_secs": report.took.as_secs_f64(),
        },
    })
}

fn diagnostic(fault: &Diagnostic) -> Value {
    let edit = fault
        .edit
        .as_ref()
        .map(|edit| json!({ "start": edit.place.at, "end": edit.place.end, "text": edit.text }));
    json!({
        "code": fault.code,
        "severity": fault.severity,
        "file": fault.file,
        "start": fault.at,
        "end": fault.end,
        "message": fault.message,
        "label": fault.label,
        "help": fault.help,
        "notes": fault.notes,
        "edit": edit,
    })
}
