use super::*;

/// Text, code, line and column, and a part of the help.
type Fault = (&'static str, &'static str, (usize, usize), &'static str);

const FAULTS: [Fault; 36] = [
    (
        "contact.x: { gte: twenty }",
        "E0165",
        (1, 19),
        "for example `20`",
    ),
    (
        "contact.x: { gtee: 20 }",
        "E0108",
        (1, 14),
        "did you mean `gte`?",
    ),
    ("contcat.x: 1", "E0163", (1, 1), "did you mean `contact.x`?"),
    ("event.x: 1", "E0163", (1, 1), "a path begins with"),
    ("cliked: hello", "E0108", (1, 1), "did you mean `clicked`?"),
    ("and: []", "E0108", (1, 1), "did you mean `all`?"),
    ("or: []", "E0108", (1, 1), "did you mean `any`?"),
    (
        "{ event: paid, within: 30 days }",
        "E0108",
        (1, 3),
        "write `did: {",
    ),
    ("event: paid", "E0108", (1, 1), "did you mean `did: paid`?"),
    (
        "event: { event: a }",
        "E0108",
        (1, 1),
        "did you mean `did`?",
    ),
    (
        "contact.x: { within: 1d }",
        "E0121",
        (1, 22),
        "`24h` is exact time",
    ),
    ("contact.x: { within: soon }", "E0122", (1, 22), "2 weeks"),
    (
        "contact.x: { before: soon }",
        "E0165",
        (1, 22),
        "2027-12-24",
    ),
    ("contact.x: { matches: \"(\" }", "E0165", (1, 23), ""),
    (
        "contact.x: { exists: maybe }",
        "E0106",
        (1, 22),
        "true, false",
    ),
    ("contact.x: null", "E0168", (1, 12), "exists: false"),
    ("contact.x: {}", "E0162", (1, 12), "operators"),
    ("contact.x: []", "E0162", (1, 12), "add a value"),
    (
        "contact.x: { between: [ 1 ] }",
        "E0104",
        (1, 23),
        "[ 10, 20 ]",
    ),
    (
        "contact.x: { same_as: y }",
        "E0163",
        (1, 23),
        "a path begins with",
    ),
    ("any: { a: 1 }", "E0104", (1, 6), "- "),
    ("any: []", "E0162", (1, 6), "add a condition"),
    ("[ { contact.x: 1 } ]", "E0100", (1, 1), "contact.country"),
    ("{}", "E0162", (1, 1), "leave the condition out"),
    ("now: {}", "E0162", (1, 6), "before"),
    (
        "did: { event: a, evnt: b }",
        "E0108",
        (1, 18),
        "did you mean `event`?",
    ),
    ("did: { where: { a: 1 } }", "E0101", (1, 6), "event"),
    ("did: { event: a, sum: b }", "E0101", (1, 6), "at_least"),
    (
        "did: { event: a, at_least: 0 }",
        "E0167",
        (1, 28),
        "from 1 on",
    ),
    (
        "did: { event: a, within: 1 day, at_most: 50 }",
        "E0167",
        (1, 42),
        "0 to 49",
    ),
    (
        "did: { event: a, at_least: 3, at_most: 2 }",
        "E0167",
        (1, 40),
        "swap",
    ),
    (
        "did: { event: a, where: { b: { same_as: contact.b } } }",
        "E0166",
        (1, 25),
        "counted",
    ),
    (
        "did: { event: a, where: { b: { within: 1 day } } }",
        "E0166",
        (1, 25),
        "counted",
    ),
    ("subscribed: news/fax", "E0165", (1, 13), "offers/sms"),
    ("in_segment: VIP", "E0105", (1, 13), "lower-case"),
    ("not: contact.x", "E0100", (1, 6), "contact.country"),
];

#[test]
fn every_fault_has_a_code_a_place_and_advice() {
    for (text, code, place, help) in FAULTS {
        let found = faults(text);
        let (found_code, line, column, advice) = found.first().unwrap();
        assert_eq!((*found_code, (*line, *column)), (code, place), "{text}");
        assert!(advice.contains(help), "{text}: {advice}");
    }
}

#[test]
fn all_faults_of_a_condition_are_found_in_one_run() {
    let found = faults("{ contact.x: { gte: a, lte: b }, cliked: c, not: {} }");
    let codes: Vec<&str> = found.iter().map(|(code, ..)| *code).collect();
    assert_eq!(codes, ["E0165", "E0165", "E0108", "E0162"]);
}

#[test]
fn depth_and_size_have_limits() {
    let deep = format!("{}contact.x: 1{}", "{ not: ".repeat(20), " }".repeat(20));
    let deep = deep.replacen("contact.x: 1", "{ contact.x: 1 }", 1);
    assert_eq!(faults(&deep).first().map(|f| f.0), Some("E0160"));
    let wide = format!("contact.x: [ {} ]", "a, ".repeat(NODES_MAX + 50));
    let found = faults(&wide);
    assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), ["E0161"]);
    let long = format!("contact.x: {}", "a".repeat(2000));
    assert_eq!(faults(&long).first().map(|f| f.0), Some("E0161"));
    let pattern = format!("contact.x: {{ matches: \"{}\" }}", "(a{100}){100}");
    assert_eq!(faults(&pattern).first().map(|f| f.0), Some("E0165"));
}

const EXAMPLES: [&str; 12] = [
    "{ contact.interests: running }",
    "{ clicked: [ running-guide, cycling-guide, quiz ] }",
    "{ not: { contact.lifecycle: [ opportunity, customer ] } }",
    "{ score.engagement: { gte: 50 } }",
    "{ now: { before: vars.webinar_at } }",
    "{ did: { event: webinar_attended, where: { webinar: spring-2027 } } }",
    "{ subscribed: offers/sms }",
    "{ subscribed: news, contact.created_at: { older_than: 60 days }, \
      not: { did: { event: any_activity, within: 60 days } }, \
      any: [ { did: { event: order_completed, at_least: 1 } }, { did: { event: message_clicked, at_least: 2 } } ] }",
    "{ contact.email: { ends_with: .edu } }",
    "{ contact.at: { between: [ 2027-01-01, 2027-03-18 16:00 Europe/Berlin ] } }",
    "{ contact.country: \"NO\", contact.zip: \"01234\", contact.phone: \"+4915550001111\" }",
    "{ any: [ { all: [ { contact.a: 1 }, { contact.a: 2 } ] }, { in_list: vips } ] }",
];

#[test]
fn the_examples_of_the_language_are_in_canonical_form() {
    for text in EXAMPLES {
        assert_eq!(to_yaml(&condition(text)), text);
    }
}

#[test]
fn a_condition_survives_storing() {
    for text in EXAMPLES {
        let read = condition(text);
        let json = serde_json::to_string(&read).unwrap();
        assert_eq!(
            serde_json::from_str::<Condition>(&json).unwrap(),
            read,
            "{text}"
        );
        let packed = rmp_serde::to_vec_named(&read).unwrap();
        assert_eq!(
            rmp_serde::from_slice::<Condition>(&packed).unwrap(),
            read,
            "{text}"
        );
    }
    let json = serde_json::to_string(&condition("contact.x: { matches: ^a }")).unwrap();
    let damaged = json.replace("^a", "(");
    assert!(serde_json::from_str::<Condition>(&damaged).is_err());
}

#[test]
fn what_a_condition_reads_is_known() {
    let all = "{ contact.address.city: { same_as: trigger.city }, data.crm.stage: x, vars.a: 1, score.e: 1, \
        did: { event: bought, where: { sku: 1 }, sum: total, at_least: 1, since: contact.since }, \
        clicked: [ a, b ], in_segment: s, in_list: l, in_journey: j, subscribed: news }";
    let reads = reads(&condition(all));
    let sets = [
        (&reads.attributes, "address since"),
        (&reads.vars, "a"),
        (&reads.scores, "e"),
        (&reads.events, "bought"),
        (&reads.messages, "a b"),
        (&reads.segments, "s"),
        (&reads.lists, "l"),
        (&reads.journeys, "j"),
    ];
    for (set, expected) in sets {
        let found: Vec<&str> = set.iter().map(String::as_str).collect();
        assert_eq!(found.join(" "), expected);
    }
    let paths = [
        (&reads.trigger, "city"),
        (&reads.data, "crm.stage"),
        (&reads.properties, "sku total"),
    ];
    for (set, expected) in paths {
        let found: Vec<String> = set.iter().map(Path::dotted).collect();
        assert_eq!(found.join(" "), expected);
    }
    assert_eq!(reads.topics.len(), 1);
    assert!(!reads.is_timed);
    assert!(super::reads(&condition("contact.x: { within: 1 day }")).is_timed);
    assert!(super::reads(&condition("now: { after: 2027-01-01 }")).is_timed);
}
