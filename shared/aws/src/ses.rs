//! SES.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::SdkError;
use aws_sdk_sesv2::operation::send_email::{SendEmailError, SendEmailInput};
use aws_sdk_sesv2::types::{
    Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use wend_app::ports::{Mail, Mailer, Submitted};
use wend_core::identity::IdentitySecret;

use crate::error::words;
use crate::settings;

/// Over the account's rate: the second is full.
pub(crate) const RATE_PAUSE: Duration = Duration::from_secs(2);
/// Over the daily quota: the window moves slowly. As long as a queue can delay.
pub(crate) const QUOTA_PAUSE: Duration = Duration::from_mins(15);
/// The account or the configuration is at fault: somebody must mend it, nothing may be lost meanwhile.
pub(crate) const FAULT_PAUSE: Duration = Duration::from_mins(2);

/// Sends through SES, one request a message, never repeated.
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    configuration_set: String,
    secret: IdentitySecret,
}

impl SesMailer {
    /// A mailer without retries, whose one attempt takes half of the function's timeout at most, so that the row is settled by
    /// whoever claimed it. `configuration_set` makes SES publish events.
    pub fn new(
        config: &SdkConfig,
        configuration_set: String,
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
            .configuration_set_name(&self.configuration_set);
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
            Err(error) => classify(&error),
        }
    }
}

/// What a failed request means. Only what is listed is certain; everything else is ambiguous.
fn classify(error: &SdkError<SendEmailError, HttpResponse>) -> Submitted {
    let reason = words(error);
    match error {
        SdkError::ServiceError(context) if context.raw().status().as_u16() < 500 => {
            let message = context.err().message().unwrap_or_default();
            let retry_after = match context.err().code().unwrap_or_default() {
                "MessageRejected" | "BadRequestException" => return Submitted::Rejected { reason },
                "TooManyRequestsException"
                | "ThrottlingException"
                | "Throttling"
                | "LimitExceededException"
                    if message.contains("Daily") =>
                {
                    QUOTA_PAUSE
                }
                "TooManyRequestsException"
                | "ThrottlingException"
                | "Throttling"
                | "LimitExceededException" => RATE_PAUSE,
                _ => FAULT_PAUSE,
            };
            Submitted::NotTaken {
                reason,
                retry_after,
            }
        }
        SdkError::ConstructionFailure(_) => Submitted::Rejected { reason },
        _ if is_never_connected(error) => Submitted::NotTaken {
            reason,
            retry_after: FAULT_PAUSE,
        },
        _ => Submitted::Ambiguous { reason },
    }
}

/// Whether no byte was sent.
pub(crate) fn is_never_connected<E, R>(error: &SdkError<E, R>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .is_some_and(|error| is_refused(error)),
        _ => false,
    }
}

/// Whether the connection was refused, before a byte was sent.
fn is_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}
