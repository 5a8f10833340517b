//! The real clock and real randomness.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wend_app::ports::{Clock, Ids};
use wend_core::id::InputId;
use wend_core::identity::IdentitySecret;
use wend_core::time::Timestamp;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn draw(&self) -> InputId {
        InputId::from_bytes(random())
    }

    fn fraction(&self) -> f64 {
        f64::from(u32::from_be_bytes(random())) / (f64::from(u32::MAX) + 1.0)
    }
}

/// A secret that nobody knows yet.
pub fn new_secret() -> IdentitySecret {
    IdentitySecret::new(random())
}

/// Random bytes from the operating system.
///
/// # Panics
/// If the system has none, which on Lambda it always does: a predictable secret would be worse than no process.
#[expect(clippy::panic, reason = "see the function's doc")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes,
        Err(error) => panic!("the operating system has no random numbers: {error}"),
    }
}
