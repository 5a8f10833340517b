//! What an event says about its contact: addresses, attributes, consent.

use serde_json::Value;

use super::acts::names_of;
use super::consents::{SUBSCRIBED, UNSUBSCRIBED, is_list_of_topics};
use super::view::PLACES;
use super::{Deciding, Signal};
use crate::condition::Topic;
use crate::contact::{Attribute, Email, Phone, Unproven, Word};
use crate::id::PermissionKey;
use crate::identity::{Channel, EmailAddress, PhoneNumber};
use crate::input::{Event, Properties};
use crate::log::{Effect, Trace};
use crate::permission::{Consent, ConsentChange, Proof, source};
use crate::personal::Personal;
use crate::plain;
use crate::release::ValueType;
use crate::time::Timestamp;

/// Attributes with a place of their own.
const ADDRESSES: [&str; 2] = ["email", "phone"];

impl Deciding<'_> {
    /// Identity, addresses, attributes, consent.
    pub(super) fn learn(&mut self, event: &Event) {
        let traits = event.traits.expose();
        self.learn_email(event, traits);
        self.learn_phone(event, traits);
        self.take_names(event);
        self.learn_attributes(event, traits);
        if let Some(agreement) = &event.agreement {
            self.agree(agreement, event);
        }
    }

    fn learn_attributes(&mut self, event: &Event, traits: &Properties) {
        if traits.is_empty() {
            return;
        }
        let earlier_topics = self.topics_said(SUBSCRIBED);
        let earlier_refusals = self.topics_said(UNSUBSCRIBED);
        // Dates are read on the contact's clock, so the clock comes first.
        let first = PLACES.iter().filter_map(|name| traits.get_key_value(*name));
        let others = traits.iter().filter(|(name, _)| {
            let name = name.as_str();
            !ADDRESSES.contains(&name) && !PLACES.contains(&name)
        });
        for (name, value) in first.chain(others) {
            if self.public_source.is_some() && !self.is_harmless(name, value) {
                let what = name.clone();
                let why = "a link, a line break or too long, from a browser".to_owned();
                self.trace.push(Trace::Refused { what, why });
                // Of a company there is more to say than where its website is.
                let sites = &self.context.release.project.sites;
                let rest = value.is_object().then(|| plain::harmless(value, sites));
                if let Some(rest) = rest.flatten() {
                    self.set_attribute(name, &rest, event.occurred_at);
                }
                continue;
            }
            if is_list_of_topics(name) {
                let list = self.list_after(name, names_of(value));
                self.set_attribute(name, &list, event.occurred_at);
            } else {
                self.set_attribute(name, value, event.occurred_at);
            }
        }
        self.consent_list(SUBSCRIBED, true, &earlier_topics, event);
        self.consent_list(UNSUBSCRIBED, false, &earlier_refusals, event);
    }

    /// The list attribute `name` after `said`. An import adds to it: a topic that it does not mention must not come to the list anew
    /// when a site repeats its own.
    fn list_after(&self, name: &str, said: Value) -> Value {
        let Value::Array(mut items) = said else {
            return said;
        };
        if self.is_import {
            let known = self.topics_said(name).into_iter().map(Value::from);
            let known: Vec<Value> = known.filter(|topic| !items.contains(topic)).collect();
            items.extend(known);
        }
        Value::Array(items)
    }

    /// Whether anybody may make `value` the attribute `name`: it may stand in messages.
    fn is_harmless(&self, name: &str, value: &Value) -> bool {
        // Of a list of topics only names of topics are kept.
        if is_list_of_topics(name) {
            return true;
        }
        let project = &self.context.release.project;
        let is = |read: fn(&str) -> bool| value.as_str().is_some_and(read);
        match project.attributes.get(name).map(|rule| rule.kind) {
            Some(ValueType::Name) => value.is_null() || is(plain::is_name),
            Some(ValueType::Email) => {
                value.is_null() || is(|text| EmailAddress::parse(text).is_some())
            }
            Some(
                ValueType::Text
                | ValueType::Number
                | ValueType::Integer
                | ValueType::Money
                | ValueType::Boolean
                | ValueType::Date
                | ValueType::Time
                | ValueType::Set
                | ValueType::List
                | ValueType::Map
                | ValueType::Url
                | ValueType::Phone,
            )
            | None => plain::is_plain_value(value, &project.sites),
        }
    }

    /// Who named the address on `channel`, `is_new` or again: a server proves it.
    fn named(&mut self, channel: Channel, is_new: bool) {
        match self.public_source {
            Some(source) if is_new => {
                let (source, is_greeted) = (source.to_owned(), false);
                let unproven = Unproven { source, is_greeted };
                self.contact.to_mut().unproven.insert(channel, unproven);
            }
            Some(_) => {}
            None => self.proven(channel),
        }
    }

    /// The address on `channel` is the contact's.
    pub(super) fn proven(&mut self, channel: Channel) {
        if self.contact.unproven.contains_key(&channel) {
            self.contact.to_mut().unproven.remove(&channel);
        }
    }

    /// A public key sets an address only where there is none; a secret key replaces one.
    fn learn_email(&mut self, event: &Event, traits: &Properties) {
        let said = traits.get("email").and_then(Value::as_str);
        let Some(address) = said.and_then(EmailAddress::parse) else {
            return;
        };
        match &self.contact.email {
            None => {
                let at = event.occurred_at;
                self.contact.to_mut().email = Some(Email { address, at });
                self.named(Channel::Email, true);
                self.trace.push(Trace::AddressSet);
                self.dirty("contact.email");
            }
            Some(known) if known.address.identity() == address.identity() => {
                self.named(Channel::Email, false);
            }
            Some(known) if self.public_source.is_none() && known.at < event.occurred_at => {
                let at = event.occurred_at;
                let before = self.permission(Channel::Email.name());
                self.contact.to_mut().email = Some(Email { address, at });
                self.named(Channel::Email, true);
                self.readdress(Channel::Email, before, at);
                self.dirty("contact.email");
            }
            Some(_) => self.trace.push(Trace::AddressKept),
        }
    }

    /// What was said at the address before counts at the new one. Who was asked for a confirmation is asked again there: only who
    /// reads an address can confirm anything for it.
    fn readdress(&mut self, channel: Channel, before: Option<PermissionKey>, at: Timestamp) {
        self.trace.push(Trace::AddressChanged(channel));
        let (Some(from), Some(to)) = (before, self.permission(channel.name())) else {
            return;
        };
        self.effects.push(Effect::Carry { from, to, at });
        // A no that was decided may not be in the old row yet: its writer may have died.
        let consents = self.contact.consents.iter();
        let refused = consents
            .filter(|(topic, said)| said.word == Word::No && topic.channel == channel.name());
        let refused = refused.map(|(topic, said)| {
            let proof = Proof {
                carried_at: Some(at),
                ..Proof::new(source::EVENT, None)
            };
            Effect::Consent(ConsentChange {
                permission: to,
                topic: topic.topic.clone(),
                consent: Consent {
                    opted_in: false,
                    at: said.at,
                    proof,
                },
                is_pending: false,
            })
        });
        self.effects.extend(refused);
        let consents = self.contact.consents.iter();
        let waiting = consents.filter(|(topic, said)| {
            said.word == Word::Unconfirmed && topic.channel == channel.name()
        });
        let waiting: Vec<Topic> = waiting.map(|(topic, _)| topic.clone()).collect();
        for topic in waiting {
            self.ask_to_confirm(&topic, at, Proof::new(source::EVENT, None));
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
                self.named(Channel::Sms, true);
                self.dirty("contact.phone");
                if zone != self.zone(None) {
                    self.rezone();
                }
            }
            Some(known) if known.number == number => self.named(Channel::Sms, false),
            Some(known) if self.public_source.is_none() && known.at < event.occurred_at => {
                let (at, zone) = (event.occurred_at, self.zone(None));
                let before = self.permission(Channel::Sms.name());
                self.contact.to_mut().phone = Some(Phone { number, at });
                self.named(Channel::Sms, true);
                self.readdress(Channel::Sms, before, at);
                self.dirty("contact.phone");
                if zone != self.zone(None) {
                    self.rezone();
                }
            }
            Some(_) => self.trace.push(Trace::AddressKept),
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
