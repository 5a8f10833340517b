//! Codes that a contact has drawn and was never told: a code whose message was skipped is not lost, and not drawn twice.

use serde_json::Value;

use super::Deciding;
use crate::contact::KeptCode;
use crate::id::EnrollmentId;
use crate::personal::Personal;
use crate::release::{Journey, JourneyState, Verb};
use crate::time::Timestamp;

impl Deciding<'_> {
    /// The code of `pool` that the contact keeps, if it is valid still; from now on it is this run's.
    pub(super) fn take_code(&mut self, id: EnrollmentId, pool: &str) -> Option<Value> {
        let kept = self.contact.codes.get(pool)?;
        let is_valid = kept.expires_at.is_none_or(|until| self.now < until);
        let is_free = kept.run == id || self.contact.run(kept.run).is_none();
        if !is_valid || !is_free {
            return None;
        }
        let code = kept.code.expose().clone();
        if let Some(kept) = self.contact.to_mut().codes.get_mut(pool) {
            kept.run = id;
        }
        Some(code)
    }

    /// Keeps what a pool has answered until a message of the run has left.
    pub(super) fn keep_code(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        verb: &Verb,
        code: &Value,
    ) {
        let Verb::Coupon { pool, .. } = verb else {
            return;
        };
        if journey.state == JourneyState::Rehearsal {
            return;
        }
        let expires_at = code.get("expires_at").and_then(Value::as_str);
        let kept = KeptCode {
            code: Personal::new(code.clone()),
            expires_at: expires_at.and_then(Timestamp::parse),
            run: id,
        };
        self.contact.to_mut().codes.insert(pool.clone(), kept);
    }

    /// A message of the run has left: the codes that it drew are the contact's.
    pub(super) fn hand_out(&mut self, id: EnrollmentId) {
        if self.contact.codes.values().any(|kept| kept.run == id) {
            self.contact.to_mut().codes.retain(|_, kept| kept.run != id);
        }
    }
}
