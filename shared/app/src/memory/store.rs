//! The tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wend_core::brake::{Brakes, Counter, DayNumber, Scope, Tally};
use wend_core::contact::Contact;
use wend_core::id::{ContactKey, InputId, PartHash, PermissionKey, SendId};
use wend_core::log::LogRow;
use wend_core::pace::Pace;
use wend_core::release::EventSource;
use wend_core::time::Timestamp;
use wend_core::token::LinkKeys;

use super::coupons::Codes;
use super::due::Index;
use super::faults::Line;
use super::ledger::SendItem;
use super::permissions::PermissionItem;
use super::{VirtualClock, lock};
use crate::ports::{Erased, PaceKey, PortError, SendRow, Stand};

/// Most bytes of an item (DynamoDB).
const ITEM_BYTES_MAX: usize = 400 * 1024;
/// What an item may need beside what is packed: its key, numbers, the names of its attributes.
const BESIDE_BYTES: usize = 256;

/// All tables. Clones share them.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    pub(super) tables: Arc<Mutex<Tables>>,
    pub(super) line: Line,
    pub(super) clock: VirtualClock,
}

/// What is stored.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) contacts: BTreeMap<ContactKey, Slot>,
    pub(super) index: Index,
    /// Packed rows by address and input.
    pub(super) log: BTreeMap<(ContactKey, InputId), Vec<u8>>,
    /// The rows in the order in which they were written.
    pub(super) written: Vec<(ContactKey, InputId)>,
    pub(super) sends: BTreeMap<SendId, SendItem>,
    pub(super) permissions: BTreeMap<PermissionKey, PermissionItem>,
    pub(super) manifest: Option<(u64, Vec<u8>)>,
    pub(super) parts: BTreeMap<PartHash, Vec<u8>>,
    pub(super) write_keys: BTreeMap<String, EventSource>,
    pub(super) secret: Option<[u8; 32]>,
    pub(super) link_keys: Option<LinkKeys>,
    pub(super) watermark: Option<Timestamp>,
    pub(super) paces: BTreeMap<PaceKey, Pace>,
    pub(super) coupons: Codes,
    /// How far walks have come, by name and segment.
    pub(super) walks: BTreeMap<(String, u32), Stand>,
    pub(super) tallies: BTreeMap<(Scope, DayNumber), Tally>,
    pub(super) counted_since: BTreeMap<Scope, Timestamp>,
    /// What new domains have sent on a day.
    pub(super) climbed: BTreeMap<(String, DayNumber), u64>,
    /// What was noted of which send.
    pub(super) returned: BTreeSet<(SendId, Counter)>,
    pub(super) brakes: Brakes,
    /// Packed copies of messages.
    pub(super) copies: BTreeMap<(ContactKey, SendId), Vec<u8>>,
}

/// What stands under a key of the contacts table.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Contact {
        rev: u64,
        release: u64,
        due_at: Option<Timestamp>,
        data: Vec<u8>,
    },
    Pointer {
        to: ContactKey,
        /// Whom the contact with this id has become, if there was one.
        into: Option<ContactKey>,
        /// The row of the merge that made it one, of a contact's own item.
        by: Option<(ContactKey, InputId)>,
    },
    Erased(Erased),
}

impl Slot {
    /// The contact, if it is one.
    pub(super) fn contact(&self, operation: &'static str) -> Result<Option<Contact>, PortError> {
        match self {
            Self::Contact {
                rev,
                release,
                due_at,
                data,
            } => {
                let contact = Contact::unpack(data, *rev, *release, *due_at);
                let contact = contact.map_err(|error| PortError::invalid(operation, error))?;
                Ok(Some(contact))
            }
            Self::Pointer { .. } | Self::Erased(_) => Ok(None),
        }
    }
}

impl MemoryStore {
    /// Empty tables.
    pub fn new(clock: VirtualClock, line: Line) -> Self {
        Self {
            tables: Arc::default(),
            line,
            clock,
        }
    }

    /// Lets the due index lag behind the contacts by this long, as an index of DynamoDB does.
    pub fn set_index_lag(&self, lag: Duration) {
        self.tables().index.lag = lag;
    }

    /// Writes a pointer, wherever it leads: no port writes one that leads to another.
    pub fn point(&self, key: ContactKey, to: ContactKey) {
        let mut tables = self.tables();
        let (into, by) = (None, None);
        let slot = Slot::Pointer { to, into, by };
        tables.contacts.insert(key, slot);
        tables.index.set(key, None, self.clock.true_now());
    }

    /// Every contact.
    pub fn all_contacts(&self) -> Result<Vec<Contact>, PortError> {
        let tables = self.tables();
        let contacts = tables.contacts.values();
        let contacts = contacts.map(|slot| slot.contact("list contacts"));
        contacts.filter_map(Result::transpose).collect()
    }

    /// Every row of the log from the one with this number on, in the order in which they were written.
    pub fn rows_from(&self, number: usize) -> Result<Vec<LogRow>, PortError> {
        let tables = self.tables();
        let written = tables.written.iter().skip(number);
        let packed = written.filter_map(|key| tables.log.get(key));
        packed.map(|data| unpack_row("list rows", data)).collect()
    }

    /// Every send in the ledger.
    pub fn sends(&self) -> Result<Vec<SendRow>, PortError> {
        let tables = self.tables();
        tables.sends.values().map(SendItem::row).collect()
    }

    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        lock(&self.tables)
    }
}

/// Whether an item with this many packed bytes may be stored. An item of DynamoDB is a few bytes larger or smaller than it is
/// here; nothing that may be stored here is too large there.
pub(super) fn fits(operation: &'static str, packed_bytes: usize) -> Result<(), PortError> {
    if packed_bytes + BESIDE_BYTES <= ITEM_BYTES_MAX {
        return Ok(());
    }
    let cause = format!("an item of {packed_bytes} bytes; at most {ITEM_BYTES_MAX}");
    Err(PortError::invalid(operation, cause))
}

pub(super) fn unpack_row(operation: &'static str, data: &[u8]) -> Result<LogRow, PortError> {
    LogRow::unpack(data).map_err(|error| PortError::invalid(operation, error))
}

/// The packed form of what has no format of its own: as the attribute of an item.
pub(super) fn packed<T: Serialize>(
    operation: &'static str,
    value: &T,
) -> Result<Vec<u8>, PortError> {
    rmp_serde::to_vec_named(value).map_err(|error| PortError::invalid(operation, error))
}

/// Reads what [`packed`] wrote.
pub(super) fn unpacked<T: DeserializeOwned>(
    operation: &'static str,
    data: &[u8],
) -> Result<T, PortError> {
    rmp_serde::from_slice(data).map_err(|error| PortError::invalid(operation, error))
}
