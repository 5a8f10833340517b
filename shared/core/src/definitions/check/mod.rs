//! Faults that only show when the files of a project are read together.
//!
//! Works on references, trees and definitions alike, so that a file with faults of its own does not hide those of others:
//! a name counts as known as soon as something is called so, even if that something cannot be read yet. Nothing here says
//! what a single file can say; that is the readers'.

mod asked;
mod consent;
mod cycles;
mod properties;
mod references;
mod triggers;
mod types;
mod windows;
mod world;

use super::files::{Kind, ReadFile};
use super::reader::Faults;
use super::{Diagnostic, SourceFile};
use crate::syntax::Position;
use cycles::Graphs;
use world::World;

/// What `files` say of each other and that is not so. `all` are the project's files of every kind.
pub(super) fn check(files: &[ReadFile], all: &[SourceFile]) -> Vec<Diagnostic> {
    let world = World::new(files, all);
    let graphs = Graphs::of(&world);
    let mut found = Vec::new();
    if !files.iter().any(|file| file.kind == Kind::Project) {
        let message = "a project has a file `wend.yaml`";
        let fault = Diagnostic::error("E0200", "wend.yaml", Position::START, message);
        found.push(fault.help("two lines will do:\nwend: 1\nproject: my-shop"));
    }
    for (index, file) in files.iter().enumerate() {
        let mut faults = Faults::new(&file.source.path);
        duplicate(file, files.get(..index).unwrap_or_default(), &mut faults);
        references::check(file, &world, &mut faults);
        properties::check(file, &world, &mut faults);
        triggers::check(file, &world, &mut faults);
        consent::check(file, &world, &mut faults);
        windows::check(file, &world, &mut faults);
        graphs.check(file, &world, &mut faults);
        faults.found.sort_by_key(|fault| fault.at);
        found.append(&mut faults.found);
    }
    found
}

/// Reports a file that defines what an earlier one does.
fn duplicate(file: &ReadFile, earlier: &[ReadFile], faults: &mut Faults<'_>) {
    let is_same = |other: &&ReadFile| other.kind == file.kind && other.id == file.id;
    if let Some(other) = earlier.iter().find(is_same) {
        let message = format!(
            "`{}` is defined twice, also in {}",
            file.id, other.source.path
        );
        faults.add("E0201", Position::START, &message, "remove one of them");
    }
}

#[cfg(test)]
mod tests;
