//! The public HTTP body, in Segment's format, read into events.
//!
//! Source of the format: Segment's HTTP Tracking API and Spec (common fields `type`, `userId`, `anonymousId`, `messageId`,
//! `timestamp`, `sentAt`, `context`). What can never succeed is an error of the one item; the others go on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::id::{InputId, derive};
use crate::identity::{EmailAddress, Identity, IdentityKind, PhoneNumber};
use crate::input::{Event, EventKind, Properties};
use crate::time::Timestamp;

/// Largest body of one event, in bytes (Segment's limit).
pub const EVENT_BYTES_MAX: usize = 32 * 1024;
/// Largest body of a batch, in bytes (Segment's limit).
pub const BATCH_BYTES_MAX: usize = 500 * 1024;
/// Longest name or id, in bytes: it becomes part of keys, traces and counters.
pub const NAME_BYTES_MAX: usize = 256;
/// Most items in a batch: 500 KB of the smallest sensible event.
pub const BATCH_ITEMS_MAX: usize = 2500;

/// The attribute that a `group` sets.
const COMPANY: &str = "company";

/// What a URL or an item's `type` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Attributes of a contact.
    Identify,
    /// An event.
    Track,
    /// A page view.
    Page,
    /// Another name of a contact.
    Alias,
    /// Attributes of a contact's company.
    Group,
}

impl Call {
    /// The call that `name` names in a path (`/v1/track`) or in `type`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "identify" => Some(Self::Identify),
            "track" => Some(Self::Track),
            "page" => Some(Self::Page),
            "alias" => Some(Self::Alias),
            "group" => Some(Self::Group),
            _ => None,
        }
    }
}

/// Why one item can never be accepted: says what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// An item is not an object.
    #[error("an event must be a JSON object, this is {0}")]
    NotAnObject(&'static str),
    /// An item of a batch has no known type.
    #[error("`type` is {0}; it must be one of identify, track, page, alias, group")]
    UnknownType(String),
    /// A field has another type than the format says.
    #[error("`{field}` must be {expected}, this is {found}")]
    WrongType {
        /// The field's name.
        field: &'static str,
        /// What the format says.
        expected: &'static str,
        /// What was sent.
        found: &'static str,
    },
    /// Nobody is named.
    #[error(
        "nobody is named: send `userId`, `anonymousId`, or an email or a phone number in `traits` or `context.traits`"
    )]
    NoIdentity,
    /// An `alias` that does not say which two names are one.
    #[error(
        "`{0}` is missing: an alias call names the id that was used before, `previousId`, and the one from now on, `userId`"
    )]
    NoAlias(&'static str),
    /// A `group` that does not say which company.
    #[error("`groupId` is missing: a group call names the company")]
    NoGroup,
    /// A `track` without a name.
    #[error("`event` is missing: a track call names what happened")]
    NoEventName,
    /// A name or id is too long.
    #[error("`{field}` is {bytes} bytes long; at most {NAME_BYTES_MAX} are kept")]
    TooLong {
        /// The field's name.
        field: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// A timestamp cannot be read.
    #[error("`{0}` is not an ISO 8601 instant such as 2026-03-01T08:00:00.000Z")]
    BadTimestamp(&'static str),
    /// The address cannot be written to.
    #[error("`email` is not an address that can be written to")]
    BadEmail,
    /// The event is larger than the limit.
    #[error("the event has {0} bytes; at most {EVENT_BYTES_MAX} are taken")]
    TooLarge(usize),
}

/// What a request says about all of its items.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The source: the write key's id. Two sources may use the same `messageId` for two events.
    pub source: &'a str,
    /// Whether anybody may have the source's key, because it stands in web pages.
    pub is_public: bool,
    /// When the request came.
    pub accepted_at: Timestamp,
    /// The sender's clock when it sent the request, where it says so.
    pub sent_at: Option<Timestamp>,
}

/// Reads one item. `call` is what the URL says; an item of a batch says it in `type`.
///
/// `draw` gives the id of an event that has neither a `messageId` nor a timestamp: nothing in it tells a client's retry
/// from a second event, so both count.
pub fn read(
    call: Option<Call>,
    item: &Value,
    request: Request<'_>,
    draw: impl FnOnce() -> InputId,
) -> Result<Event, ItemError> {
    let item = item
        .as_object()
        .ok_or_else(|| ItemError::NotAnObject(type_name(item)))?;
    let bytes = serde_json::to_string(item).map_or(0, |text| text.len());
    if bytes > EVENT_BYTES_MAX {
        return Err(ItemError::TooLarge(bytes));
    }
    let call = match call {
        Some(call) => call,
        None => call_of(item)?,
    };
    let kind = match call {
        Call::Identify => EventKind::Identify,
        Call::Page => EventKind::Page,
        Call::Alias => EventKind::Alias,
        Call::Group => EventKind::Group,
        Call::Track => EventKind::Track(name(item, "event")?.ok_or(ItemError::NoEventName)?),
    };
    let context = object(item, "context")?;
    let of_contact = merged_traits(item, context, call)?;
    let (address, also) = identities(item, call, &of_contact)?;
    let traits = match call {
        Call::Group => of_company(item, of_contact)?,
        Call::Identify | Call::Track | Call::Page | Call::Alias => of_contact,
    };
    let timestamp = instant(item, "timestamp")?;
    let sent_at = instant(item, "sentAt")?.or(request.sent_at);
    Ok(Event {
        id: input_id(item, request.source, draw)?,
        kind,
        address,
        also,
        occurred_at: occurred_at(timestamp, sent_at, request.accepted_at),
        properties: object(item, "properties")?
            .cloned()
            .unwrap_or_default()
            .into(),
        traits: traits.into(),
        is_import: false,
        agreement: None,
        public_source: request.is_public.then(|| request.source.to_owned()),
    })
}

fn call_of(item: &Map<String, Value>) -> Result<Call, ItemError> {
    let found = item.get("type").unwrap_or(&Value::Null);
    let found_name = found
        .as_str()
        .map_or_else(|| type_name(found).to_owned(), |s| format!("`{s}`"));
    found
        .as_str()
        .and_then(Call::named)
        .ok_or(ItemError::UnknownType(found_name))
}

/// Traits of the call, over those that `context` says about whoever is signed in; the context's zone and locale last.
fn merged_traits(
    item: &Map<String, Value>,
    context: Option<&Properties>,
    call: Call,
) -> Result<Properties, ItemError> {
    let mut merged = Properties::new();
    if let Some(context) = context {
        for key in ["timezone", "locale"] {
            if let Some(Value::String(value)) = context.get(key) {
                merged.insert(key.to_owned(), Value::String(value.clone()));
            }
        }
        merged.extend(object(context, "traits")?.cloned().unwrap_or_default());
    }
    // Those of a group are its company's.
    if call != Call::Group {
        merged.extend(object(item, "traits")?.cloned().unwrap_or_default());
    }
    Ok(merged)
}

/// What a `group` says: the attribute `company`, with the traits and `id`, the company's.
fn of_company(
    item: &Map<String, Value>,
    mut of_contact: Properties,
) -> Result<Properties, ItemError> {
    let id = name(item, "groupId")?.ok_or(ItemError::NoGroup)?;
    let mut company = object(item, "traits")?.cloned().unwrap_or_default();
    company.insert("id".to_owned(), Value::String(id));
    of_contact.insert(COMPANY.to_owned(), Value::Object(company));
    Ok(of_contact)
}

/// The message's address and its other names: user, then anonymous, then email, then phone. An `alias` does not say whose id
/// `previousId` is: it names both the person and the device that is called so.
fn identities(
    item: &Map<String, Value>,
    call: Call,
    traits: &Properties,
) -> Result<(Identity, Vec<Identity>), ItemError> {
    let identity = |kind: IdentityKind, field: &'static str| {
        let id = name(item, field)?;
        Ok::<_, ItemError>(id.and_then(|id| Identity::new(kind, &id)))
    };
    let user = identity(IdentityKind::User, "userId")?;
    let anonymous = identity(IdentityKind::Anonymous, "anonymousId")?;
    let email = match traits.get("email") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(
            EmailAddress::parse(text)
                .ok_or(ItemError::BadEmail)?
                .identity(),
        ),
        Some(_) => return Err(ItemError::BadEmail),
    };
    // A number in national form is no name: whose country it is of, only the contact says.
    let phone = traits.get("phone").and_then(Value::as_str);
    let phone = phone.and_then(PhoneNumber::parse);
    let mut all = vec![user.clone(), anonymous];
    if call == Call::Alias {
        user.ok_or(ItemError::NoAlias("userId"))?;
        for kind in [IdentityKind::Anonymous, IdentityKind::User] {
            let previous = identity(kind, "previousId")?;
            all.push(Some(previous.ok_or(ItemError::NoAlias("previousId"))?));
        }
    }
    all.extend([email, phone.map(|phone| phone.identity())]);
    let mut names: Vec<Identity> = Vec::with_capacity(all.len());
    for name in all.into_iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err(ItemError::NoIdentity);
    }
    let also = names.split_off(1);
    let address = names.pop().ok_or(ItemError::NoIdentity)?;
    Ok((address, also))
}

/// The id of the log row: from the message alone, so that a retry is recognised.
fn input_id(
    item: &Map<String, Value>,
    source: &str,
    draw: impl FnOnce() -> InputId,
) -> Result<InputId, ItemError> {
    if let Some(id) = name(item, "messageId")? {
        return Ok(InputId::from_bytes(derive(
            "message",
            &[source.as_bytes(), id.as_bytes()],
        )));
    }
    if item.get("timestamp").is_none_or(Value::is_null) {
        return Ok(draw());
    }
    // Without `sentAt`, which a retry sets anew.
    let mut body = item.clone();
    body.remove("sentAt");
    let body = canonical(&Value::Object(body)).to_string();
    Ok(InputId::from_bytes(derive(
        "body",
        &[source.as_bytes(), body.as_bytes()],
    )))
}

/// The same JSON with its keys in order, also where `serde_json` is built to keep the order of the text.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let sorted = sorted
                .into_iter()
                .map(|(key, value)| (key.clone(), canonical(value)));
            Value::Object(sorted.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Segment's correction of a wrong clock: `accepted_at − (sentAt − timestamp)`; never in the future.
fn occurred_at(
    timestamp: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    accepted_at: Timestamp,
) -> Timestamp {
    let Some(timestamp) = timestamp else {
        return accepted_at;
    };
    let corrected = match sent_at {
        Some(sent_at) => accepted_at.minus(sent_at.since(timestamp)),
        None => timestamp,
    };
    corrected.min(accepted_at)
}

fn object<'a>(
    item: &'a Map<String, Value>,
    field: &'static str,
) -> Result<Option<&'a Properties>, ItemError> {
    match item.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(other) => Err(ItemError::WrongType {
            field,
            expected: "an object",
            found: type_name(other),
        }),
    }
}

fn name(item: &Map<String, Value>, field: &'static str) -> Result<Option<String>, ItemError> {
    let text = match item.get(field) {
        None | Some(Value::Null) => return Ok(None),
        // Many servers send a numeric primary key; Segment takes it too.
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(other) => {
            return Err(ItemError::WrongType {
                field,
                expected: "a string",
                found: type_name(other),
            });
        }
    };
    if text.len() > NAME_BYTES_MAX {
        return Err(ItemError::TooLong {
            field,
            bytes: text.len(),
        });
    }
    Ok((!text.is_empty()).then_some(text))
}

fn instant(item: &Map<String, Value>, field: &'static str) -> Result<Option<Timestamp>, ItemError> {
    match item.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Timestamp::parse(text)
            .map(Some)
            .ok_or(ItemError::BadTimestamp(field)),
        Some(_) => Err(ItemError::BadTimestamp(field)),
    }
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
