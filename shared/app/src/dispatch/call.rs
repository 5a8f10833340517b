//! Calls: teams that are told, other systems that are asked. Made at least once; the call's id tells a repeated one.
//!
//! What goes over HTTP is only prepared here, where the contact is known, and made by [`Webhook`](crate::webhook::Webhook), which
//! can read nothing.

use wend_core::send::{CallKind, CallRequest, SkipReason};
use wend_core::webhook::{About, Connection, HttpCall, prepare};

use super::Dispatch;
use crate::batch::Done;
use crate::calls;
use crate::ports::{
    Called, Clock, Connections, Copies, Ledger, Mailer, Outgoing, Paces, PortError, Queue,
    Received, ReleaseStore, SetAside, Tallies, Texter,
};

/// The template of an alert that names none, if the project has it.
const ALERT: &str = "alert";

/// How far a call has come.
pub(super) enum Progress {
    /// It was made, or never will be.
    Called(Called),
    /// Others carry it on.
    HandedOn,
}

impl Progress {
    pub(super) const fn failed(reason: String) -> Self {
        Self::Called(Called::Failed { reason })
    }
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
    /// Makes a call and tells the run how it ended.
    pub(super) async fn call(
        &self,
        request: &CallRequest,
        message: &Received,
    ) -> Result<Done, PortError> {
        let again = self.queue_of(message)?;
        if let Progress::Called(called) = self.progress(request, again).await? {
            let queues = (&self.inputs, again);
            calls::conclude(request, called, queues, self.clock.now()).await?;
        }
        Ok(Done::Acknowledge)
    }

    /// `again` is where the call came from.
    async fn progress(&self, request: &CallRequest, again: &Q) -> Result<Progress, PortError> {
        if request.is_rehearsal {
            return Ok(Progress::Called(Called::Done(serde_json::json!({}))));
        }
        // A code that is drawn has not left: it stays with the contact, also when its message may not go.
        let leaves = !matches!(request.kind, CallKind::Coupon { .. });
        if leaves && self.releases.current().await?.is_halted(None) {
            return Ok(Progress::failed(SkipReason::Halted.name().to_owned()));
        }
        match &request.kind {
            CallKind::Alert {
                team,
                template,
                way,
            } => {
                let template = template.as_deref().unwrap_or(ALERT);
                self.alert(request, (team, *way), template, again).await
            }
            CallKind::Webhook {
                connection,
                timeout_secs,
            } => self.webhook(request, connection, *timeout_secs).await,
            CallKind::Coupon { .. } => {
                let view = self.ledger.about(request).await?;
                let called = self.connections.call(request, view.contact.as_ref()).await;
                Ok(Progress::Called(called))
            }
        }
    }

    /// Makes a request of what is known now, for the one who asks.
    async fn webhook(
        &self,
        request: &CallRequest,
        name: &str,
        limit_secs: u16,
    ) -> Result<Progress, PortError> {
        let release = self.releases.current().await?;
        let Some(settings) = release.project.webhooks.get(name) else {
            let reason = format!("there is no webhook `{name}` in wend.yaml");
            return Ok(Progress::failed(reason));
        };
        let view = self.ledger.about(request).await?;
        let Some(contact) = &view.contact else {
            return Ok(Progress::failed(SkipReason::NoContact.name().to_owned()));
        };
        let journey = release.journey(&request.journey);
        let about = About {
            contact,
            request,
            journey: journey.map_or(&request.journey, |(_, journey)| &journey.title),
        };
        let connection = Connection { name, settings };
        match prepare(connection, about, limit_secs) {
            Ok(call) => self.hand_on(&call).await,
            Err(reason) => Ok(Progress::failed(reason)),
        }
    }

    /// Puts a finished request on the queue of those who ask. Systems take turns, so that a slow one holds up itself alone.
    pub(super) async fn hand_on(&self, call: &HttpCall) -> Result<Progress, PortError> {
        let body = serde_json::to_string(call);
        let body = body.map_err(|error| PortError::invalid("hand a call on", error))?;
        let group = Some(call.connection.clone());
        let outgoing = Outgoing {
            group,
            ..Outgoing::now(body)
        };
        self.webhooks.send(vec![outgoing]).await?;
        Ok(Progress::HandedOn)
    }
}
