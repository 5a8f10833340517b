//! Files whose words are right and say nothing sensible: conditions, references, steps that nobody comes to.

use super::*;

pub(super) fn condition_cases() -> Vec<(&'static str, String)> {
    let deep = format!(
        "{}{{ contact.a: 1 }}{}",
        "{ not: ".repeat(17),
        " }".repeat(17)
    );
    let wide = format!("{{ contact.a: [ {} ] }}", "a, ".repeat(500));
    vec![
        ("E0160", only_if(&deep)),
        ("E0161", only_if(&wide)),
        ("E0162", only_if("{}")),
        ("E0163", only_if("{ contcat.country: DE }")),
        ("E0164", header("entry_if: { clicked: hello }")),
        (
            "E0164",
            trigger("{ event: a, where: { b: { same_as: data.b } } }"),
        ),
        ("E0165", only_if("{ contact.orders: { gte: twenty } }")),
        (
            "E0166",
            only_if("{ did: { event: a, where: { b: { same_as: contact.b } } } }"),
        ),
        (
            "E0167",
            only_if("{ did: { event: a, at_least: 3, at_most: 2 } }"),
        ),
        ("E0168", only_if("{ contact.country: null }")),
        ("E0179", only_if("{ contact.orders: { gt: 5, lt: 3 } }")),
        (
            "E0179",
            only_if("{ contact.tier: gold, not: { contact.tier: gold } }"),
        ),
        (
            "E0179",
            trigger("{ event: a, where: { b: { between: [ 20, 10 ] } } }"),
        ),
        (
            "E0180",
            trigger("{ event: a, where: { form: guide } }").replace(
                "steps:",
                "entry_if: { trigger.form: { is_not: [ guide, list ] } }\nsteps:",
            ),
        ),
    ]
}

pub(super) fn flow_cases() -> Vec<(&'static str, String)> {
    let hello = "{ id: hello, email: hello }";
    vec![
        (
            "E0137",
            with_steps(&[
                "{ id: hello, email: hello }",
                "{ id: a, email: a, if: { clicked: helo } }",
            ]),
        ),
        (
            "E0188",
            with_steps(&[
                "{ id: hello, email: hello }",
                "{ id: text, sms: text }",
                "{ id: a, email: a, if: { replied: [ hello, text ] } }",
            ]),
        ),
        (
            "E0188",
            with_steps(&[
                "{ id: hello, email: hello }",
                "{ id: text, sms: text }",
                "{ id: a, email: a, if: { delivered: [ hello, text ] } }",
            ]),
        ),
        (
            "E0137",
            with_steps(&[
                "{ id: first, email: welcome-mail }",
                "{ id: a, email: a, if: { clicked: welcome-mail } }",
            ]),
        ),
        (
            "E0137",
            with_steps(&[hello, "{ id: again, goto: helo, max: 2 }"]),
        ),
        ("E0137", header("removed: { old: helo }")),
        (
            "E0138",
            with_steps(&[
                "{ id: a, branch: [ { path: x, if: { contact.a: 1 }, steps: [ { id: inside, email: b } ] } ] }",
                "{ id: c, goto: inside, max: 1 }",
            ]),
        ),
        (
            "E0139",
            with_steps(&[
                hello,
                "{ id: pause, wait: 1 day }",
                "{ id: again, goto: hello }",
            ]),
        ),
        (
            "E0139",
            with_steps(&[
                hello,
                "{ id: pause, wait: until contact.a, if_past: goto hello }",
            ]),
        ),
        (
            "E0170",
            step("{ id: a, email: a, if: { data.crm.stage: won } }"),
        ),
        (
            "E0170",
            header("vars: { webinar_at: 2027-03-18 }\nentry_if: { now: { before: vars.webinar } }"),
        ),
    ]
}

pub(super) fn path_cases() -> Vec<(&'static str, String)> {
    let hello = "{ id: hello, email: hello }";
    let split = |paths: &str| step(&format!("{{ id: test, split: [ {paths} ] }}"));
    vec![
        (
            "E0171",
            split("{ path: a, weight: 45% }, { path: b, weight: 45% }"),
        ),
        ("E0172", split("{ path: a, weight: 100% }")),
        ("E0172", step("{ id: a, branch: [] }")),
        ("E0173", with_steps(&["{ id: over, exit: done }", hello])),
        (
            "E0173",
            with_steps(&[
                "{ id: a, branch: [ { path: x, if: { contact.a: 1 }, steps: [ { id: b, exit: b } ] }, { path: y, steps: [ { id: c, exit: c } ] } ] }",
                hello,
            ]),
        ),
        (
            "E0174",
            step("{ id: a, branch: [ { path: rest }, { path: x, if: { contact.a: 1 } } ] }"),
        ),
        (
            "E0174",
            step(
                "{ id: a, branch: [ { path: x, if: { contact.a: 1 } }, { path: y, if: { contact.a: 1 } } ] }",
            ),
        ),
        (
            "E0174",
            step(
                "{ id: a, wait_until: [ { path: x, after: 1 day }, { path: y, after: 3 days } ] }",
            ),
        ),
    ]
}

pub(super) fn graph_cases() -> Vec<(&'static str, String)> {
    let hello = "{ id: hello, email: hello }";
    let split = |paths: &str| step(&format!("{{ id: test, split: [ {paths} ] }}"));
    let long: Vec<String> = (0..=1000)
        .map(|n| format!("{{ id: s{n}, email: a }}"))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    vec![
        (
            "E0175",
            with_steps(&[hello, "{ id: again, goto: hello, max: 3 }"]),
        ),
        (
            "E0176",
            with_steps(&[hello, "{ id: b, email: b, was: hello }"]),
        ),
        (
            "E0176",
            with_steps(&[
                "{ id: a, email: b, was: old }",
                "{ id: b, email: b, was: old }",
            ]),
        ),
        ("E0177", header("removed: { hello: exit }")),
        (
            "E0177",
            header("removed: { old: exit }").replace("hello, email", "hello, was: old, email"),
        ),
        (
            "E0178",
            with_steps(&[
                "{ id: pause, wait: 1 day }",
                "{ id: a, email: a, if: { opened: pause } }",
            ]),
        ),
        (
            "E0181",
            step(
                "{ id: a, split: [ { path: x, weight: 50% }, { path: y, weight: 50% } ], winner: { by: goal, after: 2 days } }",
            ),
        ),
        ("E0182", with_steps(&long)),
        (
            "E0183",
            split(
                "{ path: a, weight: 50%, baseline: true }, { path: b, weight: 50%, baseline: true }",
            ),
        ),
        ("E0184", header("open: { from: 2027-03-01 09:00 }")),
        (
            "E0184",
            header("zone: Europe/Berlin\nopen: { from: 2027-03-02, until: 2027-03-01 }"),
        ),
        (
            "E0185",
            header("goal: { event: order_completed, value: total, currency: eur }"),
        ),
        (
            "E0187",
            header("goal: { event: order_completed, key: cart_id }"),
        ),
    ]
}

pub(super) fn warning_cases() -> Vec<(&'static str, String)> {
    vec![
        (
            "W0101",
            with_steps(&[
                "{ id: hello, email: hello }",
                "{ id: a, email: a, if: { not: { opened: hello } } }",
            ]),
        ),
        (
            "W0104",
            only_if("{ all: [ { contact.interests: running }, { contact.interests: cycling } ] }"),
        ),
        (
            "W0102",
            header("max_duration: 30 days\ngoal: { event: order_completed, within: 45 days }"),
        ),
        ("W0103", step("{ id: pause, wait: 2 years }")),
    ]
}
