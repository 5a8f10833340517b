//! Sends: submitted at most once, and never without an end.

use std::time::Duration;

use serde_json::json;
use wend_app::dispatch::Dispatch;
use wend_app::ports::{
    Claim, Clock, Connections, Copies, Ledger, Mailer, Outgoing, Paces, Permissions, Queue,
    ReleaseStore, SetAside, Settled, Submitted, Tallies, Texter,
};
use wend_core::input::{Input, SendOutcome};
use wend_core::permission::Proof;
use wend_core::send::{Outcome, SendRequest, SendState, SkipReason};
use wend_core::time::Timestamp;

use crate::support::meddling::{EvidenceFirst, Meddle, MeddledClaim};
use crate::support::world::{ANA, ana_permission, input, request};
use crate::support::{World, received};

pub fn accepted(provider_id: &str) -> Outcome {
    Outcome::Accepted {
        provider_id: provider_id.to_owned(),
    }
}

pub fn ambiguous() -> Submitted {
    Submitted::Ambiguous {
        reason: "no answer in time".to_owned(),
    }
}

/// Delivers one message; it is acknowledged.
pub async fn deliver<L, M, X, Q, A, R, C, P>(
    dispatch: &Dispatch<L, M, X, Q, A, R, C, P>,
    message: &Outgoing,
) where
    L: Ledger + Copies,
    M: Mailer + Texter,
    X: Connections,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
    P: Paces + Tallies,
{
    let failed = dispatch.batch(&received([message.body.clone()])).await;
    assert_eq!(failed, [] as [&str; 0]);
}

/// The one outcome that was published.
pub fn outcome(world: &World, request: &SendRequest) -> (Timestamp, Outcome) {
    let Input::Outcome(outcome) = input(&world.inputs.take_one()) else {
        panic!("not an outcome")
    };
    let SendOutcome {
        contact,
        enrollment,
        send,
        at,
        outcome,
    } = outcome;
    assert_eq!(
        (contact, enrollment, send),
        (request.contact, request.enrollment, request.send)
    );
    (at, outcome)
}

/// The provider's event about a send.
fn event(kind: &str, request: &SendRequest, provider_id: &str, at: Timestamp) -> String {
    let tags = json!({
        "wend_send": [request.send.to_string()],
        "wend_permission": [ana_permission().to_string()],
    });
    let mail = json!({ "timestamp": at.to_string(), "messageId": provider_id, "tags": tags });
    let bounce = json!({ "bounceType": "Permanent" });
    json!({ "eventType": kind, "mail": mail, "bounce": bounce }).to_string()
}

#[tokio::test]
async fn a_send_is_claimed_submitted_settled_and_its_outcome_published() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let asked = request(&message);
    deliver(&world.dispatcher(), &message).await;
    let (at, end) = outcome(&world, &asked);
    assert_eq!(end, accepted("fake"));
    assert_eq!(world.mailer.sends(), [asked.send]);
    assert_eq!(world.submissions().await, [asked.send]);
    assert_eq!(
        world.send_states().await,
        [SendState::Final { at, outcome: end }]
    );
    assert_eq!(world.dispatch.take(), []);
}

#[tokio::test]
async fn a_second_copy_publishes_the_outcome_again_and_submits_nothing() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    deliver(&world.dispatcher(), &message).await;
    let first = outcome(&world, &request(&message));
    world.clock.advance(Duration::from_secs(30));
    deliver(&world.dispatcher(), &message).await;
    assert_eq!(outcome(&world, &request(&message)), first);
    assert_eq!(world.mailer.sends().len(), 1);
}

#[tokio::test]
async fn two_copies_at_the_same_moment_submit_once() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let copies = received([message.body.clone(), message.body.clone()]);
    assert_eq!(world.dispatcher().batch(&copies).await, [] as [&str; 0]);
    assert_eq!(world.mailer.sends().len(), 1);
    let again = world.dispatch.take_one();
    assert_eq!(again.body, message.body);
    let first = outcome(&world, &request(&message));
    deliver(&world.dispatcher(), &again).await;
    assert_eq!(outcome(&world, &request(&message)), first);
    assert_eq!(world.mailer.sends().len(), 1);
}

#[tokio::test]
async fn an_unsubscribe_between_gate_and_claim_wins() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let meddle = Meddle::UnsubscribeFirst(ana_permission(), world.clock.now());
    let dispatch = world.dispatcher_on(MeddledClaim::new(world.db.clone(), meddle));
    deliver(&dispatch, &message).await;
    assert_eq!(world.inputs.take(), []);
    let again = world.dispatch.take_one();
    assert_eq!(again.delay, Duration::from_secs(1));
    deliver(&dispatch, &again).await;
    let (at, end) = outcome(&world, &request(&message));
    let reason = SkipReason::Unsubscribed;
    assert_eq!(end, Outcome::Skipped { reason });
    assert_eq!(
        world.send_states().await,
        [SendState::Final { at, outcome: end }]
    );
    assert_eq!(world.mailer.sends(), []);
    assert_eq!(world.submissions().await, []);
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_not_submitted() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let ledger = MeddledClaim::new(world.db.clone(), Meddle::LoseAnswer);
    let dispatch = world.dispatcher_on(ledger);
    let copy = received([message.body.clone()]);
    assert_eq!(dispatch.batch(&copy).await, ["delivery-0"]);
    // The owner may live: the copy waits out the function's timeout, then doubts, then closes the doubt.
    deliver(&dispatch, &message).await;
    assert_eq!(world.dispatch.take_one().delay, Duration::from_secs(21));
    world.clock.advance(Duration::from_secs(21));
    deliver(&dispatch, &message).await;
    let at = world.clock.now();
    assert_eq!(
        world.send_states().await,
        [SendState::Unknown { at, tries: 1 }]
    );
    world.dispatch.take_one();
    world.clock.advance(Duration::from_mins(5));
    deliver(&dispatch, &message).await;
    assert_eq!(
        outcome(&world, &request(&message)),
        (world.clock.now(), Outcome::Unknown)
    );
    assert_eq!(world.mailer.sends(), []);
}

#[tokio::test]
async fn evidence_settles_an_unknown_send_as_accepted() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let asked = request(&message);
    world.mailer.answer(ambiguous());
    deliver(&world.dispatcher(), &message).await;
    let submitted_at = world.clock.now();
    assert_eq!(
        world.send_states().await,
        [SendState::Unknown {
            at: submitted_at,
            tries: 1
        }]
    );
    let again = world.dispatch.take_one();
    assert_eq!(
        (again.delay, &again.body),
        (Duration::from_secs(1), &message.body)
    );
    world.clock.advance(again.delay);
    deliver(&world.dispatcher(), &again).await;
    let again = world.dispatch.take_one();
    assert_eq!(again.delay, Duration::from_secs(15));
    let events = ["Send", "Delivery"].map(|kind| event(kind, &asked, "ses-1", submitted_at));
    let failed = world.feedback().batch(&received(events)).await;
    assert_eq!(failed, [] as [&str; 0]);
    world.clock.advance(again.delay);
    deliver(&world.dispatcher(), &again).await;
    assert_eq!(outcome(&world, &asked), (submitted_at, accepted("ses-1")));
    assert_eq!(world.dispatch.take(), []);
    assert_eq!(world.mailer.sends().len(), 1);
}

#[tokio::test]
async fn evidence_that_comes_before_the_answer_stands() {
    let answers = [
        ambiguous(),
        Submitted::Accepted {
            provider_id: "told".to_owned(),
        },
        Submitted::NotTaken {
            reason: "lie".to_owned(),
            retry_after: Duration::from_secs(1),
        },
    ];
    for answer in answers {
        let world = World::new().await;
        let message = world.ana_signs_up().await;
        let asked = request(&message);
        let at = world.clock.now();
        let mailer = EvidenceFirst {
            db: world.db.clone(),
            at,
            answer,
        };
        let queues = (world.inputs.clone(), world.dispatch.clone());
        let dispatch = world.dispatcher_with(world.db.clone(), mailer, queues);
        world.clock.advance(Duration::from_secs(1));
        deliver(&dispatch, &message).await;
        assert_eq!(world.inputs.take(), []);
        deliver(&dispatch, &world.dispatch.take_one()).await;
        assert_eq!(outcome(&world, &asked), (at, accepted("seen")));
        assert_eq!(world.submissions().await, [asked.send]);
    }
}

#[tokio::test]
async fn evidence_that_comes_after_the_end_changes_nothing() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let asked = request(&message);
    deliver(&world.dispatcher(), &message).await;
    let first = outcome(&world, &asked);
    let late = event("Delivery", &asked, "other", world.clock.now());
    world.feedback().batch(&received([late])).await;
    deliver(&world.dispatcher(), &message).await;
    assert_eq!(outcome(&world, &asked), first);
}

#[tokio::test]
async fn a_send_that_somebody_claimed_is_neither_claimed_nor_skipped() {
    let world = World::new().await;
    let asked = request(&world.ana_signs_up().await);
    let at = world.clock.now();
    let mut settled = Vec::new();
    for _ in 0..2 {
        // Each with the newest permission row, so that only the send row stands in the way.
        let permission = world.db.permission(ana_permission()).await.unwrap();
        let claim = Claim {
            request: &asked,
            permission: ana_permission(),
            permission_rev: permission.rev,
            recent: permission.recent,
            from: None,
            at,
        };
        settled.push(world.db.claim(claim).await.unwrap());
    }
    let reason = SkipReason::Expired;
    let skipped = SendState::Final {
        at,
        outcome: Outcome::Skipped { reason },
    };
    settled.push(world.db.skip(&asked, &skipped).await.unwrap());
    assert_eq!(settled, [Settled::Done, Settled::Lost, Settled::Lost]);
    assert_eq!(
        world.send_states().await,
        [SendState::Submitting { at, tries: 1 }]
    );
}

#[tokio::test]
async fn an_unknown_send_without_evidence_closes_as_unknown_after_its_window() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let asked = request(&message);
    world.mailer.answer(ambiguous());
    deliver(&world.dispatcher(), &message).await;
    let doubted_at = world.clock.now();
    let closed_at = doubted_at.plus(Duration::from_mins(5));
    while world.clock.now() < closed_at {
        assert_eq!(world.inputs.take(), []);
        let again = world.dispatch.take_one();
        world.clock.advance(again.delay);
        deliver(&world.dispatcher(), &again).await;
    }
    assert_eq!(world.clock.now(), closed_at);
    assert_eq!(outcome(&world, &asked), (closed_at, Outcome::Unknown));
    assert_eq!(world.dispatch.take(), []);
    assert_eq!(world.mailer.sends().len(), 1);
    // What was perhaps sent counts.
    assert_eq!(world.submissions().await, [asked.send]);
    // Evidence that comes later still sets the ledger right.
    let late = event("Delivery", &asked, "ses-1", closed_at);
    world.feedback().batch(&received([late])).await;
    let settled = SendState::Final {
        at: closed_at,
        outcome: accepted("ses-1"),
    };
    assert_eq!(world.send_states().await, [settled]);
}

#[tokio::test]
async fn a_throttled_send_is_held_and_tried_again() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let asked = request(&message);
    let retry_after = Duration::from_secs(2);
    world.mailer.answer(Submitted::NotTaken {
        reason: "too fast".to_owned(),
        retry_after,
    });
    deliver(&world.dispatcher(), &message).await;
    let at = world.clock.now();
    assert_eq!(world.send_states().await, [SendState::Held { at }]);
    assert_eq!(world.submissions().await, []);
    assert_eq!(world.inputs.take(), []);
    let again = world.dispatch.take_one();
    assert_eq!(again.delay, retry_after);
    world.clock.advance(retry_after);
    deliver(&world.dispatcher(), &again).await;
    assert_eq!(
        outcome(&world, &asked),
        (world.clock.now(), accepted("fake"))
    );
    assert_eq!(world.submissions().await, [asked.send]);
    assert_eq!(world.mailer.sends(), [asked.send; 2]);
}

#[tokio::test]
async fn a_held_send_whose_reader_unsubscribes_is_skipped() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let asked = request(&message);
    world.mailer.answer(Submitted::NotTaken {
        reason: "too fast".to_owned(),
        retry_after: Duration::from_secs(2),
    });
    deliver(&world.dispatcher(), &message).await;
    let (permission, now) = (ana_permission(), world.clock.now());
    world
        .db
        .unsubscribe(permission, &Proof::by_link("link", asked.send), now)
        .await
        .unwrap();
    deliver(&world.dispatcher(), &world.dispatch.take_one()).await;
    let reason = SkipReason::Unsubscribed;
    assert_eq!(outcome(&world, &asked).1, Outcome::Skipped { reason });
    assert_eq!(world.mailer.sends().len(), 1);
}

/// Delivers the copies of a newcomer's message that has no address until its outcome is published; `tell` is called before each.
async fn wait_for_news(world: &World, tell: impl AsyncFn(usize)) -> (Outcome, Vec<u64>) {
    let signs_up = json!({ "type": "track", "event": "signed_up", "userId": "ana" });
    world.apply([world.event(signs_up)]).await;
    let first = world.dispatch.take_one();
    let (mut message, mut pauses) = (first.clone(), Vec::new());
    loop {
        deliver(&world.dispatcher(), &message).await;
        let copies = world.dispatch.take();
        let [copy] = copies.as_slice() else { break };
        pauses.push(copy.delay.as_secs());
        world.clock.advance(copy.delay);
        tell(pauses.len()).await;
        message = copy.clone();
    }
    (outcome(world, &request(&first)).1, pauses)
}

#[tokio::test]
async fn an_address_that_comes_after_the_event_is_waited_for() {
    let world = World::new().await;
    let identify = async |looks| {
        if looks == 4 {
            let traits = json!({ "email": ANA, "first_name": "Ana", "subscribed": ["news"] });
            let names = json!({ "type": "identify", "userId": "ana", "traits": traits });
            world.apply([world.event(names)]).await;
        }
    };
    let (end, pauses) = wait_for_news(&world, identify).await;
    assert_eq!((end, pauses), (accepted("fake"), vec![5, 5, 10, 20]));
    assert_eq!(world.mailer.sends().len(), 1);
}

#[tokio::test]
async fn an_address_that_never_comes_is_not_waited_for_for_ever() {
    let world = World::new().await;
    let (end, pauses) = wait_for_news(&world, async |_| {}).await;
    let reason = SkipReason::NoAddress;
    assert_eq!(end, Outcome::Skipped { reason });
    // Longer than a killed batch stays hidden, at growing intervals.
    assert_eq!(pauses, [5, 5, 10, 20, 40, 60, 60]);
    assert_eq!(world.mailer.sends(), []);
}

#[tokio::test]
async fn a_rejected_send_is_final() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let reason = "MessageRejected".to_owned();
    let answer = reason.clone();
    world.mailer.answer(Submitted::Rejected { reason: answer });
    deliver(&world.dispatcher(), &message).await;
    let (_, end) = outcome(&world, &request(&message));
    assert_eq!(end, Outcome::Rejected { reason });
    assert_eq!(world.dispatch.take(), []);
}

#[tokio::test]
async fn an_outcome_that_could_not_be_published_is_published_by_the_redelivery() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    world.inputs.fail_once();
    let copy = received([message.body.clone()]);
    assert_eq!(world.dispatcher().batch(&copy).await, ["delivery-0"]);
    assert_eq!(world.inputs.take(), []);
    deliver(&world.dispatcher(), &message).await;
    assert_eq!(outcome(&world, &request(&message)).1, accepted("fake"));
    assert_eq!(world.mailer.sends().len(), 1);
}

#[tokio::test]
async fn a_hard_bounce_closes_the_address_for_the_next_message() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let asked = request(&message);
    deliver(&world.dispatcher(), &message).await;
    let bounce = event("Bounce", &asked, "fake", world.clock.now());
    let failed = world.feedback().batch(&received([bounce])).await;
    assert_eq!(failed, [] as [&str; 0]);
    world.apply_queue(&world.inputs).await;
    world.clock.advance(Duration::from_secs(20));
    world.apply_queue(&world.wakes).await;
    let tips = world.dispatch.take_one();
    deliver(&world.dispatcher(), &tips).await;
    let reason = SkipReason::Suppressed;
    assert_eq!(
        outcome(&world, &request(&tips)).1,
        Outcome::Skipped { reason }
    );
    assert_eq!(world.mailer.steps(), ["hello"]);
}

#[tokio::test]
async fn what_is_no_send_request_is_set_aside_and_blocks_nobody() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let bodies = ["{}".to_owned(), message.body.clone()];
    let failed = world.dispatcher().batch(&received(bodies)).await;
    assert_eq!(failed, [] as [&str; 0]);
    assert_eq!(outcome(&world, &request(&message)).1, accepted("fake"));
    let reason = "not a task: expected value at line 1 column 2".to_owned();
    assert_eq!(world.aside.all(), [("{}".to_owned(), reason)]);
}

#[tokio::test]
async fn a_backlog_beyond_the_rate_is_sent_at_the_rate() {
    let world = World::new().await;
    let users = (0..60).map(|n| format!("user{n}"));
    let signups: Vec<_> = users.map(|user| world.signs_up(&user)).collect();
    world.apply(signups).await;
    let dispatch = Dispatch {
        pace: world.pace(1),
        ..world.dispatcher()
    };
    let start = world.clock.now();
    let mut backlog = world.dispatch.take();
    // The queue: whoever is due is delivered, in batches of ten.
    let mut waiting: Vec<(Timestamp, Outgoing)> =
        backlog.drain(..).map(|message| (start, message)).collect();
    while !waiting.is_empty() {
        waiting.sort_by_key(|(due_at, _)| *due_at);
        let next_at = waiting[0].0;
        world.clock.advance(next_at.since(world.clock.now()));
        let due = waiting.partition_point(|(due_at, _)| *due_at <= next_at.max(world.clock.now()));
        let batch = waiting.drain(..due.min(10));
        let bodies = batch.map(|(_, message)| message.body);
        let bodies = received(bodies.collect::<Vec<_>>());
        assert_eq!(dispatch.batch(&bodies).await, [] as [&str; 0]);
        let now = world.clock.now();
        let again = world.dispatch.take().into_iter();
        waiting.extend(again.map(|message| (now.plus(message.delay), message)));
        assert!(now.since(start) < Duration::from_mins(3), "nothing moves");
    }
    assert_eq!(world.mailer.sends().len(), 60);
    assert!(world.clock.now().since(start) >= Duration::from_secs(59));
}
