//! What a journey would do: contacts, events and a guess at how people react, played through the real decision.
//!
//! A loop over [`wend_core::decide`] without queues, tables and clock: contacts know nothing of each other, so each is played from
//! its first moment to its last and forgotten, on two threads. Sends leave at once where the real gate lets them; other systems
//! answer at once; quiet hours, caps and windows are the decision's own.
//!
//! The same arguments give the same answer on every machine: what people do follows from the seed and the message alone.

mod funnel;
mod life;
mod model;
mod path;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wend_core::decide::inspect;
use wend_core::input::Properties;
use wend_core::release::Release;
use wend_core::time::Timestamp;

pub use funnel::{Funnel, Group, StepCount};
pub use model::{Model, Rate, Rates};
pub use path::Line;

use life::Life;

/// Contacts that one thread takes at a time.
const CHUNK: usize = 128;
/// Threads: what a decision needs is in the processor's cache, and a laptop has other work.
const THREADS: usize = 2;

/// Somebody, as they are when the simulation begins.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The sender's own id (`userId`).
    pub id: String,
    /// Attributes, `email` and `phone` among them.
    pub attributes: Properties,
    /// What they have opted in to and confirmed: `news`, `offers/sms`.
    pub subscribed: Vec<String>,
    /// When they were first heard of; none: as the simulation begins.
    pub created_at: Option<Timestamp>,
}

/// Something that somebody does.
#[derive(Clone, Debug)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What; none: only attributes are said.
    pub event: Option<String>,
    /// The event's properties.
    pub properties: Properties,
    /// Attributes that are said with it.
    pub traits: Properties,
}

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Simulation<'a> {
    /// All definitions.
    pub release: &'a Release,
    /// The journey that is looked at.
    pub journey: &'a str,
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
    /// When everybody is put into the journey by hand.
    pub enter: Option<Timestamp>,
    /// How people react.
    pub model: &'a Model,
    /// What they do, by their ids, in the order of time.
    pub happenings: &'a BTreeMap<String, Vec<Happening>>,
}

/// Why a simulation stopped.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// A decision failed: a bug.
    #[error("{who} at {at}: {why}")]
    Decide {
        /// Whose.
        who: String,
        /// At which moment.
        at: Timestamp,
        /// What failed.
        why: wend_core::decide::DecideError,
    },
    /// Somebody's inputs lead to others without end.
    #[error("{who} at {at}: {INPUTS_MAX} inputs and no end; does a journey start itself?")]
    Restless {
        /// Who.
        who: String,
        /// At which moment.
        at: Timestamp,
    },
}

/// Most inputs of one contact: far beyond a year of daily messages and their clicks.
pub(crate) const INPUTS_MAX: usize = 100_000;

/// Plays everybody and adds up.
pub fn simulate(simulation: &Simulation<'_>, people: &[Person]) -> Result<Funnel, SimulateError> {
    let chunks: Vec<&[Person]> = people.chunks(CHUNK).collect();
    let hears_deliveries = simulation.release.hears_deliveries();
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, Result<Funnel, SimulateError>>> = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((place, chunk)) = take(&next, &chunks) {
            let counted = play_chunk(simulation, hears_deliveries, chunk);
            let mut done = done
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            done.insert(place, counted);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..THREADS {
            scope.spawn(work);
        }
        work();
    });
    let done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // In the order of people, whoever was faster: sums of amounts depend on it.
    let mut funnel = Funnel::default();
    for counted in done.into_values() {
        funnel.add(&counted?);
    }
    Ok(funnel)
}

fn take<'c, 'p>(
    next: &AtomicUsize,
    chunks: &'c [&'p [Person]],
) -> Option<(usize, &'c &'p [Person])> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    chunks.get(place).map(|chunk| (place, chunk))
}

fn play_chunk(
    simulation: &Simulation<'_>,
    hears_deliveries: bool,
    people: &[Person],
) -> Result<Funnel, SimulateError> {
    let mut funnel = Funnel::default();
    for person in people {
        funnel.contacts += 1;
        let mut counting = funnel::Counting::new(&mut funnel, simulation.journey);
        Life::new(simulation, hears_deliveries, person).live(&mut |row, _| counting.count(row))?;
    }
    Ok(funnel)
}

/// Plays one contact and tells what happens to it, line by line.
pub fn trace(simulation: &Simulation<'_>, person: &Person) -> Result<Vec<Line>, SimulateError> {
    let mut lines = Vec::new();
    let hears_deliveries = simulation.release.hears_deliveries();
    Life::new(simulation, hears_deliveries, person).live(&mut |row, contact| {
        let zone = inspect::zone(contact, None, simulation.release);
        lines.extend(path::lines(row, &zone));
    })?;
    Ok(lines)
}

#[cfg(test)]
mod tests;
