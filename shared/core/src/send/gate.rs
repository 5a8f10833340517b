//! Whether a message may go, and to where.

use std::time::Duration;

use super::{CallRequest, SendRequest, SkipReason};
use crate::contact::Contact;
use crate::id::{PermissionKey, SendId};
use crate::identity::{Channel, EmailAddress, IdentitySecret, PhoneNumber};
use crate::permission::{Permission, TopicState};
use crate::release::{JourneyState, MessageClass, Release, Template};
use crate::time::Timestamp;

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// An email address.
    Email(EmailAddress),
    /// A phone number.
    Phone(PhoneNumber),
}

impl Recipient {
    /// The contact's address on `channel`.
    pub fn of(contact: &Contact, channel: Channel) -> Option<Self> {
        match channel {
            Channel::Email => contact
                .email
                .as_ref()
                .map(|email| Self::Email(email.address.clone())),
            Channel::Sms => contact
                .phone
                .as_ref()
                .map(|phone| Self::Phone(phone.number.clone())),
        }
    }

    /// The address itself.
    pub fn expose(&self) -> &str {
        match self {
            Self::Email(address) => address.expose(),
            Self::Phone(number) => number.expose(),
        }
    }

    /// Its permission row.
    pub fn permission_key(&self, secret: &IdentitySecret) -> PermissionKey {
        match self {
            Self::Email(address) => address.permission_key(Channel::Email, secret),
            Self::Phone(number) => number.permission_key(Channel::Sms, secret),
        }
    }
}

/// Proof that the gate was passed. The provider can be called only with one, and only [`gate`] makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    send: SendId,
    to: Recipient,
    permission_rev: u64,
}

impl Permit {
    /// The send that may go.
    pub const fn send(&self) -> SendId {
        self.send
    }

    /// The address it may go to.
    pub const fn to(&self) -> &Recipient {
        &self.to
    }

    /// The revision of the permission row that allowed it; the claim holds only while it is unchanged.
    pub const fn permission_rev(&self) -> u64 {
        self.permission_rev
    }
}

/// Whether `request` may go now: the contact, its permission row and the newest release decide.
///
/// The order of the checks is the order of reasons an operator wants to read first: what the person said comes before
/// what the file says.
pub fn gate(
    request: &SendRequest,
    contact: Option<&Contact>,
    permission: &Permission,
    release: &Release,
    now: Timestamp,
) -> Result<Permit, SkipReason> {
    let contact = contact.ok_or(SkipReason::NoContact)?;
    let to = Recipient::of(contact, request.channel).ok_or(SkipReason::NoAddress)?;
    let template = release
        .template(&request.template)
        .ok_or(SkipReason::NoTemplate)?;
    let version = release.version(request.version);
    let topic = template
        .topic
        .as_deref()
        .or_else(|| version?.topic.as_deref());
    allowed_by_person(template, topic, permission)?;
    if !release.may_write_to(to.expose()) {
        return Err(SkipReason::NotAllowlisted);
    }
    if !contact.waits_for(request.enrollment, request.send) {
        return Err(SkipReason::NotEnrolled);
    }
    let journey = release
        .journey(&request.journey)
        .map(|(_, journey)| journey.state);
    if journey == Some(JourneyState::Rehearsal) {
        return Err(SkipReason::Rehearsal);
    }
    if now >= request.expires_at {
        return Err(SkipReason::Expired);
    }
    Ok(Permit {
        send: request.send,
        to,
        permission_rev: permission.rev,
    })
}

/// Lets a team be told: a mail to colleagues is under no rule but that the environment may write to them.
pub fn gate_team(
    call: &CallRequest,
    address: &str,
    release: &Release,
) -> Result<Permit, SkipReason> {
    let address = EmailAddress::parse(address).ok_or(SkipReason::NoAddress)?;
    if !release.may_write_to(address.expose()) {
        return Err(SkipReason::NotAllowlisted);
    }
    Ok(Permit {
        send: call.call,
        to: Recipient::Email(address),
        permission_rev: 0,
    })
}

/// A contact that was made this shortly before the request is a newcomer.
const NEWCOMER_AGE: Duration = Duration::from_mins(1);

/// The shortest and the longest pause between two looks for news of a newcomer.
const NEWS_PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));

/// How long to wait before `reason` is final, if it may be an accident of order.
///
/// A website says who somebody is and what they did in two requests, queues keep no order, and a batch whose function was killed
/// comes back only after its visibility timeout: for a newcomer, the address or the opt-in may come that much after the event that
/// asked for a message. Each pause is as long as the wait so far.
pub fn news_pause(
    reason: SkipReason,
    request: &SendRequest,
    contact: Option<&Contact>,
    grace: Duration,
    now: Timestamp,
) -> Option<Duration> {
    let is_mendable = match reason {
        SkipReason::NoContact
        | SkipReason::NoAddress
        | SkipReason::NotSubscribed
        | SkipReason::MissingValue
        | SkipReason::NotRendered => true,
        SkipReason::NotEnrolled
        | SkipReason::Rehearsal
        | SkipReason::NoTemplate
        | SkipReason::Unsubscribed
        | SkipReason::Suppressed
        | SkipReason::Expired
        | SkipReason::Holdout
        | SkipReason::QuietHours
        | SkipReason::OverCap
        | SkipReason::NotAllowlisted
        | SkipReason::NoChannel => false,
    };
    let is_newcomer =
        contact.is_none_or(|contact| request.requested_at.since(contact.created_at) < NEWCOMER_AGE);
    let waited = now.since(request.requested_at);
    let (shortest, longest) = NEWS_PAUSES;
    (is_mendable && is_newcomer && waited < grace).then(|| waited.clamp(shortest, longest))
}

fn allowed_by_person(
    template: &Template,
    topic: Option<&str>,
    permission: &Permission,
) -> Result<(), SkipReason> {
    if permission.suppressed_at.is_some() {
        return Err(SkipReason::Suppressed);
    }
    match template.class {
        MessageClass::Transactional | MessageClass::System => Ok(()),
        MessageClass::Marketing => match permission.topic_state(topic.unwrap_or_default()) {
            TopicState::OptedIn => Ok(()),
            TopicState::OptedOut if permission.unsubscribed_at.is_some() => {
                Err(SkipReason::Unsubscribed)
            }
            TopicState::OptedOut | TopicState::Unasked => Err(SkipReason::NotSubscribed),
        },
    }
}
