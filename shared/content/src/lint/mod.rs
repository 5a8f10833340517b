//! What readers and mail programs will not like about a message. Nothing here keeps it from being sent.

mod contrast;
mod links;

use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::identity::Channel;
use wend_core::release::{Project, Template};
use wend_core::syntax::{Place, Position};

use crate::check::{Passage, line_of, located};
use crate::html::{Token, tokens, value};
use crate::sample::Looked;
use crate::{Message, sms};

/// Gmail shows this much of a page and hides the rest, the footer among it, behind a link (102 KB).
const GMAIL_BYTES_MAX: usize = 102 * 1024;
/// A page that says less in words than this says it in pictures.
const WORDS_MIN: usize = 20;

/// What is wrong with a message. `texts` are those that it is made of, for places.
pub(crate) fn lint(looked: &Looked, texts: &[Passage<'_>]) -> Vec<Diagnostic> {
    let mut findings = Findings {
        texts,
        found: Vec::new(),
    };
    match looked {
        Looked::Mail(message) => mail(message, &mut findings),
        Looked::Sms(sms) => parts(&sms.text, &mut findings),
    }
    findings.found
}

/// Collects findings.
struct Findings<'t> {
    texts: &'t [Passage<'t>],
    found: Vec<Diagnostic>,
}

impl<'t> Findings<'t> {
    /// Adds a finding at the first of `words` that stands in a text.
    fn warn(&mut self, code: &'static str, words: &[&str], message: &str, help: &str) {
        let all = self.texts;
        let mut found = words
            .iter()
            .filter(|words| !words.is_empty())
            .filter_map(|words| {
                let mut texts = all.iter();
                texts.find_map(|text| Some((text.path, text.find(words)?)))
            });
        let place = found.next().unwrap_or_else(|| self.body());
        self.push(code, place, message, help);
    }

    fn push(
        &mut self,
        code: &'static str,
        (path, place): (&str, Place),
        message: &str,
        help: &str,
    ) {
        let fault = Diagnostic::warning(code, path, place, message).help(help);
        if !self.found.contains(&fault) {
            self.found.push(fault);
        }
    }

    /// The beginning of the text.
    fn body(&self) -> (&'t str, Place) {
        let (path, place) = located(self.texts, "\0");
        let text = self
            .texts
            .iter()
            .find(|text| text.path == path && text.line == place.at.line);
        let blank = text.map_or(0, |text| {
            text.text
                .lines()
                .take_while(|line| line.trim().is_empty())
                .count()
        });
        let at = Position {
            line: place.at.line + blank,
            column: 1,
        };
        (path, at.into())
    }

    /// Where the subject stands: the first text of a head.
    fn subject(&self) -> (&'t str, Place) {
        let first = self.texts.first();
        first.map_or(("", Position::START.into()), |text| {
            let at = Position {
                line: text.line,
                column: text.indent + 1,
            };
            let end = Position {
                column: at.column + text.text.chars().count(),
                ..at
            };
            (text.path, Place { at, end })
        })
    }
}

fn mail(message: &Message, findings: &mut Findings<'_>) {
    subject(&message.subject, findings);
    let tokens = tokens(&message.html);
    links::check(&tokens, findings);
    images(&tokens, findings);
    contrast::check(&tokens, findings);
    let bytes = message.html.len();
    if bytes > GMAIL_BYTES_MAX {
        let message = format!("the page has {} KB, Gmail shows 102 KB of it", bytes / 1024);
        findings.warn(
            "W0264",
            &[],
            &message,
            "what is hidden is the end, with the unsubscribe link",
        );
    }
}

fn subject(subject: &str, findings: &mut Findings<'_>) {
    const LETTERS_MIN: usize = 6;
    let letters = subject.chars().filter(|c| c.is_alphabetic()).count();
    let is_loud = letters >= LETTERS_MIN
        && !subject.chars().any(char::is_lowercase)
        && subject.chars().any(char::is_uppercase);
    let message = if subject.is_empty() {
        "the subject is empty"
    } else if is_loud {
        "the subject is all in capitals"
    } else if subject.matches(['!', '¡', '！']).count() > 1 {
        "the subject has several exclamation marks"
    } else {
        return;
    };
    let place = findings.subject();
    findings.push(
        "W0265",
        place,
        message,
        "filters for spam look for this, and readers do",
    );
}

/// Pictures that say nothing where they are not shown, and pages that are nothing else.
fn images(tokens: &[Token], findings: &mut Findings<'_>) {
    let (mut words, mut images, mut is_unread) = (0, 0, false);
    for token in tokens {
        match token {
            Token::Start {
                name, attributes, ..
            } if name == "img" => {
                images += 1;
                if attributes.iter().all(|attribute| attribute.name != "alt") {
                    let src = value(attributes, "src").unwrap_or_default();
                    let words = [src, "<mj-image", "<img", "!["];
                    let message = "this image says nothing where images are not shown";
                    let help = "add `alt=\"…\"`: what it says, or nothing (`alt=\"\"`) if it is decoration";
                    findings.warn("W0262", &words, message, help);
                }
            }
            Token::Start {
                name, is_closed, ..
            } => {
                is_unread |= !is_closed && is_unread_element(name);
            }
            Token::End { name, .. } => is_unread &= !is_unread_element(name),
            Token::Text(text) if !is_unread => {
                words += text.split_whitespace().map(str::len).sum::<usize>();
            }
            Token::Text(_) | Token::Comment(_) => {}
        }
    }
    if images > 0 && words < WORDS_MIN {
        let message = "this mail is nothing but images";
        findings.warn(
            "W0266",
            &[],
            message,
            "say it in words too: many readers see no images, and filters distrust them",
        );
    }
}

fn is_unread_element(name: &str) -> bool {
    matches!(name, "head" | "style" | "script" | "title")
}

/// Warns of an SMS that is sent, and paid for, more than once.
fn parts(text: &str, findings: &mut Findings<'_>) {
    let size = sms::size(text.trim());
    if size.parts < 2 {
        return;
    }
    let (parts, units, one) = (size.parts, size.units, size.one_part);
    let message =
        format!("this SMS is sent in {parts} parts: {units} characters, one part has {one}");
    let help = format!(
        "each part is paid for; {} characters less make it one",
        units - one
    );
    findings.warn("W0148", &[], &message, &help);
    if let (Some(odd), Some(fault)) = (size.odd, findings.found.last_mut()) {
        fault.note(&format!(
            "`{odd}` is not in the alphabet of SMS, without it a part has 160"
        ));
    }
}

/// Languages that the project does not have, and those of which half is missing.
pub(crate) fn languages(
    file: &SourceFile,
    template: &Template,
    project: &Project,
) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (locale, own) in &template.locales {
        let line = own
            .body
            .as_ref()
            .map(|body| (body.source.path.as_str(), body.source.line));
        let (path, line) = match line {
            Some((path, line)) if path != file.path => (path, line),
            // The line `--- de` is above the text.
            Some((path, line)) => (path, line - 1),
            None => (file.path.as_str(), line_of(file, "locales")),
        };
        let at = Position { line, column: 1 };
        let is_known = project.locales.is_empty() || project.locales.contains(locale);
        let (message, help) = if !is_known {
            let known = project.locales.join(", ");
            let help = format!("wend.yaml has: {known}; add it to `locales` there");
            (format!("`{locale}` is no language of this project"), help)
        } else if own.body.is_none() {
            let help = format!("write it below a line `--- {locale}`, or to email.{locale}.mjml");
            (
                format!("there is a subject in `{locale}` and no text"),
                help,
            )
        } else if template.channel == Channel::Email && own.subject.is_none() {
            let help = format!("add `locales: {{ {locale}: {{ subject: … }} }}`");
            (
                format!("there is a text in `{locale}` and no subject"),
                help,
            )
        } else {
            continue;
        };
        faults.push(Diagnostic::warning("W0269", path, at, &message).help(&help));
    }
    faults
}

#[cfg(test)]
mod tests;
