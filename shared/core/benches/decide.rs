//! How long one decision takes, and that it does not grow with the number of journeys and segments.
//!
//! Goals: 2 µs for an event that no rule reads, 20 µs for one that moves a run; with a hundred times the journeys and segments at
//! most one and a half times as much.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench whose scene is wrong must stop"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

use wend_core::contact::Contact;
use wend_core::decide::{Context, Decision, Subject, decide};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::id::{ContactKey, InputId};
use wend_core::identity::{Identity, IdentityKind, IdentitySecret};
use wend_core::input::{Envelope, Event, EventKind, Input, Properties};
use wend_core::personal::Personal;
use wend_core::release::{Manifest, Part, Release};
use wend_core::time::Timestamp;

const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);
const PROJECT: &str = "wend: 1\nproject: bench\nzone: Europe/Berlin\npostal_address: Street 1\nunknown_events: accept\n\
    senders: { shop: { email: a@b.example } }\n\
    topics: { news: { title: News, opt_in: single } }\n\
    sending: { quiet_hours: { email: 23:00-06:00 }, caps: [ { channel: email, max: 3, per: day } ] }\n\
    attributes: { tier: { type: text }, city: { type: text }, n: { type: number } }\n";
const TEMPLATE: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHi\n";
const SCORE: &str = "score: warm\nrange: 0-100\ndecay: { half_life: 30 days }\nrules:\n  - { id: bought, event: bought, points: 5 }\n";

fn journey(number: usize) -> String {
    format!(
        "journey: j{number}\nstate: live\ntopic: news\ntriggers:\n  - event: start_{number}\n  - joins: s{number}\n    existing: skip\n\
         goal: {{ event: goal_{number}, within: 30 days }}\nexits:\n  - {{ path: out, event: out_{number} }}\n\
         steps:\n  - {{ id: pause, wait: 1 day }}\n  - id: react\n    wait_until:\n      - path: done\n        event: done_{number}\n        \
         where: {{ value: {{ gte: 2 }} }}\n        steps:\n          - {{ id: mail, email: hi }}\n      - path: late\n        after: 3 days\n\
         \x20 - {{ id: end, wait: 2 days at 09:00 }}\n"
    )
}

fn segment(number: usize) -> String {
    format!(
        "segment: s{number}\ntitle: Segment {number}\nif:\n  contact.city: city-{number}\n  \
         any:\n    - did: {{ event: read_{number}, within: 30 days, at_least: 2 }}\n    - contact.n: {{ gte: {number} }}\n"
    )
}

fn release(size: usize) -> Release {
    let mut files = vec![
        ("wend.yaml".to_owned(), PROJECT.to_owned()),
        ("templates/hi.md".to_owned(), TEMPLATE.to_owned()),
        ("scores/warm.yaml".to_owned(), SCORE.to_owned()),
    ];
    for number in 0..size {
        files.push((format!("journeys/j{number}.yaml"), journey(number)));
        files.push((format!("segments/s{number}.yaml"), segment(number)));
    }
    let files: Vec<SourceFile> = files
        .into_iter()
        .map(|(path, text)| SourceFile { path, text })
        .collect();
    let definitions = read_all(&files).unwrap_or_else(|faults| panic!("{faults:?}"));
    let parts: Vec<Part> = definitions
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

fn properties(value: Value) -> Personal<Properties> {
    let Value::Object(properties) = value else {
        unreachable!("an object")
    };
    Personal::new(properties)
}

fn event(kind: EventKind, at: Timestamp, said: Value, traits: Value) -> Envelope {
    let event = Event {
        id: InputId::from_bytes([0; 16]),
        kind,
        address: Identity::new(IdentityKind::User, "ana-4711").expect("a name"),
        also: Vec::new(),
        occurred_at: at,
        properties: properties(said),
        traits: properties(traits),
        is_import: false,
        agreement: None,
        public_source: None,
    };
    Envelope {
        accepted_at: at,
        input: Input::Event(Box::new(event)),
    }
}

fn track(name: &str, at: Timestamp) -> Envelope {
    let said = json!({ "value": 80, "currency": "EUR", "sku": "A-1234", "path": "/shoes/trail", "title": "Trail shoe" });
    event(EventKind::Track(name.to_owned()), at, said, json!({}))
}

/// A contact and the release that it lives in.
struct Scene {
    release: Release,
    contact: Contact,
    now: Timestamp,
    inputs: u8,
}

impl Scene {
    /// A contact of about 2 KB that is inside two journeys: in one it listens, in one it waits.
    fn new(size: usize) -> Self {
        let now = Timestamp::parse("2027-03-01T10:00:00Z").expect("a time");
        let id = ContactKey::from_bytes([1; 16]);
        let mut scene = Self {
            release: release(size),
            contact: Contact::new(id, now),
            now,
            inputs: 0,
        };
        let traits: Properties = (0..16)
            .map(|n| (format!("attribute_{n}"), json!(format!("some value {n}"))))
            .collect();
        let known = json!({ "email": "ana@example.com", "phone": "+4915550001111", "tier": "gold", "city": "Bonn",
            "n": -1, "subscribed": ["news"], "timezone": "Europe/Berlin" });
        scene.hear(event(
            EventKind::Identify,
            now,
            json!({}),
            Value::Object(traits),
        ));
        scene.hear(event(EventKind::Identify, now, json!({}), known));
        scene.hear(track("start_0", now));
        scene.now = now.plus(Duration::from_hours(25));
        for name in [
            "start_1", "read_0", "read_1", "read_2", "bought", "bought", "out_3",
        ] {
            scene.hear(track(name, scene.now));
        }
        let bytes = scene.contact.pack().map_or(0, |packed| packed.len());
        assert!(
            (1800..2600).contains(&bytes) && scene.contact.enrollments.len() == 2,
            "{bytes}"
        );
        scene
    }

    fn hear(&mut self, mut envelope: Envelope) {
        self.inputs += 1;
        if let Input::Event(event) = &mut envelope.input {
            event.id = InputId::from_bytes([self.inputs; 16]);
        }
        let decision = self.decide(&envelope, self.contact.clone());
        self.contact = decision.contact.expect("it is stored");
    }

    fn decide(&self, envelope: &Envelope, contact: Contact) -> Decision {
        let context = Context {
            release: &self.release,
            secret: &SECRET,
            clock: self.now,
        };
        let subject = Subject {
            id: contact.id,
            contact: Some(contact),
            erased_at: None,
            others: Vec::new(),
        };
        decide(subject, envelope, context).expect("the version is there")
    }
}

fn decisions(criterion: &mut Criterion) {
    for size in [10, 1000] {
        let scene = Scene::new(size);
        for (name, event, effects) in [("unread", "nobody_reads_it", 0), ("advances", "done_0", 1)]
        {
            let envelope = track(event, scene.now);
            let decision = scene.decide(&envelope, scene.contact.clone());
            let sends = decision.row.map_or(0, |row| row.effects.len());
            assert!(
                sends >= effects && decision.is_changed == (effects > 0),
                "{name} {sends}"
            );
            criterion.bench_function(&format!("{name}/{size}"), |bencher| {
                bencher.iter_batched(
                    || scene.contact.clone(),
                    |contact| black_box(scene.decide(black_box(&envelope), contact)),
                    BatchSize::SmallInput,
                );
            });
        }
    }
}

/// What the host does around a decision, to compare with.
fn around(criterion: &mut Criterion) {
    let scene = Scene::new(10);
    let packed = scene.contact.pack().expect("it packs");
    criterion.bench_function("pack", |bencher| {
        bencher.iter(|| black_box(&scene.contact).pack());
    });
    criterion.bench_function("unpack", |bencher| {
        bencher.iter(|| Contact::unpack(black_box(&packed), 1, 1, None));
    });
    criterion.bench_function("clone", |bencher| {
        bencher.iter(|| black_box(&scene.contact).clone());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = decisions, around
}
criterion_main!(benches);
