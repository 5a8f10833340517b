//! Copies of messages.

use wend_core::id::{ContactKey, SendId};

use super::MemoryStore;
use super::store::fits;
use crate::ports::{Copies, PortError, SentCopy};

const KEEP: &str = "keep a copy";
const READ: &str = "read a copy";
const FORGET: &str = "forget copies";

impl Copies for MemoryStore {
    async fn keep(
        &self,
        contact: ContactKey,
        send: SendId,
        copy: &SentCopy,
    ) -> Result<(), PortError> {
        let write = || {
            let packed = copy.pack();
            let packed = packed.map_err(|error| PortError::invalid(KEEP, error))?;
            if let Some(packed) = packed {
                fits(KEEP, packed.len())?;
                self.tables().copies.insert((contact, send), packed);
            }
            Ok(())
        };
        self.line.call(KEEP, write).await
    }

    async fn copy(&self, contact: ContactKey, send: SendId) -> Result<Option<SentCopy>, PortError> {
        let read = || {
            let tables = self.tables();
            let packed = tables.copies.get(&(contact, send));
            let copy = packed.map(|packed| SentCopy::unpack(packed)).transpose();
            copy.map_err(|error| PortError::invalid(READ, error))
        };
        self.line.call(READ, read).await
    }

    async fn forget_copies(&self, contact: ContactKey) -> Result<(), PortError> {
        let write = || {
            let mut tables = self.tables();
            tables.copies.retain(|(of, _), _| *of != contact);
            Ok(())
        };
        self.line.call(FORGET, write).await
    }
}
