//! What the steps of a journey can and cannot do: dead ends, loops, waits without end.

mod graph;
mod held;

use super::header::Header;
use super::layout::Laid;
use super::names;
use super::tree::{PathTree, StepTree, ThenTree, VerbTree, Word};
use crate::condition::{Condition, Leaf, Path, Root, contradiction};
use crate::definitions::reader::Faults;
use crate::phrase::{Span, Unit, Wait};
use crate::release::{Admission, EventMatch, Trigger};
use crate::syntax::Place;

/// A whole journey: as written and as laid out.
#[derive(Clone, Copy)]
pub(super) struct Whole<'t> {
    pub(super) header: &'t Header,
    pub(super) main: &'t [StepTree],
    pub(super) exits: &'t [PathTree],
    pub(super) laid: &'t Laid,
}

pub(super) fn check(whole: &Whole<'_>, faults: &mut Faults<'_>) {
    let steps = names::all(whole.main, whole.exits);
    for step in &steps {
        held::check(step, whole.header.goal.is_some(), faults);
    }
    // Without steps, or with too many, there is no graph.
    if steps.len() == whole.laid.steps.len() {
        graph::check(whole, &steps, faults);
    }
    keys(whole, &steps, faults);
    durations(whole.header, &steps, faults);
    entries(whole.header, faults);
}

/// `key` beside `event` is the run's key: some trigger must give it one.
fn keys(whole: &Whole<'_>, steps: &[&StepTree], faults: &mut Faults<'_>) {
    let has_key = |on: &EventMatch| on.key.is_some();
    let gives_key = whole
        .header
        .triggers
        .iter()
        .any(|tree| match &tree.trigger {
            Trigger::Event { on, .. } => has_key(on),
            Trigger::Member { .. }
            | Trigger::Subscribes { .. }
            | Trigger::Changes { .. }
            | Trigger::Schedule { .. }
            | Trigger::Date { .. }
            | Trigger::Manual => false,
        });
    if gives_key {
        return;
    }
    let of_paths = steps
        .iter()
        .flat_map(|step| step.verb.paths())
        .chain(whole.exits);
    let of_goal = whole.header.goal.as_ref().and_then(|goal| goal.key);
    for place in of_paths.filter_map(|path| path.key).chain(of_goal) {
        let message = "the runs of this journey have no key to compare with";
        let help = "give the trigger a `key` too, or take this one away";
        faults.add("E0187", place, message, help);
    }
}

/// How long a span is about, in seconds: enough to tell days from months.
fn about_secs(span: Span) -> u64 {
    const DAY: u64 = 86_400;
    match span {
        Span::Exact(exact) => exact.duration().as_secs(),
        Span::Calendar(calendar) => {
            let unit = match calendar.unit() {
                Unit::Day | Unit::BusinessDay => DAY,
                Unit::Week => 7 * DAY,
                Unit::Month => 30 * DAY,
                Unit::Year => 365 * DAY,
            };
            u64::from(calendar.count()) * unit
        }
    }
}

/// The time that a wait is long, where it is written.
const fn length(wait: &Wait) -> Option<Span> {
    match wait {
        Wait::Exact(exact) => Some(Span::Exact(*exact)),
        Wait::Calendar { days, .. } => Some(Span::Calendar(*days)),
        Wait::Clock { .. } | Wait::Fixed(_) | Wait::Date(_) => None,
    }
}

/// What is longer than a run can live.
fn durations(header: &Header, steps: &[&StepTree], faults: &mut Faults<'_>) {
    let most = header.max_duration.map_or(365 * 86_400, about_secs);
    let help = "raise `max_duration`, which is 1 year where nothing is said";
    if let Some(goal) = &header.goal
        && goal
            .goal
            .within
            .is_some_and(|within| about_secs(within) > most)
    {
        let message = "the goal counts for longer than a run lives";
        faults.warn("W0102", goal.within, message, help);
    }
    for step in steps {
        let of_step = match &step.verb {
            VerbTree::Wait(wait, _) => Some((wait, step.verb_place)),
            VerbTree::Unknown
            | VerbTree::Plain(_)
            | VerbTree::WaitUntil(_)
            | VerbTree::Branch(_)
            | VerbTree::Split { .. }
            | VerbTree::Goto(_) => None,
        };
        let of_paths = step
            .verb
            .paths()
            .iter()
            .filter_map(|path| match &path.admission {
                Some(Admission::After(wait)) => Some((wait, path.id.place)),
                Some(
                    Admission::If(_)
                    | Admission::Event(_)
                    | Admission::Weight { .. }
                    | Admission::Else,
                )
                | None => None,
            });
        for (wait, place) in of_step.into_iter().chain(of_paths) {
            if length(wait).is_some_and(|length| about_secs(length) > most) {
                let message = format!("`{wait}` is longer than a run lives");
                faults.warn("W0103", place, &message, help);
            }
        }
    }
}

/// Triggers whose events never pass `entry_if`.
fn entries(header: &Header, faults: &mut Faults<'_>) {
    let Some(entry_if) = &header.entry_if else {
        return;
    };
    if contradiction(entry_if).is_some() {
        return;
    }
    for tree in &header.triggers {
        let Trigger::Event { on, .. } = &tree.trigger else {
            continue;
        };
        let Some(filter) = &on.filter else {
            continue;
        };
        let of_trigger = filter.0.iter().filter_map(|(path, tests)| {
            let path = Path::below(Root::Trigger, &path.dotted()).ok()?;
            let tests = tests.clone();
            Some(Condition::Leaf(Leaf::Value { path, tests }))
        });
        let all = of_trigger.chain([entry_if.clone()]).collect();
        if let Some(why) = contradiction(&Condition::All(all)) {
            let message = format!("whoever comes by this trigger never passes `entry_if`: {why}");
            let help = "change one of them, or remove the trigger";
            let line = header.entry_place.at.line;
            faults
                .add("E0180", tree.place, &message, help)
                .note(&format!("`entry_if` stands on line {line}"));
        }
    }
}

/// Where a path or step goes to, as written.
fn goto_of(then: &ThenTree) -> Option<&Word> {
    match then {
        ThenTree::Goto(goto) => Some(&goto.step),
        ThenTree::Below | ThenTree::Steps(_) => None,
    }
}

/// The place of `step`'s id.
fn place_of(step: Option<&&StepTree>) -> Place {
    step.map(|step| step.id.place).unwrap_or_default()
}
