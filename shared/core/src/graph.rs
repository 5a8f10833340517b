//! A journey as a picture: what leads where, for people.
//!
//! [`Graph`] is the picture without a form; [`mermaid`] writes it as text that other tools draw, [`svg`] draws it. Both are pure:
//! the same journey gives the same bytes.
//!
//! The layout is our own, some hundred lines: layers, an order with few crossings, places near the neighbours. Crates that draw
//! graphs know no labels that keep clear of boxes, which is what makes branches readable, or bring a whole Graphviz.

mod layout;
mod mermaid;
mod svg;
mod words;

use std::collections::BTreeMap;

use crate::release::{
    Admission, Goto, IfPast, Journey, JourneyPath, OnError, Step, StepIx, Then, Verb,
};

pub use mermaid::mermaid;
pub use svg::svg;

/// What stands in a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// What it does.
    pub title: String,
    /// Its id, and what else matters, in lines.
    pub notes: Vec<String>,
}

/// What a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Where runs begin, or what can happen at any step.
    Start,
    /// A message to the contact.
    Message,
    /// Time goes by, or something is waited for.
    Wait,
    /// A path is chosen.
    Choice,
    /// Something is done.
    Action,
    /// Runs end.
    End,
}

/// What leads from one box to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The box it leaves, by its place among the nodes.
    pub from: usize,
    /// The box it leads to.
    pub to: usize,
    /// What admits to it; may be empty.
    pub label: String,
    /// Whether it is taken only when something is not as it should be, or leads back.
    pub is_dashed: bool,
}

/// A journey as boxes and what leads from one to the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The boxes: where it begins, then the steps in the order of the file.
    pub nodes: Vec<Node>,
    /// The edges, in the order of the paths.
    pub edges: Vec<Edge>,
}

impl Graph {
    /// The picture of `journey`.
    pub fn of(journey: &Journey) -> Self {
        let mut graph = Self::default();
        let start = graph.node(
            NodeKind::Start,
            words::triggers(journey),
            words::entry(journey),
        );
        let ends_early = journey.goal.as_ref().is_some_and(|goal| goal.ends_run);
        let any = (ends_early || !journey.exits.is_empty())
            .then(|| graph.node(NodeKind::Start, "at any step".to_owned(), Vec::new()));
        let mut drawing = Drawing {
            first_step: graph.nodes.len(),
            graph,
            journey,
            ends: BTreeMap::new(),
            exits: exits(journey),
        };
        for step in &journey.steps {
            let (kind, title) = words::step(step);
            let mut notes = vec![step.id.clone()];
            notes.extend(
                step.only_if
                    .as_ref()
                    .map(|only_if| words::condition("if", only_if)),
            );
            drawing.graph.node(kind, title, notes);
        }
        drawing.lead(
            start,
            journey.steps.first().map(|_| StepIx(0)),
            String::new(),
        );
        for (place, step) in journey.steps.iter().enumerate() {
            drawing.step(drawing.first_step + place, step);
        }
        if let Some(any) = any {
            drawing.any_step(any);
        }
        drawing.graph
    }

    fn node(&mut self, kind: NodeKind, title: String, notes: Vec<String>) -> usize {
        self.nodes.push(Node { kind, title, notes });
        self.nodes.len() - 1
    }
}

/// A picture being drawn.
struct Drawing<'j> {
    graph: Graph,
    journey: &'j Journey,
    first_step: usize,
    /// Boxes in which runs end, by what stands in them.
    ends: BTreeMap<String, usize>,
    /// The steps of exits, with the exit that they belong to.
    exits: BTreeMap<StepIx, String>,
}

/// The steps that only an exit leads to.
fn exits(journey: &Journey) -> BTreeMap<StepIx, String> {
    let mut found = BTreeMap::new();
    for path in &journey.exits {
        let Then::Steps(first) = path.then else {
            continue;
        };
        let mut open = vec![first];
        while let Some(ix) = open.pop() {
            if found.insert(ix, path.id.clone()).is_none() {
                open.extend(journey.step(ix).into_iter().flat_map(Step::leads_to));
            }
        }
    }
    found
}

impl Drawing<'_> {
    fn end(&mut self, title: &str) -> usize {
        if let Some(end) = self.ends.get(title) {
            return *end;
        }
        let end = self.graph.node(NodeKind::End, title.to_owned(), Vec::new());
        self.ends.insert(title.to_owned(), end);
        end
    }

    fn edge(&mut self, from: usize, to: usize, label: String, is_dashed: bool) {
        let edge = Edge {
            from,
            to,
            label,
            is_dashed,
        };
        self.graph.edges.push(edge);
    }

    /// An edge to a step, or to the end.
    fn lead(&mut self, from: usize, to: Option<StepIx>, label: String) {
        let to = if let Some(ix) = to {
            self.first_step + usize::from(ix.0)
        } else {
            let place = from
                .checked_sub(self.first_step)
                .and_then(|place| u16::try_from(place).ok());
            let exit = place.and_then(|place| self.exits.get(&StepIx(place)));
            let title = exit.map_or_else(|| "completed".to_owned(), |exit| format!("exit {exit}"));
            self.end(&title)
        };
        let is_back = to <= from && from >= self.first_step;
        self.edge(from, to, label, is_back);
    }

    fn step(&mut self, from: usize, step: &Step) {
        match &step.verb {
            Verb::WaitUntil { paths } | Verb::Split { paths, .. } => {
                for path in paths {
                    self.path(from, path, step.next);
                }
            }
            Verb::Branch { paths } => {
                for path in paths {
                    self.path(from, path, step.next);
                }
                if !paths.iter().any(|path| path.admission == Admission::Else) {
                    self.lead(from, step.next, "otherwise".to_owned());
                }
            }
            Verb::Goto(goto) => self.goto(from, *goto, String::new(), step.next),
            // The box itself says that runs end there.
            Verb::Exit { .. } => {}
            Verb::Wait { if_past, .. } => {
                self.lead(from, step.next, String::new());
                match if_past {
                    IfPast::Continue => {}
                    IfPast::Exit => {
                        let end = self.end("date passed");
                        self.edge(from, end, "if past".to_owned(), true);
                    }
                    IfPast::Goto(to) => {
                        let to = self.first_step + usize::from(to.0);
                        self.edge(from, to, "if past".to_owned(), true);
                    }
                }
            }
            Verb::Message(_)
            | Verb::Alert { .. }
            | Verb::Webhook { .. }
            | Verb::Update(_)
            | Verb::Score(_)
            | Verb::Coupon { .. }
            | Verb::Emit { .. }
            | Verb::Start { .. }
            | Verb::Stop { .. } => self.lead(from, step.next, String::new()),
        }
        match step.on_error {
            OnError::Steps(first) => {
                let first = self.first_step + usize::from(first.0);
                self.edge(from, first, "on error".to_owned(), true);
            }
            OnError::Exit => {
                let end = self.end("failed");
                self.edge(from, end, "on error".to_owned(), true);
            }
            OnError::Park | OnError::Continue => {}
        }
    }

    fn path(&mut self, from: usize, path: &JourneyPath, below: Option<StepIx>) {
        let label = words::path(path);
        match path.then {
            Then::Below => self.lead(from, below, label),
            Then::Steps(first) => self.lead(from, Some(first), label),
            Then::Goto(goto) => self.goto(from, goto, label, below),
        }
    }

    fn goto(&mut self, from: usize, goto: Goto, label: String, below: Option<StepIx>) {
        match goto.max {
            None => self.lead(from, Some(goto.step), label),
            Some(max) => {
                let often = format!("at most {max} times");
                let label = if label.is_empty() {
                    often
                } else {
                    format!("{label}, {often}")
                };
                self.lead(from, Some(goto.step), label);
                self.lead(from, below, "then".to_owned());
            }
        }
    }

    /// The goal and the exits, which can come at any step.
    fn any_step(&mut self, any: usize) {
        let journey = self.journey;
        if let Some(goal) = journey.goal.as_ref().filter(|goal| goal.ends_run) {
            let end = self.end("goal");
            self.edge(any, end, words::event(&goal.on), false);
        }
        for path in &journey.exits {
            let label = words::path(path);
            match path.then {
                Then::Steps(first) | Then::Goto(Goto { step: first, .. }) => {
                    self.lead(any, Some(first), label);
                }
                Then::Below => {
                    let end = self.end(&format!("exit {}", path.id));
                    self.edge(any, end, label, false);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
