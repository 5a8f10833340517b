//! Recurring times: schedules, windows, quiet hours.

use std::fmt;

use jiff::civil::DateTime;

use super::clock::{ClockTime, Days, Hours};
use super::cron::Cron;
use super::error::PhraseError;
use super::wait::FixedDate;

/// Moments that come again, or one that comes once: `every monday at 10:00`, `2027-03-01 10:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// On days of the week.
    Weekly {
        /// The days.
        days: Days,
        /// The time of each.
        at: ClockTime,
    },
    /// On one day of each month.
    Monthly {
        /// The day.
        day: MonthDay,
        /// Its time.
        at: ClockTime,
    },
    /// As cron has it.
    Cron(Cron),
    /// Once, when a clock on the wall shows this.
    Once(DateTime),
}

/// A day that every month has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MonthDay {
    /// The 1st.
    First,
    /// The 28th, 29th, 30th or 31st.
    Last,
}

const SCHEDULES: &str = "for example `every day at 09:00`, `every weekday at 09:00`, `every mon,thu at 09:00`, \
    `every month on the 1st at 09:00`, `every month on the last day at 09:00`, `cron 0 9 * * MON`, or once: `2027-03-01 10:00`";

impl Schedule {
    /// Reads `every day|weekday|monday|mon,thu|month on the 1st|month on the last day at HH:MM`, `cron` with its five fields, and
    /// `2027-03-01 10:00`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = text.trim();
        read_schedule(text).map_err(|error| error.only(|rewrite| read_schedule(rewrite).is_ok()))
    }

    /// Whether it comes again and again.
    pub const fn is_recurring(self) -> bool {
        match self {
            Self::Weekly { .. } | Self::Monthly { .. } | Self::Cron(_) => true,
            Self::Once(_) => false,
        }
    }
}

fn read_schedule(text: &str) -> Result<Schedule, PhraseError> {
    let unreadable = |help: &str| PhraseError::unreadable(text, "a schedule", help);
    if let Some(fields) = text.strip_prefix("cron ") {
        return Cron::parse(fields.trim()).map(Schedule::Cron);
    }
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return read_once(text);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(("every", words)) = words.split_first().map(|(first, rest)| (*first, rest)) else {
        return Err(unreadable(SCHEDULES));
    };
    let mut parts = words.splitn(2, |word| *word == "at");
    let (days, at) = (parts.next().unwrap_or_default(), parts.next());
    let day = read_days(days).ok_or_else(|| match days {
        ["month", "on", "the", day, ..] => {
            let help = "a month has a `1st` and a `last day` here: the others are not in every month, or not read yet";
            PhraseError::unreadable(day, "a day of every month", help)
        }
        _ => unreadable(SCHEDULES),
    })?;
    let Some([time]) = at else {
        return Err(unreadable(
            "a schedule ends with its time, for example ` at 09:00`",
        ));
    };
    let at = ClockTime::parse(time).map_err(|error| error.inside(text, time))?;
    Ok(match day {
        Day::OfWeek(days) => Schedule::Weekly { days, at },
        Day::OfMonth(day) => Schedule::Monthly { day, at },
    })
}

/// `2027-03-01 10:00`. The zone is the trigger's.
fn read_once(text: &str) -> Result<Schedule, PhraseError> {
    let help = "for example `2027-03-01 10:00`; the zone stands beside it: `zone: Europe/Berlin`";
    let date = FixedDate::parse(text)?;
    match date.at {
        Some((at, None)) => Ok(Schedule::Once(date.date.to_datetime(at.time()))),
        Some((_, Some(_))) | None => Err(PhraseError::unreadable(text, "a schedule", help)),
    }
}

enum Day {
    OfWeek(Days),
    OfMonth(MonthDay),
}

fn read_days(words: &[&str]) -> Option<Day> {
    match words {
        ["day"] => Some(Day::OfWeek(Days::ALL)),
        ["weekday"] => Some(Day::OfWeek(Days::WEEKDAYS)),
        ["month", "on", "the", "1st"] => Some(Day::OfMonth(MonthDay::First)),
        ["month", "on", "the", "last", "day"] => Some(Day::OfMonth(MonthDay::Last)),
        // `mon, thu` as well as `mon,thu`.
        [] => None,
        names => Days::read(&names.concat()).map(Day::OfWeek),
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match self {
            Self::Weekly { at, .. } | Self::Monthly { at, .. } => at,
            Self::Cron(cron) => return cron.fmt(f),
            Self::Once(at) => return write!(f, "{}", at.strftime("%F %H:%M")),
        };
        match self {
            Self::Cron(_) | Self::Once(_) => {}
            Self::Weekly { days, .. } if *days == Days::ALL => f.write_str("every day")?,
            Self::Weekly { days, .. } if *days == Days::WEEKDAYS => f.write_str("every weekday")?,
            Self::Weekly { days, .. } => match days.single() {
                Some(name) => write!(f, "every {name}")?,
                None => write!(f, "every {days}")?,
            },
            Self::Monthly {
                day: MonthDay::First,
                ..
            } => f.write_str("every month on the 1st")?,
            Self::Monthly {
                day: MonthDay::Last,
                ..
            } => {
                f.write_str("every month on the last day")?;
            }
        }
        write!(f, " at {at}")
    }
}

/// When messages may leave: `mon-fri 09:00-17:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    days: Days,
    hours: Hours,
}

impl Window {
    /// Reads `[mon-fri] 09:00-17:00`. A window over midnight belongs to the day on which it opens.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let text = text.trim();
        read_window(text).map_err(|error| error.only(|rewrite| read_window(rewrite).is_ok()))
    }

    /// The days on which it opens.
    pub const fn days(self) -> Days {
        self.days
    }

    /// From when to when.
    pub const fn hours(self) -> Hours {
        self.hours
    }
}

fn read_window(text: &str) -> Result<Window, PhraseError> {
    let help = "for example `09:00-17:00` or `mon-fri 09:00-17:00`";
    let unreadable = || PhraseError::unreadable(text, "a window", help);
    let words: Vec<&str> = text.split_whitespace().collect();
    let (days, hours) = match words.as_slice() {
        [hours] => (Days::ALL, *hours),
        [days, hours] => (Days::read(days).ok_or_else(unreadable)?, *hours),
        _ => return Err(unreadable()),
    };
    if !hours.contains(':') {
        return Err(unreadable());
    }
    let hours = Hours::parse(hours).map_err(|error| error.inside(text, hours))?;
    Ok(Window { days, hours })
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != Days::ALL {
            write!(f, "{} ", self.days)?;
        }
        self.hours.fmt(f)
    }
}

/// When messages must not leave, on every day: `21:00-08:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuietHours(Hours);

impl QuietHours {
    /// Reads `21:00-08:00`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        Self::read(text).map_err(|error| error.only(|rewrite| Self::read(rewrite).is_ok()))
    }

    fn read(text: &str) -> Result<Self, PhraseError> {
        let window = read_window(text.trim())?;
        if window.days != Days::ALL {
            let help = "they are the same on every day: leave the days out";
            let error = PhraseError::unreadable(text.trim(), "quiet hours", help);
            return Err(error.meant([window.hours.to_string()]));
        }
        Ok(Self(window.hours))
    }

    /// From when to when.
    pub const fn hours(self) -> Hours {
        self.0
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
