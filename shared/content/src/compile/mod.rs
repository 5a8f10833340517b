//! Puts templates together when a project is checked or published: partials and layouts go into the texts, MJML becomes HTML, a
//! page gets its text part. What is left is Jinja alone, so that whoever sends renders and does nothing else.

mod guard;
mod mjml;
mod parts;
pub(crate) mod slots;
pub(crate) mod text;

use wend_core::definitions::{Diagnostic, SourceFile};
use wend_core::release::{Body, Definition, Form, Made, Source, Template};
use wend_core::syntax::Position;

use parts::{Assembled, Library};
use slots::{Masked, expression};

/// Puts the templates among `definitions` together, leaves out those that cannot be, and says what does not fit. `files` are all
/// files of the project.
pub(crate) fn compile(
    files: &[SourceFile],
    definitions: &mut Vec<(SourceFile, Definition)>,
) -> Vec<Diagnostic> {
    let mut faults: Vec<Diagnostic> = Vec::new();
    definitions.retain_mut(|(file, definition)| {
        let Definition::Template(template) = definition else {
            return true;
        };
        let mut library = Library::new(files);
        put_together(&mut library, &file.path, template);
        let used = library.used.iter().copied();
        let new: Vec<_> = used
            .filter(|file| !template.files.contains(file))
            .cloned()
            .collect();
        template.files.extend(new);
        let is_whole = library.faults.is_empty();
        // A fault of a layout is found with every template in it.
        library.faults.retain(|fault| !faults.contains(fault));
        faults.append(&mut library.faults);
        is_whole
    });
    faults
}

fn put_together(library: &mut Library<'_>, path: &str, template: &mut Template) {
    let mut bodies = vec![(String::new(), template.body.clone())];
    for (name, locale) in &template.locales {
        bodies.extend(locale.body.clone().map(|body| (name.clone(), body)));
    }
    for (locale, body) in bodies {
        library.locale.clone_from(&locale);
        let layout = template.layout.as_deref().map(|name| (name, path));
        if let Some(made) = made(library, layout, &body) {
            template.made.insert(locale, made);
        }
    }
}

/// The text in one language; none where it is rendered as it is written, or cannot be put together.
fn made(library: &mut Library<'_>, layout: Option<(&str, &str)>, body: &Body) -> Option<Made> {
    let assembled = library.assemble(&body.source, body.form);
    match body.form {
        Form::Text => {
            let is_same = assembled.text == body.source.text;
            (!is_same).then_some(Made::Text(assembled.text))
        }
        Form::Markdown => {
            let text = text_part(library, layout, body, &assembled);
            let frame = layout.map(|layout| frame(library, layout));
            let is_same = assembled.text == body.source.text && frame.is_none() && text.is_none();
            (!is_same).then(|| Made::Markdown {
                body: assembled.text,
                frame: frame.flatten(),
                text,
            })
        }
        Form::Html => {
            let page = match layout.map(|layout| frame(library, layout)) {
                None => page(&assembled.text),
                Some(frame) => fill(&frame?, &page(&assembled.text)),
            };
            Some(finished(library, layout, body, page))
        }
        Form::Mjml => {
            let mut source = assembled;
            if let Some(layout) = layout {
                let outer = library.layout(layout, &["mjml"])?;
                source = outer.around(&source)?;
            }
            let page = mjml::page(library, &source)?;
            Some(finished(library, layout, body, page))
        }
    }
}

/// A page in which links are guarded and the preheader is.
fn page(html: &str) -> Masked {
    let mut masked = Masked::new(html);
    guard::guard(&mut masked);
    masked
}

fn finished(
    library: &mut Library<'_>,
    layout: Option<(&str, &str)>,
    body: &Body,
    mut page: Masked,
) -> Made {
    let written = body.text.as_ref().map(|text| {
        let assembled = library.assemble(text, Form::Text);
        in_layout(library, layout, assembled).text
    });
    // What nobody sees is not read either.
    let text = written.unwrap_or_else(|| page.unmask(&text::text(&page.text, &page)));
    guard::add_preheader(&mut page);
    let html = page.unmask(&page.text);
    Made::Html { html, text }
}

/// The text part of Markdown where it is not the Markdown itself.
fn text_part(
    library: &mut Library<'_>,
    layout: Option<(&str, &str)>,
    body: &Body,
    markdown: &Assembled,
) -> Option<String> {
    let written = body
        .text
        .as_ref()
        .map(|text| library.assemble(text, Form::Text));
    let has_frame = layout.is_some_and(|(name, _)| library.has_layout(name, "txt"));
    if written.is_none() && !has_frame {
        return None;
    }
    let text = written.unwrap_or_else(|| markdown.clone());
    Some(in_layout(library, layout, text).text)
}

/// A text part in the layout's, if that has one.
fn in_layout(
    library: &mut Library<'_>,
    layout: Option<(&str, &str)>,
    text: Assembled,
) -> Assembled {
    let outer = layout
        .filter(|(name, _)| library.has_layout(name, "txt"))
        .and_then(|layout| library.layout(layout, &["txt"]));
    outer.and_then(|outer| outer.around(&text)).unwrap_or(text)
}

/// A layout as a page with `{{ content }}` in it.
fn frame(library: &mut Library<'_>, layout: (&str, &str)) -> Option<String> {
    let outer = library.layout(layout, &["html", "mjml"])?;
    let is_mjml = outer.is_mjml();
    let mut page = if is_mjml {
        mjml::page(library, &outer)?
    } else {
        page(&outer.text)
    };
    guard::add_preheader(&mut page);
    Some(page.unmask(&page.text))
}

/// `frame` with `inner` where its content goes.
fn fill(frame: &str, inner: &Masked) -> Masked {
    let frame = Masked::new(frame);
    let content = frame.find(&frame.text);
    let mut content = content.into_iter();
    let content = content.find(|(_, slot)| expression(frame.slot(*slot)) == Some("content"));
    let Some((range, _)) = content else {
        return frame;
    };
    let before = frame.unmask(frame.text.get(..range.start).unwrap_or_default());
    let after = frame.unmask(frame.text.get(range.end..).unwrap_or_default());
    Masked::new(&(before + &inner.unmask(&inner.text) + &after))
}

/// The place of the line `line` of a text.
fn at(source: &Source, line: usize) -> Position {
    Position {
        line: source.line + line,
        column: 1,
    }
}
