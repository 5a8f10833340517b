//! The provider's events: evidence for doubtful sends, and addresses that must not be written to again.
//!
//! Source of the format: "Contents of event data that Amazon SES publishes to Amazon SNS". Events repeat, come late and in any
//! order; everything here is one conditional update that may be repeated.

use std::collections::BTreeMap;

use serde::Deserialize;
use wend_core::id::{PermissionKey, SendId};
use wend_core::time::Timestamp;

use crate::batch::{self, Done};
use crate::ports::{Evidence, Permissions, PortError, Received, SetAside};

/// The tags by which an event finds its send. SES gives them back in every event.
pub mod tags {
    /// The contact's id.
    pub const CONTACT: &str = "wend_contact";
    /// The send's id.
    pub const SEND: &str = "wend_send";
    /// The call's id, in place of a send's: a team is told, and what becomes of it is nothing of the contact's.
    pub const CALL: &str = "wend_call";
    /// The address's permission row.
    pub const PERMISSION: &str = "wend_permission";
    /// The journey.
    pub const JOURNEY: &str = "wend_journey";
    /// The step.
    pub const STEP: &str = "wend_step";
}

/// Works on the provider's events.
#[derive(Debug)]
pub struct Feedback<E, P, A> {
    /// Settles doubtful sends.
    pub evidence: E,
    /// Closes addresses.
    pub permissions: P,
    /// Where poison goes.
    pub aside: A,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesEvent {
    event_type: String,
    mail: SesMail,
    bounce: Option<SesBounce>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesMail {
    timestamp: String,
    message_id: String,
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesBounce {
    bounce_type: String,
}

impl<E: Evidence, P: Permissions, A: SetAside> Feedback<E, P, A> {
    /// Works on a batch and names the deliveries that the queue must repeat.
    pub async fn batch(&self, messages: &[Received]) -> Vec<String> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            let done = match serde_json::from_str::<SesEvent>(&message.body) {
                Ok(event) => self.apply(&event).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the event will be delivered again");
                    Done::Retry
                }),
                // SNS says hello to a new subscription.
                Err(_) if message.body.starts_with("Successfully validated SNS topic") => {
                    Done::Acknowledge
                }
                Err(error) => Done::Poison(format!("not an SES event: {error}")),
            };
            outcomes.push((message, done));
        }
        batch::settle(&self.aside, outcomes).await
    }

    async fn apply(&self, event: &SesEvent) -> Result<Done, PortError> {
        // Mail that other programs send through the same configuration set has no tag of ours.
        let Some(send) = event.mail.tag::<SendId>(tags::SEND) else {
            return Ok(Done::Acknowledge);
        };
        let Some(at) = Timestamp::parse(&event.mail.timestamp) else {
            return Ok(Done::Poison("mail.timestamp is not an instant".to_owned()));
        };
        match event.event_type.as_str() {
            "Send" | "Delivery" => {
                self.evidence
                    .accepted(send, &event.mail.message_id, at)
                    .await?;
            }
            "Bounce" => {
                self.evidence
                    .accepted(send, &event.mail.message_id, at)
                    .await?;
                let is_hard = event
                    .bounce
                    .as_ref()
                    .is_some_and(|bounce| bounce.bounce_type == "Permanent");
                if is_hard {
                    self.suppress(event, "bounce", at).await?;
                }
            }
            "Complaint" => self.suppress(event, "complaint", at).await?,
            other => tracing::debug!(event = other, %send, "not used"),
        }
        Ok(Done::Acknowledge)
    }

    async fn suppress(
        &self,
        event: &SesEvent,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), PortError> {
        match event.mail.tag::<PermissionKey>(tags::PERMISSION) {
            Some(permission) => self.permissions.suppress(permission, reason, at).await,
            None => Ok(()),
        }
    }
}

impl SesMail {
    fn tag<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.tags.get(name)?.first()?.parse().ok()
    }
}
