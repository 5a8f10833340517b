//! What operators forbid is not sent.

use std::time::Duration;

use wend_app::erase::erase;
use wend_app::operate::{Operation, in_force_after, operate};
use wend_app::ports::Clock;
use wend_core::enrollment::HoldReason;
use wend_core::identity::Channel;
use wend_core::input::Input;
use wend_core::release::{Halt, Resume};
use wend_core::send::{Outcome, SkipReason};

use super::dispatch::{accepted, deliver, outcome};
use crate::support::meddling::{Meddle, MeddledClaim};
use crate::support::world::{SECRET, TIMES, input, request, user_key};
use crate::support::{World, received};

/// An operator does something, and it is in force.
async fn operates(world: &World, operation: Operation) {
    operate(&world.db, &world.clock, &operation).await.unwrap();
    world.clock.advance(in_force_after(TIMES.function_timeout));
}

fn skipped(reason: SkipReason) -> Outcome {
    Outcome::Skipped { reason }
}

#[tokio::test]
async fn a_halt_skips_what_comes_due_until_it_is_lifted() {
    for halt in [Halt::Everything, Halt::Channel(Channel::Email)] {
        let world = World::new().await;
        let dispatch = world.dispatcher();
        let message = world.ana_signs_up().await;
        operates(&world, Operation::Halt(halt)).await;
        deliver(&dispatch, &message).await;
        let end = outcome(&world, &request(&message)).1;
        assert_eq!(end, skipped(SkipReason::Halted));
        operates(&world, Operation::Lift(halt)).await;
        world.apply([world.signs_up("bo")]).await;
        let message = world.dispatch.take_one();
        deliver(&dispatch, &message).await;
        assert_eq!(outcome(&world, &request(&message)).1, accepted("fake"));
    }
}

#[tokio::test]
async fn a_halt_of_another_channel_halts_nothing() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    operates(&world, Operation::Halt(Halt::Channel(Channel::Sms))).await;
    deliver(&world.dispatcher(), &message).await;
    assert_eq!(outcome(&world, &request(&message)).1, accepted("fake"));
}

#[tokio::test]
async fn a_message_of_a_paused_journey_waits_for_its_end() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    operates(&world, Operation::Pause("welcome".to_owned())).await;
    deliver(&world.dispatcher(), &message).await;
    let back = world.inputs.take_one();
    let Input::Held(held) = input(&back) else {
        panic!("not held")
    };
    assert_eq!(held.why, HoldReason::Paused);
    let back = received([back.body]);
    assert_eq!(world.evaluate().batch(&back).await, [] as [&str; 0]);
    world.clock.advance(Duration::from_secs(30));
    world.apply_queue(&world.wakes).await;
    assert_eq!(
        (world.dispatch.take(), world.mailer.sends()),
        (vec![], vec![])
    );
    let resume = Operation::Resume("welcome".to_owned(), Resume::AsIfRunning);
    operates(&world, resume).await;
    world.apply([world.views("ana")]).await;
    world.dispatch_queue().await;
    assert_eq!(world.mailer.sends(), [held.request.send]);
}

#[tokio::test]
async fn a_stopped_journey_sends_nothing_and_lets_everybody_out() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    operates(&world, Operation::Stop("welcome".to_owned())).await;
    deliver(&world.dispatcher(), &message).await;
    let end = outcome(&world, &request(&message)).1;
    assert_eq!(end, skipped(SkipReason::NotEnrolled));
    world
        .apply([world.views("ana"), world.signs_up("bo")])
        .await;
    assert_eq!(world.contact("ana").await.unwrap().enrollments, []);
    assert_eq!(world.contact("bo").await.unwrap().enrollments, []);
    operates(&world, Operation::Start("welcome".to_owned())).await;
    world.apply([world.signs_up("cy")]).await;
    assert_eq!(world.contact("cy").await.unwrap().enrollments.len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_to_who_was_erased() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let contacts = world.db.contacts(SECRET);
    let at = world.clock.now();
    for expected in [true, true] {
        let erased = erase(&contacts, &world.db, &SECRET, user_key("ana"), at)
            .await
            .unwrap();
        assert_eq!(erased, expected, "also a second time");
    }
    assert!(
        !erase(&contacts, &world.db, &SECRET, user_key("nobody"), at)
            .await
            .unwrap()
    );
    world.clock.advance(Duration::from_mins(5));
    deliver(&world.dispatcher(), &message).await;
    let end = outcome(&world, &request(&message)).1;
    assert_eq!(end, skipped(SkipReason::NoContact));
    assert_eq!(world.contact("ana").await, None);
}

#[tokio::test]
async fn an_erasure_between_gate_and_claim_wins() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let meddle = Meddle::EraseFirst(user_key("ana"), world.clock.now());
    let dispatch = world.dispatcher_on(MeddledClaim::new(world.db.clone(), meddle));
    deliver(&dispatch, &message).await;
    assert_eq!(
        (world.inputs.take(), world.mailer.sends()),
        (vec![], vec![])
    );
    let again = world.dispatch.take_one();
    world.clock.advance(Duration::from_mins(5));
    deliver(&dispatch, &again).await;
    let end = outcome(&world, &request(&message)).1;
    assert_eq!(end, skipped(SkipReason::NoContact));
}
