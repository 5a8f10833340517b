//! Occurrences of schedules: when they begin, and when each contact's entry is due.
//!
//! An occurrence is named by the moment at which it begins. A schedule on a fixed clock begins for everybody at once. One on the
//! contact's own clock begins where the hour comes first on earth, and each contact is due when its own clock shows it; entries
//! that are spread are due some time later. Who belongs is judged when it is due.

use std::time::Duration;

use crate::calendar::{self, CLOCKS_DIFFER_BY, ClosedDays, Place};
use crate::contact::{Contact, entry_key};
use crate::decide::inspect;
use crate::id::{ContactKey, InputId, derive};
use crate::phrase::{Schedule, Span};
use crate::release::{Journey, PastHour, Reentry, Release, Trigger};
use crate::time::Timestamp;
use crate::zone::Zone;

/// Where each hour comes first: UTC+14, all year.
const EARLIEST: &str = "Pacific/Kiritimati";
/// Who is told of its occurrence so late is not late: a walk over many contacts takes its time.
const LATE_MAX: Duration = Duration::from_hours(1);
/// Most occurrences of one schedule that go on at once: each may be an entry that waits, and a contact keeps few of those.
pub(crate) const TOGETHER_MAX: usize = 10;
/// The shortest time that stored instants tell apart.
const MILLISECOND: Duration = Duration::from_millis(1);

/// The occurrences of one trigger of a journey.
#[derive(Clone, Debug)]
pub struct Occurrences<'a> {
    /// The journey.
    pub journey: &'a Journey,
    /// The trigger's place in it.
    pub place: usize,
    /// When they begin.
    pub schedule: Schedule,
    /// Who enters.
    pub segment: &'a str,
    /// The one clock that all go by; none: each contact's own.
    zone: Option<&'a Zone>,
    spread: Option<Span>,
    if_past: PastHour,
}

/// When a contact enters that is told of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At once.
    Now,
    /// Then, which is later.
    At(Timestamp),
    /// Not at all: its hour has passed.
    Passed,
}

/// The id of the input by which a contact hears of an occurrence: the same, however often it is told.
pub fn entry_id(journey: &str, occurrence: Timestamp) -> InputId {
    let at = occurrence.as_millis().to_be_bytes();
    InputId::from_bytes(derive("scheduled entry", &[journey.as_bytes(), &at]))
}

/// The id of the input by which a walk called `job` touches a contact.
pub fn touch_id(job: &str) -> InputId {
    InputId::from_bytes(derive("touch", &[job.as_bytes()]))
}

/// Whether more occurrences go on at once than may: contacts would wait for all of them.
pub(crate) fn is_too_often(
    schedule: Schedule,
    is_on_one_clock: bool,
    spread: Option<Span>,
) -> bool {
    /// A week of hours, a year of weeks.
    const LOOKED_AT: usize = 200;
    let lasts = lasts(is_on_one_clock, spread);
    let utc = Zone::utc();
    let next = |at: &Timestamp| schedule.next_after(*at, &utc);
    let moments = std::iter::successors(next(&Timestamp::default()), next);
    let moments: Vec<Timestamp> = moments.take(LOOKED_AT).collect();
    let mut later = moments.iter().skip(TOGETHER_MAX).zip(&moments);
    later.any(|(later, first)| later.since(*first) < lasts)
}

fn lasts(is_on_one_clock: bool, spread: Option<Span>) -> Duration {
    let clocks = if is_on_one_clock {
        Duration::ZERO
    } else {
        CLOCKS_DIFFER_BY
    };
    clocks + spread_from(spread, Timestamp::default(), &Zone::utc())
}

/// How long `spread` is if it begins at `base`.
fn spread_from(spread: Option<Span>, base: Timestamp, zone: &Zone) -> Duration {
    let place = Place {
        zone,
        closed: &ClosedDays::NONE,
    };
    let end = spread.map(|spread| calendar::after(spread, base, place));
    end.map_or(Duration::ZERO, |end| end.since(base))
}

impl<'a> Occurrences<'a> {
    /// Those of the trigger at `place`; none if it is no schedule.
    pub fn of(journey: &'a Journey, place: usize) -> Option<Self> {
        let Trigger::Schedule {
            schedule,
            segment,
            zone,
            spread,
            if_past,
        } = journey.triggers.get(place)?
        else {
            return None;
        };
        Some(Self {
            journey,
            place,
            schedule: *schedule,
            segment,
            zone: zone.as_ref().or(journey.zone.as_ref()),
            spread: *spread,
            if_past: *if_past,
        })
    }

    /// Those of all schedules of `journey`.
    pub fn all(journey: &'a Journey) -> impl Iterator<Item = Self> {
        (0..journey.triggers.len()).filter_map(|place| Self::of(journey, place))
    }

    /// The clock by which they begin.
    pub fn clock(&self) -> Zone {
        let earliest = || Zone::parse(EARLIEST).unwrap_or(Zone::utc());
        self.zone.cloned().unwrap_or_else(earliest)
    }

    /// Whether contacts are due one after the other.
    pub const fn is_lasting(&self) -> bool {
        self.zone.is_none() || self.spread.is_some()
    }

    /// Whether one begins at `at`.
    pub fn begin_at(&self, at: Timestamp) -> bool {
        self.schedule
            .next_after(at.minus(MILLISECOND), &self.clock())
            == Some(at)
    }

    /// Those that have begun at `now` and in which somebody may still be due.
    pub fn running(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let (schedule, clock) = (self.schedule, self.clock());
        let next = {
            let clock = clock.clone();
            move |at: &Timestamp| schedule.next_after(*at, &clock)
        };
        let first = schedule.next_after(now.minus(self.lasts()), &clock);
        std::iter::successors(first, next).take_while(move |at| *at <= now)
    }

    /// How long one lasts at most.
    pub fn lasts(&self) -> Duration {
        lasts(self.zone.is_some(), self.spread)
    }

    /// The moment of `contact` in `occurrence`; its clock is `own`.
    pub fn moment(&self, occurrence: Timestamp, contact: ContactKey, own: &Zone) -> Timestamp {
        let base = match self.zone {
            Some(_) => occurrence,
            None => own.instant(self.clock().local(occurrence)),
        };
        let spread = spread_from(self.spread, base, own);
        if spread.is_zero() {
            return base;
        }
        let id = entry_id(&self.journey.id, occurrence);
        let drawn = derive("spread", &[contact.as_bytes(), id.as_bytes()]);
        let drawn = drawn
            .iter()
            .take(4)
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        let millis = (spread.as_millis() * u128::from(drawn)) >> 32;
        base.plus(Duration::from_millis(
            u64::try_from(millis).unwrap_or(u64::MAX),
        ))
    }

    /// When `contact`, whose clock is `own`, enters if it is told of `occurrence` at `now`.
    pub fn due(
        &self,
        occurrence: Timestamp,
        contact: ContactKey,
        own: &Zone,
        now: Timestamp,
    ) -> Due {
        let moment = self.moment(occurrence, contact, own);
        if moment > now {
            return Due::At(moment);
        }
        // On one clock for all, what is late is so for all: an outage, and not the contact's place on earth.
        if self.zone.is_some() || now.since(moment) <= LATE_MAX {
            return Due::Now;
        }
        match self.if_past {
            PastHour::Now => Due::Now,
            PastHour::Skip => Due::Passed,
            PastHour::NextDay => {
                let time = own.local(moment).time();
                own.next_shown(now, time).map_or(Due::Passed, Due::At)
            }
        }
    }

    /// Whether it is worth telling `contact`, as it was read at `now`, of `occurrence`: it belongs when it is due, as far as is
    /// known, and may enter again by then. Whether it does enter is decided when it is due.
    pub fn may_enter(
        &self,
        contact: &Contact,
        release: &Release,
        occurrence: Timestamp,
        now: Timestamp,
    ) -> bool {
        let own = inspect::zone(contact, Some(self.journey), release);
        let at = match self.due(occurrence, contact.id, &own, now) {
            Due::Now => now,
            Due::At(at) => at,
            Due::Passed => return false,
        };
        self.may_enter_again(contact, at, &own, release)
            && inspect::belongs(contact, release, self.segment, at)
    }

    /// The last entry only gets later: who may not enter then by what is known now will not.
    fn may_enter_again(
        &self,
        contact: &Contact,
        at: Timestamp,
        own: &Zone,
        release: &Release,
    ) -> bool {
        let Some(entered_at) = contact.entries.get(&entry_key(&self.journey.id, None)) else {
            return true;
        };
        let place = Place {
            zone: own,
            closed: &release.project.closed,
        };
        match self.journey.reentry {
            Reentry::Never => false,
            Reentry::After(pause) if release.time_scale.is_none() => {
                at >= calendar::after(pause, *entered_at, place)
            }
            Reentry::Always | Reentry::After(_) => true,
        }
    }
}

#[cfg(test)]
mod tests;
