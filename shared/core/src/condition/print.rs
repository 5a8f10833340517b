//! Prints a condition in its one canonical form: flow style on one line, as `wend fmt` writes short maps.

use std::fmt::Write as _;

use super::{Condition, Did, DidTotal, Leaf, Now, Test, Where};

/// The canonical text of `condition`. Reading it gives the same condition.
pub fn to_yaml(condition: &Condition) -> String {
    match condition {
        Condition::All(all) => {
            let entries: Vec<(String, String)> = all.iter().map(entry).collect();
            let is_map = entries.iter().enumerate().all(|(place, (key, _))| {
                let earlier = entries.iter().take(place);
                key != "all" && earlier.clone().all(|(other, _)| other != key)
            });
            if is_map {
                map(entries)
            } else {
                map([("all".to_owned(), list(all.iter().map(to_yaml)))])
            }
        }
        Condition::Any(_) | Condition::Not(_) | Condition::Leaf(_) => map([entry(condition)]),
    }
}

/// The canonical text of a `where`.
pub fn where_to_yaml(filter: &Where) -> String {
    map(filter
        .0
        .iter()
        .map(|(path, tests)| (text(&path.dotted()), predicate(tests))))
}

/// The condition as one key and its value.
fn entry(condition: &Condition) -> (String, String) {
    match condition {
        Condition::All(all) => ("all".to_owned(), list(all.iter().map(to_yaml))),
        Condition::Any(any) => ("any".to_owned(), list(any.iter().map(to_yaml))),
        Condition::Not(not) => ("not".to_owned(), to_yaml(not)),
        Condition::Leaf(leaf) => leaf_entry(leaf),
    }
}

fn leaf_entry(leaf: &Leaf) -> (String, String) {
    match leaf {
        Leaf::Value { path, tests } => (text(&path.to_string()), predicate(tests)),
        Leaf::Message { state, steps } => (state.key().to_owned(), one_or_list(steps)),
        Leaf::Did(did) => ("did".to_owned(), did_text(did)),
        Leaf::Subscribed(topic) => ("subscribed".to_owned(), topic.to_string()),
        Leaf::In { kind, id } => (kind.key().to_owned(), id.clone()),
        Leaf::Now(tests) => {
            let tests = tests.iter().map(now_text);
            let value = map(tests.map(|(key, value)| (key.to_owned(), value)));
            ("now".to_owned(), value)
        }
    }
}

fn did_text(did: &Did) -> String {
    let mut entries = vec![("event", text(&did.event))];
    entries.extend(
        did.filter
            .iter()
            .map(|filter| ("where", where_to_yaml(filter))),
    );
    entries.extend(
        did.within
            .iter()
            .map(|within| ("within", within.to_string())),
    );
    entries.extend(
        did.since
            .iter()
            .map(|since| ("since", text(&since.to_string()))),
    );
    if let DidTotal::Sum(path) = &did.total {
        entries.push(("sum", text(&path.dotted())));
    }
    entries.extend(
        did.at_least
            .iter()
            .map(|least| ("at_least", least.to_string())),
    );
    entries.extend(did.at_most.iter().map(|most| ("at_most", most.to_string())));
    match entries.as_slice() {
        [(_, event)] => event.clone(),
        _ => map(entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))),
    }
}

/// The key and the value of a statement about the present.
pub(super) fn now_text(test: &Now) -> (&'static str, String) {
    match test {
        Now::Before(when) => ("before", text(&when.to_string())),
        Now::After(when) => ("after", text(&when.to_string())),
        Now::On(when) => ("on", text(&when.to_string())),
        Now::Between(from, to) => {
            let both = [from, to].map(|when| text(&when.to_string()));
            ("between", list(both.into_iter()))
        }
    }
}

/// The tests of one value: short where one can be, else a map of operators.
fn predicate(tests: &[Test]) -> String {
    match tests {
        [Test::Is(literal)] => text(literal),
        [Test::OneOf(literals)] => list(literals.iter().map(|one| text(one))),
        _ => map(tests
            .iter()
            .map(|test| (test.key().to_owned(), wanted_text(test)))),
    }
}

/// What stands behind the operator of a test.
pub(super) fn wanted_text(test: &Test) -> String {
    match test {
        Test::Is(one)
        | Test::Has(one)
        | Test::HasNot(one)
        | Test::Contains(one)
        | Test::StartsWith(one)
        | Test::EndsWith(one) => text(one),
        Test::OneOf(some) => list(some.iter().map(|one| text(one))),
        Test::IsNot(some) => one_or_list(some),
        Test::Gt(number) | Test::Gte(number) | Test::Lt(number) | Test::Lte(number) => {
            number.to_string()
        }
        Test::Between(from, to) => list([from.to_string(), to.to_string()].into_iter()),
        Test::BetweenTimes(from, to) => {
            list([from, to].map(|when| text(&when.to_string())).into_iter())
        }
        Test::Matches(pattern) => text(&pattern.to_string()),
        Test::Exists(wanted) => wanted.to_string(),
        Test::SameAs(path) => text(&path.to_string()),
        Test::Within(lapse) | Test::OlderThan(lapse) | Test::InNext(lapse) => lapse.to_string(),
        Test::Before(when) | Test::After(when) => text(&when.to_string()),
    }
}

fn one_or_list(some: &[String]) -> String {
    match some {
        [one] => text(one),
        _ => list(some.iter().map(|one| text(one))),
    }
}

fn map(entries: impl IntoIterator<Item = (String, String)>) -> String {
    let lines = entries
        .into_iter()
        .map(|(key, value)| format!("{key}: {value}"));
    format!("{{ {} }}", lines.collect::<Vec<_>>().join(", "))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[ {} ]", items.collect::<Vec<_>>().join(", "))
}

/// Words that a YAML 1.1 tool takes for something else, and `null`, which is no value here.
const MISREAD: [&str; 9] = ["null", "~", "yes", "no", "on", "off", "y", "n", ""];

/// A scalar: plain where every YAML reader takes it for this text, else in double quotes.
fn text(text: &str) -> String {
    let first_is_safe = text.starts_with(|c: char| c.is_alphanumeric() || c == '/' || c == '.');
    let last_is_safe = text.ends_with(|c: char| c.is_alphanumeric() || ".-_/%+".contains(c));
    let is_safe = |c: char| c.is_alphanumeric() || "._-/@+% ".contains(c);
    // A clock time inside a date is read the same by all; elsewhere a colon can begin a value.
    let is_time = text.starts_with("20") && text.chars().all(|c| is_safe(c) || c == ':');
    let has_octal_look = text.starts_with('0') && text.len() > 1 && !text.contains('.');
    let is_plain = first_is_safe
        && last_is_safe
        && (is_time || text.chars().all(is_safe))
        && !has_octal_look
        && !text.contains("  ")
        && !MISREAD.contains(&text.to_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() || !is_printable(c) => {
                // Writing to a text does not fail.
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Line breaks and marks beyond ASCII that YAML readers fold or strip.
fn is_printable(c: char) -> bool {
    !matches!(
        c,
        '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}
