//! Every port in memory, on a virtual clock: exact, without threads, randomness or a wall clock.
//!
//! The adapters keep the promises of [`crate::ports`] as the ones for AWS do: the same conditions, the same last-writer
//! rules, and stored forms go through the same packing. Between two calls others may go first, so a future that is dropped
//! is a process that died there. [`Faults`] makes calls fail; without one nothing does. Scenario tests and the simulation
//! stand on this module; no deployment does.
//!
//! | adapter | ports |
//! |---|---|
//! | [`MemoryStore`] | `Ledger`, `Evidence`, `Permissions`, `Paces`, `Tallies`, `Copies`, `Coupons`, `Pools`, `DueIndex`, `Watermark`, `ContactScan`, `Walks`, `ReleaseStore`, `KeyStore`, `SecretStore` |
//! | [`MemoryContacts`] | `Contacts` |
//! | [`Queues`] | `Queue`, `SetAside` |
//! | [`Mailbox`] | `Mailer` |
//! | [`VirtualClock`], [`SeededIds`] | `Clock`, `Ids` |
//!
//! [`World`] wires the use cases over them and lets time go by.

mod clock;
mod contacts;
mod copies;
mod coupons;
mod due;
mod events;
mod faults;
mod ids;
mod ledger;
mod mailbox;
mod outside;
mod pace;
mod permissions;
mod queues;
mod releases;
mod store;
mod tally;
mod walk;
mod world;

pub use clock::{Stalled, VirtualClock, run};
pub use contacts::MemoryContacts;
pub use events::{Reaction, provider_event};
pub use faults::{Fault, Faults, Line, NoFaults};
pub use ids::SeededIds;
pub use mailbox::{Mailbox, SentMail};
pub use outside::{Outside, OutsideConnections, Willing};
pub use queues::{DeadLetter, MemoryQueue, QueueRules, Queues};
pub use store::MemoryStore;
pub use world::{World, WorldError, WorldSettings};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The value, also after a panic elsewhere: every effect is one call, so nothing is ever half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
