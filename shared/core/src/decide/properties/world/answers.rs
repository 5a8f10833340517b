//! What the outside world answers: messages that end or are given back, calls that are answered, feedback.

use std::time::Duration;

use serde_json::json;

use super::World;
use crate::enrollment::HoldReason;
use crate::input::*;
use crate::personal::Personal;
use crate::send::{Outcome, SendRequest, SkipReason};

impl World<'_> {
    /// `dispatch` may not send a message yet.
    pub(super) fn give_back(&mut self) {
        if self.sends.is_empty() {
            return;
        }
        let place = self.tape.below(self.sends.len());
        let request = self.sends.remove(place);
        self.asked.remove(&request.send);
        self.given_back.push(request.clone());
        let minutes = [1, 30, 6 * 60][self.tape.below(3)];
        self.apply(Input::Held(SendHeld {
            request: Box::new(request),
            at: self.now,
            until: self.now.plus(Duration::from_mins(minutes)),
            why: HoldReason::Quota,
        }));
    }

    /// A copy of the request had passed the gate before.
    pub(super) fn send_what_was_given_back(&mut self) {
        if let Some(request) = self.given_back.pop() {
            self.sends.retain(|other| other.send != request.send);
            self.end(&request);
        }
    }

    /// Tells how an outstanding message or call ended.
    pub(in crate::decide::properties) fn answer_one(&mut self) -> bool {
        if !self.sends.is_empty() {
            let place = self.tape.below(self.sends.len());
            let send = self.sends.remove(place);
            self.end(&send);
            return true;
        }
        let Some(call) = self.calls.pop() else {
            return false;
        };
        let result = if self.tape.once_in(3) {
            AnswerResult::Failed {
                reason: "no".to_owned(),
            }
        } else {
            AnswerResult::Done(Personal::new(json!({ "ok": true })))
        };
        let (contact, enrollment) = (call.contact, call.enrollment);
        let answer = Answer {
            contact,
            enrollment,
            call: call.call,
            at: self.now,
            result,
        };
        self.apply(Input::Answer(Box::new(answer)));
        true
    }

    /// A message ends, one way or the other.
    fn end(&mut self, send: &SendRequest) {
        let outcome = match self.tape.below(6) {
            0 => Outcome::Skipped {
                reason: SkipReason::NotSubscribed,
            },
            1 => Outcome::Rejected {
                reason: "no".to_owned(),
            },
            2 => Outcome::Unknown,
            _ => Outcome::Accepted {
                provider_id: "p".to_owned(),
            },
        };
        // Nobody asks for it any more.
        self.asked.insert(send.send);
        self.settled.push(send.clone());
        self.apply(Input::Outcome(SendOutcome {
            contact: send.contact,
            enrollment: send.enrollment,
            send: send.send,
            at: self.now,
            outcome,
        }));
    }

    pub(super) fn feedback(&mut self) {
        use FeedbackKind::{Bounced, Clicked, Complained, Delivered, Opened, Replied};
        let Some(send) = self
            .settled
            .get(self.tape.below(self.settled.len().max(1)))
            .cloned()
        else {
            return;
        };
        let feedback = Feedback {
            id: self.id(),
            contact: Self::key(),
            send: send.send,
            journey: send.journey,
            step: send.step,
            at: self.now,
            kind: [Opened, Clicked, Delivered, Replied, Bounced, Complained][self.tape.below(6)],
            is_machine: self.tape.once_in(4),
            link: None,
            text: None,
        };
        self.apply(Input::Feedback(Box::new(feedback)));
    }
}
