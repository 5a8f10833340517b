//! The providers of messages.

use std::future::Future;
use std::time::Duration;

use wend_content::{Message, Sms};
use wend_core::id::{ContactKey, SendId};
use wend_core::identity::{EmailAddress, IdentitySecret};
use wend_core::pace::Account;
use wend_core::send::{CallRequest, Permit, SendRequest};
use wend_core::time::Timestamp;

use super::PortError;
use crate::feedback::tags;

/// One mail on its way to the provider.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// The proof that it may go, with the address.
    pub permit: &'a Permit,
    /// Of what it is, for the tags by which the provider's events find it.
    pub label: Label<'a>,
    /// What it says.
    pub message: &'a Message,
}

/// One SMS on its way to the provider.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The proof that it may go, with the number.
    pub permit: &'a Permit,
    /// Of what it is.
    pub label: Label<'a>,
    /// What it says.
    pub sms: &'a Sms,
    /// Whether it is marketing, which providers route otherwise.
    pub is_marketing: bool,
}

/// Of what a message is.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a> {
    /// The contact that it is to, or about.
    pub contact: ContactKey,
    /// The send, or the call.
    pub send: SendId,
    /// Whether it is a call: a mail to a team.
    pub is_call: bool,
    /// The journey.
    pub journey: &'a str,
    /// The step.
    pub step: &'a str,
}

impl<'a> From<&'a SendRequest> for Label<'a> {
    fn from(request: &'a SendRequest) -> Self {
        Self {
            contact: request.contact,
            send: request.send,
            is_call: false,
            journey: &request.journey,
            step: &request.step,
        }
    }
}

impl<'a> From<&'a CallRequest> for Label<'a> {
    fn from(request: &'a CallRequest) -> Self {
        Self {
            contact: request.contact,
            send: request.call,
            is_call: true,
            journey: &request.journey,
            step: &request.step,
        }
    }
}

impl Mail<'_> {
    /// The tags by which the provider's events find the send and the address.
    pub fn tags(&self, secret: &IdentitySecret) -> [(&'static str, String); 5] {
        let permission = self.permit.to().permission_key(secret);
        let name = if self.label.is_call {
            tags::CALL
        } else {
            tags::SEND
        };
        [
            (tags::CONTACT, self.label.contact.to_string()),
            (name, self.label.send.to_string()),
            (tags::PERMISSION, permission.to_string()),
            (tags::JOURNEY, self.label.journey.to_owned()),
            (tags::STEP, self.label.step.to_owned()),
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
    /// It certainly did not take the message because messages come too fast; the same send may be tried again after this time.
    Throttled {
        /// Its words.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// It certainly did not take the message, and takes no other one until its window of a day has moved on.
    QuotaUsedUp {
        /// Its words.
        reason: String,
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

    /// How fast the account may send, how much, and what it has sent; none: the provider does not say. It is asked once a minute at
    /// most by all senders together.
    fn account(&self) -> impl Future<Output = Result<Option<Account>, PortError>> + Send {
        std::future::ready(Ok(None))
    }
}

/// The SMS provider. It has no idempotency token either, and no events that could prove what became of a message.
pub trait Texter: Send + Sync {
    /// Hands one message over; as [`Mailer::submit`].
    fn text(&self, text: Text<'_>) -> impl Future<Output = Submitted> + Send;
}

/// Why an account does not write to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedFor {
    /// A message came back for good.
    Bounce,
    /// Its owner reported a message as spam.
    Complaint,
}

/// An address on the provider's own list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The address.
    pub email: EmailAddress,
    /// Why.
    pub reason: ListedFor,
    /// Since when.
    pub at: Timestamp,
}

/// The provider's list of addresses that the whole account does not write to.
pub trait AccountList: Send + Sync {
    /// Some of the list, and how the next part is asked for; none: that was the last. Addresses that cannot be read are left out.
    fn listed(
        &self,
        from: Option<String>,
    ) -> impl Future<Output = Result<(Vec<Listed>, Option<String>), PortError>> + Send;

    /// Puts an address on the list. Repeating it is safe.
    fn list(
        &self,
        email: &EmailAddress,
        reason: ListedFor,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
