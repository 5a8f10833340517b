//! Which sources may post events.
//!
//! A write key stands in web pages, so it is no secret: it can append events and nothing else. A server has one of its own, which is a
//! secret: what it says of somebody is believed. Keys are stored as hashes, so that reading the table gives nobody a key.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wend_core::release::EventSource;
use wend_core::time::Timestamp;

use crate::ports::{Clock, KeyStore, PortError};

/// How long an answer is kept: a revoked key posts no longer than this.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// Most answers kept: guessed keys must not fill the memory.
const KEPT_MAX: usize = 1000;

/// When a store was asked, and what it said.
type Answer = (Timestamp, Option<EventSource>);

/// The hash under which a key is stored.
pub fn hash(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key.as_bytes()))
}

/// Asks a store which keys are known, and remembers the answers for a moment.
#[derive(Debug)]
pub struct WriteKeys<S, C> {
    store: S,
    clock: C,
    known: Mutex<BTreeMap<String, Answer>>,
}

impl<S: KeyStore, C: Clock> WriteKeys<S, C> {
    /// No answers yet.
    pub const fn new(store: S, clock: C) -> Self {
        Self {
            store,
            clock,
            known: Mutex::new(BTreeMap::new()),
        }
    }

    /// The source that posts with `key`, named by the key's hash, and who has the key; none if the key is not known.
    pub async fn source(&self, key: &str) -> Result<Option<(String, EventSource)>, PortError> {
        let hash = hash(key);
        let now = self.clock.now();
        let kept = self.lock().get(&hash).copied();
        let holder = match kept {
            Some((asked_at, holder)) if now.since(asked_at) < KEPT_FOR => holder,
            _ => {
                let holder = self.store.holder(&hash).await?;
                self.keep(hash.clone(), now, holder);
                holder
            }
        };
        Ok(holder.map(|holder| (hash, holder)))
    }

    fn keep(&self, hash: String, now: Timestamp, holder: Option<EventSource>) {
        let mut known = self.lock();
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(hash, (now, holder));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Answer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
