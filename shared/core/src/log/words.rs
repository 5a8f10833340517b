//! Traces in words, for people: the terminal, timelines.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "`Trace::words` names every variant and says which function has its words"
)]

use super::{Admitted, NotEntered, Refusal, Trace};
use crate::condition::Comparison;
use crate::contact::PendingUntil;
use crate::send::Outcome;

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What kind of thing happened: `event`, `send`, `wait`.
    pub verb: &'static str,
    /// To what: a step, a journey, an attribute.
    pub what: String,
    /// What more there is to say.
    pub more: String,
}

fn words(verb: &'static str, what: impl Into<String>, more: impl Into<String>) -> Words {
    Words {
        verb,
        what: what.into(),
        more: more.into(),
    }
}

impl Trace {
    /// The trace in words; none for what another line says already. Values of the contact are among them: these words are for
    /// whoever may see the contact, and never for a log.
    pub fn words(&self) -> Option<Words> {
        match self {
            Self::Created | Self::WaitOver { .. } | Self::SendRequested { .. } => None,
            Self::AddressSet
            | Self::AddressKept
            | Self::AddressChanged(_)
            | Self::TextsStopped(_)
            | Self::ConfirmedElsewhere(_)
            | Self::AttributesSet(_)
            | Self::Linked(_)
            | Self::NotLinked { .. }
            | Self::Merged { .. }
            | Self::Repointed { .. }
            | Self::Consent { .. }
            | Self::ConsentUnconfirmed(_)
            | Self::UnknownTopic(_)
            | Self::ConsentWithoutAddress(_)
            | Self::NobodyListens(_)
            | Self::Refused { .. }
            | Self::Member { .. }
            | Self::Scored { .. }
            | Self::Emitted(_)
            | Self::CascadeLimit(_) => self.of_contact(),
            Self::Entered { .. }
            | Self::NotEntered { .. }
            | Self::EntryWaits { .. }
            | Self::Retriggered { .. }
            | Self::Migrated { .. } => self.of_entry(),
            Self::StepPassed { .. }
            | Self::PathTaken { .. }
            | Self::NoPath { .. }
            | Self::PathNotTaken { .. }
            | Self::Waits { .. }
            | Self::NotWaited { .. }
            | Self::Parked { .. }
            | Self::Paused { .. }
            | Self::VersionMissing { .. }
            | Self::GoalReached { .. }
            | Self::Ended { .. } => self.of_run(),
            Self::Held { .. }
            | Self::MessageSkipped { .. }
            | Self::SendEnded { .. }
            | Self::MessageState { .. }
            | Self::Asked { .. }
            | Self::Alerted { .. }
            | Self::Answered { .. }
            | Self::OutcomeUnclaimed(_)
            | Self::AnswerUnclaimed(_) => self.of_message(),
        }
    }

    /// What was learnt of the contact.
    fn of_contact(&self) -> Option<Words> {
        let kind = |kind: &crate::identity::IdentityKind| format!("{kind:?}").to_lowercase();
        Some(match self {
            Self::AddressSet => words("contact", "address set", ""),
            Self::AddressKept => {
                let why = "another address was sent; a public key does not replace one";
                words("contact", "address kept", why)
            }
            Self::AddressChanged(channel) => {
                let what = format!("{} changed", channel.name());
                words("contact", what, "what was said at the one before counts")
            }
            Self::TextsStopped(true) => words("consent", "all SMS", "stopped by an answer"),
            Self::TextsStopped(false) => words("consent", "all SMS", "the stop was taken back"),
            Self::ConfirmedElsewhere(topic) => words(
                "consent",
                topic,
                "confirmed at an address that the contact has no more",
            ),
            Self::AttributesSet(names) => words("contact", names.join(", "), "set"),
            Self::Linked(name) => words("contact", "linked", kind(name)),
            Self::NotLinked { name, why } => {
                let why = format!("this {}: {}", kind(name), why.words());
                words("contact", "not linked", why)
            }
            Self::Merged { away } => words("contact", "merged", format!("with {away}")),
            Self::Repointed { from } => {
                let why = format!("the device was {from}'s; somebody was identified on it later");
                words("contact", "linked", why)
            }
            Self::Consent { topic, opted_in } => {
                words("consent", topic, if *opted_in { "yes" } else { "no" })
            }
            Self::ConsentUnconfirmed(topic) => words("consent", topic, "yes, to be confirmed"),
            Self::UnknownTopic(topic) => words("consent", topic, "no such topic in wend.yaml"),
            Self::ConsentWithoutAddress(topic) => words(
                "consent",
                topic,
                "not kept: the contact has no address on the channel",
            ),
            Self::NobodyListens(event) => words("event", event, "stored, nobody listens"),
            Self::Refused { what, why } => words("event", what, format!("refused: {why}")),
            Self::Member { id, joined } => {
                words("segment", id, if *joined { "entered" } else { "left" })
            }
            Self::Scored {
                score,
                points,
                value,
                by,
            } => words("score", score, format!("{points:+} by {by}, now {value}")),
            Self::Emitted(event) => words("emit", event, ""),
            Self::CascadeLimit(what) => words(
                "emit",
                what,
                "cut: one input led to too many others (cascade_limit)",
            ),
            _ => return None,
        })
    }

    /// How runs began.
    fn of_entry(&self) -> Option<Words> {
        Some(match self {
            Self::Entered {
                journey,
                is_holdout,
                ..
            } => words(
                "enter",
                journey,
                if *is_holdout {
                    "held out: counted, never messaged"
                } else {
                    ""
                },
            ),
            Self::NotEntered { journey, why } => {
                words("enter", journey, format!("not entered: {}", why.words()))
            }
            Self::EntryWaits { journey, until } => words(
                "enter",
                journey,
                match until {
                    PendingUntil::Quiet(at) => format!("waits until {at} unless it happens again"),
                    PendingUntil::Confirmed(at) => {
                        format!("waits at the door for the confirmation, until {at}")
                    }
                    PendingUntil::Scheduled(at) => format!("waits for its own time, {at}"),
                },
            ),
            Self::Retriggered {
                journey,
                is_restarted,
            } => words(
                "enter",
                journey,
                if *is_restarted {
                    "begins anew"
                } else {
                    "its trigger is refreshed"
                },
            ),
            Self::Migrated { from, to, .. } if from == to => {
                words("edit", to, "follows the new version")
            }
            Self::Migrated { from, to, .. } => {
                words("edit", from, format!("is gone: goes on at {to}"))
            }
            _ => return None,
        })
    }

    /// What became of runs.
    fn of_run(&self) -> Option<Words> {
        Some(match self {
            Self::StepPassed {
                step, comparisons, ..
            } => words("pass", step, failed(comparisons)),
            Self::PathTaken {
                step, path, why, ..
            } => {
                let step = step
                    .as_ref()
                    .map(|step| format!("{step} "))
                    .unwrap_or_default();
                words("path", format!("{step}→ {path}"), why.words())
            }
            Self::NoPath {
                step, comparisons, ..
            } => words("path", step, format!("none: {}", failed(comparisons))),
            Self::PathNotTaken {
                path, comparisons, ..
            } => words(
                "path",
                path,
                format!("not this one: {}", failed(comparisons)),
            ),
            Self::Waits {
                step,
                due_at: Some(at),
                ..
            } => words("wait", step, format!("until {at}")),
            Self::Waits {
                step, due_at: None, ..
            } => words("wait", step, "for an event"),
            Self::NotWaited {
                step,
                past: Some(past),
                ..
            } => words("wait", step, format!("not waited: {past} has passed")),
            Self::NotWaited {
                step, past: None, ..
            } => words("wait", step, "not waited: the date is not known"),
            Self::Parked { step, .. } => words("park", step, "failed for good; ends in 7 days"),
            Self::Paused { journey } => words("pause", journey, "stands still"),
            Self::VersionMissing { journey } => words(
                "fault",
                journey,
                "its version is in no release that is still there",
            ),
            Self::GoalReached {
                journey,
                value,
                currency,
                ..
            } => {
                let worth = [value, currency].into_iter().flatten().map(String::as_str);
                words("goal", journey, worth.collect::<Vec<_>>().join(" "))
            }
            Self::Ended {
                journey, reason, ..
            } => words("ended", journey, reason.name()),
            _ => return None,
        })
    }

    /// What became of messages and calls.
    fn of_message(&self) -> Option<Words> {
        Some(match self {
            Self::Held {
                step, until, why, ..
            } => words("hold", step, format!("until {until}: {}", why.name())),
            Self::MessageSkipped { step, reason, .. } => {
                words("send", step, format!("NOT SENT  {}", reason.name()))
            }
            Self::SendEnded { step, outcome, .. } => words(
                "send",
                step,
                match outcome {
                    // The message itself is shown elsewhere.
                    Outcome::Accepted { .. } => return None,
                    Outcome::Rejected { reason } => format!("REJECTED by the provider: {reason}"),
                    Outcome::Skipped { reason } => format!("NOT SENT  {}", reason.name()),
                    Outcome::Unknown => "UNKNOWN  submitted once, the answer was lost".to_owned(),
                },
            ),
            Self::MessageState {
                step,
                kind,
                is_machine,
                ..
            } => {
                let who = if *is_machine { " by a machine" } else { "" };
                words("message", step, format!("{kind:?}").to_lowercase() + who)
            }
            Self::Asked { step, .. } => words("ask", step, ""),
            Self::Alerted { step, team, .. } => words("alert", step, team),
            Self::Answered {
                step,
                failure: None,
                ..
            } => words("ask", step, "answered"),
            Self::Answered {
                step,
                failure: Some(why),
                ..
            } => words("ask", step, format!("FAILED  {why}")),
            Self::OutcomeUnclaimed(send) | Self::AnswerUnclaimed(send) => {
                words("send", send.to_string(), "no run waits for it")
            }
            _ => return None,
        })
    }
}

impl Admitted {
    fn words(&self) -> String {
        match self {
            Self::If(comparisons) => {
                let held = comparisons.iter().filter(|one| one.held);
                held.map(|one| one.words().into_inner())
                    .collect::<Vec<_>>()
                    .join(" · ")
            }
            Self::Event(event) => event.clone(),
            Self::After => "its time has come".to_owned(),
            Self::Drawn => "drawn".to_owned(),
            Self::DrawnBefore => "drawn before".to_owned(),
            Self::Else => "no other path".to_owned(),
        }
    }
}

impl NotEntered {
    /// The reason as a clause.
    pub fn words(&self) -> String {
        match self {
            Self::NotOpen => "the journey is a draft, closed, or not open now".to_owned(),
            Self::Paused => "the journey is paused".to_owned(),
            Self::AlreadyInside => "already inside".to_owned(),
            Self::ParallelLimit => "as many runs live as may (`parallel`)".to_owned(),
            Self::KeyMissing => "the event has no value under the trigger's `key`".to_owned(),
            Self::Reentry => "`reentry` does not allow it (yet)".to_owned(),
            Self::EventTooOld => "the event is older than `max_age`".to_owned(),
            Self::Where(comparisons) => format!("`where`: {}", failed(comparisons)),
            Self::EntryIf(comparisons) => format!("`entry_if`: {}", failed(comparisons)),
            Self::NotInSegment(comparisons) => {
                format!("not in the segment: {}", failed(comparisons))
            }
            Self::HourPassed => "its hour had passed on the contact's clock".to_owned(),
            Self::NeverConfirmed => "the opt-in was never confirmed".to_owned(),
            Self::Overtaken => "its goal or an exit came first".to_owned(),
            Self::NoSuchEntrance => "there is no such way into it".to_owned(),
        }
    }
}

impl Refusal {
    /// The reason as a clause.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooOld => "accepted more than 60 days ago",
            Self::Erased => "the contact was erased",
            Self::ContactTooLarge => "the contact would be too large",
        }
    }
}

/// What did not hold, or all that was compared: under `not`, what held is the reason.
fn failed(comparisons: &[Comparison]) -> String {
    let failed = comparisons.iter().filter(|one| !one.held);
    let mut words: Vec<String> = failed.map(|one| one.words().into_inner()).collect();
    if words.is_empty() {
        words.extend(comparisons.iter().map(|one| one.words().into_inner()));
    }
    words.join(" · ")
}
