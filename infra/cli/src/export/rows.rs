//! A contact and an event as rows.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use wend_core::contact::{Contact, Word};
use wend_core::identity::IdentityKind;
use wend_core::input::{EventKind, Input};
use wend_core::log::LogRow;
use wend_core::release::Release;

/// What every contact has.
const OWN: [&str; 6] = [
    "user_id",
    "anonymous_id",
    "email",
    "phone",
    "created_at",
    "lists",
];
/// What the attributes are called that `wend.yaml` does not declare, as one JSON object.
const OTHERS: &str = "other_attributes";
/// What is said of a contact and is no attribute of an export.
const SAID: [&str; 6] = ["id", "subscribed", "unsubscribed", "zone", "email", "phone"];
/// The columns of an event.
pub const EVENT: [&str; 10] = [
    "occurred_at",
    "accepted_at",
    "contact",
    "user_id",
    "anonymous_id",
    "email",
    "event",
    "properties",
    "traits",
    "is_import",
];

/// The columns of contacts.
pub struct Columns<'r> {
    /// Declared attributes.
    attributes: BTreeSet<&'r str>,
    /// Topics, each on each channel.
    topics: Vec<String>,
}

impl<'r> Columns<'r> {
    /// Those of a release.
    pub fn of(release: &'r Release) -> Self {
        let is_own = |name: &&str| OWN.contains(name) || SAID.contains(name);
        let attributes = release.attributes().unwrap_or_default();
        let topics = release.project.topics.keys();
        Self {
            attributes: attributes
                .into_iter()
                .filter(|name| !is_own(name))
                .collect(),
            topics: topics
                .flat_map(|topic| [topic.clone(), format!("{topic}/sms")])
                .collect(),
        }
    }

    /// Their names. A column of a topic and that of its time can state consent in an import.
    pub fn names(&self) -> Vec<String> {
        let own = OWN
            .iter()
            .chain(&self.attributes)
            .map(|name| (*name).to_owned());
        let topics = self.topics.iter();
        let topics = topics.flat_map(|topic| [consent(topic), consent_at(topic)]);
        own.chain([OTHERS.to_owned()]).chain(topics).collect()
    }

    /// A contact.
    pub fn row(&self, contact: &Contact) -> Map<String, Value> {
        let mut row = Map::new();
        for (kind, name) in [
            (IdentityKind::User, "user_id"),
            (IdentityKind::Anonymous, "anonymous_id"),
        ] {
            let mut names = contact.identities.iter();
            if let Some(identity) = names.find(|identity| identity.kind == kind) {
                row.insert(name.to_owned(), json!(identity.value.expose()));
            }
        }
        if let Some(email) = &contact.email {
            row.insert("email".to_owned(), json!(email.address.expose()));
        }
        if let Some(phone) = &contact.phone {
            row.insert("phone".to_owned(), json!(phone.number.expose()));
        }
        row.insert(
            "created_at".to_owned(),
            json!(contact.created_at.to_string()),
        );
        if !contact.lists.is_empty() {
            let lists: Vec<&str> = contact.lists.iter().map(String::as_str).collect();
            row.insert("lists".to_owned(), json!(lists.join(";")));
        }
        let mut others = Map::new();
        for (name, attribute) in &contact.attributes {
            let value = attribute.value.expose();
            let is_said = SAID.contains(&name.as_str()) || value.is_null();
            if self.attributes.contains(name.as_str()) && !value.is_null() {
                row.insert(name.clone(), value.clone());
            } else if !is_said {
                others.insert(name.clone(), value.clone());
            }
        }
        if !others.is_empty() {
            row.insert(OTHERS.to_owned(), Value::Object(others));
        }
        for (topic, said) in &contact.consents {
            let word = match said.word {
                Word::Yes => "yes",
                Word::Unconfirmed => "unconfirmed",
                Word::No => "no",
            };
            let topic = topic.to_string();
            row.insert(consent(&topic), json!(word));
            row.insert(consent_at(&topic), json!(said.at.to_string()));
        }
        row
    }
}

fn consent(topic: &str) -> String {
    format!("consent {topic}")
}

fn consent_at(topic: &str) -> String {
    format!("consent {topic} at")
}

/// An event; none for other inputs.
pub fn event(row: &LogRow) -> Option<Map<String, Value>> {
    let event = match &row.input {
        Input::Event(event) => event,
        Input::Wake(_)
        | Input::Outcome(_)
        | Input::Held(_)
        | Input::Feedback(_)
        | Input::Consent(_)
        | Input::Answer(_)
        | Input::Command(_) => return None,
    };
    let mut cells = Map::new();
    let mut set = |name: &str, value: Value| cells.insert(name.to_owned(), value);
    set("occurred_at", json!(event.occurred_at.to_string()));
    set("accepted_at", json!(row.accepted_at.to_string()));
    set("contact", json!(row.contact.to_string()));
    for identity in std::iter::once(&event.address).chain(&event.also) {
        let name = match identity.kind {
            IdentityKind::User => "user_id",
            IdentityKind::Anonymous => "anonymous_id",
            IdentityKind::Email => "email",
            IdentityKind::Phone => "phone",
        };
        set(name, json!(identity.value.expose()));
    }
    let name = match &event.kind {
        EventKind::Identify => "identify",
        EventKind::Track(name) => name,
        EventKind::Page => "page_viewed",
        EventKind::Alias => "alias",
        EventKind::Group => "group",
    };
    set("event", json!(name));
    for (name, values) in [("properties", &event.properties), ("traits", &event.traits)] {
        if !values.expose().is_empty() {
            set(name, json!(values.expose()));
        }
    }
    if event.is_import {
        set("is_import", json!(true));
    }
    Some(cells)
}
