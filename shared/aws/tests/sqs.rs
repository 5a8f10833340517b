//! What goes to SQS, and what its answers mean.

use std::time::Duration;

use serde_json::json;
use wend_app::ports::{ErrorClass, Outgoing, Queue, Received, SetAside};
use wend_aws::sqs::DeadLetters;

use crate::support::http::{Answer, Stub};
use crate::support::sqs;

#[tokio::test]
async fn a_message_goes_with_its_delay_and_its_group() {
    let stub = sqs::sqs().await;
    let message = |body: &str, delay: u64, group: Option<&str>| Outgoing {
        body: body.to_owned(),
        delay: Duration::from_secs(delay),
        group: group.map(str::to_owned),
    };
    let messages = vec![message("a", 0, None), message("b", 900, Some("ana"))];
    sqs::queue(&stub, "wakes").send(messages).await.unwrap();
    let [asked] = stub.asked().try_into().unwrap();
    let entries = json!([
        { "Id": "0", "MessageBody": "a" },
        { "Id": "1", "MessageBody": "b", "DelaySeconds": 900, "MessageGroupId": "ana" },
    ]);
    let url = format!("{}/1/wakes", stub.url);
    assert_eq!(asked.headers["x-amz-target"], "AmazonSQS.SendMessageBatch");
    assert_eq!(asked.body, json!({ "QueueUrl": url, "Entries": entries }));
}

#[tokio::test]
async fn one_message_that_was_not_taken_fails_the_whole_call() {
    for (sender_fault, class) in [(false, ErrorClass::Ambiguous), (true, ErrorClass::Invalid)] {
        let failed = json!({ "Id": "0", "Code": "InternalError", "SenderFault": sender_fault });
        let answer = json!({ "Successful": [], "Failed": [failed] });
        let stub = Stub::always(Answer::Json(200, answer)).await;
        let queue = sqs::queue(&stub, "inputs");
        let sent = queue.send(vec![Outgoing::now("a".to_owned())]).await;
        let error = sent.unwrap_err();
        assert_eq!(error.class, class);
        assert_eq!(error.cause, "1 of the messages: InternalError");
    }
}

#[tokio::test]
async fn poison_goes_to_the_dead_letters_of_its_queue_unchanged_with_the_reason_beside_it() {
    let stub = sqs::sqs().await;
    let pairs = ["inputs", "wakes"].map(|name| {
        let url = format!("{}/1/{name}", stub.url);
        (url.clone(), format!("{url}-dlq"))
    });
    let aside = DeadLetters::new(sqs::client(&stub), pairs);
    let message = |queue: &str| Received {
        id: "delivery".to_owned(),
        queue: queue.to_owned(),
        body: "{\"half\":".to_owned(),
    };
    aside
        .set_aside(&message("wakes"), "not an input")
        .await
        .unwrap();
    let [asked] = stub.asked().try_into().unwrap();
    let text = |text: &str| json!({ "DataType": "String", "StringValue": text });
    let attributes = json!({ "reason": text("not an input"), "queue": text("wakes") });
    let url = format!("{}/1/wakes-dlq", stub.url);
    let body =
        json!({ "QueueUrl": url, "MessageBody": "{\"half\":", "MessageAttributes": attributes });
    assert_eq!(asked.body, body);
    let unknown = aside.set_aside(&message("other"), "why").await.unwrap_err();
    assert_eq!(unknown.class, ErrorClass::Invalid);
}
