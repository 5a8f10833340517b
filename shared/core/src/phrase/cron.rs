//! `cron 0 10 * * MON`: the five fields of Unix, for whoever thinks in them.

use std::fmt;

use jiff::civil::{Date, Time};

use super::clock::Days;
use super::error::PhraseError;

/// Minutes of hours of days. Days of the month or days of the week, not both: Unix fires on either, others on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: Days,
}

/// A field: its name, its least and its greatest number.
type Field = (&'static str, u8, u8);

const MINUTE: Field = ("minutes", 0, 59);
const HOUR: Field = ("hours", 0, 23);
const DAY: Field = ("days of the month", 1, 31);
const MONTH: Field = ("months", 1, 12);
/// Sunday is 0 and 7.
const WEEKDAY: Field = ("days of the week", 0, 7);

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const EXAMPLE: &str =
    "minute, hour, day, month, weekday: `cron 0 10 * * MON`, `cron */15 9-17 1,15 * *`";

impl Cron {
    /// Reads the five fields: `*`, numbers, names of months and days, lists, ranges, and steps `*/15` and `9-17/2`.
    pub(super) fn parse(text: &str) -> Result<Self, PhraseError> {
        let unreadable = |part: &str| PhraseError::unreadable(part, "a cron schedule", EXAMPLE);
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = words.as_slice() else {
            return Err(unreadable(text));
        };
        let read = |part: &str, of: Field| field(part, of).ok_or_else(|| unreadable(part));
        let weekdays = read(weekday, WEEKDAY)?;
        let cron = Self {
            minutes: read(minute, MINUTE)?,
            hours: read(hour, HOUR)?,
            days: read(day, DAY)?,
            months: read(month, MONTH)?,
            weekdays: days_of(weekdays).ok_or_else(|| unreadable(weekday))?,
        };
        if cron.days != whole(DAY) && cron.weekdays != Days::ALL {
            let message = "days of the month and days of the week at once mean two things";
            let help = "leave one of the two `*`; for both, write two triggers";
            return Err(PhraseError::impossible(message, help));
        }
        if cron.days().all(|day| day > cron.longest_month()) {
            let message = format!("`{text}` never comes: its months have no such day");
            return Err(PhraseError::impossible(message, EXAMPLE));
        }
        Ok(cron)
    }

    /// The minutes of each hour, ascending.
    pub fn minutes(self) -> impl Iterator<Item = u8> {
        set(self.minutes, MINUTE)
    }

    /// The hours of each day, ascending.
    pub fn hours(self) -> impl Iterator<Item = u8> {
        set(self.hours, HOUR)
    }

    /// The days of each month, ascending.
    pub fn days(self) -> impl Iterator<Item = u8> {
        set(self.days, DAY)
    }

    /// The months of each year, ascending.
    pub fn months(self) -> impl Iterator<Item = u8> {
        set(self.months, MONTH)
    }

    /// The days of each week.
    pub const fn weekdays(self) -> Days {
        self.weekdays
    }

    /// Whether it comes on `date`.
    pub(crate) fn is_on(self, date: Date) -> bool {
        let has =
            |bits: u64, number: i8| u8::try_from(number).is_ok_and(|bit| bits >> bit & 1 == 1);
        has(self.months, date.month())
            && has(self.days, date.day())
            && self.weekdays.has(date.weekday())
    }

    /// The times at which it comes on its days, ascending.
    pub(crate) fn times(self) -> impl Iterator<Item = Time> {
        self.hours().flat_map(move |hour| {
            let at = move |minute: u8| {
                let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
                Time::new(hour, minute, 0, 0).ok()
            };
            self.minutes().filter_map(at)
        })
    }

    fn longest_month(self) -> u8 {
        let longest = self.months().map(|month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        });
        longest.max().unwrap_or(0)
    }
}

fn whole((_, least, most): Field) -> u64 {
    (least..=most).fold(0, |bits, number| bits | 1 << number)
}

fn set(bits: u64, (_, least, most): Field) -> impl Iterator<Item = u8> {
    (least..=most).filter(move |number| bits >> number & 1 == 1)
}

/// The numbers of a field as bits.
fn field(text: &str, of: Field) -> Option<u64> {
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u8>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (of.1, of.2),
            Some((first, last)) => (number(first, of)?, number(last, of)?),
            // `5/15` is from 5 on.
            None if step > 1 => (number(range, of)?, of.2),
            None => (number(range, of)?, number(range, of)?),
        };
        if first > last {
            return None;
        }
        for number in (first..=last).step_by(usize::from(step)) {
            bits |= 1 << number;
        }
    }
    Some(bits)
}

fn number(text: &str, of: Field) -> Option<u8> {
    let (_, least, most) = of;
    let place = |names: &[&str], first: u8| {
        let place = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))?;
        u8::try_from(place).ok().map(|place| place + first)
    };
    let named = if of == MONTH {
        place(&MONTHS, 1)
    } else if of == WEEKDAY {
        place(&WEEKDAYS, 0)
    } else {
        None
    };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = named.or_else(|| text.parse().ok().filter(|_| is_number))?;
    (least..=most).contains(&number).then_some(number)
}

/// Bits from Sunday, which is 0 and 7, as days.
fn days_of(bits: u64) -> Option<Days> {
    let is_in = |day: usize| bits >> day & 1 == 1 || (day == 0 && bits >> 7 & 1 == 1);
    let names = WEEKDAYS.iter().enumerate();
    let names = names.filter_map(|(day, name)| is_in(day).then_some(*name));
    Days::read(&names.collect::<Vec<_>>().join(","))
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cron")?;
        for (bits, of) in [
            (self.minutes, MINUTE),
            (self.hours, HOUR),
            (self.days, DAY),
            (self.months, MONTH),
        ] {
            f.write_str(" ")?;
            if bits == whole(of) {
                f.write_str("*")?;
                continue;
            }
            let numbers: Vec<u8> = set(bits, of).collect();
            let runs = numbers.chunk_by(|one, next| one + 1 == *next);
            for (place, run) in runs.enumerate() {
                if place > 0 {
                    f.write_str(",")?;
                }
                match run {
                    [first, _, .., last] => write!(f, "{first}-{last}")?,
                    [first, second] => write!(f, "{first},{second}")?,
                    run => run.iter().try_for_each(|number| write!(f, "{number}"))?,
                }
            }
        }
        match self.weekdays {
            Days::ALL => f.write_str(" *"),
            // A week that begins on Sunday has no range over its end.
            days => {
                let names = WEEKDAYS
                    .iter()
                    .filter(|name| Days::read(name).is_some_and(|day| days.and(day) == day));
                write!(f, " {}", names.copied().collect::<Vec<_>>().join(","))
            }
        }
    }
}
