//! Scores: points from events decay, points from conditions hold for as long as they do.

use super::view::View;
use super::{Deciding, Happening};
use crate::calendar::{self, ClosedDays, Place};
use crate::condition::{self, Test};
use crate::contact::{Contact, KeptScore};
use crate::log::Trace;
use crate::release::{Score, ScoreRule, ScoreSource, millis};
use crate::time::Timestamp;
use crate::zone::Zone;

/// Binary dust: half of a half of 40 must be 10, not 9.999….
const DUST: f64 = 1e-9;

/// Whole points of `score`, rounded down, within its range.
pub(super) fn value(score: &Score, view: &View<'_>) -> i64 {
    let collected = view.contact.scores.get(&score.id);
    let collected = collected.map_or(0.0, |kept| decayed(kept, score, view.now));
    clamped(score, collected + f64::from(standing(score, view)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the score's range of i32 before"
)]
fn clamped(score: &Score, points: f64) -> i64 {
    let whole = (points + DUST).floor();
    whole.clamp(f64::from(score.min), f64::from(score.max)) as i64
}

/// Points of conditions that hold.
fn standing(score: &Score, view: &View<'_>) -> i32 {
    let rules = score.rules.iter().filter_map(|rule| match &rule.source {
        ScoreSource::If(condition) => Some((rule.points, condition)),
        ScoreSource::Event { .. } => None,
    });
    let Some(inner) = inner(view) else { return 0 };
    let held = rules.filter(|(_, condition)| condition::evaluate(condition, &inner).holds);
    held.map(|(points, _)| points).fold(0, i32::saturating_add)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times of ages far below 2^53 milliseconds"
)]
pub(super) fn decayed(kept: &KeptScore, score: &Score, now: Timestamp) -> f64 {
    let Some(half_life) = score.half_life else {
        return kept.points;
    };
    let age = now.as_millis().saturating_sub(kept.at.as_millis()).max(0) as f64;
    kept.points * 0.5_f64.powf(age / (millis(half_life).max(1) as f64))
}

/// The whole numbers at which some of `tests` turns over when a score passes them; none: at any. A score that decays far from them
/// needs no wake.
pub(super) fn edges(tests: &[Test]) -> Option<Vec<f64>> {
    let mut edges = Vec::new();
    for test in tests {
        match test {
            Test::Gte(bound) | Test::Lt(bound) => edges.push(bound.value().ceil()),
            Test::Gt(bound) | Test::Lte(bound) => edges.push(bound.value().floor() + 1.0),
            Test::Between(least, most) => {
                edges.extend([least.value().ceil(), most.value().floor() + 1.0]);
            }
            Test::Exists(_) => {}
            Test::Is(_)
            | Test::OneOf(_)
            | Test::IsNot(_)
            | Test::BetweenTimes(..)
            | Test::Has(_)
            | Test::HasNot(_)
            | Test::Contains(_)
            | Test::StartsWith(_)
            | Test::EndsWith(_)
            | Test::Matches(_)
            | Test::SameAs(_)
            | Test::Within(_)
            | Test::OlderThan(_)
            | Test::InNext(_)
            | Test::Before(_)
            | Test::After(_) => return None,
        }
    }
    Some(edges)
}

/// When time alone takes the whole points over one of `edges` next; without them, when it changes the points at all.
pub(super) fn changes_at(
    score: &Score,
    view: &View<'_>,
    edges: Option<&[f64]>,
) -> Option<Timestamp> {
    let decays = decays_at(score, view, edges);
    decays
        .into_iter()
        .chain(standing_changes_at(score, view))
        .min()
}

/// When a condition that gives points turns over.
fn standing_changes_at(score: &Score, view: &View<'_>) -> Option<Timestamp> {
    let conditions = score.rules.iter().filter_map(|rule| match &rule.source {
        ScoreSource::If(condition) => Some(condition),
        ScoreSource::Event { .. } => None,
    });
    let inner = inner(view)?;
    conditions
        .filter_map(|condition| condition::evaluate(condition, &inner).changes_at)
        .min()
}

/// The contact alone, one level deeper: a score may read segments that read scores.
fn inner<'v>(view: &View<'v>) -> Option<View<'v>> {
    let inner = View {
        depth: view.depth + 1,
        ..View::of(view.contact, view.release, view.now)
    };
    (view.depth < 4).then_some(inner)
}

/// When decay alone takes what was collected over one of `edges`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as `decayed`"
)]
fn decays_at(score: &Score, view: &View<'_>, edges: Option<&[f64]>) -> Option<Timestamp> {
    let kept = view.contact.scores.get(&score.id)?;
    let half_life = millis(score.half_life?).max(1) as f64;
    let now = decayed(kept, score, view.now);
    let whole = (now + DUST).floor();
    let standing = f64::from(standing(score, view));
    let edges = edges.map(|edges| edges.iter().map(|edge| edge - standing));
    // Going down it falls below an edge by more than the dust that `clamped` forgives; going up it comes within the dust of the
    // next one. Between zero and one nothing changes any more.
    let beyond = if now > 0.0 {
        let edge = match edges {
            Some(edges) => edges.filter(|edge| *edge <= whole).max_by(f64::total_cmp)?,
            None => whole,
        };
        edge - 2.0 * DUST
    } else {
        let edge = match edges {
            Some(edges) => edges.filter(|edge| *edge > whole).min_by(f64::total_cmp)?,
            None => whole + 1.0,
        };
        edge - DUST
    };
    if now == 0.0 || (beyond > 0.0) != (now > 0.0) {
        return None;
    }
    let halves = (kept.points / beyond).log2();
    let later = (halves * half_life).ceil() as i64 + 1;
    let at = Timestamp::from_millis(kept.at.as_millis().saturating_add(later));
    Some(at.max(Timestamp::from_millis(
        view.now.as_millis().saturating_add(1),
    )))
}

impl Deciding<'_> {
    /// The points that an event gives.
    pub(super) fn score_event(&mut self, happening: &Happening<'_>) {
        let release = self.context.release;
        for name in happening.names() {
            for (id, place) in release.index().points.get(name).into_iter().flatten() {
                let Some(score) = release.score(id) else {
                    continue;
                };
                if let Some(rule) = score.rules.get(*place) {
                    self.score_rule(score, rule, happening);
                }
            }
        }
    }

    fn score_rule(&mut self, score: &Score, rule: &ScoreRule, happening: &Happening<'_>) {
        let ScoreSource::Event {
            filter,
            max,
            within,
            ..
        } = &rule.source
        else {
            return;
        };
        let view = self.view().hearing(&happening.properties);
        let is_meant = filter
            .as_ref()
            .is_none_or(|filter| condition::evaluate_where(filter, &view).holds);
        if !is_meant {
            return;
        }
        let mut points = rule.points;
        if let Some(max) = max {
            let zone = Zone::utc();
            let place = Place {
                zone: &zone,
                closed: &ClosedDays::NONE,
            };
            let at = happening.at;
            let kept = self
                .contact
                .to_mut()
                .scores
                .entry(score.id.clone())
                .or_default();
            let given = kept.given.entry(rule.id.clone()).or_default();
            given.retain(|(then, _)| {
                within.is_none_or(|within| calendar::after(within, *then, place) > at)
            });
            let sum: i32 = given.iter().map(|(_, points)| *points).sum();
            points = if points > 0 {
                points.min(max - sum).max(0)
            } else {
                points.max(-max - sum).min(0)
            };
            if points != 0 && within.is_none() {
                // One line is enough to add up.
                let total = sum + points;
                *given = vec![(at, total)];
            } else if points != 0 {
                given.push((at, points));
            }
        }
        self.give(score, points, &rule.id);
    }

    /// Thresholds that none of two contacts had reached alone.
    pub(super) fn reach_thresholds(&mut self, before: &[Contact]) {
        let release = self.context.release;
        let ids: Vec<String> = self.contact.scores.keys().cloned().collect();
        for score in ids.iter().filter_map(|id| release.score(id)) {
            let alone = before.iter();
            let alone = alone.map(|contact| value(score, &View::of(contact, release, self.moment)));
            let alone = alone.max().unwrap_or_default();
            let together = value(score, &self.view());
            self.dirty(&format!("score.{}", score.id));
            self.pass_thresholds(score, alone, together);
        }
    }

    /// Gives points and makes the events of thresholds that are reached by them.
    pub(super) fn give(&mut self, score: &Score, points: i32, by: &str) {
        if points == 0 {
            return;
        }
        let before = value(score, &self.view());
        let now = self.moment;
        let kept = self
            .contact
            .to_mut()
            .scores
            .entry(score.id.clone())
            .or_default();
        kept.reached.retain(|id| {
            let threshold = score
                .thresholds
                .iter()
                .find(|threshold| threshold.id == *id);
            threshold.is_some_and(|threshold| before >= i64::from(threshold.rearm_below))
        });
        let (least, most) = (f64::from(score.min), f64::from(score.max));
        kept.points = (decayed(kept, score, now) + f64::from(points)).clamp(least.min(0.0), most);
        // A run that begins late gives its points as of its own moment; what decayed since is not given back.
        kept.at = kept.at.max(now);
        let after = value(score, &self.view());
        self.dirty(&format!("score.{}", score.id));
        self.trace.push(Trace::Scored {
            score: score.id.clone(),
            points,
            value: after,
            by: by.to_owned(),
        });
        self.pass_thresholds(score, before, after);
    }

    /// Makes the events of thresholds that a score has come to.
    fn pass_thresholds(&mut self, score: &Score, before: i64, after: i64) {
        for threshold in &score.thresholds {
            let at = i64::from(threshold.at);
            if before < at && after >= at {
                let kept = self
                    .contact
                    .to_mut()
                    .scores
                    .entry(score.id.clone())
                    .or_default();
                if kept.reached.insert(threshold.id.clone()) {
                    self.emit(&threshold.emit, crate::input::Properties::new());
                }
            }
        }
    }
}
