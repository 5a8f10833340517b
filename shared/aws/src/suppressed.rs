//! The list of addresses that SES does not write to, for the whole account.

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::SuppressionListReason;
use wend_app::ports::{AccountList, ErrorClass, Listed, ListedFor, PortError};
use wend_core::identity::EmailAddress;
use wend_core::time::Timestamp;

use crate::error::port_error;

const READ: &str = "read the account's list";
const WRITE: &str = "write the account's list";
/// Most of one answer (SES).
const PAGE: i32 = 1000;

/// The account's list.
#[derive(Clone, Debug)]
pub struct SesList {
    client: Client,
}

impl SesList {
    /// That of the account and region of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        let client = Client::new(config);
        Self { client }
    }
}

impl AccountList for SesList {
    async fn listed(
        &self,
        from: Option<String>,
    ) -> Result<(Vec<Listed>, Option<String>), PortError> {
        let request = self.client.list_suppressed_destinations().page_size(PAGE);
        let answer = request.set_next_token(from).send().await;
        let answer = answer.map_err(|error| port_error(READ, &error))?;
        let all = answer.suppressed_destination_summaries().iter();
        let all = all.filter_map(|one| {
            let at = one.last_update_time().to_millis().ok()?;
            Some(Listed {
                email: EmailAddress::parse(one.email_address())?,
                reason: match one.reason() {
                    SuppressionListReason::Complaint => ListedFor::Complaint,
                    // What SES may add is a reason not to write there, too.
                    _ => ListedFor::Bounce,
                },
                at: Timestamp::from_millis(at),
            })
        });
        Ok((all.collect(), answer.next_token().map(str::to_owned)))
    }

    async fn list(&self, email: &EmailAddress, reason: ListedFor) -> Result<(), PortError> {
        let reason = match reason {
            ListedFor::Bounce => SuppressionListReason::Bounce,
            ListedFor::Complaint => SuppressionListReason::Complaint,
        };
        let request = self.client.put_suppressed_destination();
        let request = request.email_address(email.expose()).reason(reason);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match port_error(WRITE, &error) {
                // SES says so of an account that asks too fast.
                error if error.cause.contains("TooManyRequests") => Err(PortError {
                    class: ErrorClass::Throttled,
                    ..error
                }),
                error => Err(error),
            },
        }
    }
}
