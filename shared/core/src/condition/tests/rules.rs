//! The rules of the language, by their names.

use super::*;

#[test]
fn missing_attribute() {
    let world = Known::nothing();
    for predicate in [
        "NO",
        "[ NO ]",
        "{ is_not: NO }",
        "{ has_not: NO }",
        "{ lt: 1 }",
    ] {
        let verdict = world.evaluate(&format!("contact.country: {predicate}"));
        assert!(!verdict.holds, "{predicate}");
        assert_eq!(words(&verdict), ["country is missing"]);
    }
    assert!(world.holds("contact.country: { exists: false }"));
    assert!(world.holds("not: { contact.country: NO }"));
}

#[test]
fn text_comparison() {
    let world = Known::nothing()
        .with("contact.city", json!("  Zu\u{308}rich "))
        .with("contact.street", json!("Große Straße"))
        .with("contact.name", json!("ΟΔΟΣ"));
    for (text, holds) in [
        ("contact.city: zÜRICH", true),
        ("contact.city: { starts_with: Zü }", true),
        ("contact.city: { matches: ^Zü }", false),
        ("contact.city: { matches: rich }", true),
        ("contact.city: { matches: Rich }", false),
        ("contact.street: GROSSE STRASSE", true),
        ("contact.name: οδος", true),
        ("contact.name: { contains: δοσ }", true),
        ("contact.city: { ends_with: ü }", false),
    ] {
        assert_eq!(world.holds(text), holds, "{text}");
    }
}

#[test]
fn what_a_stranger_sends_cannot_make_a_comparison_slow() {
    let deep = (0..100).fold(json!([]), |inner, _| json!([inner]));
    let wide: Vec<u32> = (0..8000).collect();
    let world = Known::nothing()
        .with("contact.deep", deep.clone())
        .with("trigger.deep", deep)
        .with("contact.wide", json!(wide))
        .with("trigger.wide", json!(wide.iter().rev().collect::<Vec<_>>()))
        .with("contact.long", json!("a".repeat(30_000)));
    let verdict = world.evaluate("contact.deep: { same_as: trigger.deep }");
    assert!(!verdict.holds);
    assert!(words(&verdict).concat().contains("no single values"));
    assert!(world.holds("contact.wide: { same_as: trigger.wide, has: 7999.0 }"));
    let verdict = world.evaluate("contact.long: { matches: (a*)*b }");
    assert!(words(&verdict).concat().contains("too long for a pattern"));
}

#[test]
fn numbers_in_sets_are_the_same_however_they_are_written() {
    let world = Known::nothing()
        .with("contact.a", json!([1, 2.5, 9_007_199_254_740_993_i64]))
        .with("contact.b", json!([2.50, 1.0, 9_007_199_254_740_993_i64]));
    assert!(world.holds("contact.a: { same_as: contact.b, has: 2.5, has_not: 9007199254740992 }"));
    assert!(world.holds("contact.a: [ 1e0 ]"));
}

#[test]
fn event_names_are_exact() {
    let world = Known::nothing().did("signed_up", &["2027-03-01T00:00:00Z"]);
    assert!(world.holds("did: signed_up"));
    assert!(!world.holds("did: Signed_Up"));
}

#[test]
fn a_value_that_does_not_fit_is_false_and_says_so() {
    let world = ana();
    let verdict = world.evaluate("contact.country: { gte: 20 }");
    assert!(!verdict.holds);
    assert_eq!(
        words(&verdict),
        ["country is NO, which is a text, not a number (gte 20)"]
    );
    let verdict = world.evaluate("contact.country: { before: 2027-03-01 }");
    assert_eq!(
        words(&verdict),
        ["country is NO, which is not a date or time (before 2027-03-01)"]
    );
}

#[test]
fn a_comparison_says_what_was_there_and_what_was_wanted() {
    let verdict =
        ana().evaluate("{ contact.orders: { gte: 3, lt: 3 }, contact.country: [ SE, DK ] }");
    let expected = [
        "orders is 3, as wanted: gte 3",
        "orders is 3, wanted lt 3",
        "country is NO, wanted is [ SE, DK ]",
    ];
    assert_eq!(words(&verdict), expected);
}

#[test]
fn all_any_and_not_nest_and_everything_is_compared() {
    let world = ana();
    for (text, holds) in [
        ("{ contact.country: NO, contact.orders: 3 }", true),
        ("{ contact.country: NO, contact.orders: 4 }", false),
        (
            "any: [ { contact.country: SE }, { contact.orders: 3 } ]",
            true,
        ),
        (
            "any: [ { contact.country: SE }, { contact.orders: 4 } ]",
            false,
        ),
        (
            "not: { any: [ { contact.country: SE }, { contact.orders: 4 } ] }",
            true,
        ),
        (
            "all: [ { contact.country: NO }, { not: { contact.country: SE } } ]",
            true,
        ),
    ] {
        let verdict = world.evaluate(text);
        assert_eq!(
            (verdict.holds, verdict.comparisons.len()),
            (holds, 2),
            "{text}"
        );
    }
}

#[test]
fn what_a_trace_keeps_of_a_person_is_short_and_masked() {
    let world = Known::nothing().with("contact.note", json!("x".repeat(500)));
    let verdict = world.evaluate(&format!("contact.note: [ {} ]", "why, ".repeat(300)));
    assert!(words(&verdict).concat().chars().count() < 200);
    assert!(!format!("{verdict:?}").contains("xxx"));
}
