//! Decisions, told one by one: a contact, a clock, and what each input leads to.

mod contact;
mod entries;
mod goals;
mod imports;
mod runs;

use std::time::Duration;

use serde_json::{Value, json};

use super::told::{self, ID, SECRET, ends};
use super::*;
use crate::condition::Comparison;
use crate::definitions::{SourceFile, read_all};
use crate::id::InputId;
use crate::identity::{Channel, EmailAddress, IdentityKind};
use crate::input::{EventKind, SendOutcome, Wake};
use crate::log::{EndReason, LogRow, NotEntered};
use crate::permission::Proof;
use crate::personal::Personal;
use crate::release::{Manifest, Part, Release};
use crate::send::Outcome;
use crate::send::SendRequest;
use crate::zone::Zone;

const WELCOME: &str = "journey: welcome\nstate: live\ntriggers: [ { event: signed_up } ]\nsteps:\n  \
    - { id: hello, email: hi }\n  - { id: pause, wait: 20 s }\n  - { id: tips, email: hi }\n";
const HI: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHi\n";
const PROJECT: &str = "wend: 1\nproject: p\nzone: Europe/Berlin\npostal_address: Street 1\nsenders: { shop: { email: a@b.example } }\n\
    topics: { news: { title: News } }\n";

fn release(journey: &str) -> Release {
    release_of(&[
        ("wend.yaml", PROJECT),
        ("journeys/welcome.yaml", journey),
        ("templates/hi.md", HI),
    ])
}

fn release_of(files: &[(&str, &str)]) -> Release {
    let files = files.iter().map(|(path, text)| SourceFile {
        path: (*path).into(),
        text: (*text).into(),
    });
    let files: Vec<SourceFile> = files.collect();
    let parts: Vec<Part> = read_all(&files)
        .unwrap()
        .into_iter()
        .map(|(f, d)| Part::new(f, d))
        .collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

/// One contact, a clock, and everything that was decided.
struct World {
    release: Release,
    now: Timestamp,
    contact: Option<Contact>,
    rows: Vec<LogRow>,
    inputs: u8,
}

impl World {
    fn new(journey: &str) -> Self {
        let now = Timestamp::from_millis(1_772_352_000_000);
        Self {
            release: release(journey),
            now,
            contact: None,
            rows: Vec::new(),
            inputs: 0,
        }
    }

    fn at(&self, secs: u64) -> Timestamp {
        self.now.plus(Duration::from_secs(secs))
    }

    fn advance(&mut self, secs: u64) -> &mut Self {
        self.now = self.at(secs);
        self
    }

    fn apply(&mut self, input: Input) -> Decision {
        let decision = told::decided(&self.release, self.contact.clone(), self.now, input);
        self.contact = decision.contact.clone();
        self.rows.extend(decision.row.clone());
        decision
    }

    fn event(&mut self, kind: EventKind, identity: IdentityKind, traits: Value) -> Decision {
        self.inputs += 1;
        let event = told::event(self.inputs, kind, traits, self.now);
        self.apply(Input::Event(Box::new(Event {
            address: Identity::new(identity, "ana").unwrap(),
            ..event
        })))
    }

    fn identify(&mut self, traits: Value) -> Decision {
        self.event(EventKind::Identify, IdentityKind::User, traits)
    }

    fn track(&mut self, name: &str) -> Decision {
        self.event(EventKind::Track(name.into()), IdentityKind::User, json!({}))
    }

    fn wake(&mut self, due_at: Timestamp) -> Decision {
        let contact = ID;
        self.apply(Input::Wake(Wake { contact, due_at }))
    }

    fn accepted(&mut self, request: &SendRequest) -> Decision {
        self.apply(told::accepted(request, self.now))
    }

    /// An event with properties and traits that happened `ago` seconds before now.
    fn tells(&mut self, name: &str, properties: Value, traits: Value, ago: u64) -> Vec<Trace> {
        self.inputs += 1;
        let kind = EventKind::Track(name.into());
        let occurred_at = self.now.minus(Duration::from_secs(ago));
        let decision = self.apply(Input::Event(Box::new(Event {
            properties: told::object(properties),
            ..told::event(self.inputs, kind, traits, occurred_at)
        })));
        decision.row.unwrap().trace
    }
}

fn request(decision: &Decision) -> SendRequest {
    let mut sends = told::sends(decision.row.as_ref().unwrap()).into_iter();
    let send = sends.next().unwrap();
    assert_eq!(sends.next(), None, "one message at a time");
    send
}

fn wakes(decision: &Decision) -> Vec<Timestamp> {
    let row = decision.row.as_ref().unwrap();
    let effects = row.effects.iter().filter_map(|effect| match effect {
        Effect::Wake { due_at } => Some(*due_at),
        Effect::Consent(_) | Effect::Carry { .. } | Effect::Send(_) | Effect::Call(_) => None,
    });
    effects.collect()
}
