//! A visitor of the starter pack's shop who buys first and says later who they are.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::Scenario;
use crate::case::{Case, named, traces};
use crate::wait::Deadline;

pub const BECOMES_SOMEBODY: Scenario = ("a_visitor_becomes_somebody", becomes_somebody);

/// The message that the visitor's run has asked for, to nobody's address, goes out once, to the person; name, run and points are
/// the person's.
fn becomes_somebody(case: &Case) -> Result<()> {
    let client = case.client()?;
    let vera = case.contact("Vera");
    let device = format!("{}-device", vera.user);
    let named_so = json!({ "first_name": vera.first_name });
    client.accept(&[
        json!({ "type": "identify", "anonymousId": device, "traits": named_so }),
        json!({ "type": "page", "anonymousId": device, "properties": pricing() }),
        json!({ "type": "track", "anonymousId": device, "event": "order_completed", "properties": order("o1") }),
    ])?;
    Deadline::secs(60).until("the visitor's run", || {
        let rows = client.rows_of("anonymous", &device)?;
        let is_asked = traces(&rows).any(|trace| trace["send_requested"]["step"] == "thanks");
        Ok(is_asked.then_some(()))
    })?;
    client.accept(&[json!({
        "type": "identify", "userId": vera.user, "anonymousId": device, "traits": { "email": vera.email },
    })])?;
    let thanks = case.mail(&vera, "thanks")?;
    ensure!(
        thanks.text.contains(&vera.first_name),
        "the visitor's name is lost: {}",
        thanks.text
    );
    client.accept(&[
        json!({ "type": "page", "userId": vera.user, "properties": pricing() }),
        json!({ "type": "track", "userId": vera.user, "event": "order_completed", "properties": order("o2") }),
    ])?;
    let has_ended = |rows: &[Value]| traces(rows).any(|trace| trace.get("ended").is_some());
    let rows = case.rows(&vera, "the goal", has_ended)?;
    let traced: Vec<Value> = traces(&rows).cloned().collect();
    let seen = |name| named(&traced, name);
    ensure!(seen("merged").len() == 1, "not merged once: {traced:?}");
    let ends: Vec<_> = seen("ended").iter().map(|end| &end["reason"]).collect();
    ensure!(ends == ["goal"], "expected the goal, got {ends:?}");
    // Half of what was collected is gone after 30 days, which are half an hour here.
    let points = seen("scored");
    let points: Vec<_> = points
        .iter()
        .filter_map(|score| score["value"].as_i64())
        .collect();
    ensure!(
        matches!(points[..], [20, 36..=40]),
        "what the visitor looked at does not count: {traced:?}"
    );
    case.ensure_mails(&vera, &["thanks"])?;
    Ok(())
}

fn pricing() -> Value {
    json!({ "path": "/pricing" })
}

fn order(id: &str) -> Value {
    json!({ "order_id": id, "total": 40 })
}
