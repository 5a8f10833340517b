//! How fast one sender may go: a token bucket without a clock.

use std::time::Duration;

use crate::time::Timestamp;

/// Tokens that come back at a steady rate. A bucket holds one second's worth, so that an idle sender may not make up for
/// lost time: providers count per second.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    per_second: u32,
    free_at: Timestamp,
}

impl TokenBucket {
    /// A full bucket of `per_second` tokens; at least one.
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second: per_second.clamp(1, 1000),
            free_at: Timestamp::default(),
        }
    }

    /// Takes a token and says how long to wait before using it.
    pub fn take(&mut self, now: Timestamp) -> Duration {
        let spacing = Duration::from_millis(u64::from(1000 / self.per_second));
        let full_since = now.minus(Duration::from_secs(1));
        let slot = self.free_at.max(full_since).plus(spacing);
        self.free_at = slot;
        slot.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_sees_more_than_its_burst_and_its_rate() {
        let mut bucket = TokenBucket::new(10);
        let now = Timestamp::from_millis(1_000_000);
        let uses: Vec<_> = (0..40).map(|_| now.plus(bucket.take(now))).collect();
        assert_eq!(uses.iter().filter(|at| **at == now).count(), 10);
        for start in 0..40_u64 {
            let from = now.plus(Duration::from_millis(1 + start * 100));
            let to = from.plus(Duration::from_secs(1));
            assert!(uses.iter().filter(|at| **at >= from && **at < to).count() <= 10);
        }
    }

    #[test]
    fn an_idle_sender_does_not_save_tokens() {
        let mut bucket = TokenBucket::new(2);
        let later = Timestamp::from_millis(60_000);
        assert_eq!(bucket.take(later), Duration::ZERO);
        assert_eq!(bucket.take(later), Duration::ZERO);
        assert_eq!(bucket.take(later), Duration::from_millis(500));
    }
}
