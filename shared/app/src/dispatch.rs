//! Carries sends and calls from request to outcome.
//!
//! The dispatch message is the send's timer: it is acknowledged only when the send row is final and its outcome is published.
//! Whoever must wait puts a copy on the queue with a delay and acknowledges the one in hand, so that exactly one copy goes
//! on and no receive count is burnt.

mod call;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use wend_content::{Ask, Message, Sms, Values, render, render_sms};
use wend_core::contact::Contact;
use wend_core::decide::inspect;
use wend_core::due::QUEUE_DELAY_MAX;
use wend_core::identity::{Channel, IdentitySecret};
use wend_core::input::{CommandKind, Envelope, Input, Properties, SendOutcome};
use wend_core::log::LogRow;
use wend_core::pace::{TokenBucket, Turn};
use wend_core::release::{MessageClass, Release, Template};
use wend_core::send::{
    Next, Outcome, Permit, Recipient, SendRequest, SendState, SendTimes, SkipReason, Task, gate,
    news_pause, next,
};
use wend_core::time::Timestamp;
use wend_core::token::UnsubscribeToken;

use crate::batch::{self, Done};
use crate::ports::{
    Claim, Clock, Connections, Ledger, LedgerView, Mail, Mailer, Outgoing, PortError, Queue,
    Received, ReleaseStore, SetAside, Settled, Submitted, Text, Texter,
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
pub struct Dispatch<L, M, X, Q, A, R, C> {
    /// Send rows and permission rows.
    pub ledger: L,
    /// The providers.
    pub provider: M,
    /// Other systems.
    pub connections: X,
    /// Where outcomes go.
    pub inputs: Q,
    /// Where copies go that must wait: the queue that this function reads.
    pub again: Q,
    /// Where poison goes.
    pub aside: A,
    /// The definitions.
    pub releases: Releases<R, C>,
    /// The clock.
    pub clock: C,
    /// The secret under which addresses are hashed and links are signed.
    pub secret: IdentitySecret,
    /// How fast this sandbox may send.
    pub pace: Mutex<TokenBucket>,
    /// When a silent owner is dead and a doubt is closed.
    pub times: SendTimes,
    /// Where links lead, without a slash at the end.
    pub public_url: String,
}

/// What a message says.
enum Content {
    Mail(Message),
    Sms { sms: Sms, is_marketing: bool },
}

/// The properties of the event that a log row is of.
fn properties(row: &LogRow) -> Option<&Properties> {
    match &row.input {
        Input::Event(event) => Some(event.properties.expose()),
        Input::Command(command) => match &command.kind {
            CommandKind::Enroll { data, .. } => Some(data.expose()),
            CommandKind::Scheduled { .. }
            | CommandKind::Stop { .. }
            | CommandKind::Lists { .. }
            | CommandKind::Touch => None,
        },
        Input::Wake(_)
        | Input::Outcome(_)
        | Input::Feedback(_)
        | Input::Consent(_)
        | Input::Answer(_) => None,
    }
}

/// What becomes of the message in hand.
enum Step {
    /// The row is final: publish, then acknowledge.
    Publish(Timestamp, Outcome),
    /// Look again after this long.
    Later(Duration),
}

impl<L, M, X, Q, A, R, C> Dispatch<L, M, X, Q, A, R, C>
where
    L: Ledger,
    M: Mailer + Texter,
    X: Connections,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
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
        batch::settle(&self.aside, outcomes).await
    }

    async fn advance(&self, request: &SendRequest, message: &Received) -> Result<Done, PortError> {
        match self.step(request).await? {
            Step::Publish(at, outcome) => self.publish(request, at, outcome).await?,
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
        self.again.send(vec![copy]).await
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
                let doubt = SendState::Unknown { at: now };
                self.ledger.settle(request.send, from, &doubt).await?;
                tracing::warn!(send = %request.send, "outcome unknown: the sender died");
                Ok(Step::Later(SOON))
            }
            (Next::Close, Some(from)) => self.finish(request, from, Outcome::Unknown).await,
            (Next::Try | Next::Doubt | Next::Close, _) => self.attempt(request, view).await,
        }
    }

    /// Gate, render, pace, claim, submit, settle.
    async fn attempt(&self, request: &SendRequest, view: LedgerView) -> Result<Step, PortError> {
        let release = self.releases.current().await?;
        let view = self.with_present_address(request, view).await?;
        let now = self.clock.now();
        let contact = view.contact.as_ref();
        let permit = match gate(request, contact, &view.permission, &release, now) {
            Ok(permit) => permit,
            Err(reason) => return self.skip(request, contact, reason).await,
        };
        let (Some(contact), Some(template)) = (contact, release.template(&request.template)) else {
            return self.skip(request, contact, SkipReason::NoTemplate).await;
        };
        let origin = view.origin.as_ref();
        let content = match self.content(request, contact, template, &release, origin, &permit) {
            Ok(content) => content,
            Err(reason) => return self.skip(request, Some(contact), reason).await,
        };
        match self.take_token(now) {
            Turn::Soon(pause) => self.clock.sleep(pause).await,
            Turn::Later(pause) => return Ok(Step::Later(pause.min(QUEUE_DELAY_MAX))),
        }
        let claimed_at = self.clock.now();
        let recent = view.permission.recent_with(request.send, claimed_at);
        let permission_rev = permit.permission_rev();
        let claim = Claim {
            request,
            permission: permit.to().permission_key(&self.secret),
            permission_rev,
            recent,
            at: claimed_at,
        };
        match self.ledger.claim(claim).await? {
            Settled::Lost => Ok(Step::Later(SOON)),
            Settled::Done => self.submit(request, &content, &permit, claimed_at).await,
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

    /// What the message says.
    fn content(
        &self,
        request: &SendRequest,
        contact: &Contact,
        template: &Template,
        release: &Release,
        origin: Option<&LogRow>,
        permit: &Permit,
    ) -> Result<Content, SkipReason> {
        let permission = permit.to().permission_key(&self.secret);
        let send = request.send;
        let token = UnsubscribeToken { permission, send }.sign(&self.secret);
        let url = format!("{}/u/{token}", self.public_url);
        let journey = release.version(request.version).map(Arc::as_ref);
        let zone = inspect::zone(contact, journey, release);
        let values = Values {
            contact,
            journey,
            run: contact.run(request.enrollment),
            trigger: origin.and_then(properties),
            given: &request.given,
            zone: &zone,
        };
        let from = request.from.as_deref();
        let rendered = match request.channel {
            Channel::Email => {
                let ask = Ask {
                    from,
                    variant: request.variant.as_deref(),
                    unsubscribe_url: &url,
                };
                render(template, &release.project, values, ask).map(Content::Mail)
            }
            Channel::Sms => render_sms(template, &release.project, values, from).map(|sms| {
                let is_marketing = template.class == MessageClass::Marketing;
                Content::Sms { sms, is_marketing }
            }),
        };
        rendered.map_err(|error| {
            tracing::error!(send = %request.send, %error, "not rendered");
            if error.is_missing_value() {
                SkipReason::MissingValue
            } else {
                SkipReason::NotRendered
            }
        })
    }

    async fn hand_over(
        &self,
        request: &SendRequest,
        content: &Content,
        permit: &Permit,
    ) -> Submitted {
        match content {
            Content::Mail(message) => {
                let label = request.into();
                self.provider
                    .submit(Mail {
                        permit,
                        label,
                        message,
                    })
                    .await
            }
            Content::Sms { sms, is_marketing } => {
                let (label, is_marketing) = (request.into(), *is_marketing);
                self.provider
                    .text(Text {
                        permit,
                        label,
                        sms,
                        is_marketing,
                    })
                    .await
            }
        }
    }

    fn take_token(&self, now: Timestamp) -> Turn {
        self.pace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(now, CLAIM_HOLDS)
    }

    /// The one provider call of a claimed send, and what it leaves behind.
    async fn submit(
        &self,
        request: &SendRequest,
        content: &Content,
        permit: &Permit,
        claimed_at: Timestamp,
    ) -> Result<Step, PortError> {
        let from = SendState::Submitting { at: claimed_at };
        if self.clock.now().since(claimed_at) > CLAIM_HOLDS {
            return self.hold(request, permit, &from, SOON).await;
        }
        match self.hand_over(request, content, permit).await {
            Submitted::Accepted { provider_id } => {
                self.finish(request, &from, Outcome::Accepted { provider_id })
                    .await
            }
            Submitted::Rejected { reason } => {
                tracing::error!(send = %request.send, reason, "rejected by the provider");
                self.finish(request, &from, Outcome::Rejected { reason })
                    .await
            }
            Submitted::NotTaken {
                reason,
                retry_after,
            } => {
                tracing::warn!(send = %request.send, reason, "not taken, will be tried again");
                self.hold(request, permit, &from, retry_after).await
            }
            Submitted::Ambiguous { reason } => {
                tracing::warn!(send = %request.send, reason, "outcome unknown");
                let doubt = SendState::Unknown {
                    at: self.clock.now(),
                };
                self.ledger.settle(request.send, &from, &doubt).await?;
                Ok(Step::Later(SOON))
            }
        }
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

    async fn hold(
        &self,
        request: &SendRequest,
        permit: &Permit,
        from: &SendState,
        retry_after: Duration,
    ) -> Result<Step, PortError> {
        let held = SendState::Held {
            at: self.clock.now(),
        };
        // The row first: if the second write does not come about, the next try puts this submission in the place of itself. The
        // other way round the row would stay submitted, and a message that certainly did not go would end as unknown.
        if self.ledger.settle(request.send, from, &held).await? == Settled::Done {
            let permission = permit.to().permission_key(&self.secret);
            self.ledger.take_back(permission, request.send).await?;
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
        let outcome = SendOutcome {
            contact: request.contact,
            enrollment: request.enrollment,
            send: request.send,
            at,
            outcome,
        };
        let envelope = Envelope {
            accepted_at: self.clock.now(),
            input: Input::Outcome(outcome),
        };
        let body = serde_json::to_string(&envelope);
        let body = body.map_err(|error| PortError::invalid("publish an outcome", error))?;
        let group = Some(request.contact.to_string());
        self.inputs
            .send(vec![Outgoing {
                group,
                ..Outgoing::now(body)
            }])
            .await
    }
}
