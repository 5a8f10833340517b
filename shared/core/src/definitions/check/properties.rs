//! Whether properties and attributes are what the tracking plan and `attributes` say of them.

use super::asked;
use super::types::{self, Typed};
use super::world::{World, near};
use crate::definitions::files::ReadFile;
use crate::definitions::project::values::type_name;
use crate::definitions::reader::Faults;
use crate::definitions::{Reference, Refers, tree};
use crate::release::{EventRule, ValueType};
use crate::syntax::{Node, NodeValue, Place};

/// Compares what `file` asks of properties and attributes with what they are.
pub(super) fn check(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    for reference in &file.references {
        match &reference.refers {
            Refers::Property { event } => property(reference, event, file, world, faults),
            Refers::Attribute => attribute(reference, file, world, faults),
            Refers::ChangedAttribute => changed(reference, file, world, faults),
            Refers::Template(_)
            | Refers::AlertTemplate
            | Refers::Variant { .. }
            | Refers::Event
            | Refers::EmittedEvent
            | Refers::Topic
            | Refers::Segment
            | Refers::List
            | Refers::SegmentOrList
            | Refers::Journey
            | Refers::Score
            | Refers::Team
            | Refers::Webhook
            | Refers::Coupon
            | Refers::Sender(_)
            | Refers::Environment
            | Refers::Step(_)
            | Refers::Saved
            | Refers::Var
            | Refers::TriggerProperty => {}
        }
    }
}

/// A property of an event of the tracking plan.
fn property(
    reference: &Reference,
    event: &str,
    file: &ReadFile,
    world: &World<'_>,
    faults: &mut Faults<'_>,
) {
    let Some(rule) = world.project.events.get(event) else {
        return;
    };
    let name = reference.name.as_str();
    let first = name.split('.').next().unwrap_or_default();
    let Some(found) = rule.properties.get(first) else {
        let kind = file.tree.as_ref().map_or(ValueType::Text, |tree| {
            if first == name {
                asked::kind(tree, reference.place)
            } else {
                ValueType::Map
            }
        });
        unknown_property((reference.place, first, kind), (event, rule), world, faults);
        return;
    };
    let predicate = file
        .tree
        .as_ref()
        .and_then(|tree| tree::entry_at(tree, reference.place));
    if let (Some((_, predicate)), true) = (predicate, first == name) {
        let typed = Typed {
            what: format!("`{name}` of `{event}`"),
            kind: found.kind,
            one_of: &[],
        };
        types::predicate(predicate, &typed, faults);
    }
}

fn unknown_property(
    (place, name, kind): (Place, &str, ValueType),
    (event, rule): (&str, &EventRule),
    world: &World<'_>,
    faults: &mut Faults<'_>,
) {
    let known: Vec<&str> = rule.properties.keys().map(String::as_str).collect();
    let message = format!("`{event}` has no property `{name}` in the tracking plan");
    let declare = format!(
        "if the name is right, add it in wend.yaml under `events`, `{event}`: {name}: {}",
        type_name(kind)
    );
    let fault = faults.warn("W0228", place, &message, &declare);
    if let Some(near) = near(name, &known) {
        world.meant(fault, name, near).note(&declare);
    }
}

/// An attribute that is declared.
fn attribute(reference: &Reference, file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    let Some(rule) = world.project.attributes.get(&reference.name) else {
        return;
    };
    let Some(tree) = &file.tree else {
        return;
    };
    let typed = Typed {
        what: format!("`{}`", reference.name),
        kind: rule.kind,
        one_of: &rule.one_of,
    };
    if let Some((_, predicate)) = tree::entry_at(tree, reference.place) {
        types::predicate(predicate, &typed, faults);
    }
    for (key, predicate) in changes(tree, reference.place) {
        if matches!(key, "from" | "to") {
            types::predicate(predicate, &typed, faults);
        }
    }
    if is_waited_for(tree, reference.place) && !types::is_time(rule.kind) {
        let message = format!(
            "`{}` is of type {}, not a date",
            reference.name,
            type_name(rule.kind)
        );
        let help = "declare it as `date` or `time`, or name another attribute";
        faults.add("E0231", reference.place, &message, help);
    }
}

/// What stands beside `changes: <attribute>` where that attribute stands at `place`.
fn changes(tree: &Node, place: Place) -> Vec<(&str, &Node)> {
    let triggers = tree::get(tree, "triggers").map_or(&[][..], tree::items);
    let of_trigger = |trigger: &&Node| {
        let changed = tree::get(trigger, "changes");
        changed.is_some_and(|changed| Place::from(changed) == place)
    };
    let entries = triggers
        .iter()
        .find(of_trigger)
        .map(|trigger| &trigger.value);
    match entries {
        Some(NodeValue::Map(entries)) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.text.as_str(), value));
            entries.collect()
        }
        Some(NodeValue::Scalar { .. } | NodeValue::List(_)) | None => Vec::new(),
    }
}

/// Whether a moment is expected at `place`: in a time phrase, or in a comparison with a moment.
pub(super) fn is_waited_for(tree: &Node, place: Place) -> bool {
    const MOMENTS: [&str; 6] = ["date", "wait", "after", "before", "on", "since"];
    let mut found = false;
    tree::walk(tree, &mut |key, value| {
        found |= Place::from(value) == place && MOMENTS.contains(&key.text.as_str());
    });
    found
}

/// An attribute that gets a value.
fn changed(reference: &Reference, file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    let name = reference.name.as_str();
    if world.project.computed.contains_key(name) {
        let message = format!("`{name}` is computed, it cannot be changed");
        let help = "set another attribute; what is computed follows its events";
        faults.add("E0236", reference.place, &message, help);
        return;
    }
    let Some(rule) = world.project.attributes.get(name) else {
        return;
    };
    let entry = file
        .tree
        .as_ref()
        .and_then(|tree| tree::entry_at(tree, reference.place));
    let Some((_, value)) = entry else {
        return;
    };
    if tree::text(value) == Some("now") && types::is_time(rule.kind) {
        return;
    }
    let typed = Typed {
        what: format!("`{name}`"),
        kind: rule.kind,
        one_of: &rule.one_of,
    };
    for item in tree::items(value) {
        types::literal(item, &typed, faults);
    }
}
