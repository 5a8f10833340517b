//! What a contract needs beside the ports.

use std::time::Duration;

use wend_app::ports::{
    ContactScan, Copies, Coupons, DueIndex, Erasures, ErrorClass, Evidence, KeyStore, Ledger,
    Paces, Permissions, Pools, Queue, Received, ReleaseStore, SecretStore, SetAside, Tallies,
    Walks, Watermark,
};
use wend_core::id::ContactKey;
use wend_core::identity::IdentitySecret;

/// The secret of every contract.
pub const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);

/// Every port that stores something.
pub trait Tables:
    Ledger
    + Evidence
    + Permissions
    + Paces
    + Copies
    + Coupons
    + Pools
    + Tallies
    + DueIndex
    + Watermark
    + ContactScan
    + Walks
    + ReleaseStore
    + KeyStore
    + SecretStore
{
}

impl<T> Tables for T where
    T: Ledger
        + Evidence
        + Permissions
        + Paces
        + Copies
        + Coupons
        + Pools
        + Tallies
        + DueIndex
        + Watermark
        + ContactScan
        + Walks
        + ReleaseStore
        + KeyStore
        + SecretStore
{
}

/// Empty tables.
pub trait TableKit: Sized {
    type Tables: Tables;
    type Contacts: Erasures;

    async fn start() -> Self;

    fn tables(&self) -> &Self::Tables;

    /// The contacts, with [`SECRET`].
    fn contacts(&self) -> &Self::Contacts;

    /// Puts a pointer under `key`, wherever it leads. No port would write a wrong one.
    async fn point(&self, key: ContactKey, to: ContactKey);
}

/// Tables of which every call fails.
pub trait FailingTables: Sized {
    type Tables: Tables;
    type Contacts: Erasures;

    async fn start() -> Self;

    async fn failing(&self, class: ErrorClass) -> (Self::Tables, Self::Contacts);

    /// Empty tables that can be read; a call that would write fails.
    async fn failing_to_write(&self, class: ErrorClass) -> Self::Tables;
}

/// How long a received message stays hidden on every queue here.
pub const VISIBILITY: Duration = Duration::from_secs(2);
/// How often a message is received before it becomes a dead letter.
pub const RECEIVES_MAX: u32 = 2;

/// An empty queue and its dead letters.
pub trait QueueKit: Sized {
    type Queue: Queue;
    type Aside: SetAside;

    async fn start() -> Self;

    fn queue(&self) -> &Self::Queue;

    fn aside(&self) -> &Self::Aside;

    /// Up to ten visible messages, which are hidden from now on; none if there are none at this moment.
    async fn receive(&self) -> Vec<Received>;

    async fn acknowledge(&self, messages: &[Received]);

    /// Bodies of all dead letters, with the reason where one was given.
    async fn dead_letters(&self) -> Vec<(String, Option<String>)>;

    /// Comes back when at least `duration` has passed.
    async fn pass(&self, duration: Duration);
}

/// Queues of which every call fails.
pub trait FailingQueues: Sized {
    type Queue: Queue;
    type Aside: SetAside;

    async fn start() -> Self;

    /// A queue `queue` and the dead letters of it.
    async fn failing(&self, class: ErrorClass) -> (Self::Queue, Self::Aside);
}
