//! Sends a message to somebody who looks at it before others get it.
//!
//! Nobody hears of it: there is no send row, caps do not count it, no link of it tells of clicks, and those that would say a word for
//! a contact do nothing. A suppression holds all the same.

use serde_json::Value;
use wend_content::{Ask, Looked, RenderError, render_sample};
use wend_core::id::{ContactKey, SendId};
use wend_core::identity::IdentitySecret;
use wend_core::release::{MessageClass, Project, Release, Template};
use wend_core::send::{Recipient, SkipReason, gate_test};
use wend_core::token::TEST;

use crate::ports::{Label, Mail, Mailer, Permissions, PortError, Submitted, Text, Texter};

/// What every subject of a test begins with.
pub const SUBJECT: &str = "[Test] ";

/// A message to be tried.
#[derive(Clone, Debug)]
pub struct Test<'a> {
    /// An id of its own, for the provider's tags.
    pub id: SendId,
    /// Its template.
    pub template: &'a Template,
    /// What it says.
    pub looked: &'a Looked,
    /// Where it goes.
    pub to: Recipient,
    /// Whether it goes to an address that is closed, too.
    pub even_closed: bool,
}

/// The message as its readers get it, with values in the form of a sample; `public_url` is where links lead.
pub fn render_test(
    template: &Template,
    project: &Project,
    sample: &Value,
    (locale, variant): (Option<&str>, Option<&str>),
    public_url: &str,
) -> Result<Looked, RenderError> {
    let link = |kind: &str| format!("{public_url}/{kind}/{TEST}");
    let [unsubscribe, preferences, confirm, web_view] = ["u", "p", "y", "w"].map(link);
    let ask = Ask {
        variant,
        locale,
        unsubscribe_url: &unsubscribe,
        preferences_url: Some(&preferences),
        confirm_url: Some(&confirm),
        web_view_url: Some(&web_view),
        ..Ask::default()
    };
    let mut looked = render_sample(template, project, sample, ask)?;
    if let Looked::Mail(message) = &mut looked {
        message.subject.insert_str(0, SUBJECT);
    }
    Ok(looked)
}

/// Hands a test over: one call, never repeated, and nothing written. The reason if it may not go.
pub async fn send_test(
    test: Test<'_>,
    permissions: &impl Permissions,
    release: &Release,
    provider: &(impl Mailer + Texter),
    secret: &IdentitySecret,
) -> Result<Result<Submitted, SkipReason>, PortError> {
    let row = permissions.row(test.to.permission_key(secret)).await?;
    let permit = match gate_test(test.id, test.to, &row, release, test.even_closed) {
        Ok(permit) => permit,
        Err(reason) => return Ok(Err(reason)),
    };
    // As a call's: what the provider says of it is nothing of any contact's.
    let label = Label {
        contact: ContactKey::from_bytes([0; 16]),
        send: test.id,
        is_call: true,
        journey: TEST,
        step: &test.template.id,
    };
    Ok(Ok(match test.looked {
        Looked::Mail(message) => {
            let permit = &permit;
            provider
                .submit(Mail {
                    permit,
                    label,
                    message,
                })
                .await
        }
        Looked::Sms(sms) => {
            let is_marketing = test.template.class == MessageClass::Marketing;
            provider
                .text(Text {
                    permit: &permit,
                    label,
                    sms,
                    is_marketing,
                })
                .await
        }
    }))
}

#[cfg(test)]
mod tests;
