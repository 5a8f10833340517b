//! What a step can wait for, and moments around a date of the contact.

use std::fmt;

use jiff::civil::Date;

use super::clock::{ClockTime, Days};
use super::error::{PhraseError, PhraseFault};
use super::span::{Calendar, Exact, Span};
use crate::path::{Path, Root};
use crate::zone::Zone;

/// What a step waits for.
///
/// ```
/// use wend_core::phrase::Wait;
/// for text in ["90 s", "2 days at 09:00", "until mon-fri 09:00", "until 2027-12-24 10:00 Europe/Berlin",
///     "until 3 days before contact.birthday at 09:00"] {
///     assert_eq!(Wait::parse(text).unwrap().to_string(), text);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Elapsed time.
    Exact(Exact),
    /// Days on a calendar, then a time of the resulting day; without one the same clock time.
    Calendar {
        /// How many days.
        days: Calendar,
        /// The time of the resulting day.
        at: Option<ClockTime>,
    },
    /// The next time that clocks show this.
    Clock {
        /// On one of these days.
        days: Days,
        /// The time of day.
        at: ClockTime,
    },
    /// A date that stands in the file.
    Fixed(FixedDate),
    /// A date that comes from data.
    Date(DatePhrase),
}

/// `2027-12-24 10:00 Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedDate {
    /// The day.
    pub date: Date,
    /// Its time, and whose clock shows it: the contact's without a zone. Without a time, the start of the contact's day.
    pub at: Option<(ClockTime, Option<Zone>)>,
}

/// A moment that depends on a date in data: `3 days before contact.birthday at 09:00`.
///
/// What `wait: until …` waits for, and what a date trigger fires at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatePhrase {
    offset: Option<(Span, Side)>,
    path: Path,
    at: Option<ClockTime>,
}

/// On which side of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Earlier.
    Before,
    /// Later.
    After,
}

const WAITS: &str = "for example `1h`, `2 days at 09:00`, `until mon-fri 09:00`, `until 2027-12-24 10:00` or \
    `until 3 days before contact.birthday at 09:00`";

impl Wait {
    /// Reads what stands behind `wait:`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = text.trim();
        read_wait(text).map_err(|error| error.only(|rewrite| read_wait(rewrite).is_ok()))
    }

    /// The date in data that it depends on.
    pub const fn path(&self) -> Option<&Path> {
        match self {
            Self::Exact(_) | Self::Calendar { .. } | Self::Clock { .. } | Self::Fixed(_) => None,
            Self::Date(phrase) => Some(&phrase.path),
        }
    }

    /// Whether it ends at a date that may have passed when the step begins.
    pub const fn may_be_past(&self) -> bool {
        match self {
            Self::Exact(_) | Self::Calendar { .. } | Self::Clock { .. } => false,
            Self::Fixed(_) | Self::Date(_) => true,
        }
    }
}

fn read_wait(text: &str) -> Result<Wait, PhraseError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["until", rest @ ..] => read_until(text, rest),
        words => read_span(text, words),
    }
}

fn read_span(text: &str, words: &[&str]) -> Result<Wait, PhraseError> {
    let (span, at) = split_at(text, words)?;
    let joined = span.join(" ");
    if joined.is_empty() {
        return Err(PhraseError::unreadable(text, "a wait", WAITS));
    }
    let read = Span::parse(&joined).map_err(|error| match error.fault() {
        // `tomorrow`, `mon 09:00`: not nearly a duration.
        PhraseFault::Unreadable if error.rewrites().is_empty() => {
            PhraseError::unreadable(text, "a wait", WAITS).meant([format!("until {text}")])
        }
        PhraseFault::Unreadable
        | PhraseFault::Ambiguous
        | PhraseFault::Impossible
        | PhraseFault::UnknownZone => inside(error, text, &joined, at),
    })?;
    match (read, at) {
        (Span::Exact(exact), None) => Ok(Wait::Exact(exact)),
        (Span::Exact(exact), Some(at)) => Err(exact_and_clock(text, exact, |span| {
            format!("{span} at {at}")
        })),
        (Span::Calendar(days), at) => Ok(Wait::Calendar { days, at }),
    }
}

/// The error of a duration as one of the whole phrase.
fn inside(error: PhraseError, text: &str, span: &str, at: Option<ClockTime>) -> PhraseError {
    match at {
        // The author's blanks may differ from ours: the rewrites are put together anew.
        Some(at) => error.inside(&format!("{span} at {at}"), span),
        None => error.inside(&text.split_whitespace().collect::<Vec<_>>().join(" "), span),
    }
}

/// The error for an exact duration with a time of day: one of them cannot hold.
fn exact_and_clock(text: &str, exact: Exact, whole: impl Fn(&str) -> String) -> PhraseError {
    let message =
        format!("`{text}` could mean two things: an exact time does not end at a time of day");
    let days = exact.days().map(|days| days.to_string());
    let help = match &days {
        Some(days) => format!("`{}` counts days, or leave `at` out", whole(days)),
        None => "leave `at` out, or write days: `1 day at 09:00`".to_owned(),
    };
    PhraseError::new(PhraseFault::Ambiguous, message, help).meant(days.map(|days| whole(&days)))
}

/// The words before `at`, and the time behind it.
fn split_at<'w, 'a>(
    text: &str,
    words: &'w [&'a str],
) -> Result<(&'w [&'a str], Option<ClockTime>), PhraseError> {
    let mut parts = words.splitn(2, |word| *word == "at");
    let before = parts.next().unwrap_or_default();
    match parts.next() {
        None => Ok((before, None)),
        Some([time]) => {
            let at = ClockTime::parse(time).map_err(|error| error.inside(text, time))?;
            Ok((before, Some(at)))
        }
        Some(_) => {
            let help = "one time of day stands behind `at`, for example `at 09:00`";
            Err(PhraseError::unreadable(text, "a wait", help))
        }
    }
}

fn read_until(text: &str, words: &[&str]) -> Result<Wait, PhraseError> {
    let is_side = |word: &&str| matches!(*word, "before" | "after");
    match words {
        [first, ..] if is_date(first) => read_fixed(text, words).map(Wait::Fixed),
        [first, ..] if first.contains('.') || words.iter().any(is_side) => {
            read_date(text, "until ", words).map(Wait::Date)
        }
        [time] if time.contains(':') => clock(text, Days::ALL, time),
        [names, time] if Days::read(names).is_some() => {
            clock(text, Days::read(names).unwrap_or(Days::ALL), time)
        }
        [names, "at", time] => {
            Err(PhraseError::unreadable(text, "a wait", WAITS)
                .meant([format!("until {names} {time}")]))
        }
        ["at", time] => {
            Err(PhraseError::unreadable(text, "a wait", WAITS).meant([format!("until {time}")]))
        }
        _ => Err(PhraseError::unreadable(text, "a wait", WAITS)),
    }
}

fn clock(text: &str, days: Days, time: &str) -> Result<Wait, PhraseError> {
    let at = ClockTime::parse(time).map_err(|error| error.inside(text, time))?;
    Ok(Wait::Clock { days, at })
}

fn is_date(word: &str) -> bool {
    word.contains('-')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

impl FixedDate {
    /// Reads `2027-12-24 [10:00 [Zone]]`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = text.trim();
        let words: Vec<&str> = text.split_whitespace().collect();
        read_fixed(text, &words).map_err(|error| error.only(|rewrite| Self::parse(rewrite).is_ok()))
    }
}

fn read_fixed(text: &str, words: &[&str]) -> Result<FixedDate, PhraseError> {
    let help = "for example `2027-12-24`, `2027-12-24 10:00` or `2027-12-24 10:00 Europe/Berlin`";
    let (date, at, zone) = match words {
        [date] => (date, None, None),
        [date, time] => (date, Some(time), None),
        [_, "at", _] => {
            return Err(PhraseError::unreadable(text, "a date", help)
                .meant([text.replacen(" at ", " ", 1)]));
        }
        [date, time, zone] => (date, Some(time), Some(zone)),
        _ => return Err(PhraseError::unreadable(text, "a date", help)),
    };
    let is_spelt = date.len() == 10 && date.split('-').map(str::len).eq([4, 2, 2]);
    if !is_spelt {
        return Err(PhraseError::unreadable(date, "a date", help));
    }
    let date = date
        .parse()
        .map_err(|_| PhraseError::impossible(format!("`{date}` is on no calendar"), help))?;
    let at = at.map(|time| ClockTime::parse(time).map_err(|error| error.inside(text, time)));
    let zone = zone.map(|name| self::zone(name).map_err(|error| error.inside(text, name)));
    let zone = zone.transpose()?;
    Ok(FixedDate {
        date,
        at: at.transpose()?.map(|at| (at, zone)),
    })
}

/// Reads the name of a zone.
pub(crate) fn zone(name: &str) -> Result<Zone, PhraseError> {
    Zone::parse(name).ok_or_else(|| {
        let near = Zone::nearest(name);
        let help = match &near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "a zone has a name such as `Europe/Berlin`".to_owned(),
        };
        let message = format!("there is no time zone `{name}`");
        PhraseError::new(PhraseFault::UnknownZone, message, help).meant(near)
    })
}

/// Reads the name of a date: `contact.birthday`, with plain words between the dots.
pub(super) fn date_path(text: &str) -> Result<Path, PhraseError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let path = text
        .trim()
        .parse()
        .ok()
        .filter(|path: &Path| match path.root() {
            Root::Contact | Root::Trigger | Root::Data | Root::Vars => text.chars().all(is_plain),
            Root::Score | Root::Event => false,
        });
    path.ok_or_else(|| {
        let help = "for example `contact.birthday`, `trigger.starts_at`, `data.coupon.expires_at` or `vars.webinar_at`";
        PhraseError::unreadable(text, "the name of a date", help)
    })
}

impl DatePhrase {
    /// Reads `[<duration> before|after] contact.|trigger.|data.|vars.x [at HH:MM]`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        fn read(text: &str) -> Result<DatePhrase, PhraseError> {
            let words: Vec<&str> = text.split_whitespace().collect();
            read_date(text, "", &words)
        }
        read(text.trim()).map_err(|error| error.only(|rewrite| read(rewrite).is_ok()))
    }

    /// How far from the date, and on which side of it. An exact duration has no [`at`](Self::at).
    pub const fn offset(&self) -> Option<(Span, Side)> {
        self.offset
    }

    /// The date.
    pub const fn path(&self) -> &Path {
        &self.path
    }

    /// The time of the resulting day; without one the date's own.
    pub const fn at(&self) -> Option<ClockTime> {
        self.at
    }
}

/// `start` stands before the phrase in rewrites.
fn read_date(text: &str, start: &str, words: &[&str]) -> Result<DatePhrase, PhraseError> {
    let (words, at) = split_at(text, words)?;
    let side_at = words
        .iter()
        .position(|word| matches!(*word, "before" | "after"));
    let (offset, path) = match side_at.and_then(|place| words.split_at_checked(place)) {
        Some((span, [side, path @ ..])) => {
            let side = if *side == "before" {
                Side::Before
            } else {
                Side::After
            };
            (Some((span.join(" "), side)), path)
        }
        _ => (None, words),
    };
    let [path] = path else {
        let help = "for example `3 days before contact.birthday at 09:00`";
        return Err(PhraseError::unreadable(
            text,
            "a moment around a date",
            help,
        ));
    };
    let path = date_path(path)?;
    let end = at.map_or_else(String::new, |at| format!(" at {at}"));
    let offset = match offset {
        None => None,
        Some((span, side)) => {
            let whole = |span: &str| format!("{start}{span} {side} {path}{end}");
            let read = Span::parse(&span).map_err(|error| error.inside(&whole(&span), &span))?;
            if let (Span::Exact(exact), Some(_)) = (read, at) {
                return Err(exact_and_clock(text, exact, whole));
            }
            Some((read, side))
        }
    };
    Ok(DatePhrase { offset, path, at })
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

impl fmt::Display for DatePhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((span, side)) = &self.offset {
            write!(f, "{span} {side} ")?;
        }
        self.path.fmt(f)?;
        self.at.map_or(Ok(()), |at| write!(f, " at {at}"))
    }
}

impl fmt::Display for FixedDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date.fmt(f)?;
        match &self.at {
            None => Ok(()),
            Some((at, None)) => write!(f, " {at}"),
            Some((at, Some(zone))) => write!(f, " {at} {zone}"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => exact.fmt(f),
            Self::Calendar { days, at: None } => days.fmt(f),
            Self::Calendar { days, at: Some(at) } => write!(f, "{days} at {at}"),
            Self::Clock { days, at } if *days == Days::ALL => write!(f, "until {at}"),
            Self::Clock { days, at } => write!(f, "until {days} {at}"),
            Self::Fixed(date) => write!(f, "until {date}"),
            Self::Date(phrase) => write!(f, "until {phrase}"),
        }
    }
}
