//! SES.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::operation::send_email::SendEmailInput;
use aws_sdk_sesv2::types::{
    Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag, SendQuota,
};
use aws_smithy_types::error::operation::BuildError;
use wend_app::ports::{Mail, Mailer, PortError, Submitted};
use wend_core::identity::IdentitySecret;
use wend_core::pace::{Account, Rate};

use crate::error::port_error;
use crate::settings;
use crate::submitted::{FAULT_PAUSE, NotTaken, classify};

/// Sends through SES, one request a message, never repeated.
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    configuration_set: Option<String>,
    secret: IdentitySecret,
}

impl SesMailer {
    /// A mailer without retries, whose one attempt takes half of the function's timeout at most, so that the row is settled by
    /// whoever claimed it. `configuration_set` makes SES publish events; without one, it publishes none of ours.
    pub fn new(
        config: &SdkConfig,
        configuration_set: Option<String>,
        secret: IdentitySecret,
        function_timeout: Duration,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_timeout(function_timeout / 2)
            .build();
        let config = aws_sdk_sesv2::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        // The local AWS puts a front before SES, and only before SES.
        let config = match settings::text("AWS_ENDPOINT_URL_SESV2") {
            Ok(endpoint) => config.endpoint_url(endpoint),
            Err(_) => config,
        };
        Self {
            client: Client::from_conf(config.build()),
            configuration_set,
            secret,
        }
    }

    /// The request for one message.
    fn request(&self, mail: &Mail<'_>) -> Result<SendEmailInput, BuildError> {
        let message = mail.message;
        let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
        let body = Body::builder()
            .html(utf8(&message.html)?)
            .text(utf8(&message.text)?)
            .build();
        let mut simple = Message::builder()
            .subject(utf8(&message.subject)?)
            .body(body);
        for (name, value) in &message.headers {
            simple = simple.headers(MessageHeader::builder().name(*name).value(value).build()?);
        }
        let to = Destination::builder()
            .to_addresses(mail.permit.to().expose())
            .build();
        let mut input = SendEmailInput::builder()
            .from_email_address(&message.from)
            .set_reply_to_addresses(message.reply_to.clone().map(|address| vec![address]))
            .destination(to)
            .content(EmailContent::builder().simple(simple.build()).build())
            .set_configuration_set_name(self.configuration_set.clone());
        for (name, value) in mail.tags(&self.secret) {
            input = input.email_tags(MessageTag::builder().name(name).value(value).build()?);
        }
        input.build()
    }
}

impl Mailer for SesMailer {
    async fn submit(&self, mail: Mail<'_>) -> Submitted {
        let input = match self.request(&mail) {
            Ok(input) => input,
            Err(error) => {
                return Submitted::Rejected {
                    reason: error.to_string(),
                };
            }
        };
        let request = self
            .client
            .send_email()
            .set_from_email_address(input.from_email_address)
            .set_reply_to_addresses(input.reply_to_addresses)
            .set_destination(input.destination)
            .set_content(input.content)
            .set_configuration_set_name(input.configuration_set_name)
            .set_email_tags(input.email_tags);
        match request.send().await {
            Ok(answer) => Submitted::Accepted {
                provider_id: answer.message_id().unwrap_or_default().to_owned(),
            },
            Err(error) => classify(&error, not_taken),
        }
    }

    async fn account(&self) -> Result<Option<Account>, PortError> {
        let answer = self.client.get_account().send().await;
        let answer = answer.map_err(|error| port_error("read the account's quota", &error))?;
        Ok(answer.send_quota().and_then(account))
    }
}

/// What the figures say; none if they say nothing, as an emulator's may. A daily quota of -1 is none (`SendQuota` of SES's API
/// reference).
fn account(quota: &SendQuota) -> Option<Account> {
    // A sandbox or a small account may have a fraction.
    let per_1000_secs = whole(quota.max_send_rate() * 1000.0).filter(|rate| *rate > 0)?;
    Some(Account {
        rate: Rate::per(per_1000_secs.try_into().unwrap_or(u32::MAX), 1000),
        per_day: whole(quota.max24_hour_send()).filter(|per_day| *per_day > 0),
        sent: whole(quota.sent_last24_hours()).unwrap_or_default(),
    })
}

/// The whole part of a figure that is none below zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is neither negative nor infinite, and a cast saturates"
)]
fn whole(figure: f64) -> Option<u64> {
    (figure.is_finite() && figure >= 0.0).then_some(figure as u64)
}

/// What SES's error codes say of the message.
fn not_taken(code: &str, message: &str) -> NotTaken {
    match code {
        "MessageRejected" | "BadRequestException" => NotTaken::ForGood,
        "TooManyRequestsException"
        | "ThrottlingException"
        | "Throttling"
        | "LimitExceededException" => {
            if message.contains("Daily") {
                NotTaken::Today
            } else {
                NotTaken::TooFast
            }
        }
        _ => NotTaken::For(FAULT_PAUSE),
    }
}
