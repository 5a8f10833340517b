//! Waits that are too long for a queue.

use std::time::Duration;

use wend_app::ports::{Clock, Watermark};
use wend_app::sweep::Swept;
use wend_core::input::{Input, Wake};
use wend_core::time::Timestamp;

use crate::support::World;
use crate::support::world::{input, request, user_key};

fn swept(wakes: usize, latest: Duration) -> Swept {
    Swept { wakes, latest }
}

#[tokio::test]
async fn a_far_wait_is_found_by_one_sweep_and_comes_to_the_second() {
    let world = World::new().await;
    world.ana_rests().await;
    let due_at = world.clock.now().plus(Duration::from_hours(2));
    assert_eq!(world.wakes.take(), []);
    world.clock.advance(Duration::from_mins(105));
    assert_eq!(world.sweep().run().await.unwrap(), Swept::default());
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(world.sweep().run().await.unwrap(), swept(1, Duration::ZERO));
    let message = world.wakes.take_one();
    let contact = user_key("ana");
    assert_eq!(input(&message), Input::Wake(Wake { contact, due_at }));
    assert_eq!(message.delay, Duration::from_mins(5));
    // The watermark stands beyond it.
    assert_eq!(world.sweep().run().await.unwrap(), Swept::default());
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(world.sweep().run().await.unwrap(), Swept::default());
    world
        .apply([serde_json::from_str(&message.body).unwrap()])
        .await;
    assert_eq!(request(&world.dispatch.take_one()).template, "more");
    assert_eq!(world.contact("ana").await.unwrap().due_at, None);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(world.sweep().run().await.unwrap(), Swept::default());
}

#[tokio::test]
async fn a_wake_that_is_overdue_is_sent_again() {
    let world = World::new().await;
    world.ana_rests().await;
    world.clock.advance(Duration::from_mins(115));
    world.sweep().run().await.unwrap();
    // It is lost.
    world.wakes.take_one();
    world.clock.advance(Duration::from_mins(9));
    assert_eq!(world.sweep().run().await.unwrap(), Swept::default());
    world.clock.advance(Duration::from_mins(1));
    let again = world.sweep().run().await.unwrap();
    assert_eq!(again, swept(1, Duration::from_mins(5)));
    assert_eq!(world.wakes.take_one().delay, Duration::ZERO);
}

#[tokio::test]
async fn a_sweep_that_fails_in_the_middle_moves_no_watermark() {
    let world = World::new().await;
    world.ana_rests().await;
    world.clock.advance(Duration::from_mins(115));
    world.wakes.fail_once();
    assert!(world.sweep().run().await.is_err());
    assert_eq!(world.sweep().run().await.unwrap(), swept(1, Duration::ZERO));
}

#[tokio::test]
async fn a_sweep_that_comes_late_moves_the_watermark_nowhere() {
    let world = World::new().await;
    assert_eq!(world.db.read().await.unwrap(), Timestamp::default());
    let (early, late) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
    for to in [late, early, late] {
        world.db.advance(to).await.unwrap();
        assert_eq!(world.db.read().await.unwrap(), late);
    }
}
