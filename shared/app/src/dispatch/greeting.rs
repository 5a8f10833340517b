//! First messages to addresses that only a form or a public key has named.
//!
//! Whoever has such a key could name any address, and the project's own message would go there: so there are only so many of them.

use std::time::Duration;

use wend_core::contact::Contact;
use wend_core::enrollment::HoldReason;
use wend_core::pace::FIRST_MESSAGES_PER_HOUR;
use wend_core::release::Release;
use wend_core::send::{Refused, SendRequest};

use super::Dispatch;
use crate::ports::{Clock, Paces, PortError};

/// When a first message that was one too many looks again, at the earliest. Its run holds it: no queue goes round with what a
/// spammer has ordered.
const AFTER: Duration = Duration::from_mins(20);
/// In which time after that: not all at once.
const WITHIN: Duration = Duration::from_hours(1);

impl<L, M, X, Q, A, R, C: Clock, P: Paces> Dispatch<L, M, X, Q, A, R, C, P> {
    /// What stands against the message, if it is a first one; where `is_counted`, nothing else does and it counts.
    pub(super) async fn greeting(
        &self,
        request: &SendRequest,
        contact: &Contact,
        release: &Release,
        is_counted: bool,
    ) -> Result<Option<Refused>, PortError> {
        let Some(source) = contact.stranger(request.channel) else {
            return Ok(None);
        };
        let said = release.project.sending.first_messages_per_hour;
        let per_hour = said.unwrap_or(FIRST_MESSAGES_PER_HOUR);
        let may_go = self
            .pace
            .may_greet(source, per_hour, is_counted, &self.clock);
        if may_go.await? {
            return Ok(None);
        }
        tracing::warn!(
            source,
            per_hour,
            "first messages are held: does somebody post the addresses of others?"
        );
        // The send's id is as good as drawn: each message has a time of its own.
        let [first, second, ..] = *request.send.as_bytes();
        let share = u64::from(u16::from_be_bytes([first, second]));
        let spread = Duration::from_secs(share * WITHIN.as_secs() / (1 << 16));
        let until = self.clock.now().plus(AFTER.saturating_add(spread));
        Ok(Some(Refused::Hold {
            until: until.min(request.expires_at),
            why: HoldReason::FirstMessages,
        }))
    }
}

#[cfg(test)]
mod tests;
