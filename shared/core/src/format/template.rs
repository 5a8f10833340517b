//! Template files: the head is formatted, the text below it is nobody's but the author's.

use super::yaml;
use crate::definitions::{Diagnostic, template_parts};

/// The file with its head in the one style. `ending` gives lines the ending of the file's first.
pub(super) fn format(
    file: &str,
    text: &str,
    ending: &impl Fn(String) -> String,
) -> Result<String, Box<Diagnostic>> {
    let (head, body) = template_parts(file, text)?;
    let head = yaml(file, head).map_err(|fault| fault.shifted(1))?;
    let head = ending(format!("---\n{head}---\n"));
    Ok(head + body)
}
