//! What people do with a mail reaches their run: a click takes its path, an unsubscribe ends it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use super::cart::{end, leave_cart};
use crate::Scenario;
use crate::case::{Case, named, traces};
use crate::client::{Client, Mail};

pub const CLICK_AND_LEAVE: Scenario = ("a_click_takes_its_path_and_a_no_ends_the_run", reacts);

/// What a click needs to be a person's.
const PERSON: &[(&str, &str)] = &[(
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
)];
/// A click sooner after the mail was written is a machine's.
const READS: Duration = Duration::from_millis(2500);
const MULTIPART: &[(&str, &str)] = &[("content-type", "multipart/form-data; boundary=b")];
const CLICK: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";

fn reacts(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    leave_cart(case, &ana, "+4915550001004", "silver")?;
    let reminder = case.mail(&ana, "reminder")?;
    picture(&reminder, &client)?;
    std::thread::sleep(READS);
    follow(&reminder, &client)?;
    let has_reacted =
        |rows: &[Value]| traces(rows).any(|trace| trace["path_taken"]["path"] == "clicked");
    let rows = case.rows(&ana, "the path of the click", has_reacted)?;
    let clicks: Vec<&Value> = rows
        .iter()
        .map(|row| &row["input"]["feedback"])
        .filter(|feedback| feedback["kind"] == "clicked")
        .collect();
    ensure!(
        clicks.len() == 1 && clicks[0]["is_machine"] == json!(false),
        "expected one click of a person, got {clicks:?}"
    );
    let path = path(
        reminder.header("List-Unsubscribe").trim_matches(['<', '>']),
        &client,
    )?;
    let answer = client.call(&Method::POST, &path, MULTIPART, CLICK)?;
    ensure!(
        answer.status == 200,
        "expected a confirmation, got {answer:?}"
    );
    let reason = end(case, &ana)?;
    ensure!(reason == json!("unsubscribed"), "the run ended as {reason}");
    let traced = client.traces(&ana.user)?;
    let asked = named(&traced, "send_requested");
    let steps: Vec<&Value> = asked.iter().map(|asked| &asked["step"]).collect();
    ensure!(steps == ["reminder"], "expected one message, got {steps:?}");
    Ok(())
}

/// The first link of the mail leads to its product, with the project's parameters, and nowhere else.
fn follow(mail: &Mail, client: &Client) -> Result<()> {
    let path = path(&link(mail, "/c/")?, client)?;
    let asked = format!("{path}?url=https://evil.example");
    let answer = client.call(&Method::GET, &asked, PERSON, &[])?;
    let target = answer.header("location");
    let expected = "https://shop.example.com/p/1?utm_source=wend&utm_medium=email\
        &utm_campaign=abandoned-cart&utm_content=reminder";
    ensure!(
        answer.status == 302 && target == expected,
        "expected 302 to {expected}, got {answer:?}"
    );
    let forged = format!("{path}A");
    let answer = client.call(&Method::GET, &forged, PERSON, &[])?;
    ensure!(
        answer.status == 404 && answer.header("location").is_empty(),
        "expected 404, got {answer:?}"
    );
    Ok(())
}

/// The mail has a picture that tells of opens.
fn picture(mail: &Mail, client: &Client) -> Result<()> {
    let path = path(&link(mail, "/o/")?, client)?;
    let answer = client.call(&Method::HEAD, &path, PERSON, &[])?;
    ensure!(
        answer.status == 200 && answer.header("content-type") == "image/gif",
        "expected a picture, got {answer:?}"
    );
    Ok(())
}

/// The first address of a mail's page that leads to `kind`.
fn link(mail: &Mail, kind: &str) -> Result<String> {
    let mut values = mail.html.split('"');
    let link = values.find(|value| value.starts_with("http") && value.contains(kind));
    Ok(link
        .with_context(|| format!("no {kind} in {}", mail.html))?
        .to_owned())
}

fn path(link: &str, client: &Client) -> Result<String> {
    let path = link.strip_prefix(&client.address.url);
    Ok(path
        .with_context(|| format!("not a link to us: {link}"))?
        .to_owned())
}
