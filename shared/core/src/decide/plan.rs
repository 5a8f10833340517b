//! Messages: when they may go. `decide` plans with its copy of what was sent; the claim of the send enforces.
//!
//! Planned as of the present, also when the moment that led to the message has long passed: what an edit or a resumed journey
//! makes overdue goes under the window, quiet hours and caps of now.

use std::collections::BTreeMap;
use std::time::Duration;

use super::run::{Flow, drawn};
use super::{DecideError, Deciding, Subject};
use crate::calendar;
use crate::contact::{SentMessage, Word};
use crate::enrollment::{Enrollment, HoldReason, MessageRecord, State};
use crate::id::{EnrollmentId, SendId};
use crate::identity::Channel;
use crate::input::SendHeld;
use crate::log::{Effect, Trace};
use crate::phrase::Span;
use crate::release::{Journey, JourneyState, Message, MessageClass, Share, Step, Template, Verb};
use crate::send::{Against, Limits, SendRequest, SkipReason, topic_of};
use crate::time::Timestamp;

const MILLISECOND: Duration = Duration::from_millis(1);
/// How long a message is worth sending where nothing says so: the channel's default.
const EMAIL_EXPIRES: &str = "2 days";
const SMS_EXPIRES: &str = "12h";

/// What becomes of a message.
enum Plan {
    Go { expires_at: Timestamp },
    Hold { until: Timestamp, why: HoldReason },
    Skip(SkipReason),
}

impl Deciding<'_> {
    /// A message step begins.
    pub(super) fn message(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        message: &Message,
        at: Timestamp,
    ) -> Flow {
        let template = self.context.release.template(&message.template);
        let run = self.contact.run(id);
        let is_holdout = run.is_some_and(|run| run.is_holdout);
        // Where waits are shorter than the clock's, a hold is over when its short wait is: the real night is longer.
        let has_waited = self.context.release.time_scale.is_some()
            && run.is_some_and(
                |run| matches!(&run.state, State::Held { step: held, .. } if *held == step.id),
            );
        let is_marketing =
            template.is_none_or(|template| template.class == MessageClass::Marketing);
        let plan = match template {
            _ if is_holdout => Plan::Skip(SkipReason::Holdout),
            Some(template) if is_marketing && !has_waited => {
                self.plan(journey, message, template, at)
            }
            Some(_) | None => Plan::Go {
                expires_at: self.expires_at(journey, message, at),
            },
        };
        match plan {
            // It was asked for: the gate says what becomes of it, and the ledger keeps it.
            Plan::Skip(_) if run.is_some_and(|run| run.state.held_send().is_some()) => {
                let expires_at = self.expires_at(journey, message, at);
                self.request(id, journey, step, message, (at, expires_at))
            }
            Plan::Skip(reason) => {
                self.trace.push(Trace::MessageSkipped {
                    journey: journey.id.clone(),
                    step: step.id.clone(),
                    reason,
                });
                // The step has lasted until now.
                Flow::OnAt(step.next, self.now)
            }
            Plan::Hold { until, why } => {
                self.trace.push(Trace::Held {
                    journey: journey.id.clone(),
                    step: step.id.clone(),
                    until,
                    why,
                });
                let step = step.id.clone();
                let send = run.and_then(|run| run.state.held_send());
                Flow::Lasts(State::Held {
                    step,
                    since: at,
                    due_at: until,
                    why,
                    send,
                })
            }
            Plan::Go { expires_at } => self.request(id, journey, step, message, (at, expires_at)),
        }
    }

    fn plan(
        &self,
        journey: &Journey,
        message: &Message,
        template: &Template,
        at: Timestamp,
    ) -> Plan {
        let expires_at = self.expires_at(journey, message, at);
        if self.now >= expires_at {
            return Plan::Skip(SkipReason::Expired);
        }
        let limits = self.limits(journey, message, Some(template));
        let sent: Vec<_> = self
            .contact
            .sent
            .iter()
            .map(SentMessage::as_earlier)
            .collect();
        match limits.against(&sent, self.now) {
            None => Plan::Go { expires_at },
            Some(Against::Skip(reason)) => Plan::Skip(reason),
            Some(Against::Until(until, why)) => {
                // However fast time goes by: a hold that ends as it begins would be looked at for ever.
                let until = self.scaled(self.now, until).max(self.now.plus(MILLISECOND));
                let until = until.min(expires_at);
                Plan::Hold { until, why }
            }
        }
    }

    fn limits<'l>(
        &'l self,
        journey: &'l Journey,
        message: &'l Message,
        template: Option<&'l Template>,
    ) -> Limits<'l> {
        let of = (message.channel, topic_of(template, Some(journey)));
        let release = self.context.release;
        Limits::of(&self.contact, Some(journey), Some(message), of, release)
    }

    fn expires_at(&self, journey: &Journey, message: &Message, at: Timestamp) -> Timestamp {
        let default = match message.channel {
            Channel::Email => EMAIL_EXPIRES,
            Channel::Sms => SMS_EXPIRES,
        };
        let of_project = self
            .context
            .release
            .project
            .sending
            .expires
            .get(&message.channel)
            .copied();
        let expires = message
            .sending
            .expires
            .or(journey.sending.expires)
            .or(of_project);
        let expires = expires.or_else(|| Span::parse(default).ok());
        let zone = self.zone(Some(journey));
        expires.map_or(at, |expires| {
            calendar::after(expires, at, self.place(&zone))
        })
    }

    /// A message that was held may go, or is too old.
    pub(super) fn held_due(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        since: Timestamp,
        at: Timestamp,
    ) -> Result<(), DecideError> {
        let Verb::Message(message) = &step.verb else {
            return self.run(id, step.next, at);
        };
        match self.message(id, journey, step, message, since) {
            Flow::Lasts(state) => {
                self.stay(id, state);
                Ok(())
            }
            Flow::On(next) => self.run(id, next, at),
            Flow::OnAt(next, moment) => self.run(id, next, moment),
            Flow::End(reason) => {
                self.end(id, reason);
                Ok(())
            }
        }
    }

    /// A message that is held for a topic which the contact has just said no to is skipped at once.
    pub(super) fn wake_held(&mut self, id: EnrollmentId) {
        let Some(run) = self.contact.run(id) else {
            return;
        };
        let State::Held { step, .. } = run.state.clone() else {
            return;
        };
        let Some(journey) = self.context.release.version(run.version) else {
            return;
        };
        let message = journey
            .find(&step)
            .and_then(|ix| journey.step(ix))
            .map(|step| &step.verb);
        let Some(Verb::Message(message)) = message else {
            return;
        };
        let template = self.context.release.template(&message.template);
        let is_lost = topic_of(template, Some(journey)).is_some_and(|topic| {
            let key = crate::condition::Topic {
                topic: topic.to_owned(),
                channel: message.channel.name().to_owned(),
            };
            let has_stopped = message.channel == Channel::Sms && self.contact.has_stopped_texts();
            let said = self.contact.consents.get(&key);
            has_stopped || said.is_some_and(|said| said.word == Word::No)
        });
        if !is_lost {
            return;
        }
        let due_at = self.moment;
        if run.state.held_send().is_none() {
            self.trace.push(Trace::MessageSkipped {
                journey: journey.id.clone(),
                step: step.clone(),
                reason: SkipReason::NotSubscribed,
            });
        }
        let Some(run) = self.contact.to_mut().run_mut(id) else {
            return;
        };
        if run.state.held_send().is_some() {
            run.retime(due_at);
        } else {
            // A wait that is over: the run goes on below the message at once.
            let since = due_at;
            run.state = State::Waiting {
                step,
                since,
                due_at,
            };
        }
    }

    /// Asks `dispatch` to send.
    fn request(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        message: &Message,
        (since, expires_at): (Timestamp, Timestamp),
    ) -> Flow {
        let Some(run) = self.contact.run(id) else {
            return Flow::On(step.next);
        };
        // If `dispatch` has given it back, it is the same message.
        let held = run.state.held_send();
        let send = held.unwrap_or_else(|| SendId::of(id, &step.id, run.steps_begun));
        let template = self.context.release.template(&message.template);
        let variant = message
            .variant
            .clone()
            .or_else(|| template.and_then(|template| self.variant(template)));
        let request = SendRequest {
            expires_at: expires_at.max(self.now),
            variant,
            origin: template
                .is_none_or(Template::reads_trigger)
                .then_some((run.origin.partition, run.origin.input)),
            given: self.given_personal(id, journey, &message.data),
            ..self.bare_request(run, &step.id, message, send)
        };
        self.effects.push(Effect::Send(Box::new(request)));
        self.trace.push(Trace::SendRequested {
            journey: journey.id.clone(),
            step: step.id.clone(),
            template: message.template.clone(),
            send,
        });
        self.count_asked(journey, message, template, send);
        if let Some(run) = self.contact.to_mut().run_mut(id) {
            let record = MessageRecord { send, reached: 0 };
            run.messages.insert(step.id.clone(), record);
        }
        let step = step.id.clone();
        Flow::Lasts(State::Sending { step, send, since })
    }

    /// A request of which only what identifies it is filled in.
    fn bare_request(
        &self,
        run: &Enrollment,
        step: &str,
        message: &Message,
        send: SendId,
    ) -> SendRequest {
        SendRequest {
            send,
            contact: self.contact.id,
            enrollment: run.id,
            journey: run.journey.clone(),
            version: run.version,
            step: step.to_owned(),
            template: message.template.clone(),
            channel: message.channel,
            permission: self.permission(message.channel.name()),
            requested_at: self.now,
            expires_at: self.now,
            from: message.from.clone(),
            variant: None,
            origin: None,
            given: BTreeMap::new(),
        }
    }

    /// Messages that were given back, and that their runs do not ask for any more: `dispatch` hears of them once more, so that
    /// the ledger knows how each of them ended.
    pub(super) fn close_abandoned(&mut self, subject: &Subject) {
        let before = subject.contact.iter();
        let before = before.flat_map(|contact| &contact.enrollments);
        for run in before.chain(&self.joined.ended) {
            let send = match (&run.state, self.given_back) {
                (
                    State::Held {
                        send: Some(send), ..
                    },
                    _,
                ) => *send,
                (State::Sending { send, .. }, Some(back)) if *send == back => *send,
                _ => continue,
            };
            let (contact, id) = (&self.contact, run.id);
            let is_asked =
                |effect: &Effect| matches!(effect, Effect::Send(request) if request.send == send);
            if contact.waits_for(id, send)
                || contact.holds(id, send)
                || self.effects.iter().any(is_asked)
            {
                continue;
            }
            let journey = self.context.release.version(run.version);
            let step = journey.and_then(|journey| journey.step(journey.find(run.step())?));
            if let Some(Verb::Message(message)) = step.map(|step| &step.verb) {
                let request = self.bare_request(run, run.step(), message, send);
                self.effects.push(Effect::Send(Box::new(request)));
            }
        }
    }

    /// A message that is over is not asked for by the very decision that hears of its end: `dispatch` would tell of that end again,
    /// the row of this decision would be found and its effects published again, and so on without end.
    pub(super) fn ask_no_more(&mut self, over: SendId) {
        self.effects.retain(|effect| match effect {
            Effect::Send(request) => request.send != over,
            Effect::Consent(_) | Effect::Carry { .. } | Effect::Call(_) | Effect::Wake { .. } => {
                true
            }
        });
    }

    /// Counts a message that was asked for, as caps do.
    fn count_asked(
        &mut self,
        journey: &Journey,
        message: &Message,
        template: Option<&Template>,
        send: SendId,
    ) {
        let is_marketing =
            template.is_some_and(|template| template.class == MessageClass::Marketing);
        if !is_marketing || journey.state == JourneyState::Rehearsal {
            return;
        }
        let mut counted = self.contact.sent.clone();
        counted.push(SentMessage {
            send,
            at: self.now,
            channel: message.channel,
            topic: topic_of(template, Some(journey)).map(str::to_owned),
        });
        counted.sort_by_key(|sent| sent.at);
        let limits = self.limits(journey, message, template);
        limits.prune(&mut counted, SentMessage::as_earlier, self.now);
        if counted != self.contact.sent {
            self.contact.to_mut().sent = counted;
        }
    }

    /// `dispatch` gives a message back that it may not send yet: the run holds it.
    pub(super) fn hold_back(&mut self, held: &SendHeld) -> Result<(), DecideError> {
        let (id, send) = (held.request.enrollment, held.request.send);
        if !self.contact.waits_for(id, send) {
            self.trace.push(Trace::OutcomeUnclaimed(send));
            // The run has ended while the message was on its way back: the gate says so, and the ledger has an end for it.
            if !self.contact.holds(id, send) {
                self.effects.push(Effect::Send(held.request.clone()));
            }
            return Ok(());
        }
        self.count_sent(send, None);
        let Some((journey, _)) = self.stand(id)? else {
            return Ok(());
        };
        let Some(State::Sending { step, since, .. }) =
            self.contact.run(id).map(|run| run.state.clone())
        else {
            return Ok(());
        };
        self.given_back = Some(send);
        let due_at = held.until.max(self.now.plus(MILLISECOND));
        self.trace.push(Trace::Held {
            journey: journey.id.clone(),
            step: step.clone(),
            until: due_at,
            why: held.why,
        });
        let (why, send) = (held.why, Some(send));
        let state = State::Held {
            step,
            since,
            due_at,
            why,
            send,
        };
        self.stay(id, state);
        Ok(())
    }

    /// The variant of a template that the contact draws: each has the same share, the template itself too.
    fn variant(&self, template: &Template) -> Option<String> {
        let count = u16::try_from(template.variants.len()).unwrap_or(u16::MAX);
        if count == 0 {
            return None;
        }
        let number = drawn(self.contact.id, &format!("template {}", template.id)) % (count + 1);
        let place = number.checked_sub(1)?;
        template.variants.keys().nth(usize::from(place)).cloned()
    }

    /// Whether the contact is among those that a journey never messages.
    pub(super) fn is_held_out(&mut self, journey: &Journey) -> bool {
        if journey.holdout == Share::default() {
            return false;
        }
        let salt = format!("{}/holdout", journey.id);
        if let Some(known) = self.contact.draws.get(&salt) {
            return known == "out";
        }
        let is_out = drawn(self.contact.id, &salt) < journey.holdout.0;
        let word = if is_out { "out" } else { "in" };
        self.contact.to_mut().draws.insert(salt, word.to_owned());
        is_out
    }

    /// Until when a run is counted that is never messaged: as long as a goal counts for everybody.
    pub(super) fn held_out_until(&self, run: &Enrollment, journey: &Journey) -> Timestamp {
        let goal = journey.goal.as_ref();
        let until = goal.and_then(|goal| self.goal_until(goal, journey, run.entered_at));
        until.unwrap_or(run.ends_at)
    }

    /// A run that is counted and never messaged: it waits for goal and exits, and nothing else.
    pub(super) fn hold_out(&mut self, id: EnrollmentId, journey: &Journey) {
        let at = self.moment;
        let run = self.contact.run(id);
        let until = run.map_or(at, |run| self.held_out_until(run, journey));
        self.trace.push(Trace::Waits {
            journey: journey.id.clone(),
            step: String::new(),
            due_at: Some(until),
            zone: None,
        });
        if let Some(run) = self.contact.to_mut().run_mut(id) {
            run.state = State::Waiting {
                step: String::new(),
                since: at,
                due_at: until,
            };
        }
    }
}
