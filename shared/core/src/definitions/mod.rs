//! Second phase of reading a definition: the tree becomes journeys, templates and the project's settings.
//!
//! Every reader takes what it knows and reports the rest, so that one run finds all faults of a file. The language is
//! described in `infra/starter/README.md`; this module reads the verbs `email` and `wait` and event triggers so far.

mod diagnostic;
mod journey;
mod project;
pub(crate) mod reader;
mod template;

pub use diagnostic::{Diagnostic, Severity};

use crate::release::{Definition, Journey, Project, Template};

/// Reads `journeys/<id>.yaml`.
pub fn read_journey(file: &str, text: &str) -> Result<Journey, Vec<Diagnostic>> {
    journey::read(file, text)
}

/// Reads `templates/<id>.md`.
pub fn read_template(file: &str, text: &str) -> Result<Template, Vec<Diagnostic>> {
    template::read(file, text)
}

/// Reads `wend.yaml`.
pub fn read_project(file: &str, text: &str) -> Result<Project, Vec<Diagnostic>> {
    project::read(file, text)
}

/// One file of a project: its path below the project's folder and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path, with `/` between its parts.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Reads all files of a project and checks what one says about another. Files of kinds that are not read yet are left
/// alone.
pub fn read_all(files: &[SourceFile]) -> Result<Vec<(SourceFile, Definition)>, Vec<Diagnostic>> {
    let mut definitions = Vec::new();
    let mut faults = Vec::new();
    for file in files {
        let (path, text) = (file.path.as_str(), file.text.as_str());
        let (folder, name) = path.split_once('/').unwrap_or(("", path));
        let read = match (folder, name.rsplit_once('.')) {
            ("", Some(("wend", "yaml"))) => read_project(path, text).map(Definition::Project),
            ("journeys", Some((_, "yaml"))) => read_journey(path, text).map(Definition::Journey),
            ("templates", Some((_, "md"))) => read_template(path, text).map(Definition::Template),
            _ => continue,
        };
        match read {
            Ok(definition) => definitions.push((file.clone(), definition)),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() {
        faults = across_files(&definitions);
    }
    if faults.is_empty() {
        Ok(definitions)
    } else {
        Err(faults)
    }
}

/// Faults that only show when files are read together.
fn across_files(definitions: &[(SourceFile, Definition)]) -> Vec<Diagnostic> {
    let project = definitions
        .iter()
        .find_map(|(_, definition)| match definition {
            Definition::Project(project) => Some(project),
            Definition::Journey(_) | Definition::Template(_) => None,
        });
    let Some(project) = project else {
        let at = crate::syntax::Position { line: 1, column: 1 };
        let fault = Diagnostic::error("E0200", "wend.yaml", at, "a project has a file `wend.yaml`");
        return vec![fault.help("`project: <name>` is its one required line")];
    };
    let templates: Vec<&str> = definitions
        .iter()
        .filter_map(|(_, definition)| match definition {
            Definition::Template(template) => Some(template.id.as_str()),
            Definition::Journey(_) | Definition::Project(_) => None,
        })
        .collect();
    let mut faults = Vec::new();
    for (file, definition) in definitions {
        match definition {
            Definition::Journey(journey) => {
                faults.extend(journey::check(
                    journey, &file.path, &file.text, project, &templates,
                ));
            }
            Definition::Template(template) => {
                faults.extend(template::check(template, &file.path, &file.text, project));
            }
            Definition::Project(_) => {}
        }
    }
    faults
}
