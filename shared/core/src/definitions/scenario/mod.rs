//! Scenario tests, `scenarios/<id>.yaml`: what is done to contacts and what must come of it.
//!
//! A file is read into cases that stand alone: each has its start, its contacts and its lines with the instants they mean.
//! Present tense is done (`track`), past tense is expected (`sent`). Running a case is `wend_app::scenario`'s.

mod line;
mod moment;
mod read;
mod value;

pub(super) use line::{DONE, EXPECTED};
pub use moment::Moment;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Diagnostic;
use crate::condition::Topic;
use crate::syntax::Position;
use crate::time::Timestamp;
use crate::zone::Zone;

/// Reads `scenarios/<id>.yaml`.
pub fn read_scenarios(file: &str, text: &str) -> Result<Scenarios, Vec<Diagnostic>> {
    read::read(file, text)
}

/// The scenario tests of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenarios {
    /// Their id, the file's name.
    pub id: String,
    /// What they are about, for people.
    pub about: Option<String>,
    /// The journeys that run; the others sleep. None: the whole project.
    pub journeys: Option<Vec<Named>>,
    /// The tests.
    pub cases: Vec<Case>,
}

/// A name, and where it stands: what is wrong with it is told there, and once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T = String> {
    /// The name.
    pub name: T,
    /// Where it stands.
    pub at: Position,
}

/// One scenario test. What the file says for all its cases is in each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Where it stands.
    pub at: Position,
    /// When it begins.
    pub start: Timestamp,
    /// Whose clock its lines are read on.
    pub zone: Zone,
    /// The path that each of these splits draws.
    pub draw: BTreeMap<String, String>,
    /// Whether the contacts are held out of journeys with a `holdout`.
    pub holdout: bool,
    /// Who there is, by name.
    pub contacts: BTreeMap<String, Person>,
    /// Whom lines are about that do not say it; none: each says it.
    pub who: Option<String>,
    /// What webhook steps are answered.
    pub answers: BTreeMap<String, Value>,
    /// Webhook steps whose calls fail for good.
    pub fails: BTreeSet<String>,
    /// Coupon pools without codes.
    pub empty: BTreeSet<String>,
    /// What is done and expected, in the order of time.
    pub timeline: Vec<Line>,
}

/// A contact before a case begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// Its attributes, address, phone number and zone among them.
    pub traits: Map<String, Value>,
    /// What it has opted in to, confirmed.
    pub subscribed: Vec<Named<Topic>>,
    /// The lists that it is in.
    pub lists: Vec<String>,
    /// Since when it is known; none: since the case began.
    pub created_at: Option<Timestamp>,
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Where it stands.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// Whether its time counts from the line before: a line put between the two would move it.
    pub is_relative: bool,
    /// Whom it is about.
    pub who: String,
    /// What is done or expected.
    pub what: What,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It is done.
    Done(Done),
    /// It must have happened.
    Expected(Expected),
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// The contact does something.
    Track {
        /// The event.
        event: String,
        /// Its properties.
        with: Map<String, Value>,
        /// When it happened, if that is told late.
        occurred_at: Option<Timestamp>,
    },
    /// The contact gets attributes.
    Identify {
        /// The attributes.
        traits: Map<String, Value>,
        /// When they came to be, if that is told late.
        occurred_at: Option<Timestamp>,
    },
    /// The contact gets attributes by an import.
    Import(Map<String, Value>),
    /// The contact views a page.
    Page {
        /// Its path.
        path: String,
    },
    /// Something comes back on a message.
    React {
        /// The step that sent it.
        step: String,
        /// What comes back.
        reaction: Reaction,
        /// Whether a machine made it.
        by_machine: bool,
        /// The link that was followed.
        link: Option<String>,
        /// What was answered.
        text: Option<String>,
    },
    /// The contact opts in, confirmed.
    Subscribe(Topic),
    /// The contact opts out; none: of everything.
    Unsubscribe(Option<Topic>),
    /// Files are published, by path; none: the file is deleted.
    Publish(BTreeMap<String, Option<String>>),
    /// A journey is paused.
    Pause {
        /// Which.
        journey: String,
    },
    /// A journey goes on.
    Resume {
        /// Which.
        journey: String,
        /// What becomes of the time that went by.
        mode: Resume,
    },
    /// The contact is put into a journey by hand.
    Enroll {
        /// Which.
        journey: String,
        /// What the run is given.
        with: Map<String, Value>,
    },
}

/// What comes back on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It is opened.
    Open,
    /// A link of it is followed.
    Click,
    /// It is answered.
    Reply,
    /// It cannot be delivered, for good.
    Bounce,
    /// It is called spam.
    Complain,
}

impl Reaction {
    /// All of them, by the verb of their lines.
    pub const ALL: [(&'static str, Self); 5] = [
        ("open", Self::Open),
        ("click", Self::Click),
        ("reply", Self::Reply),
        ("bounce", Self::Bounce),
        ("complain", Self::Complain),
    ];
}

/// What becomes of the time for which a journey was paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resume {
    /// It went by.
    #[default]
    Running,
    /// It did not count.
    Shift,
}

/// What must have happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A message left.
    Sent {
        /// The step.
        step: String,
        /// What subject or text hold.
        contains: Vec<String>,
        /// What its subject holds.
        subject: Option<String>,
    },
    /// A message waits.
    Held {
        /// The step.
        step: String,
        /// Until when.
        until: Option<Timestamp>,
        /// Why.
        reason: Option<String>,
    },
    /// A message did not leave.
    Skipped {
        /// The step.
        step: String,
        /// Why.
        reason: Option<String>,
    },
    /// A team was told.
    Alerted {
        /// Which.
        team: String,
    },
    /// Another system was called.
    Called {
        /// The connection.
        connection: String,
        /// What it was told, or a part of that.
        body: Option<Value>,
    },
    /// A step made an event.
    Emitted {
        /// Which.
        event: String,
    },
    /// A run began.
    Entered {
        /// Its journey.
        journey: String,
    },
    /// A run ended.
    Ended {
        /// Why.
        reason: String,
        /// What it was worth.
        value: Option<Value>,
    },
    /// The contact is so.
    Is(Vec<Check>),
}

/// What is looked at in a contact.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// A run stands at this step.
    Step(String),
    /// So many runs live.
    Enrolled(u64),
    /// A score, rounded down to a whole number.
    Score {
        /// Its id.
        score: String,
        /// How high it is.
        is: i64,
    },
    /// An attribute.
    Contact {
        /// Its name; below a map, the names with dots.
        name: String,
        /// Its value; null: it has none.
        is: Value,
    },
    /// It belongs to this segment.
    InSegment(String),
}

#[cfg(test)]
mod tests;
