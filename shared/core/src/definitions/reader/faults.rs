//! Collects what is wrong with one file and what it says of others.

use super::nearest;
use crate::definitions::{Diagnostic, Reference, Refers, Severity};
use crate::path::Path;
use crate::syntax::Place;

/// Collects the faults and references of one file.
pub(crate) struct Faults<'a> {
    pub(crate) file: &'a str,
    pub(crate) found: Vec<Diagnostic>,
    pub(crate) references: Vec<Reference>,
}

/// What reading one file gives. Warnings alone do not stop it.
pub(crate) struct Read<T> {
    /// What the file says; none if it has an error.
    pub(crate) value: Option<T>,
    /// Errors and warnings, in the order of the file.
    pub(crate) faults: Vec<Diagnostic>,
    /// What it says of others; also where the file has errors.
    pub(crate) references: Vec<Reference>,
}

impl<T> Read<T> {
    /// A file that is not even a tree.
    pub(crate) fn failed(fault: impl Into<Diagnostic>) -> Self {
        Self {
            value: None,
            faults: vec![fault.into()],
            references: Vec::new(),
        }
    }

    /// The same of another type.
    pub(crate) fn map<U>(self, of: impl FnOnce(T) -> U) -> Read<U> {
        Read {
            value: self.value.map(of),
            faults: self.faults,
            references: self.references,
        }
    }

    /// The value, or all faults. Warnings beside a value are dropped.
    pub(crate) fn into_result(self) -> Result<T, Vec<Diagnostic>> {
        self.value.ok_or(self.faults)
    }
}

impl<'a> Faults<'a> {
    pub(crate) const fn new(file: &'a str) -> Self {
        Self {
            file,
            found: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Adds an error; what it returns takes a label, notes and an edit.
    pub(crate) fn add(
        &mut self,
        code: &'static str,
        place: impl Into<Place>,
        message: &str,
        help: &str,
    ) -> &mut Diagnostic {
        self.push(Diagnostic::error(code, self.file, place, message).help(help))
    }

    /// Adds a warning.
    pub(crate) fn warn(
        &mut self,
        code: &'static str,
        place: impl Into<Place>,
        message: &str,
        help: &str,
    ) -> &mut Diagnostic {
        self.push(Diagnostic::warning(code, self.file, place, message).help(help))
    }

    /// Adds the error that `word` is none of `known`: the nearest of them is advised, else `help` is.
    pub(crate) fn unknown<'w>(
        &mut self,
        code: &'static str,
        place: impl Into<Place>,
        message: &str,
        (word, known): (&str, impl Iterator<Item = &'w str>),
        help: &str,
    ) -> &mut Diagnostic {
        let near = nearest(word, known);
        let fault = self.add(code, place, message, help);
        match near {
            Some(near) => fault.meant(near),
            None => fault,
        }
    }

    /// Adds `fault` as it is.
    pub(crate) fn push(&mut self, fault: Diagnostic) -> &mut Diagnostic {
        self.found.push(fault);
        let last = self.found.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was pushed just now")]
        &mut self.found[last]
    }

    /// Notes that `name` must be known elsewhere as what `refers` says.
    pub(crate) fn refer(
        &mut self,
        refers: Refers,
        name: impl Into<String>,
        place: impl Into<Place>,
    ) {
        self.references.push(Reference {
            refers,
            name: name.into(),
            place: place.into(),
        });
    }

    /// Notes what `path` refers to.
    pub(crate) fn refer_path(&mut self, path: &Path, place: impl Into<Place>) {
        if let Some(refers) = Refers::of_path(path) {
            self.refer(refers, path.dotted(), place);
        }
    }

    /// How many errors there are: a reader compares to see whether a part of it was read well.
    pub(crate) fn errors(&self) -> usize {
        let is_error = |fault: &&Diagnostic| fault.severity == Severity::Error;
        self.found.iter().filter(is_error).count()
    }

    /// `value` if there is no error, and everything that was found.
    pub(crate) fn read<T>(mut self, value: Option<T>) -> Read<T> {
        let value = value.filter(|_| self.errors() == 0);
        self.found.sort_by_key(|fault| fault.at);
        Read {
            value,
            faults: self.found,
            references: self.references,
        }
    }

    /// `value` if nothing was found but warnings.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        match value {
            Some(value) if self.errors() == 0 => Ok(value),
            _ => Err(self.found),
        }
    }
}
