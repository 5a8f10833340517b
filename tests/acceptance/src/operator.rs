//! What an operator does with AWS's own tools, on the local AWS: looks at queues, redrives them, pauses consumers, starts functions.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::{Method, Request};

use crate::client::Client;

/// Longer than any function may take.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Calls to the emulator.
#[derive(Clone, Debug)]
pub struct Operator {
    url: String,
    agent: ureq::Agent,
}

/// Names a queue of the stack: the physical name holds the logical one.
pub const DEAD_LETTERS: [(&str, &str); 6] = [
    ("InputsQueue", "InputsDlq"),
    ("WakesQueue", "WakesDlq"),
    ("BulkQueue", "BulkDlq"),
    ("DispatchQueue", "DispatchDlq"),
    ("DispatchBulkQueue", "DispatchBulkDlq"),
    ("FeedbackQueue", "FeedbackDlq"),
];

impl Operator {
    pub fn of(client: &Client) -> Result<Self> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(0)
            .timeout_global(Some(TIMEOUT));
        let url = client.address.emulator.clone();
        Ok(Self {
            url: url.context("this stack has no AWS")?,
            agent: config.build().into(),
        })
    }

    fn call(
        &self,
        method: &Method,
        service: &str,
        path: &str,
        target: Option<&str>,
        body: &Value,
    ) -> Result<(u16, Value)> {
        let scope = format!("test/20260101/us-east-1/{service}/aws4_request");
        let signed =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        request = request.header("authorization", signed);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
            request = request.header("content-type", "application/x-amz-json-1.0");
        }
        let answer = if *method == Method::GET {
            self.agent.run(request.body(())?)
        } else {
            self.agent.run(request.body(body.to_string())?)
        };
        let (head, mut body) = answer.with_context(|| path.to_owned())?.into_parts();
        let body = body.read_to_string().context("the answer broke off")?;
        let answer = serde_json::from_str(&body).unwrap_or(Value::Null);
        Ok((head.status.as_u16(), answer))
    }

    fn sqs(&self, action: &str, body: &Value) -> Result<Value> {
        let target = format!("AmazonSQS.{action}");
        let (status, answer) = self.call(&Method::POST, "sqs", "/", Some(&target), body)?;
        ensure!(status == 200, "{action}: {status} {answer}");
        Ok(answer)
    }

    /// The one queue whose name holds `name`.
    fn queue(&self, name: &str) -> Result<String> {
        let listed = self.sqs("ListQueues", &json!({}))?;
        let urls = listed["QueueUrls"].as_array().into_iter().flatten();
        let found = urls.filter_map(Value::as_str).find(|url| {
            let own = url.rsplit('/').next().unwrap_or_default();
            own.split('-').any(|part| part == name)
        });
        Ok(found
            .with_context(|| format!("no queue {name} in {listed}"))?
            .to_owned())
    }

    /// An attribute of a queue.
    pub fn attribute(&self, queue: &str, name: &str) -> Result<String> {
        let url = self.queue(queue)?;
        let body = json!({ "QueueUrl": url, "AttributeNames": [name] });
        let answer = self.sqs("GetQueueAttributes", &body)?;
        let value = answer["Attributes"][name].as_str();
        Ok(value
            .with_context(|| format!("{queue} has no {name}: {answer}"))?
            .to_owned())
    }

    /// Puts a message on a queue.
    pub fn send(&self, queue: &str, body: &str) -> Result<()> {
        let body = json!({ "QueueUrl": self.queue(queue)?, "MessageBody": body });
        self.sqs("SendMessage", &body).map(drop)
    }

    pub fn set_attributes(&self, queue: &str, attributes: &BTreeMap<&str, String>) -> Result<()> {
        let body = json!({ "QueueUrl": self.queue(queue)?, "Attributes": attributes });
        self.sqs("SetQueueAttributes", &body).map(drop)
    }

    /// Puts every message of a dead-letter queue back, unchanged, as `StartMessageMoveTask` does, which the emulator lacks; returns
    /// how many.
    pub fn redrive(&self, queue: &str, dead_letters: &str) -> Result<usize> {
        let (from, to) = (self.queue(dead_letters)?, self.queue(queue)?);
        let receive = json!({
            "QueueUrl": from,
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": 300,
            "MessageAttributeNames": ["All"],
        });
        let mut moved = 0;
        loop {
            let mut answer = self.sqs("ReceiveMessage", &receive)?;
            let Value::Array(messages) = answer["Messages"].take() else {
                return Ok(moved);
            };
            for message in messages {
                let attributes = match &message["MessageAttributes"] {
                    Value::Null => json!({}),
                    attributes => attributes.clone(),
                };
                let body = json!({ "QueueUrl": to, "MessageBody": message["Body"], "MessageAttributes": attributes });
                self.sqs("SendMessage", &body)?;
                let receipt = &message["ReceiptHandle"];
                let body = json!({ "QueueUrl": from, "ReceiptHandle": receipt });
                self.sqs("DeleteMessage", &body)?;
                moved += 1;
            }
        }
    }

    /// Lets the function behind a queue read it, or not.
    pub fn consume(&self, queue: &str, is_on: bool) -> Result<()> {
        const PATH: &str = "/2015-03-31/event-source-mappings/";
        let arn = self.attribute(queue, "QueueArn")?;
        let (_, listed) = self.call(&Method::GET, "lambda", PATH, None, &Value::Null)?;
        let mut mappings = listed["EventSourceMappings"]
            .as_array()
            .into_iter()
            .flatten();
        let mapping = mappings.find(|mapping| mapping["EventSourceArn"] == arn);
        let id = mapping.and_then(|mapping| mapping["UUID"].as_str());
        let path = format!(
            "{PATH}{}",
            id.with_context(|| format!("nobody reads {queue}"))?
        );
        let body = json!({ "Enabled": is_on });
        let (status, answer) = self.call(&Method::PUT, "lambda", &path, None, &body)?;
        ensure!(status / 100 == 2, "{path}: {status} {answer}");
        Ok(())
    }

    /// Starts a function as its schedule would; what it answers, be it an error, is not looked at.
    pub fn invoke(&self, function: &str) -> Result<()> {
        const PATH: &str = "/2015-03-31/functions/";
        let (_, listed) = self.call(&Method::GET, "lambda", PATH, None, &Value::Null)?;
        let all = listed["Functions"].as_array().into_iter().flatten();
        let mut names = all.filter_map(|one| one["FunctionName"].as_str());
        let name = names.find(|name| name.contains(function));
        let name = name.with_context(|| format!("no function {function}"))?;
        let path = format!("{PATH}{name}/invocations");
        self.call(&Method::POST, "lambda", &path, None, &json!({}))
            .map(drop)
    }
}
