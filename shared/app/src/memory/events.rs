//! What the provider says about a message: the events that SES publishes to SNS.

use serde_json::{Value, json};
use wend_core::id::InputId;
use wend_core::identity::Channel;
use wend_core::input::{Feedback, FeedbackKind};
use wend_core::time::Timestamp;

use super::SentMail;

/// What happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The provider took it.
    Send,
    /// The recipient's server has it.
    Delivery,
    /// The recipient's server refused it for good.
    Bounce,
    /// The recipient called it spam.
    Complaint,
    /// The recipient answered it. Of a mail no provider tells us: answers come in as mail.
    Reply {
        /// The answer.
        text: String,
    },
    /// Somebody, or a machine, opened it.
    Open {
        /// Whether a machine did.
        by_machine: bool,
    },
    /// Somebody, or a machine, followed a link.
    Click {
        /// Whether a machine did.
        by_machine: bool,
        /// The link.
        link: String,
    },
}

/// The user agent of a person's mail program.
const PERSON: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0";
/// The user agent of Apple's privacy proxy, which opens every mail.
const MACHINE: &str = "Mozilla/5.0";

/// The event about `mail` ("Contents of event data that Amazon SES publishes to Amazon SNS").
///
/// None where the provider has no such event.
pub fn provider_event(mail: &SentMail, reaction: &Reaction, said_at: Timestamp) -> Option<Value> {
    let agent = |by_machine: bool| if by_machine { MACHINE } else { PERSON };
    let at = said_at.to_string();
    let (kind, key, detail) = match reaction {
        Reaction::Reply { text } => {
            return (mail.channel == Channel::Sms).then(|| inbound(mail, text, said_at));
        }
        Reaction::Send => ("Send", "send", json!({})),
        Reaction::Delivery => ("Delivery", "delivery", json!({ "timestamp": at })),
        Reaction::Bounce => {
            let detail =
                json!({ "timestamp": at, "bounceType": "Permanent", "bounceSubType": "General" });
            ("Bounce", "bounce", detail)
        }
        Reaction::Complaint => ("Complaint", "complaint", json!({ "timestamp": at })),
        Reaction::Open { by_machine } => {
            let detail = json!({ "timestamp": at, "userAgent": agent(*by_machine) });
            ("Open", "open", detail)
        }
        Reaction::Click { by_machine, link } => {
            let detail = json!({ "timestamp": at, "userAgent": agent(*by_machine), "link": link });
            ("Click", "click", detail)
        }
    };
    let tags = mail.tags.iter();
    let tags = tags.map(|(name, value)| ((*name).to_owned(), json!([value])));
    let tags: serde_json::Map<String, Value> = tags.collect();
    let mut event = json!({
        "eventType": kind,
        "mail": {
            "timestamp": mail.at.to_string(),
            "messageId": mail.provider_id,
            "destination": [mail.to],
            "tags": tags,
        },
    });
    if let Some(fields) = event.as_object_mut() {
        fields.insert(key.to_owned(), detail);
    }
    Some(event)
}

/// An answer to an SMS, as AWS End User Messaging publishes it to SNS and SNS puts it on a queue.
fn inbound(mail: &SentMail, text: &str, at: Timestamp) -> Value {
    let id = format!("in-{}-{}", mail.provider_id, at.as_millis());
    let message = json!({
        "originationNumber": mail.to,
        "destinationNumber": "+4915550009999",
        "messageKeyword": "KEYWORD",
        "messageBody": text,
        "inboundMessageId": id,
        "previousPublishedMessageId": mail.provider_id,
    });
    json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": "arn:aws:sns:eu-central-1:000000000000:answers",
        "Message": message.to_string(),
        "Timestamp": at.to_string(),
    })
}

/// What `reaction` is to the contact; none where it is nothing to it.
pub(super) fn feedback(
    mail: &SentMail,
    reaction: &Reaction,
    at: Timestamp,
    id: InputId,
) -> Option<Feedback> {
    let (kind, is_machine, link) = match reaction {
        Reaction::Send => return None,
        Reaction::Delivery => (FeedbackKind::Delivered, false, None),
        Reaction::Bounce => (FeedbackKind::Bounced, false, None),
        Reaction::Complaint => (FeedbackKind::Complained, false, None),
        Reaction::Reply { .. } => (FeedbackKind::Replied, false, None),
        Reaction::Open { by_machine } => (FeedbackKind::Opened, *by_machine, None),
        Reaction::Click { by_machine, link } => {
            (FeedbackKind::Clicked, *by_machine, Some(link.clone()))
        }
    };
    Some(Feedback {
        id,
        contact: mail.contact,
        send: mail.send,
        journey: mail.journey.clone(),
        step: mail.step.clone(),
        at,
        kind,
        is_machine,
        link,
        text: None,
    })
}
