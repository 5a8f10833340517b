//! A submitted form, read into an event.
//!
//! What was typed in is read by the types that `wend.yaml` gives its fields. What it does not name is left out: buttons, what
//! a browser's extension adds, whatever a stranger makes up.

use serde_json::{Value, json};

use crate::definitions::FORM_SUBMITTED;
use crate::id::InputId;
use crate::identity::{EmailAddress, Identity, IdentityKind, PhoneNumber};
use crate::input::{Agreement, Event, EventKind, Properties};
use crate::plain;
use crate::release::{Project, PropertyRule, ValueType, WebForm};
use crate::time::Timestamp;
use crate::tracking::NAME_BYTES_MAX;

/// The input that tells which visitor somebody was before; the script fills it.
pub const ANONYMOUS_ID: &str = "anonymous_id";

/// Attributes that a form may set without a declaration.
const PLACES: [&str; 5] = ["email", "phone", "locale", "country", "timezone"];
/// Lists of topics: what a form says of topics is said with its wording.
const LISTS: [&str; 2] = ["subscribed", "unsubscribed"];

/// What was sent, and to which form.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The form's name.
    pub name: &'a str,
    /// What it asks for.
    pub form: &'a WebForm,
    /// Which of it is an attribute.
    pub project: &'a Project,
    /// The inputs, by name; several of one name where several are chosen.
    pub inputs: &'a [(String, String)],
}

/// What is wrong with one field: people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// Nothing was typed in, and something must be.
    Missing,
    /// It is not of its type.
    NotA(ValueType),
    /// It is not one of the values that can be chosen.
    NotOffered,
}

/// The source of what a form says.
pub fn source(name: &str) -> String {
    format!("form/{name}")
}

impl Submission<'_> {
    /// Whether a machine sent it: it has filled in what people do not see.
    pub fn is_of_machine(&self) -> bool {
        let honeypot = self.form.honeypot.as_deref();
        honeypot.is_some_and(|name| self.values(name).next().is_some())
    }

    /// The event that it is, as it came in at `at`; or each field that must be corrected.
    pub fn read(&self, id: InputId, at: Timestamp) -> Result<Event, Vec<(String, FieldFault)>> {
        let mut properties = Properties::new();
        let mut faults = Vec::new();
        for (name, rule) in &self.form.fields {
            match self.field(name, *rule) {
                Ok(Some(value)) => {
                    properties.insert(name.clone(), value);
                }
                Ok(None) => {}
                Err(fault) => faults.push((name.clone(), fault)),
            }
        }
        let address = properties.get("email").and_then(Value::as_str);
        let address = address.and_then(EmailAddress::parse);
        let Some(address) = address.filter(|_| faults.is_empty()) else {
            return Err(faults);
        };
        let traits = self.traits(&properties);
        let agreement = self.agreement(&properties).map(Box::new);
        properties.insert("form".to_owned(), json!(self.name));
        Ok(Event {
            id,
            kind: EventKind::Track(FORM_SUBMITTED.to_owned()),
            address: address.identity(),
            also: self.visitor().into_iter().collect(),
            occurred_at: at,
            properties: properties.into(),
            traits: traits.into(),
            is_import: false,
            agreement,
            public_source: Some(source(self.name)),
        })
    }

    /// What stands in the inputs called `name`, without those that are blank.
    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.inputs.iter().filter(move |(input, _)| input == name);
        let values = named.map(|(_, value)| value.trim());
        values.filter(|value| !value.is_empty())
    }

    fn field(&self, name: &str, rule: PropertyRule) -> Result<Option<Value>, FieldFault> {
        let value = match rule.kind {
            ValueType::Boolean => Some(json!(self.is_ticked(name))),
            ValueType::Set => {
                let chosen: Vec<&str> = self.values(name).collect();
                (!chosen.is_empty()).then(|| json!(chosen))
            }
            ValueType::Text
            | ValueType::Name
            | ValueType::Number
            | ValueType::Integer
            | ValueType::Money
            | ValueType::Date
            | ValueType::Time
            | ValueType::List
            | ValueType::Map
            | ValueType::Url
            | ValueType::Email
            | ValueType::Phone => {
                let kind = rule.kind;
                let text = self.values(name).next();
                let value = text.map(|text| typed(text, kind).ok_or(FieldFault::NotA(kind)));
                value.transpose()?
            }
        };
        let Some(value) = value.filter(|value| !rule.is_required || *value != json!(false)) else {
            return if rule.is_required {
                Err(FieldFault::Missing)
            } else {
                Ok(None)
            };
        };
        let offered = self.project.attributes.get(name).map(|rule| &rule.one_of);
        let is_offered = |value: &Value| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            offered.is_none_or(|offered| offered.is_empty() || offered.contains(&text))
        };
        let all = value
            .as_array()
            .map_or(std::slice::from_ref(&value), Vec::as_slice);
        if all.iter().all(is_offered) {
            Ok(Some(value))
        } else {
            Err(FieldFault::NotOffered)
        }
    }

    /// A box that is not ticked is not sent at all; some libraries send a no.
    fn is_ticked(&self, name: &str) -> bool {
        let no = ["false", "no", "off", "0"];
        self.values(name)
            .last()
            .is_some_and(|value| !no.contains(&value.to_ascii_lowercase().as_str()))
    }

    /// What is said about the contact: the fields that are attributes.
    fn traits(&self, fields: &Properties) -> Properties {
        let project = self.project;
        let checkbox = self.form.consent.as_ref();
        let checkbox = checkbox.and_then(|consent| consent.checkbox.as_deref());
        let is_attribute = |name: &str| {
            let is_taken = LISTS.contains(&name) || project.computed.contains_key(name);
            // A project that declares none takes them as they come.
            let is_free = project.attributes.is_empty() && checkbox != Some(name);
            let is_known = project.attributes.contains_key(name) || PLACES.contains(&name);
            !is_taken && (is_known || is_free)
        };
        let said = fields.iter().filter(|(name, _)| is_attribute(name));
        said.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    fn agreement(&self, fields: &Properties) -> Option<Agreement> {
        let consent = self.form.consent.as_ref()?;
        let agrees = |name: &String| fields.get(name).and_then(Value::as_bool) == Some(true);
        consent
            .checkbox
            .as_ref()
            .is_none_or(agrees)
            .then(|| Agreement {
                topics: consent.topics.clone(),
                wording: consent.wording.clone(),
                source: source(self.name),
            })
    }

    fn visitor(&self) -> Option<Identity> {
        let id = self.values(ANONYMOUS_ID).next()?;
        let id = (id.len() <= NAME_BYTES_MAX).then_some(id)?;
        Identity::new(IdentityKind::Anonymous, id)
    }
}

/// `text` as a value of `kind`; none if it is not one.
fn typed(text: &str, kind: ValueType) -> Option<Value> {
    match kind {
        ValueType::Name => plain::is_name(text).then(|| json!(text)),
        ValueType::Number | ValueType::Money => {
            let number: f64 = text.replace(',', ".").parse().ok()?;
            number.is_finite().then(|| json!(number))
        }
        ValueType::Integer => text.parse::<i64>().ok().map(|number| json!(number)),
        ValueType::Date => {
            let date: jiff::civil::Date = text.parse().ok()?;
            (text.len() == "2027-01-01".len()).then(|| json!(date.to_string()))
        }
        ValueType::Time => Timestamp::parse(text).map(|at| json!(at.to_string())),
        ValueType::Url => {
            let is_url = text.starts_with("https://") || text.starts_with("http://");
            (is_url && plain::is_one_line(text) && !text.contains(' ')).then(|| json!(text))
        }
        ValueType::Email => EmailAddress::parse(text).map(|email| json!(email.expose())),
        ValueType::Phone => PhoneNumber::parse(text).map(|phone| json!(phone.expose())),
        ValueType::Text
        | ValueType::Boolean
        | ValueType::Set
        | ValueType::List
        | ValueType::Map => Some(json!(text)),
    }
}

#[cfg(test)]
mod tests;
