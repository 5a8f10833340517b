//! How fast an account may send: one small row that all senders share, without a clock.
//!
//! The row is a GCRA (generic cell rate algorithm): it holds the moment up to which the rate is handed out. Whoever has messages
//! takes the next slots by moving that moment on, in one conditional step ([`Take`]), and sends each message in its slot. The
//! condition is on values and not on a revision of the row: a compare-and-set loses nine races of ten among a hundred senders.
//! Nobody saves up slots: a rate that nobody used is gone, because providers count per second.
//!
//! In any time of `w` at most `(w + LATE_MAX)` of the rate and one message more are sent: slots are a gap apart, and one may be
//! used up to [`LATE_MAX`] after its time.

mod slots;

pub use slots::{Lane, Slots, Turn};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::release::MessageClass;
use crate::time::Timestamp;

/// Bulk takes slots up to so far ahead: enough that the rate is used while senders are busy, and little enough that whatever a
/// person waits for gets its slot soon behind it.
const BULK_AHEAD: Duration = Duration::from_secs(1);
/// The others take slots up to so far ahead.
const URGENT_AHEAD: Duration = Duration::from_secs(2);
/// One reservation takes no more than this of the rate: what a sender that dies leaves unused.
const GRANT_MAX: Duration = Duration::from_millis(250);
/// How long after its time a slot may be used.
pub const LATE_MAX: Duration = Duration::from_millis(250);
/// The longest line of those who are sent away; it is what a queue can carry. Who comes to a longer one comes back at its end.
const LINE_MAX: Duration = crate::due::QUEUE_DELAY_MAX;
/// A row cannot be handed out further ahead than this, whatever a wrong clock or a slower rate wrote.
const AHEAD_MAX: Duration = Duration::from_mins(1);
/// What an account takes is asked again when it is older than this: others send from it, too, and in between nobody knows.
const ASKED_EVERY: Duration = Duration::from_mins(1);
/// The first time ever, the others wait so long for whoever asks, rather than stand in a line at the least rate.
const FIRST_READ: Duration = Duration::from_secs(2);
/// What an account has sent is not believed any more when it is older than this: then only the provider knows its quota.
const COUNT_HOLDS: Duration = Duration::from_hours(1);
/// A message may be sent and not be counted by the provider for this long.
const COUNTED_AFTER: Duration = Duration::from_secs(10);
/// One part of so many of the daily quota is kept for what is not bulk.
pub const KEPT_SHARE: u64 = 20;
/// How long nobody asks a provider that said its daily quota was used up.
pub const CLOSED_FOR: Duration = Duration::from_mins(15);

/// The whole rate, in thousandths.
const WHOLE: u64 = 1000;
/// The least that throttling leaves of a rate, in thousandths: enough to find out whether it is over.
const SLOWEST: u64 = 50;
/// What comes back of a rate in a second without throttling, in thousandths: a half in 100 seconds.
const RECOVERED_PER_SEC: u64 = 5;
/// All that is on its way when a provider throttles is throttled together: it slows the rate once.
const SLOWED_EVERY: Duration = Duration::from_secs(1);

/// How many addresses that only a public source has named get their first message in an hour, where the project does not say: more
/// than a shop has sign-ups, and less than is worth a spammer's while.
pub const FIRST_MESSAGES_PER_HOUR: u32 = 200;
/// The time in which so many may go at once; then they go as fast as it passes.
const FIRST_MESSAGES_WITHIN: Duration = Duration::from_hours(1);

/// The step that lets one first message go: a row of its own for each public source, without an account.
pub fn first_message(row: &Pace, per_hour: u32, now: Timestamp) -> Take {
    let floor = micros(now);
    let hour = span(FIRST_MESSAGES_WITHIN);
    let secs = u32::try_from(FIRST_MESSAGES_WITHIN.as_secs()).unwrap_or(u32::MAX);
    Take {
        counter: Counter::Slots,
        rev: row.rev,
        seen: row.free_at,
        floor,
        below: floor.saturating_add(hour),
        furthest: floor.saturating_add(2 * hour),
        handed_max: u64::MAX,
        count: 1,
        rate: Rate::per(per_hour, secs),
    }
}

/// Microseconds since the Unix epoch: milliseconds are too coarse for rates above a few hundred a second.
pub type Micros = i64;

/// How fast messages may go: the time between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(Micros);

impl Rate {
    /// The least that any account has, for one of which nothing is known: 1 a second, as in the sandbox of SES.
    pub const LEAST: Self = Self(1_000_000);

    /// `count` messages in `secs` seconds; at least one message, at most one a microsecond. A gap that is not a whole number of
    /// microseconds is rounded up.
    pub fn per(count: u32, secs: u32) -> Self {
        let gap = (u64::from(secs) * 1_000_000).div_ceil(u64::from(count.max(1)));
        Self(gap.max(1).try_into().unwrap_or(Micros::MAX))
    }

    /// The time between two messages.
    pub const fn gap(self) -> Micros {
        self.0
    }

    /// How many messages begin within `time`.
    fn within(self, time: Micros) -> u32 {
        let whole = time.max(0).saturating_add(self.0 - 1) / self.0;
        whole.try_into().unwrap_or(u32::MAX)
    }

    /// This share of it, in thousandths.
    fn slowed(self, share: u64) -> Self {
        let gap = (self.0.unsigned_abs() * WHOLE).div_ceil(share.max(1));
        Self(gap.try_into().unwrap_or(Micros::MAX))
    }
}

/// What an account takes, as its provider says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its rate.
    pub rate: Rate,
    /// Messages in 24 hours; none: as many as it likes.
    pub per_day: Option<u64>,
    /// Messages that were sent in the last 24 hours, by whomever.
    pub sent: u64,
}

/// Whether somebody waits for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Marketing: it gives way.
    Bulk,
    /// What a person waits for.
    Urgent,
}

impl From<MessageClass> for Urgency {
    fn from(class: MessageClass) -> Self {
        match class {
            MessageClass::Marketing => Self::Bulk,
            MessageClass::Transactional | MessageClass::System => Self::Urgent,
        }
    }
}

impl Urgency {
    const fn ahead(self) -> Duration {
        match self {
            Self::Bulk => BULK_AHEAD,
            Self::Urgent => URGENT_AHEAD,
        }
    }
}

/// The row: counters that everybody moves on, and what was learnt of the account. The default is that of an account of which
/// nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// The revision of `known`. Counters move without it.
    pub rev: u64,
    /// Up to when the rate is handed out.
    pub free_at: Micros,
    /// When the last of those who were sent away comes back.
    pub line_ends_at: Micros,
    /// How many slots were ever handed out.
    pub handed: u64,
    /// What is known of the account.
    pub known: Known,
}

/// What senders tell each other of the account; it changes seldom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// When the provider throttled last, and what it left of the rate, in thousandths.
    slowed: Option<(Timestamp, u64)>,
    /// The account.
    account: Option<Read>,
    /// When somebody set out to read the account.
    asked_at: Timestamp,
    /// Until when the provider takes nothing.
    closed_until: Timestamp,
}

/// An account as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Read {
    at: Timestamp,
    account: Account,
    /// How many of the slots handed out the account's count has, or never will have.
    counted: u64,
}

/// A counter of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// [`Pace::free_at`].
    Slots,
    /// [`Pace::line_ends_at`].
    Line,
}

/// One atomic step of a counter, which needs nobody to have read the row: any number of senders take at once, and none loses to
/// another. [`Pace::take`] is what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Take {
    /// Which one.
    pub counter: Counter,
    /// The revision of what the sender knows of the account.
    pub rev: u64,
    /// Where the counter stood when the row was read: a hint, of which nothing depends.
    pub seen: Micros,
    /// Where a counter begins that is behind this, or ahead of `furthest`.
    pub floor: Micros,
    /// From here on nothing is taken.
    pub below: Micros,
    /// No right clock has written what is ahead of this.
    pub furthest: Micros,
    /// The most that may be handed out before it.
    pub handed_max: u64,
    /// How many moments are taken, and how far they are apart.
    pub count: u32,
    /// The gap between them.
    pub rate: Rate,
}

impl Take {
    /// How far the counter moves.
    pub fn length(&self) -> Micros {
        self.rate.gap().saturating_mul(self.count.into())
    }

    /// What is added to [`Pace::handed`].
    pub const fn handed(&self) -> u32 {
        match self.counter {
            Counter::Slots => self.count,
            Counter::Line => 0,
        }
    }

    /// What was taken, by the row after it.
    pub fn slots(&self, after: &Pace) -> Slots {
        let from = after.counter(self.counter).saturating_sub(self.length());
        Slots::new(from, self.rate, self.count)
    }
}

/// What a sender does about its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// It takes slots.
    Slots(Take),
    /// There are none: it takes places in the line.
    Line(Take),
    /// There are none, and it need not take places to know when each message comes back.
    Back(Slots),
    /// The daily quota has nothing left for this urgency.
    Today,
}

/// The moment in microseconds.
pub fn micros(at: Timestamp) -> Micros {
    at.as_millis().saturating_mul(1000)
}

fn span(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}

impl Pace {
    /// How long the line of those who were sent away is at `now`. A line that no right clock has written is none.
    pub fn line_at(&self, now: Timestamp) -> Duration {
        let ahead = u64::try_from(self.line_ends_at.saturating_sub(micros(now))).unwrap_or(0);
        let ahead = Duration::from_micros(ahead);
        if ahead > LINE_MAX + AHEAD_MAX {
            return Duration::ZERO;
        }
        ahead
    }

    /// What a sender does that has `want` messages and read the row some time ago: what is out of date in it costs a refused
    /// [`Take`] and never a wrong slot. `ceiling` is the fastest that the deployment may go, whatever the account takes; while
    /// nothing is known of the account, it is the rate.
    pub fn ask(&self, now: Timestamp, want: u32, urgency: Urgency, ceiling: Option<Rate>) -> Ask {
        let handed_max = self.handed_max(now, urgency);
        let left = handed_max.saturating_sub(self.handed);
        if now < self.known.closed_until || left == 0 {
            return Ask::Today;
        }
        let is_unknown = self.known.account.is_none() && ceiling.is_none();
        if is_unknown && now.since(self.known.asked_at) < FIRST_READ {
            let open_at = micros(now).saturating_add(span(FIRST_READ));
            return Ask::Back(Slots::new(open_at, Rate(1), want.max(1)));
        }
        let rate = self.rate(now, ceiling);
        let now = micros(now);
        let below = now.saturating_add(span(urgency.ahead()));
        let furthest = now.saturating_add(span(AHEAD_MAX).saturating_add(rate.gap()));
        if (below..=furthest).contains(&self.free_at) {
            return self.full(now, want, urgency, rate);
        }
        let most = rate.within(span(GRANT_MAX)).max(1);
        let count = want.clamp(1, most);
        let count = count.min(left.try_into().unwrap_or(u32::MAX));
        Ask::Slots(Take {
            counter: Counter::Slots,
            seen: self.free_at,
            rev: self.rev,
            floor: now,
            below,
            furthest,
            handed_max: handed_max.saturating_sub(count.into()),
            count,
            rate,
        })
    }

    /// Places in the line: one after the other from the moment on from which slots can be had again.
    fn full(&self, now: Micros, want: u32, urgency: Urgency, rate: Rate) -> Ask {
        let open_at = self.free_at.saturating_sub(span(urgency.ahead())).max(now) + 1;
        let end = now.saturating_add(span(LINE_MAX));
        let count = want.max(1);
        let back = |from| Ask::Back(Slots::new(from, rate, count));
        match urgency {
            // They are few and must not stand behind a line of bulk.
            Urgency::Urgent => back(open_at),
            Urgency::Bulk if self.line_ends_at >= end => back(end),
            Urgency::Bulk => Ask::Line(Take {
                counter: Counter::Line,
                seen: self.line_ends_at,
                rev: self.rev,
                floor: open_at,
                below: end,
                furthest: Micros::MAX,
                handed_max: u64::MAX,
                count,
                rate,
            }),
        }
    }

    /// Takes, all or nothing; whether it did. A store does this as one step.
    pub fn take(&mut self, take: &Take) -> bool {
        let counter = self.counter(take.counter);
        let is_off = counter < take.floor || counter > take.furthest;
        let from = if is_off { take.floor } else { counter };
        if self.rev != take.rev || self.handed > take.handed_max || from >= take.below {
            return false;
        }
        let after = from.saturating_add(take.length());
        match take.counter {
            Counter::Slots => self.free_at = after,
            Counter::Line => self.line_ends_at = after,
        }
        self.handed += u64::from(take.handed());
        true
    }

    /// Where a counter stands.
    pub const fn counter(&self, counter: Counter) -> Micros {
        match counter {
            Counter::Slots => self.free_at,
            Counter::Line => self.line_ends_at,
        }
    }

    /// The rate in force.
    pub fn rate(&self, now: Timestamp, ceiling: Option<Rate>) -> Rate {
        let account = self.known.account.map(|read| read.account.rate);
        // The slower one has the longer gap.
        let known = account.into_iter().chain(ceiling).max();
        known.unwrap_or(Rate::LEAST).slowed(self.share(now))
    }

    /// What throttling has left of the rate, in thousandths.
    fn share(&self, now: Timestamp) -> u64 {
        self.known.slowed.map_or(WHOLE, |(at, share)| {
            let recovered = now.since(at).as_secs().saturating_mul(RECOVERED_PER_SEC);
            share.saturating_add(recovered).min(WHOLE)
        })
    }

    /// Up to which number slots may be handed out today. While the account's figures are old, the provider alone knows.
    fn handed_max(&self, now: Timestamp, urgency: Urgency) -> u64 {
        let fresh = self.known.account;
        let fresh = fresh.filter(|read| now.since(read.at) < COUNT_HOLDS);
        let Some((read, per_day)) = fresh.and_then(|read| Some((read, read.account.per_day?)))
        else {
            return u64::MAX;
        };
        let kept = match urgency {
            Urgency::Bulk => per_day.div_ceil(KEPT_SHARE),
            Urgency::Urgent => 0,
        };
        let left = per_day.saturating_sub(kept);
        read.counted
            .saturating_add(left.saturating_sub(read.account.sent))
    }

    /// What whoever sets out to read the account writes, if that is due: whose write succeeds reads.
    pub fn asking(&self, now: Timestamp) -> Option<Known> {
        let asked_at = self.known.asked_at;
        let is_due = asked_at == Timestamp::default() || now.since(asked_at) >= ASKED_EVERY;
        is_due.then(|| Known {
            asked_at: now,
            ..self.known.clone()
        })
    }

    /// The account as it was read at `now`. Its count says what left; of what was handed out, only what may be on its way still
    /// is added to it.
    pub fn learnt(&self, account: Account, now: Timestamp) -> Known {
        let on_its_way = (self.free_at - micros(now)).saturating_add(span(COUNTED_AFTER));
        let most = u64::from(account.rate.within(on_its_way));
        let before = self.known.account.map_or(0, |read| read.counted);
        let read = Read {
            at: now,
            account,
            counted: self.handed.saturating_sub(most).max(before),
        };
        Known {
            account: Some(read),
            ..self.known.clone()
        }
    }

    /// The provider throttled: half of the rate. None if that has been written a moment ago.
    pub fn throttled(&self, now: Timestamp) -> Option<Known> {
        let slowed = self.known.slowed;
        let is_new = slowed.is_none_or(|(at, _)| now.since(at) >= SLOWED_EVERY);
        is_new.then(|| Known {
            slowed: Some((now, (self.share(now) / 2).max(SLOWEST))),
            ..self.known.clone()
        })
    }

    /// The provider said that its daily quota is used up. None if somebody wrote that already.
    pub fn used_up(&self, now: Timestamp) -> Option<Known> {
        (self.known.closed_until <= now).then(|| Known {
            closed_until: now.plus(CLOSED_FOR),
            ..self.known.clone()
        })
    }

    /// Writes what is known, in the place of what stood at revision `rev`; whether it did. A store does this as one step.
    pub fn know(&mut self, rev: u64, known: Known) -> bool {
        let is_next = self.rev == rev;
        if is_next {
            self.rev += 1;
            self.known = known;
        }
        is_next
    }
}

#[cfg(test)]
mod crowd;
#[cfg(test)]
mod tests;
