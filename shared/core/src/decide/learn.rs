//! What an event says about its contact: names, the address, attributes, consent.

use serde_json::Value;

use super::Deciding;
use crate::contact::{Attribute, Email};
use crate::identity::{Channel, EmailAddress, Identity, IdentityKind};
use crate::input::{Event, Properties};
use crate::log::{Effect, Trace};
use crate::permission::{Consent, ConsentChange};
use crate::personal::Personal;
use crate::time::Timestamp;

/// Most names of one contact: a shared device or a script that draws ids must not grow the aggregate.
const IDENTITIES_MAX: usize = 50;
/// Attributes that are lists of topics.
const SUBSCRIBED: &str = "subscribed";
const UNSUBSCRIBED: &str = "unsubscribed";

impl Deciding<'_> {
    /// Identity, address, attributes, consent.
    pub(super) fn learn(&mut self, event: &Event) {
        let traits = event.traits.expose();
        self.learn_address(event, traits);
        for identity in std::iter::once(&event.address).chain(&event.also) {
            self.link(identity);
        }
        let earlier_topics = self.topics_said(SUBSCRIBED);
        let earlier_refusals = self.topics_said(UNSUBSCRIBED);
        self.learn_attributes(event, traits);
        self.consent(SUBSCRIBED, true, &earlier_topics, event.occurred_at);
        self.consent(UNSUBSCRIBED, false, &earlier_refusals, event.occurred_at);
    }

    /// A public key sets an address only where there is none.
    fn learn_address(&mut self, event: &Event, traits: &Properties) {
        let Some(address) = traits
            .get("email")
            .and_then(Value::as_str)
            .and_then(EmailAddress::parse)
        else {
            return;
        };
        match &self.contact.email {
            None => {
                self.contact.email = Some(Email {
                    address,
                    at: event.occurred_at,
                });
                self.trace.push(Trace::AddressSet);
            }
            Some(known) if known.address.identity() == address.identity() => {}
            Some(_) => self.trace.push(Trace::AddressKept),
        }
    }

    fn link(&mut self, identity: &Identity) {
        let contact = &mut self.contact;
        let is_own_address = || {
            contact
                .email
                .as_ref()
                .is_some_and(|email| email.address.identity() == *identity)
        };
        let is_linkable = identity.kind != IdentityKind::Email || is_own_address();
        if self.taken.contains(identity) {
            self.trace.push(Trace::NotLinked(identity.kind));
            return;
        }
        let is_new = !contact.identities.contains(identity);
        if is_new && is_linkable && contact.identities.len() < IDENTITIES_MAX {
            contact.identities.push(identity.clone());
            if identity.key(self.context.secret) != contact.id {
                self.new_identities.push(identity.clone());
                self.trace.push(Trace::Linked(identity.kind));
            }
        }
    }

    /// Last writer by time; `null` removes. A value it had already is no change.
    fn learn_attributes(&mut self, event: &Event, traits: &Properties) {
        let mut changed = Vec::new();
        for (name, value) in traits.iter().filter(|(name, _)| *name != "email") {
            let at = event.occurred_at;
            let known = self.contact.attributes.get(name);
            let is_news = known.is_none_or(|known| known.at <= at && known.value.expose() != value);
            if !is_news || (known.is_none() && value.is_null()) {
                continue;
            }
            let attribute = Attribute {
                value: Personal::new(value.clone()),
                at,
            };
            self.contact.attributes.insert(name.clone(), attribute);
            changed.push(name.clone());
        }
        if !changed.is_empty() {
            self.trace.push(Trace::AttributesSet(changed));
        }
    }

    /// The topics in the list attribute `name`.
    fn topics_said(&self, name: &str) -> Vec<String> {
        let said = self
            .contact
            .attributes
            .get(name)
            .map(|attribute| attribute.value.expose());
        let items = said
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// Consent is said when a topic comes to the list. A site that repeats the same list at every page view says nothing
    /// new, so it cannot undo an unsubscribe.
    fn consent(&mut self, list: &str, opted_in: bool, earlier: &[String], at: Timestamp) {
        for topic in self.topics_said(list) {
            if earlier.contains(&topic) {
                continue;
            }
            if !self.context.release.project.topics.contains_key(&topic) {
                self.trace.push(Trace::UnknownTopic(topic));
                continue;
            }
            let Some(email) = &self.contact.email else {
                self.trace.push(Trace::ConsentWithoutAddress(topic));
                continue;
            };
            let permission = email
                .address
                .permission_key(Channel::Email, self.context.secret);
            let consent = Consent { opted_in, at };
            let change = ConsentChange {
                permission,
                topic: topic.clone(),
                consent,
            };
            self.effects.push(Effect::Consent(change));
            self.trace.push(Trace::Consent { topic, opted_in });
        }
    }
}
