//! A queue service that takes everything.

use serde_json::{Value, json};
use wend_aws::sqs::SqsQueue;

use super::aws::config;
use super::http::{Answer, Asked, Stub};

/// A server that answers as SQS does when it takes everything.
pub async fn sqs() -> Stub {
    Stub::start(|asked| Answer::Json(200, taken(asked))).await
}

fn taken(asked: &Asked) -> Value {
    let Some(entries) = asked.body["Entries"].as_array() else {
        return json!({ "MessageId": "m", "MD5OfMessageBody": "" });
    };
    let successful = entries
        .iter()
        .map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "" }));
    json!({ "Successful": successful.collect::<Vec<_>>(), "Failed": [] })
}

/// An SDK client of that server.
pub fn client(stub: &Stub) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(&config(&stub.url))
}

/// A queue on that server.
pub fn queue(stub: &Stub, name: &str) -> SqsQueue {
    SqsQueue::new(client(stub), format!("{}/1/{name}", stub.url))
}

/// Operation and number of messages of each request.
pub fn requests(stub: &Stub) -> Vec<(String, usize)> {
    let request = |asked: Asked| {
        let entries = asked.body["Entries"].as_array().map_or(1, Vec::len);
        (asked.headers["x-amz-target"].clone(), entries)
    };
    stub.asked().into_iter().map(request).collect()
}
