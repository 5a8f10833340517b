//! Answers by SMS.
//!
//! Source of the format: "Example of a two-way SMS message payload for Amazon SNS topics" of AWS End User Messaging. The payload has no
//! time of its own, so that of the SNS notification around it counts, which is the same however often the queue delivers it.
//!
//! | Answer | Address | Input |
//! |---|---|---|
//! | a word that stops | no SMS any more | `Stopped` |
//! | one that takes a stop back, where there is one | as before the stop | `Resumed` |
//! | one that asks for help | | `AskedHelp` |
//! | anything else | | `Replied` |
//!
//! An answer names no contact: it answers the newest SMS to its number, and whoever that was for hears of it.

use serde::Deserialize;
use wend_core::id::InputId;
use wend_core::identity::{Channel, PhoneNumber};
use wend_core::input::{self, FeedbackKind, Input};
use wend_core::keyword::Answer;
use wend_core::permission::LastMessage;
use wend_core::personal::Personal;
use wend_core::time::Timestamp;

use super::Feedback;
use crate::batch::Done;
use crate::inputs;
use crate::ports::{Clock, Evidence, Permissions, PortError, Queue, ReleaseStore, SetAside};

/// Most characters of an answer that are kept: ten parts of an SMS.
const TEXT_CHARS_MAX: usize = 1600;

/// A notification as SNS puts it on a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    message: String,
    timestamp: String,
}

/// An SMS to us.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inbound {
    origination_number: Personal<String>,
    message_body: Personal<String>,
    #[serde(rename = "inboundMessageId")]
    id: String,
    #[serde(skip)]
    at: Timestamp,
}

impl Inbound {
    /// Reads the body of a queue's message; none if it is something else.
    pub(super) fn read(body: &str) -> Option<Self> {
        let notification: Notification = serde_json::from_str(body).ok()?;
        let inbound: Self = serde_json::from_str(&notification.message).ok()?;
        let at = Timestamp::parse(&notification.timestamp)?;
        Some(Self { at, ..inbound })
    }
}

impl<E, P, Q, A, R, C> Feedback<E, P, Q, A, R, C>
where
    E: Evidence,
    P: Permissions,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
{
    /// Writes down what an answer wants, and lets the contact hear of it.
    pub(super) async fn answered(&self, inbound: &Inbound) -> Result<Done, PortError> {
        // Short codes and senders with names write, too; no contact has one.
        let Some(number) = PhoneNumber::parse(inbound.origination_number.expose()) else {
            tracing::info!(id = inbound.id, "an SMS from nobody's number");
            return Ok(Done::Acknowledge);
        };
        let permission = number.permission_key(Channel::Sms, &self.secret);
        let row = self.permissions.row(permission).await?;
        let release = self.releases.current().await?;
        let answer = release
            .project
            .sms_words
            .read(inbound.message_body.expose());
        let kind = match answer {
            Answer::Stop => FeedbackKind::Stopped,
            // Back to what there was. Where there was no stop, a yes is an answer to what was asked.
            Answer::Start if row.stopped_at.is_some() => FeedbackKind::Resumed,
            Answer::Help => FeedbackKind::AskedHelp,
            Answer::Start | Answer::Other => FeedbackKind::Replied,
        };
        if kind == FeedbackKind::Stopped {
            self.permissions.stop(permission, true, inbound.at).await?;
        }
        match row.last {
            Some(last) => self.hear_answer(inbound, last, kind).await?,
            None => {
                tracing::info!(id = inbound.id, kind = ?kind, "it answers no SMS of ours");
            }
        }
        // Written last: as long as the stop stands, a repetition finds the same.
        if kind == FeedbackKind::Resumed {
            self.permissions.stop(permission, false, inbound.at).await?;
        }
        Ok(Done::Acknowledge)
    }

    async fn hear_answer(
        &self,
        inbound: &Inbound,
        last: LastMessage,
        kind: FeedbackKind,
    ) -> Result<(), PortError> {
        let text = inbound.message_body.expose().chars();
        let text: String = text.take(TEXT_CHARS_MAX).collect();
        let feedback = input::Feedback {
            id: InputId::of("text", &[inbound.id.as_bytes()]),
            contact: last.contact,
            send: last.send,
            journey: last.journey,
            step: last.step,
            at: inbound.at,
            kind,
            is_machine: false,
            link: None,
            text: Some(Personal::new(text)),
        };
        let input = Input::Feedback(Box::new(feedback));
        inputs::publish(&self.inputs, last.contact, [input], self.clock.now()).await
    }
}
