//! Reads values that a definition gives: typed by the core rules of YAML 1.2, taken strictly.

use serde_json::Value;

use super::{Faults, MapReader, name_of, named_as, nearest, text};
use crate::path::{Path, Root};
use crate::release::{Given, GivenMap};
use crate::syntax::{Node, NodeValue};

/// What the values of a place can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenScope {
    /// Roots that `same_as` may name.
    pub(crate) roots: &'static [Root],
    /// Whether a plain `now` is the present moment.
    pub(crate) has_now: bool,
}

/// Longest text that a definition gives, in characters.
const TEXT_CHARS_MAX: usize = 10_000;

/// A map from names to values; `{ same_as: path }` is the value of a path.
pub(crate) fn given_map(
    node: &Node,
    what: &str,
    scope: GivenScope,
    faults: &mut Faults<'_>,
) -> GivenMap {
    named_as(node, what, faults, name_of, |node, name, faults| {
        given(node, name, scope, faults)
    })
}

fn given(node: &Node, what: &str, scope: GivenScope, faults: &mut Faults<'_>) -> Option<Given> {
    match &node.value {
        NodeValue::Scalar {
            text,
            is_plain: true,
        } if scope.has_now && text == "now" => Some(Given::Now),
        NodeValue::Map(entries) if entries.iter().any(|(key, _)| key.text == "same_as") => {
            let mut map = MapReader::new(node, format!("the value of `{what}`"), faults)?;
            let path = map.optional("same_as");
            map.finish(faults);
            path.and_then(|node| given_path(node, scope, faults))
                .map(Given::SameAs)
        }
        NodeValue::Scalar { .. } | NodeValue::List(_) | NodeValue::Map(_) => {
            tree_value(node, what, faults).map(Given::Value)
        }
    }
}

/// The path in `node`, whose root must have values here.
fn given_path(node: &Node, scope: GivenScope, faults: &mut Faults<'_>) -> Option<Path> {
    let text = text(node, "same_as", faults)?;
    let known: Vec<&str> = scope.roots.iter().map(|root| root.name()).collect();
    let path = text.parse::<Path>().ok();
    let path = path.filter(|path| scope.roots.contains(&path.root()));
    let Some(path) = path else {
        let message = format!("`{text}` is no path that has a value here");
        let help = format!("a path begins with one of: {}.", known.join("., "));
        let root = text.split('.').next().unwrap_or_default();
        let near = nearest(root, known.into_iter()).map(|near| text.replacen(root, near, 1));
        let fault = faults.add("E0163", node, &message, &help);
        if let Some(near) = near.filter(|near| near != text) {
            fault.meant(&near);
        }
        return None;
    };
    faults.refer_path(&path, node);
    Some(path)
}

/// The JSON value of a tree.
fn tree_value(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Value> {
    match &node.value {
        NodeValue::Scalar { text, is_plain } => {
            if text.chars().nth(TEXT_CHARS_MAX).is_some() {
                let message = format!("`{what}` has more than {TEXT_CHARS_MAX} characters");
                faults.add("E0115", node, &message, "long texts belong in a template");
                return None;
            }
            Some(scalar_value(text, *is_plain))
        }
        NodeValue::List(items) => {
            let items = items.iter().map(|item| tree_value(item, what, faults));
            items.collect::<Option<Vec<Value>>>().map(Value::Array)
        }
        NodeValue::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let value = tree_value(value, &key.text, faults)?;
                Some((key.text.clone(), value))
            });
            entries.collect::<Option<_>>().map(Value::Object)
        }
    }
}

/// The JSON value of a scalar: what is plain and written like a JSON number, `true`, `false` or `null` is that; all else is
/// text, so that `01234`, `+49…`, `0x10` and `yes` stay as they are written.
pub(crate) fn scalar_value(text: &str, is_plain: bool) -> Value {
    let as_text = || Value::String(text.to_owned());
    if !is_plain {
        return as_text();
    }
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" | "~" | "" => Value::Null,
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && text.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            let number = serde_json::from_str::<serde_json::Number>(text);
            number.map_or_else(|_| as_text(), Value::Number)
        }
        _ => as_text(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_typed_strictly() {
        for (text, value) in [
            ("12", json!(12)),
            ("-3.5", json!(-3.5)),
            ("1e3", json!(1e3)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("01234", json!("01234")),
            ("+49155", json!("+49155")),
            ("0x10", json!("0x10")),
            ("1.", json!("1.")),
            ("-", json!("-")),
            ("- 1", json!("- 1")),
            ("1 ", json!("1 ")),
            ("yes", json!("yes")),
            ("True", json!("True")),
            ("2027-03-18", json!("2027-03-18")),
        ] {
            assert_eq!(scalar_value(text, true), value, "{text}");
            assert_eq!(scalar_value(text, false), json!(text), "{text}");
        }
    }

    #[test]
    fn values_are_trees_paths_or_now() {
        let scope = GivenScope {
            roots: &[Root::Contact, Root::Trigger],
            has_now: true,
        };
        let text = "{ a: { same_as: trigger.x }, b: now, c: \"now\", d: [ 1, { e: x } ], f: { same_as: data.x }, \
            g: { same_as: contcat.x } }";
        let root = crate::syntax::parse("f", text).unwrap();
        let mut faults = Faults::new("f");
        let map = given_map(&root, "data", scope, &mut faults);
        assert_eq!(
            map.get("a"),
            Some(&Given::SameAs("trigger.x".parse().unwrap()))
        );
        assert_eq!(map.get("b"), Some(&Given::Now));
        assert_eq!(map.get("c"), Some(&Given::Value(json!("now"))));
        assert_eq!(map.get("d"), Some(&Given::Value(json!([1, {"e": "x"}]))));
        let found: Vec<_> = faults
            .found
            .iter()
            .map(|f| (f.code, f.help.as_deref()))
            .collect();
        let roots = "a path begins with one of: contact., trigger.";
        let near = "did you mean `contact.x`?";
        assert_eq!(found, [("E0163", Some(roots)), ("E0163", Some(near))]);
    }
}
