//! What an event says about its contact: names, addresses, attributes, consent.

use std::borrow::Cow;

use serde_json::Value;

use super::acts::{acts, from, names_of};
use super::view::PLACES;
use super::{Deciding, Happening, Signal, timers};
use crate::condition::Topic;
use crate::contact::{Attribute, Email, Phone, TextsWord, TopicConsent, Unproven, Word};
use crate::id::{InputId, PermissionKey};
use crate::identity::{Channel, EmailAddress, Identity, IdentityKind, PhoneNumber};
use crate::input::{Agreement, ConsentSaid, Event, Properties};
use crate::log::{Effect, Trace};
use crate::permission::{Consent, ConsentChange, Proof, source};
use crate::personal::Personal;
use crate::plain;
use crate::release::{OptIn, ValueType};
use crate::time::Timestamp;

/// Most names of one contact: a shared device or a script that draws ids must not grow the aggregate.
const IDENTITIES_MAX: usize = 50;
/// Attributes that are lists of topics.
const SUBSCRIBED: &str = "subscribed";
const UNSUBSCRIBED: &str = "unsubscribed";
/// Attributes with a place of their own.
const ADDRESSES: [&str; 2] = ["email", "phone"];
/// The event of an opt-in that must be confirmed: what a journey asks for the confirmation by.
pub const OPT_IN_REQUESTED: &str = "opt_in_requested";

fn is_list_of_topics(attribute: &str) -> bool {
    [SUBSCRIBED, UNSUBSCRIBED].contains(&attribute)
}

impl Deciding<'_> {
    /// Identity, addresses, attributes, consent.
    pub(super) fn learn(&mut self, event: &Event) {
        let traits = event.traits.expose();
        self.learn_email(event, traits);
        self.learn_phone(event, traits);
        for identity in std::iter::once(&event.address).chain(&event.also) {
            self.link(identity);
        }
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
    /// new, so it cannot undo an unsubscribe; an item that says how the word was given counts each time.
    fn consent_list(&mut self, list: &str, opted_in: bool, earlier: &[String], event: &Event) {
        let acts = acts(event.traits.expose().get(list), event);
        let at = event.occurred_at;
        let is_act = |name: &String| acts.iter().any(|act| act.topic == *name);
        for said in self.topics_said(list) {
            let is_news =
                !earlier.contains(&said) || self.has_lapsed(&said, at) || self.is_unheard(&said);
            if is_news && !is_act(&said) {
                self.word_on(said, opted_in, at, Proof::new(from(event), None));
            }
        }
        for act in acts {
            self.word_on(act.topic, opted_in, act.at, act.proof);
        }
    }

    /// Whether a topic is in the list because somebody said it who may not: then it is news when it is said again.
    fn is_unheard(&self, said: &str) -> bool {
        let topic = said.parse::<Topic>().ok();
        topic.is_some_and(|topic| {
            let rule = self.context.release.project.topics.get(&topic.topic);
            rule.is_some_and(|rule| rule.is_verified) && !self.contact.consents.contains_key(&topic)
        })
    }

    /// What the sender of a form agreed to. Each form that is sent says it anew, also after a no: somebody has read the wording
    /// and acted. It counts for the address in the form alone, never for another one that the contact has.
    fn agree(&mut self, agreement: &Agreement, event: &Event) {
        let email = self.contact.email.as_ref();
        let is_own = email.is_some_and(|email| email.address.identity() == event.address);
        for topic in &agreement.topics {
            if is_own || topic.channel != Channel::Email.name() {
                let proof = Proof::new(&agreement.source, Some(&agreement.wording));
                self.word_on(topic.to_string(), true, event.occurred_at, proof);
            } else {
                self.trace
                    .push(Trace::ConsentWithoutAddress(topic.to_string()));
            }
        }
    }

    /// Whether an opt-in was not confirmed in time: then it is as if it had not been said, and is news when it is said again.
    fn has_lapsed(&self, name: &str, at: Timestamp) -> bool {
        let topic = name.parse::<Topic>().ok();
        let known = topic.as_ref().and_then(|topic| {
            let known = self.contact.consents.get(topic)?;
            (known.word == Word::Unconfirmed).then_some((topic, known.at))
        });
        known.is_some_and(|(topic, said_at)| !self.is_open(topic, said_at, at))
    }

    /// Whether an opt-in from `said_at` can still be confirmed at `at`.
    fn is_open(&self, topic: &Topic, said_at: Timestamp, at: Timestamp) -> bool {
        let (contact, release) = (&self.contact, self.context.release);
        let until = timers::confirm_until(contact, release, &topic.topic, said_at);
        until.is_some_and(|until| at < until)
    }

    /// A yes or a no from outside: a yes counts at once where the topic takes it without a confirmation, or has one.
    fn word_on(&mut self, name: String, opted_in: bool, at: Timestamp, proof: Proof) {
        let topic = name.parse::<Topic>().ok();
        let known = topic.and_then(|topic| {
            let rule = self.context.release.project.topics.get(&topic.topic)?;
            Some((topic, rule))
        });
        let Some((topic, rule)) = known else {
            self.trace.push(Trace::UnknownTopic(name));
            return;
        };
        if opted_in && rule.is_verified && self.public_source.is_some() {
            let why = "only a server may say yes to it (wend.yaml, `verified`)".to_owned();
            self.trace.push(Trace::Refused { what: name, why });
            return;
        }
        match rule.opt_in {
            OptIn::Double if opted_in && proof.confirmed_at.is_none() => {
                self.unconfirmed(&topic, at, proof);
            }
            OptIn::Double | OptIn::Single => self.consent(&topic, opted_in, at, proof),
        }
    }

    /// An opt-in that counts only once it is confirmed. While one can be confirmed, another says nothing new.
    fn unconfirmed(&mut self, topic: &Topic, at: Timestamp, proof: Proof) {
        let known = self.contact.consents.get(topic);
        let is_known = known.is_some_and(|known| match known.word {
            Word::Yes => true,
            Word::No => known.at >= at,
            Word::Unconfirmed => known.at >= at || self.is_open(topic, known.at, at),
        });
        if !is_known {
            self.ask_to_confirm(topic, at, proof);
        }
    }

    /// Writes an opt-in down that is to be confirmed, and lets journeys ask for it.
    fn ask_to_confirm(&mut self, topic: &Topic, at: Timestamp, proof: Proof) {
        let Some(permission) = self.permission(&topic.channel) else {
            self.trace
                .push(Trace::ConsentWithoutAddress(topic.to_string()));
            return;
        };
        self.trace
            .push(Trace::ConsentUnconfirmed(topic.to_string()));
        self.effects.push(Effect::Consent(ConsentChange {
            permission,
            topic: topic.topic.clone(),
            consent: Consent {
                opted_in: true,
                at,
                proof,
            },
            is_pending: true,
        }));
        let word = Word::Unconfirmed;
        self.contact
            .to_mut()
            .consents
            .insert(topic.clone(), TopicConsent { word, at });
        if self.is_import {
            return;
        }
        let by = [
            self.input.as_bytes().as_slice(),
            topic.to_string().as_bytes(),
        ]
        .concat();
        let names = [("topic", &topic.topic), ("channel", &topic.channel)];
        let names = names.map(|(name, value)| (name.to_owned(), Value::from(value.as_str())));
        self.push(Signal::Event(Happening {
            name: Cow::Borrowed(OPT_IN_REQUESTED),
            is_activity: false,
            properties: Cow::Owned(names.into_iter().collect::<Properties>()),
            at,
            id: InputId::of(OPT_IN_REQUESTED, &[&by]),
        }));
    }

    /// A word on a topic, last writer by time; of a yes and a no at one moment the no counts.
    pub(super) fn consent(&mut self, topic: &Topic, opted_in: bool, at: Timestamp, proof: Proof) {
        let Some(permission) = self.permission(&topic.channel) else {
            self.trace
                .push(Trace::ConsentWithoutAddress(topic.to_string()));
            return;
        };
        let change = ConsentChange {
            permission,
            topic: topic.topic.clone(),
            consent: Consent {
                opted_in,
                at,
                proof,
            },
            is_pending: false,
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

    /// A word by a link or in the console.
    pub(super) fn take_consent(&mut self, said: &ConsentSaid) {
        if let (Some(topic), Some(confirms)) = (&said.topic, said.confirms) {
            if self.permission(&topic.channel) == Some(confirms.permission) {
                self.reached(&topic.channel);
                self.consent(topic, true, confirms.said_at, said.proof.clone());
            } else {
                let topic = topic.to_string();
                self.trace.push(Trace::ConfirmedElsewhere(topic));
            }
            return;
        }
        if said.opted_in {
            let channel = said.topic.as_ref().map(|topic| topic.channel.as_str());
            self.reached(channel.unwrap_or(Channel::Email.name()));
        }
        if let Some(topic) = &said.topic {
            self.consent(topic, said.opted_in, said.at, said.proof.clone());
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
            self.consent(&topic, said.opted_in, said.at, said.proof.clone());
        }
    }

    /// A yes came by a link, and links go to the address alone.
    fn reached(&mut self, channel: &str) {
        let is_sms = channel == Channel::Sms.name();
        self.proven(if is_sms { Channel::Sms } else { Channel::Email });
    }

    /// Stops all texts, or takes that back: what was said on topics stays as it is beneath. Last writer by time, the stop of two at
    /// one moment.
    pub(super) fn stop_texts(&mut self, is_stopped: bool, at: Timestamp) {
        let is_old = |known: &TextsWord| {
            known.at > at || (known.at == at && (known.is_stopped || !is_stopped))
        };
        if self.contact.texts.as_ref().is_some_and(is_old) {
            return;
        }
        let was_stopped = self.contact.has_stopped_texts();
        self.contact.to_mut().texts = Some(TextsWord { is_stopped, at });
        self.trace.push(Trace::TextsStopped(is_stopped));
        if was_stopped == is_stopped {
            return;
        }
        let consents = self.contact.consents.iter();
        let yes = consents
            .filter(|(topic, said)| said.word == Word::Yes && topic.channel == Channel::Sms.name());
        let topics: Vec<Topic> = yes.map(|(topic, _)| topic.clone()).collect();
        for topic in topics {
            self.dirty(&format!("subscribed {topic}"));
            if is_stopped {
                self.lose(&topic);
            }
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
