//! Time: the clock, drawn ids, the due index and the sweep's watermark.

use std::future::Future;
use std::time::Duration;

use wend_core::id::{ContactKey, InputId};
use wend_core::time::Timestamp;

use super::PortError;

/// The clock.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;

    /// Comes back after `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Randomness.
pub trait Ids: Send + Sync {
    /// An id that nobody has drawn before.
    fn draw(&self) -> InputId;

    /// A share of one, for jitter: at least 0, less than 1.
    fn fraction(&self) -> f64;
}

/// A contact that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueEntry {
    /// Who.
    pub contact: ContactKey,
    /// When, as the index says; the contact itself may have moved on.
    pub due_at: Timestamp,
}

/// The due index. It lags behind the contacts by up to seconds.
pub trait DueIndex: Send + Sync {
    /// The entries of `shard` that are due at `until` or before, in the order of their times. About 100 bytes each: a
    /// million contacts due in one look-ahead are 1.6 MB a shard.
    fn due(
        &self,
        shard: u8,
        until: Timestamp,
    ) -> impl Future<Output = Result<Vec<DueEntry>, PortError>> + Send;
}

/// How far the sweep has looked.
pub trait Watermark: Send + Sync {
    /// The watermark; the beginning of time if there never was a sweep.
    fn read(&self) -> impl Future<Output = Result<Timestamp, PortError>> + Send;

    /// Moves the watermark forward. A sweep that comes late moves nothing back.
    fn advance(&self, to: Timestamp) -> impl Future<Output = Result<(), PortError>> + Send;
}
