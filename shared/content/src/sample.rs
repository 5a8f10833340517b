//! Renders every template with its own sample, before anybody is mailed.

use minijinja::ErrorKind;
use serde_json::Value as Json;

use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::identity::Channel;
use wend_core::path::Path;
use wend_core::release::{Definition, Project, Sender, Template};
use wend_core::syntax::{Place, Position};

use crate::check::{Passage, line_of, located, project, texts};
use crate::engine::engine;
use crate::lint;
use crate::prepared::{self, Prepared};
use crate::values::{Facts, NAMES};
use crate::{Ask, Message, RenderError, Sms};

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Sampled {
    /// Samples that make no message, and what is wrong with the messages.
    pub faults: Vec<Diagnostic>,
    /// Templates that were rendered.
    pub rendered: usize,
}

/// A message made of a sample.
#[derive(Clone, Debug)]
pub enum Looked {
    /// A mail.
    Mail(Message),
    /// An SMS.
    Sms(Sms),
}

/// What is asked where nobody is mailed: addresses that lead nowhere.
const ASK: Ask<'static> = Ask {
    from: None,
    variant: None,
    locale: None,
    unsubscribe_url: "https://links.example.com/unsubscribe",
    preferences_url: Some("https://links.example.com/preferences"),
    confirm_url: Some("https://links.example.com/confirm"),
    web_view_url: Some("https://links.example.com/view"),
};

/// Renders the templates among `definitions` with their `sample`, in every language and variant. One without a sample is rendered
/// if it asks for nothing.
///
/// Strict, as messages are: a value that a text asks for must be in the sample or have a `default`.
pub fn check_samples(definitions: &[(SourceFile, Definition)]) -> Sampled {
    let project = project(definitions).cloned().unwrap_or_default();
    let mut sampled = Sampled::default();
    for (file, definition) in definitions {
        if let Definition::Template(template) = definition {
            sampled.add(file, template, &project);
        }
    }
    sampled
}

/// Renders `template` with values in the form of a sample, and says what is wrong with the message.
pub fn look(
    (file, template): (&SourceFile, &Template),
    project: &Project,
    sample: &Json,
    locale: Option<&str>,
    variant: Option<&str>,
) -> Result<(Looked, Vec<Diagnostic>), RenderError> {
    let prepared = Prepared::new(template)?;
    let ask = Ask {
        variant,
        locale,
        ..ASK
    };
    let looked = made(&prepared, template, project, sample, ask)?;
    let faults = lint::lint(&looked, &texts(file, template));
    Ok((looked, faults))
}

/// Renders `template` with values in the form of a sample, for a real sender of the project.
pub fn render_sample(
    template: &Template,
    project: &Project,
    sample: &Json,
    ask: Ask<'_>,
) -> Result<Looked, RenderError> {
    let prepared = Prepared::new(template)?;
    of_sender(&prepared, template, project, sample, ask)
}

fn made(
    prepared: &Prepared,
    template: &Template,
    project: &Project,
    sample: &Json,
    ask: Ask<'_>,
) -> Result<Looked, RenderError> {
    let mut project = project.clone();
    // Whether there is such a sender is looked at elsewhere: it keeps nobody from seeing the message.
    let sender = project
        .senders
        .entry(template.from.clone())
        .or_insert_with(|| Sender {
            name: String::new(),
            address: None,
            reply_to: None,
            sms: None,
            ramp: None,
        });
    sender
        .address
        .get_or_insert_with(|| "sender@example.com".to_owned());
    sender.sms.get_or_insert_with(|| "SENDER".to_owned());
    of_sender(prepared, template, &project, sample, ask)
}

fn of_sender(
    prepared: &Prepared,
    template: &Template,
    project: &Project,
    sample: &Json,
    ask: Ask<'_>,
) -> Result<Looked, RenderError> {
    let facts = Facts::of_sample(sample);
    match template.channel {
        Channel::Email => prepared
            .mail(template, project, facts, ask)
            .map(Looked::Mail),
        Channel::Sms => prepared.sms(template, project, facts, ask).map(Looked::Sms),
    }
}

impl Sampled {
    fn add(&mut self, file: &SourceFile, template: &Template, project: &Project) {
        let mut faults = lint::languages(file, template, project);
        let texts = texts(file, template);
        if template.sample.is_null() && texts.iter().any(|text| asks(text.text)) {
            self.faults.append(&mut faults);
            return;
        }
        faults.extend(missing(file, template));
        match Prepared::new(template) {
            Ok(prepared) => faults.extend(all(&prepared, file, template, project, &texts)),
            // A text that is no Jinja is told elsewhere.
            Err(_) => return self.faults.append(&mut faults),
        }
        let is_made = |fault: &Diagnostic| fault.code != "E0147";
        if faults.iter().all(is_made) {
            self.rendered += 1;
        }
        self.faults.append(&mut faults);
    }
}

/// What is wrong in every language and variant, each thing once.
fn all(
    prepared: &Prepared,
    file: &SourceFile,
    template: &Template,
    project: &Project,
    texts: &[Passage<'_>],
) -> Vec<Diagnostic> {
    let mut faults: Vec<Diagnostic> = Vec::new();
    let locales = template.locales.keys().map(String::as_str);
    for locale in std::iter::once("").chain(locales) {
        let variants = template.variants.keys().map(|name| Some(name.as_str()));
        for variant in std::iter::once(None).chain(variants) {
            let ask = Ask {
                locale: Some(locale),
                variant,
                ..ASK
            };
            let found = match made(prepared, template, project, &template.sample, ask) {
                Ok(looked) => lint::lint(&looked, texts),
                Err(error) => of_render(file, template, texts, &error)
                    .into_iter()
                    .collect(),
            };
            for fault in found {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
    }
    faults
}

/// Whether a text has anything to fill in that is not in it.
fn asks(text: &str) -> bool {
    let engine = engine(true);
    let template = engine.template_from_str(text);
    let given = ["message", "links", "project", "content"];
    template.is_ok_and(|template| {
        let names = template.undeclared_variables(false);
        names.iter().any(|name| !given.contains(&name.as_str()))
    })
}

/// The first value that the template needs and its sample does not have.
fn missing(file: &SourceFile, template: &Template) -> Option<Diagnostic> {
    let is_there = |path: &&Path| {
        let names = std::iter::once(path.root().name());
        let mut names = names.chain(path.names().iter().map(String::as_str));
        let root = matches!(path.root().name(), "score" | "event");
        root || names
            .try_fold(&template.sample, |value, name| value.get(name))
            .is_some()
    };
    if template.sample.is_null() {
        return None;
    }
    let path = template.needs.iter().find(|path| !is_there(path))?;
    let message = format!("the template needs `{path}`, and its sample has none");
    let at = Position {
        line: line_of(file, "needs"),
        column: 1,
    };
    Some(Diagnostic::error("E0147", &file.path, at, &message).help("add it to `sample`"))
}

/// What a sample lacks; nothing where that is told elsewhere.
fn of_render(
    file: &SourceFile,
    template: &Template,
    texts: &[Passage<'_>],
    error: &RenderError,
) -> Option<Diagnostic> {
    const HELP: &str =
        "add it to `sample`, or say `| default('…')` where a contact may not have it";
    let source = match error {
        RenderError::Jinja { source, .. } => source,
        RenderError::TooLong { bytes, .. } => {
            let at = Position { line: 1, column: 1 };
            let message = format!("the sample makes an SMS of {bytes} bytes, too long to be sent");
            return Some(Diagnostic::error("E0147", &file.path, at, &message));
        }
        RenderError::Missing { .. }
        | RenderError::NoSender { .. }
        | RenderError::NotPutTogether { .. } => return None,
    };
    let name = source.name().unwrap_or_default();
    let line = source.line().unwrap_or(1);
    let all = prepared::texts(template).ok()?;
    let rendered = all.get(name)?;
    let written = texts.iter().find(|text| text.text == rendered);
    if source.kind() == ErrorKind::UndefinedError
        && let Some(absent) = absent(template, rendered, line)
    {
        let within = |text: &Passage<'_>| {
            let exact = text.line + line - 1;
            text.find_on(&absent, exact)
        };
        let exact = written.and_then(|text| Some((text.path, within(text)?)));
        let (path, place) = exact.unwrap_or_else(|| located(texts, &absent));
        let message = format!("the sample makes no message: it has no `{absent}`");
        return Some(Diagnostic::error("E0147", path, place, &message).help(HELP));
    }
    let (path, place) = match written {
        Some(text) => {
            let line = text.line + line - 1;
            (text.path, Place::from(Position { line, column: 1 }))
        }
        None => located(
            texts,
            rendered.lines().nth(line - 1).unwrap_or_default().trim(),
        ),
    };
    let (kind, detail) = (source.kind(), source.detail().unwrap_or_default());
    let message = format!("the sample makes no message: {kind}: {detail}");
    let message = message.trim_end_matches([':', ' ']);
    Some(Diagnostic::error("E0147", path, place, message).help(HELP))
}

/// The name on a line that the text asks for and the sample does not have.
fn absent(template: &Template, text: &str, line: usize) -> Option<String> {
    let engine = engine(true);
    let names = engine
        .template_from_str(text)
        .ok()?
        .undeclared_variables(true);
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_unstable();
    let written = text.lines().nth(line.checked_sub(1)?)?;
    let is_absent = |name: &String| {
        let mut parts = name.split('.');
        let is_of_sample = parts
            .clone()
            .next()
            .is_some_and(|root| NAMES.iter().take(6).any(|known| *known == root));
        let found = parts.try_fold(&template.sample, |value, part| value.get(part));
        is_of_sample && found.is_none() && written.contains(name.as_str())
    };
    names.into_iter().find(is_absent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wend_core::definitions::read_template;

    fn sampled(head: &str, body: &str) -> (Vec<(&'static str, usize)>, usize) {
        let path = "templates/hi.md".to_owned();
        let text =
            format!("---\ntemplate: hi\nclass: transactional\nfrom: shop\n{head}---\n{body}");
        let template = Definition::Template(read_template(&path, &text).unwrap());
        let sampled = check_samples(&[(SourceFile { path, text }, template)]);
        let faults = sampled
            .faults
            .iter()
            .map(|fault| (fault.code, fault.at.line));
        (faults.collect(), sampled.rendered)
    }

    #[test]
    fn a_sample_must_make_a_message() {
        let head =
            "channel: email\nsubject: Hi {{ contact.name }}\nsample: { contact: { name: Ana } }\n";
        assert_eq!(sampled(head, "{{ contact.name }}"), (vec![], 1));
        assert_eq!(
            sampled(head, "Hello\n\n{{ contact.nam }}"),
            (vec![("E0147", 11)], 0)
        );
        assert_eq!(sampled(head, "{{ trigger.x | default('y') }}"), (vec![], 1));
        assert_eq!(
            sampled(head, "{{ contact.name | date }}"),
            (vec![("E0147", 9)], 0)
        );
        let subject = head.replace("contact.name }}", "contact.x }}");
        assert_eq!(sampled(&subject, "Hello"), (vec![("E0147", 6)], 0));
        let needs = format!("{head}needs: [ trigger.a.b ]\n");
        assert_eq!(sampled(&needs, "Hello"), (vec![("E0147", 8)], 0));
    }

    #[test]
    fn every_language_and_variant_is_rendered() {
        let head = "channel: email\nsubject: Hi\nsample: { contact: {} }\n\
            locales: { de: { subject: \"Hallo {{ contact.a }}\" } }\n\
            variants: { b: { subject: \"Ho {{ contact.b }}\" } }\n";
        let body = "Hello\n--- de\nHallo {{ contact.c }}";
        let expected = vec![("E0147", 9), ("E0147", 8)];
        assert_eq!(sampled(head, body), (expected, 0));
        let head = "channel: email\nsubject: Hi\nsample: { contact: {} }\nlocales: { de: { subject: Hallo } }\n";
        assert_eq!(sampled(head, body), (vec![("E0147", 12)], 0));
    }

    #[test]
    fn without_a_sample_only_fixed_texts_are_rendered() {
        let head = "channel: email\nsubject: Hi\n";
        assert_eq!(sampled(head, "{{ contact.name }}"), (vec![], 0));
        assert_eq!(sampled(head, "{{ 95 | money }}"), (vec![], 1));
    }

    #[test]
    fn a_long_sms_is_warned_of() {
        let head = "channel: sms\nsample: { contact: { name: Ana } }\n";
        assert_eq!(sampled(head, &"a".repeat(160)), (vec![], 1));
        assert_eq!(
            sampled(head, &format!("\n{}", "a".repeat(161))),
            (vec![("W0148", 9)], 1)
        );
        assert_eq!(
            sampled(head, &format!("“{}", "a".repeat(70))),
            (vec![("W0148", 8)], 1)
        );
    }
}
