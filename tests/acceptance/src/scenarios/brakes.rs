//! Too many mails come back: marketing is held with a reason that `wend brakes` tells, and goes on when somebody has lifted that.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::Scenario;
use crate::case::{Case, PATIENCE_SECS, traces};
use crate::client::{Client, Contact};
use crate::stack::{wend, workspace};
use crate::wait::Deadline;

pub const BOUNCES: Scenario = ("bounces_hold_marketing_until_it_is_lifted", bounces);

/// More than say anything of a share, with those that a sandbox has not told.
const READERS: usize = 310;
/// More than 5 % of them.
const BOUNCED: usize = 18;
/// As many as one request may have.
const REQUEST: usize = 50;
/// A brake is seen, and seen to be lifted, within ten seconds.
const IN_FORCE: Duration = Duration::from_secs(11);

fn bounces(case: &Case) -> Result<()> {
    let client = case.client()?;
    let readers = case.crowd(READERS);
    for some in readers.chunks(REQUEST) {
        let calls: Vec<Value> = some.iter().map(Contact::sign_up_as_whole).collect();
        client.accept(&calls)?;
    }
    let count = Deadline::secs(PATIENCE_SECS);
    count.until("a mail to every reader", || {
        Ok((client.mails()?.len() >= READERS).then_some(()))
    })?;
    for number in 1..=BOUNCED {
        let path = format!("/m/{number}/happens");
        let told = client.call(&Method::POST, &path, &[], b"what=bounce")?;
        ensure!(told.status == 303, "{told:?}");
    }
    let brakes = |arguments: &[&str]| brakes(&client, arguments);
    let told = Deadline::secs(PATIENCE_SECS).until("two brakes", || {
        let told = brakes(&[])?;
        Ok((told.lines().count() == 2).then_some(told))
    })?;
    for (line, what) in told
        .lines()
        .zip(["all marketing mail", "marketing mail of series"])
    {
        let is_right = line.starts_with(&format!("{what} is held since "))
            && line.ends_with(" mails came back for good");
        ensure!(is_right, "{told}");
    }

    std::thread::sleep(IN_FORCE);
    let late = case.contact("Late");
    let order = json!({
        "type": "track", "userId": late.user, "event": "ordered", "messageId": format!("{}-order", late.user),
    });
    client.accept(&[late.sign_up_as_whole(), order])?;
    case.mail(&late, "receipt")?;
    let is_held = |rows: &[Value]| {
        rows.iter()
            .any(|row| row["input"]["held"]["why"] == "brake")
    };
    case.rows(&late, "a message that the brake holds", is_held)?;
    case.ensure_mails(&late, &["receipt"])?;

    for arguments in [&["--lift"][..], &["series", "--lift"]] {
        let told = brakes(arguments)?;
        ensure!(told.starts_with("Lifted: "), "{told}");
    }
    let told = brakes(&[])?;
    ensure!(told == "Nothing is held.\n", "{told}");
    std::thread::sleep(IN_FORCE);
    let next = case.contact("Next");
    client.accept(&[next.sign_up_as_whole()])?;
    case.mail(&next, "hello")?;
    let rows = client.rows(&late.user)?;
    let has_ended = traces(&rows).any(|trace| trace["ended"]["journey"] == "series");
    ensure!(!has_ended, "who was held waits still");
    Ok(())
}

/// What `wend brakes` says.
fn brakes(client: &Client, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(wend()?);
    let command = command.arg("brakes").args(arguments);
    let command = command.args(["--dev", &client.address.url]);
    let output = command.current_dir(workspace()).output();
    let output = output.context("`wend` does not start")?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?)
}
