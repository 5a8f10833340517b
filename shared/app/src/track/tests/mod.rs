//! The use case over the memory, asked as a browser or a mail program asks.

mod confirm;
mod links;
mod pages;

use std::time::Duration;

use wend_core::definitions::{SourceFile, read_all};
use wend_core::id::SendId;
use wend_core::identity::IdentitySecret;
use wend_core::input::Envelope;
use wend_core::permission::{Consent, ConsentChange, Frequency, TopicState};
use wend_core::token::{LinkKeys, PreferencesToken, Token};

use super::*;
use crate::memory::{
    Fault, Faults, Line, MemoryQueue, MemoryStore, QueueRules, Queues, VirtualClock, run,
};
use crate::publish::publish_definitions;

const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const TARGET: &str = "https://shop.example.com/p/1?a=b&c=%20d#part";
const EMAIL: PermissionKey = PermissionKey::from_bytes([1; 16]);
const SMS: PermissionKey = PermissionKey::from_bytes([2; 16]);
const SEND: SendId = SendId::from_bytes([3; 16]);
const ANA: ContactKey = ContactKey::from_bytes([4; 16]);

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Street 1\n\
    senders: { shop: { email: Shop <shop@example.com> } }\n\
    locales: [ en, fr ]\ntopics: { news: { title: News & \"<more>\", opt_in: single }, offers: { title: Offers, opt_in: double } }\n";

/// Operations that fail.
#[derive(Clone, Copy, Debug)]
struct Failing(&'static str);

impl Faults for Failing {
    fn next(&mut self, operation: &'static str) -> Fault {
        if operation == self.0 {
            Fault::FailBefore(crate::ports::ErrorClass::Throttled)
        } else {
            Fault::None
        }
    }
}

struct World {
    clock: VirtualClock,
    store: MemoryStore,
    inputs: MemoryQueue,
    track: Track<MemoryStore, MemoryQueue, MemoryStore, VirtualClock>,
    keys: LinkKeys,
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

fn world_on(line: &Line) -> World {
    let clock = VirtualClock::starting_at(Timestamp::parse("2027-03-01T17:00:00Z").unwrap());
    let store = MemoryStore::new(clock.clone(), line.clone());
    let queues = Queues::new(clock.clone(), line.clone());
    let inputs = queues.queue("inputs", QueueRules::default());
    let files = [file("wend.yaml", PROJECT)];
    let publishing = publish_definitions(&store, &clock, read_all(&files).unwrap(), None);
    run(&clock, publishing).unwrap().unwrap();
    let keys = LinkKeys::first(&SECRET);
    let track = Track {
        permissions: store.clone(),
        inputs: inputs.clone(),
        releases: Releases::new(store.clone(), clock.clone()),
        links: Links::new(store.clone(), clock.clone(), SECRET, keys.clone()),
        clock: clock.clone(),
    };
    World {
        clock,
        store,
        inputs,
        track,
        keys,
    }
}

fn world() -> World {
    world_on(&Line::default())
}

impl World {
    fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        run(&self.clock, self.track.handle(request)).unwrap()
    }

    fn get(&self, path: &str) -> Response<Bytes> {
        self.ask(Method::GET, path, &[("user-agent", FIREFOX)], "")
    }

    fn post(&self, path: &str, body: &str) -> Response<Bytes> {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.ask(Method::POST, path, &form, body)
    }

    /// What contacts hear.
    fn heard(&self) -> Vec<Input> {
        let batch = self.inputs.receive(100);
        self.inputs.acknowledge(&batch, &[]);
        let read = |body: &str| serde_json::from_str::<Envelope>(body).unwrap().input;
        batch.iter().map(|message| read(&message.body)).collect()
    }

    fn message(&self) -> MessageRef {
        MessageRef {
            contact: ANA,
            send: SEND,
            journey: "welcome".to_owned(),
            step: "hello".to_owned(),
            sent_at: self.clock.now(),
        }
    }

    fn click(&self) -> String {
        let (message, target) = (self.message(), TARGET.to_owned());
        format!("/c/{}", ClickToken { message, target }.sign(&self.keys))
    }

    fn open(&self) -> String {
        let message = self.message();
        format!("/o/{}", OpenToken { message }.sign(&self.keys))
    }

    fn no(&self, channel: Channel) -> String {
        let token = UnsubscribeToken {
            contact: ANA,
            channel,
            permission: EMAIL,
            send: SEND,
        };
        format!("/u/{}", token.sign(&self.keys))
    }

    fn preferences(&self, sms: Option<PermissionKey>) -> String {
        let token = PreferencesToken {
            contact: ANA,
            send: SEND,
            email: Some(EMAIL),
            sms,
        };
        format!("/p/{}", token.sign(&self.keys))
    }

    fn opts_in(&self, permission: PermissionKey, topic: &str) {
        let consent = Consent {
            opted_in: true,
            at: self.clock.now(),
            proof: Proof::default(),
        };
        let change = ConsentChange {
            permission,
            topic: topic.to_owned(),
            consent,
            is_pending: false,
        };
        run(&self.clock, self.store.consent(&change))
            .unwrap()
            .unwrap();
        self.wait(60);
    }

    fn wait(&self, secs: u64) {
        self.clock
            .advance_to(self.clock.now().plus(Duration::from_secs(secs)));
    }

    fn state(&self, permission: PermissionKey, topic: &str) -> TopicState {
        self.store
            .permission(permission)
            .unwrap()
            .topic_state(topic)
    }
}

fn header<'r>(response: &'r Response<Bytes>, name: &str) -> &'r str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

fn body(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}
