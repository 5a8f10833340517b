//! Whether a message may go, and to where.

use std::sync::Arc;
use std::time::Duration;

use super::{Against, CallRequest, Limits, SendRequest, SkipReason, topic_of};
use crate::contact::{Contact, SentMessage};
use crate::enrollment::HoldReason;
use crate::id::{PermissionKey, SendId};
use crate::identity::{Channel, EmailAddress, IdentitySecret, PhoneNumber};
use crate::permission::{Frequency, Permission, Submission, TopicState};
use crate::release::{JourneyState, MessageClass, Release, Template, Verb};
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

    /// On which channel.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
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

/// After this time every function knows the newest release. A run that gets a message back sooner, and knows already that its
/// journey goes on, would ask for it again at once, and again.
const RELEASES_AGREE_WITHIN: Duration = Duration::from_secs(30);

/// Proof that the gate was passed. The provider can be called only with one, and only [`gate`] makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    send: SendId,
    to: Recipient,
    permission_rev: u64,
    /// The submissions that caps count beside this one.
    others: Vec<Submission>,
    /// Whether caps count it.
    is_counted: bool,
    /// Its topic.
    topic: Option<String>,
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

    /// What the permission row counts when this message is claimed at `at`.
    pub fn submissions(&self, at: Timestamp) -> Vec<Submission> {
        let (send, topic) = (self.send, self.topic.clone());
        let this = self.is_counted.then_some(Submission { send, at, topic });
        self.others.iter().cloned().chain(this).collect()
    }
}

/// Why a message does not go now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It never goes.
    Skip(SkipReason),
    /// It may go later.
    Hold {
        /// From when on; not later than it expires.
        until: Timestamp,
        /// Why not now.
        why: HoldReason,
    },
    /// The run holds it and asks again when its time has come: this request is not needed any more.
    GivenBack,
}

impl From<SkipReason> for Refused {
    fn from(reason: SkipReason) -> Self {
        Self::Skip(reason)
    }
}

/// Whether `request` may go now: the contact, its permission row and the newest release decide.
///
/// The order of the checks is the order of reasons an operator wants to read first: that somebody stopped it, what the person
/// said, what the file says.
pub fn gate(
    request: &SendRequest,
    contact: Option<&Contact>,
    permission: &Permission,
    release: &Release,
    now: Timestamp,
) -> Result<Permit, Refused> {
    let contact = contact.ok_or(SkipReason::NoContact)?;
    if contact.holds(request.enrollment, request.send) {
        return Err(Refused::GivenBack);
    }
    if release.is_halted(Some(request.channel)) {
        return Err(SkipReason::Halted.into());
    }
    let to = Recipient::of(contact, request.channel).ok_or(SkipReason::NoAddress)?;
    let template = release
        .template(&request.template)
        .ok_or(SkipReason::NoTemplate)?;
    let journey = release.version(request.version).map(Arc::as_ref);
    let topic = topic_of(Some(template), journey);
    allowed_by_person(template, topic, permission, now)?;
    if !release.may_write_to(to.expose()) {
        return Err(SkipReason::NotAllowlisted.into());
    }
    still_asked_for(request, contact, release)?;
    if now >= request.expires_at {
        return Err(SkipReason::Expired.into());
    }
    if release.is_paused(&request.journey) {
        let (until, why) = (now.plus(RELEASES_AGREE_WITHIN), HoldReason::Paused);
        return Err(Refused::Hold { until, why });
    }
    let mut permit = Permit {
        send: request.send,
        to,
        permission_rev: permission.rev,
        others: permission.recent_without(request.send),
        is_counted: false,
        topic: None,
    };
    keep_limits(
        &mut permit,
        request,
        (contact, permission.frequency),
        release,
        now,
    )?;
    Ok(permit)
}

/// Whether window, quiet hours and caps allow the message now, with what the permission row counts.
fn keep_limits(
    permit: &mut Permit,
    request: &SendRequest,
    (contact, frequency): (&Contact, Option<Frequency>),
    release: &Release,
    now: Timestamp,
) -> Result<(), Refused> {
    let (channel, template) = (request.channel, release.template(&request.template));
    let journey = release.version(request.version).map(Arc::as_ref);
    let topic = topic_of(template, journey);
    let step = journey.and_then(|journey| journey.step(journey.find(&request.step)?));
    let message = match step.map(|step| &step.verb) {
        Some(Verb::Message(message)) => Some(message),
        _ => None,
    };
    let limits = Limits::of(contact, journey, message, (channel, topic), release);
    let limits = limits.wanted(frequency);
    limits.prune(&mut permit.others, |one| one.as_earlier(channel), now);
    if template.is_some_and(|template| template.class != MessageClass::Marketing) {
        return Ok(());
    }
    permit.is_counted = true;
    permit.topic = topic.map(str::to_owned);
    // Where waits are shorter than the clock's, only `decide` can say how long a night lasts.
    if release.time_scale.is_some() {
        return Ok(());
    }
    // Messages of other channels have rows of their own; the contact knows when they went.
    let elsewhere = contact.sent.iter().filter(|sent| sent.channel != channel);
    let here = permit.others.iter().map(|one| one.as_earlier(channel));
    let sent: Vec<_> = here.chain(elsewhere.map(SentMessage::as_earlier)).collect();
    match limits.against(&sent, now) {
        None => Ok(()),
        Some(Against::Skip(reason)) => Err(reason.into()),
        Some(Against::Until(until, why)) => {
            let until = until.min(request.expires_at);
            Err(Refused::Hold { until, why })
        }
    }
}

/// Whether the run still waits for the message.
fn still_asked_for(
    request: &SendRequest,
    contact: &Contact,
    release: &Release,
) -> Result<(), SkipReason> {
    let run = contact.run(request.enrollment);
    let is_stopped = run.is_some_and(|run| release.is_stopped(run));
    if is_stopped || !contact.waits_for(request.enrollment, request.send) {
        let version = run.and_then(|run| release.version(run.version));
        let is_gone = version.is_some_and(|version| version.find(&request.step).is_none());
        return Err(if is_gone && !is_stopped {
            SkipReason::StepRemoved
        } else {
            SkipReason::NotEnrolled
        });
    }
    let journey = release.journey(&request.journey);
    if journey.is_some_and(|(_, journey)| journey.state == JourneyState::Rehearsal) {
        return Err(SkipReason::Rehearsal);
    }
    Ok(())
}

/// Lets a team be told: a mail to colleagues is under no rule but that the environment may write to them.
pub fn gate_team(
    call: &CallRequest,
    address: &str,
    release: &Release,
) -> Result<Permit, SkipReason> {
    if release.is_halted(None) {
        return Err(SkipReason::Halted);
    }
    let address = EmailAddress::parse(address).ok_or(SkipReason::NoAddress)?;
    if !release.may_write_to(address.expose()) {
        return Err(SkipReason::NotAllowlisted);
    }
    Ok(Permit {
        send: call.call,
        to: Recipient::Email(address),
        permission_rev: 0,
        others: Vec::new(),
        is_counted: false,
        topic: None,
    })
}

/// Lets a test go to somebody who looks at a message before others get it: no journey asks for it and no cap counts it, but what is
/// halted stays halted, the environment must write to them, and nothing goes to a closed address unless `even_closed`.
pub fn gate_test(
    test: SendId,
    to: Recipient,
    permission: &Permission,
    release: &Release,
    even_closed: bool,
) -> Result<Permit, SkipReason> {
    if release.is_halted(Some(to.channel())) {
        return Err(SkipReason::Halted);
    }
    if !release.may_write_to(to.expose()) {
        return Err(SkipReason::NotAllowlisted);
    }
    if !even_closed {
        open(permission)?;
    }
    Ok(Permit {
        send: test,
        to,
        permission_rev: permission.rev,
        others: Vec::new(),
        is_counted: false,
        topic: None,
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
        | SkipReason::NotConfirmed
        | SkipReason::StepRemoved
        | SkipReason::Halted
        | SkipReason::PausedByContact => false,
    };
    let is_newcomer =
        contact.is_none_or(|contact| request.requested_at.since(contact.created_at) < NEWCOMER_AGE);
    let waited = now.since(request.requested_at);
    let (shortest, longest) = NEWS_PAUSES;
    (is_mendable && is_newcomer && waited < grace).then(|| waited.clamp(shortest, longest))
}

/// Whether anything may go to the address at all.
fn open(permission: &Permission) -> Result<(), SkipReason> {
    if permission.suppressed.is_some() {
        return Err(SkipReason::Suppressed);
    }
    // Who answers STOP wants no text at all; the operator would not carry one either.
    if permission.stopped_at.is_some() {
        return Err(SkipReason::Unsubscribed);
    }
    Ok(())
}

fn allowed_by_person(
    template: &Template,
    topic: Option<&str>,
    permission: &Permission,
    now: Timestamp,
) -> Result<(), SkipReason> {
    open(permission)?;
    let topic = topic.unwrap_or_default();
    match template.class {
        MessageClass::Transactional | MessageClass::System => Ok(()),
        MessageClass::Marketing => match permission.topic_state(topic) {
            TopicState::OptedIn if permission.paused_until.is_some_and(|until| now < until) => {
                Err(SkipReason::PausedByContact)
            }
            TopicState::OptedIn => Ok(()),
            TopicState::OptedOut if permission.unsubscribed.is_some() => {
                Err(SkipReason::Unsubscribed)
            }
            TopicState::OptedOut | TopicState::Unasked => Err(SkipReason::NotSubscribed),
            TopicState::Pending => Err(SkipReason::NotConfirmed),
        },
    }
}
