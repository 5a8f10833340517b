//! What must hold of everything that the scenarios of a stack have left.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::Scenario;
use crate::case::Case;
use crate::wait::Deadline;

pub const AUDIT: Scenario = ("nothing_is_doubled_lost_or_left_over", audit);

fn audit(case: &Case) -> Result<()> {
    let client = case.client()?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    // A mail to a team is a call, made at least once.
    let mails = client.mails()?;
    for mail in mails.iter().filter(|mail| mail.tag("wend_call").is_empty()) {
        *counts.entry(mail.tag("wend_send").to_owned()).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    ensure!(
        counts.is_empty(),
        "expected one mail a send, got {counts:?}"
    );
    // Runs of scenarios that did not wait for their end go on; each of their sends is settled within moments.
    Deadline::secs(60).until("no send between claim and end", || {
        let states = client.sends()?;
        let is_settled = states.values().all(|state| state.get("final").is_some());
        Ok(is_settled.then_some(()))
    })?;
    let sends = client.sends()?;
    let mails = client.mails()?;
    for mail in mails.iter().filter(|mail| mail.tag("wend_call").is_empty()) {
        let is_listed = sends.contains_key(mail.tag("wend_send"));
        ensure!(is_listed, "the ledger does not know the send of {mail:?}");
    }
    let queues = client.queues()?;
    for (name, messages) in queues.iter().filter(|(name, _)| name.ends_with("-dlq")) {
        for message in messages {
            let body = message["body"].as_str().unwrap_or_default();
            ensure!(
                body.contains("poison"),
                "expected poison alone in {name}, got {message}"
            );
        }
    }
    Ok(())
}
