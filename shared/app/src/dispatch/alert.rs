//! Alerts: a team is told of a contact, by mail and in the channels where it talks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use wend_content::{Ask, Message, Values, render};
use wend_core::contact::Contact;
use wend_core::decide::inspect;
use wend_core::input::Properties;
use wend_core::personal::Personal;
use wend_core::release::{Release, Team};
use wend_core::send::{AlertWay, Assigned, CallKind, CallRequest, assigned, gate_team};
use wend_core::time::Timestamp;
use wend_core::webhook::{message_to, tell_slack, tell_teams};

use super::call::Progress;
use super::{Dispatch, SOON, content::properties};
use crate::calls;
use crate::ports::{
    Called, Clock, Connections, Copies, Ledger, Mail, Mailer, Paces, PortError, Queue,
    ReleaseStore, SetAside, Submitted, Tallies, Texter,
};
use wend_core::due::QUEUE_DELAY_MAX;

/// As many of the contact's latest events are told.
const EVENTS_MAX: usize = 5;

/// Whom an alert is about, and who is told.
struct Told<'a> {
    request: &'a CallRequest,
    contact: &'a Contact,
    release: &'a Release,
    assigned: Option<&'a Assigned<'a>>,
    now: Timestamp,
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
    /// Tells a team by one way. A team that has several is told by a call for each, so that a channel that is out of reach
    /// makes nobody read a mail twice.
    pub(super) async fn alert(
        &self,
        request: &CallRequest,
        (id, way): (&str, Option<AlertWay>),
        template: &str,
        again: &Q,
    ) -> Result<Progress, PortError> {
        let release = self.releases.current().await?;
        let Some(team) = release.project.teams.get(id) else {
            return Ok(Progress::failed(format!(
                "there is no team `{id}` in wend.yaml"
            )));
        };
        let view = self.ledger.about(request).await?;
        let Some(contact) = &view.contact else {
            let reason = "the contact is not there any more".to_owned();
            return Ok(Progress::failed(reason));
        };
        let assigned = assigned(id, team, contact);
        let all = ways(team, assigned.as_ref());
        let way = match (way, all.as_slice()) {
            (Some(way), _) | (None, &[way]) => way,
            (None, []) => {
                let reason = format!("team `{id}` has nobody in wend.yaml who could be told");
                return Ok(Progress::failed(reason));
            }
            (None, several) => {
                for way in several {
                    let one = by_way(request, *way);
                    calls::put_back(&one, again, Duration::ZERO).await?;
                }
                return Ok(Progress::HandedOn);
            }
        };
        let told = Told {
            request,
            contact,
            release: &release,
            assigned: assigned.as_ref(),
            now: self.clock.now(),
        };
        let trigger = view.origin.as_ref().and_then(properties);
        let message = match message(&told, trigger, template) {
            Ok(message) => message,
            Err(reason) => return Ok(Progress::failed(reason)),
        };
        let (title, text) = (message.subject.as_str(), message.text.as_str());
        match (way, &team.slack, &team.teams) {
            (AlertWay::Email, ..) => self.mail_team(id, &told, &message).await,
            (AlertWay::Slack, Some(secret), _) => {
                let body = tell_slack(title, text);
                self.hand_on(&message_to(request, id, secret, &body)).await
            }
            (AlertWay::Teams, _, Some(secret)) => {
                let body = tell_teams(title, text);
                self.hand_on(&message_to(request, id, secret, &body)).await
            }
            (AlertWay::Slack, None, _) | (AlertWay::Teams, _, None) => {
                let reason = format!("team `{id}` is not told by that way any more");
                Ok(Progress::failed(reason))
            }
        }
    }

    async fn mail_team(
        &self,
        id: &str,
        told: &Told<'_>,
        message: &Message,
    ) -> Result<Progress, PortError> {
        let Some(to) = told.assigned else {
            return Ok(Progress::failed(format!(
                "team `{id}` has no email address in wend.yaml"
            )));
        };
        let permit = match gate_team(told.request, to.address, told.release) {
            Ok(permit) => permit,
            Err(reason) => {
                let reason = format!("team `{id}` may not be told: {}", reason.name());
                return Ok(Progress::failed(reason));
            }
        };
        let mail = Mail {
            permit: &permit,
            label: told.request.into(),
            message,
        };
        let submitted = self.provider.submit(mail).await;
        Ok(Progress::Called(called(submitted)))
    }
}

/// What became of a mail to colleagues.
fn called(submitted: Submitted) -> Called {
    let not_now = |reason, retry_after| Called::NotNow {
        reason,
        retry_after: Some(retry_after),
    };
    match submitted {
        Submitted::Accepted { .. } => Called::Done(serde_json::Value::Null),
        Submitted::Rejected { reason } => Called::Failed { reason },
        Submitted::NotTaken {
            reason,
            retry_after,
        }
        | Submitted::Throttled {
            reason,
            retry_after,
        } => not_now(reason, retry_after),
        Submitted::QuotaUsedUp { reason } => not_now(reason, QUEUE_DELAY_MAX),
        // A colleague rather reads it twice than never.
        Submitted::Ambiguous { reason } => not_now(reason, SOON),
    }
}

/// The ways that a team has.
fn ways(team: &Team, assigned: Option<&Assigned<'_>>) -> Vec<AlertWay> {
    let has = [
        (AlertWay::Email, assigned.is_some()),
        (AlertWay::Slack, team.slack.is_some()),
        (AlertWay::Teams, team.teams.is_some()),
    ];
    has.into_iter()
        .filter_map(|(way, has)| has.then_some(way))
        .collect()
}

/// The same alert by one way.
fn by_way(request: &CallRequest, by: AlertWay) -> CallRequest {
    let mut one = request.clone();
    if let CallKind::Alert { way, .. } = &mut one.kind {
        *way = Some(by);
    }
    one
}

/// What the team reads. Beside what every message has, its template knows `data.lead`: scores, latest events, who is assigned.
fn message(
    told: &Told<'_>,
    trigger: Option<&Properties>,
    template: &str,
) -> Result<Message, String> {
    let (request, contact, release) = (told.request, told.contact, told.release);
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
    let lead = ("lead".to_owned(), Personal::new(lead(told)));
    let given = request.given.clone();
    let given: BTreeMap<_, _> = given.into_iter().chain([lead]).collect();
    let values = Values {
        contact,
        journey,
        run,
        trigger,
        given: &given,
        zone: &zone,
    };
    render(template, &release.project, values, Ask::default()).map_err(|error| error.to_string())
}

fn lead(told: &Told<'_>) -> serde_json::Value {
    let scores = inspect::scores(told.contact, told.release, told.now);
    let events = inspect::latest_events(told.contact, told.release, EVENTS_MAX);
    let events = events.into_iter();
    let events: Vec<_> = events
        .map(|(name, at)| json!({ "name": name, "at": at.to_string() }))
        .collect();
    let assigned = told.assigned.and_then(|assigned| assigned.name);
    json!({ "scores": scores, "events": events, "assigned": assigned })
}
