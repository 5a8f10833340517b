//! How fast messages go: what all dispatchers share.

use std::time::Duration;

use wend_app::dispatch::Dispatch;
use wend_app::ports::{Clock, Outgoing, PaceKey, Paces, Stepped, Submitted};
use wend_core::enrollment::HoldReason;
use wend_core::identity::Channel;
use wend_core::input::Input;
use wend_core::pace::{Account, Pace, Rate};
use wend_core::time::Timestamp;

use super::dispatch::deliver;
use crate::support::world::{WELCOME, input};
use crate::support::{World, received};

const EMAIL: PaceKey = PaceKey::Channel(Channel::Email);

/// Signs so many up and asks for their first mails.
async fn sign_up(world: &World, count: usize) -> Vec<Outgoing> {
    let users = (0..count).map(|n| format!("user{n}"));
    let signups: Vec<_> = users.map(|user| world.signs_up(&user)).collect();
    for batch in signups.chunks(20) {
        world.apply(batch.to_vec()).await;
    }
    world.dispatch.take()
}

/// Delivers the messages in batches of ten until nobody waits, each batch to another one of two dispatchers; how long it took.
async fn send_all(world: &World, messages: Vec<Outgoing>, per_second: u32) -> Duration {
    let dispatcher = || Dispatch {
        pace: world.pace(per_second),
        ..world.dispatcher()
    };
    let dispatchers = [dispatcher(), dispatcher()];
    let start = world.clock.now();
    let arrived = |message| (start, message);
    let mut waiting: Vec<(Timestamp, Outgoing)> = messages.into_iter().map(arrived).collect();
    for turn in 0.. {
        waiting.sort_by_key(|(due_at, _)| *due_at);
        let Some((next_at, _)) = waiting.first() else {
            break;
        };
        world.clock.advance(next_at.since(world.clock.now()));
        let now = world.clock.now();
        let due = waiting.partition_point(|(due_at, _)| *due_at <= now);
        let batch = waiting.drain(..due.min(10));
        let bodies: Vec<_> = batch.map(|(_, message)| message.body).collect();
        let failed = dispatchers[turn % 2].batch(&received(bodies)).await;
        assert_eq!(failed, [] as [&str; 0]);
        let now = world.clock.now();
        let again = world.dispatch.take().into_iter();
        waiting.extend(again.map(|message| (now.plus(message.delay), message)));
        assert!(now.since(start) < Duration::from_mins(3), "nothing moves");
    }
    world.clock.now().since(start)
}

#[tokio::test]
async fn dispatchers_share_one_rate() {
    let world = World::new().await;
    let messages = sign_up(&world, 60).await;
    let took = send_all(&world, messages, 5).await;
    assert_eq!(world.mailer.sends().len(), 60);
    assert!((11..20).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test]
async fn a_journeys_pace_holds_all_dispatchers() {
    let paced = WELCOME.replace(
        "topic: news\n",
        "topic: news\nsending: { pace: 2 per second }\n",
    );
    let world = World::with(&paced).await;
    let messages = sign_up(&world, 40).await;
    let took = send_all(&world, messages, 1000).await;
    assert_eq!(world.mailer.sends().len(), 40);
    assert!((19..30).contains(&took.as_secs()), "{took:?}");
    let key = PaceKey::Journey("welcome".to_owned());
    assert_eq!(world.db.pace(&key).await.unwrap().handed, 40);
}

#[tokio::test]
async fn a_steps_pace_comes_before_its_journeys() {
    let paced = WELCOME.replace("email: hello }", "email: hello, pace: 60 per minute }");
    let world = World::with(&paced).await;
    let messages = sign_up(&world, 10).await;
    let took = send_all(&world, messages, 1000).await;
    assert!((9..15).contains(&took.as_secs()), "{took:?}");
    let key = PaceKey::Step("welcome".to_owned(), "hello".to_owned());
    assert_eq!(world.db.pace(&key).await.unwrap().handed, 10);
}

#[tokio::test]
async fn marketing_beyond_its_part_of_the_daily_quota_goes_back_to_its_run() {
    let world = World::new().await;
    let messages = sign_up(&world, 15).await;
    let account = Account {
        rate: Rate::per(1000, 1),
        per_day: Some(20),
        sent: 10,
    };
    let now = world.clock.now();
    let asking = Pace::default().asking(now).unwrap();
    let Stepped::Done(row) = world.db.know(&EMAIL, 0, &asking).await.unwrap() else {
        panic!("refused");
    };
    let known = row.learnt(account, now);
    world.db.know(&EMAIL, 1, &known).await.unwrap();
    send_all(&world, messages, 1000).await;
    // One of twenty is kept for what is not marketing.
    assert_eq!(world.mailer.sends().len(), 9);
    let inputs = world.inputs.take();
    let held = inputs.iter().filter(
        |message| matches!(input(message), Input::Held(held) if held.why == HoldReason::Quota),
    );
    assert_eq!(held.count(), 6);
}

#[tokio::test]
async fn a_throttled_dispatcher_slows_them_all() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let (reason, retry_after) = ("too fast".to_owned(), Duration::from_secs(2));
    world.mailer.answer(Submitted::Throttled {
        reason,
        retry_after,
    });
    deliver(&world.dispatcher(), &message).await;
    let row = world.db.pace(&EMAIL).await.unwrap();
    let ceiling = Some(Rate::per(100, 1));
    assert_eq!(row.rate(world.clock.now(), ceiling), Rate::per(50, 1));
    let again = world.dispatch.take_one();
    assert_eq!(again.delay, retry_after);
    world.clock.advance(retry_after);
    deliver(&world.dispatcher(), &again).await;
    assert_eq!(world.mailer.sends().len(), 2);
}
