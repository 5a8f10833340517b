//! Laws of `decide` in drawn worlds: random journeys, random inputs, and what must hold after each of them.

mod draw;
mod found;
mod joining;
mod laws;
mod membership;
mod numbers;
mod project;
mod tape;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;

use world::World;

/// Inputs that a drawn contact gets.
const INPUTS: usize = 30;

fn tape() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 60..700)
}

/// Leads a drawn life: laws are looked at after each input, and whoever is inside comes out in the end.
fn live(numbers: &[u16]) {
    let mut world = World::new(numbers);
    for _ in 0..INPUTS {
        world.act();
    }
    world.resume_all();
    let Some(contact) = &world.contact else {
        return;
    };
    let alive: Vec<_> = contact
        .enrollments
        .iter()
        .map(|run| (run.id, run.ends_at))
        .collect();
    let until = alive
        .iter()
        .map(|(_, ends_at)| *ends_at)
        .max()
        .unwrap_or(world.now);
    if world.drain(until) {
        let contact = world.contact.as_ref().unwrap();
        for (id, _) in alive {
            assert!(
                contact.run(id).is_none(),
                "{:?} is older than it may be",
                contact.run(id)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_laws_hold(numbers in tape()) {
        live(&numbers);
    }
}
