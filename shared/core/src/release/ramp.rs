//! How a new sender is warmed up: a little marketing on the first day, twice as much every few days.
//!
//! Mailbox providers judge a domain by what it sent before; one that writes to a hundred thousand people on its first day is
//! taken for a spammer's. The ramp is the domain's: all senders of a domain share what a day lets.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::Project;
use crate::brake::DayNumber;
use crate::calendar::{self, Period, Place};
use crate::phrase::{Calendar, Span};
use crate::time::Timestamp;
use crate::zone::Zone;

/// From so many messages a day on a ramp is over: mailbox providers know the sender.
const OVER_FROM: u64 = 1_000_000;
/// As often a day's messages can double until every ramp is over.
const DOUBLINGS_MAX: u32 = 20;

/// How many marketing messages leave a day while a sender is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ramp {
    /// The first day.
    pub from: Date,
    /// Most marketing messages of that day, and of every day before it.
    pub start: u32,
    /// After this time it is twice as many, and so on.
    pub double_every: Calendar,
}

/// What a domain's ramp says of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RampDay {
    /// The domain.
    pub domain: String,
    /// The day, on the project's calendar.
    pub day: DayNumber,
    /// Most marketing messages.
    pub most: u64,
    /// When the next day begins.
    pub ends_at: Timestamp,
}

impl Ramp {
    /// Most marketing messages of the day in which `now` lies; none: the ramp is over.
    fn most(&self, now: Timestamp, place: Place<'_>) -> Option<u64> {
        let span = Span::Calendar(self.double_every);
        let first = place.zone.instant(self.from.to_datetime(Time::midnight()));
        let mut doubles_at = calendar::after(span, first, place);
        let mut doublings = 0;
        while doubles_at <= now && doublings < DOUBLINGS_MAX {
            doublings += 1;
            doubles_at = calendar::after(span, doubles_at, place);
        }
        let most = u64::from(self.start) << doublings;
        (most < OVER_FROM).then_some(most)
    }
}

impl Project {
    /// What the ramp of `sender` lets today; none: there is no ramp, or it is over. Of several senders of a domain the slowest
    /// ramp counts for all.
    pub fn ramp(&self, sender: &str, now: Timestamp) -> Option<RampDay> {
        let domain = domain(self.senders.get(sender)?.address.as_deref()?)?;
        let zone = self.zone.clone().unwrap_or_else(Zone::utc);
        let place = Place {
            zone: &zone,
            closed: &self.closed,
        };
        let own = self.senders.values().filter(|sender| {
            let address = sender.address.as_deref();
            address.and_then(self::domain).as_deref() == Some(domain.as_str())
        });
        let ramps = own.filter_map(|sender| sender.ramp);
        let most = ramps.filter_map(|ramp| ramp.most(now, place)).min()?;
        Some(RampDay {
            domain,
            day: number(zone.local(now).date()),
            most,
            ends_at: calendar::next_period(now, &zone, Period::Day),
        })
    }
}

fn number(day: Date) -> DayNumber {
    DayNumber::of(Zone::utc().instant(day.to_datetime(Time::midnight())))
}

/// The domain of an address, in small letters.
fn domain(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    Some(domain.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Sender;

    fn sender(address: &str, ramp: Option<(&str, u32, &str)>) -> Sender {
        let ramp = ramp.map(|(from, start, every)| Ramp {
            from: from.parse().unwrap(),
            start,
            double_every: Calendar::parse(every).unwrap(),
        });
        Sender {
            address: Some(address.to_owned()),
            ramp,
            ..Sender::default()
        }
    }

    fn project(senders: &[(&str, Sender)]) -> Project {
        let senders = senders.iter().cloned();
        Project {
            zone: Zone::parse("Europe/Berlin"),
            senders: senders
                .map(|(id, sender)| (id.to_owned(), sender))
                .collect(),
            ..Project::default()
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn most(project: &Project, at_text: &str) -> Option<u64> {
        project.ramp("shop", at(at_text)).map(|ramp| ramp.most)
    }

    #[test]
    fn a_ramp_doubles_and_is_over_one_day() {
        let ramp = Some(("2026-11-01", 200, "1 day"));
        let project = project(&[("shop", sender("a@mail.example.com", ramp))]);
        assert_eq!(
            most(&project, "2026-10-20T12:00:00Z"),
            Some(200),
            "before it"
        );
        assert_eq!(
            most(&project, "2026-11-01T22:59:59Z"),
            Some(200),
            "the first day"
        );
        assert_eq!(
            most(&project, "2026-11-01T23:00:00Z"),
            Some(400),
            "midnight in Berlin"
        );
        assert_eq!(most(&project, "2026-11-13T12:00:00Z"), Some(819_200));
        assert_eq!(most(&project, "2026-11-14T12:00:00Z"), None);
        assert_eq!(most(&project, "2099-01-01T12:00:00Z"), None);
    }

    #[test]
    fn a_day_is_the_projects_and_the_next_one_begins_at_its_midnight() {
        let ramp = Some(("2026-11-01", 50, "2 days"));
        let project = project(&[("shop", sender("a@Mail.Example.com", ramp))]);
        let day = project.ramp("shop", at("2026-11-04T23:30:00Z")).unwrap();
        assert_eq!(number("1970-01-02".parse().unwrap()), DayNumber(1));
        let expected = RampDay {
            domain: "mail.example.com".to_owned(),
            day: number("2026-11-05".parse().unwrap()),
            most: 200,
            ends_at: at("2026-11-05T23:00:00Z"),
        };
        assert_eq!(day, expected);
    }

    #[test]
    fn all_senders_of_a_domain_go_up_its_slowest_ramp_and_others_do_not() {
        let project = project(&[
            ("shop", sender("shop@example.com", None)),
            (
                "news",
                sender("news@example.com", Some(("2026-11-01", 100, "1 day"))),
            ),
            (
                "care",
                sender("care@example.com", Some(("2026-11-01", 30, "1 week"))),
            ),
            ("other", sender("shop@example.org", None)),
        ]);
        let now = at("2026-11-03T12:00:00Z");
        assert_eq!(most(&project, "2026-11-03T12:00:00Z"), Some(30));
        assert_eq!(project.ramp("other", now), None);
        assert_eq!(project.ramp("nobody", now), None);
    }
}
