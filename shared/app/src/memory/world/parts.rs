//! What a deployment in memory is made of: the adapters, and the use cases over them.

use wend_core::due::Schedule;
use wend_core::identity::IdentitySecret;
use wend_core::pace::Rate;
use wend_core::send::SendTimes;
use wend_core::token::LinkKeys;

use super::WorldSettings;
use crate::counts::Counts;
use crate::dispatch::{Braking, Ceilings, Dispatch, Pacing, Quota};
use crate::evaluate::Evaluate;
use crate::feedback::Feedback;
use crate::links::Links;
use crate::memory::{
    Mailbox, MemoryContacts, MemoryQueue, MemoryStore, OutsideConnections, QueueRules, Queues,
    SeededIds, VirtualClock,
};
use crate::releases::Releases;
use crate::track::Track;
use crate::walk::Walk;
use crate::webhook::Webhook;

/// Dispatch messages are the timers of their sends and come back often, as in `template.yaml`.
const DISPATCH_RECEIVES_MAX: u32 = 100;

/// Tests of journeys do not wait for a provider's rate.
const SENDS_PER_SECOND: u32 = 1_000_000;

pub(super) type Evaluating = Evaluate<
    MemoryContacts,
    MemoryStore,
    MemoryQueue,
    Queues,
    MemoryStore,
    VirtualClock,
    SeededIds,
>;
pub(super) type Dispatching = Dispatch<
    MemoryStore,
    Mailbox,
    OutsideConnections,
    MemoryQueue,
    Queues,
    MemoryStore,
    VirtualClock,
    MemoryStore,
>;

pub(super) type Asking = Webhook<OutsideConnections, MemoryQueue, Queues, VirtualClock>;
pub(super) type FeedingBack =
    Feedback<MemoryStore, MemoryStore, MemoryQueue, Queues, MemoryStore, VirtualClock>;
pub(super) type Walking = Walk<MemoryStore, MemoryQueue, Queues, MemoryStore, VirtualClock>;
pub(super) type Tracking = Track<MemoryStore, MemoryQueue, MemoryStore, VirtualClock>;

/// What use cases are made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) clock: VirtualClock,
    pub(super) store: MemoryStore,
    pub(super) queues: Queues,
    pub(super) mailbox: Mailbox,
    pub(super) inputs: MemoryQueue,
    pub(super) wakes: MemoryQueue,
    pub(super) walks: MemoryQueue,
    pub(super) bulk: MemoryQueue,
    pub(super) sends: MemoryQueue,
    pub(super) marketing: MemoryQueue,
    pub(super) asks: MemoryQueue,
    pub(super) reactions: MemoryQueue,
}

impl Parts {
    pub(super) fn new(settings: &WorldSettings) -> Self {
        let clock = VirtualClock::starting_at(settings.start);
        let line = settings.line.clone();
        let queues = Queues::new(clock.clone(), line.clone());
        let rules = QueueRules::default();
        let often = QueueRules {
            receives_max: DISPATCH_RECEIVES_MAX,
            ..rules
        };
        Self {
            store: MemoryStore::new(clock.clone(), line.clone()),
            mailbox: Mailbox::new(clock.clone(), line, settings.secret.clone()),
            inputs: queues.queue("inputs", rules),
            wakes: queues.queue("wakes", rules),
            walks: queues.queue("walks", rules),
            bulk: queues.queue("bulk", rules),
            sends: queues.queue("dispatch", often),
            marketing: queues.queue("dispatch-bulk", often),
            asks: queues.queue("webhooks", rules),
            reactions: queues.queue("feedback", rules),
            queues,
            clock,
        }
    }

    pub(super) fn releases(&self) -> Releases<MemoryStore, VirtualClock> {
        Releases::new(self.store.clone(), self.clock.clone())
    }

    pub(super) fn evaluate(
        &self,
        ids: SeededIds,
        secret: IdentitySecret,
        schedule: Schedule,
    ) -> Evaluating {
        Evaluate {
            contacts: self.store.contacts(secret.clone()),
            permissions: self.store.clone(),
            entries: Counts::default(),
            dispatch: self.sends.clone(),
            dispatch_bulk: self.marketing.clone(),
            wakes: self.wakes.clone(),
            aside: self.queues.clone(),
            releases: self.releases(),
            clock: self.clock.clone(),
            ids,
            secret,
            schedule,
        }
    }

    pub(super) fn dispatch(
        &self,
        connections: OutsideConnections,
        secret: IdentitySecret,
        times: SendTimes,
    ) -> Dispatching {
        Dispatch {
            ledger: self.store.clone(),
            links: LinkKeys::first(&secret),
            provider: self.mailbox.clone(),
            connections,
            webhooks: self.asks.clone(),
            inputs: self.inputs.clone(),
            again: vec![self.sends.clone(), self.marketing.clone()],
            aside: self.queues.clone(),
            releases: self.releases(),
            clock: self.clock.clone(),
            secret,
            pace: Pacing::new(
                self.store.clone(),
                Ceilings {
                    email: Some(Rate::per(SENDS_PER_SECOND, 1)),
                    sms: Some(Rate::per(SENDS_PER_SECOND, 1)),
                },
            ),
            brakes: Braking::new(self.store.clone()),
            quota: Quota::default(),
            times,
            public_url: "https://links.example.com".to_owned(),
        }
    }

    pub(super) fn webhook(&self, systems: OutsideConnections) -> Asking {
        Webhook {
            systems,
            inputs: self.inputs.clone(),
            again: self.sends.clone(),
            aside: self.queues.clone(),
            clock: self.clock.clone(),
        }
    }

    pub(super) fn feedback(&self, secret: IdentitySecret) -> FeedingBack {
        Feedback {
            evidence: self.store.clone(),
            permissions: self.store.clone(),
            inputs: self.inputs.clone(),
            aside: self.queues.clone(),
            releases: self.releases(),
            clock: self.clock.clone(),
            secret,
        }
    }

    pub(super) fn walk(&self) -> Walking {
        Walk {
            store: self.store.clone(),
            walks: self.walks.clone(),
            bulk: self.bulk.clone(),
            aside: self.queues.clone(),
            releases: self.releases(),
            clock: self.clock.clone(),
        }
    }

    pub(super) fn track(&self, secret: IdentitySecret) -> Tracking {
        let keys = LinkKeys::first(&secret);
        Track {
            permissions: self.store.clone(),
            inputs: self.inputs.clone(),
            releases: self.releases(),
            links: Links::new(self.store.clone(), self.clock.clone(), secret, keys),
            clock: self.clock.clone(),
        }
    }
}
