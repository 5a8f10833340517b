//! Reads conditions from the syntax tree. Every fault has its place and, where one is near, the key that was meant.

use super::{Condition, Leaf, Membership, MessageState, Root, Test, Topic, Where};
use super::{prove, read_leaf};
use crate::definitions::reader::{self, Faults};
use crate::definitions::{Diagnostic, Refers};
use crate::syntax::{self, Key, Node, NodeValue, Place};

/// Deepest nesting of `all`, `any` and `not`: beyond what anybody can follow.
pub const DEPTH_MAX: usize = 16;
/// Most nodes of one condition, items of lists included: bounds the cost of a decision and the length of its trace.
pub const NODES_MAX: usize = 500;
/// Longest text in a condition, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 1000;

/// What can be read at a place, so that a condition is refused there and does not stay false for ever.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Roots that have values.
    pub roots: &'static [Root],
    /// Whether messages of the run are known.
    pub messages: bool,
    /// Whether facts, subscriptions and memberships are known.
    pub facts: bool,
    /// Why the rest is not, as a help.
    pub why: &'static str,
}

impl Scope {
    /// Everything that the language has.
    pub const ALL: Self = Self {
        roots: &[
            Root::Contact,
            Root::Trigger,
            Root::Data,
            Root::Vars,
            Root::Score,
        ],
        messages: true,
        facts: true,
        why: "it has no value here",
    };

    fn has(&self, root: Root) -> bool {
        self.roots.contains(&root)
    }
}

/// Reads `text`, the whole of `file`, as a condition. One that can never hold is read too.
pub fn read(file: &str, text: &str) -> Result<Condition, Vec<Diagnostic>> {
    let root = syntax::parse(file, text).map_err(|fault| vec![*fault])?;
    let mut faults = Faults::new(file);
    let mut reading = Reading {
        scope: Scope::ALL,
        faults: &mut faults,
        nodes: 0,
    };
    let read = reading.condition(&root, 0);
    faults.or(read)
}

/// Reads `node` as a condition that may use what `scope` has. One that can never hold is a fault.
pub(crate) fn condition(node: &Node, scope: Scope, faults: &mut Faults<'_>) -> Option<Condition> {
    let mut reading = Reading {
        scope,
        faults,
        nodes: 0,
    };
    let condition = reading.condition(node, 0)?;
    if let Some(why) = prove::contradiction(&condition) {
        never(&why, node, faults);
    } else if let Some(why) = prove::doubt(&condition) {
        let help =
            "of a set, say so: `{ has: … }` for each; for one of several values, write a list";
        faults.warn("W0104", node, &why, help);
    }
    Some(condition)
}

/// Reports that a condition can never hold.
fn never(why: &str, node: &Node, faults: &mut Faults<'_>) {
    let message = format!("this can never hold: {why}");
    let help = "change one side of it; `any` asks for one of several";
    faults.add("E0179", node, &message, help);
}

/// Reads `node` as the `where` beside `event`. Paths behind `same_as` may use what `scope` has.
pub(crate) fn filter(
    node: &Node,
    event: Option<&str>,
    scope: Scope,
    faults: &mut Faults<'_>,
) -> Option<Where> {
    let mut reading = Reading {
        scope,
        faults,
        nodes: 0,
    };
    let filter = reading.filter(node, event)?;
    if let Some(why) = prove::contradiction_of_where(&filter) {
        never(&why, node, faults);
    }
    Some(filter)
}

/// Reads `node` as the predicate behind `what`.
pub(crate) fn tests_of(
    node: &Node,
    what: &str,
    scope: Scope,
    faults: &mut Faults<'_>,
) -> Option<Vec<Test>> {
    let mut reading = Reading {
        scope,
        faults,
        nodes: 0,
    };
    reading.predicate(node, what)
}

/// A condition being read.
pub(super) struct Reading<'f, 'a> {
    pub(super) scope: Scope,
    pub(super) faults: &'f mut Faults<'a>,
    nodes: usize,
}

impl Reading<'_, '_> {
    pub(super) fn fault(
        &mut self,
        code: &'static str,
        place: impl Into<Place>,
        message: &str,
        help: &str,
    ) -> &mut Diagnostic {
        self.faults.add(code, place, message, help)
    }

    /// Counts one node; false from the one that is too many on, with one fault.
    pub(super) fn count(&mut self, at: impl Into<Place>) -> bool {
        self.nodes += 1;
        if self.nodes == NODES_MAX + 1 {
            let message = format!("a condition has at most {NODES_MAX} parts");
            self.fault("E0161", at, &message, "make a segment of a part of it");
        }
        self.nodes <= NODES_MAX
    }

    fn condition(&mut self, node: &Node, depth: usize) -> Option<Condition> {
        if depth > DEPTH_MAX {
            let help = "make a segment of the inner part";
            self.fault("E0160", node, "this condition is nested too deeply", help);
            return None;
        }
        let NodeValue::Map(entries) = &node.value else {
            let message = format!("a condition is a map, this is {}", node.kind());
            let help = "for example `{ contact.country: DE }`";
            self.fault("E0100", node, &message, help);
            return None;
        };
        if entries.is_empty() {
            let help = "for example `contact.country: DE`; leave the condition out if all pass";
            self.fault("E0162", node, "this condition says nothing", help);
            return None;
        }
        if let Some(key) = read_leaf::did_without_its_key(entries) {
            let message = "`event` and what narrows it stand below `did`";
            let help = "write `did: { event: …, where: …, within: … }`";
            self.fault("E0108", key, message, help);
            return None;
        }
        let read: Vec<Option<Condition>> = entries
            .iter()
            .map(|(key, value)| self.entry(key, value, depth))
            .collect();
        let read: Option<Vec<Condition>> = read.into_iter().collect();
        Some(one_or(read?, Condition::All))
    }

    fn entry(&mut self, key: &Key, value: &Node, depth: usize) -> Option<Condition> {
        if !self.count(key) {
            return None;
        }
        match key.text.as_str() {
            "all" => self
                .several("all", value, depth)
                .map(|all| one_or(all, Condition::All)),
            "any" => self
                .several("any", value, depth)
                .map(|any| one_or(any, Condition::Any)),
            "not" => {
                let not = self.condition(value, depth + 1)?;
                self.warn_of_opens(&not, key);
                Some(Condition::Not(Box::new(not)))
            }
            text if Self::begins_like_a_path(text) => {
                let path = self.path(text, key)?;
                let tests = self.predicate(value, &path.label())?;
                Some(Condition::Leaf(Leaf::Value { path, tests }))
            }
            _ => self.leaf(key, value).map(Condition::Leaf),
        }
    }

    fn several(&mut self, what: &str, node: &Node, depth: usize) -> Option<Vec<Condition>> {
        let items = reader::list(node, what, self.faults);
        if items.is_empty() {
            if matches!(node.value, NodeValue::List(_)) {
                let message = format!("`{what}` is empty");
                self.fault("E0162", node, &message, "add a condition or leave it out");
            }
            return None;
        }
        let read: Vec<Option<Condition>> = items
            .iter()
            .map(|item| self.condition(item, depth + 1))
            .collect();
        read.into_iter().collect()
    }

    fn leaf(&mut self, key: &Key, value: &Node) -> Option<Leaf> {
        let name = key.text.as_str();
        if let Some((_, state)) = MessageState::ALL.iter().find(|(key, _)| *key == name) {
            self.allow(self.scope.messages, name, key)?;
            let steps = self.steps(value, (name, *state))?;
            return Some(Leaf::Message {
                state: *state,
                steps,
            });
        }
        if let Some((_, kind)) = Membership::ALL.iter().find(|(key, _)| *key == name) {
            self.allow(self.scope.facts, name, key)?;
            let id = reader::id(value, name, self.faults)?;
            let refers = match kind {
                Membership::Segment => Refers::Segment,
                Membership::List => Refers::List,
                Membership::Journey => Refers::Journey,
            };
            self.faults.refer(refers, id.as_str(), value);
            return Some(Leaf::In { kind: *kind, id });
        }
        match name {
            "did" => {
                self.allow(self.scope.facts, name, key)?;
                self.did(value).map(Leaf::Did)
            }
            "subscribed" => {
                self.allow(self.scope.facts, name, key)?;
                let text = reader::text(value, name, self.faults)?;
                let topic: Topic = self.readable(text.parse(), value)?;
                self.faults
                    .refer(Refers::Topic, topic.topic.as_str(), value);
                Some(Leaf::Subscribed(topic))
            }
            "now" => self.now(value).map(Leaf::Now),
            _ => {
                self.unknown_leaf(key, value);
                None
            }
        }
    }

    /// None, with a fault, where a statement has no answer.
    pub(super) fn allow(&mut self, is_known: bool, what: &str, at: impl Into<Place>) -> Option<()> {
        if !is_known {
            let message = format!("`{what}` cannot be used here");
            let why = self.scope.why;
            self.fault("E0164", at, &message, why);
        }
        is_known.then_some(())
    }

    fn unknown_leaf(&mut self, key: &Key, value: &Node) {
        let message = format!("unknown key `{}` in a condition", key.text);
        if let Some(meant) = read_leaf::meant(&key.text) {
            let fault = self.fault("E0108", key, &message, "").meant(meant);
            if let ("did", NodeValue::Scalar { text, .. }) = (meant, &value.value) {
                fault.help = Some(format!("did you mean `did: {text}`?"));
            }
            return;
        }
        let known = read_leaf::keys();
        let help = format!(
            "did you mean `contact.{}`? Or one of: {}",
            key.text,
            known.join(", ")
        );
        let word = (key.text.as_str(), known.into_iter());
        self.faults.unknown("E0108", key, &message, word, &help);
    }

    /// Warns where something hangs on a message not being opened: mail programs open by themselves, or never say so.
    fn warn_of_opens(&mut self, not: &Condition, key: &Key) {
        if asks_for_opens(not) {
            let message = "a message that was not opened may well have been read";
            let help =
                "ask for `not: { clicked: … }`; many mail programs hide opens or make them up";
            self.faults.warn("W0101", key, message, help);
        }
    }

    pub(super) fn has_root(&self, root: Root) -> bool {
        self.scope.has(root)
    }
}

fn asks_for_opens(condition: &Condition) -> bool {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().any(asks_for_opens),
        Condition::Not(not) => asks_for_opens(not),
        Condition::Leaf(Leaf::Message { state, .. }) => *state == MessageState::Opened,
        Condition::Leaf(Leaf::Did(did)) => did.event == "message_opened",
        Condition::Leaf(
            Leaf::Value { .. } | Leaf::Subscribed(_) | Leaf::In { .. } | Leaf::Now(_),
        ) => false,
    }
}

/// The one condition as it is, several under their word.
fn one_or(mut conditions: Vec<Condition>, word: fn(Vec<Condition>) -> Condition) -> Condition {
    match conditions.pop() {
        Some(one) if conditions.is_empty() => one,
        last => {
            conditions.extend(last);
            word(conditions)
        }
    }
}
