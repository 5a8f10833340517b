//! The use cases, wired over the simulation's ports.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wend_app::counts::Counts;
use wend_app::dispatch::{Braking, Ceilings, Dispatch, Drawing, Pacing, Quota};
use wend_app::evaluate::Evaluate;
use wend_app::feedback::Feedback;
use wend_app::links::Links;
use wend_app::memory::{
    Line as ExactLine, Mailbox, MemoryQueue, MemoryStore, OutsideConnections, QueueRules, Queues,
    SeededIds, VirtualClock, Willing,
};
use wend_app::ports::Pools;
use wend_app::releases::Releases;
use wend_app::sweep::Sweep;
use wend_app::track::Track;
use wend_app::webhook::Webhook;
use wend_core::coupons::Code;
use wend_core::due::Schedule;
use wend_core::identity::IdentitySecret;
use wend_core::pace::Rate;
use wend_core::send::SendTimes;
use wend_core::time::Timestamp;
use wend_core::token::LinkKeys;

use crate::book::Book;
use crate::ports::{
    Line, SimAside, SimClock, SimContacts, SimMailer, SimOutside, SimQueue, SimStore, instant,
};
use crate::scenario::Scenario;

/// How far the sweep looks ahead.
pub const LOOK_AHEAD: Duration = Duration::from_mins(10);
/// What is as late as this is sent again.
pub const OVERDUE: Duration = Duration::from_mins(5);
/// Up to here `evaluate` sends a wake itself.
const BOUNDARY: Duration = Duration::from_mins(15);
/// Timeout of `evaluate` and `dispatch`, as in `template.yaml`.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(20);

pub type Evaluating =
    Evaluate<SimContacts, SimStore, SimQueue, SimAside, SimStore, SimClock, SeededIds>;
type Pooled = Drawing<SimStore, SimStore, SimClock, SimOutside>;
pub type Dispatching =
    Dispatch<SimStore, SimMailer, Pooled, SimQueue, SimAside, SimStore, SimClock, SimStore>;

pub type Asking = Webhook<SimOutside, SimQueue, SimAside, SimClock>;
pub type FeedingBack = Feedback<SimStore, SimStore, SimQueue, SimAside, SimStore, SimClock>;
pub type Tracking = Track<SimStore, SimQueue, SimStore, SimClock>;

/// A deployment: tables, queues, providers, and two sandboxes of each function that writes.
#[derive(Debug)]
pub struct Deployment {
    pub clock: VirtualClock,
    pub line: Line,
    pub secret: IdentitySecret,
    pub store: MemoryStore,
    pub queues: Queues,
    pub mailbox: Mailbox,
    /// The queues by name: inputs, wakes, dispatch, feedback, dispatch-bulk, webhooks.
    pub readers: [(&'static str, MemoryQueue); 6],
    pub clocks: [SimClock; 4],
    pub evaluate: [Arc<Evaluating>; 2],
    pub dispatch: [Arc<Dispatching>; 2],
    pub feedback: Arc<FeedingBack>,
    pub webhook: Arc<Asking>,
    pub sweep: Arc<Sweep<SimStore, SimStore, SimQueue, SimClock>>,
    pub track: Arc<Tracking>,
}

impl Deployment {
    /// A deployment to which nothing is published yet.
    pub fn new(
        scenario: &Scenario,
        seed: u64,
        book: Arc<Mutex<Book>>,
        start: Timestamp,
    ) -> Result<Self, String> {
        let clock = VirtualClock::starting_at(start);
        let line = Line::new(book, clock.clone());
        let secret = IdentitySecret::new([7; 32]);
        let queues = Queues::new(clock.clone(), ExactLine::default());
        let readers = readers(&queues, scenario.receives_max);
        let store = MemoryStore::new(clock.clone(), ExactLine::default());
        store.set_index_lag(scenario.lag);
        fill(&store, scenario.codes)?;
        let schedule =
            Schedule::new(BOUNDARY, LOOK_AHEAD, OVERDUE).map_err(|error| error.to_string())?;
        let exact = clock.clone();
        let clocks = scenario
            .skews_millis
            .map(|skew| SimClock::new(exact.clone(), skew));
        let mailbox = Mailbox::new(clock.clone(), ExactLine::default(), secret.clone());
        let [inputs, wakes, sends, _, marketing, asks] = &readers;
        let parts = Parts {
            line: &line,
            secret: &secret,
            store: &store,
            queues: &queues,
        };
        let queue = |to: &(&'static str, MemoryQueue), operation| parts.queue(to, operation);
        let [one, two, three, four] = &clocks;
        let evaluate = |clock: &SimClock, salt: u64| {
            let targets = [
                queue(sends, "publish tasks"),
                queue(marketing, "publish tasks"),
                queue(wakes, "publish wakes"),
            ];
            Arc::new(parts.evaluate(clock, SeededIds::new(seed ^ salt), schedule, targets))
        };
        let dispatch = |clock: &SimClock, is_forgetful| {
            let targets = [
                queue(inputs, "publish an outcome"),
                queue(sends, "put a copy back"),
                queue(marketing, "put a copy back"),
                queue(asks, "hand a call on"),
            ];
            let store = SimStore {
                is_forgetful,
                ..parts.store()
            };
            Arc::new(parts.dispatch(clock, &mailbox, targets, store, seed))
        };
        Ok(Self {
            evaluate: [evaluate(one, 1), evaluate(two, 2)],
            dispatch: [dispatch(three, true), dispatch(four, false)],
            feedback: Arc::new(parts.feedback(four, queue(inputs, "tell contacts"))),
            webhook: Arc::new(Webhook {
                systems: parts.outside(),
                inputs: queue(inputs, "publish an answer"),
                again: queue(sends, "put a call back"),
                aside: parts.aside(),
                clock: three.clone(),
            }),
            sweep: Arc::new(Sweep {
                index: parts.store(),
                watermark: parts.store(),
                wakes: queue(wakes, "send wakes ahead"),
                clock: one.clone(),
                schedule,
            }),
            track: Arc::new(parts.track(four, queue(inputs, "tell what was said"))),
            mailbox: mailbox.clone(),
            clocks,
            readers,
            queues,
            store,
            secret,
            line,
            clock,
        })
    }

    /// A queue as the world puts messages on it.
    pub fn world_queue(&self, index: usize) -> Option<SimQueue> {
        let (name, inner) = self.readers.get(index)?;
        let (line, inner) = (self.line.clone(), inner.clone());
        Some(SimQueue {
            line,
            inner,
            name,
            operation: "the world sends",
        })
    }
}

/// The made projects' pool of codes: for the swarm so small that histories come to its end.
fn fill(store: &MemoryStore, codes: u32) -> Result<(), String> {
    let code = |number| Code {
        code: format!("SPRING-{number}"),
        expires_at: None,
    };
    let codes: Vec<Code> = (1..=codes).map(code).collect();
    let added = instant(store.add_codes("codes", &codes));
    added.map(drop).map_err(|error| error.to_string())
}

/// The queues, in the order in which workers know them.
fn readers(queues: &Queues, receives_max: u32) -> [(&'static str, MemoryQueue); 6] {
    let rules = QueueRules {
        receives_max,
        ..QueueRules::default()
    };
    let often = QueueRules {
        receives_max: receives_max * 5,
        ..rules
    };
    [
        ("inputs", queues.queue("inputs", rules)),
        ("wakes", queues.queue("wakes", rules)),
        ("dispatch", queues.queue("dispatch", often)),
        ("feedback", queues.queue("feedback", rules)),
        ("dispatch-bulk", queues.queue("dispatch-bulk", often)),
        ("webhooks", queues.queue("webhooks", rules)),
    ]
}

struct Parts<'a> {
    line: &'a Line,
    secret: &'a IdentitySecret,
    store: &'a MemoryStore,
    queues: &'a Queues,
}

impl Parts<'_> {
    fn feedback(&self, clock: &SimClock, inputs: SimQueue) -> FeedingBack {
        Feedback {
            evidence: self.store(),
            permissions: self.store(),
            inputs,
            aside: self.aside(),
            releases: Releases::new(self.store(), clock.clone()),
            clock: clock.clone(),
            secret: self.secret.clone(),
        }
    }

    fn track(&self, clock: &SimClock, inputs: SimQueue) -> Tracking {
        let (secret, keys) = (self.secret.clone(), LinkKeys::first(self.secret));
        Track {
            permissions: self.store(),
            inputs,
            releases: Releases::new(self.store(), clock.clone()),
            links: Links::new(self.store(), clock.clone(), secret, keys),
            clock: clock.clone(),
        }
    }

    fn queue(
        &self,
        (name, inner): &(&'static str, MemoryQueue),
        operation: &'static str,
    ) -> SimQueue {
        SimQueue {
            line: self.line.clone(),
            inner: inner.clone(),
            name,
            operation,
        }
    }

    fn outside(&self) -> SimOutside {
        SimOutside {
            line: self.line.clone(),
            inner: OutsideConnections::new(Box::new(Willing)),
        }
    }

    fn store(&self) -> SimStore {
        SimStore {
            line: self.line.clone(),
            inner: self.store.clone(),
            is_forgetful: false,
        }
    }

    fn aside(&self) -> SimAside {
        SimAside {
            line: self.line.clone(),
            inner: self.queues.clone(),
        }
    }

    fn evaluate(
        &self,
        clock: &SimClock,
        ids: SeededIds,
        schedule: Schedule,
        [dispatch, dispatch_bulk, wakes]: [SimQueue; 3],
    ) -> Evaluating {
        Evaluate {
            contacts: SimContacts {
                line: self.line.clone(),
                inner: self.store.contacts(self.secret.clone()),
                store: self.store.clone(),
                dispatch: dispatch.inner.clone(),
            },
            permissions: self.store(),
            entries: Counts::default(),
            dispatch,
            dispatch_bulk,
            wakes,
            aside: self.aside(),
            releases: Releases::new(self.store(), clock.clone()),
            clock: clock.clone(),
            ids,
            secret: self.secret.clone(),
            schedule,
        }
    }

    fn dispatch(
        &self,
        clock: &SimClock,
        mailbox: &Mailbox,
        [inputs, sends, marketing, webhooks]: [SimQueue; 4],
        store: SimStore,
        seed: u64,
    ) -> Dispatching {
        Dispatch {
            ledger: self.store(),
            provider: SimMailer {
                line: self.line.clone(),
                inner: mailbox.clone(),
            },
            connections: Drawing::new(
                self.store(),
                Releases::new(self.store(), clock.clone()),
                clock.clone(),
                self.outside(),
            ),
            webhooks,
            inputs,
            again: vec![sends, marketing],
            aside: self.aside(),
            releases: Releases::new(store.clone(), clock.clone()),
            clock: clock.clone(),
            secret: self.secret.clone(),
            links: LinkKeys::first(self.secret),
            pace: Pacing::new(self.store(), ceilings(seed)),
            times: SendTimes {
                function_timeout: FUNCTION_TIMEOUT,
                unknown_window: Duration::from_mins(5),
                newcomer_grace: Duration::from_mins(3),
            },
            brakes: Braking::new(store),
            quota: Quota::default(),
            public_url: "https://links.example.com".to_owned(),
        }
    }
}

/// Every fifth deployment is slow.
fn ceilings(seed: u64) -> Ceilings {
    let per_second = if seed.is_multiple_of(5) { 1 } else { 1000 };
    let rate = Some(Rate::per(per_second, 1));
    Ceilings {
        email: rate,
        sms: rate,
    }
}
