//! Copies of messages.

use wend_app::ports::{Copies, PortError, SentCopy};
use wend_core::id::{ContactKey, SendId};

use super::{SimStore, instant};
use crate::planted::Planted;

impl Copies for SimStore {
    async fn keep(
        &self,
        contact: ContactKey,
        send: SendId,
        copy: &SentCopy,
    ) -> Result<(), PortError> {
        let write = || {
            if self.line.book().planted == Some(Planted::CopyUnwritten) {
                return Ok(());
            }
            instant(self.inner.keep(contact, send, copy))?;
            self.line.book().kept(contact, send);
            Ok(())
        };
        self.line.call("keep a copy", write).await
    }

    async fn copy(&self, contact: ContactKey, send: SendId) -> Result<Option<SentCopy>, PortError> {
        let read = || instant(self.inner.copy(contact, send));
        self.line.call("read a copy", read).await
    }

    async fn forget_copies(&self, contact: ContactKey) -> Result<(), PortError> {
        let write = || {
            if self.line.book().planted == Some(Planted::ErasureKeepsCopies) {
                return Ok(());
            }
            instant(self.inner.forget_copies(contact))?;
            self.line.book().copies_forgotten(contact);
            Ok(())
        };
        self.line.call("forget copies", write).await
    }
}
