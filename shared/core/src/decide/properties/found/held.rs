//! Messages that were given back.

use super::*;

/// The message that was given back for six hours, and the stage on which that took place.
fn given_back(exits: Vec<JourneyPath>) -> (Stage, SendRequest) {
    let mut two = journey(vec![on("a")], vec![mail("s0", Some(1)), mail("s1", None)]);
    two.exits = exits;
    let mut stage = Stage::new(two);
    let request = sends(&stage.track("a")).remove(0);
    assert_eq!(sends(&stage.gives_back(&request, 6)), []);
    (stage, request)
}

fn steps(asked: &[SendRequest]) -> Vec<&str> {
    asked.iter().map(|request| request.step.as_str()).collect()
}

/// A copy of the request had passed the gate before the others were given back. The decision that heard of its end asked for the
/// message once more; `dispatch` told of the same end, found the decision's row applied, and was asked again, without end.
///
/// And the message after it took its id: its end was there already, so it was never sent and the run stood still.
#[test]
fn the_end_of_a_message_that_was_given_back_asks_for_the_next_one_alone() {
    // Before the hold is over, and at the moment at which the run asks again.
    for hours in [1, 7] {
        let (mut stage, request) = given_back(Vec::new());
        let asked = sends(&stage.advance(hours).accepted(&request));
        assert_eq!(steps(&asked), ["s1"], "after {hours} hours");
        assert_ne!(asked[0].send, request.send, "after {hours} hours");
    }
}

#[test]
fn a_run_that_leaves_what_it_holds_asks_for_another_message() {
    let then = Then::Goto(Goto {
        step: StepIx(1),
        max: None,
    });
    let exit = JourneyPath {
        id: "out".to_owned(),
        admission: Admission::If(rule("did: b")),
        then,
    };
    let (mut stage, request) = given_back(vec![exit]);
    let asked = sends(&stage.advance(1).track("b"));
    // The last one is put before the gate once more, so that the ledger has an end for it.
    assert_eq!(steps(&asked), ["s1", "s0"]);
    assert_ne!(asked[0].send, request.send);
    assert_eq!(asked[1].send, request.send);
}
