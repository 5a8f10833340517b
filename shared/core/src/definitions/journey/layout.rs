//! Lays the tree out in one list: every step gets its index and the place where life goes on after it.

use std::collections::BTreeMap;

use super::header::Header;
use super::names;
use super::tree::{ErrorTree, GotoTree, IfPastTree, PathTree, StepTree, ThenTree, VerbTree, Word};
use super::verbs::placeholder;
use crate::definitions::reader::Faults;
use crate::release::{
    Admission, Goto, IfPast, JourneyPath, OnError, Removed, Share, Step, StepIx, Then, Verb,
};

/// Most steps of a journey: more than anybody oversees, and few enough for every check.
const STEPS_MAX: usize = 1000;

/// The steps and exits of a journey. A step or goto that could not be read is something that goes on below it.
#[derive(Default)]
pub(super) struct Laid {
    pub(super) steps: Vec<Step>,
    pub(super) exits: Vec<JourneyPath>,
    pub(super) removed: BTreeMap<String, Removed>,
}

pub(super) fn lay_out(
    main: &[StepTree],
    exits: &[PathTree],
    header: &Header,
    faults: &mut Faults<'_>,
) -> Laid {
    let all = names::all(main, exits);
    if let Some(first) = all.get(STEPS_MAX) {
        let message = format!("a journey has at most {STEPS_MAX} steps");
        let help = "start another journey from a step: `start: <journey>`";
        faults.add("E0182", first.id.place, &message, help);
        return Laid::default();
    }
    let mut layout = Layout {
        journey: header.id.as_deref().unwrap_or_default(),
        all: all.iter().map(|step| step.id.text.as_str()).collect(),
        lists: Vec::new(),
        steps: Vec::new(),
        faults,
    };
    layout.list(main, None);
    let mut ways = Vec::new();
    for exit in exits {
        let then = layout.then(&exit.then, None, None);
        ways.push(path(exit, then));
    }
    let removed = header.removed.iter();
    let removed = removed.filter_map(|(old, to)| Some((old.text.clone(), layout.removed(to)?)));
    Laid {
        removed: removed.collect(),
        exits: ways,
        steps: layout.steps,
    }
}

struct Layout<'t, 'f, 'a> {
    journey: &'t str,
    /// The ids of all steps by index.
    all: Vec<&'t str>,
    /// The lists around the present step, outermost first: their steps by id.
    lists: Vec<BTreeMap<&'t str, StepIx>>,
    steps: Vec<Step>,
    faults: &'f mut Faults<'a>,
}

/// How many steps `step` and everything below it are.
fn size(step: &StepTree) -> usize {
    let below = step.lists().flatten().map(size);
    1 + below.sum::<usize>()
}

fn index(place: usize) -> StepIx {
    StepIx(u16::try_from(place).unwrap_or(u16::MAX))
}

/// The path. One whose admission could not be read is never taken: a file with faults is never published.
fn path(tree: &PathTree, then: Then) -> JourneyPath {
    let unread = || Admission::Weight {
        share: Share(0),
        is_baseline: false,
    };
    JourneyPath {
        id: tree.id.text.clone(),
        admission: tree.admission.clone().unwrap_or_else(unread),
        then,
    }
}

impl<'t> Layout<'t, '_, '_> {
    /// Lays `steps` out behind what there is; after the last of them life goes on at `after`.
    fn list(&mut self, steps: &'t [StepTree], after: Option<StepIx>) {
        let mut place = self.steps.len();
        let mut places = Vec::new();
        for step in steps {
            places.push((step.id.text.as_str(), index(place)));
            place += size(step);
        }
        self.lists.push(places.iter().copied().collect());
        let nexts = places.iter().skip(1).map(|(_, next)| Some(*next));
        for (step, next) in steps.iter().zip(nexts.chain([after])) {
            self.step(step, next);
        }
        self.lists.pop();
    }

    fn step(&mut self, step: &'t StepTree, next: Option<StepIx>) {
        let place = self.steps.len();
        self.steps.push(Step {
            id: step.id.text.clone(),
            was: step.was.as_ref().map(|was| was.text.clone()),
            only_if: step.only_if.clone(),
            on_error: OnError::Park,
            verb: placeholder(),
            next,
        });
        let verb = self.verb(step, index(place), next);
        let on_error = match &step.on_error {
            ErrorTree::Park => OnError::Park,
            ErrorTree::Continue => OnError::Continue,
            ErrorTree::Exit => OnError::Exit,
            ErrorTree::Steps(steps) => {
                let first = index(self.steps.len());
                self.list(steps, next);
                OnError::Steps(first)
            }
        };
        if let Some(laid) = self.steps.get_mut(place) {
            laid.verb = verb;
            laid.on_error = on_error;
        }
    }

    fn verb(&mut self, step: &'t StepTree, own: StepIx, next: Option<StepIx>) -> Verb {
        match &step.verb {
            VerbTree::Unknown => placeholder(),
            // Reported by the check of the flow; nothing more can be said of it.
            VerbTree::WaitUntil(paths) | VerbTree::Branch(paths) if paths.is_empty() => {
                placeholder()
            }
            VerbTree::Plain(verb) => verb.clone(),
            VerbTree::Wait(wait, if_past) => Verb::Wait {
                wait: wait.clone(),
                if_past: self.if_past(if_past, own),
            },
            VerbTree::WaitUntil(paths) => Verb::WaitUntil {
                paths: self.paths(paths, own, next),
            },
            VerbTree::Branch(paths) => Verb::Branch {
                paths: self.paths(paths, own, next),
            },
            VerbTree::Split {
                paths,
                salt,
                winner,
            } => Verb::Split {
                paths: self.paths(paths, own, next),
                salt: salt
                    .clone()
                    .unwrap_or_else(|| format!("{}/{}", self.journey, step.id.text)),
                winner: winner.clone(),
            },
            VerbTree::Goto(goto) => self.goto(goto, own).map_or_else(placeholder, Verb::Goto),
        }
    }

    fn paths(
        &mut self,
        paths: &'t [PathTree],
        own: StepIx,
        next: Option<StepIx>,
    ) -> Vec<JourneyPath> {
        let mut laid = Vec::new();
        for tree in paths {
            let then = self.then(&tree.then, Some(own), next);
            laid.push(path(tree, then));
        }
        laid
    }

    /// Where a path leads; `own` is the step that holds it.
    fn then(&mut self, then: &'t ThenTree, own: Option<StepIx>, next: Option<StepIx>) -> Then {
        match then {
            ThenTree::Below => Then::Below,
            ThenTree::Steps(steps) => {
                let first = index(self.steps.len());
                self.list(steps, next);
                Then::Steps(first)
            }
            ThenTree::Goto(goto) => {
                let goto = own.and_then(|own| self.goto(goto, own));
                goto.map_or(Then::Below, Then::Goto)
            }
        }
    }

    fn goto(&mut self, goto: &GotoTree, own: StepIx) -> Option<Goto> {
        let step = self.find(&goto.step)?;
        if step <= own && goto.max.is_none() {
            let message = format!(
                "`{}` stands earlier: this could go round for ever",
                goto.step.text
            );
            let help = "say how often one run may go back: `max: 3`; then it goes on below";
            self.faults.add("E0139", goto.step.place, &message, help);
        }
        let max = goto.max;
        Some(Goto { step, max })
    }

    fn if_past(&mut self, if_past: &IfPastTree, own: StepIx) -> IfPast {
        match if_past {
            IfPastTree::Continue => IfPast::Continue,
            IfPastTree::Exit => IfPast::Exit,
            IfPastTree::Goto(word) => {
                let Some(step) = self.find(word) else {
                    return IfPast::Continue;
                };
                if step <= own {
                    let message = format!(
                        "`{}` stands earlier: the date would still be past",
                        word.text
                    );
                    let help = "go to a step further down, or `continue`, or `exit`";
                    self.faults.add("E0139", word.place, &message, help);
                }
                IfPast::Goto(step)
            }
        }
    }

    /// The step called `word` in the lists around the present step.
    fn find(&mut self, word: &Word) -> Option<StepIx> {
        let id = word.text.as_str();
        let found = self.lists.iter().rev().find_map(|list| list.get(id));
        if let Some(found) = found {
            return Some(*found);
        }
        if self.all.contains(&id) {
            let message = format!("`{id}` stands in a path that this step is not in");
            let help = "go to a step of the same list or of one around it, for example the step that holds the path";
            self.faults.add("E0138", word.place, &message, help);
        } else {
            let near = self.lists.iter().flat_map(|list| list.keys().copied());
            self.faults.unknown(
                "E0137",
                word.place,
                &format!("there is no step `{id}` in this journey"),
                (id, near),
                "name a step of the same list or of one around it",
            );
        }
        None
    }

    fn removed(&mut self, to: &Word) -> Option<Removed> {
        match to.text.as_str() {
            "next" => Some(Removed::Next),
            "exit" => Some(Removed::Exit),
            id => {
                let found = self.all.iter().position(|step| *step == id);
                if found.is_none() {
                    let message = format!("there is no step `{id}` to go to");
                    let known = self.all.iter().copied();
                    let help = "name a step of this journey, or `next`, or `exit`";
                    self.faults
                        .unknown("E0137", to.place, &message, (id, known), help);
                }
                found.map(index).map(Removed::Step)
            }
        }
    }
}
