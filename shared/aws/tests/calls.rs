//! What each use case costs. A change of these numbers is a change of the bill.
//!
//! The contact of these tests is small (two names, an address, two attributes, one run): every item stays below one
//! kilobyte. Units are what the embedded DynamoDB reports, by the rules of the real one: a kilobyte a unit, twice in a
//! transaction, index entries on top. A failed condition reports none; the real one bills it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::json;
use wend_app::ingest::{Floods, Ingest};
use wend_app::ports::{KeyStore, Received};
use wend_app::releases::Releases;
use wend_app::write_keys::{WriteKeys, hash};
use wend_aws::dynamodb::DynamoContacts;
use wend_aws::ses::SesMailer;
use wend_aws::sns::{Providers, SnsTexter};
use wend_aws::sqs::SqsQueue;
use wend_core::input::{Envelope, Input};
use wend_core::send::Task;

use crate::support::aws::{Bill, config};
use crate::support::doubles::{QUEUE, TestClock, TestIds};
use crate::support::http::{Answer, Stub};
use crate::support::world::{ANA, SECRET, TestEvaluate, ana_permission, body, input};
use crate::support::{World, received, sqs};

/// `evaluate` with its release loaded, so that only the inputs are counted.
async fn warm(world: &World) -> TestEvaluate<DynamoContacts> {
    let evaluate = world.evaluate();
    evaluate.releases.current().await.unwrap();
    world.calls.take();
    evaluate
}

fn messages(inputs: &[Envelope]) -> Vec<Received> {
    received(inputs.iter().map(body))
}

/// What one batch costs.
async fn bill(world: &World, what: &str, inputs: &[Envelope]) -> Bill {
    let evaluate = warm(world).await;
    assert_eq!(evaluate.batch(&messages(inputs)).await, [] as [&str; 0]);
    world.calls.take().row(what)
}

const READ_AND_TRANSACTION: [(&str, usize); 2] = [("GetItem", 1), ("TransactWriteItems", 1)];
const READ_AND_PUT: [(&str, usize); 2] = [("GetItem", 1), ("PutItem", 1)];

#[tokio::test]
async fn a_first_event_is_one_read_and_one_transaction_and_its_opt_in_one_update() {
    let world = World::new().await;
    let bill = bill(
        &world,
        "evaluate: first event, opts in, asks for a mail",
        &[world.signs_up("ana")],
    )
    .await;
    let requests = [("GetItem", 1), ("TransactWriteItems", 1), ("UpdateItem", 1)];
    assert_eq!(bill, Bill::of(&requests, 1.0, 7.0));
}

#[tokio::test]
async fn an_event_that_changes_nothing_is_one_read_and_one_put() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let bill = bill(
        &world,
        "evaluate: event that changes nothing",
        &[world.views("ana")],
    )
    .await;
    assert_eq!(bill, Bill::of(&READ_AND_PUT, 1.0, 1.0));
}

#[tokio::test]
async fn an_unknown_visitor_is_one_read_and_one_put() {
    let world = World::new().await;
    let view = world.event(json!({ "type": "page", "anonymousId": "visitor" }));
    let bill = bill(&world, "evaluate: page view of an unknown visitor", &[view]).await;
    assert_eq!(bill, Bill::of(&READ_AND_PUT, 1.0, 1.0));
}

#[tokio::test]
async fn an_event_that_changes_an_attribute_is_one_read_and_one_transaction() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let change = json!({ "type": "identify", "userId": "ana", "traits": { "plan": "pro" } });
    let bill = bill(
        &world,
        "evaluate: event that changes an attribute",
        &[world.event(change)],
    )
    .await;
    assert_eq!(bill, Bill::of(&READ_AND_TRANSACTION, 1.0, 4.0));
}

#[tokio::test]
async fn entering_and_leaving_a_segment_cost_what_the_change_costs() {
    let world = World::watching().await;
    let plan = |plan| {
        let traits = json!({ "email": ANA, "subscribed": ["news"], "plan": plan });
        [world.event(json!({ "type": "identify", "userId": "ana", "traits": traits }))]
    };
    world.apply(plan("free")).await;
    let what = "evaluate: enters a segment that begins a journey, asks for a mail";
    let entered = bill(&world, what, &plan("pro")).await;
    assert_eq!(entered, Bill::of(&READ_AND_TRANSACTION, 1.0, 4.0));
    world.apply(plan("pro")).await;
    let left = bill(&world, "evaluate: leaves a segment", &plan("free")).await;
    assert_eq!(left, Bill::of(&READ_AND_TRANSACTION, 1.0, 4.0));
}

#[tokio::test]
async fn a_pointer_costs_a_second_read() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let by_address = |traits| world.event(json!({ "type": "identify", "traits": traits }));
    let same = by_address(json!({ "email": "ana@example.com" }));
    let unchanged = bill(
        &world,
        "evaluate: through a pointer, changes nothing",
        &[same],
    )
    .await;
    assert_eq!(
        unchanged,
        Bill::of(&[("GetItem", 2), ("PutItem", 1)], 2.0, 1.0)
    );
    let news = by_address(json!({ "email": "ana@example.com", "plan": "pro" }));
    let changed = bill(
        &world,
        "evaluate: through a pointer, changes an attribute",
        &[news],
    )
    .await;
    let requests = [("GetItem", 2), ("TransactWriteItems", 1)];
    assert_eq!(changed, Bill::of(&requests, 2.0, 4.0));
}

#[tokio::test]
async fn an_address_of_somebody_else_costs_a_second_attempt() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let claims = || {
        let traits = json!({ "email": "ana@example.com" });
        let claims = json!({ "type": "identify", "userId": "bob", "traits": traits });
        [world.event(claims)]
    };
    let first = bill(
        &world,
        "evaluate: names an address of somebody else",
        &claims(),
    )
    .await;
    let requests = [("GetItem", 4), ("TransactWriteItems", 2)];
    assert_eq!(first, Bill::of(&requests, 4.0, 4.0));
    let again = bill(&world, "evaluate: names it again", &claims()).await;
    let requests = [("GetItem", 4), ("PutItem", 1), ("TransactWriteItems", 1)];
    assert_eq!(again, Bill::of(&requests, 4.0, 1.0));
}

#[tokio::test]
async fn ten_inputs_of_one_contact_are_one_read_and_one_transaction() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let change = |n: usize| json!({ "type": "identify", "userId": "ana", "traits": { "n": n } });
    let inputs: Vec<_> = (0..10).map(|n| world.event(change(n))).collect();
    let folded = bill(&world, "evaluate: ten changes of one contact", &inputs).await;
    assert_eq!(folded, Bill::of(&READ_AND_TRANSACTION, 1.0, 22.0));
    let views: Vec<_> = (0..10).map(|_| world.views("ana")).collect();
    let unchanged = bill(&world, "evaluate: ten events that change nothing", &views).await;
    assert_eq!(unchanged, Bill::of(&READ_AND_TRANSACTION, 1.0, 20.0));
}

#[tokio::test]
async fn ten_contacts_are_ten_reads_and_ten_writes() {
    let world = World::new().await;
    let users: Vec<String> = (0..10).map(|n| format!("user{n}")).collect();
    let first: Vec<_> = users.iter().map(|user| world.signs_up(user)).collect();
    let created = bill(&world, "evaluate: first events of ten contacts", &first).await;
    let requests = [
        ("GetItem", 10),
        ("TransactWriteItems", 10),
        ("UpdateItem", 10),
    ];
    assert_eq!(created, Bill::of(&requests, 10.0, 70.0));
    let views: Vec<_> = users.iter().map(|user| world.views(user)).collect();
    let unchanged = bill(&world, "evaluate: ten contacts, nothing changes", &views).await;
    let requests = [("GetItem", 10), ("PutItem", 10)];
    assert_eq!(unchanged, Bill::of(&requests, 10.0, 10.0));
}

#[tokio::test]
async fn outcomes_and_wakes_are_one_read_and_one_transaction_and_a_stale_wake_two_reads() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    world.dispatch_queue().await;
    let envelope = |body: &str| serde_json::from_str::<Envelope>(body).unwrap();
    let outcome = envelope(&world.inputs.take_one().body);
    let settled = bill(
        &world,
        "evaluate: outcome of a send, a wait begins",
        &[outcome],
    )
    .await;
    assert_eq!(settled, Bill::of(&READ_AND_TRANSACTION, 1.0, 5.0));
    let wake = envelope(&world.wakes.take_one().body);
    world.clock.advance(Duration::from_secs(20));
    let woken = bill(
        &world,
        "evaluate: wake, a wait ends, asks for a mail",
        std::slice::from_ref(&wake),
    )
    .await;
    assert_eq!(woken, Bill::of(&READ_AND_TRANSACTION, 1.0, 5.0));
    let stale = bill(&world, "evaluate: wake that comes twice", &[wake]).await;
    // The contact, and the row: whoever applied the wake may have died before its effects were published.
    assert_eq!(stale, Bill::of(&[("GetItem", 2)], 2.0, 0.0));
}

#[tokio::test]
async fn a_redelivered_input_is_two_reads_and_a_refused_write() {
    let world = World::new().await;
    let signs_up = world.signs_up("ana");
    world.apply([signs_up.clone()]).await;
    let bill = bill(&world, "evaluate: redelivered first event", &[signs_up]).await;
    let requests = [("GetItem", 2), ("PutItem", 1), ("UpdateItem", 1)];
    assert_eq!(bill, Bill::of(&requests, 2.0, 0.0));
}

#[tokio::test]
async fn a_send_is_one_batched_read_one_claim_one_copy_one_mail_one_update_and_one_outcome() {
    for count in [1, 10] {
        let world = World::new().await;
        let users = (0..count).map(|n| format!("user{n}"));
        world.apply(users.map(|user| world.signs_up(&user))).await;
        let ses = Stub::always(Answer::Json(200, json!({ "MessageId": "m" }))).await;
        let sqs = sqs::sqs().await;
        let (config, timeout) = (config(&ses.url), Duration::from_secs(20));
        let providers = Providers {
            mailer: SesMailer::new(&config, Some("set".to_owned()), SECRET, timeout),
            texter: SnsTexter::new(&config, timeout),
        };
        let queues = (sqs::queue(&sqs, "inputs"), sqs::queue(&sqs, QUEUE));
        let dispatch = world.dispatcher_with(world.db.clone(), providers, queues);
        dispatch.releases.current().await.unwrap();
        let requests = received(
            world
                .dispatch
                .take()
                .into_iter()
                .map(|message| message.body),
        );
        world.calls.take();
        assert_eq!(dispatch.batch(&requests).await, [] as [&str; 0]);
        let bill = world
            .calls
            .take()
            .row(&format!("dispatch: {count} message(s)"));
        // Beside them, for all of the batch: one look at the shared pace, the word that this dispatcher asks SES for the account, and
        // one step that takes the slots; one look for brakes, and the mails counted for all and for the journey.
        let calls = [
            ("BatchGetItem", count),
            ("GetItem", 2),
            // The copies.
            ("PutItem", count),
            ("TransactWriteItems", count),
            ("UpdateItem", count + 4),
        ];
        let each = f64::from(u8::try_from(count).unwrap());
        assert_eq!(bill, Bill::of(&calls, 3.0 * each + 2.0, 6.0 * each + 4.0));
        assert_eq!(ses.asked().len(), count + 1);
        let one_outcome = ("AmazonSQS.SendMessageBatch".to_owned(), 1);
        assert_eq!(sqs::requests(&sqs), vec![one_outcome; count]);
    }
}

#[tokio::test]
async fn a_bounce_is_noted_and_counted_and_one_that_comes_again_is_looked_at() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    assert_eq!(
        world
            .dispatcher()
            .batch(&received([message.body.clone()]))
            .await,
        [] as [&str; 0]
    );
    let Ok(Task::Send(asked)) = serde_json::from_str(&message.body) else {
        panic!("not a send: {}", message.body);
    };
    let tags = json!({
        "wend_send": [asked.send.to_string()],
        "wend_permission": [ana_permission().to_string()],
        "wend_journey": [asked.journey],
    });
    let mail = json!({ "timestamp": "2026-03-01T08:00:01Z", "messageId": "fake", "tags": tags });
    let said = json!({ "bounceType": "Permanent" });
    let bounce = json!({ "eventType": "Bounce", "mail": mail, "bounce": said }).to_string();
    let feedback = world.feedback();
    feedback.releases.current().await.unwrap();
    let bill = async |what| {
        world.calls.take();
        let failed = feedback.batch(&received([bounce.clone()])).await;
        assert_eq!(failed, [] as [&str; 0]);
        world.calls.take().row(what)
    };
    // Evidence (refused: the row is final) and the address, the note and two additions; the day before of both scopes.
    let first = bill("feedback: a permanent bounce").await;
    let calls = [("GetItem", 2), ("UpdateItem", 5)];
    assert_eq!(first, Bill::of(&calls, 2.0, 4.0));
    let again = bill("feedback: the same bounce again").await;
    let calls = [("GetItem", 4), ("UpdateItem", 3)];
    assert_eq!(again, Bill::of(&calls, 4.0, 0.0));
}

#[tokio::test]
async fn a_sweep_is_a_query_a_shard_and_the_watermark() {
    let world = World::new().await;
    world.ana_rests().await;
    world.clock.advance(Duration::from_mins(115));
    world.calls.take();
    let swept = world.sweep().run().await.unwrap();
    let bill = world.calls.take().row("sweep: one contact is due");
    assert_eq!(swept.wakes, 1);
    let requests = [("GetItem", 1), ("Query", 64), ("UpdateItem", 1)];
    assert_eq!(bill, Bill::of(&requests, 33.0, 1.0));
    assert!(matches!(input(&world.wakes.take_one()), Input::Wake(_)));
}

/// `ingest` before an SQS that takes everything, with the write key `key`.
async fn ingest(
    world: &World,
    sqs: &Stub,
) -> Ingest<SqsQueue, wend_aws::dynamodb::DynamoDb, TestClock, TestIds> {
    world
        .db
        .add(
            &hash("key"),
            "site",
            wend_core::release::EventSource::Browser,
        )
        .await
        .unwrap();
    Ingest {
        inputs: sqs::queue(sqs, "inputs"),
        bulk: sqs::queue(sqs, "bulk"),
        keys: WriteKeys::new(world.db.clone(), world.clock.clone()),
        releases: Releases::new(world.db.clone(), world.clock.clone()),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
        secret: SECRET,
        floods: Floods::default(),
    }
}

fn post(path: &str, body: &serde_json::Value) -> Request<Bytes> {
    let body = Bytes::from(body.to_string());
    let request = Request::builder().method(Method::POST).uri(path);
    let request = request.header(header::AUTHORIZATION, "Basic a2V5Og==");
    request.body(body).unwrap()
}

#[tokio::test]
async fn ingest_is_one_queue_request_per_ten_events() {
    for (events, expected) in [
        (1, vec![1]),
        (10, vec![10]),
        (95, [vec![10; 9], vec![5]].concat()),
    ] {
        let (world, sqs) = (World::new().await, sqs::sqs().await);
        let ingest = ingest(&world, &sqs).await;
        let event =
            |n: usize| json!({ "type": "track", "event": "viewed", "userId": format!("u{n}") });
        let batch = json!({ "batch": (0..events).map(event).collect::<Vec<_>>() });
        world.calls.take();
        let answer = ingest.handle(post("/v1/batch", &batch)).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let mut requests = sqs::requests(&sqs);
        requests.sort_by_key(|(_, messages)| std::cmp::Reverse(*messages));
        let sent = expected
            .into_iter()
            .map(|n| ("AmazonSQS.SendMessageBatch".to_owned(), n));
        assert_eq!(requests, sent.collect::<Vec<_>>());
        let queue_requests = requests.len();
        let bill = world.calls.take();
        let bill = bill.row(&format!(
            "ingest: {events} event(s), {queue_requests} SQS request(s)"
        ));
        // The write key, which is then remembered for a while.
        assert_eq!(bill, Bill::of(&[("GetItem", 1)], 1.0, 0.0));
        ingest.handle(post("/v1/track", &event(0))).await;
        assert_eq!(world.calls.take(), Bill::default());
    }
}
