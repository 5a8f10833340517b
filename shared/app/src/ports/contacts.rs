//! Contacts and their log, written together.

use std::future::Future;

use serde::{Deserialize, Serialize};

use wend_core::contact::Contact;
use wend_core::decide::Repointed;
use wend_core::id::{ContactKey, InputId, PermissionKey};
use wend_core::identity::Identity;
use wend_core::log::{LogRow, Merged};
use wend_core::time::Timestamp;

use super::{PortError, Settled};

/// What stands under a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The contact, reached directly or through a pointer.
    pub contact: Option<Contact>,
    /// The contact's id: the key itself, or where its pointer leads.
    pub id: Option<ContactKey>,
    /// The stub of a contact that was erased. It keeps inputs out that were accepted before.
    pub erased: Option<Erased>,
    /// Where the row stands that made the contact under the key a pointer: it has been merged into another. The row's
    /// [`merged`](LogRow::merged) holds it as it was.
    pub merged_by: Option<(ContactKey, InputId)>,
}

/// Most pointers that a reader follows. At rest a pointer leads to a contact; a merge between two reads makes it two, and two
/// merges three. Whoever meets more is told of a conflict, and asks again.
pub const HOPS_MAX: usize = 3;

/// What is left of an erased contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// When it was erased.
    pub at: Timestamp,
    /// The permission rows of the addresses that it had, so that an erasure whose caller died can be completed.
    pub permissions: Vec<PermissionKey>,
    /// The ids under which copies of its messages may stand: its own, and those of contacts that were merged into it.
    pub ids: Vec<ContactKey>,
}

/// What one decision, or several folded ones, leave behind.
#[derive(Clone, Debug, Default)]
pub struct Commit<'a> {
    /// The contact to write, or none if it is unchanged. Its `rev` is the one that was read.
    pub contact: Option<&'a Contact>,
    /// Names that shall point to the contact.
    pub pointers: &'a [Identity],
    /// Names that shall point to the contact and pointed to another, which is written too. Its `rev` is the one that was read.
    pub repointed: &'a [Repointed],
    /// One row an input; at least one, at most [`Commit::ROWS_MAX`]. The contacts that [`merged`](LogRow::merged) holds become
    /// pointers: their items, and those that pointed to them.
    pub rows: &'a [LogRow],
}

impl Commit<'_> {
    /// Most rows of one commit. With the contact and its pointers it stays below the 100 items of a transaction. A commit that
    /// merges has one row: its pointers are at most [`IDENTITIES_MAX`](wend_core::contact::IDENTITIES_MAX).
    pub const ROWS_MAX: usize = 25;

    /// The contacts that become pointers, each with the row that says so.
    pub fn merged(&self) -> impl Iterator<Item = (&LogRow, &Merged)> {
        let rows = self.rows.iter();
        rows.flat_map(|row| row.merged.iter().map(move |merged| (row, merged)))
    }
}

/// How a commit ended. Unless it is `Done`, nothing of it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Committed {
    /// All of it is written.
    Done,
    /// These inputs were applied before; the rows are the stored ones.
    Applied(Vec<LogRow>),
    /// A contact was written since it was read.
    Stale,
    /// This name belongs to another contact.
    Taken(Identity),
}

/// The contacts and the log.
pub trait Contacts: Send + Sync {
    /// Reads, consistently, what stands under `key`. One read; a second one through a pointer; at most [`HOPS_MAX`] pointers, and
    /// `Conflict` if there are more.
    fn load(&self, key: ContactKey) -> impl Future<Output = Result<Loaded, PortError>> + Send;

    /// The same for a contact's id instead of the key of a name: the contact, or whom it has become. A device's contact has the
    /// device's key for its id; what was asked for that contact stays with whoever took it in, when the device goes to another.
    fn find(&self, id: ContactKey) -> impl Future<Output = Result<Loaded, PortError>> + Send;

    /// Writes all of `commit` or nothing. The contact is written only if its revision is the one that was read; a row only
    /// if it is absent; a pointer only where nothing stands or where it leads to the same contact already. Each merged contact
    /// becomes a pointer, and so does each pointer that led to it: afterwards all lead to the contact, none to a pointer. Each
    /// repointed name moves from its owner to the contact. All of this only if those contacts, too, are as they were read.
    ///
    /// What no transaction can take is `Invalid`, and nothing is written: an item over 400 KB, more than 4 MB together, one input
    /// or one name twice, pointers without a contact. Of several reasons to write nothing, rows that are there come before a
    /// name that is taken, and that before a stale contact.
    ///
    /// After `Conflict` or `Throttled` nothing was written. After `Ambiguous` all of it may have been: the same commit asked
    /// again then answers `Applied`.
    fn commit(
        &self,
        commit: Commit<'_>,
    ) -> impl Future<Output = Result<Committed, PortError>> + Send;

    /// Reads, consistently, the row of one input, if it was applied. One read.
    fn row(
        &self,
        partition: ContactKey,
        input: InputId,
    ) -> impl Future<Output = Result<Option<LogRow>, PortError>> + Send;

    /// The rows under one address, in the order in which they were applied.
    fn timeline(
        &self,
        key: ContactKey,
    ) -> impl Future<Output = Result<Vec<LogRow>, PortError>> + Send;
}

/// What takes a person out of the tables. Only an operator's use case may.
pub trait Erasures: Contacts {
    /// Puts a stub in the place of `contact`. Its revision must be the one that was read, else it is `Lost`. After `Ambiguous` it
    /// may be there: load it again.
    fn erase(
        &self,
        contact: &Contact,
        stub: &Erased,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// Writes into the permission row that the contact whose address it was is erased: what was said before does not count any
    /// more, and a claim whose gate has read the row before fails. Last writer by time; repeating it is safe.
    fn forget(
        &self,
        permission: PermissionKey,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
