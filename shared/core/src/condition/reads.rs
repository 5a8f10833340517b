//! What a condition depends on.

use std::collections::BTreeSet;

use super::{
    Condition, Did, DidTotal, Leaf, Membership, Now, Path, Root, Test, Topic, When, Where,
};

/// What a condition depends on: for the index from inputs to rules, and for checks across files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Attributes of the contact: the first name of each path.
    pub attributes: BTreeSet<String>,
    /// Paths into what the trigger brought.
    pub trigger: BTreeSet<Path>,
    /// Paths into what steps have saved.
    pub data: BTreeSet<Path>,
    /// Constants of the journey: the first name of each path.
    pub vars: BTreeSet<String>,
    /// Scores: the first name of each path.
    pub scores: BTreeSet<String>,
    /// Paths into the properties of events.
    pub properties: BTreeSet<Path>,
    /// Names of events that were done or not.
    pub events: BTreeSet<String>,
    /// Segments.
    pub segments: BTreeSet<String>,
    /// Lists.
    pub lists: BTreeSet<String>,
    /// Journeys.
    pub journeys: BTreeSet<String>,
    /// Topics.
    pub topics: BTreeSet<Topic>,
    /// Steps whose messages count.
    pub messages: BTreeSet<String>,
    /// Whether time alone can turn it over. Segments and journeys bring their own times.
    pub is_timed: bool,
}

/// What `condition` depends on.
pub fn reads(condition: &Condition) -> Reads {
    let mut reads = Reads::default();
    reads.condition(condition);
    reads
}

/// What a `where` depends on.
pub fn reads_of_where(filter: &Where) -> Reads {
    let mut reads = Reads::default();
    reads.filter(filter);
    reads
}

impl Reads {
    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(all) | Condition::Any(all) => {
                for one in all {
                    self.condition(one);
                }
            }
            Condition::Not(not) => self.condition(not),
            Condition::Leaf(leaf) => self.leaf(leaf),
        }
    }

    fn leaf(&mut self, leaf: &Leaf) {
        match leaf {
            Leaf::Value { path, tests } => self.value(path, tests),
            Leaf::Message { steps, .. } => self.messages.extend(steps.iter().cloned()),
            Leaf::Did(did) => self.did(did),
            Leaf::Subscribed(topic) => {
                self.topics.insert(topic.clone());
            }
            Leaf::In { kind, id } => {
                let set = match kind {
                    Membership::Segment => &mut self.segments,
                    Membership::List => &mut self.lists,
                    Membership::Journey => &mut self.journeys,
                };
                set.insert(id.clone());
            }
            Leaf::Now(tests) => {
                self.is_timed = true;
                for test in tests {
                    match test {
                        Now::Before(when) | Now::After(when) | Now::On(when) => self.when(when),
                        Now::Between(from, to) => {
                            self.when(from);
                            self.when(to);
                        }
                    }
                }
            }
        }
    }

    fn did(&mut self, did: &Did) {
        self.events.insert(did.event.clone());
        self.is_timed |= did.within.is_some();
        did.filter.iter().for_each(|filter| self.filter(filter));
        did.since.iter().for_each(|since| self.when(since));
        if let DidTotal::Sum(path) = &did.total {
            self.path(path);
        }
    }

    fn filter(&mut self, filter: &Where) {
        for (path, tests) in &filter.0 {
            self.value(path, tests);
        }
    }

    fn value(&mut self, path: &Path, tests: &[Test]) {
        self.path(path);
        for test in tests {
            match test {
                Test::SameAs(path) => self.path(path),
                Test::Before(when) | Test::After(when) => self.when(when),
                Test::BetweenTimes(from, to) => {
                    self.when(from);
                    self.when(to);
                }
                Test::Within(_) | Test::OlderThan(_) | Test::InNext(_) => self.is_timed = true,
                Test::Is(_)
                | Test::OneOf(_)
                | Test::IsNot(_)
                | Test::Gt(_)
                | Test::Gte(_)
                | Test::Lt(_)
                | Test::Lte(_)
                | Test::Between(..)
                | Test::Has(_)
                | Test::HasNot(_)
                | Test::Contains(_)
                | Test::StartsWith(_)
                | Test::EndsWith(_)
                | Test::Matches(_)
                | Test::Exists(_) => {}
            }
        }
    }

    fn when(&mut self, when: &When) {
        match when {
            When::Fixed(_) => {}
            When::At(path) => self.path(path),
        }
    }

    fn path(&mut self, path: &Path) {
        let first = path.names().first().cloned().unwrap_or_default();
        match path.root() {
            Root::Contact => self.attributes.insert(first),
            Root::Vars => self.vars.insert(first),
            Root::Score => self.scores.insert(first),
            Root::Trigger => self.trigger.insert(path.clone()),
            Root::Data => self.data.insert(path.clone()),
            Root::Event => self.properties.insert(path.clone()),
        };
    }
}
