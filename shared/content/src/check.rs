//! Faults of templates that show before anybody is mailed.

use minijinja::{Environment, Error, ErrorKind};

use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::release::{Definition, Made, MessageClass, Project, Template, Variant};
use wend_core::syntax::{Place, Position};

use crate::compile::slots::{Masked, statement};
use crate::engine::engine;
use crate::prepared;
use crate::values::NAMES;

/// What is wrong with the texts of the templates among `definitions`: syntax, filters and functions that do not exist, names that
/// no message has, designs without what the law wants. Whether a contact has every value that a text asks for is known only when
/// it is sent.
pub(crate) fn check(definitions: &[(SourceFile, Definition)]) -> Vec<Diagnostic> {
    let project = project(definitions);
    let mut faults: Vec<Diagnostic> = Vec::new();
    for (file, definition) in definitions {
        if let Definition::Template(template) = definition {
            let texts = texts(file, template);
            let mut found: Vec<_> = texts.iter().filter_map(syntax).collect();
            if found.is_empty() {
                found = whole(template, &texts);
            }
            found.extend(lawful(file, template, project));
            // A fault of a partial is found with every template that includes it.
            found.retain(|fault| !faults.contains(fault));
            faults.append(&mut found);
        }
    }
    faults
}

/// The project among `definitions`.
pub(crate) fn project(definitions: &[(SourceFile, Definition)]) -> Option<&Project> {
    definitions
        .iter()
        .find_map(|(_, definition)| match definition {
            Definition::Project(project) => Some(project),
            Definition::Journey(_)
            | Definition::Segment(_)
            | Definition::Score(_)
            | Definition::Template(_) => None,
        })
}

/// One text of a template as it stands in a file, and the line on which it begins.
pub(crate) struct Passage<'t> {
    pub(crate) path: &'t str,
    pub(crate) line: usize,
    /// How far its first line is from the line's beginning.
    pub(crate) indent: usize,
    pub(crate) text: &'t str,
}

impl Passage<'_> {
    fn at(&self, line: usize) -> Position {
        Position {
            line: self.line + line.saturating_sub(1),
            column: 1,
        }
    }

    /// Where `words` stand first.
    pub(crate) fn find(&self, words: &str) -> Option<Place> {
        let lines = self.text.lines();
        let index = lines.take_while(|line| !line.contains(words)).count();
        self.find_on(words, self.line + index)
    }

    /// Where `words` stand on a line of the file.
    pub(crate) fn find_on(&self, words: &str, line: usize) -> Option<Place> {
        let written = self.text.lines().nth(line.checked_sub(self.line)?)?;
        let begin = written.get(..written.find(words)?)?;
        // The texts of a head stand behind their keys.
        let column = begin.chars().count() + 1 + self.indent;
        let end = Position {
            line,
            column: column + words.chars().count(),
        };
        Some(Place {
            at: Position { line, column },
            end,
        })
    }
}

/// The line on which the key `key` of a head stands; the first if there is none.
pub(crate) fn line_of(file: &SourceFile, key: &str) -> usize {
    let mut lines = file.text.lines();
    lines.position(|line| line.starts_with(key)).unwrap_or(0) + 1
}

/// The texts of a template: those of its head first, then its bodies, then the layouts and partials in them.
pub(crate) fn texts<'t>(file: &'t SourceFile, template: &'t Template) -> Vec<Passage<'t>> {
    let mut heads = vec![
        ("subject", &template.subject),
        ("preheader", &template.preheader),
    ];
    for locale in template.locales.values() {
        heads.extend([("locales", &locale.subject), ("locales", &locale.preheader)]);
    }
    for variant in template.variants.values() {
        let own = |variant: &'t Variant| {
            [
                ("variants", &variant.subject),
                ("variants", &variant.preheader),
            ]
        };
        heads.extend(own(variant));
        heads.extend(variant.locales.values().flat_map(own));
    }
    let heads = heads.into_iter().filter_map(|(key, text)| {
        let text = text.as_deref()?;
        let mut written = file.text.lines().enumerate();
        let written = written.find_map(|(index, line)| {
            let before = line.get(..line.find(text)?)?;
            Some((index + 1, before.chars().count()))
        });
        let (line, indent) = written.unwrap_or_else(|| (line_of(file, key), 0));
        Some(Passage {
            path: &file.path,
            line,
            indent,
            text,
        })
    });
    let bodies = template.sources().map(|source| Passage {
        path: &source.path,
        line: source.line,
        indent: 0,
        text: &source.text,
    });
    let parts = template.files.iter().filter(|file| is_part(&file.path));
    let parts = parts.map(|file| Passage {
        path: &file.path,
        line: 1,
        indent: 0,
        text: &file.text,
    });
    heads.chain(bodies).chain(parts).collect()
}

fn is_part(path: &str) -> bool {
    path.starts_with("layouts/") || path.starts_with("partials/")
}

/// A text whose `include`s are blank: they are no concern of the engine.
fn without_includes(text: &str) -> String {
    let mut masked = Masked::new(text);
    for (_, slot) in masked.find(&masked.text) {
        let tag = masked.slot(slot);
        if statement(tag).is_some_and(|(word, _)| word == "include") {
            let blank = "\n".repeat(tag.matches('\n').count());
            masked.set(slot, blank);
        }
    }
    masked.unmask(&masked.text)
}

/// What keeps one text from being parsed.
fn syntax(text: &Passage<'_>) -> Option<Diagnostic> {
    let source = without_includes(text.text);
    let error = engine(true).template_from_str(&source).err()?;
    Some(of_engine(text, error.line().unwrap_or(1), &error))
}

/// What is wrong with the texts as they are rendered: the first fault of each.
fn whole(template: &Template, texts: &[Passage<'_>]) -> Vec<Diagnostic> {
    let Ok(rendered) = prepared::texts(template) else {
        return Vec::new();
    };
    let engine = engine(true);
    let mut faults: Vec<Diagnostic> = Vec::new();
    for (name, text) in rendered {
        let may_have_content = name.ends_with("frame.html");
        let found = unknown_name(&engine, &text, may_have_content, texts);
        let found = found.or_else(|| unknown_word(&engine, &name, &text, texts));
        faults.extend(found.filter(|fault| !faults.contains(fault)));
    }
    faults
}

/// A name that no message has.
fn unknown_name(
    engine: &Environment<'_>,
    text: &str,
    may_have_content: bool,
    texts: &[Passage<'_>],
) -> Option<Diagnostic> {
    let template = engine.template_from_str(text).ok()?;
    let is_known = |name: &String| {
        NAMES.contains(&name.as_str())
            || (may_have_content && name == "content")
            || engine.globals().any(|(known, _)| known == name)
    };
    let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !is_known(name));
    unknown.sort_unstable();
    let name = unknown.first()?;
    let (path, place) = located(texts, name);
    let message = format!("a message has nothing called `{name}`");
    let help = format!(
        "it has: {}; for example `{{{{ contact.first_name }}}}`",
        NAMES.join(", ")
    );
    Some(Diagnostic::error("E0142", path, place, &message).help(&help))
}

/// Where `words` stand first in the texts; the beginning of the body if nowhere.
pub(crate) fn located<'t>(texts: &[Passage<'t>], words: &str) -> (&'t str, Place) {
    let mut found = texts.iter();
    let found = found.find_map(|text| Some((text.path, text.find(words)?)));
    found.unwrap_or_else(|| {
        let first = texts.iter().find(|text| text.text.contains('\n'));
        let first = first.or_else(|| texts.last());
        first.map_or(("", Position::START.into()), |text| {
            (text.path, text.at(1).into())
        })
    })
}

/// A filter, function or test that does not exist. With nothing known of the contact: values may be missing, these may not.
fn unknown_word(
    engine: &Environment<'_>,
    name: &str,
    text: &str,
    texts: &[Passage<'_>],
) -> Option<Diagnostic> {
    let fails = |text: &str| -> Option<Error> {
        let named = if name.rsplit('.').next() == Some("txt") {
            "x.txt"
        } else {
            "x.html"
        };
        let template = engine.template_from_named_str(named, text).ok()?;
        let error = template.render(minijinja::context! {}).err()?;
        let is_fault = matches!(
            error.kind(),
            ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest
        );
        is_fault.then_some(error)
    };
    let error = fails(text)?;
    let own = texts.iter().find_map(|text| {
        let own = fails(&without_includes(text.text))?;
        let is_it = own.kind() == error.kind() && own.detail() == error.detail();
        is_it.then(|| of_engine(text, own.line().unwrap_or(1), &own))
    });
    own.or_else(|| {
        let (path, place) = located(texts, "{{");
        let text = Passage {
            path,
            line: place.at.line,
            indent: 0,
            text: "",
        };
        Some(of_engine(&text, 1, &error))
    })
}

fn of_engine(text: &Passage<'_>, line: usize, error: &Error) -> Diagnostic {
    let detail = error.detail().unwrap_or_default();
    let message = format!("this text cannot be rendered: {}: {detail}", error.kind());
    let help = "the syntax is Jinja's; what a contact may not have wants `| default('…')`";
    Diagnostic::error("E0143", text.path, text.at(line), &message).help(help)
}

/// Designed marketing mail must say who sends it, and should say how to leave.
fn lawful(file: &SourceFile, template: &Template, project: Option<&Project>) -> Vec<Diagnostic> {
    let mut faults: Vec<Diagnostic> = Vec::new();
    if template.class != MessageClass::Marketing {
        return faults;
    }
    let address = project.and_then(|project| project.postal_address.as_deref());
    for (locale, made) in &template.made {
        let page = match made {
            Made::Html { html, .. } => html.clone(),
            Made::Markdown {
                body,
                frame: Some(frame),
                ..
            } => frame.clone() + body,
            Made::Markdown { frame: None, .. } | Made::Text(_) => continue,
        };
        let own = template
            .locales
            .get(locale)
            .and_then(|own| own.body.as_ref());
        let source = &own.unwrap_or(&template.body).source;
        let (path, at) = match &template.layout {
            Some(_) => (
                file.path.as_str(),
                Position {
                    line: line_of(file, "layout:"),
                    column: 1,
                },
            ),
            None => (
                source.path.as_str(),
                Position {
                    line: source.line,
                    column: 1,
                },
            ),
        };
        let says_who = page.contains("project.postal_address")
            || address.is_some_and(|address| page.contains(address));
        let fault = if !page.contains("links.unsubscribe") {
            let message = "this design has no unsubscribe link: the built-in footer goes below it";
            Diagnostic::warning("W0260", path, at, message)
                .help("put `<a href=\"{{ links.unsubscribe }}\">` where it belongs")
        } else if !says_who {
            let message = "this design is marketing and has no postal address";
            Diagnostic::error("E0243", path, at, message)
                .help("put `{{ project.postal_address }}` where it belongs, as in the footer")
        } else {
            continue;
        };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults
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
            ("Hello\n--- de\nHallo\n{{ kontakt.name }}", ("E0142", 12)),
        ] {
            assert_eq!(faults("Hi", body), [expected], "{body}");
        }
        assert_eq!(faults("{{ contact.a | nosuch }}", "x"), [("E0143", 7)]);
    }

    #[test]
    fn what_only_a_contact_can_tell_is_no_fault() {
        let body = "{% for item in contact.items %}{{ item.title | upper }}{% endfor %}{{ contact.a.b[0] }}\
            {% for n in range(2) %}{{ n }}{% endfor %}{{ contact.sum + 1 }}{{ links.preferences }}{{ message.subject }}";
        assert_eq!(faults("{{ contact.first_name }}", body), []);
    }
}
