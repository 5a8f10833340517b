use super::*;

/// Predicate × type of the value: text, number, boolean, set, time, date, object, missing.
const TYPES: [&str; 9] = [
    "country",
    "orders",
    "vip",
    "interests",
    "signed_up_at",
    "birthday",
    "address",
    "nothing",
    "unknown",
];

/// For each predicate a column per type: `y` holds, `n` does not, `x` does not fit, `-` is missing.
const TABLE: [(&str, &str); 40] = [
    ("no", "yxxnnnx--"),
    ("3", "nyxnnnx--"),
    ("3.0", "nyxnnnx--"),
    ("true", "nxynnnx--"),
    ("False", "nxnnnnx--"),
    ("RUNNING", "nxxynnx--"),
    ("[ no, 3, true, running ]", "yyyynnx--"),
    ("[ se, 4 ]", "nnxnnnx--"),
    ("{ is: no }", "yxxnnnx--"),
    ("{ is: [ no, dk ] }", "yxxnnnx--"),
    ("{ is_not: no }", "nxxyyyx--"),
    ("{ is_not: 3 }", "ynxyyyx--"),
    ("{ is_not: [ no, 3, false, running ] }", "nnynyyx--"),
    ("{ gt: 2 }", "xyxxxxx--"),
    ("{ gt: 3 }", "xnxxxxx--"),
    ("{ gte: 3 }", "xyxxxxx--"),
    ("{ lt: 3.5 }", "xyxxxxx--"),
    ("{ lte: 2 }", "xnxxxxx--"),
    ("{ between: [ 3, 5 ] }", "xyxxxxx--"),
    ("{ between: [ 2027-03-08, 2027-03-12 ] }", "xxxxyyx--"),
    ("{ has: running }", "xxxyxxx--"),
    ("{ has_not: running }", "xxxnxxx--"),
    ("{ contains: o }", "yxxnnnx--"),
    ("{ contains: swimming }", "nxxynnx--"),
    ("{ starts_with: n }", "yxxxnnx--"),
    ("{ ends_with: \" O \" }", "yxxxnnx--"),
    ("{ matches: ^N }", "yxxxnnx--"),
    ("{ matches: ^n }", "nxxxnnx--"),
    ("{ exists: true }", "yyyyyyy--"),
    ("{ same_as: contact.country }", "yxxnnnx--"),
    ("{ within: 3 days }", "xxxxynx--"),
    ("{ older_than: 24h }", "xxxxynx--"),
    ("{ in_next: 1 week }", "xxxxnyx--"),
    ("{ before: 2027-03-10 }", "xxxxynx--"),
    ("{ after: 2027-03-10 }", "xxxxnyx--"),
    ("{ before: 2027-03-12 }", "xxxxynx--"),
    ("{ after: 2027-03-12 }", "xxxxnnx--"),
    ("{ after: 2027-03-11 }", "xxxxnyx--"),
    ("{ after: 2027-03-08 12:00 }", "xxxxyyx--"),
    ("{ gte: 1, lt: 3 }", "xnxxxxx--"),
];

#[test]
fn each_predicate_meets_each_type() {
    let world = ana();
    for (predicate, columns) in TABLE {
        let mut found = String::new();
        for name in TYPES {
            let verdict = world.evaluate(&format!("contact.{name}: {predicate}"));
            let first_false = verdict.comparisons.iter().find(|one| !one.held);
            found.push(match first_false.map(|one| &one.found) {
                None => 'y',
                Some(Found::Value(_)) => 'n',
                Some(Found::NotComparable { .. }) => 'x',
                Some(Found::Missing | Found::OtherMissing) => '-',
            });
            assert_eq!(verdict.holds, first_false.is_none());
        }
        assert_eq!(found, columns, "{predicate}");
    }
}

#[test]
fn only_exists_false_holds_of_what_is_missing() {
    let world = ana();
    for (path, holds) in [("country", false), ("nothing", true), ("unknown", true)] {
        assert_eq!(
            world.holds(&format!("contact.{path}: {{ exists: false }}")),
            holds,
            "{path}"
        );
    }
}

#[test]
fn a_literal_is_read_by_the_type_of_its_place_and_quotes_change_nothing() {
    let world = ana();
    assert!(world.holds("contact.country: NO"));
    assert!(world.holds("contact.zip: 01234"));
    assert!(!world.holds("contact.zip: 1234"));
    assert!(world.holds("contact.orders: \"3\""));
    assert!(world.holds("contact.vip: \"true\""));
}

#[test]
fn whole_numbers_compare_exactly_beyond_what_a_float_holds() {
    let world = Known::nothing().with("contact.no", json!(9_007_199_254_740_993_i64));
    assert!(world.holds("contact.no: 9007199254740993"));
    assert!(!world.holds("contact.no: 9007199254740992"));
    assert!(world.holds("contact.no: { gt: 9007199254740992, lt: 1e300 }"));
}

#[test]
fn same_as_compares_two_values_and_takes_nothing_else_for_a_reference() {
    let world = Known::nothing()
        .with("trigger.coupon", json!("abc-1"))
        .with("data.coupon.code", json!(" ABC-1 "))
        .with("contact.text", json!("data.coupon.code"));
    assert!(world.holds("trigger.coupon: { same_as: data.coupon.code }"));
    assert!(world.holds("contact.text: data.coupon.code"));
    let missing = world.evaluate("trigger.coupon: { same_as: data.other }");
    assert!(!missing.holds);
    assert_eq!(words(&missing), ["data.other is missing"]);
}

#[test]
fn messages_subscriptions_and_memberships_are_asked_of_the_world() {
    let mut world = Known::nothing();
    world.reached.push(("quiz".into(), MessageState::Clicked));
    world.topics.push("offers/sms".into());
    let in_vips = Standing {
        holds: true,
        changes_at: None,
    };
    world.standings.insert("in_segment vips".into(), in_vips);
    for (text, holds) in [
        ("clicked: [ guide, quiz ]", true),
        ("clicked: guide", false),
        ("opened: quiz", false),
        ("subscribed: offers/sms", true),
        ("subscribed: offers", false),
        ("in_segment: vips", true),
        ("in_list: vips", false),
    ] {
        assert_eq!(world.holds(text), holds, "{text}");
    }
}

#[test]
fn did_counts_and_sums_over_a_life_a_time_or_since_a_moment() {
    let world = Known::nothing()
        .did(
            "bought",
            &[
                "2027-03-09T00:00:00Z",
                "2027-02-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
            ],
        )
        .with("vars.start", json!("2027-01-01"));
    for (did, holds) in [
        ("bought", true),
        ("looked", false),
        ("{ event: bought, at_least: 3 }", true),
        ("{ event: bought, at_least: 4 }", false),
        ("{ event: bought, at_most: 2 }", false),
        ("{ event: looked, at_most: 2 }", true),
        ("{ event: bought, within: 2 days }", true),
        ("{ event: bought, within: 24h }", false),
        (
            "{ event: bought, since: 2027-01-01, at_least: 2, at_most: 2 }",
            true,
        ),
        ("{ event: bought, since: vars.start, at_least: 3 }", false),
        ("{ event: bought, since: vars.nothing }", false),
        ("{ event: bought, sum: total, at_least: 30 }", true),
        (
            "{ event: bought, sum: total, within: 60 days, at_least: 20.01 }",
            false,
        ),
        (
            "{ event: bought, sum: total, within: 60 days, at_most: 20 }",
            true,
        ),
    ] {
        assert_eq!(world.holds(&format!("did: {did}")), holds, "{did}");
    }
}

#[test]
fn how_many_occurrences_a_world_must_keep_is_said() {
    for (did, keeps) in [
        ("bought", 0),
        ("{ event: bought, at_least: 7 }", 0),
        ("{ event: bought, within: 1 day }", 1),
        ("{ event: bought, within: 1 day, at_least: 3 }", 3),
        ("{ event: bought, within: 1 day, at_most: 3 }", 4),
        (
            "{ event: bought, within: 1 day, sum: total, at_least: 5 }",
            100,
        ),
    ] {
        let Condition::Leaf(Leaf::Did(read)) = condition(&format!("did: {did}")) else {
            panic!("not a fact: {did}")
        };
        assert_eq!(read.keeps(), keeps, "{did}");
    }
}
