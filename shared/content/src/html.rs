//! HTML as tokens with their places, so that one part of it can change and every other byte stays.

use std::convert::Infallible;
use std::ops::Range;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `<a href="…">`. Names are in lower case.
    Start {
        name: String,
        attributes: Vec<Attribute>,
        is_closed: bool,
        range: Range<usize>,
    },
    /// `</a>`.
    End { name: String, range: Range<usize> },
    /// Text, character references resolved.
    Text(String),
    /// What stands in `<!-- -->`.
    Comment(String),
}

/// One attribute that has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// Character references resolved.
    pub(crate) value: String,
    /// Where the value stands, without its quotes.
    pub(crate) range: Range<usize>,
}

/// The tokens of `html`.
pub(crate) fn tokens(html: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut attribute = String::new();
    let mut emitter = CallbackEmitter::new(
        |event: CallbackEvent<'_>, span: Span<usize>| -> Option<Infallible> {
            take(&event, span.start..span.end, &mut attribute, &mut tokens);
            None
        },
    );
    // The text of `style` and `script` is no HTML.
    emitter.naively_switch_states(true);
    match Tokenizer::new_with_emitter(html, emitter).finish() {
        Ok(()) => {}
        Err(never) => match never {},
    }
    tokens
}

fn take(
    event: &CallbackEvent<'_>,
    range: Range<usize>,
    attribute: &mut String,
    tokens: &mut Vec<Token>,
) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match event {
        CallbackEvent::OpenStartTag { name } => tokens.push(Token::Start {
            name: text(name),
            attributes: Vec::new(),
            is_closed: false,
            range,
        }),
        CallbackEvent::AttributeName { name } => {
            *attribute = text(name);
            if let Some(Token::Start { attributes, .. }) = tokens.last_mut() {
                attributes.push(Attribute {
                    name: attribute.clone(),
                    value: String::new(),
                    range: range.end..range.end,
                });
            }
        }
        CallbackEvent::AttributeValue { value } => {
            if let Some(Token::Start { attributes, .. }) = tokens.last_mut()
                && let Some(last) = attributes.last_mut()
            {
                last.value = text(value);
                last.range = range;
            }
        }
        CallbackEvent::CloseStartTag { self_closing } => {
            if let Some(Token::Start {
                is_closed,
                range: whole,
                ..
            }) = tokens.last_mut()
            {
                *is_closed = *self_closing;
                whole.end = range.end;
            }
        }
        CallbackEvent::EndTag { name } => tokens.push(Token::End {
            name: text(name),
            range,
        }),
        CallbackEvent::String { value } => tokens.push(Token::Text(text(value))),
        CallbackEvent::Comment { value } => tokens.push(Token::Comment(text(value))),
        CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
    }
}

/// Whether an element has no end tag.
pub(crate) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}

/// The value of an attribute.
pub(crate) fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.value.as_str())
}

/// `html` with `edits` made: in their order, none over another.
pub(crate) fn edited(html: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut edited = String::with_capacity(html.len() + 64 * edits.len());
    let mut done = 0;
    for (range, text) in edits {
        edited.push_str(html.get(done..range.start).unwrap_or_default());
        edited.push_str(text);
        done = range.end;
    }
    edited.push_str(html.get(done..).unwrap_or_default());
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_where_its_range_says() {
        let html = "<!doctype html>\r\n<p>ü <A HREF='x?a=1&amp;b=2' title=\"q\" off>&amp;</a><img src=y.png/><style>a < b</style>";
        let mut found = Vec::new();
        for token in tokens(html) {
            if let Token::Start {
                attributes, range, ..
            } = token
            {
                assert!(html[range.clone()].starts_with('<') && html[range].ends_with('>'));
                for attribute in attributes {
                    found.push((attribute.name, attribute.value, &html[attribute.range]));
                }
            }
        }
        let found: Vec<_> = found
            .iter()
            .map(|(name, value, raw)| (name.as_str(), value.as_str(), *raw))
            .collect();
        assert_eq!(
            found,
            [
                ("href", "x?a=1&b=2", "x?a=1&amp;b=2"),
                ("title", "q", "q"),
                ("off", "", ""),
                ("src", "y.png/", "y.png/"),
            ]
        );
    }
}
