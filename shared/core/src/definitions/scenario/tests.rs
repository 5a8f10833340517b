use serde_json::json;

use super::*;
use crate::phrase::{ClockTime, Span};

const HEAD: &str = "scenarios: cart\nstart: Mon 2027-03-01 18:00 Europe/Berlin\n\
    contacts:\n  ana: { email: ana@example.com, phone: \"+4955\", zip: 01234, age: 30, subscribed: [ offers, offers/sms ] }\n";

fn with(lines: &str) -> String {
    format!("{HEAD}cases:\n  - case: one\n    timeline:\n{lines}")
}

fn case(lines: &str) -> Case {
    let read = read_scenarios("scenarios/cart.yaml", &with(lines));
    read.unwrap_or_else(|faults| panic!("{faults:#?}"))
        .cases
        .remove(0)
}

fn faults(text: &str) -> Vec<(&'static str, usize, String)> {
    let found = read_scenarios("scenarios/cart.yaml", text).unwrap_err();
    found
        .into_iter()
        .map(|fault| (fault.code, fault.at.line, fault.help.unwrap_or_default()))
        .collect()
}

fn times(lines: &[&str]) -> Vec<String> {
    let lines: Vec<String> = lines
        .iter()
        .map(|at| format!("      - {{ at: {at}, track: x }}\n"))
        .collect();
    let timeline = case(&lines.concat()).timeline;
    timeline.iter().map(|line| line.at.to_string()).collect()
}

#[test]
fn times_go_on_from_the_line_before() {
    let found = times(&[
        "Mon 18:10",
        "Mon 18:10",
        "09:00",
        "+40min",
        "+2 days",
        "Mon 18:10",
        "2027-03-28 03:30",
        "Sun 23:00 America/New_York",
    ]);
    let expected = [
        "2027-03-01T17:10:00Z",
        "2027-03-01T17:10:00Z",
        "2027-03-02T08:00:00Z",
        "2027-03-02T08:40:00Z",
        "2027-03-04T08:40:00Z",
        "2027-03-08T17:10:00Z",
        "2027-03-28T01:30:00Z",
        "2027-03-29T03:00:00Z",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_time_is_written_as_short_as_it_can_be_read() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let at = |text| Timestamp::parse(text).unwrap();
    let before = at("2027-03-01T17:00:00Z");
    for (then, expected) in [
        ("2027-03-01T17:00:30Z", "Mon 18:00"),
        ("2027-03-01T16:59:00Z", "2027-03-01 17:59"),
        ("2027-03-08T16:59:00Z", "Mon 17:59"),
        ("2027-03-08T17:00:00Z", "2027-03-08 18:00"),
    ] {
        assert_eq!(Moment::write(at(then), before, &zone), expected);
    }
}

#[test]
fn a_contact_keeps_its_texts_and_lives_where_the_case_begins() {
    let case = case(
        "      - { at: 18:00, track: x, with: { a: 95, b: NO, c: true, d: \"95\", e: [ 1.5, x ], f: } }\n",
    );
    let ana = &case.contacts["ana"];
    let traits = json!({"email": "ana@example.com", "phone": "+4955", "zip": "01234", "age": 30, "timezone": "Europe/Berlin"});
    assert_eq!(Value::Object(ana.traits.clone()), traits);
    let topics: Vec<String> = ana
        .subscribed
        .iter()
        .map(|topic| topic.name.to_string())
        .collect();
    assert_eq!(topics, ["offers", "offers/sms"]);
    let What::Done(Done::Track { with, .. }) = &case.timeline[0].what else {
        panic!("{:?}", case.timeline)
    };
    let expected = json!({"a": 95, "b": "NO", "c": true, "d": "95", "e": [1.5, "x"], "f": null});
    assert_eq!(Value::Object(with.clone()), expected);
}

#[test]
fn a_case_says_instead_or_besides_what_the_file_says() {
    let text = format!(
        "{HEAD}who: ana\ncases:\n  - case: one\n    start: 2027-06-01 08:00 UTC\n    draw: {{ offer: ten, holdout: true }}\n    \
         contacts: {{ ana: {{ age: 31 }}, ben: {{ created_at: 2020-01-01 }} }}\n    \
         answers: {{ crm: {{ id: 7 }} }}\n    fails: [ other ]\n    empty: [ pool ]\n    \
         timeline:\n      - {{ at: 08:00, who: ben, is: {{ step: a, enrolled: 1, score.e: 20, contact.x: null, in_segment: s }} }}\n"
    );
    let case = read_scenarios("scenarios/cart.yaml", &text)
        .unwrap()
        .cases
        .remove(0);
    assert_eq!(case.contacts["ana"].traits["age"], json!(31));
    assert_eq!(case.contacts["ana"].traits["zip"], json!("01234"));
    assert_eq!(case.contacts["ana"].traits["timezone"], json!("UTC"));
    assert_eq!(
        case.contacts["ben"].created_at.map(|at| at.to_string()),
        Some("2020-01-01T00:00:00Z".into())
    );
    assert_eq!(case.draw["offer"], "ten");
    assert!(case.holdout && case.fails.contains("other") && case.empty.contains("pool"));
    assert_eq!(case.answers["crm"], json!({"id": 7}));
    assert_eq!(case.timeline[0].who, "ben");
    let What::Expected(Expected::Is(checks)) = &case.timeline[0].what else {
        panic!("{:?}", case.timeline)
    };
    let nothing = Check::Contact {
        name: "x".into(),
        is: Value::Null,
    };
    assert_eq!(checks.len(), 5);
    assert_eq!(checks[3], nothing);
}

#[test]
fn every_verb_reads() {
    let lines = [
        "identify: { tier: gold }",
        "import: { tier: gold }",
        "page: /pricing",
        "open: a, by: machine",
        "click: a, link: https://x.example.com",
        "reply: a",
        "bounce: a",
        "complain: a",
        "subscribe: news/sms",
        "unsubscribe: all",
        "unsubscribe: news",
        "publish: { journeys/a.yaml: \"journey: a\" }",
        "pause: a",
        "resume: a, as: shift",
        "enroll: a, with: { x: 1 }",
        "sent: a, contains: [ x, y ], subject: z",
        "held: a, until: Tue 08:00, reason: quiet_hours",
        "skipped: a, reason: not_subscribed",
        "alerted: sales",
        "called: crm, body: { id: 1 }",
        "emitted: lead_qualified",
        "entered: a",
        "ended: support took over, value: 80",
    ];
    let text: Vec<String> = lines
        .iter()
        .map(|line| format!("      - {{ at: 18:00, {line} }}\n"))
        .collect();
    let timeline = case(&text.concat()).timeline;
    assert_eq!(timeline.len(), lines.len());
    let done = timeline
        .iter()
        .filter(|line| matches!(line.what, What::Done(_)));
    assert_eq!(done.count(), 15);
    let held = timeline.iter().find_map(|line| {
        if let What::Expected(Expected::Held { until, .. }) = &line.what {
            *until
        } else {
            None
        }
    });
    assert_eq!(
        held.map(|at| at.to_string()),
        Some("2027-03-02T07:00:00Z".into())
    );
}

#[test]
fn every_fault_is_found_at_its_place() {
    let text = with(
        "      - { at: Mon 18:70, track: x }\n      - { at: Tue 18:00, track: x, sent: y }\n      - { at: Tue 18:00 }\n      \
         - { at: 2027-03-01 10:00, track: x }\n      - { at: Tue 2027-03-08 10:00, track: x }\n      \
         - { at: 18:00, who: bne, track: x }\n      - { at: 18:00, track: x, wiht: {} }\n      - { at: 18:00, is: { stepp: x } }\n      \
         - { at: +1d, track: x }\n      - { at: 18:00, open: a, by: robot }\n      - { at: noon, track: x }\n",
    );
    let found: Vec<_> = faults(&text)
        .into_iter()
        .map(|(code, line, _)| (code, line))
        .collect();
    let codes = [
        "E0123", "E0609", "E0608", "E0605", "E0602", "E0607", "E0108", "E0108", "E0121", "E0106",
        "E0122",
    ];
    let expected: Vec<_> = codes.into_iter().zip(8..).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_key_of_a_line_is_told_what_its_verb_takes() {
    let help = |line: &str| {
        let text = with(&format!("      - {{ at: 18:00, {line} }}\n"));
        let found = read_scenarios("scenarios/cart.yaml", &text).unwrap_err();
        let unknown = found.into_iter().find(|fault| fault.code == "E0108");
        unknown.and_then(|fault| fault.help).unwrap()
    };
    assert_eq!(
        help("track: x, colour: blue"),
        "a line with `track` takes: at, who, with, occurred"
    );
    assert_eq!(
        help("sent: a, colour: blue"),
        "a line with `sent` takes: at, who, subject, contains"
    );
    assert!(help("colour: blue").ends_with("subject, contains, reason, until, body, value, text"));
}

#[test]
fn a_start_is_a_day_a_time_and_a_zone_and_its_weekday_is_right() {
    for (start, code) in [
        ("Tue 2027-03-01 18:00 Europe/Berlin", "E0602"),
        ("2027-03-01 18:00", "E0603"),
        ("Mon 18:00 Europe/Berlin", "E0603"),
        ("2027-03-01 18:00 Berlin", "E0124"),
    ] {
        let text = with("").replace("Mon 2027-03-01 18:00 Europe/Berlin", start);
        let text = text.replace("timeline:\n", "timeline: []\n");
        assert_eq!(faults(&text)[0].0, code, "{start}");
    }
    let other =
        with("      - { at: 18:00, track: x }\n").replace("scenarios: cart", "scenarios: crat");
    assert_eq!(faults(&other)[0].0, "E0107");
    assert!(
        Moment::parse("+2 days").is_ok_and(|m| m == Moment::After(Span::parse("2 days").unwrap()))
    );
    assert!(ClockTime::parse("18:00").is_ok());
}

#[test]
fn what_is_told_late_happened_at_the_last_such_time() {
    let case = case(
        "      - { at: Wed 10:00, track: x, occurred: Tue 09:00 }\n      \
         - { at: Wed 10:00, identify: { a: 1 }, occurred: 11:00 }\n",
    );
    let times = case.timeline.iter().map(|line| {
        let What::Done(Done::Track { occurred_at, .. } | Done::Identify { occurred_at, .. }) =
            &line.what
        else {
            panic!("{line:?}")
        };
        occurred_at.unwrap().to_string()
    });
    let times: Vec<String> = times.collect();
    assert_eq!(times, ["2027-03-02T08:00:00Z", "2027-03-02T10:00:00Z"]);
    let early = with("      - { at: Mon 18:00, track: x, occurred: 2027-03-02 10:00 }\n");
    assert_eq!(faults(&early)[0].0, "E0605");
}

#[test]
fn a_file_that_is_published_as_null_is_deleted() {
    let case = case("      - { at: 18:00, publish: { a.yaml: null, b.yaml: text } }\n");
    let What::Done(Done::Publish(files)) = &case.timeline[0].what else {
        panic!("{:?}", case.timeline)
    };
    let expected = [("a.yaml", None), ("b.yaml", Some("text"))];
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_deref()))
        .collect();
    assert_eq!(files, expected);
}

#[test]
fn a_wrong_name_at_the_top_is_told_once_and_at_its_place() {
    let text = "scenarios: a\nstart: Mon 2027-03-01 18:00 Europe/Berlin\nwho: anna\ncontacts:\n  \
        ana: { email: ana@example.com }\n  ben: { email: ben@example.com }\ncases:\n  - case: one\n    timeline:\n      \
        - { at: 18:00, track: x }\n      - { at: 18:01, track: x }\n  - case: two\n    timeline:\n      - { at: 18:00, track: x }\n";
    let faults = read_scenarios("scenarios/a.yaml", text).unwrap_err();
    let [fault] = faults.as_slice() else {
        panic!("{faults:#?}")
    };
    assert_eq!(
        (fault.code, fault.at.line, fault.at.column),
        ("E0607", 3, 6)
    );
}
