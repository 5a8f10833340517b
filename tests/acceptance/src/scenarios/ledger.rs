//! What must hold of a contact's sends whatever went wrong meanwhile.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::case::{named, text};
use crate::client::{Client, Contact, Mail};

/// How sends ended.
#[derive(Clone, Debug, Default)]
pub struct Sends {
    pub accepted: usize,
    pub unknown: usize,
    /// The steps of those that an unsubscribe kept back.
    pub unsubscribed: Vec<String>,
}

/// The ledger and the provider's inbox, of one moment.
#[derive(Debug)]
pub struct Ledger {
    /// `request` and `state` by send.
    rows: BTreeMap<String, Value>,
    /// By send.
    mails: BTreeMap<String, Vec<Mail>>,
    /// How many an address got.
    counts: BTreeMap<String, usize>,
}

impl Ledger {
    pub fn read(client: &Client) -> Result<Self> {
        let mut mails: BTreeMap<String, Vec<Mail>> = BTreeMap::new();
        let mut counts = BTreeMap::new();
        for mail in client.mails()?.iter() {
            for to in &mail.to {
                *counts.entry(to.clone()).or_default() += 1;
            }
            let of_send = mails.entry(mail.tag("wend_send").to_owned()).or_default();
            of_send.push(mail.clone());
        }
        Ok(Self {
            rows: client.send_rows()?,
            mails,
            counts,
        })
    }

    /// The row of a send.
    pub fn row(&self, send: &str) -> &Value {
        self.rows.get(send).unwrap_or(&Value::Null)
    }

    /// The provider's mails of a send.
    pub fn mails(&self, send: &str) -> &[Mail] {
        self.mails.get(send).map_or(&[], Vec::as_slice)
    }

    /// Counts the sends of a contact's finished run: no event was lost, so it has entered once and asked for the messages of
    /// `steps`; no message was doubled, so each send has one mail at most; each send that has none is a listed unknown or was kept
    /// back by an unsubscribe; and nothing that the provider took is unknown, because its evidence came.
    pub fn count(&self, contact: &Contact, traced: &[Value], steps: &[&str]) -> Result<Sends> {
        let entered = named(traced, "entered").len();
        ensure!(entered == 1, "{} entered {entered} times", contact.user);
        let requested = named(traced, "send_requested");
        let asked: Vec<&str> = requested
            .iter()
            .filter_map(|send| send["step"].as_str())
            .collect();
        // Who has unsubscribed is asked for nothing more.
        let has_left = named(traced, "ended")
            .iter()
            .any(|end| end["reason"] == "unsubscribed");
        ensure!(
            asked == steps || (has_left && steps.starts_with(&asked)),
            "expected the sends {steps:?} of {}, got {asked:?}",
            contact.user
        );
        let mut sends = Sends::default();
        let never_asked = steps.iter().skip(asked.len());
        sends
            .unsubscribed
            .extend(never_asked.map(|step| (*step).to_owned()));
        for request in requested {
            let (send, step) = (text(request, "send")?, text(request, "step")?);
            self.count_one(send, step, &mut sends)
                .with_context(|| format!("{step} of {} (send {send})", contact.user))?;
        }
        let mails = self.counts.get(&contact.email).copied().unwrap_or(0);
        ensure!(
            mails == sends.accepted,
            "{} got {mails} mails, and {} sends are accepted",
            contact.user,
            sends.accepted
        );
        Ok(sends)
    }

    fn count_one(&self, send: &str, step: &str, sends: &mut Sends) -> Result<()> {
        let mails = self.mails(send).iter();
        let taken: Vec<&str> = mails.map(|mail| mail.provider_id.as_str()).collect();
        ensure!(taken.len() <= 1, "expected one mail at most, got {taken:?}");
        let outcome = &self.row(send)["state"]["final"]["outcome"];
        if outcome == "unknown" {
            ensure!(taken.is_empty(), "the provider took what is unknown");
            sends.unknown += 1;
        } else if outcome["skipped"]["reason"] == "unsubscribed" {
            ensure!(taken.is_empty(), "the provider took what was kept back");
            sends.unsubscribed.push(step.to_owned());
        } else {
            let accepted = outcome["accepted"]["provider_id"].as_str();
            ensure!(
                accepted.is_some() && accepted == taken.first().copied(),
                "it is {outcome} in the ledger, and the provider took {taken:?}"
            );
            sends.accepted += 1;
        }
        Ok(())
    }
}
