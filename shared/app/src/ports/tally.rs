//! The rows that count mails, what came back of them, and entries; and the brakes that follow from them.

use std::future::Future;

use wend_core::brake::{Brake, Brakes, Counter, DayNumber, Returned, Scope, Tally};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::{PortError, Settled};

/// Counters by scope and day, what a new domain has sent on a day, and brakes by scope.
pub trait Tallies: Send + Sync {
    /// Adds to a day's counter and answers all that is counted then. After an ambiguous failure it may have been added, and whoever
    /// repeats it counts twice.
    fn add(
        &self,
        scope: &Scope,
        day: DayNumber,
        counter: Counter,
        count: u32,
    ) -> impl Future<Output = Result<Tally, PortError>> + Send;

    /// A day's counters, read consistently.
    fn tally(
        &self,
        scope: &Scope,
        day: DayNumber,
    ) -> impl Future<Output = Result<Tally, PortError>> + Send;

    /// Notes on a send what became of it: `Lost` if that was noted before, or if there is no such send. After an ambiguous failure it
    /// may be noted.
    fn note_returned(
        &self,
        send: SendId,
        what: Returned,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// Since when a scope is counted: `now`, if nobody said so before.
    fn counted_since(
        &self,
        scope: &Scope,
        now: Timestamp,
    ) -> impl Future<Output = Result<Timestamp, PortError>> + Send;

    /// Counts one more mail of a domain on a day; `Lost`, and nothing is counted, if it has `most` of them. Of any number at once no
    /// more than `most` are let through. After an ambiguous failure it may be counted, and whoever repeats it counts twice.
    fn climb(
        &self,
        domain: &str,
        day: DayNumber,
        most: u64,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// All brakes that are on, read consistently.
    fn brakes(&self) -> impl Future<Output = Result<Brakes, PortError>> + Send;

    /// Puts a brake on a scope; `Lost` if there is one. Repeating it is safe.
    fn brake(
        &self,
        scope: &Scope,
        brake: &Brake,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// Takes the brake off a scope, and what was counted on `day` and the day before it: it is counted anew. Repeating it is safe.
    fn lift(
        &self,
        scope: &Scope,
        day: DayNumber,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
