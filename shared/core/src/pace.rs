//! How fast one sender may go: a token bucket without a clock.

use std::time::Duration;

use crate::time::Timestamp;

/// Tokens that come back at a steady rate. A bucket holds one second's worth, so that an idle sender may not make up for
/// lost time: providers count per second.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    spacing: Duration,
    free_at: Timestamp,
    /// When the last of those who were sent away comes back.
    line_ends_at: Timestamp,
}

/// What a bucket says to whoever wants a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The token is taken; it may be used after this time.
    Soon(Duration),
    /// No token is taken; ask again after this time.
    Later(Duration),
}

impl TokenBucket {
    /// A full bucket of `per_second` tokens; at least one, at most 1,000. A rate whose tokens are not whole milliseconds apart
    /// is rounded down.
    pub fn new(per_second: u32) -> Self {
        let millis = 1000_u32.div_ceil(per_second.clamp(1, 1000));
        Self {
            spacing: Duration::from_millis(u64::from(millis)),
            free_at: Timestamp::default(),
            line_ends_at: Timestamp::default(),
        }
    }

    /// Takes the next token if it comes within `patience`.
    ///
    /// Whoever is sent away takes no token: it asks anew, and a token kept for it as well would be lost. Those who are sent
    /// away come back one after the other, at the rate.
    pub fn take(&mut self, now: Timestamp, patience: Duration) -> Turn {
        let full_since = now.minus(Duration::from_secs(1));
        let slot = self.free_at.max(full_since).plus(self.spacing);
        let pause = slot.since(now);
        if pause <= patience {
            self.free_at = slot;
            return Turn::Soon(pause);
        }
        self.line_ends_at = self.line_ends_at.plus(self.spacing).max(slot);
        Turn::Later(self.line_ends_at.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn pause(turn: Turn) -> Duration {
        match turn {
            Turn::Soon(pause) => pause,
            Turn::Later(_) => panic!("sent away"),
        }
    }

    #[test]
    fn no_second_sees_more_than_its_burst_and_its_rate() {
        let mut bucket = TokenBucket::new(10);
        let now = Timestamp::from_millis(1_000_000);
        let uses: Vec<_> = (0..40)
            .map(|_| now.plus(pause(bucket.take(now, PATIENCE))))
            .collect();
        assert_eq!(uses.iter().filter(|at| **at == now).count(), 10);
        for start in 0..40_u64 {
            let from = now.plus(Duration::from_millis(1 + start * 100));
            let to = from.plus(Duration::from_secs(1));
            assert!(uses.iter().filter(|at| **at >= from && **at < to).count() <= 10);
        }
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_is_not_exceeded() {
        for rate in [3, 14, 300, 600] {
            let mut bucket = TokenBucket::new(rate);
            let now = Timestamp::from_millis(1_000_000);
            let uses: Vec<_> = (0..3 * rate)
                .map(|_| pause(bucket.take(now, PATIENCE)))
                .collect();
            let second = Duration::from_secs(1);
            let later = uses.iter().filter(|at| (second..second * 2).contains(*at));
            assert!(later.count() <= rate as usize, "{rate}");
        }
    }

    #[test]
    fn an_idle_sender_does_not_save_tokens() {
        let mut bucket = TokenBucket::new(2);
        let later = Timestamp::from_millis(60_000);
        let pauses: Vec<_> = (0..3)
            .map(|_| pause(bucket.take(later, PATIENCE)).as_millis())
            .collect();
        assert_eq!(pauses, [0, 0, 500]);
    }

    #[test]
    fn who_is_sent_away_takes_no_token_and_comes_back_in_turn() {
        let mut bucket = TokenBucket::new(1);
        let now = Timestamp::from_millis(60_000);
        let patience = Duration::from_secs(2);
        let secs = Duration::from_secs;
        let turns: Vec<_> = (0..6).map(|_| bucket.take(now, patience)).collect();
        let soon = [0, 1, 2].map(|n| Turn::Soon(secs(n)));
        let later = [3, 4, 5].map(|n| Turn::Later(secs(n)));
        assert_eq!(turns, [soon, later].concat());
        assert_eq!(
            bucket.take(now.plus(secs(3)), patience),
            Turn::Soon(secs(0))
        );
    }
}
