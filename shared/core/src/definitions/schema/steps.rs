//! The steps and paths of a journey.

use serde_json::{Value, json};

use super::journey::{matched, nonempty, sending};
use super::parts::{Key, is, map, named, one_or_list, text, whole, words};

/// A path of `holder` with one admission; none: everybody else.
pub(super) fn path(holder: &str, admission: &str) -> Value {
    let mut keys = vec![
        ("path!", is("id"), "its id, unique in its step"),
        (
            "steps",
            nonempty(&is("step")),
            "what happens; none: on below",
        ),
    ];
    // An exit leaves the journey.
    if holder != "exits" {
        keys.push(("goto", is("id"), "on with this step instead"));
        keys.push(("max", whole(1, 1000), "most times of `goto`; then on below"));
    }
    match admission {
        "if" => keys.push(("if!", is("condition"), "admits when it holds")),
        "event" => {
            keys.push(("event!", is("name"), "admits when it happens, from now on"));
            keys.extend(matched());
        }
        "after" => keys.push(("after!", is("wait"), "admits when so much time has gone by")),
        "weight" => {
            keys.push(("weight!", is("share"), "its share; together 100%"));
            keys.push((
                "baseline",
                json!({ "type": "boolean" }),
                "lift is measured against it",
            ));
        }
        _ => {}
    }
    map(&format!("a path of `{holder}`"), keys)
}

/// What every step takes.
fn common() -> Vec<Key> {
    let on_error =
        json!({ "anyOf": [words(&["continue", "exit", "park"]), nonempty(&is("step"))] });
    vec![
        ("id!", is("id"), "identity over edits"),
        ("if", is("condition"), "else the step is passed over"),
        ("note", is("text"), "for people"),
        ("was", is("id"), "its id in an earlier version"),
        ("on_error", on_error, "when it fails for good; park"),
    ]
}

/// One map for each verb: a step has exactly one.
pub(super) fn steps() -> Vec<(&'static str, Value)> {
    let mut verbs = messages();
    verbs.extend(outside());
    verbs.extend(flow());
    verbs.extend(changes());
    let titled = |(verb, keys): (&'static str, Vec<Key>)| {
        let keys = common().into_iter().chain(keys);
        (verb, map(&format!("a step with `{verb}`"), keys))
    };
    verbs.into_iter().map(titled).collect()
}

fn data() -> Key {
    ("data", is("values"), "further values")
}

fn messages() -> Vec<(&'static str, Vec<Key>)> {
    let message = |verb| {
        let mut keys = vec![
            (verb, is("id"), "the template that is sent"),
            (
                "from",
                is("id"),
                "the sender, where it is not the template's",
            ),
            ("variant", is("id"), "the variant of the template; drawn"),
            data(),
        ];
        keys.extend(sending());
        keys
    };
    vec![("email", message("email!")), ("sms", message("sms!"))]
}

fn outside() -> Vec<(&'static str, Vec<Key>)> {
    let alert = vec![
        ("alert!", is("id"), "the team that is told"),
        ("template", is("id"), "the template; the built-in one"),
        data(),
    ];
    let webhook = vec![
        (
            "webhook!",
            is("id"),
            "the connection of wend.yaml that is called",
        ),
        ("save", is("data_name"), "keeps the answer as data.…"),
        ("timeout", is("span"), "how long one call may take; 10 s"),
        data(),
    ];
    let coupon = vec![
        ("coupon!", is("id"), "the pool that a code is drawn from"),
        ("valid", is("span"), "how long the code is valid"),
        ("save", is("data_name"), "keeps the code as data.…; coupon"),
    ];
    let emit = vec![
        ("emit!", is("name"), "the event that is made"),
        ("with", is("values"), "its properties"),
    ];
    let start = vec![
        ("start!", is("id"), "the journey that is started"),
        ("data", is("values"), "what is trigger.… there"),
    ];
    let stop = vec![("stop!", is("id"), "the journey whose runs end")];
    vec![
        ("alert", alert),
        ("webhook", webhook),
        ("coupon", coupon),
        ("emit", emit),
        ("start", start),
        ("stop", stop),
    ]
}

fn flow() -> Vec<(&'static str, Vec<Key>)> {
    let if_past = text("^(continue|exit|goto +[a-z][a-z0-9-]*)$", "continue");
    let winner = map(
        "`winner`",
        [
            (
                "by!",
                words(&["opened", "clicked", "goal", "value"]),
                "what is better: more of these",
            ),
            ("after!", is("span"), "not before"),
            ("at", is("share"), "how sure it must be"),
            ("min", whole(1, 1_000_000_000), "fewest contacts a path"),
        ],
    );
    let paths = |holder: &str| nonempty(&is(&format!("path_{holder}")));
    vec![
        (
            "wait",
            vec![
                ("wait!", is("wait"), "for how long, or until when"),
                (
                    "if_past",
                    if_past,
                    "when the date has passed; required when it comes from data",
                ),
            ],
        ),
        (
            "wait_until",
            vec![(
                "wait_until!",
                paths("wait_until"),
                "first come, first served; one has `after`",
            )],
        ),
        (
            "branch",
            vec![(
                "branch!",
                paths("branch"),
                "the first whose `if` holds; the last may have none",
            )],
        ),
        (
            "split",
            vec![
                ("split!", paths("split"), "one is drawn"),
                ("salt", is("text"), "two splits with one salt draw alike"),
                ("winner", winner, "when the better path takes all"),
            ],
        ),
        (
            "goto",
            vec![
                ("goto!", is("id"), "on with this step"),
                (
                    "max",
                    whole(1, 1000),
                    "most times of one run; required backwards",
                ),
            ],
        ),
        ("exit", vec![("exit!", is("text"), "ends the run; why")]),
    ]
}

fn changes() -> Vec<(&'static str, Vec<Key>)> {
    let names = || one_or_list(&is("name"));
    let ids = || one_or_list(&is("id"));
    let number = json!({ "type": "number" });
    let elements = || named("name", &one_or_list(&is("scalar")));
    let update = map(
        "`update`",
        [
            (
                "set",
                named("name", &json!(true)),
                "attributes that get a value",
            ),
            ("unset", names(), "attributes that lose theirs"),
            ("add", named("name", &number), "numbers that are added"),
            ("include", elements(), "what sets get"),
            ("remove", elements(), "what sets lose"),
            ("join", ids(), "lists that are joined"),
            ("leave", ids(), "lists that are left"),
            (
                "unsubscribe",
                one_or_list(&is("topic")),
                "topics that are said no to",
            ),
        ],
    );
    let points = named("id", &whole(-1_000_000, 1_000_000));
    vec![
        ("update", vec![("update!", update, "changes the contact")]),
        ("score", vec![("score!", points, "gives points")]),
    ]
}
