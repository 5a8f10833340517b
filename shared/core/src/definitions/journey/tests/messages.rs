//! Every message that a journey's author can be told, drawn beside its line.

mod meaning;
mod words;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::definitions::render;

const EVENT: &str = "journey: trial\ntriggers:\n  - event: signed_up\n";

/// A header with `lines`, and one step.
fn header(lines: &str) -> String {
    format!(
        "journey: trial\n{lines}\ntriggers:\n  - event: signed_up\nsteps:\n  - {{ id: hello, email: hello }}\n"
    )
}

/// One trigger, and one step.
fn trigger(line: &str) -> String {
    format!("journey: trial\ntriggers:\n  - {line}\nsteps:\n  - {{ id: hello, email: hello }}\n")
}

/// One step.
fn step(line: &str) -> String {
    with_steps(&[line])
}

/// One step with a condition.
fn only_if(condition: &str) -> String {
    step(&format!("{{ id: hello, email: hello, if: {condition} }}"))
}

/// A file for each message, in the order of the codes. Where one code says several things, it has several files.
fn cases() -> Vec<(&'static str, String)> {
    let mut cases = words::syntax_cases();
    cases.extend(words::value_cases());
    cases.extend(words::phrase_cases());
    cases.extend(words::shape_cases());
    cases.extend(meaning::condition_cases());
    cases.extend(meaning::flow_cases());
    cases.extend(meaning::path_cases());
    cases.extend(meaning::graph_cases());
    cases.extend(meaning::warning_cases());
    cases
}

/// The first fault with `code`, drawn.
fn drawn(code: &str, text: &str) -> String {
    let found = faults(text);
    let fault = found.iter().find(|fault| fault.code == code);
    let fault = fault.unwrap_or_else(|| panic!("no {code} in\n{text}\nbut {found:#?}"));
    let mut drawn = render(fault, text);
    if let Some(edit) = &fault.edit {
        let (at, end) = (edit.place.at, edit.place.end);
        let _ = write!(
            drawn,
            "\n   edit {}:{}-{}:{} {:?}",
            at.line, at.column, end.line, end.column, edit.text
        );
    }
    drawn
}

#[test]
fn a_key_that_lacks_is_named_once_among_those_that_are_taken() {
    let found = faults(&header("goal: { colour: blue }"));
    let help = found.iter().filter_map(|fault| fault.help.as_deref());
    let takes = "a goal takes: event, where, key, within, value, currency, then";
    assert_eq!(help.collect::<Vec<_>>(), ["add `event: …`", takes]);
}

#[test]
fn every_message_is_drawn() {
    let mut all = String::new();
    for (code, text) in cases() {
        let _ = writeln!(all, "{}\n", drawn(code, &text));
    }
    insta::assert_snapshot!("messages", all);
}

#[test]
fn a_fault_brings_no_others_with_it() {
    // These say two things on purpose: what is wrong and what that does to its surroundings.
    let several = ["E0001", "E0180"];
    for (code, text) in cases() {
        let found: Vec<&str> = faults(&text).iter().map(|fault| fault.code).collect();
        assert!(
            found == [code] || several.contains(&code),
            "{code}: {found:?}\n{text}"
        );
    }
}

#[test]
fn an_edit_mends_its_fault() {
    for (code, text) in cases() {
        for fault in faults(&text) {
            let Some(edit) = &fault.edit else { continue };
            let (at, end) = (edit.place.at, edit.place.end);
            assert_eq!(at.line, end.line, "{code}");
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.resize(lines.len().max(at.line), String::new());
            let line = &mut lines[at.line - 1];
            let before: String = line.chars().take(at.column - 1).collect();
            let behind: String = line.chars().skip(end.column - 1).collect();
            *line = format!("{before}{}{behind}", edit.text);
            let mended = faults(&lines.join("\n"));
            let is_there = |other: &Diagnostic| other.code == fault.code && other.at == fault.at;
            assert!(
                !mended.iter().any(is_there),
                "{code}: {edit:?}\n{mended:#?}"
            );
        }
    }
}

/// The codes in quotes in the sources below `path`, their tests aside.
fn codes_in(path: &Path, codes: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if !path.ends_with("tests") && !path.ends_with("tests.rs") {
                codes_in(&path, codes);
            }
        }
        return;
    }
    let source = std::fs::read_to_string(path).unwrap();
    let source = source.split("#[cfg(test)]").next().unwrap();
    let quoted = source.split('"').filter(|word| {
        let digits = word.strip_prefix(['E', 'W']).unwrap_or_default();
        digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    codes.extend(quoted.map(str::to_owned));
}

fn codes_of(places: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut codes = BTreeSet::new();
    for place in places {
        codes_in(&root.join(place), &mut codes);
    }
    codes
}

#[test]
fn every_code_has_its_case() {
    let places = [
        "syntax.rs",
        "condition",
        "phrase",
        "definitions/reader",
        "definitions/journey",
    ];
    let covered: BTreeSet<String> = cases().iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(codes_of(&places), covered);
}

#[test]
fn every_code_has_its_page() {
    let codes = codes_of(&["syntax.rs", "condition", "phrase", "definitions"]);
    let missing: Vec<&String> = codes
        .iter()
        .filter(|code| crate::definitions::explain(code).is_none())
        .collect();
    assert!(missing.is_empty(), "no page in explain.md: {missing:?}");
}
