//! Time zones: what clocks on the wall show.
//!
//! The database is inside the binary, so that one release gives one answer on every machine. Never asks a clock or the
//! system for its zone.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

pub(crate) mod home;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone of the IANA database, such as `Europe/Berlin`. Cheap to clone.
///
/// Stored and shown as its name.
///
/// ```
/// use wend_core::zone::Zone;
/// assert_eq!(Zone::parse("europe/berlin").map(|zone| zone.to_string()), Some("Europe/Berlin".into()));
/// assert_eq!(Zone::parse("Europe/Atlantis"), None);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone called `name`, whatever its case; none if the database has no such zone.
    pub fn parse(name: &str) -> Option<Self> {
        let zone = DATABASE.get(name.trim()).ok()?;
        (!zone.is_unknown() && zone.iana_name().is_some()).then_some(Self(zone))
    }

    /// UTC: the zone of whoever has none.
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Its name in the database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The known name that `name` was probably meant to be: the zone of that city, or one that is spelt nearly so.
    pub fn nearest(name: &str) -> Option<String> {
        let known: Vec<String> = DATABASE
            .available()
            .map(|known| known.as_str().to_owned())
            .collect();
        let city = name.trim().replace(' ', "_");
        let is_city = |known: &&String| {
            known
                .rsplit('/')
                .next()
                .is_some_and(|last| last.eq_ignore_ascii_case(&city))
        };
        known.iter().find(is_city).cloned().or_else(|| {
            crate::release::nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
        })
    }

    /// What a calendar and a clock on the wall show at `at`. Saturates at the years −9999 and 9999.
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(instant(at))
    }

    /// The instant at which the wall shows `local`.
    ///
    /// Where clocks jump over it, the first instant after the jump; where they show it twice, the first of the two
    /// (journeys.md §8, "Clock gap and fold at DST"). Hence a later `local` never gives an earlier instant.
    pub fn instant(&self, local: DateTime) -> Timestamp {
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        let found = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier()
            }
            AmbiguousOffset::Gap { .. } => ambiguous.later().map(|later| self.jump(local, later)),
        };
        let end = if local.year() < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        Timestamp::from_millis(found.unwrap_or(end).as_millisecond())
    }

    /// The end of the gap that holds `local`; `later` is `local` as a clock that had not jumped would show it.
    fn jump(&self, local: DateTime, later: jiff::Timestamp) -> jiff::Timestamp {
        // `preceding` is strict, and a time at the very start of the gap is at the jump.
        let second = jiff::SignedDuration::from_secs(1);
        let after = later.checked_add(second).unwrap_or(later);
        self.0
            .preceding(after)
            .next()
            .map(|transition| transition.timestamp())
            .filter(|at| self.0.to_datetime(*at) >= local)
            .unwrap_or(later)
    }

    /// Whether `date` has any instant here. Apia had no 30 December 2011.
    pub fn has_day(&self, date: Date) -> bool {
        self.local(self.instant(date.to_datetime(Time::midnight())))
            .date()
            == date
    }

    /// The first instant after `after` at which the wall shows `time`: both times at a fold, never in a gap.
    pub(crate) fn next_shown(&self, after: Timestamp, time: Time) -> Option<Timestamp> {
        /// From the day before (its fold) to after a skipped day and a gap.
        const DAYS: usize = 5;
        let today = self.local(after).date();
        let first = today.yesterday().unwrap_or(today);
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(DAYS);
        days.flat_map(|day| {
            let ambiguous = self.0.to_ambiguous_timestamp(day.to_datetime(time));
            let is_shown = !matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
            let both = [ambiguous.earlier().ok(), ambiguous.later().ok()];
            both.into_iter().flatten().filter(move |_| is_shown)
        })
        .map(|at| Timestamp::from_millis(at.as_millisecond()))
        .filter(|at| *at > after)
        .min()
    }

    /// The first instant after `after` at which clocks are changed.
    pub(crate) fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let change = self.0.following(instant(after)).next()?;
        Some(Timestamp::from_millis(change.timestamp().as_millisecond()))
    }
}

/// `at` for jiff, whose years end at ±9999.
fn instant(at: Timestamp) -> jiff::Timestamp {
    let end = if at.as_millis() < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    };
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(end)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("there is no zone `{name}`")))
    }
}
