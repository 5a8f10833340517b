//! How an input goes on the queue.

use wend_core::id::ContactKey;
use wend_core::input::{Envelope, Input};
use wend_core::time::Timestamp;

use crate::ports::{Outgoing, PortError, Queue};

/// Puts what moves `contact` on the queue of inputs, as accepted `now`.
pub(crate) async fn publish<Q: Queue>(
    queue: &Q,
    contact: ContactKey,
    inputs: impl IntoIterator<Item = Input>,
    now: Timestamp,
) -> Result<(), PortError> {
    let outgoing = inputs.into_iter().map(|input| {
        let accepted_at = now;
        let body = serde_json::to_string(&Envelope { accepted_at, input });
        let body = body.map_err(|error| PortError::invalid("publish an input", error))?;
        let group = Some(contact.to_string());
        Ok(Outgoing {
            group,
            ..Outgoing::now(body)
        })
    });
    let outgoing: Vec<Outgoing> = outgoing.collect::<Result<_, PortError>>()?;
    if outgoing.is_empty() {
        return Ok(());
    }
    queue.send(outgoing).await
}
