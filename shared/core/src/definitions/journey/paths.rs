//! Reads paths.

use super::events::event_match;
use super::scopes;
use super::steps::{self, goto};
use super::tree::{PathTree, ThenTree, Word};
use crate::condition;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::phrase::Wait;
use crate::release::Admission;
use crate::syntax::{Key, Node, Place};

/// What holds paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    WaitUntil,
    Branch,
    Split,
    Exits,
}

/// How one gets into a path.
const ADMISSIONS: [&str; 4] = ["if", "event", "after", "weight"];
/// The other keys of a path.
const OTHERS: [&str; 7] = ["path", "steps", "goto", "max", "where", "key", "baseline"];

impl Holder {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::WaitUntil => "wait_until",
            Self::Branch => "branch",
            Self::Split => "split",
            Self::Exits => "exits",
        }
    }

    const fn admissions(self) -> &'static [&'static str] {
        match self {
            Self::WaitUntil => &["if", "event", "after"],
            Self::Branch => &["if"],
            Self::Split => &["weight"],
            Self::Exits => &["if", "event"],
        }
    }
}

/// The paths of `node`.
pub(super) fn paths(node: &Node, holder: Holder, faults: &mut Faults<'_>) -> Vec<PathTree> {
    let items = reader::list(node, holder.key(), faults);
    let mut paths: Vec<PathTree> = Vec::new();
    for item in items {
        let Some(path) = path(item, holder, faults) else {
            continue;
        };
        if let Some(first) = paths.iter().find(|first| first.id.text == path.id.text) {
            let message = format!("two paths are called `{}`", path.id.text);
            let help = format!(
                "the first is on line {}: path ids are unique in their step",
                first.id.place.at.line
            );
            faults.add("E0109", path.id.place, &message, &help);
        }
        paths.push(path);
    }
    paths
}

fn path(node: &Node, holder: Holder, faults: &mut Faults<'_>) -> Option<PathTree> {
    let mut map = MapReader::new(node, format!("a path of `{}`", holder.key()), faults)?;
    let id = map.required("path", faults).and_then(|node| {
        let text = reader::id(node, "path", faults)?;
        let place = node.into();
        Some(Word { text, place })
    });
    let (admission, key) = admission(&mut map, holder, faults);
    let then = then(&mut map, holder, faults);
    map.finish(faults);
    Some(PathTree {
        id: id?,
        whole: node.into(),
        admission,
        key,
        then,
    })
}

fn admission(
    map: &mut MapReader<'_>,
    holder: Holder,
    faults: &mut Faults<'_>,
) -> (Option<Admission>, Option<Place>) {
    let found: Vec<&Key> = map
        .keys()
        .filter(|key| ADMISSIONS.contains(&key.text.as_str()))
        .collect();
    let (admission, key) = match found.as_slice() {
        // A key that nobody knows may have been meant as `if`: it is reported, and nothing is made of it.
        [] if holder == Holder::Branch => {
            let is_else = map.keys().all(|key| OTHERS.contains(&key.text.as_str()));
            (is_else.then_some(Admission::Else), None)
        }
        [] => {
            no_admission(map, holder, faults);
            (None, None)
        }
        [one] if holder.admissions().contains(&one.text.as_str()) => admit(map, &one.text, faults),
        [one] => {
            let message = format!("{} has no `{}`", map.what(), one.text);
            let help = format!("one gets in by: {}", holder.admissions().join(", "));
            faults.add("E0135", *one, &message, &help);
            (None, None)
        }
        [first, second, ..] => {
            let message = format!(
                "this path has two ways in, `{}` and `{}`",
                first.text, second.text
            );
            let help = "make two paths of it; several conditions stand together under one `if`";
            faults.add("E0135", *second, &message, help);
            (None, None)
        }
    };
    known_admissions(map, holder);
    let is_event = found.iter().any(|key| key.text == "event");
    if !is_event {
        let beside = |name: &str| ["where", "key"].into_iter().find(|known| *known == name);
        let beside = map.take_left(beside);
        // Where it is not known how one gets in, it may well be an event.
        let is_known = admission.is_some();
        for key in beside.into_iter().filter(|_| is_known) {
            let message = format!("`{}` stands beside `event` only", key.text);
            let help = "say `event: …` too, or ask with `if: { did: { event: …, where: … } }`";
            faults.add("E0112", key, &message, help);
        }
    }
    if holder != Holder::Split {
        for key in map.take_left(|name| (name == "baseline").then_some("baseline")) {
            let message = format!("{} has no `baseline`", map.what());
            faults.add(
                "E0112",
                key,
                &message,
                "`baseline` belongs to paths of `split`",
            );
        }
    }
    (admission, key)
}

/// Reports a path that one cannot get into, with the key that was meant.
fn no_admission(map: &mut MapReader<'_>, holder: Holder, faults: &mut Faults<'_>) {
    let message = format!("{} does not say how one gets in", map.what());
    let help = format!("add one of: {}", holder.admissions().join(", "));
    let mut keys = map
        .keys()
        .filter(|key| !OTHERS.contains(&key.text.as_str()));
    let meant = keys.find_map(|key| {
        let near = reader::nearest(&key.text, holder.admissions().iter().copied())?;
        Some((key, near))
    });
    match meant {
        Some((key, near)) => {
            map.take(key);
            faults.add("E0135", key, &message, &help).meant(near);
        }
        None => {
            faults.add("E0135", map.place(), &message, &help);
        }
    }
}

/// Takes every admission, so that one that does not fit is not reported twice and one that fits is named among the keys.
fn known_admissions(map: &mut MapReader<'_>, holder: Holder) {
    for key in ADMISSIONS {
        if map.peek(key).is_some() || holder.admissions().contains(&key) {
            map.optional(key);
        }
    }
}

fn admit(
    map: &mut MapReader<'_>,
    by: &str,
    faults: &mut Faults<'_>,
) -> (Option<Admission>, Option<Place>) {
    match by {
        "if" => {
            let condition = map.read("if", faults, |node, _, faults| {
                condition::condition(node, scopes::RUN, faults)
            });
            (condition.map(Box::new).map(Admission::If), None)
        }
        "event" => {
            let (on, key) = event_match(map, scopes::RUN, faults);
            (on.map(Admission::Event), key)
        }
        "after" => {
            let wait = map.read("after", faults, wait);
            (wait.map(Admission::After), None)
        }
        _ => {
            let share = map.read("weight", faults, reader::share);
            let is_baseline = map.read("baseline", faults, reader::flag).unwrap_or(false);
            let weight = share.map(|share| Admission::Weight { share, is_baseline });
            (weight, None)
        }
    }
}

fn then(map: &mut MapReader<'_>, holder: Holder, faults: &mut Faults<'_>) -> ThenTree {
    let steps = map.optional("steps");
    if holder == Holder::Exits {
        for key in map.take_left(|name| (name == "goto").then_some("goto")) {
            let help = "give it steps, or none: after an exit's path the run is over";
            faults.add(
                "E0136",
                key,
                "an exit leaves the journey and cannot go to a step of it",
                help,
            );
        }
        return steps.map_or(ThenTree::Below, |node| own_steps(node, faults));
    }
    let Some((key, node)) = map.entry("goto") else {
        return steps.map_or(ThenTree::Below, |node| own_steps(node, faults));
    };
    let max = map.optional("max");
    if let Some(steps) = steps {
        let message = "this path has `steps` and `goto`";
        let help = "make `goto` the last of the steps: `- { id: …, goto: … }`";
        faults.add("E0136", key, message, help);
        return own_steps(steps, faults);
    }
    goto(node, max, faults).map_or(ThenTree::Below, ThenTree::Goto)
}

fn own_steps(node: &Node, faults: &mut Faults<'_>) -> ThenTree {
    let steps = steps::steps(node, "steps", faults);
    if steps.is_empty() {
        ThenTree::Below
    } else {
        ThenTree::Steps(steps)
    }
}

/// Reads a wait, and notes what it names.
pub(super) fn wait(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Wait> {
    let wait = reader::phrase(node, what, faults, Wait::parse)?;
    if let Some(path) = wait.path() {
        faults.refer_path(path, node);
    }
    Some(wait)
}
