//! What is known of contacts and of events: attributes, what is computed, the tracking plan.

use std::collections::BTreeMap;

use super::values;
use crate::condition::{self, Scope, Where};
use crate::definitions::Refers;
use crate::definitions::known::BUILT_IN_EVENTS;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::release::{
    AttributeRule, Computed, EventRule, EventSource, Project, PropertyRule, UnknownEvents,
    ValueType,
};
use crate::syntax::{Node, NodeValue};

const UNKNOWN_EVENTS: [(&str, UnknownEvents); 3] = [
    ("accept", UnknownEvents::Accept),
    ("warn", UnknownEvents::Warn),
    ("refuse", UnknownEvents::Refuse),
];

/// The keys of `map` that this module owns.
pub(super) fn read(map: &mut MapReader<'_>, project: &mut Project, faults: &mut Faults<'_>) {
    if let Some(node) = map.optional("attributes") {
        project.attributes =
            reader::named_as(node, "attributes", faults, reader::data_name, attribute);
    }
    let computed = map.optional("computed");
    if let Some(node) = map.optional("unknown_events") {
        let choice = reader::choice(node, "unknown_events", &UNKNOWN_EVENTS, faults);
        project.unknown_events = choice.unwrap_or_default();
    }
    if let Some(node) = map.optional("events") {
        project.events = events(node, faults);
    }
    if let Some(node) = map.optional("aliases") {
        project.aliases = aliases(node, &project.events, faults);
    }
    if let Some(node) = computed {
        project.computed = computed_attributes(node, project, faults);
    }
}

fn attribute(node: &Node, _name: &str, faults: &mut Faults<'_>) -> Option<AttributeRule> {
    let mut map = MapReader::new(node, "an attribute", faults)?;
    let kind_node = map.required("type", faults);
    let one_of = map.optional("one_of");
    let personal = map.optional("personal");
    map.finish(faults);
    let kind = kind_node.and_then(|node| {
        let text = reader::text(node, "type", faults)?;
        values::value_type(text, node, faults)
    });
    let is_personal = personal.and_then(|node| reader::flag(node, "personal", faults));
    let choices = one_of.map_or_else(Vec::new, |node| values::texts(node, "one_of", faults));
    let kind = kind?;
    if let Some(one_of) = one_of
        && !has_choices(kind)
    {
        let message = "values can be listed of texts, numbers and sets only";
        faults.add("E0153", one_of, message, "remove `one_of`");
    }
    Some(AttributeRule {
        kind,
        one_of: choices.into_iter().map(|(_, text)| text).collect(),
        is_personal: is_personal.unwrap_or(false),
    })
}

const fn has_choices(kind: ValueType) -> bool {
    match kind {
        ValueType::Text
        | ValueType::Name
        | ValueType::Number
        | ValueType::Integer
        | ValueType::Set => true,
        ValueType::Money
        | ValueType::Boolean
        | ValueType::Date
        | ValueType::Time
        | ValueType::List
        | ValueType::Map
        | ValueType::Url
        | ValueType::Email
        | ValueType::Phone => false,
    }
}

fn events(node: &Node, faults: &mut Faults<'_>) -> BTreeMap<String, EventRule> {
    for (key, _) in values::entries(node) {
        if BUILT_IN_EVENTS.contains(&key.text.as_str()) {
            let message = format!("`{}` is an event of Wend's own", key.text);
            faults.add("E0250", key, &message, "remove it: it is always known");
        }
    }
    reader::named_as(node, "events", faults, values::event_name, event)
}

const SOURCES: [(&str, EventSource); 2] = [
    ("browser", EventSource::Browser),
    ("server", EventSource::Server),
];

/// The properties of an event. `from: browser` and `from: server` say who may send it; with a type behind it, `from` is a
/// property like any other: no type has either name.
fn event(node: &Node, name: &str, faults: &mut Faults<'_>) -> Option<EventRule> {
    let mut rule = EventRule::default();
    if !matches!(node.value, NodeValue::Map(_)) {
        let message = format!(
            "`{name}` takes a map of its properties, this is {}",
            node.kind()
        );
        let help = format!(
            "write `{name}: {{ order_id: text!, total: money }}`, or `{{}}` if it has none"
        );
        faults.add("E0100", node, &message, &help);
        return None;
    }
    for (key, node) in values::entries(node) {
        let Some(text) = reader::text(node, &key.text, faults) else {
            continue;
        };
        let source = SOURCES.iter().find(|(source, _)| *source == text);
        if let ("from", Some((_, source))) = (key.text.as_str(), source) {
            rule.from = Some(*source);
            continue;
        }
        let name = reader::data_name(&key.as_node(), name, faults);
        let (kind, is_required) = match text.strip_suffix('!') {
            Some(kind) => (kind, true),
            None => (text, false),
        };
        if let (Some(kind), Some(name)) = (values::value_type(kind, node, faults), name) {
            rule.properties
                .insert(name, PropertyRule { kind, is_required });
        }
    }
    Some(rule)
}

fn aliases(
    node: &Node,
    events: &BTreeMap<String, EventRule>,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, String> {
    for (key, _) in values::entries(node) {
        if events.contains_key(&key.text) {
            let message = format!("`{}` is an event of the tracking plan", key.text);
            let help = "an alias is another name; remove it here or in `events`";
            faults.add("E0251", key, &message, help);
        }
    }
    reader::named_as(
        node,
        "aliases",
        faults,
        reader::name_of,
        values::known_event,
    )
}

fn computed_attributes(
    node: &Node,
    project: &Project,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, Computed> {
    for (key, _) in values::entries(node) {
        if project.attributes.contains_key(&key.text) {
            let message = format!("`{}` is an attribute already", key.text);
            let help = "what is computed is not declared: remove it under `attributes`";
            faults.add("E0251", key, &message, help);
        }
    }
    reader::named_as(
        node,
        "computed",
        faults,
        reader::data_name,
        |node, _, faults| computed(node, &project.events, faults),
    )
}

const COMPUTATIONS: [&str; 5] = ["count", "sum", "last", "first_at", "last_at"];

fn computed(
    node: &Node,
    events: &BTreeMap<String, EventRule>,
    faults: &mut Faults<'_>,
) -> Option<Computed> {
    let mut map = MapReader::new(node, "a computed attribute", faults)?;
    let found: Vec<(&str, &Node)> = COMPUTATIONS
        .into_iter()
        .filter_map(|name| map.optional(name).map(|node| (name, node)))
        .collect();
    let (filter, keep) = (map.optional("where"), map.optional("keep"));
    map.finish(faults);
    let (name, of) = match found.as_slice() {
        [one] => *one,
        [] => {
            let help = "one of: count, sum, last, first_at, last_at";
            faults.add("E0101", node, "nothing is computed here", help);
            return None;
        }
        [_, (_, second), ..] => {
            let help = "make two attributes of it";
            faults.add(
                "E0153",
                *second,
                "one attribute is computed in one way",
                help,
            );
            return None;
        }
    };
    let allowed = match name {
        "count" | "sum" => [filter.map(|_| true), keep.map(|_| false)],
        "last" => [filter.map(|_| false), keep.map(|_| true)],
        _ => [filter.map(|_| false), keep.map(|_| false)],
    };
    for (is_allowed, (option, node)) in allowed.into_iter().zip([("where", filter), ("keep", keep)])
    {
        if let (Some(false), Some(node)) = (is_allowed, node) {
            let message = format!("`{option}` does not stand beside `{name}`");
            faults.add("E0153", node, &message, &format!("remove `{option}`"));
        }
    }
    computation(name, of, filter, keep, events, faults)
}

fn computation(
    name: &str,
    of: &Node,
    filter: Option<&Node>,
    keep: Option<&Node>,
    events: &BTreeMap<String, EventRule>,
    faults: &mut Faults<'_>,
) -> Option<Computed> {
    if name == "sum" {
        let (event, property) = summed(of, events, faults)?;
        let filter = filter.map(|node| constant_filter(node, &event, faults));
        return Some(Computed::Sum {
            event,
            property,
            filter: filter.flatten(),
        });
    }
    let event = values::known_event(of, name, faults);
    Some(match name {
        "count" => {
            let event = event?;
            let filter = filter.map(|node| constant_filter(node, &event, faults));
            Computed::Count {
                event,
                filter: filter.flatten(),
            }
        }
        "first_at" => Computed::FirstAt { event: event? },
        "last_at" => Computed::LastAt { event: event? },
        _ => {
            let Some(keep) = keep else {
                let help = "add `keep: [ … ]`: the properties that are kept";
                faults.add("E0101", of, "`last` needs `keep`", help);
                return None;
            };
            let event = event?;
            let keep = kept(keep, &event, faults);
            Computed::Last { event, keep }
        }
    })
}

/// The properties that are kept of the last `event`.
fn kept(node: &Node, event: &str, faults: &mut Faults<'_>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for item in reader::list(node, "keep", faults) {
        let Some(name) = reader::data_name(item, "keep", faults) else {
            continue;
        };
        if kept.contains(&name) {
            values::twice(item, &name, "keep", faults);
            continue;
        }
        let event = event.to_owned();
        faults.refer(Refers::Property { event }, name.as_str(), item);
        kept.push(name);
    }
    kept
}

/// `order_completed.total`. The event is the longest name of the tracking plan that stands there; without one, what
/// stands before the first dot.
fn summed(
    node: &Node,
    events: &BTreeMap<String, EventRule>,
    faults: &mut Faults<'_>,
) -> Option<(String, crate::path::Path)> {
    let text = reader::text(node, "sum", faults)?;
    let declared = events.keys().filter_map(|event| {
        let property = text.strip_prefix(event.as_str())?.strip_prefix('.')?;
        Some((event.as_str(), property))
    });
    let longest = declared.max_by_key(|(event, _)| event.len());
    let found = longest.or_else(|| text.split_once('.'));
    let Some((event, property)) = found.filter(|(event, _)| values::is_event_name(event)) else {
        let message = format!("`{text}` is not a property of an event");
        faults.add(
            "E0152",
            node,
            &message,
            "for example `sum: order_completed.total`",
        );
        return None;
    };
    let property = values::property(node, property, faults)?;
    faults.refer(Refers::Event, event, node);
    let refers = Refers::Property {
        event: event.to_owned(),
    };
    faults.refer(refers, property.dotted(), node);
    Some((event.to_owned(), property))
}

/// What a computed attribute can look at: what is written, for events are added up as they come in.
const CONSTANTS: Scope = Scope {
    roots: &[],
    messages: false,
    facts: false,
    why: "compare with what is written here: events are added up as they come in",
};

fn constant_filter(node: &Node, event: &str, faults: &mut Faults<'_>) -> Option<Where> {
    let filter = condition::filter(node, Some(event), CONSTANTS, faults)?;
    let is_timed = condition::reads_of_where(&filter).is_timed;
    if is_timed {
        let message = "the `where` of a computed attribute cannot look at the clock";
        faults.add("E0166", node, message, CONSTANTS.why);
    }
    (!is_timed).then_some(filter)
}
