//! Of which type a value is meant to be, by what is asked of it.

use crate::condition::Number;
use crate::definitions::tree;
use crate::release::ValueType;
use crate::syntax::{Node, NodeValue, Place};

/// The type of the value whose name stands at `place`: as a key before a predicate, or behind a key of its own. Text where
/// nothing says another.
pub(super) fn kind(tree: &Node, place: Place) -> ValueType {
    match tree::entry_at(tree, place) {
        Some((_, predicate)) => of_predicate(predicate),
        None => of_use(tree, place),
    }
}

/// The first operator that says a type.
fn of_predicate(predicate: &Node) -> ValueType {
    let NodeValue::Map(entries) = &predicate.value else {
        return ValueType::Text;
    };
    let mut kinds = entries
        .iter()
        .filter_map(|(key, value)| of_operator(&key.text, value));
    kinds.next().unwrap_or(ValueType::Text)
}

fn of_operator(operator: &str, value: &Node) -> Option<ValueType> {
    let is_number = |node: &Node| {
        let text = tree::text(node).unwrap_or_default();
        text.trim().parse::<Number>().is_ok()
    };
    match operator {
        "gt" | "gte" | "lt" | "lte" => Some(ValueType::Number),
        "between" if tree::items(value).iter().all(is_number) => Some(ValueType::Number),
        "between" | "within" | "older_than" | "in_next" | "before" | "after" => {
            Some(ValueType::Time)
        }
        "has" | "has_not" => Some(ValueType::Set),
        _ => None,
    }
}

/// `sum: total`, and the `value` of a goal.
fn of_use(tree: &Node, place: Place) -> ValueType {
    let goal = tree::get(tree, "goal").and_then(|goal| tree::get(goal, "value"));
    if goal.is_some_and(|value| Place::from(value) == place) {
        return ValueType::Money;
    }
    let mut is_summed = false;
    tree::walk(tree, &mut |key, value| {
        is_summed |= key.text == "sum" && Place::from(value) == place;
    });
    if is_summed {
        ValueType::Number
    } else {
        ValueType::Text
    }
}
