//! How the results of scenario tests are printed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use wend_app::scenario::{Difference, DifferenceKind, Report};
use wend_core::definitions::scenario::Case;

use super::{Played, Summary};

/// The form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For a build server: the XML of `JUnit`.
    Junit,
    /// For programs.
    Json,
}

/// Files that stand beside each other on one line.
const CELLS: usize = 3;
/// What a name and its dots take.
const NAME_WIDTH: usize = 17;
const CELL_WIDTH: usize = 31;

/// The results in `format`.
pub fn print(summary: &Summary, format: Format) -> String {
    match format {
        Format::Text => text(summary),
        Format::Junit => junit(summary),
        Format::Json => format!("{:#}\n", as_json(summary)),
    }
}

fn cases(file: &Played) -> impl Iterator<Item = (&Case, &Report)> {
    file.scenarios.cases.iter().zip(&file.reports)
}

/// Where a difference stands, else where its case does.
fn place(file: &Played, case: &Case, difference: &Difference) -> String {
    let line = difference.position.unwrap_or(case.at).line;
    format!("{}:{line}", file.file.path)
}

fn text(summary: &Summary) -> String {
    let mut text = String::new();
    for file in &summary.files {
        for (case, report) in cases(file).filter(|(_, report)| !report.is_passed()) {
            let (id, line) = (&file.scenarios.id, case.at.line);
            let _ = writeln!(text, "{id} · {}   {}:{line}", case.name, file.file.path);
            for difference in &report.differences {
                let place = match difference.kind {
                    DifferenceKind::Unexpected => None,
                    DifferenceKind::Missing | DifferenceKind::Trouble | DifferenceKind::Remark => {
                        difference.position
                    }
                };
                let place = place.map(|place| format!("   {}:{}", file.file.path, place.line));
                let _ = writeln!(text, "  {difference}{}", place.unwrap_or_default());
            }
            text.push('\n');
        }
    }
    for row in summary.files.chunks(CELLS) {
        let mut line = String::new();
        for file in row {
            let _ = write!(line, "{:CELL_WIDTH$}", cell(file));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let (passed, failed) = summary.counts();
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    let days = summary.journey_time().as_secs() / 86_400;
    let word = if days == 1 { "day" } else { "days" };
    let took = summary.took.as_secs_f64();
    let _ = writeln!(text, "{days} {word} of journey time in {took:.2} s");
    text
}

/// `welcome ......... 3 passed`
fn cell(file: &Played) -> String {
    let id = &file.scenarios.id;
    let dots = NAME_WIDTH.saturating_sub(id.chars().count() + 1).max(2);
    let (passed, failed) = file.counts();
    let failed = match failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!("{id} {} {passed} passed{failed}  ", ".".repeat(dots))
}

fn as_json(summary: &Summary) -> Value {
    let files = summary.files.iter();
    let cases = files.flat_map(|file| cases(file).map(move |(case, report)| (file, case, report)));
    let cases: Vec<Value> = cases
        .map(|(file, case, report)| {
            let differences = report.differences.iter();
            let differences: Vec<Value> = differences.map(as_json_difference).collect();
            json!({
                "file": file.file.path,
                "line": case.at.line,
                "scenarios": file.scenarios.id,
                "case": case.name,
                "passed": report.is_passed(),
                "journey_secs": report.lasted.as_secs(),
                "differences": differences,
            })
        })
        .collect();
    let (passed, failed) = summary.counts();
    json!({
        "passed": passed,
        "failed": failed,
        "journey_secs": summary.journey_time().as_secs(),
        "took_secs": summary.took.as_secs_f64(),
        "cases": cases,
    })
}

fn as_json_difference(difference: &Difference) -> Value {
    let kind = match difference.kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::Unexpected => "unexpected",
        DifferenceKind::Trouble => "trouble",
        DifferenceKind::Remark => "remark",
    };
    json!({
        "kind": kind,
        "at": difference.at.to_string(),
        "line": difference.position.map(|position| position.line),
        "text": difference.text,
        "note": difference.note,
    })
}

fn junit(summary: &Summary) -> String {
    let (passed, failed) = summary.counts();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{}\" failures=\"{failed}\" time=\"{:.3}\">\n",
        passed + failed,
        summary.took.as_secs_f64(),
    );
    for file in &summary.files {
        let (passed, failed) = file.counts();
        let (id, count) = (escaped(&file.scenarios.id), passed + failed);
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{id}\" tests=\"{count}\" failures=\"{failed}\">"
        );
        for (case, report) in cases(file) {
            let (name, path) = (escaped(&case.name), escaped(&file.file.path));
            let _ = write!(
                xml,
                "    <testcase classname=\"{id}\" name=\"{name}\" file=\"{path}\" line=\"{}\"",
                case.at.line
            );
            let Some(first) = report.differences.first() else {
                xml.push_str("/>\n");
                continue;
            };
            let mut lines = String::new();
            for difference in &report.differences {
                let _ = writeln!(lines, "{} {difference}", place(file, case, difference));
            }
            let (first, lines) = (escaped(&first.to_string()), escaped(&lines));
            let _ = writeln!(
                xml,
                ">\n      <failure message=\"{first}\">{lines}</failure>\n    </testcase>"
            );
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// `text` within XML; what XML cannot hold at all becomes a blank.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
