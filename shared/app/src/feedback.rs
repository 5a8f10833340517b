//! The provider's events: evidence for doubtful sends, addresses that must not be written to again, and what became of messages.
//!
//! Source of the format: "Contents of event data that Amazon SES publishes to Amazon SNS". Events repeat, come late and in any
//! order: everything here is a conditional update that may be repeated, or an input whose id follows from the event alone. An event is
//! acknowledged when all of that is done.
//!
//! | Event | Send row | Address | Input |
//! |---|---|---|---|
//! | Send | accepted | | |
//! | Delivery | accepted | forgets soft bounces | `Delivered`, where some rule of the release looks at deliveries |
//! | Bounce, permanent | accepted; counted | closed | `Bounced` |
//! | Bounce, of the moment | accepted | counted; closed at [`SOFT_BOUNCES_MAX`] | `Bounced` |
//! | Complaint | counted | closed | `Complained` |
//! | Open, Click | | | `Opened`, `Clicked`; links of our own are told by `track` |
//! | the others | | | noted in the log of the function |

mod brake;
mod texts;

use std::collections::BTreeMap;

use serde::Deserialize;
use wend_core::brake::Returned;
use wend_core::id::{ContactKey, InputId, PermissionKey, SendId};
use wend_core::identity::IdentitySecret;
use wend_core::input::{self, FeedbackKind, Input};
use wend_core::machine::{Fetch, is_machine};
use wend_core::permission::{
    SOFT_BOUNCES_MAX, SOFT_BOUNCES_WITHIN, Suppression, SuppressionReason,
};
use wend_core::time::Timestamp;

use crate::batch::{self, Done};
use crate::inputs;
use crate::ports::{
    Clock, Evidence, Permissions, PortError, Queue, Received, ReleaseStore, SetAside, Tallies,
};
use crate::releases::Releases;

use self::texts::Inbound;

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
pub struct Feedback<E, P, Q, A, R, C> {
    /// Settles doubtful sends.
    pub evidence: E,
    /// Closes addresses, and counts what came back.
    pub permissions: P,
    /// Where contacts hear of it.
    pub inputs: Q,
    /// Where poison goes.
    pub aside: A,
    /// The definitions, which say who listens.
    pub releases: Releases<R, C>,
    /// The clock.
    pub clock: C,
    /// The secret under which numbers are hashed.
    pub secret: IdentitySecret,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesEvent {
    event_type: String,
    mail: SesMail,
    delivery: Option<SesDetail>,
    bounce: Option<SesDetail>,
    complaint: Option<SesDetail>,
    open: Option<SesDetail>,
    click: Option<SesDetail>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesMail {
    timestamp: String,
    message_id: String,
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

/// What events of one kind say beside; each kind has some of these.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesDetail {
    timestamp: Option<String>,
    bounce_type: Option<String>,
    user_agent: Option<String>,
    link: Option<String>,
}

impl<E, P, Q, A, R, C> Feedback<E, P, Q, A, R, C>
where
    E: Evidence,
    P: Permissions + Tallies,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
{
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
                Err(error) => match Inbound::read(&message.body) {
                    Some(inbound) => self.answered(&inbound).await.unwrap_or_else(|error| {
                        tracing::warn!(%error, "the answer will be delivered again");
                        Done::Retry
                    }),
                    None => Done::Poison(format!("neither an SES event nor an SMS: {error}")),
                },
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
        let Some(sent_at) = Timestamp::parse(&event.mail.timestamp) else {
            return Ok(Done::Poison("mail.timestamp is not an instant".to_owned()));
        };
        let accepted = || {
            self.evidence
                .accepted(send, &event.mail.message_id, sent_at)
        };
        let permission = event.mail.tag::<PermissionKey>(tags::PERMISSION);
        match event.event_type.as_str() {
            "Send" => {
                accepted().await?;
            }
            "Delivery" => {
                accepted().await?;
                let detail = Detail::of(event.delivery.as_ref(), sent_at);
                if let Some(permission) = permission {
                    self.permissions.delivered(permission, detail.at).await?;
                }
                if self.releases.current().await?.hears_deliveries() {
                    let kind = FeedbackKind::Delivered;
                    self.tell(event, send, kind, &detail).await?;
                }
            }
            "Bounce" => {
                accepted().await?;
                let detail = Detail::of(event.bounce.as_ref(), sent_at);
                if let Some(permission) = permission {
                    self.bounced(permission, &detail).await?;
                }
                if detail.is_permanent() {
                    self.count(event, send, Returned::Bounced).await?;
                }
                let kind = FeedbackKind::Bounced;
                self.tell(event, send, kind, &detail).await?;
            }
            "Complaint" => {
                let detail = Detail::of(event.complaint.as_ref(), sent_at);
                if let Some(permission) = permission {
                    let at = detail.at;
                    let reason = SuppressionReason::Complaint;
                    let closed = self
                        .permissions
                        .suppress(permission, Suppression { at, reason });
                    closed.await?;
                }
                self.count(event, send, Returned::Complained).await?;
                let kind = FeedbackKind::Complained;
                self.tell(event, send, kind, &detail).await?;
            }
            "Open" => {
                let detail = Detail::of(event.open.as_ref(), sent_at);
                self.tell(event, send, FeedbackKind::Opened, &detail)
                    .await?;
            }
            "Click" => {
                let detail = Detail::of(event.click.as_ref(), sent_at);
                self.tell(event, send, FeedbackKind::Clicked, &detail)
                    .await?;
            }
            // SES took the mail and found a virus in it.
            "Reject" => tracing::error!(%send, "the provider did not deliver what it had accepted"),
            other => tracing::info!(event = other, %send, "noted"),
        }
        Ok(Done::Acknowledge)
    }

    /// An address whose message came back: closed at once, or when that was once too often.
    async fn bounced(
        &self,
        permission: PermissionKey,
        detail: &Detail<'_>,
    ) -> Result<(), PortError> {
        let at = detail.at;
        if detail.is_permanent() {
            let reason = SuppressionReason::HardBounce;
            let closed = self
                .permissions
                .suppress(permission, Suppression { at, reason });
            return closed.await;
        }
        let since = at.minus(SOFT_BOUNCES_WITHIN);
        let bounces = self.permissions.soft_bounced(permission, at, since).await?;
        if bounces < SOFT_BOUNCES_MAX {
            return Ok(());
        }
        let reason = SuppressionReason::SoftBounces;
        let closed = self
            .permissions
            .suppress(permission, Suppression { at, reason });
        closed.await
    }

    /// Lets the contact hear what became of the message.
    async fn tell(
        &self,
        event: &SesEvent,
        send: SendId,
        kind: FeedbackKind,
        detail: &Detail<'_>,
    ) -> Result<(), PortError> {
        let mail = &event.mail;
        let names = (mail.text(tags::JOURNEY), mail.text(tags::STEP));
        let (Some(contact), (Some(journey), Some(step))) =
            (mail.tag::<ContactKey>(tags::CONTACT), names)
        else {
            tracing::error!(%send, "an event lacks the tags of its send");
            return Ok(());
        };
        let link = detail.said.and_then(|said| said.link.clone());
        let by = [
            mail.message_id.as_bytes(),
            event.event_type.as_bytes(),
            &detail.at.as_millis().to_be_bytes(),
            link.as_deref().unwrap_or_default().as_bytes(),
        ];
        let feedback = input::Feedback {
            id: InputId::of("feedback", &by),
            contact,
            send,
            journey: journey.to_owned(),
            step: step.to_owned(),
            at: detail.at,
            kind,
            is_machine: detail.is_machine(kind),
            link,
            text: None,
        };
        let input = Input::Feedback(Box::new(feedback));
        inputs::publish(&self.inputs, contact, [input], self.clock.now()).await
    }
}

/// What an event says beside, and when it happened.
struct Detail<'a> {
    at: Timestamp,
    said: Option<&'a SesDetail>,
}

impl<'a> Detail<'a> {
    /// An event that does not say when happened when the mail was sent.
    fn of(said: Option<&'a SesDetail>, sent_at: Timestamp) -> Self {
        let at = said.and_then(|said| Timestamp::parse(said.timestamp.as_deref()?));
        let at = at.unwrap_or(sent_at);
        Self { at, said }
    }

    /// Whether it is a bounce of an address that takes no mail at all.
    fn is_permanent(&self) -> bool {
        self.said.and_then(|said| said.bounce_type.as_deref()) == Some("Permanent")
    }

    fn is_machine(&self, kind: FeedbackKind) -> bool {
        let user_agent = self.said.and_then(|said| said.user_agent.as_deref());
        let fetch = Fetch {
            user_agent,
            ..Fetch::default()
        };
        matches!(kind, FeedbackKind::Opened | FeedbackKind::Clicked) && is_machine(fetch)
    }
}

impl SesMail {
    fn text(&self, name: &str) -> Option<&str> {
        self.tags.get(name)?.first().map(String::as_str)
    }

    fn tag<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests;
