//! Walks over all contacts: each is told of a schedule's occurrence, or to take in the newest release.
//!
//! A walk is parallel, paced and can be killed anywhere. It goes through the segments of the table at the same time, page by page; a
//! row for each segment says how far it has come and only moves forward. Its messages are what keeps it going: a message is
//! acknowledged when its segment is at its end, or when the message that goes on is on the queue. Who dies with a page leaves the
//! message, and the page is told again, by inputs of the same ids: `evaluate` knows them.
//!
//! It tells and decides nothing. Whom an occurrence concerns is looked at before, to tell fewer; who enters is decided by the
//! contact.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use wend_core::contact::Contact;
use wend_core::identity::Channel;
use wend_core::input::{Command, CommandKind, Envelope, Input};
use wend_core::occurrence::{Occurrences, entry_id, touch_id};
use wend_core::release::{JourneyState, Release};
use wend_core::time::Timestamp;

use crate::batch::{self, Done};
use crate::ports::{
    Clock, ContactScan, ErrorClass, Outgoing, PaceKey, Paces, PortError, Queue, Received,
    ReleaseStore, SetAside, Stand, Walks,
};
use crate::releases::Releases;

/// The segments of a walk: more would share a table of millions among more functions than are to work on it.
const SEGMENTS: u32 = 8;
/// Items of a page. A contact of 2 KB and its pointers: about half of what one answer of DynamoDB holds.
const PAGE: u32 = 500;
/// A message works for so long, half of what its function may take.
const SLICE: Duration = Duration::from_secs(30);
/// How long a walk rests when the table or a queue has too much to do.
const THROTTLED_PAUSE: Duration = Duration::from_secs(15);
/// A schedule comes when its occurrence begins, or an hour later where clocks are put forward meanwhile. What is older is not its word: the
/// journey has been published with another schedule since.
const STALE: Duration = Duration::from_hours(2);
/// While messages stand in a line longer than this, nobody more is told.
const LINE_MAX: Duration = Duration::from_mins(5);
/// How long it then rests.
const LINE_PAUSE: Duration = Duration::from_mins(1);

/// What contacts are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// An occurrence of a journey's schedule has begun.
    Schedule {
        /// The journey.
        journey: String,
        /// When it began.
        occurrence: Timestamp,
    },
    /// The newest release shall take hold.
    Touch {
        /// The walk's name: each contact is touched once for each.
        job: String,
    },
}

impl Errand {
    /// The name of the walk: one for each occurrence or job.
    pub fn name(&self) -> String {
        match self {
            Self::Schedule {
                journey,
                occurrence,
            } => format!("schedule#{journey}#{}", occurrence.as_millis()),
            Self::Touch { job } => format!("touch#{job}"),
        }
    }
}

/// A message of the queue of walks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A schedule of a journey has come.
    Start {
        /// The journey.
        journey: String,
        /// When, RFC 3339; without it, just now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
    /// A walk begins.
    Begin(Errand),
    /// A walk goes on in one segment.
    Go {
        /// Which walk.
        errand: Errand,
        /// The segment.
        segment: u32,
        /// Of how many.
        of: u32,
    },
}

impl Task {
    /// The message.
    pub fn message(&self) -> Result<Outgoing, PortError> {
        let body = serde_json::to_string(self);
        let body = body.map_err(|error| PortError::invalid("walk on", error))?;
        Ok(Outgoing::now(body))
    }
}

/// Walks.
#[derive(Debug)]
pub struct Walk<S, Q, A, R, C> {
    /// The contacts, the rows of walks, the rates.
    pub store: S,
    /// Where walks go on.
    pub walks: Q,
    /// Where inputs go that are in no hurry.
    pub bulk: Q,
    /// Where poison goes.
    pub aside: A,
    /// The definitions.
    pub releases: Releases<R, C>,
    /// The clock.
    pub clock: C,
}

impl<S, Q, A, R, C> Walk<S, Q, A, R, C>
where
    S: ContactScan + Walks + Paces,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
{
    /// Works on a batch and names the deliveries that the queue must repeat.
    pub async fn batch(&self, messages: &[Received]) -> Vec<String> {
        let done = join_all(messages.iter().map(|message| self.one(message))).await;
        batch::settle(&self.aside, messages.iter().zip(done).collect()).await
    }

    async fn one(&self, message: &Received) -> Done {
        let task = match serde_json::from_str::<Task>(&message.body) {
            Ok(task) => task,
            Err(error) => return Done::Poison(format!("not a walk: {error}")),
        };
        let done = match task {
            Task::Start { journey, at } => match at.as_deref().map(Timestamp::parse) {
                Some(None) => return Done::Poison("`at` is no RFC 3339 time".to_owned()),
                Some(Some(at)) => self.start(&journey, at).await,
                None => self.start(&journey, self.clock.now()).await,
            },
            Task::Begin(errand) => self.begin(&errand).await,
            Task::Go {
                errand,
                segment,
                of,
            } => self.go(&errand, segment, of).await,
        };
        match done {
            Ok(done) => done,
            Err(error) => {
                tracing::warn!(%error, "a walk will go on when its message comes again");
                Done::Retry
            }
        }
    }

    /// Begins the walk of the occurrence that the journey has had last at `at`.
    async fn start(&self, journey: &str, at: Timestamp) -> Result<Done, PortError> {
        let release = self.releases.current().await?;
        let Some((_, found)) = release.journey(journey) else {
            tracing::warn!(
                journey,
                "nothing is published under this name: its schedule starts nobody"
            );
            return Ok(Done::Acknowledge);
        };
        // Of several schedules of a journey the one that has just come.
        let last = Occurrences::all(found)
            .filter_map(|all| all.schedule.last_until(at, &all.clock()))
            .max();
        let Some(occurrence) = last.filter(|last| at.since(*last) < STALE) else {
            tracing::warn!(
                journey,
                "it has no schedule that has just come: this one starts nobody"
            );
            return Ok(Done::Acknowledge);
        };
        let journey = journey.to_owned();
        self.begin(&Errand::Schedule {
            journey,
            occurrence,
        })
        .await
    }

    /// Puts a message for each segment on the queue. Doing so twice walks twice in the same rows.
    async fn begin(&self, errand: &Errand) -> Result<Done, PortError> {
        let messages = (0..SEGMENTS).map(|segment| {
            let errand = errand.clone();
            let of = SEGMENTS;
            Task::Go {
                errand,
                segment,
                of,
            }
            .message()
        });
        let messages = messages.collect::<Result<_, _>>()?;
        self.walks.send(messages).await?;
        Ok(Done::Acknowledge)
    }

    /// Goes through a segment for as long as a message may.
    async fn go(&self, errand: &Errand, segment: u32, of: u32) -> Result<Done, PortError> {
        let begun_at = self.clock.now();
        let name = errand.name();
        let mut stand = self.store.stand(&name, segment).await?;
        while !stand.is_over {
            if self.clock.now().since(begun_at) >= SLICE {
                return self.go_on(errand, segment, of, Duration::ZERO).await;
            }
            if self.is_line_long(errand).await? {
                return self.go_on(errand, segment, of, LINE_PAUSE).await;
            }
            let next = match self.page(errand, segment, of, &stand).await {
                Ok(next) => next,
                Err(error) if error.class == ErrorClass::Throttled => {
                    return self.go_on(errand, segment, of, THROTTLED_PAUSE).await;
                }
                Err(error) => return Err(error),
            };
            if !self.store.move_on(&name, segment, &stand, &next).await? {
                // Somebody else works on it. The message stays until that one is at the end: it may die.
                return Ok(Done::Retry);
            }
            stand = next;
        }
        let Stand { seen, told, .. } = stand;
        tracing::info!(
            walk = name,
            segment,
            seen,
            told,
            "a segment of a walk is at its end"
        );
        Ok(Done::Acknowledge)
    }

    /// The message that goes on, and with it the end of this one.
    async fn go_on(
        &self,
        errand: &Errand,
        segment: u32,
        of: u32,
        delay: Duration,
    ) -> Result<Done, PortError> {
        let errand = errand.clone();
        let task = Task::Go {
            errand,
            segment,
            of,
        };
        let message = Outgoing {
            delay,
            ..task.message()?
        };
        self.walks.send(vec![message]).await?;
        Ok(Done::Acknowledge)
    }

    /// Tells the contacts of the next page.
    async fn page(
        &self,
        errand: &Errand,
        segment: u32,
        of: u32,
        stand: &Stand,
    ) -> Result<Stand, PortError> {
        let release = self.releases.current().await?;
        let page = self.store.page(segment, of, stand.after, PAGE).await?;
        let now = self.clock.now();
        let told = page
            .contacts
            .iter()
            .filter(|contact| is_told(errand, contact, &release, now));
        let messages = told.map(|contact| input(errand, contact, now));
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        let told = messages.len();
        if !messages.is_empty() {
            self.bulk.send(messages).await?;
        }
        Ok(Stand {
            pages: stand.pages + 1,
            after: page.next,
            seen: stand.seen + page.contacts.len() as u64,
            told: stand.told + told as u64,
            is_over: page.next.is_none(),
        })
    }

    /// Whether messages that this walk leads to at once stand in a long line already: told later, fewer come in vain. Who has a moment
    /// of its own must hear before that, however long the line is.
    async fn is_line_long(&self, errand: &Errand) -> Result<bool, PortError> {
        let Errand::Schedule {
            journey,
            occurrence,
        } = errand
        else {
            return Ok(false);
        };
        let release = self.releases.current().await?;
        let is_lasting = release.journey(journey).is_some_and(|(_, journey)| {
            let mut all = Occurrences::all(journey).filter(|all| all.begin_at(*occurrence));
            all.any(|all| all.is_lasting())
        });
        if is_lasting {
            return Ok(false);
        }
        let now = self.clock.now();
        for key in [
            PaceKey::Channel(Channel::Email),
            PaceKey::Channel(Channel::Sms),
            PaceKey::Journey(journey.clone()),
        ] {
            if self.store.pace(&key).await?.line_at(now) > LINE_MAX {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Who is told. A contact that a newer release has touched than this one is: what this one says of it may be wrong.
fn is_told(errand: &Errand, contact: &Contact, release: &Arc<Release>, now: Timestamp) -> bool {
    let (journey, occurrence) = match errand {
        Errand::Touch { .. } => return true,
        Errand::Schedule {
            journey,
            occurrence,
        } => (journey, *occurrence),
    };
    if contact.release > release.number {
        return true;
    }
    let Some((_, journey)) = release.journey(journey) else {
        return false;
    };
    let takes = match journey.state {
        JourneyState::Live | JourneyState::Rehearsal => !release.is_shut(&journey.id),
        JourneyState::Draft | JourneyState::Closed => false,
    };
    takes
        && Occurrences::all(journey)
            .filter(|all| all.begin_at(occurrence))
            .any(|all| all.may_enter(contact, release, occurrence, now))
}

/// What a contact is told, under an id that follows from the walk alone.
fn input(errand: &Errand, contact: &Contact, now: Timestamp) -> Result<Outgoing, PortError> {
    let (id, kind) = match errand {
        Errand::Schedule {
            journey,
            occurrence,
        } => {
            let kind = CommandKind::Scheduled {
                journey: journey.clone(),
                occurrence: *occurrence,
            };
            (entry_id(journey, *occurrence), kind)
        }
        Errand::Touch { job } => (touch_id(job), CommandKind::Touch),
    };
    let command = Command {
        id,
        contact: contact.id,
        at: now,
        kind,
    };
    let envelope = Envelope {
        accepted_at: now,
        input: Input::Command(Box::new(command)),
    };
    let body = serde_json::to_string(&envelope);
    let body = body.map_err(|error| PortError::invalid("tell a contact", error))?;
    Ok(Outgoing::now(body))
}

#[cfg(test)]
mod tests;
