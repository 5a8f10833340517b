//! The texts of a template: those below a head, by language, or the files of a folder.

use std::collections::BTreeMap;

use crate::definitions::SourceFile;
use crate::definitions::project::is_locale;
use crate::definitions::reader::Faults;
use crate::identity::Channel;
use crate::release::{Body, Form, Source};
use crate::syntax::Position;

/// The head of a template that is a folder.
pub(in crate::definitions) const HEAD: &str = "/message.yaml";

const EMAIL: [(&str, Form); 3] = [
    ("mjml", Form::Mjml),
    ("html", Form::Html),
    ("md", Form::Markdown),
];

/// The texts of a template: its own, and those in other languages.
#[derive(Default)]
pub(super) struct Bodies {
    pub(super) own: Body,
    pub(super) locales: BTreeMap<String, Body>,
}

/// Whether a file called so in a template's folder is one of its texts: `email.mjml`, `email.de.txt`, `sms.txt`.
pub(in crate::definitions) fn is_text(name: &str) -> bool {
    named(name).is_some_and(|(channel, _, ending)| match channel {
        Channel::Email => ending == "txt" || EMAIL.iter().any(|(known, _)| *known == ending),
        Channel::Sms => ending == "txt",
    })
}

/// The channel, the language and the ending that a file's name says.
fn named(name: &str) -> Option<(Channel, &str, &str)> {
    let mut parts = name.split('.');
    let channel = match parts.next()? {
        "email" => Channel::Email,
        "sms" => Channel::Sms,
        _ => return None,
    };
    match (parts.next()?, parts.next(), parts.next()) {
        (ending, None, _) => Some((channel, "", ending)),
        (locale, Some(ending), None) if is_locale(locale) => Some((channel, locale, ending)),
        _ => None,
    }
}

/// The text below a head: lines `--- de` begin those in other languages.
pub(super) fn of_file(
    path: &str,
    first_line: usize,
    text: &str,
    channel: Option<Channel>,
    faults: &mut Faults<'_>,
) -> Bodies {
    let form = match channel {
        Some(Channel::Sms) => Form::Text,
        Some(Channel::Email) | None => Form::Markdown,
    };
    let mut sections = vec![(String::new(), first_line, String::new())];
    for (index, line) in text.split_inclusive('\n').enumerate() {
        match (locale_line(line), sections.last_mut()) {
            (Some(locale), _) => {
                let line = first_line + index + 1;
                if sections.iter().any(|(known, ..)| known == locale) {
                    let message = format!("`{locale}` stands twice");
                    let at = Position {
                        line: line - 1,
                        column: 1,
                    };
                    faults.add("E0156", at, &message, "remove one of them");
                }
                sections.push((locale.to_owned(), line, String::new()));
            }
            (None, Some((_, _, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    let mut bodies = Bodies::default();
    for (locale, line, text) in sections {
        if text.trim().is_empty() {
            let at = if locale.is_empty() {
                Position::START
            } else {
                Position {
                    line: line - 1,
                    column: 1,
                }
            };
            let help = match locale.as_str() {
                "" => "write it below the head".to_owned(),
                locale => format!("write it below the line `--- {locale}`"),
            };
            faults.add("E0141", at, "the message has no text", &help);
        }
        let path = path.to_owned();
        let source = Source { path, line, text };
        bodies.put(
            &locale,
            Body {
                form,
                source,
                text: None,
            },
        );
    }
    bodies
}

/// The language that a line `--- de` begins.
fn locale_line(line: &str) -> Option<&str> {
    let locale = line.trim_end().strip_prefix("--- ")?.trim();
    is_locale(locale).then_some(locale)
}

/// A file's name, language and ending; none if it is no text, or one for another channel, which is a fault.
fn text_for<'f>(
    channel: Channel,
    file: &'f SourceFile,
    faults: &mut Faults<'_>,
) -> Option<(&'f str, &'f str, &'f str)> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let (of, locale, ending) = named(name)?;
    if of == channel {
        return Some((name, locale, ending));
    }
    let message = format!(
        "`{name}` is a text for {}, the template is for {}",
        of.name(),
        channel.name()
    );
    let help = "a template has one channel: make a template of its own for the other";
    faults.add("E0149", Position::START, &message, help);
    None
}

/// The texts of a folder.
pub(super) fn of_folder(
    head: &str,
    channel: Option<Channel>,
    beside: &[&SourceFile],
    faults: &mut Faults<'_>,
) -> Bodies {
    let channel = channel.unwrap_or(Channel::Email);
    let mut bodies = Bodies::default();
    let mut texts = BTreeMap::new();
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for file in beside {
        let Some((name, locale, ending)) = text_for(channel, file, faults) else {
            continue;
        };
        let source = Source {
            path: file.path.clone(),
            line: 1,
            text: file.text.clone(),
        };
        let form = match channel {
            Channel::Email => EMAIL.iter().find(|(known, _)| *known == ending),
            Channel::Sms => Some(&("txt", Form::Text)),
        };
        let Some((_, form)) = form else {
            texts.insert(locale.to_owned(), source);
            continue;
        };
        let body = Body {
            form: *form,
            source,
            text: None,
        };
        bodies.put(locale, body);
        if let Some(other) = found.insert(locale, name) {
            let message = format!("`{other}` and `{name}` say the same thing");
            faults.add("E0156", Position::START, &message, "remove one of them");
        }
    }
    for (locale, text) in texts {
        bodies.text(&locale, text, faults);
    }
    if bodies.own.source.text.trim().is_empty() {
        let wanted = match channel {
            Channel::Email => "email.mjml, email.html or email.md",
            Channel::Sms => "sms.txt",
        };
        let folder = head.strip_suffix("message.yaml").unwrap_or(head);
        let help = format!("write it to {folder}{wanted}");
        faults.add("E0141", Position::START, "the message has no text", &help);
    }
    bodies
}

impl Bodies {
    fn put(&mut self, locale: &str, body: Body) {
        if locale.is_empty() {
            self.own = body;
        } else {
            self.locales.insert(locale.to_owned(), body);
        }
    }

    /// Gives the text in a language its text part.
    fn text(&mut self, locale: &str, text: Source, faults: &mut Faults<'_>) {
        let body = match locale {
            "" => Some(&mut self.own),
            locale => self.locales.get_mut(locale),
        };
        if let Some(body) = body {
            body.text = Some(text);
            return;
        }
        let message = format!("`email.{locale}.txt` is the text part of nothing");
        let help = format!("add `email.{locale}.mjml` (or `.html`, `.md`), or remove it");
        faults.add("E0149", Position::START, &message, &help);
    }
}
