//! Second phase of reading a definition: the tree becomes journeys, templates and the project's settings.
//!
//! Every reader takes what it knows and reports the rest, so that one run finds all faults of a file; on the way it notes
//! what the file says of others ([`Reference`]). What one file says of another is looked at in `check`. The language is
//! described in `infra/starter/README.md`. Nothing here reads a file system or a clock.

mod check;
mod diagnostic;
mod explain;
mod files;
mod journey;
pub(crate) mod known;
mod project;
pub(crate) mod reader;
mod reference;
mod render;
pub mod scenario;
pub mod schema;
mod score;
mod segment;
mod template;
mod tree;

pub use diagnostic::{Diagnostic, Edit, Severity};
pub use explain::{explain, nearest_code};
pub use files::{Checked, SourceFile, check_all, read_all};
pub use known::{BUILT_IN_EVENTS, FORM_SUBMITTED};
pub use reader::nearest;
pub use reference::{Reference, Refers};
pub use render::render;

pub(crate) use journey::VERBS;
pub(crate) use template::parts as template_parts;

use crate::release::{Journey, Project, Template};

/// Reads `journeys/<id>.yaml`. Warnings are dropped; [`check_all`] keeps them.
pub fn read_journey(file: &str, text: &str) -> Result<Journey, Vec<Diagnostic>> {
    journey::read(file, text).into_result()
}

/// Reads `templates/<id>.md`.
pub fn read_template(file: &str, text: &str) -> Result<Template, Vec<Diagnostic>> {
    template::read(file, text, &[]).into_result()
}

/// Reads values in the form of a template's `sample`, YAML or JSON.
pub fn read_sample(file: &str, text: &str) -> Result<serde_json::Value, Vec<Diagnostic>> {
    template::read_sample(file, text).into_result()
}

/// Reads `wend.yaml`.
pub fn read_project(file: &str, text: &str) -> Result<Project, Vec<Diagnostic>> {
    project::read(file, text).into_result()
}

#[cfg(test)]
mod tests;
