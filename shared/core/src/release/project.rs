//! The project's settings, `wend.yaml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::WebForm;
use crate::brake::BrakeLimits;
use crate::calendar::ClosedDays;
use crate::condition::Where;
use crate::identity::Channel;
use crate::keyword::SmsWords;
use crate::path::Path;
use crate::phrase::{QuietHours, Span};
use crate::webhook::Preset;
use crate::zone::Zone;

use super::Ramp;

/// The project's settings, `wend.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// The project's name.
    pub id: String,
    /// The postal address that marketing mail carries (CAN-SPAM).
    pub postal_address: Option<String>,
    /// The zone of contacts who name none; UTC without one.
    pub zone: Option<Zone>,
    /// The languages of its messages; the first is the fallback.
    pub locales: Vec<String>,
    /// Who owns the definitions.
    pub managed_by: ManagedBy,
    /// Who messages come from, by name.
    pub senders: BTreeMap<String, Sender>,
    /// What contacts can opt in to, by name.
    pub topics: BTreeMap<String, Topic>,
    /// Words of answers by SMS that it understands beside the usual ones.
    #[serde(default)]
    pub sms_words: SmsWords,
    /// How messages go.
    pub sending: ProjectSending,
    /// The attributes of contacts, by name.
    pub attributes: BTreeMap<String, AttributeRule>,
    /// Attributes that are computed from events, by name.
    pub computed: BTreeMap<String, Computed>,
    /// What happens to an event that `events` does not name.
    pub unknown_events: UnknownEvents,
    /// The tracking plan: what sources send, by the event's name.
    pub events: BTreeMap<String, EventRule>,
    /// Other names of events, as a source spells them, to the name in `events`.
    pub aliases: BTreeMap<String, String>,
    /// Who is alerted, by name.
    pub teams: BTreeMap<String, Team>,
    /// Connections to other systems, by name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// Pools of codes, by name.
    pub coupons: BTreeMap<String, CouponPool>,
    /// Days that are no business days, beside weekends.
    pub closed: ClosedDays,
    /// Where it runs, by name.
    pub environments: BTreeMap<String, Environment>,
    /// Forms of websites, by name.
    #[serde(default)]
    pub forms: BTreeMap<String, WebForm>,
    /// Hosts that what a browser says may link to, with all below them.
    #[serde(default)]
    pub sites: Vec<String>,
}

/// Who owns the definitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// Files in a repository.
    #[default]
    Git,
    /// The console.
    Console,
}

/// Who a message comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The name that readers of mail see; may be empty.
    pub name: String,
    /// The address, of a verified SES identity; none: it sends no mail.
    pub address: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The sender id of SMS; none: it sends none.
    pub sms: Option<String>,
    /// How its address is warmed up; none: it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
}

/// What contacts can opt in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its name for people.
    pub title: String,
    /// How one opts in.
    pub opt_in: OptIn,
    /// How long a double opt-in can be confirmed; entries wait as long at the door.
    pub confirm_within: Span,
    /// Whether only a server may say yes to it.
    #[serde(default)]
    pub is_verified: bool,
}

/// How one opts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptIn {
    /// By saying so.
    Single,
    /// By saying so and following a link in a message to that address.
    Double,
}

/// How the project's messages go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectSending {
    /// When marketing messages do not go, by channel.
    pub quiet_hours: BTreeMap<Channel, QuietHours>,
    /// From when a message that was held is not worth sending, by channel.
    pub expires: BTreeMap<Channel, Span>,
    /// How many marketing messages one address gets.
    pub caps: Vec<Cap>,
    /// What links carry: parameter → `wend`, `channel`, `journey`, `step` or a text.
    pub utm: BTreeMap<String, String>,
    /// From which shares of bounces and complaints on marketing stops.
    #[serde(default)]
    pub brake: BrakeLimits,
    /// A journey is held that enrolls so many times its usual number.
    pub entry_alarm: Option<u16>,
    /// How many addresses that only a public source has named get their first message in an hour, for each source; none: as many
    /// as [`FIRST_MESSAGES_PER_HOUR`](crate::pace::FIRST_MESSAGES_PER_HOUR).
    #[serde(default)]
    pub first_messages_per_hour: Option<u32>,
}

/// How many marketing messages one address gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// On this channel; none: on all together.
    pub channel: Option<Channel>,
    /// Of this topic; none: of all together.
    pub topic: Option<String>,
    /// Most messages.
    pub max: u16,
    /// In which time.
    pub per: CapPeriod,
}

/// The time that a cap looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    /// A day of the contact's calendar.
    Day,
    /// A week of the contact's calendar, from Monday on.
    Week,
    /// A month of the contact's calendar.
    Month,
    /// The time before each message, rolling.
    Within(Span),
}

/// What an attribute can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeRule {
    /// Its type.
    pub kind: ValueType,
    /// The values that it can have; none: any.
    pub one_of: Vec<String>,
    /// Whether it tells who somebody is.
    pub is_personal: bool,
}

/// The type of an attribute or of an event's property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// Text.
    Text,
    /// A person's name: text without links and line breaks.
    Name,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// An amount of money: a number, or a number with its currency.
    Money,
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    Time,
    /// Texts, each once.
    Set,
    /// A list of anything.
    List,
    /// An object.
    Map,
    /// An address on the web.
    Url,
    /// An email address.
    Email,
    /// A phone number, E.164.
    Phone,
}

/// An attribute that is computed from events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Computed {
    /// How often it happened.
    Count {
        /// The event.
        event: String,
        /// Which of them.
        #[serde(rename = "where")]
        filter: Option<Where>,
    },
    /// What a property adds up to.
    Sum {
        /// The event.
        event: String,
        /// The property, below the event.
        property: Path,
        /// Which of them.
        #[serde(rename = "where")]
        filter: Option<Where>,
    },
    /// The properties of the last one.
    Last {
        /// The event.
        event: String,
        /// Which properties.
        keep: Vec<String>,
    },
    /// When it happened first.
    FirstAt {
        /// The event.
        event: String,
    },
    /// When it happened last.
    LastAt {
        /// The event.
        event: String,
    },
}

/// What happens to an event that the tracking plan does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownEvents {
    /// It counts like any other.
    Accept,
    /// It counts, and is reported.
    #[default]
    Warn,
    /// It is kept with the reason and moves nothing.
    Refuse,
}

/// What an event carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRule {
    /// Its properties, by name.
    pub properties: BTreeMap<String, PropertyRule>,
    /// Who may send it; none: anybody with a key.
    pub from: Option<EventSource>,
}

/// Who may send an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// A browser, with a public key.
    Browser,
    /// A server only, with a secret key.
    Server,
}

/// What a property can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyRule {
    /// Its type.
    pub kind: ValueType,
    /// Whether every such event has it (`text!`).
    pub is_required: bool,
}

/// Who is alerted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// By mail to this address.
    pub email: Option<String>,
    /// By Slack: the name of a secret with the webhook's address.
    pub slack: Option<String>,
    /// By Microsoft Teams: the name of a secret with the webhook's address.
    #[serde(default)]
    pub teams: Option<String>,
    /// Who belongs to it: names and addresses.
    #[serde(default)]
    pub people: BTreeMap<String, String>,
    /// The attribute that names who of the team is responsible.
    pub assign: Option<Path>,
    /// Whether contacts are dealt out among its people.
    #[serde(default)]
    pub deals: bool,
}

/// A connection to another system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The ready-made connection, such as `hubspot/upsert-contact`.
    pub preset: Option<Preset>,
    /// Where it calls; with a preset, the address of the company's own server.
    pub url: Option<String>,
    /// The name of a secret with the token; for a preset, with whatever it calls by.
    pub token: Option<String>,
    /// The name of a secret with which calls are signed (Standard Webhooks).
    pub signing: Option<String>,
}

/// A pool of codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponPool {
    /// The file with the codes, one a line below the header `code`.
    pub file: String,
    /// The team is told when fewer codes than this are left.
    pub warn_below: Option<u32>,
}

/// Where a project runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Patterns (`*@example.com`) of the addresses that messages may go to; empty: to all.
    pub only_to: Vec<String>,
    /// How fast waits go by.
    pub time_scale: Option<TimeScale>,
}

/// How fast waits go by: `1 day = 1 min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeScale {
    /// Seconds of a journey, more than zero.
    pub journey_secs: u64,
    /// Seconds of the clock, more than zero.
    pub clock_secs: u64,
}
