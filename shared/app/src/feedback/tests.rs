use std::time::Duration;

use serde_json::{Value, json};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::input::Envelope;

use super::*;
use crate::memory::{
    Fault, Faults, Line, MemoryQueue, MemoryStore, QueueRules, Queues, VirtualClock, run,
};
use crate::publish::publish_definitions;

const ADDRESS: PermissionKey = PermissionKey::from_bytes([1; 16]);
mod texts;

const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);
const START: &str = "2027-03-01T17:00:00.000Z";

/// Whether the queue of inputs fails.
#[derive(Clone, Copy, Debug)]
struct Queueless;

impl Faults for Queueless {
    fn next(&mut self, operation: &'static str) -> Fault {
        if operation == "send to a queue" {
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
    queues: Queues,
    feedback: Feedback<MemoryStore, MemoryStore, MemoryQueue, Queues, MemoryStore, VirtualClock>,
}

fn world_on(line: &Line, paths: &str) -> World {
    let clock = VirtualClock::starting_at(Timestamp::parse(START).unwrap());
    let store = MemoryStore::new(clock.clone(), line.clone());
    let queues = Queues::new(clock.clone(), line.clone());
    let inputs = queues.queue("inputs", QueueRules::default());
    queues.queue("feedback", QueueRules::default());
    let journey = format!(
        "journey: j\nstate: live\ntriggers: [ {{ event: go }} ]\nsteps:\n  - {{ id: a, email: hi }}\n  \
         - id: w\n    wait_until:\n{paths}      - {{ path: late, after: 1 day }}\n"
    );
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let files = [
        file(
            "wend.yaml",
            "wend: 1\nproject: p\nsenders: { shop: { email: Shop <shop@example.com> } }\n",
        ),
        file(
            "templates/hi.md",
            "---\ntemplate: hi\nchannel: email\nclass: transactional\nfrom: shop\nsubject: Hi\n---\nHello\n",
        ),
        file("journeys/j.yaml", &journey),
    ];
    let publishing = publish_definitions(&store, &clock, read_all(&files).unwrap(), None);
    run(&clock, publishing).unwrap().unwrap();
    let feedback = Feedback {
        evidence: store.clone(),
        permissions: store.clone(),
        inputs: inputs.clone(),
        aside: queues.clone(),
        releases: Releases::new(store.clone(), clock.clone()),
        clock: clock.clone(),
        secret: SECRET,
    };
    World {
        clock,
        store,
        inputs,
        queues,
        feedback,
    }
}

fn world() -> World {
    world_on(&Line::default(), "")
}

fn at(secs: u64) -> Timestamp {
    Timestamp::parse(START)
        .unwrap()
        .plus(Duration::from_secs(secs))
}

/// An event as SES publishes it, with fields that nobody knows.
fn event(kind: &str, key: &str, secs: u64, more: &Value) -> Value {
    let mut detail = json!({ "timestamp": at(secs).to_string(), "newField": { "a": [1] } });
    for (name, value) in more.as_object().unwrap() {
        detail[name] = value.clone();
    }
    let id = "0".repeat(31);
    json!({
        "eventType": kind,
        key: detail,
        "another": null,
        "mail": {
            "timestamp": START,
            "messageId": "m1",
            "tags": {
                "wend_contact": [format!("{id}4")],
                "wend_send": [format!("{id}3")],
                "wend_permission": [ADDRESS.to_string()],
                "wend_journey": ["j"],
                "wend_step": ["a"],
                "ses:from-domain": ["example.com"],
            },
        },
    })
}

fn soft(secs: u64) -> Value {
    event(
        "Bounce",
        "bounce",
        secs,
        &json!({ "bounceType": "Transient" }),
    )
}

impl World {
    /// Takes events in one batch; those that are not acknowledged.
    fn take(&self, events: &[Value]) -> usize {
        let received = |(number, event): (usize, &Value)| Received {
            id: number.to_string(),
            queue: "feedback".to_owned(),
            body: event.to_string(),
        };
        let batch: Vec<Received> = events.iter().enumerate().map(received).collect();
        run(&self.clock, self.feedback.batch(&batch)).unwrap().len()
    }

    fn heard(&self) -> Vec<input::Feedback> {
        let batch = self.inputs.receive(100);
        self.inputs.acknowledge(&batch, &[]);
        let heard = batch.iter().map(|message| {
            match serde_json::from_str::<Envelope>(&message.body)
                .unwrap()
                .input
            {
                Input::Feedback(feedback) => *feedback,
                other => panic!("{other:?}"),
            }
        });
        heard.collect()
    }

    fn closed_at(&self) -> Option<Timestamp> {
        let row = self.store.permission(ADDRESS).unwrap();
        row.suppressed.map(|closed| closed.at)
    }
}

#[test]
fn each_event_is_told_as_what_it_is() {
    let person = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0";
    let click = json!({ "userAgent": person, "link": "https://a.example" });
    for (event, expected) in [
        (event("Send", "send", 0, &json!({})), None),
        (event("Delivery", "delivery", 1, &json!({})), None),
        (event("DeliveryDelay", "deliveryDelay", 1, &json!({})), None),
        (
            event("Reject", "reject", 1, &json!({ "reason": "Bad content" })),
            None,
        ),
        (event("Rendering Failure", "failure", 1, &json!({})), None),
        (event("Subscription", "subscription", 1, &json!({})), None),
        (soft(2), Some((FeedbackKind::Bounced, false, None))),
        (
            event("Bounce", "bounce", 2, &json!({ "bounceType": "Permanent" })),
            Some((FeedbackKind::Bounced, false, None)),
        ),
        (
            event("Complaint", "complaint", 2, &json!({})),
            Some((FeedbackKind::Complained, false, None)),
        ),
        (
            event("Open", "open", 2, &json!({ "userAgent": "Mozilla/5.0" })),
            Some((FeedbackKind::Opened, true, None)),
        ),
        (
            event("Click", "click", 2, &click),
            Some((FeedbackKind::Clicked, false, Some("https://a.example"))),
        ),
    ] {
        let world = world();
        assert_eq!(world.take(std::slice::from_ref(&event)), 0);
        let heard = world.heard();
        let told = heard
            .first()
            .map(|it| (it.kind, it.is_machine, it.link.as_deref()));
        assert_eq!((heard.len() <= 1, told), (true, expected), "{event}");
        if let Some(feedback) = heard.first() {
            let names = (
                feedback.journey.as_str(),
                feedback.step.as_str(),
                feedback.at,
            );
            assert_eq!(names, ("j", "a", at(2)));
        }
        assert_eq!(world.queues.dead_letters(), []);
    }
}

#[test]
fn a_delivery_is_told_only_where_some_rule_looks_at_it() {
    let delivery = [event("Delivery", "delivery", 1, &json!({}))];
    for (path, expected) in [
        ("", 0),
        ("      - { path: there, if: { clicked: a } }\n", 0),
        (
            "      - { path: there, if: { not: { delivered: a } } }\n",
            1,
        ),
        ("      - { path: there, event: message_delivered }\n", 1),
        (
            "      - { path: there, if: { did: message_delivered } }\n",
            1,
        ),
    ] {
        let world = world_on(&Line::default(), path);
        world.take(&delivery);
        let kinds: Vec<FeedbackKind> = world.heard().iter().map(|it| it.kind).collect();
        assert_eq!(kinds, vec![FeedbackKind::Delivered; expected], "{path}");
    }
}

#[test]
fn an_event_that_comes_twice_is_one_input() {
    let world = world();
    let click = |link: &str| event("Click", "click", 2, &json!({ "link": link }));
    let later = event("Click", "click", 3, &json!({ "link": "https://a.example" }));
    world.take(&[
        click("https://a.example"),
        click("https://a.example"),
        click("https://b.example"),
        later,
    ]);
    let ids: Vec<InputId> = world.heard().iter().map(|it| it.id).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0] != ids[2] && ids[0] != ids[3] && ids[2] != ids[3]);
}

#[test]
fn an_event_is_acknowledged_when_the_contact_will_hear_of_it() {
    let world = world_on(&Line::new(Queueless), "");
    let hard = event("Bounce", "bounce", 2, &json!({ "bounceType": "Permanent" }));
    assert_eq!(world.take(&[event("Send", "send", 0, &json!({})), hard]), 1);
    assert_eq!(
        world.closed_at(),
        Some(at(2)),
        "the address is closed all the same"
    );
}

#[test]
fn hard_bounces_and_complaints_close_the_address_at_once() {
    for (kind, key, more) in [
        ("Bounce", "bounce", json!({ "bounceType": "Permanent" })),
        ("Complaint", "complaint", json!({})),
    ] {
        let world = world();
        world.take(&[event(kind, key, 2, &more)]);
        assert_eq!(world.closed_at(), Some(at(2)), "{kind}");
    }
}

#[test]
fn soft_bounces_close_the_address_when_they_are_too_many() {
    const DAY: u64 = 86_400;
    let world = world();
    // In any order, and twice each.
    world.take(&[
        soft(4 * DAY),
        soft(DAY),
        soft(3 * DAY),
        soft(DAY),
        soft(4 * DAY),
        soft(2 * DAY),
    ]);
    assert_eq!(world.closed_at(), None);
    world.take(&[soft(5 * DAY)]);
    assert_eq!(world.closed_at(), Some(at(5 * DAY)));
}

#[test]
fn a_delivery_in_between_or_a_month_starts_the_count_anew() {
    const DAY: u64 = 86_400;
    let world = world();
    world.take(&[soft(1), soft(2), soft(3), soft(4)]);
    world.take(&[event("Delivery", "delivery", 5, &json!({}))]);
    world.take(&[soft(6), soft(7), soft(8), soft(9)]);
    assert_eq!(world.closed_at(), None);
    world.take(&[soft(31 * DAY)]);
    assert_eq!(world.closed_at(), None, "the others are too long ago");
    // A delivery that comes late says nothing of what bounced after it.
    world.take(&[event("Delivery", "delivery", 10, &json!({}))]);
    world.take(&[soft(31 * DAY + 1), soft(31 * DAY + 2), soft(31 * DAY + 3)]);
    assert_eq!(world.closed_at(), None);
    world.take(&[soft(31 * DAY + 4)]);
    assert!(world.closed_at().is_some());
}

#[test]
fn what_is_not_ours_is_left_alone_and_what_is_no_event_is_set_aside() {
    let world = world();
    let mut foreign = event("Bounce", "bounce", 2, &json!({ "bounceType": "Permanent" }));
    foreign["mail"]["tags"] = json!({});
    assert_eq!(world.take(&[foreign, json!("hello")]), 0);
    assert_eq!((world.closed_at(), world.heard()), (None, vec![]));
    assert_eq!(world.queues.dead_letters().len(), 1);
}
