//! What a template can name.

use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::Value as Json;

use wend_core::contact::Contact;
use wend_core::enrollment::Enrollment;
use wend_core::input::Properties;
use wend_core::path::{Path, Root};
use wend_core::personal::Personal;
use wend_core::release::Journey;
use wend_core::zone::Zone;

/// Everything that a message can say something of.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// Whom it is to, or about.
    pub contact: &'a Contact,
    /// The journey version that sends it.
    pub journey: Option<&'a Journey>,
    /// The run that sends it.
    pub run: Option<&'a Enrollment>,
    /// All properties of the event that began the run; without them, those that the run keeps.
    pub trigger: Option<&'a Properties>,
    /// What the step gives beside, over what the run has saved.
    pub given: &'a BTreeMap<String, Personal<Json>>,
    /// The contact's zone, in which dates are shown.
    pub zone: &'a Zone,
}

/// The names that templates know. The first five and the run can be in a sample; the rest is of the message itself.
pub(crate) const NAMES: [&str; 9] = [
    "contact",
    "trigger",
    "data",
    "vars",
    "journey",
    "enrollment",
    "message",
    "links",
    "project",
];

/// The values of one message by name.
pub(crate) type Context = BTreeMap<&'static str, Value>;

/// What a message of one person is rendered with.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) context: Context,
    /// In which dates are shown.
    pub(crate) zone: Zone,
    /// The person's language; empty where it is not known.
    pub(crate) locale: String,
}

impl Values<'_> {
    /// The same for the engine.
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            context: self.context(),
            zone: self.zone.clone(),
            locale: self.locale().unwrap_or_default().to_owned(),
        }
    }

    /// The contact's language: its attribute `locale`, else `language`.
    fn locale(&self) -> Option<&str> {
        let attributes = &self.contact.attributes;
        let mut found = ["locale", "language"].into_iter();
        found.find_map(|name| attributes.get(name)?.value.expose().as_str())
    }

    fn context(&self) -> Context {
        let contact = Value::from(self.contact_map());
        let trigger = self
            .trigger
            .or_else(|| self.run.map(|run| run.origin.properties.expose()));
        let trigger: BTreeMap<String, Value> = trigger.into_iter().flatten().map(of_json).collect();
        let saved = self
            .run
            .into_iter()
            .flat_map(|run| run.data.expose())
            .map(of_json);
        let given = self
            .given
            .iter()
            .map(|(name, value)| of_json((name, value.expose())));
        let data: BTreeMap<String, Value> = saved.chain(given).collect();
        let vars: BTreeMap<String, Value> = self
            .journey
            .into_iter()
            .flat_map(|journey| &journey.vars)
            .map(of_json)
            .collect();
        let title = self.journey.map_or("", |journey| journey.title.as_str());
        let enrollment = self.run.map(|run| {
            let key = run.key.as_deref().unwrap_or_default();
            BTreeMap::from([
                ("key", Value::from(key)),
                ("entered_at", Value::from(run.entered_at.to_string())),
            ])
        });
        let enrollment = enrollment.unwrap_or_default();
        BTreeMap::from([
            ("contact", contact),
            ("trigger", trigger.into()),
            ("data", data.into()),
            ("vars", vars.into()),
            ("journey", title.into()),
            ("enrollment", enrollment.into()),
        ])
    }

    fn contact_map(&self) -> BTreeMap<String, Value> {
        let contact = self.contact;
        let attributes = contact.attributes.iter().chain(&contact.lasts);
        let attributes =
            attributes.map(|(name, attribute)| of_json((name, attribute.value.expose())));
        let email = contact
            .email
            .as_ref()
            .map(|email| ("email", email.address.expose()));
        let phone = contact
            .phone
            .as_ref()
            .map(|phone| ("phone", phone.number.expose()));
        let own = email.into_iter().chain(phone);
        let own = own.map(|(name, value)| (name.to_owned(), Value::from(value)));
        attributes.chain(own).collect()
    }
}

impl Facts {
    /// The facts of a template's sample, or of others in its form: `{ contact: { … }, trigger: { … } }`.
    pub(crate) fn of_sample(sample: &Json) -> Self {
        let empty = Json::Object(serde_json::Map::new());
        let of = |name: &'static str| match sample.get(name) {
            Some(value) => (name, Value::from(Serde(value))),
            None if name == "journey" => (name, Value::from("")),
            None => (name, Value::from(Serde(&empty))),
        };
        let contact = |name: &str| sample.get("contact")?.get(name)?.as_str();
        let zone = contact("timezone").and_then(Zone::parse);
        let locale = contact("locale").or_else(|| contact("language"));
        Self {
            context: NAMES.into_iter().take(6).map(of).collect(),
            zone: zone.unwrap_or_else(Zone::utc),
            locale: locale.unwrap_or_default().to_owned(),
        }
    }

    /// Whether there is something under `path`: not missing, not null, not an empty text or list.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let root = match path.root() {
            Root::Contact | Root::Trigger | Root::Data | Root::Vars => path.root().name(),
            Root::Score | Root::Event => return true,
        };
        let found = self.context.get(root).cloned();
        let found = path.names().iter().try_fold(found, |value, name| {
            Some(value?.get_attr(name).ok()).filter(Option::is_some)
        });
        found.flatten().is_some_and(|value| {
            let is_empty = value.len() == Some(0);
            !value.is_undefined() && !value.is_none() && !is_empty
        })
    }
}

fn of_json<'v>((name, value): (&'v String, &'v Json)) -> (String, Value) {
    (name.clone(), Value::from(Serde(value)))
}
