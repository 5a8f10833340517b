//! What happened in a case, from the rows of the log and the messages that left.

use std::collections::BTreeMap;

use serde_json::Value;
use wend_core::condition::Comparison;
use wend_core::id::{ContactKey, EnrollmentId, SendId};
use wend_core::input::Input;
use wend_core::log::{Effect, LogRow, NotEntered, Trace};
use wend_core::send::{CallKind, Outcome};
use wend_core::time::Timestamp;

use crate::memory::SentMail;

/// One thing that happened to a contact.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Happened {
    pub(super) at: Timestamp,
    pub(super) who: String,
    pub(super) what: Deed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    Sent {
        step: String,
        subject: String,
        text: String,
    },
    Held {
        step: String,
        until: Timestamp,
        reason: String,
    },
    Skipped {
        step: String,
        reason: String,
    },
    Alerted {
        team: String,
    },
    Called {
        connection: String,
        body: Value,
    },
    Emitted {
        event: String,
    },
    Entered {
        journey: String,
    },
    /// What explains why something else did not happen.
    Aside {
        /// The journey it is about; none: the contact.
        journey: Option<String>,
        step: Option<String>,
        text: String,
    },
    Ended {
        reason: String,
        value: Option<Value>,
    },
    /// A run took a path; no step: an exit.
    Took {
        journey: String,
        step: Option<String>,
        path: String,
    },
    /// A run stays at a step for a while.
    Stood {
        journey: String,
        step: String,
    },
}

impl Deed {
    /// Whether a line must expect it.
    pub(super) const fn is_strict(&self) -> bool {
        match self {
            Self::Sent { .. }
            | Self::Skipped { .. }
            | Self::Alerted { .. }
            | Self::Called { .. }
            | Self::Emitted { .. }
            | Self::Ended { .. } => true,
            Self::Held { .. }
            | Self::Entered { .. }
            | Self::Aside { .. }
            | Self::Took { .. }
            | Self::Stood { .. } => false,
        }
    }
}

/// What the rows of a case's contacts say, in the order of time.
pub(super) fn happened(
    rows: &[LogRow],
    mails: &[SentMail],
    names: &BTreeMap<ContactKey, String>,
    start: Timestamp,
) -> Vec<Happened> {
    let mails: BTreeMap<SendId, &SentMail> = mails.iter().map(|mail| (mail.send, mail)).collect();
    let mut all = Vec::new();
    for row in rows.iter().filter(|row| row.at >= start) {
        let Some(who) = names.get(&row.contact) else {
            continue;
        };
        for trace in &row.trace {
            if let Some(what) = deed(row, trace, &mails) {
                let at = at(row, trace);
                let who = who.clone();
                all.push(Happened { at, who, what });
            }
        }
    }
    all.sort_by_key(|happened| happened.at);
    all
}

/// A message left when its outcome says, also if the contact is told later.
fn at(row: &LogRow, trace: &Trace) -> Timestamp {
    match (trace, &row.input) {
        (Trace::SendEnded { send, .. }, Input::Outcome(over)) if *send == over.send => over.at,
        _ => row.at,
    }
}

fn deed(row: &LogRow, trace: &Trace, mails: &BTreeMap<SendId, &SentMail>) -> Option<Deed> {
    Some(match trace {
        Trace::SendEnded {
            step,
            send,
            outcome,
            ..
        } => ended_send(step, outcome, mails.get(send).copied()),
        Trace::MessageSkipped { step, reason, .. } => Deed::Skipped {
            step: step.clone(),
            reason: reason.name().to_owned(),
        },
        Trace::Held {
            step, until, why, ..
        } => Deed::Held {
            step: step.clone(),
            until: *until,
            reason: why.name().to_owned(),
        },
        Trace::Alerted { team, .. } => Deed::Alerted { team: team.clone() },
        Trace::Asked { call, .. } => asked(row, *call)?,
        Trace::Emitted(event) => Deed::Emitted {
            event: event.clone(),
        },
        Trace::Entered { journey, .. } => Deed::Entered {
            journey: journey.clone(),
        },
        Trace::PathTaken {
            journey,
            step,
            path,
            ..
        } => Deed::Took {
            journey: journey.clone(),
            step: step.clone(),
            path: path.clone(),
        },
        Trace::Waits { journey, step, .. } => Deed::Stood {
            journey: journey.clone(),
            step: step.clone(),
        },
        Trace::Ended {
            enrollment, reason, ..
        } => Deed::Ended {
            reason: reason.name().to_owned(),
            value: worth(row, *enrollment),
        },
        _ => return aside(trace),
    })
}

/// A call of another system; none for a coupon, which no line speaks of.
fn asked(row: &LogRow, call: SendId) -> Option<Deed> {
    let mut calls = row.effects.iter().filter_map(|effect| match effect {
        Effect::Call(request) => Some(request),
        Effect::Consent(_) | Effect::Carry { .. } | Effect::Send(_) | Effect::Wake { .. } => None,
    });
    let request = calls.find(|request| request.call == call)?;
    let CallKind::Webhook { connection, .. } = &request.kind else {
        return None;
    };
    let given = request.given.iter();
    let given = given.map(|(name, value)| (name.clone(), value.expose().clone()));
    Some(Deed::Called {
        connection: connection.clone(),
        body: Value::Object(given.collect()),
    })
}

/// What the goal was worth that a run reached with this input.
fn worth(row: &LogRow, run: EnrollmentId) -> Option<Value> {
    row.trace.iter().find_map(|trace| match trace {
        Trace::GoalReached {
            enrollment, value, ..
        } if *enrollment == run => {
            let value = value.as_ref()?;
            Some(serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str())))
        }
        _ => None,
    })
}

/// What explains why something else did not happen.
fn aside(trace: &Trace) -> Option<Deed> {
    let (journey, step, text) = match trace {
        Trace::NotEntered { journey, why } => {
            let compared = match why {
                NotEntered::Where(all)
                | NotEntered::EntryIf(all)
                | NotEntered::NotInSegment(all) => words(all),
                _ => String::new(),
            };
            let why = why.name();
            let text = format!("{journey} was not entered: {why}{compared}");
            (Some(journey), None, text)
        }
        Trace::StepPassed {
            journey,
            step,
            comparisons,
        } => {
            let compared = words(comparisons);
            (
                Some(journey),
                Some(step),
                format!("{step} was passed over{compared}"),
            )
        }
        Trace::PathNotTaken {
            journey,
            path,
            comparisons,
        } => {
            let text = format!("{path} did not match{}", words(comparisons));
            (Some(journey), None, text)
        }
        Trace::Parked { journey, step } => {
            let text = format!("{step} failed and waits for somebody");
            (Some(journey), Some(step), text)
        }
        Trace::CascadeLimit(what) => (None, None, format!("{what} was cut: cascade_limit")),
        Trace::ConsentUnconfirmed(topic) => (None, None, format!("{topic} is not confirmed yet")),
        Trace::ConsentWithoutAddress(topic) => (
            None,
            None,
            format!("{topic} was opted in to without an address"),
        ),
        Trace::UnknownTopic(topic) => (None, None, format!("there is no topic {topic}")),
        _ => return None,
    };
    Some(Deed::Aside {
        journey: journey.cloned(),
        step: step.cloned(),
        text,
    })
}

/// The comparisons that decided: those that did not hold, or all.
fn words(comparisons: &[Comparison]) -> String {
    let failed = comparisons.iter().filter(|comparison| !comparison.held);
    let words: Vec<String> = failed
        .map(|comparison| comparison.words().into_inner())
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({})", words.join(", "))
    }
}

fn ended_send(step: &str, outcome: &Outcome, mail: Option<&SentMail>) -> Deed {
    let step = step.to_owned();
    let reason = match outcome {
        Outcome::Accepted { .. } | Outcome::Unknown => {
            let message = mail.map(|mail| &mail.message);
            return Deed::Sent {
                step,
                subject: message.map_or_else(String::new, |message| message.subject.clone()),
                text: message.map_or_else(String::new, |message| message.text.clone()),
            };
        }
        Outcome::Rejected { reason } => reason.clone(),
        Outcome::Skipped { reason } => reason.name().to_owned(),
    };
    Deed::Skipped { step, reason }
}
