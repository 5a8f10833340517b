//! When marketing must stop by itself: too many messages come back, too many people complain, too many enter at once.
//!
//! Mails and entries are counted by *scope* and day (of UTC), in rows that several functions add to. Shares are those of a day and the
//! one before it, so of 24 to 48 hours; an hour of entries is compared with the week before it. What is wrong puts a [`Brake`] on its
//! scope, and only an operator lifts that: marketing under it is held until it expires, and nothing else stops.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::release::Share;
use crate::time::Timestamp;

/// Of fewer mails no share says anything.
pub const SENT_MIN: u32 = 200;
/// Fewer bounces or complaints are chance, whatever share they are.
pub const RETURNED_MIN: u32 = 5;
/// An hour with fewer entries is no flood, whatever is usual.
pub const ENTERED_MIN: u32 = 200;
/// How long a journey has been counted until something is usual.
pub const USUAL_AFTER: Duration = Duration::from_hours(24);
/// Of so many days before today the busiest hour is usual: who sends every Monday does so this Monday, too.
pub const USUAL_DAYS: usize = 7;

const HOURS: u8 = 24;
const HOUR_MILLIS: i64 = 3_600_000;

/// What is counted, and braked, together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All mails.
    All,
    /// The mails of a journey.
    Journey(String),
    /// The entries of a journey.
    Entries(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Journey(journey) => write!(f, "journey#{journey}"),
            Self::Entries(journey) => write!(f, "entries#{journey}"),
        }
    }
}

/// A text is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: `all`, `journey#…` or `entries#…`")]
pub struct NoScope;

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        match text.split_once('#') {
            None if text == "all" => Ok(Self::All),
            Some(("journey", id)) => Ok(Self::Journey(id.to_owned())),
            Some(("entries", id)) => Ok(Self::Entries(id.to_owned())),
            None | Some(_) => Err(NoScope),
        }
    }
}

/// A number of a day's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Mails that the provider took.
    Sent,
    /// Mails that came back for good.
    Bounced,
    /// Complaints.
    Complained,
    /// Entries in an hour of the day, 0 to 23.
    Entered(u8),
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::Bounced => f.write_str("bounced"),
            Self::Complained => f.write_str("complained"),
            Self::Entered(hour) => write!(f, "entered_{hour}"),
        }
    }
}

impl Counter {
    /// Every counter that a row may have.
    pub fn all() -> impl Iterator<Item = Self> {
        let hours = (0..HOURS).map(Self::Entered);
        [Self::Sent, Self::Bounced, Self::Complained]
            .into_iter()
            .chain(hours)
    }

    /// What counts who enters at this moment.
    pub fn entered(at: Timestamp) -> Self {
        let hour = hours(at).rem_euclid(HOURS.into());
        Self::Entered(u8::try_from(hour).unwrap_or_default())
    }
}

/// Whole hours since 1970.
const fn hours(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(HOUR_MILLIS)
}

/// The number of a day: whole days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayNumber(pub i64);

impl DayNumber {
    /// The day of UTC in which `at` lies.
    pub fn of(at: Timestamp) -> Self {
        Self(hours(at).div_euclid(HOURS.into()))
    }

    /// The day before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0 - 1)
    }
}

/// What was counted of a scope on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<Counter, u32>);

impl Tally {
    fn get(&self, counter: Counter) -> u32 {
        self.0.get(&counter).copied().unwrap_or_default()
    }
}

/// What became of a mail that its sender should not see often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returned {
    /// The address does not take mail.
    Bounced,
    /// Its reader calls it spam.
    Complained,
}

impl Returned {
    /// What counts it.
    pub const fn counter(self) -> Counter {
        match self {
            Self::Bounced => Counter::Bounced,
            Self::Complained => Counter::Complained,
        }
    }
}

/// Why marketing is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Too many mails came back.
    Returned {
        /// How.
        what: Returned,
        /// How many.
        count: u32,
        /// Of how many.
        sent: u32,
    },
    /// Too many entered.
    Entered {
        /// How many, in one hour.
        count: u32,
        /// How many in the busiest hour of the week before.
        busiest: u32,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned { what, count, sent } => {
                let what = match what {
                    Returned::Bounced => "came back for good",
                    Returned::Complained => "were called spam",
                };
                write!(f, "{count} of {sent} mails {what}")
            }
            Self::Entered { count, busiest } => write!(
                f,
                "{count} entered within an hour; in the busiest hour of the week before it were {busiest}"
            ),
        }
    }
}

/// That marketing of a scope is held, until an operator lifts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// Since when.
    pub since: Timestamp,
    /// Which runs it holds, where it is one of entries: those that began from here on.
    pub from: Timestamp,
    /// Why.
    pub cause: Cause,
}

/// All brakes that are on.
pub type Brakes = BTreeMap<Scope, Brake>;

/// From which shares on marketing stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrakeLimits {
    /// Of mails that come back for good.
    pub bounces: Share,
    /// Of complaints.
    pub complaints: Share,
}

impl Default for BrakeLimits {
    /// What mailbox providers and SES put up with: 5 % (SES reviews an account there) and 0.1 % (Google, Yahoo and SES).
    fn default() -> Self {
        Self {
            bounces: Share(500),
            complaints: Share(10),
        }
    }
}

impl BrakeLimits {
    /// What is wrong with the mails of a window, if anything is: a share above its limit, of at least [`SENT_MIN`] mails and with at
    /// least [`RETURNED_MIN`] of them.
    pub fn broken(self, window: &[Tally]) -> Option<Cause> {
        let sum = |counter| window.iter().map(|day| day.get(counter)).sum::<u32>();
        let sent = sum(Counter::Sent);
        // The worse one first.
        let limits = [
            (Returned::Complained, self.complaints),
            (Returned::Bounced, self.bounces),
        ];
        limits.into_iter().find_map(|(what, limit)| {
            let count = sum(what.counter());
            let is_above =
                u64::from(count) * u64::from(Share::WHOLE.0) > u64::from(sent) * u64::from(limit.0);
            let is_broken = sent >= SENT_MIN && count >= RETURNED_MIN && is_above;
            is_broken.then_some(Cause::Returned { what, count, sent })
        })
    }
}

/// What is wrong with the entries of the hour in which `now` lies, if anything is: more than [`ENTERED_MIN`], and more than `factor`
/// times the busiest hour that `days` know before it. `days` are today and the days before, newest first: who reads one after the other
/// may stop at the first that says no, and of all [`USUAL_DAYS`] of them the answer counts.
pub fn flooded(factor: u16, days: &[Tally], now: Timestamp) -> Option<Cause> {
    let hour = Counter::entered(now);
    let (today, before) = days.split_first()?;
    let count = today.get(hour);
    let of_today = today.0.range(Counter::Entered(0)..hour);
    let of_before = before
        .iter()
        .flat_map(|day| day.0.range(Counter::Entered(0)..));
    let hours = of_today.chain(of_before).map(|(_, count)| *count);
    let busiest = hours.max().unwrap_or_default();
    let is_flood = u64::from(count) > u64::from(factor) * u64::from(busiest);
    (count > ENTERED_MIN && is_flood).then_some(Cause::Entered { count, busiest })
}

/// The beginning of the hour in which `at` lies.
pub fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(hours(at) * HOUR_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(counts: &[(Counter, u32)]) -> Tally {
        Tally(counts.iter().copied().collect())
    }

    fn mails(sent: u32, bounced: u32, complained: u32) -> Tally {
        tally(&[
            (Counter::Sent, sent),
            (Counter::Bounced, bounced),
            (Counter::Complained, complained),
        ])
    }

    fn broken(window: &[Tally]) -> Option<(Returned, u32, u32)> {
        match BrakeLimits::default().broken(window)? {
            Cause::Returned { what, count, sent } => Some((what, count, sent)),
            entered @ Cause::Entered { .. } => panic!("{entered}"),
        }
    }

    #[test]
    fn shares_above_their_limits_brake_over_both_days() {
        assert_eq!(broken(&[mails(1000, 50, 0)]), None, "at the limit");
        let bounced = Some((Returned::Bounced, 51, 1000));
        assert_eq!(broken(&[mails(1000, 51, 0)]), bounced);
        assert_eq!(broken(&[mails(400, 26, 0), mails(600, 25, 0)]), bounced);
        assert_eq!(broken(&[mails(10_000, 0, 10)]), None);
        let complained = Some((Returned::Complained, 11, 10_000));
        assert_eq!(broken(&[mails(10_000, 0, 11)]), complained);
        assert_eq!(
            broken(&[mails(10_000, 900, 11)]),
            complained,
            "the worse one"
        );
    }

    #[test]
    fn few_mails_say_nothing() {
        assert_eq!(broken(&[mails(199, 199, 0)]), None);
        assert_eq!(broken(&[mails(200, 0, 4)]), None);
        assert_eq!(
            broken(&[mails(200, 0, 5)]),
            Some((Returned::Complained, 5, 200))
        );
        assert_eq!(broken(&[]), None);
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn an_hour_is_compared_with_the_busiest_one_before_it() {
        let now = at("2027-03-02T10:20:00Z");
        let today = |count| {
            tally(&[
                (Counter::Sent, 9000),
                (Counter::Entered(9), 40),
                (Counter::Entered(10), count),
                (Counter::Entered(11), 9000), // another clock
            ])
        };
        let flood = |count, busiest| Some(Cause::Entered { count, busiest });
        assert_eq!(flooded(6, &[today(240)], now), None);
        assert_eq!(flooded(6, &[today(241)], now), flood(241, 40));
        let week_ago = tally(&[(Counter::Sent, 9000), (Counter::Entered(20), 50)]);
        let days = |count| [today(count), Tally::default(), week_ago.clone()];
        assert_eq!(flooded(6, &days(300), now), None, "as on that evening");
        assert_eq!(flooded(6, &days(301), now), flood(301, 50));
        assert_eq!(flooded(6, &[], now), None);
    }

    #[test]
    fn a_few_hundred_are_no_flood() {
        let now = at("2027-03-02T00:00:00Z");
        let today = |count| [tally(&[(Counter::Entered(0), count)])];
        assert_eq!(flooded(2, &today(200), now), None);
        assert!(flooded(2, &today(201), now).is_some());
    }

    #[test]
    fn a_scope_reads_back_and_a_day_ends_at_midnight() {
        let scopes = [
            Scope::All,
            Scope::Journey("a-1".into()),
            Scope::Entries("b".into()),
        ];
        for scope in scopes {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("everything".parse::<Scope>(), Err(NoScope));
        let of = |text| (DayNumber::of(at(text)), Counter::entered(at(text)));
        let last = (DayNumber(1), Counter::Entered(23));
        assert_eq!(of("1970-01-02T23:59:59Z"), last);
        let first = (DayNumber(2), Counter::Entered(0));
        assert_eq!(of("1970-01-03T00:00:00Z"), first);
        assert_eq!(
            hour_of(at("2027-03-02T10:20:30Z")),
            at("2027-03-02T10:00:00Z")
        );
    }
}
