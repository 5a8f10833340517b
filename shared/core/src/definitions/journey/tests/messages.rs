//! Every message that a journey's author can be told, drawn beside its line.

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
    let mut cases = syntax_cases();
    cases.extend(value_cases());
    cases.extend(phrase_cases());
    cases.extend(shape_cases());
    cases.extend(condition_cases());
    cases.extend(flow_cases());
    cases.extend(graph_cases());
    cases.extend(warning_cases());
    cases
}

fn syntax_cases() -> Vec<(&'static str, String)> {
    let deep = format!("journey: {}1{}", "[".repeat(70), "]".repeat(70));
    vec![
        ("E0001", step("{ id: hello, email: [ hello }")),
        ("E0001", header("title: Trial: the series")),
        ("E0002", format!("{EVENT}---\njourney: second\n")),
        ("E0003", "# nothing yet\n".to_owned()),
        (
            "E0004",
            header("title: {{ contact.first_name }}, \"welcome\""),
        ),
        ("E0004", header("? [ a, b ]\n: c")),
        ("E0005", deep),
        ("E0006", header("title: &name Trial")),
        ("E0007", header("title: Trial\ntitle: Try it")),
        (
            "E0008",
            "journey: trial\ntriggers:\n\t- event: signed_up\n".to_owned(),
        ),
    ]
}

fn value_cases() -> Vec<(&'static str, String)> {
    vec![
        ("E0100", "- journey: trial\n".to_owned()),
        ("E0100", header("removed: old")),
        ("E0100", header("goal: order_completed")),
        ("E0101", step("{ email: hello }")),
        ("E0101", trigger("joins: vips")),
        ("E0102", header("title:")),
        ("E0102", step("{ id: hello, update: {} }")),
        ("E0102", header("open: {}")),
        ("E0103", header("title: [ Trial ]")),
        (
            "E0104",
            "journey: trial\ntriggers: signed_up\nsteps:\n  - { id: a, email: b }\n".to_owned(),
        ),
        ("E0105", step("{ id: First_Step, email: hello }")),
        ("E0105", step("{ id: next, email: hello }")),
        ("E0106", header("state: lvie")),
        ("E0106", header("reentry: once")),
        (
            "E0107",
            EVENT.replace("trial", "try") + "steps:\n  - { id: hello, email: hello }\n",
        ),
        (
            "E0108",
            trigger("{ event: cart_updated, whree: { value: { gte: 20 } } }"),
        ),
        ("E0108", header("colour: blue")),
        ("E0108", only_if("{ cliked: hello }")),
        ("E0108", header("goal: { event: bought, colour: blue }")),
        ("E0108", header("goal: { if: { contact.plan: pro } }")),
        ("E0108", trigger("{ event: a, if: { contact.plan: pro } }")),
        (
            "E0108",
            step("{ id: a, branch: [ { path: x, colour: blue }, { path: y } ] }"),
        ),
        (
            "E0109",
            with_steps(&["{ id: hello, email: hello }", "{ id: hello, wait: 1 day }"]),
        ),
        (
            "E0109",
            step("{ id: a, branch: [ { path: x, if: { contact.a: 1 } }, { path: x } ] }"),
        ),
    ]
}

fn shape_cases() -> Vec<(&'static str, String)> {
    let until = |path: &str| {
        step(&format!(
            "{{ id: a, wait_until: [ {path}, {{ path: late, after: 1 day }} ] }}"
        ))
    };
    vec![
        ("E0110", step("{ id: hello, emial: hello }")),
        ("E0110", step("{ id: hello, note: nothing }")),
        (
            "E0110",
            step("{ id: a, if: { contact.a: 1 }, steps: [ { id: b, email: b } ] }"),
        ),
        ("E0111", step("{ id: hello, email: hello, wait: 1 day }")),
        ("E0112", step("{ id: pause, wait: 1 day, expires: 2 days }")),
        ("E0112", trigger("{ subscribes: news, key: cart_id }")),
        (
            "E0112",
            until("{ path: a, if: { contact.a: 1 }, where: { b: 1 } }"),
        ),
        ("E0112", until("{ path: a, event: b, baseline: true }")),
        ("E0113", header("parallel: many")),
        ("E0113", step("{ id: crm, webhook: crm, timeout: 2 min }")),
        ("E0114", header("holdout: 5")),
        ("E0115", header("vars: { webinarAt: 2027-03-18 }")),
        (
            "E0115",
            step("{ id: a, update: { set: { contact.tier: gold } } }"),
        ),
        ("E0116", header("sending: { pace: 50/s }")),
        (
            "E0130",
            "journey: trial\ntriggers: []\nsteps:\n  - { id: a, email: b }\n".to_owned(),
        ),
        ("E0131", format!("{EVENT}steps: []\n")),
        (
            "E0132",
            format!(
                "{EVENT}steps:\n  - id: first-project\n    wait_until:\n      - path: done\n        event: project_created\n"
            ),
        ),
        ("E0133", trigger("evnt: signed_up")),
        ("E0133", trigger("{ event: signed_up, manual: true }")),
        (
            "E0134",
            trigger("{ date: 3 days before vars.webinar_at, every: year }"),
        ),
        ("E0135", until("{ path: a }")),
        ("E0135", until("{ path: a, evnt: b, where: { c: 1 } }")),
        ("E0135", until("{ path: a, weight: 50% }")),
        ("E0135", until("{ path: a, event: b, after: 1 day }")),
        (
            "E0136",
            with_steps(&[
                "{ id: a, branch: [ { path: x, goto: b, steps: [ { id: c, email: c } ] } ] }",
                "{ id: b, email: b }",
            ]),
        ),
        (
            "E0136",
            header("exits: [ { path: x, event: y, goto: hello } ]"),
        ),
    ]
}

fn phrase_cases() -> Vec<(&'static str, String)> {
    vec![
        ("E0121", step("{ id: pause, wait: 1d }")),
        ("E0121", step("{ id: pause, wait: 5m }")),
        ("E0121", step("{ id: pause, wait: 1 week 2 days }")),
        ("E0122", step("{ id: pause, wait: soon }")),
        ("E0122", step("{ id: pause, wait: until 24.12.2027 }")),
        ("E0122", step("{ id: pause, wait: until 4.1.2027 09:00 }")),
        ("E0123", step("{ id: pause, wait: 1 day at 25:00 }")),
        ("E0124", header("zone: Europe/Berln")),
        ("E0126", step("{ id: pause, wait: until contact.renewal }")),
        ("E0127", step("{ id: pause, wait: 1 day, if_past: exit }")),
    ]
}

fn condition_cases() -> Vec<(&'static str, String)> {
    let deep = format!(
        "{}{{ contact.a: 1 }}{}",
        "{ not: ".repeat(17),
        " }".repeat(17)
    );
    let wide = format!("{{ contact.a: [ {} ] }}", "a, ".repeat(500));
    vec![
        ("E0160", only_if(&deep)),
        ("E0161", only_if(&wide)),
        ("E0162", only_if("{}")),
        ("E0163", only_if("{ contcat.country: DE }")),
        ("E0164", header("entry_if: { clicked: hello }")),
        (
            "E0164",
            trigger("{ event: a, where: { b: { same_as: data.b } } }"),
        ),
        ("E0165", only_if("{ contact.orders: { gte: twenty } }")),
        (
            "E0166",
            only_if("{ did: { event: a, where: { b: { same_as: contact.b } } } }"),
        ),
        (
            "E0167",
            only_if("{ did: { event: a, at_least: 3, at_most: 2 } }"),
        ),
        ("E0168", only_if("{ contact.country: null }")),
        ("E0179", only_if("{ contact.orders: { gt: 5, lt: 3 } }")),
        (
            "E0179",
            only_if("{ contact.tier: gold, not: { contact.tier: gold } }"),
        ),
        (
            "E0179",
            trigger("{ event: a, where: { b: { between: [ 20, 10 ] } } }"),
        ),
        (
            "E0180",
            trigger("{ event: a, where: { form: guide } }").replace(
                "steps:",
                "entry_if: { trigger.form: { is_not: [ guide, list ] } }\nsteps:",
            ),
        ),
    ]
}

fn flow_cases() -> Vec<(&'static str, String)> {
    let hello = "{ id: hello, email: hello }";
    vec![
        (
            "E0137",
            with_steps(&[
                "{ id: hello, email: hello }",
                "{ id: a, email: a, if: { clicked: helo } }",
            ]),
        ),
        (
            "E0137",
            with_steps(&[
                "{ id: first, email: welcome-mail }",
                "{ id: a, email: a, if: { clicked: welcome-mail } }",
            ]),
        ),
        (
            "E0137",
            with_steps(&[hello, "{ id: again, goto: helo, max: 2 }"]),
        ),
        ("E0137", header("removed: { old: helo }")),
        (
            "E0138",
            with_steps(&[
                "{ id: a, branch: [ { path: x, if: { contact.a: 1 }, steps: [ { id: inside, email: b } ] } ] }",
                "{ id: c, goto: inside, max: 1 }",
            ]),
        ),
        (
            "E0139",
            with_steps(&[
                hello,
                "{ id: pause, wait: 1 day }",
                "{ id: again, goto: hello }",
            ]),
        ),
        (
            "E0139",
            with_steps(&[
                hello,
                "{ id: pause, wait: until contact.a, if_past: goto hello }",
            ]),
        ),
        (
            "E0170",
            step("{ id: a, email: a, if: { data.crm.stage: won } }"),
        ),
        (
            "E0170",
            header("vars: { webinar_at: 2027-03-18 }\nentry_if: { now: { before: vars.webinar } }"),
        ),
    ]
}

fn graph_cases() -> Vec<(&'static str, String)> {
    let hello = "{ id: hello, email: hello }";
    let split = |paths: &str| step(&format!("{{ id: test, split: [ {paths} ] }}"));
    let long: Vec<String> = (0..=1000)
        .map(|n| format!("{{ id: s{n}, email: a }}"))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    vec![
        (
            "E0171",
            split("{ path: a, weight: 45% }, { path: b, weight: 45% }"),
        ),
        ("E0172", split("{ path: a, weight: 100% }")),
        ("E0172", step("{ id: a, branch: [] }")),
        ("E0173", with_steps(&["{ id: over, exit: done }", hello])),
        (
            "E0173",
            with_steps(&[
                "{ id: a, branch: [ { path: x, if: { contact.a: 1 }, steps: [ { id: b, exit: b } ] }, { path: y, steps: [ { id: c, exit: c } ] } ] }",
                hello,
            ]),
        ),
        (
            "E0174",
            step("{ id: a, branch: [ { path: rest }, { path: x, if: { contact.a: 1 } } ] }"),
        ),
        (
            "E0174",
            step(
                "{ id: a, branch: [ { path: x, if: { contact.a: 1 } }, { path: y, if: { contact.a: 1 } } ] }",
            ),
        ),
        (
            "E0174",
            step(
                "{ id: a, wait_until: [ { path: x, after: 1 day }, { path: y, after: 3 days } ] }",
            ),
        ),
        (
            "E0175",
            with_steps(&[hello, "{ id: again, goto: hello, max: 3 }"]),
        ),
        (
            "E0176",
            with_steps(&[hello, "{ id: b, email: b, was: hello }"]),
        ),
        (
            "E0176",
            with_steps(&[
                "{ id: a, email: b, was: old }",
                "{ id: b, email: b, was: old }",
            ]),
        ),
        ("E0177", header("removed: { hello: exit }")),
        (
            "E0177",
            header("removed: { old: exit }").replace("hello, email", "hello, was: old, email"),
        ),
        (
            "E0178",
            with_steps(&[
                "{ id: pause, wait: 1 day }",
                "{ id: a, email: a, if: { opened: pause } }",
            ]),
        ),
        (
            "E0181",
            step(
                "{ id: a, split: [ { path: x, weight: 50% }, { path: y, weight: 50% } ], winner: { by: goal, after: 2 days } }",
            ),
        ),
        ("E0182", with_steps(&long)),
        (
            "E0183",
            split(
                "{ path: a, weight: 50%, baseline: true }, { path: b, weight: 50%, baseline: true }",
            ),
        ),
        ("E0184", header("open: { from: 2027-03-01 09:00 }")),
        (
            "E0184",
            header("zone: Europe/Berlin\nopen: { from: 2027-03-02, until: 2027-03-01 }"),
        ),
        (
            "E0185",
            header("goal: { event: order_completed, value: total, currency: eur }"),
        ),
        (
            "E0187",
            header("goal: { event: order_completed, key: cart_id }"),
        ),
    ]
}

fn warning_cases() -> Vec<(&'static str, String)> {
    vec![
        (
            "W0101",
            with_steps(&[
                "{ id: hello, email: hello }",
                "{ id: a, email: a, if: { not: { opened: hello } } }",
            ]),
        ),
        (
            "W0104",
            only_if("{ all: [ { contact.interests: running }, { contact.interests: cycling } ] }"),
        ),
        (
            "W0102",
            header("max_duration: 30 days\ngoal: { event: order_completed, within: 45 days }"),
        ),
        ("W0103", step("{ id: pause, wait: 2 years }")),
    ]
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
