//! Faults of scenario tests that show only beside the project's other files: names of what does not exist.

use wend_core::condition::Topic;
use wend_core::definitions::Diagnostic;
use wend_core::definitions::scenario::{Case, Done, Scenarios, What};
use wend_core::release::{self, Definition, Journey, JourneyPath, Verb};
use wend_core::syntax::Position;

use super::Project;

/// What is there to be named.
struct Known<'a> {
    file: &'a str,
    journeys: Vec<&'a Journey>,
    settings: Option<&'a release::Project>,
    faults: Vec<Diagnostic>,
}

pub(super) fn check(project: Project<'_>, file: &str, scenarios: &Scenarios) -> Vec<Diagnostic> {
    let mut known = Known {
        file,
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
                What::Done(_) | What::Expected(_) => {}
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
