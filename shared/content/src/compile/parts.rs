//! Layouts and partials: finds them, puts them into texts, and remembers from where each line comes.

use wend_core::definitions::{Diagnostic, SourceFile, nearest};
use wend_core::release::{Form, Source};
use wend_core::syntax::Position;

use super::at;
use super::slots::{Masked, expression, statement};

/// How deep partials may be inside each other.
const DEPTH_MAX: usize = 8;
/// Most bytes of a text put together: ten times what mail programs show.
const BYTES_MAX: usize = 1_000_000;

/// The layouts and partials of a project, and what one template uses of them.
pub(super) struct Library<'f> {
    files: &'f [SourceFile],
    /// The language that is being put together.
    pub(super) locale: String,
    pub(super) used: Vec<&'f SourceFile>,
    pub(super) faults: Vec<Diagnostic>,
}

/// A text with its partials in it.
#[derive(Clone, Debug)]
pub(super) struct Assembled {
    pub(super) text: String,
    /// For each line its file and its line there.
    lines: Vec<(String, usize)>,
    path: String,
}

impl<'f> Library<'f> {
    pub(super) const fn new(files: &'f [SourceFile]) -> Self {
        Self {
            files,
            locale: String::new(),
            used: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Whether a layout has a file with this ending.
    pub(super) fn has_layout(&self, name: &str, ending: &str) -> bool {
        self.find("layouts", name, &[ending]).is_some()
    }

    /// The file of a layout or partial, that of the language first: `de-AT`, then `de`, then the one without.
    fn find(&self, folder: &str, name: &str, endings: &[&str]) -> Option<&'f SourceFile> {
        let mut locale = self.locale.as_str();
        loop {
            for ending in endings {
                let path = match locale {
                    "" => format!("{folder}/{name}.{ending}"),
                    locale => format!("{folder}/{name}.{locale}.{ending}"),
                };
                if let Some(found) = self.files.iter().find(|file| file.path == path) {
                    return Some(found);
                }
            }
            if locale.is_empty() {
                return None;
            }
            locale = locale.rsplit_once('-').map_or("", |(wider, _)| wider);
        }
    }

    fn take(&mut self, file: &'f SourceFile) -> Source {
        if !self.used.contains(&file) {
            self.used.push(file);
        }
        Source {
            path: file.path.clone(),
            line: 1,
            text: file.text.clone(),
        }
    }

    /// The layout `name`, which `path` asks for, put together.
    pub(super) fn layout(
        &mut self,
        (name, path): (&str, &str),
        endings: &[&str],
    ) -> Option<Assembled> {
        let Some(file) = self.find("layouts", name, endings) else {
            self.missing("layouts", name, endings, (path, "layout:"));
            return None;
        };
        let source = self.take(file);
        let form = match ending(&source.path) {
            "txt" => Form::Text,
            "mjml" => Form::Mjml,
            _ => Form::Html,
        };
        let assembled = self.assemble(&source, form);
        let places = assembled.contents().len();
        if places == 1 {
            return Some(assembled);
        }
        let message =
            format!("a layout has `{{{{ content }}}}` once, this one has it {places} times");
        let fault = Diagnostic::error("E0242", &source.path, Position::START, &message);
        self.fault(fault.help("put `{{ content }}` where the text of the message goes"));
        None
    }

    /// `source` with its partials in it.
    pub(super) fn assemble(&mut self, source: &Source, form: Form) -> Assembled {
        let mut assembled = Assembled {
            text: String::new(),
            lines: Vec::new(),
            path: source.path.clone(),
        };
        self.append(&mut assembled, source, form, 0);
        assembled
    }

    fn append(&mut self, to: &mut Assembled, source: &Source, form: Form, depth: usize) {
        let masked = Masked::new(&source.text);
        let mut done = 0;
        let mut line = 0;
        for (range, slot) in masked.find(&masked.text) {
            let tag = masked.slot(slot);
            let Some(("include", rest)) = statement(tag) else {
                continue;
            };
            let before = masked.unmask(masked.text.get(done..range.start).unwrap_or_default());
            to.push(&before, source, &mut line);
            done = range.end;
            match self.partial(rest, form, (source, line)) {
                Some(partial) if depth < DEPTH_MAX && to.text.len() < BYTES_MAX => {
                    self.append(to, &partial, form, depth + 1);
                }
                Some(partial) => {
                    let message = format!("{} includes itself, or too much", partial.path);
                    let fault =
                        Diagnostic::error("E0240", &source.path, at(source, line), &message);
                    self.fault(fault.help("a partial includes others, at most 8 deep"));
                }
                None => {}
            }
            line += tag.matches('\n').count();
        }
        let rest = masked.unmask(masked.text.get(done..).unwrap_or_default());
        to.push(&rest, source, &mut line);
    }

    /// The partial that `{% include … %}` names.
    fn partial(
        &mut self,
        rest: &str,
        form: Form,
        (source, line): (&Source, usize),
    ) -> Option<Source> {
        let name = ['"', '\'']
            .into_iter()
            .find_map(|quote| rest.strip_prefix(quote)?.strip_suffix(quote));
        let Some(name) = name else {
            let message = "`include` takes the name of a partial, in quotes, and nothing else";
            let fault = Diagnostic::error("E0240", &source.path, at(source, line), message);
            self.fault(fault.help("for example `{% include \"footer\" %}`"));
            return None;
        };
        let endings: &[&str] = match form {
            Form::Markdown => &["md"],
            Form::Html => &["html"],
            Form::Mjml => &["mjml", "html"],
            Form::Text => &["txt"],
        };
        if let Some(file) = self.find("partials", name, endings) {
            return Some(self.take(file));
        }
        let line = at(source, line).line;
        self.missing_at("partials", name, endings, (&source.path, line));
        None
    }

    fn missing(&mut self, folder: &str, name: &str, endings: &[&str], (path, key): (&str, &str)) {
        let file = self.files.iter().find(|file| file.path == path);
        let text = file.map_or("", |file| file.text.as_str());
        let line = text
            .lines()
            .position(|line| line.starts_with(key))
            .unwrap_or(0);
        self.missing_at(folder, name, endings, (path, line + 1));
    }

    fn missing_at(
        &mut self,
        folder: &str,
        name: &str,
        endings: &[&str],
        (path, line): (&str, usize),
    ) {
        let what = folder.trim_end_matches('s');
        let files: Vec<String> = endings
            .iter()
            .map(|ending| format!("{folder}/{name}.{ending}"))
            .collect();
        let files = files.join(" or ");
        let message = format!("there is no {what} `{name}`");
        let prefix = format!("{folder}/");
        let known = self.files.iter().filter_map(|file| {
            let name = file.path.strip_prefix(&prefix)?;
            name.split('.').next()
        });
        let near = nearest(name, known).filter(|near| *near != name);
        let help = match near {
            Some(near) => format!("did you mean `{near}`? Or write {files}"),
            None => format!("write {files}"),
        };
        let at = Position { line, column: 1 };
        self.fault(Diagnostic::error("E0240", path, at, &message).help(&help));
    }

    /// Adds a fault once, also if several languages have it.
    pub(super) fn fault(&mut self, fault: Diagnostic) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

/// What follows the last dot of a file's name.
fn ending(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

impl Assembled {
    fn push(&mut self, text: &str, source: &Source, line: &mut usize) {
        if text.is_empty() {
            return;
        }
        if self.text.is_empty() || self.text.ends_with('\n') {
            self.lines.push((source.path.clone(), source.line + *line));
        }
        for _ in text.strip_suffix('\n').unwrap_or(text).matches('\n') {
            *line += 1;
            self.lines.push((source.path.clone(), source.line + *line));
        }
        *line += usize::from(text.ends_with('\n'));
        self.text.push_str(text);
    }

    pub(super) fn is_mjml(&self) -> bool {
        ending(&self.path) == "mjml"
    }

    /// The file and the place of a byte.
    pub(super) fn place(&self, byte: usize) -> (&str, Position) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = before.matches('\n').count();
        let (path, line) = self
            .lines
            .get(line)
            .map_or((self.path.as_str(), 1), |(path, line)| (path, *line));
        (path, Position { line, column: 1 })
    }

    fn contents(&self) -> Vec<std::ops::Range<usize>> {
        let masked = Masked::new(&self.text);
        let mut found = Vec::new();
        let (mut from, mut grown) = (0, 0);
        // Words are longer or shorter than their tags: places are counted in the text with the tags.
        for (range, slot) in masked.find(&masked.text) {
            let before = range.start - from;
            let start = grown + before;
            let tag = masked.slot(slot);
            if expression(tag) == Some("content") {
                found.push(start..start + tag.len());
            }
            (from, grown) = (range.end, start + tag.len());
        }
        found
    }

    /// This layout with `inner` where its content goes.
    pub(super) fn around(self, inner: &Self) -> Option<Self> {
        let [range] = <[_; 1]>::try_from(self.contents()).ok()?;
        let before = self.text.get(..range.start)?;
        let after = self.text.get(range.end..)?;
        let (above, below) = (before.matches('\n').count(), after.matches('\n').count());
        let inside = inner.text.matches('\n').count();
        let mut lines: Vec<_> = self.lines.get(..above)?.to_vec();
        lines.extend(inner.lines.iter().cloned());
        // Where the text ends with its line, what follows is a line of the layout again.
        lines.truncate(above + inside);
        lines.resize(above + inside, (self.path.clone(), 1));
        let rest = self.lines.len().saturating_sub(below + 1);
        lines.extend(self.lines.get(rest..)?.iter().cloned());
        Some(Self {
            text: format!("{before}{}{after}", inner.text),
            lines,
            path: self.path,
        })
    }
}
