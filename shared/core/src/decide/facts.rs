//! Facts: what a contact did, summed up as far as some rule needs it.

use serde_json::Value;

use super::{Deciding, Happening};
use crate::condition;
use crate::contact::{Attribute, KeptFact, RecentEvent};
use crate::input::Properties;
use crate::personal::Personal;
use crate::release::{Computed, FactRule};

/// Most events that are kept for runs which begin late.
pub(super) const RECENT_MAX: usize = 10;
/// How long they are kept: as old as a trigger may be.
const RECENT_FOR: std::time::Duration = std::time::Duration::from_hours(24);
/// Most occurrences of one fact.
pub(super) const OCCURRENCES_MAX: usize = 100;

impl Deciding<'_> {
    /// Facts and computed attributes.
    pub(super) fn count(&mut self, happening: &Happening<'_>) {
        let release = self.context.release;
        for name in happening.names() {
            for rule in release.index().facts.get(name).into_iter().flatten() {
                self.count_one(rule, happening);
            }
        }
        for name in release
            .index()
            .lasts
            .get(happening.name.as_ref())
            .into_iter()
            .flatten()
        {
            self.keep_last(name, happening);
        }
    }

    fn count_one(&mut self, rule: &FactRule, happening: &Happening<'_>) {
        let view = self.view().hearing(&happening.properties);
        let is_meant = rule
            .filter
            .as_ref()
            .is_none_or(|filter| condition::evaluate_where(filter, &view).holds);
        if !is_meant {
            return;
        }
        let amount = rule.sum.as_ref().and_then(|path| {
            let value = condition::World::value(&view, path)?.into_owned();
            number(&value)
        });
        let at = happening.at;
        let known = self.contact.facts.get(&rule.key);
        let newest = known
            .and_then(|fact| fact.recent.first())
            .map(|(at, _)| *at);
        let is_same = newest.is_some_and(|newest| {
            at >= newest && at.as_millis() - newest.as_millis() < rule.quantum_ms
        });
        if is_same && !rule.needs_total {
            return;
        }
        let fact = self
            .contact
            .to_mut()
            .facts
            .entry(rule.key.clone())
            .or_insert_with(|| KeptFact {
                first_at: at,
                last_at: at,
                ..KeptFact::default()
            });
        if rule.needs_total {
            fact.count += 1;
            fact.sum += amount.unwrap_or_default();
        }
        fact.first_at = fact.first_at.min(at);
        fact.last_at = fact.last_at.max(at);
        let place = fact.recent.partition_point(|(then, _)| *then > at);
        fact.recent.insert(place, (at, amount.unwrap_or_default()));
        fact.recent.truncate(rule.keeps.min(OCCURRENCES_MAX));
        let event = rule.event.clone();
        self.dirty(&format!("did {event}"));
    }

    /// The properties of the last event of its kind.
    fn keep_last(&mut self, name: &str, happening: &Happening<'_>) {
        let Some(Computed::Last { keep, .. }) = self.context.release.project.computed.get(name)
        else {
            return;
        };
        let is_older = self
            .contact
            .lasts
            .get(name)
            .is_some_and(|known| known.at > happening.at);
        if is_older {
            return;
        }
        let kept = pick(&happening.properties, keep.iter().map(String::as_str));
        let attribute = Attribute {
            value: Personal::new(Value::Object(kept)),
            at: happening.at,
        };
        self.contact
            .to_mut()
            .lasts
            .insert(name.to_owned(), attribute);
        self.dirty(&format!("contact.{name}"));
    }

    /// Keeps an event that some run could have to hear later.
    pub(super) fn keep_recent(&mut self, happening: &Happening<'_>) {
        let heard = &self.context.release.index().heard;
        let by_name: Vec<_> = happening
            .names()
            .filter_map(|name| heard.get(name))
            .collect();
        let oldest = self.now.minus(RECENT_FOR);
        if by_name.is_empty() || happening.at < oldest {
            return;
        }
        let names = by_name.into_iter().flatten().map(String::as_str);
        let event = RecentEvent {
            name: happening.name.clone().into_owned(),
            at: happening.at,
            id: happening.id,
            is_activity: happening.is_activity,
            properties: Personal::new(pick(&happening.properties, names)),
        };
        let recent = &mut self.contact.to_mut().recent;
        recent.retain(|known| known.at >= oldest);
        let place = recent.partition_point(|known| known.at <= event.at);
        recent.insert(place, event);
        recent.drain(..recent.len().saturating_sub(RECENT_MAX));
    }
}

/// The properties called `names`.
pub(super) fn pick<'n>(
    properties: &Properties,
    names: impl Iterator<Item = &'n str>,
) -> Properties {
    names
        .filter_map(|name| {
            properties
                .get(name)
                .map(|value| (name.to_owned(), value.clone()))
        })
        .collect()
}

/// A number, or a text that is one; of money with a currency, its amount.
pub(super) fn number(value: &Value) -> Option<f64> {
    let amount = value.get("amount").unwrap_or(value);
    let number = amount
        .as_f64()
        .or_else(|| amount.as_str().and_then(|text| text.trim().parse().ok()));
    number.filter(|number: &f64| number.is_finite())
}
