//! The head of `templates/<id>.md`, and `templates/<id>/message.yaml`.

use serde_json::{Value, json};

use super::parts::{is, list, map, named, some_of_keys, words};

pub(super) fn schema() -> Value {
    map(
        "a template's head",
        [
            ("template!", is("id"), "its id, the file's name"),
            ("channel!", is("channel"), "how it is sent"),
            (
                "class!",
                words(&["marketing", "transactional", "system"]),
                "which rules it is under",
            ),
            (
                "on_unknown",
                words(&["assume_sent", "retry_once"]),
                "when nobody can say whether the provider took it: assume_sent",
            ),
            (
                "topic",
                is("id"),
                "what its readers opted in to; the journey's",
            ),
            ("from!", is("id"), "the sender, by its name in wend.yaml"),
            ("subject", is("text"), "of email: required; Jinja"),
            (
                "preheader",
                is("text"),
                "of email: what stands beside the subject; Jinja",
            ),
            (
                "reply_to",
                is("text"),
                "of email: where answers go; the sender's",
            ),
            (
                "locales",
                named("locale", &wording("a language")),
                "subject and preheader in other languages",
            ),
            ("layout", is("id"), "what the text is put into"),
            (
                "needs",
                list(&is("path")),
                "values without which it is not sent",
            ),
            (
                "variants",
                named("id", &variant()),
                "other subjects and preheaders; one is drawn",
            ),
            (
                "sample",
                json!({ "type": "object" }),
                "values to look at it with",
            ),
        ],
    )
}

fn variant() -> Value {
    let mut variant = wording("a variant");
    if let Some(keys) = variant.get_mut("properties").and_then(Value::as_object_mut) {
        let mut locales = named("locale", &wording("a language"));
        if let Some(locales) = locales.as_object_mut() {
            locales.insert(
                "description".to_owned(),
                json!("the same in other languages"),
            );
        }
        keys.insert("locales".to_owned(), locales);
    }
    variant
}

fn wording(what: &str) -> Value {
    let keys = [
        ("subject", is("text"), "the subject"),
        ("preheader", is("text"), "the preheader"),
    ];
    some_of_keys(map(what, keys), &["subject", "preheader"])
}
