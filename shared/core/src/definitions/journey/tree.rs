//! Steps and paths as they are nested in the file, with their places.

use crate::condition::Condition;
use crate::phrase::Wait;
use crate::release::{Admission, Verb, Winner};
use crate::syntax::Place;

/// A word of the file and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
}

/// A step.
#[derive(Debug)]
pub(super) struct StepTree {
    pub(super) id: Word,
    /// The key of its verb, or where the step begins.
    pub(super) verb_place: Place,
    pub(super) was: Option<Word>,
    pub(super) only_if: Option<Box<Condition>>,
    pub(super) on_error: ErrorTree,
    pub(super) verb: VerbTree,
}

/// What happens when a step fails.
#[derive(Debug)]
pub(super) enum ErrorTree {
    Park,
    Continue,
    Exit,
    Steps(Vec<StepTree>),
}

/// What a step does.
#[derive(Debug)]
pub(super) enum VerbTree {
    /// It could not be read: a fault was reported.
    Unknown,
    /// Nothing that names a step.
    Plain(Verb),
    Wait(Wait, IfPastTree),
    WaitUntil(Vec<PathTree>),
    Branch(Vec<PathTree>),
    Split {
        paths: Vec<PathTree>,
        salt: Option<String>,
        winner: Option<Winner>,
    },
    Goto(GotoTree),
}

/// What a wait does that comes too late.
#[derive(Debug)]
pub(super) enum IfPastTree {
    Continue,
    Exit,
    Goto(Word),
}

/// To which step, and how often.
#[derive(Debug)]
pub(super) struct GotoTree {
    pub(super) step: Word,
    pub(super) max: Option<u16>,
}

/// A path.
#[derive(Debug)]
pub(super) struct PathTree {
    pub(super) id: Word,
    /// All of it.
    pub(super) whole: Place,
    /// None if it could not be read: a fault was reported.
    pub(super) admission: Option<Admission>,
    /// Where its `key` stands, if it has one.
    pub(super) key: Option<Place>,
    pub(super) then: ThenTree,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum ThenTree {
    Below,
    Steps(Vec<StepTree>),
    Goto(GotoTree),
}

impl VerbTree {
    /// The paths of the step.
    pub(super) fn paths(&self) -> &[PathTree] {
        match self {
            Self::WaitUntil(paths) | Self::Branch(paths) | Self::Split { paths, .. } => paths,
            Self::Unknown | Self::Plain(_) | Self::Wait(..) | Self::Goto(_) => &[],
        }
    }
}

impl StepTree {
    /// The lists of steps below it, in the order in which they are laid out.
    pub(super) fn lists(&self) -> impl Iterator<Item = &[StepTree]> {
        let of_paths = self.verb.paths().iter().map(PathTree::steps);
        let of_error = match &self.on_error {
            ErrorTree::Steps(steps) => steps.as_slice(),
            ErrorTree::Park | ErrorTree::Continue | ErrorTree::Exit => &[],
        };
        of_paths.chain([of_error])
    }
}

impl PathTree {
    /// Its own steps.
    pub(super) fn steps(&self) -> &[StepTree] {
        match &self.then {
            ThenTree::Steps(steps) => steps,
            ThenTree::Below | ThenTree::Goto(_) => &[],
        }
    }
}

/// Every step of `steps` and below it, in the order in which they are laid out.
pub(super) fn walk<'t>(steps: &'t [StepTree], visit: &mut impl FnMut(&'t StepTree)) {
    for step in steps {
        visit(step);
        for list in step.lists() {
            walk(list, visit);
        }
    }
}
