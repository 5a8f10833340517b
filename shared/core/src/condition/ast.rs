//! What a condition is.

use serde::{Deserialize, Serialize};

use super::{Number, Path, Pattern, Topic, When};
use crate::phrase::Span;

/// A condition over one contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All of them hold. Two or more.
    All(Vec<Condition>),
    /// At least one holds. Two or more.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// One statement.
    Leaf(Leaf),
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaf {
    /// The value of a path passes every test.
    Value {
        /// Which value.
        path: Path,
        /// What must hold of it. One or more.
        tests: Vec<Test>,
    },
    /// A message of this run reached a state.
    Message {
        /// The state.
        state: MessageState,
        /// Steps of this run; one of them is enough. One or more.
        steps: Vec<String>,
    },
    /// The contact did something, so and so often.
    Did(Did),
    /// The contact is subscribed.
    Subscribed(Topic),
    /// The contact belongs to something.
    In {
        /// To what kind of thing.
        kind: Membership,
        /// Its id.
        id: String,
    },
    /// Where the present moment lies.
    Now(Vec<Now>),
}

/// What a message of a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It left.
    Sent,
    /// The provider delivered it.
    Delivered,
    /// A person opened it; an open that only a machine made is none.
    Opened,
    /// A person clicked in it.
    Clicked,
    /// It was answered.
    Replied,
    /// It came back.
    Bounced,
}

impl MessageState {
    /// All states, with their keys.
    pub const ALL: [(&'static str, Self); 6] = [
        ("sent", Self::Sent),
        ("delivered", Self::Delivered),
        ("opened", Self::Opened),
        ("clicked", Self::Clicked),
        ("replied", Self::Replied),
        ("bounced", Self::Bounced),
    ];

    /// The state's key.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Replied => "replied",
            Self::Bounced => "bounced",
        }
    }
}

/// To what a contact can belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// A segment, by its rule.
    Segment,
    /// A list, by hand or import.
    List,
    /// A journey: a run of it lives.
    Journey,
}

impl Membership {
    /// All kinds, with their keys.
    pub const ALL: [(&'static str, Self); 3] = [
        ("in_segment", Self::Segment),
        ("in_list", Self::List),
        ("in_journey", Self::Journey),
    ];

    /// The kind's key.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Segment => "in_segment",
            Self::List => "in_list",
            Self::Journey => "in_journey",
        }
    }
}

/// How often, or for how much, something was done.
///
/// Without `within` and `since` the whole life of the contact counts. `at_least` is 1 where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Did {
    /// The event's name, exact.
    pub event: String,
    /// Which of them count.
    pub filter: Option<Where>,
    /// Only those so recent.
    pub within: Option<Span>,
    /// Only those from here on.
    pub since: Option<When>,
    /// What is added up.
    pub total: DidTotal,
    /// Smallest total.
    pub at_least: Option<Number>,
    /// Largest total.
    pub at_most: Option<Number>,
}

/// What a [`Did`] adds up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DidTotal {
    /// The events.
    Count,
    /// A property of the events; those without it count nothing.
    Sum(Path),
}

impl Did {
    /// Most occurrences whose times are kept for a count (design: a count within a time needs the last n).
    pub const COUNT_MAX: u64 = 50;
    /// Most occurrences whose amounts are kept for a sum.
    pub const SUM_MAX: u64 = 100;

    /// How many of the latest occurrences a [`super::World`] must know to answer. None without `within` and `since`: the
    /// totals are enough.
    pub fn keeps(&self) -> u64 {
        if self.within.is_none() && self.since.is_none() {
            return 0;
        }
        match self.total {
            DidTotal::Sum(_) => Self::SUM_MAX,
            DidTotal::Count => {
                let at_least = self.at_least.as_ref().and_then(Number::whole);
                let at_most = self.at_most.as_ref().and_then(Number::whole);
                let at_most = at_most.map(|most| most.saturating_add(1));
                at_least.max(at_most).unwrap_or(1).min(Self::COUNT_MAX)
            }
        }
    }
}

/// Where the present moment lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Now {
    /// Before it.
    Before(When),
    /// It has come; of a date: the day is over.
    After(When),
    /// Within it: a day.
    On(When),
    /// From the first to the second, both included.
    Between(When, When),
}

/// What must hold of an event's properties: a path below the event and the tests of its value. One or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Where(pub Vec<(Path, Vec<Test>)>);

/// What must hold of a value. A literal keeps its source text: it is read by the type of the value it meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Is it; of a set: contains it.
    Is(String),
    /// Is one of them; of a set: contains one of them.
    OneOf(Vec<String>),
    /// Is none of them; of a set: contains none of them.
    IsNot(Vec<String>),
    /// Is greater.
    Gt(Number),
    /// Is greater or the same.
    Gte(Number),
    /// Is less.
    Lt(Number),
    /// Is less or the same.
    Lte(Number),
    /// Is a number from the first to the second, both included.
    Between(Number, Number),
    /// Is a time from the first to the second, both included.
    BetweenTimes(When, When),
    /// Is a set with it.
    Has(String),
    /// Is a set without it.
    HasNot(String),
    /// Is a text with it somewhere, or a set with it.
    Contains(String),
    /// Is a text that begins so.
    StartsWith(String),
    /// Is a text that ends so.
    EndsWith(String),
    /// Is a text in which the pattern is found, exactly.
    Matches(Pattern),
    /// Is there, or is not.
    Exists(bool),
    /// Is the same as the value of another path.
    SameAs(Path),
    /// Is a time of the past, so recent.
    Within(Span),
    /// Is a time so long ago.
    OlderThan(Span),
    /// Is a time to come, so near.
    InNext(Span),
    /// Is a time before it.
    Before(When),
    /// Is a time from it on; of a date: when the day is over.
    After(When),
}

impl Test {
    /// The operator's key in files.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Is(_) | Self::OneOf(_) => "is",
            Self::IsNot(_) => "is_not",
            Self::Gt(_) => "gt",
            Self::Gte(_) => "gte",
            Self::Lt(_) => "lt",
            Self::Lte(_) => "lte",
            Self::Between(..) | Self::BetweenTimes(..) => "between",
            Self::Has(_) => "has",
            Self::HasNot(_) => "has_not",
            Self::Contains(_) => "contains",
            Self::StartsWith(_) => "starts_with",
            Self::EndsWith(_) => "ends_with",
            Self::Matches(_) => "matches",
            Self::Exists(_) => "exists",
            Self::SameAs(_) => "same_as",
            Self::Within(_) => "within",
            Self::OlderThan(_) => "older_than",
            Self::InNext(_) => "in_next",
            Self::Before(_) => "before",
            Self::After(_) => "after",
        }
    }
}
