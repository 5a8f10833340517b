//! Reads one mapping: every key is taken once, what is left over is reported with the nearest known key.

use crate::definitions::Diagnostic;
use crate::phrase::PhraseError;
use crate::syntax::{Key, Node, NodeValue, Position};
use crate::zone::Zone;

/// Collects the faults of one file.
pub(crate) struct Faults<'a> {
    pub(crate) file: &'a str,
    pub(crate) found: Vec<Diagnostic>,
}

impl<'a> Faults<'a> {
    pub(crate) const fn new(file: &'a str) -> Self {
        Self {
            file,
            found: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, code: &'static str, at: Position, message: &str, help: &str) {
        self.found
            .push(Diagnostic::error(code, self.file, at, message).help(help));
    }

    /// `value` if nothing was found.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }
}

/// A mapping whose keys are being read.
pub(crate) struct MapReader<'n> {
    at: Position,
    what: &'static str,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'n> MapReader<'n> {
    /// Reads `node` as the mapping of a `what`.
    pub(crate) fn new(node: &'n Node, what: &'static str, faults: &mut Faults<'_>) -> Option<Self> {
        match &node.value {
            NodeValue::Map(entries) => Some(Self {
                at: node.at,
                what,
                entries,
                known: Vec::new(),
            }),
            NodeValue::Scalar { .. } | NodeValue::List(_) => {
                let message = format!("{what} is a map, this is {}", node.kind());
                faults.add("E0100", node.at, &message, "write `key: value` lines");
                None
            }
        }
    }

    pub(crate) const fn at(&self) -> Position {
        self.at
    }

    /// The value under `key`, if it stands there.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.entries
            .iter()
            .find(|(found, _)| found.text == key)
            .map(|(_, node)| node)
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
            faults.add("E0101", self.at, &message, &format!("add `{key}: …`"));
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

    /// Reports every key that nobody has asked for.
    pub(crate) fn finish(self, faults: &mut Faults<'_>) {
        for (key, _) in self.entries {
            if !self.known.contains(&key.text.as_str()) {
                let message = format!("unknown key `{}` in {}", key.text, self.what);
                let help = match nearest(&key.text, self.known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("{} takes: {}", self.what, self.known.join(", ")),
                };
                faults.add("E0108", key.at, &message, &help);
            }
        }
    }
}

/// `node` as text.
pub(crate) fn text<'n>(node: &'n Node, what: &str, faults: &mut Faults<'_>) -> Option<&'n str> {
    match &node.value {
        NodeValue::Scalar { text, .. } if !text.trim().is_empty() => Some(text),
        NodeValue::Scalar { .. } => {
            faults.add(
                "E0102",
                node.at,
                &format!("`{what}` is empty"),
                "give it a value",
            );
            None
        }
        NodeValue::List(_) | NodeValue::Map(_) => {
            let message = format!("`{what}` takes one value, this is {}", node.kind());
            faults.add(
                "E0103",
                node.at,
                &message,
                "write the value behind the colon",
            );
            None
        }
    }
}

/// `node` as a list.
pub(crate) fn list<'n>(node: &'n Node, what: &str, faults: &mut Faults<'_>) -> &'n [Node] {
    match &node.value {
        NodeValue::List(items) => items,
        NodeValue::Scalar { .. } | NodeValue::Map(_) => {
            let message = format!("`{what}` takes a list, this is {}", node.kind());
            faults.add("E0104", node.at, &message, "start each item with `- `");
            &[]
        }
    }
}

/// `text` as an id: `[a-z][a-z0-9-]*`, at most 64 characters.
pub(crate) fn id(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let text = text(node, what, faults)?;
    let is_id = is_id(text);
    if !is_id {
        let message = format!("`{text}` is not an id");
        let help = "an id is lower-case letters, digits and `-`, starts with a letter, at most 64";
        faults.add("E0105", node.at, &message, help);
    }
    is_id.then(|| text.to_owned())
}

/// Whether `text` is an id: `[a-z][a-z0-9-]*`, at most 64 characters.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// One of `choices`, by name.
pub(crate) fn choice<T: Copy>(
    node: &Node,
    what: &str,
    choices: &[(&'static str, T)],
    faults: &mut Faults<'_>,
) -> Option<T> {
    let text = text(node, what, faults)?;
    let found = choices
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("`{what}` cannot be `{text}`");
        faults.add(
            "E0106",
            node.at,
            &message,
            &format!("one of: {}", names.join(", ")),
        );
    }
    found
}

/// `node` as a time phrase, read by its type's `parse`.
pub(super) fn phrase<T>(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
    parse: impl Fn(&str) -> Result<T, PhraseError>,
) -> Option<T> {
    let read = parse(text(node, what, faults)?);
    read.map_err(|error| faults.add(error.code(), node.at, &error.to_string(), error.help()))
        .ok()
}

/// `node` as the name of a time zone.
pub(super) fn zone(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Zone> {
    phrase(node, what, faults, crate::phrase::zone)
}

/// The known word that is most like `word`, if one is near enough to be meant.
pub(crate) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    crate::release::nearest(word, known)
}

/// The file's name without folder and ending must be the id that it states.
pub(crate) fn check_name(id: &str, at: Position, faults: &mut Faults<'_>) {
    let name = faults.file.rsplit('/').next().unwrap_or_default();
    let stem = name
        .rsplit_once('.')
        .map_or(name, |(stem, _)| stem)
        .to_owned();
    if stem != id {
        let message = format!("the file is called `{name}` and says it is `{id}`");
        faults.add(
            "E0107",
            at,
            &message,
            &format!("rename one of them: `{stem}`"),
        );
    }
}
