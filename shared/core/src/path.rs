//! Paths: how a definition names a value of a contact, of a run or of an event.

use std::fmt;
use std::str::FromStr;

/// A text cannot be read as what its place expects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NotReadable {
    /// The author's words.
    pub text: String,
    /// What it should be.
    pub expected: &'static str,
    /// What can be written instead.
    pub help: String,
}

impl NotReadable {
    pub(crate) fn new(text: &str, expected: &'static str, help: &str) -> Self {
        Self {
            text: text.to_owned(),
            expected,
            help: help.to_owned(),
        }
    }
}

/// Stored as its text, read back through its one way in.
macro_rules! stored_as_text {
    ($($name:ty),*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
pub(crate) use stored_as_text;

stored_as_text!(Path);

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// The contact's attributes.
    Contact,
    /// The properties of the event that started the run.
    Trigger,
    /// What steps of the run have saved.
    Data,
    /// The journey's constants.
    Vars,
    /// The contact's scores.
    Score,
    /// The properties of the event at hand. Only `where` reads them, and it does not name them: its keys are properties.
    Event,
}

impl Root {
    /// All roots, with their names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("contact", Self::Contact),
        ("trigger", Self::Trigger),
        ("data", Self::Data),
        ("vars", Self::Vars),
        ("score", Self::Score),
        ("event", Self::Event),
    ];

    /// The root's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Trigger => "trigger",
            Self::Data => "data",
            Self::Vars => "vars",
            Self::Score => "score",
            Self::Event => "event",
        }
    }
}

/// Names a value: `contact.country`, `data.coupon.code`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    root: Root,
    names: Vec<String>,
}

impl Path {
    /// Most names behind the root: a value nested deeper is not compared.
    pub const NAMES_MAX: usize = 8;
    /// Longest path, in characters.
    pub const CHARS_MAX: usize = 256;

    /// The path of `names` (with dots between them) below `root`.
    pub fn below(root: Root, names: &str) -> Result<Self, NotReadable> {
        let help = "for example `contact.country`: letters, digits, `_` and `-` between the dots";
        let error = || NotReadable::new(names, "a path", help);
        let is_name = |name: &str| {
            let is_plain = |c: char| !c.is_control() && !c.is_whitespace() || c == ' ';
            !name.is_empty() && name.trim() == name && name.chars().all(is_plain)
        };
        let parts: Vec<String> = names.split('.').map(str::to_owned).collect();
        let is_path = names.chars().count() <= Self::CHARS_MAX
            && parts.len() <= Self::NAMES_MAX
            && parts.iter().all(|name| is_name(name));
        let path = is_path.then_some(Self { root, names: parts });
        path.ok_or_else(error)
    }

    /// Where it begins.
    pub const fn root(&self) -> Root {
        self.root
    }

    /// The names behind the root, outermost first. One or more.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names with dots between them: how the author of a `where` wrote it.
    pub fn dotted(&self) -> String {
        self.names.join(".")
    }

    /// What a reader of a trace is told: `country` for `contact.country`, the whole path for others.
    pub fn label(&self) -> String {
        match self.root {
            Root::Contact | Root::Event => self.dotted(),
            Root::Trigger | Root::Data | Root::Vars | Root::Score => self.to_string(),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.root.name(), self.dotted())
    }
}

impl FromStr for Path {
    type Err = NotReadable;

    fn from_str(text: &str) -> Result<Self, NotReadable> {
        let root = text.split_once('.').and_then(|(root, names)| {
            let found = Root::ALL.iter().find(|(name, _)| *name == root)?;
            Some((found.1, names))
        });
        let help = "a path begins with contact., trigger., data., vars. or score.";
        let (root, names) = root.ok_or_else(|| NotReadable::new(text, "a path", help))?;
        Self::below(root, names).map_err(|error| NotReadable::new(text, "a path", &error.help))
    }
}
