//! Times of day, days of the week, and hours between two times of day.

use std::fmt;

use jiff::civil::{Time, Weekday};

use super::error::PhraseError;

/// A time of day as a clock on the wall shows it, `00:00` to `23:59`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(Time);

impl ClockTime {
    /// 00:00.
    pub const MIDNIGHT: Self = Self(Time::midnight());

    /// Reads `09:30`: always four digits.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = text.trim();
        let help = "write it like `09:30`; a day has 00:00 to 23:59";
        let unreadable = || PhraseError::unreadable(text, "a time of day", help);
        let numbers: Option<Vec<i8>> = text.split(':').map(number).collect();
        let numbers = numbers.ok_or_else(unreadable)?;
        let (hour, minute) = match numbers.as_slice() {
            [hour, minute] | [hour, minute, _] => (*hour, *minute),
            _ => return Err(unreadable()),
        };
        let impossible = || PhraseError::impossible(format!("`{text}` is no time of a day"), help);
        let time = match (hour, minute) {
            // How others write the end of a day.
            (24, 0) => return Err(impossible().meant(["00:00".to_owned()])),
            _ => Self(Time::new(hour, minute, 0, 0).map_err(|_| impossible())?),
        };
        if time.to_string() == text {
            Ok(time)
        } else {
            Err(unreadable().meant([time.to_string()]))
        }
    }

    /// The time.
    pub const fn time(self) -> Time {
        self.0
    }
}

/// One or two digits.
fn number(text: &str) -> Option<i8> {
    let is_number = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

/// Days of the week, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Days(u8);

const NAMES: [(&str, &str, Weekday); 7] = [
    ("mon", "monday", Weekday::Monday),
    ("tue", "tuesday", Weekday::Tuesday),
    ("wed", "wednesday", Weekday::Wednesday),
    ("thu", "thursday", Weekday::Thursday),
    ("fri", "friday", Weekday::Friday),
    ("sat", "saturday", Weekday::Saturday),
    ("sun", "sunday", Weekday::Sunday),
];

impl Days {
    /// Monday to Sunday.
    pub const ALL: Self = Self(0b111_1111);
    /// Monday to Friday.
    pub const WEEKDAYS: Self = Self(0b001_1111);

    /// Whether `day` is one of them.
    pub fn has(self, day: Weekday) -> bool {
        self.0 >> day.to_monday_zero_offset() & 1 == 1
    }

    /// Those that are in both.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Reads `mon`, `mon,thu`, `mon-fri`, `fri-mon`, `mon-wed,saturday`; none if a name is unknown.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut days = 0;
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (weekday(first)?, weekday(last)?);
            days |= bit(day);
            while day != last {
                day = day.next();
                days |= bit(day);
            }
        }
        Some(Self(days))
    }

    /// The full name of the only day.
    pub(super) fn single(self) -> Option<&'static str> {
        let mut names = NAMES.iter().filter(|(.., day)| self.has(*day));
        let (_, name, _) = names.next()?;
        names.next().is_none().then_some(name)
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

fn weekday(name: &str) -> Option<Weekday> {
    let name = name.trim();
    let is_named = |(short, long, _): &&(&str, &str, Weekday)| {
        name.eq_ignore_ascii_case(short) || name.eq_ignore_ascii_case(long)
    };
    NAMES.iter().find(is_named).map(|(.., day)| *day)
}

impl fmt::Display for Days {
    /// Three or more in a row are a range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = NAMES.chunk_by(|(.., one), (.., next)| self.has(*one) == self.has(*next));
        let runs = runs.filter(|run| run.iter().any(|(.., day)| self.has(*day)));
        for (place, run) in runs.enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            match run {
                [(first, ..), _, .., (last, ..)] => write!(f, "{first}-{last}")?,
                [(first, ..), (second, ..)] => write!(f, "{first},{second}")?,
                _ => run.iter().try_for_each(|(name, ..)| f.write_str(name))?,
            }
        }
        Ok(())
    }
}

/// Hours from one time of day to another; over midnight if the second is earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hours {
    from: ClockTime,
    to: ClockTime,
}

impl Hours {
    /// Reads `09:00-17:00`. The two times differ.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = text.trim();
        Self::read(text).map_err(|error| error.only(|rewrite| Self::read(rewrite).is_ok()))
    }

    fn read(text: &str) -> Result<Self, PhraseError> {
        let Some((from, to)) = text.split_once('-') else {
            let help = "write two times, for example `09:00-17:00`";
            return Err(PhraseError::unreadable(text, "hours", help));
        };
        let time = |part: &str| ClockTime::parse(part).map_err(|error| error.inside(text, part));
        let hours = Self {
            from: time(from.trim())?,
            to: time(to.trim())?,
        };
        if hours.from == hours.to {
            let message = format!("`{text}` is no time at all");
            let help = "the two times must differ; for the whole day, leave the hours out";
            return Err(PhraseError::impossible(message, help));
        }
        Ok(hours)
    }

    /// When they begin.
    pub const fn from(self) -> ClockTime {
        self.from
    }

    /// When they are over: the first time that is not among them.
    pub const fn to(self) -> ClockTime {
        self.to
    }

    /// Whether they go over midnight.
    pub fn is_over_midnight(self) -> bool {
        self.to < self.from
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}
