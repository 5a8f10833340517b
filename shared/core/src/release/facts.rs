//! Which running summaries of events contacts must keep for the rules of a release.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::index::conditions;
use super::{Computed, Release, ScoreSource};
use crate::calendar::{self, ClosedDays, Place};
use crate::condition::{Condition, Did, DidTotal, Leaf, Where};
use crate::path::Path;
use crate::phrase::Span;
use crate::time::Timestamp;
use crate::zone::Zone;

/// A running summary that some rule needs. Equal summaries are kept once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRule {
    /// The name under which a contact keeps it.
    pub key: String,
    /// The event.
    pub event: String,
    /// Which of them.
    pub filter: Option<Where>,
    /// The property whose amounts are added.
    pub sum: Option<Path>,
    /// How many of the latest occurrences are kept.
    pub keeps: usize,
    /// Whether the totals over the whole life are needed.
    pub needs_total: bool,
    /// An occurrence this shortly after the last kept one changes nothing, in milliseconds: a thousandth of the shortest
    /// window. Only where one occurrence is all that is needed.
    pub quantum_ms: i64,
}

/// Windows are known to a thousandth of their length (design, "Facts keep time to window/1,000").
const QUANTA: i64 = 1000;

/// The name under which a contact keeps the summary that `did` asks for.
pub fn fact_key(event: &str, filter: Option<&Where>, sum: Option<&Path>) -> String {
    if filter.is_none() && sum.is_none() {
        return event.to_owned();
    }
    let filter = filter
        .map(crate::condition::where_to_yaml)
        .unwrap_or_default();
    let sum = sum.map(ToString::to_string).unwrap_or_default();
    let digest = Sha256::digest(format!("{filter}\u{1f}{sum}"));
    let short: Vec<u8> = digest.into_iter().take(5).collect();
    format!(
        "{event}#{}",
        data_encoding::BASE32_NOPAD.encode(&short).to_lowercase()
    )
}

/// The name under which a contact keeps the summary that `did` asks for.
pub fn did_key(did: &Did) -> String {
    fact_key(&did.event, did.filter.as_ref(), did_sum(did))
}

const fn did_sum(did: &Did) -> Option<&Path> {
    match &did.total {
        DidTotal::Count => None,
        DidTotal::Sum(path) => Some(path),
    }
}

/// Every summary that the rules of `release` need.
pub(super) fn fact_rules(release: &Release) -> Vec<FactRule> {
    let mut rules: BTreeMap<String, FactRule> = BTreeMap::new();
    let of_segments = release
        .segments
        .values()
        .filter_map(|segment| segment.rule.as_deref());
    let of_scores = release.scores.values().flat_map(|score| &score.rules);
    let of_scores = of_scores.filter_map(|rule| match &rule.source {
        ScoreSource::If(condition) => Some(condition.as_ref()),
        ScoreSource::Event { .. } => None,
    });
    let of_journeys = release
        .versions
        .values()
        .flat_map(|journey| conditions(journey));
    for condition in of_segments.chain(of_scores).chain(of_journeys) {
        for did in dids(condition) {
            add(&mut rules, of_did(did));
        }
    }
    for computed in release.project.computed.values() {
        if let Some(rule) = of_computed(computed) {
            add(&mut rules, rule);
        }
    }
    rules.into_values().collect()
}

fn add(rules: &mut BTreeMap<String, FactRule>, rule: FactRule) {
    match rules.get_mut(&rule.key) {
        None => {
            rules.insert(rule.key.clone(), rule);
        }
        Some(known) => {
            known.keeps = known.keeps.max(rule.keeps);
            known.needs_total |= rule.needs_total;
            known.quantum_ms = known.quantum_ms.min(rule.quantum_ms);
        }
    }
}

fn of_did(did: &Did) -> FactRule {
    let keeps = usize::try_from(did.keeps()).unwrap_or(usize::MAX);
    let window = did.within.map_or(0, millis);
    let is_one = keeps == 1 && did.since.is_none();
    FactRule {
        key: did_key(did),
        event: did.event.clone(),
        filter: did.filter.clone(),
        sum: did_sum(did).cloned(),
        keeps,
        needs_total: keeps == 0,
        quantum_ms: if is_one { window / QUANTA } else { 0 },
    }
}

fn of_computed(computed: &Computed) -> Option<FactRule> {
    let rule = |event: &String, filter: Option<&Where>, sum: Option<&Path>| FactRule {
        key: fact_key(event, filter, sum),
        event: event.clone(),
        filter: filter.cloned(),
        sum: sum.cloned(),
        keeps: 0,
        needs_total: true,
        quantum_ms: 0,
    };
    match computed {
        Computed::Count { event, filter } => Some(rule(event, filter.as_ref(), None)),
        Computed::Sum {
            event,
            property,
            filter,
        } => Some(rule(event, filter.as_ref(), Some(property))),
        Computed::FirstAt { event } | Computed::LastAt { event } => Some(rule(event, None, None)),
        Computed::Last { .. } => None,
    }
}

/// The `did` statements of a condition.
fn dids(condition: &Condition) -> Vec<&Did> {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().flat_map(dids).collect(),
        Condition::Not(not) => dids(not),
        Condition::Leaf(Leaf::Did(did)) => vec![did],
        Condition::Leaf(
            Leaf::Value { .. }
            | Leaf::Message { .. }
            | Leaf::Subscribed(_)
            | Leaf::In { .. }
            | Leaf::Now(_),
        ) => Vec::new(),
    }
}

/// About how long `span` is, in milliseconds: calendar days have 24 hours.
pub(crate) fn millis(span: Span) -> i64 {
    let zone = Zone::utc();
    let place = Place {
        zone: &zone,
        closed: &ClosedDays::NONE,
    };
    calendar::after(span, Timestamp::default(), place).as_millis()
}
