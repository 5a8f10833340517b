//! Pools of codes.
//!
//! A code is given at most once, to one call. Nothing counts or lists a pool to find a free code: a draw costs the same in a pool of a
//! million codes as in one of ten.

use std::future::Future;
use std::time::Duration;

use wend_core::coupons::{Code, PoolCount};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::PortError;

/// How long it is known which code a call has drawn: longer than any queue delivers a call again.
pub const DRAWN_FOR: Duration = Duration::from_hours(24 * 90);

/// Draws codes.
pub trait Coupons: Send + Sync {
    /// A code of `pool` that nobody has and that does not end before `now`, from now on `call`'s; none if there is none. Codes that end
    /// soon are drawn before others.
    ///
    /// A call that is made again within [`DRAWN_FOR`] gets the code that it has, also after an ambiguous failure, and also where none is
    /// left. After a definite failure it has none. Of calls at once, each gets its own; a
    /// [`Conflict`](super::ErrorClass::Conflict) means that others were quicker every time.
    fn draw(
        &self,
        pool: &str,
        call: SendId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Code>, PortError>> + Send;

    /// How many codes can be drawn, counted no further than `enough`. The answer may be seconds old.
    fn left(
        &self,
        pool: &str,
        now: Timestamp,
        enough: u32,
    ) -> impl Future<Output = Result<u64, PortError>> + Send;
}

/// Fills pools and looks at them.
pub trait Pools: Send + Sync {
    /// Adds the codes that the pool does not know, and says how many these were. A code that is there, given or not, stays as it is, so
    /// that the same codes may be added again, and by two at once. A failure may leave some of them added.
    fn add_codes(
        &self,
        pool: &str,
        codes: &[Code],
    ) -> impl Future<Output = Result<u64, PortError>> + Send;

    /// How many codes the pool has. The answer may be seconds old.
    fn count(
        &self,
        pool: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<PoolCount, PortError>> + Send;

    /// What was noted last of the pool's file.
    fn file(&self, pool: &str) -> impl Future<Output = Result<Option<String>, PortError>> + Send;

    /// Notes that all codes of a file are added: `hash` stands for its text.
    fn note_file(
        &self,
        pool: &str,
        hash: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
