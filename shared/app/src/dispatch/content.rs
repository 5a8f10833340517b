//! What messages say, and the one call that hands each over.

use std::collections::BTreeMap;
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use wend_content::{Ask, Link, Message, Sms, Utm, Values, rewrite};
use wend_core::contact::Contact;
use wend_core::decide::inspect;
use wend_core::id::{PartHash, PermissionKey};
use wend_core::identity::Channel;
use wend_core::input::{CommandKind, Input, Properties};
use wend_core::log::LogRow;
use wend_core::personal::Personal;
use wend_core::plain::harmless;
use wend_core::release::{MessageClass, Project, Release, Template};
use wend_core::send::{Permit, Recipient, SendRequest, SkipReason};
use wend_core::time::Timestamp;
use wend_core::token::{
    ClickToken, ConfirmToken, MessageRef, OpenToken, OptInRef, PreferencesToken, Token,
    UnsubscribeToken, WebViewToken,
};

use super::{CLAIM_HOLDS, Dispatch, SOON};
use crate::ports::{
    Clock, Copies, LedgerView, Mail, Mailer, ReleaseStore, SentCopy, Submitted, Text, Texter,
};

/// What a message says, and by which version of its template.
pub(super) struct Content {
    part: PartHash,
    body: Body,
}

enum Body {
    Mail(Message),
    Sms { sms: Sms, is_marketing: bool },
}

/// Longer targets are linked as they are: with its token, a link must stay below the 2,048 characters that mail programs and gateways take.
const TARGET_BYTES_MAX: usize = 1300;

/// What cannot stand in a header: the answer to a click is `Location: target`.
const UNSAFE: &AsciiSet = &CONTROLS.add(b' ');

/// `target` as it can stand in a token; none if it is too long, or of a host that is not in ASCII.
fn followable(target: &str) -> Option<String> {
    let (_, rest) = target.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let encoded = utf8_percent_encode(target, UNSAFE).to_string();
    (host.is_ascii() && encoded.len() <= TARGET_BYTES_MAX).then_some(encoded)
}

/// The parameters of links as the project names them; `channel`, `journey` and `step` stand for the message's own.
fn utm<'a>(project: &'a Project, request: &'a SendRequest) -> Utm<'a> {
    let value = |name: &str| {
        let said = project.sending.utm.get(name)?;
        Some(match said.as_str() {
            "channel" => request.channel.name(),
            "journey" => &request.journey,
            "step" => &request.step,
            text => text,
        })
    };
    Utm {
        source: value("source"),
        medium: value("medium"),
        campaign: value("campaign"),
        content: value("content"),
    }
}

/// What a message says of a run that anybody could have begun: nothing with a link elsewhere or a line break. A text that asks for what
/// is left out has its `default`, or the message is skipped.
struct Harmless {
    trigger: Properties,
    given: BTreeMap<String, Personal<Value>>,
}

impl Harmless {
    fn of(
        trigger: Option<&Properties>,
        given: &BTreeMap<String, Personal<Value>>,
        sites: &[String],
    ) -> Self {
        let trigger = trigger.into_iter().flatten();
        let trigger =
            trigger.filter_map(|(name, value)| Some((name.clone(), harmless(value, sites)?)));
        let given = given.iter().filter_map(|(name, value)| {
            let value = harmless(value.expose(), sites)?;
            Some((name.clone(), Personal::new(value)))
        });
        Self {
            trigger: trigger.collect(),
            given: given.collect(),
        }
    }
}

/// The properties of the event that a log row is of.
pub(super) fn properties(row: &LogRow) -> Option<&Properties> {
    match &row.input {
        Input::Event(event) => Some(event.properties.expose()),
        Input::Command(command) => match &command.kind {
            CommandKind::Enroll { data, .. } => Some(data.expose()),
            CommandKind::Scheduled { .. }
            | CommandKind::Stop { .. }
            | CommandKind::Lists { .. }
            | CommandKind::Attributes(_)
            | CommandKind::Touch => None,
        },
        Input::Wake(_)
        | Input::Outcome(_)
        | Input::Held(_)
        | Input::Feedback(_)
        | Input::Consent(_)
        | Input::Answer(_) => None,
    }
}

impl<L, M, X, Q, A, R: ReleaseStore, C: Clock, P> Dispatch<L, M, X, Q, A, R, C, P> {
    /// What the message says.
    pub(super) fn content(
        &self,
        request: &SendRequest,
        contact: &Contact,
        template: &Template,
        release: &Release,
        view: &LedgerView,
        permit: &Permit,
    ) -> Result<Content, SkipReason> {
        let permission = permit.to().permission_key(&self.secret);
        let unsubscribe_url = self.link(
            "u",
            &UnsubscribeToken {
                contact: contact.id,
                channel: request.channel,
                permission,
                send: request.send,
            },
        );
        let preferences_url = self.link("p", &self.preferences(request, contact));
        let confirm_url =
            self.confirmation(request, (contact, template), release, view, permission);
        let confirm_url = confirm_url.map(|token| self.link("y", &token));
        let web_view_url = self.link(
            "w",
            &WebViewToken {
                contact: request.contact,
                send: request.send,
            },
        );
        let journey = release.version(request.version).map(Arc::as_ref);
        let zone = inspect::zone(contact, journey, release);
        let run = contact.run(request.enrollment);
        let is_public = run.is_some_and(|run| run.origin.is_public);
        let trigger = view.origin.as_ref().and_then(properties);
        let trigger = trigger.or_else(|| run.map(|run| run.origin.properties.expose()));
        let sites = &release.project.sites;
        let cleaned = is_public.then(|| Harmless::of(trigger, &request.given, sites));
        let values = Values {
            contact,
            journey,
            run,
            trigger: cleaned.as_ref().map_or(trigger, |one| Some(&one.trigger)),
            given: cleaned.as_ref().map_or(&request.given, |one| &one.given),
            zone: &zone,
        };
        let ask = Ask {
            from: request.from.as_deref(),
            variant: request.variant.as_deref(),
            unsubscribe_url: &unsubscribe_url,
            preferences_url: Some(&preferences_url),
            confirm_url: confirm_url.as_deref(),
            // An SMS is a line of text, and is no page.
            web_view_url: (request.channel == Channel::Email).then_some(web_view_url.as_str()),
            ..Ask::default()
        };
        let project = &release.project;
        let part = release.template_part(&template.id);
        let part = part.ok_or(SkipReason::NoTemplate)?;
        let prepared = self.releases.templates().get(part, template);
        let rendered = prepared.and_then(|prepared| match request.channel {
            Channel::Email => {
                let message = prepared.render(template, project, values, ask)?;
                let keep = [unsubscribe_url.as_str(), &preferences_url, &web_view_url];
                let keep: Vec<&str> = keep.into_iter().chain(confirm_url.as_deref()).collect();
                Ok(Body::Mail(
                    self.tracked(message, request, template, project, &keep),
                ))
            }
            Channel::Sms => prepared
                .render_sms(template, project, values, ask)
                .map(|sms| {
                    let is_marketing = template.class == MessageClass::Marketing;
                    Body::Sms { sms, is_marketing }
                }),
        });
        let content = rendered.map(|body| Content { part, body });
        content.map_err(|error| {
            tracing::error!(send = %request.send, %error, "not rendered");
            if error.is_missing_value() {
                SkipReason::MissingValue
            } else {
                SkipReason::NotRendered
            }
        })
    }

    /// A link of ours.
    fn link(&self, kind: &str, token: &impl Token) -> String {
        format!("{}/{kind}/{}", self.public_url, token.sign(&self.links))
    }

    /// The right to confirm what waits for it at the address: of the template's topic, or of all. None if nothing does.
    fn confirmation(
        &self,
        request: &SendRequest,
        (contact, template): (&Contact, &Template),
        release: &Release,
        view: &LedgerView,
        permission: PermissionKey,
    ) -> Option<ConfirmToken> {
        if template.class != MessageClass::System {
            return None;
        }
        let now = self.clock.now();
        let is_meant = |topic: &str| template.topic.as_deref().is_none_or(|own| own == topic);
        let waiting = view.permission.unconfirmed();
        let opt_ins = waiting
            .filter(|(topic, _)| is_meant(topic))
            .filter_map(|(topic, said)| {
                let until = inspect::confirm_until(contact, release, topic, said.at)?;
                (now < until).then(|| OptInRef {
                    topic: topic.to_owned(),
                    said_at: said.at,
                    until,
                })
            });
        let opt_ins: Vec<OptInRef> = opt_ins.collect();
        (!opt_ins.is_empty()).then_some(ConfirmToken {
            contact: contact.id,
            channel: request.channel,
            permission,
            send: request.send,
            opt_ins,
        })
    }

    fn preferences(&self, request: &SendRequest, contact: &Contact) -> PreferencesToken {
        let key = |channel| {
            let to = Recipient::of(contact, channel);
            to.map(|to| to.permission_key(&self.secret))
        };
        PreferencesToken {
            contact: contact.id,
            send: request.send,
            email: key(Channel::Email),
            sms: key(Channel::Sms),
        }
    }

    /// The message with links that tell of clicks, in marketing mail also with a picture that tells of opens. The text part keeps its
    /// links as they are: a reader sees them.
    fn tracked(
        &self,
        message: Message,
        request: &SendRequest,
        template: &Template,
        project: &Project,
        keep: &[&str],
    ) -> Message {
        let of = MessageRef {
            contact: request.contact,
            send: request.send,
            journey: request.journey.clone(),
            step: request.step.clone(),
            sent_at: self.clock.now(),
        };
        let is_marketing = template.class == MessageClass::Marketing;
        let pixel = is_marketing.then(|| {
            let message = of.clone();
            self.link("o", &OpenToken { message })
        });
        let to = |link: Link<'_>| {
            let target = followable(link.target)?;
            let message = of.clone();
            Some(self.link("c", &ClickToken { message, target }))
        };
        let utm = utm(project, request);
        let html = rewrite(&message.html, keep, Some(utm), pixel.as_deref(), to);
        Message { html, ..message }
    }
}

impl<L: Copies, M: Mailer + Texter, X, Q, A, R, C: Clock, P> Dispatch<L, M, X, Q, A, R, C, P> {
    /// Keeps a copy of what was claimed at `claimed_at`, and hands it over: only who has the claim writes the copy, so it is the copy of
    /// this submission.
    pub(super) async fn hand_over(
        &self,
        request: &SendRequest,
        content: &Content,
        permit: &Permit,
        claimed_at: Timestamp,
    ) -> Submitted {
        let copy = SentCopy {
            claimed_at,
            template: request.template.clone(),
            part: content.part,
            to: permit.to().expose().to_owned().into(),
            said: match &content.body {
                Body::Mail(message) => message.into(),
                Body::Sms { sms, .. } => sms.into(),
            },
        };
        let kept = self.ledger.keep(request.contact, request.send, &copy);
        if let Err(error) = kept.await {
            return Submitted::NotTaken {
                reason: error.to_string(),
                retry_after: SOON,
            };
        }
        if self.clock.now().since(claimed_at) > CLAIM_HOLDS {
            return Submitted::NotTaken {
                reason: "the claim has become too old".to_owned(),
                retry_after: SOON,
            };
        }
        let label = request.into();
        match &content.body {
            Body::Mail(message) => {
                self.provider
                    .submit(Mail {
                        permit,
                        label,
                        message,
                    })
                    .await
            }
            Body::Sms { sms, is_marketing } => {
                self.provider
                    .text(Text {
                        permit,
                        label,
                        sms,
                        is_marketing: *is_marketing,
                    })
                    .await
            }
        }
    }
}

#[cfg(test)]
mod tests;
