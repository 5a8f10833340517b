//! A naive model of what contacts get: `decide` in the order of time, every message that may go accepted at once. No queues, no
//! ledger, no tables. Without faults the real use cases submit the same messages.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use wend_core::contact::Contact;
use wend_core::decide::{Context, Subject, decide};
use wend_core::id::{ContactKey, InputId, PermissionKey, SendId};
use wend_core::identity::IdentitySecret;
use wend_core::input::{
    Answer, AnswerResult, ConsentSaid, Envelope, Input, SendHeld, SendOutcome, Wake,
};
use wend_core::log::Effect;
use wend_core::permission::{ConsentChange, Permission, Proof};
use wend_core::personal::Personal;
use wend_core::release::{Manifest, Release};
use wend_core::send::{CallKind, CallRequest, Outcome, Recipient, Refused, SendRequest, gate};
use wend_core::time::Timestamp;

use crate::history::start;
use crate::projects::{Edition, Which, project};
use crate::random::{Random, mix};
use crate::scenario::{By, Op, Scenario, address_of};
use crate::world::{key_of, row_of, said};

/// The journeys whose messages all can be rendered.
const JOURNEYS: [&str; 5] = ["series", "choice", "clubbing", "dry", "twice"];

/// Contacts each of whom has an address of its own. Two who share one may both wait for its cap's last place, until the same moment:
/// who gets it is not the model's to say.
const CONTACTS: [usize; 4] = [0, 2, 3, 5];

/// A scenario without operators, in which everybody introduces themselves first.
pub fn scenario(seed: u64) -> Scenario {
    let mut random = Random::new(mix(&[seed, 6]));
    let contacts = 1 + random.below(4);
    let which = if random.chance(300) {
        Which::Strict
    } else {
        Which::Made
    };
    let mut ops = Vec::new();
    for (second, who) in (0..).zip(CONTACTS.into_iter().take(contacts)) {
        let traits = json!({
            "email": format!("canary{}@example.com", address_of(who)), "phone": format!("+4915550001{who:03}"),
            "tier": random.pick(&["gold", "silver"], "gold"), "subscribed": ["news", "club"],
        });
        let body = json!({ "traits": traits });
        let say = |call, body| Op::Say {
            who,
            by: By::Id,
            call,
            body,
            late_secs: 0,
            copies: 1,
        };
        ops.push((Duration::from_secs(second), say("identify", body)));
        for _ in 0..=random.below(4) {
            let event = random.pick(&["signed_up", "visited", "ordered", "asked"], "visited");
            let at = Duration::from_millis(random.between(100_000, 40_000_000));
            let op = match random.below(8) {
                0 => Op::Unsubscribe { who },
                1 | 2 => Op::Consent {
                    who,
                    topic: "club",
                    opted_in: true,
                },
                3 => Op::Consent {
                    who,
                    topic: "news",
                    opted_in: false,
                },
                _ => say(
                    "track",
                    json!({ "event": event, "properties": { "order_id": "o" } }),
                ),
            };
            ops.push((at, op));
        }
    }
    ops.sort_by_key(|(at, _)| *at);
    Scenario {
        which,
        journeys: JOURNEYS.to_vec(),
        environment: None,
        contacts,
        ops,
        storm: Duration::from_hours(24),
        calm: Duration::from_hours(24 * 8),
        skews_millis: [0; 4],
        lag: Duration::ZERO,
        receives_max: 20,
        workers: 1,
        codes: 1000,
        has_answers: false,
    }
}

/// The messages that the model expects of a scenario.
pub fn expected(scenario: &Scenario, seed: u64) -> Result<BTreeSet<SendId>, String> {
    let secret = IdentitySecret::new([7; 32]);
    let mut model = Model::new(scenario, &secret)?;
    for (number, (after, op)) in scenario.ops.iter().enumerate() {
        let now = start().plus(*after);
        model.run_until(now)?;
        match op {
            Op::Unsubscribe { who } => {
                model.unsubscribe(row_of(*who, &secret)?, now);
                let contact = key_of(*who, &secret).ok_or("no identity")?;
                let no = ConsentSaid {
                    id: InputId::of("unsubscribe", &[&number.to_be_bytes()]),
                    contact,
                    topic: None,
                    opted_in: false,
                    at: now,
                    proof: Proof::default(),
                    confirms: None,
                };
                model.accept(now, Input::Consent(no));
            }
            op => {
                if let Some(input) = said(seed, number, op, now, &secret)? {
                    model.accept(now, input);
                }
            }
        }
    }
    model.run_until(start().plus(scenario.storm + scenario.calm))?;
    Ok(model.accepted)
}

/// What the model is made of.
pub struct Model<'a> {
    release: Release,
    secret: &'a IdentitySecret,
    contacts: BTreeMap<ContactKey, Contact>,
    permissions: BTreeMap<PermissionKey, Permission>,
    coming: BTreeMap<(Timestamp, u64), Envelope>,
    numbered: u64,
    /// The messages that were accepted.
    pub accepted: BTreeSet<SendId>,
}

impl<'a> Model<'a> {
    /// A model of a scenario's world, before anything has happened.
    pub fn new(scenario: &Scenario, secret: &'a IdentitySecret) -> Result<Self, String> {
        let edition = Edition {
            is_strict: scenario.which == Which::Strict,
            ..Edition::default()
        };
        let parts = project(scenario.which)?.only(&scenario.journeys, edition);
        let manifest = Manifest::next(None, &parts, start());
        Ok(Self {
            release: Release::new(&manifest, parts),
            secret,
            contacts: BTreeMap::new(),
            permissions: BTreeMap::new(),
            coming: BTreeMap::new(),
            numbered: 0,
            accepted: BTreeSet::new(),
        })
    }

    /// An input comes at `at`.
    pub fn accept(&mut self, at: Timestamp, input: Input) {
        self.numbered += 1;
        let envelope = Envelope {
            accepted_at: at,
            input,
        };
        self.coming.insert((at, self.numbered), envelope);
    }

    /// An address says no to everything.
    pub fn unsubscribe(&mut self, permission: PermissionKey, at: Timestamp) {
        let row = self.permissions.entry(permission).or_default();
        row.unsubscribed = Some((at, Proof::default()));
    }

    /// Does what is due by `to`, in the order of time.
    pub fn run_until(&mut self, to: Timestamp) -> Result<(), String> {
        loop {
            let due = self
                .contacts
                .values()
                .filter_map(|contact| Some((contact.due_at?, contact.id)));
            let due = due.min();
            let next = self.coming.keys().next().copied();
            match (next, due) {
                (Some((at, _)), due) if at <= to && due.is_none_or(|(due, _)| at <= due) => {
                    if let Some((_, envelope)) = self.coming.pop_first() {
                        self.apply(at, &envelope)?;
                    }
                }
                (_, Some((due_at, contact))) if due_at <= to => {
                    let input = Input::Wake(Wake { contact, due_at });
                    self.apply(
                        due_at,
                        &Envelope {
                            accepted_at: due_at,
                            input,
                        },
                    )?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn apply(&mut self, now: Timestamp, envelope: &Envelope) -> Result<(), String> {
        let id = envelope.input.partition(self.secret);
        let contact = self.contacts.get(&id).cloned();
        let subject = Subject {
            id,
            contact,
            erased_at: None,
            others: Vec::new(),
        };
        let context = Context {
            release: &self.release,
            secret: self.secret,
            clock: now,
        };
        let decision = decide(subject, envelope, context).map_err(|error| error.to_string())?;
        if let Some(mut contact) = decision.contact {
            contact.rev += u64::from(decision.is_changed);
            self.contacts.insert(id, contact);
        }
        for effect in decision.row.into_iter().flat_map(|row| row.effects) {
            match effect {
                Effect::Consent(change) => self.say(&change),
                Effect::Send(request) => self.send(&request, now),
                Effect::Call(call) => self.answer(&call, now),
                // Nobody changes an address here.
                Effect::Carry { .. } | Effect::Wake { .. } => {}
            }
        }
        Ok(())
    }

    fn say(&mut self, change: &ConsentChange) {
        let row = self.permissions.entry(change.permission).or_default();
        let words = if change.is_pending {
            &mut row.pending
        } else {
            &mut row.topics
        };
        let known = words.get(&change.topic);
        if known.is_none_or(|known| known.at <= change.consent.at) {
            words.insert(change.topic.clone(), change.consent.clone());
        }
    }

    fn send(&mut self, request: &SendRequest, now: Timestamp) {
        let contact = self.contacts.get(&request.contact);
        let to = contact.and_then(|contact| Recipient::of(contact, request.channel));
        let key = to.map(|to| to.permission_key(self.secret));
        let permission = key
            .and_then(|key| self.permissions.get(&key))
            .cloned()
            .unwrap_or_default();
        let outcome = match gate(request, contact, &permission, &self.release, now) {
            Ok(permit) => {
                self.accepted.insert(request.send);
                if let Some(key) = key {
                    let row = self.permissions.entry(key).or_default();
                    row.recent = permit.submissions(now);
                    row.rev += 1;
                }
                Outcome::Accepted {
                    provider_id: String::new(),
                }
            }
            Err(Refused::Skip(reason)) => Outcome::Skipped { reason },
            Err(Refused::GivenBack) => return,
            Err(Refused::Hold { until, why }) => {
                let held = SendHeld {
                    request: Box::new(request.clone()),
                    at: now,
                    until,
                    why,
                };
                return self.accept(now, Input::Held(held));
            }
        };
        let (contact, enrollment, send) = (request.contact, request.enrollment, request.send);
        self.accept(
            now,
            Input::Outcome(SendOutcome {
                contact,
                enrollment,
                send,
                at: now,
                outcome,
            }),
        );
    }

    fn answer(&mut self, call: &CallRequest, now: Timestamp) {
        if matches!(call.kind, CallKind::Alert { .. }) {
            return;
        }
        let answer = Answer {
            contact: call.contact,
            enrollment: call.enrollment,
            call: call.call,
            at: now,
            result: AnswerResult::Done(Personal::new(json!({}))),
        };
        self.accept(now, Input::Answer(Box::new(answer)));
    }
}
