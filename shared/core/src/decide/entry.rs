//! Who may enter: the `where` of a trigger and `entry_if`.

use std::borrow::Cow;

use serde_json::Value;

use crate::condition::{
    self, Comparison, Did, Fact, Membership, MessageState, Path, Root, Standing, Topic,
};
use crate::contact::Contact;
use crate::input::{Event, Properties};
use crate::log::{COMPARISONS_MAX, NotEntered};
use crate::release::Journey;
use crate::time::Timestamp;
use crate::zone::Zone;

/// What is known as a contact enters: its attributes and the event. The reader refuses what is not known here.
pub(super) struct World<'a> {
    contact: &'a Contact,
    event: &'a Event,
    now: Timestamp,
    zone: Zone,
}

/// Nothing, if one trigger on the event's name takes the event.
pub(super) fn unmatched(journey: &Journey, event: &Event, world: &World<'_>) -> Option<NotEntered> {
    let mut first = None;
    for trigger in &journey.triggers {
        if Some(trigger.event.as_str()) != event.kind.event_name() {
            continue;
        }
        let Some(filter) = &trigger.filter else {
            return None;
        };
        let verdict = condition::evaluate_where(filter, world);
        if verdict.holds {
            return None;
        }
        first.get_or_insert(verdict.comparisons);
    }
    first.map(|comparisons| NotEntered::Where(shortened(comparisons)))
}

/// Why `entry_if` keeps the contact out.
pub(super) fn unfit(journey: &Journey, world: &World<'_>) -> Option<NotEntered> {
    let verdict = condition::evaluate(journey.entry_if.as_ref()?, world);
    (!verdict.holds).then(|| NotEntered::EntryIf(shortened(verdict.comparisons)))
}

fn shortened(mut comparisons: Vec<Comparison>) -> Vec<Comparison> {
    comparisons.truncate(COMPARISONS_MAX);
    comparisons
}

impl<'a> World<'a> {
    pub(super) const fn new(
        contact: &'a Contact,
        event: &'a Event,
        now: Timestamp,
        zone: Zone,
    ) -> Self {
        Self {
            contact,
            event,
            now,
            zone,
        }
    }

    fn of_contact(&self, names: &[String]) -> Option<Cow<'_, Value>> {
        let (first, inner) = names.split_first()?;
        let own = match (first.as_str(), inner) {
            ("email", []) => self.contact.email.as_ref().map(|email| {
                let address = email.address.expose();
                Value::String(address.to_owned())
            }),
            ("created_at", []) if !self.contact.attributes.contains_key("created_at") => {
                Some(Value::String(self.contact.created_at.to_string()))
            }
            _ => None,
        };
        let attribute = || self.contact.attributes.get(first);
        let of_attribute = || below(attribute()?.value.expose(), inner).map(Cow::Borrowed);
        own.map(Cow::Owned).or_else(of_attribute)
    }

    fn of_event(&self, names: &[String]) -> Option<Cow<'_, Value>> {
        let properties: &Properties = self.event.properties.expose();
        let (first, inner) = names.split_first()?;
        below(properties.get(first)?, inner).map(Cow::Borrowed)
    }
}

fn below<'v>(value: &'v Value, names: &[String]) -> Option<&'v Value> {
    names.iter().try_fold(value, |value, name| value.get(name))
}

impl condition::World for World<'_> {
    fn value(&self, path: &Path) -> Option<Cow<'_, Value>> {
        match path.root() {
            Root::Contact => self.of_contact(path.names()),
            Root::Trigger | Root::Event => self.of_event(path.names()),
            Root::Data | Root::Vars | Root::Score => None,
        }
    }

    fn has_reached(&self, _step: &str, _state: MessageState) -> bool {
        false
    }

    fn fact(&self, _did: &Did) -> Fact {
        Fact::default()
    }

    fn is_subscribed(&self, _topic: &Topic) -> bool {
        false
    }

    fn standing(&self, _kind: Membership, _id: &str) -> Standing {
        Standing::default()
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn zone(&self) -> Zone {
        self.zone.clone()
    }
}
