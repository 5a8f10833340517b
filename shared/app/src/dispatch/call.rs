//! Calls: teams that are told, other systems that are asked. Made at least once; the call's id tells a repeated one.

use std::sync::Arc;
use std::time::Duration;

use wend_content::{Ask, Message, Values, render};
use wend_core::contact::Contact;
use wend_core::decide::inspect;
use wend_core::input::{Answer, AnswerResult, Envelope, Input};
use wend_core::personal::Personal;
use wend_core::release::Release;
use wend_core::send::{CallKind, CallRequest, SkipReason, gate_team};

use super::{Dispatch, content::properties};
use crate::batch::Done;
use crate::ports::{
    Called, Clock, Connections, Ledger, Mail, Mailer, Outgoing, Paces, PortError, Queue, Received,
    ReleaseStore, SetAside, Submitted, Texter,
};
use wend_core::due::QUEUE_DELAY_MAX;

/// How long a call that cannot be made is tried again.
const TRIED_FOR: Duration = Duration::from_hours(24);
/// The template of an alert that names none, if the project has it.
const ALERT: &str = "alert";

impl<L, M, X, Q, A, R, C, P> Dispatch<L, M, X, Q, A, R, C, P>
where
    L: Ledger,
    M: Mailer + Texter,
    X: Connections,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
    P: Paces,
{
    /// Makes a call and tells the run how it ended.
    pub(super) async fn call(
        &self,
        request: &CallRequest,
        message: &Received,
    ) -> Result<Done, PortError> {
        let called = match &request.kind {
            CallKind::Alert { team, template } => {
                self.alert(request, team, template.as_deref().unwrap_or(ALERT))
                    .await?
            }
            CallKind::Webhook { .. } | CallKind::Coupon { .. } if request.is_rehearsal => {
                Called::Done(serde_json::json!({}))
            }
            // A code that is drawn has not left: it stays with the contact, also when its message may not go.
            CallKind::Webhook { .. } if self.releases.current().await?.is_halted(None) => {
                let reason = SkipReason::Halted.name().to_owned();
                Called::Failed { reason }
            }
            CallKind::Webhook { .. } | CallKind::Coupon { .. } => {
                let view = self.ledger.about(request).await?;
                self.connections.call(request, view.contact.as_ref()).await
            }
        };
        let result = match called {
            Called::Done(value) => AnswerResult::Done(Personal::new(value)),
            Called::NotNow {
                reason,
                retry_after,
            } => {
                let waited = self.clock.now().since(request.requested_at);
                if waited < TRIED_FOR {
                    tracing::warn!(call = %request.call, reason, "will be tried again");
                    let delay = retry_after.min(QUEUE_DELAY_MAX);
                    self.later(message, &request.journey, delay).await?;
                    return Ok(Done::Acknowledge);
                }
                AnswerResult::Failed { reason }
            }
            Called::Failed { reason } => AnswerResult::Failed { reason },
        };
        if let AnswerResult::Failed { reason } = &result {
            tracing::error!(call = %request.call, step = request.step, reason, "failed for good");
        }
        // Nobody waits for an alert.
        if !matches!(request.kind, CallKind::Alert { .. }) {
            self.answer(request, result).await?;
        }
        Ok(Done::Acknowledge)
    }

    async fn answer(&self, request: &CallRequest, result: AnswerResult) -> Result<(), PortError> {
        let now = self.clock.now();
        let answer = Answer {
            contact: request.contact,
            enrollment: request.enrollment,
            call: request.call,
            at: now,
            result,
        };
        let envelope = Envelope {
            accepted_at: now,
            input: Input::Answer(Box::new(answer)),
        };
        let body = serde_json::to_string(&envelope);
        let body = body.map_err(|error| PortError::invalid("publish an answer", error))?;
        let group = Some(request.contact.to_string());
        self.inputs
            .send(vec![Outgoing {
                group,
                ..Outgoing::now(body)
            }])
            .await
    }

    /// A mail to colleagues.
    async fn alert(
        &self,
        request: &CallRequest,
        team: &str,
        template: &str,
    ) -> Result<Called, PortError> {
        let release = self.releases.current().await?;
        let failed = |reason: String| Ok(Called::Failed { reason });
        let Some(address) = release
            .project
            .teams
            .get(team)
            .and_then(|team| team.email.as_deref())
        else {
            return failed(format!("team `{team}` has no email address in wend.yaml"));
        };
        if request.is_rehearsal {
            return Ok(Called::Done(serde_json::Value::Null));
        }
        let permit = match gate_team(request, address, &release) {
            Ok(permit) => permit,
            Err(reason) => {
                return failed(format!("team `{team}` may not be told: {}", reason.name()));
            }
        };
        let view = self.ledger.about(request).await?;
        let Some(contact) = &view.contact else {
            return failed("the contact is not there any more".to_owned());
        };
        let trigger = view.origin.as_ref().and_then(properties);
        let message = match alert_message(request, contact, &release, trigger, template) {
            Ok(message) => message,
            Err(reason) => return failed(reason),
        };
        let label = request.into();
        let mail = Mail {
            permit: &permit,
            label,
            message: &message,
        };
        Ok(match self.provider.submit(mail).await {
            Submitted::Accepted { .. } => Called::Done(serde_json::Value::Null),
            Submitted::Rejected { reason } => Called::Failed { reason },
            Submitted::NotTaken {
                reason,
                retry_after,
            }
            | Submitted::Throttled {
                reason,
                retry_after,
            } => Called::NotNow {
                reason,
                retry_after,
            },
            Submitted::QuotaUsedUp { reason } => Called::NotNow {
                reason,
                retry_after: QUEUE_DELAY_MAX,
            },
            // A colleague rather reads it twice than never.
            Submitted::Ambiguous { reason } => Called::NotNow {
                reason,
                retry_after: super::SOON,
            },
        })
    }
}

fn alert_message(
    request: &CallRequest,
    contact: &Contact,
    release: &Release,
    trigger: Option<&wend_core::input::Properties>,
    template: &str,
) -> Result<Message, String> {
    let Some(template) = release.template(template) else {
        return Err(format!("there is no template `{template}`"));
    };
    let run = contact.run(request.enrollment);
    let newest = release
        .journey(&request.journey)
        .map(|(_, journey)| journey);
    let version = run.and_then(|run| release.version(run.version)).or(newest);
    let journey = version.map(Arc::as_ref);
    let zone = inspect::zone(contact, journey, release);
    let values = Values {
        contact,
        journey,
        run,
        trigger,
        given: &request.given,
        zone: &zone,
    };
    render(template, &release.project, values, Ask::default()).map_err(|error| error.to_string())
}
