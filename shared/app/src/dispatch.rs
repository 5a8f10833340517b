//! Carries sends and calls from request to outcome.
//!
//! The dispatch message is the send's timer: it is acknowledged only when the send row is final and its outcome is published.
//! Whoever must wait puts a copy on the queue with a delay and acknowledges the one in hand, so that exactly one copy goes
//! on and no receive count is burnt.

mod alert;
mod brakes;
mod call;
mod content;
mod coupons;
mod greeting;
mod pace;
mod quota;
mod turn;

pub use brakes::Braking;
pub use coupons::Drawing;
pub use pace::{Ceilings, Pacing};
pub use quota::Quota;

use std::time::Duration;

use futures_util::future::join_all;
use wend_core::contact::Contact;
use wend_core::due::QUEUE_DELAY_MAX;
use wend_core::enrollment::HoldReason;
use wend_core::identity::{Channel, IdentitySecret};
use wend_core::input::{Input, SendHeld, SendOutcome};
use wend_core::pace::Urgency;
use wend_core::release::{MessageClass, OnUnknown};
use wend_core::send::{
    Next, Outcome, Permit, Recipient, Refused, SendRequest, SendState, SendTimes, SkipReason,
    TRIES_MAX, Task, gate, news_pause, next,
};
use wend_core::time::Timestamp;
use wend_core::token::LinkKeys;

use self::content::Content;
use crate::batch::{self, Done};
use crate::inputs;
use crate::ports::{
    Claim, Clock, Connections, Copies, Ledger, LedgerView, Mailer, Outgoing, Paces, PortError,
    Queue, Received, ReleaseStore, SetAside, Settled, Submitted, Tallies, Texter,
};
use crate::releases::Releases;

/// Most time between a claim and its submission: an unsubscribe that comes after the claim is too late by no more than this.
const CLAIM_HOLDS: Duration = Duration::from_secs(5);
/// When a copy looks again after it lost a race.
const SOON: Duration = Duration::from_secs(1);

/// The log target of messages that wait.
pub const HELD: &str = "wend::held";

/// Sends messages.
#[derive(Debug)]
pub struct Dispatch<L, M, X, Q, A, R, C, P> {
    /// Send rows and permission rows.
    pub ledger: L,
    /// The providers.
    pub provider: M,
    /// Other systems that are asked from here.
    pub connections: X,
    /// Where finished requests go, to those who ask over HTTP.
    pub webhooks: Q,
    /// Where outcomes go.
    pub inputs: Q,
    /// The queues that this function reads: a copy that must wait goes back to where its message came from.
    pub again: Vec<Q>,
    /// Where poison goes.
    pub aside: A,
    /// The definitions.
    pub releases: Releases<R, C>,
    /// The clock.
    pub clock: C,
    /// The secret under which addresses are hashed.
    pub secret: IdentitySecret,
    /// The keys under which links are signed.
    pub links: LinkKeys,
    /// How fast all sandboxes may send.
    pub pace: Pacing<P>,
    /// Whether marketing is held.
    pub brakes: Braking<P>,
    /// Whether the provider takes more today.
    pub quota: Quota,
    /// When a silent owner is dead and a doubt is closed.
    pub times: SendTimes,
    /// Where links lead, without a slash at the end.
    pub public_url: String,
}

/// What becomes of the message in hand.
enum Step {
    /// The row is final: publish, then acknowledge.
    Publish(Timestamp, Outcome),
    /// Look again after this long.
    Later(Duration),
    /// Its run holds it: publish that, then acknowledge.
    GiveBack { until: Timestamp, why: HoldReason },
    /// Its run holds it already.
    GivenBack,
}

impl<L, M, X, Q, A, R, C, P> Dispatch<L, M, X, Q, A, R, C, P>
where
    L: Ledger + Copies,
    M: Mailer + Texter,
    X: Connections,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
    P: Paces + Tallies,
{
    /// Works on a batch and names the deliveries that the queue must repeat.
    pub async fn batch(&self, messages: &[Received]) -> Vec<String> {
        let work = messages.iter().map(async |message| {
            let task = match serde_json::from_str::<Task>(&message.body) {
                Ok(task) => task,
                Err(error) => {
                    return (message, Done::Poison(format!("not a task: {error}")));
                }
            };
            let done = match &task {
                Task::Send(request) => self.advance(request, message).await,
                Task::Call(request) => self.call(request, message).await,
            };
            let done = done.unwrap_or_else(|error| {
                tracing::warn!(%error, "the task will be delivered again");
                Done::Retry
            });
            (message, done)
        });
        let outcomes = join_all(work).await;
        self.brakes.tell(self.clock.now()).await;
        batch::settle(&self.aside, outcomes).await
    }

    async fn advance(&self, request: &SendRequest, message: &Received) -> Result<Done, PortError> {
        match self.step(request).await? {
            Step::Publish(at, outcome) => self.publish(request, at, outcome).await?,
            Step::GiveBack { until, why } => self.give_back(request, until, why).await?,
            Step::GivenBack => {}
            Step::Later(delay) => self.later(message, &request.journey, delay).await?,
        }
        Ok(Done::Acknowledge)
    }

    /// A copy that comes back after `delay`; the one in hand is acknowledged.
    async fn later(
        &self,
        message: &Received,
        journey: &str,
        delay: Duration,
    ) -> Result<(), PortError> {
        let copy = Outgoing {
            delay,
            group: Some(journey.to_owned()),
            ..Outgoing::now(message.body.clone())
        };
        self.queue_of(message)?.send(vec![copy]).await
    }

    /// Where a message came from.
    fn queue_of(&self, message: &Received) -> Result<&Q, PortError> {
        let mut queues = self.again.iter();
        let queue = queues.find(|queue| queue.name() == message.queue);
        queue.ok_or_else(|| {
            let cause = format!("queue {} is none that is read here", message.queue);
            PortError::invalid("put a copy back", cause)
        })
    }

    async fn step(&self, request: &SendRequest) -> Result<Step, PortError> {
        let view = self.ledger.read(request, request.permission).await?;
        let now = self.clock.now();
        let times = match request.channel {
            Channel::Email => self.times,
            // No event of the provider could prove anything later.
            Channel::Sms => SendTimes {
                unknown_window: Duration::ZERO,
                ..self.times
            },
        };
        match (next(view.send.as_ref(), times, now), &view.send) {
            (Next::Publish { at, outcome }, _) => Ok(Step::Publish(at, outcome)),
            (Next::Wait(delay), _) => Ok(Step::Later(delay)),
            (Next::Doubt, Some(from)) => {
                tracing::warn!(send = %request.send, "outcome unknown: the sender died");
                self.doubt(request, from, from.tries()).await
            }
            (Next::Close, Some(from)) if !self.tries_again(request, from).await? => {
                self.finish(request, from, Outcome::Unknown).await
            }
            (Next::Try | Next::Doubt | Next::Close, _) => self.attempt(request, view).await,
        }
    }

    /// Whether the policy of an unknown outcome is to submit the message once more.
    async fn tries_again(
        &self,
        request: &SendRequest,
        from: &SendState,
    ) -> Result<bool, PortError> {
        let release = self.releases.current().await?;
        let template = release.template(&request.template);
        let policy = template.map(|template| template.on_unknown);
        Ok(policy == Some(OnUnknown::RetryOnce) && from.tries() < TRIES_MAX)
    }

    /// Gate, render, pace, gate again, ramp, claim, submit, settle.
    async fn attempt(&self, request: &SendRequest, view: LedgerView) -> Result<Step, PortError> {
        let view = self.with_present_address(request, view).await?;
        let permit = match self.permit(request, &view, false).await? {
            Ok(permit) => permit,
            Err(refused) => return self.refuse(request, &view, refused).await,
        };
        let release = self.releases.current().await?;
        let (Some(contact), Some(template)) = (&view.contact, release.template(&request.template))
        else {
            return self
                .refuse(request, &view, SkipReason::NoTemplate.into())
                .await;
        };
        let content = match self.content(request, contact, template, &release, &view, &permit) {
            Ok(content) => content,
            Err(reason) => return self.refuse(request, &view, reason.into()).await,
        };
        // Looked at before it takes a slot of the account's from others, counted when it has one.
        if let Some(held) = self.greeting(request, contact, &release, false).await? {
            return self.refuse(request, &view, held).await;
        }
        let urgency = Urgency::from(template.class);
        let ramp = self.ramp(request, template, &release);
        let ramp = ramp.as_ref();
        if let Some(held) = self.held_back(request, &view, ramp, urgency).await? {
            return self.refuse(request, &view, held).await;
        }
        let waits = self.wait_for_turn(request, &view, urgency, &release);
        if let Some(step) = waits.await? {
            return Ok(step);
        }
        // A window may have closed while it stood in line, and somebody may have stopped everything.
        let permit = match self.permit(request, &view, true).await? {
            Ok(permit) => permit,
            Err(refused) => return self.refuse(request, &view, refused).await,
        };
        if let Err(held) = self.climb(request, ramp, urgency).await? {
            return self.refuse(request, &view, held).await;
        }
        if let Some(held) = self.greeting(request, contact, &release, true).await? {
            return self.refuse(request, &view, held).await;
        }
        let claimed_at = self.clock.now();
        let claim = Claim {
            request,
            permission: permit.to().permission_key(&self.secret),
            permission_rev: permit.permission_rev(),
            recent: permit.submissions(claimed_at),
            from: view.send.as_ref(),
            at: claimed_at,
        };
        let claimed = claim.state();
        match self.ledger.claim(claim).await? {
            Settled::Lost => Ok(Step::Later(SOON)),
            Settled::Done => self.submit(request, &content, &permit, &claimed).await,
        }
    }

    /// The gate, as of this moment.
    async fn permit(
        &self,
        request: &SendRequest,
        view: &LedgerView,
        has_slot: bool,
    ) -> Result<Result<Permit, Refused>, PortError> {
        let release = self.releases.current().await?;
        let (contact, now) = (view.contact.as_ref(), self.clock.now());
        let permit = gate(request, contact, &view.permission, &release, now);
        let template = release.template(&request.template);
        let class = template.map_or(MessageClass::Marketing, |template| template.class);
        Ok(
            match (
                permit,
                self.quota.hold(request, (class.into(), has_slot), now),
            ) {
                (Ok(_), Some(held)) => Err(held),
                (permit, _) => permit,
            },
        )
    }

    /// What becomes of a message that may not go now.
    async fn refuse(
        &self,
        request: &SendRequest,
        view: &LedgerView,
        refused: Refused,
    ) -> Result<Step, PortError> {
        let doubt = view.send.as_ref().filter(|state| state.tries() > 0);
        match (refused, doubt) {
            (Refused::GivenBack, _) => Ok(Step::GivenBack),
            // It may have gone at the first try: that it does not go again does not make it a message that was not sent.
            (Refused::Skip(_) | Refused::Hold { .. }, Some(doubt)) => {
                self.finish(request, doubt, Outcome::Unknown).await
            }
            (Refused::Skip(reason), None) => {
                self.skip(request, view.contact.as_ref(), reason).await
            }
            (Refused::Hold { until, why }, None) => {
                let (step, name) = (&request.step, why.name());
                tracing::info!(target: HELD, send = %request.send, step, reason = name, "may not go yet");
                let wait = until.since(self.clock.now());
                // While a journey stands still, no queue knows for how long.
                if wait <= QUEUE_DELAY_MAX && why != HoldReason::Paused {
                    return Ok(Step::Later(wait.max(SOON)));
                }
                Ok(Step::GiveBack { until, why })
            }
        }
    }

    /// The contact's address may have changed since the decision: its own permission row counts.
    async fn with_present_address(
        &self,
        request: &SendRequest,
        view: LedgerView,
    ) -> Result<LedgerView, PortError> {
        let contact = view.contact.as_ref();
        let present = contact.and_then(|contact| Recipient::of(contact, request.channel));
        let present = present.map(|to| to.permission_key(&self.secret));
        if present == request.permission {
            return Ok(view);
        }
        self.ledger.read(request, present).await
    }

    /// The one provider call of a claimed send, and what it leaves behind.
    async fn submit(
        &self,
        request: &SendRequest,
        content: &Content,
        permit: &Permit,
        claimed: &SendState,
    ) -> Result<Step, PortError> {
        let SendState::Submitting { at, tries } = *claimed else {
            return Ok(Step::Later(SOON));
        };
        match self.hand_over(request, content, permit, at).await {
            Submitted::Accepted { provider_id } => {
                self.brakes.sent(request);
                self.finish(request, claimed, Outcome::Accepted { provider_id })
                    .await
            }
            // The first submission may have been taken: then this is not a message that was refused.
            Submitted::Rejected { .. } if tries > 1 => {
                self.finish(request, claimed, Outcome::Unknown).await
            }
            Submitted::Rejected { reason } => {
                tracing::error!(send = %request.send, reason, "rejected by the provider");
                self.finish(request, claimed, Outcome::Rejected { reason })
                    .await
            }
            Submitted::NotTaken {
                reason,
                retry_after,
            } => {
                tracing::warn!(send = %request.send, reason, "not taken, will be tried again");
                self.put_back(request, permit, claimed, retry_after).await
            }
            Submitted::Throttled {
                reason,
                retry_after,
            } => {
                tracing::warn!(send = %request.send, reason, "too fast, will be tried again");
                self.pace.throttled(request.channel, &self.clock).await;
                self.put_back(request, permit, claimed, retry_after).await
            }
            Submitted::QuotaUsedUp { reason } => {
                tracing::error!(send = %request.send, reason, "the daily quota is used up");
                self.quota.used_up(request.channel, self.clock.now());
                self.pace.used_up(request.channel, &self.clock).await;
                self.put_back(request, permit, claimed, SOON).await
            }
            Submitted::Ambiguous { reason } => {
                tracing::warn!(send = %request.send, reason, "outcome unknown");
                self.doubt(request, claimed, tries).await
            }
        }
    }

    /// Writes down that nobody knows, and looks again soon.
    async fn doubt(
        &self,
        request: &SendRequest,
        from: &SendState,
        tries: u8,
    ) -> Result<Step, PortError> {
        let at = self.clock.now();
        let doubt = SendState::Unknown { at, tries };
        self.ledger.settle(request.send, from, &doubt).await?;
        Ok(Step::Later(SOON))
    }

    async fn finish(
        &self,
        request: &SendRequest,
        from: &SendState,
        outcome: Outcome,
    ) -> Result<Step, PortError> {
        let at = self.clock.now();
        let done = SendState::Final {
            at,
            outcome: outcome.clone(),
        };
        match self.ledger.settle(request.send, from, &done).await? {
            Settled::Done => Ok(Step::Publish(at, outcome)),
            // Evidence came first, or a copy doubted: the row knows better.
            Settled::Lost => Ok(Step::Later(SOON)),
        }
    }

    /// The provider certainly did not take this submission: the row is as before.
    async fn put_back(
        &self,
        request: &SendRequest,
        permit: &Permit,
        claimed: &SendState,
        retry_after: Duration,
    ) -> Result<Step, PortError> {
        let before = claimed.tries() - 1;
        if before > 0 {
            self.doubt(request, claimed, before).await?;
            return Ok(Step::Later(retry_after));
        }
        let held = SendState::Held {
            at: self.clock.now(),
        };
        // The row first: if the second write does not come about, the next try puts this submission in the place of itself. The
        // other way round the row would stay submitted, and a message that certainly did not go would end as unknown.
        if self.ledger.settle(request.send, claimed, &held).await? == Settled::Done {
            let permission = permit.to().permission_key(&self.secret);
            let claimed_at = claimed.at();
            self.ledger
                .take_back(permission, request.send, claimed_at)
                .await?;
        }
        Ok(Step::Later(retry_after))
    }

    async fn skip(
        &self,
        request: &SendRequest,
        contact: Option<&Contact>,
        reason: SkipReason,
    ) -> Result<Step, PortError> {
        let (grace, now) = (self.times.newcomer_grace, self.clock.now());
        if let Some(pause) = news_pause(reason, request, contact, grace, now) {
            let (step, reason, secs) = (&request.step, reason.name(), pause.as_secs());
            tracing::info!(target: HELD, send = %request.send, step, reason, secs, "a newcomer's message waits for news");
            return Ok(Step::Later(pause));
        }
        let at = self.clock.now();
        let outcome = Outcome::Skipped { reason };
        let state = SendState::Final {
            at,
            outcome: outcome.clone(),
        };
        tracing::info!(send = %request.send, reason = reason.name(), "skipped");
        match self.ledger.skip(request, &state).await? {
            Settled::Done => Ok(Step::Publish(at, outcome)),
            Settled::Lost => Ok(Step::Later(SOON)),
        }
    }

    async fn publish(
        &self,
        request: &SendRequest,
        at: Timestamp,
        outcome: Outcome,
    ) -> Result<(), PortError> {
        let over = SendOutcome {
            contact: request.contact,
            enrollment: request.enrollment,
            send: request.send,
            at,
            outcome,
        };
        self.tell(request, Input::Outcome(over)).await
    }

    /// The run keeps the message, and asks for it again when its time has come.
    async fn give_back(
        &self,
        request: &SendRequest,
        until: Timestamp,
        why: HoldReason,
    ) -> Result<(), PortError> {
        let held = SendHeld {
            request: Box::new(request.clone()),
            at: self.clock.now(),
            until,
            why,
        };
        self.tell(request, Input::Held(held)).await
    }

    async fn tell(&self, request: &SendRequest, input: Input) -> Result<(), PortError> {
        let now = self.clock.now();
        inputs::publish(&self.inputs, request.contact, [input], now).await
    }
}
