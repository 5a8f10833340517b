//! The welcome journey, from event to mail.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::Scenario;
use crate::case::{Case, STEPS, named, traces};
use crate::client::Mail;

pub const THREE_MAILS: Scenario = ("three_mails_come_in_order_once_each", three_mails);
pub const FIVE_TIMES: Scenario = ("a_message_id_posted_five_times_is_one_run", five_times);
pub const WRONG_ORDER: Scenario = ("a_newcomer_in_the_wrong_order_gets_the_mail", wrong_order);

fn three_mails(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    client.start(&ana)?;
    case.mail(&ana, "story")?;
    let traced = case.end_of_run(&ana)?;
    let mails = case.ensure_mails(&ana, &STEPS)?;
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    let expected = [
        "Welcome, Ana",
        "Three things to try first",
        "Ana, a story from next door",
    ];
    ensure!(
        subjects == expected,
        "expected {expected:?}, got {subjects:?}"
    );
    let story = mails.last().context("no mail")?;
    ensure!(
        story.text.starts_with("Dear Ana,"),
        "not personal: {}",
        story.text
    );
    for mail in &mails {
        ensure_headers(mail, &client.address.url)?;
        ensure!(
            mail.tag("wend_journey") == "welcome",
            "not tagged: {mail:?}"
        );
        ensure!(
            !mail.tag("wend_permission").is_empty(),
            "not tagged: {mail:?}"
        );
    }
    ensure_one_each(&mails, &client.sends()?)?;
    ensure_waits(&case.rows(&ana, "any", |_| true)?)?;
    let ended: Vec<_> = named(&traced, "ended")
        .iter()
        .map(|end| &end["reason"])
        .collect();
    ensure!(
        ended == ["completed"],
        "expected one completed run, got {ended:?}"
    );
    Ok(())
}

fn ensure_headers(mail: &Mail, url: &str) -> Result<()> {
    let link = mail.header("List-Unsubscribe");
    let is_link = link.starts_with(&format!("<{url}/u/")) && link.ends_with('>');
    ensure!(
        is_link,
        "expected a link to {url}/u/ in List-Unsubscribe, got `{link}`"
    );
    let post = mail.header("List-Unsubscribe-Post");
    ensure!(
        post == "List-Unsubscribe=One-Click",
        "List-Unsubscribe-Post is `{post}`"
    );
    Ok(())
}

/// One contact, three sends, and the ledger has the provider's answer to each.
fn ensure_one_each(mails: &[Mail], sends: &BTreeMap<String, Value>) -> Result<()> {
    let contacts: BTreeSet<_> = mails.iter().map(|mail| mail.tag("wend_contact")).collect();
    ensure!(
        contacts.len() == 1,
        "expected one contact, got {contacts:?}"
    );
    let ids: BTreeSet<_> = mails.iter().map(|mail| mail.tag("wend_send")).collect();
    ensure!(
        ids.len() == mails.len(),
        "expected a send each, got {ids:?}"
    );
    for mail in mails {
        let state = sends.get(mail.tag("wend_send"));
        let state = state.with_context(|| format!("the ledger lacks the send of {mail:?}"))?;
        let accepted = &state["final"]["outcome"]["accepted"]["provider_id"];
        ensure!(
            *accepted == mail.provider_id.as_str(),
            "expected {} in the ledger, got {state}",
            mail.provider_id
        );
    }
    Ok(())
}

/// The waits of the journey were kept, and not by far exceeded.
fn ensure_waits(rows: &[Value]) -> Result<()> {
    const LATE_MAX_MILLIS: i64 = 45_000;
    let times: Vec<i64> = rows
        .iter()
        .filter_map(|row| row["input"]["outcome"]["at"].as_i64())
        .collect();
    let waits: Vec<i64> = times
        .iter()
        .zip(times.iter().skip(1))
        .map(|(from, to)| to - from)
        .collect();
    let is_kept = |(waited, wait): (&i64, i64)| (wait..wait + LATE_MAX_MILLIS).contains(waited);
    let expected = [20_000, 90_000];
    ensure!(
        waits.len() == expected.len() && waits.iter().zip(expected).all(is_kept),
        "expected waits of {expected:?} ms and at most {LATE_MAX_MILLIS} more, got {waits:?}"
    );
    Ok(())
}

fn five_times(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    let sign_up = ana.sign_up();
    client.accept(&[ana.identify()])?;
    for _ in 0..2 {
        let answer = client.post("/v1/track", &sign_up)?;
        answer.is_json(202, &json!({ "accepted": 1 }))?;
    }
    client.accept(&[sign_up.clone(), sign_up.clone()])?;
    client.accept(&[sign_up])?;
    // Twenty seconds later: whatever a copy could have begun has begun.
    case.mail(&ana, "tips")?;
    let rows = client.rows(&ana.user)?;
    let is_sign_up = |row: &&Value| row["input"]["event"]["kind"]["track"] == "signed_up";
    let applied = rows.iter().filter(is_sign_up).count();
    ensure!(
        applied == 1,
        "expected one row of {}, got {applied}",
        ana.user
    );
    let traced: Vec<Value> = traces(&rows).cloned().collect();
    let (entered, refused) = (named(&traced, "entered"), named(&traced, "not_entered"));
    ensure!(
        entered.len() == 1 && refused.is_empty(),
        "expected one entry of {}, got {entered:?} and {refused:?}",
        ana.user
    );
    case.ensure_mails(&ana, &["hello", "tips"])?;
    Ok(())
}

/// A website says what somebody did and who they are in two requests, and the first may win.
fn wrong_order(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    client.accept(&[ana.sign_up()])?;
    let is_applied = |rows: &[Value]| !rows.is_empty();
    let rows = case.rows(&ana, "the sign-up", is_applied)?;
    let traced: Vec<Value> = traces(&rows).cloned().collect();
    ensure!(
        named(&traced, "entered").len() == 1,
        "{} did not enter",
        ana.user
    );
    client.accept(&[ana.identify()])?;
    let mail = case.mail(&ana, "hello")?;
    ensure!(mail.subject == "Welcome, Ana", "got {mail:?}");
    Ok(())
}
