//! Items of a list of topics that say how a word was given.

use serde_json::Value;

use crate::input::Event;
use crate::permission::{Proof, source};
use crate::time::Timestamp;

/// An item of a list of topics that says how the word was given. A plain name is a state, which a site may repeat at every page
/// view; this is an act, which counts each time.
pub(super) struct Act {
    /// The topic.
    pub(super) topic: String,
    /// When it was said.
    pub(super) at: Timestamp,
    /// How.
    pub(super) proof: Proof,
}

/// The acts among the items of a list. When one was said, and that a link has confirmed it elsewhere, is believed of who has a
/// secret alone; nothing is said later than it is told.
pub(super) fn acts(list: Option<&Value>, event: &Event) -> Vec<Act> {
    let items = list.and_then(Value::as_array);
    let items = items.map_or(&[][..], Vec::as_slice).iter();
    let text = |item: &Value, name: &str| item.get(name)?.as_str().map(str::to_owned);
    let time = |item: &Value, name: &str| {
        let said = text(item, name).filter(|_| event.public_source.is_none())?;
        Timestamp::parse(&said)
    };
    let act = |item: &Value| {
        let (topic, wording) = (text(item, "topic")?, text(item, "wording"));
        let said = text(item, "source");
        let proof = Proof {
            confirmed_at: time(item, "confirmed_at"),
            ..Proof::new(said.as_deref().unwrap_or(from(event)), wording.as_deref())
        };
        let at = time(item, "at").map_or(event.occurred_at, |at| at.min(event.occurred_at));
        Some(Act { topic, at, proof })
    };
    items.filter_map(act).collect()
}

/// Where words come from that do not say it.
pub(super) const fn from(event: &Event) -> &'static str {
    if event.is_import {
        source::IMPORT
    } else {
        source::EVENT
    }
}

/// A list of topics with names alone.
pub(super) fn names_of(list: &Value) -> Value {
    let Some(items) = list.as_array() else {
        return list.clone();
    };
    let name = |item: &Value| item.get("topic").unwrap_or(item).clone();
    Value::Array(items.iter().map(name).collect())
}
