//! Whom the bench sends through its journey, and what must come of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::balance::Message;

/// The environment of the project to run in.
pub const ENVIRONMENT: &str = "bench";
/// The step that sends every contact's first email.
pub const FIRST: &str = "hello";
/// Steps of the journey that each contact takes: hello, pause, fork, and one of the second emails.
pub const STEPS: usize = 4;
/// How many others sign up before somebody orders.
const LAG: u32 = 100;

const PROJECT: [(&str, &str); 5] = [
    ("wend.yaml", include_str!("../../../bench/wend.yaml")),
    (
        "journeys/load.yaml",
        include_str!("../../../bench/journeys/load.yaml"),
    ),
    (
        "templates/load-hello.md",
        include_str!("../../../bench/templates/load-hello.md"),
    ),
    (
        "templates/load-thanks.md",
        include_str!("../../../bench/templates/load-thanks.md"),
    ),
    (
        "templates/load-offer.md",
        include_str!("../../../bench/templates/load-offer.md"),
    ),
];

/// Writes the project, whose journey waits for `wait`.
pub fn write_project(folder: &Path, wait: Duration) -> anyhow::Result<()> {
    let scale = format!("1 day = {} s", wait.as_secs());
    for (name, text) in PROJECT {
        let file = folder.join(name);
        let parent = file.parent().context("a file has a folder")?;
        fs::create_dir_all(parent).context("cannot create a folder of the project")?;
        let text = text.replace("1 day = 20 s", &scale);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// A request to the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The contact is made known and starts the journey.
    SignUp(u32),
    /// The contact orders while the journey waits.
    Order(u32),
}

impl Request {
    /// Events in the request.
    pub const fn events(self) -> usize {
        match self {
            Self::SignUp(_) => 2,
            Self::Order(_) => 1,
        }
    }

    /// The body; the same each time, so that a repetition is one event.
    pub fn body(self, write_key: &str) -> String {
        let batch = match self {
            Self::SignUp(number) => {
                let user = user(number);
                let traits = json!({
                    "email": address(number),
                    "first_name": "Ana",
                    "subscribed": ["news"],
                });
                json!([
                    { "type": "identify", "userId": user, "traits": traits, "messageId": format!("{user}-identify") },
                    { "type": "track", "userId": user, "event": "signed_up", "messageId": format!("{user}-signed-up") },
                ])
            }
            Self::Order(number) => {
                let user = user(number);
                let order: Value = json!({ "order_id": format!("o{number}"), "total": 95 });
                json!([
                    { "type": "track", "userId": user, "event": "order_completed", "properties": order, "messageId": format!("{user}-order") },
                ])
            }
        };
        json!({ "writeKey": write_key, "batch": batch }).to_string()
    }
}

/// All requests in their order, and all messages that must come of them.
#[derive(Debug)]
pub struct Load {
    contacts: u32,
    requests: Vec<Request>,
    expected: BTreeSet<Message>,
}

impl Load {
    /// A load of `contacts`, of whom every other orders.
    pub fn new(contacts: u32) -> Self {
        let mut requests = Vec::new();
        for turn in 0..contacts + LAG {
            if turn < contacts {
                requests.push(Request::SignUp(turn));
            }
            if let Some(number) = turn.checked_sub(LAG).filter(|number| orders(*number)) {
                requests.push(Request::Order(number));
            }
        }
        let expected = (0..contacts).flat_map(|number| {
            let second = if orders(number) { "thanks" } else { "offer" };
            [FIRST, second].map(|step| Message {
                to: address(number),
                step: step.to_owned(),
            })
        });
        Self {
            contacts,
            requests,
            expected: expected.collect(),
        }
    }

    /// In the order in which they are posted.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// What the provider must get.
    pub const fn expected(&self) -> &BTreeSet<Message> {
        &self.expected
    }

    /// User ids and addresses.
    pub fn contacts(&self) -> impl Iterator<Item = (String, String)> {
        (0..self.contacts).map(|number| (user(number), address(number)))
    }
}

const fn orders(number: u32) -> bool {
    number.is_multiple_of(2)
}

fn user(number: u32) -> String {
    format!("c{number}")
}

fn address(number: u32) -> String {
    format!("c{number}@example.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contact_signs_up_and_every_other_orders_later() {
        let load = Load::new(3);
        assert_eq!(
            load.requests(),
            [
                Request::SignUp(0),
                Request::SignUp(1),
                Request::SignUp(2),
                Request::Order(0),
                Request::Order(2)
            ]
        );
        let steps = load.expected().iter();
        let steps: Vec<_> = steps.map(|m| (m.to.as_str(), m.step.as_str())).collect();
        assert_eq!(
            steps,
            [
                ("c0@example.com", "hello"),
                ("c0@example.com", "thanks"),
                ("c1@example.com", "hello"),
                ("c1@example.com", "offer"),
                ("c2@example.com", "hello"),
                ("c2@example.com", "thanks"),
            ]
        );
    }

    #[test]
    fn a_repeated_request_is_the_same_to_the_byte() {
        let body = Request::SignUp(7).body("k");
        assert_eq!(body, Request::SignUp(7).body("k"));
        assert!(body.contains(r#""messageId":"c7-signed-up""#), "{body}");
    }
}
