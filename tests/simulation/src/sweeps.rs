//! A campaign's walk over a crowd, with processes that die at random points: each member enters once, whoever dies where.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wend_app::counts::Counts;
use wend_app::evaluate::Evaluate;
use wend_app::memory::{
    Line, MemoryContacts, MemoryQueue, MemoryStore, QueueRules, Queues, SeededIds, VirtualClock,
};
use wend_app::ports::{Commit, Contacts, Received};
use wend_app::publish::publish;
use wend_app::releases::Releases;
use wend_app::walk::{Task, Walk};
use wend_core::contact::{Attribute, Contact};
use wend_core::definitions::SourceFile;
use wend_core::due::Schedule;
use wend_core::id::{ContactKey, InputId};
use wend_core::identity::{Identity, IdentityKind, IdentitySecret};
use wend_core::input::{Command, CommandKind, Input};
use wend_core::log::{LogRow, Trace};
use wend_core::personal::Personal;
use wend_core::time::Timestamp;

use crate::random::Random;

/// Who is in the segment, of so many.
const MEMBERS_IN: usize = 10;
const MEMBERS_OF: usize = 11;
/// Walks and batches that are begun before the crowd must be through: far more than are needed.
const STEPS_MAX: usize = 10_000_000;
/// How long a walk's call takes: so long that most segments need several messages.
const STEP: Duration = Duration::from_millis(100);
/// Inputs that `evaluate` takes at once.
const BATCH: usize = 10;

const FILES: [(&str, &str); 3] = [
    (
        "wend.yaml",
        "wend: 1\nproject: crowd\nzone: UTC\nattributes: { tier: { type: text } }\n",
    ),
    (
        "segments/gold.yaml",
        "segment: gold\nif: { contact.tier: gold }\n",
    ),
    (
        "journeys/sale.yaml",
        "journey: sale\nstate: live\nreentry: always\n\
         triggers: [ { schedule: every monday at 10:00, for: gold, zone: UTC } ]\n\
         steps: [ { id: pause, wait: 1 day } ]\n",
    ),
];

/// A crowd and how often somebody dies.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Members of the segment.
    pub members: usize,
    /// Of a thousand workers so many die at work.
    pub deaths: u64,
    /// The seed.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Contacts that entered, in all occurrences together.
    pub entered: usize,
    /// Contacts that entered twice in one occurrence, or did not enter and are members, or entered and are none.
    pub wrong: usize,
    /// Slices of walks that died.
    pub slices_died: usize,
    /// Batches of `evaluate` that died.
    pub batches_died: usize,
    /// Messages that were told.
    pub told: usize,
    /// How long it took on the virtual clock, in seconds.
    pub secs: u64,
}

type Evaluating = Evaluate<
    MemoryContacts,
    MemoryStore,
    MemoryQueue,
    Queues,
    MemoryStore,
    VirtualClock,
    SeededIds,
>;
type Walking = Walk<MemoryStore, MemoryQueue, Queues, MemoryStore, VirtualClock>;

struct Stage {
    clock: VirtualClock,
    store: MemoryStore,
    queues: Queues,
    walks: MemoryQueue,
    bulk: MemoryQueue,
    walk: Walking,
    evaluate: Evaluating,
    random: Random,
    deaths: u64,
    swept: Swept,
}

/// Plays one occurrence and the next one; an error is a promise that was broken otherwise.
pub fn play(crowd: Crowd) -> Result<Swept, String> {
    let mut stage = Stage::new(crowd)?;
    for number in 0..crowd.members * MEMBERS_OF / MEMBERS_IN {
        stage.put(number)?;
    }
    let first = Timestamp::parse("2027-03-01T10:00:00Z").ok_or("no time")?;
    for week in 0..2 {
        let occurrence = first.plus(Duration::from_hours(week * 7 * 24));
        stage.clock.advance_to(occurrence);
        stage.occur(occurrence)?;
        stage.check(crowd, occurrence)?;
    }
    Ok(stage.swept)
}

impl Stage {
    fn new(crowd: Crowd) -> Result<Self, String> {
        let start = Timestamp::parse("2027-03-01T09:00:00Z").ok_or("no time")?;
        let clock = VirtualClock::starting_at(start);
        let line = Line::default();
        let store = MemoryStore::new(clock.clone(), line.clone());
        let queues = Queues::new(clock.clone(), line);
        let rules = QueueRules {
            visibility: Duration::from_mins(6),
            // Here half of all workers die, and none of their messages is to be blamed.
            receives_max: 1000,
            ..QueueRules::default()
        };
        let (walks, bulk) = (queues.queue("walks", rules), queues.queue("bulk", rules));
        let secret = IdentitySecret::new([7; 32]);
        let schedule = Schedule::new(
            Duration::from_mins(15),
            Duration::from_mins(10),
            Duration::from_mins(5),
        );
        let files = FILES.map(|(path, text)| SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        });
        ready(publish(&store, &clock, &files, None)).map_err(|error| error.to_string())?;
        let releases = || Releases::new(store.clone(), clock.clone());
        Ok(Self {
            walk: Walk {
                store: store.clone(),
                walks: walks.clone(),
                bulk: bulk.clone(),
                aside: queues.clone(),
                releases: releases(),
                clock: clock.clone(),
            },
            evaluate: Evaluate {
                contacts: store.contacts(secret.clone()),
                permissions: store.clone(),
                dispatch: queues.queue("dispatch", rules),
                dispatch_bulk: queues.queue("dispatch-bulk", rules),
                wakes: queues.queue("wakes", rules),
                aside: queues.clone(),
                releases: releases(),
                clock: clock.clone(),
                ids: SeededIds::new(crowd.seed),
                secret,
                schedule: schedule.map_err(|error| error.to_string())?,
                entries: Counts::default(),
            },
            random: Random::new(crowd.seed),
            deaths: crowd.deaths,
            swept: Swept::default(),
            clock,
            store,
            queues,
            walks,
            bulk,
        })
    }

    /// Puts a contact into the table, and a pointer to it, as `evaluate` would.
    fn put(&mut self, number: usize) -> Result<(), String> {
        let (id, now) = (key(number), self.clock.true_now());
        let mut contact = Contact::new(id, now);
        let name = |kind| Identity::new(kind, &format!("person {number}"));
        contact.identities.extend(name(IdentityKind::User));
        let tier = if is_member(number) { "gold" } else { "tin" };
        let value = Personal::new(serde_json::Value::from(tier));
        let tier = Attribute { value, at: now };
        contact.attributes.insert("tier".to_owned(), tier);
        let pointers = contact.identities.clone();
        let commit = Commit {
            contact: Some(&contact),
            pointers: &pointers,
            repointed: &[],
            rows: &[first_row(&contact, now)],
        };
        let committed = ready(self.evaluate.contacts.commit(commit));
        committed.map(|_| ()).map_err(|error| error.to_string())
    }

    /// The schedule says twice that its time has come, and everybody works until nobody has anything to do.
    fn occur(&mut self, occurrence: Timestamp) -> Result<(), String> {
        let at = Some(zoned(occurrence));
        let journey = "sale".to_owned();
        let start = Task::Start { journey, at }.message();
        let start = start.map_err(|error| error.to_string())?;
        let put = self.walks.put(vec![start.clone(), start]);
        put.map_err(|error| error.to_string())?;
        for _ in 0..STEPS_MAX {
            let batch = self.walks.receive(1);
            let told = self.bulk.receive(BATCH);
            if batch.is_empty() && told.is_empty() {
                // Whoever died left its messages hidden.
                let Some(at) = self.queues.next_visible() else {
                    let secs = self.clock.true_now().since(occurrence).as_secs();
                    self.swept.secs = self.swept.secs.max(secs);
                    return Ok(());
                };
                self.clock.advance_to(at);
                continue;
            }
            self.swept.told += told.len();
            self.slice(&batch);
            self.batch(&told);
        }
        Err("messages lead to messages without end".to_owned())
    }

    fn slice(&mut self, batch: &[Received]) {
        let polls = self.polls(400);
        match live(self.walk.batch(batch), polls, (&self.clock, STEP)) {
            Some(failed) => self.walks.acknowledge(batch, &failed),
            None => self.swept.slices_died += 1,
        }
    }

    fn batch(&mut self, told: &[Received]) {
        let polls = self.polls(12);
        match live(
            self.evaluate.batch(told),
            polls,
            (&self.clock, Duration::ZERO),
        ) {
            Some(failed) => self.bulk.acknowledge(told, &failed),
            None => self.swept.batches_died += 1,
        }
    }

    /// After how many steps a worker dies; none: it lives.
    fn polls(&mut self, most: usize) -> Option<usize> {
        self.random
            .chance(self.deaths)
            .then(|| self.random.below(most))
    }

    /// Each member has one run of the occurrence, and nobody else has any.
    fn check(&mut self, crowd: Crowd, occurrence: Timestamp) -> Result<(), String> {
        let mut entered: BTreeMap<ContactKey, usize> = BTreeMap::new();
        let rows = self.store.rows_from(0).map_err(|error| error.to_string())?;
        for row in rows.iter().filter(|row| row.at >= occurrence) {
            let entries = row
                .trace
                .iter()
                .filter(|trace| matches!(trace, Trace::Entered { .. }));
            *entered.entry(row.contact).or_default() += entries.count();
        }
        for number in 0..crowd.members * MEMBERS_OF / MEMBERS_IN {
            let times = entered.get(&key(number)).copied().unwrap_or_default();
            self.swept.entered += times;
            self.swept.wrong += usize::from(times != usize::from(is_member(number)));
        }
        if let Some(letter) = self.queues.dead_letters().first() {
            return Err(format!("a dead letter: {letter:?}"));
        }
        Ok(())
    }
}

const fn is_member(number: usize) -> bool {
    number % MEMBERS_OF < MEMBERS_IN
}

/// The keys are spread as hashes are.
fn key(number: usize) -> ContactKey {
    let half = |salt: u64| crate::random::mix(&[number as u64, salt]).to_be_bytes();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(half(1).into_iter().chain(half(2))) {
        *to = from;
    }
    ContactKey::from_bytes(bytes)
}

fn zoned(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.to_string()
}

/// The row of the input that made a contact.
fn first_row(contact: &Contact, now: Timestamp) -> LogRow {
    let command = Command {
        id: InputId::from_bytes([1; 16]),
        contact: contact.id,
        at: now,
        kind: CommandKind::Touch,
    };
    LogRow {
        partition: contact.id,
        id: command.id,
        contact: contact.id,
        rev: 1,
        at: now,
        accepted_at: now,
        input: Input::Command(Box::new(command)),
        refusal: None,
        trace: Vec::new(),
        merged: Vec::new(),
        effects: Vec::new(),
    }
}

/// What `future` comes to, or none if it is dropped after so many steps: its process died there.
fn live<T>(
    future: impl Future<Output = T>,
    polls: Option<usize>,
    (clock, pace): (&VirtualClock, Duration),
) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut step = 0;
    loop {
        if polls.is_some_and(|polls| step >= polls) {
            return None;
        }
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        // Who waits for the clock waits for nobody else here.
        if let Some(at) = clock.next_timer() {
            clock.advance_to(at);
        }
        clock.advance_to(clock.true_now().plus(pace));
        step += 1;
    }
}

/// What a future comes to that waits for nobody.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
