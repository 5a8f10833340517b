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

    /// Whether it went to a phone.
    pub fn is_sms(&self) -> bool {
        self.to.iter().any(|to| to.starts_with('+'))
    }

    /// What a list calls it.
    pub fn title(&self) -> &str {
        if self.is_sms() {
            self.text.lines().next().unwrap_or_default()
        } else {
            &self.subject
        }
    }

    /// The event that SES would publish when `what` happens now; a click is on the first link of the text.
    pub fn happens(&self, what: Happens) -> Value {
        let at = format!("{:.3}", now());
        let mut event = json!({ "mail": self.mail() });
        let (kind, field, mut detail) = match what {
            Happens::Delivery => return self.delivered(),
            Happens::Bounce => ("Bounce", "bounce", json!({ "bounceType": "Permanent" })),
            Happens::SoftBounce => ("Bounce", "bounce", json!({ "bounceType": "Transient" })),
            Happens::Complaint => ("Complaint", "complaint", json!({})),
            Happens::Open => ("Open", "open", json!({ "userAgent": BROWSER })),
            Happens::Click => {
                let link = self.first_link();
                (
                    "Click",
                    "click",
                    json!({ "userAgent": BROWSER, "link": link }),
                )
            }
        };
        detail["timestamp"] = json!(at);
        event["eventType"] = json!(kind);
        event[field] = detail;
        event
    }

    fn first_link(&self) -> &str {
        let words = self
            .text
            .split(|c: char| c.is_whitespace() || "<>()[]".contains(c));
        let mut links =
            words.filter(|word| word.starts_with("https://") || word.starts_with("http://"));
        links.next().unwrap_or("https://www.example.com/")
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

/// A person's mail program.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// What can be made to happen to a mail in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happens {
    /// The recipient's server takes it.
    Delivery,
    /// There is no such mailbox.
    Bounce,
    /// The mailbox is full.
    SoftBounce,
    /// It is reported as spam.
    Complaint,
    /// It is opened by a person.
    Open,
    /// Its first link is clicked by a person.
    Click,
}

impl Happens {
    /// All of them, in the order of their buttons.
    pub const ALL: [Self; 6] = [
        Self::Delivery,
        Self::Open,
        Self::Click,
        Self::SoftBounce,
        Self::Bounce,
        Self::Complaint,
    ];

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.name() == name)
    }

    /// Its name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Bounce => "bounce",
            Self::SoftBounce => "soft-bounce",
            Self::Complaint => "complaint",
            Self::Open => "open",
            Self::Click => "click",
        }
    }

    /// What its button says.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Delivery => "Simulate delivery",
            Self::Bounce => "Simulate bounce",
            Self::SoftBounce => "Simulate soft bounce",
            Self::Complaint => "Simulate complaint",
            Self::Open => "Simulate open",
            Self::Click => "Simulate click",
        }
    }

    /// What is said when it was done.
    pub const fn said(self) -> &'static str {
        match self {
            Self::Delivery => "Told: it was delivered.",
            Self::Bounce => "Told: there is no such mailbox. The address gets nothing any more.",
            Self::SoftBounce => {
                "Told: the mailbox is full. The fifth time in 30 days closes the address."
            }
            Self::Complaint => "Told: it was reported as spam. The address gets nothing any more.",
            Self::Open => "Told: a person opened it.",
            Self::Click => "Told: a person clicked its first link.",
        }
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

    use super::{Happens, Mail};

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
    fn what_happens_is_told_as_ses_tells_it() -> anyhow::Result<()> {
        let request = json!({"Destination": {"ToAddresses": ["bob@example.com"]},
            "Content": {"Simple": {"Body": {"Text": {"Data": "See (https://shop.example.com/p) or http://b.example"}}}}});
        let mail = Mail::read(request.to_string().as_bytes(), b"{}")?;
        for (what, kind, field) in [
            (Happens::Delivery, "Delivery", "delivery"),
            (Happens::Bounce, "Bounce", "bounce"),
            (Happens::SoftBounce, "Bounce", "bounce"),
            (Happens::Complaint, "Complaint", "complaint"),
            (Happens::Open, "Open", "open"),
            (Happens::Click, "Click", "click"),
        ] {
            let event = mail.happens(what);
            assert_eq!(event["eventType"], kind);
            assert!(event[field]["timestamp"].is_string(), "{event}");
            assert_eq!(Happens::named(what.name()), Some(what));
        }
        let click = mail.happens(Happens::Click);
        assert_eq!(click["click"]["link"], "https://shop.example.com/p");
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
