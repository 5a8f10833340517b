//! Drawn ids that are the same for the same seed.

use std::sync::{Arc, Mutex};

use wend_core::id::InputId;

use super::lock;
use crate::ports::Ids;

/// A seeded source (`SplitMix64`, Steele and others 2014). Clones draw from the same one.
#[derive(Clone, Debug)]
pub struct SeededIds(Arc<Mutex<u64>>);

impl SeededIds {
    /// The source that `seed` gives.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    /// The next 64 bits.
    pub fn next(&self) -> u64 {
        let mut state = lock(&self.0);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Ids for SeededIds {
    fn draw(&self) -> InputId {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        InputId::from_bytes(bits.to_be_bytes())
    }

    fn fraction(&self) -> f64 {
        let bits = u32::try_from(self.next() >> 32).unwrap_or_default();
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_draws_one_sequence_and_no_id_twice() {
        let (one, same, other) = (SeededIds::new(1), SeededIds::new(1), SeededIds::new(2));
        let drawn: Vec<InputId> = (0..100).map(|_| one.draw()).collect();
        assert!(drawn.iter().all(|id| *id == same.draw()));
        assert_ne!(drawn.first(), Some(&other.draw()));
        let distinct: std::collections::BTreeSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
        assert!((0..100).all(|_| (0.0..1.0).contains(&one.fraction())));
    }
}
