//! What stands in boxes and beside edges.

use super::NodeKind;
use crate::condition::{self, Condition};
use crate::release::{Admission, EventMatch, Journey, JourneyPath, Reentry, Step, Trigger, Verb};

/// Longer texts are cut: the file has the rest.
const CHARS_MAX: usize = 44;

fn cut(text: &str) -> String {
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    let kept: String = text.chars().take(CHARS_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}

pub(super) fn condition(before: &str, condition: &Condition) -> String {
    let text = condition::to_yaml(condition);
    let inner = text
        .strip_prefix("{ ")
        .and_then(|text| text.strip_suffix(" }"));
    cut(format!("{before} {}", inner.unwrap_or(&text)).trim())
}

pub(super) fn event(on: &EventMatch) -> String {
    let filter = on.filter.as_ref().map(condition::where_to_yaml);
    cut(&filter.map_or_else(
        || on.event.clone(),
        |filter| format!("{} {filter}", on.event),
    ))
}

/// What starts runs, the first trigger in the title.
pub(super) fn triggers(journey: &Journey) -> String {
    let first = journey.triggers.first().map(trigger);
    first.unwrap_or_else(|| "nothing starts it".to_owned())
}

/// The other triggers, and who enters.
pub(super) fn entry(journey: &Journey) -> Vec<String> {
    let mut notes: Vec<String> = journey
        .triggers
        .iter()
        .skip(1)
        .map(|one| format!("or {}", trigger(one)))
        .collect();
    notes.extend(
        journey
            .entry_if
            .as_ref()
            .map(|entry_if| condition("if", entry_if)),
    );
    match journey.reentry {
        Reentry::Never => {}
        Reentry::Always => notes.push("again and again".to_owned()),
        Reentry::After(span) => notes.push(format!("again after {span}")),
    }
    if journey.holdout.0 > 0 {
        notes.push(format!("{} held out", journey.holdout));
    }
    notes
}

fn trigger(trigger: &Trigger) -> String {
    cut(&match trigger {
        Trigger::Event {
            on,
            after_last: Some(quiet),
            ..
        } => format!("{quiet} after the last {}", event(on)),
        Trigger::Event {
            on,
            after_last: None,
            ..
        } => event(on),
        Trigger::Member { id, joins, .. } => {
            format!("{} {id}", if *joins { "joins" } else { "leaves" })
        }
        Trigger::Subscribes { topic } => format!("subscribes {topic}"),
        Trigger::Changes { attribute, .. } => format!("{attribute} changes"),
        Trigger::Schedule {
            schedule, segment, ..
        } => format!("{schedule}, {segment}"),
        Trigger::Date { phrase, .. } => phrase.to_string(),
        Trigger::Manual => "by hand".to_owned(),
    })
}

/// The kind of a step, and what it does.
pub(super) fn step(step: &Step) -> (NodeKind, String) {
    let (kind, text) = match &step.verb {
        Verb::Message(message) => (
            NodeKind::Message,
            format!("{} {}", message.channel.name(), message.template),
        ),
        Verb::Wait { wait, .. } => (NodeKind::Wait, format!("wait {wait}")),
        Verb::WaitUntil { .. } => (NodeKind::Wait, "wait until".to_owned()),
        Verb::Branch { .. } => (NodeKind::Choice, "branch".to_owned()),
        Verb::Split { .. } => (NodeKind::Choice, "split".to_owned()),
        Verb::Alert { team, .. } => (NodeKind::Action, format!("alert {team}")),
        Verb::Webhook { connection, .. } => (NodeKind::Action, format!("call {connection}")),
        Verb::Update(_) => (NodeKind::Action, "update".to_owned()),
        Verb::Score(points) => {
            let points = points
                .iter()
                .map(|(score, points)| format!("{score} {points:+}"));
            (NodeKind::Action, points.collect::<Vec<_>>().join(", "))
        }
        Verb::Coupon { pool, .. } => (NodeKind::Action, format!("coupon {pool}")),
        Verb::Emit { event, .. } => (NodeKind::Action, format!("emit {event}")),
        Verb::Start { journey, .. } => (NodeKind::Action, format!("start {journey}")),
        Verb::Stop { journey } => (NodeKind::Action, format!("stop {journey}")),
        Verb::Goto(_) => (NodeKind::Choice, "go back".to_owned()),
        Verb::Exit { reason } => (NodeKind::End, reason.clone()),
    };
    (kind, cut(&text))
}

/// A path and what admits to it.
pub(super) fn path(path: &JourneyPath) -> String {
    let admits = match &path.admission {
        Admission::If(only_if) => condition("", only_if),
        Admission::Event(on) => event(on),
        Admission::After(wait) => wait.to_string(),
        Admission::Weight { share, .. } => share.to_string(),
        Admission::Else => return path.id.clone(),
    };
    // `clicked: reminder` says what `clicked: clicked: reminder` does.
    let is_said = admits
        .strip_prefix(path.id.as_str())
        .is_some_and(|rest| rest.starts_with(':'));
    if is_said {
        admits
    } else {
        cut(&format!("{}: {admits}", path.id))
    }
}
