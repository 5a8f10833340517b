//! What a decision knows of a contact, of a run and of the event at hand, as conditions ask for it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::score;
use crate::calendar::DateValue;
use crate::condition::{
    self, Did, Fact, Membership, MessageState, Occurrence, Standing, Test, Topic,
};
use crate::contact::{Contact, Word};
use crate::enrollment::Enrollment;
use crate::identity::Channel;
use crate::input::Properties;
use crate::path::{Path, Root};
use crate::release::{Computed, Journey, Release, did_key, fact_key};
use crate::time::Timestamp;
use crate::zone::{Zone, home};

/// The attribute that names the contact's zone (Segment's `context.timezone`).
const TIMEZONE: &str = "timezone";
/// The attribute that names the contact's country, with the two letters of ISO 3166-1.
const COUNTRY: &str = "country";
/// The attributes that say on whose clock a contact lives.
pub(super) const PLACES: [&str; 2] = [TIMEZONE, COUNTRY];
/// Deepest chain of segments that read segments; `check` refuses circles, this bounds what slipped through.
const DEPTH_MAX: u8 = 16;

/// The world of one evaluation.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) contact: &'a Contact,
    pub(super) release: &'a Release,
    pub(super) now: Timestamp,
    pub(super) run: Option<&'a Enrollment>,
    pub(super) journey: Option<&'a Journey>,
    /// The properties of the event that starts a run which is not there yet.
    pub(super) trigger: Option<&'a Properties>,
    /// The properties of the event at hand.
    pub(super) event: Option<&'a Properties>,
    pub(super) depth: u8,
}

/// The zone in which a contact lives: as it says, else that of its phone number or its country, else the project's, else UTC. A
/// journey that names a zone has that one for everybody.
pub(super) fn zone(contact: &Contact, journey: Option<&Journey>, release: &Release) -> Zone {
    let of_journey = journey.and_then(|journey| journey.zone.clone());
    let said = || {
        let said = contact.attributes.get(TIMEZONE);
        said.and_then(|said| said.value.expose().as_str())
            .and_then(Zone::parse)
    };
    let of_phone = || home::of_phone(contact.phone.as_ref()?.number.expose());
    let of_country = || {
        let country = contact.attributes.get(COUNTRY)?;
        home::of_country(country.value.expose().as_str()?)
    };
    of_journey
        .or_else(said)
        .or_else(of_phone)
        .or_else(of_country)
        .or_else(|| release.project.zone.clone())
        .unwrap_or(Zone::utc())
}

impl<'a> View<'a> {
    /// The contact alone.
    pub(super) const fn of(contact: &'a Contact, release: &'a Release, now: Timestamp) -> Self {
        Self {
            contact,
            release,
            now,
            run: None,
            journey: None,
            trigger: None,
            event: None,
            depth: 0,
        }
    }

    /// The same with an event at hand.
    pub(super) const fn hearing(self, event: &'a Properties) -> Self {
        Self {
            event: Some(event),
            ..self
        }
    }

    /// A date in data.
    pub(super) fn date(&self, path: &Path) -> Option<DateValue> {
        DateValue::read(condition::World::value(self, path)?.as_ref())
    }

    fn of_contact(&self, names: &[String]) -> Option<Cow<'a, Value>> {
        let (first, inner) = names.split_first()?;
        let contact = self.contact;
        let own = match (first.as_str(), inner) {
            ("email", []) => contact
                .email
                .as_ref()
                .map(|email| text(email.address.expose())),
            ("phone", []) => contact
                .phone
                .as_ref()
                .map(|phone| text(phone.number.expose())),
            ("created_at", []) if !contact.attributes.contains_key("created_at") => {
                Some(text(&contact.created_at.to_string()))
            }
            _ => self.computed(first),
        };
        let attribute = || {
            contact
                .attributes
                .get(first)
                .or_else(|| contact.lasts.get(first))
        };
        let of_attribute = || below(attribute()?.value.expose(), inner).map(Cow::Borrowed);
        own.map(Cow::Owned).or_else(of_attribute)
    }

    fn computed(&self, name: &str) -> Option<Value> {
        let fact = |event: &str, filter, sum| self.contact.facts.get(&fact_key(event, filter, sum));
        match self.release.project.computed.get(name)? {
            Computed::Count { event, filter } => Some(
                fact(event, filter.as_ref(), None)
                    .map_or(0, |fact| fact.count)
                    .into(),
            ),
            Computed::Sum {
                event,
                property,
                filter,
            } => Some(
                fact(event, filter.as_ref(), Some(property))
                    .map_or(0.0, |fact| fact.sum)
                    .into(),
            ),
            Computed::FirstAt { event } => {
                fact(event, None, None).map(|fact| text(&fact.first_at.to_string()))
            }
            Computed::LastAt { event } => {
                fact(event, None, None).map(|fact| text(&fact.last_at.to_string()))
            }
            Computed::Last { .. } => None,
        }
    }

    fn trigger(&self) -> Option<&'a Properties> {
        self.trigger
            .or_else(|| self.run.map(|run| run.origin.properties.expose()))
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn below<'v>(value: &'v Value, names: &[String]) -> Option<&'v Value> {
    names.iter().try_fold(value, |value, name| value.get(name))
}

fn in_properties<'v>(properties: &'v Properties, names: &[String]) -> Option<Cow<'v, Value>> {
    let (first, inner) = names.split_first()?;
    below(properties.get(first)?, inner).map(Cow::Borrowed)
}

fn in_map<'v>(map: &'v BTreeMap<String, Value>, names: &[String]) -> Option<Cow<'v, Value>> {
    let (first, inner) = names.split_first()?;
    below(map.get(first)?, inner).map(Cow::Borrowed)
}

impl condition::World for View<'_> {
    fn value(&self, path: &Path) -> Option<Cow<'_, Value>> {
        let names = path.names();
        match path.root() {
            Root::Contact => self.of_contact(names),
            Root::Trigger => in_properties(self.trigger()?, names),
            Root::Event => in_properties(self.event?, names),
            Root::Data => in_map(self.run?.data.expose(), names),
            Root::Vars => in_map(&self.journey?.vars, names),
            Root::Score => {
                let score = self.release.score(names.first()?)?;
                Some(Cow::Owned(score::value(score, self).into()))
            }
        }
    }

    fn value_changes_at(&self, path: &Path, tests: &[Test]) -> Option<Timestamp> {
        match path.root() {
            Root::Score => {
                let score = self.release.score(path.names().first()?)?;
                score::changes_at(score, self, score::edges(tests).as_deref())
            }
            Root::Contact | Root::Trigger | Root::Event | Root::Data | Root::Vars => None,
        }
    }

    fn has_reached(&self, step: &str, state: MessageState) -> bool {
        let message = self.run.and_then(|run| run.messages.get(step));
        message.is_some_and(|message| message.has(state))
    }

    fn fact(&self, did: &Did) -> Fact {
        let Some(kept) = self.contact.facts.get(&did_key(did)) else {
            return Fact::default();
        };
        let recent = kept.recent.iter();
        Fact {
            count: kept.count,
            sum: kept.sum,
            recent: recent
                .map(|(at, amount)| Occurrence {
                    at: *at,
                    amount: *amount,
                })
                .collect(),
        }
    }

    fn is_subscribed(&self, topic: &Topic) -> bool {
        let consent = self.contact.consents.get(topic);
        let is_stopped = topic.channel == Channel::Sms.name() && self.contact.has_stopped_texts();
        !is_stopped && consent.is_some_and(|consent| consent.word == Word::Yes)
    }

    fn standing(&self, kind: Membership, id: &str) -> Standing {
        match kind {
            Membership::Journey => Standing {
                holds: self.contact.enrollments.iter().any(|run| run.journey == id),
                changes_at: None,
            },
            Membership::List => Standing {
                holds: self.contact.lists.contains(id),
                changes_at: None,
            },
            Membership::Segment => {
                let rule = self
                    .release
                    .segment(id)
                    .and_then(|segment| segment.rule.as_deref());
                let Some(rule) = rule.filter(|_| self.depth < DEPTH_MAX) else {
                    return Standing::default();
                };
                let inner = View {
                    depth: self.depth + 1,
                    ..View::of(self.contact, self.release, self.now)
                };
                let verdict = condition::evaluate(rule, &inner);
                Standing {
                    holds: verdict.holds,
                    changes_at: verdict.changes_at,
                }
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn zone(&self) -> Zone {
        zone(self.contact, self.journey, self.release)
    }
}
