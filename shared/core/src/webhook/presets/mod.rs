//! From a contact to a request: plain webhooks in the form of Standard Webhooks, and ready-made connections.
//!
//! Each preset is a pure mapping to one system's API, keyed by the email address: it creates or updates, so that a call that is made
//! twice leaves one record. What the step gives (`data`) goes under its own names, over what is known of the contact.

mod chat;
mod crm;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use chat::{tell_slack, tell_teams};

use super::{Find, HttpCall, HttpRequest, Method, Word};
use crate::contact::Contact;
use crate::identity::IdentityKind;
use crate::personal::Personal;
use crate::release::Webhook;
use crate::send::CallRequest;

/// The type of a plain webhook's body.
const TYPE: &str = "journey.step";
/// How long a message to a team may take.
const MESSAGE_LIMIT_SECS: u16 = 10;

/// A ready-made connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// Creates or updates a contact in HubSpot.
    #[serde(rename = "hubspot/upsert-contact")]
    HubspotContact,
    /// Creates or updates a lead in Salesforce.
    #[serde(rename = "salesforce/upsert-lead")]
    SalesforceLead,
    /// Creates or updates a contact in Salesforce.
    #[serde(rename = "salesforce/upsert-contact")]
    SalesforceContact,
    /// Creates or updates a person in Pipedrive.
    #[serde(rename = "pipedrive/upsert-person")]
    PipedrivePerson,
    /// Posts a message to a channel of Slack.
    #[serde(rename = "slack/message")]
    SlackMessage,
    /// Posts a message to a channel of Microsoft Teams.
    #[serde(rename = "teams/message")]
    TeamsMessage,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 6] = [
        Self::HubspotContact,
        Self::SalesforceLead,
        Self::SalesforceContact,
        Self::PipedrivePerson,
        Self::SlackMessage,
        Self::TeamsMessage,
    ];

    /// Its name in wend.yaml.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HubspotContact => "hubspot/upsert-contact",
            Self::SalesforceLead => "salesforce/upsert-lead",
            Self::SalesforceContact => "salesforce/upsert-contact",
            Self::PipedrivePerson => "pipedrive/upsert-person",
            Self::SlackMessage => "slack/message",
            Self::TeamsMessage => "teams/message",
        }
    }

    /// What its `token` is, for people.
    pub const fn token(self) -> &'static str {
        match self {
            Self::HubspotContact => {
                "the access token of a private app (scope `crm.objects.contacts.write`)"
            }
            Self::SalesforceLead | Self::SalesforceContact => {
                "`consumer key:consumer secret` of a connected app with the client credentials flow"
            }
            Self::PipedrivePerson => "an API token",
            Self::SlackMessage => "the address of an incoming webhook",
            Self::TeamsMessage => "the address of a workflow's webhook",
        }
    }

    /// Whether it needs `url`: the address of the company's own server.
    pub const fn has_own_url(self) -> bool {
        match self {
            Self::SalesforceLead | Self::SalesforceContact => true,
            Self::HubspotContact
            | Self::PipedrivePerson
            | Self::SlackMessage
            | Self::TeamsMessage => false,
        }
    }
}

/// A connection of wend.yaml with its name.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    /// The name.
    pub name: &'a str,
    /// Its settings.
    pub settings: &'a Webhook,
}

/// What a call says something of.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The contact.
    pub contact: &'a Contact,
    /// What the decision asked.
    pub request: &'a CallRequest,
    /// The journey's title.
    pub journey: &'a str,
}

impl About<'_> {
    /// A text of the contact; none if it is missing or blank.
    fn attribute(&self, name: &str) -> Option<&str> {
        let value = self.contact.attributes.get(name)?.value.expose();
        // A `group` makes the company a map.
        let value = value.get("name").unwrap_or(value).as_str()?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    fn email(&self) -> Option<&str> {
        let email = self.contact.email.as_ref()?;
        Some(email.address.expose())
    }

    fn phone(&self) -> Option<&str> {
        let phone = self.contact.phone.as_ref()?;
        Some(phone.number.expose())
    }

    /// First and last name.
    fn full_name(&self) -> Option<String> {
        let names = ["first_name", "last_name"].map(|name| self.attribute(name));
        let names: Vec<&str> = names.into_iter().flatten().collect();
        (!names.is_empty()).then(|| names.join(" "))
    }

    /// What the step gives.
    fn given(&self) -> Map<String, Value> {
        let given = self.request.given.iter();
        given
            .map(|(name, value)| (name.clone(), value.expose().clone()))
            .collect()
    }
}

/// The call that a webhook step makes of a contact; refused with the reason where the contact lacks what the system needs.
pub fn prepare(
    connection: Connection<'_>,
    about: About<'_>,
    limit_secs: u16,
) -> Result<HttpCall, String> {
    let settings = connection.settings;
    let call = |ask: HttpRequest, find: Option<Find>, answer_at: &str| HttpCall {
        request: about.request.clone(),
        connection: connection.name.to_owned(),
        limit_secs,
        find,
        ask,
        answer_at: answer_at.to_owned(),
    };
    let Some(preset) = settings.preset else {
        let missing = || format!("webhook `{}` has no `url` in wend.yaml", connection.name);
        let url = settings.url.as_deref().ok_or_else(missing)?;
        return Ok(call(plain(url, settings, about), None, ""));
    };
    let token = settings.token.as_deref();
    let token = token
        .ok_or_else(|| format!("webhook `{}` has no `token` in wend.yaml", connection.name))?;
    let keyed = || {
        about
            .email()
            .ok_or_else(|| format!("{} needs an email address", preset.name()))
    };
    Ok(match preset {
        Preset::HubspotContact => call(crm::hubspot(about, keyed()?, token), None, "/results/0"),
        Preset::SalesforceLead | Preset::SalesforceContact => {
            let missing = || format!("webhook `{}` has no `url` in wend.yaml", connection.name);
            let url = settings.url.as_deref().ok_or_else(missing)?;
            let object = if preset == Preset::SalesforceLead {
                "Lead"
            } else {
                "Contact"
            };
            call(
                crm::salesforce(about, (url, object, keyed()?), token),
                None,
                "",
            )
        }
        Preset::PipedrivePerson => {
            let (find, create) = crm::pipedrive(about, keyed()?, token);
            call(create, Some(find), "/data")
        }
        Preset::SlackMessage | Preset::TeamsMessage => {
            let text = chat::text(about);
            let body = if preset == Preset::SlackMessage {
                tell_slack("", &text)
            } else {
                tell_teams("", &text)
            };
            call(post_to_secret(token, &body), None, "")
        }
    })
}

/// A message to a channel, whose address is a secret.
fn post_to_secret(name: &str, body: &Value) -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: Word::Secret {
            before: String::new(),
            name: name.to_owned(),
        },
        headers: vec![json_type()],
        body: Some(Personal::new(body.to_string())),
        signing: None,
    }
}

/// A message to a team, in a channel whose address is the secret `secret`.
pub fn message_to(request: &CallRequest, team: &str, secret: &str, body: &Value) -> HttpCall {
    HttpCall {
        request: request.clone(),
        connection: format!("team {team}"),
        limit_secs: MESSAGE_LIMIT_SECS,
        find: None,
        ask: post_to_secret(secret, body),
        answer_at: String::new(),
    }
}

fn json_type() -> (String, Word) {
    ("content-type".to_owned(), "application/json".into())
}

fn bearer(name: &str) -> (String, Word) {
    let before = "Bearer ".to_owned();
    let name = name.to_owned();
    ("authorization".to_owned(), Word::Secret { before, name })
}

/// Type, time and data, as the specification has them; in `data` journey, step, contact and what the step gives.
fn plain(url: &str, settings: &Webhook, about: About<'_>) -> HttpRequest {
    let request = about.request;
    let contact = about.contact;
    let user = contact.identities.iter();
    let user = user
        .filter(|identity| identity.kind == IdentityKind::User)
        .map(|identity| identity.value.expose().as_str());
    let attributes = contact.attributes.iter().chain(&contact.lasts);
    let attributes: BTreeMap<&str, &Value> = attributes
        .map(|(name, attribute)| (name.as_str(), attribute.value.expose()))
        .collect();
    let body = json!({
        "type": TYPE,
        "timestamp": request.requested_at.to_string(),
        "data": {
            "journey": request.journey,
            "step": request.step,
            "contact": {
                "user_id": user.clone().next(),
                "email": about.email(),
                "phone": about.phone(),
                "attributes": attributes,
            },
            "given": about.given(),
        },
    });
    let token = settings.token.as_deref().map(bearer);
    HttpRequest {
        method: Method::Post,
        url: url.into(),
        headers: std::iter::once(json_type()).chain(token).collect(),
        body: Some(Personal::new(body.to_string())),
        signing: settings.signing.clone(),
    }
}

#[cfg(test)]
mod tests;
