//! The steps of a journey: what each does, and where life goes on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journey::{EventMatch, Sending, Share, StepIx};
use crate::condition::{Condition, Number, Topic};
use crate::path::Path;
use crate::phrase::{Span, Wait};

/// One step of a journey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its id: identity over edits.
    pub id: String,
    /// Its id in an earlier version.
    pub was: Option<String>,
    /// What must hold, else the step is passed over.
    pub only_if: Option<Box<Condition>>,
    /// What happens when it fails for good.
    pub on_error: OnError,
    /// What it does.
    pub verb: Verb,
    /// The step after it: the next of its list, else where the step that holds its list goes on. None: the run is over.
    pub next: Option<StepIx>,
}

/// What happens when a step fails for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The run waits for somebody to look at it.
    Park,
    /// On with the next step.
    Continue,
    /// The run ends.
    Exit,
    /// On with this step, the first of those under `on_error`.
    Steps(StepIx),
}

impl Step {
    /// The steps that can come next.
    pub fn leads_to(&self) -> Vec<StepIx> {
        let below = self.next;
        let of_path = |path: &JourneyPath| match path.then {
            Then::Below => below.into_iter().collect::<Vec<_>>(),
            Then::Steps(first) => vec![first],
            Then::Goto(goto) => std::iter::once(goto.step)
                .chain(goto.max.and(below))
                .collect(),
        };
        let on_error = match self.on_error {
            OnError::Steps(first) => Some(first),
            OnError::Park | OnError::Continue | OnError::Exit => None,
        };
        let own: Vec<StepIx> = match &self.verb {
            Verb::Exit { .. } => Vec::new(),
            Verb::Goto(goto) => std::iter::once(goto.step)
                .chain(goto.max.and(below))
                .collect(),
            Verb::Wait {
                if_past: IfPast::Goto(to),
                ..
            } => below.into_iter().chain([*to]).collect(),
            Verb::WaitUntil { paths } | Verb::Split { paths, .. } => {
                paths.iter().flat_map(of_path).collect()
            }
            Verb::Branch { paths } => {
                let has_else = paths.iter().any(|path| path.admission == Admission::Else);
                let none = if has_else { None } else { below };
                paths.iter().flat_map(of_path).chain(none).collect()
            }
            Verb::Message(_)
            | Verb::Alert { .. }
            | Verb::Webhook { .. }
            | Verb::Wait { .. }
            | Verb::Update(_)
            | Verb::Score(_)
            | Verb::Coupon { .. }
            | Verb::Emit { .. }
            | Verb::Start { .. }
            | Verb::Stop { .. } => below.into_iter().collect(),
        };
        let passed_over = self.only_if.as_ref().and(below);
        own.into_iter().chain(passed_over).chain(on_error).collect()
    }
}

impl Verb {
    /// Its paths, where it has any.
    pub fn paths(&self) -> &[JourneyPath] {
        match self {
            Self::WaitUntil { paths } | Self::Branch { paths } | Self::Split { paths, .. } => paths,
            Self::Message(_)
            | Self::Alert { .. }
            | Self::Webhook { .. }
            | Self::Wait { .. }
            | Self::Update(_)
            | Self::Score(_)
            | Self::Coupon { .. }
            | Self::Emit { .. }
            | Self::Start { .. }
            | Self::Stop { .. }
            | Self::Goto(_)
            | Self::Exit { .. } => &[],
        }
    }

    /// Under which name of `data.…` its answer is kept.
    pub fn saves(&self) -> Option<&str> {
        match self {
            Self::Webhook { save, .. } => save.as_deref(),
            Self::Coupon { save, .. } => Some(save),
            Self::Message(_)
            | Self::Alert { .. }
            | Self::Wait { .. }
            | Self::WaitUntil { .. }
            | Self::Branch { .. }
            | Self::Split { .. }
            | Self::Update(_)
            | Self::Score(_)
            | Self::Emit { .. }
            | Self::Start { .. }
            | Self::Stop { .. }
            | Self::Goto(_)
            | Self::Exit { .. } => None,
        }
    }
}

/// Values that a definition gives, by name.
pub type GivenMap = BTreeMap<String, Given>;

/// A value that a definition gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// As written.
    Value(Value),
    /// The value of a path.
    SameAs(Path),
    /// The present moment.
    Now,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Sends a message and lasts until it left or was skipped.
    Message(Message),
    /// Tells a team.
    Alert {
        /// The team, by its name in `wend.yaml`.
        team: String,
        /// The template of the alert; none: the built-in one.
        template: Option<String>,
        /// Further values for the template.
        data: GivenMap,
    },
    /// Calls a connection of `wend.yaml` and lasts until it answered or failed.
    Webhook {
        /// The connection.
        connection: String,
        /// What it is told beside the contact.
        data: GivenMap,
        /// Under which name of `data.…` the answer is kept.
        save: Option<String>,
        /// How long one call may take, in seconds.
        timeout_secs: u16,
    },
    /// Waits.
    Wait {
        /// For what.
        wait: Wait,
        /// What happens when the date has passed, or is not in the data.
        if_past: IfPast,
    },
    /// Waits until one of the paths is admitted; the first that is, is taken.
    WaitUntil {
        /// The paths.
        paths: Vec<JourneyPath>,
    },
    /// Takes the first path whose condition holds; none: goes on.
    Branch {
        /// The paths.
        paths: Vec<JourneyPath>,
    },
    /// Draws a path.
    Split {
        /// The paths.
        paths: Vec<JourneyPath>,
        /// Under which name the draw is kept: two splits with one salt draw alike.
        salt: String,
        /// When the better path takes all.
        winner: Option<Winner>,
    },
    /// Changes the contact.
    Update(Update),
    /// Gives points.
    Score(BTreeMap<String, i32>),
    /// Draws a code from a pool and lasts until there is one.
    Coupon {
        /// The pool.
        pool: String,
        /// How long the code is valid.
        valid: Option<Span>,
        /// Under which name of `data.…` it is kept.
        save: String,
    },
    /// Makes an event.
    Emit {
        /// Its name.
        event: String,
        /// Its properties.
        with: GivenMap,
    },
    /// Starts another journey.
    Start {
        /// Which.
        journey: String,
        /// What is `trigger.…` there.
        data: GivenMap,
    },
    /// Ends the runs of another journey.
    Stop {
        /// Which.
        journey: String,
    },
    /// Goes to another step.
    Goto(Goto),
    /// Ends the run.
    Exit {
        /// Why, in the author's words.
        reason: String,
    },
}

/// A message to the contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// How it is sent.
    pub channel: crate::identity::Channel,
    /// The template's id.
    pub template: String,
    /// How it goes.
    pub sending: Sending,
    /// The sender, where it is not the template's.
    pub from: Option<String>,
    /// Further values for the template.
    pub data: GivenMap,
    /// The variant of the template; none: drawn if it has any.
    pub variant: Option<String>,
}

/// What a run does at a wait whose date has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfPast {
    /// Goes on with the next step, at once.
    #[default]
    Continue,
    /// Ends.
    Exit,
    /// Goes to a step.
    Goto(StepIx),
}

/// To which step, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goto {
    /// The step.
    pub step: StepIx,
    /// Most times of one run; then life goes on below. Always there where the step stands earlier.
    pub max: Option<u16>,
}

/// One way on from a step: what admits to it, and its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JourneyPath {
    /// Its id, unique in its step.
    pub id: String,
    /// What admits to it.
    pub admission: Admission,
    /// Where it leads.
    pub then: Then,
}

/// What admits to a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// A condition holds.
    If(Box<Condition>),
    /// Something happens, from now on.
    Event(EventMatch),
    /// So much time goes by.
    After(Wait),
    /// A draw; `is_baseline` is the path that the others are compared with.
    Weight {
        /// Its share.
        share: Share,
        /// Whether lift is measured against it.
        is_baseline: bool,
    },
    /// No other path was.
    Else,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It has no steps: on below the step that holds it.
    Below,
    /// To its first step.
    Steps(StepIx),
    /// To a step elsewhere.
    Goto(Goto),
}

/// When the better path of a split takes all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Winner {
    /// What is better: more of these.
    pub by: WinnerBy,
    /// Not before.
    pub after: Span,
    /// How sure it must be: a share of one.
    pub at: Share,
    /// Fewest contacts a path.
    pub min: u32,
}

/// What makes a path the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WinnerBy {
    /// Opens by people.
    Opened,
    /// Clicks by people.
    Clicked,
    /// The journey's goal.
    Goal,
    /// The goal's value.
    Value,
}

/// A change of the contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// Attributes that get a value.
    pub set: GivenMap,
    /// Attributes that lose theirs.
    pub unset: Vec<String>,
    /// Numbers that are added; to nothing is to zero.
    pub add: BTreeMap<String, Number>,
    /// What sets get.
    pub include: BTreeMap<String, Vec<Value>>,
    /// What sets lose.
    pub remove: BTreeMap<String, Vec<Value>>,
    /// Lists that are joined.
    pub join: Vec<String>,
    /// Lists that are left.
    pub leave: Vec<String>,
    /// Topics that are said no to.
    pub unsubscribe: Vec<Topic>,
}
