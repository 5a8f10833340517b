//! What was said at an address that a contact has no more counts at the one that took its place.

use wend_core::id::PermissionKey;
use wend_core::permission::Proof;
use wend_core::time::Timestamp;

use crate::ports::{Permissions, PortError};

/// Carries words, stops and pauses from one address to another, with their times and proofs; bounces and complaints belong to the
/// address that they came from.
///
/// Each write is last writer by time, so repeating all of it is safe and a newer word at the new address stays. A no is written before
/// any yes: whoever dies in between leaves an address that gets less, never more.
pub(crate) async fn carry(
    permissions: &impl Permissions,
    from: PermissionKey,
    to: PermissionKey,
    at: Timestamp,
) -> Result<(), PortError> {
    let row = permissions.row(from).await?;
    if let Some((said_at, proof)) = row.unsubscribed.as_ref().filter(|(said, _)| *said <= at) {
        let proof = Proof {
            carried_at: Some(at),
            ..proof.clone()
        };
        permissions.unsubscribe(to, &proof, *said_at).await?;
    }
    if let Some(stopped_at) = row.stopped_at.filter(|stopped| *stopped <= at) {
        permissions.stop(to, true, stopped_at).await?;
    }
    if row.paused_until.is_some() {
        let known = permissions.row(to).await?.paused_until;
        if known < row.paused_until {
            permissions.pause(to, row.paused_until, at).await?;
        }
    }
    if row.frequency.is_some() && permissions.row(to).await?.frequency.is_none() {
        permissions.limit_frequency(to, row.frequency, at).await?;
    }
    let mut words = row.carried(to, at);
    words.sort_by_key(|word| word.consent.opted_in);
    for word in &words {
        permissions.consent(word).await?;
    }
    Ok(())
}
