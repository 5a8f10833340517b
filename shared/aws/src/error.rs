//! SDK errors as port errors.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use wend_app::ports::{ErrorClass, PortError, Settled};

/// Codes that say "too many": nothing was done.
const THROTTLES: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "ThrottlingError",
];

/// What `error` means for whoever asked for `operation`.
pub(crate) fn port_error<E: ProvideErrorMetadata + std::fmt::Debug>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> PortError {
    let class = match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            match context.err().code().unwrap_or_default() {
                code if THROTTLES.contains(&code) => ErrorClass::Throttled,
                "TransactionConflictException" | "TransactionInProgressException" => {
                    ErrorClass::Conflict
                }
                _ if status >= 500 => ErrorClass::Ambiguous,
                _ => ErrorClass::Invalid,
            }
        }
        SdkError::ConstructionFailure(_) => ErrorClass::Invalid,
        _ => ErrorClass::Ambiguous,
    };
    PortError {
        operation,
        class,
        cause: words(error),
    }
}

/// What became of a conditional write: done, or lost because its condition did not hold.
pub(crate) fn settled<T, E: ProvideErrorMetadata + std::fmt::Debug>(
    operation: &'static str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Settled, PortError> {
    let Err(error) = answer else {
        return Ok(Settled::Done);
    };
    let code = error.as_service_error().and_then(E::code);
    if code == Some("ConditionalCheckFailedException") {
        Ok(Settled::Lost)
    } else {
        Err(port_error(operation, &error))
    }
}

/// The service's code and message, or what kept the request from an answer. SDK errors show no request bodies, so no
/// personal data.
pub(crate) fn words<E: ProvideErrorMetadata + std::fmt::Debug>(
    error: &SdkError<E, HttpResponse>,
) -> String {
    match error {
        SdkError::ServiceError(context) => {
            let error = context.err();
            let status = context.raw().status().as_u16();
            let code = error.code().unwrap_or("no code");
            format!(
                "{code} ({status}): {}",
                error.message().unwrap_or("no message")
            )
        }
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => chain(error),
            None => "the request could not be sent".to_owned(),
        },
        SdkError::ResponseError(_) => "the answer could not be read".to_owned(),
        SdkError::ConstructionFailure(_) => "the request could not be built".to_owned(),
        _ => "unknown failure".to_owned(),
    }
}

/// An error and what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
