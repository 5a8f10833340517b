//! What lines of the present tense do, by the inputs that every source sends.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Map, Value, json};
use wend_content::read_all;
use wend_core::condition::Topic;
use wend_core::definitions::scenario::{self, Done, Line, Person};
use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::id::{ContactKey, InputId, SendId};
use wend_core::identity::Channel;
use wend_core::input::{CommandKind, Event, Input};
use wend_core::release::Resume;
use wend_core::time::Timestamp;
use wend_core::token::{LinkKeys, Token, UnsubscribeToken};
use wend_core::tracking::{self, Call};

use super::play::Stage;
use super::stage::staged;
use crate::memory::{Reaction, SentMail, WorldError};
use crate::ports::PortError;

/// Why a line was not done.
#[derive(Debug)]
pub(super) enum Undone {
    /// What it says cannot be done.
    Cannot(String),
    /// The world stands still.
    World(WorldError),
}

impl From<WorldError> for Undone {
    fn from(error: WorldError) -> Self {
        Self::World(error)
    }
}

impl From<PortError> for Undone {
    fn from(error: PortError) -> Self {
        Self::World(error.into())
    }
}

/// Makes the contact called `name`.
pub(super) fn introduce(stage: &mut Stage<'_>, name: &str, person: &Person) -> Result<(), Undone> {
    let body = json!({ "traits": person.traits });
    say(stage, name, Call::Identify, &body)?;
    // Words and lists follow what makes the contact.
    stage.world.run_until(stage.world.now())?;
    let key = key(stage, name)?;
    for topic in &person.subscribed {
        stage.world.consent(key, Some(topic.name.clone()), true)?;
    }
    if !person.lists.is_empty() {
        let join = person.lists.clone();
        let leave = Vec::new();
        let kind = CommandKind::Lists { join, leave };
        stage.world.command(key, kind)?;
    }
    Ok(())
}

/// Does what a line says.
pub(super) fn perform(stage: &mut Stage<'_>, line: &Line, done: &Done) -> Result<(), Undone> {
    let who = line.who.as_str();
    match done {
        Done::Track {
            event,
            with,
            occurred_at,
        } => {
            let mut body = json!({ "event": event, "properties": with });
            date(&mut body, *occurred_at);
            say(stage, who, Call::Track, &body)
        }
        Done::Identify {
            traits,
            occurred_at,
        } => {
            let mut body = json!({ "traits": traits });
            date(&mut body, *occurred_at);
            say(stage, who, Call::Identify, &body)
        }
        Done::Import(traits) => {
            let body = json!({ "traits": traits });
            let mut event = read(stage, who, Call::Identify, &body)?;
            event.is_import = true;
            Ok(stage.world.accept(Input::Event(Box::new(event)))?)
        }
        Done::Page { path } => {
            let body = json!({ "properties": { "path": path } });
            say(stage, who, Call::Page, &body)
        }
        Done::React {
            step,
            reaction,
            by_machine,
            link,
            text,
        } => {
            let mail = last_mail(stage, who, step)?;
            let reaction = reaction_of(*reaction, *by_machine, (link.as_deref(), text.as_deref()));
            Ok(stage.world.react(&mail, &reaction)?)
        }
        Done::Subscribe(topic) => word(stage, who, Some(topic), true),
        Done::Unsubscribe(Some(topic)) => word(stage, who, Some(topic), false),
        Done::Unsubscribe(None) => unsubscribe(stage, who),
        Done::Publish(files) => publish(stage, files),
        Done::Pause { journey } => {
            stage.world.pause(journey, None)?;
            Ok(stage.world.touch_all()?)
        }
        Done::Resume { journey, mode } => {
            let mode = match mode {
                scenario::Resume::Running => Resume::AsIfRunning,
                scenario::Resume::Shift => Resume::Shift,
            };
            stage.world.pause(journey, Some(mode))?;
            Ok(stage.world.touch_all()?)
        }
        Done::Enroll { journey, with } => {
            let kind = CommandKind::Enroll {
                journey: journey.clone(),
                data: with.clone().into(),
            };
            Ok(stage.world.command(key(stage, who)?, kind)?)
        }
    }
}

fn reaction_of(
    reaction: scenario::Reaction,
    by_machine: bool,
    (link, text): (Option<&str>, Option<&str>),
) -> Reaction {
    match reaction {
        scenario::Reaction::Open => Reaction::Open { by_machine },
        scenario::Reaction::Click => Reaction::Click {
            by_machine,
            link: link.unwrap_or("https://example.com/").to_owned(),
        },
        scenario::Reaction::Bounce => Reaction::Bounce,
        scenario::Reaction::Complain => Reaction::Complaint,
        scenario::Reaction::Reply => Reaction::Reply {
            text: text.unwrap_or("Thank you").to_owned(),
        },
    }
}

fn key(stage: &Stage<'_>, who: &str) -> Result<ContactKey, Undone> {
    let key = stage.key(who);
    key.ok_or_else(|| Undone::Cannot(format!("there is no {who}")))
}

/// Says when something happened, where that is not now.
fn date(body: &mut Value, occurred_at: Option<Timestamp>) {
    if let (Some(at), Some(fields)) = (occurred_at, body.as_object_mut()) {
        fields.insert("timestamp".to_owned(), json!(at.to_string()));
    }
}

/// Sends a call of the Segment format, as a website would.
fn say(stage: &mut Stage<'_>, who: &str, call: Call, body: &Value) -> Result<(), Undone> {
    let event = read(stage, who, call, body)?;
    Ok(stage.world.accept(Input::Event(Box::new(event)))?)
}

fn read(stage: &mut Stage<'_>, who: &str, call: Call, body: &Value) -> Result<Event, Undone> {
    stage.said += 1;
    let mut item = body.as_object().cloned().unwrap_or_else(Map::new);
    item.insert("userId".to_owned(), json!(who));
    item.insert("messageId".to_owned(), json!(stage.said.to_string()));
    let request = tracking::Request {
        source: "scenario",
        is_public: false,
        accepted_at: stage.world.now(),
        sent_at: None,
    };
    let drawn = || InputId::from_bytes([0; 16]);
    let event = tracking::read(Some(call), &Value::Object(item), request, drawn);
    event.map_err(|error| Undone::Cannot(error.to_string()))
}

/// Says a word on one topic or on all marketing, confirmed.
fn word(stage: &Stage<'_>, who: &str, topic: Option<&Topic>, opted_in: bool) -> Result<(), Undone> {
    let key = key(stage, who)?;
    Ok(stage.world.consent(key, topic.cloned(), opted_in)?)
}

/// The newest message that `step` has sent `who`.
fn last_mail(stage: &Stage<'_>, who: &str, step: &str) -> Result<SentMail, Undone> {
    let key = key(stage, who)?;
    let mut mails = stage.world.mailbox().sent_from(0).into_iter();
    let mail = mails.rfind(|mail| mail.contact == key && mail.step == step);
    mail.ok_or_else(|| Undone::Cannot(format!("step `{step}` has sent {who} nothing yet")))
}

/// Follows the unsubscribe link, as every message has one.
fn unsubscribe(stage: &Stage<'_>, who: &str) -> Result<(), Undone> {
    let contact = stage.contact(who)?;
    let Some((contact, email)) = contact.and_then(|contact| {
        let email = contact.email.clone()?;
        Some((contact, email))
    }) else {
        return Err(Undone::Cannot(format!(
            "{who} has no address to unsubscribe"
        )));
    };
    let secret = stage.world.secret();
    let token = UnsubscribeToken {
        contact: contact.id,
        channel: Channel::Email,
        permission: email.address.permission_key(Channel::Email, secret),
        send: SendId::from_bytes([0; 16]),
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/u/{}", token.sign(&LinkKeys::first(secret))))
        .body(Bytes::new());
    let request = request.map_err(|error| Undone::Cannot(error.to_string()))?;
    let status = stage.world.follow(request)?.status();
    if status.is_success() {
        return Ok(());
    }
    Err(Undone::Cannot(format!(
        "the unsubscribe link answered {status}"
    )))
}

/// Publishes the project with these files instead or besides.
fn publish(stage: &mut Stage<'_>, files: &BTreeMap<String, Option<String>>) -> Result<(), Undone> {
    for (path, text) in files {
        stage.files.retain(|file| file.path != *path);
        stage.files.extend(text.clone().map(|text| SourceFile {
            path: path.clone(),
            text,
        }));
    }
    let definitions = read_all(&stage.files).map_err(|faults| told(&faults))?;
    let staged = staged(&definitions, stage.scenarios, stage.case);
    stage.world.publish(staged)?;
    Ok(stage.world.touch_all()?)
}

fn told(faults: &[Diagnostic]) -> Undone {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Undone::Cannot(faults.join("\n"))
}
