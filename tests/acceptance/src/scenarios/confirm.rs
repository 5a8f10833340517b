//! A double opt-in: one mail asks, looking confirms nothing, the button lets the first journey begin.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use super::unsubscribe::{forged_as, path};
use crate::Scenario;
use crate::case::{Case, named, traces};

pub const DOUBLE: Scenario = ("nothing_but_the_question_goes_out_before_the_click", double);

fn double(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    // `news` is a topic with a double opt-in.
    client.accept(&[ana.identify()])?;
    let asked = case.mail(&ana, "please-confirm")?;
    let mut links = asked.html.split('"');
    let link = links.find(|link| link.contains("/y/"));
    let path = path(link.context("no link to confirm by")?, &client)?;
    for method in [Method::GET, Method::HEAD] {
        let looked = client.call(&method, &path, &[], &[])?;
        ensure!(looked.status == 200, "expected a page, got {looked:?}");
        let has_button = looked.body.contains("<form method=\"post\">");
        ensure!(
            has_button || method == Method::HEAD,
            "no button: {looked:?}"
        );
    }
    forged_as(&client, &path, b"")?;
    let traced = client.traces(&ana.user)?;
    let entered = named(&traced, "entered");
    let journeys: Vec<_> = entered.iter().map(|entered| &entered["journey"]).collect();
    ensure!(
        journeys == [&json!("confirm-subscription")],
        "expected nothing but the question, got {journeys:?}"
    );
    for _ in 0..2 {
        let clicked = client.call(&Method::POST, &path, &[], &[])?;
        ensure!(
            clicked.status == 200 && clicked.body.contains("Your subscription is confirmed"),
            "expected a confirmation, got {clicked:?}"
        );
    }
    let welcomed = |rows: &[Value]| {
        let is_welcome = |trace: &&Value| trace["entered"]["journey"] == json!("welcome");
        traces(rows).filter(is_welcome).count() == 1
    };
    case.rows(&ana, "one entry into the welcome journey", welcomed)?;
    Ok(())
}
