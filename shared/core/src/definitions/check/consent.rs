//! What marketing needs by law and by rule: a topic and a postal address.

use super::world::World;
use crate::definitions::files::{Kind, ReadFile};
use crate::definitions::reader::Faults;
use crate::definitions::{Refers, tree};
use crate::identity::Channel;
use crate::release::MessageClass;
use crate::syntax::{Place, Position};

/// Checks a template, or the messages of a journey.
pub(super) fn check(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    match file.kind {
        Kind::Template => postal_address(file, world, faults),
        Kind::Journey => topics(file, world, faults),
        Kind::Project | Kind::Segment | Kind::Score => {}
    }
}

/// Reported once, at the first template: one line of wend.yaml mends it for all.
fn postal_address(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    let is_in_need = |id: &str| {
        let template = world.template(id);
        template.is_some_and(|template| {
            template.class == MessageClass::Marketing && template.channel == Channel::Email
        })
    };
    if !world.has_project() || world.says("postal_address") || !is_in_need(&file.id) {
        return;
    }
    let mut in_need = world.ids(Kind::Template);
    in_need.retain(|id| is_in_need(id));
    if in_need.first() != Some(&file.id.as_str()) {
        return;
    }
    let class = file.tree.as_ref().and_then(|tree| tree::get(tree, "class"));
    let place = class.map_or(Position::START.into(), Place::from);
    let message = "marketing mail must carry a postal address, and wend.yaml has none";
    let help = "add to wend.yaml: `postal_address: Acme GmbH, Example Street 1, 10115 Berlin`";
    let fault = faults.add("E0213", place, message, help);
    if in_need.len() > 1 {
        fault.note(&format!("{} templates need it", in_need.len()));
    }
}

/// Every marketing message has a topic: its template's or its journey's.
fn topics(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    let has_topic = file
        .tree
        .as_ref()
        .is_none_or(|tree| tree::get(tree, "topic").is_some());
    if has_topic {
        return;
    }
    for reference in &file.references {
        let Refers::Template(_) = reference.refers else {
            continue;
        };
        let Some(template) = world.template(&reference.name) else {
            continue;
        };
        if template.class == MessageClass::Marketing && template.topic.is_none() {
            let message = format!("`{}` is marketing and has no topic", template.id);
            let topics = world.names("topics");
            let topic = topics.first().copied().unwrap_or("news");
            let help = format!(
                "add `topic: {topic}` to this journey, or to templates/{}.md",
                template.id
            );
            let fault = faults.add("E0233", reference.place, &message, &help);
            fault.note("without a topic nobody can have opted in to it");
        }
    }
}
