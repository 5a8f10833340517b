//! An email that a provider accepted, and the events that SES publishes about it.
//!
//! The shape is that of "Contents of event data that Amazon SES publishes to Amazon SNS" in the SES
//! developer guide.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wend_app::ports::Clock as _;
use wend_aws::system::SystemClock;

/// An accepted email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The id in the answer to the sender.
    pub provider_id: String,
    /// `FromEmailAddress`.
    pub from: String,
    /// All recipients: to, cc and bcc.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The plain text, empty when there is none.
    pub text: String,
    /// The HTML, empty when there is none.
    pub html: String,
    /// Additional headers, in their order.
    pub headers: Vec<(String, String)>,
    /// `EmailTags`.
    pub tags: BTreeMap<String, String>,
    /// The configuration set, if one was named.
    pub configuration_set: Option<String>,
    /// The whole request.
    pub request: Value,
}

impl Mail {
    /// Reads a `SendEmail` request and its answer.
    pub fn read(request: &[u8], answer: &[u8]) -> anyhow::Result<Self> {
        let request: Value =
            serde_json::from_slice(request).context("the SendEmail request is not JSON")?;
        let answer: Value =
            serde_json::from_slice(answer).context("the SendEmail answer is not JSON")?;
        let simple = &request["Content"]["Simple"];
        Ok(Self {
            accepted_at: now(),
            provider_id: text(&answer["MessageId"]),
            from: text(&request["FromEmailAddress"]),
            to: recipients(&request["Destination"]),
            subject: text(&simple["Subject"]["Data"]),
            text: text(&simple["Body"]["Text"]["Data"]),
            html: text(&simple["Body"]["Html"]["Data"]),
            headers: pairs(&simple["Headers"]).collect(),
            tags: pairs(&request["EmailTags"]).collect(),
            configuration_set: request["ConfigurationSetName"].as_str().map(str::to_owned),
            request,
        })
    }

    /// The *Send* event: SES has accepted the email.
    pub fn sent(&self) -> Value {
        json!({"eventType": "Send", "mail": self.mail(), "send": {}})
    }

    /// The *Delivery* event: the recipient's server has it.
    pub fn delivered(&self) -> Value {
        let now = now();
        let took = now.duration_since(self.accepted_at).as_millis();
        json!({
            "eventType": "Delivery",
            "mail": self.mail(),
            "delivery": {
                "timestamp": format!("{now:.3}"),
                "processingTimeMillis": i64::try_from(took).unwrap_or_default(),
                "recipients": self.to,
                "smtpResponse": "250 2.0.0 OK",
                "reportingMTA": "local.smtp-out.amazonses.com",
            },
        })
    }

    fn mail(&self) -> Value {
        let mut tags: BTreeMap<String, [String; 1]> = self
            .tags
            .iter()
            .map(|(name, value)| (name.clone(), [value.clone()]))
            .collect();
        if let Some(set) = &self.configuration_set {
            tags.insert("ses:configuration-set".to_owned(), [set.clone()]);
        }
        let domain = self
            .from
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .trim_end_matches('>');
        tags.insert("ses:from-domain".to_owned(), [domain.to_owned()]);
        tags.insert("ses:source-ip".to_owned(), ["127.0.0.1".to_owned()]);
        tags.insert("ses:caller-identity".to_owned(), ["dispatch".to_owned()]);
        json!({
            "timestamp": format!("{:.3}", self.accepted_at),
            "source": self.from,
            "sourceArn": format!("arn:aws:ses:us-east-1:000000000000:identity/{domain}"),
            "sendingAccountId": "000000000000",
            "messageId": self.provider_id,
            "destination": self.to,
            "headersTruncated": false,
            "headers": self.wire_headers(),
            "commonHeaders": {
                "from": [self.from],
                "to": self.to,
                "messageId": self.provider_id,
                "subject": self.subject,
            },
            "tags": tags,
        })
    }

    fn wire_headers(&self) -> Vec<Value> {
        let own = [("From", &self.from), ("Subject", &self.subject)];
        let own = own
            .into_iter()
            .map(|(name, value)| json!({"name": name, "value": value}));
        let to = self.to.iter().map(|to| json!({"name": "To", "value": to}));
        let more = self
            .headers
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}));
        own.chain(to).chain(more).collect()
    }
}

/// The clock, in the unit of SES events.
pub fn now() -> Timestamp {
    Timestamp::from_millisecond(SystemClock.now().as_millis()).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn recipients(destination: &Value) -> Vec<String> {
    ["ToAddresses", "CcAddresses", "BccAddresses"]
        .into_iter()
        .filter_map(|kind| destination[kind].as_array())
        .flatten()
        .map(text)
        .collect()
}

/// The elements of a list of `{Name, Value}`.
fn pairs(list: &Value) -> impl Iterator<Item = (String, String)> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|pair| (text(&pair["Name"]), text(&pair["Value"])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Mail;

    #[test]
    fn a_send_event_carries_the_tags_and_headers_of_the_request() -> anyhow::Result<()> {
        let request = json!({
            "FromEmailAddress": "Ana <ana@mail.example.org>",
            "Destination": {"ToAddresses": ["bob@example.com"], "BccAddresses": ["eve@example.com"]},
            "ConfigurationSetName": "wend",
            "EmailTags": [{"Name": "send", "Value": "s1"}],
            "Content": {"Simple": {
                "Subject": {"Data": "Hi"},
                "Body": {"Text": {"Data": "text"}},
                "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://go.example.org/u/t>"}],
            }},
        });
        let message = Mail::read(request.to_string().as_bytes(), br#"{"MessageId": "m1"}"#)?;

        let mail = &message.sent()["mail"];

        assert_eq!(mail["messageId"], "m1");
        assert_eq!(
            mail["destination"],
            json!(["bob@example.com", "eve@example.com"])
        );
        assert_eq!(mail["tags"]["send"], json!(["s1"]));
        assert_eq!(mail["tags"]["ses:configuration-set"], json!(["wend"]));
        assert_eq!(mail["tags"]["ses:from-domain"], json!(["mail.example.org"]));
        let header = json!({"name": "List-Unsubscribe", "value": "<https://go.example.org/u/t>"});
        assert_eq!(
            mail["headers"].as_array().and_then(|all| all.last()),
            Some(&header)
        );
        Ok(())
    }

    #[test]
    fn a_delivery_event_names_the_recipients() -> anyhow::Result<()> {
        let request = json!({"Destination": {"ToAddresses": ["bob@example.com"]}});
        let message = Mail::read(request.to_string().as_bytes(), b"{}")?;

        let event = message.delivered();

        assert_eq!(event["eventType"], "Delivery");
        assert_eq!(event["delivery"]["recipients"], json!(["bob@example.com"]));
        Ok(())
    }
}
