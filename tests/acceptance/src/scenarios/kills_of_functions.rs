//! Functions that are killed while they work, on the local AWS.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use jiff::Timestamp;
use serde_json::Value;

use super::crowd::{self, Guest};
use crate::Scenario;
use crate::case::{Case, PATIENCE_SECS, named};
use crate::client::{Client, Contact};
use crate::operator::Operator;
use crate::wait::Deadline;

pub const CROWD: Scenario = (
    "killed_functions_lose_no_event_and_double_no_message",
    crowd,
);
pub const WITNESS: Scenario = ("with_the_providers_evidence_nothing_is_missing", witness);
pub const SILENT: Scenario = (
    "without_evidence_what_was_submitted_is_a_listed_unknown",
    silent,
);

/// Another size: `WEND_ACCEPTANCE_CROWD=2000`.
const CROWD_SIZE: usize = 500;
/// Other kills: `WEND_ACCEPTANCE_SEED=2`.
const SEED: u64 = 1;
/// One of so many clicks the link in their first mail; odd, so that both plans are among them.
const CLICKS_OF: usize = 9;
const FUNCTIONS: [&str; 6] = [
    "IngestFunction",
    "EvaluateFunction",
    "DispatchFunction",
    "FeedbackFunction",
    "SweepFunction",
    "TrackFunction",
];
/// For so long at least, and then until every function was hit at work, the missing ones alone.
const KILLS_MIN: Duration = Duration::from_secs(35);
const KILLS_MAX: Duration = Duration::from_mins(3);
/// How many of the crowd a client names again and again.
const REPEATED: usize = 5;
/// No function is hit more often, so that the crowd comes through on a slow machine, too.
const HITS_MAX: usize = 10;
/// Between two kills, in milliseconds. A kill takes all processes of a function, and its messages come back after half a minute:
/// never so often that any of them is given up, which is at the twentieth time.
const PAUSE: std::ops::Range<u64> = 100..1000;

/// Whom the kills have hit.
#[derive(Debug)]
struct Hit {
    silent: Contact,
    witness: Contact,
    crowd: Vec<Guest>,
    clicked: BTreeMap<String, Timestamp>,
    /// How often a function lost its processes in the middle of an invocation.
    kills: BTreeMap<&'static str, usize>,
    repeated: usize,
    began: Instant,
    killed_for: Duration,
}

/// Kills, once for all three scenarios, because a kill knows no scenario.
fn hit(case: &Case) -> Result<&'static Hit> {
    static HIT: OnceLock<Result<Hit, String>> = OnceLock::new();
    let hit = HIT.get_or_init(|| kill_all(case).map_err(|error| format!("{error:#}")));
    let hit = hit.as_ref().map_err(|error| anyhow!("{error}"))?;
    let guests = hit.crowd.iter().map(|guest| &guest.contact);
    for contact in guests.chain([&hit.silent, &hit.witness]) {
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
    let began = Instant::now();
    let crowd = crowd::guests(case, "Guest", number("WEND_ACCEPTANCE_CROWD", CROWD_SIZE)?);
    let among = kill_among(case, &client, &crowd)?;
    Ok(Hit {
        silent,
        witness,
        crowd,
        clicked: among.clicked,
        kills: among.kills,
        repeated: among.repeated,
        began,
        killed_for: began.elapsed(),
    })
}

/// A number from the environment.
fn number<N: FromStr>(name: &str, default: N) -> Result<N>
where
    Result<N, N::Err>: Context<N, N::Err>,
{
    #[expect(clippy::disallowed_methods, reason = "a test has no settings")]
    let text = std::env::var(name).ok();
    let number = text.map(|text| text.parse().with_context(|| format!("{name}={text}")));
    number.unwrap_or(Ok(default))
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

/// What happened among the crowd.
#[derive(Debug)]
struct Among {
    clicked: BTreeMap<String, Timestamp>,
    kills: BTreeMap<&'static str, usize>,
    repeated: usize,
}

/// Kills all functions again and again while the crowd comes in, sweeps run and links are clicked.
fn kill_among(case: &Case, client: &Client, crowd: &[Guest]) -> Result<Among> {
    let operator = Operator::of(client)?;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| crowd::post(case, crowd));
        // A client that repeats what was accepted: it changes nothing, and ingest has work as long as there are kills.
        let repeating = scope.spawn(|| {
            let again: Vec<Guest> = crowd.iter().take(REPEATED).cloned().collect();
            while !is_over.load(Ordering::Relaxed) {
                crowd::post(case, &again)?;
            }
            Ok(())
        });
        let clicking = scope.spawn(|| click_all(client, crowd, &is_over));
        let sweeping = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                operator.invoke("SweepFunction")?;
            }
            Ok(())
        });
        let kills = kill_at_random(client);
        is_over.store(true, Ordering::Relaxed);
        let joined = |what: &str| anyhow!("{what} panicked");
        repeating
            .join()
            .unwrap_or_else(|_| Err(joined("the repeater")))?;
        sweeping
            .join()
            .unwrap_or_else(|_| Err(joined("the sweeper")))?;
        Ok(Among {
            clicked: clicking
                .join()
                .unwrap_or_else(|_| Err(joined("the clicker")))?,
            repeated: posting
                .join()
                .unwrap_or_else(|_| Err(joined("the poster")))?,
            kills: kills?,
        })
    })
}

/// Some of the crowd click, once their first mail is there, again and again until the kills are over, which changes nothing; then
/// until each of them is confirmed who has the mail. Says when that was.
fn click_all(
    client: &Client,
    crowd: &[Guest],
    is_over: &AtomicBool,
) -> Result<BTreeMap<String, Timestamp>> {
    let mut clicked = BTreeMap::new();
    Deadline::secs(PATIENCE_SECS).until("a confirmation of every click", || {
        let is_last = is_over.load(Ordering::Relaxed);
        let mut is_confirmed = true;
        for guest in crowd.iter().step_by(CLICKS_OF) {
            if is_last && clicked.contains_key(&guest.contact.user) {
                continue;
            }
            let Some(link) = crowd::link(client, guest)? else {
                continue;
            };
            match crowd::click(client, &link)? {
                Some(at) => {
                    clicked.entry(guest.contact.user.clone()).or_insert(at);
                }
                None => is_confirmed = false,
            }
        }
        Ok((is_last && is_confirmed).then_some(()))
    })?;
    Ok(clicked)
}

/// Kills functions at random; returns how often each was hit at work.
fn kill_at_random(client: &Client) -> Result<BTreeMap<&'static str, usize>> {
    let mut random = Random(number("WEND_ACCEPTANCE_SEED", SEED)?);
    let mut kills: BTreeMap<&str, usize> = FUNCTIONS.map(|function| (function, 0)).into();
    let begin = Instant::now();
    while begin.elapsed() < KILLS_MIN || kills.values().any(|count| *count == 0) {
        ensure!(
            begin.elapsed() < KILLS_MAX,
            "not every function was hit at work: {kills:?}"
        );
        let pause = PAUSE.start + random.below(PAUSE.end - PAUSE.start);
        std::thread::sleep(Duration::from_millis(pause));
        let is_early = begin.elapsed() < KILLS_MIN;
        let most = if is_early { HITS_MAX } else { 1 };
        let open: Vec<&str> = kills
            .iter()
            .filter(|(_, hits)| **hits < most)
            .map(|(function, _)| *function)
            .collect();
        let Some(function) = random.of(&open) else {
            continue;
        };
        let killed = client.act(&format!("/_wend/kill?function={function}"), &[])?;
        let busy = killed["busy"].as_u64().context("how many were at work?")?;
        *kills.entry(function).or_default() += usize::from(busy > 0);
    }
    Ok(kills)
}

/// `SplitMix64`: a seed gives the same draws each time.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// Zero if `end` is.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).checked_rem(end).unwrap_or(0)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let drawn = self.below(all.len() as u64);
        (0..)
            .zip(all)
            .find_map(|(number, one)| (number == drawn).then_some(one))
    }
}

fn crowd(case: &Case) -> Result<()> {
    let hit = hit(case)?;
    crowd::settle(case, &hit.crowd, &hit.clicked)?;
    let settled_after = hit.began.elapsed().as_secs();
    let queues = case.client()?.queues()?;
    ensure!(
        queues.is_empty(),
        "expected no dead letters, got {queues:?}"
    );
    let balance = crowd::balance(case, &hit.crowd, &hit.clicked)?;
    ensure!(
        balance.unsubscribed > 0,
        "nothing was kept back, though {} unsubscribed",
        hit.clicked.len()
    );
    eprintln!(
        "functions killed: {balance}; {} clicked, {} requests repeated; killed at work within {} s: {:?}; quiet after {settled_after} s",
        hit.clicked.len(),
        hit.repeated,
        hit.killed_for.as_secs(),
        hit.kills
    );
    Ok(())
}

fn witness(case: &Case) -> Result<()> {
    let hit = hit(case)?;
    let client = case.client()?;
    let hello = end_of_first(case, &hit.witness)?;
    ensure!(
        hello["outcome"].get("accepted").is_some(),
        "expected evidence of the first mail, got {hello}"
    );
    let mails = client.mails_to(&hit.witness)?;
    let first = mails.iter().filter(|mail| mail.tag("wend_step") == "hello");
    ensure!(first.count() == 1, "expected one mail, got {mails:?}");
    Ok(())
}

fn silent(case: &Case) -> Result<()> {
    let hit = hit(case)?;
    let client = case.client()?;
    let hello = end_of_first(case, &hit.silent)?;
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
    // Assumed to be sent: the run goes on, and the provider's word on a second mail says nothing of the first.
    case.end_of_run(&hit.silent)?;
    let mails = client.mails_to(&hit.silent)?;
    let first = mails.iter().filter(|mail| mail.tag("wend_step") == "hello");
    ensure!(first.count() == 1, "expected one mail, got {mails:?}");
    Ok(())
}

/// How the first send of a contact ended.
fn end_of_first(case: &Case, contact: &Contact) -> Result<Value> {
    let client = case.client()?;
    let what = format!("the end of the first send of {}", contact.user);
    Deadline::secs(PATIENCE_SECS).until(&what, || {
        let traced = client.traces(&contact.user)?;
        Ok(named(&traced, "send_ended").first().map(|&end| end.clone()))
    })
}
