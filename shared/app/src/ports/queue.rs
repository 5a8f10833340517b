//! Queues.

use std::future::Future;
use std::time::Duration;

use super::PortError;

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The body, JSON; at most 1 MiB, and [`ErrorClass::Invalid`](super::ErrorClass::Invalid) if it is more.
    pub body: String,
    /// How long it stays hidden first; at most 15 minutes.
    pub delay: Duration,
    /// Whose turn it takes: a queue serves groups fairly, so that a bot starves only itself.
    pub group: Option<String>,
}

impl Outgoing {
    /// A message that is visible at once.
    pub fn now(body: String) -> Self {
        Self {
            body,
            delay: Duration::ZERO,
            group: None,
        }
    }
}

/// A message that was received and is hidden from others until it is acknowledged or its visibility timeout ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The delivery's id, by which a failure is reported.
    pub id: String,
    /// The queue it came from, as the adapter names it.
    pub queue: String,
    /// The body.
    pub body: String,
}

/// A queue that messages are put on.
pub trait Queue: Send + Sync {
    /// Its name, as [`Received::queue`] has it.
    fn name(&self) -> &str;

    /// Sends all messages, ten a request. After success the queue has every one. After a failure it may have any of them:
    /// whoever repeats the call sends some twice.
    fn send(&self, messages: Vec<Outgoing>) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Where messages go that cannot be worked on.
pub trait SetAside: Send + Sync {
    /// Puts `message` on the dead-letter queue of the queue it came from, unchanged, with the reason beside it. After a
    /// failure it may be there: the message is then set aside twice, never lost. A queue that has no dead-letter queue here is
    /// `Invalid`.
    fn set_aside(
        &self,
        message: &Received,
        reason: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
