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
use wend_core::decide::{
    Context, DecideError, Decision, Other, Repointed, Subject, decide, looks_up,
};
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
    /// Whether it is a contact's id, as in all messages of our own, and not the key of a name.
    is_id: bool,
    inputs: Vec<(&'m Received, Envelope)>,
}

/// Why a group stops.
enum Stop {
    /// Out of reach, or contended: later.
    Retry(PortError),
    /// One input is poison.
    Poison(usize, String),
    /// One input names somebody else, too: they are applied one by one.
    OneByOne,
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
        let mut groups: BTreeMap<(ContactKey, bool), Group<'_>> = BTreeMap::new();
        for message in messages {
            match serde_json::from_str::<Envelope>(&message.body) {
                Ok(envelope) => {
                    let key = envelope.input.partition(&self.secret);
                    let is_id = !matches!(envelope.input, Input::Event(_));
                    let group = groups.entry((key, is_id)).or_insert(Group {
                        key,
                        is_id,
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
        let mut rows_max = Commit::ROWS_MAX;
        while !group.inputs.is_empty() {
            let count = group.inputs.len().min(rows_max);
            let (fold, _) = group.inputs.split_at(count);
            let done = match self.apply((group.key, group.is_id), fold).await {
                Ok(()) => Done::Acknowledge,
                Err(Stop::Poison(index, reason)) => {
                    let (message, _) = group.inputs.remove(index);
                    outcomes.push((message, Done::Poison(reason)));
                    continue;
                }
                Err(Stop::OneByOne) => {
                    rows_max = 1;
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
    async fn apply(
        &self,
        address: (ContactKey, bool),
        inputs: &[(&Received, Envelope)],
    ) -> Result<(), Stop> {
        let mut applied: Vec<LogRow> = Vec::new();
        let mut elsewhere: Vec<Identity> = Vec::new();
        let mut last_error = None;
        let mut attempt = 0;
        while attempt < ATTEMPTS_MAX {
            if attempt > 0 {
                self.clock.sleep(JITTER.mul_f64(self.ids.fraction())).await;
            }
            attempt += 1;
            match self.attempt(address, inputs, &applied, &elsewhere).await? {
                Attempt::Done(rows) => {
                    return self
                        .publish(applied.iter().chain(&rows))
                        .await
                        .map_err(Stop::Retry);
                }
                Attempt::Applied(rows) => applied.extend(rows),
                Attempt::Taken(_) if inputs.len() > 1 => return Err(Stop::OneByOne),
                Attempt::Taken(name) if !elsewhere.contains(&name) => {
                    // Nobody was in the way; a message has a handful of names.
                    attempt = 0;
                    elsewhere.push(name);
                }
                Attempt::Taken(_) | Attempt::Stale => {}
                Attempt::Contended(error) => last_error = Some(error),
            }
        }
        Err(Stop::Retry(last_error.unwrap_or(PortError {
            operation: "commit",
            class: ErrorClass::Conflict,
            cause: format!("contact {} is written by too many at once", address.0),
        })))
    }

    /// Reads, decides, commits; once.
    async fn attempt(
        &self,
        (key, is_id): (ContactKey, bool),
        inputs: &[(&Received, Envelope)],
        applied: &[LogRow],
        elsewhere: &[Identity],
    ) -> Result<Attempt, Stop> {
        let loaded = if is_id {
            self.contacts.find(key).await
        } else {
            self.contacts.load(key).await
        };
        let loaded = loaded.map_err(Stop::Retry)?;
        if loaded.erased.is_some() {
            self.forget_late(inputs).await.map_err(Stop::Retry)?;
        }
        let mut names = elsewhere.to_vec();
        for name in asked_for(inputs, loaded.contact.as_ref()) {
            if inputs.len() > 1 {
                return Err(Stop::OneByOne);
            }
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let others = self.others(names).await?;
        let stored = loaded.contact.iter();
        let stored = stored.chain(others.iter().filter_map(|other| other.contact.as_ref()));
        let number = stored.map(|contact| contact.release).max().unwrap_or(0);
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
            others,
        };
        let mut folded = fold(subject, inputs, applied, context)?;
        let republished = self.rows_of(&folded.dropped).await?;
        if folded.rows.is_empty() {
            return Ok(Attempt::Done(republished));
        }
        let commit = Commit {
            contact: folded.contact.as_ref(),
            pointers: &folded.pointers,
            repointed: &folded.repointed,
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
    async fn forget_late(&self, inputs: &[(&Received, Envelope)]) -> Result<(), PortError> {
        for (_, envelope) in inputs {
            if let Input::Outcome(over) = &envelope.input {
                self.permissions.forget_copies(over.contact).await?;
            }
        }
        Ok(())
    }

    /// What stands under `names`.
    async fn others(&self, names: Vec<Identity>) -> Result<Vec<Other>, Stop> {
        let mut others = Vec::with_capacity(names.len());
        for name in names {
            let key = name.key(&self.secret);
            let loaded = self.contacts.load(key).await.map_err(Stop::Retry)?;
            others.push(Other {
                name,
                id: loaded.id.unwrap_or(key),
                contact: loaded.contact,
                erased_at: loaded.erased.map(|stub| stub.at),
            });
        }
        Ok(others)
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

/// The names that must be looked up before any of `inputs` is decided.
fn asked_for<'i>(
    inputs: &'i [(&Received, Envelope)],
    contact: Option<&Contact>,
) -> impl Iterator<Item = &'i Identity> {
    inputs
        .iter()
        .filter_map(move |(_, envelope)| match &envelope.input {
            Input::Event(event) => looks_up(event, contact),
            _ => None,
        })
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
    repointed: Vec<Repointed>,
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
    let mut folded = Folded {
        contact: None,
        pointers: Vec::new(),
        repointed: Vec::new(),
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
        folded.repointed.extend(decision.repointed);
        if decision.row.is_none() {
            let partition = envelope.input.partition(context.secret);
            folded.dropped.push((partition, id));
        }
        folded.rows.extend(decision.row);
        subject.contact = decision.contact;
        subject.id = subject
            .contact
            .as_ref()
            .map_or(subject.id, |contact| contact.id);
    }
    if is_changed {
        folded.contact = subject.contact;
        let rev = folded.contact.as_ref().map_or(0, |contact| contact.rev);
        for row in &mut folded.rows {
            row.rev = rev + 1;
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
