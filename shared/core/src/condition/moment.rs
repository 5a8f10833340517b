//! Moments: a day or an instant, and what `before`, `after`, `on` and `between` make of them.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::{Deserialize, Serialize};

use crate::path::{NotReadable, Path, stored_as_text};
use crate::time::Timestamp;
use crate::zone::Zone;

/// A day (`2027-12-24`), a clock time (`2027-12-24 10:00`, in the contact's zone unless one follows) or an instant
/// (RFC 3339), as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Day(civil::Date),
    Local(civil::DateTime, Option<Zone>),
    Instant(Timestamp),
}

stored_as_text!(Moment);

/// A moment, or the path of one: time phrases may name a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// As written.
    Fixed(Moment),
    /// The value of a path.
    At(Path),
}

impl Moment {
    /// Its first instant.
    pub fn from(&self, zone: &Zone) -> Timestamp {
        match &self.kind {
            Kind::Day(day) => first_of(*day, zone),
            Kind::Local(local, own) => own.as_ref().unwrap_or(zone).instant(*local),
            Kind::Instant(at) => *at,
        }
    }

    /// When it has passed: an instant as it comes, a day as the next one begins.
    pub fn past(&self, zone: &Zone) -> Timestamp {
        match &self.kind {
            Kind::Day(_) => self.day(zone).1,
            Kind::Local(..) | Kind::Instant(_) => self.from(zone),
        }
    }

    /// The first instant behind it: what `on` and `between` do not include any more.
    pub fn end(&self, zone: &Zone) -> Timestamp {
        match &self.kind {
            Kind::Day(_) => self.past(zone),
            Kind::Local(..) | Kind::Instant(_) => {
                Timestamp::from_millis(self.from(zone).as_millis().saturating_add(1))
            }
        }
    }

    /// The day in which it lies: its first instant and that of the next day.
    pub fn day(&self, zone: &Zone) -> (Timestamp, Timestamp) {
        let from = self.from(zone);
        let day = match &self.kind {
            Kind::Day(day) => *day,
            Kind::Local(..) | Kind::Instant(_) => zone.local(from).date(),
        };
        let end = day
            .tomorrow()
            .map_or(Timestamp::from_millis(i64::MAX), |next| {
                first_of(next, zone)
            });
        (first_of(day, zone), end)
    }

    /// Whether it is the same instant in every zone.
    pub const fn is_absolute(&self) -> bool {
        match self.kind {
            Kind::Day(_) | Kind::Local(_, None) => false,
            Kind::Local(_, Some(_)) | Kind::Instant(_) => true,
        }
    }

    /// Whether it is a whole day.
    pub const fn is_day(&self) -> bool {
        matches!(self.kind, Kind::Day(_))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(moment) => moment.fmt(f),
            Self::At(path) => path.fmt(f),
        }
    }
}

impl FromStr for Moment {
    type Err = NotReadable;

    fn from_str(text: &str) -> Result<Self, NotReadable> {
        let text = text.trim();
        let help =
            "for example `2027-12-24`, `2027-12-24 10:00` or `2027-12-24 10:00 Europe/Berlin`";
        let kind = kind(text).ok_or_else(|| NotReadable::new(text, "a date or time", help))?;
        Ok(Self {
            text: text.to_owned(),
            kind,
        })
    }
}

fn kind(text: &str) -> Option<Kind> {
    if text.len() > 80 || text.get(4..5) != Some("-") || !text.is_ascii() {
        return None;
    }
    if text.len() == 10 {
        return text.parse().ok().map(Kind::Day);
    }
    if let Some(at) = Timestamp::parse(text) {
        return Some(Kind::Instant(at));
    }
    let (local, zone) = match text.match_indices(' ').nth(1) {
        Some((end, _)) => (text.get(..end)?, Some(text.get(end..)?.trim())),
        None => match text.split_once(' ') {
            Some((local, zone)) if local.contains('T') => (local, Some(zone.trim())),
            _ => (text, None),
        },
    };
    let zone = match zone {
        Some(name) => Some(Zone::parse(name)?),
        None => None,
    };
    // Bare digits and separators: jiff also takes annotations and offsets here, which would be dropped in silence.
    let is_local = |c: char| c.is_ascii_digit() || "-T: .".contains(c);
    let local = local.chars().all(is_local).then_some(local)?;
    Some(Kind::Local(local.replacen(' ', "T", 1).parse().ok()?, zone))
}

/// The first instant of `day`; in a gap at midnight the first one after it.
fn first_of(day: civil::Date, zone: &Zone) -> Timestamp {
    zone.instant(day.to_datetime(civil::Time::midnight()))
}
