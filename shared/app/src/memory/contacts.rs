//! Contacts and their log, written together or not at all.

use std::collections::BTreeSet;

use wend_core::contact::Contact;
use wend_core::id::{ContactKey, InputId, PermissionKey};
use wend_core::identity::IdentitySecret;
use wend_core::log::LogRow;
use wend_core::time::Timestamp;

use super::MemoryStore;
use super::store::{Slot, Tables, fits, unpack_row};
use crate::ports::{
    Commit, Committed, Contacts, Erased, Erasures, HOPS_MAX, Loaded, PortError, Settled,
};

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
        let load = || load(&self.store.tables(), key, false);
        self.store.line.call(LOAD, load).await
    }

    async fn find(&self, id: ContactKey) -> Result<Loaded, PortError> {
        let find = || load(&self.store.tables(), id, true);
        self.store.line.call(LOAD, find).await
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

fn load(tables: &Tables, key: ContactKey, is_id: bool) -> Result<Loaded, PortError> {
    let mut loaded = Loaded {
        id: Some(key),
        ..Loaded::default()
    };
    let slot = tables.followed(LOAD, key, is_id, |to, by| {
        loaded.id = Some(to);
        loaded.merged_by = loaded.merged_by.or(by);
    })?;
    match slot {
        None | Some(Slot::Pointer { .. }) => {}
        Some(slot @ Slot::Contact { .. }) => loaded.contact = slot.contact(LOAD)?,
        Some(Slot::Erased(stub)) => loaded.erased = Some(stub.clone()),
    }
    Ok(loaded)
}

impl Tables {
    /// What stands under `key`, or where its pointers lead; of a contact's id, whom it has become. `follow` is told of each.
    pub(super) fn followed(
        &self,
        operation: &'static str,
        mut key: ContactKey,
        is_id: bool,
        mut follow: impl FnMut(ContactKey, Option<(ContactKey, InputId)>),
    ) -> Result<Option<&Slot>, PortError> {
        for _ in 0..=HOPS_MAX {
            let slot = self.contacts.get(&key);
            let Some(Slot::Pointer { to, into, by }) = slot else {
                return Ok(slot);
            };
            key = into.filter(|_| is_id).unwrap_or(*to);
            follow(key, *by);
        }
        Err(PortError::too_many_pointers(operation))
    }
}

impl MemoryContacts {
    fn write(&self, commit: &Commit<'_>) -> Result<Committed, PortError> {
        // As DynamoDB, it looks at the request before it looks at what is stored.
        let pointers = self.pointers(commit)?;
        let rows = packed(commit)?;
        let mut tables = self.store.tables();
        if let Some(refused) = refused(&tables, commit, &pointers)? {
            return Ok(refused);
        }
        if !self.others_are_as_read(&tables, commit) {
            return Ok(Committed::Stale);
        }
        if let Some(contact) = commit.contact {
            let now = self.store.clock.true_now();
            tables.put(contact, now)?;
            let to = contact.id;
            for key in pointers {
                tables.lead(key, to);
            }
            for repointed in commit.repointed {
                tables.put(&repointed.owner, now)?;
            }
            for (row, merged) in commit.merged() {
                let (into, by) = (Some(to), Some((row.partition, row.id)));
                let slot = Slot::Pointer { to, into, by };
                tables.contacts.insert(merged.contact.id, slot);
                tables.index.set(merged.contact.id, None, now);
            }
        }
        for (key, data) in rows {
            tables.log.insert(key, data);
            tables.written.push(key);
        }
        Ok(Committed::Done)
    }

    /// The keys of all items that become pointers, but those of merged contacts. As DynamoDB, it refuses a transaction that names
    /// one item twice.
    fn pointers(&self, commit: &Commit<'_>) -> Result<Vec<ContactKey>, PortError> {
        let names = commit.pointers.iter();
        let names = names.chain(commit.repointed.iter().map(|repointed| &repointed.name));
        let mut keys: Vec<ContactKey> = names.map(|name| name.key(&self.secret)).collect();
        keys.extend(self.names_of_merged(commit).map(|(key, _)| key));
        let merged = commit.merged().map(|(_, merged)| merged.contact.id);
        let owners = commit.repointed.iter().map(|repointed| repointed.owner.id);
        let others: Vec<ContactKey> = merged.chain(owners).collect();
        if commit.contact.is_none() && !(keys.is_empty() && others.is_empty()) {
            return Err(PortError::invalid(COMMIT, "pointers without a contact"));
        }
        let contact = commit.contact.map(|contact| contact.id);
        let slots: BTreeSet<&ContactKey> = keys.iter().chain(&others).chain(&contact).collect();
        let rows = commit.rows.iter().map(|row| (row.partition, row.id));
        let rows: BTreeSet<_> = rows.collect();
        let items = keys.len() + others.len() + contact.iter().count() + commit.rows.len();
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

    /// The keys of the names that point to merged contacts, each with where it leads.
    fn names_of_merged<'c>(
        &'c self,
        commit: &'c Commit<'_>,
    ) -> impl Iterator<Item = (ContactKey, ContactKey)> + 'c {
        let merged = commit.merged().map(|(_, merged)| &merged.contact);
        merged.flat_map(|contact| {
            let keys = contact.identities.iter().map(|name| name.key(&self.secret));
            let keys = keys.filter(|key| *key != contact.id);
            keys.map(|key| (key, contact.id))
        })
    }

    /// Whether the other contacts of a commit are as they were read, and what points to them still does.
    fn others_are_as_read(&self, tables: &Tables, commit: &Commit<'_>) -> bool {
        let leads = |(key, to): (ContactKey, ContactKey)| match tables.contacts.get(&key) {
            Some(Slot::Pointer { to: leads, .. }) => *leads == to,
            _ => false,
        };
        let is_read = |id: ContactKey, rev: u64| match tables.contacts.get(&id) {
            Some(Slot::Contact { rev: stored, .. }) => *stored == rev,
            _ => false,
        };
        let mut merged = commit.merged().map(|(_, merged)| merged);
        let mut repointed = commit.repointed.iter();
        merged.all(|merged| is_read(merged.contact.id, merged.rev))
            && self.names_of_merged(commit).all(leads)
            && repointed.all(|repointed| {
                let owner = &repointed.owner;
                is_read(owner.id, owner.rev) && leads((repointed.name.key(&self.secret), owner.id))
            })
    }
}

/// Rows as they are stored.
type Packed = Vec<((ContactKey, InputId), Vec<u8>)>;

/// The packed rows of a commit that a transaction can take.
fn packed(commit: &Commit<'_>) -> Result<Packed, PortError> {
    let mut bytes = 0;
    let owners = commit.repointed.iter().map(|repointed| &repointed.owner);
    for contact in commit.contact.into_iter().chain(owners) {
        let data = contact.pack();
        let data = data.map_err(|error| PortError::invalid(COMMIT, error))?;
        fits(COMMIT, data.len())?;
        bytes += data.len();
    }
    let rows = commit.rows.iter().map(|row| {
        let data = row.pack();
        let data = data.map_err(|error| PortError::invalid(COMMIT, error))?;
        Ok(((row.partition, row.id), data))
    });
    let rows = rows.collect::<Result<Packed, PortError>>()?;
    for (_, data) in &rows {
        fits(COMMIT, data.len())?;
        bytes += data.len();
    }
    if bytes > TRANSACTION_BYTES_MAX {
        let cause = format!("{bytes} bytes; a transaction takes {TRANSACTION_BYTES_MAX}");
        return Err(PortError::invalid(COMMIT, cause));
    }
    Ok(rows)
}

impl Tables {
    /// A pointer leads elsewhere from now on. The merge that made it one stays known.
    fn lead(&mut self, key: ContactKey, to: ContactKey) {
        let (into, by) = match self.contacts.get(&key) {
            Some(Slot::Pointer { into, by, .. }) => (*into, *by),
            None | Some(Slot::Contact { .. } | Slot::Erased(_)) => (None, None),
        };
        self.contacts.insert(key, Slot::Pointer { to, into, by });
    }

    /// Stores a contact with its next revision.
    fn put(&mut self, contact: &Contact, now: Timestamp) -> Result<(), PortError> {
        let data = contact.pack();
        let slot = Slot::Contact {
            rev: contact.rev + 1,
            release: contact.release,
            due_at: contact.due_at,
            data: data.map_err(|error| PortError::invalid(COMMIT, error))?,
        };
        self.contacts.insert(contact.id, slot);
        self.index.set(contact.id, contact.due_at, now);
        Ok(())
    }
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
        Some(Slot::Pointer { to, .. }) => *to == contact.id,
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
        Some(Slot::Pointer { .. }) => false,
    }
}
