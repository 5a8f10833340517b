use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::identity::IdentitySecret;
use wend_core::input::{Envelope, Event, Input};
use wend_core::release::EventSource;
use wend_core::time::Timestamp;

use crate::ingest::{Floods, Ingest};
use crate::memory::{
    Line, MemoryQueue, MemoryStore, QueueRules, Queues, SeededIds, VirtualClock, run,
};
use crate::ports::KeyStore;
use crate::publish::publish_definitions;
use crate::releases::Releases;
use crate::write_keys::{WriteKeys, hash};

const PROJECT: &str = "wend: 1\nproject: shop\ntopics:\n  news: { title: News }\nattributes:\n  age: { type: integer }\n";

struct World {
    clock: VirtualClock,
    bulk: MemoryQueue,
    ingest: Ingest<MemoryQueue, MemoryStore, VirtualClock, SeededIds>,
}

impl World {
    fn new() -> Self {
        let clock = VirtualClock::starting_at(Timestamp::parse("2027-03-01T17:00:00Z").unwrap());
        let store = MemoryStore::new(clock.clone(), Line::default());
        let file = SourceFile {
            path: "wend.yaml".to_owned(),
            text: PROJECT.to_owned(),
        };
        let publishing = publish_definitions(&store, &clock, read_all(&[file]).unwrap(), None);
        run(&clock, publishing).unwrap().unwrap();
        for (key, holder) in [
            ("secret", EventSource::Server),
            ("page", EventSource::Browser),
        ] {
            run(&clock, store.add(&hash(key), key, holder))
                .unwrap()
                .unwrap();
        }
        let queues = Queues::new(clock.clone(), Line::default());
        let bulk = queues.queue("bulk", QueueRules::default());
        let ingest = Ingest {
            inputs: queues.queue("inputs", QueueRules::default()),
            bulk: bulk.clone(),
            keys: WriteKeys::new(store.clone(), clock.clone()),
            releases: Releases::new(store, clock.clone()),
            clock: clock.clone(),
            ids: SeededIds::new(1),
            floods: Floods::default(),
            secret: IdentitySecret::new([7; 32]),
        };
        Self {
            clock,
            bulk,
            ingest,
        }
    }

    fn ask(&self, method: Method, key: &str, body: &Value) -> (StatusCode, Value) {
        use base64::Engine as _;
        let user = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
        let request = Request::builder().method(method).uri("/v1/import");
        let request = request.header(header::AUTHORIZATION, format!("Basic {user}"));
        let request = request.body(Bytes::from(body.to_string())).unwrap();
        let answer = run(&self.clock, self.ingest.handle(request)).unwrap();
        let said = serde_json::from_slice(answer.body()).unwrap();
        (answer.status(), said)
    }

    fn rows(&self) -> Vec<Event> {
        let messages = self.bulk.receive(100).into_iter();
        let events = messages.map(|message| {
            let envelope: Envelope = serde_json::from_str(&message.body).unwrap();
            match envelope.input {
                Input::Event(event) => *event,
                other => panic!("{other:?}"),
            }
        });
        events.collect()
    }
}

fn batch() -> Value {
    let at = "2027-02-01T00:00:00Z";
    json!({ "batch": [
        { "userId": "u1", "timestamp": at, "traits": { "email": "ana@example.com", "age": "41" } },
        { "timestamp": at },
        { "userId": "u3", "timestamp": at, "traits": { "age": "old" } },
    ] })
}

#[test]
fn rows_go_to_the_patient_queue_and_start_nothing() {
    let world = World::new();
    let (status, said) = world.ask(Method::POST, "secret", &batch());
    assert_eq!(status, StatusCode::OK);
    assert_eq!(said["accepted"], 2);
    assert_eq!(said["errors"][0]["index"], 1);
    assert_eq!(
        said["left_out"],
        json!([{ "index": 2, "field": "age", "error": "`old` is not a whole number" }])
    );
    let rows = world.rows();
    assert!(
        rows.len() == 2
            && rows
                .iter()
                .all(|row| row.is_import && row.public_source.is_none())
    );
    assert_eq!(rows[0].traits.expose()["age"], json!(41));
    let (_, again) = world.ask(Method::POST, "secret", &batch());
    assert_eq!(again, said);
    let ids = |rows: &[Event]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(&world.rows()), ids(&rows));
}

#[test]
fn a_dry_run_says_the_same_and_takes_nothing() {
    let world = World::new();
    let mut asked = batch();
    asked["dry_run"] = json!(true);
    let (_, said) = world.ask(Method::POST, "secret", &asked);
    assert_eq!(said["accepted"], 2);
    assert_eq!(world.rows().len(), 0);
}

#[test]
fn journeys_start_only_where_the_count_is_said() {
    let world = World::new();
    let mut asked = batch();
    asked["starts"] = json!(2);
    let (status, said) = world.ask(Method::POST, "secret", &asked);
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(said["error"].as_str().unwrap().contains("there are 3 rows"));
    assert_eq!(world.rows().len(), 0);
    asked["starts"] = json!(3);
    world.ask(Method::POST, "secret", &asked);
    let rows = world.rows();
    assert!(rows.len() == 2 && rows.iter().all(|row| !row.is_import));
}

#[test]
fn a_key_of_web_pages_imports_nothing_and_reads_no_shape() {
    let world = World::new();
    for method in [Method::POST, Method::GET] {
        let (status, said) = world.ask(method, "page", &batch());
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(said["error"].as_str().unwrap().contains("secret key"));
    }
    assert_eq!(world.rows().len(), 0);
    let (status, shape) = world.ask(Method::GET, "secret", &Value::Null);
    assert_eq!(
        (status, &shape["topics"]),
        (StatusCode::OK, &json!({ "news": "single" }))
    );
    assert_eq!(shape["attributes"]["age"], "integer");
}
