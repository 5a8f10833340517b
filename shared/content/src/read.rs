//! Reads a project with its templates put together.

use wend_core::definitions::{self, Checked, Diagnostic, SourceFile};
use wend_core::release::Definition;

use crate::check::check;
use crate::compile::compile;

/// As [`definitions::check_all`], and the templates among the definitions are put together and their texts looked at.
pub fn check_all(files: &[SourceFile]) -> Checked {
    let mut checked = definitions::check_all(files);
    let faults = compile(files, &mut checked.definitions);
    checked.faults.extend(faults);
    let faults = check(&checked.definitions);
    checked.faults.extend(faults);
    checked
}

/// As [`check_all`]: the definitions if there is no error, else all faults.
pub fn read_all(files: &[SourceFile]) -> Result<Vec<(SourceFile, Definition)>, Vec<Diagnostic>> {
    let checked = check_all(files);
    if checked.is_good() {
        Ok(checked.definitions)
    } else {
        Err(checked.faults)
    }
}
