//! A sent mail is shown again: to whoever operates the stack with `wend show`, to its reader as a page of the web.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use super::unsubscribe::path;
use crate::Scenario;
use crate::case::Case;
use crate::client::{Client, Mail};
use crate::stack::{scratch, wend};

pub const SHOWN: Scenario = ("a_sent_mail_is_shown_again_byte_for_byte", shown);

fn shown(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    client.start(&ana)?;
    let mail = case.mail(&ana, "hello")?;
    let copy = copy_of(&client, &mail)?;
    ensure!(copy["to"] == json!(ana.email), "{copy}");
    let said = &copy["said"]["Mail"];
    ensure!(said["text"] == json!(mail.text), "the text: {said}");
    ensure!(said["html"] == json!(mail.html), "the HTML: {said}");
    ensure!(said["headers"] == headers(&mail), "the headers: {said}");
    command_line(case, &client, &mail)?;
    page(&client, &mail)?;
    // Nobody hears of it, and it is no open.
    let rows = client.rows(&ana.user)?;
    let mut told = rows.iter().map(|row| &row["input"]["feedback"]["kind"]);
    ensure!(told.all(|kind| kind != "opened"), "it counts as an open");
    Ok(())
}

fn copy_of(client: &Client, mail: &Mail) -> Result<Value> {
    let send = mail.tag("wend_send");
    let mut shown = client.show(&format!("/_wend/copies?send={send}"))?;
    let mut nobodys = client.show(&format!("/_wend/copies?send={}", "0".repeat(32)))?;
    ensure!(nobodys.take().is_null(), "a send that is none has a copy");
    Ok(shown["copy"].take())
}

/// The headers of the request that the provider got, as a mail has them. The inbox leaves out where answers go.
fn headers(mail: &Mail) -> Value {
    let mut headers = vec![
        json!(["From", mail.from]),
        json!(["Reply-To", "care@mail.example.com"]),
        json!(["Subject", mail.subject]),
    ];
    headers.extend(mail.headers.iter().map(|header| json!(header)));
    json!(headers)
}

/// `wend show` writes the parts as they are.
fn command_line(case: &Case, client: &Client, mail: &Mail) -> Result<()> {
    let folder = scratch().join(format!("{}-shown", case.stack().name()));
    let send = mail.tag("wend_send");
    let mut show = Command::new(wend()?);
    show.args(["show", send, "--dev", &client.address.url, "--out"]);
    let output = show.arg(&folder).output().context("cannot start wend")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{output:?}");
    ensure!(said.contains(&format!("To: {}\n", mail.to[0])), "{said}");
    for (ending, part) in [("txt", &mail.text), ("html", &mail.html)] {
        let file = fs::read(folder.join(format!("{send}.{ending}")))?;
        ensure!(file == part.as_bytes(), "{send}.{ending} differs");
    }
    Ok(())
}

/// The link in the mail shows its HTML, unless a character of it was changed.
fn page(client: &Client, mail: &Mail) -> Result<()> {
    let mut links = mail.html.split('"');
    let link = links.find(|link| link.contains("/w/"));
    let path = path(link.context("no link to the page")?, client)?;
    let page = client.call(&Method::GET, &path, &[], &[])?;
    ensure!(
        page.status == 200 && page.body == mail.html,
        "expected the mail, got {page:?}"
    );
    let policy = page.header("content-security-policy");
    ensure!(policy.contains("sandbox"), "{policy:?}");
    let head = client.call(&Method::HEAD, &path, &[], &[])?;
    ensure!(head.status == 200 && head.body.is_empty(), "{head:?}");
    for place in [4, path.len() / 2, path.len() - 2] {
        let (before, after) = path.split_at(place);
        let other = if after.starts_with('A') { "B" } else { "A" };
        let forged = format!("{before}{other}{}", after.get(1..).unwrap_or_default());
        let answer = client.call(&Method::GET, &forged, &[], &[])?;
        ensure!(
            answer.status == 404 && answer.body.contains("This link is not complete"),
            "expected 404 to {forged}, got {answer:?}"
        );
    }
    Ok(())
}
