//! A whole deployment in one thread: the use cases over the memory, and time that goes by.
//!
//! Time jumps from one moment at which something can happen to the next one. The sweep keeps its five minutes, but one that
//! would find nothing is left out: a year in which a contact waits costs nothing, and waits are as exact as with all sweeps.

mod parts;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use wend_core::condition::Topic;
use wend_core::definitions::SourceFile;
use wend_core::due::Schedule;
use wend_core::id::ContactKey;
use wend_core::identity::{Channel, IdentitySecret};
use wend_core::input::{Command, CommandKind, ConsentSaid, Envelope, Input};
use wend_core::permission::Proof;
use wend_core::release::{Definition, Release, Resume};
use wend_core::send::SendTimes;
use wend_core::time::Timestamp;

use self::parts::{Asking, Dispatching, Evaluating, FeedingBack, Parts, Tracking, Walking};
use super::events::feedback;
use super::{
    Line, Mailbox, MemoryQueue, MemoryStore, Outside, OutsideConnections, Queues, Reaction,
    SeededIds, SentMail, Stalled, VirtualClock, Willing, provider_event, run,
};
use crate::operate::{Operation, operate};
use crate::ports::{Ids, Outgoing, PortError, PublishError};
use crate::publish::publish_definitions;
use crate::sweep::Sweep;
use crate::walk::{Errand, Task};

/// Most messages of one batch (SQS).
const BATCH: usize = 10;
/// The recurring schedule of the sweep.
const SWEEP_PERIOD: Duration = Duration::from_mins(5);
/// How far the sweep looks ahead.
const LOOK_AHEAD: Duration = Duration::from_mins(10);
/// Up to here `evaluate` sends a wake itself.
const BOUNDARY: Duration = Duration::from_mins(15);
/// What is as late as this is sent again.
const OVERDUE: Duration = Duration::from_mins(5);
/// Most rounds over the queues at one instant: far more than what follows from one input, so more is a circle.
const ROUNDS_MAX: usize = 10_000;
/// What a world begins with.
#[derive(Debug)]
pub struct WorldSettings {
    /// When it begins.
    pub start: Timestamp,
    /// What drawn ids and jitter follow from.
    pub seed: u64,
    /// The secret under which names are hashed.
    pub secret: IdentitySecret,
    /// When a silent owner is dead and a doubt is closed.
    pub times: SendTimes,
    /// Faults of every port.
    pub line: Line,
    /// What other systems answer.
    pub outside: Box<dyn Outside>,
}

impl WorldSettings {
    /// A world without faults that begins at `start`. News of newcomers is not waited for: nothing comes late.
    pub fn new(start: Timestamp) -> Self {
        Self {
            start,
            seed: 0,
            secret: IdentitySecret::new([7; 32]),
            times: SendTimes {
                function_timeout: Duration::from_secs(20),
                unknown_window: Duration::from_mins(5),
                newcomer_grace: Duration::ZERO,
            },
            line: Line::default(),
            outside: Box::new(Willing),
        }
    }
}

/// Why a world stands still.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A use case waits for what never comes.
    #[error(transparent)]
    Stalled(#[from] Stalled),
    /// Messages lead to messages without end.
    #[error("messages lead to messages without end; at {0}")]
    Restless(Timestamp),
    /// A port failed where no use case tries again.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A release was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// A deployment in memory.
#[derive(Debug)]
pub struct World {
    parts: Parts,
    evaluate: Evaluating,
    dispatch: Dispatching,
    webhook: Asking,
    feedback: FeedingBack,
    sweep: Sweep<MemoryStore, MemoryStore, MemoryQueue, VirtualClock>,
    track: Tracking,
    walk: Walking,
    swept_at: Option<Timestamp>,
    /// How many mails the provider has told about.
    told: usize,
}

impl World {
    /// A deployment to which nothing was published.
    pub fn new(settings: WorldSettings) -> Result<Self, WorldError> {
        let parts = Parts::new(&settings);
        let schedule = Schedule::new(BOUNDARY, LOOK_AHEAD, OVERDUE);
        let schedule = schedule.map_err(|error| PortError::invalid("make a schedule", error))?;
        let WorldSettings {
            seed,
            secret,
            times,
            outside,
            ..
        } = settings;
        let outside = OutsideConnections::new(outside);
        Ok(Self {
            webhook: parts.webhook(outside.clone()),
            evaluate: parts.evaluate(SeededIds::new(seed), secret.clone(), schedule),
            dispatch: parts.dispatch(outside, secret.clone(), times),
            feedback: parts.feedback(secret.clone()),
            sweep: Sweep {
                index: parts.store.clone(),
                watermark: parts.store.clone(),
                wakes: parts.wakes.clone(),
                clock: parts.clock.clone(),
                schedule,
            },
            track: parts.track(secret),
            walk: parts.walk(),
            parts,
            swept_at: None,
            told: 0,
        })
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.true_now()
    }

    /// The tables.
    pub const fn store(&self) -> &MemoryStore {
        &self.parts.store
    }

    /// The queues.
    pub const fn queues(&self) -> &Queues {
        &self.parts.queues
    }

    /// The provider.
    pub const fn mailbox(&self) -> &Mailbox {
        &self.parts.mailbox
    }

    /// The secret under which names are hashed.
    pub const fn secret(&self) -> &IdentitySecret {
        &self.evaluate.secret
    }

    /// Publishes definitions; they are in force when this returns, as with the command line, which waits for the lease.
    pub fn publish(
        &mut self,
        definitions: Vec<(SourceFile, Definition)>,
    ) -> Result<u64, WorldError> {
        let publishing =
            publish_definitions(&self.parts.store, &self.parts.clock, definitions, None);
        let number = run(&self.parts.clock, publishing)??;
        self.renew();
        Ok(number)
    }

    /// Publishes a pause of a journey, or its end.
    pub fn pause(&mut self, journey: &str, resume: Option<Resume>) -> Result<(), WorldError> {
        let journey = journey.to_owned();
        let operation = match resume {
            Some(how) => Operation::Resume(journey, how),
            None => Operation::Pause(journey),
        };
        let operating = operate(&self.parts.store, &self.parts.clock, &operation);
        run(&self.parts.clock, operating)??;
        self.renew();
        Ok(())
    }

    fn renew(&mut self) {
        self.evaluate.releases = self.parts.releases();
        self.dispatch.releases = self.parts.releases();
        self.feedback.releases = self.parts.releases();
        self.track.releases = self.parts.releases();
        self.walk.releases = self.parts.releases();
    }

    /// The release in force.
    pub fn release(&self) -> Result<Arc<Release>, WorldError> {
        Ok(run(&self.parts.clock, self.evaluate.releases.current())??)
    }

    /// Begins a walk that lets every contact take in the newest release.
    pub fn touch_all(&self) -> Result<(), PortError> {
        let job = self.evaluate.ids.draw().to_string();
        self.walk(&Task::Begin(Errand::Touch { job }))
    }

    /// The schedule of a journey comes now.
    pub fn start_schedule(&self, journey: &str) -> Result<(), PortError> {
        let journey = journey.to_owned();
        self.walk(&Task::Start { journey, at: None })
    }

    fn walk(&self, task: &Task) -> Result<(), PortError> {
        self.parts.walks.put(vec![task.message()?])
    }

    /// Accepts now what somebody who runs the deployment wants of a contact.
    pub fn command(&self, contact: ContactKey, kind: CommandKind) -> Result<(), PortError> {
        let command = Command {
            id: self.evaluate.ids.draw(),
            contact,
            at: self.now(),
            kind,
        };
        self.accept(Input::Command(Box::new(command)))
    }

    /// Accepts now a contact's word on a topic, or on all marketing.
    pub fn consent(
        &self,
        contact: ContactKey,
        topic: Option<Topic>,
        opted_in: bool,
    ) -> Result<(), PortError> {
        let said = ConsentSaid {
            id: self.evaluate.ids.draw(),
            contact,
            topic,
            opted_in,
            at: self.now(),
            proof: Proof::default(),
            confirms: None,
        };
        self.accept(Input::Consent(said))
    }

    /// Accepts an input now.
    pub fn accept(&self, input: Input) -> Result<(), PortError> {
        let envelope = Envelope {
            accepted_at: self.now(),
            input,
        };
        let body = serde_json::to_string(&envelope);
        let body = body.map_err(|error| PortError::invalid("accept an input", error))?;
        self.parts.inputs.put(vec![Outgoing::now(body)])
    }

    /// Something becomes of `mail` now: the provider says so, and the contact hears of it.
    pub fn react(&self, mail: &SentMail, reaction: &Reaction) -> Result<(), PortError> {
        let now = self.now();
        let event = provider_event(mail, reaction, now);
        // Of an SMS that has left the provider tells nothing but its answer.
        let is_told = mail.channel == Channel::Email || matches!(reaction, Reaction::Reply { .. });
        if let Some(event) = event.filter(|_| is_told) {
            let event = Outgoing::now(event.to_string());
            return self.parts.reactions.put(vec![event]);
        }
        match feedback(mail, reaction, now, self.evaluate.ids.draw()) {
            Some(feedback) => self.accept(Input::Feedback(Box::new(feedback))),
            None => Ok(()),
        }
    }

    /// Follows a link of a message.
    pub fn follow(&self, request: Request<Bytes>) -> Result<Response<Bytes>, WorldError> {
        Ok(run(&self.parts.clock, self.track.handle(request))?)
    }

    /// Lets time go by until `to`, with everything that is due at `to`.
    pub fn run_until(&mut self, to: Timestamp) -> Result<(), WorldError> {
        self.work()?;
        while let Some(at) = self.next_moment().filter(|at| *at <= to) {
            self.go_to(at)?;
        }
        self.parts.clock.advance_to(to);
        Ok(())
    }

    /// Moves the clock to `to` and does nothing yet: what is accepted now comes before what is due now.
    pub fn turn_to(&self, to: Timestamp) {
        self.parts.clock.advance_to(to);
    }

    /// The next moment at which anything can happen by itself; none: nothing ever will.
    pub fn next_moment(&self) -> Option<Timestamp> {
        let shown = self.parts.store.tables().index.next_change();
        let moments = [self.parts.queues.next_visible(), self.next_sweep(), shown];
        moments.into_iter().flatten().min()
    }

    /// Jumps to a moment and does what there is to do.
    fn go_to(&mut self, at: Timestamp) -> Result<(), WorldError> {
        let sweep_at = self.next_sweep();
        self.parts.clock.advance_to(at);
        if sweep_at.is_some_and(|sweep_at| sweep_at <= at) {
            self.swept_at = sweep_at;
            if let Err(error) = run(&self.parts.clock, self.sweep.run())? {
                tracing::warn!(%error, "the sweep failed, the next one does its work");
            }
        }
        self.work()
    }

    /// The first sweep of the schedule that finds a contact: one that it has not seen, or one that is overdue.
    fn next_sweep(&self) -> Option<Timestamp> {
        let mark = self.parts.store.tables().watermark.unwrap_or_default();
        let (first, unseen) = self.parts.store.earliest_due(mark);
        let overdue = first.filter(|at| *at <= mark).map(|at| at.plus(OVERDUE));
        let near = unseen.map(|at| at.minus(LOOK_AHEAD));
        let wanted = overdue.into_iter().chain(near).min()?;
        let next = self.swept_at.map(|at| at.plus(SWEEP_PERIOD));
        Some(tick(wanted.max(self.now())).max(next.unwrap_or_default()))
    }

    /// Works on every message that is visible now, and on what follows from it.
    fn work(&mut self) -> Result<(), WorldError> {
        for _ in 0..ROUNDS_MAX {
            if !self.round()? {
                return Ok(());
            }
        }
        Err(WorldError::Restless(self.now()))
    }

    /// One batch of each queue; whether there was any.
    fn round(&mut self) -> Result<bool, WorldError> {
        let mut has_worked = false;
        let batch = self.parts.walks.receive(1);
        has_worked |= !batch.is_empty();
        let failed = run(&self.parts.clock, self.walk.batch(&batch))?;
        self.parts.walks.acknowledge(&batch, &failed);
        for queue in [&self.parts.inputs, &self.parts.wakes, &self.parts.bulk] {
            let batch = queue.receive(BATCH);
            has_worked |= !batch.is_empty();
            let failed = run(&self.parts.clock, self.evaluate.batch(&batch))?;
            queue.acknowledge(&batch, &failed);
        }
        for queue in [&self.parts.sends, &self.parts.marketing] {
            let batch = queue.receive(BATCH);
            has_worked |= !batch.is_empty();
            let failed = run(&self.parts.clock, self.dispatch.batch(&batch))?;
            queue.acknowledge(&batch, &failed);
        }
        let batch = self.parts.asks.receive(BATCH);
        has_worked |= !batch.is_empty();
        let failed = run(&self.parts.clock, self.webhook.batch(&batch))?;
        self.parts.asks.acknowledge(&batch, &failed);
        self.tell()?;
        let batch = self.parts.reactions.receive(BATCH);
        has_worked |= !batch.is_empty();
        let failed = run(&self.parts.clock, self.feedback.batch(&batch))?;
        self.parts.reactions.acknowledge(&batch, &failed);
        Ok(has_worked)
    }

    /// The provider says of each new mail to a contact that it took and delivered it. Of an SMS it says nothing.
    fn tell(&mut self) -> Result<(), PortError> {
        for mail in self.parts.mailbox.sent_from(self.told) {
            self.told += 1;
            let is_to_contact = self.parts.store.tables().sends.contains_key(&mail.send);
            if !is_to_contact || mail.channel == Channel::Sms {
                continue;
            }
            self.react(&mail, &Reaction::Send)?;
            self.react(&mail, &Reaction::Delivery)?;
        }
        Ok(())
    }
}

/// The first moment of the recurring schedule at or after `at`.
fn tick(at: Timestamp) -> Timestamp {
    let period = i64::try_from(SWEEP_PERIOD.as_millis()).unwrap_or(i64::MAX);
    let late = at.as_millis().rem_euclid(period);
    let rest = if late == 0 { 0 } else { period - late };
    Timestamp::from_millis(at.as_millis().saturating_add(rest))
}

#[cfg(test)]
mod brake;
#[cfg(test)]
mod merging;
#[cfg(test)]
mod ramp;
#[cfg(test)]
mod shop;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod urgent;
