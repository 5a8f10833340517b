//! The release in use, cached.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wend_content::Templates;
use wend_core::release::Release;
use wend_core::time::Timestamp;

use crate::ports::{Clock, PortError, ReleaseStore};

/// A release is never older than this at the start of a batch: `apply` waits as long and then is in force everywhere.
pub const LEASE: Duration = Duration::from_secs(10);

/// Reads releases through a store and keeps the newest.
#[derive(Debug)]
pub struct Releases<S, C> {
    store: S,
    clock: C,
    cached: Mutex<Option<(Timestamp, Arc<Release>)>>,
    templates: Templates,
}

impl<S: ReleaseStore, C: Clock> Releases<S, C> {
    /// An empty cache before `store`.
    pub fn new(store: S, clock: C) -> Self {
        Self {
            store,
            clock,
            cached: Mutex::new(None),
            templates: Templates::default(),
        }
    }

    /// Templates that were parsed already: those that a new release leaves as they were stay parsed.
    pub const fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The newest release, at most [`LEASE`] old.
    pub async fn current(&self) -> Result<Arc<Release>, PortError> {
        let now = self.clock.now();
        match self.cached() {
            Some((read_at, release)) if now.since(read_at) < LEASE => Ok(release),
            cached => self.refresh(cached.map(|(_, release)| release), now).await,
        }
    }

    /// A release that is at least number `number`: a contact that a newer release touched is not decided with an older one.
    pub async fn at_least(&self, number: u64) -> Result<Arc<Release>, PortError> {
        let release = self.current().await?;
        if release.number >= number {
            return Ok(release);
        }
        self.refresh(Some(release), self.clock.now()).await
    }

    async fn refresh(
        &self,
        known: Option<Arc<Release>>,
        now: Timestamp,
    ) -> Result<Arc<Release>, PortError> {
        let manifest = self.store.manifest().await?.unwrap_or_default();
        let release = match known {
            Some(known) if known.number == manifest.number => known,
            _ => {
                let hashes: Vec<_> = manifest.parts().collect();
                let parts = self.store.parts(&hashes).await?;
                tracing::info!(
                    release = manifest.number,
                    parts = parts.len(),
                    "release loaded"
                );
                Arc::new(Release::new(&manifest, parts))
            }
        };
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, release.clone()));
        Ok(release)
    }

    fn cached(&self) -> Option<(Timestamp, Arc<Release>)> {
        self.cached
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
