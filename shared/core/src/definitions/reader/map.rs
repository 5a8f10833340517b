//! Reads one mapping: every key is taken once, what is left over is reported with the nearest known key.

use std::borrow::Cow;

use super::{Faults, text};
use crate::syntax::{Key, Node, NodeValue, Place, Position};

/// A mapping whose keys are being read.
pub(crate) struct MapReader<'n> {
    place: Place,
    what: Cow<'static, str>,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
    /// Keys that were reported already.
    reported: Vec<&'n str>,
    /// The key that says of which kind the mapping is.
    kind: Option<String>,
}

impl<'n> MapReader<'n> {
    /// Reads `node` as the mapping of a `what`.
    pub(crate) fn new(
        node: &'n Node,
        what: impl Into<Cow<'static, str>>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let what = what.into();
        match &node.value {
            NodeValue::Map(entries) => Some(Self {
                place: node.into(),
                what,
                entries,
                known: Vec::new(),
                reported: Vec::new(),
                kind: None,
            }),
            NodeValue::Scalar { .. } | NodeValue::List(_) => {
                let message = format!("{what} is a map, this is {}", node.kind());
                faults.add("E0100", node, &message, "write `key: value` lines");
                None
            }
        }
    }

    /// Where the mapping begins.
    pub(crate) const fn at(&self) -> Position {
        self.place.at
    }

    /// Where the mapping stands.
    pub(crate) const fn place(&self) -> Place {
        self.place
    }

    /// What messages call it from now on, and the key that makes it so.
    pub(crate) fn is_called(&mut self, what: impl Into<Cow<'static, str>>, kind: &str) {
        self.what = what.into();
        self.kind = Some(kind.to_owned());
    }

    /// What messages call it.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// All keys, in the order of the file.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'n Key> + use<'n> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The entry `key`, if it stands there.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<&'n (Key, Node)> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.peek(key)
    }

    /// The entry `key`, which stays unread.
    pub(crate) fn peek(&self, key: &str) -> Option<&'n (Key, Node)> {
        self.entries.iter().find(|(found, _)| found.text == key)
    }

    /// The value under `key`, if it stands there.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The value under `key`, or a fault.
    pub(crate) fn required(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            let message = format!("{} needs `{key}`", self.what);
            faults.add("E0101", self.place, &message, &format!("add `{key}: …`"));
        }
        found
    }

    /// The text under `key`, if it stands there.
    pub(crate) fn optional_text(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<&'n str> {
        self.optional(key).and_then(|node| text(node, key, faults))
    }

    /// The text under `key`, or a fault.
    pub(crate) fn required_text(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<&'n str> {
        self.required(key, faults)
            .and_then(|node| text(node, key, faults))
    }

    /// What `read` makes of the value under `key`, if it stands there.
    pub(crate) fn read<T>(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
        read: impl FnOnce(&'n Node, &'static str, &mut Faults<'_>) -> Option<T>,
    ) -> Option<T> {
        self.optional(key).and_then(|node| read(node, key, faults))
    }

    /// Takes the entries that nobody has asked for and of which `is_taken` is true, so that the caller reports them.
    pub(crate) fn take_left(
        &mut self,
        is_taken: impl Fn(&str) -> Option<&'static str>,
    ) -> Vec<&'n Key> {
        let mut taken = Vec::new();
        for (key, _) in self.entries {
            if self.known.contains(&key.text.as_str()) {
                continue;
            }
            if let Some(name) = is_taken(&key.text) {
                self.known.push(name);
                taken.push(key);
            }
        }
        taken
    }

    /// Does not name keys of which `is_other` is true among those that are taken: none of them stands there.
    pub(crate) fn forget(&mut self, is_other: impl Fn(&str) -> bool) {
        self.known.retain(|known| !is_other(known));
    }

    /// Takes `key`, which the caller has reported.
    pub(crate) fn take(&mut self, key: &'n Key) {
        self.reported.push(&key.text);
    }

    /// Reports every key that nobody has asked for.
    pub(crate) fn finish(self, faults: &mut Faults<'_>) {
        #[cfg(test)]
        super::recorded::note(&self.what, &self.known);
        for (key, _) in self.entries {
            let name = key.text.as_str();
            if !self.known.contains(&name) && !self.reported.contains(&name) {
                let message = match &self.kind {
                    Some(kind) => format!("unknown key `{}` beside `{kind}`", key.text),
                    None => format!("unknown key `{}` in {}", key.text, self.what),
                };
                let is_option = |known: &&str| self.kind.as_deref() != Some(*known);
                let known: Vec<&str> = self.known.iter().copied().filter(is_option).collect();
                let takes = format!("{} takes: {}", self.what, known.join(", "));
                let known = self.known.iter().copied();
                let fault = faults.unknown("E0108", key, &message, (&key.text, known), &takes);
                if fault.edit.is_some() {
                    fault.note(&takes);
                }
            }
        }
    }
}
