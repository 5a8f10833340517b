//! Calls other systems over HTTP, with nothing but the finished requests that `dispatch` hands on.
//!
//! It can read neither contacts nor releases: whoever talks to strangers knows nothing worth stealing. A call that cannot be made
//! goes back to `dispatch` with a delay, which prepares it anew from what is known then.

mod http;

use futures_util::future::join_all;
use wend_core::webhook::HttpCall;

pub use http::HttpSystems;

use crate::batch::{self, Done};
use crate::calls;
use crate::ports::{Clock, Queue, Received, SetAside, Systems};

/// Calls other systems.
#[derive(Debug)]
pub struct Webhook<H, Q, A, C> {
    /// The systems.
    pub systems: H,
    /// Where answers go.
    pub inputs: Q,
    /// Where calls go that must wait: the queue of `dispatch`.
    pub again: Q,
    /// Where poison goes.
    pub aside: A,
    /// The clock.
    pub clock: C,
}

impl<H: Systems, Q: Queue, A: SetAside, C: Clock> Webhook<H, Q, A, C> {
    /// Makes the calls of a batch side by side, and names the deliveries that the queue must repeat.
    pub async fn batch(&self, messages: &[Received]) -> Vec<String> {
        let work = messages.iter().map(async |message| {
            let call = match serde_json::from_str::<HttpCall>(&message.body) {
                Ok(call) => call,
                // The words of the parser repeat nothing of the body but the names of its own fields.
                Err(error) => return (message, Done::Poison(format!("not a call: {error}"))),
            };
            let called = self.systems.ask(&call).await;
            let queues = (&self.inputs, &self.again);
            let now = self.clock.now();
            let done = match calls::conclude(&call.request, called, queues, now).await {
                Ok(()) => Done::Acknowledge,
                Err(error) => {
                    tracing::warn!(%error, "the call will be made again");
                    Done::Retry
                }
            };
            (message, done)
        });
        let outcomes = join_all(work).await;
        batch::settle(&self.aside, outcomes).await
    }
}

#[cfg(test)]
mod tests;
