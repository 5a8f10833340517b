//! What one sandbox has counted and not yet told: a shared row hears of it seldom.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wend_core::time::Timestamp;

/// A sandbox tells what it has counted as often as this, or when it is [`TOLD_FROM`]; and the first thing at once. What it has not
/// told dies with it.
const TOLD_EVERY: Duration = Duration::from_secs(10);
const TOLD_FROM: u32 = 100;

/// Numbers by journey.
#[derive(Debug, Default)]
pub struct Counts(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    by_journey: BTreeMap<String, u32>,
    told_at: Timestamp,
}

impl Counts {
    /// One more.
    pub(crate) fn add(&self, journey: &str) {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match untold.by_journey.get_mut(journey) {
            Some(count) => *count += 1,
            None => {
                untold.by_journey.insert(journey.to_owned(), 1);
            }
        }
    }

    /// What is to be told now; whoever takes it tells it.
    pub(crate) fn due(&self, now: Timestamp) -> BTreeMap<String, u32> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count: u32 = untold.by_journey.values().sum();
        if count == 0 || (count < TOLD_FROM && now.since(untold.told_at) < TOLD_EVERY) {
            return BTreeMap::new();
        }
        untold.told_at = now;
        std::mem::take(&mut untold.by_journey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_together() {
        let counts = Counts::default();
        let at = |secs: i64| Timestamp::from_millis(1_700_000_000_000 + secs * 1000);
        assert_eq!(counts.due(at(0)), BTreeMap::new());
        counts.add("a");
        assert_eq!(counts.due(at(0)), BTreeMap::from([("a".to_owned(), 1)]));
        for _ in 0..99 {
            counts.add("a");
        }
        assert_eq!(counts.due(at(9)), BTreeMap::new());
        counts.add("b");
        let all = BTreeMap::from([("a".to_owned(), 99), ("b".to_owned(), 1)]);
        assert_eq!(counts.due(at(9)), all);
        counts.add("b");
        assert_eq!(counts.due(at(18)), BTreeMap::new());
        assert_eq!(counts.due(at(19)), BTreeMap::from([("b".to_owned(), 1)]));
    }
}
