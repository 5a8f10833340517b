//! A crowd that runs through the series of `tests/acceptance/crowd`, and the balance that is drawn when everything is quiet.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use ureq::http::Method;

use super::ledger::Ledger;
use super::unsubscribe::{CLICK, FORM, path};
use crate::case::{Case, PATIENCE_SECS, traces};
use crate::client::{Client, Contact};
use crate::wait::Deadline;

/// Repetitions of what was hit: half a minute for inputs and sends, two minutes for the provider's events, on top of the series.
const SETTLED_SECS: u64 = 420;
/// How long a claim holds: what was claimed before an unsubscribe may still leave.
const CLAIM_HOLDS: SignedDuration = SignedDuration::from_secs(5);
/// Contacts of one request: with two events each, as many as one request to SQS takes.
const REQUEST: usize = 5;
/// Clients that post at the same time.
const POSTERS: usize = 2;
/// How long each of them takes a breath after each request: a crowd comes in over half a minute, not at once.
const BREATH: Duration = Duration::from_millis(450);
/// Timelines that are read at the same time.
const READERS: usize = 4;

/// Somebody in the series.
#[derive(Clone, Debug)]
pub struct Guest {
    pub contact: Contact,
    plan: &'static str,
}

impl Guest {
    /// The steps that send, in order.
    fn steps(&self) -> [&'static str; 2] {
        match self.plan {
            "pro" => ["hello", "tips-pro"],
            _ => ["hello", "tips-free"],
        }
    }

    fn calls(&self) -> [Value; 2] {
        let mut sign_up = self.contact.sign_up();
        sign_up["properties"] = json!({ "plan": self.plan });
        [self.contact.identify(), sign_up]
    }
}

/// `count` people whose first names begin with `name`; every other one has the plan whose wait the sweep finds.
pub fn guests(case: &Case, name: &str, count: usize) -> Vec<Guest> {
    let plans = ["pro", "free"].into_iter().cycle();
    let guests = (1..=count).zip(plans).map(|(number, plan)| Guest {
        contact: case.contact(&format!("{name}{number:03}")),
        plan,
    });
    guests.collect()
}

/// The same with the short plan.
pub fn pro_guests(case: &Case, name: &str, count: usize) -> Vec<Guest> {
    let mut guests = guests(case, name, count);
    for guest in &mut guests {
        guest.plan = "pro";
    }
    guests
}

/// Brings `guests` in as any client does, the same request again until it is answered with 202; returns how often it was not.
pub fn post(case: &Case, guests: &[Guest]) -> Result<usize> {
    let client = case.client()?;
    let repeated = AtomicUsize::new(0);
    let requests = Mutex::new(guests.chunks(REQUEST));
    let work = || -> Result<()> {
        loop {
            let next = requests
                .lock()
                .map_err(|_| anyhow!("a poster panicked"))?
                .next();
            let Some(chunk) = next else {
                return Ok(());
            };
            let calls: Vec<Value> = chunk.iter().flat_map(Guest::calls).collect();
            Deadline::secs(PATIENCE_SECS).until("202 to a batch", || {
                let answer = client.accept(&calls);
                repeated.fetch_add(usize::from(answer.is_err()), Ordering::Relaxed);
                Ok(answer.ok())
            })?;
            std::thread::sleep(BREATH);
        }
    };
    in_parallel(POSTERS, work)?;
    Ok(repeated.into_inner())
}

fn in_parallel(count: usize, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(&work)).collect();
        workers.into_iter().try_for_each(|worker| {
            let done = worker.join();
            done.unwrap_or_else(|_| Err(anyhow!("a worker panicked")))
        })
    })
}

/// The unsubscribe link in a guest's first mail, if it has come.
pub fn link(client: &Client, guest: &Guest) -> Result<Option<String>> {
    let mail = client.look_for_mail(&guest.contact, "hello")?;
    let link = mail.map(|mail| path(mail.header("List-Unsubscribe"), client));
    link.transpose()
}

/// Clicks an unsubscribe link once; says when it was confirmed, if it was.
pub fn click(client: &Client, link: &str) -> Result<Option<Timestamp>> {
    let answer = client.call(&Method::POST, link, FORM, CLICK)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "compared with the inbox of a stack on the real clock"
    )]
    let now = Timestamp::now();
    Ok((answer.status == 200).then_some(now))
}

/// What came of a crowd.
#[derive(Debug, Default)]
pub struct Balance {
    pub contacts: usize,
    pub accepted: usize,
    pub unknown: usize,
    pub unsubscribed: usize,
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Ledger::count` fails on the first that is doubled or missing.
        write!(
            f,
            "{} contacts, {} sends: {} accepted once, {} listed unknown, {} kept back by an unsubscribe, 0 doubled, 0 missing",
            self.contacts,
            self.accepted + self.unknown + self.unsubscribed,
            self.accepted,
            self.unknown,
            self.unsubscribed,
        )
    }
}

/// Waits until every send of `guests` is final, every run has ended and every queue but the dead letters is empty; those of
/// `clicked` have unsubscribed, and may have been asked for one message alone.
pub fn settle(case: &Case, guests: &[Guest], clicked: &BTreeMap<String, Timestamp>) -> Result<()> {
    let client = case.client()?;
    let sends = |guest: &Guest| match clicked.get(&guest.contact.user) {
        Some(_) => 1,
        None => guest.steps().len(),
    };
    let count: usize = guests.iter().map(sends).sum();
    let what = format!("{count} final sends, and nothing left on the queues");
    Deadline::secs(SETTLED_SECS).until_slowly(&what, || {
        let is_quiet = quiet(&client)?;
        let sends = client.sends()?;
        let ended = sends.values().filter(|state| state.get("final").is_some());
        Ok((is_quiet && sends.len() == ended.count() && sends.len() >= count).then_some(()))
    })?;
    let mut inside = guests.iter().peekable();
    Deadline::secs(SETTLED_SECS).until_slowly("the end of every run", || {
        while let Some(guest) = inside.peek() {
            let rows = client.rows(&guest.contact.user)?;
            if !traces(&rows).any(|trace| trace.get("ended").is_some()) {
                return Ok(None);
            }
            inside.next();
        }
        Ok(quiet(&client)?.then_some(()))
    })
}

/// Whether every queue but the dead letters is empty.
pub fn quiet(client: &Client) -> Result<bool> {
    Ok(client.queues()?.keys().all(|name| name.ends_with("-dlq")))
}

/// Audits every guest, and says what came of them; `clicked` are those who unsubscribed, and when that was confirmed.
pub fn balance(
    case: &Case,
    guests: &[Guest],
    clicked: &BTreeMap<String, Timestamp>,
) -> Result<Balance> {
    let client = case.client()?;
    let ledger = Ledger::read(&client)?;
    let balance = Mutex::new(Balance::default());
    let next = AtomicUsize::new(0);
    in_parallel(READERS, || {
        while let Some(guest) = guests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let rows = client.rows(&guest.contact.user)?;
            let traced: Vec<Value> = traces(&rows).cloned().collect();
            ensure!(
                traced.iter().any(|trace| trace.get("ended").is_some()),
                "the run of {} has not ended",
                guest.contact.user
            );
            let sends = ledger.count(&guest.contact, &traced, &guest.steps())?;
            match clicked.get(&guest.contact.user) {
                Some(at) => ensure_kept_back(&ledger, guest, &traced, *at)?,
                None => ensure!(
                    sends.unsubscribed.is_empty(),
                    "{} did not unsubscribe, and did not get {:?}",
                    guest.contact.user,
                    sends.unsubscribed
                ),
            }
            let mut balance = balance.lock().map_err(|_| anyhow!("a reader panicked"))?;
            balance.contacts += 1;
            balance.accepted += sends.accepted;
            balance.unknown += sends.unknown;
            balance.unsubscribed += sends.unsubscribed.len();
        }
        Ok(())
    })?;
    balance
        .into_inner()
        .map_err(|_| anyhow!("a reader panicked"))
}

/// Nothing leaves whose claim follows the unsubscribe, so nothing that was asked for after it, and nothing later than a claim holds.
fn ensure_kept_back(
    ledger: &Ledger,
    guest: &Guest,
    traced: &[Value],
    clicked_at: Timestamp,
) -> Result<()> {
    for request in traced
        .iter()
        .filter_map(|trace| trace.get("send_requested"))
    {
        let send = request["send"]
            .as_str()
            .context("a request without a send")?;
        let asked_at = ledger.row(send)["request"]["requested_at"].as_i64();
        let is_later = asked_at.is_some_and(|at| at > clicked_at.as_millisecond());
        for mail in ledger.mails(send) {
            ensure!(
                !is_later && mail.accepted_at < clicked_at + CLAIM_HOLDS,
                "{} unsubscribed at {clicked_at} and got {} at {}",
                guest.contact.user,
                request["step"],
                mail.accepted_at
            );
        }
    }
    Ok(())
}
