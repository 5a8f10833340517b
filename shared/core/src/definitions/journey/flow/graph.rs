//! Steps that nobody comes to, and loops that take no time.

use super::{Whole, goto_of, place_of};
use crate::definitions::journey::header::roots;
use crate::definitions::journey::tree::{StepTree, VerbTree, Word};
use crate::definitions::reader::Faults;
use crate::release::{Goto, Removed, Step, StepIx, Then, Verb};

pub(super) fn check(whole: &Whole<'_>, trees: &[&StepTree], faults: &mut Faults<'_>) {
    let steps = &whole.laid.steps;
    unreached(whole, trees, faults);
    for (place, (tree, laid)) in trees.iter().zip(steps).enumerate() {
        let Ok(own) = u16::try_from(place).map(StepIx) else {
            continue;
        };
        for (word, goto) in gotos(tree, laid) {
            if goto.step <= own && is_hasty(steps, goto.step, own) {
                let message = format!("from `{}` back to here no time passes", word.text);
                let help = "put a `wait` between them, for example `{ id: pause, wait: 1 day }`";
                faults.add("E0175", word.place, &message, help);
            }
        }
    }
}

/// Where a step goes to, as written and as laid out. What could not be found is left out.
fn gotos<'t>(tree: &'t StepTree, laid: &Step) -> Vec<(&'t Word, Goto)> {
    let (VerbTree::Goto(written), Verb::Goto(goto)) = (&tree.verb, &laid.verb) else {
        let (Verb::WaitUntil { paths } | Verb::Branch { paths } | Verb::Split { paths, .. }) =
            &laid.verb
        else {
            return Vec::new();
        };
        let paths = tree.verb.paths().iter().zip(paths);
        let of_paths = paths.filter_map(|(written, path)| match path.then {
            Then::Goto(goto) => Some((goto_of(&written.then)?, goto)),
            Then::Below | Then::Steps(_) => None,
        });
        return of_paths.collect();
    };
    vec![(&written.step, *goto)]
}

fn step(steps: &[Step], index: StepIx) -> Option<&Step> {
    steps.get(usize::from(index.0))
}

/// Whether a run can come from `from` to `to` through steps that take no time.
fn is_hasty(steps: &[Step], from: StepIx, to: StepIx) -> bool {
    let mut seen = vec![false; steps.len()];
    let mut open = vec![from];
    while let Some(index) = open.pop() {
        let Some((found, seen)) = step(steps, index).zip(seen.get_mut(usize::from(index.0))) else {
            continue;
        };
        let takes_time = matches!(found.verb, Verb::Wait { .. } | Verb::WaitUntil { .. });
        if *seen || takes_time {
            continue;
        }
        *seen = true;
        if index == to {
            return true;
        }
        open.extend(found.leads_to());
    }
    false
}

/// Reports the first step of each tail that nobody comes to.
fn unreached(whole: &Whole<'_>, trees: &[&StepTree], faults: &mut Faults<'_>) {
    let steps = &whole.laid.steps;
    let reached = reached(whole);
    let is_reached = |index: usize| reached.get(index).copied().unwrap_or(true);
    let mut befores = Vec::new();
    for list in roots(whole.main, whole.exits) {
        before(list, &mut befores);
    }
    for (index, (tree, before)) in trees.iter().zip(befores).enumerate() {
        let Some(before) = before.filter(|_| !is_reached(index)) else {
            continue;
        };
        let position = trees
            .iter()
            .position(|tree| tree.id.place == before.id.place);
        if position.is_none_or(|position| !is_reached(position)) {
            continue;
        }
        let why = position.and_then(|position| steps.get(position)).map(why);
        let message = format!(
            "nobody comes to `{}`: {}",
            tree.id.text,
            why.unwrap_or_default()
        );
        let help = "remove it, or move it up";
        let line = place_of(Some(&before)).at.line;
        faults
            .add("E0173", tree.id.place, &message, help)
            .note(&format!("`{}` stands on line {line}", before.id.text));
    }
}

/// Why nobody comes to what stands below `step`.
fn why(step: &Step) -> String {
    let id = &step.id;
    if let Verb::Exit { .. } = step.verb {
        format!("`{id}` ends the run")
    } else if let Verb::Goto(_) = step.verb {
        format!("`{id}` goes elsewhere")
    } else {
        format!("every path of `{id}` leaves")
    }
}

/// For each step in the order of the layout, the step before it in its list.
fn before<'t>(list: &'t [StepTree], befores: &mut Vec<Option<&'t StepTree>>) {
    let mut previous = None;
    for tree in list {
        befores.push(previous);
        for below in tree.lists() {
            before(below, befores);
        }
        previous = Some(tree);
    }
}

/// Which steps a run can be at.
fn reached(whole: &Whole<'_>) -> Vec<bool> {
    let steps = &whole.laid.steps;
    let mut reached = vec![false; steps.len()];
    let mut open: Vec<StepIx> = whole.main.first().map(|_| StepIx(0)).into_iter().collect();
    for exit in &whole.laid.exits {
        if let Then::Steps(first) = exit.then {
            open.push(first);
        }
    }
    for removed in whole.laid.removed.values() {
        if let Removed::Step(step) = removed {
            open.push(*step);
        }
    }
    while let Some(index) = open.pop() {
        if let Some((found, reached)) =
            step(steps, index).zip(reached.get_mut(usize::from(index.0)))
            && !*reached
        {
            *reached = true;
            open.extend(found.leads_to());
        }
    }
    reached
}
