//! Messages: when they may go. `decide` plans with its copy of what was sent; the claim of the send enforces.
//!
//! Planned as of the present, also when the moment that led to the message has long passed: what an edit or a resumed journey
//! makes overdue goes under the window, quiet hours and caps of now.

use std::time::Duration;

use super::run::{Flow, drawn};
use super::{DecideError, Deciding};
use crate::calendar;
use crate::contact::{Contact, SentMessage, Word};
use crate::enrollment::{Enrollment, HoldReason, MessageRecord, State};
use crate::id::{EnrollmentId, SendId};
use crate::identity::Channel;
use crate::log::{Effect, Trace};
use crate::phrase::Span;
use crate::release::{
    Cap, CapPeriod, Hold, Journey, JourneyState, Message, MessageClass, Share, Step, Template, Verb,
};
use crate::send::{SendRequest, SkipReason};
use crate::time::Timestamp;
use crate::zone::Zone;

/// How many looks at window, quiet hours and caps find the next moment at which all of them allow.
const LOOKS_MAX: usize = 32;
const MILLISECOND: Duration = Duration::from_millis(1);
/// Most messages that are kept for caps.
const SENT_MAX: usize = 30;
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
                Flow::Lasts(State::Held {
                    step,
                    since: at,
                    due_at: until,
                    why,
                })
            }
            Plan::Go { expires_at } => self.request(id, journey, step, message, expires_at),
        }
    }

    fn plan(
        &self,
        journey: &Journey,
        message: &Message,
        template: &Template,
        at: Timestamp,
    ) -> Plan {
        let own = &message.sending;
        let or =
            |own: Option<Hold>, of_journey: Option<Hold>| own.or(of_journey).unwrap_or(Hold::Hold);
        let expires_at = self.expires_at(journey, message, at);
        if self.now >= expires_at {
            return Plan::Skip(SkipReason::Expired);
        }
        let Some((until, why)) = self.next_allowed(journey, message, template) else {
            return Plan::Go { expires_at };
        };
        let skips = match why {
            HoldReason::QuietHours => or(own.quiet, journey.sending.quiet) == Hold::Skip,
            HoldReason::Cap => or(own.over_cap, journey.sending.over_cap) == Hold::Skip,
            HoldReason::Window => false,
        };
        if skips {
            let reason = if why == HoldReason::Cap {
                SkipReason::OverCap
            } else {
                SkipReason::QuietHours
            };
            return Plan::Skip(reason);
        }
        // However fast time goes by: a hold that ends as it begins would be looked at for ever.
        let until = self.scaled(self.now, until).max(self.now.plus(MILLISECOND));
        Plan::Hold {
            until: until.min(expires_at),
            why,
        }
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

    /// The next moment at which window, quiet hours and caps all allow the message, and what stands against it now; none if
    /// nothing does.
    fn next_allowed(
        &self,
        journey: &Journey,
        message: &Message,
        template: &Template,
    ) -> Option<(Timestamp, HoldReason)> {
        // The night and the days that caps count are the contact's own, whatever clock the journey goes by.
        let (zone, own) = (self.zone(Some(journey)), self.zone(None));
        let window = message
            .sending
            .window
            .as_ref()
            .or(journey.sending.window.as_ref());
        let quiet = self
            .context
            .release
            .project
            .sending
            .quiet_hours
            .get(&message.channel);
        let topic = template.topic.as_deref().or(journey.topic.as_deref());
        let (mut at, mut why) = (self.now, None);
        for _ in 0..LOOKS_MAX {
            let quiet_until = quiet
                .and_then(|quiet| quiet.next_loud(at, &own))
                .filter(|loud| *loud > at);
            let open = window
                .and_then(|window| window.next_open(at, &zone))
                .filter(|open| *open > at);
            let free = self
                .under_caps(message.channel, topic, at, &own)
                .filter(|free| *free > at);
            let reasons = [
                (free, HoldReason::Cap),
                (open, HoldReason::Window),
                (quiet_until, HoldReason::QuietHours),
            ];
            let against = reasons
                .into_iter()
                .filter_map(|(until, why)| Some((until?, why)));
            let Some((until, reason)) = against.max_by_key(|(until, _)| *until) else {
                break;
            };
            at = until;
            why.get_or_insert(reason);
        }
        why.map(|why| (at, why))
    }

    /// The next moment from `at` on at which no cap is reached.
    fn under_caps(
        &self,
        channel: Channel,
        topic: Option<&str>,
        at: Timestamp,
        zone: &Zone,
    ) -> Option<Timestamp> {
        let caps = &self.context.release.project.sending.caps;
        let is_of = |cap: &&Cap| {
            cap.channel.is_none_or(|capped| capped == channel)
                && cap
                    .topic
                    .as_deref()
                    .is_none_or(|capped| topic == Some(capped))
        };
        let free = caps
            .iter()
            .filter(is_of)
            .map(|cap| self.under_cap(cap, at, zone));
        free.max()
    }

    fn under_cap(&self, cap: &Cap, at: Timestamp, zone: &Zone) -> Timestamp {
        let counted = self.contact.sent.iter().filter(|sent| {
            cap.channel.is_none_or(|channel| sent.channel == channel)
                && cap
                    .topic
                    .as_ref()
                    .is_none_or(|topic| sent.topic.as_ref() == Some(topic))
        });
        let place = self.place(zone);
        let mut ends: Vec<Timestamp> = counted
            .map(|sent| match cap.per {
                CapPeriod::Within(span) => calendar::after(span, sent.at, place),
                CapPeriod::Day => calendar::next_period(sent.at, zone, calendar::Period::Day),
                CapPeriod::Week => calendar::next_period(sent.at, zone, calendar::Period::Week),
                CapPeriod::Month => calendar::next_period(sent.at, zone, calendar::Period::Month),
            })
            .filter(|end| *end > at)
            .collect();
        ends.sort_unstable();
        let max = usize::from(cap.max);
        if ends.len() < max {
            return at;
        }
        // When so many have run out that one more fits.
        ends.get(ends.len() - max).copied().unwrap_or(at)
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
        let State::Held {
            step, since, why, ..
        } = run.state.clone()
        else {
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
        let topic = template
            .and_then(|template| template.topic.as_ref())
            .or(journey.topic.as_ref());
        let is_lost = topic.is_some_and(|topic| {
            let key = crate::condition::Topic {
                topic: topic.clone(),
                channel: message.channel.name().to_owned(),
            };
            self.contact
                .consents
                .get(&key)
                .is_some_and(|consent| consent.word == Word::No)
        });
        if is_lost {
            let due_at = self.moment;
            self.trace.push(Trace::MessageSkipped {
                journey: journey.id.clone(),
                step: step.clone(),
                reason: SkipReason::NotSubscribed,
            });
            if let Some(run) = self.contact.to_mut().run_mut(id) {
                let _ = (since, why);
                // A wait that is over: the run goes on below the message at once.
                run.state = State::Waiting {
                    step,
                    since: due_at,
                    due_at,
                };
            }
        }
    }

    /// Asks `dispatch` to send.
    fn request(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        message: &Message,
        expires_at: Timestamp,
    ) -> Flow {
        let Some(run) = self.contact.run(id) else {
            return Flow::On(step.next);
        };
        let send = SendId::of(id, &step.id, run.steps_begun);
        let template = self.context.release.template(&message.template);
        let topic = template
            .and_then(|template| template.topic.clone())
            .or_else(|| journey.topic.clone());
        let variant = message
            .variant
            .clone()
            .or_else(|| template.and_then(|template| self.variant(template)));
        let request = SendRequest {
            send,
            contact: self.contact.id,
            enrollment: id,
            journey: journey.id.clone(),
            version: run.version,
            step: step.id.clone(),
            template: message.template.clone(),
            channel: message.channel,
            permission: self.permission(message.channel.name()),
            requested_at: self.now,
            expires_at: expires_at.max(self.now),
            from: message.from.clone(),
            variant,
            origin: template
                .is_none_or(Template::reads_trigger)
                .then_some((run.origin.partition, run.origin.input)),
            given: self.given_personal(id, journey, &message.data),
        };
        self.effects.push(Effect::Send(Box::new(request)));
        self.trace.push(Trace::SendRequested {
            journey: journey.id.clone(),
            step: step.id.clone(),
            template: message.template.clone(),
            send,
        });
        let at = self.now;
        let is_marketing =
            template.is_some_and(|template| template.class == MessageClass::Marketing);
        let is_real = journey.state != JourneyState::Rehearsal;
        let contact = self.contact.to_mut();
        if is_marketing && is_real {
            count(
                contact,
                SentMessage {
                    send,
                    at,
                    channel: message.channel,
                    topic,
                },
            );
        }
        if let Some(run) = contact.run_mut(id) {
            run.messages
                .insert(step.id.clone(), MessageRecord { send, reached: 0 });
        }
        Flow::Lasts(State::Sending {
            step: step.id.clone(),
            send,
        })
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

fn count(contact: &mut Contact, message: SentMessage) {
    contact.sent.push(message);
    contact.sent.sort_by_key(|sent| sent.at);
    let surplus = contact.sent.len().saturating_sub(SENT_MAX);
    contact.sent.drain(..surplus);
}
