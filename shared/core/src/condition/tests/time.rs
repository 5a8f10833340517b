use super::*;

fn turn(world: &Known, text: &str) -> (bool, Option<String>) {
    let verdict = world.evaluate(text);
    (verdict.holds, verdict.changes_at.map(|at| at.to_string()))
}

/// A condition, whether it holds, and when time turns it over.
const TURNS: [(&str, bool, Option<&str>); 20] = [
    (
        "contact.signed_up_at: { within: 3 days }",
        true,
        Some("2027-03-11T12:00:00Z"),
    ),
    ("contact.signed_up_at: { within: 24h }", false, None),
    (
        "contact.signed_up_at: { older_than: 3 days }",
        false,
        Some("2027-03-11T12:00:00Z"),
    ),
    ("contact.signed_up_at: { older_than: 24h }", true, None),
    (
        "contact.birthday: { in_next: 1 day }",
        false,
        Some("2027-03-11T00:00:00Z"),
    ),
    (
        "contact.birthday: { in_next: 3 days }",
        true,
        Some("2027-03-13T00:00:00Z"),
    ),
    ("contact.birthday: { before: 2027-03-20 }", true, None),
    (
        "now: { before: 2027-03-11 }",
        true,
        Some("2027-03-11T00:00:00Z"),
    ),
    (
        "now: { after: 2027-03-10 }",
        false,
        Some("2027-03-11T00:00:00Z"),
    ),
    ("now: { after: 2027-03-10T12:00:00Z }", true, None),
    (
        "now: { on: 2027-03-10 }",
        true,
        Some("2027-03-11T00:00:00Z"),
    ),
    (
        "now: { before: vars.end }",
        true,
        Some("2027-04-01T10:00:00Z"),
    ),
    ("now: { before: vars.nothing }", false, None),
    (
        "now: { between: [ 2027-03-11, 2027-03-12 ] }",
        false,
        Some("2027-03-11T00:00:00Z"),
    ),
    (
        "did: { event: bought, within: 4 days }",
        true,
        Some("2027-03-14T00:00:00Z"),
    ),
    (
        "did: { event: bought, within: 4 days, at_least: 2 }",
        true,
        Some("2027-03-13T00:00:00Z"),
    ),
    (
        "did: { event: bought, within: 4 days, at_most: 1 }",
        false,
        Some("2027-03-13T00:00:00Z"),
    ),
    (
        "did: { event: bought, within: 4 days, at_least: 3 }",
        false,
        None,
    ),
    ("did: bought", true, None),
    ("contact.country: NO", true, None),
];

#[test]
fn a_verdict_says_when_time_alone_turns_it_over() {
    let world = ana().with("vars.end", json!("2027-04-01 10:00"));
    let bought = [
        "2027-03-10T00:00:00Z",
        "2027-03-09T00:00:00Z",
        "2027-03-01T00:00:00Z",
    ];
    let world = world.did("bought", &bought);
    for (text, holds, changes_at) in TURNS {
        assert_eq!(
            turn(&world, text),
            (holds, changes_at.map(str::to_owned)),
            "{text}"
        );
    }
}

#[test]
fn a_segment_tells_until_when_it_holds() {
    let mut world = Known::nothing();
    let until = moment("2027-03-11T00:00:00Z");
    let standing = Standing {
        holds: true,
        changes_at: Some(until),
    };
    world.standings.insert("in_segment vips".into(), standing);
    assert_eq!(
        turn(&world, "in_segment: vips"),
        (true, Some("2027-03-11T00:00:00Z".into()))
    );
    assert_eq!(turn(&world.at(until), "in_segment: vips"), (false, None));
}

#[test]
fn days_begin_and_end_where_the_contact_lives() {
    let mut world = Known::nothing();
    world.zone = Zone::parse("America/New_York").unwrap();
    assert_eq!(
        turn(&world, "now: { on: 2027-03-10 }"),
        (true, Some("2027-03-11T05:00:00Z".into()))
    );
    // The clocks go forward on 14 March: a calendar day has 23 hours, 24 h are 24 hours.
    let world = world.with("contact.at", json!("2027-03-13T17:00:00Z"));
    let world = world.at(moment("2027-03-13T18:00:00Z"));
    let of = |lapse: &str| turn(&world, &format!("contact.at: {{ within: {lapse} }}")).1;
    assert_eq!(of("1 day").as_deref(), Some("2027-03-14T16:00:00Z"));
    assert_eq!(of("24h").as_deref(), Some("2027-03-14T17:00:00Z"));
}

#[test]
fn a_clock_time_in_a_gap_is_the_first_after_it_and_in_a_fold_the_first_of_the_two() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    for (text, expected) in [
        ("2027-03-28 02:30", "2027-03-28T01:00:00Z"),
        ("2027-10-31 02:30", "2027-10-31T00:30:00Z"),
        ("2027-03-18 16:00 Europe/Berlin", "2027-03-18T15:00:00Z"),
        ("2027-03-18T16:00:00+02:00", "2027-03-18T14:00:00Z"),
    ] {
        let read: Moment = text.parse().unwrap();
        assert_eq!(read.from(&zone), moment(expected), "{text}");
    }
}

#[test]
fn what_is_no_moment_is_refused() {
    for text in [
        "",
        "10:00",
        "2027-13-01",
        "2027-12-24 10:00 Nowhere/City",
        "tomorrow",
        "12",
    ] {
        assert!(text.parse::<Moment>().is_err(), "{text}");
    }
}
