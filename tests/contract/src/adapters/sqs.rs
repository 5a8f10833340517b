//! The adapters for SQS, on the emulator.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use serde_json::json;
use wend_app::ports::{ErrorClass, Received};
use wend_aws::sqs::{DeadLetters, SqsQueue};

use super::{emulator, refusal};
use crate::kit::{FailingQueues, QueueKit, RECEIVES_MAX, VISIBILITY};

/// More than the emulator may be late.
const SLACK: Duration = Duration::from_millis(300);
/// Each contract has queues of its own.
static STARTED: AtomicU32 = AtomicU32::new(0);

pub struct SqsQueues {
    client: Client,
    url: String,
    dlq_url: String,
    name: String,
    queue: SqsQueue,
    aside: DeadLetters,
}

impl SqsQueues {
    async fn messages(&self, url: &str) -> Vec<Message> {
        let request = self.client.receive_message().queue_url(url);
        let request = request.max_number_of_messages(10).wait_time_seconds(0);
        let request = request.message_attribute_names("All");
        request.send().await.unwrap().messages.unwrap_or_default()
    }
}

async fn create(
    client: &Client,
    name: &str,
    attributes: &[(QueueAttributeName, String)],
) -> String {
    let mut request = client.create_queue().queue_name(name);
    for (name, value) in attributes {
        request = request.attributes(name.clone(), value);
    }
    request.send().await.unwrap().queue_url.unwrap()
}

impl QueueKit for SqsQueues {
    type Queue = SqsQueue;
    type Aside = DeadLetters;

    async fn start() -> Self {
        let client = Client::new(&refusal::config(emulator::endpoint()));
        let name = format!("contract-{}", STARTED.fetch_add(1, Ordering::Relaxed));
        let dlq_url = create(&client, &format!("{name}-dlq"), &[]).await;
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{name}-dlq");
        let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_MAX });
        let attributes = [
            (
                QueueAttributeName::VisibilityTimeout,
                VISIBILITY.as_secs().to_string(),
            ),
            (QueueAttributeName::RedrivePolicy, redrive.to_string()),
        ];
        let url = create(&client, &name, &attributes).await;
        Self {
            queue: SqsQueue::new(client.clone(), url.clone()),
            aside: DeadLetters::new(client.clone(), [(url.clone(), dlq_url.clone())]),
            client,
            url,
            dlq_url,
            name,
        }
    }

    fn queue(&self) -> &SqsQueue {
        &self.queue
    }

    fn aside(&self) -> &DeadLetters {
        &self.aside
    }

    async fn receive(&self) -> Vec<Received> {
        let messages = self.messages(&self.url).await.into_iter();
        let received = messages.map(|message| Received {
            id: message.receipt_handle.unwrap(),
            queue: self.name.clone(),
            body: message.body.unwrap(),
        });
        received.collect()
    }

    async fn acknowledge(&self, messages: &[Received]) {
        for message in messages {
            let request = self.client.delete_message().queue_url(&self.url);
            request.receipt_handle(&message.id).send().await.unwrap();
        }
    }

    async fn dead_letters(&self) -> Vec<(String, Option<String>)> {
        let messages = self.messages(&self.dlq_url).await.into_iter();
        let letters = messages.map(|message| {
            let attributes = message.message_attributes.unwrap_or_default();
            let reason = attributes.get("reason");
            let reason = reason.and_then(|reason| reason.string_value.clone());
            (message.body.unwrap(), reason)
        });
        letters.collect()
    }

    async fn pass(&self, duration: Duration) {
        tokio::time::sleep(duration + SLACK).await;
    }
}

/// An SQS that refuses everything.
pub struct RefusingSqs;

impl FailingQueues for RefusingSqs {
    type Queue = SqsQueue;
    type Aside = DeadLetters;

    async fn start() -> Self {
        Self
    }

    async fn failing(&self, class: ErrorClass) -> (SqsQueue, DeadLetters) {
        let endpoint = refusal::start(class, &[]).await;
        let client = Client::new(&refusal::config(&endpoint));
        let url = format!("{endpoint}/1/queue");
        let queue = SqsQueue::new(client.clone(), url.clone());
        (queue, DeadLetters::new(client, [(url.clone(), url)]))
    }
}
