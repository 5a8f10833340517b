//! What somebody waits for goes at once, however much marketing waits.

use std::time::Duration;

use futures_util::future::join3;
use wend_core::pace::Rate;
use wend_core::time::Timestamp;

use super::World;
use super::shop::{does, shop};
use crate::dispatch::{Ceilings, Pacing};
use crate::memory::{MemoryQueue, run};
use crate::ports::{Clock, Outgoing};

/// The rate, for as long as the test looks.
const PER_SECOND: u32 = 50;
const LENGTH: Duration = Duration::from_secs(20);
/// Real messages: more than the rate lets go meanwhile. Behind them the queue is full of what nobody gets to.
const REAL: usize = 1100;
const WAITING: usize = 1_000_000;
/// Time between two messages that somebody waits for.
const URGENT_EVERY: Duration = Duration::from_millis(700);
/// How often a sandbox looks into its queue.
const POLL: Duration = Duration::from_millis(20);

/// A sandbox of `dispatch` on one queue.
async fn reads(world: &World, queue: &MemoryQueue, until: Timestamp) {
    while world.now() < until {
        let batch = queue.receive(super::BATCH);
        if batch.is_empty() {
            world.parts.clock.sleep(POLL).await;
        }
        let failed = world.dispatch.batch(&batch).await;
        queue.acknowledge(&batch, &failed);
    }
}

/// Somebody orders now and then, and `evaluate` works on whatever comes in.
async fn orders(world: &World, until: Timestamp) -> Vec<Timestamp> {
    let mut ordered = Vec::new();
    while world.now() < until {
        does(world, &format!("buyer{}", ordered.len()), "order");
        ordered.push(world.now());
        let next = world.now().plus(URGENT_EVERY);
        while world.now() < next {
            let batch = world.parts.inputs.receive(super::BATCH);
            let failed = world.evaluate.batch(&batch).await;
            world.parts.inputs.acknowledge(&batch, &failed);
            world.parts.clock.sleep(POLL).await;
        }
    }
    ordered
}

#[test]
fn an_order_is_confirmed_within_two_seconds_while_a_million_marketing_messages_wait() {
    let mut world = shop("", "");
    let rate = Some(Rate::per(PER_SECOND, 1));
    let ceilings = Ceilings {
        email: rate,
        sms: rate,
    };
    world.dispatch.pace = Pacing::new(world.store().clone(), ceilings);
    for number in 0..REAL {
        does(&world, &format!("reader{number}"), "sale");
    }
    loop {
        let batch = world.parts.inputs.receive(super::BATCH);
        if batch.is_empty() {
            break;
        }
        let failed = run(&world.parts.clock, world.evaluate.batch(&batch)).unwrap();
        world.parts.inputs.acknowledge(&batch, &failed);
    }
    let behind = vec![Outgoing::now("behind them".to_owned()); WAITING - REAL];
    world.parts.marketing.put(behind).unwrap();
    assert_eq!(
        world.queues().len(),
        WAITING,
        "each sale waits with marketing"
    );

    let until = world.now().plus(LENGTH);
    let two = async {
        let sandboxes = [(); 2].map(|()| reads(&world, &world.parts.marketing, until));
        futures_util::future::join_all(sandboxes).await
    };
    let served = join3(
        two,
        reads(&world, &world.parts.sends, until),
        orders(&world, until),
    );
    let (_, (), ordered) = run(&world.parts.clock, served).unwrap();

    assert_eq!(
        world.queues().dead_letters(),
        [],
        "nobody has got behind them"
    );
    let mails = world.mailbox().sent_from(0);
    let (orders, sales): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.journey == "order");
    // All but what was ordered in the last moments.
    assert!(
        orders.len() + 3 >= ordered.len() && orders.len() > 20,
        "{}",
        orders.len()
    );
    let waits = ordered
        .iter()
        .zip(&orders)
        .map(|(at, mail)| mail.at.since(*at));
    let longest = waits.max().unwrap();
    println!(
        "{} sales, {} orders, the longest wait {longest:?}",
        sales.len(),
        orders.len()
    );
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    let most = usize::try_from(u64::from(PER_SECOND) * LENGTH.as_secs()).unwrap();
    assert!(
        sales.len() * 10 > most * 9,
        "marketing takes the rest of the rate: {}",
        sales.len()
    );
}
