//! Contacts and their log, written together or not at all.

use std::collections::BTreeSet;

use wend_core::contact::Contact;
use wend_core::id::{ContactKey, InputId, PermissionKey};
use wend_core::identity::IdentitySecret;
use wend_core::log::LogRow;
use wend_core::time::Timestamp;

use super::MemoryStore;
use super::store::{Slot, Tables, fits, unpack_row};
use crate::ports::{Commit, Committed, Contacts, Erased, Erasures, Loaded, PortError, Settled};

const LOAD: &str = "load a contact";
const ERASE: &str = "erase a contact";
const COMMIT: &str = "commit a contact";
const ROW: &str = "read a row";
const TIMELINE: &str = "read a timeline";
/// Most items of one transaction (DynamoDB).
const ITEMS_MAX: usize = 100;
/// Most bytes of one transaction (DynamoDB).
const TRANSACTION_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The contacts with the secret that turns identities into keys.
#[derive(Clone, Debug)]
pub struct MemoryContacts {
    store: MemoryStore,
    secret: IdentitySecret,
}

impl MemoryStore {
    /// The contacts and their log.
    pub fn contacts(&self, secret: IdentitySecret) -> MemoryContacts {
        MemoryContacts {
            store: self.clone(),
            secret,
        }
    }
}

impl Contacts for MemoryContacts {
    async fn load(&self, key: ContactKey) -> Result<Loaded, PortError> {
        let load = || load(&self.store.tables(), key);
        self.store.line.call(LOAD, load).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Committed, PortError> {
        let write = || self.write(&commit);
        self.store.line.call(COMMIT, write).await
    }

    async fn row(
        &self,
        partition: ContactKey,
        input: InputId,
    ) -> Result<Option<LogRow>, PortError> {
        let read = || {
            let tables = self.store.tables();
            let row = tables.log.get(&(partition, input));
            row.map(|data| unpack_row(ROW, data)).transpose()
        };
        self.store.line.call(ROW, read).await
    }

    async fn timeline(&self, key: ContactKey) -> Result<Vec<LogRow>, PortError> {
        let read = || {
            let tables = self.store.tables();
            let rows = tables.log.iter().filter(|((of, _), _)| *of == key);
            let rows = rows.map(|(_, data)| unpack_row(TIMELINE, data));
            let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
            rows.sort_by_key(|row| (row.at, row.rev, row.input.order()));
            Ok(rows)
        };
        self.store.line.call(TIMELINE, read).await
    }
}

impl Erasures for MemoryContacts {
    async fn erase(&self, contact: &Contact, stub: &Erased) -> Result<Settled, PortError> {
        let write = || {
            let mut tables = self.store.tables();
            let known = tables.contacts.get(&contact.id);
            if !matches!(known, Some(Slot::Contact { rev, .. }) if *rev == contact.rev) {
                return Ok(Settled::Lost);
            }
            let slot = Slot::Erased(stub.clone());
            tables.contacts.insert(contact.id, slot);
            let now = self.store.clock.true_now();
            tables.index.set(contact.id, None, now);
            Ok(Settled::Done)
        };
        self.store.line.call(ERASE, write).await
    }

    async fn forget(&self, permission: PermissionKey, at: Timestamp) -> Result<(), PortError> {
        self.store.forget(permission, at).await
    }
}

fn load(tables: &Tables, key: ContactKey) -> Result<Loaded, PortError> {
    let (id, slot) = match tables.contacts.get(&key) {
        Some(Slot::Pointer(to)) => (*to, tables.contacts.get(to)),
        slot => (key, slot),
    };
    let mut loaded = Loaded {
        id: Some(id),
        ..Loaded::default()
    };
    match slot {
        None => {}
        Some(slot @ Slot::Contact { .. }) => loaded.contact = slot.contact(LOAD)?,
        Some(Slot::Erased(stub)) => loaded.erased = Some(stub.clone()),
        Some(Slot::Pointer(_)) => {
            let cause = format!("a pointer under {key} leads to a pointer");
            return Err(PortError::invalid(LOAD, cause));
        }
    }
    Ok(loaded)
}

impl MemoryContacts {
    fn write(&self, commit: &Commit<'_>) -> Result<Committed, PortError> {
        // As DynamoDB, it looks at the request before it looks at what is stored.
        let pointers = self.pointers(commit)?;
        let (contact, rows) = packed(commit)?;
        let mut tables = self.store.tables();
        if let Some(refused) = refused(&tables, commit, &pointers)? {
            return Ok(refused);
        }
        if let Some((contact, data)) = contact {
            let slot = Slot::Contact {
                rev: contact.rev + 1,
                release: contact.release,
                due_at: contact.due_at,
                data,
            };
            tables.contacts.insert(contact.id, slot);
            let now = self.store.clock.true_now();
            tables.index.set(contact.id, contact.due_at, now);
            for key in pointers {
                tables.contacts.insert(key, Slot::Pointer(contact.id));
            }
        }
        for (key, data) in rows {
            tables.log.insert(key, data);
            tables.written.push(key);
        }
        Ok(Committed::Done)
    }

    /// The keys of a commit's pointers. As DynamoDB, it refuses a transaction that names one item twice.
    fn pointers(&self, commit: &Commit<'_>) -> Result<Vec<ContactKey>, PortError> {
        let keys = commit.pointers.iter().map(|name| name.key(&self.secret));
        let keys: Vec<ContactKey> = keys.collect();
        if commit.contact.is_none() && !keys.is_empty() {
            return Err(PortError::invalid(COMMIT, "pointers without a contact"));
        }
        let contact = commit.contact.map(|contact| contact.id);
        let slots: BTreeSet<&ContactKey> = keys.iter().chain(&contact).collect();
        let rows = commit.rows.iter().map(|row| (row.partition, row.id));
        let rows: BTreeSet<_> = rows.collect();
        let items = keys.len() + contact.iter().count() + commit.rows.len();
        if items == 0 {
            return Err(PortError::invalid(COMMIT, "nothing to write"));
        }
        if slots.len() + rows.len() != items {
            return Err(PortError::invalid(COMMIT, "one item stands twice in it"));
        }
        if items > ITEMS_MAX {
            let cause = format!("{items} items; a transaction takes {ITEMS_MAX}");
            return Err(PortError::invalid(COMMIT, cause));
        }
        Ok(keys)
    }
}

/// A contact and rows as they are stored.
type Packed<'a> = (
    Option<(&'a Contact, Vec<u8>)>,
    Vec<((ContactKey, InputId), Vec<u8>)>,
);

/// The packed forms of a commit that a transaction can take.
fn packed<'a>(commit: &Commit<'a>) -> Result<Packed<'a>, PortError> {
    let contact = commit.contact.map(|contact| {
        let data = contact.pack();
        let data = data.map_err(|error| PortError::invalid(COMMIT, error))?;
        Ok((contact, data))
    });
    let contact = contact.transpose()?;
    let rows = commit.rows.iter().map(|row| {
        let data = row.pack();
        let data = data.map_err(|error| PortError::invalid(COMMIT, error))?;
        Ok(((row.partition, row.id), data))
    });
    let rows = rows.collect::<Result<Vec<_>, PortError>>()?;
    let items = contact.iter().map(|(_, data)| data);
    let items = items.chain(rows.iter().map(|(_, data)| data));
    let mut bytes = 0;
    for item in items {
        fits(COMMIT, item.len())?;
        bytes += item.len();
    }
    if bytes > TRANSACTION_BYTES_MAX {
        let cause = format!("{bytes} bytes; a transaction takes {TRANSACTION_BYTES_MAX}");
        return Err(PortError::invalid(COMMIT, cause));
    }
    Ok((contact, rows))
}

/// Why a commit writes nothing. A row that exists says more than a stale contact: it was applied before.
fn refused(
    tables: &Tables,
    commit: &Commit<'_>,
    pointers: &[ContactKey],
) -> Result<Option<Committed>, PortError> {
    let stored = commit.rows.iter();
    let stored = stored.filter_map(|row| tables.log.get(&(row.partition, row.id)));
    let stored = stored.map(|data| unpack_row(COMMIT, data));
    let stored = stored.collect::<Result<Vec<_>, _>>()?;
    if !stored.is_empty() {
        return Ok(Some(Committed::Applied(stored)));
    }
    let Some(contact) = commit.contact else {
        return Ok(None);
    };
    let is_free = |key: &ContactKey| match tables.contacts.get(key) {
        None => true,
        Some(Slot::Pointer(to)) => *to == contact.id,
        Some(Slot::Contact { .. } | Slot::Erased(_)) => false,
    };
    let mut named = commit.pointers.iter().zip(pointers);
    if let Some((identity, _)) = named.find(|(_, key)| !is_free(key)) {
        return Ok(Some(Committed::Taken(identity.clone())));
    }
    Ok((!is_as_read(tables, contact)).then_some(Committed::Stale))
}

fn is_as_read(tables: &Tables, contact: &Contact) -> bool {
    match tables.contacts.get(&contact.id) {
        None | Some(Slot::Erased(_)) => contact.rev == 0,
        Some(Slot::Contact { rev, .. }) => contact.rev != 0 && *rev == contact.rev,
        Some(Slot::Pointer(_)) => false,
    }
}
