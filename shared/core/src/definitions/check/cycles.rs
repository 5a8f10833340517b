//! Circles: segments that ask for themselves, journeys that start themselves.

use std::collections::BTreeSet;

use super::world::{Edges, World, journey};
use crate::definitions::files::{Kind, ReadFile};
use crate::definitions::reader::Faults;
use crate::definitions::{Reference, Refers, tree};
use crate::release::{Journey, OnError, StepIx, Then, Trigger, Verb};
use crate::syntax::{Place, Position};

/// Who leads to whom.
pub(super) struct Graphs<'f> {
    /// Segments to those that they ask for, by themselves or through a score.
    segments: Edges<'f>,
    /// Journeys to those that they start at once.
    journeys: Edges<'f>,
}

impl<'f> Graphs<'f> {
    pub(super) fn of(world: &World<'f>) -> Self {
        Self {
            segments: segment_edges(world),
            journeys: journey_edges(world),
        }
    }

    /// Reports the circles of which `file` is the first.
    pub(super) fn check(&self, file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
        match file.kind {
            Kind::Segment => segment(file, &self.segments, world, faults),
            Kind::Journey => journeys(file, &self.journeys, faults),
            Kind::Project | Kind::Score | Kind::Template => {}
        }
    }
}

/// The shortest way from `from` back to it. `from` comes first and is not repeated.
fn circle<'f>(from: &'f str, edges: &Edges<'f>) -> Option<Vec<&'f str>> {
    let mut ways = vec![vec![from]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().copied().unwrap_or_default();
            for next in edges.get(last).into_iter().flatten().copied() {
                if next == from {
                    return Some(way);
                }
                if seen.insert(next) {
                    longer.push(way.iter().copied().chain([next]).collect());
                }
            }
        }
        ways = longer;
    }
    None
}

/// `a → b → a`.
fn drawn(circle: &[&str]) -> String {
    let first = circle.first().copied().unwrap_or_default();
    let names: Vec<&str> = circle.iter().copied().chain([first]).collect();
    names.join(" → ")
}

/// Whether `id` is the one of a circle at which it is reported.
fn is_first(id: &str, circle: &[&str]) -> bool {
    circle.iter().all(|other| id <= *other)
}

/// The circle of which `id` is the one that it is reported at.
fn circle_of<'f>(id: &str, edges: &Edges<'f>) -> Option<Vec<&'f str>> {
    let (id, _) = edges.get_key_value(id)?;
    circle(id, edges).filter(|circle| is_first(id, circle))
}

fn segment_edges<'f>(world: &World<'f>) -> Edges<'f> {
    let files = world.files.iter();
    let segments = files.filter(|file| file.kind == Kind::Segment);
    let edges = segments.map(|file| {
        let references = file.references.iter();
        let asked = references.flat_map(|reference| segments_of(reference, world));
        (file.id.as_str(), asked.collect())
    });
    edges.collect()
}

fn segment(file: &ReadFile, edges: &Edges<'_>, world: &World<'_>, faults: &mut Faults<'_>) {
    let Some(circle) = circle_of(&file.id, edges) else {
        return;
    };
    let next = circle.get(1).copied().unwrap_or(file.id.as_str());
    let mut references = file.references.iter();
    let asked = references.find(|reference| segments_of(reference, world).contains(&next));
    let place = asked.map_or(Position::START.into(), |reference| reference.place);
    let message = format!("nobody can say who is in it: {}", drawn(&circle));
    let help = "write the rule out in one of them";
    faults
        .add("E0232", place, &message, help)
        .label("leads back here");
}

/// The segments that `reference` leads to: one, or those of a score.
fn segments_of<'f>(reference: &'f Reference, world: &World<'f>) -> Vec<&'f str> {
    if reference.refers == Refers::Segment {
        vec![reference.name.as_str()]
    } else if reference.refers == Refers::Score {
        segments_of_score(&reference.name, world)
    } else {
        Vec::new()
    }
}

/// The segments that the rules of a score ask for.
fn segments_of_score<'f>(score: &str, world: &World<'f>) -> Vec<&'f str> {
    let id = score.split('.').next().unwrap_or_default();
    let references = world
        .file(Kind::Score, id)
        .map_or(&[][..], |file| &file.references);
    let segments = references
        .iter()
        .filter(|reference| reference.refers == Refers::Segment);
    segments.map(|reference| reference.name.as_str()).collect()
}

fn journey_edges<'f>(world: &World<'f>) -> Edges<'f> {
    let mut listeners: Edges<'f> = Edges::new();
    let readable: Vec<&Journey> = world.files.iter().filter_map(journey).collect();
    for journey in &readable {
        for trigger in &journey.triggers {
            if let Trigger::Event { on, .. } = trigger {
                listeners.entry(&on.event).or_default().push(&journey.id);
            }
        }
    }
    let edges = readable.into_iter().map(|journey| {
        let mut next = Vec::new();
        for verb in at_once(journey) {
            if let Verb::Start { journey, .. } = verb {
                next.push(journey.as_str());
            }
            if let Verb::Emit { event, .. } = verb {
                next.extend(listeners.get(event.as_str()).into_iter().flatten());
            }
        }
        (journey.id.as_str(), next)
    });
    edges.collect()
}

fn journeys(file: &ReadFile, edges: &Edges<'_>, faults: &mut Faults<'_>) {
    let Some(circle) = circle_of(&file.id, edges) else {
        return;
    };
    let message = format!("this starts itself over and over: {}", drawn(&circle));
    let help = "put a `wait` before the step that starts it, or end the circle";
    let fault = faults.warn("W0234", place(file), &message, help);
    fault.note("at most 16 events come of one, then the rest is cut as `cascade_limit`");
}

/// The first step of `file` that starts something.
fn place(file: &ReadFile) -> Place {
    let mut found = None;
    if let Some(tree) = &file.tree {
        tree::walk(tree, &mut |key, value| {
            if found.is_none() && matches!(key.text.as_str(), "start" | "emit") {
                found = Some(Place::from(value));
            }
        });
    }
    found.unwrap_or(Position::START.into())
}

/// What the steps do that a run may come to without waiting.
fn at_once(journey: &Journey) -> Vec<&Verb> {
    let mut to_visit = vec![StepIx(0)];
    let mut seen = BTreeSet::new();
    let mut verbs = Vec::new();
    while let Some(index) = to_visit.pop() {
        let Some(step) = journey.step(index).filter(|_| seen.insert(index)) else {
            continue;
        };
        verbs.push(&step.verb);
        if let OnError::Steps(index) = step.on_error {
            to_visit.push(index);
        }
        let paths = match &step.verb {
            Verb::Wait { .. } | Verb::WaitUntil { .. } | Verb::Exit { .. } => continue,
            Verb::Goto(goto) => {
                to_visit.push(goto.step);
                &[][..]
            }
            Verb::Branch { paths } | Verb::Split { paths, .. } => paths,
            Verb::Message(_)
            | Verb::Alert { .. }
            | Verb::Webhook { .. }
            | Verb::Update(_)
            | Verb::Score(_)
            | Verb::Coupon { .. }
            | Verb::Emit { .. }
            | Verb::Start { .. }
            | Verb::Stop { .. } => &[],
        };
        to_visit.extend(paths.iter().filter_map(|path| match path.then {
            Then::Below => None,
            Then::Steps(index) => Some(index),
            Then::Goto(goto) => Some(goto.step),
        }));
        to_visit.extend(step.next);
    }
    verbs
}
