//! Durations: exact ones and calendar ones.

use std::fmt;
use std::time::Duration;

use super::error::{PhraseError, PhraseFault};

/// The longest duration, in days: ten years keep every sum of times in range.
pub const LONGEST_DAYS: u64 = 3660;
const LONGEST_SECS: u64 = LONGEST_DAYS * 86_400;
const EXAMPLES: &str =
    "for example `90 s`, `30 min`, `1h 30min`, `1 day`, `3 business days`, `2 weeks` or `1 month`";

/// Elapsed time, `90 s` to `1h 30min`: whole seconds, more than none, at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exact(u64);

/// Days on a calendar, `1 day` to `1 year`: the same clock time later, however long those days are. At most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Calendar {
    count: u16,
    unit: Unit,
}

/// What calendar durations count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Days.
    Day,
    /// Days that are neither a Saturday nor a Sunday nor closed.
    BusinessDay,
    /// Seven days.
    Week,
    /// Months; what would be 31 April is 30 April.
    Month,
    /// Years; 29 February is 28 February in common years.
    Year,
}

/// A duration: exact in letters, calendar in words.
///
/// ```
/// use wend_core::phrase::{PhraseFault, Span};
/// assert_eq!(Span::parse("90min").unwrap().to_string(), "1h 30min");
/// assert_eq!(Span::parse("14 days").unwrap().to_string(), "14 days");
/// let error = Span::parse("1d").unwrap_err();
/// assert_eq!((error.fault(), error.rewrites()), (PhraseFault::Ambiguous, &["24h".into(), "1 day".into()][..]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Elapsed time.
    Exact(Exact),
    /// Days on a calendar.
    Calendar(Calendar),
}

impl Unit {
    /// Ten years of them.
    const fn longest(self) -> u64 {
        match self {
            Self::Day => LONGEST_DAYS,
            // Five days in seven; closed days come on top.
            Self::BusinessDay => LONGEST_DAYS / 7 * 5,
            Self::Week => LONGEST_DAYS / 7,
            Self::Month => 120,
            Self::Year => 10,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::BusinessDay => "business day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

impl Exact {
    /// Reads `90 s`, `30 min`, `1h`, `1h 30min`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        Self::read(text).map_err(|error| error.only(|rewrite| Self::read(rewrite).is_ok()))
    }

    fn read(text: &str) -> Result<Self, PhraseError> {
        match read(text.trim())? {
            Span::Exact(exact) => Ok(exact),
            Span::Calendar(calendar) => {
                let help =
                    "an exact time stands here, for example `24h`, which is exactly 24 hours";
                let error = PhraseError::unreadable(text.trim(), "an exact time", help);
                Err(error.meant(calendar.hours().map(|hours| format!("{hours}h"))))
            }
        }
    }

    /// How long.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl Calendar {
    /// Reads `1 day`, `3 business days`, `2 weeks`, `1 month`, `1 year`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        Self::read(text).map_err(|error| error.only(|rewrite| Self::read(rewrite).is_ok()))
    }

    fn read(text: &str) -> Result<Self, PhraseError> {
        match read(text.trim())? {
            Span::Calendar(calendar) => Ok(calendar),
            Span::Exact(exact) => {
                let help = "days on a calendar stand here, for example `1 day` or `2 weeks`";
                let error = PhraseError::unreadable(text.trim(), "a calendar time", help);
                Err(error.meant(exact.days().map(|days| days.to_string())))
            }
        }
    }

    /// How many.
    pub const fn count(self) -> u16 {
        self.count
    }

    /// Of what.
    pub const fn unit(self) -> Unit {
        self.unit
    }

    fn new(count: u64, unit: Unit) -> Option<Self> {
        let is_short = count > 0 && count <= unit.longest();
        let count = u16::try_from(count).ok().filter(|_| is_short)?;
        Some(Self { count, unit })
    }

    /// The hours of so many ordinary days.
    fn hours(self) -> Option<u64> {
        match self.unit {
            Unit::Day => Some(u64::from(self.count) * 24),
            Unit::Week => Some(u64::from(self.count) * 168),
            Unit::BusinessDay | Unit::Month | Unit::Year => None,
        }
    }
}

impl Exact {
    fn new(secs: u64) -> Option<Self> {
        (secs > 0 && secs <= LONGEST_SECS).then_some(Self(secs))
    }

    /// The days that are ordinarily so long.
    pub(super) fn days(self) -> Option<Calendar> {
        let is_whole = self.0.is_multiple_of(86_400);
        is_whole
            .then(|| Calendar::new(self.0 / 86_400, Unit::Day))
            .flatten()
    }
}

impl Span {
    /// Reads a duration.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = text.trim();
        read(text).map_err(|error| error.only(|rewrite| read(rewrite).is_ok()))
    }
}

/// A number and its unit.
struct Part {
    amount: u64,
    unit: PartUnit,
}

enum PartUnit {
    Exact {
        letters: &'static str,
        secs: u64,
        is_letters: bool,
    },
    Calendar(Unit),
    /// One letter with two meanings: the unit in seconds with its letters, and the calendar unit.
    Ambiguous(u64, &'static str, Unit),
}

fn read(text: &str) -> Result<Span, PhraseError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, remaining) =
            part(rest).ok_or_else(|| PhraseError::unreadable(text, "a duration", EXAMPLES))?;
        parts.push(part);
        rest = remaining;
    }
    match parts.as_slice() {
        [
            Part {
                amount,
                unit: PartUnit::Ambiguous(factor, letters, unit),
            },
        ] => Err(ambiguous(text, *amount, *factor, letters, *unit)),
        [
            Part {
                amount,
                unit: PartUnit::Calendar(unit),
            },
        ] => Calendar::new(*amount, *unit)
            .map(Span::Calendar)
            .ok_or_else(|| out_of_range(text, *amount == 0)),
        parts => elapsed(text, parts),
    }
}

/// The sum of `parts`, all of which must be exact.
fn elapsed(text: &str, parts: &[Part]) -> Result<Span, PhraseError> {
    let mut secs: u64 = 0;
    let (mut is_letters, mut is_mixed) = (true, false);
    for part in parts {
        match part.unit {
            PartUnit::Exact {
                secs: factor,
                is_letters: short,
                ..
            } => {
                secs = secs.saturating_add(part.amount.saturating_mul(factor));
                is_letters &= short;
            }
            PartUnit::Calendar(_) | PartUnit::Ambiguous(..) => is_mixed = true,
        }
    }
    if is_mixed {
        return Err(mixed(text, parts));
    }
    let exact = Exact::new(secs);
    match exact {
        Some(exact) if is_letters => Ok(Span::Exact(exact)),
        Some(exact) => {
            let help = format!("letters are exact, words are calendar: write `{exact}`");
            let error = PhraseError::unreadable(text, "a duration", help);
            Err(error.meant([exact.to_string()]))
        }
        None if parts.is_empty() => Err(PhraseError::unreadable(text, "a duration", EXAMPLES)),
        None => Err(out_of_range(text, secs == 0)),
    }
}

fn out_of_range(text: &str, is_zero: bool) -> PhraseError {
    if is_zero {
        let message = format!("`{text}` is no time at all");
        return PhraseError::impossible(message, "leave the wait out, or give it a length");
    }
    let message = format!("`{text}` is longer than ten years");
    PhraseError::impossible(message, "ten years is the longest: `10 years`")
}

fn ambiguous(text: &str, amount: u64, factor: u64, letters: &str, unit: Unit) -> PhraseError {
    let exact = Exact::new(amount.saturating_mul(factor)).map(|exact| {
        // `48h`, also where the canonical form would be another: it is what the author nearly wrote.
        let amount = if letters == "h" {
            exact.0 / 3600
        } else {
            exact.0 / 60
        };
        let blank = if letters == "h" { "" } else { " " };
        format!("{amount}{blank}{letters}")
    });
    let calendar = Calendar::new(amount, unit).map(|calendar| calendar.to_string());
    let help = match (&exact, &calendar) {
        (Some(exact), Some(calendar)) => format!(
            "`{exact}` is exact time; `{calendar}` is the same clock time {calendar} later where the contact lives"
        ),
        (Some(only), None) | (None, Some(only)) => format!("write `{only}`"),
        (None, None) => EXAMPLES.to_owned(),
    };
    let message = format!("`{text}` could mean two things");
    let rewrites = [exact, calendar].into_iter().flatten();
    PhraseError::new(PhraseFault::Ambiguous, message, help).meant(rewrites)
}

/// The error for days and hours, or two kinds of days, in one duration.
fn mixed(text: &str, parts: &[Part]) -> PhraseError {
    let mut secs = Some(0_u64);
    let mut days = Some(0_u64);
    let mut separate = Vec::new();
    for part in parts {
        match part.unit {
            PartUnit::Exact {
                letters,
                secs: factor,
                ..
            }
            | PartUnit::Ambiguous(factor, letters @ "min", _) => {
                secs = secs.map(|secs| secs.saturating_add(part.amount.saturating_mul(factor)));
                days = None;
                separate.push(format!("`{}{letters}`", part.amount));
            }
            PartUnit::Calendar(unit) | PartUnit::Ambiguous(_, _, unit) => {
                let calendar = Calendar::new(part.amount, unit);
                let hours = calendar.and_then(Calendar::hours);
                secs = secs
                    .zip(hours)
                    .map(|(secs, hours)| secs.saturating_add(hours * 3600));
                days = days.zip(hours).map(|(days, hours)| days + hours / 24);
                separate.extend(calendar.map(|calendar| format!("`{calendar}`")));
            }
        }
    }
    let days = days.and_then(|days| Calendar::new(days, Unit::Day));
    let one = match (days, secs.and_then(Exact::new)) {
        (Some(days), _) => Some(days.to_string()),
        (None, exact) => exact.map(|exact| exact.to_string()),
    };
    let two = format!("two waits in a row: {}", separate.join(", then "));
    let help = match &one {
        Some(one) if days.is_some() => format!("`{one}`, or {two}"),
        Some(one) => format!("`{one}` is exact time; with days on a calendar, {two}"),
        None => two,
    };
    let message = format!("`{text}` mixes units that are counted apart");
    PhraseError::new(PhraseFault::Ambiguous, message, help).meant(one)
}

/// The first number and unit of `rest`, and what follows them.
fn part(rest: &str) -> Option<(Part, &str)> {
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = rest.split_at(digits);
    // More digits than a number holds are too long, whatever the unit.
    let is_number = !number.is_empty();
    let amount = is_number.then(|| number.parse().unwrap_or(u64::MAX))?;
    let (word, rest) = word(rest.trim_start());
    let (unit, rest) = if word == "business" {
        let (word, rest) = self::word(rest);
        let is_days = matches!(word, "day" | "days");
        (
            is_days.then_some(PartUnit::Calendar(Unit::BusinessDay))?,
            rest,
        )
    } else {
        (unit(word)?, rest)
    };
    Some((Part { amount, unit }, rest))
}

/// The letters that `rest` begins with, and what follows them and blanks.
fn word(rest: &str) -> (&str, &str) {
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (word, rest) = rest.split_at(end);
    (word, rest.trim_start())
}

fn unit(word: &str) -> Option<PartUnit> {
    let exact = |letters, secs| PartUnit::Exact {
        letters,
        secs,
        is_letters: word == letters,
    };
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => exact("s", 1),
        "min" | "mins" | "minute" | "minutes" => exact("min", 60),
        "h" | "hr" | "hrs" | "hour" | "hours" => exact("h", 3600),
        "d" => PartUnit::Ambiguous(86_400, "h", Unit::Day),
        "w" => PartUnit::Ambiguous(604_800, "h", Unit::Week),
        "m" => PartUnit::Ambiguous(60, "min", Unit::Month),
        "day" | "days" => PartUnit::Calendar(Unit::Day),
        "week" | "weeks" => PartUnit::Calendar(Unit::Week),
        "month" | "months" => PartUnit::Calendar(Unit::Month),
        "year" | "years" => PartUnit::Calendar(Unit::Year),
        _ => return None,
    })
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, mins, secs) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        match (hours, mins, secs) {
            (hours, 0, 0) => write!(f, "{hours}h"),
            (0, mins, 0) => write!(f, "{mins} min"),
            (hours, mins, 0) => write!(f, "{hours}h {mins}min"),
            (0, 0 | 1, _) => write!(f, "{} s", self.0),
            (0, mins, secs) => write!(f, "{mins}min {secs}s"),
            (hours, 0, secs) => write!(f, "{hours}h {secs}s"),
            (hours, mins, secs) => write!(f, "{hours}h {mins}min {secs}s"),
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.count == 1 { "" } else { "s" };
        write!(f, "{} {}{ending}", self.count, self.unit.word())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => exact.fmt(f),
            Self::Calendar(calendar) => calendar.fmt(f),
        }
    }
}
