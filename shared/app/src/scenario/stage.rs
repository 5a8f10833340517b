//! The definitions as a case needs them: some journeys sleep, draws are pinned.

use std::collections::BTreeSet;

use wend_core::definitions::SourceFile;
use wend_core::definitions::scenario::{Case, Scenarios};
use wend_core::release::{Admission, Definition, Journey, JourneyState, Share, Verb};

/// The journeys that the file tests: those that it names, and the one that it is called after. Their drafts and rehearsals are
/// live; what is closed stays closed.
pub(super) fn tested(scenarios: &Scenarios) -> BTreeSet<&str> {
    let named = scenarios.journeys.iter().flatten();
    named
        .map(|named| named.name.as_str())
        .chain([scenarios.id.as_str()])
        .collect()
}

/// What is published when a case begins.
pub(super) fn staged(
    definitions: &[(SourceFile, Definition)],
    scenarios: &Scenarios,
    case: &Case,
) -> Vec<(SourceFile, Definition)> {
    let tested = tested(scenarios);
    let mut staged = definitions.to_vec();
    for (_, definition) in &mut staged {
        let Definition::Journey(journey) = definition else {
            continue;
        };
        if tested.contains(journey.id.as_str()) {
            if journey.state != JourneyState::Closed {
                journey.state = JourneyState::Live;
            }
        } else if scenarios.journeys.is_some() {
            journey.state = JourneyState::Closed;
        }
        pin(journey, case);
    }
    staged
}

/// What is published before a case begins, so that its contacts come into being without entering anything.
pub(super) fn without_journeys(
    definitions: &[(SourceFile, Definition)],
) -> Vec<(SourceFile, Definition)> {
    let is_kept = |definition: &Definition| !matches!(definition, Definition::Journey(_));
    let kept = definitions.iter();
    kept.filter(|(_, definition)| is_kept(definition))
        .cloned()
        .collect()
}

/// Gives the drawn path of each pinned split the whole share.
fn pin(journey: &mut Journey, case: &Case) {
    journey.holdout = match journey.holdout {
        Share(0) => Share(0),
        _ if case.holdout => Share::WHOLE,
        _ => Share(0),
    };
    for step in &mut journey.steps {
        let Some(drawn) = case.draw.get(&step.id) else {
            continue;
        };
        let Verb::Split { paths, .. } = &mut step.verb else {
            continue;
        };
        for path in paths.iter_mut() {
            let is_drawn = path.id == *drawn;
            if let Admission::Weight { share, .. } = &mut path.admission {
                *share = if is_drawn { Share::WHOLE } else { Share(0) };
            }
        }
    }
}
