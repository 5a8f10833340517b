//! Messages: a template and a contact become what a provider sends.
//!
//! Pure: no I/O, no clock. It never decides whether a message may go ([`wend_core::send::gate`] does), only what it says.
//! Templates use Jinja syntax (`minijinja`, strict: a missing variable without a default is an error, never an empty hole)
//! inside Markdown (`pulldown-cmark`), HTML or MJML. Values are escaped for what is around them where they are put in, so that an
//! attribute can never become a link, an image or HTML.
//!
//! [`read_all`] puts templates together: layouts and partials go into the texts, MJML becomes HTML (with the feature `mjml`), a
//! page gets its text part. What a release holds is Jinja alone, which [`Templates`] parses once.
#![warn(missing_docs)]

mod check;
mod compile;
mod engine;
mod escape;
mod headers;
mod html;
mod layout;
mod lint;
mod prepared;
mod read;
mod rewrite;
mod sample;
mod sms;
mod values;

pub use prepared::{Prepared, Templates};
pub use read::{check_all, read_all};
pub use rewrite::{Link, Utm, rewrite};
pub use sample::{Looked, Sampled, check_samples, look, render_sample};
pub use values::Values;

use wend_core::path::Path;
use wend_core::release::{Project, Template};

/// A mail as it goes to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `From`, ready for a header: ASCII, the name quoted or encoded.
    pub from: String,
    /// `Reply-To`.
    pub reply_to: Option<String>,
    /// The subject, one line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

/// An SMS as it goes to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// The sender id, or the number, of `wend.yaml`.
    pub from: String,
    /// The text.
    pub text: String,
}

/// Most bytes of an SMS that SNS takes.
pub const SMS_BYTES_MAX: usize = 1600;

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template names a sender that `wend.yaml` does not have, or that does not send on this channel.
    #[error(
        "template `{template}` is from `{sender}`, which wend.yaml does not declare under `senders` for this channel"
    )]
    NoSender {
        /// The template.
        template: String,
        /// The sender's name.
        sender: String,
    },
    /// A value that the template needs is missing.
    #[error("template `{template}` needs `{path}`, and it is missing")]
    Missing {
        /// The template.
        template: String,
        /// The value.
        path: Path,
    },
    /// The text is longer than the channel takes.
    #[error(
        "template `{template}` makes an SMS of {bytes} bytes; at most {SMS_BYTES_MAX} are sent"
    )]
    TooLong {
        /// The template.
        template: String,
        /// Its length.
        bytes: usize,
    },
    /// Its HTML or MJML was not put together when it was published.
    #[error("template `{template}` was published without its page")]
    NotPutTogether {
        /// The template.
        template: String,
    },
    /// The text does not parse, misses a variable, or runs for too long.
    #[error("template `{template}` cannot be rendered: {source}")]
    Jinja {
        /// The template.
        template: String,
        /// The engine's words; they name the place.
        source: minijinja::Error,
    },
}

impl RenderError {
    /// Whether nothing but a value is missing.
    pub fn is_missing_value(&self) -> bool {
        match self {
            Self::Missing { .. } => true,
            Self::Jinja { source, .. } => source.kind() == minijinja::ErrorKind::UndefinedError,
            Self::NoSender { .. } | Self::TooLong { .. } | Self::NotPutTogether { .. } => false,
        }
    }
}

/// What is asked beside the template and its values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// The sender, where it is not the template's.
    pub from: Option<&'a str>,
    /// The variant of the template.
    pub variant: Option<&'a str>,
    /// The language, where it is not the contact's.
    pub locale: Option<&'a str>,
    /// Where marketing mail can be said no to: it stands in the headers and the footer. Texts have it as `links.unsubscribe`.
    pub unsubscribe_url: &'a str,
    /// Where a reader says what to get: `links.preferences`. Without it, a text that asks for it misses a value.
    pub preferences_url: Option<&'a str>,
    /// Where opt-ins are confirmed: `links.confirm`, in templates of the class `system` alone.
    pub confirm_url: Option<&'a str>,
    /// Where the mail is shown as a page of the web: `links.web_view`. As above.
    pub web_view_url: Option<&'a str>,
}

/// Renders `template` as a mail.
pub fn render(
    template: &Template,
    project: &Project,
    values: Values<'_>,
    ask: Ask<'_>,
) -> Result<Message, RenderError> {
    Prepared::new(template)?.render(template, project, values, ask)
}

/// What a page says beside the subject in a list of mails: the text of its first element that nobody sees.
pub fn preheader(html: &str) -> Option<String> {
    let mut tokens = html::tokens(html).into_iter();
    tokens.find(|token| {
        let html::Token::Start {
            name, attributes, ..
        } = token
        else {
            return false;
        };
        let style = html::value(attributes, "style").unwrap_or_default();
        name == "div" && style.replace(' ', "").contains("display:none")
    })?;
    let text = tokens.map_while(|token| match token {
        html::Token::Text(text) => Some(text),
        html::Token::Start { .. } | html::Token::End { .. } | html::Token::Comment(_) => None,
    });
    Some(text.collect::<String>().trim().to_owned())
}

/// Renders `template` as an SMS.
pub fn render_sms(
    template: &Template,
    project: &Project,
    values: Values<'_>,
    ask: Ask<'_>,
) -> Result<Sms, RenderError> {
    Prepared::new(template)?.render_sms(template, project, values, ask)
}

impl Prepared {
    /// Renders the mail. `template` is the one that this was made of.
    pub fn render(
        &self,
        template: &Template,
        project: &Project,
        values: Values<'_>,
        ask: Ask<'_>,
    ) -> Result<Message, RenderError> {
        self.mail(template, project, values.facts(), ask)
    }

    /// Renders the SMS. `template` is the one that this was made of.
    pub fn render_sms(
        &self,
        template: &Template,
        project: &Project,
        values: Values<'_>,
        ask: Ask<'_>,
    ) -> Result<Sms, RenderError> {
        self.sms(template, project, values.facts(), ask)
    }
}

#[cfg(test)]
mod tests;
