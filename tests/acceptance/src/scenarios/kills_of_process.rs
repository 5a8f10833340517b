//! The one process of the embedded mode, killed again and again.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use serde_json::Value;

use super::ledger::{Ledger, Sends};
use crate::Scenario;
use crate::case::{Case, PATIENCE_SECS, STEPS, traces};
use crate::client::Contact;
use crate::wait::Deadline;

pub const CROWD: Scenario = (
    "a_killed_process_loses_no_event_and_doubles_no_message",
    crowd,
);

const CROWD_SIZE: usize = 30;
const GROUP_SIZE: usize = 10;
/// How long the process lives between the kills of a group: each at another moment of its work. Three are fewer than it takes
/// for a message to be given up as poison, which is at the fifth time that its reader dies.
const LIVES: [[Duration; 3]; 3] = [
    [millis(60), millis(300), millis(150)],
    [millis(450), millis(90), millis(200)],
    [millis(120), millis(700), millis(30)],
];

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn crowd(case: &Case) -> Result<()> {
    let crowd = case.crowd(CROWD_SIZE);
    // Started before the first life is measured.
    case.client()?;
    for (group, lives) in crowd.chunks(GROUP_SIZE).zip(LIVES) {
        kill_among(case, group, &lives)?;
    }
    let witness = case.contact("Witness");
    kill_after_acceptance(case, &witness)?;
    kill_in_waits(case, &crowd)?;
    let (mut accepted, mut unknown) = (0, 0);
    for contact in &crowd {
        let sends = count(case, contact)?;
        accepted += sends.accepted;
        unknown += sends.unknown;
    }
    ensure!(
        accepted + unknown == crowd.len() * STEPS.len(),
        "{accepted} + {unknown} sends"
    );
    let sends = count(case, &witness)?;
    ensure!(
        sends.accepted == STEPS.len(),
        "expected three mails, got {sends:?}"
    );
    eprintln!("process killed: {accepted} mails accepted, {unknown} sends unknown");
    Ok(())
}

/// Counts the sends of a contact, once its run has ended.
fn count(case: &Case, contact: &Contact) -> Result<Sends> {
    let traced = case.end_of_run(contact)?;
    Ledger::read(&case.client()?)?.count(contact, &traced, &STEPS)
}

/// Kills while a group comes in, one by one, from a client that repeats what was not answered; then lets the queues run empty.
fn kill_among(case: &Case, group: &[Contact], lives: &[Duration]) -> Result<()> {
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| group.iter().try_for_each(|contact| post(case, contact)));
        for life in lives {
            std::thread::sleep(*life);
            case.stack().crash()?;
        }
        let posted = posting.join();
        posted.unwrap_or_else(|_| Err(anyhow!("the poster panicked")))
    })?;
    let client = case.client()?;
    Deadline::secs(PATIENCE_SECS).until("nothing left on the queues", || {
        let queues = client.show("/_wend/queues")?;
        let is_empty = |name: &str| queues[name].as_array().is_none_or(Vec::is_empty);
        Ok(["inputs", "dispatch", "dispatch-bulk", "feedback"]
            .into_iter()
            .all(is_empty)
            .then_some(()))
    })
}

/// What any client does: the same request again until it is answered.
fn post(case: &Case, contact: &Contact) -> Result<()> {
    let what = format!("an answer to the events of {}", contact.user);
    Deadline::secs(PATIENCE_SECS).until(&what, || {
        let client = case.client()?;
        Ok(client.accept(&[contact.sign_up_as_whole()]).ok())
    })
}

/// The provider takes the mail and does not answer; the process dies waiting.
fn kill_after_acceptance(case: &Case, contact: &Contact) -> Result<()> {
    let client = case.client()?;
    client.act("/_wend/ses/hang?secs=60&count=100", &[])?;
    client.start(contact)?;
    case.mail(contact, "hello")?;
    case.stack().crash()
}

/// The waits are under way, on the queue and in the due index.
fn kill_in_waits(case: &Case, crowd: &[Contact]) -> Result<()> {
    for contact in crowd {
        let waits = |rows: &[Value]| traces(rows).any(|trace| trace.get("waits").is_some());
        case.rows(contact, "the first wait", waits)?;
    }
    case.stack().crash()
}
