//! What all queue consumers share: one message's failure is its own.

use std::any::Any;

use crate::ports::{Received, SetAside};

/// What becomes of a received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is done with: the queue may forget it.
    Acknowledge,
    /// Something it needs is out of reach: the queue shall deliver it again.
    Retry,
    /// It can never be worked on as it is, for this reason. Its redrive after a fix works.
    Poison(String),
}

/// Turns outcomes into the deliveries that the queue must repeat. Poison is set aside first; where even that fails, the queue
/// repeats it too.
pub async fn settle<A: SetAside>(aside: &A, outcomes: Vec<(&Received, Done)>) -> Vec<String> {
    let mut failed = Vec::new();
    for (message, done) in outcomes {
        match done {
            Done::Acknowledge => {}
            Done::Retry => failed.push(message.id.clone()),
            Done::Poison(reason) => {
                tracing::error!(
                    message = message.id,
                    queue = message.queue,
                    reason,
                    "set aside"
                );
                if let Err(error) = aside.set_aside(message, &reason).await {
                    tracing::error!(message = message.id, %error, "could not be set aside");
                    failed.push(message.id.clone());
                }
            }
        }
    }
    failed
}

/// The words of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a bug: panicked with `{}`", text.unwrap_or_default())
}
