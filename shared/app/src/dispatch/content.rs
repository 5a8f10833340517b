//! What messages say, and the one call that hands each over.

use std::sync::Arc;

use wend_content::{Ask, Message, Sms, Values, render, render_sms};
use wend_core::contact::Contact;
use wend_core::decide::inspect;
use wend_core::identity::Channel;
use wend_core::input::{CommandKind, Input, Properties};
use wend_core::log::LogRow;
use wend_core::release::{MessageClass, Release, Template};
use wend_core::send::{Permit, SendRequest, SkipReason};
use wend_core::token::UnsubscribeToken;

use super::Dispatch;
use crate::ports::{Mail, Mailer, Submitted, Text, Texter};

/// What a message says.
pub(super) enum Content {
    Mail(Message),
    Sms { sms: Sms, is_marketing: bool },
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

impl<L, M: Mailer + Texter, X, Q, A, R, C> Dispatch<L, M, X, Q, A, R, C> {
    /// What the message says.
    pub(super) fn content(
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

    pub(super) async fn hand_over(
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
}
