//! Keeps Jinja out of the hands of those who read markup: every tag of it becomes a plain word and comes back later.

use std::ops::Range;

/// A text in which each Jinja tag is a word.
#[derive(Clone, Debug)]
pub(crate) struct Masked {
    /// The text.
    pub(crate) text: String,
    /// The word is this, the slot's number and `z`.
    word: String,
    slots: Vec<String>,
}

impl Masked {
    /// Masks `text`.
    pub(crate) fn new(text: &str) -> Self {
        let mut word = "jinjaslot".to_owned();
        while text.contains(&word) {
            word.push('x');
        }
        let mut masked = Self {
            text: String::with_capacity(text.len()),
            word,
            slots: Vec::new(),
        };
        let mut rest = text;
        while let Some(tag) = next(rest) {
            masked
                .text
                .push_str(rest.get(..tag.start).unwrap_or_default());
            let slot = rest.get(tag.clone()).unwrap_or_default().to_owned();
            let word = masked.put(slot);
            masked.text.push_str(&word);
            rest = rest.get(tag.end..).unwrap_or_default();
        }
        masked.text.push_str(rest);
        masked
    }

    /// The word that stands for `slot` from now on.
    pub(crate) fn put(&mut self, slot: String) -> String {
        self.slots.push(slot);
        format!("{}{}z", self.word, self.slots.len() - 1)
    }

    /// The slots in `text` and where they stand, in their order.
    pub(crate) fn find(&self, text: &str) -> Vec<(Range<usize>, usize)> {
        let mut found = Vec::new();
        for (start, _) in text.match_indices(&self.word) {
            let rest = text.get(start + self.word.len()..).unwrap_or_default();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(slot) = digits.parse::<usize>()
                && slot < self.slots.len()
            {
                found.push((start..start + self.word.len() + digits.len() + 1, slot));
            }
        }
        found
    }

    /// The tag of a slot.
    pub(crate) fn slot(&self, slot: usize) -> &str {
        self.slots.get(slot).map_or("", String::as_str)
    }

    /// Puts another tag into a slot.
    pub(crate) fn set(&mut self, slot: usize, tag: String) {
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = tag;
        }
    }

    /// `text` with the tags back in their places.
    pub(crate) fn unmask(&self, text: &str) -> String {
        let mut unmasked = String::with_capacity(text.len());
        let mut done = 0;
        for (range, slot) in self.find(text) {
            unmasked.push_str(text.get(done..range.start).unwrap_or_default());
            unmasked.push_str(self.slot(slot));
            done = range.end;
        }
        unmasked.push_str(text.get(done..).unwrap_or_default());
        unmasked
    }
}

/// The word that a statement begins with, and what follows: `{% include "x" %}` is `include` and `"x"`.
pub(crate) fn statement(tag: &str) -> Option<(&str, &str)> {
    let inner = inner(tag, "{%", "%}")?;
    Some(inner.split_once(char::is_whitespace).unwrap_or((inner, "")))
}

/// What an expression says: `{{ x }}` is `x`.
pub(crate) fn expression(tag: &str) -> Option<&str> {
    inner(tag, "{{", "}}")
}

fn inner<'t>(tag: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let inner = tag.strip_prefix(open)?.strip_suffix(close)?;
    let trimmed = ['-', '+'];
    let inner = inner.strip_prefix(trimmed).unwrap_or(inner);
    Some(inner.strip_suffix(trimmed).unwrap_or(inner).trim())
}

/// Where the first tag stands; what `raw` encloses is one with it.
fn next(text: &str) -> Option<Range<usize>> {
    let start = text
        .match_indices('{')
        .map(|(at, _)| at)
        .find(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))?;
    let close = match text.as_bytes().get(start + 1) {
        Some(b'{') => "}}",
        Some(b'%') => "%}",
        _ => "#}",
    };
    let end = start + end_of(text.get(start..)?, close)?;
    let tag = text.get(start..end)?;
    if statement(tag).is_some_and(|(word, _)| word == "raw") {
        let mut from = end;
        while let Some(inside) = text.get(from..).and_then(next_statement) {
            let range = from + inside.start..from + inside.end;
            if statement(text.get(range.clone())?).is_some_and(|(word, _)| word == "endraw") {
                return Some(start..range.end);
            }
            from = range.end;
        }
    }
    Some(start..end)
}

fn next_statement(text: &str) -> Option<Range<usize>> {
    let start = text.find("{%")?;
    let end = start + end_of(text.get(start..)?, "%}")?;
    Some(start..end)
}

/// Where a tag ends. What stands in quotes does not end it.
fn end_of(tag: &str, close: &str) -> Option<usize> {
    let (bytes, mut at, mut quote) = (tag.as_bytes(), 2, None);
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), b'\\') => at += 1,
            (None, b'"' | b'\'') if close != "#}" => quote = Some(*byte),
            (None, _) if tag.get(at..).is_some_and(|rest| rest.starts_with(close)) => {
                return Some(at + close.len());
            }
            (Some(_) | None, _) => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_is_a_word_and_comes_back() {
        let text = "a {{ x < y }} b {% if a <b and '%}' %}{# it's #}<a href=\"{{- u | f(\"}}\") -}}\">{% raw %}{{ no }}{% endraw %} { x } jinjaslot0z {{ open";
        let masked = Masked::new(text);
        let tags: Vec<&str> = masked.slots.iter().map(String::as_str).collect();
        assert_eq!(
            tags,
            [
                "{{ x < y }}",
                "{% if a <b and '%}' %}",
                "{# it's #}",
                "{{- u | f(\"}}\") -}}",
                "{% raw %}{{ no }}{% endraw %}",
            ]
        );
        assert!(
            masked.text.ends_with("{ x } jinjaslot0z {{ open"),
            "{}",
            masked.text
        );
        assert_eq!(masked.unmask(&masked.text), text);
        assert_eq!(expression("{{- u -}}"), Some("u"));
        assert_eq!(statement("{%- include 'x' -%}"), Some(("include", "'x'")));
    }
}
