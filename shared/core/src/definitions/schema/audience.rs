//! `segments/<id>.yaml` and `scores/<id>.yaml`.

use serde_json::{Value, json};

use super::parts::{is, list, map, one_of_keys, text, whole};

pub(super) fn segment() -> Value {
    let keys = [
        (
            "segment",
            is("id"),
            "its id, the file's name; its rule says who belongs",
        ),
        (
            "list",
            is("id"),
            "its id, the file's name; filled by hand or import",
        ),
        ("title", is("text"), "its name for people"),
        ("about", is("text"), "what it is for"),
        ("if", is("condition"), "who belongs"),
    ];
    let mut schema = one_of_keys(map("a segment", keys), &["segment", "list"]);
    if let Value::Object(schema) = &mut schema {
        let rules = json!({ "segment": ["if"] });
        schema.insert("dependentRequired".to_owned(), rules);
    }
    schema
}

const REACH: i64 = 1_000_000;

pub(super) fn score() -> Value {
    map(
        "a score",
        [
            ("score!", is("id"), "its id, the file's name"),
            ("title", is("text"), "its name for people"),
            ("about", is("text"), "what it is for"),
            (
                "range",
                text("^ *-?[0-9]+ *- *-?[0-9]+ *$", "0-100"),
                "from the least to the most; 0-100",
            ),
            ("decay", decay(), "how points lose worth"),
            ("rules", list(&rule()), "what gives points"),
            (
                "thresholds",
                list(&threshold()),
                "what happens when it gets so high",
            ),
        ],
    )
}

fn decay() -> Value {
    map(
        "`decay`",
        [(
            "half_life!",
            is("span"),
            "in how long points are worth half",
        )],
    )
}

fn rule() -> Value {
    let keys = [
        ("id!", is("id"), "identity over edits"),
        ("note", is("text"), "for people"),
        ("event", is("event"), "each gives points"),
        (
            "if",
            is("condition"),
            "points for as long as it holds; they do not decay",
        ),
        ("where", is("where"), "which events"),
        (
            "points!",
            whole(-REACH, REACH),
            "how many; less than zero takes",
        ),
        (
            "max",
            whole(1, REACH),
            "most points of this rule, within `within` or ever",
        ),
        ("within", is("span"), "how long points count towards `max`"),
    ];
    one_of_keys(map("a rule", keys), &["event", "if"])
}

fn threshold() -> Value {
    map(
        "a threshold",
        [
            ("id!", is("id"), "identity over edits"),
            ("at!", whole(-REACH, REACH), "how high"),
            (
                "rearm_below",
                whole(-REACH, REACH),
                "it happens again only after the score was below this; `at`",
            ),
            ("emit!", is("event"), "the event that it makes"),
        ],
    )
}
