//! Faults of templates that show before anybody is mailed.

use minijinja::{Error, ErrorKind};

use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::release::{Definition, Template};
use wend_core::syntax::Position;
use wend_core::zone::Zone;

use crate::engine::{Format, engine};
use crate::values::NAMES;

/// What is wrong with the texts of the templates among `definitions`: syntax, filters and functions that do not exist, names that
/// no message has. Whether a contact has every value that a text asks for is known only when it is sent.
pub fn check(definitions: &[(SourceFile, Definition)]) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (file, definition) in definitions {
        if let Definition::Template(template) = definition {
            faults.extend(
                texts(file, template)
                    .into_iter()
                    .filter_map(|text| fault(file, text.line, text.text)),
            );
        }
    }
    faults
}

/// One text of a template and the line of the file on which it begins.
pub(crate) struct Text<'t> {
    pub(crate) line: usize,
    pub(crate) text: &'t str,
}

/// The line on which the key `key` of a head stands; the first if there is none.
pub(crate) fn line_of(file: &SourceFile, key: &str) -> usize {
    let mut lines = file.text.lines();
    lines.position(|line| line.starts_with(key)).unwrap_or(0) + 1
}

/// The texts of a template, those of its variants among them, its body last.
pub(crate) fn texts<'t>(file: &SourceFile, template: &'t Template) -> Vec<Text<'t>> {
    let head = file.text.strip_suffix(&template.body).unwrap_or_default();
    let own = [
        ("subject", &template.subject),
        ("preheader", &template.preheader),
    ];
    let variants = template.variants.values();
    let variants = variants.flat_map(|variant| [&variant.subject, &variant.preheader]);
    let named = own
        .into_iter()
        .chain(variants.map(|text| ("variants", text)));
    let named = named.filter_map(|(key, text)| {
        let line = line_of(file, key);
        text.as_deref().map(|text| Text { line, text })
    });
    let mut texts: Vec<_> = named.collect();
    texts.push(Text {
        line: head.lines().count() + 1,
        text: &template.body,
    });
    texts
}

/// The first fault of one text.
fn fault(file: &SourceFile, first_line: usize, text: &str) -> Option<Diagnostic> {
    let engine = engine(Format::Plain, &Zone::utc(), true);
    let at = |line: usize| Position {
        line: first_line + line.saturating_sub(1),
        column: 1,
    };
    let template = match engine.template_from_str(text) {
        Ok(template) => template,
        Err(error) => return Some(of_engine(file, at(error.line().unwrap_or(1)), &error)),
    };
    let is_known = |name: &String| {
        NAMES.contains(&name.as_str()) || engine.globals().any(|(known, _)| known == name)
    };
    let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !is_known(name));
    unknown.sort_unstable();
    if let Some(name) = unknown.first() {
        let line = text
            .lines()
            .position(|line| line.contains(name.as_str()))
            .unwrap_or(0)
            + 1;
        let message = format!("a message has nothing called `{name}`");
        let fault = Diagnostic::error("E0142", &file.path, at(line), &message);
        return Some(fault.help(
            "it has: contact, trigger, data, vars, journey; for example `{{ contact.first_name }}`",
        ));
    }
    // With nothing known of the contact: values may be missing, filters and functions may not.
    let error = template.render(minijinja::context! {}).err()?;
    let is_fault = matches!(
        error.kind(),
        ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest
    );
    is_fault.then(|| of_engine(file, at(error.line().unwrap_or(1)), &error))
}

fn of_engine(file: &SourceFile, at: Position, error: &Error) -> Diagnostic {
    let detail = error.detail().unwrap_or_default();
    let message = format!("this text cannot be rendered: {}: {detail}", error.kind());
    let help = "the syntax is Jinja's; what a contact may not have wants `| default('…')`";
    Diagnostic::error("E0143", &file.path, at, &message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wend_core::definitions::read_template;

    fn faults(subject: &str, body: &str) -> Vec<(&'static str, usize)> {
        let path = "templates/hi.md".to_owned();
        let text = format!(
            "---\ntemplate: hi\nchannel: email\nclass: transactional\ntopic: news\nfrom: shop\nsubject: '{subject}'\n---\n{body}"
        );
        let template = Definition::Template(read_template(&path, &text).unwrap());
        let found = check(&[(SourceFile { path, text }, template)]);
        found
            .into_iter()
            .map(|fault| (fault.code, fault.at.line))
            .collect()
    }

    #[test]
    fn what_can_never_be_rendered_is_found_at_its_place() {
        for (body, expected) in [
            ("Hello {{ contact.name }", ("E0143", 9)),
            ("Hello\n\n{% if contact.x %}\n", ("E0143", 11)),
            ("Hello\n{{ contact.name | defualt(\"x\") }}", ("E0143", 10)),
            ("{{ nosuch(1) }}", ("E0142", 9)),
            ("Hello\n{{ kontakt.name }}", ("E0142", 10)),
        ] {
            assert_eq!(faults("Hi", body), [expected], "{body}");
        }
        assert_eq!(faults("{{ contact.a | nosuch }}", "x"), [("E0143", 7)]);
    }

    #[test]
    fn what_only_a_contact_can_tell_is_no_fault() {
        let body = "{% for item in contact.items %}{{ item.title | upper }}{% endfor %}{{ contact.a.b[0] }}\
            {% for n in range(2) %}{{ n }}{% endfor %}{{ contact.sum + 1 }}";
        assert_eq!(faults("{{ contact.first_name }}", body), []);
    }
}
