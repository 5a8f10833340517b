//! What an event says about its contact: names, addresses, attributes, consent.

use serde_json::Value;

use super::view::PLACES;
use super::{Deciding, Signal};
use crate::condition::Topic;
use crate::contact::{Attribute, Email, Phone, TopicConsent, Word};
use crate::id::PermissionKey;
use crate::identity::{Channel, EmailAddress, Identity, IdentityKind, PhoneNumber};
use crate::input::{ConsentSaid, Event, Properties};
use crate::log::{Effect, Trace};
use crate::permission::{Consent, ConsentChange};
use crate::personal::Personal;
use crate::release::OptIn;
use crate::time::Timestamp;

/// Most names of one contact: a shared device or a script that draws ids must not grow the aggregate.
const IDENTITIES_MAX: usize = 50;
/// Attributes that are lists of topics.
const SUBSCRIBED: &str = "subscribed";
const UNSUBSCRIBED: &str = "unsubscribed";
/// Attributes with a place of their own.
const ADDRESSES: [&str; 2] = ["email", "phone"];

impl Deciding<'_> {
    /// Identity, addresses, attributes, consent.
    pub(super) fn learn(&mut self, event: &Event) {
        let traits = event.traits.expose();
        self.learn_email(event, traits);
        self.learn_phone(event, traits);
        for identity in std::iter::once(&event.address).chain(&event.also) {
            self.link(identity);
        }
        if traits.is_empty() {
            return;
        }
        let earlier_topics = self.topics_said(SUBSCRIBED);
        let earlier_refusals = self.topics_said(UNSUBSCRIBED);
        // Dates are read on the contact's clock, so the clock comes first.
        for name in PLACES {
            if let Some(value) = traits.get(name) {
                self.set_attribute(name, value, event.occurred_at);
            }
        }
        for (name, value) in traits
            .iter()
            .filter(|(name, _)| !ADDRESSES.contains(&name.as_str()))
        {
            self.set_attribute(name, value, event.occurred_at);
        }
        self.consent_list(SUBSCRIBED, true, &earlier_topics, event.occurred_at);
        self.consent_list(UNSUBSCRIBED, false, &earlier_refusals, event.occurred_at);
    }

    /// A public key sets an address only where there is none.
    fn learn_email(&mut self, event: &Event, traits: &Properties) {
        let said = traits.get("email").and_then(Value::as_str);
        let Some(address) = said.and_then(EmailAddress::parse) else {
            return;
        };
        match &self.contact.email {
            None => {
                let at = event.occurred_at;
                self.contact.to_mut().email = Some(Email { address, at });
                self.trace.push(Trace::AddressSet);
                self.dirty("contact.email");
            }
            Some(known) if known.address.identity() == address.identity() => {}
            Some(_) => self.trace.push(Trace::AddressKept),
        }
    }

    fn learn_phone(&mut self, event: &Event, traits: &Properties) {
        let Some(said) = traits.get("phone").and_then(Value::as_str) else {
            return;
        };
        let Some(number) = PhoneNumber::parse(said) else {
            let why = "not a number with its country (E.164, `+49…`)".to_owned();
            let what = "phone".to_owned();
            self.trace.push(Trace::Refused { what, why });
            return;
        };
        match &self.contact.phone {
            None => {
                let at = event.occurred_at;
                let zone = self.zone(None);
                self.contact.to_mut().phone = Some(Phone { number, at });
                self.dirty("contact.phone");
                if zone != self.zone(None) {
                    self.rezone();
                }
            }
            Some(known) if known.number == number => {}
            Some(_) => self.trace.push(Trace::AddressKept),
        }
    }

    fn link(&mut self, identity: &Identity) {
        let contact = &self.contact;
        let is_own_address = || {
            let email = contact.email.as_ref();
            email.is_some_and(|email| email.address.identity() == *identity)
        };
        let is_linkable = identity.kind != IdentityKind::Email || is_own_address();
        if self.taken.contains(identity) {
            self.trace.push(Trace::NotLinked(identity.kind));
            return;
        }
        let is_new = !contact.identities.contains(identity);
        if is_new && is_linkable && contact.identities.len() < IDENTITIES_MAX {
            self.contact.to_mut().identities.push(identity.clone());
            if identity.key(self.context.secret) != self.contact.id {
                self.new_identities.push(identity.clone());
                self.trace.push(Trace::Linked(identity.kind));
            }
        }
    }

    /// Last writer by time; `null` removes. A value it had already is no change.
    pub(super) fn set_attribute(&mut self, name: &str, value: &Value, at: Timestamp) {
        let known = self.contact.attributes.get(name);
        let is_news = known.is_none_or(|known| known.at <= at && known.value.expose() != value);
        if !is_news || (known.is_none() && value.is_null()) {
            return;
        }
        let present = |value: &Value| Some(value.clone()).filter(|value| !value.is_null());
        let from = known.and_then(|known| present(known.value.expose()));
        let attribute = Attribute {
            value: Personal::new(value.clone()),
            at,
        };
        let zone = PLACES.contains(&name).then(|| self.zone(None));
        self.contact
            .to_mut()
            .attributes
            .insert(name.to_owned(), attribute);
        self.note_set(name);
        self.dirty(&format!("contact.{name}"));
        self.arm_dates(Some(name));
        if zone.is_some_and(|before| before != self.zone(None)) {
            self.rezone();
        }
        let is_heard = self.context.release.index().changes.contains_key(name);
        if is_heard && !self.is_import {
            let changed = Signal::Changed {
                attribute: name.to_owned(),
                from,
                to: present(value),
            };
            // What a step changes may start a journey whose steps change it again.
            if self.stepping.is_some() {
                self.derive(name, changed);
            } else {
                self.push(changed);
            }
        }
    }

    /// One line of the trace names all attributes that one input has set.
    fn note_set(&mut self, name: &str) {
        if let Some(Trace::AttributesSet(names)) = self.trace.last_mut() {
            names.push(name.to_owned());
        } else {
            self.trace.push(Trace::AttributesSet(vec![name.to_owned()]));
        }
    }

    /// The topics in the list attribute `name`.
    fn topics_said(&self, name: &str) -> Vec<String> {
        let said = self.contact.attributes.get(name);
        let items = said.and_then(|said| said.value.expose().as_array());
        let items = items.map_or(&[][..], Vec::as_slice).iter();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Consent is said when a topic comes to the list. A site that repeats the same list at every page view says nothing
    /// new, so it cannot undo an unsubscribe.
    fn consent_list(&mut self, list: &str, opted_in: bool, earlier: &[String], at: Timestamp) {
        for said in self.topics_said(list) {
            if earlier.contains(&said) {
                continue;
            }
            let topic = said.parse::<Topic>().ok();
            let known = topic.and_then(|topic| {
                let rule = self.context.release.project.topics.get(&topic.topic)?;
                Some((topic, rule.opt_in))
            });
            match known {
                None => self.trace.push(Trace::UnknownTopic(said)),
                Some((topic, OptIn::Double)) if opted_in => self.unconfirmed(topic, at),
                Some((topic, _)) => self.consent(&topic, opted_in, at),
            }
        }
    }

    /// An opt-in that counts only once it is confirmed.
    fn unconfirmed(&mut self, topic: Topic, at: Timestamp) {
        let known = self.contact.consents.get(&topic);
        if known.is_some_and(|known| known.at > at || known.word == Word::Yes) {
            return;
        }
        self.trace
            .push(Trace::ConsentUnconfirmed(topic.to_string()));
        let word = Word::Unconfirmed;
        self.contact
            .to_mut()
            .consents
            .insert(topic, TopicConsent { word, at });
    }

    /// A word on a topic, last writer by time; of a yes and a no at one moment the no counts.
    pub(super) fn consent(&mut self, topic: &Topic, opted_in: bool, at: Timestamp) {
        let Some(permission) = self.permission(&topic.channel) else {
            self.trace
                .push(Trace::ConsentWithoutAddress(topic.to_string()));
            return;
        };
        let change = ConsentChange {
            permission,
            topic: topic.topic.clone(),
            consent: Consent { opted_in, at },
        };
        self.effects.push(Effect::Consent(change));
        self.trace.push(Trace::Consent {
            topic: topic.to_string(),
            opted_in,
        });
        let word = if opted_in { Word::Yes } else { Word::No };
        let known = self.contact.consents.get(topic).copied();
        let is_overruled =
            known.is_some_and(|known| known.at > at || (known.at == at && known.word == Word::No));
        if is_overruled {
            return;
        }
        self.contact
            .to_mut()
            .consents
            .insert(topic.clone(), TopicConsent { word, at });
        if known.is_some_and(|known| known.word == word) {
            return;
        }
        self.dirty(&format!("subscribed {topic}"));
        if opted_in {
            if !self.is_import {
                self.push(Signal::Confirmed(topic.clone()));
            }
        } else {
            self.lose(topic);
        }
    }

    /// A word by a link, by keyword or in the console.
    pub(super) fn take_consent(&mut self, said: &ConsentSaid) {
        if let Some(topic) = &said.topic {
            self.consent(topic, said.opted_in, said.at);
            return;
        }
        let topics = self.context.release.project.topics.keys();
        let topics: Vec<Topic> = topics
            .map(|topic| Topic {
                topic: topic.clone(),
                channel: Channel::Email.name().to_owned(),
            })
            .collect();
        for topic in topics {
            self.consent(&topic, said.opted_in, said.at);
        }
    }

    /// The permission row of the contact's address on a channel.
    pub(super) fn permission(&self, channel: &str) -> Option<PermissionKey> {
        let secret = self.context.secret;
        if channel == Channel::Sms.name() {
            let phone = self.contact.phone.as_ref()?;
            return Some(phone.number.permission_key(Channel::Sms, secret));
        }
        let email = self.contact.email.as_ref()?;
        Some(email.address.permission_key(Channel::Email, secret))
    }
}
