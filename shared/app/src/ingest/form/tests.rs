use serde_json::json;
use wend_core::definitions::{SourceFile, read_all};
use wend_core::identity::IdentitySecret;
use wend_core::time::Timestamp;

use super::*;
use crate::ingest::{EVENTS_PER_MINUTE, Floods};
use crate::memory::{
    Fault, Faults, Line, MemoryQueue, MemoryStore, QueueRules, Queues, SeededIds, VirtualClock, run,
};
use crate::publish::publish_definitions;
use crate::releases::Releases;
use crate::write_keys::WriteKeys;

const PROJECT: &str = "wend: 1\nproject: p\ntopics: { news: { opt_in: double }, offers: { opt_in: single } }\n\
    attributes: { first_name: { type: name } }\n\
    forms:\n  newsletter:\n    fields: { email: email!, first_name: name }\n    honeypot: website\n\
    \x20   consent: { topics: news, wording: Send me the newsletter. }\n\
    \x20 offers:\n    fields: { email: email! }\n    redirect: https://www.example.com/thanks?a=b\n    honeypot: website\n\
    \x20   consent: { topics: offers, wording: Send me offers. }\n";

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
    inputs: MemoryQueue,
    ingest: Ingest<MemoryQueue, MemoryStore, VirtualClock, SeededIds>,
}

impl World {
    fn new() -> Self {
        Self::on(&Line::default())
    }

    fn on(line: &Line) -> Self {
        let clock = VirtualClock::starting_at(Timestamp::parse("2027-03-01T17:00:00Z").unwrap());
        let store = MemoryStore::new(clock.clone(), Line::default());
        let file = SourceFile {
            path: "wend.yaml".to_owned(),
            text: PROJECT.to_owned(),
        };
        let publishing = publish_definitions(&store, &clock, read_all(&[file]).unwrap(), None);
        run(&clock, publishing).unwrap().unwrap();
        let queues = Queues::new(clock.clone(), line.clone());
        let inputs = queues.queue("inputs", QueueRules::default());
        let ingest = Ingest {
            inputs: inputs.clone(),
            bulk: queues.queue("bulk", QueueRules::default()),
            keys: WriteKeys::new(store.clone(), clock.clone()),
            releases: Releases::new(store, clock.clone()),
            clock: clock.clone(),
            ids: SeededIds::new(1),
            secret: IdentitySecret::new([7; 32]),
            floods: Floods::default(),
        };
        Self {
            clock,
            inputs,
            ingest,
        }
    }

    fn request(&self, request: http::request::Builder, body: &str) -> Response<Bytes> {
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        run(&self.clock, self.ingest.handle(request)).unwrap()
    }

    fn post(&self, form: &str, body: &str) -> Response<Bytes> {
        let path = format!("/v1/forms/{form}");
        let request = Request::builder().method(Method::POST).uri(path);
        self.request(request.header(header::CONTENT_TYPE, URLENCODED), body)
    }

    fn inputs(&self) -> Vec<Input> {
        let messages = self.inputs.receive(100).into_iter();
        let read = |body: &str| serde_json::from_str::<Envelope>(body).unwrap().input;
        messages.map(|message| read(&message.body)).collect()
    }
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[test]
fn a_form_is_one_input_with_its_proof_and_a_page_of_thanks() {
    let world = World::new();
    let answer = world.post("newsletter", "email=ana%40example.com&first_name=Ana&x=y");
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(text(&answer).contains("Thank you") && text(&answer).contains("follow the link"));
    let inputs = world.inputs();
    let [Input::Event(event)] = inputs.as_slice() else {
        panic!("{inputs:?}");
    };
    let agreement = event.agreement.as_ref().unwrap();
    assert_eq!(agreement.wording, "Send me the newsletter.");
    assert_eq!(agreement.source, "form/newsletter");
    assert_eq!(
        json!(event.traits.expose()),
        json!({ "email": "ana@example.com", "first_name": "Ana" })
    );
}

#[test]
fn a_browser_is_sent_to_the_declared_page_and_nowhere_else() {
    let world = World::new();
    let hostile = "email=a%40example.com&redirect=https%3A%2F%2Fevil.example&_next=https%3A%2F%2Fevil.example";
    for body in [hostile, "email=a%40example.com&website=x"] {
        let answer = world.post("offers", body);
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let to = &answer.headers()[header::LOCATION];
        assert_eq!(to, "https://www.example.com/thanks?a=b");
    }
    // The second one was a machine.
    assert_eq!(world.inputs().len(), 1);
}

#[test]
fn a_machine_gets_the_same_answer_and_leaves_nothing() {
    let world = World::new();
    let person = world.post("newsletter", "email=ana%40example.com&website=");
    let machine = world.post("newsletter", "email=bot%40example.com&website=cheap");
    assert_eq!(person.status(), machine.status());
    assert_eq!(person.body(), machine.body());
    assert_eq!(world.inputs().len(), 1);
}

#[test]
fn what_must_be_corrected_is_said_in_the_readers_language() {
    let world = World::new();
    let path = "/v1/forms/newsletter";
    let request = Request::builder().method(Method::POST).uri(path);
    let request = request
        .header(
            header::CONTENT_TYPE,
            "application/x-www-form-urlencoded; charset=UTF-8",
        )
        .header(header::ACCEPT_LANGUAGE, "de-DE,de;q=0.9")
        .header(header::REFERER, "https://www.example.com/\"><script>");
    let answer = world.request(request, "email=&first_name=www.evil.example");
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(&answer);
    for part in [
        "<html lang=\"de\">",
        "<strong>email</strong>: bitte ausfüllen",
        "<strong>first_name</strong>: ein Name",
        "Zurück-Taste",
        "href=\"https://www.example.com/&quot;&gt;&lt;script&gt;\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(world.inputs().len(), 0);
}

#[test]
fn a_page_that_is_no_page_is_not_linked() {
    let world = World::new();
    for from in ["javascript:alert(1)", "data:text/html,x", "android-app://x"] {
        let request = Request::builder().method(Method::POST);
        let request = request.uri("/v1/forms/newsletter");
        let request = request
            .header(header::CONTENT_TYPE, URLENCODED)
            .header(header::REFERER, from);
        assert!(
            !text(&world.request(request, "")).contains("href"),
            "{from}"
        );
    }
}

#[test]
fn what_is_no_form_is_refused_with_a_page() {
    let world = World::new();
    let with = |method: Method, path: &str, kind: &str, body: &str| {
        let request = Request::builder().method(method).uri(path);
        let answer = world.request(request.header(header::CONTENT_TYPE, kind), body);
        let kind = &answer.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "text/html; charset=utf-8");
        answer.status()
    };
    let (path, email) = ("/v1/forms/newsletter", "email=ana%40example.com");
    let long = format!("{email}&first_name={}", "a".repeat(EVENT_BYTES_MAX));
    for (method, path, kind, body, status) in [
        (
            Method::GET,
            path,
            URLENCODED,
            email,
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::POST,
            path,
            "multipart/form-data; boundary=x",
            "--x--",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            Method::POST,
            path,
            "application/json",
            "{}",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            Method::POST,
            path,
            "",
            email,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            Method::POST,
            "/v1/forms/none",
            URLENCODED,
            email,
            StatusCode::NOT_FOUND,
        ),
        (
            Method::POST,
            "/v1/forms/",
            URLENCODED,
            email,
            StatusCode::NOT_FOUND,
        ),
        (
            Method::POST,
            path,
            URLENCODED,
            &long,
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        assert_eq!(with(method, path, kind, body), status, "{path} {kind}");
    }
    assert_eq!(world.inputs().len(), 0);
}

#[test]
fn who_could_not_be_heard_is_asked_to_send_it_again() {
    let line = Line::new(Failing("send to a queue"));
    let world = World::on(&line);
    let answer = world.post("newsletter", "email=ana%40example.com");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(&answer).contains("once more"));
}

#[test]
fn a_machine_that_says_the_same_of_somebody_again_and_again_is_stopped() {
    let world = World::new();
    let ana = "email=ana%40example.com";
    for _ in 0..EVENTS_PER_MINUTE {
        assert_eq!(world.post("newsletter", ana).status(), StatusCode::OK);
    }
    let answer = world.post("newsletter", ana);
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let bo = world.post("newsletter", "email=bo%40example.com");
    assert_eq!(bo.status(), StatusCode::OK);
}
