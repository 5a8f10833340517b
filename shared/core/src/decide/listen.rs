//! What moves runs from outside: goals, exits and the paths of `wait_until`.

use serde_json::Value;

use super::view::View;
use super::{DecideError, Deciding, Happening};
use crate::condition::{self, Topic, Verdict, World as _};
use crate::contact::{PendingEntry, PendingUntil};
use crate::enrollment::{Enrollment, State};
use crate::id::EnrollmentId;
use crate::log::{Admitted, COMPARISONS_MAX, EndReason, NotEntered, Trace};
use crate::release::{Admission, EventMatch, Journey, JourneyPath, Then, Verb};
use crate::time::Timestamp;

/// Which of an event's matches a run has seen.
pub(super) enum Heard {
    /// It is not that event.
    Other,
    /// It is, with other properties.
    Unlike(Verdict),
    /// It is.
    Meant,
}

impl Deciding<'_> {
    /// Each run, oldest first: goal, exits, wait paths.
    pub(super) fn move_runs(
        &mut self,
        happening: Option<&Happening<'_>>,
    ) -> Result<(), DecideError> {
        self.is_stirred = false;
        let ids: Vec<EnrollmentId> = self.contact.enrollments.iter().map(|run| run.id).collect();
        for id in ids {
            self.move_run(id, happening)?;
        }
        if let Some(happening) = happening {
            self.late_goals(happening);
            self.overtake_pending(happening);
        }
        Ok(())
    }

    /// One run: goal, exits, wait paths; the first that is admitted, and no other.
    pub(super) fn move_run(
        &mut self,
        id: EnrollmentId,
        happening: Option<&Happening<'_>>,
    ) -> Result<(), DecideError> {
        let Some(run) = self.contact.run(id) else {
            return Ok(());
        };
        let Ok(journey) = self.version_of(run) else {
            // What must move this run fails; what is about the contact does not.
            let journey = run.journey.clone();
            self.trace.push(Trace::VersionMissing { journey });
            return Ok(());
        };
        let is_leaving = run.leaving.is_some();
        if let (Some(happening), Some(goal)) = (happening, &journey.goal)
            && self.reach_goal(id, &journey, goal, happening)
        {
            return Ok(());
        }
        if self.context.release.is_paused(&journey.id) {
            return Ok(());
        }
        let mut changes = Vec::new();
        if !is_leaving {
            for path in &journey.exits {
                if let Some(why) = self.admitted(id, &journey, path, happening, None, &mut changes)
                {
                    return self.leave(id, path, why);
                }
            }
        }
        if let Some((step, since)) = self.listening(id) {
            let standing = journey.find(&step).and_then(|ix| journey.step(ix));
            let paths = standing.map_or(&[][..], |step| step.verb.paths());
            for path in paths {
                if let Some(why) =
                    self.admitted(id, &journey, path, happening, Some(since), &mut changes)
                {
                    return self.take(id, &step, path, why, self.moment);
                }
            }
        }
        self.look_again(id, changes.into_iter().min());
        Ok(())
    }

    fn listening(&self, id: EnrollmentId) -> Option<(String, Timestamp)> {
        match &self.contact.run(id)?.state {
            State::Listening { step, since, .. } => Some((step.clone(), *since)),
            State::Sending { .. }
            | State::Held { .. }
            | State::Waiting { .. }
            | State::Asking { .. }
            | State::Parked { .. } => None,
        }
    }

    /// Keeps the moment at which time alone may admit a path.
    fn look_again(&mut self, id: EnrollmentId, at: Option<Timestamp>) {
        if self.contact.run(id).is_some_and(|run| run.check_at != at)
            && let Some(run) = self.contact.to_mut().run_mut(id)
        {
            run.check_at = at;
        }
    }

    /// Why `path` is admitted, if it is. `since`: since when the run listens; an earlier event is not new to it.
    fn admitted(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        path: &JourneyPath,
        happening: Option<&Happening<'_>>,
        since: Option<Timestamp>,
        changes: &mut Vec<Timestamp>,
    ) -> Option<Admitted> {
        let run = self.contact.run(id)?;
        match &path.admission {
            Admission::If(condition) => {
                let verdict = condition::evaluate(condition, &self.view_of(run, journey));
                changes.extend(verdict.changes_at);
                verdict.holds.then(|| Admitted::If(shortened(verdict)))
            }
            Admission::Event(on) => {
                let happening = happening?;
                if since.is_some_and(|since| happening.at < since) {
                    return None;
                }
                match self.heard(run, journey, on, happening) {
                    Heard::Other => None,
                    Heard::Meant => Some(Admitted::Event(happening.name.clone().into_owned())),
                    Heard::Unlike(verdict) => {
                        self.trace.push(Trace::PathNotTaken {
                            journey: journey.id.clone(),
                            path: path.id.clone(),
                            comparisons: shortened(verdict),
                        });
                        None
                    }
                }
            }
            Admission::After(_) | Admission::Weight { .. } | Admission::Else => None,
        }
    }

    /// Whether an event is the one that `on` means, for this run. What happened before the run's trigger is not.
    pub(super) fn heard(
        &self,
        run: &Enrollment,
        journey: &Journey,
        on: &EventMatch,
        happening: &Happening<'_>,
    ) -> Heard {
        if happening.at < run.began_at || happening.id == run.origin.input {
            return Heard::Other;
        }
        let view = self.view_of(run, journey);
        is_meant(on, run.key.as_deref(), &view, happening)
    }

    /// What a run knows.
    pub(super) fn view_of<'v>(&'v self, run: &'v Enrollment, journey: &'v Journey) -> View<'v> {
        View {
            run: Some(run),
            journey: Some(journey),
            ..self.view()
        }
    }

    /// An entry that still waits for quiet is over when its goal or an exit of its key comes first.
    pub(super) fn overtake_pending(&mut self, happening: &Happening<'_>) {
        let release = self.context.release;
        let is_over = |pending: &PendingEntry| {
            // Who waits for the moment of a schedule is judged by its segment then.
            if matches!(pending.until, PendingUntil::Scheduled(_)) {
                return false;
            }
            let Some((_, journey)) = release.journey(&pending.journey) else {
                return true;
            };
            let goal = journey.goal.iter().map(|goal| &goal.on);
            let exits = journey
                .exits
                .iter()
                .filter_map(|path| match &path.admission {
                    Admission::Event(on) => Some(on),
                    Admission::If(_)
                    | Admission::After(_)
                    | Admission::Weight { .. }
                    | Admission::Else => None,
                });
            let view = View {
                journey: Some(journey),
                trigger: Some(pending.origin.properties.expose()),
                ..self.view()
            };
            happening.at >= pending.origin.at
                && happening.id != pending.origin.input
                && goal.chain(exits).any(|on| {
                    matches!(
                        is_meant(on, pending.key.as_deref(), &view, happening),
                        Heard::Meant
                    )
                })
        };
        let over: Vec<String> = self
            .contact
            .pending
            .iter()
            .filter(|p| is_over(p))
            .map(|p| p.journey.clone())
            .collect();
        if over.is_empty() {
            return;
        }
        let kept: Vec<PendingEntry> = self
            .contact
            .pending
            .iter()
            .filter(|p| !is_over(p))
            .cloned()
            .collect();
        self.contact.to_mut().pending = kept;
        for journey in over {
            let why = NotEntered::Overtaken;
            self.trace.push(Trace::NotEntered { journey, why });
        }
    }

    /// Out by an exit: its steps are the run's last.
    pub(super) fn leave(
        &mut self,
        id: EnrollmentId,
        path: &JourneyPath,
        why: Admitted,
    ) -> Result<(), DecideError> {
        let Some(run) = self.contact.to_mut().run_mut(id) else {
            return Ok(());
        };
        run.leaving = Some(EndReason::Exit(path.id.clone()));
        run.check_at = None;
        let journey = run.journey.clone();
        self.trace.push(Trace::PathTaken {
            journey,
            step: None,
            path: path.id.clone(),
            why,
        });
        let first = match path.then {
            Then::Below => None,
            Then::Steps(first) => Some(first),
            Then::Goto(goto) => Some(goto.step),
        };
        self.run(id, first, self.moment)
    }

    /// On by a path of the step called `step`.
    pub(super) fn take(
        &mut self,
        id: EnrollmentId,
        step: &str,
        path: &JourneyPath,
        why: Admitted,
        at: Timestamp,
    ) -> Result<(), DecideError> {
        let Some(run) = self.contact.run(id) else {
            return Ok(());
        };
        let journey = self.version_of(run)?;
        let below = journey
            .find(step)
            .and_then(|ix| journey.step(ix))
            .and_then(|step| step.next);
        self.trace.push(Trace::PathTaken {
            journey: journey.id.clone(),
            step: Some(step.to_owned()),
            path: path.id.clone(),
            why,
        });
        self.look_again(id, None);
        let next = match path.then {
            Then::Below => below,
            Then::Steps(first) => Some(first),
            Then::Goto(goto) => self.go(id, &format!("{step}/{}", path.id), goto, below),
        };
        self.run(id, next, at)
    }

    /// A topic was said no to: what is held for it is skipped, and runs that could only message about it end.
    pub(super) fn lose(&mut self, topic: &Topic) {
        let stepping = self.stepping;
        let others = self.contact.enrollments.iter().map(|run| run.id);
        let ids: Vec<EnrollmentId> = others.filter(|id| Some(*id) != stepping).collect();
        for id in ids {
            let Some(run) = self.contact.run(id) else {
                continue;
            };
            let Some(journey) = self.context.release.version(run.version) else {
                continue;
            };
            let is_its_topic =
                journey.topic.as_deref() == Some(topic.topic.as_str()) && topic.channel == "email";
            if is_its_topic && run.leaving.is_none() && Self::is_only_messages(run, journey) {
                self.end(id, EndReason::Unsubscribed);
            } else {
                self.wake_held(id);
            }
        }
    }

    /// Whether nobody but the contact could miss the steps that can come after where the run stands. Who tells a colleague,
    /// another system or another journey stays, and its messages are skipped.
    fn is_only_messages(run: &Enrollment, journey: &Journey) -> bool {
        let Some(from) = journey.find(run.step()) else {
            return false;
        };
        let later = super::run::reachable(journey, from);
        let mut later = later.into_iter().filter_map(|ix| journey.step(ix));
        later.all(|step| match step.verb {
            Verb::Message(_)
            | Verb::Wait { .. }
            | Verb::WaitUntil { .. }
            | Verb::Branch { .. }
            | Verb::Split { .. }
            | Verb::Goto(_)
            | Verb::Exit { .. }
            | Verb::Update(_)
            | Verb::Score(_)
            | Verb::Coupon { .. } => true,
            Verb::Alert { .. }
            | Verb::Webhook { .. }
            | Verb::Emit { .. }
            | Verb::Start { .. }
            | Verb::Stop { .. } => false,
        })
    }
}

/// Whether an event is the one that `on` means: its name, its properties, its key.
pub(super) fn is_meant(
    on: &EventMatch,
    key: Option<&str>,
    view: &View<'_>,
    happening: &Happening<'_>,
) -> Heard {
    if !happening.names().any(|name| name == on.event) {
        return Heard::Other;
    }
    let view = view.hearing(&happening.properties);
    if let Some(path) = &on.key {
        let found = view.value(path).and_then(|value| key_text(&value));
        if found.is_none() || found.as_deref() != key {
            return Heard::Other;
        }
    }
    match &on.filter {
        None => Heard::Meant,
        Some(filter) => {
            let verdict = condition::evaluate_where(filter, &view);
            if verdict.holds {
                Heard::Meant
            } else {
                Heard::Unlike(verdict)
            }
        }
    }
}

/// The value that tells runs apart, as text; none for what is empty, a list or an object.
pub(super) fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The comparisons of a verdict, as many as a trace keeps.
pub(super) fn shortened(verdict: Verdict) -> Vec<condition::Comparison> {
    let mut comparisons = verdict.comparisons;
    comparisons.truncate(COMPARISONS_MAX);
    comparisons
}
