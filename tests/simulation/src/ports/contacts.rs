//! Contacts and log.

use std::borrow::Cow;
use std::time::Duration;

use wend_app::memory::{MemoryContacts, MemoryQueue, MemoryStore};
use wend_app::ports::{
    Commit, Committed, Contacts, Erased, Erasures, Loaded, Outgoing, PortError, Settled,
};
use wend_core::contact::Contact;
use wend_core::id::{ContactKey, InputId, PermissionKey};
use wend_core::input::Input;
use wend_core::log::{Effect, LogRow};
use wend_core::send::Task;
use wend_core::time::Timestamp;

use super::{Line, instant};
use crate::planted::Planted;
use crate::random::mix;

/// For so long after a write, the planted bug reads what was before it.
const STALE_FOR: Duration = Duration::from_secs(2);

/// Contacts and log with faults.
#[derive(Clone, Debug)]
pub struct SimContacts {
    pub line: Line,
    pub inner: MemoryContacts,
    pub store: MemoryStore,
    /// For the bug that publishes too early.
    pub dispatch: MemoryQueue,
}

impl SimContacts {
    /// The commit as a planted bug bends it.
    fn bent<'a>(&self, commit: &Commit<'a>) -> (Option<Cow<'a, Contact>>, Cow<'a, [LogRow]>) {
        let mut contact = commit.contact.map(Cow::Borrowed);
        let mut rows = Cow::Borrowed(commit.rows);
        let planted = self.line.book().planted;
        match planted {
            Some(Planted::CommitIgnoresRevision) => {
                if let Some(contact) = &mut contact {
                    let stored = instant(self.inner.load(contact.id)).ok();
                    let stored = stored.and_then(|loaded| loaded.contact);
                    contact.to_mut().rev = stored.map_or(0, |stored| stored.rev);
                }
            }
            Some(Planted::TimeInLogKey | Planted::CommitIgnoresRow) => {
                let now = self.line.clock.true_now().as_millis().unsigned_abs();
                for row in rows.to_mut() {
                    let is_known = self.line.book().record.is_applied(row.partition, row.id);
                    if planted == Some(Planted::TimeInLogKey) || is_known {
                        row.id = salted(row.id, now);
                    }
                }
            }
            Some(Planted::RowUnderContact) => {
                for row in rows.to_mut() {
                    row.partition = row.contact;
                }
            }
            Some(Planted::EffectsBeforeCommit) => {
                for effect in rows.iter().flat_map(|row| &row.effects) {
                    if let Effect::Send(request) = effect
                        && let Ok(body) = serde_json::to_string(&Task::Send(request.clone()))
                    {
                        let _ = self.dispatch.put(vec![Outgoing::now(body)]);
                    }
                }
            }
            _ => {}
        }
        (contact, rows)
    }
}

fn salted(id: InputId, salt: u64) -> InputId {
    let mut bytes = *id.as_bytes();
    let salt = mix(&[salt]).to_be_bytes();
    bytes
        .iter_mut()
        .zip(salt)
        .for_each(|(byte, salt)| *byte ^= salt);
    InputId::from_bytes(bytes)
}

impl SimContacts {
    /// Reads what stands under a name's key, or under a contact's id.
    async fn loaded(&self, key: ContactKey, is_id: bool) -> Result<Loaded, PortError> {
        let load = || {
            let mut loaded = if is_id {
                instant(self.inner.find(key))?
            } else {
                instant(self.inner.load(key))?
            };
            let now = self.line.clock.true_now();
            let book = self.line.book();
            if book.planted == Some(Planted::StaleReadBeforePut)
                && let Some(contact) = &mut loaded.contact
                && let Some((written_at, Some(before))) = book.contact_before.get(&contact.id)
                && now.since(*written_at) < STALE_FOR
            {
                *contact = before.clone();
            }
            Ok(loaded)
        };
        self.line.call("load a contact", load).await
    }
}

impl Contacts for SimContacts {
    async fn load(&self, key: ContactKey) -> Result<Loaded, PortError> {
        self.loaded(key, false).await
    }

    async fn find(&self, id: ContactKey) -> Result<Loaded, PortError> {
        self.loaded(id, true).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Committed, PortError> {
        let is_wake = matches!(commit.rows, [row] if matches!(row.input, Input::Wake(_)));
        let operation = if is_wake {
            "commit a wake"
        } else {
            "commit a contact"
        };
        let write = || {
            let (contact, rows) = self.bent(&commit);
            let bent = Commit {
                contact: contact.as_deref(),
                pointers: commit.pointers,
                repointed: commit.repointed,
                rows: &rows,
            };
            let answer = instant(self.inner.commit(bent));
            let now = self.line.clock.true_now();
            let mut book = self.line.book();
            match &answer {
                Ok(Committed::Done) => {
                    book.repointed(&commit);
                    let addressed = commit.rows.iter().map(|row| row.partition);
                    book.committed(contact.as_deref(), &rows, addressed, now);
                }
                Ok(Committed::Applied(_)) => book.reach("commit: applied before"),
                Ok(Committed::Stale) => book.reach("commit: stale"),
                Ok(Committed::Taken(_)) => book.reach("commit: name taken"),
                Err(_) => {}
            }
            answer
        };
        self.line.call(operation, write).await
    }

    async fn row(
        &self,
        partition: ContactKey,
        input: InputId,
    ) -> Result<Option<LogRow>, PortError> {
        let read = || instant(self.inner.row(partition, input));
        self.line.call("read a row", read).await
    }

    async fn timeline(&self, key: ContactKey) -> Result<Vec<LogRow>, PortError> {
        self.inner.timeline(key).await
    }
}

impl Erasures for SimContacts {
    async fn erase(&self, contact: &Contact, stub: &Erased) -> Result<Settled, PortError> {
        let write = || {
            let answer = instant(self.inner.erase(contact, stub));
            if matches!(answer, Ok(Settled::Done)) {
                self.line.book().erased(contact, stub);
            }
            answer
        };
        self.line.call("erase a contact", write).await
    }

    async fn forget(&self, permission: PermissionKey, at: Timestamp) -> Result<(), PortError> {
        let write = || {
            if self.line.book().planted == Some(Planted::ErasureWithoutForget) {
                return Ok(());
            }
            instant(self.inner.forget(permission, at))
        };
        self.line.call("erase an address", write).await
    }
}
