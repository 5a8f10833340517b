//! What an operator does to everybody at once: a new manifest, in force when [`in_force_after`] has passed.
//!
//! None of it publishes definitions: the parts stay, and so does what it does not name.

use std::time::Duration;

use wend_core::release::{Halt, Manifest, Pause, Resume, Stop};
use wend_core::time::Timestamp;

use crate::ports::{Clock, PublishError, ReleaseStore};
use crate::releases::LEASE;

/// After this time no claim follows that a command forbids: the lease of a release, and the timeout of `dispatch`, beyond which
/// nobody lives who has passed a gate before. Clocks that jump back by so much make it so much longer.
pub const fn in_force_after(function_timeout: Duration) -> Duration {
    LEASE.saturating_add(function_timeout)
}

/// How often somebody else may publish in between.
const TRIES_MAX: u32 = 10;

/// What an operator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A journey stands still: nobody enters, nobody goes on, no message leaves.
    Pause(String),
    /// It goes on.
    Resume(String, Resume),
    /// A journey is stopped: who is inside leaves, and nobody enters until it is started again.
    Stop(String),
    /// A stopped journey takes entries.
    Start(String),
    /// Nothing leaves. What comes due meanwhile is skipped.
    Halt(Halt),
    /// Messages leave again.
    Lift(Halt),
}

/// Publishes what an operator wants; answers with the number of the release in force. What is so already is published no second
/// time.
pub async fn operate(
    store: &impl ReleaseStore,
    clock: &impl Clock,
    operation: &Operation,
) -> Result<u64, PublishError> {
    let mut tries = 0;
    loop {
        let before = store.manifest().await?.unwrap_or_default();
        let now = clock.now();
        let mut manifest = before.clone();
        apply(&mut manifest, operation, now);
        if manifest == before {
            return Ok(before.number);
        }
        manifest.number += 1;
        manifest.published_at = now;
        tries += 1;
        match store.publish(&manifest, &[]).await {
            Ok(()) => return Ok(manifest.number),
            // Whoever wants everything to stop is not asked to try again.
            Err(PublishError::Overtaken(_)) if tries < TRIES_MAX => {}
            Err(error) => return Err(error),
        }
    }
}

fn apply(manifest: &mut Manifest, operation: &Operation, now: Timestamp) {
    match operation {
        Operation::Pause(journey) => {
            let pauses = manifest.pauses.entry(journey.clone()).or_default();
            if pauses.last().is_none_or(|last| last.resumed.is_some()) {
                let (from, resumed) = (now, None);
                pauses.push(Pause { from, resumed });
            }
        }
        Operation::Resume(journey, how) => {
            let last = manifest
                .pauses
                .get_mut(journey)
                .and_then(|pauses| pauses.last_mut());
            if let Some(last) = last.filter(|last| last.resumed.is_none()) {
                last.resumed = Some((now, *how));
            }
        }
        Operation::Stop(journey) => {
            let (at, is_lifted) = (now, false);
            manifest
                .stops
                .insert(journey.clone(), Stop { at, is_lifted });
        }
        Operation::Start(journey) => {
            if let Some(stop) = manifest.stops.get_mut(journey) {
                stop.is_lifted = true;
            }
        }
        Operation::Halt(halt) => {
            manifest.halts.entry(*halt).or_insert(now);
        }
        Operation::Lift(halt) => {
            manifest.halts.remove(halt);
        }
    }
}
