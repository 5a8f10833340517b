//! Which links are genuine.

use std::sync::{Mutex, PoisonError};

use wend_core::identity::IdentitySecret;
use wend_core::time::Timestamp;
use wend_core::token::{LinkKeys, Token};

use crate::ports::{Clock, PortError, SecretStore};
use crate::releases::LEASE;

/// Verifies tokens. A key that somebody has just rotated in is looked up when the first link names it.
#[derive(Debug)]
pub struct Links<S, C> {
    store: S,
    clock: C,
    secret: IdentitySecret,
    known: Mutex<(Timestamp, LinkKeys)>,
}

impl<S: SecretStore, C: Clock> Links<S, C> {
    /// Knows `keys`, which were read from `store` a moment ago.
    pub fn new(store: S, clock: C, secret: IdentitySecret, keys: LinkKeys) -> Self {
        let known = Mutex::new((clock.now(), keys));
        Self {
            store,
            clock,
            secret,
            known,
        }
    }

    /// What `token` says; none if it is not genuine. Keys are read again only for a token that names an unknown one, and at most once a
    /// [`LEASE`].
    pub async fn verify<T: Token>(&self, token: &str) -> Result<Option<T>, PortError> {
        let (read_at, mut keys) = self.known();
        let now = self.clock.now();
        if !keys.know(token) && now.since(read_at) >= LEASE {
            keys = self.store.link_keys(&self.secret).await?;
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = (now, keys.clone());
        }
        Ok(T::verify(token, &keys))
    }

    fn known(&self) -> (Timestamp, LinkKeys) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
