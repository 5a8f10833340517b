//! The unsubscribe link: looking changes nothing, one click counts at once, a forged one does not.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use ureq::http::Method;

use crate::Scenario;
use crate::case::{Case, named};
use crate::client::Client;

pub const ONE_CLICK: Scenario = ("one_click_stops_the_mails_and_looking_does_not", one_click);

pub const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
pub const CLICK: &[u8] = b"List-Unsubscribe=One-Click";

fn one_click(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    client.start(&ana)?;
    let hello = case.mail(&ana, "hello")?;
    let path = path(hello.header("List-Unsubscribe"), &client)?;
    let shown = client.call(&Method::GET, &path, &[], &[])?;
    ensure!(
        shown.status == 200
            && shown.header("content-type").starts_with("text/html")
            && shown.body.contains("<form method=\"post\">"),
        "expected a page with a form, got {shown:?}"
    );
    let head = client.call(&Method::HEAD, &path, &[], &[])?;
    ensure!(
        head.status == 200 && head.body.is_empty(),
        "expected 200 to HEAD, got {head:?}"
    );
    forged(&client, &path)?;
    // Nothing was written, and nothing was told: the run goes on.
    case.mail(&ana, "tips")?;
    let clicked = client.call(&Method::POST, &path, FORM, CLICK)?;
    ensure!(
        clicked.status == 200 && clicked.body.contains("You are unsubscribed"),
        "expected a confirmation, got {clicked:?}"
    );
    let traced = case.end_of_run(&ana)?;
    let ended = named(&traced, "ended");
    ensure!(
        ended.len() == 1 && ended[0]["reason"] == json!("unsubscribed"),
        "expected the run to end as unsubscribed, got {ended:?}"
    );
    case.ensure_mails(&ana, &["hello", "tips"])?;
    Ok(())
}

/// A link whose any part was changed is no link.
fn forged(client: &Client, path: &str) -> Result<()> {
    forged_as(client, path, CLICK)
}

/// The same for a link that is posted to with `body`.
pub fn forged_as(client: &Client, path: &str, body: &[u8]) -> Result<()> {
    for place in [4, path.len() / 2, path.len() - 2] {
        let (head, tail) = path.split_at(place);
        let other = if tail.starts_with('A') { "B" } else { "A" };
        let forged = format!("{head}{other}{}", tail.get(1..).unwrap_or_default());
        for (method, headers, body) in [(Method::GET, &[][..], &[][..]), (Method::POST, FORM, body)]
        {
            let answer = client.call(&method, &forged, headers, body)?;
            ensure!(
                answer.status == 404 && answer.body.contains("This link is not complete"),
                "expected 404 to {method} {forged}, got {answer:?}"
            );
        }
    }
    Ok(())
}

/// The path of an unsubscribe link.
pub fn path(link: &str, client: &Client) -> Result<String> {
    let link = link.trim_matches(['<', '>']);
    let path = link.strip_prefix(&client.address.url);
    Ok(path
        .with_context(|| format!("not a link to us: {link}"))?
        .to_owned())
}
