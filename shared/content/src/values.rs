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

/// The names that templates know.
pub(crate) const NAMES: [&str; 5] = ["contact", "trigger", "data", "vars", "journey"];

impl Values<'_> {
    /// The values by name, for the engine.
    pub(crate) fn context(&self) -> Value {
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
        let values = [
            contact,
            trigger.into(),
            data.into(),
            vars.into(),
            title.into(),
        ];
        let named = NAMES.into_iter().zip(values);
        Value::from(
            named
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<BTreeMap<_, _>>(),
        )
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

    /// Whether there is something under `path`: not missing, not null, not an empty text or list.
    pub(crate) fn has(context: &Value, path: &Path) -> bool {
        let root = match path.root() {
            Root::Contact | Root::Trigger | Root::Data | Root::Vars => path.root().name(),
            Root::Score | Root::Event => return true,
        };
        let names = std::iter::once(root).chain(path.names().iter().map(String::as_str));
        let found = names
            .into_iter()
            .try_fold(context.clone(), |value, name| value.get_attr(name).ok());
        found.is_some_and(|value| {
            let is_empty = value.len() == Some(0);
            !value.is_undefined() && !value.is_none() && !is_empty
        })
    }
}

fn of_json<'v>((name, value): (&'v String, &'v Json)) -> (String, Value) {
    (name.clone(), Value::from(Serde(value)))
}
