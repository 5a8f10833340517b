//! MJML becomes HTML.

#[cfg(any(test, feature = "mjml"))]
use std::fmt::Write as _;

use wend_core::definitions::Diagnostic;
#[cfg(any(test, feature = "mjml"))]
use wend_core::definitions::nearest;

use super::parts::{Assembled, Library};
use super::slots::Masked;
#[cfg(any(test, feature = "mjml"))]
use crate::html::{Token, tokens};

/// The page that `source` makes.
#[cfg(any(test, feature = "mjml"))]
pub(super) fn page(library: &mut Library<'_>, source: &Assembled) -> Option<Masked> {
    let mut masked = Masked::new(&source.text);
    masked.text = printable(&masked.text);
    if let Some(fault) = unknown(&masked, source) {
        library.fault(fault);
        return None;
    }
    let parsed = match mrml::parse(&masked.text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let help =
                "every element is closed and stands where MJML allows it (documentation.mjml.io)";
            let place = span(&error).unwrap_or_default();
            library.fault(unread(&masked, source, place, &words(&error), help));
            return None;
        }
    };
    match parsed
        .element
        .render(&mrml::prelude::render::RenderOptions::default())
    {
        Ok(html) => masked.text = html,
        Err(error) => {
            let (file, at) = source.place(0);
            let message = format!("this MJML makes no page: {error}");
            library.fault(Diagnostic::error("E0241", file, at, &message));
            return None;
        }
    }
    super::guard::guard(&mut masked);
    Some(masked)
}

/// The elements of MJML. `mrml` passes over others in silence.
#[cfg(any(test, feature = "mjml"))]
const ELEMENTS: [&str; 32] = [
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
    "mj-wrapper",
];

/// An element that MJML does not have, that is done otherwise here, or that another one closes: `mrml` is patient with them.
#[cfg(any(test, feature = "mjml"))]
fn unknown(masked: &Masked, source: &Assembled) -> Option<Diagnostic> {
    let is_ours = |name: &str| name == "mjml" || name.starts_with("mj-");
    let mut open: Vec<(String, usize)> = Vec::new();
    for token in tokens(&masked.text) {
        match token {
            Token::Start { name, range, .. } if is_ours(&name) && !is_known(&name) => {
                return Some(no_element(masked, source, &name, range.start));
            }
            Token::Start {
                name,
                is_closed: false,
                range,
                ..
            } if is_ours(&name) => {
                open.push((name, range.start));
            }
            Token::End { name, range } if is_ours(&name) => {
                let opened = open.pop().map(|(name, _)| name).unwrap_or_default();
                if opened != name {
                    let message = format!("`</{name}>` closes nothing");
                    let help = match opened.as_str() {
                        "" => "remove it".to_owned(),
                        opened => format!("`{opened}` is open: close it with `</{opened}>`"),
                    };
                    return Some(unread(masked, source, range.start, &message, &help));
                }
            }
            Token::Start { .. } | Token::End { .. } | Token::Text(_) | Token::Comment(_) => {}
        }
    }
    let (name, start) = open.pop()?;
    let help = format!("close it with `</{name}>`");
    Some(unread(
        masked,
        source,
        start,
        &format!("`{name}` is not closed"),
        &help,
    ))
}

#[cfg(any(test, feature = "mjml"))]
fn is_known(name: &str) -> bool {
    name == "mjml" || ELEMENTS.contains(&name)
}

#[cfg(any(test, feature = "mjml"))]
fn no_element(masked: &Masked, source: &Assembled, name: &str, start: usize) -> Diagnostic {
    let help = match (name, nearest(name, ELEMENTS.into_iter())) {
        ("mj-include", _) => "write `{% include \"name\" %}`: files are in partials/".to_owned(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        (_, None) => "the elements are on documentation.mjml.io".to_owned(),
    };
    unread(
        masked,
        source,
        start,
        &format!("there is no element `{name}`"),
        &help,
    )
}

/// The fault at a byte of the masked text.
#[cfg(any(test, feature = "mjml"))]
fn unread(masked: &Masked, source: &Assembled, byte: usize, why: &str, help: &str) -> Diagnostic {
    let (file, at) = source.place(original(masked, byte));
    let message = format!("this MJML cannot be read: {why}");
    Diagnostic::error("E0241", file, at, &message).help(help)
}

/// Without the feature nothing reads MJML: whoever sends gets the HTML.
#[cfg(not(any(test, feature = "mjml")))]
pub(super) fn page(library: &mut Library<'_>, source: &Assembled) -> Option<Masked> {
    let (file, at) = source.place(0);
    let message = "this MJML cannot be read: this program is built without MJML";
    library.fault(Diagnostic::error("E0241", file, at, message));
    None
}

/// Characters that show nothing (a joiner in an emoji, a direction mark) as references: `mrml` writes attributes the way Rust
/// writes strings, and would spell them out.
#[cfg(any(test, feature = "mjml"))]
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() || c.escape_debug().count() == 1 {
            printable.push(c);
        } else {
            let _ = write!(printable, "&#{};", u32::from(c));
        }
    }
    printable
}

/// Where in the text with its tags a byte of the masked text stands.
#[cfg(any(test, feature = "mjml"))]
fn original(masked: &Masked, byte: usize) -> usize {
    let before = masked.text.get(..byte).unwrap_or_default();
    masked.unmask(before).len()
}

/// The engine's words without its place: that is told by file and line.
#[cfg(any(test, feature = "mjml"))]
fn words(error: &mrml::prelude::parser::Error) -> String {
    let text = error.to_string();
    let end = text.find(" in template").or_else(|| text.find(" in root"));
    text.get(..end.unwrap_or(text.len()))
        .unwrap_or(&text)
        .to_owned()
}

#[cfg(any(test, feature = "mjml"))]
fn span(error: &mrml::prelude::parser::Error) -> Option<usize> {
    use mrml::prelude::parser::Error;
    match error {
        Error::UnexpectedElement { position, .. }
        | Error::UnexpectedToken { position, .. }
        | Error::MissingAttribute { position, .. }
        | Error::InvalidAttribute { position, .. }
        | Error::InvalidFormat { position, .. }
        | Error::IncludeLoaderError { position, .. } => Some(position.start),
        Error::EndOfStream { .. }
        | Error::SizeLimit { .. }
        | Error::ParserError { .. }
        | Error::NoRootNode => None,
    }
}
