//! The provider's daily quota, as one sandbox has met it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wend_core::due::QUEUE_DELAY_MAX;
use wend_core::enrollment::HoldReason;
use wend_core::identity::Channel;
use wend_core::release::MessageClass;
use wend_core::send::{Refused, SendRequest};
use wend_core::time::Timestamp;

/// How long nobody asks the provider again: one message a quarter of an hour finds out whether its window has moved.
const ASKS_AGAIN: Duration = QUEUE_DELAY_MAX;
/// A marketing message comes back after this, and a part of [`SPREAD`] more. It goes to its contact until then, so that a million
/// of them are one write each a day, and no queue carries them round.
const BACK_AFTER: Duration = Duration::from_hours(1);
/// Over this time they come back.
const SPREAD: Duration = Duration::from_hours(23);

/// Until when the provider takes nothing, by channel.
#[derive(Debug, Default)]
pub struct Quota {
    until: Mutex<BTreeMap<Channel, Timestamp>>,
}

impl Quota {
    /// The provider said that its quota is used up.
    pub(super) fn used_up(&self, channel: Channel, now: Timestamp) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.insert(channel, now.plus(ASKS_AGAIN));
    }

    /// What becomes of a message while the quota is used up: what a person waits for is tried again as soon as anybody asks,
    /// the rest comes back spread over a day, each at its own time.
    pub(super) fn hold(
        &self,
        request: &SendRequest,
        class: MessageClass,
        now: Timestamp,
    ) -> Option<Refused> {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let asks_again = *until.get(&request.channel)?;
        if asks_again <= now {
            return None;
        }
        let until = match class {
            MessageClass::Transactional | MessageClass::System => asks_again,
            MessageClass::Marketing => now.plus(back_after(request)),
        };
        let until = until.min(request.expires_at);
        let why = HoldReason::Quota;
        Some(Refused::Hold { until, why })
    }
}

/// When a message comes back: its own time.
fn back_after(request: &SendRequest) -> Duration {
    let bits = request.send.as_bytes().iter().take(4);
    let place = bits.fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    BACK_AFTER + SPREAD.mul_f64(f64::from(place) / f64::from(u32::MAX))
}
