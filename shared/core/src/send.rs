//! The life of one send: what asks for it, whether it may go, and how it ended.
//!
//! SES has no idempotency token, so a send is *claimed* before it is submitted and submitted once. This module decides; the
//! use case `wend_app::dispatch` reads, claims, submits and settles.

mod gate;
mod limits;
mod team;

pub use gate::{Permit, Recipient, Refused, gate, gate_team, gate_test, news_pause};
pub use limits::CAP_MAX;
pub(crate) use limits::{Against, Earlier, Limits, topic_of};
pub use team::{Assigned, assigned};

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ContactKey, EnrollmentId, InputId, PartHash, PermissionKey, SendId};
use crate::identity::Channel;
use crate::personal::Personal;
use crate::time::Timestamp;

/// What a decision asks of `dispatch`. It holds no address and no personal data: it travels through a queue whose
/// dead letters an operator reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRequest {
    /// The send; every replay of the decision names the same.
    pub send: SendId,
    /// Whom it is for.
    pub contact: ContactKey,
    /// The run that asks and waits for the outcome.
    pub enrollment: EnrollmentId,
    /// The run's journey.
    pub journey: String,
    /// The frozen text of the journey that the run follows.
    pub version: PartHash,
    /// The step.
    pub step: String,
    /// The template's id; its newest published text is used.
    pub template: String,
    /// The channel.
    pub channel: Channel,
    /// The permission row of the address that the contact had when this was decided, so that one batched read finds it.
    pub permission: Option<PermissionKey>,
    /// When the decision was made.
    pub requested_at: Timestamp,
    /// From here on the message is too old to be worth sending.
    pub expires_at: Timestamp,
    /// The sender, where the step names another than the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The variant of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Where the event that began the run is written down: partition and id of its log row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<(ContactKey, InputId)>,
    /// What the step gives the template beside it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<String, Personal<Value>>,
}

/// What a decision asks of another system, or of a team. Answered by [`Input::Answer`](crate::input::Input::Answer), but for an
/// alert, which nobody waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRequest {
    /// The call; every replay of the decision names the same.
    pub call: SendId,
    /// Whom it is about.
    pub contact: ContactKey,
    /// The run that asks.
    pub enrollment: EnrollmentId,
    /// The run's journey.
    pub journey: String,
    /// The step.
    pub step: String,
    /// Whether the journey is in rehearsal, so that nothing leaves.
    pub is_rehearsal: bool,
    /// When the decision was made.
    pub requested_at: Timestamp,
    /// What is asked.
    pub kind: CallKind,
    /// What the step gives beside the contact, by name.
    #[serde(default)]
    pub given: BTreeMap<String, Personal<Value>>,
    /// Where the event that began the run is written down: partition and id of its log row.
    pub origin: (ContactKey, InputId),
}

/// A way by which a team is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertWay {
    /// By mail.
    Email,
    /// In a channel of Slack.
    Slack,
    /// In a channel of Microsoft Teams.
    Teams,
}

/// What a [`CallRequest`] asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// That a team is told.
    Alert {
        /// The team.
        team: String,
        /// The template; none: the built-in one.
        template: Option<String>,
        /// By which way; none: by all that the team has. Each goes on by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        way: Option<AlertWay>,
    },
    /// That a connection is called.
    Webhook {
        /// The connection.
        connection: String,
        /// How long one call may take, in seconds.
        timeout_secs: u16,
    },
    /// A code from a pool.
    Coupon {
        /// The pool.
        pool: String,
        /// Until when the code is valid; none: as the pool says.
        expires_at: Option<Timestamp>,
    },
}

/// Why a message was not sent. Closed: every message that does not go out has exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The contact was erased, or never stored.
    NoContact,
    /// The contact has no address on the channel.
    NoAddress,
    /// The run that asked has ended or moved on.
    NotEnrolled,
    /// The journey is in rehearsal: decisions are real, nothing leaves.
    Rehearsal,
    /// Nothing is published under the template's id.
    NoTemplate,
    /// The template cannot be rendered with this contact's data.
    NotRendered,
    /// The address said no to everything.
    Unsubscribed,
    /// The address never said yes to the topic, or said no since.
    NotSubscribed,
    /// The address bounced or complained.
    Suppressed,
    /// It waited longer than it is worth.
    Expired,
    /// The run is counted and never messaged.
    Holdout,
    /// It came in quiet hours, and its journey says `quiet: skip`.
    QuietHours,
    /// A cap was reached, and its journey says `over_cap: skip`.
    OverCap,
    /// A value that the template needs is missing.
    MissingValue,
    /// This environment may not write to the address.
    NotAllowlisted,
    /// The topic asks for a confirmation, which has not come.
    NotConfirmed,
    /// An edit of the journey took the step away.
    StepRemoved,
    /// Somebody stopped everything, or the channel, by one command.
    Halted,
    /// The contact has asked for a pause of all marketing.
    PausedByContact,
}

impl SkipReason {
    /// All reasons.
    pub const ALL: [Self; 19] = [
        Self::NoContact,
        Self::NoAddress,
        Self::NotEnrolled,
        Self::Rehearsal,
        Self::NoTemplate,
        Self::NotRendered,
        Self::Unsubscribed,
        Self::NotSubscribed,
        Self::Suppressed,
        Self::Expired,
        Self::Holdout,
        Self::QuietHours,
        Self::OverCap,
        Self::MissingValue,
        Self::NotAllowlisted,
        Self::NotConfirmed,
        Self::StepRemoved,
        Self::Halted,
        Self::PausedByContact,
    ];

    /// The reason's name in rows, traces and the console.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoContact => "no_contact",
            Self::NoAddress => "no_address",
            Self::NotEnrolled => "not_enrolled",
            Self::Rehearsal => "rehearsal",
            Self::NoTemplate => "no_template",
            Self::NotRendered => "not_rendered",
            Self::Unsubscribed => "unsubscribed",
            Self::NotSubscribed => "not_subscribed",
            Self::Suppressed => "suppressed",
            Self::Expired => "expired",
            Self::Holdout => "holdout",
            Self::QuietHours => "quiet_hours",
            Self::OverCap => "over_cap",
            Self::MissingValue => "missing_value",
            Self::NotAllowlisted => "not_allowlisted",
            Self::NotConfirmed => "not_confirmed",
            Self::StepRemoved => "step_removed",
            Self::Halted => "halted",
            Self::PausedByContact => "paused_by_contact",
        }
    }
}

/// How a send ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The provider took it.
    Accepted {
        /// The provider's message id.
        provider_id: String,
    },
    /// The provider refused it for good.
    Rejected {
        /// The provider's words.
        reason: String,
    },
    /// It was not submitted.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
    /// It was submitted and nobody can say whether the provider took it; the policy is to assume so.
    Unknown,
}

/// The send row's state. It moves only from `Submitting` to `Final`, `Held` or `Unknown`, from `Held` to `Submitting` or a skip, and
/// from `Unknown` to `Final`, or once more to `Submitting` where the template's policy is to try again. What is final stays, but
/// that late evidence turns an unknown outcome into an accepted one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// Claimed; the one provider call is under way, or its caller died.
    Submitting {
        /// When it was claimed.
        at: Timestamp,
        /// How many submissions the provider may have taken, with this one.
        #[serde(default = "one")]
        tries: u8,
    },
    /// The provider certainly did not take it (throttled, no connection); it may be claimed again.
    Held {
        /// When it was put back.
        at: Timestamp,
    },
    /// Submitted, and the answer is lost; evidence may still come.
    Unknown {
        /// When the doubt was written down.
        at: Timestamp,
        /// How many submissions the provider may have taken.
        #[serde(default = "one")]
        tries: u8,
    },
    /// Final.
    Final {
        /// When it ended.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
}

const fn one() -> u8 {
    1
}

/// Most submissions of one message: the second only where the template says `on_unknown: retry_once`.
pub const TRIES_MAX: u8 = 2;

impl SendState {
    /// When it became so.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Submitting { at, .. }
            | Self::Held { at }
            | Self::Unknown { at, .. }
            | Self::Final { at, .. } => *at,
        }
    }

    /// How many submissions the provider may have taken.
    pub const fn tries(&self) -> u8 {
        match self {
            Self::Submitting { tries, .. } | Self::Unknown { tries, .. } => *tries,
            Self::Held { .. } | Self::Final { .. } => 0,
        }
    }
}

/// What travels in the dispatch queues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Send a message.
    Send(Box<SendRequest>),
    /// Ask another system, or tell a team.
    Call(Box<CallRequest>),
}

/// The times that decide what a copy of a dispatch message does.
#[derive(Clone, Copy, Debug)]
pub struct SendTimes {
    /// The dispatch function's timeout: a claim older than this has no living owner.
    pub function_timeout: Duration,
    /// How long evidence for an unknown send is awaited before its policy applies.
    pub unknown_window: Duration,
    /// How long a newcomer's message waits for an address or an opt-in: longer than the visibility timeout of the inputs.
    pub newcomer_grace: Duration,
}

/// What a copy of the dispatch message must do, given the send row it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nobody has claimed the send: gate, claim, submit.
    Try,
    /// Look again after this long: the owner may live, or evidence may come.
    Wait(Duration),
    /// The owner is dead: write down that the outcome is unknown, then look again.
    Doubt,
    /// Evidence did not come in time: the policy of the template applies, which closes it as unknown or tries once more.
    Close,
    /// The row is final: publish its outcome, then acknowledge.
    Publish {
        /// When it ended.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
}

/// How often a doubtful row is looked at while evidence is awaited.
const EVIDENCE_PERIOD: Duration = Duration::from_secs(15);

/// Reads a send row.
pub fn next(state: Option<&SendState>, times: SendTimes, now: Timestamp) -> Next {
    match state {
        None | Some(SendState::Held { .. }) => Next::Try,
        Some(SendState::Submitting { at, .. }) => {
            let dead_at = at.plus(times.function_timeout);
            if now > dead_at {
                Next::Doubt
            } else {
                Next::Wait(dead_at.since(now) + SECOND)
            }
        }
        Some(SendState::Unknown { at, .. }) => {
            let closed_at = at.plus(times.unknown_window);
            if now >= closed_at {
                Next::Close
            } else {
                Next::Wait(closed_at.since(now).clamp(SECOND, EVIDENCE_PERIOD))
            }
        }
        Some(SendState::Final { at, outcome }) => Next::Publish {
            at: *at,
            outcome: outcome.clone(),
        },
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: SendTimes = SendTimes {
        function_timeout: Duration::from_secs(20),
        unknown_window: Duration::from_mins(5),
        newcomer_grace: Duration::from_mins(3),
    };

    fn next_at(state: impl Into<Option<SendState>>, secs: i64) -> Next {
        next(
            state.into().as_ref(),
            TIMES,
            Timestamp::from_millis(secs * 1000),
        )
    }

    #[test]
    fn a_young_claim_is_left_to_its_owner_and_an_old_one_is_doubted() {
        let claimed = || {
            Some(SendState::Submitting {
                at: Timestamp::from_millis(0),
                tries: 1,
            })
        };
        assert_eq!(next_at(claimed(), 5), Next::Wait(Duration::from_secs(16)));
        assert_eq!(next_at(claimed(), 20), Next::Wait(SECOND));
        assert_eq!(next_at(claimed(), 21), Next::Doubt);
    }

    #[test]
    fn doubt_waits_for_evidence_and_then_closes() {
        let unknown = || {
            Some(SendState::Unknown {
                at: Timestamp::from_millis(0),
                tries: 1,
            })
        };
        assert_eq!(next_at(unknown(), 0), Next::Wait(EVIDENCE_PERIOD));
        assert_eq!(next_at(unknown(), 299), Next::Wait(SECOND));
        assert_eq!(next_at(unknown(), 300), Next::Close);
    }

    #[test]
    fn only_an_unclaimed_or_put_back_send_is_tried() {
        assert_eq!(next_at(None, 0), Next::Try);
        assert_eq!(
            next_at(
                Some(SendState::Held {
                    at: Timestamp::from_millis(0)
                }),
                0
            ),
            Next::Try
        );
        let outcome = Outcome::Unknown;
        let done = Some(SendState::Final {
            at: Timestamp::from_millis(7),
            outcome: outcome.clone(),
        });
        assert_eq!(
            next_at(done, 9),
            Next::Publish {
                at: Timestamp::from_millis(7),
                outcome
            }
        );
    }
}
