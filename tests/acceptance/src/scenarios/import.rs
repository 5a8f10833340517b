//! An import that is killed in the middle and goes on, and suppressions that are there before the first message.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Scenario;
use crate::case::{Case, PATIENCE_SECS, named, traces};
use crate::client::Contact;
use crate::stack::{scratch, wend};
use crate::wait::Deadline;

pub const KILLED: Scenario = (
    "an_import_that_is_killed_goes_on_and_doubles_nobody",
    killed,
);

/// How many there are.
const PEOPLE: usize = 100;
/// The rows of a request, so few that a kill finds the import at work.
const ROWS: &str = "2";
/// The rows that are wrong.
const BAD: usize = 3;

fn killed(case: &Case) -> Result<()> {
    let folder = scratch().join(format!("{}-import", case.stack().name()));
    fs::create_dir_all(&folder).context("cannot create a folder")?;
    let guests: Vec<Contact> = (1..=PEOPLE).map(guest).collect();
    case.watch(&guests[0]);
    let people = people(&folder, &guests)?;
    let stopped = folder.join("endpoints.csv");
    let opted_out = format!(
        "ChannelType,Address,EndpointStatus,OptOut\nEMAIL,{},ACTIVE,NONE\nEMAIL,{},INACTIVE,NONE\n",
        guests[0].email, guests[1].email
    );
    fs::write(&stopped, opted_out)?;
    let url = &case.client()?.address.url;
    let path = stopped.display().to_string();
    let said = run(
        case,
        &[
            "import",
            "suppressions",
            &path,
            "--from",
            "pinpoint",
            "--dev",
            url,
        ],
    )?;
    ensure!(
        said.0 && said.1.contains("1 addresses are closed"),
        "{said:?}"
    );

    let asked = import(case, &people)?;
    let dry: Vec<&str> = asked
        .iter()
        .map(String::as_str)
        .chain(["--dry-run"])
        .collect();
    let (is_whole, said) = run(case, &dry)?;
    ensure!(
        !is_whole && said.contains(&format!("{PEOPLE} of {} rows would be taken", PEOPLE + BAD)),
        "{said}"
    );
    ensure!(
        said.contains("E-mail → email") && said.contains("Nothing starts."),
        "{said}"
    );

    kill_in_the_middle(case, &asked, &people)?;
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let (is_whole, said) = run(case, &asked)?;
    ensure!(!is_whole && said.contains("Goes on behind row"), "{said}");
    ensure!(
        said.contains(&format!("{PEOPLE} of {} rows are taken", PEOPLE + BAD)),
        "{said}"
    );
    let faults = fs::read_to_string(people.with_extension("csv.errors.csv"))?;
    ensure!(faults.lines().count() == 1 + BAD + 1, "{faults}");
    // The same file once more: known, row by row.
    run(case, &asked)?;

    balance(case, &folder, &guests)?;
    first_messages(case, &guests)
}

fn guest(number: usize) -> Contact {
    let user = format!("imported-{number:04}");
    Contact {
        email: format!("{user}@example.com"),
        first_name: format!("Guest{number}"),
        user,
    }
}

fn people(folder: &Path, guests: &[Contact]) -> Result<PathBuf> {
    let mut text = "Customer ID;E-mail;First Name;Signed up\n".to_owned();
    for (index, guest) in guests.iter().enumerate() {
        let Contact {
            user,
            email,
            first_name,
        } = guest;
        // A name that holds a link is no name: the row is taken without it.
        let first_name = if index == 7 {
            "see evil.example"
        } else {
            first_name
        };
        writeln!(text, "{user};{email};{first_name};2025-05-01")?;
    }
    for number in 0..BAD {
        writeln!(text, "bad-{number};nobody@;Bad;2025-05-01")?;
    }
    let file = folder.join("people.csv");
    fs::write(&file, text)?;
    Ok(file)
}

/// The import's command.
fn import(case: &Case, people: &Path) -> Result<Vec<String>> {
    let (people, url) = (people.display().to_string(), case.client()?.address.url);
    let asked = ["import", "contacts", &people, "--to", &url, "--rows", ROWS];
    let consent = [
        "--consent",
        "news=Yes, send me news",
        "--consent-time",
        "Signed up",
    ];
    Ok(asked
        .iter()
        .chain(&consent)
        .map(|word| (*word).to_owned())
        .collect())
}

fn command(case: &Case) -> Result<Command> {
    let mut command = Command::new(wend()?);
    command.env("WEND_SERVER_KEY", case.client()?.address.server_key);
    Ok(command)
}

/// Whether it did all of it, and what it said.
fn run(case: &Case, arguments: &[&str]) -> Result<(bool, String)> {
    let output = command(case)?
        .args(arguments)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !errors.contains("error:"),
        "{arguments:?}: {errors}\n{said}"
    );
    Ok((output.status.success(), said))
}

/// Kills an import at work: some rows are done, others are not.
fn kill_in_the_middle(case: &Case, asked: &[String], people: &Path) -> Result<()> {
    let progress = people.with_extension("csv.progress.json");
    let mut import = command(case)?
        .args(asked)
        .stdout(Stdio::null())
        .spawn()
        .context("the import does not start")?;
    let begun = Deadline::secs(PATIENCE_SECS).until("the first rows", || {
        let text = fs::read_to_string(&progress).ok();
        let done = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        Ok(done
            .and_then(|done| done["rows"].as_u64())
            .filter(|rows| *rows >= 20))
    });
    import.kill().context("the import cannot be killed")?;
    import.wait()?;
    begun?;
    let done: Value = serde_json::from_str(&fs::read_to_string(&progress)?)?;
    let rows = done["rows"].as_u64().unwrap_or_default();
    ensure!(rows < PEOPLE as u64, "it was over before the kill: {done}");
    Ok(())
}

/// Everybody is there once, and nothing has started.
fn balance(case: &Case, folder: &Path, guests: &[Contact]) -> Result<()> {
    let (out, url) = (folder.join("people.jsonl"), case.client()?.address.url);
    let file = out.display().to_string();
    let ours = |line: &str| {
        let row: Value = serde_json::from_str(line).ok()?;
        let is_ours = row["user_id"].as_str()?.starts_with("imported-");
        is_ours.then_some(row)
    };
    let wanted = guests.len();
    Deadline::secs(PATIENCE_SECS).until("all imported contacts", || {
        run(case, &["export", "contacts", "--out", &file, "--dev", &url])?;
        let text = fs::read_to_string(&out)?;
        let users: BTreeSet<String> = text
            .lines()
            .filter_map(ours)
            .map(|row| row["user_id"].to_string())
            .collect();
        Ok((users.len() == wanted).then_some(()))
    })?;
    // What is still in the queue would be doubled now.
    std::thread::sleep(Duration::from_secs(2));
    run(case, &["export", "events", "--out", &file, "--dev", &url])?;
    let text = fs::read_to_string(&out)?;
    let events: Vec<Value> = text.lines().filter_map(ours).collect();
    ensure!(
        events.len() == wanted,
        "{} rows of {wanted} contacts",
        events.len()
    );
    ensure!(
        events.iter().all(|row| row["is_import"] == true),
        "{:?}",
        events.first()
    );
    for guest in [&guests[0], &guests[wanted - 1]] {
        let rows = case.client()?.rows(&guest.user)?;
        let all: Vec<Value> = traces(&rows).cloned().collect();
        ensure!(
            rows.len() == 1 && named(&all, "entered").is_empty(),
            "{rows:?}"
        );
        ensure!(!named(&all, "consent").is_empty(), "{rows:?}");
    }
    Ok(())
}

/// A message goes to who was imported with an opt-in, and not to who was on the other tool's list.
fn first_messages(case: &Case, guests: &[Contact]) -> Result<()> {
    let client = case.client()?;
    client.accept(&[guests[0].sign_up(), guests[1].sign_up()])?;
    case.mail(&guests[0], "hello")?;
    let sends = Deadline::secs(PATIENCE_SECS).until("the skipped message", || {
        let rows = client.rows(&guests[1].user)?;
        let skipped = rows
            .iter()
            .any(|row| row.to_string().contains("suppressed"));
        Ok(skipped.then_some(rows))
    })?;
    ensure!(
        client.look_for_mail(&guests[1], "hello")?.is_none(),
        "{sends:?}"
    );
    Ok(())
}
