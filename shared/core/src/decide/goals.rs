//! Goals: what a run is for. They count while it lives, and within their window after it ended.

use std::borrow::Cow;
use std::time::Duration;

use super::listen::{Heard, is_meant, shortened};
use super::{Deciding, Happening, facts};
use crate::calendar;
use crate::condition::World as _;
use crate::contact::GoalWatch;
use crate::enrollment::Enrollment;
use crate::id::EnrollmentId;
use crate::log::{EndReason, Trace};
use crate::release::{Goal, Journey};
use crate::time::Timestamp;

/// Most goals of ended runs that one contact keeps.
pub(super) const GOALS_MAX: usize = 10;
/// How late a goal may be told that happened within its window: as late as an event that starts a run.
const GOAL_TOLD_WITHIN: Duration = Duration::from_hours(24);

impl Deciding<'_> {
    /// Whether the event is the run's goal and ended it.
    pub(super) fn reach_goal(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        goal: &Goal,
        happening: &Happening<'_>,
    ) -> bool {
        let Some(run) = self.contact.run(id) else {
            return false;
        };
        // Who is on the steps of an exit has left; the goal counts all the same.
        let ends_run = goal.ends_run && run.leaving.is_none();
        let until = self.goal_until(goal, journey, run.entered_at);
        if until.is_some_and(|until| happening.at > until) || run.goal_at.is_some() {
            return false;
        }
        match self.heard(run, journey, &goal.on, happening) {
            Heard::Other => return false,
            Heard::Unlike(verdict) => {
                self.trace.push(Trace::PathNotTaken {
                    journey: journey.id.clone(),
                    path: "goal".to_owned(),
                    comparisons: shortened(verdict),
                });
                return false;
            }
            Heard::Meant => {}
        }
        self.note_goal(id, journey, goal, happening);
        if ends_run {
            self.end(id, EndReason::Goal);
        } else if let Some(run) = self.contact.to_mut().run_mut(id) {
            run.goal_at = Some(happening.at);
        }
        ends_run
    }

    /// Notes the goal and what it was worth.
    fn note_goal(
        &mut self,
        enrollment: EnrollmentId,
        journey: &Journey,
        goal: &Goal,
        happening: &Happening<'_>,
    ) {
        let view = self.view().hearing(&happening.properties);
        let value = goal
            .value
            .as_ref()
            .and_then(|path| view.value(path))
            .map(Cow::into_owned);
        let currency = value
            .as_ref()
            .and_then(|value| value.get("currency")?.as_str().map(str::to_owned));
        let said = || {
            happening
                .properties
                .get("currency")?
                .as_str()
                .map(str::to_owned)
        };
        let currency = currency.or_else(said).or_else(|| goal.currency.clone());
        let value = value
            .as_ref()
            .and_then(facts::number)
            .map(|value| value.to_string());
        self.trace.push(Trace::GoalReached {
            journey: journey.id.clone(),
            enrollment,
            value,
            currency,
        });
    }

    /// Until when a goal counts; none: as long as the run lives.
    pub(super) fn goal_until(
        &self,
        goal: &Goal,
        journey: &Journey,
        entered_at: Timestamp,
    ) -> Option<Timestamp> {
        let within = goal.within?;
        let zone = self.zone(Some(journey));
        Some(self.scaled(
            entered_at,
            calendar::after(within, entered_at, self.place(&zone)),
        ))
    }

    /// Keeps the goal of a run that ends, as long as it can count.
    pub(super) fn watch_goal(&mut self, run: &Enrollment) {
        let Some(journey) = self.context.release.version(run.version) else {
            return;
        };
        let until = journey
            .goal
            .as_ref()
            .and_then(|goal| self.goal_until(goal, journey, run.entered_at));
        // What happened within the window may be told after it.
        let told_since = self.moment.minus(GOAL_TOLD_WITHIN);
        let Some(until) = until.filter(|until| *until > told_since) else {
            return;
        };
        let goals = &mut self.contact.to_mut().goals;
        goals.retain(|watch| watch.until > told_since);
        goals.push(GoalWatch {
            journey: run.journey.clone(),
            version: run.version,
            enrollment: run.id,
            key: run.key.clone(),
            from: run.began_at,
            until,
        });
        goals.drain(..goals.len().saturating_sub(GOALS_MAX));
    }

    /// Goals of runs that have ended.
    pub(super) fn late_goals(&mut self, happening: &Happening<'_>) {
        let release = self.context.release;
        let mut reached: Vec<GoalWatch> = Vec::new();
        for watch in &self.contact.goals {
            let Some(journey) = release.version(watch.version) else {
                continue;
            };
            let Some(goal) = &journey.goal else { continue };
            let view = self.view();
            let is_meant = matches!(
                is_meant(&goal.on, watch.key.as_deref(), &view, happening),
                Heard::Meant
            );
            if is_meant && (watch.from..=watch.until).contains(&happening.at) {
                reached.push(watch.clone());
            }
        }
        for watch in reached {
            if let Some(journey) = release.version(watch.version)
                && let Some(goal) = &journey.goal
            {
                self.note_goal(watch.enrollment, journey, goal, happening);
            }
            self.contact
                .to_mut()
                .goals
                .retain(|known| known.enrollment != watch.enrollment);
        }
    }
}
