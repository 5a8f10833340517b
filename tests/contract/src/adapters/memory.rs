//! The adapters in memory.

use std::time::Duration;

use wend_app::memory::{
    Fault, Faults, Line, MemoryContacts, MemoryQueue, MemoryStore, QueueRules, Queues, VirtualClock,
};
use wend_app::ports::{ErrorClass, Received};
use wend_core::id::ContactKey;

use crate::draw::at;
use crate::kit::{
    FailingQueues, FailingTables, QueueKit, RECEIVES_MAX, SECRET, TableKit, VISIBILITY,
};

pub struct MemoryTables {
    store: MemoryStore,
    contacts: MemoryContacts,
}

impl TableKit for MemoryTables {
    type Tables = MemoryStore;
    type Contacts = MemoryContacts;

    async fn start() -> Self {
        let store = MemoryStore::new(VirtualClock::starting_at(at(1000)), Line::default());
        let contacts = store.contacts(SECRET);
        Self { store, contacts }
    }

    fn tables(&self) -> &MemoryStore {
        &self.store
    }

    fn contacts(&self) -> &MemoryContacts {
        &self.contacts
    }

    async fn point(&self, key: ContactKey, to: ContactKey) {
        self.store.point(key, to);
    }
}

/// Every call fails with one class.
#[derive(Debug)]
struct Always(ErrorClass);

impl Faults for Always {
    fn next(&mut self, _operation: &'static str) -> Fault {
        Fault::FailBefore(self.0)
    }
}

/// Tables and queues behind a line on which every call fails.
pub struct Failing;

impl FailingTables for Failing {
    type Tables = MemoryStore;
    type Contacts = MemoryContacts;

    async fn start() -> Self {
        Self
    }

    async fn failing(&self, class: ErrorClass) -> (MemoryStore, MemoryContacts) {
        let clock = VirtualClock::starting_at(at(1000));
        let store = MemoryStore::new(clock, Line::new(Always(class)));
        let contacts = store.contacts(SECRET);
        (store, contacts)
    }

    /// One call reads and writes.
    async fn failing_to_write(&self, class: ErrorClass) -> MemoryStore {
        FailingTables::failing(self, class).await.0
    }
}

impl FailingQueues for Failing {
    type Queue = MemoryQueue;
    type Aside = Queues;

    async fn start() -> Self {
        Self
    }

    async fn failing(&self, class: ErrorClass) -> (MemoryQueue, Queues) {
        let clock = VirtualClock::starting_at(at(1000));
        let queues = Queues::new(clock, Line::new(Always(class)));
        (queues.queue("queue", QueueRules::default()), queues)
    }
}

pub struct MemoryQueues {
    clock: VirtualClock,
    queues: Queues,
    queue: MemoryQueue,
}

impl QueueKit for MemoryQueues {
    type Queue = MemoryQueue;
    type Aside = Queues;

    async fn start() -> Self {
        let clock = VirtualClock::starting_at(at(1000));
        let queues = Queues::new(clock.clone(), Line::default());
        let rules = QueueRules {
            visibility: VISIBILITY,
            receives_max: RECEIVES_MAX,
            ..QueueRules::default()
        };
        let queue = queues.queue("queue", rules);
        Self {
            clock,
            queues,
            queue,
        }
    }

    fn queue(&self) -> &MemoryQueue {
        &self.queue
    }

    fn aside(&self) -> &Queues {
        &self.queues
    }

    async fn receive(&self) -> Vec<Received> {
        self.queue.receive(10)
    }

    async fn acknowledge(&self, messages: &[Received]) {
        self.queue.acknowledge(messages, &[]);
    }

    async fn dead_letters(&self) -> Vec<(String, Option<String>)> {
        let letters = self.queues.dead_letters().into_iter();
        let letters = letters.map(|letter| (letter.body, Some(letter.reason)));
        letters.collect()
    }

    async fn pass(&self, duration: Duration) {
        self.clock.advance_to(self.clock.true_now().plus(duration));
    }
}
