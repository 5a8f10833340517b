//! `scenarios/<id>.yaml`.

use serde_json::{Value, json};

use crate::definitions::scenario::{DONE, EXPECTED};

use super::parts::{is, list, map, named, one_of_keys, one_or_list, words};

pub(super) fn schema() -> Value {
    map(
        "a file of scenarios",
        [
            ("scenarios!", is("id"), "its id, the file's name"),
            ("about", is("text"), "what is tested"),
            (
                "journeys",
                one_or_list(&is("id")),
                "the journeys that run; all",
            ),
            (
                "start",
                is("text"),
                "when a case begins, with its zone: Mon 2027-03-01 18:00 Europe/Berlin",
            ),
            ("who", is("text"), WHO),
            ("contacts", contacts(), "the contacts, by name"),
            (
                "cases!",
                list(&case()),
                "what happens, and what must come of it",
            ),
        ],
    )
}

const WHO: &str = "the contact that lines without `who` are about";

fn contacts() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "object" } })
}

fn case() -> Value {
    let drawn = json!({ "anyOf": [is("id"), { "type": "boolean" }] });
    let ids = || one_or_list(&is("id"));
    map(
        "a case",
        [
            ("case!", is("text"), "what it shows"),
            (
                "draw",
                named("id", &drawn),
                "pins splits: step → path; holdout: true",
            ),
            ("start", is("text"), "when it begins, if not as the file"),
            ("who", is("text"), WHO),
            (
                "contacts",
                contacts(),
                "what is said of contacts besides or instead",
            ),
            (
                "answers",
                named("id", &json!({})),
                "what webhook steps are answered",
            ),
            ("fails", ids(), "webhook steps that fail for good"),
            ("empty", ids(), "pools of coupons without codes"),
            (
                "timeline!",
                list(&line()),
                "present tense is done, past tense is expected",
            ),
        ],
    )
}

fn line() -> Value {
    let options = [
        (
            "at!",
            is("text"),
            "Mon 18:10 · 18:10 · 2027-03-05 10:00 · +40min · +2 days",
        ),
        ("who", is("text"), "the contact"),
        (
            "with",
            json!({ "type": "object" }),
            "properties: of track, enroll",
        ),
        (
            "occurred",
            is("text"),
            "when it happened, if that is told late: of track, identify",
        ),
        ("by", words(&["machine"]), "of open, click"),
        ("link", is("text"), "of click"),
        ("text", is("text"), "what was answered: of reply"),
        ("as", words(&["running", "shift"]), "of resume"),
        (
            "contains",
            one_or_list(&is("text")),
            "what subject or text hold: of sent",
        ),
        ("subject", is("text"), "what the subject holds: of sent"),
        ("until", is("text"), "of held"),
        ("reason", is("text"), "of held, skipped"),
        ("body", json!({}), "a part of what was told: of called"),
        ("value", json!({}), "what the goal was worth: of ended"),
    ];
    let verbs = || DONE.into_iter().chain(EXPECTED);
    let keys = verbs().map(|verb| (verb, of_verb(verb), "what is done or expected"));
    let all: Vec<&str> = verbs().collect();
    one_of_keys(map("a line", options.into_iter().chain(keys)), &all)
}

fn of_verb(verb: &str) -> Value {
    match verb {
        "identify" | "import" | "publish" | "is" => json!({ "type": "object" }),
        "subscribe" => is("topic"),
        "track" | "page" | "unsubscribe" | "emitted" | "ended" => is("text"),
        _ => is("id"),
    }
}
