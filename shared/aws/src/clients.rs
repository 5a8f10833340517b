//! SDK clients.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedAsyncSleep, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;

use crate::settings::{self, SettingsError};

/// A connection within one region takes milliseconds; a second is already a failure.
const CONNECT: Duration = Duration::from_secs(2);
/// One attempt of a call to DynamoDB or SQS.
const ATTEMPT: Duration = Duration::from_secs(4);

/// A function's configuration, for calls that may be repeated: every write to DynamoDB is conditional or the same each time, and every
/// consumer of a queue knows a message that comes twice.
///
/// Lambda gives region and credentials in the environment and nowhere else, so nothing else is looked at: that leaves the profile,
/// SSO, STS and metadata clients out of the binary. `AWS_ENDPOINT_URL` leads to an emulator.
pub fn lambda_config() -> Result<SdkConfig, SettingsError> {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings::text("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    Ok(match settings::text("AWS_ENDPOINT_URL") {
        Ok(endpoint) => config.endpoint_url(endpoint).build(),
        Err(_) => config.build(),
    })
}

/// A person's configuration: profiles, SSO and all else that the SDK looks at.
pub async fn config() -> SdkConfig {
    let config = aws_config::defaults(BehaviorVersion::latest());
    config.timeout_config(timeouts()).load().await
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .build()
}

/// The configuration for an emulator on this machine.
pub fn local_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .endpoint_url(endpoint)
        .build()
}

/// A DynamoDB client for an emulator on this machine.
pub fn local_dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&local_config(endpoint))
}
