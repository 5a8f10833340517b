//! Queues as SQS has them: standard ones, with a visibility timeout, a receive count, delays and dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wend_core::due::QUEUE_DELAY_MAX;
use wend_core::time::Timestamp;

use super::faults::Line;
use super::{VirtualClock, lock};
use crate::ports::{Outgoing, PortError, Queue, Received, SetAside};

const SEND: &str = "send to a queue";
const SET_ASIDE: &str = "set aside";
/// Largest message (SQS).
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How a queue treats its messages.
#[derive(Clone, Copy, Debug)]
pub struct QueueRules {
    /// How long a received message stays hidden.
    pub visibility: Duration,
    /// How often a message is received before it becomes a dead letter.
    pub receives_max: u32,
    /// How long a message is kept.
    pub retention: Duration,
}

impl Default for QueueRules {
    /// As `template.yaml` has them for most queues.
    fn default() -> Self {
        Self {
            visibility: Duration::from_mins(2),
            receives_max: 20,
            retention: Duration::from_hours(14 * 24),
        }
    }
}

/// A message that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue that it came from.
    pub queue: String,
    /// Its body, unchanged.
    pub body: String,
    /// Why.
    pub reason: String,
}

/// All queues of a deployment. Clones share them.
#[derive(Clone, Debug)]
pub struct Queues {
    all: Arc<Mutex<All>>,
    line: Line,
    clock: VirtualClock,
}

#[derive(Debug, Default)]
struct All {
    queues: BTreeMap<&'static str, OneQueue>,
    dead: Vec<DeadLetter>,
    numbered: u64,
}

#[derive(Debug, Default)]
struct OneQueue {
    rules: QueueRules,
    messages: BTreeMap<u64, Message>,
    by_time: BTreeSet<(Timestamp, u64)>,
}

#[derive(Debug)]
struct Message {
    body: String,
    sent_at: Timestamp,
    visible_at: Timestamp,
    receives: u32,
}

impl OneQueue {
    fn put(&mut self, number: u64, message: Message) {
        self.by_time.insert((message.visible_at, number));
        self.messages.insert(number, message);
    }

    fn take(&mut self, number: u64) -> Option<Message> {
        let message = self.messages.remove(&number)?;
        self.by_time.remove(&(message.visible_at, number));
        Some(message)
    }

    /// The first message that is visible at `now`.
    fn first_visible(&self, now: Timestamp) -> Option<u64> {
        let (visible_at, number) = self.by_time.first()?;
        (*visible_at <= now).then_some(*number)
    }
}

impl Queues {
    /// No messages yet.
    pub fn new(clock: VirtualClock, line: Line) -> Self {
        Self {
            all: Arc::default(),
            line,
            clock,
        }
    }

    /// The queue called `name`, which treats its messages by `rules` from now on.
    pub fn queue(&self, name: &'static str, rules: QueueRules) -> MemoryQueue {
        lock(&self.all).queues.entry(name).or_default().rules = rules;
        MemoryQueue {
            queues: self.clone(),
            name,
        }
    }

    /// Every dead letter, oldest first.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        lock(&self.all).dead.clone()
    }

    /// How many messages there are, hidden ones too.
    pub fn len(&self) -> usize {
        let all = lock(&self.all);
        all.queues.values().map(|queue| queue.messages.len()).sum()
    }

    /// Whether there is no message at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the next message of any queue is visible.
    pub fn next_visible(&self) -> Option<Timestamp> {
        let all = lock(&self.all);
        let firsts = all
            .queues
            .values()
            .filter_map(|queue| queue.by_time.first());
        firsts.map(|(at, _)| *at).min()
    }
}

/// One queue.
#[derive(Clone, Debug)]
pub struct MemoryQueue {
    queues: Queues,
    name: &'static str,
}

impl MemoryQueue {
    /// Up to `count` visible messages, hidden from now on. One that came too often becomes a dead letter; one that is older
    /// than the queue keeps messages is gone.
    pub fn receive(&self, count: usize) -> Vec<Received> {
        let now = self.queues.clock.true_now();
        let mut all = lock(&self.queues.all);
        let All { queues, dead, .. } = &mut *all;
        let Some(queue) = queues.get_mut(self.name) else {
            return Vec::new();
        };
        let mut batch = Vec::new();
        while batch.len() < count
            && let Some(number) = queue.first_visible(now)
            && let Some(message) = queue.take(number)
        {
            if now.since(message.sent_at) > queue.rules.retention {
                continue;
            }
            if message.receives >= queue.rules.receives_max {
                dead.push(DeadLetter {
                    queue: self.name.to_owned(),
                    body: message.body,
                    reason: "received too often".to_owned(),
                });
                continue;
            }
            batch.push(Received {
                id: number.to_string(),
                queue: self.name.to_owned(),
                body: message.body.clone(),
            });
            let hidden = Message {
                visible_at: now.plus(queue.rules.visibility),
                receives: message.receives + 1,
                ..message
            };
            queue.put(number, hidden);
        }
        batch
    }

    /// Forgets the messages of a batch but those in `failed`, which come back when their visibility timeout ends.
    pub fn acknowledge(&self, batch: &[Received], failed: &[String]) {
        let mut all = lock(&self.queues.all);
        let Some(queue) = all.queues.get_mut(self.name) else {
            return;
        };
        let done = batch.iter().filter(|message| !failed.contains(&message.id));
        for number in done.filter_map(|message| message.id.parse().ok()) {
            queue.take(number);
        }
    }

    /// Puts messages on the queue, all or none.
    pub fn put(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        if let Some(late) = messages
            .iter()
            .find(|message| message.delay > QUEUE_DELAY_MAX)
        {
            let cause = format!("DelaySeconds is {}, at most 900", late.delay.as_secs());
            return Err(PortError::invalid(SEND, cause));
        }
        let mut bodies = messages.iter().map(|message| message.body.len());
        if let Some(bytes) = bodies.find(|bytes| *bytes > BODY_BYTES_MAX) {
            let cause = format!("a body of {bytes} bytes; at most {BODY_BYTES_MAX}");
            return Err(PortError::invalid(SEND, cause));
        }
        let now = self.queues.clock.true_now();
        let mut all = lock(&self.queues.all);
        for message in messages {
            all.numbered += 1;
            let number = all.numbered;
            // SQS knows whole seconds.
            let delay = Duration::from_secs(message.delay.as_secs());
            let message = Message {
                body: message.body,
                sent_at: now,
                visible_at: now.plus(delay),
                receives: 0,
            };
            all.queues
                .entry(self.name)
                .or_default()
                .put(number, message);
        }
        Ok(())
    }
}

impl Queue for MemoryQueue {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let line = &self.queues.line;
        line.call(SEND, || self.put(messages)).await
    }
}

impl SetAside for Queues {
    async fn set_aside(&self, message: &Received, reason: &str) -> Result<(), PortError> {
        let letter = DeadLetter {
            queue: message.queue.clone(),
            body: message.body.clone(),
            reason: reason.to_owned(),
        };
        let write = || {
            let mut all = lock(&self.all);
            if !all.queues.contains_key(letter.queue.as_str()) {
                let cause = format!("queue {} has no dead-letter queue", letter.queue);
                return Err(PortError::invalid(SET_ASIDE, cause));
            }
            all.dead.push(letter);
            Ok(())
        };
        self.line.call(SET_ASIDE, write).await
    }
}
