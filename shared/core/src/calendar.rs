//! What time phrases mean: instants in a zone.
//!
//! Pure and total: any phrase, any instant, any zone give an answer. One rule for all clock times: where clocks jump over a
//! time, it is the first instant after the jump; where they show it twice, the first of the two (journeys.md §8). Windows
//! and quiet hours are read off the wall instead: both passes of a repeated hour are inside or outside alike.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::path::Path;
use crate::phrase::{
    Calendar, ClockTime, Cron, DatePhrase, FixedDate, Hours, MonthDay, QuietHours, Schedule, Side,
    Span, Unit, Wait, Window,
};
use crate::time::Timestamp;
use crate::zone::Zone;

/// Days on which nobody works, beside Saturdays and Sundays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClosedDays(BTreeSet<Date>);

impl ClosedDays {
    /// No closed days: only weekends are free.
    pub const NONE: Self = Self(BTreeSet::new());

    /// The days, in order.
    pub fn dates(&self) -> impl Iterator<Item = Date> + '_ {
        self.0.iter().copied()
    }

    /// Whether people work on `date`: neither weekend nor closed.
    pub fn is_business_day(&self, date: Date) -> bool {
        let is_weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        !is_weekend && !self.0.contains(&date)
    }
}

impl FromIterator<Date> for ClosedDays {
    fn from_iter<I: IntoIterator<Item = Date>>(dates: I) -> Self {
        Self(dates.into_iter().collect())
    }
}

/// How far apart two clocks on earth are at most: UTC−12 and UTC+14.
pub(crate) const CLOCKS_DIFFER_BY: Duration = Duration::from_hours(26);

/// Where a phrase is read: whose clock, whose working days.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The zone.
    pub zone: &'a Zone,
    /// Days that are no business days.
    pub closed: &'a ClosedDays,
}

/// A date found in data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateValue {
    /// A moment, the same for everybody.
    Instant(Timestamp),
    /// A day, with or without a time, where the contact lives.
    Local(DateTime),
}

impl DateValue {
    /// Reads `2027-03-18T15:00:00Z`, `2027-03-18`, `2027-03-18 16:00`, `2027-03-18T16:00:00` or
    /// `2027-03-18 16:00 Europe/Berlin`; none for all else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(at) = Timestamp::parse(text) {
            return Some(Self::Instant(at));
        }
        if let Ok(date) = FixedDate::parse(text) {
            let time = date
                .at
                .as_ref()
                .map_or(Time::midnight(), |(at, _)| at.time());
            let local = date.date.to_datetime(time);
            let zone = date.at.and_then(|(_, zone)| zone);
            return Some(zone.map_or(Self::Local(local), |zone| {
                Self::Instant(zone.instant(local))
            }));
        }
        // jiff would pass over a zone in brackets.
        let is_local = text.len() > 10 && !text.contains('[');
        is_local
            .then(|| text.parse().ok().map(Self::Local))
            .flatten()
    }

    /// Reads a value of JSON: a text; none for all else. A number could be seconds or milliseconds.
    pub fn read(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::parse)
    }

    fn local(self, zone: &Zone) -> DateTime {
        match self {
            Self::Instant(at) => zone.local(at),
            Self::Local(local) => local,
        }
    }

    fn instant(self, zone: &Zone) -> Timestamp {
        match self {
            Self::Instant(at) => at,
            Self::Local(local) => zone.instant(local),
        }
    }
}

/// What a wait comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// It ends then.
    At(Timestamp),
    /// The date has passed: the step's `if_past` decides.
    Past(Timestamp),
    /// The data has no such date. It cannot be waited for either.
    NoValue,
}

/// The instant at which `wait` ends that began at `base`, seen at `now`.
///
/// A wait that counts from its beginning is never over before `base` and ends at the first instant that its phrase allows;
/// that may be before `now`, if the step began long ago. A date that stands in the file or in data is [`Resolved::Past`]
/// if it is before `now`. `lookup` is asked for the date in data, once at most.
pub fn resolve(
    wait: &Wait,
    base: Timestamp,
    now: Timestamp,
    place: Place<'_>,
    lookup: impl FnOnce(&Path) -> Option<DateValue>,
) -> Resolved {
    let zone = place.zone;
    let date = match wait {
        Wait::Exact(exact) => return Resolved::At(base.plus(exact.duration())),
        Wait::Calendar { days, at } => {
            let local = zone.local(base);
            let time = at.map_or(local.time(), ClockTime::time);
            let date = shift(local.date(), *days, Side::After, place.closed);
            // A day can be repeated or jumped over where the date line moved.
            return Resolved::At(zone.instant(date.to_datetime(time)).max(base));
        }
        Wait::Clock { days, at } => {
            // Seven days, and two for a day that the zone skipped.
            let mut found = times(zone, base, at.time(), 9, |date| days.has(date.weekday()));
            let found = found.find(|at| *at >= base);
            return Resolved::At(found.unwrap_or(Timestamp::from_millis(i64::MAX)));
        }
        Wait::Fixed(date) => Some(fixed(date, zone)),
        Wait::Date(phrase) => lookup(phrase.path()).map(|value| moment(phrase, &value, place)),
    };
    match date {
        None => Resolved::NoValue,
        Some(at) if at < now => Resolved::Past(at),
        Some(at) => Resolved::At(at),
    }
}

/// The instant that is `span` after `base`: elapsed time, or the same clock time days later.
pub fn after(span: Span, base: Timestamp, place: Place<'_>) -> Timestamp {
    offset(DateValue::Instant(base), (span, Side::After), place)
        .instant(place.zone)
        .max(base)
}

/// A period of the calendar on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A day.
    Day,
    /// A week, from Monday on.
    Week,
    /// A month.
    Month,
}

/// The first instant of the period after the one in which `at` lies.
pub fn next_period(at: Timestamp, zone: &Zone, period: Period) -> Timestamp {
    let today = zone.local(at).date();
    let next = match period {
        Period::Day => today.saturating_add(1.days()),
        Period::Week => {
            let done = i32::from(today.weekday().to_monday_zero_offset());
            today.saturating_add((7 - done).days())
        }
        Period::Month => today.first_of_month().saturating_add(1.months()),
    };
    zone.instant(next.to_datetime(Time::midnight())).max(at)
}

/// The instant that is `span` before `base`: elapsed time, or the same clock time days earlier.
pub fn before(span: Span, base: Timestamp, place: Place<'_>) -> Timestamp {
    offset(DateValue::Instant(base), (span, Side::Before), place)
        .instant(place.zone)
        .min(base)
}

/// The instant that a date phrase names, once: `3 days before contact.birthday at 09:00` with the contact's date.
pub fn moment(phrase: &DatePhrase, value: &DateValue, place: Place<'_>) -> Timestamp {
    let value = match phrase.offset() {
        Some(distance) => offset(*value, distance, place),
        None => *value,
    };
    match phrase.at() {
        Some(at) => {
            let date = value.local(place.zone).date();
            place.zone.instant(date.to_datetime(at.time()))
        }
        None => value.instant(place.zone),
    }
}

/// The next instant after `after` that a date phrase names when its date comes back every year, from the date's own year
/// on. 29 February counts as 28 February in common years, so each year has one.
///
/// None only beyond the year 9999.
pub fn next_yearly(
    phrase: &DatePhrase,
    value: &DateValue,
    after: Timestamp,
    place: Place<'_>,
) -> Option<Timestamp> {
    /// The longest duration is ten years; closed days and the edges of a year fit into two more.
    const YEARS_AROUND: i16 = 12;
    let local = value.local(place.zone);
    let year = place.zone.local(after).year();
    let first = local.year().max(year.saturating_sub(YEARS_AROUND));
    let last = local
        .year()
        .saturating_sub(1)
        .max(year)
        .saturating_add(YEARS_AROUND);
    (first..=last).find_map(|year| {
        let date = in_year(local.date(), year)?;
        let value = DateValue::Local(date.to_datetime(local.time()));
        Some(moment(phrase, &value, place)).filter(|at| *at > after)
    })
}

/// `date`'s day and month in `year`.
fn in_year(date: Date, year: i16) -> Option<Date> {
    let day = Date::new(year, date.month(), date.day());
    day.or_else(|_| Date::new(year, date.month(), 28)).ok()
}

fn fixed(date: &FixedDate, zone: &Zone) -> Timestamp {
    match &date.at {
        None => zone.instant(date.date.to_datetime(Time::midnight())),
        Some((at, own)) => {
            let zone = own.as_ref().unwrap_or(zone);
            zone.instant(date.date.to_datetime(at.time()))
        }
    }
}

fn offset(value: DateValue, (span, side): (Span, Side), place: Place<'_>) -> DateValue {
    match span {
        Span::Exact(exact) => {
            let at = value.instant(place.zone);
            DateValue::Instant(match side {
                Side::Before => at.minus(exact.duration()),
                Side::After => at.plus(exact.duration()),
            })
        }
        Span::Calendar(days) => {
            let local = value.local(place.zone);
            let date = shift(local.date(), days, side, place.closed);
            DateValue::Local(date.to_datetime(local.time()))
        }
    }
}

/// `date` and `days` to one side of it; ends at the years −9999 and 9999.
fn shift(date: Date, days: Calendar, side: Side, closed: &ClosedDays) -> Date {
    let count = match side {
        Side::Before => -i32::from(days.count()),
        Side::After => i32::from(days.count()),
    };
    match days.unit() {
        Unit::Day => date.saturating_add(count.days()),
        Unit::Week => date.saturating_add(count.weeks()),
        Unit::Month => date.saturating_add(count.months()),
        Unit::Year => date.saturating_add(count.years()),
        Unit::BusinessDay => {
            let next = |date: &Date| match side {
                Side::Before => date.yesterday().ok(),
                Side::After => date.tomorrow().ok(),
            };
            let days = std::iter::successors(next(&date), next);
            let mut open = days.filter(|date| closed.is_business_day(*date));
            let place = usize::try_from(count.unsigned_abs())
                .unwrap_or(1)
                .saturating_sub(1);
            let end = if count < 0 { Date::MIN } else { Date::MAX };
            open.nth(place).unwrap_or(end)
        }
    }
}

/// The instants at which `time` comes on the days that are `wanted`, from the day before `from` on, `days` days long. Days
/// that the zone skipped are none.
fn times<'a>(
    zone: &'a Zone,
    from: Timestamp,
    time: Time,
    days: usize,
    wanted: impl Fn(Date) -> bool + 'a,
) -> impl Iterator<Item = Timestamp> + 'a {
    let today = zone.local(from).date();
    // A time of yesterday that was jumped over comes today.
    let start = today.yesterday().unwrap_or(today);
    std::iter::successors(Some(start), |date| date.tomorrow().ok())
        .take(days + 1)
        .filter(move |date| wanted(*date) && zone.has_day(*date))
        .map(move |date| zone.instant(date.to_datetime(time)))
}

impl Schedule {
    /// The first of its moments after `after`. None only beyond the year 9999, or when a single one has passed.
    pub fn next_after(&self, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let today = zone.local(after).date();
        // A time of yesterday that was jumped over comes today.
        let first = today.yesterday().unwrap_or(today);
        let days = std::iter::successors(Some(first), |date| date.tomorrow().ok());
        self.moments(days, zone).find(|at| *at > after)
    }

    /// The last of its moments at or before `until`; none if there was none in the years before.
    pub fn last_until(&self, until: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let today = zone.local(until).date();
        let last = today.tomorrow().unwrap_or(today);
        let days = std::iter::successors(Some(last), |date| date.yesterday().ok());
        // Days go back, the times of each day forward.
        self.days(days, zone)
            .find_map(|date| self.of_day(date, zone).filter(|at| *at <= until).last())
    }

    /// Its moments on `days`, which are in order.
    fn moments<'a>(
        &'a self,
        days: impl Iterator<Item = Date> + 'a,
        zone: &'a Zone,
    ) -> impl Iterator<Item = Timestamp> + 'a {
        self.days(days, zone)
            .flat_map(move |date| self.of_day(date, zone))
    }

    /// Of `days`, as many as are looked at, those on which it comes. Days that the zone skipped are none.
    fn days<'a>(
        &'a self,
        days: impl Iterator<Item = Date> + 'a,
        zone: &'a Zone,
    ) -> impl Iterator<Item = Date> + 'a {
        /// Two months have one of each; a skipped day costs one more.
        const MONTHS: usize = 95;
        /// From one 29 February to the next is eight years at most, where a century is in between.
        const LEAP_YEARS: usize = 8 * 366 + 2;
        let (once, count) = match self {
            Self::Weekly { .. } | Self::Monthly { .. } => (None, MONTHS),
            Self::Cron(_) => (None, LEAP_YEARS),
            Self::Once(at) => (Some(at.date()), 0),
        };
        let is_on = move |date: &Date| match self {
            Self::Weekly { days, .. } => days.has(date.weekday()),
            Self::Monthly {
                day: MonthDay::First,
                ..
            } => date.day() == 1,
            Self::Monthly {
                day: MonthDay::Last,
                ..
            } => *date == date.last_of_month(),
            Self::Cron(cron) => cron.is_on(*date),
            Self::Once(_) => true,
        };
        days.take(count)
            .chain(once)
            .filter(is_on)
            .filter(|date| zone.has_day(*date))
    }

    /// Its moments of one of its days, in order.
    fn of_day<'a>(&self, date: Date, zone: &'a Zone) -> impl Iterator<Item = Timestamp> + 'a {
        let (one, cron) = match *self {
            Self::Weekly { at, .. } | Self::Monthly { at, .. } => (Some(at.time()), None),
            Self::Cron(cron) => (None, Some(cron)),
            Self::Once(at) => (Some(at.time()), None),
        };
        let times = cron.into_iter().flat_map(Cron::times);
        one.into_iter()
            .chain(times)
            .map(move |time| zone.instant(date.to_datetime(time)))
    }
}

impl Hours {
    /// Whether a clock that shows `local` is within these hours of a day that `is_day` accepts. Hours over midnight belong to
    /// the day on which they begin.
    fn hold(self, local: DateTime, is_day: impl Fn(Weekday) -> bool) -> bool {
        let (time, today) = (local.time(), local.weekday());
        let is_begun = time >= self.from().time();
        let is_over = time >= self.to().time();
        if self.is_over_midnight() {
            (is_begun && is_day(today)) || (!is_over && is_day(today.previous()))
        } else {
            is_begun && !is_over && is_day(today)
        }
    }
}

impl Window {
    /// Whether it is open at `at`.
    pub fn contains(&self, at: Timestamp, zone: &Zone) -> bool {
        self.hours()
            .hold(zone.local(at), |day| self.days().has(day))
    }

    /// The first instant at or after `from` at which it is open. None only beyond the year 9999.
    pub fn next_open(&self, from: Timestamp, zone: &Zone) -> Option<Timestamp> {
        next_when(from, zone, self.hours().from().time(), |at| {
            self.contains(at, zone)
        })
    }
}

impl QuietHours {
    /// Whether `at` is within them.
    pub fn is_quiet(&self, at: Timestamp, zone: &Zone) -> bool {
        self.hours().hold(zone.local(at), |_| true)
    }

    /// The first instant at or after `from` that is not quiet. None only beyond the year 9999.
    pub fn next_loud(&self, from: Timestamp, zone: &Zone) -> Option<Timestamp> {
        next_when(from, zone, self.hours().to().time(), |at| {
            !self.is_quiet(at, zone)
        })
    }
}

/// The first instant at or after `from` at which `is_so`, which turns true only when a clock shows `edge` or is changed.
fn next_when(
    from: Timestamp,
    zone: &Zone,
    edge: Time,
    is_so: impl Fn(Timestamp) -> bool,
) -> Option<Timestamp> {
    /// One a day and one a change of clocks: a window on one day of the week whose hour clocks jump over opens two weeks
    /// later.
    const STEPS: usize = 64;
    let next = |at: &Timestamp| {
        let edges = [zone.next_shown(*at, edge), zone.next_change(*at)];
        edges.into_iter().flatten().min()
    };
    std::iter::successors(Some(from), next)
        .take(STEPS)
        .find(|at| is_so(*at))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
