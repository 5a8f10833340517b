//! Which sources may post events.
//!
//! A write key stands in web pages, so it is no secret: it can append events and nothing else. It is stored as a hash, so
//! that reading the table gives nobody a key.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wend_core::time::Timestamp;

use crate::ports::{Clock, KeyStore, PortError};

/// How long an answer is kept: a revoked key posts no longer than this.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// With what keys begin that stay on servers: they may replace the address of a contact. The others stand in web pages.
pub const SECRET_KEY: &str = "sk_";
/// Most answers kept: guessed keys must not fill the memory.
const KEPT_MAX: usize = 1000;

/// The hash under which a key is stored.
pub fn hash(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key.as_bytes()))
}

/// Asks a store which keys are known, and remembers the answers for a moment.
#[derive(Debug)]
pub struct WriteKeys<S, C> {
    store: S,
    clock: C,
    known: Mutex<BTreeMap<String, (Timestamp, bool)>>,
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

    /// The source that posts with `key`, named by the key's hash; none if the key is not known.
    pub async fn source(&self, key: &str) -> Result<Option<String>, PortError> {
        let hash = hash(key);
        let now = self.clock.now();
        let kept = self.lock().get(&hash).copied();
        let is_known = match kept {
            Some((asked_at, is_known)) if now.since(asked_at) < KEPT_FOR => is_known,
            _ => {
                let is_known = self.store.is_known(&hash).await?;
                self.keep(hash.clone(), now, is_known);
                is_known
            }
        };
        Ok(is_known.then_some(hash))
    }

    fn keep(&self, hash: String, now: Timestamp, is_known: bool) {
        let mut known = self.lock();
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(hash, (now, is_known));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Timestamp, bool)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
