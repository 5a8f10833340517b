//! The contracts, a module a port or a part of one.

pub mod commits;
pub mod contacts;
pub mod copies;
pub mod coupons;
pub mod due;
pub mod evidence;
pub mod failures;
pub mod ledger;
pub mod merges;
pub mod paces;
pub mod permissions;
pub mod queue_failures;
pub mod queues;
pub mod releases;
pub mod sizes;
pub mod tallies;
pub mod walks;
