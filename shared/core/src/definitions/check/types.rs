//! Whether what stands behind a path suits the type of its value.

use crate::calendar::DateValue;
use crate::condition::Number;
use crate::definitions::project::values::type_name;
use crate::definitions::reader::Faults;
use crate::definitions::tree;
use crate::release::ValueType;
use crate::syntax::{Node, NodeValue, Place};

use super::world::near;

/// A value with its type, as messages call it.
pub(super) struct Typed<'w> {
    /// For example `value of cart_updated`.
    pub(super) what: String,
    pub(super) kind: ValueType,
    /// The values that it can have; none: any.
    pub(super) one_of: &'w [String],
}

/// What kinds of values an operator compares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compares {
    Numbers,
    Texts,
    TextsOrSets,
    Sets,
    Times,
    NumbersOrTimes,
    Equal,
    NotEqual,
}

const OPERATORS: [(&str, Compares); 18] = [
    ("is", Compares::Equal),
    ("is_not", Compares::NotEqual),
    ("gt", Compares::Numbers),
    ("gte", Compares::Numbers),
    ("lt", Compares::Numbers),
    ("lte", Compares::Numbers),
    ("between", Compares::NumbersOrTimes),
    ("has", Compares::Sets),
    ("has_not", Compares::Sets),
    ("contains", Compares::TextsOrSets),
    ("starts_with", Compares::Texts),
    ("ends_with", Compares::Texts),
    ("matches", Compares::Texts),
    ("within", Compares::Times),
    ("older_than", Compares::Times),
    ("in_next", Compares::Times),
    ("before", Compares::Times),
    ("after", Compares::Times),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Boolean,
    Time,
    Set,
    Map,
}

const fn family(kind: ValueType) -> Family {
    match kind {
        ValueType::Text
        | ValueType::Name
        | ValueType::Url
        | ValueType::Email
        | ValueType::Phone => Family::Text,
        ValueType::Number | ValueType::Integer | ValueType::Money => Family::Number,
        ValueType::Boolean => Family::Boolean,
        ValueType::Date | ValueType::Time => Family::Time,
        ValueType::Set | ValueType::List => Family::Set,
        ValueType::Map => Family::Map,
    }
}

/// Whether values of this type are dates or moments.
pub(super) fn is_time(kind: ValueType) -> bool {
    family(kind) == Family::Time
}

/// Compares the predicate `node` with what it is about.
pub(super) fn predicate(node: &Node, typed: &Typed<'_>, faults: &mut Faults<'_>) {
    let NodeValue::Map(entries) = &node.value else {
        for item in tree::items(node) {
            literal(item, typed, faults);
        }
        return;
    };
    for (key, value) in entries {
        let operator = OPERATORS.iter().find(|(name, _)| *name == key.text);
        let Some((name, compares)) = operator else {
            continue;
        };
        if suits(*compares, family(typed.kind)) {
            operand(value, *compares, typed, faults);
        } else {
            let message = format!(
                "`{name}` never holds: {} is of type {}",
                typed.what,
                type_name(typed.kind)
            );
            let help = format!(
                "a {} can be asked: {}",
                type_name(typed.kind),
                operators(typed.kind).join(", ")
            );
            faults.add("E0229", key, &message, &help);
        }
    }
}

/// The values that an operator compares with.
fn operand(node: &Node, compares: Compares, typed: &Typed<'_>, faults: &mut Faults<'_>) {
    match compares {
        Compares::Equal | Compares::Sets => {
            for item in tree::items(node) {
                literal(item, typed, faults);
            }
        }
        // `is_not` and the rest hold, or are read, whatever stands there.
        Compares::NotEqual
        | Compares::Numbers
        | Compares::Texts
        | Compares::TextsOrSets
        | Compares::Times
        | Compares::NumbersOrTimes => {}
    }
}

const fn suits(compares: Compares, family: Family) -> bool {
    match compares {
        Compares::Equal | Compares::NotEqual => true,
        Compares::Numbers => matches!(family, Family::Number),
        Compares::Texts => matches!(family, Family::Text),
        Compares::TextsOrSets => matches!(family, Family::Text | Family::Set),
        Compares::Sets => matches!(family, Family::Set),
        Compares::Times => matches!(family, Family::Time),
        Compares::NumbersOrTimes => matches!(family, Family::Number | Family::Time),
    }
}

fn operators(kind: ValueType) -> Vec<&'static str> {
    let suitable = OPERATORS
        .iter()
        .filter(|(_, compares)| suits(*compares, family(kind)));
    let mut names: Vec<&str> = suitable.map(|(name, _)| *name).collect();
    names.extend(["exists", "same_as"]);
    names
}

/// Reports a value that what is typed can never be.
pub(super) fn literal(node: &Node, typed: &Typed<'_>, faults: &mut Faults<'_>) {
    let Some(text) = tree::text(node).map(str::trim) else {
        return;
    };
    if !can_be(text, typed.kind) {
        let message = format!(
            "{} is of type {}, it is never `{text}`",
            typed.what,
            type_name(typed.kind)
        );
        faults.add("E0229", node, &message, example(typed.kind));
        return;
    }
    let is_listed = |known: &String| known.trim().to_lowercase() == text.to_lowercase();
    if !typed.one_of.is_empty() && !typed.one_of.iter().any(is_listed) {
        not_listed(node.into(), text, typed, faults);
    }
}

fn not_listed(place: Place, text: &str, typed: &Typed<'_>, faults: &mut Faults<'_>) {
    let known: Vec<&str> = typed.one_of.iter().map(String::as_str).collect();
    let message = format!("{} is never `{text}`", typed.what);
    let help = format!("it is one of: {}", known.join(", "));
    let fault = faults.add("E0230", place, &message, &help);
    if let Some(near) = near(text, &known) {
        fault.meant(near).note(&help);
    }
}

fn can_be(text: &str, kind: ValueType) -> bool {
    match family(kind) {
        Family::Number => text.parse::<Number>().is_ok(),
        Family::Boolean => matches!(text, "true" | "false"),
        Family::Time => DateValue::parse(text).is_some(),
        Family::Text | Family::Set => true,
        Family::Map => false,
    }
}

const fn example(kind: ValueType) -> &'static str {
    match family(kind) {
        Family::Number => "write a number, for example `20`",
        Family::Boolean => "write `true` or `false`",
        Family::Time => {
            "write a date, for example `2027-12-24`, or ask with `before`, `after`, `within`"
        }
        Family::Text | Family::Set | Family::Map => {
            "ask for a value inside it, or whether it `exists`"
        }
    }
}
