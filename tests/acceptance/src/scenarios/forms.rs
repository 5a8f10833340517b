//! Plain HTML forms and the script of web pages, as a browser without scripts and a page ask for them.

use anyhow::{Result, ensure};
use serde_json::json;
use ureq::http::Method;

use super::unsubscribe::FORM;
use crate::Scenario;
use crate::case::Case;

pub const PLAIN_FORM: Scenario = ("a_plain_form_says_who_somebody_is", plain_form);

fn plain_form(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    let post = |form: &str, body: &str| {
        let path = format!("/v1/forms/{form}");
        client.call(&Method::POST, &path, FORM, body.as_bytes())
    };
    let email = ana.email.replace('@', "%40");
    let thanks = post(
        "newsletter",
        &format!("email={email}&first_name=Ana&more=x"),
    )?;
    ensure!(
        thanks.status == 200 && thanks.body.contains("Thank you"),
        "expected a page of thanks, got {thanks:?}"
    );
    let machine = post("newsletter", &format!("email={email}&website=x"))?;
    ensure!(
        machine.status == 200 && machine.body == thanks.body,
        "expected the same answer for a machine, got {machine:?}"
    );
    let wrong = post("newsletter", "email=nowhere")?;
    ensure!(
        wrong.status == 422 && wrong.body.contains("<strong>email</strong>"),
        "expected a page that names the field, got {wrong:?}"
    );
    let none = post("none", "")?;
    ensure!(none.status == 404, "expected 404, got {none:?}");
    let path = format!("/_wend/timeline?email={email}");
    let rows = crate::wait::Deadline::secs(crate::case::PATIENCE_SECS).until("the form", || {
        let shown = client.show(&path)?;
        let rows = shown["rows"].as_array().cloned().unwrap_or_default();
        Ok((!rows.is_empty()).then_some(rows))
    })?;
    let event = &rows[0]["input"]["event"];
    ensure!(
        rows.len() == 1
            && event["kind"] == json!({ "track": "form_submitted" })
            && event["agreement"]["source"] == json!("form/newsletter"),
        "expected one form, got {rows:?}"
    );
    let script = client.call(&Method::GET, "/v1/wend.js", &[], &[])?;
    ensure!(
        script.status == 200
            && script.header("content-type").starts_with("text/javascript")
            && script.header("cache-control").contains("max-age"),
        "expected the script, got {script:?}"
    );
    Ok(())
}
