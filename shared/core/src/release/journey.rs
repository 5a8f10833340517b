//! A journey in its compiled form: a graph of steps.
//!
//! The file nests steps in paths; the reader lays them out in one list and gives each step the place where life goes on after
//! it. So a run is at one step, and a step is found by its index, whatever holds it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::step::{JourneyPath, Step};
use crate::condition::{Condition, Test, Topic, Where};
use crate::path::Path;
use crate::phrase::{DatePhrase, Schedule, Span, Window};
use crate::time::Timestamp;
use crate::zone::Zone;

/// A journey's definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// Its id, the file's name.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Who may enter.
    pub state: JourneyState,
    /// Where in a contact's life it stands, for people.
    pub stage: Option<Stage>,
    /// The topic of its messages unless a template says another.
    pub topic: Option<String>,
    /// What starts a run; the first that matches does.
    pub triggers: Vec<Trigger>,
    /// What must hold of a contact at entry; nothing: all enter.
    pub entry_if: Option<Box<Condition>>,
    /// When somebody may enter again, counted from the last entry of the same key.
    pub reentry: Reentry,
    /// What a trigger does to a run of its key.
    pub retrigger: Retrigger,
    /// Most runs of one contact at once.
    pub parallel: u16,
    /// What the journey is for.
    pub goal: Option<Goal>,
    /// Ways out, from any step; each is admitted by an event or a condition.
    pub exits: Vec<JourneyPath>,
    /// The share that is never messaged and still counted.
    pub holdout: Share,
    /// How its messages go.
    pub sending: Sending,
    /// Whose clock its phrases are read on; none: the contact's.
    pub zone: Option<Zone>,
    /// Its constants.
    pub vars: BTreeMap<String, Value>,
    /// What becomes of people inside when a newer version is published.
    pub in_flight: InFlight,
    /// Where people go who stand at a step that this version has no more.
    pub removed: BTreeMap<String, Removed>,
    /// From when entries are taken.
    pub open_from: Option<Timestamp>,
    /// Until when entries are taken.
    pub open_until: Option<Timestamp>,
    /// A run older than this ends.
    pub max_duration: Span,
    /// Its steps: those of `steps` first, in the order of the file, then those of `exits`.
    pub steps: Vec<Step>,
}

/// The priority of a journey that names none.
pub const PRIORITY: u8 = 50;
/// The priority of a campaign that names none.
pub const CAMPAIGN_PRIORITY: u8 = 30;

/// A step's index in [`Journey::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepIx(pub u16);

impl Journey {
    /// The step at `index`.
    pub fn step(&self, index: StepIx) -> Option<&Step> {
        self.steps.get(usize::from(index.0))
    }

    /// Where the step called `id` stands, by its present or its former name.
    pub fn find(&self, id: &str) -> Option<StepIx> {
        let by = |is: &dyn Fn(&Step) -> bool| self.steps.iter().position(is);
        let found =
            by(&|step| step.id == id).or_else(|| by(&|step| step.was.as_deref() == Some(id)));
        found
            .and_then(|index| u16::try_from(index).ok())
            .map(StepIx)
    }

    /// Whether it is a campaign: a schedule starts it.
    pub fn is_campaign(&self) -> bool {
        let mut triggers = self.triggers.iter();
        triggers.any(|trigger| matches!(trigger, Trigger::Schedule { .. }))
    }

    /// The priority of its messages: what it says, else a campaign's or a journey's.
    pub fn priority(&self) -> u8 {
        let of_kind = if self.is_campaign() {
            CAMPAIGN_PRIORITY
        } else {
            PRIORITY
        };
        self.sending.priority.unwrap_or(of_kind)
    }

    /// What a cap does to its messages where neither it nor their step says: those of a journey wait, those of a campaign are not
    /// worth waiting for.
    pub fn over_cap(&self) -> Hold {
        if self.is_campaign() {
            Hold::Skip
        } else {
            Hold::Hold
        }
    }
}

/// Where in a contact's life a journey stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// They get to know us.
    Awareness,
    /// They compare.
    Consideration,
    /// They are about to buy.
    Decision,
    /// They have bought.
    Retention,
}

/// Who may enter a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JourneyState {
    /// Checked and tested, not entered.
    Draft,
    /// Entered by real contacts; no message leaves.
    Rehearsal,
    /// In use.
    Live,
    /// No new entries; those inside go on.
    Closed,
}

/// When somebody may enter a journey again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reentry {
    /// Once in a lifetime.
    Never,
    /// Whenever no run of the key lives.
    Always,
    /// This long after the last entry; days are counted where the contact lives.
    After(Span),
}

/// What a trigger does to a run of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retrigger {
    /// Nothing.
    Ignore,
    /// The newer event's properties are `trigger.…` from now on.
    Refresh,
    /// As `Refresh`, and the run begins anew unless a message of it has left.
    Restart,
}

/// What becomes of people inside when a newer version is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InFlight {
    /// They follow the new version; the wait they are in is computed anew from when it began.
    Retime,
    /// They follow the version that they entered.
    Pin,
    /// They end.
    Exit,
}

/// Where people go whose step is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removed {
    /// On with the step that followed it.
    Next,
    /// Out.
    Exit,
    /// To this step.
    Step(StepIx),
}

/// A share of one, in hundredths of a percent: 0 to 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(pub u16);

impl Share {
    /// All.
    pub const WHOLE: Self = Self(10_000);
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match (rest, rest % 10) {
            (0, _) => write!(f, "{whole}%"),
            (_, 0) => write!(f, "{whole}.{}%", rest / 10),
            _ => write!(f, "{whole}.{rest:02}%"),
        }
    }
}

/// An event that moves something, and which ones of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMatch {
    /// The event's name, exact.
    pub event: String,
    /// What must hold of its properties; nothing: all.
    #[serde(rename = "where")]
    pub filter: Option<Where>,
    /// The property that tells runs apart: at a trigger it gives the run's key, elsewhere it must be the run's key.
    pub key: Option<Path>,
}

/// What starts a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Something happened.
    Event {
        /// What.
        on: EventMatch,
        /// The run starts this long after the last such event of its key.
        after_last: Option<Span>,
        /// An older event starts nothing.
        max_age: Span,
    },
    /// A segment was entered or a list was joined, or left.
    Member {
        /// The segment's or list's id.
        id: String,
        /// Whether joining or leaving counts.
        joins: bool,
        /// What happens to those who belong already when the journey is published.
        existing: Existing,
    },
    /// An opt-in was confirmed.
    Subscribes {
        /// To what.
        topic: Topic,
    },
    /// An attribute changed.
    Changes {
        /// Its name.
        attribute: String,
        /// What it must have been.
        from: Option<Vec<Test>>,
        /// What it must have become.
        to: Option<Vec<Test>>,
    },
    /// The members of a segment, on a schedule.
    Schedule {
        /// When.
        schedule: Schedule,
        /// Who: judged when they enter.
        segment: String,
        /// On whose clock; none: each contact's own.
        zone: Option<Zone>,
        /// Over how long the entries are spread.
        spread: Option<Span>,
        /// What becomes of contacts on whose own clock the hour has passed.
        #[serde(default)]
        if_past: PastHour,
    },
    /// A date of the contact has come.
    Date {
        /// The moment around the date.
        phrase: DatePhrase,
        /// Whether it comes every year.
        is_yearly: bool,
    },
    /// Somebody is put in by hand.
    Manual,
}

/// What becomes of a contact on whose clock the hour of an occurrence has passed when it is told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastHour {
    /// It enters now.
    Now,
    /// It enters when its clock shows that hour again.
    NextDay,
    /// It does not enter.
    #[default]
    Skip,
}

/// What happens to those who match already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// They enter.
    Enroll,
    /// They do not.
    Skip,
}

/// What a journey is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// What must happen.
    pub on: EventMatch,
    /// How long after the entry it counts.
    pub within: Option<Span>,
    /// The property that says what it is worth.
    pub value: Option<Path>,
    /// The currency of the value, where the event does not say it.
    pub currency: Option<String>,
    /// Whether the run ends.
    pub ends_run: bool,
}

/// How messages go. What is not said is said further up: step, journey, project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// 0 to 100; of two messages that fit under one cap the higher goes.
    pub priority: Option<u8>,
    /// From when a message that was held is not worth sending.
    pub expires: Option<Span>,
    /// When messages may go.
    pub window: Option<Window>,
    /// What quiet hours do.
    pub quiet: Option<Hold>,
    /// What a cap does.
    pub over_cap: Option<Hold>,
    /// How fast.
    pub pace: Option<Pace>,
}

/// What becomes of a message that may not go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// It waits.
    Hold,
    /// It is skipped.
    Skip,
}

/// How fast messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Messages.
    pub count: u32,
    /// In so many seconds: 1, 60 or 3,600.
    pub per_secs: u32,
}
