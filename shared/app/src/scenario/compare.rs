//! What was expected against what happened.

use wend_core::definitions::scenario::{Case, Expected, Line, Scenarios, What};
use wend_core::time::Timestamp;

use super::happened::{Deed, Happened};
use super::play::Played;
use super::why::Why;
use super::{Difference, DifferenceKind, Project, Report, write};

/// Matches each expected line with one thing that happened in its minute; what is left on either side differs.
pub(super) fn compare(
    project: Project<'_>,
    scenarios: &Scenarios,
    case: &Case,
    played: &Played,
) -> Report {
    let why = Why::of(project, scenarios, case, played);
    let mut left: Vec<&Happened> = played.happened.iter().collect();
    let mut unmet: Vec<(&Line, &Expected, Timestamp)> = Vec::new();
    let mut before = case.start;
    for line in &case.timeline {
        if let What::Expected(expected) = &line.what {
            let is_looked_at = matches!(expected, Expected::Is(_));
            match left.iter().position(|deed| is_met(line, expected, deed)) {
                Some(place) => drop(left.remove(place)),
                None if is_looked_at => {}
                None => unmet.push((line, expected, before)),
            }
        }
        before = line.at;
    }
    let mut differences = played.troubles.clone();
    let unmet = unmet
        .into_iter()
        .map(|(line, expected, before)| Difference {
            at: line.at,
            position: Some(line.position),
            kind: DifferenceKind::Missing,
            text: write::expected(case, line, expected, before),
            note: why.note(line, expected, &left),
        });
    differences.extend(unmet);
    let missing = left.into_iter().filter(|deed| deed.what.is_strict());
    let missing: Vec<Happened> = missing.cloned().collect();
    differences.extend(missing.iter().map(|deed| Difference {
        at: deed.at,
        position: None,
        kind: DifferenceKind::Unexpected,
        text: write::happened(case, deed, line_before(case, deed.at)),
        note: None,
    }));
    if !differences.is_empty() {
        differences.extend(why.unheard().map(|(line, event, note)| Difference {
            at: line.at,
            position: Some(line.position),
            kind: DifferenceKind::Remark,
            text: write::track(case, line, event),
            note: Some(note),
        }));
    }
    differences.sort_by_key(|difference| minute(difference.at));
    Report {
        lasted: std::time::Duration::ZERO,
        differences,
        missing,
    }
}

/// The time of the last line that is not after `at`.
pub(super) fn line_before(case: &Case, at: Timestamp) -> Timestamp {
    let lines = case.timeline.iter().map(|line| line.at);
    let lines = lines.filter(|line| minute(*line) <= minute(at));
    lines.max().unwrap_or(case.start)
}

/// The minute that `at` is in.
pub(super) const fn minute(at: Timestamp) -> i64 {
    at.as_secs().div_euclid(60)
}

fn is_met(line: &Line, expected: &Expected, happened: &Happened) -> bool {
    minute(line.at) == minute(happened.at)
        && line.who == happened.who
        && is_said(expected, &happened.what)
}

/// Whether an expected line says what happened; what it leaves out may be anything.
pub(super) fn is_said(expected: &Expected, deed: &Deed) -> bool {
    let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
    match (expected, deed) {
        (
            Expected::Sent {
                step,
                contains,
                subject,
            },
            Deed::Sent {
                step: found,
                subject: has,
                text,
            },
        ) => {
            let holds = |part: &String| has.contains(part) || text.contains(part);
            let is_subject = subject.as_ref().is_none_or(|part| has.contains(part));
            step == found && is_subject && contains.iter().all(holds)
        }
        (
            Expected::Held {
                step,
                until,
                reason,
            },
            Deed::Held {
                step: found,
                until: has,
                reason: why,
            },
        ) => {
            let is_then = until.is_none_or(|until| minute(until) == minute(*has));
            step == found && is(reason, why) && is_then
        }
        (
            Expected::Skipped { step, reason },
            Deed::Skipped {
                step: found,
                reason: why,
            },
        ) => step == found && is(reason, why),
        (Expected::Alerted { team }, Deed::Alerted { team: found }) => team == found,
        (
            Expected::Called { connection, body },
            Deed::Called {
                connection: found,
                body: has,
            },
        ) => connection == found && body.as_ref().is_none_or(|body| write::has_part(has, body)),
        (Expected::Emitted { event }, Deed::Emitted { event: found }) => event == found,
        (Expected::Entered { journey }, Deed::Entered { journey: found }) => journey == found,
        (
            Expected::Ended { reason, value },
            Deed::Ended {
                reason: found,
                value: has,
                ..
            },
        ) => {
            let has = has.as_ref();
            let is_worth = |value| has.is_some_and(|has| write::is_same(has, value));
            reason == found && value.as_ref().is_none_or(is_worth)
        }
        _ => false,
    }
}
