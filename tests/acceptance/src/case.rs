//! One scenario's view of its stack: its own contacts, and what they must come to.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::client::{Client, Contact, Mail};
use crate::stack::Stack;
use crate::wait::Deadline;

/// The steps of the welcome journey that send, in order.
pub const STEPS: [&str; 3] = ["hello", "tips", "story"];

/// The journey waits 110 seconds; a message whose function was killed is hidden for 30, and a silent provider is given as much.
pub const PATIENCE_SECS: u64 = 300;

/// A running scenario.
#[derive(Debug)]
pub struct Case {
    stack: &'static Stack,
    name: &'static str,
    /// Everybody whom it has made, for the report of a failure.
    users: Mutex<Vec<String>>,
}

impl Case {
    pub fn new(stack: &'static Stack, name: &'static str) -> Self {
        let users = Mutex::default();
        Self { stack, name, users }
    }

    pub const fn stack(&self) -> &'static Stack {
        self.stack
    }

    pub fn client(&self) -> Result<Client> {
        self.stack.client()
    }

    /// Somebody new whom no other scenario knows.
    pub fn contact(&self, first_name: &str) -> Contact {
        let user = format!("{}-{}", self.name, first_name.to_lowercase()).replace('_', "-");
        let contact = Contact {
            email: format!("{user}@example.com"),
            first_name: first_name.to_owned(),
            user,
        };
        self.watch(&contact);
        contact
    }

    /// A failure is to tell about `contact`.
    pub fn watch(&self, contact: &Contact) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.push(contact.user.clone());
    }

    /// Many of them.
    pub fn crowd(&self, count: usize) -> Vec<Contact> {
        let names = (1..=count).map(|number| format!("Guest{number:02}"));
        names.map(|name| self.contact(&name)).collect()
    }

    /// A failure, with all that explains it.
    pub fn explain(&self, error: &anyhow::Error) -> String {
        const SHOWN: usize = 2;
        let text = format!("{error:#}");
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut shown, others): (Vec<&str>, Vec<&str>) = users
            .iter()
            .map(String::as_str)
            .partition(|user| text.contains(user));
        shown.extend(others);
        shown.truncate(SHOWN);
        let report = match self.client() {
            Ok(client) => client.report(&shown),
            Err(error) => format!("{error:#}"),
        };
        format!("{text}\n{report}\n{}", self.stack.logs())
    }

    /// Waits for rows of `contact` until `is_enough` of them have come.
    pub fn rows(
        &self,
        contact: &Contact,
        what: &str,
        is_enough: impl Fn(&[Value]) -> bool,
    ) -> Result<Vec<Value>> {
        let client = self.client()?;
        let what = format!("{what} in the timeline of {}", contact.user);
        Deadline::secs(PATIENCE_SECS).until(&what, || {
            let rows = client.rows(&contact.user)?;
            Ok(is_enough(&rows).then_some(rows))
        })
    }

    /// Waits for the mail of a step.
    pub fn mail(&self, contact: &Contact, step: &str) -> Result<Mail> {
        let client = self.client()?;
        let what = format!("the mail {step} to {}", contact.user);
        Deadline::secs(PATIENCE_SECS).until(&what, || client.look_for_mail(contact, step))
    }

    /// Waits until the run has come to its end; returns all that was traced.
    pub fn end_of_run(&self, contact: &Contact) -> Result<Vec<Value>> {
        let has_ended = |rows: &[Value]| traces(rows).any(|trace| trace.get("ended").is_some());
        let rows = self.rows(contact, "the end of the run", has_ended)?;
        Ok(traces(&rows).cloned().collect())
    }

    /// The mails of a contact are these steps, in order, once each.
    pub fn ensure_mails(&self, contact: &Contact, steps: &[&str]) -> Result<Vec<Mail>> {
        let mails = self.client()?.mails_to(contact)?;
        let sent: Vec<&str> = mails.iter().map(|mail| mail.tag("wend_step")).collect();
        ensure!(
            sent == steps,
            "expected the mails {steps:?} to {}, got {sent:?}",
            contact.user
        );
        Ok(mails)
    }
}

/// What was traced in `rows`.
pub fn traces(rows: &[Value]) -> impl Iterator<Item = &Value> {
    rows.iter()
        .filter_map(|row| row["trace"].as_array())
        .flatten()
}

/// The values of all traces called `name`.
pub fn named<'t>(traces: &'t [Value], name: &str) -> Vec<&'t Value> {
    traces.iter().filter_map(|trace| trace.get(name)).collect()
}

/// Text at `field`, which must be there.
pub fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str> {
    let text = value[field].as_str();
    text.with_context(|| format!("expected text in `{field}` of {value}"))
}
