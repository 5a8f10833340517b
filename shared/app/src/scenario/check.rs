//! Faults of scenario tests that show only beside the project's other files: names of what does not exist.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use wend_core::condition::Topic;
use wend_core::definitions::scenario::{Case, Done, Scenarios, What};
use wend_core::definitions::{Diagnostic, nearest};
use wend_core::release::{
    self, Definition, Journey, JourneyPath, Manifest, Part, Release, UnknownEvents, Verb,
};
use wend_core::syntax::Position;
use wend_core::time::Timestamp;

use super::Project;

/// What is there to be named.
struct Known<'a> {
    file: &'a str,
    release: &'a Release,
    /// What can be said of contacts; none: anything.
    attributes: Option<BTreeSet<&'a str>>,
    journeys: Vec<&'a Journey>,
    settings: Option<&'a release::Project>,
    faults: Vec<Diagnostic>,
}

pub(super) fn check(project: Project<'_>, file: &str, scenarios: &Scenarios) -> Vec<Diagnostic> {
    let release = release_of(project);
    let mut known = Known {
        file,
        release: &release,
        attributes: release.attributes(),
        journeys: Vec::new(),
        settings: None,
        faults: Vec::new(),
    };
    for (_, definition) in project.definitions {
        match definition {
            Definition::Journey(journey) => known.journeys.push(journey),
            Definition::Project(settings) => known.settings = Some(settings),
            Definition::Segment(_) | Definition::Score(_) | Definition::Template(_) => {}
        }
    }
    for named in scenarios.journeys.iter().flatten() {
        known.journey(&named.name, named.at);
    }
    for case in &scenarios.cases {
        known.case(case);
    }
    known.faults
}

/// All that the project says, as it would be published.
fn release_of(project: Project<'_>) -> Release {
    let parts = project.definitions.iter();
    let parts = parts.map(|(file, definition)| Part::new(file.clone(), definition.clone()));
    let parts: Vec<Part> = parts.collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

impl<'a> Known<'a> {
    fn case(&mut self, case: &Case) {
        for (step, path) in &case.draw {
            self.path(step, path, case.at);
        }
        for step in case.answers.keys().chain(&case.fails) {
            let is_call = |verb: &Verb| matches!(verb, Verb::Webhook { .. } | Verb::Coupon { .. });
            let calls = self.steps().filter(|step| is_call(&step.verb));
            let calls: Vec<&str> = calls.map(|step| step.id.as_str()).collect();
            self.name("step that asks another system", step, &calls, case.at);
        }
        let settings = self.settings;
        let pools = settings
            .into_iter()
            .flat_map(|settings| settings.coupons.keys());
        let pools: Vec<&str> = pools.map(String::as_str).collect();
        for pool in &case.empty {
            self.name("pool of coupons", pool, &pools, case.at);
        }
        for topic in case.contacts.values().flat_map(|person| &person.subscribed) {
            self.topic(&topic.name, topic.at);
        }
        // What a case publishes may declare more.
        let is_publishing = |what: &What| matches!(what, What::Done(Done::Publish(_)));
        let publishes = case.timeline.iter().any(|line| is_publishing(&line.what));
        for line in &case.timeline {
            match &line.what {
                What::Done(Done::Subscribe(topic) | Done::Unsubscribe(Some(topic))) => {
                    self.topic(topic, line.position);
                }
                What::Done(
                    Done::Pause { journey }
                    | Done::Resume { journey, .. }
                    | Done::Enroll { journey, .. },
                ) => self.journey(journey, line.position),
                What::Done(Done::Track { event, .. }) if !publishes => {
                    self.event(event, line.position);
                }
                What::Done(Done::Identify { traits, .. } | Done::Import(traits)) if !publishes => {
                    self.traits(traits, line.position);
                }
                What::Done(
                    Done::Track { .. }
                    | Done::Identify { .. }
                    | Done::Import(_)
                    | Done::Page { .. }
                    | Done::React { .. }
                    | Done::Unsubscribe(None)
                    | Done::Publish(_),
                )
                | What::Expected(_) => {}
            }
        }
    }

    fn steps(&self) -> impl Iterator<Item = &'a release::Step> {
        let journeys: Vec<&'a Journey> = self.journeys.clone();
        journeys.into_iter().flat_map(|journey| &journey.steps)
    }

    fn journey(&mut self, name: &str, at: Position) {
        let known = self.journeys.iter();
        let known: Vec<&str> = known.map(|journey| journey.id.as_str()).collect();
        self.name("journey", name, &known, at);
    }

    fn topic(&mut self, topic: &Topic, at: Position) {
        let settings = self.settings;
        let known = settings
            .into_iter()
            .flat_map(|settings| settings.topics.keys());
        let known: Vec<&str> = known.map(String::as_str).collect();
        self.name("topic", &topic.topic, &known, at);
    }

    /// An event that the tracking plan does not have, as in journeys: refused by `unknown_events: refuse`, else a warning where
    /// there is a plan and no definition reads the event either; the definition that does is warned of already.
    fn event(&mut self, event: &str, at: Position) {
        let project = &self.release.project;
        if project.plans_event(event) {
            return;
        }
        let is_told = project.events.is_empty() || self.release.reads_event(event);
        let message = format!("event `{event}` is not in the tracking plan");
        let fault = match project.unknown_events {
            UnknownEvents::Accept => return,
            UnknownEvents::Warn if is_told => return,
            UnknownEvents::Warn => Diagnostic::warning("W0107", self.file, at, &message),
            UnknownEvents::Refuse => {
                let message = format!("{message}, so it is refused");
                Diagnostic::error("E0226", self.file, at, &message)
            }
        };
        let known = project.events.keys().map(String::as_str);
        let declare = format!("if the name is right, declare it: wend events declare \"{event}\"");
        self.unknown(fault, nearest(event, known), &declare);
    }

    /// Attributes that nothing in the project knows.
    fn traits(&mut self, traits: &Map<String, Value>, at: Position) {
        let Some(known) = self.attributes.clone() else {
            return;
        };
        for name in traits.keys().filter(|name| !known.contains(name.as_str())) {
            let message = format!("nothing here knows an attribute `{name}`");
            let fault = Diagnostic::warning("W0227", self.file, at, &message);
            let declare = format!(
                "if the name is right, declare it in wend.yaml:\nattributes:\n  {name}: {{ type: text }}"
            );
            self.unknown(fault, nearest(name, known.iter().copied()), &declare);
        }
    }

    /// Reports a name that is not declared: the one that was meant is advised, else to declare it. One that was told already is
    /// not told again.
    fn unknown(&mut self, fault: Diagnostic, meant: Option<&str>, declare: &str) {
        let is_same = |told: &Diagnostic| told.code == fault.code && told.message == fault.message;
        if self.faults.iter().any(is_same) {
            return;
        }
        self.faults.push(match meant {
            Some(meant) => {
                let mut fault = fault.help(&format!("did you mean `{meant}`?"));
                fault.note(declare);
                fault
            }
            None => fault.help(declare),
        });
    }

    /// A fault unless `name` is among the `known`. One that was told already is not told again.
    fn name(&mut self, what: &str, name: &str, known: &[&str], at: Position) {
        if known.contains(&name) {
            return;
        }
        let message = format!("there is no {what} `{name}`");
        let help = if known.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there are: {}", known.join(", "))
        };
        let fault = Diagnostic::error("E0611", self.file, at, &message).help(&help);
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// A fault unless a split called `step` has a `path`.
    fn path(&mut self, step: &str, path: &str, at: Position) {
        let splits = self.steps().filter_map(|step| match &step.verb {
            Verb::Split { paths, .. } => Some((step.id.as_str(), paths)),
            _ => None,
        });
        let splits: Vec<(&str, &Vec<JourneyPath>)> = splits.collect();
        let names: Vec<&str> = splits.iter().map(|(id, _)| *id).collect();
        self.name("split", step, &names, at);
        let of_step = splits.iter().filter(|(id, _)| *id == step);
        let paths = of_step.flat_map(|(_, paths)| paths.iter());
        let paths: Vec<&str> = paths.map(|path| path.id.as_str()).collect();
        if !paths.is_empty() {
            self.name(&format!("path of `{step}`"), path, &paths, at);
        }
    }
}
