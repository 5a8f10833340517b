//! One contact in a drawn world: everything that can happen to it, with the laws looked at after each input.

mod answers;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::laws;
use super::project;
use super::tape::Tape;
use crate::contact::Contact;
use crate::decide::told::SECRET;
use crate::decide::{Context, Subject, decide};
use crate::id::{ContactKey, InputId, SendId};
use crate::identity::{Identity, IdentityKind};
use crate::input::*;
use crate::log::Effect;
use crate::permission::Proof;
use crate::personal::Personal;
use crate::phrase::Schedule;
use crate::release::{Journey, Manifest, Part, Pause, Project, Release, Resume};
use crate::send::{CallKind, CallRequest, SendRequest};
use crate::time::Timestamp;
use crate::zone::Zone;

/// Most lines of one row: beyond the steps that one input may begin nothing grows.
const TRACE_MAX: usize = 6000;
const EFFECTS_MAX: usize = 1100;

pub(super) struct World<'t> {
    pub(super) tape: Tape<'t>,
    project: Project,
    journeys: Vec<Journey>,
    parts: Vec<Part>,
    manifest: Manifest,
    pub(super) release: Release,
    pub(super) now: Timestamp,
    pub(super) contact: Option<Contact>,
    sends: Vec<SendRequest>,
    /// Messages that were given back; a copy of one may go all the same.
    given_back: Vec<SendRequest>,
    calls: Vec<CallRequest>,
    settled: Vec<SendRequest>,
    past: Vec<Envelope>,
    asked: BTreeSet<SendId>,
    inputs: u64,
}

impl<'t> World<'t> {
    pub(super) fn new(numbers: &'t [u16]) -> Self {
        let mut tape = Tape::new(numbers);
        let project = project::project(&mut tape);
        let journeys = project::journeys(&mut tape);
        let mut world = Self {
            tape,
            project,
            journeys,
            parts: Vec::new(),
            manifest: Manifest::default(),
            release: Release::default(),
            now: Timestamp::parse("2027-03-10T09:30:00Z").unwrap(),
            contact: None,
            sends: Vec::new(),
            given_back: Vec::new(),
            calls: Vec::new(),
            settled: Vec::new(),
            past: Vec::new(),
            asked: BTreeSet::new(),
            inputs: 0,
        };
        world.publish();
        world
    }

    fn id(&mut self) -> InputId {
        self.inputs += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.inputs.to_be_bytes());
        InputId::from_bytes(bytes)
    }

    const fn key() -> ContactKey {
        ContactKey::from_bytes([1; 16])
    }

    fn publish(&mut self) {
        let edition = usize::try_from(self.manifest.number).unwrap();
        let parts = project::parts(&self.project, &self.journeys, edition);
        let before = (self.manifest.number > 0).then_some(&self.manifest);
        self.manifest = Manifest::next(before, &parts, self.now);
        for part in parts {
            if !self.parts.iter().any(|known| known.hash() == part.hash()) {
                self.parts.push(part);
            }
        }
        self.load();
    }

    fn load(&mut self) {
        self.release = Release::new(&self.manifest, self.parts.clone());
    }

    /// Something happens.
    pub(super) fn act(&mut self) {
        match self.tape.below(22) {
            0..6 => self.track(),
            6 | 7 => self.identify(),
            8 => self.consent(),
            9..12 => drop(self.answer_one()),
            12 => self.feedback(),
            13 | 14 => self.follow_wake(),
            15 => self.repeat(),
            16 => self.command(),
            17 => {
                let minutes = [7, 61, 24 * 60, 50 * 60][self.tape.below(4)];
                self.now = self.now.plus(Duration::from_mins(minutes));
                self.wrong_wake();
            }
            18 => {
                let journeys = project::journeys(&mut self.tape);
                let count = journeys.len().min(self.journeys.len());
                self.journeys
                    .splice(..count, journeys.into_iter().take(count));
                self.publish();
            }
            19 => self.pause_or_resume(),
            20 => self.give_back(),
            _ => self.send_what_was_given_back(),
        }
    }

    fn properties(value: Value) -> Personal<Properties> {
        let Value::Object(properties) = value else {
            panic!("an object")
        };
        Personal::new(properties)
    }

    fn event(&mut self, kind: EventKind, at: Timestamp, properties: Value, traits: Value) {
        let event = Event {
            id: self.id(),
            kind,
            address: Identity::new(IdentityKind::User, "ana").unwrap(),
            also: Vec::new(),
            occurred_at: at,
            properties: Self::properties(properties),
            traits: Self::properties(traits),
            is_import: self.tape.once_in(20),
            agreement: None,
            public_source: None,
        };
        self.apply(Input::Event(Box::new(event)));
    }

    pub(super) fn track(&mut self) {
        let name = self.tape.one_of(&super::draw::EVENTS).to_owned();
        let key = self.tape.one_of(&["k0", "k1", "k2"]).to_owned();
        let value = self.tape.below(5);
        let late = [0, 0, 0, 20, 26 * 60][self.tape.below(5)];
        let at = self.now.minus(Duration::from_mins(late));
        let properties = json!({ "key": key, "value": value, "total": value });
        self.event(EventKind::Track(name), at, properties, json!({}));
    }

    fn identify(&mut self) {
        let traits = match self.tape.below(9) {
            0 => json!({ "email": "ana@example.com", "subscribed": ["news", "offers"] }),
            1 => json!({ "tier": "gold" }),
            2 => json!({ "tier": null }),
            3 => json!({ "n": self.tape.below(4) }),
            4 => json!({ "seen": self.now.to_string() }),
            5 => json!({ "birthday": "1990-03-14" }),
            6 => json!({ "timezone": self.tape.one_of(&["America/New_York", "UTC"]) }),
            7 => json!({ "unsubscribed": ["news"] }),
            _ => json!({ "phone": "+4915550001111", "subscribed": ["offers/sms", "news"] }),
        };
        self.event(EventKind::Identify, self.now, json!({}), traits);
    }

    fn consent(&mut self) {
        let topic = self
            .tape
            .one_of(&["news", "offers", "offers/sms"])
            .parse()
            .unwrap();
        let said = ConsentSaid {
            id: self.id(),
            contact: Self::key(),
            topic: Some(topic),
            opted_in: self.tape.once_in(2),
            at: self.now,
            proof: Proof::default(),
            confirms: None,
        };
        self.apply(Input::Consent(said));
    }

    pub(super) fn follow_wake(&mut self) {
        let Some(due_at) = self.contact.as_ref().and_then(|contact| contact.due_at) else {
            return;
        };
        let late = [0, 0, 3, 600][self.tape.below(4)];
        self.now = self.now.max(due_at.plus(Duration::from_mins(late)));
        self.apply(Input::Wake(Wake {
            contact: Self::key(),
            due_at,
        }));
    }

    fn wrong_wake(&mut self) {
        let due_at = self.now.minus(Duration::from_secs(1));
        if self
            .contact
            .as_ref()
            .is_none_or(|contact| contact.due_at != Some(due_at))
        {
            let wake = Input::Wake(Wake {
                contact: Self::key(),
                due_at,
            });
            let before = self.contact.clone();
            self.apply(wake);
            assert_eq!(self.contact, before, "a wake that is not due moves nothing");
        }
    }

    /// What was told already is told again.
    fn repeat(&mut self) {
        let told = |envelope: &&Envelope| {
            matches!(
                envelope.input,
                Input::Outcome(_) | Input::Answer(_) | Input::Wake(_)
            )
        };
        let past: Vec<Envelope> = self.past.iter().filter(told).cloned().collect();
        let Some(envelope) = past.get(self.tape.below(past.len().max(1))).cloned() else {
            return;
        };
        // What is due by now would fire with it: let that happen first.
        self.settle_clock();
        let before = self.contact.clone();
        self.apply(envelope.input);
        let counters = |contact: &Option<Contact>| {
            contact
                .as_ref()
                .map(|contact| (contact.enrollments.clone(), contact.sent.clone()))
        };
        assert_eq!(
            counters(&self.contact),
            counters(&before),
            "told twice, done once"
        );
    }

    fn settle_clock(&mut self) {
        let contact = Self::key();
        let id = self.id();
        let at = self.now;
        self.apply(Input::Command(Box::new(Command {
            id,
            contact,
            at,
            kind: CommandKind::Touch,
        })));
    }

    fn command(&mut self) {
        let journey = self.tape.one_of(&super::draw::JOURNEYS).to_owned();
        let vips = || vec!["vips".to_owned()];
        let kind = match self.tape.below(6) {
            0 => CommandKind::Stop { journey },
            1 => CommandKind::Lists {
                join: vips(),
                leave: Vec::new(),
            },
            2 => CommandKind::Lists {
                join: Vec::new(),
                leave: vips(),
            },
            3 => CommandKind::Touch,
            4 => CommandKind::Scheduled {
                journey,
                occurrence: last_nine(self.now),
            },
            _ => CommandKind::Enroll {
                journey,
                data: Self::properties(json!({ "value": 3 })),
            },
        };
        let (id, at) = (self.id(), self.now);
        self.apply(Input::Command(Box::new(Command {
            id,
            contact: Self::key(),
            at,
            kind,
        })));
    }

    fn pause_or_resume(&mut self) {
        let journey = self.tape.one_of(&super::draw::JOURNEYS).to_owned();
        let shifts = self.tape.once_in(2);
        let now = self.now;
        let pauses = self.manifest.pauses.entry(journey).or_default();
        match pauses.last_mut() {
            Some(pause) if pause.resumed.is_none() => {
                let how = if shifts {
                    Resume::Shift
                } else {
                    Resume::AsIfRunning
                };
                pause.resumed = Some((now, how));
            }
            _ => pauses.push(Pause {
                from: now,
                resumed: None,
            }),
        }
        self.manifest.number += 1;
        self.load();
    }

    pub(super) fn resume_all(&mut self) {
        let now = self.now;
        for pause in self
            .manifest
            .pauses
            .values_mut()
            .filter_map(|pauses| pauses.last_mut())
        {
            pause.resumed.get_or_insert((now, Resume::AsIfRunning));
        }
        self.manifest.number += 1;
        self.load();
        self.settle_clock();
    }

    /// Applies an input and looks at every law.
    pub(super) fn apply(&mut self, input: Input) {
        let envelope = Envelope {
            accepted_at: self.now,
            input,
        };
        let context = Context {
            release: &self.release,
            secret: &SECRET,
            clock: self.now,
        };
        let subject = || Subject {
            id: Self::key(),
            contact: self.contact.clone(),
            erased_at: None,
            others: Vec::new(),
        };
        let decision = decide(subject(), &envelope, context).unwrap();
        let again = decide(subject(), &envelope, context).unwrap();
        assert_eq!(
            decision.contact, again.contact,
            "the same inputs give the same answer"
        );
        if let (Some(row), Some(other)) = (&decision.row, &again.row) {
            assert_eq!(row.pack().unwrap(), other.pack().unwrap(), "byte for byte");
            assert!(row.trace.len() <= TRACE_MAX, "{} lines", row.trace.len());
            assert!(
                row.effects.len() <= EFFECTS_MAX,
                "{} effects",
                row.effects.len()
            );
        }
        if decision.is_changed {
            laws::of_contact(decision.contact.as_ref().unwrap(), self.now);
        }
        let before = std::mem::replace(&mut self.contact, decision.contact);
        let row = decision.row;
        for effect in row.iter().flat_map(|row| &row.effects) {
            self.carry_out(effect);
        }
        if let Some(row) = &row {
            laws::of_effects(row);
            laws::of_row(row, before.as_ref(), self.contact.as_ref());
            self.past.push(envelope);
        }
        let is_dropped = row.is_none() || row.as_ref().is_some_and(|row| row.refusal.is_some());
        if let (Some(contact), false) = (&self.contact, is_dropped) {
            laws::of_conditions(contact, &self.release, row.map_or(self.now, |row| row.at));
        }
    }

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Send(request) => {
                assert!(
                    self.asked.insert(request.send),
                    "{request:?} was asked for twice"
                );
                self.sends.push((**request).clone());
            }
            Effect::Call(call) => {
                assert!(self.asked.insert(call.call), "{call:?} was asked for twice");
                if !matches!(call.kind, CallKind::Alert { .. }) {
                    self.calls.push((**call).clone());
                }
            }
            Effect::Consent(_) | Effect::Carry { .. } => {}
            Effect::Wake { due_at } => {
                let stored = self.contact.as_ref().and_then(|contact| contact.due_at);
                assert!(
                    stored.is_none() || stored == Some(*due_at),
                    "the index and the wake agree"
                );
            }
        }
    }

    /// Answers everything and follows wakes until `until`; false if that takes too many.
    pub(super) fn drain(&mut self, until: Timestamp) -> bool {
        for _ in 0..600 {
            if self.answer_one() {
                continue;
            }
            match self.contact.as_ref().and_then(|contact| contact.due_at) {
                Some(due_at) if due_at <= until => self.follow_wake(),
                _ => return true,
            }
        }
        false
    }
}

/// When the last `every day at 09:00` began.
fn last_nine(now: Timestamp) -> Timestamp {
    let daily: Schedule = "every day at 09:00".parse().unwrap();
    let earliest = Zone::parse("Pacific/Kiritimati").unwrap();
    daily.last_until(now, &earliest).unwrap()
}
