//! The one process of the embedded mode, killed again and again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use serde_json::Value;

use super::ledger::count;
use crate::Scenario;
use crate::case::{Case, PATIENCE_SECS, STEPS, traces};
use crate::client::Contact;
use crate::wait::Deadline;

pub const CROWD: Scenario = (
    "a_killed_process_loses_no_event_and_doubles_no_message",
    crowd,
);

const CROWD_SIZE: usize = 30;
/// How long the process lives between two kills: each at another moment of its work.
const LIVES: [Duration; 6] = [
    Duration::from_millis(60),
    Duration::from_millis(150),
    Duration::from_millis(300),
    Duration::from_millis(90),
    Duration::from_millis(450),
    Duration::from_millis(200),
];

fn crowd(case: &Case) -> Result<()> {
    let crowd = case.crowd(CROWD_SIZE);
    // Started before the first life is measured.
    case.client()?;
    kill_among(case, &crowd)?;
    let witness = case.contact("Witness");
    kill_after_acceptance(case, &witness)?;
    kill_in_waits(case, &crowd)?;
    let (mut accepted, mut unknown) = (0, 0);
    for contact in &crowd {
        let sends = count(case, contact, true)?;
        accepted += sends.accepted;
        unknown += sends.unknown;
    }
    ensure!(
        accepted + unknown == crowd.len() * STEPS.len(),
        "{accepted} + {unknown} sends"
    );
    let sends = count(case, &witness, true)?;
    ensure!(
        sends.accepted == STEPS.len(),
        "expected three mails, got {sends:?}"
    );
    eprintln!("process killed: {accepted} mails accepted, {unknown} sends unknown");
    Ok(())
}

/// Kills while the crowd comes in, one by one, from a client that repeats what was not answered; then while they are worked on.
fn kill_among(case: &Case, crowd: &[Contact]) -> Result<()> {
    let is_posted = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| {
            let posted = crowd.iter().try_for_each(|contact| post(case, contact));
            is_posted.store(true, Ordering::Relaxed);
            posted
        });
        let mut after = 0;
        for life in LIVES.iter().cycle() {
            std::thread::sleep(*life);
            case.stack().crash()?;
            after += usize::from(is_posted.load(Ordering::Relaxed));
            if after > LIVES.len() {
                break;
            }
        }
        let posted = posting.join();
        posted.unwrap_or_else(|_| Err(anyhow!("the poster panicked")))
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
