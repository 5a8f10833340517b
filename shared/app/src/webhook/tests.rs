use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wend_core::contact::{Contact, Email};
use wend_core::id::{ContactKey, EnrollmentId, InputId, SendId};
use wend_core::identity::EmailAddress;
use wend_core::input::{AnswerResult, Envelope, Input};
use wend_core::personal::Personal;
use wend_core::release;
use wend_core::send::{CallKind, CallRequest, Task};
use wend_core::time::Timestamp;
use wend_core::webhook::{About, Connection, Method, Preset, prepare};

use super::*;
use crate::memory::{Line, MemoryQueue, QueueRules, Queues, VirtualClock, run};
use crate::ports::{ErrorClass, PortError, Secrets, Web, WebAnswer, WebRequest};

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What one request was answered with: status, `retry-after`, body.
type Said = (u16, Option<&'static str>, Value);

/// Answers in turn, and what was asked.
#[derive(Clone, Default)]
struct FakeWeb {
    answers: Arc<Mutex<VecDeque<WebAnswer>>>,
    asked: Arc<Mutex<Vec<WebRequest>>>,
}

impl Web for FakeWeb {
    async fn ask(&self, request: WebRequest, _: Duration) -> WebAnswer {
        self.asked.lock().unwrap().push(request);
        self.answers.lock().unwrap().pop_front().unwrap()
    }
}

#[derive(Clone)]
struct FakeSecrets(BTreeMap<&'static str, &'static str>);

impl Secrets for FakeSecrets {
    async fn read(&self, name: &str) -> Result<Option<Personal<String>>, PortError> {
        if name == "locked" {
            return Err(PortError {
                operation: "read a secret",
                class: ErrorClass::Throttled,
                cause: "too many".to_owned(),
            });
        }
        Ok(self
            .0
            .get(name)
            .map(|text| Personal::new((*text).to_owned())))
    }

    fn how_to_set(&self, name: &str) -> String {
        format!("set {name}")
    }
}

/// The use case with queues in memory.
struct Stage {
    clock: VirtualClock,
    web: FakeWeb,
    asks: MemoryQueue,
    inputs: MemoryQueue,
    again: MemoryQueue,
    queues: Queues,
    webhook:
        Webhook<HttpSystems<FakeSecrets, FakeWeb, VirtualClock>, MemoryQueue, Queues, VirtualClock>,
}

impl Stage {
    fn new(answers: impl IntoIterator<Item = WebAnswer>) -> Self {
        let clock = VirtualClock::starting_at(START);
        let queues = Queues::new(clock.clone(), Line::default());
        let queue = |name| queues.queue(name, QueueRules::default());
        let (asks, inputs, again) = (queue("webhooks"), queue("inputs"), queue("dispatch"));
        let web = FakeWeb::default();
        web.answers.lock().unwrap().extend(answers);
        let secrets = FakeSecrets(BTreeMap::from([
            ("token", "pat-1\n"),
            ("key", KEY),
            ("bad-key", "hunter2"),
            ("app", "id:secret"),
        ]));
        let webhook = Webhook {
            systems: HttpSystems::new(secrets, web.clone(), clock.clone()),
            inputs: inputs.clone(),
            again: again.clone(),
            aside: queues.clone(),
            clock: clock.clone(),
        };
        Self {
            clock,
            web,
            asks,
            inputs,
            again,
            queues,
            webhook,
        }
    }

    fn put(&self, body: String) {
        self.asks
            .put(vec![crate::ports::Outgoing::now(body)])
            .unwrap();
    }

    /// Works on what is there, and says what the run hears.
    fn work(&self) -> Vec<AnswerResult> {
        let batch = self.asks.receive(10);
        let failed = run(&self.clock, self.webhook.batch(&batch)).unwrap();
        self.asks.acknowledge(&batch, &failed);
        let heard = self.inputs.receive(10);
        self.inputs.acknowledge(&heard, &[]);
        let results = heard.into_iter().map(|message| {
            let envelope: Envelope = serde_json::from_str(&message.body).unwrap();
            match envelope.input {
                Input::Answer(answer) => answer.result,
                other => panic!("{other:?}"),
            }
        });
        results.collect()
    }

    fn ask(&self, call: &HttpCall) -> Vec<AnswerResult> {
        self.put(serde_json::to_string(call).unwrap());
        self.work()
    }

    fn asked(&self) -> Vec<WebRequest> {
        std::mem::take(&mut self.web.asked.lock().unwrap())
    }

    /// How long until the call comes back to dispatch.
    fn comes_back_in(&self) -> Option<Duration> {
        let at = self.queues.next_visible()?;
        Some(at.since(START))
    }
}

fn said((status, retry_after, body): Said) -> WebAnswer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    WebAnswer::Answered {
        status,
        retry_after: retry_after.map(str::to_owned),
        body: body.into_bytes().into(),
    }
}

fn request(requested_at: Timestamp) -> CallRequest {
    CallRequest {
        call: SendId::from_bytes([2; 16]),
        contact: ContactKey::from_bytes([1; 16]),
        enrollment: EnrollmentId::from_bytes([3; 16]),
        journey: "lead-nurture".to_owned(),
        step: "crm".to_owned(),
        is_rehearsal: false,
        requested_at,
        kind: CallKind::Webhook {
            connection: "crm".to_owned(),
            timeout_secs: 10,
        },
        given: BTreeMap::new(),
        origin: (
            ContactKey::from_bytes([1; 16]),
            InputId::from_bytes([4; 16]),
        ),
    }
}

fn call_at(settings: &release::Webhook, requested_at: Timestamp) -> HttpCall {
    let mut ana = Contact::new(ContactKey::from_bytes([1; 16]), START);
    let address = EmailAddress::parse("ana@example.com").unwrap();
    ana.email = Some(Email { address, at: START });
    let request = request(requested_at);
    let about = About {
        contact: &ana,
        request: &request,
        journey: "Lead nurturing",
    };
    let connection = Connection {
        name: "crm",
        settings,
    };
    prepare(connection, about, 10).unwrap()
}

fn plain() -> release::Webhook {
    release::Webhook {
        preset: None,
        url: Some("https://crm.example.com/leads".to_owned()),
        token: Some("token".to_owned()),
        signing: Some("key".to_owned()),
    }
}

fn preset(preset: Preset, token: &str) -> release::Webhook {
    release::Webhook {
        preset: Some(preset),
        url: preset
            .has_own_url()
            .then(|| "https://acme.example".to_owned()),
        token: Some(token.to_owned()),
        signing: None,
    }
}

fn failed(reason: &str) -> Vec<AnswerResult> {
    vec![AnswerResult::Failed {
        reason: reason.to_owned(),
    }]
}

fn done(value: Value) -> Vec<AnswerResult> {
    vec![AnswerResult::Done(Personal::new(value))]
}

#[test]
fn a_call_is_signed_and_its_answer_reaches_the_run() {
    let stage = Stage::new([said((201, None, json!({ "id": 7 })))]);
    let heard = stage.ask(&call_at(&plain(), START));
    assert_eq!(heard, done(json!({ "id": 7 })));
    let [asked] = stage.asked().try_into().ok().unwrap();
    assert_eq!(
        (asked.method, asked.url.as_str()),
        (Method::Post, "https://crm.example.com/leads")
    );
    let header = |name: &str| {
        let mut all = asked.headers.iter();
        all.find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    };
    let id = SendId::from_bytes([2; 16]).to_string();
    assert_eq!(header("webhook-id"), Some(id.as_str()));
    assert_eq!(header("webhook-timestamp"), Some("1800000000"));
    assert_eq!(header("authorization"), Some("Bearer pat-1"));
    let signature = wend_core::webhook::sign(&id, 1_800_000_000, &asked.body, KEY).unwrap();
    assert_eq!(header("webhook-signature"), Some(signature.as_str()));
    assert!(asked.body.contains("ana@example.com"));
}

#[test]
fn what_may_pass_is_tried_again_by_dispatch_and_tells_the_run_nothing() {
    for answer in [
        said((503, None, Value::Null)),
        said((429, None, Value::Null)),
        said((408, None, Value::Null)),
        WebAnswer::Unreachable {
            reason: "no connection".to_owned(),
        },
    ] {
        let stage = Stage::new([answer]);
        let call = call_at(&plain(), START);
        assert_eq!(stage.ask(&call), []);
        let pause = stage.comes_back_in().unwrap();
        assert!(
            pause >= Duration::from_millis(2_500) && pause <= Duration::from_secs(5),
            "{pause:?}"
        );
        stage.clock.advance_to(START.plus(pause));
        let [again] = stage.again.receive(10).try_into().unwrap();
        let task: Task = serde_json::from_str(&again.body).unwrap();
        assert_eq!(task, Task::Call(Box::new(call.request)));
        assert!(!again.body.contains("ana@example.com"));
    }
}

#[test]
fn retry_after_is_honoured_up_to_what_a_queue_can_hold() {
    for (after, least, most) in [("60", 60, 75), ("86400", 900, 900)] {
        let stage = Stage::new([said((429, Some(after), Value::Null))]);
        assert_eq!(stage.ask(&call_at(&plain(), START)), []);
        let secs = stage.comes_back_in().unwrap().as_secs();
        assert!((least..=most).contains(&secs), "{after}: {secs}");
    }
}

#[test]
fn after_a_day_of_trying_a_call_fails_for_good() {
    let stage = Stage::new([said((503, None, Value::Null))]);
    let call = call_at(&plain(), START.minus(Duration::from_hours(24)));
    assert_eq!(stage.ask(&call), failed("crm answered 503"));
    assert_eq!(stage.comes_back_in(), None);
}

#[test]
fn what_never_passes_fails_at_once_and_repeats_no_words() {
    let words = json!({ "error": "INVALID", "message": "ana@example.com is no lead" });
    for (answer, reason) in [
        (said((410, None, Value::Null)), "crm answered 410"),
        (said((400, None, words)), "crm answered 400 (INVALID)"),
        (
            said((302, None, Value::Null)),
            "crm answered 302: redirects are not followed",
        ),
        (
            WebAnswer::Refused {
                reason: "its host is private".to_owned(),
            },
            "crm is not called: its host is private",
        ),
    ] {
        let stage = Stage::new([answer]);
        assert_eq!(stage.ask(&call_at(&plain(), START)), failed(reason));
        assert_eq!(stage.comes_back_in(), None);
    }
}

#[test]
fn secrets_that_are_missing_or_wrong_are_named_and_never_told() {
    for (signing, reason) in [
        ("gone", "there is no secret `gone`: set gone"),
        (
            "bad-key",
            "secret `bad-key` must be `whsec_` and at least 24 bytes in Base64, or two of these with a space between them",
        ),
    ] {
        let stage = Stage::new([]);
        let settings = release::Webhook {
            signing: Some(signing.to_owned()),
            ..plain()
        };
        assert_eq!(stage.ask(&call_at(&settings, START)), failed(reason));
        assert!(stage.asked().is_empty());
    }
    let stage = Stage::new([]);
    let settings = release::Webhook {
        token: Some("locked".to_owned()),
        ..plain()
    };
    assert_eq!(stage.ask(&call_at(&settings, START)), []);
    assert!(stage.comes_back_in().is_some());
}

#[test]
fn who_is_found_is_changed_and_who_is_not_is_made() {
    let settings = preset(Preset::PipedrivePerson, "token");
    let found = json!({ "data": { "items": [{ "item": { "id": 42 } }] } });
    let nobody = json!({ "data": { "items": [] } });
    for (found, method, path) in [
        (found, Method::Patch, "/persons/42"),
        (nobody, Method::Post, "/persons"),
    ] {
        let answer = json!({ "data": { "id": 42 } });
        let stage = Stage::new([said((200, None, found)), said((200, None, answer))]);
        assert_eq!(
            stage.ask(&call_at(&settings, START)),
            done(json!({ "id": 42 }))
        );
        let [_, second] = stage.asked().try_into().ok().unwrap();
        assert_eq!(second.method, method);
        assert!(second.url.ends_with(path), "{}", second.url);
    }
}

#[test]
fn a_token_is_asked_for_once_and_again_when_it_is_refused() {
    let settings = preset(Preset::SalesforceLead, "app");
    let token = || said((200, None, json!({ "access_token": "t-1" })));
    let lead = || said((201, None, json!({ "id": "00Q" })));
    let refused = said((401, None, json!([{ "errorCode": "INVALID_SESSION_ID" }])));
    let stage = Stage::new([token(), lead(), lead(), refused, token(), lead()]);
    let call = call_at(&settings, START);
    assert_eq!(stage.ask(&call), done(json!({ "id": "00Q" })));
    let asked = stage.asked();
    assert_eq!(asked[0].url, "https://acme.example/services/oauth2/token");
    let basic = ("authorization".to_owned(), "Basic aWQ6c2VjcmV0".to_owned());
    assert!(asked[0].headers.contains(&basic));
    let bearer = ("authorization".to_owned(), "Bearer t-1".to_owned());
    assert!(asked[1].headers.contains(&bearer));
    assert_eq!(stage.ask(&call), done(json!({ "id": "00Q" })));
    assert_eq!(stage.asked().len(), 1);
    stage.clock.advance_to(START.plus(Duration::from_mins(1)));
    assert_eq!(stage.ask(&call), []);
    assert!(stage.comes_back_in().is_some());
    assert_eq!(stage.asked().len(), 1);
    assert_eq!(stage.ask(&call), done(json!({ "id": "00Q" })));
    assert_eq!(stage.asked().len(), 2);
}

#[test]
fn what_is_no_call_is_set_aside() {
    let stage = Stage::new([]);
    stage.put("{\"half\":".to_owned());
    assert_eq!(stage.work(), []);
    let [letter] = stage.queues.dead_letters().try_into().unwrap();
    assert_eq!(letter.queue, "webhooks");
}
