//! What was compared and done, as rows keep it.

use serde::{Deserialize, Serialize};

use crate::condition::Comparison;
use crate::contact::PendingUntil;
use crate::enrollment::HoldReason;
use crate::id::{ContactKey, EnrollmentId, SendId};
use crate::identity::{Channel, IdentityKind};
use crate::input::FeedbackKind;
use crate::send::{Outcome, SkipReason};
use crate::time::Timestamp;
use crate::zone::Zone;

/// One line of the answer to "why did they (not) get it?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trace {
    /// First heard of.
    Created,
    /// The email address was set.
    AddressSet,
    /// Another address was sent; it does not replace the one that is known.
    AddressKept,
    /// The address on this channel was replaced; what was said at the one before counts at the new one.
    AddressChanged(Channel),
    /// All SMS were stopped by an answer, or a stop was taken back.
    TextsStopped(bool),
    /// An opt-in was confirmed at an address that the contact has no more.
    ConfirmedElsewhere(String),
    /// These attributes changed.
    AttributesSet(Vec<String>),
    /// The contact is known under another name, too.
    Linked(IdentityKind),
    /// A name in the message does not become this contact's.
    NotLinked {
        /// What kind of name it is.
        name: IdentityKind,
        /// Why.
        why: NotLinked,
    },
    /// Another contact turned out to be this one.
    Merged {
        /// The one whose item is a pointer from now on.
        away: ContactKey,
    },
    /// An anonymous id that was another contact's is this one's: this one was named on the device later.
    Repointed {
        /// Whose it was.
        from: ContactKey,
    },
    /// Consent was said.
    Consent {
        /// The topic.
        topic: String,
        /// Yes or no.
        opted_in: bool,
    },
    /// An opt-in was said that must be confirmed first.
    ConsentUnconfirmed(String),
    /// Consent was said to a topic that `wend.yaml` does not declare.
    UnknownTopic(String),
    /// Consent was said and there is no address that it could be about.
    ConsentWithoutAddress(String),
    /// No rule looks at the event.
    NobodyListens(String),
    /// An attribute had to be refused, and why.
    Refused {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// A run began.
    Entered {
        /// The journey.
        journey: String,
        /// The run.
        enrollment: EnrollmentId,
        /// Which trigger it was, from 1; none: by hand, by another journey.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trigger: Option<usize>,
        /// Whether it is counted and never messaged.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_holdout: bool,
    },
    /// A trigger matched and no run began.
    NotEntered {
        /// The journey.
        journey: String,
        /// Why.
        why: NotEntered,
    },
    /// An entry waits.
    EntryWaits {
        /// The journey.
        journey: String,
        /// For what, and until when.
        until: PendingUntil,
    },
    /// A trigger met a run of its key.
    Retriggered {
        /// The journey.
        journey: String,
        /// Whether the run began anew.
        is_restarted: bool,
    },
    /// A run follows another version from now on.
    Migrated {
        /// The journey.
        journey: String,
        /// The step that it stood at.
        from: String,
        /// The step that it stands at.
        to: String,
    },
    /// A step's `if` does not hold: it was passed over.
    StepPassed {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// What was compared.
        comparisons: Vec<Comparison>,
    },
    /// A run took a path.
    PathTaken {
        /// The journey.
        journey: String,
        /// The step that holds it; none: it is an exit.
        step: Option<String>,
        /// The path.
        path: String,
        /// Why.
        why: Admitted,
    },
    /// No path of a branch was admitted.
    NoPath {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// What was compared.
        comparisons: Vec<Comparison>,
    },
    /// An event came that a path waits for, with other properties.
    PathNotTaken {
        /// The journey.
        journey: String,
        /// The path, or `goal`.
        path: String,
        /// What was compared.
        comparisons: Vec<Comparison>,
    },
    /// A run waits.
    Waits {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// Until when; none: for an event or a condition alone.
        due_at: Option<Timestamp>,
        /// Whose clock was read; none for an exact time.
        #[serde(default)]
        zone: Option<Zone>,
    },
    /// A run does not wait: the date has passed, or is not known.
    NotWaited {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The moment that has passed; none if the data has no such date.
        past: Option<Timestamp>,
    },
    /// A wait is over.
    WaitOver {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
    },
    /// A message may not go yet.
    Held {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// When it is looked at again.
        until: Timestamp,
        /// Why.
        why: HoldReason,
    },
    /// A message was not asked for.
    MessageSkipped {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// Why.
        reason: SkipReason,
    },
    /// A message was asked for.
    SendRequested {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The template.
        template: String,
        /// The send.
        send: SendId,
    },
    /// A message left, or did not.
    SendEnded {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The send.
        send: SendId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something became of a message.
    MessageState {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// What.
        kind: FeedbackKind,
        /// Whether a machine did it, so that it moves nobody.
        is_machine: bool,
    },
    /// Another system was asked.
    Asked {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The call.
        call: SendId,
    },
    /// A team was told.
    Alerted {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// The team.
        team: String,
    },
    /// Another system answered; none: it failed for this reason.
    Answered {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
        /// Why it failed.
        failure: Option<String>,
    },
    /// A step failed for good and its run waits for somebody.
    Parked {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
    },
    /// A score changed.
    Scored {
        /// The score.
        score: String,
        /// By how much.
        points: i32,
        /// What it is now, rounded down.
        value: i64,
        /// The rule, or the step, that gave the points.
        by: String,
    },
    /// An event was made.
    Emitted(String),
    /// A segment was entered or left, a list joined or left.
    Member {
        /// Its id.
        id: String,
        /// Whether the contact belongs now.
        joined: bool,
    },
    /// The goal was reached.
    GoalReached {
        /// The journey.
        journey: String,
        /// The run.
        enrollment: EnrollmentId,
        /// What it is worth.
        value: Option<String>,
        /// In which currency.
        currency: Option<String>,
    },
    /// One input led to too many others.
    CascadeLimit(String),
    /// A run follows a version that the release does not hold: it was passed over.
    VersionMissing {
        /// The journey.
        journey: String,
    },
    /// A journey stands still: its runs wait until it is resumed.
    Paused {
        /// The journey.
        journey: String,
    },
    /// A run ended.
    Ended {
        /// The journey.
        journey: String,
        /// The run.
        enrollment: EnrollmentId,
        /// Why.
        reason: EndReason,
    },
    /// The outcome of a send that no run waits for any more.
    OutcomeUnclaimed(SendId),
    /// The answer of a call that no run waits for any more.
    AnswerUnclaimed(SendId),
}

/// Why a name in a message does not become the contact's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotLinked {
    /// It is another contact's. Both are known, by an id or an address, and write keys are public: they cannot say that two
    /// known contacts are one.
    BothKnown,
    /// It is a device on which somebody else was identified later.
    NamedLater,
    /// The contact would have more names than it may.
    TooManyNames,
    /// It is another contact's, and together they would be larger than a contact may be.
    TooLarge,
    /// Somebody was erased under it.
    Erased,
}

impl NotLinked {
    /// The reason in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::BothKnown => {
                "it is another contact's; a write key cannot merge two known contacts"
            }
            Self::NamedLater => "somebody else was identified on the device later",
            Self::TooManyNames => "a contact has at most 50 names",
            Self::TooLarge => "it is another contact's; together they would be too large",
            Self::Erased => "somebody was erased under it",
        }
    }
}

/// Most comparisons that a trace keeps of one condition.
pub const COMPARISONS_MAX: usize = 20;

/// Why a path was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admitted {
    /// Its condition holds.
    If(Vec<Comparison>),
    /// Its event came.
    Event(String),
    /// Its time has come.
    After,
    /// It was drawn.
    Drawn,
    /// It was drawn when the contact was here before.
    DrawnBefore,
    /// No other was admitted.
    Else,
}

/// Why a matching trigger began no run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotEntered {
    /// The journey takes nobody: a draft, closed, or outside its `open` time.
    NotOpen,
    /// The journey stands still.
    Paused,
    /// A run of this journey and key lives.
    AlreadyInside,
    /// As many runs live as may.
    ParallelLimit,
    /// The event does not have the property that tells runs apart.
    KeyMissing,
    /// `reentry` does not allow it yet.
    Reentry,
    /// The event is older than a trigger may be.
    EventTooOld,
    /// The event is the trigger's, its properties are not: the `where` of the first trigger on it.
    Where(Vec<Comparison>),
    /// `entry_if` does not hold.
    EntryIf(Vec<Comparison>),
    /// The contact is not in the segment that the schedule is for.
    NotInSegment(Vec<Comparison>),
    /// On the contact's clock the hour of the schedule has passed.
    HourPassed,
    /// The opt-in was not confirmed in time.
    NeverConfirmed,
    /// It waited for quiet and an exit or the goal came first.
    Overtaken,
    /// Nothing is published under the journey's name, or it takes nobody in this way.
    NoSuchEntrance,
}

impl NotEntered {
    /// The reason's name in timelines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotOpen => "not_open",
            Self::Paused => "paused",
            Self::AlreadyInside => "already_inside",
            Self::ParallelLimit => "parallel_limit",
            Self::KeyMissing => "key_missing",
            Self::Reentry => "reentry",
            Self::EventTooOld => "event_too_old",
            Self::Where(_) => "where",
            Self::EntryIf(_) => "entry_if",
            Self::NotInSegment(_) => "not_in_segment",
            Self::HourPassed => "hour_passed",
            Self::NeverConfirmed => "never_confirmed",
            Self::Overtaken => "overtaken",
            Self::NoSuchEntrance => "no_such_entrance",
        }
    }
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It reached the end of its steps.
    Completed,
    /// Its goal was reached.
    Goal,
    /// It took an exit: the exit's path.
    Exit(String),
    /// A step `exit`, in its author's words.
    Said(String),
    /// A date has passed or is not known, and its step says `if_past: exit`.
    DatePassed,
    /// Its step stands in no version that is still there.
    StepMissing,
    /// The contact said no to the journey's topic.
    Unsubscribed,
    /// It is older than `max_duration`.
    TooOld,
    /// A step failed for good.
    Failed,
    /// The journey was edited, and `in_flight` or `removed` says `exit`.
    Edited,
    /// Somebody, or another journey, stopped it.
    Stopped,
    /// It was counted and never messaged, and its time is over.
    Holdout,
    /// It began more steps at one moment than a run may.
    TooManySteps,
    /// Its contact was merged with one that had entered earlier.
    Merged,
}

impl EndReason {
    /// The reason as timelines and scenarios name it.
    pub fn name(&self) -> &str {
        match self {
            Self::Completed => "completed",
            Self::Goal => "goal",
            Self::Exit(path) => path,
            Self::Said(reason) => reason,
            Self::DatePassed => "date_passed",
            Self::StepMissing => "step_removed",
            Self::Unsubscribed => "unsubscribed",
            Self::TooOld => "too_old",
            Self::Failed => "failed",
            Self::Edited => "edited",
            Self::Stopped => "stopped",
            Self::Holdout => "holdout",
            Self::TooManySteps => "too_many_steps",
            Self::Merged => "merged",
        }
    }
}
