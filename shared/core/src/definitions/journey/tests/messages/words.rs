//! Files whose words are wrong: syntax, values, time phrases, the shape of steps.

use super::*;

pub(super) fn syntax_cases() -> Vec<(&'static str, String)> {
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

pub(super) fn value_cases() -> Vec<(&'static str, String)> {
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

pub(super) fn shape_cases() -> Vec<(&'static str, String)> {
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
        (
            "E0101",
            trigger("{ schedule: 2027-03-01 10:00, for: gold, zone: contact }"),
        ),
        (
            "E0112",
            trigger("{ schedule: 2027-03-01 10:00, for: gold, zone: UTC, if_past: now }"),
        ),
        (
            "E0189",
            trigger("{ schedule: cron 0 * * * *, for: gold, zone: contact }"),
        ),
        (
            "E0189",
            trigger("{ schedule: every day at 10:00, for: gold, zone: UTC, spread: 2 weeks }"),
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

pub(super) fn phrase_cases() -> Vec<(&'static str, String)> {
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
