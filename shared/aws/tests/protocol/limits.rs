//! Caps, quiet hours, the provider's quota and doubt: when a message goes that may not go now.

use std::time::Duration;

use serde_json::json;
use wend_app::operate::{Operation, operate};
use wend_app::ports::{Permissions, Submitted};
use wend_core::enrollment::{HoldReason, State};
use wend_core::input::{Envelope, Input, SendHeld};
use wend_core::permission::Frequency;
use wend_core::send::{Outcome, SendState, SkipReason};
use wend_core::time::Timestamp;

use super::dispatch::{accepted, ambiguous, deliver, outcome};
use crate::support::world::{ANA, ana_permission, input, request};
use crate::support::{World, received};

const ONE_A_DAY: &str = "  caps: [ { channel: email, max: 1, per: day } ]\n";

/// `signed_up` of somebody who has ana's address.
fn shares_anas_address(world: &World, user: &str) -> Envelope {
    let traits = json!({ "email": ANA, "first_name": "Bo", "subscribed": ["news"] });
    world.event(json!({
        "type": "track", "event": "signed_up", "userId": user, "context": { "traits": traits },
    }))
}

/// What was given back, and is applied.
async fn given_back(world: &World) -> SendHeld {
    let message = world.inputs.take_one();
    let Input::Held(held) = input(&message) else {
        panic!("not a held message")
    };
    let messages = received([message.body]);
    assert_eq!(world.evaluate().batch(&messages).await, [] as [&str; 0]);
    held
}

/// Lets time go by until a contact is due, and wakes it.
async fn wake(world: &World, user: &str) {
    let due_at = world.contact(user).await.unwrap().due_at.unwrap();
    world
        .clock
        .advance(due_at.since(wend_app::ports::Clock::now(&world.clock)));
    let failed = world.sweep().run().await;
    failed.unwrap();
    world.apply_queue(&world.wakes).await;
}

#[tokio::test]
async fn two_contacts_with_one_address_share_its_cap() {
    let world = World::sending(ONE_A_DAY, "assume_sent").await;
    world.apply([world.signs_up("ana")]).await;
    world.apply([shares_anas_address(&world, "bo")]).await;
    let [ana, bo] = <[_; 2]>::try_from(world.dispatch.take()).unwrap();
    let copies = received([ana.body.clone(), bo.body.clone()]);
    assert_eq!(world.dispatcher().batch(&copies).await, [] as [&str; 0]);
    assert_eq!(
        world.mailer.sends().len(),
        1,
        "one claim is lost, whoever's"
    );
    let late = world.dispatch.take_one();
    world.inputs.take_one();
    world.clock.advance(late.delay);
    deliver(&world.dispatcher(), &late).await;
    let held = given_back(&world).await;
    let midnight = Timestamp::parse("2026-03-02T00:00:00Z").unwrap();
    assert_eq!((held.until, held.why), (midnight, HoldReason::Cap));
    let user = if late.body == ana.body { "ana" } else { "bo" };
    let run = &world.contact(user).await.unwrap().enrollments[0];
    let is_held = matches!(run.state, State::Held { send, .. } if send == Some(held.request.send));
    assert!(is_held, "{:?}", run.state);
    wake(&world, user).await;
    let again = world.dispatch.take_one();
    assert_eq!(
        request(&again).send,
        held.request.send,
        "it is the same message"
    );
    deliver(&world.dispatcher(), &again).await;
    assert_eq!(outcome(&world, &request(&again)).1, accepted("fake"));
}

#[tokio::test]
async fn who_wants_one_mail_a_week_gets_no_second_one_whoever_sends_it() {
    let world = World::new().await;
    let address = ana_permission();
    let now = wend_app::ports::Clock::now(&world.clock);
    let weekly = Some(Frequency::Weekly);
    world
        .db
        .limit_frequency(address, weekly, now)
        .await
        .unwrap();
    world.apply([world.signs_up("ana")]).await;
    world.dispatch_queue().await;
    world.inputs.take_one();
    world.apply([shares_anas_address(&world, "bo")]).await;
    let message = world.dispatch.take_one();
    deliver(&world.dispatcher(), &message).await;
    // It would be too old by the time at which it could go.
    let held = given_back(&world).await;
    assert_eq!(
        (held.until, held.why),
        (held.request.expires_at, HoldReason::Cap)
    );
    assert_eq!(world.mailer.sends().len(), 1);
    world
        .db
        .limit_frequency(address, None, now.plus(Duration::from_millis(1)))
        .await
        .unwrap();
    let again = received([message.body]);
    assert_eq!(world.dispatcher().batch(&again).await, [] as [&str; 0]);
    assert_eq!(world.mailer.sends().len(), 1, "its run holds it");
}

#[tokio::test]
async fn a_copy_of_a_request_that_was_given_back_is_not_needed_any_more() {
    let world = World::sending(ONE_A_DAY, "assume_sent").await;
    world.apply([shares_anas_address(&world, "bo")]).await;
    world.dispatch_queue().await;
    world.inputs.take_one();
    let message = world.ana_signs_up().await;
    deliver(&world.dispatcher(), &message).await;
    given_back(&world).await;
    deliver(&world.dispatcher(), &message).await;
    assert_eq!(
        (world.inputs.take(), world.dispatch.take()),
        (vec![], vec![])
    );
    assert_eq!(world.mailer.sends().len(), 1);
}

#[tokio::test]
async fn a_message_that_was_given_back_and_is_not_wanted_any_more_has_an_end() {
    let world = World::sending(ONE_A_DAY, "assume_sent").await;
    world.apply([shares_anas_address(&world, "bo")]).await;
    world.dispatch_queue().await;
    world.inputs.take_one();
    let message = world.ana_signs_up().await;
    deliver(&world.dispatcher(), &message).await;
    let held = given_back(&world).await;
    let stop = Operation::Stop("welcome".to_owned());
    operate(&world.db, &world.clock, &stop).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    world.apply([world.views("ana")]).await;
    let last = world.dispatch.take_one();
    assert_eq!(request(&last).send, held.request.send);
    deliver(&world.dispatcher(), &last).await;
    let end = outcome(&world, &request(&last)).1;
    let reason = SkipReason::NotEnrolled;
    assert_eq!(end, Outcome::Skipped { reason });
}

#[tokio::test]
async fn quiet_hours_that_begin_while_a_message_is_queued_hold_it() {
    let world = World::sending("  quiet_hours: { email: 08:05-20:00 }\n", "assume_sent").await;
    let message = world.ana_signs_up().await;
    world.clock.advance(Duration::from_mins(6));
    deliver(&world.dispatcher(), &message).await;
    let held = given_back(&world).await;
    let evening = Timestamp::parse("2026-03-01T20:00:00Z").unwrap();
    assert_eq!((held.until, held.why), (evening, HoldReason::QuietHours));
    assert_eq!(world.mailer.sends(), []);
    wake(&world, "ana").await;
    world.dispatch_queue().await;
    assert_eq!(world.mailer.sends(), [held.request.send]);
}

#[tokio::test]
async fn a_doubtful_message_is_tried_once_more_where_its_template_says_so() {
    for (second, end) in [
        (None, accepted("fake")),
        (Some(ambiguous()), Outcome::Unknown),
        (Some(rejected()), Outcome::Unknown),
    ] {
        let world = World::sending("  caps: []\n", "retry_once").await;
        let message = world.ana_signs_up().await;
        world.mailer.answer(ambiguous());
        if let Some(answer) = second {
            world.mailer.answer(answer);
        }
        deliver(&world.dispatcher(), &message).await;
        for _ in 0..3 {
            world.dispatch.take();
            world.clock.advance(Duration::from_mins(5));
            deliver(&world.dispatcher(), &message).await;
        }
        let outcomes = world.inputs.take();
        let last = outcomes.last().map(input);
        let Some(Input::Outcome(over)) = last else {
            panic!("no outcome: {last:?}")
        };
        assert_eq!(over.outcome, end);
        let send = request(&message).send;
        assert_eq!(world.mailer.sends(), [send, send], "never a third time");
    }
}

fn rejected() -> Submitted {
    let reason = "no such address".to_owned();
    Submitted::Rejected { reason }
}

#[tokio::test]
async fn a_second_try_that_was_not_taken_is_not_counted_as_one() {
    let world = World::sending("  caps: []\n", "retry_once").await;
    let message = world.ana_signs_up().await;
    world.mailer.answer(ambiguous());
    world.mailer.answer(Submitted::NotTaken {
        reason: "throttled".to_owned(),
        retry_after: Duration::from_secs(2),
    });
    for _ in 0..4 {
        deliver(&world.dispatcher(), &message).await;
        world.clock.advance(Duration::from_mins(5));
    }
    assert_eq!(world.mailer.sends().len(), 3);
    assert!(matches!(
        world.send_states().await[..],
        [SendState::Final {
            outcome: Outcome::Accepted { .. },
            ..
        }]
    ));
}

#[tokio::test]
async fn a_daily_quota_that_is_used_up_is_asked_once_a_quarter_of_an_hour() {
    let world = World::new().await;
    let dispatch = world.dispatcher();
    let users: Vec<String> = (0..5).map(|n| format!("user{n}")).collect();
    world
        .apply(users.iter().map(|user| world.signs_up(user)))
        .await;
    let messages: Vec<_> = world.dispatch.take();
    let reason = "Daily message quota exceeded".to_owned();
    world.mailer.answer(Submitted::QuotaUsedUp { reason });
    deliver(&dispatch, &messages[0]).await;
    let late = world.dispatch.take_one();
    assert_eq!(late.body, messages[0].body);
    for message in &messages {
        deliver(&dispatch, message).await;
    }
    assert_eq!(
        world.mailer.sends().len(),
        1,
        "nobody asks the provider again"
    );
    let backs = world.inputs.take();
    assert_eq!(backs.len(), 5, "each waits at its contact");
    let now = wend_app::ports::Clock::now(&world.clock);
    let mut untils = Vec::new();
    for back in &backs {
        let Input::Held(held) = input(back) else {
            panic!("not held")
        };
        assert_eq!(held.why, HoldReason::Quota);
        untils.push(held.until.since(now));
    }
    untils.sort_unstable();
    untils.dedup();
    assert_eq!(untils.len(), 5, "each at its own time");
    let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
    assert!(
        untils.iter().all(|wait| (hour..=day).contains(wait)),
        "{untils:?}"
    );
    assert_eq!(
        world.submissions().await,
        [],
        "what was not taken does not count"
    );
    world.clock.advance(Duration::from_mins(15));
    world.apply([world.signs_up("ana")]).await;
    deliver(&dispatch, &world.dispatch.take_one()).await;
    assert_eq!(world.mailer.sends().len(), 2);
}
