//! Exact doubles of clock, ids, queues and mailer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wend_app::ports::{
    Clock, ErrorClass, Ids, Label, Mail, Mailer, Outgoing, PortError, Queue, Received, SetAside,
    Submitted, Text, Texter,
};
use wend_core::id::{InputId, SendId};
use wend_core::time::Timestamp;

/// A clock that moves when it is told to, or when somebody sleeps.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// A clock that shows `text`, an RFC 3339 instant.
    pub fn at(text: &str) -> Self {
        let start = Timestamp::parse(text).unwrap();
        Self(Arc::new(AtomicI64::new(start.as_millis())))
    }

    /// Moves forward.
    pub fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        // Those who sleep at the same time sleep beside each other, not one after the other.
        let wakes_at = self.now().plus(duration).as_millis();
        tokio::task::yield_now().await;
        self.0.fetch_max(wakes_at, Ordering::SeqCst);
    }
}

/// Ids that count.
#[derive(Clone, Debug, Default)]
pub struct TestIds(Arc<AtomicU64>);

impl TestIds {
    /// The next number.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

impl Ids for TestIds {
    fn draw(&self) -> InputId {
        InputId::from_bytes(u128::from(self.next()).to_be_bytes())
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// What every queue is called.
pub const QUEUE: &str = "queue";

/// A queue in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryQueue {
    messages: Arc<Mutex<Vec<Outgoing>>>,
    is_failing: Arc<AtomicBool>,
}

impl MemoryQueue {
    /// Refuses what is sent next.
    pub fn fail_once(&self) {
        self.is_failing.store(true, Ordering::SeqCst);
    }

    /// Everything on the queue, delayed or not; it is empty then.
    pub fn take(&self) -> Vec<Outgoing> {
        std::mem::take(&mut *self.messages.lock().unwrap())
    }

    /// The one message on the queue.
    pub fn take_one(&self) -> Outgoing {
        let mut messages = self.take();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }
}

impl Queue for MemoryQueue {
    fn name(&self) -> &str {
        QUEUE
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        if self.is_failing.swap(false, Ordering::SeqCst) {
            return Err(PortError {
                operation: "send to a queue",
                class: ErrorClass::Ambiguous,
                cause: "told to fail".to_owned(),
            });
        }
        self.messages.lock().unwrap().extend(messages);
        Ok(())
    }
}

/// Where poison goes: bodies with reasons.
#[derive(Clone, Debug, Default)]
pub struct MemoryAside(Arc<Mutex<Vec<(String, String)>>>);

impl MemoryAside {
    /// The bodies that were set aside, with their reasons.
    pub fn all(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().clone()
    }
}

impl SetAside for MemoryAside {
    async fn set_aside(&self, message: &Received, reason: &str) -> Result<(), PortError> {
        let entry = (message.body.clone(), reason.to_owned());
        self.0.lock().unwrap().push(entry);
        Ok(())
    }
}

/// A mailer that answers as told, else accepts, and remembers every call.
#[derive(Clone, Debug, Default)]
pub struct FakeMailer {
    answers: Arc<Mutex<VecDeque<Submitted>>>,
    calls: Arc<Mutex<Vec<(SendId, String)>>>,
}

impl FakeMailer {
    /// Answers the next call so.
    pub fn answer(&self, answer: Submitted) {
        self.answers.lock().unwrap().push_back(answer);
    }

    /// The steps whose messages were submitted, in order.
    pub fn steps(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|(_, step)| step.clone()).collect()
    }

    /// The sends that were submitted, in order.
    pub fn sends(&self) -> Vec<SendId> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|(send, _)| *send).collect()
    }
}

impl FakeMailer {
    fn take(&self, label: Label<'_>) -> Submitted {
        let call = (label.send, label.step.to_owned());
        self.calls.lock().unwrap().push(call);
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or_else(|| Submitted::Accepted {
            provider_id: "fake".to_owned(),
        })
    }
}

impl Mailer for FakeMailer {
    async fn submit(&self, mail: Mail<'_>) -> Submitted {
        self.take(mail.label)
    }
}

impl Texter for FakeMailer {
    async fn text(&self, text: Text<'_>) -> Submitted {
        self.take(text.label)
    }
}

/// Bodies as a queue delivers them.
pub fn received(bodies: impl IntoIterator<Item = String>) -> Vec<Received> {
    let deliveries = bodies.into_iter().enumerate();
    let messages = deliveries.map(|(index, body)| Received {
        id: format!("delivery-{index}"),
        queue: QUEUE.to_owned(),
        body,
    });
    messages.collect()
}
