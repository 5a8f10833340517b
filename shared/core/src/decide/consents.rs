//! What an event says on topics: the lists of a site, acts with their proof, forms, links, answers.

use std::borrow::Cow;

use serde_json::Value;

use super::acts::{acts, from};
use super::{Deciding, Happening, Signal, timers};
use crate::condition::Topic;
use crate::contact::{TextsWord, TopicConsent, Word};
use crate::id::InputId;
use crate::identity::Channel;
use crate::input::{Agreement, ConsentSaid, Event, Properties};
use crate::log::{Effect, Trace};
use crate::permission::{Consent, ConsentChange, Proof};
use crate::release::OptIn;
use crate::time::Timestamp;

/// Attributes that are lists of topics.
pub(super) const SUBSCRIBED: &str = "subscribed";
pub(super) const UNSUBSCRIBED: &str = "unsubscribed";
/// The event of an opt-in that must be confirmed: what a journey asks for the confirmation by.
const OPT_IN_REQUESTED: &str = "opt_in_requested";

pub(super) fn is_list_of_topics(attribute: &str) -> bool {
    [SUBSCRIBED, UNSUBSCRIBED].contains(&attribute)
}

impl Deciding<'_> {
    /// The topics in the list attribute `name`.
    pub(super) fn topics_said(&self, name: &str) -> Vec<String> {
        let said = self.contact.attributes.get(name);
        let items = said.and_then(|said| said.value.expose().as_array());
        let items = items.map_or(&[][..], Vec::as_slice).iter();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Consent is said when a topic comes to the list. A site that repeats the same list at every page view says nothing
    /// new, so it cannot undo an unsubscribe; an item that says how the word was given counts each time.
    pub(super) fn consent_list(
        &mut self,
        list: &str,
        opted_in: bool,
        earlier: &[String],
        event: &Event,
    ) {
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
    pub(super) fn agree(&mut self, agreement: &Agreement, event: &Event) {
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
    pub(super) fn ask_to_confirm(&mut self, topic: &Topic, at: Timestamp, proof: Proof) {
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
}
