//! The style, and that nothing is lost.

mod random;

use std::path::{Path, PathBuf};

use super::*;

fn formatted(text: &str) -> String {
    format("segments/a.yaml", text).unwrap()
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let once = formatted(text);
    assert_eq!(once, expected);
    assert_eq!(formatted(&once), once, "not stable");
}

#[track_caller]
fn stays(text: &str) {
    becomes(text, text);
}

#[test]
fn the_style_of_collections() {
    becomes(
        "a:   {b: 1,c: [x,z]}   # d\n",
        "a: { b: 1, c: [ x, z ] } # d\n",
    );
    becomes(
        "a:\n- b\n-   c: 1\n    d: 2\n-\n  - e\n",
        "a:\n  - b\n  - c: 1\n    d: 2\n  - - e\n",
    );
    becomes(
        "a: {}\nb: [ ]\nc: { d: , e: ~ }\nf:\n",
        "a: {}\nb: []\nc: { d:, e: ~ }\nf:\n",
    );
    becomes("a: [ x,\n\n  z ]\n", "a: [ x, z ]\n");
    becomes("? a\n: b\n", "a: b\n");
    becomes("---\na: b\n...\n", "a: b\n");
    becomes(
        "{\"a\": 1, \"b\": [true, null]}",
        "{ a: 1, b: [ true, null ] }\n",
    );
    becomes("a: b\r\nc:  d\r\n", "a: b\r\nc: d\r\n");
}

#[test]
fn the_style_of_scalars() {
    becomes("a: 'x'\nb: \"y z\"\nc: '5'\n", "a: x\nb: y z\nc: \"5\"\n");
    becomes(
        "a: NO\nb: 01234\nc: 5\non: 18:10\n",
        "a: \"NO\"\nb: \"01234\"\nc: 5\n\"on\": \"18:10\"\n",
    );
    becomes(
        "a: one\n  two\nb: \"x\n\n  y\"\n",
        "a: one two\nb: \"x\\ny\"\n",
    );
    becomes(
        "a: {{ x }}, hello\nb: {{ y }}\n",
        "a: \"{{ x }}, hello\"\nb: \"{{ y }}\"\n",
    );
    becomes("a: now\nb: 'now'\n", "a: now\nb: \"now\"\n");
}

#[test]
fn texts_on_several_lines_keep_their_lines() {
    becomes(
        "a: |\n    x\n      y\n\n\n\nb: 1\n",
        "a: |\n  x\n    y\n\nb: 1\n",
    );
    becomes(
        "a: >- # c\n      one\n      two\n\n      three\n",
        "a: >- # c\n  one\n  two\n\n  three\n",
    );
    becomes("a:\n- |+\n  x\n\n\n- b\n", "a:\n  - |+\n    x\n\n\n  - b\n");
    becomes("a: |2\n   x\n  y\n", "a: |2\n   x\n  y\n");
    becomes("a: |\nb: >+\n\n\n", "a: \"\"\nb: \"\\n\\n\"\n");
}

#[test]
fn comments_and_empty_lines_stay() {
    stays(
        "# top\n\n# two\na: 1 # one\n\n# above b\nb:\n  # above c\n  c: 1\n  # below c\n# above d\nd: 2\n\n# end\n",
    );
    becomes("\n\na: 1\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n");
    becomes(
        "a: # c\n  b: 1\nd:   # e\n  - x\n  -   # f\n    z: 1\n",
        "a:\n  # c\n  b: 1\nd:\n  # e\n  - x\n  # f\n  - z: 1\n",
    );
    becomes(
        "a:\n- b\n# c\n- d\n# e\nf: 1\n",
        "a:\n  - b\n  # c\n  - d\n# e\nf: 1\n",
    );
    becomes(
        "a:\n  # c\n  5\nb: # d\n  { x: 1 }\n",
        "a:\n  # c\n  5\nb:\n  # d\n  { x: 1 }\n",
    );
    becomes("a: 1\n# end", "a: 1\n\n# end\n");
    becomes(
        "a: [ x, # c\n  v, z ] # t\nb: { q: 1, # d\n  # own\n  r: [ 2 # e\n ]\n # last\n }\n",
        "a:\n  [\n    x, # c\n    v,\n    z\n  ] # t\nb:\n  {\n    q: 1, # d\n    # own\n    r:\n      [\n        2 # e\n      ]\n    # last\n  }\n",
    );
    becomes("- [ a, # b\n  c ]\n", "- [\n    a, # b\n    c\n  ]\n");
    becomes("a: # none\nb: 1\n", "a: # none\nb: 1\n");
    becomes("- - # c\n    a\n", "# c\n- - a\n");
}

#[test]
fn ids_that_lack_are_written() {
    let text = "journey: a\nexits:\n  - if: { contact.tier: gold }\nsteps:\n  - email: welcome-hello\n    if: { x: 1 }\n  \
        # c\n  - { wait: 2 days }\n  - wait: 2 days\n  - branch:\n      - if: { clicked: [ a ] }\n        steps:\n          \
        - email: welcome-hello\n      - steps: []\n  - { id: own, wait_until: [ { event: order_completed }, { after: 1 day } ] }\n  \
        - { score: { engagement: 5 }, on_error: [ { exit: No, nothing } ] }\n  - { note: what }\n";
    let expected = "journey: a\nexits:\n  - path: tier-gold\n    if: { contact.tier: gold }\nsteps:\n  - id: welcome-hello\n    \
        email: welcome-hello\n    if: { x: 1 }\n  # c\n  - { id: wait-2-days, wait: 2 days }\n  - id: wait-2-days-2\n    \
        wait: 2 days\n  - id: branch\n    branch:\n      - path: clicked\n        if: { clicked: [ a ] }\n        steps:\n          \
        - id: welcome-hello-2\n            email: welcome-hello\n      - path: else\n        steps: []\n  \
        - { id: own, wait_until: [ { path: order-completed, event: order_completed }, { path: after-1-day, after: 1 day } ] }\n  \
        - { id: score-engagement, score: { engagement: 5 }, on_error: [ { id: exit-no, exit: \"No\", nothing: } ] }\n  - { note: what }\n";
    let once = format("journeys/a.yaml", text).unwrap();
    assert_eq!(once, expected);
    assert_eq!(format("journeys/a.yaml", &once).unwrap(), once);
    assert!(
        !formatted(text).contains("id: welcome"),
        "only journeys have steps"
    );
}

#[test]
fn of_a_template_only_the_head_is_formatted() {
    let body = "Hello  {{ x }}\n---\n  a:   b";
    let text = format!("---\ntemplate:   a\nsubject: {{{{ contact.x }}}}, hi\n---\n{body}");
    let expected = format!("---\ntemplate: a\nsubject: \"{{{{ contact.x }}}}, hi\"\n---\n{body}");
    assert_eq!(format("templates/a.md", &text).unwrap(), expected);
    let fault = format("templates/a.md", "---\na: [\n---\n").unwrap_err();
    assert_eq!((fault.code, fault.at.line > 1), ("E0001", true));
    assert_eq!(format("templates/a.md", "hi").unwrap_err().code, "E0140");
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    for (text, code) in [
        ("a: &x 1\n", "E0006"),
        ("a: 1\na: 2\n", "E0007"),
        ("a: [\n", "E0001"),
        ("", "E0003"),
        ("\ta: 1\n", "E0008"),
    ] {
        assert_eq!(
            format("wend.yaml", text).unwrap_err().code,
            code,
            "{text:?}"
        );
    }
}

#[test]
fn events_are_declared_in_one_line_each() {
    for (text, expected) in [
        ("wend: 1\n", "wend: 1\n\nevents:\n  b: {}\n  c: {}\n"),
        ("wend: 1", "wend: 1\n\nevents:\n  b: {}\n  c: {}\n"),
        ("events:\nx: 1\n", "events:\n  b: {}\n  c: {}\nx: 1\n"),
        (
            "events: {} # d\nx: 1\n",
            "events:\n  b: {}\n  c: {} # d\nx: 1\n",
        ),
        ("events: { a: {} }\n", "events: { a: {}, b: {}, c: {} }\n"),
        (
            "events:\n    a: { x: text } # d\n\n# e\nx: 1\n",
            "events:\n    a: { x: text } # d\n    b: {}\n    c: {}\n\n# e\nx: 1\n",
        ),
        (
            "events:\r\n  a: {}\r\n",
            "events:\r\n  a: {}\r\n  b: {}\r\n  c: {}\r\n",
        ),
    ] {
        let (text, new) = declare_events(text, &["b", "c", "b"]).unwrap();
        assert_eq!((text.as_str(), new), (expected, vec!["b", "c"]));
        assert_eq!(
            declare_events(&text, &["c"]).unwrap(),
            (text.clone(), Vec::new())
        );
    }
    assert!(declare_events("a: [", &["b"]).is_err());
}

/// All files below `folder` that have a style.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_template = ending == Some("md") && path.parent().unwrap().ends_with("templates");
        if path.is_dir() {
            files(&path, found);
        } else if is_template || ending == Some("yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_of_ours_has_the_style() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in [
        "infra/starter",
        "infra/demo",
        "shared/core/src/definitions",
        "shared/app/src",
        "tests",
    ] {
        files(&root.join(folder), &mut found);
    }
    assert!(found.len() > 60, "{}", found.len());
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let once = format(file, &text).unwrap();
        assert_eq!(format(file, &once).unwrap(), once, "{file} is not stable");
        if file.starts_with("infra/") {
            assert_eq!(once, text, "{file} is not in the style");
        }
    }
}
