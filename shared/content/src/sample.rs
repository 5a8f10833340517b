//! Renders every template with its own sample, before anybody is mailed.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Error, ErrorKind, Value};
use serde_json::Value as Json;

use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::identity::Channel;
use wend_core::path::Path;
use wend_core::release::{Definition, Template};
use wend_core::syntax::{Place, Position};
use wend_core::zone::Zone;

use crate::check::{Text, line_of, texts};
use crate::engine::{Format, engine};
use crate::sms;
use crate::values::NAMES;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Sampled {
    /// Samples that make no message, and messages that are too long to be meant.
    pub faults: Vec<Diagnostic>,
    /// Templates that were rendered.
    pub rendered: usize,
}

/// Renders the templates among `definitions` with their `sample`. One without a sample is rendered if it asks for nothing.
///
/// Strict, as messages are: a value that a text asks for must be in the sample or have a `default`.
pub fn check_samples(definitions: &[(SourceFile, Definition)]) -> Sampled {
    let mut sampled = Sampled::default();
    for (file, definition) in definitions {
        if let Definition::Template(template) = definition {
            sampled.add(file, template);
        }
    }
    sampled
}

impl Sampled {
    fn add(&mut self, file: &SourceFile, template: &Template) {
        let texts = texts(file, template);
        if template.sample.is_null() && texts.iter().any(|text| asks(text.text)) {
            return;
        }
        let context = context(&template.sample);
        let before = self.faults.len();
        self.faults.extend(missing(file, template));
        let mut body = String::new();
        for text in texts {
            match render(text.text, &context, template.channel) {
                Ok(rendered) => body = rendered,
                Err(error) => self.faults.push(of_engine(file, template, &text, &error)),
            }
        }
        if self.faults.len() == before {
            self.rendered += 1;
            let line = first_line(file, template);
            self.faults.extend(parts(file, template, line, &body));
        }
    }
}

/// Whether a text has anything to fill in that is not in it.
fn asks(text: &str) -> bool {
    let engine = engine(Format::Plain, &Zone::utc(), true);
    let template = engine.template_from_str(text);
    template.is_ok_and(|template| !template.undeclared_variables(false).is_empty())
}

/// The sample's values by name; what it does not have is empty.
fn context(sample: &Json) -> Value {
    let empty = Json::Object(serde_json::Map::new());
    let of = |name: &str| match sample.get(name) {
        Some(value) => Value::from(Serde(value)),
        None if name == "journey" => Value::from(""),
        None => Value::from(Serde(&empty)),
    };
    let values = NAMES.into_iter().map(|name| (name.to_owned(), of(name)));
    Value::from(values.collect::<BTreeMap<_, _>>())
}

/// The text as it goes out. The body of a mail is made twice: as text and as Markdown.
fn render(text: &str, context: &Value, channel: Channel) -> Result<String, Error> {
    let zone = Zone::utc();
    if channel == Channel::Email {
        engine(Format::Markdown, &zone, false).render_str(text, context)?;
    }
    engine(Format::Plain, &zone, false).render_str(text, context)
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

fn of_engine(file: &SourceFile, template: &Template, text: &Text<'_>, error: &Error) -> Diagnostic {
    const HELP: &str =
        "add it to `sample`, or say `| default('…')` where a contact may not have it";
    let line = text.line + error.line().unwrap_or(1).saturating_sub(1);
    let is_undefined = error.kind() == ErrorKind::UndefinedError;
    let absent = is_undefined.then(|| absent(file, template, text, line));
    if let Some((name, place)) = absent.flatten() {
        let message = format!("the sample makes no message: it has no `{name}`");
        return Diagnostic::error("E0147", &file.path, place, &message).help(HELP);
    }
    let (kind, detail) = (error.kind(), error.detail().unwrap_or_default());
    let message = format!("the sample makes no message: {kind}: {detail}");
    let message = message.trim_end_matches([':', ' ']);
    let at = Position { line, column: 1 };
    Diagnostic::error("E0147", &file.path, at, message).help(HELP)
}

/// The name on a line that the text asks for and the sample does not have, and where it stands.
fn absent(
    file: &SourceFile,
    template: &Template,
    text: &Text<'_>,
    line: usize,
) -> Option<(String, Place)> {
    let engine = engine(Format::Plain, &Zone::utc(), true);
    let names = engine
        .template_from_str(text.text)
        .ok()?
        .undeclared_variables(true);
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_unstable();
    let written = file.text.lines().nth(line.checked_sub(1)?)?;
    let is_absent = |name: &&String| {
        let mut parts = name.split('.');
        let found = parts.try_fold(&template.sample, |value, part| value.get(part));
        found.is_none() && written.contains(name.as_str())
    };
    let name = names.iter().find(is_absent)?;
    let begin = written.find(name.as_str())?;
    let column = written.get(..begin)?.chars().count() + 1;
    let at = Position { line, column };
    let end = Position {
        line,
        column: column + name.chars().count(),
    };
    Some((name.clone(), Place { at, end }))
}

fn first_line(file: &SourceFile, template: &Template) -> usize {
    let head = file.text.strip_suffix(&template.body).unwrap_or_default();
    let blank = template
        .body
        .lines()
        .take_while(|line| line.trim().is_empty());
    head.lines().count() + blank.count() + 1
}

/// Warns of an SMS that is sent, and paid for, more than once.
fn parts(file: &SourceFile, template: &Template, line: usize, text: &str) -> Option<Diagnostic> {
    let size = sms::size(text.trim());
    if template.channel != Channel::Sms || size.parts < 2 {
        return None;
    }
    let (parts, units, one) = (size.parts, size.units, size.one_part);
    let message =
        format!("this SMS is sent in {parts} parts: {units} characters, one part has {one}");
    let help = format!(
        "each part is paid for; {} characters less make it one",
        units - one
    );
    let at = Position { line, column: 1 };
    let mut fault = Diagnostic::warning("W0148", &file.path, at, &message).help(&help);
    if let Some(odd) = size.odd {
        fault.note(&format!(
            "`{odd}` is not in the alphabet of SMS, without it a part has 160"
        ));
    }
    Some(fault)
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
