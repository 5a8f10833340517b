//! Instants, durations, and the exact part of the time phrases.
//!
//! Owns the one representation of time in stored data: milliseconds since the Unix epoch. It never asks a clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant with millisecond precision.
///
/// Milliseconds, because that is what Segment's timestamps, SQS and the due index hold; anything finer would be lost on
/// the way and make two copies of one input differ.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch, rounded down: what DynamoDB's time to live wants.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads an RFC 3339 instant such as `2026-03-01T08:00:00.250Z`; finer digits are cut.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|at| Self(at.as_millisecond()))
    }

    /// This instant and `duration` later; saturates at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This instant and `duration` earlier; saturates at the beginning of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How much time has passed from `earlier` to this instant; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whole seconds until this instant as seen at `now`, rounded up, so that whoever waits them is never early.
    pub fn secs_after(self, now: Self) -> u64 {
        self.since(now)
            .as_millis()
            .div_ceil(1000)
            .try_into()
            .unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} ms after 1970", self.0),
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Why a text is not an exact duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// `1d` or `5m`: one letter with two meanings.
    #[error("`{text}` could mean two things")]
    Ambiguous {
        /// The author's words.
        text: String,
        /// What to write instead.
        rewrites: String,
    },
    /// A calendar phrase (`1 day`, `2 weeks`), which depends on the contact's zone.
    #[error("`{0}` is a calendar phrase; so far a wait takes an exact duration")]
    Calendar(String),
    /// Not a duration at all.
    #[error("`{0}` is not a duration")]
    Unreadable(String),
}

impl PhraseError {
    /// What the author can write instead.
    pub fn help(&self) -> String {
        match self {
            Self::Ambiguous { rewrites, .. } => rewrites.clone(),
            Self::Calendar(_) => "for example `24h`, which is exactly 24 hours".to_owned(),
            Self::Unreadable(_) => "for example `90 s`, `30 min`, `1h` or `1h 30min`".to_owned(),
        }
    }
}

const CALENDAR_WORDS: [&str; 5] = ["day", "week", "month", "year", "business"];

/// Reads an exact duration of the time phrases: `90 s`, `30 min`, `1h`, `1h 30min`.
///
/// Letters are exact, words are calendar. A longest duration of ten years keeps every sum of times in range.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(wend_core::time::exact("1h 30min"), Ok(Duration::from_secs(5400)));
/// assert!(wend_core::time::exact("1d").is_err());
/// ```
pub fn exact(text: &str) -> Result<Duration, PhraseError> {
    const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);
    let text = text.trim();
    if CALENDAR_WORDS.iter().any(|word| text.contains(word)) {
        return Err(PhraseError::Calendar(text.to_owned()));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let (part, remaining) = exact_part(text, rest)?;
        total = total.saturating_add(part);
        rest = remaining;
    }
    if total.is_zero() || total > LONGEST {
        return Err(PhraseError::Unreadable(text.to_owned()));
    }
    Ok(total)
}

fn exact_part<'a>(whole: &str, rest: &'a str) -> Result<(Duration, &'a str), PhraseError> {
    let unreadable = || PhraseError::Unreadable(whole.to_owned());
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .ok_or_else(unreadable)?;
    let (number, rest) = rest.split_at(digits);
    let amount: u64 = number.parse().map_err(|_| unreadable())?;
    let rest = rest.trim_start();
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    let ambiguous = |rewrites: String| PhraseError::Ambiguous {
        text: whole.to_owned(),
        rewrites,
    };
    let secs = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        "d" => {
            let hours = amount.saturating_mul(24);
            return Err(ambiguous(format!(
                "`{hours}h` is exact time; `{amount} day` is the same clock time where the contact lives"
            )));
        }
        "m" => return Err(ambiguous(format!("`{amount} min` or `{amount} month`"))),
        _ => return Err(unreadable()),
    };
    Ok((
        Duration::from_secs(amount.saturating_mul(secs)),
        rest.trim_start(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_durations_read_as_written() {
        for (text, secs) in [
            ("90 s", 90),
            ("20s", 20),
            ("30 min", 1800),
            ("1h", 3600),
            ("1h 30min", 5400),
        ] {
            assert_eq!(exact(text), Ok(Duration::from_secs(secs)), "{text}");
        }
    }

    #[test]
    fn ambiguous_and_calendar_phrases_are_refused_with_a_rewrite() {
        assert!(matches!(exact("1d"), Err(PhraseError::Ambiguous { .. })));
        assert!(matches!(exact("5m"), Err(PhraseError::Ambiguous { .. })));
        assert!(matches!(exact("2 days"), Err(PhraseError::Calendar(_))));
        for text in [
            "",
            "0 s",
            "h",
            "12",
            "3 parsecs",
            "-1 s",
            "99999999999999999999 s",
        ] {
            assert!(
                matches!(exact(text), Err(PhraseError::Unreadable(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_delay_is_never_too_short() {
        let now = Timestamp::from_millis(0);
        assert_eq!(Timestamp::from_millis(1).secs_after(now), 1);
        assert_eq!(Timestamp::from_millis(2000).secs_after(now), 2);
        assert_eq!(Timestamp::from_millis(-5).secs_after(now), 0);
    }
}
