//! What a file says of others, with its places.

use crate::condition::MessageState;
use crate::identity::Channel;
use crate::path::{Path, Root};
use crate::syntax::Place;

/// What a name refers to. Paths are named without their root: `interests` for `contact.interests`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refers {
    /// A message's template of this channel.
    Template(Channel),
    /// An alert's template.
    AlertTemplate,
    /// A variant of a template.
    Variant {
        /// The template.
        template: String,
    },
    /// An event that somebody listens to or counts, exact.
    Event,
    /// An event that is made here.
    EmittedEvent,
    /// A property of an event: its names with dots between them.
    Property {
        /// The event.
        event: String,
    },
    /// An attribute of contacts that is read: its names with dots between them.
    Attribute,
    /// An attribute of contacts that is changed.
    ChangedAttribute,
    /// A topic, without its channel.
    Topic,
    /// A segment.
    Segment,
    /// A list.
    List,
    /// A segment or a list.
    SegmentOrList,
    /// A journey.
    Journey,
    /// A score.
    Score,
    /// A team of `wend.yaml`.
    Team,
    /// A connection of `wend.yaml`.
    Webhook,
    /// A coupon pool of `wend.yaml`.
    Coupon,
    /// A sender of `wend.yaml`, for messages of this channel.
    Sender(Channel),
    /// An environment of `wend.yaml`.
    Environment,
    /// A step of the same journey whose message has come to this state. Checked where it is read.
    Step(MessageState),
    /// A path below `data`, which a step of the same journey saves. Checked where it is read.
    Saved,
    /// A path below `vars`, a constant of the same journey. Checked where it is read.
    Var,
    /// A path below `trigger`: what the events have that start the journey.
    TriggerProperty,
}

/// One name in a file that must be known elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// To what.
    pub refers: Refers,
    /// The name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

impl Refers {
    /// What the path refers to; none: a property of the event at hand.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        match path.root() {
            Root::Contact => Some(Self::Attribute),
            Root::Trigger => Some(Self::TriggerProperty),
            Root::Data => Some(Self::Saved),
            Root::Vars => Some(Self::Var),
            Root::Score => Some(Self::Score),
            Root::Event => None,
        }
    }
}
