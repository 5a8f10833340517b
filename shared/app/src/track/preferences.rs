//! The page on which a contact says what to get: topics by channel, how often, a pause, the language.
//!
//! It works without scripts. What it shows and changes belongs to the addresses that the contact had when the message was
//! written; a yes here is an opt-in of this moment, and it is confirmed, because only who reads the address has the link.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use wend_core::id::{InputId, PermissionKey};
use wend_core::identity::Channel;
use wend_core::input::{Command, CommandKind, Input, Properties};
use wend_core::permission::{
    Consent, ConsentChange, Frequency, PAUSE, Permission, Proof, TopicState, source,
};
use wend_core::personal::Personal;
use wend_core::release::Release;
use wend_core::time::Timestamp;
use wend_core::token::PreferencesToken;

use super::page::{escaped, page};
use super::words::{self, Words};
use super::{Track, on, said};
use crate::inputs;
use crate::ports::{Clock, Copies, Permissions, PortError, Queue, ReleaseStore, SecretStore};

/// The attribute that says in which language a contact is written to.
const LOCALE: &str = "locale";

/// The choice of how often.
const OFTEN: &str = "often";

/// Languages by their own names; another one is shown by its code.
const LANGUAGES: [(&str, &str); 10] = [
    ("da", "Dansk"),
    ("de", "Deutsch"),
    ("en", "English"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("pt", "Português"),
    ("sv", "Svenska"),
];

/// What the contact wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wish {
    verb: Verb,
    /// The ticked boxes, `topic/channel`.
    ticked: BTreeSet<String>,
    /// The chosen language; empty: as it is.
    locale: String,
    /// How often at most, by its name; none: as it is, empty: whenever there is news.
    often: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verb {
    #[default]
    Save,
    Stop,
    Pause,
    Resume,
}

impl Wish {
    /// Reads the form. Another button than ours is none.
    fn read(body: &[u8]) -> Option<Self> {
        let mut wish = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match (&*name, &*value) {
                ("do", "save") => wish.verb = Verb::Save,
                ("do", "stop") => wish.verb = Verb::Stop,
                ("do", "pause") => wish.verb = Verb::Pause,
                ("do", "resume") => wish.verb = Verb::Resume,
                ("do", _) => return None,
                ("on", topic) => {
                    wish.ticked.insert(topic.to_owned());
                }
                (OFTEN, name) if name.is_empty() || Frequency::named(name).is_some() => {
                    wish.often = Some(name.to_owned());
                }
                (OFTEN, _) => return None,
                (LOCALE, locale) => locale.clone_into(&mut wish.locale),
                _ => {}
            }
        }
        Some(wish)
    }
}

/// One address and what it said.
struct Address {
    channel: Channel,
    permission: PermissionKey,
    row: Permission,
}

impl<P, Q, S, C> Track<P, Q, S, C>
where
    P: Permissions + Copies,
    Q: Queue,
    S: ReleaseStore + SecretStore,
    C: Clock,
{
    pub(super) async fn show_preferences(
        &self,
        token: &str,
        words: Words,
    ) -> Result<Response<Bytes>, PortError> {
        let Some(token) = self.links.verify::<PreferencesToken>(token).await? else {
            return Ok(page(StatusCode::NOT_FOUND, words, &words.broken()));
        };
        self.preferences(&token, words, "").await
    }

    pub(super) async fn save_preferences(
        &self,
        token: &str,
        body: &[u8],
        words: Words,
    ) -> Result<Response<Bytes>, PortError> {
        let Some(token) = self.links.verify::<PreferencesToken>(token).await? else {
            return Ok(page(StatusCode::NOT_FOUND, words, &words.broken()));
        };
        let Some(wish) = Wish::read(body) else {
            return Ok(page(StatusCode::BAD_REQUEST, words, &words.failed()));
        };
        self.fulfil(&token, &wish).await?;
        let saved = words.say(words::SAVED);
        let status = format!("<p role=\"status\">{saved}</p>");
        self.preferences(&token, words, &status).await
    }

    async fn fulfil(&self, token: &PreferencesToken, wish: &Wish) -> Result<(), PortError> {
        let now = self.clock.now();
        let addresses = self.addresses(token).await?;
        let proof = Proof::by_link(source::PREFERENCES, token.send);
        match wish.verb {
            Verb::Save => {
                let release = self.releases.current().await?;
                let mut inputs = Vec::new();
                for address in &addresses {
                    inputs.extend(
                        self.say(token, address, &release, wish, (now, &proof))
                            .await?,
                    );
                    self.limit(address, wish, now).await?;
                }
                inputs.extend(speak(token, &release, wish, now));
                inputs::publish(&self.inputs, token.contact, inputs, now).await
            }
            Verb::Stop => {
                for address in &addresses {
                    let to = (address.channel, address.permission);
                    self.refuse_all(token.contact, to, &proof).await?;
                }
                Ok(())
            }
            Verb::Pause | Verb::Resume => {
                let until = (wish.verb == Verb::Pause).then(|| now.plus(PAUSE));
                for address in &addresses {
                    self.permissions
                        .pause(address.permission, until, now)
                        .await?;
                }
                Ok(())
            }
        }
    }

    /// Writes each word that differs from what the address said before, and what the contact shall hear of it.
    async fn say(
        &self,
        token: &PreferencesToken,
        address: &Address,
        release: &Release,
        wish: &Wish,
        (at, proof): (Timestamp, &Proof),
    ) -> Result<Vec<Input>, PortError> {
        let mut inputs = Vec::new();
        for topic in release.project.topics.keys() {
            let named = on(address.channel, topic);
            let opted_in = wish.ticked.contains(&box_of(address.channel, topic));
            if opted_in == (address.row.topic_state(topic) == TopicState::OptedIn) {
                continue;
            }
            let change = ConsentChange {
                permission: address.permission,
                topic: topic.clone(),
                consent: Consent {
                    opted_in,
                    at,
                    proof: proof.clone(),
                },
                is_pending: false,
            };
            self.permissions.consent(&change).await?;
            inputs.push(said(token.contact, Some(named), opted_in, at, proof));
        }
        Ok(inputs)
    }

    /// Writes how often at most, if that differs from what the address said before.
    async fn limit(&self, address: &Address, wish: &Wish, at: Timestamp) -> Result<(), PortError> {
        let frequency = wish.often.as_deref().map(Frequency::named);
        let Some(frequency) = frequency.filter(|wanted| *wanted != address.row.frequency) else {
            return Ok(());
        };
        let permission = address.permission;
        let permissions = &self.permissions;
        permissions.limit_frequency(permission, frequency, at).await
    }

    async fn addresses(&self, token: &PreferencesToken) -> Result<Vec<Address>, PortError> {
        let mut addresses = Vec::new();
        for (channel, permission) in [(Channel::Email, token.email), (Channel::Sms, token.sms)] {
            if let Some(permission) = permission {
                let row = self.permissions.row(permission).await?;
                addresses.push(Address {
                    channel,
                    permission,
                    row,
                });
            }
        }
        Ok(addresses)
    }

    /// The page as things stand.
    async fn preferences(
        &self,
        token: &PreferencesToken,
        words: Words,
        status: &str,
    ) -> Result<Response<Bytes>, PortError> {
        let release = self.releases.current().await?;
        let addresses = self.addresses(token).await?;
        let now = self.clock.now();
        let paused = addresses
            .iter()
            .filter_map(|address| address.row.paused_until);
        let paused = paused.max().filter(|until| now < *until);
        let mut html = format!("<h1>{}</h1>{status}", words.say(words::TITLE));
        if let Some(until) = paused {
            let date = until.to_string();
            let date = date.split('T').next().unwrap_or_default();
            let said = words.say(words::PAUSED_UNTIL);
            // Writing to a text cannot fail, here and below.
            let _ = write!(
                html,
                "<p>{said} <time datetime=\"{date}\">{date}</time>.</p>"
            );
        }
        html.push_str("<form method=\"post\">");
        for address in &addresses {
            html.push_str(&topics(address, &release, words));
        }
        html.push_str(&frequencies(&addresses, words));
        html.push_str(&languages(&release, words));
        let pause = match paused {
            Some(_) => ("resume", words::RESUME),
            None => ("pause", words::PAUSE),
        };
        for (verb, label) in [("save", words::SAVE), pause, ("stop", words::STOP)] {
            let label = words.say(label);
            let _ = write!(
                html,
                "<button name=\"do\" value=\"{verb}\">{label}</button>"
            );
        }
        html.push_str("</form>");
        Ok(page(StatusCode::OK, words, &html))
    }
}

fn box_of(channel: Channel, topic: &str) -> String {
    format!("{topic}/{}", channel.name())
}

/// A box for each topic.
fn topics(address: &Address, release: &Release, words: Words) -> String {
    let legend = match address.channel {
        Channel::Email => words::BY_EMAIL,
        Channel::Sms => words::BY_SMS,
    };
    let mut html = format!("<fieldset><legend>{}</legend>", words.say(legend));
    for (id, topic) in &release.project.topics {
        let checked = match address.row.topic_state(id) {
            TopicState::OptedIn => " checked",
            TopicState::OptedOut | TopicState::Pending | TopicState::Unasked => "",
        };
        let value = escaped(&box_of(address.channel, id));
        let title = escaped(&topic.title);
        let _ = write!(
            html,
            "<label><input type=\"checkbox\" name=\"on\" value=\"{value}\"{checked}> {title}</label>"
        );
    }
    html + "</fieldset>"
}

/// The choice of how often; what is shown is what the first of the addresses said.
fn frequencies(addresses: &[Address], words: Words) -> String {
    let said = addresses.first().and_then(|address| address.row.frequency);
    let label = words.say(words::OFTEN);
    let mut html =
        format!("<label for=\"{OFTEN}\">{label}</label><select id=\"{OFTEN}\" name=\"{OFTEN}\">");
    let all = Frequency::ALL.into_iter().map(Some);
    for frequency in [None].into_iter().chain(all) {
        let (name, text) = match frequency {
            None => ("", words::ALWAYS),
            Some(Frequency::Weekly) => (Frequency::Weekly.name(), words::WEEKLY),
            Some(Frequency::Monthly) => (Frequency::Monthly.name(), words::MONTHLY),
        };
        let selected = if frequency == said { " selected" } else { "" };
        let text = words.say(text);
        let _ = write!(html, "<option value=\"{name}\"{selected}>{text}</option>");
    }
    html + "</select><br>"
}

/// The choice of a language, where there is one.
fn languages(release: &Release, words: Words) -> String {
    let locales = &release.project.locales;
    if locales.len() < 2 {
        return String::new();
    }
    let (label, unchanged) = (words.say(words::LANGUAGE), words.say(words::UNCHANGED));
    let mut html = format!(
        "<label for=\"locale\">{label}</label><select id=\"locale\" name=\"locale\">\
         <option value=\"\" selected>{unchanged}</option>"
    );
    for locale in locales {
        let name = LANGUAGES.iter().find(|(code, _)| *code == locale.as_str());
        let name = escaped(name.map_or(locale.as_str(), |(_, name)| name));
        let code = escaped(locale);
        let _ = write!(
            html,
            "<option value=\"{code}\" lang=\"{code}\">{name}</option>"
        );
    }
    html + "</select><br>"
}

/// The chosen language as the contact hears it; one that nobody offered is none.
fn speak(token: &PreferencesToken, release: &Release, wish: &Wish, at: Timestamp) -> Option<Input> {
    release.project.locales.contains(&wish.locale).then(|| {
        let mut attributes = Properties::new();
        attributes.insert(LOCALE.to_owned(), json!(wish.locale));
        let by = [
            token.contact.as_bytes().as_slice(),
            wish.locale.as_bytes(),
            &at.as_millis().to_be_bytes(),
        ];
        Input::Command(Box::new(Command {
            id: InputId::of("locale", &by),
            contact: token.contact,
            at,
            kind: CommandKind::Attributes(Personal::new(attributes)),
        }))
    })
}
