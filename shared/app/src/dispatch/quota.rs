//! What one sandbox knows of the daily quota, so that a message that may not go today costs no look at the shared row.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wend_core::enrollment::HoldReason;
use wend_core::identity::Channel;
use wend_core::pace::{CLOSED_FOR, Urgency};
use wend_core::send::{Refused, SendRequest};
use wend_core::time::Timestamp;

/// A marketing message comes back after this, and a part of [`SPREAD`] more. It goes to its contact until then, so that a million
/// of them are one write each a day, and no queue carries them round.
const BACK_AFTER: Duration = Duration::from_hours(1);
/// Over this time they come back.
const SPREAD: Duration = Duration::from_hours(23);

/// Until when nothing is taken today.
#[derive(Debug, Default)]
pub struct Quota {
    until: Mutex<Until>,
}

#[derive(Debug, Default)]
struct Until {
    /// The provider said so.
    refused: BTreeMap<Channel, Timestamp>,
    /// The shared row has no slots left.
    spent: BTreeMap<(Channel, Urgency), Timestamp>,
}

impl Quota {
    /// The provider said that its quota is used up. One message a quarter of an hour finds out whether its window has moved.
    pub(super) fn used_up(&self, channel: Channel, now: Timestamp) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.refused.insert(channel, now.plus(CLOSED_FOR));
    }

    /// The row has nothing left for messages of this urgency. As above.
    pub(super) fn spent(&self, channel: Channel, urgency: Urgency, now: Timestamp) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.spent.insert((channel, urgency), now.plus(CLOSED_FOR));
    }

    /// What becomes of a message while the quota is used up: what a person waits for is tried again as soon as anybody asks,
    /// the rest comes back spread over a day, each at its own time. A message that has a slot counts as sent already: only the
    /// provider's own word holds it.
    pub(super) fn hold(
        &self,
        request: &SendRequest,
        (urgency, has_slot): (Urgency, bool),
        now: Timestamp,
    ) -> Option<Refused> {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = until.spent.get(&(request.channel, urgency));
        let spent = spent.filter(|_| !has_slot);
        let refused = until.refused.get(&request.channel);
        let asks_again = *spent.into_iter().chain(refused).max()?;
        if asks_again <= now {
            return None;
        }
        let until = match urgency {
            Urgency::Urgent => asks_again,
            Urgency::Bulk => now.plus(back_after(request)),
        };
        let until = until.min(request.expires_at);
        let why = HoldReason::Quota;
        Some(Refused::Hold { until, why })
    }
}

/// When a message comes back: its own time.
pub(super) fn back_after(request: &SendRequest) -> Duration {
    BACK_AFTER + SPREAD.mul_f64(place(request))
}

/// A message's place among all that come back, from 0 to 1.
pub(super) fn place(request: &SendRequest) -> f64 {
    let bits = request.send.as_bytes().iter().take(4);
    let place = bits.fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    f64::from(place) / f64::from(u32::MAX)
}
