//! What is done in a case, compared with the tracking plan.

use wend_core::definitions::Severity;

use super::*;

const PLAN: &str = "events: { order_completed: { total: money } }\naliases: { Order Completed: order_completed }\n\
    attributes: { tier: { type: text } }\n";

/// Severity, code, line and help of what a project with these lines says of these lines of a case.
fn told(project: &str, timeline: &[&str]) -> Vec<(Severity, &'static str, usize, String)> {
    let mut fixture = fixture(|_| {});
    fixture.files[0].text.push_str(project);
    fixture.definitions = wend_core::definitions::check_all(&fixture.files).definitions;
    let text = format!("{HEAD}  - case: one\n    timeline:\n{}", lines(timeline));
    let found = check(
        fixture.project(),
        "scenarios/welcome.yaml",
        &scenarios(&text),
    );
    let told = found.into_iter();
    told.map(|fault| {
        (
            fault.severity,
            fault.code,
            fault.at.line,
            fault.help.unwrap_or_default(),
        )
    })
    .collect()
}

fn expected(
    severity: Severity,
    code: &'static str,
    help: &str,
) -> (Severity, &'static str, usize, String) {
    (severity, code, 8, help.to_owned())
}

#[test]
fn an_event_that_the_plan_does_not_have_is_told_once() {
    let slip = "at: 18:10, track: order_complted";
    let meant = "did you mean `order_completed`?";
    let warned = [expected(Severity::Warning, "W0107", meant)];
    assert_eq!(told(PLAN, &[slip, slip]), warned);
    let refuse = format!("{PLAN}unknown_events: refuse\n");
    let refused = [expected(Severity::Error, "E0226", meant)];
    assert_eq!(told(&refuse, &[slip]), refused);
    let other = "if the name is right, declare it: wend events declare \"x y\"";
    let other = [expected(Severity::Warning, "W0107", other)];
    assert_eq!(told(PLAN, &["at: 18:10, track: x y"]), other);
}

#[test]
fn what_the_plan_or_a_journey_has_is_not_told() {
    let known = [
        "at: 18:10, track: order_completed",
        "at: 18:10, track: Order Completed",
        "at: 18:10, page: /pricing",
        // Its journey is warned of it.
        "at: 18:10, track: signed_up",
    ];
    assert_eq!(told(PLAN, &known), []);
    let unknown = [
        "at: 18:10, track: x",
        "at: 18:10, identify: { anything: 1 }",
    ];
    assert_eq!(told("", &unknown), [], "without a plan");
    let publish = "at: 18:05, publish: { journeys/other.yaml: null }";
    assert_eq!(told(PLAN, &[publish, unknown[0]]), [], "it may be declared");
    let accept = format!("{PLAN}unknown_events: accept\n");
    assert_eq!(told(&accept, &unknown[..1]), []);
}

#[test]
fn an_attribute_that_nothing_knows_is_told() {
    let known = "at: 18:10, identify: { tier: gold, email: ana@example.com, timezone: UTC, subscribed: [ news ] }";
    assert_eq!(told(PLAN, &[known]), []);
    let slip = [expected(Severity::Warning, "W0227", "did you mean `tier`?")];
    assert_eq!(told(PLAN, &["at: 18:10, identify: { teir: gold }"]), slip);
    assert_eq!(told(PLAN, &["at: 18:10, import: { teir: gold }"]), slip);
    let other =
        "if the name is right, declare it in wend.yaml:\nattributes:\n  shoe_size: { type: text }";
    let other = [expected(Severity::Warning, "W0227", other)];
    assert_eq!(
        told(PLAN, &["at: 18:10, identify: { shoe_size: 44 }"]),
        other
    );
}
