//! What must hold of a contact's sends whatever was killed meanwhile.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::case::{Case, STEPS, named, text};
use crate::client::Contact;

/// How the sends of a run ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sends {
    pub accepted: usize,
    pub unknown: usize,
}

/// Waits for the end of the run of `contact` and counts its sends: no event was lost, so it has entered once and has come to
/// its end; no message was doubled, so each send has one mail at most; and each send that has none is a listed unknown.
///
/// `is_heard`: the provider's evidence came. Then nothing that it took is unknown.
pub fn count(case: &Case, contact: &Contact, is_heard: bool) -> Result<Sends> {
    let traced = case.end_of_run(contact)?;
    let entered = named(&traced, "entered").len();
    ensure!(entered == 1, "{} entered {entered} times", contact.user);
    let requested = named(&traced, "send_requested");
    let steps: Vec<&str> = requested
        .iter()
        .filter_map(|send| send["step"].as_str())
        .collect();
    ensure!(
        steps == STEPS,
        "expected the sends {STEPS:?} of {}, got {steps:?}",
        contact.user
    );
    let client = case.client()?;
    let (ledger, mails) = (client.sends()?, client.mails_to(contact)?);
    let mut count = Sends::default();
    for request in requested {
        let send = text(request, "send")?;
        let provider_ids: Vec<&str> = mails
            .iter()
            .filter(|mail| mail.tag("wend_send") == send)
            .map(|mail| mail.provider_id.as_str())
            .collect();
        let step = format!("{} of {} (send {send})", request["step"], contact.user);
        ensure!(
            provider_ids.len() <= 1,
            "expected one mail at most: {step} has {provider_ids:?}"
        );
        let outcome = outcome(&ledger, send);
        if outcome == "unknown" {
            let is_missing = provider_ids.is_empty();
            ensure!(
                is_missing || !is_heard,
                "the provider took what is unknown: {step}"
            );
            count.unknown += 1;
        } else {
            let accepted = outcome["accepted"]["provider_id"].as_str();
            ensure!(
                accepted.is_some() && accepted == provider_ids.first().copied(),
                "{step} is {outcome} in the ledger, and the provider took {provider_ids:?}"
            );
            count.accepted += 1;
        }
    }
    let unheard = if is_heard { 0 } else { count.unknown };
    ensure!(
        mails.len() <= count.accepted + unheard,
        "{} got other mails, too: {mails:?}",
        contact.user
    );
    Ok(count)
}

fn outcome(ledger: &BTreeMap<String, Value>, send: &str) -> Value {
    let state = ledger.get(send).unwrap_or(&Value::Null);
    state["final"]["outcome"].clone()
}
