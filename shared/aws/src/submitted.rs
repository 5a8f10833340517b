//! What a provider's failed answer says about the message, the same for every channel.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use wend_app::ports::Submitted;

use crate::error::words;

/// Over the account's rate: the second is full.
const RATE_PAUSE: Duration = Duration::from_secs(2);
/// The account or the configuration is at fault: somebody must mend it, nothing may be lost meanwhile.
pub(crate) const FAULT_PAUSE: Duration = Duration::from_mins(2);

/// What a provider says of a message that it did not take.
pub(crate) enum NotTaken {
    /// It never will.
    ForGood,
    /// The same message may be tried again after this time.
    For(Duration),
    /// Messages come too fast.
    TooFast,
    /// Nor any other one, until the provider's window of a day has moved on.
    Today,
}

/// What a failed request means. Only an answer below 500, whose code and message `not_taken` reads, and a request that
/// certainly was not sent are certain; everything else is ambiguous.
pub(crate) fn classify<E: ProvideErrorMetadata + std::fmt::Debug>(
    error: &SdkError<E, HttpResponse>,
    not_taken: impl FnOnce(&str, &str) -> NotTaken,
) -> Submitted {
    let reason = words(error);
    let answer = match error {
        SdkError::ServiceError(context) if context.raw().status().as_u16() < 500 => {
            let error = context.err();
            let code = error.code().unwrap_or_default();
            not_taken(code, error.message().unwrap_or_default())
        }
        SdkError::ConstructionFailure(_) => NotTaken::ForGood,
        _ if is_never_connected(error) => NotTaken::For(FAULT_PAUSE),
        _ => return Submitted::Ambiguous { reason },
    };
    match answer {
        NotTaken::ForGood => Submitted::Rejected { reason },
        NotTaken::For(retry_after) => Submitted::NotTaken {
            reason,
            retry_after,
        },
        NotTaken::TooFast => Submitted::Throttled {
            reason,
            retry_after: RATE_PAUSE,
        },
        NotTaken::Today => Submitted::QuotaUsedUp { reason },
    }
}

/// Whether no byte was sent.
fn is_never_connected<E, R>(error: &SdkError<E, R>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .is_some_and(|error| is_refused(error)),
        _ => false,
    }
}

/// Whether the connection was refused, before a byte was sent.
fn is_refused(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}
