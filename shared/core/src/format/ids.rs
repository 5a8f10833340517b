//! Gives the steps and paths of a journey the ids that they lack.
//!
//! An id says what the step does: `welcome-hello` sends that template, `wait-2-days` waits. Steps are told apart in the
//! whole journey, paths in their step.

use std::collections::BTreeSet;

use super::tree::{Document, Entry, Items, Scalar, Value};
use crate::definitions::VERBS;

/// Longest id that is made here: room for `-2` below the limit of ids.
const CHARS_MAX: usize = 48;

/// Lists of steps, below the journey, a path or a step.
const STEPS: [&str; 2] = ["steps", "on_error"];
/// Lists of paths.
const PATHS: [&str; 4] = ["exits", "wait_until", "branch", "split"];

/// Completes a journey.
pub(super) fn complete(document: &mut Document) {
    let Value::Items(root) = &mut document.root.value else {
        return;
    };
    let mut taken = BTreeSet::new();
    steps(root, &mut |step| {
        taken.extend(step.get("id").and_then(Value::text).map(str::to_owned));
    });
    steps(root, &mut |step| {
        if step.get("id").is_none()
            && let Some(id) = step_id(step)
        {
            insert(step, "id", &unique(&id, &mut taken));
        }
    });
}

/// Calls `visit` with every step, and completes paths on the way.
fn steps(items: &mut Items, visit: &mut impl FnMut(&mut Items)) {
    for entry in &mut items.entries {
        let key = entry.key.as_ref().map_or("", |key| key.text.as_str());
        let (is_steps, is_paths) = (STEPS.contains(&key), PATHS.contains(&key));
        let Value::Items(list) = &mut entry.value else {
            continue;
        };
        if list.is_map || !(is_steps || is_paths) {
            continue;
        }
        if is_paths {
            paths(list);
        }
        for item in &mut list.entries {
            if let Value::Items(item) = &mut item.value
                && item.is_map
            {
                if is_steps {
                    visit(item);
                }
                steps(item, visit);
            }
        }
    }
}

/// Completes the paths of one step.
fn paths(list: &mut Items) {
    let mut taken = BTreeSet::new();
    let mut bare = Vec::new();
    for entry in &mut list.entries {
        match &mut entry.value {
            Value::Items(path) if path.is_map => match path.get("path") {
                Some(id) => taken.extend(id.text().map(str::to_owned)),
                None => bare.push(path),
            },
            Value::Items(_) | Value::Absent | Value::Scalar(_) | Value::Block(_) => {}
        }
    }
    for path in bare {
        let id = unique(&path_id(path), &mut taken);
        insert(path, "path", &id);
    }
}

/// What a step without an id is called; none if nobody knows what it does.
fn step_id(step: &Items) -> Option<String> {
    let &(verb, _) = VERBS.iter().find(|(verb, _)| step.get(verb).is_some())?;
    let value = step.get(verb)?;
    let said = match value {
        Value::Items(items) => items.entries.first().and_then(|entry| entry.key.as_ref()),
        Value::Absent | Value::Scalar(_) | Value::Block(_) => None,
    };
    let said = value.text().or(said.map(|key| key.text.as_str()));
    Some(match (verb, said) {
        ("email" | "sms", Some(template)) => id([template], "message"),
        (verb, Some(said)) => id([verb, said], verb),
        (verb, None) => id([verb], "step"),
    })
}

/// What a path without a name is called, by how one gets in.
fn path_id(path: &Items) -> String {
    if let Some(event) = path.get("event").and_then(Value::text) {
        return id([event], "event");
    }
    if let Some(after) = path.get("after").and_then(Value::text) {
        return id(["after", after], "after");
    }
    if let Some(Value::Items(condition)) = path.get("if") {
        let first = condition.entries.first();
        let leaf = first.and_then(|entry| entry.key.as_ref());
        let leaf = leaf.and_then(|key| key.text.rsplit('.').next());
        let value = first.and_then(|entry| entry.value.text());
        return id(
            [leaf.unwrap_or_default(), value.unwrap_or_default()],
            "path",
        );
    }
    let is_share = path.get("weight").is_some();
    (if is_share { "variant" } else { "else" }).to_owned()
}

/// The words as an id, or `otherwise` where they have no letter.
fn id<const N: usize>(words: [&str; N], otherwise: &str) -> String {
    let mut id = String::new();
    for c in words.join(" ").chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || (c.is_ascii_digit() && !id.is_empty()) {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(CHARS_MAX);
    let id = id.trim_end_matches('-');
    if id.is_empty() {
        return otherwise.replace('_', "-");
    }
    id.to_owned()
}

/// `id`, with a number if it is taken.
fn unique(id: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2_usize..).map(|number| format!("{id}-{number}"));
    let mut all = std::iter::once(id.to_owned()).chain(numbered);
    let free = all.find(|id| !taken.contains(id)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

/// Puts `key: id` before everything else of a map.
fn insert(items: &mut Items, key: &str, id: &str) {
    let plain = |text: &str| Scalar {
        text: text.to_owned(),
        is_plain: true,
    };
    let above = items
        .entries
        .first_mut()
        .map(|first| std::mem::take(&mut first.above));
    let entry = Entry {
        above: above.unwrap_or_default(),
        key: Some(plain(key)),
        between: Vec::new(),
        value: Value::Scalar(plain(id)),
        beside: None,
    };
    items.entries.insert(0, entry);
}
