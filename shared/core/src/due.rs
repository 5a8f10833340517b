//! Which wakes a sweep sends, and which ride on a queue.
//!
//! `evaluate` sends a wake itself when it is due within the *boundary*. The *sweep* runs every period and looks a little
//! ahead of the clock, so that it has sent a wake before the moment comes. Its *watermark* is how far it has looked.

use std::time::Duration;

use crate::id::ContactKey;
use crate::time::Timestamp;

/// Shards of the due index: a DynamoDB partition takes 1,000 writes a second, and a hot index partition throttles the table.
pub const SHARDS: u8 = 64;

/// Longest delay that SQS takes (`DelaySeconds`).
pub const QUEUE_DELAY_MAX: Duration = Duration::from_mins(15);

/// The shard of the due index in which a contact stands.
pub const fn shard(contact: ContactKey) -> u8 {
    let [first, ..] = *contact.as_bytes();
    first % SHARDS
}

/// The times of the sweep. See [`Schedule::new`] for what must hold between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    boundary: Duration,
    look_ahead: Duration,
    overdue: Duration,
}

/// The times of a sweep do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A wait could fall between queue and sweep.
    #[error(
        "the queue boundary ({boundary:?}) must not be shorter than the look-ahead ({look_ahead:?}): a wait between them would be seen by nobody until it is overdue"
    )]
    Gap {
        /// The boundary.
        boundary: Duration,
        /// The look-ahead.
        look_ahead: Duration,
    },
    /// SQS cannot delay that long.
    #[error(
        "the queue boundary ({0:?}) must be at most {QUEUE_DELAY_MAX:?}, the longest delay of SQS"
    )]
    BeyondQueue(Duration),
}

impl Schedule {
    /// A schedule whose every wait is seen.
    ///
    /// A wait longer than `boundary` is left to the sweep. The watermark is never further than `look_ahead` from the clock, so
    /// `boundary ≥ look_ahead` puts every such wait behind the watermark of the past and before that of the next sweep.
    pub fn new(
        boundary: Duration,
        look_ahead: Duration,
        overdue: Duration,
    ) -> Result<Self, ScheduleError> {
        if boundary > QUEUE_DELAY_MAX {
            return Err(ScheduleError::BeyondQueue(boundary));
        }
        if boundary < look_ahead {
            return Err(ScheduleError::Gap {
                boundary,
                look_ahead,
            });
        }
        Ok(Self {
            boundary,
            look_ahead,
            overdue,
        })
    }

    /// The delay with which `evaluate` sends the wake for `due_at` itself; none where the sweep will.
    pub fn queue_delay(&self, due_at: Timestamp, now: Timestamp) -> Option<Duration> {
        (due_at <= now.plus(self.boundary)).then(|| delay(due_at, now))
    }

    /// How far a sweep that starts at `now` looks.
    pub fn horizon(&self, now: Timestamp) -> Timestamp {
        now.plus(self.look_ahead)
    }

    /// The delay with which a sweep at `now` sends the wake of an index entry; none where an earlier sweep did, or a queue
    /// holds it. What is overdue is sent again: a wake that arrives twice is dropped the second time.
    pub fn sweep_delay(
        &self,
        due_at: Timestamp,
        watermark: Timestamp,
        now: Timestamp,
    ) -> Option<Duration> {
        let is_new = due_at > watermark && due_at <= self.horizon(now);
        let is_overdue = due_at.plus(self.overdue) <= now;
        (is_new || is_overdue).then(|| delay(due_at, now))
    }
}

/// Whole seconds, rounded up: a wake that comes early is not due.
fn delay(due_at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_secs(due_at.secs_after(now)).min(QUEUE_DELAY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn at(n: u64) -> Timestamp {
        Timestamp::default().plus(secs(n))
    }

    #[test]
    fn times_with_a_gap_are_refused() {
        assert!(matches!(
            Schedule::new(secs(30), secs(60), secs(300)),
            Err(ScheduleError::Gap { .. })
        ));
        assert!(matches!(
            Schedule::new(secs(901), secs(60), secs(300)),
            Err(ScheduleError::BeyondQueue(_))
        ));
    }

    #[test]
    fn near_waits_ride_on_the_queue_and_far_ones_wait_for_the_sweep() {
        let schedule = Schedule::new(secs(900), secs(600), secs(300)).unwrap();
        assert_eq!(schedule.queue_delay(at(900), at(0)), Some(secs(900)));
        assert_eq!(schedule.queue_delay(at(901), at(0)), None);
        assert_eq!(
            schedule.sweep_delay(at(901), at(600), at(301)),
            Some(secs(600))
        );
        assert_eq!(schedule.sweep_delay(at(901), at(901), at(601)), None);
        assert_eq!(
            schedule.sweep_delay(at(901), at(9999), at(1201)),
            Some(secs(0))
        );
    }

    proptest! {
        /// Sweeps every `period` from a random offset: each wait is sent by the queue or by a sweep before it is due, as
        /// long as the look-ahead covers the period.
        #[test]
        fn every_wait_is_sent_before_it_is_due(
            period in 10_u64..300, slack in 0_u64..300, made_at in 0_u64..5_000, wait in 1_u64..20_000, offset in 0_u64..300,
        ) {
            let look_ahead = secs(period + slack);
            let schedule = Schedule::new(QUEUE_DELAY_MAX, look_ahead, secs(300)).unwrap();
            let due_at = at(made_at + wait);
            if schedule.queue_delay(due_at, at(made_at)).is_none() {
                let mut watermark = at(0);
                let mut sent_at = None;
                for n in 0..3_000 {
                    let now = at(offset + n * period);
                    if now >= at(made_at) && schedule.sweep_delay(due_at, watermark, now).is_some() {
                        sent_at = Some(now);
                        break;
                    }
                    watermark = watermark.max(schedule.horizon(now));
                }
                prop_assert!(sent_at.is_some_and(|sent_at| sent_at <= due_at), "{sent_at:?} {due_at:?}");
            }
        }
    }
}
