//! What is known about why something expected did not happen, or not so.
//!
//! Speaks of journeys under test alone: of one that sleeps, or that has nothing to do with the line, it says nothing.

use wend_core::definitions::nearest;
use wend_core::definitions::scenario::{Case, Done, Expected, Line, Moment, Scenarios, What};
use wend_core::release::{Definition, Journey, JourneyState, Step, StepIx, Then, Verb, heard};
use wend_core::release::{JourneyPath, Release, Trigger};
use wend_core::time::Timestamp;

use super::compare::{is_said, minute};
use super::happened::{Deed, Happened};
use super::play::Played;
use super::{Project, stage};

/// What there is to explain a case with.
pub(super) struct Why<'a> {
    case: &'a Case,
    /// What happened, expected or not.
    happened: &'a [Happened],
    release: Option<&'a Release>,
    /// The journeys of the last release, and as the project's files have them: a case may have published others.
    journeys: Vec<&'a Journey>,
    /// Those that can be what a line is about.
    tested: Vec<&'a Journey>,
    /// Those that a line is about which fits none of them by itself.
    named: Vec<&'a Journey>,
}

impl<'a> Why<'a> {
    pub(super) fn of(
        project: Project<'a>,
        scenarios: &Scenarios,
        case: &'a Case,
        played: &'a Played,
    ) -> Self {
        let release = played.release.as_deref();
        let of_release = release.into_iter().flat_map(Release::current);
        let of_release = of_release.map(|(_, journey)| journey.as_ref());
        let of_files = project.definitions.iter();
        let of_files = of_files.filter_map(|(_, definition)| match definition {
            Definition::Journey(journey) => Some(journey),
            _ => None,
        });
        let journeys: Vec<&Journey> = of_release.chain(of_files).collect();
        let ids = stage::tested(scenarios);
        let only = |is: &dyn Fn(&Journey) -> bool| {
            let journeys = journeys.iter().copied();
            journeys.filter(|journey| is(journey)).collect::<Vec<_>>()
        };
        let named = only(&|journey| ids.contains(journey.id.as_str()));
        let is_awake = |journey: &Journey| {
            let is_open = matches!(journey.state, JourneyState::Live | JourneyState::Rehearsal);
            ids.contains(journey.id.as_str()) || scenarios.journeys.is_none() && is_open
        };
        let tested = only(&is_awake);
        Self {
            case,
            happened: &played.happened,
            release,
            journeys,
            tested,
            named,
        }
    }

    /// Why what `line` expects did not happen; `left` is what no other line expects.
    pub(super) fn note(
        &self,
        line: &Line,
        expected: &Expected,
        left: &[&Happened],
    ) -> Option<String> {
        let own = || left.iter().filter(|happened| happened.who == line.who);
        if let Some(late) = own().find(|deed| is_said(expected, &deed.what)) {
            return Some(self.late(line, expected, late.at));
        }
        let about = self.about(line, expected);
        let Some(step) = step_of(expected) else {
            let stood = matches!(expected, Expected::Ended { .. });
            let stood = stood.then(|| self.stood(line, &about)).flatten();
            let aside = || self.aside(line, &about).map(|(_, text)| text);
            return stood.or_else(aside);
        };
        let of_step = own().find_map(|deed| self.of_step(deed, step));
        let of_step = of_step.or_else(|| self.unknown(step));
        of_step.or_else(|| {
            let path = self.other_path(line, step, &about);
            let found = path.into_iter().chain(self.aside(line, &about));
            found.max_by_key(|(at, _)| *at).map(|(_, text)| text)
        })
    }

    /// Something happened at another time: when, and what held it up.
    fn late(&self, line: &Line, expected: &Expected, at: Timestamp) -> String {
        let came = format!("it came at {}", self.moment(at));
        let Expected::Sent { step, .. } = expected else {
            return came;
        };
        let mut before = self.own(line).filter(|deed| deed.at <= at && at > line.at);
        let held = before.rfind(|deed| match &deed.what {
            Deed::Held {
                step: held, until, ..
            } => held == step && *until > line.at && *until <= at,
            _ => false,
        });
        match held.map(|held| &held.what) {
            Some(Deed::Held { until, reason, .. }) => {
                let held = format!("held until {}: {reason}", self.moment(*until));
                if minute(*until) == minute(at) {
                    held
                } else {
                    format!("{held}; {came}")
                }
            }
            _ => came,
        }
    }

    fn moment(&self, at: Timestamp) -> String {
        Moment::write(at, self.case.start, &self.case.zone)
    }

    /// What happened to whom `line` is about.
    fn own(&self, line: &Line) -> impl DoubleEndedIterator<Item = &'a Happened> {
        let who = line.who.clone();
        let happened = self.happened.iter();
        happened.filter(move |happened| happened.who == who)
    }

    /// The journeys that a line is about: those that could do what it expects, else those that the file names.
    fn about(&self, line: &Line, expected: &Expected) -> Vec<&'a Journey> {
        let could = |journey: &&Journey| {
            let has = |is: &dyn Fn(&Verb) -> bool| journey.steps.iter().any(|step| is(&step.verb));
            match expected {
                Expected::Sent { step, .. }
                | Expected::Held { step, .. }
                | Expected::Skipped { step, .. } => journey.find(step).is_some(),
                Expected::Alerted { team } => {
                    has(&|verb| matches!(verb, Verb::Alert { team: of, .. } if of == team))
                }
                Expected::Called { connection, .. } => has(
                    &|verb| matches!(verb, Verb::Webhook { connection: of, .. } if of == connection),
                ),
                Expected::Emitted { event } => {
                    has(&|verb| matches!(verb, Verb::Emit { event: of, .. } if of == event))
                }
                Expected::Entered { journey: id } => journey.id == *id,
                Expected::Ended { reason, .. } => {
                    let is_exit = journey.exits.iter().any(|path| path.id == *reason);
                    is_exit
                        || has(&|verb| matches!(verb, Verb::Exit { reason: of } if of == reason))
                }
                Expected::Is(_) => false,
            }
        };
        let about: Vec<&Journey> = self.tested.iter().copied().filter(could).collect();
        if !about.is_empty() {
            return about;
        }
        if !self.named.is_empty() {
            return self.named.clone();
        }
        let has_entered = |journey: &&Journey| {
            let is_it =
                |deed: &Deed| matches!(deed, Deed::Entered { journey: id } if *id == journey.id);
            self.own(line).any(|deed| is_it(&deed.what))
        };
        self.tested.iter().copied().filter(has_entered).collect()
    }

    fn of_step(&self, happened: &Happened, meant: &str) -> Option<String> {
        match &happened.what {
            Deed::Skipped { step, reason } if step == meant => {
                Some(format!("{step} was skipped: {reason}"))
            }
            Deed::Sent {
                step,
                subject,
                text,
            } if step == meant => {
                let start: String = text.chars().take(60).collect();
                let words = start.split_whitespace().collect::<Vec<_>>().join(" ");
                let at = self.moment(happened.at);
                Some(format!("{step} left at {at} and says: {subject} · {words}"))
            }
            Deed::Aside {
                journey,
                step: Some(step),
                text,
            } if step == meant && is_among(journey.as_deref(), &self.tested) => Some(text.clone()),
            _ => None,
        }
    }

    /// No journey under test has a `step`: what is meant, perhaps.
    fn unknown(&self, step: &str) -> Option<String> {
        if self
            .tested
            .iter()
            .any(|journey| journey.find(step).is_some())
        {
            return None;
        }
        let steps = || self.tested.iter().flat_map(|journey| &journey.steps);
        let sends =
            |of: &&Step| matches!(&of.verb, Verb::Message(message) if message.template == step);
        if let Some(sender) = steps().find(sends) {
            return Some(format!(
                "`{step}` is a template, its step is `{}`",
                sender.id
            ));
        }
        let elsewhere = self.journeys.iter();
        let mut elsewhere = elsewhere.filter(|journey| journey.find(step).is_some());
        if let Some(journey) = elsewhere.next() {
            let id = &journey.id;
            return Some(format!(
                "step `{step}` is of `{id}`, which is not under test"
            ));
        }
        let near = nearest(step, steps().map(|step| step.id.as_str()));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Some(format!("there is no step `{step}`{near}"))
    }

    /// The path that was taken where another one leads to `step`.
    fn other_path(
        &self,
        line: &Line,
        step: &str,
        about: &[&Journey],
    ) -> Option<(Timestamp, String)> {
        let before = self
            .own(line)
            .filter(|deed| minute(deed.at) <= minute(line.at));
        let mut taken = before.filter_map(|deed| match &deed.what {
            Deed::Took {
                journey,
                step: Some(at),
                path,
            } => {
                let journey = about.iter().find(|of| of.id == *journey)?;
                leads_elsewhere(journey, at, path, step)
                    .then(|| (deed.at, format!("path `{path}` was taken at `{at}`")))
            }
            _ => None,
        });
        taken.next_back()
    }

    /// Where a run stood when it should have been over.
    fn stood(&self, line: &Line, about: &[&Journey]) -> Option<String> {
        let before = self
            .own(line)
            .filter(|deed| minute(deed.at) <= minute(line.at));
        let mut moves = before.filter_map(|deed| match &deed.what {
            Deed::Stood { journey, step } if is_among(Some(journey), about) => Some(Some(step)),
            Deed::Ended { .. } => Some(None),
            _ => None,
        });
        let step = moves.next_back()??;
        Some(format!("the run stood at `{step}`"))
    }

    /// The newest remark on these journeys, or on the contact itself, that still holds at `line`.
    fn aside(&self, line: &Line, about: &[&Journey]) -> Option<(Timestamp, String)> {
        let before = || {
            self.own(line)
                .filter(|deed| minute(deed.at) <= minute(line.at))
        };
        let has_entered_since = |at: Timestamp, id: &str| {
            let is_it = |deed: &Deed| matches!(deed, Deed::Entered { journey } if journey == id);
            before().any(|deed| deed.at > at && is_it(&deed.what))
        };
        let mut asides = before().filter_map(|deed| match &deed.what {
            Deed::Aside {
                journey,
                step: None,
                text,
            } => {
                let is_past = |id: &str| has_entered_since(deed.at, id);
                let holds =
                    is_among(journey.as_deref(), about) && !journey.as_deref().is_some_and(is_past);
                holds.then(|| (deed.at, text.clone()))
            }
            _ => None,
        });
        asides.next_back()
    }

    /// Lines that tell an event which no journey under test listens to, nobody counts and the tracking plan does not know.
    pub(super) fn unheard(&self) -> impl Iterator<Item = (&'a Line, &'a str, String)> {
        let lines = self.case.timeline.iter();
        lines.filter_map(|line| match &line.what {
            What::Done(Done::Track { event, .. }) if self.is_unheard(event) => {
                let near = nearest(event, self.listened());
                let near =
                    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let note = format!(
                    "no journey under test listens to it, nor is it in the tracking plan{near}"
                );
                Some((line, event.as_str(), note))
            }
            _ => None,
        })
    }

    fn is_unheard(&self, event: &str) -> bool {
        let Some(release) = self.release else {
            return false;
        };
        let (project, index) = (&release.project, release.index());
        let is_planned = project.events.contains_key(event) || project.aliases.contains_key(event);
        let is_counted = index.facts.contains_key(event)
            || index.points.contains_key(event)
            || index.lasts.contains_key(event);
        !is_planned && !is_counted && !self.listened().any(|known| known == event)
    }

    /// The events that journeys under test begin with or wait for.
    fn listened(&self) -> impl Iterator<Item = &'a str> {
        let journeys = self.tested.clone().into_iter();
        journeys.flat_map(|journey| {
            let begins = journey.triggers.iter().filter_map(|trigger| match trigger {
                Trigger::Event { on, .. } => Some(on.event.as_str()),
                _ => None,
            });
            begins.chain(heard(journey).into_iter().map(|on| on.event.as_str()))
        })
    }
}

const fn step_of(expected: &Expected) -> Option<&String> {
    match expected {
        Expected::Sent { step, .. }
        | Expected::Held { step, .. }
        | Expected::Skipped { step, .. } => Some(step),
        Expected::Alerted { .. }
        | Expected::Called { .. }
        | Expected::Emitted { .. }
        | Expected::Entered { .. }
        | Expected::Ended { .. }
        | Expected::Is(_) => None,
    }
}

/// Whether a remark is on one of these journeys, or on none at all.
fn is_among(journey: Option<&str>, about: &[&Journey]) -> bool {
    journey.is_none_or(|id| about.iter().any(|of| of.id == id))
}

/// Whether at the step `at` another path than `taken` leads to `step`, and this one does not.
fn leads_elsewhere(journey: &Journey, at: &str, taken: &str, step: &str) -> bool {
    let (Some(holder), Some(goal)) = (journey.find(at), journey.find(step)) else {
        return false;
    };
    let Some(holder) = journey.step(holder) else {
        return false;
    };
    let leads = |path: &JourneyPath| {
        let first = match path.then {
            Then::Below => holder.next,
            Then::Steps(first) => Some(first),
            Then::Goto(goto) => Some(goto.step),
        };
        first.is_some_and(|first| can_reach(journey, first, goal))
    };
    let (of_taken, others): (Vec<_>, Vec<_>) = holder
        .verb
        .paths()
        .iter()
        .partition(|path| path.id == taken);
    others.into_iter().any(leads) && !of_taken.into_iter().any(leads)
}

fn can_reach(journey: &Journey, from: StepIx, goal: StepIx) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        if next == goal {
            return true;
        }
        if seen.insert(next) {
            open.extend(journey.step(next).map(Step::leads_to).unwrap_or_default());
        }
    }
    false
}
