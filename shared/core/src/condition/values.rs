//! Values against literals: equality, text without regard to case, words for what does not fit.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::{Moment, Number};

/// Longest part of a comparison in a trace, in characters: a log row must stay small.
const SHOWN_CHARS_MAX: usize = 80;

/// A value and an operator do not fit: what the value is, and what it should be.
pub(super) type Misfit = String;

/// `text` as it is compared: Unicode NFC, without regard to case and outer blanks.
///
/// Each character by itself, first to upper, then to lower case: so `ß` is `ss`, and a final sigma is a sigma.
pub(super) fn folded(text: &str) -> String {
    let upper: String = text.trim().nfc().flat_map(char::to_uppercase).collect();
    upper.chars().flat_map(char::to_lowercase).nfc().collect()
}

/// What `value` is, in words.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a set",
        Value::Object(_) => "an object",
    }
}

/// `value`, which should be `wanted`.
pub(super) fn misfit(value: &Value, wanted: &str) -> Misfit {
    format!("which is {}, not {wanted}", kind(value))
}

/// `value` as a trace shows it.
pub(super) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    shortened(text)
}

/// `text`, cut to what a trace keeps.
pub(super) fn shortened(text: String) -> String {
    if text.chars().nth(SHOWN_CHARS_MAX).is_none() {
        return text;
    }
    text.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}

/// Whether the scalar `value` is `literal`, which is read by the value's type.
pub(super) fn equals(value: &Value, literal: &str) -> Result<bool, Misfit> {
    match value {
        Value::String(text) => Ok(folded(text) == folded(literal)),
        Value::Number(found) => {
            let wanted: Option<Number> = literal.parse().ok();
            let wanted = wanted.ok_or_else(|| misfit(value, "a text"))?;
            Ok(wanted.order_of(found) == Some(Ordering::Equal))
        }
        Value::Bool(found) => match folded(literal).as_str() {
            "true" => Ok(*found),
            "false" => Ok(!*found),
            _ => Err(misfit(value, "a text")),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(misfit(value, "a single value")),
    }
}

/// What two equal scalars have in common, whatever they are written like. Lists and objects have none: comparing them within
/// each other would take time without bound.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum ScalarKey {
    Text(String),
    Whole(i128),
    /// The bits of what is no whole number.
    Fraction(u64),
    Bool(bool),
}

fn key(value: &Value) -> Option<ScalarKey> {
    match value {
        Value::String(text) => Some(ScalarKey::Text(folded(text))),
        Value::Number(number) => number_key(number),
        Value::Bool(bool) => Some(ScalarKey::Bool(*bool)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number_key(number: &serde_json::Number) -> Option<ScalarKey> {
    let whole = number.as_i128().map(ScalarKey::Whole);
    whole.or_else(|| number.as_f64().map(float_key))
}

fn float_key(number: f64) -> ScalarKey {
    // Below 2^63 a float without a fraction prints as the whole number that it is.
    let is_whole = number.fract() == 0.0 && number.abs() < 9e18;
    let whole = is_whole
        .then(|| format!("{number:.0}").parse().ok())
        .flatten();
    whole.map_or(ScalarKey::Fraction(number.to_bits()), ScalarKey::Whole)
}

/// The scalars of `set`.
fn keys(set: &[Value]) -> BTreeSet<ScalarKey> {
    set.iter().filter_map(key).collect()
}

/// Whether `set` has an element that is one of `literals`, each read by the element's type.
pub(super) fn has_one_of(set: &[Value], literals: &[String]) -> bool {
    let keys = keys(set);
    literals.iter().any(|literal| {
        let folded = folded(literal);
        let number: Option<Number> = literal.parse().ok();
        let number = number.map(|number| match number.to_string().parse() {
            Ok(whole) => ScalarKey::Whole(whole),
            Err(_) => float_key(number.value()),
        });
        let bool = folded.parse().ok().map(ScalarKey::Bool);
        let text = ScalarKey::Text(folded);
        let mut read = number.into_iter().chain(bool).chain([text]);
        read.any(|read| keys.contains(&read))
    })
}

/// Whether `set` has an element that is `literal`.
pub(super) fn has(set: &[Value], literal: &String) -> bool {
    has_one_of(set, std::slice::from_ref(literal))
}

/// Whether `value` is, or as a set contains, one of `literals`. A misfit only if it fits none of them.
pub(super) fn is_one_of(value: &Value, literals: &[String]) -> Result<bool, Misfit> {
    if let Value::Array(set) = value {
        return Ok(has_one_of(set, literals));
    }
    let mut misfits = None;
    let mut fits = false;
    for literal in literals {
        match equals(value, literal) {
            Ok(true) => return Ok(true),
            Ok(false) => fits = true,
            Err(misfit) => misfits = Some(misfit),
        }
    }
    match misfits {
        Some(misfit) if !fits => Err(misfit),
        _ => Ok(false),
    }
}

/// Whether two values are the same; of sets: have the same elements; a set and a single value: contains it.
pub(super) fn are_same(value: &Value, other: &Value) -> Result<bool, Misfit> {
    match (value, other) {
        (Value::Array(a), Value::Array(b)) => {
            let is_plain = |set: &[Value]| set.iter().all(|element| key(element).is_some());
            if !is_plain(a) || !is_plain(b) {
                return Err("which has parts that are no single values".to_owned());
            }
            Ok(keys(a) == keys(b))
        }
        (Value::Array(set), one) => Ok(key(one).is_some_and(|one| keys(set).contains(&one))),
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => Ok(key(value) == key(other)),
        (_, other) => Err(misfit(value, kind(other))),
    }
}

/// How the number `value` lies to `wanted`.
pub(super) fn order(value: &Value, wanted: &Number) -> Result<Ordering, Misfit> {
    let Value::Number(found) = value else {
        return Err(misfit(value, "a number"));
    };
    let order = wanted.order_of(found);
    order.ok_or_else(|| misfit(value, "a number that can be compared"))
}

/// `value` as a text.
pub(super) fn text(value: &Value) -> Result<&str, Misfit> {
    value.as_str().ok_or_else(|| misfit(value, "a text"))
}

/// Longest text in which a pattern is searched, in bytes: the cost is the text's length times the pattern's.
const SEARCHED_BYTES_MAX: usize = 4 * 1024;

/// `value` as a text for a pattern.
pub(super) fn searchable(value: &Value) -> Result<&str, Misfit> {
    let text = text(value)?;
    if text.len() > SEARCHED_BYTES_MAX {
        return Err("which is too long for a pattern".to_owned());
    }
    Ok(text)
}

/// `value` as a moment.
pub(super) fn moment(value: &Value) -> Result<Moment, Misfit> {
    let moment = value.as_str().and_then(|text| text.parse().ok());
    moment.ok_or_else(|| {
        if value.is_string() {
            "which is not a date or time".to_owned()
        } else {
            misfit(value, "a date or time")
        }
    })
}
