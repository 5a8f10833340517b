//! One history: workers that interleave on one thread, a clock that jumps, faults as the plan has them.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use wend_app::memory::MemoryQueue;
use wend_app::ports::{Outgoing, Received};
use wend_core::input::{Envelope, Input};
use wend_core::time::Timestamp;

use crate::book::Book;
use crate::deployment::{Deployment, FUNCTION_TIMEOUT, LOOK_AHEAD, OVERDUE};
use crate::plan::Trouble;
use crate::planted::Planted;
use crate::projects::Which;
use crate::random::{Random, mix};
use crate::scenario::{Op, Scenario};

/// More steps than any history needs: beyond them messages lead to messages without end.
const STEPS_MAX: u64 = 200_000;
/// The recurring schedule of the sweep.
const SWEEP_PERIOD: Duration = Duration::from_mins(5);

/// How a worker ended.
pub enum Done {
    /// It worked on a batch of the queue with this number.
    Batch(usize, Vec<Received>, Vec<String>),
    /// Nobody hears of its end.
    Nothing,
}

struct Task {
    future: Pin<Box<dyn Future<Output = Done>>>,
    flag: Arc<Flag>,
    queue: Option<usize>,
    dies_at: Timestamp,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A deployment at work.
pub struct Runner {
    pub deployment: Deployment,
    pub book: Arc<Mutex<Book>>,
    pub workers: usize,
    /// Whether people answer texts.
    pub has_answers: bool,
    /// The project, those of its journeys that are published, and where.
    pub which: Which,
    pub journeys: Vec<&'static str>,
    pub environment: Option<&'static str>,
    /// What happens when, the next one last.
    pub coming: Vec<(Timestamp, usize, Op)>,
    pub seed: u64,
    tasks: Vec<Task>,
    random: Random,
    sweeps: Vec<Timestamp>,
    swept_at: Option<Timestamp>,
    pub(crate) told: usize,
    pub(crate) redriven: usize,
    steps: u64,
}

impl Runner {
    /// A deployment that begins at `start`.
    pub fn new(
        scenario: &Scenario,
        seed: u64,
        book: Book,
        start: Timestamp,
    ) -> Result<Self, String> {
        let book = Arc::new(Mutex::new(book));
        let deployment = Deployment::new(scenario, seed, book.clone(), start)?;
        let ops = scenario.ops.iter().enumerate();
        let coming = ops.map(|(number, (at, op))| (start.plus(*at), number, op.clone()));
        Ok(Self {
            deployment,
            book,
            workers: scenario.workers,
            has_answers: scenario.has_answers,
            which: scenario.which,
            journeys: scenario.journeys.clone(),
            environment: scenario.environment,
            coming: coming.rev().collect(),
            seed,
            tasks: Vec::new(),
            random: Random::new(mix(&[seed, 4])),
            sweeps: Vec::new(),
            swept_at: None,
            told: 0,
            redriven: 0,
            steps: 0,
        })
    }

    /// The true time.
    pub fn now(&self) -> Timestamp {
        self.deployment.clock.true_now()
    }

    /// Lets time go by until `to`.
    pub fn run_until(&mut self, to: Timestamp) -> Result<(), String> {
        loop {
            self.steps += 1;
            if !self.deployment.line.book().broken.is_empty() {
                return Ok(());
            }
            if self.steps > STEPS_MAX {
                return Err(format!(
                    "messages lead to messages without end: at {}",
                    self.now()
                ));
            }
            self.begin_what_is_due(to)?;
            if self.poll_one() {
                continue;
            }
            let Some(next) = self.next_moment().filter(|at| *at <= to) else {
                self.deployment.clock.advance_to(to);
                return Ok(());
            };
            self.deployment.clock.advance_to(next);
            let now = self.now();
            let before = self.tasks.len();
            self.tasks.retain(|task| task.dies_at > now);
            for _ in self.tasks.len()..before {
                self.deployment.line.book().reach("killed: timeout");
            }
        }
    }

    /// How many workers live and how many messages wait for one that should have come, with `parked` ones.
    pub fn unfinished_beside(&self, parked: usize) -> usize {
        let late = self
            .deployment
            .queues
            .next_visible()
            .is_some_and(|at| at <= self.now());
        self.tasks.len() + usize::from(late) + parked
    }

    fn begin_what_is_due(&mut self, to: Timestamp) -> Result<(), String> {
        let now = self.now();
        while let Some((_, number, op)) = self.coming.pop_if(|(at, ..)| *at <= now) {
            self.perform(number, &op)?;
        }
        self.take_cues();
        self.unpark(now);
        self.tell()?;
        self.sweep(now, to);
        for queue in 0..self.deployment.readers.len() {
            let busy = self
                .tasks
                .iter()
                .filter(|task| task.queue == Some(queue))
                .count();
            if busy < self.workers {
                self.receive(queue);
            }
        }
        Ok(())
    }

    fn next_moment(&self) -> Option<Timestamp> {
        let parked = self
            .deployment
            .line
            .book()
            .parked
            .iter()
            .map(|parked| parked.at)
            .min();
        let moments = [
            self.deployment.clock.next_timer(),
            self.deployment
                .queues
                .next_visible()
                .filter(|at| *at > self.now()),
            self.coming.last().map(|(at, ..)| *at),
            self.tasks.iter().map(|task| task.dies_at).min(),
            self.sweeps.iter().copied().min(),
            self.next_sweep(),
            parked,
        ];
        moments.into_iter().flatten().min()
    }

    /// Polls one of the workers that can go on; whether there was any.
    fn poll_one(&mut self) -> bool {
        let ready = self.tasks.iter().enumerate();
        let ready = ready.filter(|(_, task)| task.flag.0.load(Ordering::Relaxed));
        let ready: Vec<usize> = ready.map(|(index, _)| index).collect();
        let index = self.random.pick(&ready, usize::MAX);
        let Some(task) = self.tasks.get_mut(index) else {
            return false;
        };
        task.flag.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(task.flag.clone());
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        let is_killed = std::mem::take(&mut self.deployment.line.book().is_killed);
        match polled {
            Poll::Ready(done) => {
                self.tasks.swap_remove(index);
                self.finish(done);
            }
            Poll::Pending if is_killed => drop(self.tasks.swap_remove(index)),
            Poll::Pending => {}
        }
        true
    }

    fn finish(&self, done: Done) {
        let Done::Batch(queue, batch, mut failed) = done else {
            return;
        };
        let mut book = self.deployment.line.book();
        match book.planted {
            Some(Planted::AcknowledgeFailures) => failed.clear(),
            Some(Planted::AcknowledgeFirst) => return,
            _ => {}
        }
        if !failed.is_empty() {
            book.reach("worker: some to be delivered again");
        }
        let is_lost = book.plan.ask("acknowledge", &[Trouble::AckLost]).is_some();
        drop(book);
        if !is_lost && let Some((_, queue)) = self.deployment.readers.get(queue) {
            queue.acknowledge(&batch, &failed);
        }
    }

    pub(crate) fn start(
        &mut self,
        queue: Option<usize>,
        lives: Duration,
        future: impl Future<Output = Done> + 'static,
    ) {
        self.tasks.push(Task {
            future: Box::pin(future),
            flag: Arc::new(Flag(AtomicBool::new(true))),
            queue,
            dies_at: self.now().plus(lives),
        });
    }

    /// A worker gets a batch, if there is one.
    fn receive(&mut self, queue: usize) {
        let Some((_, reader)) = self.deployment.readers.get(queue) else {
            return;
        };
        let reader: MemoryQueue = reader.clone();
        let count = 1 + self.random.below(10);
        let mut batch = reader.receive(count);
        if batch.is_empty() {
            return;
        }
        let (planted, trouble) = {
            let mut book = self.deployment.line.book();
            (
                book.planted,
                book.plan.ask("deliver a batch", &[Trouble::Redelivered]),
            )
        };
        match planted {
            Some(Planted::AcknowledgeFirst) => reader.acknowledge(&batch, &[]),
            Some(Planted::WakeWithoutCheck) => batch.iter_mut().for_each(|wake| self.rewrite(wake)),
            _ => {}
        }
        for _ in 0..=usize::from(trouble.is_some()) {
            self.work(queue, batch.clone());
        }
    }

    fn work(&mut self, queue: usize, batch: Vec<Received>) {
        let sandbox = self.random.below(2);
        match queue {
            0 | 1 => {
                let Some(evaluate) = self.deployment.evaluate.get(sandbox).cloned() else {
                    return;
                };
                self.start(Some(queue), FUNCTION_TIMEOUT, async move {
                    let failed = evaluate.batch(&batch).await;
                    Done::Batch(queue, batch, failed)
                });
            }
            2 | 4 => {
                let Some(dispatch) = self.deployment.dispatch.get(sandbox).cloned() else {
                    return;
                };
                self.start(Some(queue), FUNCTION_TIMEOUT, async move {
                    let failed = dispatch.batch(&batch).await;
                    Done::Batch(queue, batch, failed)
                });
            }
            5 => {
                let webhook = self.deployment.webhook.clone();
                self.start(Some(queue), FUNCTION_TIMEOUT, async move {
                    let failed = webhook.batch(&batch).await;
                    Done::Batch(queue, batch, failed)
                });
            }
            _ => {
                let feedback = self.deployment.feedback.clone();
                self.start(Some(queue), FUNCTION_TIMEOUT, async move {
                    let failed = feedback.batch(&batch).await;
                    Done::Batch(queue, batch, failed)
                });
            }
        }
    }

    /// The planted bug: a wake takes the contact's due time for its own.
    fn rewrite(&self, message: &mut Received) {
        let Ok(mut envelope) = serde_json::from_str::<Envelope>(&message.body) else {
            return;
        };
        if let Input::Wake(wake) = &mut envelope.input {
            let book = self.deployment.line.book();
            let due_at = book
                .record
                .contacts
                .get(&wake.contact)
                .and_then(|contact| contact.due_at);
            wake.due_at = due_at.unwrap_or(wake.due_at);
        }
        message.body = serde_json::to_string(&envelope).unwrap_or_default();
    }

    fn unpark(&self, now: Timestamp) {
        let mut book = self.deployment.line.book();
        let (due, later) = book.parked.drain(..).partition(|parked| parked.at <= now);
        book.parked = later;
        drop(book);
        let due: Vec<crate::ports::Parked> = due;
        for parked in due {
            let mut readers = self.deployment.readers.iter();
            if let Some((_, queue)) = readers.find(|(name, _)| *name == parked.queue) {
                let _ = queue.put(vec![Outgoing::now(parked.body)]);
            }
        }
    }

    /// The first sweep of the schedule that finds somebody.
    fn next_sweep(&self) -> Option<Timestamp> {
        let book = self.deployment.line.book();
        let (first, unseen) = book.record.earliest_due();
        let mark = book.record.watermark;
        drop(book);
        let overdue = first.filter(|at| *at <= mark).map(|at| at.plus(OVERDUE));
        let near = unseen.map(|at| at.minus(LOOK_AHEAD));
        let wanted = overdue.into_iter().chain(near).min()?;
        let next = self.swept_at.map(|at| at.plus(SWEEP_PERIOD));
        Some(tick(wanted.max(self.now())).max(next.unwrap_or_default()))
    }

    fn sweep(&mut self, now: Timestamp, to: Timestamp) {
        if let Some(at) = self.next_sweep().filter(|at| *at <= now && *at <= to) {
            self.swept_at = Some(at);
            let troubles = &[Trouble::SweepLost, Trouble::SweepLate, Trouble::SweepTwice];
            let trouble = self
                .deployment
                .line
                .book()
                .plan
                .ask("start a sweep", troubles);
            match trouble {
                Some((Trouble::SweepLost, _)) => {}
                Some((Trouble::SweepLate, bits)) => {
                    self.sweeps.push(now.plus(Duration::from_secs(bits % 3600)));
                }
                Some(_) => self.sweeps.extend([now, now]),
                None => self.sweeps.push(now),
            }
        }
        let (due, later): (Vec<_>, Vec<_>) = self.sweeps.drain(..).partition(|at| *at <= now);
        self.sweeps = later;
        for _ in due {
            let sweep = self.deployment.sweep.clone();
            self.start(None, Duration::from_mins(1), async move {
                let _ = sweep.run().await;
                Done::Nothing
            });
        }
    }
}

/// The first moment of the recurring schedule at or after `at`.
fn tick(at: Timestamp) -> Timestamp {
    let period = i64::try_from(SWEEP_PERIOD.as_millis()).unwrap_or(i64::MAX);
    let late = at.as_millis().rem_euclid(period);
    let rest = if late == 0 { 0 } else { period - late };
    Timestamp::from_millis(at.as_millis().saturating_add(rest))
}
