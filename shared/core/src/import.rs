//! Rows of an import: what another tool knew of a contact, read by the types of `wend.yaml`.
//!
//! A row is an `identify` in Segment's format with the moment at which it was true (`timestamp`), so that what the contact has said
//! since stays, and so that the same row is the same input, however often it is sent. A value that is not of its type is left out
//! and told; who cannot be named at all is refused. Nobody gets a consent that the row does not state with its wording and its time.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::condition::Topic;
use crate::id::InputId;
use crate::identity::PhoneNumber;
use crate::input::Event;
use crate::release::{OptIn, Release, ValueType};
use crate::time::Timestamp;
use crate::tracking::{self, Call, ItemError, Request};
use crate::zone::Zone;

mod typed;

pub use typed::typed;

/// The list of opt-ins, each with its wording and its time.
const SUBSCRIBED: &str = "subscribed";
/// The list of opt-outs.
const UNSUBSCRIBED: &str = "unsubscribed";

/// What a contact has of itself, and nobody can say.
const OWN: [&str; 4] = ["id", "user_id", "zone", "created_at"];

/// What is wrong with a row, or with one of its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The attribute; empty where it is the whole row.
    pub field: String,
    /// What, and what to do.
    pub error: String,
}

/// A row that can be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it says.
    pub event: Event,
    /// Its values that are left out.
    pub left_out: Vec<Fault>,
}

/// What rows may say, by a release.
#[derive(Debug)]
pub struct Rules<'r> {
    release: &'r Release,
    /// The attributes that somebody may set; none: any.
    attributes: Option<BTreeSet<&'r str>>,
}

impl<'r> Rules<'r> {
    /// The rules of `release`.
    pub fn of(release: &'r Release) -> Self {
        let computed = &release.project.computed;
        let settable = |all: BTreeSet<&'r str>| {
            let names = all
                .into_iter()
                .filter(|name| !computed.contains_key(*name) && !OWN.contains(name));
            names.collect()
        };
        Self {
            release,
            attributes: release.attributes().map(settable),
        }
    }

    /// What a tool that sends rows must know: attributes with their types (null: any attribute), topics with how one opts in.
    pub fn shape(&self) -> Value {
        let project = &self.release.project;
        let attributes = self.attributes.as_ref().map(|names| {
            let typed = names.iter().filter(|name| !is_list_of_topics(name));
            let typed = typed.map(|name| {
                let rule = project.attributes.get(*name);
                let kind = rule.map_or(ValueType::Text, |rule| rule.kind);
                ((*name).to_owned(), json!(kind))
            });
            typed.collect::<Map<String, Value>>()
        });
        let topics = project.topics.iter();
        let topics = topics.map(|(name, topic)| {
            let opt_in = match topic.opt_in {
                OptIn::Single => "single",
                OptIn::Double => "double",
            };
            (name.clone(), json!(opt_in))
        });
        json!({ "attributes": attributes, "topics": topics.collect::<Map<String, Value>>() })
    }

    /// Reads one row. It starts nothing unless `starts`.
    pub fn read(&self, row: &Value, starts: bool, request: Request<'_>) -> Result<Row, Fault> {
        let whole = |error: &ItemError| Fault {
            field: if *error == ItemError::BadEmail {
                "email".to_owned()
            } else {
                String::new()
            },
            error: error.to_string(),
        };
        let mut row = row.clone();
        let is_dated = row.get("timestamp").is_some_and(Value::is_string);
        if row.is_object() && !is_dated {
            return Err(Fault {
                field: String::new(),
                error: "`timestamp` is missing: say when the row was true".to_owned(),
            });
        }
        let mut left_out = Vec::new();
        if let Some(Value::Object(traits)) = row.get_mut("traits") {
            let said = std::mem::take(traits);
            for (field, value) in said {
                match self.value(&field, &value) {
                    Ok(value) => {
                        traits.insert(field, value);
                    }
                    Err(error) => left_out.push(Fault { field, error }),
                }
            }
        }
        // The row is dated, so nothing is drawn.
        let none = || InputId::from_bytes([0; 16]);
        let event = tracking::read(Some(Call::Identify), &row, request, none);
        let event = event.map_err(|error| whole(&error))?;
        let is_import = !starts;
        Ok(Row {
            event: Event { is_import, ..event },
            left_out,
        })
    }

    /// A value as the attribute `name` has it, or why it cannot have it.
    fn value(&self, name: &str, value: &Value) -> Result<Value, String> {
        let project = &self.release.project;
        match name {
            SUBSCRIBED => return self.consents(value),
            UNSUBSCRIBED => return self.topics(value),
            // Read with the row's names.
            "email" => return Ok(value.clone()),
            _ => {}
        }
        if project.computed.contains_key(name) || OWN.contains(&name) {
            return Err("nobody can set it, a contact has it of itself".to_owned());
        }
        if self
            .attributes
            .as_ref()
            .is_some_and(|all| !all.contains(name))
        {
            return Err("it is no attribute of wend.yaml: declare it there".to_owned());
        }
        if value.is_null() {
            return Ok(Value::Null);
        }
        let Some(rule) = project.attributes.get(name) else {
            return everybodys(name, value);
        };
        let value = typed(value, rule.kind)?;
        let offered = &rule.one_of;
        let all = value.as_array();
        let all = all.map_or(std::slice::from_ref(&value), Vec::as_slice);
        let is_offered = |value: &Value| {
            let text = value.as_str();
            let text = text.map_or_else(|| value.to_string(), str::to_owned);
            offered.is_empty() || offered.contains(&text)
        };
        match all.iter().find(|value| !is_offered(value)) {
            Some(other) => Err(format!("{other} is none of: {}", offered.join(", "))),
            None => Ok(value),
        }
    }

    /// Opt-ins that are stated as such.
    fn consents(&self, value: &Value) -> Result<Value, String> {
        const HELP: &str =
            "state each as {\"topic\", \"wording\", \"at\"}: to what, by which words, when";
        let items = value.as_array().ok_or(HELP)?;
        for item in items {
            let text = |name: &str| item.get(name).and_then(Value::as_str);
            self.topic(text("topic").ok_or(HELP)?)?;
            let wording = text("wording").filter(|wording| !wording.trim().is_empty());
            wording.ok_or(HELP)?;
            let at = text("at").ok_or(HELP)?;
            let confirmed_at = item.get("confirmed_at").map(|_| text("confirmed_at"));
            for at in [Some(Some(at)), confirmed_at].into_iter().flatten() {
                let is_time = at.is_some_and(|at| Timestamp::parse(at).is_some());
                if !is_time {
                    let at = at.unwrap_or_default();
                    return Err(format!("`{at}` is no moment such as 2026-03-01T08:00:00Z"));
                }
            }
        }
        Ok(value.clone())
    }

    fn topics(&self, value: &Value) -> Result<Value, String> {
        let items = value.as_array().ok_or("it must be a list of topics")?;
        for item in items {
            self.topic(item.as_str().ok_or("it must be a list of topics")?)?;
        }
        Ok(value.clone())
    }

    fn topic(&self, text: &str) -> Result<(), String> {
        let topic: Topic = text.parse().map_err(|_| format!("`{text}` is no topic"))?;
        let known = &self.release.project.topics;
        if known.contains_key(&topic.topic) {
            return Ok(());
        }
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        Err(format!(
            "there is no topic `{}`; there are: {}",
            topic.topic,
            known.join(", ")
        ))
    }
}

fn is_list_of_topics(name: &str) -> bool {
    [SUBSCRIBED, UNSUBSCRIBED].contains(&name)
}

/// An attribute that everybody has without a declaration, or that nobody has declared.
fn everybodys(name: &str, value: &Value) -> Result<Value, String> {
    let text = value.as_str().unwrap_or_default();
    match name {
        "phone" => match PhoneNumber::parse(text) {
            Some(number) => Ok(json!(number.expose())),
            None => Err(format!(
                "{value} is no number with its country, such as +4915550001111"
            )),
        },
        "timezone" if Zone::parse(text).is_none() => {
            Err(format!("{value} is no time zone such as Europe/Berlin"))
        }
        _ => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests;
