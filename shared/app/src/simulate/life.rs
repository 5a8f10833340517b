//! One contact from its first moment to its last.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use serde_json::{Value, json};
use wend_core::condition::Topic;
use wend_core::contact::{Attribute, Contact, Email, Phone, TopicConsent, Word};
use wend_core::decide::{Context, Subject, decide};
use wend_core::id::{ContactKey, InputId, PermissionKey};
use wend_core::identity::{EmailAddress, Identity, IdentityKind, IdentitySecret, PhoneNumber};
use wend_core::input::{
    Answer, AnswerResult, Command, CommandKind, Envelope, Event, EventKind, Feedback, FeedbackKind,
    Input, SendHeld, SendOutcome, Wake,
};
use wend_core::log::{Effect, LogRow};
use wend_core::occurrence::Occurrences;
use wend_core::permission::{
    Consent, ConsentChange, Permission, Proof, Suppression, SuppressionReason,
};
use wend_core::personal::Personal;
use wend_core::release::{Journey, JourneyState};
use wend_core::send::{CallKind, CallRequest, Outcome, Refused, SendRequest, gate};
use wend_core::time::Timestamp;

use super::{Happening, INPUTS_MAX, Person, SimulateError, Simulation};

/// Names are hashed as everywhere; nothing leaves the process.
const SECRET: IdentitySecret = IdentitySecret::new([0; 32]);

/// Something that is going to happen.
enum Coming {
    /// The contact does something.
    Does(usize),
    /// An input that follows from an earlier one.
    Input(Box<Input>),
    /// A journey's schedule: the journey and the place of its trigger.
    Scheduled(String, usize),
}

/// One contact.
pub(super) struct Life<'a> {
    simulation: &'a Simulation<'a>,
    hears_deliveries: bool,
    person: &'a Person,
    happenings: &'a [Happening],
    contact: Contact,
    permissions: BTreeMap<PermissionKey, Permission>,
    /// What comes, by its time, then in the order in which it was seen coming.
    agenda: BinaryHeap<Reverse<(Timestamp, u64)>>,
    coming: BTreeMap<u64, Coming>,
    seen: u64,
    ids: u64,
}

/// What a contact is told of an occurrence.
fn scheduled(journey: &str, occurrence: Timestamp) -> CommandKind {
    CommandKind::Scheduled {
        journey: journey.to_owned(),
        occurrence,
    }
}

impl<'a> Life<'a> {
    pub(super) fn new(
        simulation: &'a Simulation<'a>,
        hears_deliveries: bool,
        person: &'a Person,
    ) -> Self {
        let happenings = simulation.happenings.get(&person.id);
        let mut life = Self {
            simulation,
            hears_deliveries,
            person,
            happenings: happenings.map_or(&[], Vec::as_slice),
            contact: Contact::new(ContactKey::from_bytes([0; 16]), simulation.from),
            permissions: BTreeMap::new(),
            agenda: BinaryHeap::new(),
            coming: BTreeMap::new(),
            seen: 0,
            ids: 0,
        };
        life.begin();
        life.foresee();
        life
    }

    /// The contact as it is before anything happens: whoever is in a segment is in it already.
    fn begin(&mut self) {
        let at = self.person.created_at.unwrap_or(self.simulation.from);
        let identity = Identity::new(IdentityKind::User, &self.person.id);
        if let Some(identity) = &identity {
            self.contact.id = identity.key(&SECRET);
        }
        self.contact.identities.extend(identity);
        self.contact.created_at = at;
        self.contact.last_at = at;
        for (name, value) in &self.person.attributes {
            let text = value.as_str().unwrap_or_default();
            match name.as_str() {
                "email" => {
                    let address = EmailAddress::parse(text);
                    self.contact.email = address.map(|address| Email { address, at });
                }
                "phone" => {
                    let number = PhoneNumber::parse(text);
                    self.contact.phone = number.map(|number| Phone { number, at });
                }
                _ => {
                    let value = Personal::new(value.clone());
                    self.contact
                        .attributes
                        .insert(name.clone(), Attribute { value, at });
                }
            }
        }
        let topics = self
            .person
            .subscribed
            .iter()
            .filter_map(|topic| topic.parse::<Topic>().ok());
        for topic in topics {
            if let Some(permission) = self.permission(&topic) {
                let consent = Consent {
                    opted_in: true,
                    at,
                    proof: Proof::default(),
                };
                self.consent(&ConsentChange {
                    permission,
                    topic: topic.topic.clone(),
                    consent,
                    is_pending: false,
                });
                self.contact.consents.insert(
                    topic,
                    TopicConsent {
                        word: Word::Yes,
                        at,
                    },
                );
            }
        }
    }

    fn permission(&self, topic: &Topic) -> Option<PermissionKey> {
        use wend_core::identity::Channel::{Email, Sms};
        if topic.channel == Sms.name() {
            let phone = self.contact.phone.as_ref()?;
            return Some(phone.number.permission_key(Sms, &SECRET));
        }
        let email = self.contact.email.as_ref()?;
        Some(email.address.permission_key(Email, &SECRET))
    }

    /// What is known to come when it begins.
    fn foresee(&mut self) {
        let Simulation { from, enter, .. } = *self.simulation;
        self.command(from, CommandKind::Touch);
        if let Some(at) = enter {
            let journey = self.simulation.journey.to_owned();
            self.command(
                at,
                CommandKind::Enroll {
                    journey,
                    data: Personal::default(),
                },
            );
        }
        // Schedules of other journeys are left out: their segments ask for a history that nobody here has.
        let journey = self.simulation.release.journey(self.simulation.journey);
        if let Some((_, journey)) =
            journey.filter(|(_, journey)| journey.state == JourneyState::Live)
        {
            for place in 0..journey.triggers.len() {
                self.schedule(journey, place, from);
            }
            let lasting = Occurrences::all(journey).filter(Occurrences::is_lasting);
            for occurrence in lasting.flat_map(|all| all.running(from).collect::<Vec<_>>()) {
                self.command(from, scheduled(&journey.id, occurrence));
            }
        }
        if let Some(first) = self.happenings.first() {
            self.expect(first.at, Coming::Does(0));
        }
    }

    fn expect(&mut self, at: Timestamp, coming: Coming) {
        if at > self.simulation.until {
            return;
        }
        self.seen += 1;
        self.coming.insert(self.seen, coming);
        self.agenda.push(Reverse((at, self.seen)));
    }

    /// An id that no other input of the contact has.
    fn id(&mut self) -> InputId {
        self.ids += 1;
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(self.ids.to_be_bytes()) {
            *to = from;
        }
        InputId::from_bytes(bytes)
    }

    fn command(&mut self, at: Timestamp, kind: CommandKind) {
        let command = Command {
            id: self.id(),
            contact: self.contact.id,
            at,
            kind,
        };
        self.expect(
            at,
            Coming::Input(Box::new(Input::Command(Box::new(command)))),
        );
    }

    /// The next occurrence of a schedule that begins after `after`.
    fn schedule(&mut self, journey: &Journey, place: usize, after: Timestamp) {
        let Some(all) = Occurrences::of(journey, place) else {
            return;
        };
        if let Some(at) = all.schedule.next_after(after, &all.clock()) {
            self.expect(at, Coming::Scheduled(journey.id.clone(), place));
        }
    }

    /// Plays it. Every row is shown, with the contact as it is then.
    pub(super) fn live(
        mut self,
        show: &mut impl FnMut(&LogRow, &Contact),
    ) -> Result<(), SimulateError> {
        for _ in 0..INPUTS_MAX {
            let due_at = self
                .contact
                .due_at
                .filter(|at| *at <= self.simulation.until);
            let comes_at = self.agenda.peek().map(|Reverse((at, _))| *at);
            // An event wins over a timeout of the same instant.
            let (at, input) = match (comes_at, due_at) {
                (Some(at), due_at) if due_at.is_none_or(|due_at| at <= due_at) => {
                    match self.take_next(at) {
                        Some(input) => (at, input),
                        None => continue,
                    }
                }
                (_, Some(due_at)) => (
                    due_at,
                    Input::Wake(Wake {
                        contact: self.contact.id,
                        due_at,
                    }),
                ),
                (_, None) => return Ok(()),
            };
            let row = self.decide(at, input)?;
            if let Some(row) = &row {
                show(row, &self.contact);
                for effect in &row.effects {
                    self.carry_out(effect, at);
                }
            }
        }
        Err(SimulateError::Restless {
            who: self.person.id.clone(),
            at: self.contact.last_at,
        })
    }

    fn take_next(&mut self, at: Timestamp) -> Option<Input> {
        let Reverse((_, number)) = self.agenda.pop()?;
        match self.coming.remove(&number)? {
            Coming::Input(input) => Some(*input),
            Coming::Does(place) => {
                if let Some(next) = self.happenings.get(place + 1) {
                    self.expect(next.at.max(at), Coming::Does(place + 1));
                }
                let happening = self.happenings.get(place)?;
                Some(self.event(happening))
            }
            Coming::Scheduled(journey, place) => {
                let (_, definition) = self.simulation.release.journey(&journey)?;
                self.schedule(definition, place, at);
                Some(Input::Command(Box::new(Command {
                    id: self.id(),
                    contact: self.contact.id,
                    at,
                    kind: scheduled(&journey, at),
                })))
            }
        }
    }

    fn event(&mut self, happening: &Happening) -> Input {
        let address = self.contact.identities.first().cloned();
        let address = address.unwrap_or_else(|| Identity {
            kind: IdentityKind::User,
            value: Personal::new(self.person.id.clone()),
        });
        let kind = match &happening.event {
            Some(name) if name == "page_viewed" => EventKind::Page,
            Some(name) => EventKind::Track(name.clone()),
            None => EventKind::Identify,
        };
        Input::Event(Box::new(Event {
            id: self.id(),
            kind,
            address,
            also: Vec::new(),
            occurred_at: happening.at,
            properties: Personal::new(happening.properties.clone()),
            traits: Personal::new(happening.traits.clone()),
            is_import: false,
            agreement: None,
            public_source: None,
        }))
    }

    fn decide(&mut self, at: Timestamp, input: Input) -> Result<Option<LogRow>, SimulateError> {
        let contact = std::mem::replace(
            &mut self.contact,
            Contact::new(ContactKey::from_bytes([0; 16]), at),
        );
        let id = contact.id;
        let subject = Subject {
            id,
            contact: Some(contact),
            erased_at: None,
            others: Vec::new(),
        };
        let context = Context {
            release: self.simulation.release,
            secret: &SECRET,
            clock: at,
        };
        let envelope = Envelope {
            accepted_at: at,
            input,
        };
        let decision =
            decide(subject, &envelope, context).map_err(|why| SimulateError::Decide {
                who: self.person.id.clone(),
                at,
                why,
            })?;
        if let Some(contact) = decision.contact {
            self.contact = contact;
        }
        Ok(decision.row)
    }

    fn carry_out(&mut self, effect: &Effect, at: Timestamp) {
        match effect {
            Effect::Consent(change) => self.consent(change),
            Effect::Send(request) => self.send(request, at),
            Effect::Call(call) => self.answer(call, at),
            // Nobody changes an address here.
            Effect::Carry { .. } | Effect::Wake { .. } => {}
        }
    }

    fn consent(&mut self, change: &ConsentChange) {
        let permission = self.permissions.entry(change.permission).or_default();
        let words = if change.is_pending {
            &mut permission.pending
        } else {
            &mut permission.topics
        };
        let known = words.get(&change.topic);
        if known.is_none_or(|known| known.at <= change.consent.at) {
            words.insert(change.topic.clone(), change.consent.clone());
        }
    }

    /// A message leaves at once where the gate lets it, and people react to it.
    fn send(&mut self, request: &SendRequest, at: Timestamp) {
        let nothing = Permission::default();
        let known = request
            .permission
            .and_then(|key| self.permissions.get(&key));
        let permit = gate(
            request,
            Some(&self.contact),
            known.unwrap_or(&nothing),
            self.simulation.release,
            at,
        );
        let (contact, enrollment, send) = (request.contact, request.enrollment, request.send);
        let outcome = match permit {
            Ok(_) => {
                self.react(request, at);
                Outcome::Accepted {
                    provider_id: String::new(),
                }
            }
            Err(Refused::Skip(reason)) => Outcome::Skipped { reason },
            Err(Refused::GivenBack) => return,
            Err(Refused::Hold { until, why }) => {
                let held = SendHeld {
                    request: Box::new(request.clone()),
                    at,
                    until,
                    why,
                };
                return self.expect(at, Coming::Input(Box::new(Input::Held(held))));
            }
        };
        let over = SendOutcome {
            contact,
            enrollment,
            send,
            at,
            outcome,
        };
        self.expect(at, Coming::Input(Box::new(Input::Outcome(over))));
    }

    fn react(&mut self, request: &SendRequest, at: Timestamp) {
        for (delay, kind) in self.simulation.model.reactions(request) {
            if kind == FeedbackKind::Delivered && !self.hears_deliveries {
                continue;
            }
            if kind == FeedbackKind::Bounced
                && let Some(key) = request.permission
            {
                let reason = SuppressionReason::HardBounce;
                let row = self.permissions.entry(key).or_default();
                row.suppressed = Some(Suppression { at, reason });
            }
            let feedback = Feedback {
                id: self.id(),
                contact: request.contact,
                send: request.send,
                journey: request.journey.clone(),
                step: request.step.clone(),
                at: at.plus(delay),
                kind,
                is_machine: false,
                link: None,
                text: None,
            };
            self.expect(
                at.plus(delay),
                Coming::Input(Box::new(Input::Feedback(Box::new(feedback)))),
            );
        }
    }

    /// Webhooks answer with an empty object, pools have a code.
    fn answer(&mut self, call: &CallRequest, at: Timestamp) {
        let value = match &call.kind {
            CallKind::Alert { .. } => return,
            CallKind::Webhook { .. } => json!({}),
            CallKind::Coupon { pool, expires_at } => {
                let code: String = call.call.to_string().chars().take(8).collect();
                json!({ "code": format!("{pool}-{code}"), "expires_at": expires_at.map(|at| at.to_string()) })
            }
        };
        let (contact, enrollment, call) = (call.contact, call.enrollment, call.call);
        let result = AnswerResult::Done(Personal::<Value>::new(value));
        let answer = Answer {
            contact,
            enrollment,
            call,
            at,
            result,
        };
        self.expect(at, Coming::Input(Box::new(Input::Answer(Box::new(answer)))));
    }
}
