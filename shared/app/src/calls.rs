//! How a call ends, wherever it was made: the answer goes to the run, or the call comes again.
//!
//! The dispatch message is the call's timer. Who cannot make a call puts it back on the dispatch queue with a delay: there it is read
//! again who is still there and what is halted, before anything leaves. An answer is keyed by the call's id, so that only the first
//! one counts.

use std::time::Duration;

use wend_core::input::{Answer, AnswerResult, Input};
use wend_core::personal::Personal;
use wend_core::send::{CallKind, CallRequest, Task};
use wend_core::time::Timestamp;
use wend_core::webhook::next_try;

use crate::inputs;
use crate::ports::{Called, Outgoing, PortError, Queue};

/// Tells the run, or puts the call back.
pub(crate) async fn conclude<Q: Queue>(
    request: &CallRequest,
    called: Called,
    (inputs, again): (&Q, &Q),
    now: Timestamp,
) -> Result<(), PortError> {
    let result = match called {
        Called::Done(value) => AnswerResult::Done(Personal::new(value)),
        Called::Failed { reason } => AnswerResult::Failed { reason },
        Called::NotNow {
            reason,
            retry_after,
        } => {
            let age = now.since(request.requested_at);
            if let Some(delay) = next_try(request.call, age, retry_after) {
                let secs = delay.as_secs();
                tracing::warn!(call = %request.call, reason, secs, "will be tried again");
                return put_back(request, again, delay).await;
            }
            AnswerResult::Failed { reason }
        }
    };
    if let AnswerResult::Failed { reason } = &result {
        tracing::error!(call = %request.call, step = request.step, reason, "failed for good");
    }
    // Nobody waits for an alert.
    if matches!(request.kind, CallKind::Alert { .. }) {
        return Ok(());
    }
    let answer = Answer {
        contact: request.contact,
        enrollment: request.enrollment,
        call: request.call,
        at: now,
        result,
    };
    let input = Input::Answer(Box::new(answer));
    inputs::publish(inputs, request.contact, [input], now).await
}

/// Puts a call on the dispatch queue, to be made after `delay`.
pub(crate) async fn put_back<Q: Queue>(
    request: &CallRequest,
    again: &Q,
    delay: Duration,
) -> Result<(), PortError> {
    let body = serde_json::to_string(&Task::Call(Box::new(request.clone())));
    let body = body.map_err(|error| PortError::invalid("put a call back", error))?;
    let copy = Outgoing {
        body,
        delay,
        group: Some(request.journey.clone()),
    };
    again.send(vec![copy]).await
}
