use crate::definitions::tests::shop::{file, said, shop, template};
use crate::definitions::{SourceFile, check_all};
use crate::identity::Channel;

#[test]
fn the_shop_of_the_description_is_in_order() {
    assert_eq!(said(&shop()), "");
    assert!(check_all(&shop()).is_good());
}

/// A journey `trial` of the shop with these lines behind its id.
fn trial(lines: &str) -> SourceFile {
    file("journeys/trial.yaml", &format!("journey: trial\n{lines}\n"))
}

/// A journey `trial` with these steps, started by `cart_updated`.
fn steps(steps: &[&str]) -> SourceFile {
    let steps = steps.join("\n  - ");
    trial(&format!(
        "topic: offers\ntriggers: [ {{ event: cart_updated }} ]\nsteps:\n  - {steps}"
    ))
}

fn segment(rule: &str) -> SourceFile {
    file("segments/odd.yaml", &format!("segment: odd\nif: {rule}"))
}

/// The shop with `files` in place of those of the same paths, and what is said of it.
fn shown(name: &str, files: Vec<SourceFile>) -> String {
    let mut all = shop();
    all.retain(|old| files.iter().all(|new| new.path != old.path));
    all.extend(files);
    format!("──────── {name}\n{}\n", said(&all))
}

/// The shop's file at `path` with `old` replaced by `new`.
fn changed(path: &str, old: &str, new: &str) -> SourceFile {
    let shop = shop();
    let source = shop.iter().find(|file| file.path == path).unwrap();
    assert!(source.text.contains(old), "{old}");
    file(path, &source.text.replace(old, new))
}

/// Steps that name what there is not: what is missing, and the step.
const STEPS: &str = "\
template | { id: a, email: trial-how-to }
template of an SMS | { id: a, sms: last-chance }
template, a slip | { id: a, email: cart-remnider }
template of another channel | { id: a, sms: cart-reminder }
template of an alert | { id: a, alert: sales, template: cart-last-call }
variant | { id: a, email: cart-reminder, variant: questoin }
variant of none | { id: a, email: cart-offer-10, variant: short }
sender | { id: a, email: cart-reminder, from: shopp }
sender of another channel | { id: a, email: cart-reminder, from: texts }
team | { id: a, alert: support }
webhook | { id: a, webhook: crm-upsert }
coupon | { id: a, coupon: easter-2027 }
score | { id: a, score: { engagment: 5 } }
journey | { id: a, start: onboarding }
list | { id: a, update: { join: vips } }";

#[test]
fn names_that_nothing_has_are_reported_at_their_place() {
    let step = |step: &str| vec![steps(&[step])];
    let pairs = STEPS.lines().map(|line| line.split_once(" | ").unwrap());
    let steps = pairs.map(|(name, text)| shown(name, step(text)));
    let others = [
        shown(
            "segment or list",
            vec![trial(
                "topic: offers\ntriggers: [ { joins: newcomers, existing: skip } ]\nsteps: [ { id: a, wait: 1h } ]",
            )],
        ),
        shown(
            "list that is a segment",
            step("{ id: a, update: { join: silent-60 } }"),
        ),
        shown(
            "topic",
            step("{ id: a, update: { unsubscribe: [ offer ] } }"),
        ),
        shown("segment", vec![segment("{ in_segment: silent-90 }")]),
        shown(
            "segment that is a list",
            vec![
                segment("{ in_segment: vips }"),
                file("segments/vips.yaml", "list: vips"),
            ],
        ),
        shown(
            "topic of a condition",
            vec![segment("{ subscribed: newz/sms }")],
        ),
        shown(
            "attribute, a slip",
            vec![segment("{ contact.lifecylce: lead }")],
        ),
        shown("attribute", vec![segment("{ contact.shoe_size: 44 }")]),
        shown(
            "codes",
            vec![changed(
                "wend.yaml",
                "birthday-2027.csv",
                "birthday-2028.csv",
            )],
        ),
        shown(
            "topic of a cap",
            vec![changed("wend.yaml", "{ max: 4,", "{ topic: sale, max: 4,")],
        ),
    ];
    insta::assert_snapshot!(steps.chain(others).collect::<String>());
}

/// Events that the plan lacks.
fn unplanned_events() -> String {
    let onboarding = || {
        trial(
            "title: Trial onboarding\nstage: consideration\ntopic: guides\ntriggers:\n  - event: trial_started\n\
             goal: { event: project_created, within: 14 days }\nsteps:\n  - { id: hello, email: welcome-hello }",
        )
    };
    let plan = |old: &str, new: &str| changed("wend.yaml", old, new);
    let slip = || segment("{ did: Order Completed }");
    [
        shown("unknown events of one file", vec![onboarding()]),
        shown(
            "refused",
            vec![
                onboarding(),
                plan("unknown_events: warn", "unknown_events: refuse"),
            ],
        ),
        shown(
            "accepted",
            vec![
                onboarding(),
                plan("unknown_events: warn", "unknown_events: accept"),
            ],
        ),
        shown("a slip", vec![slip()]),
        shown(
            "an alias",
            vec![
                slip(),
                plan(
                    "teams:",
                    "aliases: { Order Completed: order_completed }\nteams:",
                ),
            ],
        ),
        shown("two words", vec![segment("{ did: Watched Tour }")]),
    ]
    .concat()
}

/// Properties that the plan lacks, or has with another type.
fn unplanned_properties() -> String {
    [
        shown(
            "property, a slip",
            vec![segment(
                "{ did: { event: order_completed, where: { copon: A1 } } }",
            )],
        ),
        shown(
            "property",
            vec![segment(
                "{ did: { event: order_completed, sum: tax, at_least: 5 } }",
            )],
        ),
        shown(
            "property, of the type that is asked for",
            vec![segment(
                "{ did: { event: order_completed, where: { weight: { gte: 5 }, tags: { has: a }, due: { between: [ 2027-01-01, 2027-02-01 ] }, rank: { between: [ 1, 3 ] }, note: x } } }",
            )],
        ),
        shown(
            "property as a goal's value",
            vec![trial(
                "topic: offers\ntriggers: [ { event: cart_updated } ]\ngoal: { event: order_completed, value: margin }\nsteps: [ { id: a, wait: 1h } ]",
            )],
        ),
        shown(
            "property of a computed attribute",
            vec![changed("wend.yaml", "order_completed.total", "order_completed.totl")],
        ),
        shown(
            "property as key",
            vec![
                steps(&["{ id: a, wait: 1h }"]),
                changed(
                    "journeys/abandoned-cart.yaml",
                    "key: cart_id # one",
                    "key: cart # one",
                ),
            ],
        ),
    ]
    .concat()
}

#[test]
fn events_are_compared_with_the_tracking_plan() {
    insta::assert_snapshot!(unplanned_events() + &unplanned_properties());
}

#[test]
fn values_are_compared_with_their_types() {
    let did = |filter: &str| {
        vec![segment(&format!(
            "{{ did: {{ event: order_completed, where: {filter} }} }}"
        ))]
    };
    let step = |step: &str| vec![steps(&[step])];
    let all = [
        shown("number asked of a text", did("{ coupon: { gte: 5 } }")),
        shown(
            "text asked of a number",
            did("{ total: { starts_with: 5 } }"),
        ),
        shown("a word is no amount", did("{ total: [ 5, many ] }")),
        shown(
            "set operator of a text",
            vec![segment("{ contact.tier: { has: gold } }")],
        ),
        shown(
            "time operator of a text",
            vec![segment("{ contact.tier: { older_than: 3 days } }")],
        ),
        shown(
            "text operator of a date",
            vec![segment("{ contact.birthday: { contains: 1990 } }")],
        ),
        shown(
            "not one of the values",
            vec![segment("{ contact.tier: [ Gold, platin ] }")],
        ),
        shown(
            "a slip in the values",
            vec![segment("{ contact.lifecycle: custommer }")],
        ),
        shown(
            "set to what it cannot be",
            step("{ id: a, update: { set: { tier: bronze, birthday: soon } } }"),
        ),
        shown(
            "set what is computed",
            step("{ id: a, update: { set: { orders: 0 } } }"),
        ),
        shown(
            "wait for what is no date",
            step("{ id: a, wait: until contact.tier, if_past: exit }"),
        ),
        shown(
            "wait for a property that is no date",
            step("{ id: a, wait: until trigger.cart_id, if_past: exit }"),
        ),
        shown(
            "compare with what is no date",
            vec![segment("{ contact.created_at: { before: contact.tier } }")],
        ),
        shown(
            "changes to what it cannot be",
            vec![trial(
                "triggers:\n  - { changes: tier, from: silver, to: platin }\nsteps: [ { id: a, wait: 1h } ]",
            )],
        ),
        shown(
            "date trigger without a date",
            vec![trial(
                "triggers:\n  - { date: contact.tier at 09:00 }\nsteps: [ { id: a, wait: 1h } ]",
            )],
        ),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn what_nothing_brings_is_reported() {
    let step = |step: &str| vec![steps(&[step])];
    let by_segment = |lines: &str| {
        let head = "topic: offers\ntriggers: [ { joins: silent-60, existing: skip } ]\nsteps:";
        vec![trial(&format!("{head}\n  - {lines}"))]
    };
    let all = [
        shown(
            "a slip",
            step("{ id: a, wait: 1h, if: { trigger.vlaue: { gte: 5 } } }"),
        ),
        shown(
            "type",
            step("{ id: a, wait: 1h, if: { trigger.value: { contains: 5 } } }"),
        ),
        shown(
            "no event",
            by_segment("{ id: a, wait: 1h, if: { trigger.value: { gte: 5 } } }"),
        ),
        shown(
            "a template's needs",
            by_segment("{ id: a, email: cart-reminder }"),
        ),
        shown(
            "given by another journey",
            vec![
                trial(
                    "topic: offers\ntriggers: [ { joins: silent-60, existing: skip } ]\nsteps:\n  - { id: a, email: cart-reminder }",
                ),
                file(
                    "journeys/first.yaml",
                    "journey: first\ntriggers: [ { event: cart_updated } ]\nsteps:\n  - { id: a, start: trial, data: { items: [ 1 ], checkout_url: x } }",
                ),
            ],
        ),
        shown(
            "by hand anything",
            vec![trial(
                "topic: offers\ntriggers: [ { manual: true } ]\nsteps:\n  - { id: a, email: cart-reminder }",
            )],
        ),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn consent_and_windows_are_looked_at() {
    let head = "triggers: [ { event: cart_updated } ]";
    let step = |step: &str| vec![steps(&[step])];
    let all = [
        shown(
            "no topic",
            vec![trial(&format!(
                "{head}\nsteps: [ {{ id: a, email: welcome-hello }} ]"
            ))],
        ),
        shown(
            "no postal address",
            vec![
                changed("wend.yaml", "postal_address", "# postal_address"),
                file(
                    "templates/cart-reminder.md",
                    &template("cart-reminder", Channel::Email),
                ),
            ],
        ),
        shown(
            "window of a step",
            step("{ id: a, email: cart-offer-10, window: 22:00-07:00 }"),
        ),
        shown(
            "window of the journey, for one channel only",
            vec![trial(&format!(
                "topic: offers\n{head}\nsending: {{ window: mon-fri 20:00-21:00 }}\nsteps:\n  - {{ id: a, email: cart-offer-10 }}\n  - {{ id: b, sms: cart-last-call }}\n  - {{ id: c, sms: cart-last-call }}"
            ))],
        ),
        shown(
            "a window that opens a little",
            step("{ id: a, email: cart-offer-10, window: 21:00-08:01 }"),
        ),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn circles_are_reported_once() {
    let rule = |id: &str, rule: &str| {
        file(
            &format!("segments/{id}.yaml"),
            &format!("segment: {id}\nif: {rule}"),
        )
    };
    let journey = |id: &str, event: &str, steps: &str| {
        let text = format!(
            "journey: {id}\nreentry: always\ntriggers: [ {{ event: {event} }} ]\nsteps: [ {steps} ]"
        );
        file(&format!("journeys/{id}.yaml"), &text)
    };
    let all = [
        shown("a segment of itself", vec![rule("a", "{ in_segment: a }")]),
        shown(
            "two segments",
            vec![
                rule("a", "{ not: { in_segment: b } }"),
                rule("b", "{ in_segment: a }"),
            ],
        ),
        shown(
            "through a score",
            vec![
                rule("a", "{ score.hot: { gte: 5 } }"),
                file(
                    "scores/hot.yaml",
                    "score: hot\nrules: [ { id: a, if: { in_segment: a }, points: 5 } ]",
                ),
            ],
        ),
        shown(
            "a journey of itself",
            vec![journey("a", "cart_updated", "{ id: a, start: a }")],
        ),
        shown(
            "two journeys",
            vec![
                journey("a", "ping", "{ id: a, emit: pong }"),
                journey(
                    "b",
                    "pong",
                    "{ id: a, update: { set: { sunset_at: now } } }, { id: b, start: a }",
                ),
            ],
        ),
        shown(
            "a wait breaks it",
            vec![journey(
                "a",
                "ping",
                "{ id: a, wait: 1 day }, { id: b, emit: ping }",
            )],
        ),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn files_that_nobody_reads_are_named() {
    let all = [
        shown(
            "ending",
            vec![
                file("journeys/a.yml", ""),
                file("templates/a.yaml", ""),
                file("segments/a.txt", ""),
            ],
        ),
        shown(
            "folder",
            vec![
                file("mails/a.md", ""),
                file("templates/a/email.mjml", ""),
                file("layouts/brand.yaml", ""),
                file("wend.yml", ""),
            ],
        ),
        shown(
            "let be",
            vec![
                file("README.md", ""),
                file("journeys/.swp", ""),
                file("scenarios/a.yaml", ""),
                file("layouts/brand.de.mjml", ""),
                file("partials/foot.txt", ""),
            ],
        ),
        shown(
            "a template's folder",
            vec![
                file(
                    "templates/odd/message.yaml",
                    "template: odd\nchannel: email\nclass: system\nfrom: shop\nsubject: Hi\n",
                ),
                file("templates/odd/email.html", "<p>Hi</p>"),
                file("templates/odd/email.deutsch.html.old", ""),
                file("templates/odd/sms.html", ""),
                file("templates/odd/more/email.html", ""),
            ],
        ),
        shown(
            "twice",
            vec![
                segment("{ contact.tier: gold }"),
                file("segments/odd.yaml", "list: odd"),
            ],
        ),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn a_project_needs_wend_yaml_and_its_faults_hide_no_others() {
    let without: Vec<SourceFile> = shop()
        .into_iter()
        .filter(|file| file.path != "wend.yaml")
        .collect();
    let mut all = format!("──────── none\n{}\n", said(&without));
    all.push_str(&shown("no YAML", vec![file("wend.yaml", "wend: [")]));
    all.push_str(&shown(
        "faults in several files",
        vec![
            changed("wend.yaml", "sms: ACME }", "sms: ACME COMPANY }"),
            changed(
                "journeys/birthday.yaml",
                "email: birthday-gift",
                "emial: birthday-gift",
            ),
            segment("{ in_segment: silent-90 }"),
        ],
    ));
    insta::assert_snapshot!(all);
}
