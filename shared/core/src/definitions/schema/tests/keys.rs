//! The keys of the schemas and those of the readers are the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::definitions::reader::recorded;
use crate::definitions::schema::{SchemaKind, schema};
use crate::definitions::tests::shop::{file, shop};
use crate::definitions::{check_all, scenario};

/// The keys of each map, by what it is called.
type Keys = BTreeMap<String, BTreeSet<String>>;

fn collect(schema: &Value, all: &mut Keys) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, all)),
        Value::Object(words) => {
            let names = words.get("properties").and_then(Value::as_object);
            if let (Some(title), Some(names)) = (words.get("title").and_then(Value::as_str), names)
            {
                all.entry(title.to_owned())
                    .or_default()
                    .extend(names.keys().cloned());
            }
            words.values().for_each(|value| collect(value, all));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Maps that are read elsewhere, or whose keys are not a fixed set of words.
const ELSEWHERE: [&str; 4] = ["a line", "a condition", "a predicate", "an event"];

/// What the shop leaves out.
const MORE: [(&str, &str); 5] = [
    (
        "segments/a.yaml",
        "segment: a\nif: { now: { on: 2027-01-01 }, did: { event: x } }",
    ),
    (
        "wend.yaml",
        "wend: 1\nproject: a\ncomputed: { a: { count: x } }\ncalendars: { closed: [] }\nwebhooks: { a: { url: \"https://a\" } }\n\
         environments: { a: {} }\nsending: { quiet_hours: {}, expires: {}, caps: [ {} ], brake: {} }\n\
         senders: { a: { email: a@b.example, ramp: {} } }\nsms_words: { stop: [ ENDE ] }",
    ),
    (
        "wend.yaml",
        "wend: 1\nproject: a\nforms: { a: { fields: {}, consent: { topics: a, wording: a } } }",
    ),
    (
        "templates/a.md",
        "---\ntemplate: a\nvariants: { a: { locales: { de: {} } } }\nlocales: { de: {} }\n---\n",
    ),
    (
        "journeys/a.yaml",
        "journey: a\ngoal: { event: x }\nopen: { from: 2027-01-01 }\nsending: {}\nexits: [ { path: a, if: {} }, { path: a, event: x } ]\n\
         triggers: [ { event: x }, { joins: a }, { leaves: a }, { subscribes: a }, { changes: a }, { schedule: a }, { date: a }, { manual: true } ]\n\
         steps:\n  - { id: a, email: a }\n  - { id: a, sms: a }\n  - { id: a, alert: a }\n  - { id: a, webhook: a }\n  - { id: a, wait: 1h }\n\
         \x20 - { id: a, wait_until: [ { path: a, if: {}, goto: b }, { path: a, event: x }, { path: a, after: 1h } ] }\n\
         \x20 - { id: a, branch: [ { path: a, if: {}, goto: b } ] }\n  - { id: a, split: [ { path: a, weight: 10%, goto: b } ], winner: { by: goal } }\n\
         \x20 - { id: a, update: {} }\n  - { id: a, score: {} }\n  - { id: a, coupon: a }\n  - { id: a, emit: a }\n\
         \x20 - { id: a, start: a }\n  - { id: a, stop: a }\n  - { id: a, goto: a }\n  - { id: a, exit: a }\n",
    ),
];

#[test]
fn schemas_have_the_keys_of_the_readers() {
    let mut files = shop();
    files.extend(MORE.map(|(path, text)| file(path, text)));
    recorded::start();
    check_all(&files);
    let scenarios = include_str!("../../tests/shop/scenarios/abandoned-cart.yaml");
    assert!(scenario::read_scenarios("scenarios/abandoned-cart.yaml", scenarios).is_ok());
    let mut read: Keys = recorded::take();
    let mut said = Keys::new();
    for kind in SchemaKind::ALL {
        collect(&schema(kind), &mut said);
    }
    said.retain(|what, _| !ELSEWHERE.contains(&what.as_str()));
    // Steps and triggers before their verb is known, lines of timelines, and the value of one name of many.
    let is_open = |what: &str| matches!(what, "a step" | "a trigger") || what.starts_with("a line");
    read.retain(|what, _| !is_open(what) && !what.starts_with("the value of"));
    assert_eq!(
        said.keys().collect::<Vec<_>>(),
        read.keys().collect::<Vec<_>>()
    );
    for (what, keys) in &said {
        let read = &read[what];
        let differ: Vec<&String> = keys.symmetric_difference(read).collect();
        assert!(differ.is_empty(), "{what}: {differ:?}");
    }
}
