mod agreement;
mod keys;
mod validator;

use serde_json::{Value, json};

use super::*;
use crate::definitions::tests::shop::JOURNEYS;
use crate::definitions::{template, tree};
use crate::syntax;

/// `text` as JSON, as an editor sees it.
fn json_of(text: &str) -> Value {
    tree::json(&syntax::parse("f", text).unwrap())
}

fn faults(kind: SchemaKind, value: &Value) -> Vec<String> {
    validator::faults(&schema(kind), value)
}

#[test]
fn the_files_of_the_description_are_valid() {
    for (id, text) in JOURNEYS {
        assert_eq!(faults(SchemaKind::Journey, &json_of(text)), [""; 0], "{id}");
    }
    let head = template::parse(
        "f",
        include_str!("../tests/shop/templates/cart-reminder.md"),
    )
    .unwrap()
    .0;
    assert_eq!(faults(SchemaKind::Template, &tree::json(&head)), [""; 0]);
    for (kind, text) in [
        (SchemaKind::Project, include_str!("../tests/shop/wend.yaml")),
        (
            SchemaKind::Segment,
            include_str!("../tests/shop/segments/silent-60.yaml"),
        ),
        (
            SchemaKind::Score,
            include_str!("../tests/shop/scores/engagement.yaml"),
        ),
        (
            SchemaKind::Scenario,
            include_str!("../tests/shop/scenarios/abandoned-cart.yaml"),
        ),
    ] {
        assert_eq!(faults(kind, &json_of(text)), [""; 0], "{kind:?}");
    }
}

#[test]
fn a_line_of_a_scenario_has_one_verb() {
    let valid = |line: &str| {
        let head = "scenarios: a\nstart: 2027-03-01 18:00 UTC\ncases:\n  - case: x\n    draw: { a: b, holdout: true }\n";
        let text = format!("{head}    timeline:\n      - {line}\n");
        faults(SchemaKind::Scenario, &json_of(&text)).is_empty()
    };
    for line in [
        "{ at: Mon 18:00, track: x, with: { a: 1 } }",
        "{ at: +40min, who: ben, sent: hello, contains: [ a, b ], subject: x }",
        "{ at: 18:00, is: { step: x } }",
        "{ at: 18:00, resume: a, as: shift }",
    ] {
        assert!(valid(line), "{line}");
    }
    for line in [
        "{ at: 18:00 }",
        "{ track: x }",
        "{ at: 18:00, track: x, sent: y }",
        "{ at: 18:00, trak: x }",
        "{ at: 18:00, open: x, by: robot }",
    ] {
        assert!(!valid(line), "{line}");
    }
}

const WRONG_STEPS: [&str; 15] = [
    "{ id: a }",
    "{ id: a, email: x, wait: 1h }",
    "{ id: a, wait: 1d }",
    "{ id: a, wait: 1 day 3h }",
    "{ id: A, wait: 1h }",
    "{ id: a, emial: x }",
    "{ id: a, wait: 1h, expires: 2 days }",
    "{ id: a, sms: x, window: 9-17 }",
    "{ id: a, split: [ { path: b, weight: 0.5 } ] }",
    "{ id: a, branch: [ { path: b, weight: 50% } ] }",
    "{ id: a, wait_until: [ { path: b, if: { clicked: x }, after: 1h } ] }",
    "{ id: a, branch: [ { path: b, steps: [ { id: c } ] } ] }",
    "{ id: a, wait: 1h, on_error: stop }",
    "{ id: a, wait: 1h, if: { country: DE } }",
    "{ id: a, wait: 1h, if: { contact.age: { over: 18 } } }",
];

const WRONG_FILES: [(SchemaKind, &str); 14] = [
    (
        SchemaKind::Journey,
        "journey: a\nsteps: [ { id: a, wait: 1h } ]",
    ),
    (
        SchemaKind::Journey,
        "journey: a\ntriggers: [ { event: x, joins: y } ]\nsteps: [ { id: a, wait: 1h } ]",
    ),
    (
        SchemaKind::Journey,
        "journey: a\ntriggers: [ { joins: y } ]\nsteps: [ { id: a, wait: 1h } ]",
    ),
    (SchemaKind::Project, "project: a"),
    (
        SchemaKind::Project,
        "wend: 1\nproject: a\nsenders: { a: {} }",
    ),
    (
        SchemaKind::Project,
        "wend: 1\nproject: a\nsending: { caps: [ { max: 1, per: day, within: 1h } ] }",
    ),
    (
        SchemaKind::Project,
        "wend: 1\nproject: a\nevents: { a: { b: txt } }",
    ),
    (
        SchemaKind::Project,
        "wend: 1\nproject: a\nwebhooks: { a: { url: \"https://a\", token: abc } }",
    ),
    (SchemaKind::Segment, "segment: a"),
    (
        SchemaKind::Segment,
        "segment: a\nlist: a\nif: { subscribed: news }",
    ),
    (
        SchemaKind::Score,
        "score: a\nrules: [ { id: a, points: 5 } ]",
    ),
    (
        SchemaKind::Score,
        "score: a\nrules: [ { id: a, event: x, if: { subscribed: news }, points: 5 } ]",
    ),
    (SchemaKind::Scenario, "cases: []"),
    (
        SchemaKind::Template,
        "template: a\nchannel: pigeon\nclass: system\nfrom: a",
    ),
];

#[test]
fn wrong_files_are_not_valid() {
    let head = "journey: a\ntriggers: [ { event: x } ]\nsteps: ";
    let journeys = WRONG_STEPS.map(|step| (SchemaKind::Journey, format!("{head}[ {step} ]")));
    let files = WRONG_FILES.map(|(kind, text)| (kind, text.to_owned()));
    for (kind, text) in journeys.into_iter().chain(files) {
        assert!(
            !faults(kind, &json_of(&text)).is_empty(),
            "{kind:?}: {text}"
        );
    }
}

#[test]
fn phrases_that_are_read_are_valid() {
    let word = |name: &str| json!({ "$ref": format!("#/$defs/{name}"), "$defs": parts::defs() });
    for (name, phrases) in [
        (
            "span",
            &[
                "90 s",
                "30 min",
                "1h",
                "1h 30min",
                "90min",
                "1 day",
                "3 business days",
                "2 weeks",
                "1 year",
            ][..],
        ),
        (
            "wait",
            &[
                "2 days at 09:00",
                "3 business days at 09:30",
                "until mon-fri 09:00",
                "until 10:00",
                "until 2027-12-24",
                "until 2027-12-24 10:00 Europe/Berlin",
                "until 1h before vars.webinar_at",
                "until contact.renewal at 09:00",
                "until 1 day after trigger.a.b at 10:00",
            ],
        ),
        (
            "schedule",
            &[
                "every day at 09:00",
                "every mon, thu at 09:00",
                "every month on the last day at 09:00",
                "every month on the 1st at 09:00",
            ],
        ),
        (
            "window",
            &[
                "mon-fri 09:00-17:00",
                "22:00-06:00",
                "mon,wed-fri 09:00-17:00",
            ],
        ),
        (
            "date",
            &["3 days before contact.birthday at 09:00", "contact.renewal"],
        ),
    ] {
        for phrase in phrases {
            assert_eq!(
                validator::faults(&word(name), &json!(phrase)),
                [""; 0],
                "{name}: {phrase}"
            );
        }
    }
}
