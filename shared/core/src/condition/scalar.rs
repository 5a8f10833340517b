//! The scalars of a condition: each keeps its text and has one way in.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::definitions::reader::is_id;
use crate::path::{NotReadable, stored_as_text};

stored_as_text!(Number, Pattern, Topic);

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
