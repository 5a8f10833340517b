//! Functions that are killed while they work, on the local AWS.

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;

use super::ledger::count;
use crate::Scenario;
use crate::case::{Case, STEPS, named};
use crate::client::{Client, Contact};

pub const CROWD: Scenario = (
    "killed_functions_lose_no_event_and_double_no_message",
    crowd,
);
pub const WITNESS: Scenario = ("with_the_providers_evidence_nothing_is_missing", witness);
pub const SILENT: Scenario = (
    "without_evidence_what_was_submitted_is_a_listed_unknown",
    silent,
);

const CROWD_SIZE: usize = 30;
const FUNCTIONS: [&str; 2] = ["EvaluateFunction", "DispatchFunction"];
/// A batch takes about as long, so that most are hit.
const KILL_PERIOD: Duration = Duration::from_millis(120);
/// A killed function's messages come back after half a minute: a second burst hits some of them again. Never so often that
/// they are given up as poison, which is at the fifth time.
const BURSTS: [(Duration, Duration); 2] = [
    (Duration::ZERO, Duration::from_secs(6)),
    (Duration::from_secs(30), Duration::from_secs(4)),
];

/// Whom the kills have hit.
#[derive(Debug)]
struct Hit {
    silent: Contact,
    witness: Contact,
    crowd: Vec<Contact>,
}

/// Kills, once for all three scenarios, because a kill knows no scenario.
fn hit(case: &Case) -> Result<&'static Hit> {
    static HIT: OnceLock<Result<Hit, String>> = OnceLock::new();
    let hit = HIT.get_or_init(|| kill_all(case).map_err(|error| format!("{error:#}")));
    let hit = hit.as_ref().map_err(|error| anyhow!("{error}"))?;
    for contact in hit.crowd.iter().chain([&hit.silent, &hit.witness]) {
        case.watch(contact);
    }
    Ok(hit)
}

fn kill_all(case: &Case) -> Result<Hit> {
    let client = case.client()?;
    client.act("/_wend/ses/events?enabled=false", &[])?;
    let silent = silenced(case, &client)?;
    client.act("/_wend/ses/events?enabled=true", &[])?;
    let witness = case.contact("Witness");
    kill_after_acceptance(case, &client, &witness)?;
    let crowd = case.crowd(CROWD_SIZE);
    kill_among(&client, &crowd)?;
    Ok(Hit {
        silent,
        witness,
        crowd,
    })
}

/// Somebody whose first mail was taken without anybody hearing of it.
fn silenced(case: &Case, client: &Client) -> Result<Contact> {
    const TRIES: usize = 3;
    for number in 1..=TRIES {
        let contact = case.contact(&format!("Silent{number}"));
        kill_after_acceptance(case, client, &contact)?;
        let mail = case.mail(&contact, "hello")?;
        let sends = client.sends()?;
        let state = sends.get(mail.tag("wend_send")).unwrap_or(&Value::Null);
        // On a busy machine the call may have given up before the kill.
        if state.get("submitting").is_some() {
            return Ok(contact);
        }
        eprintln!("{} was killed too late: {state}", contact.user);
    }
    bail!("dispatch was never killed between acceptance and settling")
}

/// The provider takes the first mail and does not answer; `dispatch` dies waiting.
fn kill_after_acceptance(case: &Case, client: &Client, contact: &Contact) -> Result<()> {
    client.act("/_wend/ses/hang?secs=60&count=100", &[])?;
    client.start(contact)?;
    case.mail(contact, "hello")?;
    let killed = client.act("/_wend/kill?function=DispatchFunction", &[])?;
    client.act("/_wend/ses/hang?secs=0&count=0", &[])?;
    let count = killed["killed"].as_array().map_or(0, Vec::len);
    ensure!(
        count > 0,
        "no dispatch process was killed for {}",
        contact.user
    );
    Ok(())
}

/// Kills both functions again and again while the crowd comes in, and once more when the hidden messages come back.
fn kill_among(client: &Client, crowd: &[Contact]) -> Result<()> {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| {
            let mut parts = crowd.chunks(2);
            parts.try_for_each(|contacts| {
                let calls = contacts.iter().map(Contact::sign_up_as_whole);
                client.accept(&calls.collect::<Vec<Value>>())
            })
        });
        for (from, length) in BURSTS {
            std::thread::sleep((begin + from).saturating_duration_since(Instant::now()));
            let end = Instant::now() + length;
            while Instant::now() < end {
                for function in FUNCTIONS {
                    client.act(&format!("/_wend/kill?function={function}"), &[])?;
                    std::thread::sleep(KILL_PERIOD);
                }
            }
        }
        let posted = posting.join();
        posted.unwrap_or_else(|_| Err(anyhow!("the poster panicked")))
    })
}

fn crowd(case: &Case) -> Result<()> {
    let hit = hit(case)?;
    let (mut accepted, mut unknown) = (0, 0);
    for contact in &hit.crowd {
        let sends = count(case, contact, true)?;
        accepted += sends.accepted;
        unknown += sends.unknown;
    }
    ensure!(
        accepted + unknown == hit.crowd.len() * STEPS.len(),
        "{accepted} + {unknown} sends"
    );
    ensure_interrupted(case)?;
    eprintln!("functions killed: {accepted} mails accepted, {unknown} sends unknown");
    Ok(())
}

/// A kill of an idle process proves nothing: the emulator must have lost batches of both functions.
fn ensure_interrupted(case: &Case) -> Result<()> {
    let log = fs::read_to_string(case.stack().emulator_log()).context("no emulator log")?;
    for function in FUNCTIONS {
        let is_lost =
            |line: &&str| line.contains("failed processing SQS batch") && line.contains(function);
        let lost = log.lines().filter(is_lost).count();
        ensure!(lost > 0, "no batch of {function} was interrupted");
        eprintln!("functions killed: {lost} batches of {function} were interrupted");
    }
    Ok(())
}

fn witness(case: &Case) -> Result<()> {
    let hit = hit(case)?;
    let sends = count(case, &hit.witness, true)?;
    ensure!(
        sends.accepted == STEPS.len(),
        "expected three mails, got {sends:?}"
    );
    case.ensure_mails(&hit.witness, &STEPS)?;
    Ok(())
}

fn silent(case: &Case) -> Result<()> {
    let hit = hit(case)?;
    let client = case.client()?;
    // Assumed to be sent: the run goes on.
    case.mail(&hit.silent, "tips")?;
    let traced = client.traces(&hit.silent.user)?;
    let ended = named(&traced, "send_ended");
    let hello = ended.first().context("the first send did not end")?;
    ensure!(
        hello["outcome"] == "unknown",
        "expected an unknown send, got {hello}"
    );
    let state = &client.sends()?[hello["send"].as_str().unwrap_or_default()];
    let listed = &state["final"]["outcome"];
    ensure!(
        *listed == "unknown",
        "expected it listed as unknown, got {state}"
    );
    case.ensure_mails(&hit.silent, &["hello", "tips"])?;
    Ok(())
}
