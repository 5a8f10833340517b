//! Inputs: applied exactly once, or set aside with their reason.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Barrier;
use wend_app::ports::{Commit, Committed, Contacts, ErrorClass, ReleaseStore};
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_core::contact::Contact;
use wend_core::identity::{EmailAddress, IdentityKind};
use wend_core::input::Input;
use wend_core::log::{Effect, NotEntered, NotLinked, Trace};
use wend_core::release::{Manifest, Part};
use wend_core::time::Timestamp;

use crate::support::aws::config;
use crate::support::http::{Answer, Stub};
use crate::support::meddling::{FailingCommit, Fails, RacingLoads};
use crate::support::world::{ANA, SECRET, body, project, request, user_key};
use crate::support::{World, received};

/// The runs that the rows under a user's name began.
async fn entered(world: &World, user: &str) -> usize {
    let rows = world.timeline(user).await;
    let traces = rows.iter().flat_map(|row| &row.trace);
    traces
        .filter(|trace| matches!(trace, Trace::Entered { .. }))
        .count()
}

#[tokio::test]
async fn a_redelivered_input_finds_its_row_and_publishes_its_effects_again() {
    let world = World::new().await;
    let signs_up = world.signs_up("ana");
    world.apply([signs_up.clone()]).await;
    let first = world.dispatch.take_one();
    let contact = world.contact("ana").await;
    let rows = world.timeline("ana").await;
    world.clock.advance(Duration::from_hours(1));
    world.apply([signs_up]).await;
    assert_eq!(world.dispatch.take_one(), first);
    assert_eq!(world.contact("ana").await, contact);
    assert_eq!(world.timeline("ana").await, rows);
}

#[tokio::test]
async fn a_redelivered_trigger_does_not_enter_a_journey_again_that_allows_it() {
    let world = World::with(
        "journey: welcome\nstate: live\nreentry: always\ntriggers: [ { event: signed_up } ]\n\
         steps: [ { id: hello, email: hello } ]\n",
    )
    .await;
    let signs_up = world.signs_up("ana");
    world.apply([signs_up.clone()]).await;
    world.dispatch_queue().await;
    world.apply_queue(&world.inputs).await;
    let contact = world.contact("ana").await.unwrap();
    assert_eq!(contact.enrollments, []);
    world.apply([signs_up]).await;
    assert_eq!(world.contact("ana").await.unwrap(), contact);
    assert_eq!(entered(&world, "ana").await, 1);
    world.apply([world.signs_up("ana")]).await;
    assert_eq!(entered(&world, "ana").await, 2);
}

#[tokio::test]
async fn effects_that_could_not_be_published_are_published_by_the_redelivery() {
    let world = World::new().await;
    let message = received([body(&world.signs_up("ana"))]);
    world.dispatch.fail_once();
    let evaluate = world.evaluate();
    assert_eq!(evaluate.batch(&message).await, ["delivery-0"]);
    assert_eq!(world.dispatch.take(), []);
    assert_eq!(entered(&world, "ana").await, 1);
    assert_eq!(evaluate.batch(&message).await, [] as [&str; 0]);
    let asked = request(&world.dispatch.take_one());
    assert_eq!(asked.template, "hello");
    assert_eq!(entered(&world, "ana").await, 1);
}

#[tokio::test]
async fn five_copies_of_a_message_are_one_run_and_one_send() {
    let world = World::new().await;
    let signs_up = world.signs_up("ana");
    world.apply(vec![signs_up.clone(); 3]).await;
    world.apply([signs_up.clone()]).await;
    world.apply([signs_up]).await;
    assert_eq!(entered(&world, "ana").await, 1);
    assert_eq!(world.timeline("ana").await.len(), 1);
    let copies = world.dispatch.take();
    let mut sends: Vec<_> = copies.iter().map(|copy| request(copy).send).collect();
    sends.dedup();
    assert_eq!((copies.len(), sends.len()), (3, 1));
    for copy in copies {
        let failed = world.dispatcher().batch(&received([copy.body])).await;
        assert_eq!(failed, [] as [&str; 0]);
    }
    assert_eq!(world.mailer.steps(), ["hello"]);
}

#[tokio::test]
async fn two_signups_of_one_contact_in_one_batch_begin_one_run() {
    let world = World::new().await;
    world
        .apply([world.signs_up("ana"), world.signs_up("ana")])
        .await;
    let rows = world.timeline("ana").await;
    let refused = Trace::NotEntered {
        journey: "welcome".to_owned(),
        why: NotEntered::AlreadyInside,
    };
    let said = |trace: &Trace| rows.iter().filter(|row| row.trace.contains(trace)).count();
    assert_eq!((rows.len(), said(&refused)), (2, 1));
    assert_eq!(entered(&world, "ana").await, 1);
}

#[tokio::test]
async fn two_evaluators_that_race_for_one_contact_both_land() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let plan = json!({ "type": "identify", "userId": "ana", "traits": { "plan": "pro" } });
    let city = json!({ "type": "identify", "userId": "ana", "traits": { "city": "Bern" } });
    let messages = [plan, city].map(|item| received([body(&world.event(item))]));
    let start = Barrier::new(2);
    let contacts = || RacingLoads::new(world.db.contacts(SECRET), &start);
    let (one, two) = (world.evaluate_on(contacts()), world.evaluate_on(contacts()));
    world.calls.take();
    let failed = tokio::join!(one.batch(&messages[0]), two.batch(&messages[1]));
    assert_eq!(failed, (Vec::new(), Vec::new()));
    assert_eq!(world.calls.take().requests["TransactWriteItems"], 3);
    let contact = world.contact("ana").await.unwrap();
    let names: Vec<&str> = contact.attributes.keys().map(String::as_str).collect();
    assert_eq!(names, ["city", "first_name", "plan", "subscribed"]);
    assert_eq!(contact.rev, 3);
    let revs: Vec<u64> = world
        .timeline("ana")
        .await
        .iter()
        .map(|row| row.rev)
        .collect();
    assert_eq!(revs, [1, 2, 3]);
}

#[tokio::test]
async fn two_evaluators_that_race_to_create_one_contact_make_one() {
    let world = World::new().await;
    let inputs = [world.signs_up("ana"), world.signs_up("ana")];
    let messages = inputs.map(|input| received([body(&input)]));
    let start = Barrier::new(2);
    let contacts = || RacingLoads::new(world.db.contacts(SECRET), &start);
    let (one, two) = (world.evaluate_on(contacts()), world.evaluate_on(contacts()));
    let failed = tokio::join!(one.batch(&messages[0]), two.batch(&messages[1]));
    assert_eq!(failed, (Vec::new(), Vec::new()));
    assert_eq!(entered(&world, "ana").await, 1);
    assert_eq!(world.timeline("ana").await.len(), 2);
    assert_eq!(world.dispatch.take().len(), 1);
}

#[tokio::test]
async fn a_pointer_leads_to_the_contact() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let traits = json!({ "email": "Ana@Example.com", "plan": "pro" });
    let by_address = world.event(json!({ "type": "identify", "traits": traits }));
    let row_partition = by_address.input.partition(&SECRET);
    world.apply([by_address]).await;
    let contact = world.contact("ana").await.unwrap();
    assert_eq!(contact.attributes["plan"].value.expose(), &json!("pro"));
    let contacts = world.db.contacts(SECRET);
    let rows = contacts.timeline(row_partition).await.unwrap();
    let applied_to: Vec<_> = rows.iter().map(|row| row.contact).collect();
    assert_eq!(applied_to, [user_key("ana")]);
    let loaded = contacts.load(row_partition).await.unwrap();
    assert_eq!(
        (loaded.id, loaded.contact),
        (Some(contact.id), Some(contact))
    );
}

#[tokio::test]
async fn a_visitor_who_gives_a_name_is_found_under_both() {
    let world = World::new().await;
    let names = json!({
        "type": "identify", "userId": "ana", "anonymousId": "visitor", "traits": { "email": ANA },
    });
    world.apply([world.event(names)]).await;
    let view = world.event(json!({ "type": "page", "anonymousId": "visitor" }));
    let visitor = view.input.partition(&SECRET);
    let address = EmailAddress::parse(ANA).unwrap().identity().key(&SECRET);
    let contacts = world.db.contacts(SECRET);
    for key in [visitor, address, user_key("ana")] {
        let loaded = contacts.load(key).await.unwrap();
        assert_eq!(loaded.id, Some(user_key("ana")));
    }
}

#[tokio::test]
async fn an_address_that_belongs_to_somebody_else_is_not_linked_and_the_input_is_applied() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    let before = json!({ "type": "identify", "userId": "bob", "traits": { "tier": "gold" } });
    world.apply([world.event(before)]).await;
    let traits = json!({ "email": ANA, "plan": "pro" });
    let claims = world.event(json!({ "type": "identify", "userId": "bob", "traits": traits }));
    world.apply([claims]).await;
    let bob = world.contact("bob").await.unwrap();
    let names: Vec<_> = bob.identities.iter().map(|name| name.kind).collect();
    assert_eq!(names, [IdentityKind::User]);
    assert_eq!(bob.attributes["plan"].value.expose(), &json!("pro"));
    let rows = world.timeline("bob").await;
    let (name, why) = (IdentityKind::Email, NotLinked::BothKnown);
    let not_linked = Trace::NotLinked { name, why };
    assert!(rows[1].trace.contains(&not_linked), "{rows:?}");
    let address = EmailAddress::parse(ANA).unwrap().identity().key(&SECRET);
    let owner = world.db.contacts(SECRET).load(address).await.unwrap().id;
    assert_eq!(owner, Some(user_key("ana")));
}

#[tokio::test]
async fn bad_json_is_set_aside_with_its_reason_and_blocks_nobody() {
    let world = World::new().await;
    let bodies = ["{\"half\":".to_owned(), body(&world.signs_up("ana"))];
    let failed = world.evaluate().batch(&received(bodies)).await;
    assert_eq!(failed, [] as [&str; 0]);
    assert_eq!(entered(&world, "ana").await, 1);
    let aside = world.aside.all();
    let [(poison, reason)] = aside.as_slice() else {
        panic!("{aside:?}")
    };
    assert_eq!(poison, "{\"half\":");
    assert!(reason.starts_with("not an input: EOF"), "{reason}");
}

/// Publishes a release that lacks every version of the journey but the newest.
async fn forget_versions(world: &World) {
    let journey = "journey: welcome\nstate: live\nin_flight: pin\ntriggers: [ { event: other } ]\n\
        steps: [ { id: hello, email: hello } ]\n";
    let before = world.db.manifest().await.unwrap().unwrap();
    let parts = wend_core::definitions::read_all(&project(journey)).unwrap();
    let parts: Vec<Part> = parts
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    let manifest = Manifest {
        number: before.number + 1,
        published_at: before.published_at,
        current: parts.iter().map(Part::hash).collect(),
        journeys: Vec::new(),
        ..Manifest::default()
    };
    world.db.publish(&manifest, &parts).await.unwrap();
}

#[tokio::test]
async fn a_run_whose_version_is_missing_is_set_aside_and_blocks_nobody() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    world.dispatch_queue().await;
    let outcome = world.inputs.take_one().body;
    forget_versions(&world).await;
    let plan = json!({ "type": "identify", "userId": "ana", "traits": { "plan": "pro" } });
    let same_contact = world.event(plan);
    let other_contact = world.signs_up("bob");
    let bodies = [outcome.clone(), body(&same_contact), body(&other_contact)];
    let failed = world.evaluate().batch(&received(bodies)).await;
    assert_eq!(failed, [] as [&str; 0]);
    let aside = world.aside.all();
    let [(poison, reason)] = aside.as_slice() else {
        panic!("{aside:?}")
    };
    assert_eq!(poison, &outcome);
    assert!(
        reason.contains("of journey `welcome` follows a version that release 2 does not hold"),
        "{reason}"
    );
    assert!(world.contact("bob").await.is_some());
    let ana = world.contact("ana").await.unwrap();
    assert!(ana.attributes.contains_key("plan"));
    // No row says that the poison was applied: its redrive after a fix works.
    assert_eq!(world.timeline("ana").await.len(), 2);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_does_not_double() {
    let world = World::new().await;
    let contacts = FailingCommit::new(world.db.contacts(SECRET), Fails::AfterWriting);
    let evaluate = world.evaluate_on(contacts);
    let message = received([body(&world.signs_up("ana"))]);
    assert_eq!(evaluate.batch(&message).await, ["delivery-0"]);
    assert_eq!(world.dispatch.take(), []);
    assert_eq!(evaluate.batch(&message).await, [] as [&str; 0]);
    assert_eq!(world.dispatch.take().len(), 1);
    assert_eq!(world.contact("ana").await.unwrap().rev, 1);
    let rows = world.timeline("ana").await;
    assert_eq!(rows.len(), 1);
    assert!(matches!(
        rows[0].effects.as_slice(),
        [Effect::Consent(_), Effect::Send(_)]
    ));
}

#[tokio::test]
async fn a_conflict_is_no_failure_and_the_input_is_decided_anew() {
    let world = World::new().await;
    let contacts = FailingCommit::new(world.db.contacts(SECRET), Fails::ForConflict);
    let message = received([body(&world.signs_up("ana"))]);
    let failed = world.evaluate_on(contacts).batch(&message).await;
    assert_eq!(failed, [] as [&str; 0]);
    assert_eq!(entered(&world, "ana").await, 1);
}

/// What a commit of a contact makes of a cancelled transaction with these reasons.
async fn cancelled(reasons: Value) -> Result<Committed, ErrorClass> {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let answer = json!({ "__type": kind, "Message": "cancelled", "CancellationReasons": reasons });
    let stub = Stub::always(Answer::Json(400, answer)).await;
    let client = aws_sdk_dynamodb::Client::new(&config(&stub.url));
    let contacts = DynamoDb::new(client, Tables::default()).contacts(SECRET);
    let contact = Contact::new(user_key("ana"), Timestamp::default());
    let commit = Commit {
        contact: Some(&contact),
        pointers: &[EmailAddress::parse(ANA).unwrap().identity()],
        rows: &[],
        ..Commit::default()
    };
    let committed = contacts.commit(commit).await;
    assert_eq!(stub.asked().len(), 1);
    committed.map_err(|error| error.class)
}

#[tokio::test]
async fn a_cancelled_transaction_says_what_may_be_done_about_it() {
    let reasons = |contact: &str, pointer: &str| json!([{ "Code": contact }, { "Code": pointer }]);
    let failed = "ConditionalCheckFailed";
    let address = EmailAddress::parse(ANA).unwrap().identity();
    for (contact, pointer, expected) in [
        (failed, "None", Ok(Committed::Stale)),
        (failed, "TransactionConflict", Ok(Committed::Stale)),
        ("None", failed, Ok(Committed::Taken(address))),
        ("None", "TransactionConflict", Err(ErrorClass::Conflict)),
        ("ThrottlingError", "None", Err(ErrorClass::Throttled)),
        ("ValidationError", "None", Err(ErrorClass::Invalid)),
    ] {
        assert_eq!(cancelled(reasons(contact, pointer)).await, expected);
    }
}

#[tokio::test]
async fn a_wake_that_comes_twice_has_one_row_and_the_same_effects_again() {
    let world = World::new().await;
    world.apply([world.signs_up("ana")]).await;
    world.dispatch_queue().await;
    world.apply_queue(&world.inputs).await;
    let wake = world.wakes.take_one();
    assert_eq!(wake.delay, Duration::from_secs(20));
    world.clock.advance(Duration::from_secs(20));
    let bodies = || received([wake.body.clone()]);
    assert_eq!(world.evaluate().batch(&bodies()).await, [] as [&str; 0]);
    let rows = world.timeline("ana").await.len();
    assert_eq!(world.evaluate().batch(&bodies()).await, [] as [&str; 0]);
    assert_eq!(world.timeline("ana").await.len(), rows);
    let asked = world.dispatch.take();
    let [once, again] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(request(once).template, "tips");
    assert_eq!(request(once).send, request(again).send);
    let envelope: wend_core::input::Envelope = serde_json::from_str(&wake.body).unwrap();
    assert!(matches!(envelope.input, Input::Wake(_)));
}
