//! The clock of one sandbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use wend_app::memory::VirtualClock;
use wend_app::ports::Clock;
use wend_core::time::Timestamp;

/// The true clock with a skew that can jump. Sleeps last as long as they should.
#[derive(Clone, Debug)]
pub struct SimClock {
    truth: VirtualClock,
    skew_millis: Arc<AtomicI64>,
}

impl SimClock {
    /// A clock that is so much fast, or slow if the skew is less than zero.
    pub fn new(truth: VirtualClock, skew_millis: i64) -> Self {
        let skew_millis = Arc::new(AtomicI64::new(skew_millis));
        Self { truth, skew_millis }
    }

    /// The clock jumps.
    pub fn jump(&self, skew_millis: i64) {
        self.skew_millis.store(skew_millis, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let skew = self.skew_millis.load(Ordering::Relaxed);
        Timestamp::from_millis(self.truth.true_now().as_millis().saturating_add(skew))
    }

    async fn sleep(&self, duration: Duration) {
        self.truth.sleep(duration).await;
    }
}
