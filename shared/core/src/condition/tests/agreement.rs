//! Random conditions in random worlds: a second, naive evaluator must agree, and time must do what was said.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::draw::{conditions, test, times_near, values, worlds};
use super::naive::naive;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_naive_evaluator_agrees(condition in conditions(), world in worlds()) {
        let verdict = evaluate(&condition, &world);
        prop_assert_eq!(verdict.holds, naive(&condition, &world), "{}", to_yaml(&condition));
    }

    #[test]
    fn a_naive_evaluator_agrees_on_each_test(
        tests in vec(test(), 24),
        value in values(),
        time in times_near(),
        world in worlds(),
    ) {
        for value in [value, time] {
            let world = world.clone().with("contact.a", value.clone());
            for test in &tests {
                let path = "contact.a".parse().unwrap();
                let tests = vec![test.clone()];
                let leaf = Condition::Leaf(Leaf::Value { path, tests });
                let verdict = evaluate(&leaf, &world);
                let expected = naive(&leaf, &world);
                prop_assert_eq!(verdict.holds, expected, "{} of {}", to_yaml(&leaf), value);
                let Some(turn) = verdict.changes_at else { continue };
                let later = evaluate(&leaf, &world.clone().at(turn));
                prop_assert_eq!(later.holds, !expected, "{} at {}", to_yaml(&leaf), turn);
            }
        }
    }

    #[test]
    fn what_can_never_hold_does_not(condition in conditions(), world in worlds()) {
        if let Some(why) = contradiction(&condition) {
            prop_assert!(!evaluate(&condition, &world).holds, "{}: {}", to_yaml(&condition), why);
        }
    }

    #[test]
    fn tests_that_exclude_each_other_pass_nothing(
        tests in vec(test(), 1..4),
        values in vec(values(), 20),
        times in vec(times_near(), 20),
        world in worlds(),
    ) {
        let path: Path = "contact.a".parse().unwrap();
        let leaf = Condition::Leaf(Leaf::Value { path, tests });
        if contradiction(&leaf).is_some() {
            for value in values.into_iter().chain(times) {
                let world = world.clone().with("contact.a", value.clone());
                prop_assert!(!evaluate(&leaf, &world).holds, "{} of {}", to_yaml(&leaf), value);
            }
        }
    }

    #[test]
    fn until_it_changes_only_time_passes(
        condition in conditions(),
        world in worlds(),
        share in 0.0..1.0_f64,
    ) {
        let verdict = evaluate(&condition, &world);
        prop_assert!(verdict.changes_at.is_none_or(|at| at > world.now));
        let now = world.now;
        let end = verdict.changes_at.unwrap_or(now.plus(Duration::from_hours(24 * 365)));
        let last = end.minus(Duration::from_millis(1));
        let between = now.plus(last.since(now).mul_f64(share));
        for moment in [between, last] {
            let later = evaluate(&condition, &world.clone().at(moment));
            prop_assert_eq!(later.holds, verdict.holds, "at {}: {}", moment, to_yaml(&condition));
        }
    }

    #[test]
    fn what_is_printed_reads_back(condition in conditions()) {
        let text = to_yaml(&condition);
        let back = read("c.yaml", &text);
        prop_assert_eq!(back.as_ref(), Ok(&condition), "{}", text);
        let packed = rmp_serde::to_vec_named(&condition).unwrap();
        prop_assert_eq!(rmp_serde::from_slice::<Condition>(&packed).unwrap(), condition);
    }

    #[test]
    fn any_literal_survives_printing(literal in "\\PC{1,20}", control in "[\\x00-\\x20\\u{85}\\u{a0}\\u{2028}\\u{feff}ab\"]{0,6}") {
        let literal = format!("{literal}{control}");
        prop_assume!(!literal.trim().is_empty());
        let tests = vec![Test::Is(literal)];
        let path = "contact.a".parse().unwrap();
        let condition = Condition::Leaf(Leaf::Value { path, tests });
        let text = to_yaml(&condition);
        let back = read("c.yaml", &text);
        prop_assert_eq!(back, Ok(condition), "{}", text);
    }

    #[test]
    fn any_text_is_a_condition_or_has_faults_with_places(text in ".{0,120}") {
        check_any(&text)?;
    }

    #[test]
    fn any_words_of_the_language_are_a_condition_or_have_faults_with_places(
        words in vec(select(WORDS.to_vec()), 1..14),
    ) {
        check_any(&words.concat())?;
    }

    #[test]
    fn any_literal_and_any_value_can_be_compared(
        literal in "\\PC{1,12}",
        value in "\\PC{0,12}",
        test in 0..8_usize,
    ) {
        let keys = ["is", "is_not", "gt", "contains", "starts_with", "ends_with", "matches", "before"];
        let key = keys[test];
        let path = "contact.a".parse().unwrap();
        let tests = vec![Test::Is(literal)];
        let quoted = to_yaml(&Condition::Leaf(Leaf::Value { path, tests }));
        let text = quoted.replacen("contact.a: ", &format!("contact.a: {{ {key}: "), 1) + " }";
        if let Ok(condition) = read("c.yaml", &text) {
            let world = Known::nothing().with("contact.a", json!(value));
            evaluate(&condition, &world);
        }
    }
}

const WORDS: [&str; 26] = [
    "contact.x",
    "trigger.y",
    "all",
    "any",
    "not",
    "did",
    "now",
    "where",
    "event",
    "between",
    "within",
    "before",
    "matches",
    "exists",
    ": ",
    ": ",
    ": ",
    "{ ",
    " }",
    "[ ",
    " ]",
    ", ",
    "2027-03-10",
    "3 days",
    "20",
    "\n",
];

fn check_any(text: &str) -> Result<(), TestCaseError> {
    match read("c.yaml", text) {
        Ok(condition) => {
            evaluate(&condition, &ana());
            let printed = to_yaml(&condition);
            let back = read("c.yaml", &printed);
            prop_assert_eq!(back, Ok(condition), "{}", printed);
        }
        Err(faults) => {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(fault.at.line > 0 && fault.at.column > 0, "{:?}", fault);
            }
        }
    }
    Ok(())
}
