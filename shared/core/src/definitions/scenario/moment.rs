//! The times of a timeline: `Mon 18:10`, `18:10`, `2027-03-05 10:00`, `+40min`, each with a zone behind it where that differs.

use jiff::civil::{Date, Weekday};

use crate::calendar::{self, ClosedDays, Place};
use crate::phrase::{ClockTime, PhraseError, Span};
use crate::time::Timestamp;
use crate::zone::Zone;

const HELP: &str = "for example `Mon 18:10`, `18:10`, `2027-03-05 10:00`, `+40min` or `+2 days`";
const MINUTE_MILLIS: i64 = 60_000;

const WEEKDAYS: [(&str, &str, Weekday); 7] = [
    ("Mon", "Monday", Weekday::Monday),
    ("Tue", "Tuesday", Weekday::Tuesday),
    ("Wed", "Wednesday", Weekday::Wednesday),
    ("Thu", "Thursday", Weekday::Thursday),
    ("Fri", "Friday", Weekday::Friday),
    ("Sat", "Saturday", Weekday::Saturday),
    ("Sun", "Sunday", Weekday::Sunday),
];

/// A time as a line writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long after the line before.
    After(Span),
    /// A day of the calendar.
    On {
        /// The day.
        date: Date,
        /// The time.
        time: ClockTime,
        /// Whose clock; none: the start's.
        zone: Option<Zone>,
    },
    /// The next such time at or after the line before.
    Next {
        /// On this day of the week.
        weekday: Option<Weekday>,
        /// The time.
        time: ClockTime,
        /// Whose clock; none: the start's.
        zone: Option<Zone>,
    },
}

/// Why a text is no time: what is wrong, and what helps.
pub(super) type Unreadable = (&'static str, String, String);

impl Moment {
    /// Reads a time. A weekday beside a date must be the date's.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let text = text.trim();
        if let Some(span) = text.strip_prefix('+') {
            return Span::parse(span)
                .map(Self::After)
                .map_err(|e| of_phrase(&e));
        }
        let mut words = text.split_whitespace().peekable();
        let weekday = words.peek().copied().and_then(weekday);
        if weekday.is_some() {
            words.next();
        }
        let date: Option<Date> = words.peek().and_then(|word| word.parse().ok());
        if date.is_some() {
            words.next();
        }
        let unreadable = || ("E0601", format!("`{text}` is not a time"), HELP.to_owned());
        let time = words.next().ok_or_else(unreadable)?;
        let time = ClockTime::parse(time).map_err(|error| of_phrase(&error))?;
        let zone = words.next().map(crate::phrase::zone).transpose();
        let zone = zone.map_err(|error| of_phrase(&error))?;
        if words.next().is_some() {
            return Err(unreadable());
        }
        match (date, weekday) {
            (Some(date), Some(day)) if date.weekday() != day => {
                let (found, ..) = named(date.weekday());
                let message = format!("{date} is a {found}");
                Err((
                    "E0602",
                    message,
                    format!("write `{found} {date}`, or leave the day out"),
                ))
            }
            (Some(date), _) => Ok(Self::On { date, time, zone }),
            (None, weekday) => Ok(Self::Next {
                weekday,
                time,
                zone,
            }),
        }
    }

    /// The instant that is meant after a line at `before`.
    pub(super) fn resolve(&self, before: Timestamp, start_zone: &Zone) -> Timestamp {
        match self {
            Self::After(span) => {
                let place = Place {
                    zone: start_zone,
                    closed: &ClosedDays::NONE,
                };
                calendar::after(*span, before, place)
            }
            Self::On { date, time, zone } => {
                let zone = zone.as_ref().unwrap_or(start_zone);
                zone.instant(date.to_datetime(time.time()))
            }
            Self::Next {
                weekday,
                time,
                zone,
            } => {
                let zone = zone.as_ref().unwrap_or(start_zone);
                next(*weekday, *time, before, zone)
            }
        }
    }

    /// The instant that is meant by something that was told at `at`: of a time of day the last one.
    pub(super) fn resolve_last(&self, at: Timestamp, start_zone: &Zone) -> Timestamp {
        match self {
            Self::Next {
                weekday,
                time,
                zone,
            } => last(*weekday, *time, at, zone.as_ref().unwrap_or(start_zone)),
            Self::After(_) | Self::On { .. } => self.resolve(at, start_zone),
        }
    }

    /// How a line after one at `before` writes `at`, to the minute.
    pub fn write(at: Timestamp, before: Timestamp, zone: &Zone) -> String {
        let local = zone.local(at);
        let (day, ..) = named(local.weekday());
        let time = format!("{:02}:{:02}", local.hour(), local.minute());
        let short = format!("{day} {time}");
        let is_meant = |moment: Self| minute(moment.resolve(before, zone)) == minute(at);
        if Self::parse(&short).is_ok_and(is_meant) {
            short
        } else {
            format!("{} {time}", local.date())
        }
    }
}

/// The first such time that is not before `before`, whose seconds do not count.
fn next(weekday: Option<Weekday>, time: ClockTime, before: Timestamp, zone: &Zone) -> Timestamp {
    let from = minute(before);
    let today = zone.local(from).date();
    let first = today.yesterday().unwrap_or(today);
    let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
    let mut times = days
        .take(16)
        .filter(|day| weekday.is_none_or(|weekday| day.weekday() == weekday))
        .map(|day| zone.instant(day.to_datetime(time.time())));
    times.find(|at| *at >= from).unwrap_or(from).max(before)
}

/// The last such time that is not after `at`.
fn last(weekday: Option<Weekday>, time: ClockTime, at: Timestamp, zone: &Zone) -> Timestamp {
    let today = zone.local(at).date();
    let days = std::iter::successors(Some(today), |day| day.yesterday().ok());
    let mut times = days
        .take(16)
        .filter(|day| weekday.is_none_or(|weekday| day.weekday() == weekday))
        .map(|day| zone.instant(day.to_datetime(time.time())));
    times.find(|then| *then <= at).unwrap_or(at)
}

/// The minute that `at` is in.
pub(super) fn minute(at: Timestamp) -> Timestamp {
    let millis = at.as_millis();
    Timestamp::from_millis(millis - millis.rem_euclid(MINUTE_MILLIS))
}

fn weekday(name: &str) -> Option<Weekday> {
    let is_named = |(short, long, _): &&(&str, &str, Weekday)| {
        name.eq_ignore_ascii_case(short) || name.eq_ignore_ascii_case(long)
    };
    WEEKDAYS.iter().find(is_named).map(|(.., day)| *day)
}

fn named(day: Weekday) -> (&'static str, &'static str) {
    let found = WEEKDAYS.iter().find(|(.., known)| *known == day);
    found.map_or(("", ""), |(short, long, _)| (*short, *long))
}

fn of_phrase(error: &PhraseError) -> Unreadable {
    (error.code(), error.to_string(), error.help().to_owned())
}
