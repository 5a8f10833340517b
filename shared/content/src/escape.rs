//! Values inside Markdown.

use std::fmt::Write;

use minijinja::{Error, Output, State, Value};

/// Writes a value so that Markdown shows it as it is: every ASCII punctuation mark behind a backslash (the CommonMark spec, section
/// 2.4), line breaks as blanks, so that no value begins a block, a link or a tag.
pub(crate) fn write_markdown(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    // What the template marks as safe stands as it is; an undefined value is strict mode's own error.
    if value.is_safe() || value.is_undefined() {
        return minijinja::escape_formatter(out, state, value);
    }
    for c in value.to_string().chars() {
        let written = match c {
            '\n' | '\r' | '\t' => out.write_char(' '),
            c if c.is_ascii_punctuation() => write!(out, "\\{c}"),
            c => out.write_char(c),
        };
        written.map_err(Error::from)?;
    }
    Ok(())
}
