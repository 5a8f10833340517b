//! The providers of messages, and other systems.

use std::time::Duration;

use wend_app::memory::{Mailbox, OutsideConnections};
use wend_app::ports::{
    Called, Clock, Connections, ErrorClass, Label, Mail, Mailer, PortError, Submitted, Systems,
    Text, Texter,
};
use wend_core::contact::Contact;
use wend_core::send::CallRequest;
use wend_core::time::Timestamp;
use wend_core::webhook::HttpCall;

use super::{Line, instant, slowness, yield_now};
use crate::invariants::decided_before_asked;
use crate::plan::Trouble;
use crate::planted::Planted;

/// The adapter's own time limit: half of the function's timeout.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What a submission can meet.
const SUBMITTING: &[Trouble] = &[
    Trouble::Conflict,
    Trouble::Throttled,
    Trouble::Ambiguous,
    Trouble::Invalid,
    Trouble::LostAnswer,
    Trouble::Slow,
    Trouble::KillBefore,
    Trouble::KillAfter,
    Trouble::Quota,
];
/// For how many minutes the provider takes nothing. A copy that a queue took, and said that it did not, doubles a message at
/// each of its quarter-hourly rounds: in a storm as hot as these, hours of them are more than can be played.
const QUOTA_ENDS_MINS: (u64, u64) = (5, 45);

/// How often another system fails one call. A copy that a queue took, and said that it did not, doubles a call at each of its
/// rounds: hours of them are more than can be played.
const TRIES_MAX: u32 = 20;

/// The providers with faults.
#[derive(Clone, Debug)]
pub struct SimMailer {
    pub line: Line,
    pub inner: Mailbox,
}

impl SimMailer {
    async fn hand_over(
        &self,
        operation: &'static str,
        label: Label<'_>,
        take: impl Fn() -> Submitted,
    ) -> Submitted {
        yield_now().await;
        let trouble = self.line.trouble(operation, SUBMITTING);
        let reason = "a planned fault".to_owned();
        let retry_after = Duration::from_secs(2);
        let ambiguous = Submitted::Ambiguous {
            reason: reason.clone(),
        };
        if self.is_used_up(trouble) {
            return Submitted::QuotaUsedUp { reason };
        }
        match trouble {
            Some((Trouble::Ambiguous, _)) => return ambiguous,
            Some((Trouble::Invalid, _)) => return Submitted::Rejected { reason },
            Some((Trouble::Conflict | Trouble::Throttled, _)) => {
                return Submitted::NotTaken {
                    reason,
                    retry_after,
                };
            }
            Some((Trouble::KillBefore, _)) => self.line.die().await,
            _ => {}
        }
        let answer = self.take(label, &take);
        let mut is_lost = false;
        match trouble {
            Some((Trouble::KillAfter, _)) => self.line.die().await,
            Some((Trouble::LostAnswer, _)) => is_lost = true,
            Some((Trouble::Slow, bits)) => {
                is_lost = slowness(bits) > TIME_LIMIT;
                self.line.clock.sleep(slowness(bits).min(TIME_LIMIT)).await;
            }
            _ => {}
        }
        yield_now().await;
        if !is_lost {
            return answer;
        }
        if self.line.book().planted == Some(Planted::MailerRetries) {
            return self.take(label, &take);
        }
        ambiguous
    }

    /// Whether the provider takes nothing for now.
    fn is_used_up(&self, trouble: Option<(Trouble, u64)>) -> bool {
        let now = self.line.clock.true_now();
        let mut book = self.line.book();
        // Once in a history: one after the other would be a day without any.
        let is_first = book.quota_ends == Timestamp::default();
        if let (Some((Trouble::Quota, bits)), true) = (trouble, is_first) {
            let (shortest, longest) = QUOTA_ENDS_MINS;
            let mins = shortest + bits % (longest - shortest);
            book.quota_ends = now.plus(Duration::from_mins(mins));
        }
        now < book.quota_ends
    }

    fn take(&self, label: Label<'_>, take: impl Fn() -> Submitted) -> Submitted {
        let answer = take();
        self.line
            .book()
            .submitted(label, self.line.clock.true_now());
        answer
    }
}

impl Mailer for SimMailer {
    async fn submit(&self, mail: Mail<'_>) -> Submitted {
        let take = || instant(self.inner.submit(mail));
        self.hand_over("submit a mail", mail.label, take).await
    }
}

impl Texter for SimMailer {
    async fn text(&self, text: Text<'_>) -> Submitted {
        let take = || instant(self.inner.text(text));
        self.hand_over("submit a text", text.label, take).await
    }
}

/// Other systems with faults.
#[derive(Clone, Debug)]
pub struct SimOutside {
    pub line: Line,
    pub inner: OutsideConnections,
}

impl Connections for SimOutside {
    async fn call(&self, request: &CallRequest, contact: Option<&Contact>) -> Called {
        let ask = || Ok(instant(self.inner.call(request, contact)));
        self.faulty("ask another system", request, ask).await
    }
}

impl Systems for SimOutside {
    async fn ask(&self, call: &HttpCall) -> Called {
        {
            let mut book = self.line.book();
            book.reach("asked over the web");
            let promise = decided_before_asked(call.request.call, &book.record);
            book.check(promise);
        }
        let ask = || Ok(instant(self.inner.ask(call)));
        self.faulty("ask over the web", &call.request, ask).await
    }
}

impl SimOutside {
    async fn faulty(
        &self,
        operation: &'static str,
        request: &CallRequest,
        ask: impl FnOnce() -> Result<Called, PortError>,
    ) -> Called {
        let tries = self.line.book().tried(request.call);
        if tries > TRIES_MAX {
            yield_now().await;
            return ask().unwrap_or_else(|error| Called::Failed {
                reason: error.cause,
            });
        }
        match self.line.call(operation, ask).await {
            Ok(called) => called,
            Err(error) if error.class == ErrorClass::Invalid => Called::Failed {
                reason: error.cause,
            },
            Err(error) => Called::NotNow {
                reason: error.cause,
                retry_after: None,
            },
        }
    }
}
