//! What happens to one contact, in words.

use wend_core::input::FeedbackKind;
use wend_core::log::{LogRow, Trace};
use wend_core::send::Outcome;
use wend_core::time::Timestamp;
use wend_core::zone::Zone;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// When, on the contact's clock: `2027-03-01 18:10`.
    pub shown: String,
    /// In which journey; none: to the contact itself.
    pub journey: Option<String>,
    /// What.
    pub text: String,
}

/// What a row tells, without what only machines read.
pub(super) fn lines(row: &LogRow, zone: &Zone) -> Vec<Line> {
    let shown = zone.local(row.at).strftime("%Y-%m-%d %H:%M").to_string();
    let told = row.trace.iter().filter_map(|line| told(line, zone));
    told.map(|(journey, text)| Line {
        at: row.at,
        shown: shown.clone(),
        journey: journey.map(str::to_owned),
        text,
    })
    .collect()
}

/// A moment on the contact's clock.
fn clock(at: Timestamp, zone: &Zone) -> String {
    zone.local(at).strftime("%a %Y-%m-%d %H:%M").to_string()
}

/// In which journey something happened, and what.
type Told<'t> = (Option<&'t str>, String);

fn told<'t>(line: &'t Trace, zone: &Zone) -> Option<Told<'t>> {
    let of_run = entry(line).or_else(|| way(line, zone));
    let of_run = of_run.or_else(|| message(line, zone));
    let of_run = of_run.map(|(journey, text)| (Some(journey), text));
    of_run.or_else(|| Some((None, of_contact(line)?)))
}

/// How runs begin and end.
fn entry(line: &Trace) -> Option<(&str, String)> {
    let (journey, text) = match line {
        Trace::Entered {
            journey,
            trigger,
            is_holdout,
            ..
        } => {
            let how = match trigger {
                Some(trigger) => format!("by trigger {trigger}"),
                None => "by hand".to_owned(),
            };
            let held = if *is_holdout { ", held out" } else { "" };
            (journey, format!("entered {how}{held}"))
        }
        Trace::NotEntered { journey, why } => (journey, format!("not entered: {}", why.name())),
        Trace::EntryWaits { journey, .. } => (journey, "entry waits".to_owned()),
        Trace::Retriggered {
            journey,
            is_restarted: true,
        } => (journey, "restarted".to_owned()),
        Trace::Retriggered { journey, .. } => (journey, "refreshed".to_owned()),
        Trace::GoalReached {
            journey,
            value,
            currency,
            ..
        } => {
            let worth = value.iter().chain(currency);
            let worth = worth.fold(String::new(), |text, one| text + " " + one);
            (journey, format!("goal reached{worth}"))
        }
        Trace::Ended {
            journey, reason, ..
        } => (journey, format!("ended: {}", reason.name())),
        _ => return None,
    };
    Some((journey.as_str(), text))
}

/// Where runs go, and for what they wait.
fn way<'t>(line: &'t Trace, zone: &Zone) -> Option<(&'t str, String)> {
    let (journey, text) = match line {
        Trace::StepPassed { journey, step, .. } => (journey, format!("passed over {step}")),
        Trace::PathTaken {
            journey,
            step: Some(step),
            path,
            ..
        } => (journey, format!("path {path} of {step}")),
        Trace::PathTaken { journey, path, .. } => (journey, format!("exit {path}")),
        Trace::Waits {
            journey,
            step,
            due_at: Some(at),
            ..
        } if !step.is_empty() => (
            journey,
            format!("waits at {step} until {}", clock(*at, zone)),
        ),
        Trace::Asked { journey, step, .. } => (journey, format!("called {step}")),
        Trace::Alerted {
            journey,
            step,
            team,
        } => (journey, format!("alerted {team} by {step}")),
        _ => return None,
    };
    Some((journey.as_str(), text))
}

/// What becomes of messages.
fn message<'t>(line: &'t Trace, zone: &Zone) -> Option<(&'t str, String)> {
    let (journey, text) = match line {
        Trace::Held {
            journey,
            step,
            until,
            why,
        } => (
            journey,
            format!("held {step} until {}: {}", clock(*until, zone), why.name()),
        ),
        Trace::MessageSkipped {
            journey,
            step,
            reason,
        } => (journey, format!("skipped {step}: {}", reason.name())),
        Trace::SendEnded {
            journey,
            step,
            outcome,
            ..
        } => {
            let text = match outcome {
                Outcome::Accepted { .. } | Outcome::Unknown => format!("sent {step}"),
                Outcome::Rejected { reason } => format!("refused {step}: {reason}"),
                Outcome::Skipped { reason } => format!("skipped {step}: {}", reason.name()),
            };
            (journey, text)
        }
        Trace::MessageState {
            journey,
            step,
            kind,
            ..
        } => (journey, format!("{} {step}", reacted(*kind)?)),
        _ => return None,
    };
    Some((journey.as_str(), text))
}

/// What happens to the contact, whatever journeys it is in.
fn of_contact(line: &Trace) -> Option<String> {
    match line {
        Trace::Scored {
            score,
            points,
            value,
            ..
        } => Some(format!("{score} {points:+} is {value}")),
        Trace::Member { id, joined: true } => Some(format!("joined {id}")),
        Trace::Member { id, .. } => Some(format!("left {id}")),
        Trace::Emitted(event) => Some(format!("emitted {event}")),
        Trace::CascadeLimit(what) => Some(format!("cut: {what} leads to too much")),
        _ => None,
    }
}

const fn reacted(kind: FeedbackKind) -> Option<&'static str> {
    match kind {
        FeedbackKind::Delivered => None,
        FeedbackKind::Opened => Some("opened"),
        FeedbackKind::Clicked => Some("clicked"),
        FeedbackKind::Replied => Some("answered"),
        FeedbackKind::Bounced => Some("bounced"),
        FeedbackKind::Complained => Some("complained about"),
        FeedbackKind::Stopped => Some("answered with a stop"),
        FeedbackKind::Resumed => Some("took back the stop"),
        FeedbackKind::AskedHelp => Some("asked for help"),
    }
}
