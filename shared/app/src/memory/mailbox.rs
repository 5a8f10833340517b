//! The providers: they take every message and keep it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wend_content::Message;
use wend_core::id::{ContactKey, SendId};
use wend_core::identity::{Channel, IdentitySecret};
use wend_core::send::{Permit, Recipient};
use wend_core::time::Timestamp;

use super::clock::yield_now;
use super::faults::{Fault, Line};
use super::{VirtualClock, lock};
use crate::ports::{ErrorClass, Label, Mail, Mailer, Submitted, Text, Texter};

const SUBMIT: &str = "submit a message";
/// When a message is tried again that a planned fault kept from being taken.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A message that the provider took.
#[derive(Clone, Debug)]
pub struct SentMail {
    /// When.
    pub at: Timestamp,
    /// The provider's id of it.
    pub provider_id: String,
    /// The send.
    pub send: SendId,
    /// Whom it is for.
    pub contact: ContactKey,
    /// The run's journey.
    pub journey: String,
    /// The step.
    pub step: String,
    /// On which channel.
    pub channel: Channel,
    /// The address it went to.
    pub to: String,
    /// What it says.
    pub message: Message,
    /// By what the provider's events find the send.
    pub tags: [(&'static str, String); 5],
}

/// The provider. Clones share what it took.
#[derive(Clone, Debug)]
pub struct Mailbox {
    sent: Arc<Mutex<Vec<SentMail>>>,
    line: Line,
    clock: VirtualClock,
    secret: IdentitySecret,
}

impl Mailbox {
    /// A provider that took nothing yet.
    pub fn new(clock: VirtualClock, line: Line, secret: IdentitySecret) -> Self {
        Self {
            sent: Arc::default(),
            line,
            clock,
            secret,
        }
    }

    /// What it took from the message with this number on, oldest first. A send that stands here twice was submitted twice.
    pub fn sent_from(&self, number: usize) -> Vec<SentMail> {
        lock(&self.sent).iter().skip(number).cloned().collect()
    }

    fn take(&self, permit: &Permit, label: Label<'_>, message: Message) -> String {
        let mail = Mail {
            permit,
            label,
            message: &message,
        };
        let tags = mail.tags(&self.secret);
        let mut sent = lock(&self.sent);
        let provider_id = format!("message-{}", sent.len() + 1);
        sent.push(SentMail {
            at: self.clock.true_now(),
            provider_id: provider_id.clone(),
            send: label.send,
            contact: label.contact,
            journey: label.journey.to_owned(),
            step: label.step.to_owned(),
            channel: match permit.to() {
                Recipient::Email(_) => Channel::Email,
                Recipient::Phone(_) => Channel::Sms,
            },
            to: permit.to().expose().to_owned(),
            message,
            tags,
        });
        provider_id
    }

    async fn submit_one(&self, permit: &Permit, label: Label<'_>, message: Message) -> Submitted {
        yield_now().await;
        let fault = self.line.fault(SUBMIT);
        let reason = "a planned fault".to_owned();
        match fault {
            Fault::FailBefore(ErrorClass::Ambiguous) => return Submitted::Ambiguous { reason },
            Fault::FailBefore(ErrorClass::Invalid) => return Submitted::Rejected { reason },
            Fault::FailBefore(ErrorClass::Conflict | ErrorClass::Throttled) => {
                return Submitted::NotTaken {
                    reason,
                    retry_after: RETRY_AFTER,
                };
            }
            Fault::None | Fault::LoseAnswer => {}
        }
        let provider_id = self.take(permit, label, message);
        yield_now().await;
        if fault == Fault::LoseAnswer {
            return Submitted::Ambiguous { reason };
        }
        Submitted::Accepted { provider_id }
    }
}

impl Mailer for Mailbox {
    async fn submit(&self, mail: Mail<'_>) -> Submitted {
        self.submit_one(mail.permit, mail.label, mail.message.clone())
            .await
    }
}

impl Texter for Mailbox {
    async fn text(&self, text: Text<'_>) -> Submitted {
        let message = Message {
            from: text.sms.from.clone(),
            reply_to: None,
            subject: String::new(),
            html: String::new(),
            text: text.sms.text.clone(),
            headers: Vec::new(),
        };
        self.submit_one(text.permit, text.label, message).await
    }
}
