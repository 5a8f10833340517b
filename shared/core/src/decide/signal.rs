//! What rules listen to.

use std::borrow::Cow;

use serde_json::Value;

use super::ANY_ACTIVITY;
use crate::condition::Topic;
use crate::contact::RecentEvent;
use crate::enrollment::Origin;
use crate::id::InputId;
use crate::input::Properties;
use crate::time::Timestamp;

/// Something that rules listen to.
#[derive(Clone, Debug)]
pub(super) enum Signal<'a> {
    /// An event.
    Event(Happening<'a>),
    /// An attribute has another value.
    Changed {
        attribute: String,
        from: Option<Value>,
        to: Option<Value>,
    },
    /// A segment was entered or left, a list joined or left.
    Member { id: String, joined: bool },
    /// A topic was opted in to, confirmed where it asks for it.
    Confirmed(Topic),
    /// Another journey starts this one.
    Started { journey: String, origin: Origin },
}

/// An event as rules see it.
#[derive(Clone, Debug)]
pub(super) struct Happening<'a> {
    pub(super) name: Cow<'a, str>,
    /// Whether the contact itself did it.
    pub(super) is_activity: bool,
    pub(super) properties: Cow<'a, Properties>,
    pub(super) at: Timestamp,
    pub(super) id: InputId,
}

impl Happening<'_> {
    /// The names under which rules know it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let activity = (self.is_activity && self.name != ANY_ACTIVITY).then_some(ANY_ACTIVITY);
        std::iter::once(self.name.as_ref()).chain(activity)
    }
}

impl RecentEvent {
    /// As rules hear it.
    pub(super) fn happening(&self) -> Happening<'_> {
        Happening {
            name: Cow::Borrowed(&self.name),
            is_activity: self.is_activity,
            properties: Cow::Borrowed(self.properties.expose()),
            at: self.at,
            id: self.id,
        }
    }
}

/// The event that a signal is.
pub(super) const fn happening<'s, 'a>(signal: &'s Signal<'a>) -> Option<&'s Happening<'a>> {
    match signal {
        Signal::Event(happening) => Some(happening),
        Signal::Changed { .. }
        | Signal::Member { .. }
        | Signal::Confirmed(_)
        | Signal::Started { .. } => None,
    }
}
