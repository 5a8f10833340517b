//! Applies inputs to contacts.
//!
//! Exactly once, in four lines: a message is acknowledged only after its row exists and its effects are published; a
//! redelivered input finds its row, whose effects are published again; of two inputs at once one fails the revision's
//! condition and is decided anew; published effects may repeat, because every consumer knows them by their ids.

mod entries;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::future::join_all;
use wend_core::contact::Contact;
use wend_core::decide::{Context, DecideError, Decision, Subject, decide};
use wend_core::due::Schedule;
use wend_core::id::{ContactKey, InputId};
use wend_core::identity::{Identity, IdentitySecret};
use wend_core::input::{Envelope, Input, Wake};
use wend_core::log::{Effect, LogRow};
use wend_core::pace::Urgency;
use wend_core::send::Task;

use crate::batch::{self, Done, panic_text};
use crate::consent::carry;
use crate::counts::Counts;
use crate::ports::{
    Clock, Commit, Committed, Contacts, Copies, ErrorClass, Ids, Outgoing, Permissions, PortError,
    Queue, Received, ReleaseStore, SetAside, Tallies,
};
use crate::releases::Releases;

/// How often a contact that others write at the same time is decided anew before the queue is asked to come back later.
const ATTEMPTS_MAX: u32 = 12;
/// The longest pause between two attempts.
const JITTER: Duration = Duration::from_millis(80);

/// Applies inputs.
#[derive(Debug)]
pub struct Evaluate<S, P, Q, A, R, C, I> {
    /// Contacts and log.
    pub contacts: S,
    /// Permission rows, copies of messages, and the rows that count entries.
    pub permissions: P,
    /// The entries that are not yet counted there.
    pub entries: Counts,
    /// Where calls go, and sends that somebody waits for.
    pub dispatch: Q,
    /// Where marketing goes.
    pub dispatch_bulk: Q,
    /// Where near wakes go.
    pub wakes: Q,
    /// Where poison goes.
    pub aside: A,
    /// The definitions.
    pub releases: Releases<R, C>,
    /// The clock.
    pub clock: C,
    /// Jitter.
    pub ids: I,
    /// The secret under which names are hashed.
    pub secret: IdentitySecret,
    /// Which wakes ride on a queue.
    pub schedule: Schedule,
}

/// Inputs of one address, with the messages that carried them.
struct Group<'m> {
    key: ContactKey,
    inputs: Vec<(&'m Received, Envelope)>,
}

/// Why a group stops.
enum Stop {
    /// Out of reach, or contended: later.
    Retry(PortError),
    /// One input is poison.
    Poison(usize, String),
}

impl<S, P, Q, A, R, C, I> Evaluate<S, P, Q, A, R, C, I>
where
    S: Contacts,
    P: Permissions + Copies + Tallies,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
    I: Ids,
{
    /// Works on a batch and names the deliveries that the queue must repeat. Contacts are worked on at the same time, so one
    /// that fails or waits keeps nobody.
    pub async fn batch(&self, messages: &[Received]) -> Vec<String> {
        let mut outcomes = Vec::with_capacity(messages.len());
        let mut groups: BTreeMap<ContactKey, Group<'_>> = BTreeMap::new();
        for message in messages {
            match serde_json::from_str::<Envelope>(&message.body) {
                Ok(envelope) => {
                    let key = envelope.input.partition(&self.secret);
                    let group = groups.entry(key).or_insert(Group {
                        key,
                        inputs: Vec::new(),
                    });
                    group.inputs.push((message, envelope));
                }
                Err(error) => {
                    let reason = format!("not an input: {error}");
                    outcomes.push((message, Done::Poison(reason)));
                }
            }
        }
        let groups = join_all(groups.into_values().map(|group| self.group(group))).await;
        outcomes.extend(groups.into_iter().flatten());
        self.count_entries().await;
        batch::settle(&self.aside, outcomes).await
    }

    /// Tells how many entered, where the project wants an alarm.
    async fn count_entries(&self) {
        let now = self.clock.now();
        let due = self.entries.due(now);
        if due.is_empty() {
            return;
        }
        match self.releases.current().await {
            // Whoever has switched it off meanwhile wants no counts either.
            Ok(release) => {
                if let Some(factor) = release.project.sending.entry_alarm {
                    entries::tell(due, &self.permissions, factor, now).await;
                }
            }
            Err(error) => tracing::warn!(?due, %error, "entries were not counted"),
        }
    }

    /// Works on the inputs of one address. Poison is taken out, the others are applied.
    async fn group<'m>(&self, mut group: Group<'m>) -> Vec<(&'m Received, Done)> {
        let mut outcomes = Vec::new();
        // The queue keeps no order; the senders' times do. A message that stands twice in a batch is one input.
        group
            .inputs
            .sort_by_key(|(_, envelope)| (envelope.input.order(), envelope.input.id()));
        while !group.inputs.is_empty() {
            let count = group.inputs.len().min(Commit::ROWS_MAX);
            let (fold, _) = group.inputs.split_at(count);
            let done = match self.apply(group.key, fold).await {
                Ok(()) => Done::Acknowledge,
                Err(Stop::Poison(index, reason)) => {
                    let (message, _) = group.inputs.remove(index);
                    outcomes.push((message, Done::Poison(reason)));
                    continue;
                }
                Err(Stop::Retry(error)) => {
                    tracing::warn!(contact = %group.key, %error, "inputs will be delivered again");
                    Done::Retry
                }
            };
            outcomes.extend(group.inputs.drain(..count).map(|(m, _)| (m, done.clone())));
        }
        outcomes
    }

    /// Applies inputs in order and publishes their effects.
    async fn apply(&self, key: ContactKey, inputs: &[(&Received, Envelope)]) -> Result<(), Stop> {
        let mut applied: Vec<LogRow> = Vec::new();
        let mut taken: Vec<Identity> = Vec::new();
        let mut last_error = None;
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                self.clock.sleep(JITTER.mul_f64(self.ids.fraction())).await;
            }
            match self.attempt(key, inputs, &applied, &taken).await? {
                Attempt::Done(rows) => {
                    return self
                        .publish(applied.iter().chain(&rows))
                        .await
                        .map_err(Stop::Retry);
                }
                Attempt::Applied(rows) => applied.extend(rows),
                Attempt::Taken(identity) => taken.push(identity),
                Attempt::Stale => {}
                Attempt::Contended(error) => last_error = Some(error),
            }
        }
        Err(Stop::Retry(last_error.unwrap_or(PortError {
            operation: "commit",
            class: ErrorClass::Conflict,
            cause: format!("contact {key} is written by too many at once"),
        })))
    }

    /// Reads, decides, commits; once.
    async fn attempt(
        &self,
        key: ContactKey,
        inputs: &[(&Received, Envelope)],
        applied: &[LogRow],
        taken: &[Identity],
    ) -> Result<Attempt, Stop> {
        let loaded = self.contacts.load(key).await.map_err(Stop::Retry)?;
        if loaded.erased.is_some() {
            let late = self.forget_late(loaded.id.unwrap_or(key), inputs).await;
            late.map_err(Stop::Retry)?;
        }
        let number = loaded.contact.as_ref().map_or(0, |contact| contact.release);
        let release = self.releases.at_least(number).await.map_err(Stop::Retry)?;
        let context = Context {
            release: &release,
            secret: &self.secret,
            clock: self.clock.now(),
        };
        let subject = Subject {
            id: loaded.id.unwrap_or(key),
            contact: loaded.contact,
            erased_at: loaded.erased.map(|stub| stub.at),
            taken: taken.to_vec(),
        };
        let mut folded = fold(subject, inputs, applied, context)?;
        let republished = self.rows_of(&folded.dropped).await?;
        if folded.rows.is_empty() {
            return Ok(Attempt::Done(republished));
        }
        let commit = Commit {
            contact: folded.contact.as_ref(),
            pointers: &folded.pointers,
            rows: &folded.rows,
        };
        match self.contacts.commit(commit).await {
            Ok(Committed::Done) => {
                if release.project.sending.entry_alarm.is_some() {
                    entries::note(&self.entries, &folded.rows, &release);
                }
                folded.rows.extend(republished);
                Ok(Attempt::Done(folded.rows))
            }
            Ok(Committed::Applied(rows)) => Ok(Attempt::Applied(rows)),
            Ok(Committed::Taken(identity)) => Ok(Attempt::Taken(identity)),
            Ok(Committed::Stale) => Ok(Attempt::Stale),
            Err(error) if error.class == ErrorClass::Conflict => Ok(Attempt::Contended(error)),
            Err(error) => Err(Stop::Retry(error)),
        }
    }

    /// A message that was claimed before its contact was erased may have left its copy behind the erasure.
    async fn forget_late(
        &self,
        contact: ContactKey,
        inputs: &[(&Received, Envelope)],
    ) -> Result<(), PortError> {
        let mut inputs = inputs.iter().map(|(_, envelope)| &envelope.input);
        if inputs.any(|input| matches!(input, Input::Outcome(_))) {
            self.permissions.forget_copies(contact).await?;
        }
        Ok(())
    }

    /// The rows of dropped wakes. A wake that is not the contact's due time either comes too late for everybody, or it was applied
    /// and its worker died before the effects were published: they are published again.
    async fn rows_of(&self, dropped: &[(ContactKey, InputId)]) -> Result<Vec<LogRow>, Stop> {
        let mut rows = Vec::new();
        for (partition, input) in dropped {
            let row = self.contacts.row(*partition, *input).await;
            rows.extend(row.map_err(Stop::Retry)?);
        }
        Ok(rows)
    }

    /// Publishes effects: consent first, because a send of the same decision stands on it.
    async fn publish(&self, rows: impl Iterator<Item = &LogRow>) -> Result<(), PortError> {
        let now = self.clock.now();
        let mut tasks = Vec::new();
        let mut bulk = Vec::new();
        let mut wakes = Vec::new();
        for row in rows {
            for effect in &row.effects {
                match effect {
                    Effect::Consent(change) => self.permissions.consent(change).await?,
                    Effect::Carry { from, to, at } => {
                        carry(&self.permissions, *from, *to, *at).await?;
                    }
                    Effect::Send(request) => {
                        let group = request.journey.clone();
                        let task = task_message(&Task::Send(request.clone()), group)?;
                        match self.urgency(&request.template).await? {
                            Urgency::Urgent => tasks.push(task),
                            Urgency::Bulk => bulk.push(task),
                        }
                    }
                    Effect::Call(request) => {
                        let group = request.journey.clone();
                        tasks.push(task_message(&Task::Call(request.clone()), group)?);
                    }
                    Effect::Wake { due_at } => {
                        if let Some(delay) = self.schedule.queue_delay(*due_at, now) {
                            let wake = Wake {
                                contact: row.contact,
                                due_at: *due_at,
                            };
                            wakes.push(wake_message(wake, now, delay)?);
                        }
                    }
                }
            }
        }
        if !tasks.is_empty() {
            self.dispatch.send(tasks).await?;
        }
        if !bulk.is_empty() {
            self.dispatch_bulk.send(bulk).await?;
        }
        if !wakes.is_empty() {
            self.wakes.send(wakes).await?;
        }
        Ok(())
    }

    /// Whether somebody waits for a message of this template. What is not published says nothing of it, and is skipped anyway.
    async fn urgency(&self, template: &str) -> Result<Urgency, PortError> {
        let release = self.releases.current().await?;
        let template = release.template(template);
        Ok(template.map_or(Urgency::Bulk, |template| template.class.into()))
    }
}

/// A task on its way to `dispatch`.
fn task_message(task: &Task, journey: String) -> Result<Outgoing, PortError> {
    let body = serde_json::to_string(task);
    let body = body.map_err(|error| PortError::invalid("publish a task", error))?;
    Ok(Outgoing {
        group: Some(journey),
        ..Outgoing::now(body)
    })
}

/// A wake on its way to `evaluate`.
pub(crate) fn wake_message(
    wake: Wake,
    now: wend_core::time::Timestamp,
    delay: Duration,
) -> Result<Outgoing, PortError> {
    let envelope = Envelope {
        accepted_at: now,
        input: Input::Wake(wake),
    };
    let body = serde_json::to_string(&envelope);
    let body = body.map_err(|error| PortError::invalid("publish a wake", error))?;
    Ok(Outgoing {
        body,
        delay,
        group: None,
    })
}

/// How one attempt ended.
enum Attempt {
    Done(Vec<LogRow>),
    Applied(Vec<LogRow>),
    Taken(Identity),
    Stale,
    Contended(PortError),
}

/// Several inputs of one contact, decided one after the other, to be written at once.
struct Folded {
    contact: Option<Contact>,
    pointers: Vec<Identity>,
    rows: Vec<LogRow>,
    /// Partition and id of wakes that are not, or no longer, the contact's due time.
    dropped: Vec<(ContactKey, InputId)>,
}

/// Decides all `inputs` that are not in `applied`, each on the contact that the one before left. Only the last state is
/// written, under the revision that was read.
fn fold(
    mut subject: Subject,
    inputs: &[(&Received, Envelope)],
    applied: &[LogRow],
    context: Context<'_>,
) -> Result<Folded, Stop> {
    let read_rev = subject.contact.as_ref().map_or(0, |contact| contact.rev);
    let mut folded = Folded {
        contact: None,
        pointers: Vec::new(),
        rows: Vec::new(),
        dropped: Vec::new(),
    };
    let mut is_changed = false;
    for (index, (_, envelope)) in inputs.iter().enumerate() {
        let id = envelope.input.id();
        let is_known = |row: &LogRow| row.id == id;
        if applied.iter().any(is_known) || folded.rows.iter().any(is_known) {
            continue;
        }
        let decision = guarded(subject.clone(), envelope, context)
            .map_err(|reason| Stop::Poison(index, reason))?;
        is_changed |= decision.is_changed;
        folded.pointers.extend(decision.new_identities);
        if decision.row.is_none() {
            let partition = envelope.input.partition(context.secret);
            folded.dropped.push((partition, id));
        }
        folded.rows.extend(decision.row);
        subject.contact = decision.contact;
    }
    if is_changed {
        folded.contact = subject.contact.map(|contact| Contact {
            rev: read_rev,
            ..contact
        });
        for row in &mut folded.rows {
            row.rev = read_rev + 1;
        }
    }
    Ok(folded)
}

/// Decides; a bug in a decision costs its own input and nobody else's.
fn guarded(
    subject: Subject,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Decision, String> {
    let decision = catch_unwind(AssertUnwindSafe(|| decide(subject, envelope, context)));
    match decision {
        Ok(decision) => decision.map_err(|error: DecideError| error.to_string()),
        Err(panic) => Err(panic_text(panic.as_ref())),
    }
}
