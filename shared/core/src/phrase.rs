//! The time phrases of journey files: one small grammar, as types with one way in.
//!
//! ```text
//! exact     90 s · 30 min · 1h · 1h 30min
//! calendar  1 day · 3 business days · 2 weeks · 1 month · 1 year
//! wait      <exact> · <calendar> [at HH:MM] · until [mon-fri] HH:MM · until 2027-12-24 [10:00 [Zone]]
//!           until [<duration> before|after] contact.|trigger.|data.|vars.x [at HH:MM]
//! schedule  every day|weekday|monday|mon,thu|month on the 1st|month on the last day at HH:MM
//!           cron <minute> <hour> <day> <month> <weekday> · 2027-03-01 10:00
//! window    [mon-fri] 09:00-17:00
//! ```
//!
//! Letters are exact, words are calendar. Every type reads with `parse`, prints its canonical phrase with `Display`, and is
//! stored as that text, so that a stored definition outlives changes of these types. What a phrase means in a zone is
//! [`calendar`](crate::calendar)'s.

mod clock;
mod cron;
mod error;
mod schedule;
mod span;
mod wait;

pub use clock::{ClockTime, Days, Hours};
pub use cron::Cron;
pub use error::{PhraseError, PhraseFault};
pub use schedule::{MonthDay, QuietHours, Schedule, Window};
pub use span::{Calendar, Exact, LONGEST_DAYS, Span, Unit};
pub(crate) use wait::zone;
pub use wait::{DatePhrase, FixedDate, Side, Wait};

/// Stores a phrase as its canonical text.
macro_rules! stored_as_text {
    ($($phrase:ty),+) => {$(
        impl std::str::FromStr for $phrase {
            type Err = $crate::phrase::PhraseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $phrase {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $phrase {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

stored_as_text!(
    Exact, Calendar, Span, ClockTime, Hours, Window, QuietHours, Schedule
);
stored_as_text!(FixedDate, DatePhrase, Wait);

#[cfg(test)]
mod tests;
