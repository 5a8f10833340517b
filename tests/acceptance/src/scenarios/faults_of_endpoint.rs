//! AWS that fails: a proxy between the functions and the local AWS refuses, hangs, answers 500 and loses answers.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::crowd::{self, Guest};
use crate::Scenario;
use crate::case::Case;
use crate::client::Client;
use crate::operator::{DEAD_LETTERS as QUEUES, Operator};
use crate::proxy::Fault::{self, Fail, Hang, Lose, Refuse, Reset};
use crate::proxy::Service::{Any, DynamoDb, Ses, Sqs};
use crate::wait::Deadline;

pub const CROWD: Scenario = (
    "an_endpoint_that_fails_loses_no_event_and_doubles_no_message",
    crowd,
);
pub const DEAD_LETTERS: Scenario = (
    "a_redrive_completes_what_an_outage_has_set_aside",
    dead_letters,
);

/// What fails, and for how long at least: what hangs does so for longer than a function may take.
const PHASES: [(Fault, Duration); 12] = [
    (Lose(Ses), Duration::from_secs(3)),
    (Fail(DynamoDb), Duration::from_secs(3)),
    (Lose(DynamoDb), Duration::from_secs(3)),
    (Hang(Any), Duration::from_secs(7)),
    (Refuse, Duration::from_secs(3)),
    (Lose(Sqs), Duration::from_secs(3)),
    (Hang(Ses), Duration::from_secs(4)),
    (Reset, Duration::from_secs(3)),
    (Fail(Sqs), Duration::from_secs(3)),
    (Fail(Ses), Duration::from_secs(2)),
    (Hang(DynamoDb), Duration::from_secs(6)),
    (Fail(Any), Duration::from_secs(3)),
];
/// Between two faults.
const CALM: Duration = Duration::from_secs(2);
/// How many come while each of them lasts.
const GROUP: usize = 9;
/// A fault lasts until it has hit so many requests.
const HITS_MIN: usize = 3;
const HITS_SECS: u64 = 60;

fn crowd(case: &Case) -> Result<()> {
    suffered(case).map(drop)
}

/// Runs the phases and audits them, once for both scenarios, because a fault knows no scenario.
fn suffered(case: &Case) -> Result<&'static ()> {
    static SUFFERED: OnceLock<Result<(), String>> = OnceLock::new();
    let suffered = SUFFERED.get_or_init(|| suffer(case).map_err(|error| format!("{error:#}")));
    suffered.as_ref().map_err(|error| anyhow!("{error}"))
}

fn suffer(case: &Case) -> Result<()> {
    let operator = Operator::of(&case.client()?)?;
    // What a failure hides there is back as soon as elsewhere.
    let sooner = [(
        VISIBILITY_TIMEOUT,
        operator.attribute("InputsQueue", VISIBILITY_TIMEOUT)?,
    )];
    operator.set_attributes("FeedbackQueue", &sooner.into())?;
    let began = Instant::now();
    let half = PHASES.len() / 2 * GROUP;
    // Those who come late do not wait long.
    let mut crowd = crowd::guests(case, "Early", half);
    crowd.extend(crowd::pro_guests(case, "Late", half));
    let (mut hits, mut repeated) = (Vec::new(), 0);
    for ((fault, length), group) in PHASES.into_iter().zip(crowd.chunks(GROUP)) {
        let (hit, again) = phase(case, fault, length, group)?;
        hits.push(format!("{fault:?} {hit}"));
        repeated += again;
        std::thread::sleep(CALM);
    }
    let faulty_for = began.elapsed().as_secs();
    crowd::settle(case, &crowd, &BTreeMap::new())?;
    let quiet_after = began.elapsed().as_secs();
    let queues = case.client()?.queues()?;
    ensure!(
        queues.is_empty(),
        "expected no dead letters, got {queues:?}"
    );
    let balance = crowd::balance(case, &crowd, &BTreeMap::new())?;
    eprintln!(
        "endpoint failed: {balance}; {repeated} requests repeated; requests hit within {faulty_for} s: {}; quiet after {quiet_after} s",
        hits.join(", ")
    );
    ensure!(
        balance.unknown > 0,
        "SES failed, and no send is listed as unknown"
    );
    Ok(())
}

/// A group comes in while something fails; returns how many requests were hit, and how often the group's client had to repeat.
fn phase(case: &Case, fault: Fault, length: Duration, group: &[Guest]) -> Result<(usize, usize)> {
    let proxy = case.stack().proxy()?;
    std::thread::scope(|scope| {
        proxy.set(Some(fault));
        let begin = Instant::now();
        let posting = scope.spawn(|| crowd::post(case, group));
        let hit = Deadline::secs(HITS_SECS).until(&format!("requests hit by {fault:?}"), || {
            let hits = proxy.hits();
            // Nobody sees what is refused.
            let is_enough = fault == Refuse || hits >= HITS_MIN;
            Ok((is_enough && begin.elapsed() >= length).then_some(hits))
        });
        proxy.set(None);
        let posted = posting.join();
        let repeated = posted.unwrap_or_else(|_| Err(anyhow!("the poster panicked")))?;
        ensure!(
            fault != Refuse || repeated > 0,
            "events were accepted while AWS refused"
        );
        Ok((hit?, repeated))
    })
}

/// How many wait at each place when the outage begins.
const STAGED: usize = 15;
/// The template gives a message twenty receives, half a minute apart: the same in seconds.
const RECEIVES_MAX: u64 = 2;
const VISIBILITY: &str = "4";
const VISIBILITY_TIMEOUT: &str = "VisibilityTimeout";
const REDRIVE_POLICY: &str = "RedrivePolicy";
const POISON: &str = r#"{"poison":"redriven"}"#;
/// Queues that something waits on.
const HIT: [&str; 4] = ["inputs", "wakes", "dispatch-bulk", "feedback"];

fn dead_letters(case: &Case) -> Result<()> {
    suffered(case)?;
    let client = case.client()?;
    let operator = Operator::of(&client)?;
    let began = Instant::now();
    let crowd = stage(case, &client, &operator)?;
    let given = outage(case, &client, &operator)?;
    let lost = unfinished(&client, &crowd)?;
    ensure!(lost > 0, "the outage has cost nobody anything");
    poison(&client, &operator)?;
    let mut moved = 0;
    for (queue, dead_letters) in QUEUES {
        moved += operator.redrive(queue, dead_letters)?;
    }
    crowd::settle(case, &crowd, &BTreeMap::new())?;
    let balance = crowd::balance(case, &crowd, &BTreeMap::new())?;
    let left = client.queues()?;
    ensure!(
        left.values().flatten().all(is_poison) && left.len() == QUEUES.len(),
        "expected the poison alone, with its reason, in each dead-letter queue; got {left:?}"
    );
    eprintln!(
        "outage and redrive: {balance}; set aside: {given:?}; {lost} contacts unfinished before the redrive of {moved} messages; {} s",
        began.elapsed().as_secs()
    );
    Ok(())
}

fn is_poison(message: &Value) -> bool {
    let reason = message["reason"].as_str().unwrap_or_default();
    message["body"] == POISON && (reason.starts_with("not a") || reason.starts_with("neither an"))
}

/// Lets messages wait at each place of the picture: provider's events, wakes, sends and inputs.
fn stage(case: &Case, client: &Client, operator: &Operator) -> Result<Vec<Guest>> {
    let names = ["Heard", "Sent", "Come"];
    let mut groups = names
        .map(|name| crowd::pro_guests(case, name, STAGED))
        .into_iter();
    let mut next = || groups.next().context("no group");
    let holds = |queue: &str, count: usize| {
        let what = format!("{count} messages on {queue}");
        Deadline::secs(60).until(&what, || {
            let have = client.queues()?.get(queue).map_or(0, Vec::len);
            Ok((have >= count).then_some(()))
        })
    };
    operator.consume("FeedbackQueue", false)?;
    let heard = next()?;
    crowd::post(case, &heard)?;
    holds("feedback", 1)?;
    holds("wakes", 1)?;
    operator.consume("WakesQueue", false)?;
    operator.consume("DispatchBulkQueue", false)?;
    let sent = next()?;
    crowd::post(case, &sent)?;
    holds("dispatch-bulk", STAGED)?;
    operator.consume("InputsQueue", false)?;
    let come = next()?;
    crowd::post(case, &come)?;
    holds("inputs", 2 * STAGED)?;
    Ok([heard, sent, come].concat())
}

/// AWS is away for longer than messages are tried; returns how many each queue has set aside.
fn outage(case: &Case, client: &Client, operator: &Operator) -> Result<BTreeMap<String, usize>> {
    let mut kept = Vec::new();
    for (queue, _) in QUEUES {
        let policy = operator.attribute(queue, REDRIVE_POLICY)?;
        let mut shorter: Value = serde_json::from_str(&policy)?;
        shorter["maxReceiveCount"] = json!(RECEIVES_MAX);
        let visibility = operator.attribute(queue, VISIBILITY_TIMEOUT)?;
        let now = [
            (VISIBILITY_TIMEOUT, VISIBILITY.to_owned()),
            (REDRIVE_POLICY, shorter.to_string()),
        ];
        operator.set_attributes(queue, &now.into())?;
        let before = [(VISIBILITY_TIMEOUT, visibility), (REDRIVE_POLICY, policy)];
        kept.push((queue, BTreeMap::from(before)));
    }
    let proxy = case.stack().proxy()?;
    proxy.set(Some(Refuse));
    for queue in [
        "InputsQueue",
        "WakesQueue",
        "DispatchBulkQueue",
        "FeedbackQueue",
    ] {
        operator.consume(queue, true)?;
    }
    let given = Deadline::secs(120).until("dead letters of each queue, and nothing else", || {
        let queues = client.queues()?;
        let dead = |name: &str| queues.contains_key(&format!("{name}-dlq"));
        let is_over = HIT.into_iter().all(dead) && crowd::quiet(client)?;
        Ok(is_over.then_some(queues))
    });
    proxy.set(None);
    for (queue, attributes) in kept {
        operator.set_attributes(queue, &attributes)?;
    }
    let given = given?;
    for message in given.values().flatten() {
        let receives = message["receives"].as_u64().unwrap_or_default();
        ensure!(
            receives >= RECEIVES_MAX,
            "nothing says why this was set aside: {message}"
        );
    }
    Ok(given
        .into_iter()
        .map(|(name, messages)| (name, messages.len()))
        .collect())
}

/// How many have not got their last mail.
fn unfinished(client: &Client, crowd: &[Guest]) -> Result<usize> {
    let mut count = 0;
    for guest in crowd {
        let mail = client.look_for_mail(&guest.contact, "tips-pro")?;
        count += usize::from(mail.is_none());
    }
    Ok(count)
}

/// Among the dead letters are some that no redrive can help: they come back, with their reason.
fn poison(client: &Client, operator: &Operator) -> Result<()> {
    for (queue, _) in QUEUES {
        operator.send(queue, POISON)?;
    }
    Deadline::secs(60).until("the poison set aside, with its reason", || {
        let queues = client.queues()?;
        let aside = queues
            .values()
            .flatten()
            .filter(|message| is_poison(message));
        Ok((aside.count() == QUEUES.len()).then_some(()))
    })
}
