//! Goals, while a run lives and after it.

use super::*;

/// What goals were worth, in their currencies.
fn goals(trace: &[Trace]) -> Vec<(Option<&str>, Option<&str>)> {
    let goals = trace.iter().filter_map(|line| {
        let Trace::GoalReached {
            value, currency, ..
        } = line
        else {
            return None;
        };
        Some((value.as_deref(), currency.as_deref()))
    });
    goals.collect()
}

const DAY: u64 = 86_400;

fn with_goal(rest: &str) -> World {
    World::new(&format!(
        "journey: welcome\nstate: live\ntriggers: [ {{ event: signed_up }} ]\n\
         goal: {{ event: ordered, within: 7 days, value: total, currency: EUR }}\n{rest}"
    ))
}

#[test]
fn goal_after_the_run_ended_counts_within_the_window_and_once() {
    let mut world = with_goal("steps: [ { id: pause, wait: 1 day } ]\n");
    world.track("signed_up");
    world.advance(DAY);
    let due_at = world.contact.as_ref().unwrap().due_at.unwrap();
    assert_eq!(
        ends(&world.wake(due_at).row.unwrap().trace),
        [EndReason::Completed]
    );
    // An order from before the run is none of its conversions, though it comes when the run is over.
    let early = world.tells("ordered", json!({"total": 10}), json!({}), DAY + 60);
    assert_eq!(goals(&early), []);
    world.advance(DAY);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 0);
    assert_eq!(goals(&order), [(Some("80"), Some("EUR"))]);
    let second = world.tells("ordered", json!({"total": 20}), json!({}), 0);
    assert_eq!(goals(&second), []);
}

#[test]
fn goal_after_the_run_ended_does_not_count_beyond_the_window() {
    let mut world = with_goal("steps: [ { id: leave, exit: bye } ]\n");
    world.track("signed_up");
    world.advance(7 * DAY + 1);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 0);
    assert_eq!(goals(&order), []);
}

#[test]
fn goal_after_the_run_ended_may_be_told_after_the_window() {
    let mut world = with_goal("steps: [ { id: leave, exit: bye } ]\n");
    world.track("signed_up");
    world.advance(7 * DAY + 60);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 120);
    assert_eq!(goals(&order), [(Some("80"), Some("EUR"))]);
}

#[test]
fn currencies_are_kept_apart_and_a_refund_is_negative() {
    for (total, expected) in [
        (json!({"amount": 80, "currency": "USD"}), ("80", "USD")),
        (json!("19.5"), ("19.5", "EUR")),
        (json!(-80), ("-80", "EUR")),
    ] {
        let mut world = with_goal("steps: [ { id: pause, wait: 1 day } ]\n");
        world.track("signed_up");
        world.advance(60);
        let order = world.tells("ordered", json!({ "total": total }), json!({}), 0);
        assert_eq!(goals(&order), [(Some(expected.0), Some(expected.1))]);
    }
}

#[test]
fn a_goal_on_the_steps_of_an_exit_counts_and_the_exit_stays_the_end() {
    let mut world = with_goal(
        "exits:\n  - path: gone\n    event: left\n    steps: [ { id: rest, wait: 1 day } ]\n\
         steps: [ { id: pause, wait: 3 days } ]\n",
    );
    world.track("signed_up");
    world.advance(60).track("left");
    world.advance(60);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 0);
    assert_eq!(goals(&order), [(Some("80"), Some("EUR"))]);
    assert_eq!(ends(&order), []);
    world.advance(DAY);
    let due_at = world.contact.as_ref().unwrap().due_at.unwrap();
    let end = world.wake(due_at).row.unwrap().trace;
    assert_eq!(ends(&end), [EndReason::Exit("gone".into())]);
}

#[test]
fn a_goal_comes_before_an_exit_that_the_same_input_opens() {
    let mut world = with_goal(
        "exits: [ { path: customer, if: { contact.lifecycle: customer } } ]\n\
         steps: [ { id: pause, wait: 3 days } ]\n",
    );
    world.track("signed_up");
    world.advance(60);
    let order = world.tells(
        "ordered",
        json!({"total": 80}),
        json!({"lifecycle": "customer"}),
        0,
    );
    assert_eq!(ends(&order), [EndReason::Goal]);
}
