//! Messages: a template and a contact become what a provider sends.
//!
//! Pure: no I/O, no clock. It never decides whether a message may go ([`wend_core::send::gate`] does), only what it says.
//! Templates use Jinja syntax (`minijinja`, strict: a missing variable without a default is an error, never an empty hole)
//! inside Markdown (`pulldown-cmark`). Values are escaped for Markdown where they are put in, so that an attribute can
//! never become a link, an image or HTML.
#![warn(missing_docs)]

mod check;
mod engine;
mod escape;
mod headers;
mod layout;
mod sample;
mod sms;
mod values;

pub use check::check;
pub use sample::{Sampled, check_samples};
pub use values::Values;

use minijinja::Value;

use wend_core::path::Path;
use wend_core::release::{MessageClass, Project, Template};

use engine::{Format, engine};

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
            Self::NoSender { .. } | Self::TooLong { .. } => false,
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
    /// Where marketing mail can be said no to: it stands in the headers and the footer.
    pub unsubscribe_url: &'a str,
}

/// Renders `template` as a mail.
pub fn render(
    template: &Template,
    project: &Project,
    values: Values<'_>,
    ask: Ask<'_>,
) -> Result<Message, RenderError> {
    let rendering = Rendering::new(template, values)?;
    let name = ask.from.unwrap_or(&template.from);
    let sender = project.senders.get(name);
    let address = sender.and_then(|sender| sender.address.as_deref());
    let (Some(sender), Some(address)) = (sender, address) else {
        return Err(rendering.no_sender(name));
    };
    let variant = ask.variant.and_then(|name| template.variants.get(name));
    let subject = variant
        .and_then(|variant| variant.subject.as_ref())
        .or(template.subject.as_ref());
    let preheader = variant
        .and_then(|variant| variant.preheader.as_ref())
        .or(template.preheader.as_ref());
    let subject = rendering.fill(subject.map_or("", String::as_str), Format::Plain)?;
    let preheader = preheader
        .map(|text| rendering.fill(text, Format::Plain))
        .transpose()?;
    let footer = match template.class {
        MessageClass::Marketing => Some(layout::Footer {
            postal_address: project.postal_address.as_deref().unwrap_or_default(),
            unsubscribe_url: ask.unsubscribe_url,
        }),
        MessageClass::Transactional | MessageClass::System => None,
    };
    let markdown = rendering.fill(&template.body, Format::Markdown)?;
    let text = rendering.fill(&template.body, Format::Plain)?;
    Ok(Message {
        from: headers::mailbox(&sender.name, address),
        reply_to: sender.reply_to.clone(),
        subject: headers::one_line(&subject),
        html: layout::html(&markdown, preheader.as_deref(), footer.as_ref()),
        text: layout::text(&text, footer.as_ref()),
        headers: footer
            .as_ref()
            .map(headers::list_unsubscribe)
            .unwrap_or_default(),
    })
}

/// Renders `template` as an SMS.
pub fn render_sms(
    template: &Template,
    project: &Project,
    values: Values<'_>,
    from: Option<&str>,
) -> Result<Sms, RenderError> {
    let rendering = Rendering::new(template, values)?;
    let name = from.unwrap_or(&template.from);
    let sender = project
        .senders
        .get(name)
        .and_then(|sender| sender.sms.clone());
    let Some(from) = sender else {
        return Err(rendering.no_sender(name));
    };
    let text = rendering
        .fill(&template.body, Format::Plain)?
        .trim()
        .to_owned();
    if text.len() > SMS_BYTES_MAX {
        let (template, bytes) = (template.id.clone(), text.len());
        return Err(RenderError::TooLong { template, bytes });
    }
    Ok(Sms { from, text })
}

struct Rendering<'a> {
    template: &'a Template,
    values: Values<'a>,
    context: Value,
}

impl<'a> Rendering<'a> {
    fn new(template: &'a Template, values: Values<'a>) -> Result<Self, RenderError> {
        let context = values.context();
        match template
            .needs
            .iter()
            .find(|path| !Values::has(&context, path))
        {
            None => Ok(Self {
                template,
                values,
                context,
            }),
            Some(path) => Err(RenderError::Missing {
                template: template.id.clone(),
                path: path.clone(),
            }),
        }
    }

    fn fill(&self, source: &str, format: Format) -> Result<String, RenderError> {
        let engine = engine(format, self.values.zone, false);
        let filled = engine.render_str(source, &self.context);
        filled.map_err(|source| RenderError::Jinja {
            template: self.template.id.clone(),
            source,
        })
    }

    fn no_sender(&self, sender: &str) -> RenderError {
        RenderError::NoSender {
            template: self.template.id.clone(),
            sender: sender.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
