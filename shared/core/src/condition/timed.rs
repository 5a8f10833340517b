//! Statements that time alone can turn over.

use super::compare::{Answer, when};
use super::values::Misfit;
use super::{Did, DidTotal, Fact, Found, Moment, Now, Number, World};
use crate::calendar::{self, ClosedDays, Place};
use crate::personal::Personal;
use crate::phrase::Span;
use crate::time::Timestamp;
use crate::zone::Zone;

/// A statement at every moment: whether it holds, and the moments at which that can change.
pub(super) struct Timed<F> {
    pub(super) holds_at: F,
    pub(super) turns: Vec<Timestamp>,
}

impl<F: Fn(Timestamp) -> bool> Timed<F> {
    /// Whether it holds at `now`, and when that ends.
    pub(super) fn at(mut self, now: Timestamp) -> (bool, Option<Timestamp>) {
        let holds = (self.holds_at)(now);
        self.turns.sort_unstable();
        let mut later = self.turns.into_iter().filter(|turn| *turn > now);
        (holds, later.find(|turn| (self.holds_at)(*turn) != holds))
    }
}

/// From the first moment on, until the second comes.
fn span(from: Timestamp, until: Timestamp, now: Timestamp) -> (bool, Option<Timestamp>) {
    let timed = Timed {
        holds_at: |at| from <= at && at < until,
        turns: vec![from, until],
    };
    timed.at(now)
}

/// From the moment on, for ever.
fn since(from: Timestamp, now: Timestamp) -> (bool, Option<Timestamp>) {
    let timed = Timed {
        holds_at: |at| from <= at,
        turns: vec![from],
    };
    timed.at(now)
}

/// `within`, `older_than`, `in_next` of a value.
pub(super) enum Relative<'a> {
    Within(&'a Span),
    OlderThan(&'a Span),
    InNext(&'a Span),
}

impl Relative<'_> {
    pub(super) fn of(
        &self,
        value: &Moment,
        now: Timestamp,
        zone: &Zone,
    ) -> (bool, Option<Timestamp>) {
        let at = value.from(zone);
        match self {
            Self::Within(length) => span(at, later(**length, at, zone), now),
            Self::OlderThan(length) => since(later(**length, at, zone), now),
            Self::InNext(length) => span(earlier(**length, at, zone), value.end(zone), now),
        }
    }
}

/// The moment that is `length` after `at` on the clock of `zone`. Conditions know no closed days.
fn later(length: Span, at: Timestamp, zone: &Zone) -> Timestamp {
    calendar::after(
        length,
        at,
        Place {
            zone,
            closed: &ClosedDays::NONE,
        },
    )
}

/// The moment that is `length` before `at`.
fn earlier(length: Span, at: Timestamp, zone: &Zone) -> Timestamp {
    calendar::before(
        length,
        at,
        Place {
            zone,
            closed: &ClosedDays::NONE,
        },
    )
}

/// Where the present moment lies.
pub(super) fn now(test: &Now, world: &impl World) -> Result<Answer, Misfit> {
    let (now, zone) = (world.now(), world.zone());
    let found = Found::Value(Personal::new(now.to_string()));
    let other = || Ok(Answer::new(false, Found::OtherMissing));
    let (held, changes_at) = match test {
        Now::Before(wanted) => match when(wanted, world)? {
            Some(wanted) => span(Timestamp::from_millis(i64::MIN), wanted.from(&zone), now),
            None => return other(),
        },
        Now::After(wanted) => match when(wanted, world)? {
            Some(wanted) => since(wanted.past(&zone), now),
            None => return other(),
        },
        Now::On(wanted) => match when(wanted, world)? {
            Some(wanted) => {
                let (from, until) = wanted.day(&zone);
                span(from, until, now)
            }
            None => return other(),
        },
        Now::Between(from, until) => match (when(from, world)?, when(until, world)?) {
            (Some(from), Some(until)) => span(from.from(&zone), until.end(&zone), now),
            _ => return other(),
        },
    };
    Ok(Answer {
        held,
        found,
        changes_at,
    })
}

/// How often, or for how much, something was done.
pub(super) fn did(did: &Did, world: &impl World) -> Result<Answer, Misfit> {
    let (now, zone) = (world.now(), world.zone());
    let since = match &did.since {
        None => None,
        Some(since) => match when(since, world)? {
            Some(since) => Some(since.from(&zone)),
            None => return Ok(Answer::new(false, Found::OtherMissing)),
        },
    };
    let fact = world.fact(did);
    if did.within.is_none() && since.is_none() {
        let total = lifetime(did, &fact);
        return Ok(Answer::new(is_enough(did, total), found(total)));
    }
    let counted: Vec<(Timestamp, Timestamp, f64)> = windows(did, &fact, since, &zone);
    let total_at = |moment: Timestamp| {
        let inside = counted
            .iter()
            .filter(|(from, until, _)| *from <= moment && moment < *until);
        rounded(inside.map(|(.., amount)| amount).sum())
    };
    let turns = counted.iter().flat_map(|(from, until, _)| [*from, *until]);
    let timed = Timed {
        holds_at: |moment| is_enough(did, total_at(moment)),
        turns: turns.collect(),
    };
    let (held, changes_at) = timed.at(now);
    Ok(Answer {
        held,
        found: found(total_at(now)),
        changes_at,
    })
}

/// Each occurrence that can count: from when, until when, and how much.
fn windows(
    did: &Did,
    fact: &Fact,
    since: Option<Timestamp>,
    zone: &Zone,
) -> Vec<(Timestamp, Timestamp, f64)> {
    let most = usize::try_from(Did::SUM_MAX).unwrap_or(usize::MAX);
    let recent = fact.recent.iter().take(most);
    let counted = recent.filter(|one| since.is_none_or(|since| one.at >= since));
    counted
        .map(|one| {
            let within = did.within.as_ref();
            let end = Timestamp::from_millis(i64::MAX);
            let until = within.map_or(end, |within| later(*within, one.at, zone));
            let amount = match did.total {
                DidTotal::Count => 1.0,
                DidTotal::Sum(_) => one.amount,
            };
            (one.at, until, amount)
        })
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a contact does nothing 2^53 times"
)]
fn lifetime(did: &Did, fact: &Fact) -> f64 {
    match did.total {
        DidTotal::Count => fact.count as f64,
        DidTotal::Sum(_) => rounded(fact.sum),
    }
}

/// Sums of prices carry binary dust: `0.1 + 0.2` must be at most `0.3`.
fn rounded(sum: f64) -> f64 {
    const DIGITS: f64 = 1e6;
    let scaled = (sum * DIGITS).round() / DIGITS;
    if scaled.is_finite() { scaled } else { sum }
}

fn is_enough(did: &Did, total: f64) -> bool {
    let least = match (&did.at_least, &did.at_most) {
        (Some(least), _) => Some(least.value()),
        (None, None) => Some(1.0),
        (None, Some(_)) => None,
    };
    let most = did.at_most.as_ref().map(Number::value);
    least.is_none_or(|least| total >= least) && most.is_none_or(|most| total <= most)
}

fn found(total: f64) -> Found {
    Found::Value(Personal::new(total.to_string()))
}
