//! Queues that lose no message, double, delay and reorder them, and take a part of a request.

use std::time::Duration;

use wend_app::memory::{MemoryQueue, Queues};
use wend_app::ports::{ErrorClass, Outgoing, PortError, Queue, Received, SetAside};
use wend_core::send::Task;
use wend_core::time::Timestamp;

use super::{Line, error, instant};
use crate::plan::Trouble;
use crate::planted::Planted;

/// A message that comes hours late.
#[derive(Clone, Debug)]
pub struct Parked {
    /// When it comes.
    pub at: Timestamp,
    /// To which queue.
    pub queue: &'static str,
    /// Its body.
    pub body: String,
}

/// A queue with faults.
#[derive(Clone, Debug)]
pub struct SimQueue {
    pub line: Line,
    pub inner: MemoryQueue,
    pub name: &'static str,
    /// The operation's name: who sends where.
    pub operation: &'static str,
}

impl SimQueue {
    /// Takes a message as SQS may: twice, late, hours late.
    pub fn take(&self, message: Outgoing) -> Result<(), PortError> {
        let now = self.line.clock.true_now();
        let troubles = &[Trouble::Doubled, Trouble::Delayed, Trouble::Backlog];
        let trouble = {
            let mut book = self.line.book();
            book.sent_to_queue(self.name, &message.body);
            book.plan.ask(self.operation_of_messages(), troubles)
        };
        let later = |secs: u64| {
            let delay = message.delay + Duration::from_secs(secs);
            Outgoing {
                delay: delay.min(Duration::from_mins(15)),
                ..message.clone()
            }
        };
        match trouble {
            Some((Trouble::Doubled, bits)) => {
                let copy = later(bits % 200);
                self.inner.put(vec![message, copy])
            }
            Some((Trouble::Delayed, bits)) => self.inner.put(vec![later(1 + bits % 120)]),
            Some((Trouble::Backlog, bits)) => {
                let at = now
                    .plus(message.delay)
                    .plus(Duration::from_mins(10 + bits % 300));
                let body = message.body;
                self.line.book().parked.push(Parked {
                    at,
                    queue: self.name,
                    body,
                });
                Ok(())
            }
            _ => self.inner.put(vec![message]),
        }
    }

    /// Whether a message is the copy of a task whose row is `submitting`.
    fn is_submitting(&self, body: &str) -> bool {
        let Ok(Task::Send(request)) = serde_json::from_str(body) else {
            return false;
        };
        let book = self.line.book();
        let state = book.record.states.get(&request.send);
        self.operation == "put a copy back" && state == Some(&"submitting")
    }

    const fn operation_of_messages(&self) -> &'static str {
        match self.name.as_bytes() {
            b"inputs" => "message to inputs",
            b"wakes" => "message to wakes",
            b"dispatch" | b"dispatch-bulk" => "message to dispatch",
            b"webhooks" => "message to webhooks",
            _ => "message to feedback",
        }
    }
}

impl Queue for SimQueue {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let part = self
            .line
            .book()
            .plan
            .ask(self.operation, &[Trouble::Partial]);
        let planted = self.line.book().planted;
        let put = || {
            let mut messages = messages;
            if planted == Some(Planted::AddressInTask) && self.name.starts_with("dispatch") {
                for message in &mut messages {
                    message.body =
                        message
                            .body
                            .replacen('{', "{\"to\":\"canary0@example.com\",", 1);
                }
            }
            if planted == Some(Planted::AcknowledgeOnSubmitting) {
                messages.retain(|message| !self.is_submitting(&message.body));
            }
            let taken = match part {
                Some((_, bits)) => {
                    usize::try_from(bits).unwrap_or(usize::MAX) % (messages.len() + 1)
                }
                None => messages.len(),
            };
            for message in messages.drain(..taken) {
                self.take(message)?;
            }
            match part {
                Some(_) => Err(error(self.operation, ErrorClass::Ambiguous)),
                None => Ok(()),
            }
        };
        let answer = self.line.call(self.operation, put).await;
        if planted == Some(Planted::PublishSwallowsErrors) && self.operation == "publish an outcome"
        {
            return Ok(());
        }
        answer
    }
}

/// Where poison goes, with faults.
#[derive(Clone, Debug)]
pub struct SimAside {
    pub line: Line,
    pub inner: Queues,
}

impl SetAside for SimAside {
    async fn set_aside(&self, message: &Received, reason: &str) -> Result<(), PortError> {
        let put = || {
            self.line.book().reach("set aside: poison");
            instant(self.inner.set_aside(message, reason))
        };
        self.line.call("set aside", put).await
    }
}
