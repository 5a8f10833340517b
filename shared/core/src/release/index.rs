//! What a release is asked for at every input, laid out once when it is loaded: an input looks only at rules that it can move.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::facts::{FactRule, fact_rules};
use super::{
    Admission, EventMatch, Given, GivenMap, Journey, JourneyPath, PRIORITY, Trigger, Verb,
};
use super::{Computed, Release, ScoreSource};
use crate::condition::{self, Condition, Leaf, MessageState, Topic};
use crate::occurrence::Occurrences;
use crate::path::{Path, Root};
use crate::phrase::Wait;

/// A journey that something may start, and by which of its triggers, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The journey.
    pub journey: String,
    /// Indexes of its triggers.
    pub triggers: Vec<usize>,
}

/// Rules by what can move them.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Entrances by the event's name.
    pub events: BTreeMap<String, Vec<Entrance>>,
    /// Entrances by the attribute that changes.
    pub changes: BTreeMap<String, Vec<Entrance>>,
    /// Entrances by the segment or list that is joined or left.
    pub members: BTreeMap<String, Vec<Entrance>>,
    /// Entrances by the topic that is confirmed.
    pub topics: BTreeMap<Topic, Vec<Entrance>>,
    /// Date triggers: journey and index.
    pub dates: Vec<(String, usize)>,
    /// Schedules whose occurrences take in contacts over some time: journey and index.
    pub lasting: Vec<(String, usize)>,
    /// Facts by the event's name.
    pub facts: BTreeMap<String, Vec<FactRule>>,
    /// Score rules by the event's name: score and index.
    pub points: BTreeMap<String, Vec<(String, usize)>>,
    /// The properties that goals, exits and paths read, by the event's name.
    pub heard: BTreeMap<String, BTreeSet<String>>,
    /// Whether some rule looks at it that a message was delivered.
    pub hears_deliveries: bool,
    /// Segments whose entering or leaving starts a journey.
    pub watched: BTreeSet<String>,
    /// Watched segments by what they read: `contact.country`, `did order_completed`, `subscribed news`, `in_list vips`,
    /// `score.engagement`, `in_journey welcome`. A segment that another one reads brings its own.
    pub watchers: BTreeMap<String, BTreeSet<String>>,
    /// Computed attributes that keep the last event, by the event's name.
    pub lasts: BTreeMap<String, Vec<String>>,
}

impl Index {
    /// The index of `release`.
    pub(super) fn of(release: &Release) -> Self {
        let mut index = Self::default();
        for (_, journey) in release.current() {
            index.entrances(release, journey);
        }
        for journey in release.versions.values() {
            index.hear(journey);
            index.hears_deliveries |= conditions(journey).into_iter().any(asks_for_delivery);
        }
        for rule in fact_rules(release) {
            index
                .facts
                .entry(rule.event.clone())
                .or_default()
                .push(rule);
        }
        for score in release.scores.values() {
            for (place, rule) in score.rules.iter().enumerate() {
                if let ScoreSource::Event { event, .. } = &rule.source {
                    let rules = index.points.entry(event.clone()).or_default();
                    rules.push((score.id.clone(), place));
                }
            }
        }
        for (name, computed) in &release.project.computed {
            if let Computed::Last { event, .. } = computed {
                index
                    .lasts
                    .entry(event.clone())
                    .or_default()
                    .push(name.clone());
            }
        }
        for segment in index.watched.clone() {
            for what in reads_of(release, &segment, 0) {
                index
                    .watchers
                    .entry(what)
                    .or_default()
                    .insert(segment.clone());
            }
        }
        index.order(release);
        index
    }

    fn entrances(&mut self, release: &Release, journey: &Journey) {
        for (place, trigger) in journey.triggers.iter().enumerate() {
            match trigger {
                Trigger::Event { on, .. } => {
                    add(&mut self.events, on.event.clone(), &journey.id, place);
                }
                Trigger::Member { id, .. } => {
                    add(&mut self.members, id.clone(), &journey.id, place);
                    if release
                        .segments
                        .get(id)
                        .is_some_and(|segment| segment.rule.is_some())
                    {
                        self.watched.insert(id.clone());
                    }
                }
                Trigger::Subscribes { topic } => {
                    add(&mut self.topics, topic.clone(), &journey.id, place);
                }
                Trigger::Changes { attribute, .. } => {
                    add(&mut self.changes, attribute.clone(), &journey.id, place);
                }
                Trigger::Date { .. } => self.dates.push((journey.id.clone(), place)),
                Trigger::Schedule { .. } => {
                    if Occurrences::of(journey, place).is_some_and(|all| all.is_lasting()) {
                        self.lasting.push((journey.id.clone(), place));
                    }
                }
                Trigger::Manual => {}
            }
        }
    }

    fn hear(&mut self, journey: &Journey) {
        for on in heard(journey) {
            let properties = self.heard.entry(on.event.clone()).or_default();
            let filter = on
                .filter
                .iter()
                .flat_map(|filter| condition::reads_of_where(filter).properties);
            properties.extend(
                filter
                    .chain(on.key.clone())
                    .filter_map(|path| path.names().first().cloned()),
            );
            if let Some(value) = journey.goal.as_ref().and_then(|goal| goal.value.as_ref()) {
                properties.extend(value.names().first().cloned());
            }
        }
    }

    /// Entries by priority, then by name.
    fn order(&mut self, release: &Release) {
        let rank = |entrance: &Entrance| {
            let journey = release.journey(&entrance.journey);
            let priority = journey.map_or(PRIORITY, |(_, journey)| journey.priority());
            (Reverse(priority), entrance.journey.clone())
        };
        let maps = [&mut self.events, &mut self.changes, &mut self.members];
        let lists = maps.into_iter().flat_map(BTreeMap::values_mut);
        for list in lists.chain(self.topics.values_mut()) {
            list.sort_by_cached_key(rank);
        }
    }
}

/// Whether a condition looks at it that a message was delivered.
fn asks_for_delivery(condition: &Condition) -> bool {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().any(asks_for_delivery),
        Condition::Not(not) => asks_for_delivery(not),
        Condition::Leaf(Leaf::Message { state, .. }) => *state == MessageState::Delivered,
        Condition::Leaf(
            Leaf::Value { .. }
            | Leaf::Did(_)
            | Leaf::Subscribed(_)
            | Leaf::In { .. }
            | Leaf::Now(_),
        ) => false,
    }
}

/// What a segment reads, also through other segments and scores.
fn reads_of(release: &Release, segment: &str, depth: u8) -> BTreeSet<String> {
    let rule = release
        .segments
        .get(segment)
        .and_then(|segment| segment.rule.as_deref());
    rule.map(|rule| reads_of_rule(release, rule, depth))
        .unwrap_or_default()
}

fn reads_of_rule(release: &Release, rule: &Condition, depth: u8) -> BTreeSet<String> {
    /// Deeper chains are refused by `check`.
    const DEPTH_MAX: u8 = 16;
    let mut names = BTreeSet::new();
    if depth > DEPTH_MAX {
        return names;
    }
    let reads = condition::reads(rule);
    names.extend(
        reads
            .attributes
            .iter()
            .map(|name| format!("contact.{name}")),
    );
    names.extend(reads.events.iter().map(|name| format!("did {name}")));
    names.extend(
        reads
            .topics
            .iter()
            .map(|topic| format!("subscribed {topic}")),
    );
    names.extend(reads.lists.iter().map(|list| format!("in_list {list}")));
    names.extend(
        reads
            .journeys
            .iter()
            .map(|journey| format!("in_journey {journey}")),
    );
    for name in &reads.attributes {
        names.extend(match release.project.computed.get(name) {
            Some(
                Computed::Count { event, .. }
                | Computed::Sum { event, .. }
                | Computed::Last { event, .. }
                | Computed::FirstAt { event }
                | Computed::LastAt { event },
            ) => Some(format!("did {event}")),
            None => None,
        });
    }
    for segment in &reads.segments {
        names.extend(reads_of(release, segment, depth + 1));
    }
    for score in &reads.scores {
        names.insert(format!("score.{score}"));
        let rules = release
            .scores
            .get(score)
            .into_iter()
            .flat_map(|score| &score.rules);
        for rule in rules {
            if let ScoreSource::If(condition) = &rule.source {
                names.extend(reads_of_rule(release, condition, depth + 1));
            }
        }
    }
    names
}

fn add<K: Ord>(map: &mut BTreeMap<K, Vec<Entrance>>, key: K, journey: &str, place: usize) {
    let list = map.entry(key).or_default();
    match list.iter_mut().find(|entrance| entrance.journey == journey) {
        Some(entrance) => entrance.triggers.push(place),
        None => list.push(Entrance {
            journey: journey.to_owned(),
            triggers: vec![place],
        }),
    }
}

/// The events that move a run of `journey`: its goal, its exits, its paths.
pub fn heard(journey: &Journey) -> Vec<&EventMatch> {
    let goal = journey.goal.iter().map(|goal| &goal.on);
    let paths = paths(journey)
        .into_iter()
        .filter_map(|path| match &path.admission {
            Admission::Event(on) => Some(on),
            Admission::If(_) | Admission::After(_) | Admission::Weight { .. } | Admission::Else => {
                None
            }
        });
    goal.chain(paths).collect()
}

/// Every path of a journey.
pub fn paths(journey: &Journey) -> Vec<&JourneyPath> {
    let of_steps = journey.steps.iter().flat_map(|step| step.verb.paths());
    journey.exits.iter().chain(of_steps).collect()
}

/// Every condition of a journey.
pub fn conditions(journey: &Journey) -> Vec<&Condition> {
    let of_paths = paths(journey)
        .into_iter()
        .filter_map(|path| match &path.admission {
            Admission::If(condition) => Some(condition.as_ref()),
            Admission::Event(_)
            | Admission::After(_)
            | Admission::Weight { .. }
            | Admission::Else => None,
        });
    let of_steps = journey
        .steps
        .iter()
        .filter_map(|step| step.only_if.as_deref());
    journey
        .entry_if
        .as_deref()
        .into_iter()
        .chain(of_paths)
        .chain(of_steps)
        .collect()
}

/// The properties of its trigger that a journey reads: what its runs must keep.
pub fn trigger_reads(journey: &Journey) -> BTreeSet<String> {
    let mut reads: Vec<Path> = Vec::new();
    for condition in conditions(journey) {
        reads.extend(condition::reads(condition).trigger);
    }
    let filters = heard(journey)
        .into_iter()
        .filter_map(|on| on.filter.as_ref());
    for filter in filters {
        reads.extend(condition::reads_of_where(filter).trigger);
    }
    let in_wait = |wait: &Wait| wait.path().cloned();
    for path in paths(journey) {
        if let Admission::After(wait) = &path.admission {
            reads.extend(in_wait(wait));
        }
    }
    for step in &journey.steps {
        match &step.verb {
            Verb::Wait { wait, .. } => reads.extend(in_wait(wait)),
            Verb::Update(update) => reads.extend(paths_of(&update.set)),
            Verb::Emit { with: given, .. }
            | Verb::Start { data: given, .. }
            | Verb::Webhook { data: given, .. }
            | Verb::Alert { data: given, .. } => reads.extend(paths_of(given)),
            Verb::Message(message) => reads.extend(paths_of(&message.data)),
            Verb::WaitUntil { .. }
            | Verb::Branch { .. }
            | Verb::Split { .. }
            | Verb::Score(_)
            | Verb::Coupon { .. }
            | Verb::Stop { .. }
            | Verb::Goto(_)
            | Verb::Exit { .. } => {}
        }
    }
    let of_trigger = reads
        .into_iter()
        .filter(|path| path.root() == Root::Trigger);
    of_trigger
        .filter_map(|path| path.names().first().cloned())
        .collect()
}

fn paths_of(given: &GivenMap) -> impl Iterator<Item = Path> + '_ {
    given.values().filter_map(|given| match given {
        Given::SameAs(path) => Some(path.clone()),
        Given::Value(_) | Given::Now => None,
    })
}
