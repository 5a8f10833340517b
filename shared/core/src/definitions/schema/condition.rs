//! Conditions, predicates, `where`, and values that a definition gives.

use serde_json::{Map, Value, json};

use super::parts::{is, list, map, named, one_or_list, some_of_keys};
use crate::condition::{Membership, MessageState};

/// What conditions are made of.
pub(super) fn defs() -> Map<String, Value> {
    [
        ("condition", condition()),
        ("predicate", predicate()),
        ("where", filter()),
        ("did", did()),
        ("now", now()),
        ("scalar", json!({ "type": ["string", "number", "boolean"] })),
        ("values", named("name", &json!(true))),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn condition() -> Value {
    let all = list(&is("condition"));
    let mut keys = Map::new();
    for (name, about) in [("all", "all of them hold"), ("any", "at least one holds")] {
        let mut all = all.clone();
        if let Value::Object(all) = &mut all {
            all.insert("minItems".to_owned(), json!(1));
            all.insert("description".to_owned(), json!(about));
        }
        keys.insert(name.to_owned(), all);
    }
    keys.insert("not".to_owned(), is("condition"));
    for (name, _) in MessageState::ALL {
        keys.insert(name.to_owned(), one_or_list(&is("id")));
    }
    for (name, _) in Membership::ALL {
        keys.insert(name.to_owned(), is("id"));
    }
    keys.insert(
        "did".to_owned(),
        json!({ "anyOf": [is("name"), is("did")] }),
    );
    keys.insert("subscribed".to_owned(), is("topic"));
    keys.insert("now".to_owned(), is("now"));
    json!({
        "title": "a condition",
        "description": "several keys mean all of them",
        "type": "object",
        "minProperties": 1,
        "properties": keys,
        "patternProperties": { "^(contact|trigger|data|vars|score)\\.": is("predicate") },
        "additionalProperties": false,
    })
}

fn predicate() -> Value {
    let scalar = || is("scalar");
    let one = || one_or_list(&is("scalar"));
    let two = json!({ "type": "array", "items": is("scalar"), "minItems": 2, "maxItems": 2 });
    let operators = map(
        "a predicate",
        [
            ("is", one(), "is it, or one of them; of a set: contains it"),
            ("is_not", one(), "is there and is none of them"),
            ("gt", scalar(), "is greater"),
            ("gte", scalar(), "is greater or the same"),
            ("lt", scalar(), "is less"),
            ("lte", scalar(), "is less or the same"),
            (
                "between",
                two,
                "from the first to the second, both included",
            ),
            ("has", scalar(), "is a set with it"),
            ("has_not", scalar(), "is a set without it"),
            ("contains", scalar(), "is a text or a set with it"),
            ("starts_with", scalar(), "is a text that begins so"),
            ("ends_with", scalar(), "is a text that ends so"),
            (
                "matches",
                scalar(),
                "is a text in which the pattern is found, exactly",
            ),
            (
                "exists",
                json!({ "type": "boolean" }),
                "is there, or is not",
            ),
            (
                "same_as",
                is("path"),
                "is the same as the value of another path",
            ),
            ("within", is("span"), "is a time of the past, so recent"),
            ("older_than", is("span"), "is a time so long ago"),
            ("in_next", is("span"), "is a time to come, so near"),
            ("before", scalar(), "is a time before it"),
            ("after", scalar(), "is a time from it on"),
        ],
    );
    let list = json!({ "type": "array", "items": is("scalar"), "minItems": 1 });
    json!({ "anyOf": [is("scalar"), list, operators] })
}

fn filter() -> Value {
    json!({
        "description": "what must hold of the event's properties",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": is("predicate"),
    })
}

fn did() -> Value {
    map(
        "`did`",
        [
            ("event!", is("name"), "what was done"),
            ("where", is("where"), "which of them count"),
            ("within", is("span"), "only those so recent"),
            ("since", is("scalar"), "only those from here on"),
            ("sum", is("name"), "the property that is added up"),
            (
                "at_least",
                json!({ "type": "number" }),
                "the smallest count, or sum",
            ),
            (
                "at_most",
                json!({ "type": "number" }),
                "the largest count, or sum",
            ),
        ],
    )
}

fn now() -> Value {
    let two = json!({ "type": "array", "items": is("scalar"), "minItems": 2, "maxItems": 2 });
    let keys = [
        ("before", is("scalar"), "it has not come"),
        ("after", is("scalar"), "it has come"),
        ("on", is("scalar"), "it is that day"),
        ("between", two, "from the first to the second"),
    ];
    some_of_keys(map("`now`", keys), &["before", "after", "on", "between"])
}
