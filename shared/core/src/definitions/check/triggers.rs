//! Whether `trigger.…` has a value: what the events bring that start a journey.

use std::collections::BTreeSet;

use super::properties::is_waited_for;
use super::types::{self, Typed};
use super::world::{World, near};
use crate::definitions::files::{Kind, ReadFile};
use crate::definitions::known::BUILT_IN_EVENTS;
use crate::definitions::reader::Faults;
use crate::definitions::{Reference, Refers, project, tree};
use crate::release::{PropertyRule, ValueType};
use crate::syntax::Node;

/// Compares `trigger.…` in a journey, and in the templates of its messages, with what its triggers bring.
pub(super) fn check(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    if file.kind != Kind::Journey {
        return;
    }
    let Some(brought) = Brought::by(file, world) else {
        return;
    };
    for reference in &file.references {
        if reference.refers == Refers::TriggerProperty {
            in_journey(reference, &brought, file, world, faults);
        }
        if let Refers::Template(_) | Refers::AlertTemplate = reference.refers {
            in_template(reference, &brought, file, world, faults);
        }
    }
}

/// What the triggers of a journey bring.
struct Brought<'w> {
    events: Vec<&'w str>,
    /// Names of properties; those of a plan with their rules, one for each event.
    rules: Vec<(&'w str, &'w PropertyRule)>,
    given: BTreeSet<String>,
}

impl<'w> Brought<'w> {
    /// None where that is not known: an event that is not in the plan, or a run that is started by hand with data.
    fn by(file: &'w ReadFile, world: &'w World<'_>) -> Option<Self> {
        let triggers = tree::get(file.tree.as_ref()?, "triggers")?;
        let mut brought = Self {
            events: Vec::new(),
            rules: Vec::new(),
            given: given_to(&file.id, world),
        };
        for trigger in tree::items(triggers) {
            if tree::get(trigger, "manual").is_some() {
                return None;
            }
            let Some(event) = tree::get(trigger, "event").and_then(tree::text) else {
                continue;
            };
            if BUILT_IN_EVENTS.contains(&event) {
                return None;
            }
            let rule = world.project.events.get(event)?;
            brought.events.push(event);
            brought.rules.extend(
                rule.properties
                    .iter()
                    .map(|(name, rule)| (name.as_str(), rule)),
            );
        }
        Some(brought)
    }

    fn has(&self, name: &str) -> bool {
        self.given.contains(name) || self.rules.iter().any(|(known, _)| *known == name)
    }

    fn names(&self) -> Vec<&str> {
        let given = self.given.iter().map(String::as_str);
        given
            .chain(self.rules.iter().map(|(name, _)| *name))
            .collect()
    }

    /// The type of a property that is the same for all events that bring it.
    fn kind(&self, name: &str) -> Option<ValueType> {
        let mut kinds = self
            .rules
            .iter()
            .filter(|(known, _)| *known == name)
            .map(|(_, rule)| rule.kind);
        let first = kinds.next()?;
        (kinds.all(|kind| kind == first) && !self.given.contains(name)).then_some(first)
    }

    fn described(&self) -> String {
        match self.events.as_slice() {
            [] => "no trigger of this journey is an event".to_owned(),
            [one] => format!("`{one}` does not have it in the tracking plan"),
            several => format!("none of {} has it in the tracking plan", several.join(", ")),
        }
    }
}

/// What other journeys give to the runs of `journey` that they start.
fn given_to(journey: &str, world: &World<'_>) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    for file in world.files.iter().filter(|file| file.kind == Kind::Journey) {
        let Some(tree) = &file.tree else {
            continue;
        };
        for step in steps(tree) {
            let starts = tree::get(step, "start").and_then(tree::text);
            let data = tree::get(step, "data").filter(|_| starts == Some(journey));
            let entries = data.map_or(&[][..], project::values::entries);
            given.extend(entries.iter().map(|(key, _)| key.text.clone()));
        }
    }
    given
}

/// Every map that has an `id`, wherever it is nested.
fn steps(tree: &Node) -> Vec<&Node> {
    fn collect<'n>(node: &'n Node, all: &mut Vec<&'n Node>) {
        if tree::get(node, "id").is_some() {
            all.push(node);
        }
        for child in tree::children(node) {
            collect(child, all);
        }
    }
    let mut all = Vec::new();
    collect(tree, &mut all);
    all
}

fn in_journey(
    reference: &Reference,
    brought: &Brought<'_>,
    file: &ReadFile,
    world: &World<'_>,
    faults: &mut Faults<'_>,
) {
    let name = reference.name.split('.').next().unwrap_or_default();
    if !brought.has(name) {
        let message = format!("nothing brings `trigger.{name}`");
        let help = brought.described();
        let fault = faults.warn("W0237", reference.place, &message, &help);
        if let Some(near) = near(name, &brought.names()) {
            world.meant(fault, name, near).note(&help);
        }
        return;
    }
    let (Some(kind), Some(tree)) = (
        brought.kind(name).filter(|_| name == reference.name),
        &file.tree,
    ) else {
        return;
    };
    if let Some((_, predicate)) = tree::entry_at(tree, reference.place) {
        let typed = Typed {
            what: format!("`trigger.{name}`"),
            kind,
            one_of: &[],
        };
        types::predicate(predicate, &typed, faults);
    }
    if is_waited_for(tree, reference.place) && !types::is_time(kind) {
        let message = format!(
            "`trigger.{name}` is of type {}, not a date",
            project::values::type_name(kind)
        );
        let help = "declare it as `date` or `time` in the tracking plan, or name another property";
        faults.add("E0231", reference.place, &message, help);
    }
}

/// What a template needs must be brought by every journey that sends it.
fn in_template(
    reference: &Reference,
    brought: &Brought<'_>,
    file: &ReadFile,
    world: &World<'_>,
    faults: &mut Faults<'_>,
) {
    let Some(template) = world.file(Kind::Template, &reference.name) else {
        return;
    };
    let needs = template
        .references
        .iter()
        .filter(|needed| needed.refers == Refers::TriggerProperty);
    for needed in needs {
        let name = needed.name.split('.').next().unwrap_or_default();
        if !brought.has(name) {
            let message = format!(
                "template `{}` needs `trigger.{}`, which nothing brings to journey `{}`",
                template.id, needed.name, file.id
            );
            let help = format!("{}; without it the message is skipped", brought.described());
            faults.warn("W0237", reference.place, &message, &help);
        }
    }
}
