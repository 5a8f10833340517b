//! The scalars of a condition: each keeps its text and has one way in.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::definitions::reader::is_id;

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
    pub(super) fn new(text: &str, expected: &'static str, help: &str) -> Self {
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
pub(super) use stored_as_text;

stored_as_text!(Path, Number, Pattern, Topic);

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

/// A finite decimal number, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Whether it is a whole number of things, and how many.
    pub fn whole(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The nearest binary number.
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(f64::INFINITY)
    }

    /// How `found` lies to it. Whole numbers compare exactly, also beyond 2^53.
    pub fn order_of(&self, found: &serde_json::Number) -> Option<Ordering> {
        let wanted = self.0.parse::<i128>();
        match (found.as_i128(), wanted) {
            (Some(found), Ok(wanted)) => Some(found.cmp(&wanted)),
            _ => found.as_f64()?.partial_cmp(&self.value()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Number {
    type Err = NotReadable;

    fn from_str(text: &str) -> Result<Self, NotReadable> {
        let text = text.trim();
        let is_decimal = text.len() <= 40
            && text.ends_with(|c: char| c.is_ascii_digit())
            && text
                .chars()
                .all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
        let is_finite = text.parse().is_ok_and(f64::is_finite);
        let number = (is_decimal && is_finite).then(|| Self(text.to_owned()));
        number.ok_or_else(|| NotReadable::new(text, "a number", "for example `20` or `-3.5`"))
    }
}

/// A regular expression, compiled and limited in size.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    compiled: regex_lite::Regex,
}

impl Pattern {
    /// Longest pattern, in characters.
    pub const CHARS_MAX: usize = 256;
    /// Largest compiled pattern, in bytes: a search takes at most this times the text's length in steps.
    const COMPILED_BYTES_MAX: usize = 64 * 1024;

    /// Whether it is found in `text`, exactly: case, blanks and the form of accents count.
    pub fn is_found_in(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Pattern {
    type Err = NotReadable;

    fn from_str(text: &str) -> Result<Self, NotReadable> {
        let expected = "a pattern that can be used";
        if text.chars().count() > Self::CHARS_MAX {
            let help = "at most 256 characters; use `starts_with` or `contains` where they do";
            return Err(NotReadable::new(text, expected, help));
        }
        let compiled = regex_lite::RegexBuilder::new(text)
            .size_limit(Self::COMPILED_BYTES_MAX)
            .build()
            .map_err(|error| NotReadable::new(text, expected, &error.to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            compiled,
        })
    }
}

/// A topic and the channel that it is read in: `news` is by email, `offers/sms` by SMS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Topic {
    /// The topic.
    pub topic: String,
    /// The channel's name.
    pub channel: String,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.channel.as_str() {
            "email" => f.write_str(&self.topic),
            channel => write!(f, "{}/{channel}", self.topic),
        }
    }
}

impl FromStr for Topic {
    type Err = NotReadable;

    fn from_str(text: &str) -> Result<Self, NotReadable> {
        let (topic, channel) = text.split_once('/').unwrap_or((text, "email"));
        let is_topic = is_id(topic) && matches!(channel, "email" | "sms");
        let found = is_topic.then(|| Self {
            topic: topic.to_owned(),
            channel: channel.to_owned(),
        });
        let help = "for example `news` (email) or `offers/sms`";
        found.ok_or_else(|| NotReadable::new(text, "a topic", help))
    }
}
