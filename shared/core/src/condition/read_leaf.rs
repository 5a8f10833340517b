//! Reads paths, `now`, `where` and lists of steps.

use std::fmt::Display;
use std::str::FromStr;

use super::read::Reading;
use super::{Membership, MessageState, NotReadable, Now, Number, Path, Root, When, Where};
use crate::definitions::Refers;
use crate::definitions::reader::{self, MapReader, nearest};
use crate::phrase::PhraseError;
use crate::syntax::{Key, Node, NodeValue, Place};

/// The keys of a condition, for help.
pub(super) fn keys() -> Vec<&'static str> {
    let roots = ["contact.", "trigger.", "data.", "vars.", "score."];
    let words = ["all", "any", "not", "did", "subscribed", "now"];
    let states = MessageState::ALL.iter().map(|(key, _)| *key);
    let kinds = Membership::ALL.iter().map(|(key, _)| *key);
    words
        .into_iter()
        .chain(states)
        .chain(kinds)
        .chain(roots)
        .collect()
}

/// The key that is meant by a word of other languages, which may be spelt like none of ours or like a wrong one.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    match key {
        "and" => Some("all"),
        "or" => Some("any"),
        "event" => Some("did"),
        _ => None,
    }
}

/// The key `event`, where `entries` are those of a `did` of several keys.
pub(super) fn did_without_its_key(entries: &[(Key, Node)]) -> Option<&Key> {
    const OPTIONS: [&str; 7] = [
        "event", "where", "within", "since", "sum", "at_least", "at_most",
    ];
    let is_option = |(key, _): &(Key, Node)| OPTIONS.contains(&key.text.as_str());
    let is_did = entries.len() > 1 && entries.iter().all(is_option);
    let mut keys = entries.iter().map(|(key, _)| key);
    keys.find(|key| is_did && key.text == "event")
}

/// What can be wrong with a scalar, and what to write instead.
pub(super) trait Advice: Display {
    /// The fault's code.
    fn code(&self) -> &'static str;
    /// What to write instead.
    fn advice(&self) -> String;
    /// What can be put in its place.
    fn rewrite(&self) -> Option<&str> {
        None
    }
    /// What else is good to know.
    fn note(&self) -> Option<&'static str> {
        None
    }
}

impl Advice for NotReadable {
    fn code(&self) -> &'static str {
        "E0165"
    }

    fn advice(&self) -> String {
        self.help.clone()
    }
}

impl Advice for PhraseError {
    fn code(&self) -> &'static str {
        Self::code(self)
    }

    fn advice(&self) -> String {
        self.help().to_owned()
    }

    fn rewrite(&self) -> Option<&str> {
        self.rewrites().first().map(String::as_str)
    }

    fn note(&self) -> Option<&'static str> {
        reader::hours_or_days(self)
    }
}

impl Reading<'_, '_> {
    /// `read`, or its fault at `at`.
    pub(super) fn readable<T, E: Advice>(
        &mut self,
        read: Result<T, E>,
        at: impl Into<Place>,
    ) -> Option<T> {
        read.map_err(|error| {
            let fault = self.fault(error.code(), at, &error.to_string(), &error.advice());
            if let Some(rewrite) = error.rewrite() {
                fault.replace(rewrite);
            }
            if let Some(note) = error.note() {
                fault.note(note);
            }
        })
        .ok()
    }

    /// The scalar `node`, read as a `T`.
    pub(super) fn scalar<T: FromStr<Err: Advice>>(&mut self, node: &Node, what: &str) -> Option<T> {
        let text = reader::text(node, what, self.faults)?;
        self.readable(text.parse(), node)
    }

    /// Whether a key is meant as a path: a root, or a word that is like one, and a dot.
    pub(super) fn begins_like_a_path(text: &str) -> bool {
        text.contains('.')
    }

    /// The path `text`, whose root must have values here.
    pub(super) fn path(&mut self, text: &str, place: impl Into<Place>) -> Option<Path> {
        let place = place.into();
        let (root, _) = text.split_once('.').unwrap_or((text, ""));
        let is_root = |name: &str| name == root && name != Root::Event.name();
        if !Root::ALL.iter().any(|(name, _)| is_root(name)) {
            let roots = Root::ALL
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| *name != "event");
            let near = nearest(root, roots).map(|near| text.replacen(root, near, 1));
            let help = "a path begins with contact., trigger., data., vars. or score.";
            let fault = self.fault("E0163", place, &format!("`{text}` is no path"), help);
            if let Some(near) = near {
                fault.meant(&near);
            }
            return None;
        }
        let path: Path = self.readable(text.parse(), place)?;
        self.allow(self.has_root(path.root()), text, place)?;
        self.faults.refer_path(&path, place);
        Some(path)
    }

    /// One step or a list of them.
    pub(super) fn steps(
        &mut self,
        node: &Node,
        (what, state): (&str, MessageState),
    ) -> Option<Vec<String>> {
        let NodeValue::List(items) = &node.value else {
            return self.step(node, (what, state)).map(|step| vec![step]);
        };
        if items.is_empty() {
            let message = format!("`{what}` is empty");
            self.fault("E0162", node, &message, "name a step");
            return None;
        }
        let mut steps = Vec::new();
        for item in items {
            if !self.count(item) {
                return None;
            }
            steps.push(self.step(item, (what, state)));
        }
        steps.into_iter().collect()
    }

    fn step(&mut self, node: &Node, (what, state): (&str, MessageState)) -> Option<String> {
        let step = reader::id(node, what, self.faults)?;
        self.faults.refer(Refers::Step(state), step.as_str(), node);
        Some(step)
    }

    /// The keys are names of properties of `event`, the values predicates.
    pub(super) fn filter(&mut self, node: &Node, event: Option<&str>) -> Option<Where> {
        let NodeValue::Map(entries) = &node.value else {
            let message = format!("`where` is a map, this is {}", node.kind());
            let help = "for example `{ value: { gte: 20 } }`";
            self.fault("E0100", node, &message, help);
            return None;
        };
        if entries.is_empty() {
            self.fault(
                "E0162",
                node,
                "`where` is empty",
                "name a property or leave it out",
            );
            return None;
        }
        let mut read = Vec::new();
        for (key, value) in entries {
            if !self.count(key) {
                return None;
            }
            let path = Path::below(Root::Event, &key.text);
            let path = self.readable(path, key);
            if path.is_some() {
                self.property(event, &key.text, key);
            }
            let tests = self.predicate(value, &key.text);
            read.push(path.zip(tests));
        }
        let read: Option<Vec<_>> = read.into_iter().collect();
        read.map(Where)
    }

    /// Notes that `event` must have a property called `name`.
    pub(super) fn property(&mut self, event: Option<&str>, name: &str, place: impl Into<Place>) {
        if let Some(event) = event.map(str::to_owned) {
            self.faults.refer(Refers::Property { event }, name, place);
        }
    }

    /// A map of `before`, `after`, `on`, `between`.
    pub(super) fn now(&mut self, node: &Node) -> Option<Vec<Now>> {
        let mut map = MapReader::new(node, "`now`", self.faults)?;
        let [before, after, on] = ["before", "after", "on"].map(|key| map.optional(key));
        let between = map.optional("between");
        map.finish(self.faults);
        let mut read: Vec<Option<Now>> = Vec::new();
        read.extend(before.map(|node| self.when(node, "before").map(Now::Before)));
        read.extend(after.map(|node| self.when(node, "after").map(Now::After)));
        read.extend(on.map(|node| self.when(node, "on").map(Now::On)));
        if let Some(node) = between {
            let both = self
                .pair(node)
                .and_then(|(from, to)| self.when(from, "between").zip(self.when(to, "between")));
            read.push(both.map(|(from, to)| Now::Between(from, to)));
        }
        if read.is_empty() {
            let help = "one of: before, after, on, between";
            self.fault("E0162", node, "`now` says nothing", help);
            return None;
        }
        read.into_iter().collect()
    }

    /// Two values, from and to.
    pub(super) fn pair<'n>(&mut self, node: &'n Node) -> Option<(&'n Node, &'n Node)> {
        match &node.value {
            NodeValue::List(items) if items.len() == 2 => items.first().zip(items.last()),
            NodeValue::Scalar { .. } | NodeValue::List(_) | NodeValue::Map(_) => {
                let help = "for example `[ 10, 20 ]`: from and to, both included";
                self.fault("E0104", node, "`between` takes a list of two values", help);
                None
            }
        }
    }

    /// A moment, or the path of one.
    pub(super) fn when(&mut self, node: &Node, what: &str) -> Option<When> {
        let text = reader::text(node, what, self.faults)?;
        let root = text.split_once('.').map(|(root, _)| root);
        let is_path = root.is_some_and(|root| root.chars().all(|c| c.is_ascii_alphabetic()));
        if is_path {
            return self.path(text, node).map(When::At);
        }
        self.scalar(node, what).map(When::Fixed)
    }

    /// The number in `node`.
    pub(super) fn number(&mut self, node: &Node, what: &str) -> Option<Number> {
        self.scalar(node, what)
    }
}
