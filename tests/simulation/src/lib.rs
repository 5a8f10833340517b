//! Deterministic simulation: the real use cases of `wend-app` on one thread, a virtual clock and a seed.

pub mod book;
pub mod deployment;
pub mod exhaustive;
pub mod history;
pub mod invariants;
pub mod limits;
pub mod logs;
mod merges;
pub mod plan;
pub mod planted;
pub mod ports;
pub mod projects;
pub mod random;
pub mod reference;
pub mod runner;
pub mod scenario;
pub mod shrink;
pub mod sweeps;
pub mod world;

#[cfg(test)]
mod found;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// By how much the clocks of two sandboxes may differ here.
pub const CLOCKS_AGREE_WITHIN: Duration = Duration::from_secs(31);
