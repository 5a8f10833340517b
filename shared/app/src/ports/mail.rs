//! The mail provider.

use std::future::Future;
use std::time::Duration;

use wend_content::Message;
use wend_core::identity::{Channel, IdentitySecret};
use wend_core::send::{Permit, SendRequest};

use crate::feedback::tags;

/// One message on its way to the provider.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// The proof that it may go, with the address.
    pub permit: &'a Permit,
    /// The send, for the tags by which the provider's events find it.
    pub request: &'a SendRequest,
    /// What it says.
    pub message: &'a Message,
}

impl Mail<'_> {
    /// The tags by which the provider's events find the send and the address.
    pub fn tags(&self, secret: &IdentitySecret) -> [(&'static str, String); 5] {
        let permission = self.permit.to().permission_key(Channel::Email, secret);
        [
            (tags::CONTACT, self.request.contact.to_string()),
            (tags::SEND, self.request.send.to_string()),
            (tags::PERMISSION, permission.to_string()),
            (tags::JOURNEY, self.request.journey.clone()),
            (tags::STEP, self.request.step.clone()),
        ]
    }
}

/// What the provider answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It took the message.
    Accepted {
        /// Its id of the message.
        provider_id: String,
    },
    /// It refused the message for good.
    Rejected {
        /// Its words.
        reason: String,
    },
    /// It certainly did not take the message; the same send may be tried again after this time.
    NotTaken {
        /// Its words.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// Nobody can say whether it took the message.
    Ambiguous {
        /// What was seen.
        reason: String,
    },
}

/// The mail provider. It has no idempotency token: a second call is a second mail.
pub trait Mailer: Send + Sync {
    /// Hands one message over: exactly one request, never repeated by the adapter, within its own time limit. Everything that
    /// is not certainly accepted, refused or not taken is `Ambiguous`.
    fn submit(&self, mail: Mail<'_>) -> impl Future<Output = Submitted> + Send;
}
