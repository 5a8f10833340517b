//! What the world does to a deployment: websites, contacts, operators, the provider's events.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;
use wend_app::erase::erase;
use wend_app::memory::{Reaction, SentMail, provider_event};
use wend_app::operate::{Operation, operate};
use wend_app::ports::{Clock, Outgoing, ReleaseStore, Settled, Tallies};
use wend_core::brake::{Brake, Cause, DayNumber, Scope, hour_of};
use wend_core::condition::Topic;
use wend_core::id::{ContactKey, InputId, PermissionKey, SendId};
use wend_core::identity::{Channel, EmailAddress, Identity, IdentityKind, IdentitySecret};
use wend_core::input::{
    Command, CommandKind, ConsentSaid, Envelope, Feedback, FeedbackKind, Input,
};
use wend_core::permission::Proof;
use wend_core::personal::Personal;
use wend_core::release::{Manifest, Release, Resume};
use wend_core::time::Timestamp;
use wend_core::token::{
    ConfirmToken, LinkKeys, OptInRef, PreferencesToken, Token, UnsubscribeToken,
};
use wend_core::tracking;

use crate::book::Cue;
use crate::limits::Published;
use crate::plan::Trouble;
use crate::ports::{Parked, instant};
use crate::projects::{Edition, project};
use crate::random::{Random, mix};
use crate::runner::{Done, Runner};
use crate::scenario::{By, Op, address_of, device_of};

/// How long an operator waits for the end of a command.
const OPERATOR_PATIENCE: Duration = Duration::from_hours(1);
/// What people answer an SMS.
const ANSWERS: [&str; 6] = [
    "STOP",
    "stop.",
    "Stopp",
    "START",
    "HELP",
    "When do you open?",
];
/// How long links that confirm are good for.
const CONFIRM_WITHIN: Duration = Duration::from_hours(24);
/// How long a request to `track` may take.
const TRACK_TIMEOUT: Duration = Duration::from_secs(10);

/// An id that follows from numbers.
fn input_id(parts: &[u64]) -> InputId {
    let bits = (u128::from(mix(parts)) << 64) | u128::from(mix(&[mix(parts), 1]));
    InputId::from_bytes(bits.to_be_bytes())
}

/// A contact's key.
pub fn key_of(who: usize, secret: &IdentitySecret) -> Option<ContactKey> {
    let name = Identity::new(IdentityKind::User, &format!("u{who}"))?;
    Some(name.key(secret))
}

/// The permission row of a contact's address.
pub fn row_of(who: usize, secret: &IdentitySecret) -> Result<PermissionKey, String> {
    let address = format!("canary{}@example.com", address_of(who));
    let address = EmailAddress::parse(&address).ok_or("no address")?;
    Ok(address.permission_key(Channel::Email, secret))
}

/// The address that a contact moves to; nobody else has it.
fn moved(who: usize) -> String {
    format!("canary{who}@moved.example.com")
}

/// The input that a website or a contact's preferences make of an operation; none if it makes none.
pub fn said(
    seed: u64,
    number: usize,
    op: &Op,
    now: Timestamp,
    secret: &IdentitySecret,
) -> Result<Option<Input>, String> {
    let id = input_id(&[seed, u64::try_from(number).unwrap_or_default()]);
    match op {
        Op::Say {
            who,
            by,
            call,
            body,
            late_secs,
            ..
        } => {
            let mut body = body.clone();
            let happened = now.minus(Duration::from_secs(*late_secs));
            if let Some(fields) = body.as_object_mut() {
                let device = format!("d{}", device_of(*who));
                if *by != By::Device {
                    fields.insert("userId".to_owned(), json!(format!("u{who}")));
                }
                if *call == "alias" {
                    fields.insert("previousId".to_owned(), json!(device));
                } else if *by != By::Id {
                    fields.insert("anonymousId".to_owned(), json!(device));
                }
                fields.insert("messageId".to_owned(), json!(format!("m{number}")));
                fields.insert("timestamp".to_owned(), json!(happened.to_string()));
            }
            let request = tracking::Request {
                source: "web",
                is_public: true,
                accepted_at: now,
                sent_at: None,
            };
            let event = tracking::read(Op::call_of(call), &body, request, || id);
            let event = event.map_err(|error| error.to_string())?;
            Ok(Some(Input::Event(Box::new(event))))
        }
        Op::Move { who } => {
            let body = json!({
                "userId": format!("u{who}"),
                "messageId": format!("m{number}"),
                "traits": { "email": moved(*who) },
            });
            let request = tracking::Request {
                source: "server",
                is_public: false,
                accepted_at: now,
                sent_at: None,
            };
            let event = tracking::read(Op::call_of("identify"), &body, request, || id);
            let event = event.map_err(|error| error.to_string())?;
            Ok(Some(Input::Event(Box::new(event))))
        }
        Op::Consent {
            who,
            topic,
            opted_in,
        } => {
            let topic = Topic {
                topic: (*topic).to_owned(),
                channel: "email".to_owned(),
            };
            let said = key_of(*who, secret).map(|contact| ConsentSaid {
                id,
                contact,
                topic: Some(topic),
                opted_in: *opted_in,
                at: now,
                proof: Proof::default(),
                confirms: None,
            });
            Ok(said.map(Input::Consent))
        }
        _ => Ok(None),
    }
}

impl Runner {
    /// The contact's key.
    pub fn key(&self, who: usize) -> Option<ContactKey> {
        key_of(who, &self.deployment.secret)
    }

    /// Somebody does something.
    pub fn perform(&mut self, number: usize, op: &Op) -> Result<(), String> {
        let now = self.now();
        self.stir(now);
        let at = u64::try_from(number).unwrap_or_default();
        let id = input_id(&[self.seed, at]);
        match op {
            Op::Say { .. } | Op::Consent { .. } | Op::Move { .. } => {
                let Some(input) = said(self.seed, number, op, now, &self.deployment.secret)? else {
                    return Ok(());
                };
                let copies = if let Op::Say { copies, .. } = op {
                    *copies
                } else {
                    1
                };
                (0..copies).try_for_each(|_| self.accept(input.clone()))
            }
            Op::Rest { who } => {
                let secret = &self.deployment.secret;
                let contact = key_of(*who, secret).ok_or("no identity")?;
                let row = row_of(*who, secret)?;
                self.rest(contact, row);
                Ok(())
            }
            Op::Confirm { who, topic } => {
                let secret = &self.deployment.secret;
                let contact = key_of(*who, secret).ok_or("no identity")?;
                let row = row_of(*who, secret)?;
                self.confirm(contact, row, topic)
            }
            Op::Unsubscribe { who } => {
                let secret = &self.deployment.secret;
                let contact = key_of(*who, secret).ok_or("no identity")?;
                let row = row_of(*who, secret)?;
                self.unsubscribe(contact, row);
                Ok(())
            }
            Op::Stop { who, journey } => {
                let journey = (*journey).to_owned();
                self.command(*who, id, CommandKind::Stop { journey })
            }
            Op::Enroll { who, journey } => {
                let (journey, data) = ((*journey).to_owned(), Personal::default());
                self.command(*who, id, CommandKind::Enroll { journey, data })
            }
            Op::Touch => self.touch_all(at),
            Op::Erase { who } => {
                if let Some(contact) = self.key(*who) {
                    self.erase(contact);
                }
                Ok(())
            }
            Op::Publish { edition } => self.publish(*edition),
            Op::Pause { journey } => self.operate(&Operation::Pause((*journey).to_owned())),
            Op::StopJourney { journey } => self.operate(&Operation::Stop((*journey).to_owned())),
            Op::StartJourney { journey } => self.operate(&Operation::Start((*journey).to_owned())),
            Op::Halt { halt } => self.operate(&Operation::Halt(*halt)),
            Op::Lift { halt } => self.operate(&Operation::Lift(*halt)),
            Op::Brake { scope } => self.brake(scope),
            Op::LiftBrake { scope } => self.lift_brake(scope),
            Op::Resume { journey, shift } => {
                let how = if *shift {
                    Resume::Shift
                } else {
                    Resume::AsIfRunning
                };
                self.operate(&Operation::Resume((*journey).to_owned(), how))
            }
        }
    }

    /// What may go wrong with the surroundings.
    fn stir(&mut self, now: Timestamp) {
        let trouble = {
            let mut book = self.deployment.line.book();
            book.trace("op", 0, now);
            book.plan
                .ask("surroundings", &[Trouble::ClockJump, Trouble::Redrive])
        };
        match trouble {
            Some((Trouble::Redrive, _)) => self.redrive(),
            Some((_, bits)) => {
                let millis = i64::try_from(bits % 20_000).unwrap_or_default() - 10_000;
                let index = usize::try_from(bits >> 32).unwrap_or_default() % 4;
                if let Some(clock) = self.deployment.clocks.get(index) {
                    clock.jump(millis);
                }
            }
            None => {}
        }
    }

    /// Accepts an input now: from here on it may not be lost.
    pub fn accept(&self, input: Input) -> Result<(), String> {
        let envelope = Envelope {
            accepted_at: self.now(),
            input,
        };
        let key = (
            envelope.input.partition(&self.deployment.secret),
            envelope.input.id(),
        );
        let body = serde_json::to_string(&envelope).map_err(|error| error.to_string())?;
        self.deployment.line.book().record.accepted.insert(key);
        let queue = self.deployment.world_queue(0).ok_or("no queue")?;
        queue
            .take(Outgoing::now(body))
            .map_err(|error| error.to_string())
    }

    fn command(&self, who: usize, id: InputId, kind: CommandKind) -> Result<(), String> {
        let Some(contact) = self.key(who) else {
            return Ok(());
        };
        let command = Command {
            id,
            contact,
            at: self.now(),
            kind,
        };
        self.accept(Input::Command(Box::new(command)))
    }

    /// An operator erases a contact, and asks again until it is done.
    fn erase(&mut self, contact: ContactKey) {
        let (now, [evaluate, _]) = (self.now(), &self.deployment.evaluate);
        let (contacts, clock) = (evaluate.contacts.clone(), self.deployment.clock.clone());
        let copies = evaluate.permissions.clone();
        let line = self.deployment.line.clone();
        let secret = self.deployment.secret.clone();
        self.start(None, OPERATOR_PATIENCE, async move {
            while erase(&contacts, &copies, &secret, contact, now)
                .await
                .is_err()
            {
                clock.sleep(Duration::from_secs(5)).await;
            }
            line.book().erasure_returned(contact, clock.true_now());
            Done::Nothing
        });
    }

    pub(crate) fn touch_all(&self, number: u64) -> Result<(), String> {
        let contacts: Vec<ContactKey> = {
            let book = self.deployment.line.book();
            book.record.contacts.keys().copied().collect()
        };
        for (index, contact) in (0_u64..).zip(contacts) {
            let id = input_id(&[self.seed, number, 1 + index]);
            let command = Command {
                id,
                contact,
                at: self.now(),
                kind: CommandKind::Touch,
            };
            self.accept(Input::Command(Box::new(command)))?;
        }
        Ok(())
    }

    /// Publishes an edition of the definitions.
    pub fn publish(&self, edition: Edition) -> Result<(), String> {
        let parts = project(self.which)?.only(&self.journeys, edition);
        let store = &self.deployment.store;
        let before = instant(store.manifest()).map_err(|error| error.to_string())?;
        let manifest = Manifest {
            environment: self.environment.map(str::to_owned),
            ..Manifest::next(before.as_ref(), &parts, self.now())
        };
        instant(store.publish(&manifest, &parts)).map_err(|error| error.to_string())?;
        self.note_release()
    }

    /// An operator does something to everybody.
    fn operate(&self, operation: &Operation) -> Result<(), String> {
        let (store, clock) = (&self.deployment.store, &self.deployment.clock);
        instant(operate(store, clock, operation)).map_err(|error| error.to_string())?;
        self.note_release()
    }

    /// Marketing is held from now on.
    fn brake(&self, scope: &Scope) -> Result<(), String> {
        let now = self.now();
        let cause = Cause::Entered {
            count: 1000,
            busiest: 1,
        };
        let (since, from) = (now, hour_of(now));
        let brake = Brake { since, from, cause };
        let put = instant(self.deployment.store.brake(scope, &brake));
        if put.map_err(|error| error.to_string())? == Settled::Done {
            let brakes = &mut self.deployment.line.book().record.brakes;
            brakes.insert(scope.clone(), brake);
        }
        Ok(())
    }

    fn lift_brake(&self, scope: &Scope) -> Result<(), String> {
        let lifted = instant(self.deployment.store.lift(scope, DayNumber::of(self.now())));
        lifted.map_err(|error| error.to_string())?;
        self.deployment.line.book().record.brakes.remove(scope);
        Ok(())
    }

    /// The newest release goes into the book.
    fn note_release(&self) -> Result<(), String> {
        let store = &self.deployment.store;
        let manifest = instant(store.manifest()).map_err(|error| error.to_string())?;
        let manifest = manifest.unwrap_or_default();
        let hashes: Vec<_> = manifest.parts().collect();
        let parts = instant(store.parts(&hashes)).map_err(|error| error.to_string())?;
        let published = Published {
            at: self.now(),
            release: Release::new(&manifest, parts),
            manifest,
        };
        self.deployment.line.book().record.releases.push(published);
        Ok(())
    }

    /// What operators have halted and paused, or a brake holds, goes on.
    pub(crate) fn lift_everything(&self) -> Result<(), String> {
        let manifest = instant(self.deployment.store.manifest());
        let manifest = manifest.map_err(|error| error.to_string())?;
        let manifest = manifest.unwrap_or_default();
        for halt in manifest.halts.keys() {
            self.operate(&Operation::Lift(*halt))?;
        }
        for journey in manifest.pauses.keys() {
            self.operate(&Operation::Resume(journey.clone(), Resume::AsIfRunning))?;
        }
        let brakes = instant(self.deployment.store.brakes());
        let brakes = brakes.map_err(|error| error.to_string())?;
        brakes.keys().try_for_each(|scope| self.lift_brake(scope))
    }

    /// Follows the link by which everybody can stop mail to an address.
    pub fn unsubscribe(&mut self, contact: ContactKey, permission: PermissionKey) {
        let token = UnsubscribeToken {
            contact,
            channel: Channel::Email,
            permission,
            send: SendId::from_bytes([0; 16]),
        };
        let token = token.sign(&LinkKeys::first(&self.deployment.secret));
        self.post(&format!("/u/{token}"), "");
    }

    /// Asks for a month without marketing.
    fn rest(&mut self, contact: ContactKey, permission: PermissionKey) {
        let token = PreferencesToken {
            contact,
            send: SendId::from_bytes([0; 16]),
            email: Some(permission),
            sms: None,
        };
        let token = token.sign(&LinkKeys::first(&self.deployment.secret));
        self.post(&format!("/p/{token}"), "do=pause");
    }

    /// Follows the link that confirms the opt-in which waits at an address, if one does.
    fn confirm(
        &mut self,
        contact: ContactKey,
        permission: PermissionKey,
        topic: &str,
    ) -> Result<(), String> {
        let store = &self.deployment.store;
        let row = store
            .permission(permission)
            .map_err(|error| error.to_string())?;
        let Some(said) = row.pending.get(topic) else {
            return Ok(());
        };
        let opt_in = OptInRef {
            topic: topic.to_owned(),
            said_at: said.at,
            until: said.at.plus(CONFIRM_WITHIN),
        };
        let token = ConfirmToken {
            contact,
            channel: Channel::Email,
            permission,
            send: SendId::from_bytes([0; 16]),
            opt_ins: vec![opt_in],
        };
        let token = token.sign(&LinkKeys::first(&self.deployment.secret));
        self.post(&format!("/y/{token}"), "");
        Ok(())
    }

    fn post(&mut self, path: &str, form: &'static str) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded");
        let Ok(request) = request.body(Bytes::from_static(form.as_bytes())) else {
            return;
        };
        let track = self.deployment.track.clone();
        self.start(None, TRACK_TIMEOUT, async move {
            let _ = track.handle(request).await;
            Done::Nothing
        });
    }

    pub(crate) fn take_cues(&mut self) {
        let cues = std::mem::take(&mut self.deployment.line.book().cues);
        for cue in cues {
            match cue {
                Cue::Unsubscribe(contact, permission) => self.unsubscribe(contact, permission),
                Cue::Erase(contact) => self.erase(contact),
            }
        }
    }

    /// Puts dead letters back on their queues.
    pub fn redrive(&mut self) {
        let letters = self.deployment.queues.dead_letters();
        for letter in letters.iter().skip(self.redriven) {
            self.deployment.line.book().reach("dead letter redriven");
            let mut readers = self.deployment.readers.iter();
            if let Some((_, queue)) = readers.find(|(name, _)| *name == letter.queue) {
                let _ = queue.put(vec![Outgoing::now(letter.body.clone())]);
            }
        }
        self.redriven = letters.len();
    }

    /// The provider says what became of mails, and contacts react to them.
    pub(crate) fn tell(&mut self) -> Result<(), String> {
        for mail in self.deployment.mailbox.sent_from(self.told) {
            self.told += 1;
            let is_call = self
                .deployment
                .line
                .book()
                .record
                .called
                .contains_key(&mail.send);
            if is_call {
                continue;
            }
            let salt = mail
                .send
                .as_bytes()
                .iter()
                .fold(self.seed, |sum, byte| mix(&[sum, u64::from(*byte)]));
            let mut random = Random::new(salt);
            if mail.channel == Channel::Sms {
                if self.has_answers && random.chance(400) {
                    let text = random.pick(&ANSWERS, "STOP").to_owned();
                    self.tell_event(&mail, &Reaction::Reply { text })?;
                }
                continue;
            }
            self.tell_event(&mail, &Reaction::Send)?;
            match random.below(12) {
                0 if self.has_answers => self.tell_event(&mail, &Reaction::Bounce)?,
                1 if self.has_answers => {
                    self.tell_event(&mail, &Reaction::Delivery)?;
                    self.tell_event(&mail, &Reaction::Complaint)?;
                }
                _ => self.tell_event(&mail, &Reaction::Delivery)?,
            }
            if random.chance(300) {
                self.react(&mail, FeedbackKind::Opened, 1)?;
            }
            if random.chance(200) {
                self.react(&mail, FeedbackKind::Clicked, 2)?;
            }
        }
        Ok(())
    }

    fn tell_event(&self, mail: &SentMail, reaction: &Reaction) -> Result<(), String> {
        let now = self.now();
        let Some(event) = provider_event(mail, reaction, now) else {
            return Ok(());
        };
        let body = event.to_string();
        let troubles = &[Trouble::EventLost, Trouble::EventLate, Trouble::EventTwice];
        let trouble = self
            .deployment
            .line
            .book()
            .plan
            .ask("provider event", troubles);
        let queue = self.deployment.world_queue(3).ok_or("no queue")?;
        let put = |body: String| {
            queue
                .take(Outgoing::now(body))
                .map_err(|error| error.to_string())
        };
        match trouble {
            Some((Trouble::EventLost, _)) => Ok(()),
            Some((Trouble::EventLate, bits)) => {
                let at = now.plus(Duration::from_secs(bits % 7200));
                self.deployment.line.book().parked.push(Parked {
                    at,
                    queue: "feedback",
                    body,
                });
                Ok(())
            }
            Some(_) => put(body.clone()).and_then(|()| put(body)),
            None => put(body),
        }
    }

    fn react(&self, mail: &SentMail, kind: FeedbackKind, salt: u64) -> Result<(), String> {
        let bytes = mail.send.as_bytes().iter().map(|byte| u64::from(*byte));
        let parts: Vec<u64> = bytes.chain([salt]).collect();
        let feedback = Feedback {
            id: input_id(&parts),
            contact: mail.contact,
            send: mail.send,
            journey: mail.journey.clone(),
            step: mail.step.clone(),
            at: self.now(),
            kind,
            is_machine: false,
            link: None,
            text: None,
        };
        self.accept(Input::Feedback(Box::new(feedback)))
    }
}
