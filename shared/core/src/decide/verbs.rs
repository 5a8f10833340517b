//! Steps that change the contact, make events, or ask others.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::run::Flow;
use super::{Deciding, Signal};
use crate::calendar;
use crate::condition::World as _;
use crate::enrollment::{Origin, State};
use crate::id::{EnrollmentId, InputId, SendId, derive};
use crate::input::Properties;
use crate::log::{Effect, Trace};
use crate::permission::{Proof, source};
use crate::personal::Personal;
use crate::release::{Given, GivenMap, Journey, JourneyState, Step, Update, Verb};
use crate::send::{CallKind, CallRequest};
use crate::time::Timestamp;

impl Deciding<'_> {
    /// Values that a step gives.
    pub(super) fn given(
        &self,
        id: EnrollmentId,
        journey: &Journey,
        given: &GivenMap,
    ) -> Properties {
        let values = given
            .iter()
            .filter_map(|(name, given)| Some((name.clone(), self.given_one(id, journey, given)?)));
        values.collect()
    }

    pub(super) fn given_personal(
        &self,
        id: EnrollmentId,
        journey: &Journey,
        given: &GivenMap,
    ) -> BTreeMap<String, Personal<Value>> {
        let given = self.given(id, journey, given);
        given
            .into_iter()
            .map(|(name, value)| (name, Personal::new(value)))
            .collect()
    }

    fn given_one(&self, id: EnrollmentId, journey: &Journey, given: &Given) -> Option<Value> {
        match given {
            Given::Value(value) => Some(value.clone()),
            Given::Now => Some(Value::String(self.moment.to_string())),
            Given::SameAs(path) => {
                let run = self.contact.run(id)?;
                self.view_of(run, journey)
                    .value(path)
                    .map(std::borrow::Cow::into_owned)
            }
        }
    }

    /// Changes the contact, as `update` says.
    pub(super) fn update(&mut self, id: EnrollmentId, journey: &Journey, update: &Update) {
        let at = self.moment;
        self.stepping = Some(id);
        for (name, value) in self.given(id, journey, &update.set) {
            self.set_attribute(&name, &value, at);
        }
        for name in &update.unset {
            self.set_attribute(name, &Value::Null, at);
        }
        for (name, amount) in &update.add {
            let known = self
                .contact
                .attributes
                .get(name)
                .and_then(|known| super::facts::number(known.value.expose()));
            let sum = known.unwrap_or_default() + amount.value();
            self.set_attribute(name, &plain_number(sum), at);
        }
        for (name, values) in &update.include {
            let mut set = self.set_of(name);
            set.extend(
                values
                    .iter()
                    .filter(|value| !set.contains(value))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
            self.set_attribute(name, &Value::Array(set), at);
        }
        for (name, values) in &update.remove {
            let mut set = self.set_of(name);
            set.retain(|value| !values.contains(value));
            self.set_attribute(name, &Value::Array(set), at);
        }
        for list in &update.join {
            self.list(list, true);
        }
        for list in &update.leave {
            self.list(list, false);
        }
        for topic in &update.unsubscribe {
            self.consent(topic, false, at, Proof::new(source::JOURNEY, None));
        }
        self.stepping = None;
    }

    fn set_of(&self, name: &str) -> Vec<Value> {
        let known = self
            .contact
            .attributes
            .get(name)
            .map(|known| known.value.expose());
        match known {
            Some(Value::Array(values)) => values.clone(),
            None | Some(Value::Null) => Vec::new(),
            Some(value) => vec![value.clone()],
        }
    }

    /// Gives points by a step.
    pub(super) fn give_points(&mut self, points: &BTreeMap<String, i32>, step: &str) {
        let release = self.context.release;
        for (score, points) in points {
            if let Some(score) = release.score(score) {
                self.give(score, *points, step);
            }
        }
    }

    /// Starts another journey, as a derived input.
    pub(super) fn start(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        other: &str,
        data: &GivenMap,
    ) {
        let Some(run) = self.contact.run(id) else {
            return;
        };
        let count = self.derived.to_be_bytes();
        let input = derive(
            "started",
            &[
                id.as_bytes(),
                other.as_bytes(),
                self.input.as_bytes(),
                &count,
            ],
        );
        let origin = Origin {
            input: InputId::from_bytes(input),
            partition: run.origin.partition,
            at: self.moment,
            properties: Personal::new(self.given(id, journey, data)),
            is_public: run.origin.is_public,
        };
        let journey = other.to_owned();
        self.derive(other, Signal::Started { journey, origin });
    }

    /// What a step asks of others; none if it asks nothing.
    fn asked<'s>(
        &self,
        journey: &Journey,
        step: &'s Step,
        at: Timestamp,
    ) -> Option<(CallKind, Option<&'s GivenMap>)> {
        if let Verb::Alert {
            team,
            template,
            data,
        } = &step.verb
        {
            let (team, template) = (team.clone(), template.clone());
            let kind = CallKind::Alert {
                team,
                template,
                way: None,
            };
            return Some((kind, Some(data)));
        }
        if let Verb::Webhook {
            connection,
            data,
            timeout_secs,
            ..
        } = &step.verb
        {
            let (connection, timeout_secs) = (connection.clone(), *timeout_secs);
            return Some((
                CallKind::Webhook {
                    connection,
                    timeout_secs,
                },
                Some(data),
            ));
        }
        let Verb::Coupon { pool, valid, .. } = &step.verb else {
            return None;
        };
        let zone = self.zone(Some(journey));
        let expires_at = valid.map(|valid| calendar::after(valid, at, self.place(&zone)));
        let pool = pool.clone();
        Some((CallKind::Coupon { pool, expires_at }, None))
    }

    /// Asks another system, or tells a team.
    pub(super) fn call(
        &mut self,
        id: EnrollmentId,
        journey: &Journey,
        step: &Step,
        at: Timestamp,
    ) -> Flow {
        if let Verb::Coupon { pool, save, .. } = &step.verb
            && let Some(code) = self.take_code(id, pool)
        {
            if let Some(run) = self.contact.to_mut().run_mut(id) {
                run.data.expose_mut().insert(save.clone(), code);
            }
            self.trace.push(Trace::Answered {
                journey: journey.id.clone(),
                step: step.id.clone(),
                failure: None,
            });
            return Flow::On(step.next);
        }
        let Some(run) = self.contact.run(id) else {
            return Flow::On(step.next);
        };
        let call = SendId::of(id, &step.id, run.steps_begun);
        let origin = (run.origin.partition, run.origin.input);
        let Some((kind, given)) = self.asked(journey, step, at) else {
            return Flow::On(step.next);
        };
        let is_awaited = !matches!(kind, CallKind::Alert { .. });
        let (journey_id, step_id) = (journey.id.clone(), step.id.clone());
        self.trace.push(match &kind {
            CallKind::Alert { team, .. } => Trace::Alerted {
                journey: journey_id,
                step: step_id,
                team: team.clone(),
            },
            CallKind::Webhook { .. } | CallKind::Coupon { .. } => Trace::Asked {
                journey: journey_id,
                step: step_id,
                call,
            },
        });
        let given = given
            .map(|given| self.given_personal(id, journey, given))
            .unwrap_or_default();
        self.effects.push(Effect::Call(Box::new(CallRequest {
            call,
            contact: self.contact.id,
            enrollment: id,
            journey: journey.id.clone(),
            step: step.id.clone(),
            is_rehearsal: journey.state == JourneyState::Rehearsal,
            requested_at: self.now,
            kind,
            given,
            origin,
        })));
        if is_awaited {
            Flow::Lasts(State::Asking {
                step: step.id.clone(),
                call,
            })
        } else {
            Flow::On(step.next)
        }
    }
}

/// A number as JSON writes it: whole where it is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only where it is whole and small"
)]
fn plain_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        Value::from(number as i64)
    } else {
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}
