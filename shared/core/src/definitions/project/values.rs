//! Small values of `wend.yaml` and of other heads: event names, secrets, types, paths.

use crate::definitions::reader::{self, Faults};
use crate::definitions::{Refers, tree};
use crate::identity::Channel;
use crate::path::{Path, Root};
use crate::release::ValueType;
use crate::syntax::{Key, Node, NodeValue, Place};

/// Longest event name, in characters: sources write sentences.
const EVENT_CHARS_MAX: usize = 128;

/// Whether `text` can name an event: `[A-Za-z][A-Za-z0-9_ .-]*`, at most 128 characters, no blank at its end.
pub(in crate::definitions) fn is_event_name(text: &str) -> bool {
    text.len() <= EVENT_CHARS_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_ .-".contains(&b))
}

/// `node` as the name of an event, taken exactly.
pub(in crate::definitions) fn event_name(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let text = reader::text(node, what, faults)?;
    let is_name = is_event_name(text);
    if !is_name {
        let message = format!("`{text}` is not the name of an event");
        let help = "letters, digits, `_`, `-`, `.` and blanks, a letter first, at most 128; a source that sends others \
            gets an entry in `aliases`";
        faults.add("E0155", node, &message, help);
    }
    is_name.then(|| text.to_owned())
}

/// `node` as the name of an event that is listened to or counted.
pub(in crate::definitions) fn known_event(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let name = event_name(node, what, faults)?;
    faults.refer(Refers::Event, name.as_str(), node);
    Some(name)
}

/// The entries of the map `node`; none, without a fault, where it is no map.
pub(in crate::definitions) fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        NodeValue::Map(entries) => entries,
        NodeValue::Scalar { .. } | NodeValue::List(_) => &[],
    }
}

/// The texts of a list, each once, with their places.
pub(in crate::definitions) fn texts(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
) -> Vec<(Place, String)> {
    let mut all: Vec<(Place, String)> = Vec::new();
    for item in reader::list(node, what, faults) {
        let Some(text) = reader::text(item, what, faults) else {
            continue;
        };
        if all.iter().any(|(_, known)| known == text) {
            twice(item, text, what, faults);
            continue;
        }
        all.push((item.into(), text.to_owned()));
    }
    all
}

/// Reports that `text` stands a second time.
pub(in crate::definitions) fn twice(node: &Node, text: &str, what: &str, faults: &mut Faults<'_>) {
    let message = format!("`{text}` stands twice in `{what}`");
    faults.add("E0156", node, &message, "keep one of them");
}

/// The name of the secret in `secret/<name>`: what is secret stands in no file.
pub(in crate::definitions) fn secret(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let text = reader::text(node, what, faults)?;
    let name = text
        .strip_prefix("secret/")
        .filter(|name| reader::is_id(name));
    if name.is_none() {
        // The text is not repeated: it may be the secret itself.
        let message = format!("`{what}` names a secret, it does not hold it");
        let help = format!(
            "write `{what}: secret/<name>`, the name in lower-case letters, digits and `-`"
        );
        faults.add("E0158", node, &message, &help);
    }
    name.map(str::to_owned)
}

/// All channels, with their names.
pub(in crate::definitions) const CHANNELS: [(&str, Channel); 2] =
    [("email", Channel::Email), ("sms", Channel::Sms)];

/// All value types, with their names.
pub(in crate::definitions) const VALUE_TYPES: [(&str, ValueType); 14] = [
    ("text", ValueType::Text),
    ("name", ValueType::Name),
    ("number", ValueType::Number),
    ("integer", ValueType::Integer),
    ("money", ValueType::Money),
    ("boolean", ValueType::Boolean),
    ("date", ValueType::Date),
    ("time", ValueType::Time),
    ("set", ValueType::Set),
    ("list", ValueType::List),
    ("map", ValueType::Map),
    ("url", ValueType::Url),
    ("email", ValueType::Email),
    ("phone", ValueType::Phone),
];

/// The name of a value type.
pub(in crate::definitions) fn type_name(kind: ValueType) -> &'static str {
    let found = VALUE_TYPES.iter().find(|(_, known)| *known == kind);
    found.map_or("text", |(name, _)| name)
}

/// The value type called `text`; `node` says it, with `!` behind it where there must be a value.
pub(in crate::definitions) fn value_type(
    text: &str,
    node: &Node,
    faults: &mut Faults<'_>,
) -> Option<ValueType> {
    let found = VALUE_TYPES.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let names = || VALUE_TYPES.iter().map(|(name, _)| *name);
        let help = format!("one of: {}", names().collect::<Vec<_>>().join(", "));
        let message = format!("`{text}` is not a type");
        let is_required = tree::text(node).is_some_and(|text| text.ends_with('!'));
        let fault = faults.add("E0159", node, &message, &help);
        if let Some(near) = reader::nearest(text, names()) {
            fault.meant(&format!("{near}{}", if is_required { "!" } else { "" }));
        }
    }
    found.map(|(_, kind)| *kind)
}

/// The property called `text` of the event at hand.
pub(in crate::definitions) fn property(
    node: &Node,
    text: &str,
    faults: &mut Faults<'_>,
) -> Option<Path> {
    let path = Path::below(Root::Event, text);
    path.map_err(|error| {
        faults.add("E0165", node, &error.to_string(), &error.help);
    })
    .ok()
}

/// The path that stands in `node`; its root must be one of `roots`. Who calls it says what it refers to.
pub(in crate::definitions) fn path(
    node: &Node,
    what: &str,
    roots: &[Root],
    faults: &mut Faults<'_>,
) -> Option<Path> {
    let text = reader::text(node, what, faults)?;
    let known: Vec<&str> = roots.iter().map(|root| root.name()).collect();
    let help = format!("a path here begins with one of: {}.", known.join("., "));
    let path = text
        .parse::<Path>()
        .ok()
        .filter(|path| roots.contains(&path.root()));
    let Some(path) = path else {
        let message = format!("`{text}` is no path that has a value here");
        faults.add("E0163", node, &message, &help);
        return None;
    };
    Some(path)
}
