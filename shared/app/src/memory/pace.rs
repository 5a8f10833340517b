//! Rates that all senders share.

use wend_core::pace::{Known, Pace, Take};

use super::MemoryStore;
use crate::ports::{PaceKey, Paces, PortError, Stepped};

impl Paces for MemoryStore {
    async fn pace(&self, key: &PaceKey) -> Result<Pace, PortError> {
        let read = || Ok(self.tables().paces.get(key).cloned().unwrap_or_default());
        self.line.call("read a pace", read).await
    }

    async fn take(&self, key: &PaceKey, take: &Take) -> Result<Stepped, PortError> {
        let step = || Ok(self.step(key, |row| row.take(take)));
        self.line.call("take from a pace", step).await
    }

    async fn know(&self, key: &PaceKey, rev: u64, known: &Known) -> Result<Stepped, PortError> {
        let step = || Ok(self.step(key, |row| row.know(rev, known.clone())));
        self.line
            .call("write what is known of an account", step)
            .await
    }
}

impl MemoryStore {
    fn step(&self, key: &PaceKey, step: impl FnOnce(&mut Pace) -> bool) -> Stepped {
        let mut tables = self.tables();
        let row = tables.paces.entry(key.clone()).or_default();
        if step(row) {
            Stepped::Done(row.clone())
        } else {
            Stepped::Refused(row.clone())
        }
    }
}
