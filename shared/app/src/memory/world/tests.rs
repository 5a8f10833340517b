//! Processes that die: a future that is dropped at one of its awaits.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use super::super::tests::{START, at, sent, start, world};
use super::World;

/// Runs `future` up to its await with this number; whether it was dropped there.
pub(super) fn dies_at(number: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..=number).all(|_| future.as_mut().poll(&mut context).is_pending())
}

const STEPS: &str =
    "  - { id: a, email: hello }\n  - { id: w, wait: 1h }\n  - { id: b, email: hello }\n";

pub(super) fn afterwards(world: &mut World) -> Vec<String> {
    world.run_until(at("2027-03-03T17:00:00Z")).unwrap();
    assert!(world.queues().is_empty(), "{:?}", world.queues());
    assert_eq!(world.queues().dead_letters(), []);
    sent(world).into_iter().map(|(step, _)| step).collect()
}

#[test]
fn wherever_evaluate_dies_each_message_is_sent_once() {
    for number in 0.. {
        let mut world = world(STEPS);
        start(&world);
        let batch = world.parts.inputs.receive(10);
        let has_died = dies_at(number, world.evaluate.batch(&batch));
        assert_eq!(afterwards(&mut world), ["a", "b"], "{number}");
        if !has_died {
            assert!(number > 5, "it has awaits to die at");
            break;
        }
    }
}

#[test]
fn wherever_dispatch_dies_no_message_is_sent_twice() {
    for number in 0.. {
        let mut world = world(STEPS);
        start(&world);
        let batch = world.parts.inputs.receive(10);
        super::run(&world.parts.clock, world.evaluate.batch(&batch)).unwrap();
        world.parts.inputs.acknowledge(&batch, &[]);
        let batch = world.parts.marketing.receive(10);
        assert_eq!(batch.len(), 1);
        let has_died = dies_at(number, world.dispatch.batch(&batch));
        let sent = afterwards(&mut world);
        // Who dies between claim and submission leaves an unknown send, which is assumed sent.
        assert!(sent == ["a", "b"] || sent == ["b"], "{number}: {sent:?}");
        if !has_died {
            assert!(number > 5, "it has awaits to die at");
            break;
        }
    }
}

#[test]
fn wherever_the_sweep_dies_the_next_one_does_its_work() {
    for number in 0.. {
        let mut world = world(STEPS);
        start(&world);
        let half = at(START).plus(Duration::from_mins(50));
        world.run_until(half).unwrap();
        let has_died = dies_at(number, world.sweep.run());
        assert_eq!(afterwards(&mut world), ["a", "b"], "{number}");
        if !has_died {
            break;
        }
    }
}
