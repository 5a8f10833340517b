//! Messages: a template and a contact become what a provider sends.
//!
//! Pure: no I/O, no clock. It never decides whether a message may go ([`wend_core::send::gate`] does), only what it says.
//! Templates use Jinja syntax (`minijinja`, strict: a missing variable without a default is an error, never an empty hole)
//! inside Markdown (`pulldown-cmark`). Values are escaped for Markdown where they are put in, so that an attribute can
//! never become a link, an image or HTML.
#![warn(missing_docs)]

mod check;
mod escape;
mod headers;
mod layout;

pub use check::check;

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};

use wend_core::contact::Contact;
use wend_core::release::{MessageClass, Project, Template};

/// A message as it goes to the provider.
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

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template names a sender that `wend.yaml` does not have.
    #[error(
        "template `{template}` is from `{sender}`, which wend.yaml does not declare under `senders`"
    )]
    NoSender {
        /// The template.
        template: String,
        /// The sender's name.
        sender: String,
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

/// Most instructions of one rendering: a few hundred are usual, a template that loops for ever stops here.
const FUEL: u64 = 100_000;

/// Renders `template` for `contact`. `unsubscribe_url` stands in the headers and the footer of marketing mail.
pub fn render(
    template: &Template,
    project: &Project,
    contact: &Contact,
    unsubscribe_url: &str,
) -> Result<Message, RenderError> {
    let sender = project
        .senders
        .get(&template.from)
        .ok_or_else(|| RenderError::NoSender {
            template: template.id.clone(),
            sender: template.from.clone(),
        })?;
    let variables = variables(contact);
    let fill = |source: &str, format: Format| {
        let filled = fill(source, format, &variables);
        filled.map_err(|source| RenderError::Jinja {
            template: template.id.clone(),
            source,
        })
    };
    let subject = fill(&template.subject, Format::Plain)?;
    let preheader = template
        .preheader
        .as_deref()
        .map(|text| fill(text, Format::Plain));
    let footer = match template.class {
        MessageClass::Marketing => Some(layout::Footer {
            postal_address: project.postal_address.as_deref().unwrap_or_default(),
            unsubscribe_url,
        }),
        MessageClass::Transactional => None,
    };
    let markdown = fill(&template.body, Format::Markdown)?;
    let text = fill(&template.body, Format::Plain)?;
    Ok(Message {
        from: headers::mailbox(&sender.name, &sender.address),
        reply_to: sender.reply_to.clone(),
        subject: headers::one_line(&subject),
        html: layout::html(
            &markdown,
            preheader.transpose()?.as_deref(),
            footer.as_ref(),
        ),
        text: layout::text(&text, footer.as_ref()),
        headers: footer
            .as_ref()
            .map(headers::list_unsubscribe)
            .unwrap_or_default(),
    })
}

/// What a value is escaped for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Markdown,
}

fn fill(source: &str, format: Format, variables: &Value) -> Result<String, minijinja::Error> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    if format == Format::Markdown {
        engine.set_formatter(escape::write_markdown);
    }
    engine.render_str(source, variables)
}

fn variables(contact: &Contact) -> Value {
    let attributes = contact
        .attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), Value::from(Serde(attribute.value.expose()))));
    let email = contact.email.as_ref();
    let email = email.map(|email| ("email".to_owned(), Value::from(email.address.expose())));
    let contact: BTreeMap<String, Value> = attributes.chain(email).collect();
    Value::from(BTreeMap::from([(
        "contact".to_owned(),
        Value::from(contact),
    )]))
}

#[cfg(test)]
mod tests;
