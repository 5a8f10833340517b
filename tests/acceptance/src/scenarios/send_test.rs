//! `wend send-test`: a message in a real inbox, of which nobody hears.

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use ureq::http::Method;

use super::unsubscribe::{CLICK, FORM};
use crate::Scenario;
use crate::case::Case;
use crate::stack::{wend, workspace};

pub const TRIED: Scenario = ("a_test_reaches_who_tries_it_and_nobody_hears_of_it", tried);

fn tried(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    // Somebody whom no journey writes to.
    client.accept(&[ana.identify()])?;
    let rows = case.rows(&ana, "who it is", |rows| !rows.is_empty())?;
    let mut tester = case.contact("Tester");
    tester.email = tester.email.replace("example.com", "example.org");
    let project = workspace().join("infra/demo").display().to_string();
    let url = client.address.url.as_str();
    let asked = [
        "send-test",
        "welcome-hello",
        "--as",
        &ana.user,
        "--to",
        &tester.email,
    ];
    let asked: Vec<&str> = asked
        .into_iter()
        .chain(["--dev", url, "--project", &project])
        .collect();
    let sent = run(&asked)?;
    ensure!(sent.status.success(), "{sent:?}");
    let mails = client.mails_to(&tester)?;
    ensure!(mails.len() == 1, "expected one mail, got {mails:?}");
    ensure!(
        mails[0].subject == "[Test] Welcome, Ana",
        "{}",
        mails[0].subject
    );

    let unsubscribe = format!("<{url}/u/test>");
    ensure!(
        mails[0].header("List-Unsubscribe") == unsubscribe,
        "{mails:?}"
    );
    for (method, body) in [(Method::GET, &b""[..]), (Method::POST, CLICK)] {
        let answer = client.call(&method, "/u/test", FORM, body)?;
        ensure!(
            answer.status == 200 && answer.body.contains("This was a test"),
            "{answer:?}"
        );
    }
    let id = mails[0].tag("wend_call");
    ensure!(
        !id.is_empty() && !client.sends()?.contains_key(id),
        "the ledger knows it"
    );
    let heard = client.rows(&ana.user)?;
    ensure!(heard.len() == rows.len(), "it is in the history: {heard:?}");

    let closed = run(&["suppressions", "add", &tester.email, "--dev", url])?;
    ensure!(closed.status.success(), "{closed:?}");
    let refused = run(&asked)?;
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(
        !refused.status.success() && why.contains("is closed"),
        "{why}"
    );
    let forced: Vec<&str> = asked.into_iter().chain(["--force"]).collect();
    ensure!(run(&forced)?.status.success(), "it cannot be forced");
    ensure!(client.mails_to(&tester)?.len() == 2, "not one more");
    Ok(())
}

fn run(arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(wend()?);
    command
        .args(arguments)
        .output()
        .context("cannot start wend")
}
