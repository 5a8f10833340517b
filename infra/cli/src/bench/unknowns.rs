//! What the engine lists as unknown: submitted, and the answer was lost.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use wend_core::send::{Outcome, SendRequest, SendState};

use super::balance::Message;
use super::engine::Address;
use super::inbox::Inbox;
use super::load::Load;

/// What the engine lists as unknown.
#[derive(Clone, Debug, Default)]
pub struct Unknowns {
    /// Those that the provider's inbox does not have.
    pub messages: BTreeSet<Message>,
    /// How many are listed although the provider has them.
    pub accepted: usize,
}

/// One row of `/_wend/sends`.
#[derive(Debug, Deserialize)]
struct Send {
    request: SendRequest,
    state: SendState,
}

impl Send {
    const fn is_unknown(&self) -> bool {
        match &self.state {
            SendState::Unknown { .. } => true,
            SendState::Final { outcome, .. } => matches!(outcome, Outcome::Unknown),
            SendState::Submitting { .. } | SendState::Held { .. } => false,
        }
    }
}

impl Unknowns {
    /// Asks the server at `address` for its sends and looks each unknown one up in `inbox`.
    pub fn ask(address: &Address, load: &Load, inbox: &Inbox) -> anyhow::Result<Self> {
        let sends: Vec<Send> = serde_json::from_value(get(address, "/_wend/sends")?)
            .context("the list of sends has another form")?;
        let accepted: BTreeSet<&str> = inbox.mails().iter().map(|m| m.send.as_str()).collect();
        let mut unknowns = Self::default();
        let mut strangers = None;
        for Send { request, .. } in sends.iter().filter(|send| send.is_unknown()) {
            if accepted.contains(request.send.to_string().as_str()) {
                unknowns.accepted += 1;
                continue;
            }
            let contact = request.contact.to_string();
            let to = if let Some(to) = inbox.address_of(&contact) {
                to.to_owned()
            } else {
                let strangers = match &mut strangers {
                    Some(strangers) => strangers,
                    none => none.insert(strangers_of(address, load, inbox)?),
                };
                let to = strangers.get(&contact).cloned();
                to.context("a send is listed for somebody who never signed up")?
            };
            let step = request.step.clone();
            unknowns.messages.insert(Message { to, step });
        }
        Ok(unknowns)
    }
}

/// Addresses by the keys of those contacts to whom nothing has come.
fn strangers_of(
    address: &Address,
    load: &Load,
    inbox: &Inbox,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut strangers = BTreeMap::new();
    for (user, to) in load.contacts().filter(|(_, to)| !inbox.knows(to)) {
        let timeline = get(address, &format!("/_wend/timeline?user={user}"))?;
        if let Some(contact) = timeline["rows"][0]["contact"].as_str() {
            strangers.insert(contact.to_owned(), to);
        }
    }
    Ok(strangers)
}

fn get(address: &Address, path: &str) -> anyhow::Result<Value> {
    let answer = ureq::get(format!("{}{path}", address.url)).call();
    let mut answer = answer.context("the server does not answer")?;
    // The list of sends is as long as the load is.
    let body = answer.body_mut().with_config().limit(u64::MAX);
    let text = body.read_to_string().context("the answer is cut off")?;
    Ok(serde_json::from_str(&text)?)
}
