//! Values inside Markdown and HTML.

use std::fmt::{self, Write};

use minijinja::{AutoEscape, Error, Output, State, Value};

/// Writes a value as the text around it wants it: `state` knows which. What the template marks as safe stands as it is, an undefined
/// value is strict mode's own error.
pub(crate) fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    if value.is_safe() || value.is_undefined() {
        return minijinja::escape_formatter(out, state, value);
    }
    let is_html = match state.auto_escape() {
        AutoEscape::Html => true,
        AutoEscape::Custom(_) => false,
        _ => return minijinja::escape_formatter(out, state, value),
    };
    let written = match (value.as_str(), is_html) {
        (Some(text), true) => write_html(out, text),
        (Some(text), false) => write_markdown(out, text),
        (None, true) => write_html(out, &value.to_string()),
        (None, false) => write_markdown(out, &value.to_string()),
    };
    written.map_err(Error::from)
}

/// Every ASCII punctuation mark behind a backslash (the CommonMark spec, section 2.4), line breaks as blanks, so that no value
/// begins a block, a link or a tag.
fn write_markdown(out: &mut impl Write, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.write_char(' ')?,
            c if c.is_ascii_punctuation() => write!(out, "\\{c}")?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

/// For text and for attributes in quotes of either kind.
pub(crate) fn write_html(out: &mut impl Write, text: &str) -> fmt::Result {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let reference = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.write_str(text.get(done..at).unwrap_or_default())?;
        out.write_str(reference)?;
        done = at + 1;
    }
    out.write_str(text.get(done..).unwrap_or_default())
}

/// `text` for HTML.
pub(crate) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // Writing to a text cannot fail.
    let _ = write_html(&mut escaped, text);
    escaped
}
