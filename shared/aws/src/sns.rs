//! SMS through SNS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_types::error::operation::BuildError;
use wend_app::ports::{Mail, Mailer, PortError, Submitted, Text, Texter};
use wend_core::identity::IdentitySecret;
use wend_core::pace::Account;

use crate::ses::SesMailer;
use crate::submitted::{FAULT_PAUSE, NotTaken, classify};

/// Texts through SNS, one request a message, never repeated.
#[derive(Clone, Debug)]
pub struct SnsTexter {
    client: Client,
}

impl SnsTexter {
    /// A texter without retries, whose one attempt takes half of the function's timeout at most, as the mailer's.
    pub fn new(config: &SdkConfig, function_timeout: Duration) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_timeout(function_timeout / 2)
            .build();
        let config = aws_sdk_sns::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        Self {
            client: Client::from_conf(config.build()),
        }
    }
}

/// A text attribute.
fn attribute(value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
}

impl Texter for SnsTexter {
    async fn text(&self, text: Text<'_>) -> Submitted {
        // A number as the sender is an origination identity, a name a sender id ("Sending an SMS message" of the SNS guide).
        let sender = if text.sms.from.starts_with('+') {
            "AWS.MM.SMS.OriginationNumber"
        } else {
            "AWS.SNS.SMS.SenderID"
        };
        let kind = if text.is_marketing {
            "Promotional"
        } else {
            "Transactional"
        };
        let attributes = attribute(&text.sms.from).and_then(|from| Ok((from, attribute(kind)?)));
        let (from, kind) = match attributes {
            Ok(attributes) => attributes,
            Err(error) => {
                let reason = error.to_string();
                return Submitted::Rejected { reason };
            }
        };
        let request = self
            .client
            .publish()
            .phone_number(text.permit.to().expose())
            .message(&text.sms.text)
            .message_attributes(sender, from)
            .message_attributes("AWS.SNS.SMS.SMSType", kind);
        match request.send().await {
            Ok(answer) => Submitted::Accepted {
                provider_id: answer.message_id().unwrap_or_default().to_owned(),
            },
            Err(error) => classify(&error, not_taken),
        }
    }
}

/// What SNS's error codes say of the message.
fn not_taken(code: &str, _message: &str) -> NotTaken {
    match code {
        // A number that opted out at the carrier is among these.
        "InvalidParameter" | "InvalidParameterValue" | "ValidationException" => NotTaken::ForGood,
        "Throttled" | "Throttling" | "ThrottlingException" => NotTaken::TooFast,
        _ => NotTaken::For(FAULT_PAUSE),
    }
}

/// Both channels.
#[derive(Clone, Debug)]
pub struct Providers {
    /// Email.
    pub mailer: SesMailer,
    /// SMS.
    pub texter: SnsTexter,
}

impl Providers {
    /// Both, for which the same holds as for [`SesMailer::new`]; two configurations, because the local AWS has two endpoints.
    pub fn new(
        (ses, sns): (&SdkConfig, &SdkConfig),
        configuration_set: Option<String>,
        secret: IdentitySecret,
        function_timeout: Duration,
    ) -> Self {
        Self {
            mailer: SesMailer::new(ses, configuration_set, secret, function_timeout),
            texter: SnsTexter::new(sns, function_timeout),
        }
    }
}

impl Mailer for Providers {
    async fn submit(&self, mail: Mail<'_>) -> Submitted {
        self.mailer.submit(mail).await
    }

    async fn account(&self) -> Result<Option<Account>, PortError> {
        self.mailer.account().await
    }
}

impl Texter for Providers {
    async fn text(&self, text: Text<'_>) -> Submitted {
        self.texter.text(text).await
    }
}
