//! SQS.

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures_util::{StreamExt, TryStreamExt, stream};
use wend_app::ports::{ErrorClass, Outgoing, PortError, Queue, Received, SetAside};

use crate::error::port_error;

/// Most messages of one request (SQS).
const BATCH: usize = 10;
/// Most bytes of one request: SQS takes 1 MiB, its envelope included.
const BATCH_BYTES: usize = 1_000_000;
/// Requests under way at the same time.
const PARALLEL: usize = 8;

/// One queue.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`.
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    async fn send_batch(&self, batch: Vec<Outgoing>) -> Result<(), PortError> {
        let entries = batch
            .into_iter()
            .enumerate()
            .map(|(id, message)| entry(id, message));
        let entries = entries.collect::<Result<Vec<_>, _>>();
        let entries = entries.map_err(|error| PortError::invalid("send to a queue", error))?;
        let request = self.client.send_message_batch().queue_url(&self.url);
        let answer = request.set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| port_error("send to a queue", &error))?;
        match answer.failed().first() {
            None => Ok(()),
            Some(failed) => Err(PortError {
                operation: "send to a queue",
                class: if failed.sender_fault() {
                    ErrorClass::Invalid
                } else {
                    ErrorClass::Ambiguous
                },
                cause: format!(
                    "{} of the messages: {}",
                    answer.failed().len(),
                    failed.code()
                ),
            }),
        }
    }
}

impl Queue for SqsQueue {
    fn name(&self) -> &str {
        queue_name(&self.url)
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let batches = stream::iter(batches(messages)).map(|batch| self.send_batch(batch));
        batches.buffer_unordered(PARALLEL).try_collect().await
    }
}

fn entry(id: usize, message: Outgoing) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let delay = i32::try_from(message.delay.as_secs()).unwrap_or(i32::MAX);
    SendMessageBatchRequestEntry::builder()
        .id(id.to_string())
        .message_body(message.body)
        .set_delay_seconds((delay > 0).then_some(delay))
        .set_message_group_id(message.group)
        .build()
}

/// Cuts messages into requests of at most ten and at most as many bytes as a request may have.
fn batches(messages: Vec<Outgoing>) -> Vec<Vec<Outgoing>> {
    let mut batches: Vec<Vec<Outgoing>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        let size = message.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + size <= BATCH_BYTES => {
                bytes += size;
                batch.push(message);
            }
            _ => {
                bytes = size;
                batches.push(vec![message]);
            }
        }
    }
    batches
}

/// The dead-letter queues of the queues that a function reads.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    client: Client,
    by_queue: BTreeMap<String, String>,
}

impl DeadLetters {
    /// Pairs of a queue's URL and its dead-letter queue's.
    pub fn new(client: Client, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(queue, dlq)| (queue_name(&queue).to_owned(), dlq));
        Self {
            client,
            by_queue: pairs.collect(),
        }
    }
}

/// A queue's name: the last part of its URL or ARN.
pub fn queue_name(url_or_arn: &str) -> &str {
    url_or_arn.rsplit(['/', ':']).next().unwrap_or_default()
}

impl SetAside for DeadLetters {
    async fn set_aside(&self, message: &Received, reason: &str) -> Result<(), PortError> {
        let url = self.by_queue.get(&message.queue).ok_or_else(|| {
            PortError::invalid(
                "set aside",
                format!("queue {} has no dead-letter queue", message.queue),
            )
        })?;
        let attribute = |text: &str| {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(text);
            value
                .build()
                .map_err(|error| PortError::invalid("set aside", error))
        };
        let reason: String = reason.chars().take(1000).collect();
        let request = self
            .client
            .send_message()
            .queue_url(url)
            .message_body(&message.body);
        request
            .message_attributes("reason", attribute(&reason)?)
            .message_attributes("queue", attribute(&message.queue)?)
            .send()
            .await
            .map_err(|error| port_error("set aside", &error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_messages_are_one_request_and_a_megabyte_is_not_exceeded() {
        let message = |bytes: usize| Outgoing::now("x".repeat(bytes));
        let sizes = |messages| batches(messages).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![message(10); 10]), [10]);
        assert_eq!(sizes(vec![message(10); 21]), [10, 10, 1]);
        assert_eq!(sizes(vec![message(300_000); 7]), [3, 3, 1]);
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }

    #[test]
    fn a_queue_is_named_alike_in_url_and_arn() {
        assert_eq!(
            queue_name("https://sqs.eu-west-1.amazonaws.com/1/inputs"),
            "inputs"
        );
        assert_eq!(queue_name("arn:aws:sqs:eu-west-1:1:inputs"), "inputs");
    }
}
