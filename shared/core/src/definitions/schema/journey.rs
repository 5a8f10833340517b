//! `journeys/<id>.yaml`.

use serde_json::{Map, Value, json};

use super::parts::{Key, is, list, map, named, some_of_keys, text, whole, words};
use super::steps::{path, steps};

pub(super) fn schema() -> Value {
    let mut keys = vec![
        ("journey!", is("id"), "its id, the file's name"),
        ("title", is("text"), "its name for people"),
        ("about", is("text"), "what it is for, whose it is"),
        (
            "state",
            words(&["draft", "rehearsal", "live", "closed"]),
            "who may enter; draft",
        ),
        (
            "stage",
            words(&["awareness", "consideration", "decision", "retention"]),
            "where in a contact's life it stands",
        ),
        (
            "topic",
            is("id"),
            "the topic of its messages unless the template says another",
        ),
        (
            "triggers!",
            nonempty(&is("trigger")),
            "what starts a run; the first that matches does",
        ),
        ("entry_if", is("condition"), "checked once, at entry"),
        ("goal", is("goal"), "what the journey is for"),
        (
            "exits",
            list(&is("path_exits")),
            "ways out, from any step, also at entry",
        ),
        ("steps!", nonempty(&is("step")), "what happens, in order"),
    ];
    keys.extend(rules());
    map("a journey", keys)
}

fn rules() -> Vec<Key> {
    let reentry = json!({ "anyOf": [words(&["never", "always"]), is("span")] });
    let removed = named("id", &is("id"));
    let zone = json!({ "anyOf": [words(&["contact"]), is("zone")] });
    vec![
        (
            "reentry",
            reentry,
            "when somebody may enter again, per key, counted from the last entry; never",
        ),
        (
            "retrigger",
            words(&["ignore", "refresh", "restart"]),
            "what a trigger does to a run of its key; ignore",
        ),
        (
            "parallel",
            whole(1, 1000),
            "runs of one contact at once; 1, with a key 5",
        ),
        (
            "holdout",
            is("share"),
            "the share that is never messaged and still counted; 0%",
        ),
        (
            "sending",
            map("`sending`", sending()),
            "how its messages go",
        ),
        ("zone", zone, "whose clock its phrases are read on; contact"),
        (
            "vars",
            named("data_name", &json!(true)),
            "constants, also in templates",
        ),
        (
            "in_flight",
            words(&["retime", "pin", "exit"]),
            "people inside when a new version is published; retime",
        ),
        (
            "removed",
            removed,
            "where people go whose step is gone: next, exit or a step",
        ),
        ("open", open(), "when entries are taken; always"),
        (
            "max_duration",
            is("span"),
            "a run older than this ends; 1 year",
        ),
    ]
}

pub(super) fn nonempty(item: &Value) -> Value {
    json!({ "type": "array", "items": item, "minItems": 1 })
}

fn open() -> Value {
    let keys = [
        ("from", is("text"), "from when"),
        ("until", is("text"), "until when"),
    ];
    some_of_keys(map("`open`", keys), &["from", "until"])
}

pub(super) fn sending() -> Vec<Key> {
    vec![
        (
            "priority",
            whole(0, 100),
            "of two messages under one cap the higher goes; 50",
        ),
        (
            "expires",
            is("span"),
            "from when a held message is not worth sending; the project's",
        ),
        ("window", is("window"), "when messages may go; always"),
        (
            "quiet",
            words(&["hold", "skip"]),
            "what quiet hours do; hold",
        ),
        (
            "over_cap",
            words(&["hold", "skip"]),
            "what a cap does; hold",
        ),
        (
            "pace",
            text("^ *[0-9]+ +per +(second|minute|hour) *$", "50 per second"),
            "how fast",
        ),
    ]
}

/// What only journeys refer to.
pub(super) fn defs() -> Map<String, Value> {
    let mut defs = Map::new();
    defs.insert("goal".to_owned(), goal());
    let triggers = choice("trigger", triggers(), &mut defs);
    defs.insert("trigger".to_owned(), triggers);
    let steps = choice("step", steps(), &mut defs);
    defs.insert("step".to_owned(), steps);
    for (holder, admissions) in [
        ("exits", &["if", "event"][..]),
        ("wait_until", &["if", "event", "after"]),
        ("branch", &["if", ""]),
        ("split", &["weight"]),
    ] {
        let paths = admissions
            .iter()
            .map(|admission| path(holder, admission))
            .collect();
        defs.insert(
            format!("path_{holder}"),
            json!({ "oneOf": Value::Array(paths) }),
        );
    }
    defs
}

/// Exactly one of several maps, each defined by itself so that editors can name it.
fn choice(what: &str, maps: Vec<(&str, Value)>, defs: &mut Map<String, Value>) -> Value {
    let mut either = Vec::new();
    for (name, map) in maps {
        let name = format!("{what}_{name}");
        either.push(is(&name));
        defs.insert(name, map);
    }
    json!({ "oneOf": either })
}

pub(super) fn matched() -> [Key; 2] {
    [
        ("where", is("where"), "which of them"),
        ("key", is("name"), "the property that tells runs apart"),
    ]
}

fn goal() -> Value {
    let currency = text("^[A-Z]{3}$", "EUR");
    let mut keys = vec![
        ("event!", is("name"), "what must happen"),
        ("within", is("span"), "how long after the entry it counts"),
        (
            "value",
            is("name"),
            "the property that says what it is worth",
        ),
        (
            "currency",
            currency,
            "the currency of the value, where the event does not say it",
        ),
        (
            "then",
            words(&["exit", "stay"]),
            "whether the run ends; exit",
        ),
    ];
    keys.extend(matched());
    map("a goal", keys)
}

fn triggers() -> Vec<(&'static str, Value)> {
    let existing = || {
        let about = "those who belong when it is published";
        ("existing!", words(&["enroll", "skip"]), about)
    };
    let joins = "a segment was entered, or a list joined";
    let leaves = "a segment or list was left";
    let changes = vec![
        ("changes!", is("name"), "an attribute changed"),
        ("from", is("predicate"), "what it must have been"),
        ("to", is("predicate"), "what it must have become"),
    ];
    let date = vec![
        ("date!", is("date"), "a date of the contact has come"),
        ("every", words(&["year"]), "it comes every year"),
    ];
    let by_hand = json!({ "const": true });
    let keys: Vec<(&str, Vec<Key>)> = vec![
        ("event", event()),
        ("joins", vec![("joins!", is("id"), joins), existing()]),
        ("leaves", vec![("leaves!", is("id"), leaves), existing()]),
        (
            "subscribes",
            vec![("subscribes!", is("topic"), "an opt-in was confirmed")],
        ),
        ("changes", changes),
        ("schedule", schedule()),
        ("date", date),
        (
            "manual",
            vec![("manual!", by_hand, "somebody is put in by hand")],
        ),
    ];
    let titled = |(kind, keys): (&'static str, Vec<Key>)| {
        (kind, map(&format!("a trigger on `{kind}`"), keys))
    };
    keys.into_iter().map(titled).collect()
}

fn event() -> Vec<Key> {
    let after_last = "starts so long after the last such event of its key; at once";
    let mut event = vec![
        ("event!", is("name"), "something happened"),
        ("after_last", is("span"), after_last),
        ("max_age", is("span"), "an older event starts nothing; 24h"),
    ];
    event.extend(matched());
    event
}

fn schedule() -> Vec<Key> {
    let zone = json!({ "anyOf": [words(&["contact"]), is("zone")] });
    vec![
        (
            "schedule!",
            is("schedule"),
            "the members of a segment, on a schedule",
        ),
        ("for!", is("id"), "the segment"),
        ("zone", zone, "on whose clock; the journey's"),
        ("spread", is("span"), "over how long entries are spread"),
        (
            "if_past",
            words(&["now", "next_day", "skip"]),
            "whose clock is past the hour already; skip",
        ),
    ]
}
