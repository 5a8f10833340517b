//! The graph that a journey compiles to.

use std::fmt::Write as _;

use super::*;
use crate::release::{Admission, Goto, IfPast, JourneyPath, OnError, Step, StepIx, Then, Verb};

/// The graph in one line a step: index, id, verb, where it leads.
fn graph(journey: &Journey) -> String {
    let mut text = String::new();
    for (index, step) in journey.steps.iter().enumerate() {
        let next = step
            .next
            .map_or("end".to_owned(), |next| name(journey, next));
        let _ = write!(text, "{index:>2} {} {}", step.id, verb(step));
        if let Verb::Wait {
            if_past: IfPast::Goto(to),
            ..
        } = &step.verb
        {
            let _ = write!(text, " past->{}", name(journey, *to));
        }
        if let OnError::Steps(to) = &step.on_error {
            let _ = write!(text, " error->{}", name(journey, *to));
        }
        let _ = writeln!(text, " next->{next}");
        for path in paths(step) {
            let _ = writeln!(text, "     {}", way(journey, path));
        }
    }
    for exit in &journey.exits {
        let _ = writeln!(text, "exit {}", way(journey, exit));
    }
    text
}

fn name(journey: &Journey, index: StepIx) -> String {
    journey.step(index).unwrap().id.clone()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other verbs lead nowhere"
)]
fn verb(step: &Step) -> String {
    match &step.verb {
        Verb::Message(message) => format!("{} {}", message.channel.name(), message.template),
        Verb::Wait { wait, .. } => format!("wait {wait}"),
        Verb::WaitUntil { .. } => "wait_until".to_owned(),
        Verb::Branch { .. } => "branch".to_owned(),
        Verb::Split { salt, .. } => format!("split {salt}"),
        Verb::Goto(Goto { step, max }) => format!("goto {} max {max:?}", step.0),
        other => {
            let text = format!("{other:?}").to_lowercase();
            text.split([' ', '(']).next().unwrap().to_owned()
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other verbs hold no paths"
)]
fn paths(step: &Step) -> &[JourneyPath] {
    match &step.verb {
        Verb::WaitUntil { paths } | Verb::Branch { paths } | Verb::Split { paths, .. } => paths,
        _ => &[],
    }
}

fn way(journey: &Journey, path: &JourneyPath) -> String {
    let by = match &path.admission {
        Admission::If(condition) => crate::condition::to_yaml(condition),
        Admission::Event(on) => format!("event {}", on.event),
        Admission::After(wait) => format!("after {wait}"),
        Admission::Weight { share, .. } => share.to_string(),
        Admission::Else => "else".to_owned(),
    };
    let to = match path.then {
        Then::Below => "below".to_owned(),
        Then::Steps(first) => name(journey, first),
        Then::Goto(goto) => format!("goto {}", name(journey, goto.step)),
    };
    format!("{}: {by} -> {to}", path.id)
}

#[test]
fn the_journeys_of_the_language_read_without_a_fault() {
    for (id, text) in WHOLE {
        let read = super::super::read(&format!("journeys/{id}.yaml"), text);
        assert_eq!(read.faults, [], "{id}");
        let journey = read.value.unwrap();
        insta::assert_snapshot!(id, graph(&journey));
        let json = serde_json::to_string(&journey).unwrap();
        assert_eq!(
            serde_json::from_str::<Journey>(&json).unwrap(),
            journey,
            "{id}"
        );
        let packed = rmp_serde::to_vec_named(&journey).unwrap();
        assert_eq!(
            rmp_serde::from_slice::<Journey>(&packed).unwrap(),
            journey,
            "{id}"
        );
    }
}

#[test]
fn gotos_and_errors_are_wired() {
    let text = with_steps(&[
        "{ id: ask, email: ask }",
        "{ id: answer, wait_until: [ { path: yes-please, event: answered, goto: thanks }, { path: late, after: 1 day, goto: ask, max: 2 } ] }",
        "{ id: sorry, email: sorry, on_error: [ { id: tell, alert: sales }, { id: back, goto: ask, max: 1 } ] }",
        "{ id: thanks, email: thanks }",
        "{ id: over, exit: done }",
    ]);
    insta::assert_snapshot!("gotos", graph(&read(&text)));
}
