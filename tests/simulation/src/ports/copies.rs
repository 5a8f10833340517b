//! Copies of messages.

use wend_app::ports::{Copies, PortError, SentCopy};
use wend_core::id::{ContactKey, SendId};

use super::{SimStore, instant};

impl Copies for SimStore {
    async fn keep(
        &self,
        contact: ContactKey,
        send: SendId,
        copy: &SentCopy,
    ) -> Result<(), PortError> {
        let write = || instant(self.inner.keep(contact, send, copy));
        self.line.call("keep a copy", write).await
    }

    async fn copy(&self, contact: ContactKey, send: SendId) -> Result<Option<SentCopy>, PortError> {
        let read = || instant(self.inner.copy(contact, send));
        self.line.call("read a copy", read).await
    }
}
