use super::*;
use crate::definitions::tests::shown;

fn score(file: &str, text: &str) -> Score {
    let read = read(file, text);
    assert_eq!(read.faults, []);
    read.value.unwrap()
}

#[test]
fn a_score_reads_as_written() {
    let text = include_str!("../tests/shop/scores/engagement.yaml");
    let score = score("scores/engagement.yaml", text);
    assert_eq!((score.min, score.max), (0, 100));
    assert_eq!(score.half_life, Span::parse("30 days").ok());
    let points: Vec<i32> = score.rules.iter().map(|rule| rule.points).collect();
    assert_eq!(points, [5, 10, 20, -30]);
    let threshold = score.thresholds.first().unwrap();
    assert_eq!(
        (threshold.at, threshold.rearm_below, threshold.emit.as_str()),
        (50, 35, "lead_qualified")
    );
}

#[test]
fn what_is_not_said_has_its_default() {
    let score = score(
        "scores/a.yaml",
        "score: a\nthresholds: [ { id: hot, at: 80, emit: got_hot } ]\n",
    );
    assert_eq!(
        (score.title.as_str(), score.min, score.max, score.half_life),
        ("a", 0, 100, None)
    );
    assert_eq!(
        score
            .thresholds
            .first()
            .map(|threshold| threshold.rearm_below),
        Some(80)
    );
    let range = |range: &str| {
        let score = self::score("scores/a.yaml", &format!("score: a\nrange: {range}\n"));
        (score.min, score.max)
    };
    assert_eq!(
        [range("-50-50"), range("-50--10"), range("0 - 10")],
        [(-50, 50), (-50, -10), (0, 10)]
    );
}

#[test]
fn every_fault_says_where_and_what_to_do() {
    let mut all = String::new();
    for lines in [
        "range: 100-0",
        "range: 100",
        "decay: 30 days",
        "decay: { half_life: 30d }",
        "rules: [ { id: a, points: 5 } ]",
        "rules: [ { id: a, event: x, if: { contact.a: 1 }, points: 5 } ]",
        "rules: [ { id: a, event: x, points: 0 } ]",
        "rules: [ { id: a, event: x, points: many } ]",
        "rules: [ { id: a, event: x, points: 5, within: 7 days } ]",
        "rules: [ { id: a, event: x, points: 5, max: 3 } ]",
        "rules: [ { id: a, event: x, points: -5, max: 15 } ]",
        "rules: [ { id: a, if: { contact.a: 1 }, points: 5, max: 15 } ]",
        "rules: [ { id: a, if: { score.b: { gte: 5 } }, points: 5 } ]",
        "rules: [ { id: a, event: x, points: 5 }, { id: a, event: y, points: 5 } ]",
        "rules: [ { id: a, event: \"x!\", points: 5 } ]",
        "thresholds: [ { id: a, at: 200, emit: x } ]",
        "thresholds: [ { id: a, at: 0, emit: x } ]",
        "thresholds: [ { id: a, at: 50, rearm_below: 60, emit: x } ]",
        "thresholds: [ { id: a, at: 50 } ]",
        "thresholds: [ { id: a, at: 50, emit: message_opened } ]",
        "levels: []",
    ] {
        let text = format!("score: a\n{lines}\n");
        all.push_str(&shown(
            &text,
            &read("scores/a.yaml", &text).faults,
            "score: a\n",
        ));
    }
    let many = "  - { id: a, event: x, points: 1 }\n".repeat(201);
    let text = format!("score: a\nrules:\n{many}");
    let faults = read("scores/a.yaml", &text).faults;
    all.push_str(&shown("(201 rules)", &faults, ""));
    insta::assert_snapshot!(all);
}
