//! What a failed line says about why.

use super::*;

const TRIAL: &str = "journey: welcome\ntopic: news\ntriggers: [ { event: trial_started } ]\nsteps:\n  \
    - id: size\n    branch:\n      - path: big\n        if: { subscribed: offers }\n        \
    steps: [ { id: call, email: hi } ]\n      - path: others\n        \
    steps: [ { id: nudge, email: trial-nudge } ]\n  - { id: pause, wait: 2 days at 09:00 }\n  - { id: tips, email: hi }\n";

const ASLEEP: &str = "journey: onboarding\ntopic: news\nstate: draft\ntriggers: [ { event: trial_started } ]\n\
    steps: [ { id: intro, email: hi } ]\n";

const TRIALS: &str = "scenarios: welcome\njourneys: [ welcome ]\nstart: Mon 2027-03-01 18:00 Europe/Berlin\n\
    contacts:\n  ana: { email: ana@example.com, first_name: Ana, subscribed: [ news ] }\n\
    cases:\n  - case: one\n    timeline:\n";

fn trials(project: &str) -> Fixture {
    let nudge = HI.replace("template: hi", "template: trial-nudge");
    let files = vec![
        file("wend.yaml", project),
        file("journeys/welcome.yaml", TRIAL),
        file("journeys/onboarding.yaml", ASLEEP),
        file("templates/hi.md", HI),
        file("templates/trial-nudge.md", &nudge),
    ];
    let definitions = read_all(&files).unwrap_or_else(|faults| panic!("{faults:#?}"));
    Fixture { files, definitions }
}

/// The lines of the only case that did not happen, or have no effect.
fn told(head: &str, timeline: &[&str]) -> Vec<String> {
    let (_, reports) = trials(PROJECT).reports(&format!("{head}{}", lines(timeline)));
    let differences = reports[0].differences.iter();
    let told = differences.filter(|difference| difference.kind != DifferenceKind::Unexpected);
    told.map(ToString::to_string).collect()
}

#[test]
fn a_sleeping_journey_is_never_spoken_of() {
    let begun = "at: Mon 18:10, track: trial_started";
    let other = "at: Mon 18:10, alerted: sales";
    let expected = ["- { at: Mon 18:10, alerted: sales }"];
    assert_eq!(told(TRIALS, &[begun, other]), expected);
    // Without `journeys`, a line is about the journey whose step it names.
    let all = TRIALS.replace("journeys: [ welcome ]\n", "");
    assert_eq!(told(&all, &[begun, other]), expected);
}

#[test]
fn a_step_that_is_not_there_is_told_with_what_is_meant() {
    for (step, note) in [
        ("nuge", "there is no step `nuge`; did you mean `nudge`?"),
        ("zebra", "there is no step `zebra`"),
        (
            "trial-nudge",
            "`trial-nudge` is a template, its step is `nudge`",
        ),
        (
            "intro",
            "step `intro` is of `onboarding`, which is not under test",
        ),
    ] {
        let sent = format!("at: Mon 18:10, sent: {step}");
        let expected = format!("- {{ {sent} }}   # {note}");
        let timeline = ["at: Mon 18:10, track: trial_started", sent.as_str()];
        assert_eq!(told(TRIALS, &timeline), [expected]);
    }
}

#[test]
fn a_step_on_another_path_is_told_with_the_path_that_was_taken() {
    let timeline = [
        "at: Mon 18:10, track: trial_started",
        "at: Mon 18:10, sent: call",
    ];
    let expected = "- { at: Mon 18:10, sent: call }   # path `others` was taken at `size`";
    assert_eq!(told(TRIALS, &timeline), [expected]);
}

#[test]
fn a_run_that_is_not_over_is_told_with_its_step() {
    let timeline = [
        "at: Mon 18:10, track: trial_started",
        "at: Tue 18:10, ended: goal",
    ];
    let expected = "- { at: Tue 18:10, ended: goal }   # the run stood at `pause`";
    assert_eq!(told(TRIALS, &timeline), [expected]);
}

#[test]
fn an_event_that_nobody_knows_is_remarked_upon_where_a_case_fails() {
    let timeline = [
        "at: Mon 18:10, track: trial_strated",
        "at: Mon 18:10, sent: nudge",
    ];
    let expected = [
        "- { at: Mon 18:10, sent: nudge }",
        "? { at: Mon 18:10, track: trial_strated }   # no journey under test listens to it, nor is it in the tracking plan; \
         did you mean `trial_started`?",
    ];
    assert_eq!(told(TRIALS, &timeline), expected);
    assert_eq!(told(TRIALS, &timeline[..1]), [""; 0]);
}

#[test]
fn a_message_that_was_held_says_until_when_and_why() {
    let project = format!("{PROJECT}sending: {{ quiet_hours: {{ email: 18:00-08:00 }} }}\n");
    let timeline = lines(&[
        "at: Mon 18:10, track: trial_started",
        "at: Mon 18:10, sent: nudge",
    ]);
    let (_, reports) = trials(&project).reports(&format!("{TRIALS}{timeline}"));
    assert_eq!(
        reports[0].differences[0].to_string(),
        "- { at: Mon 18:10, sent: nudge }   # held until Tue 08:00: quiet_hours"
    );
}
