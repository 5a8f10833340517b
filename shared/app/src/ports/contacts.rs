//! Contacts and their log, written together.

use std::future::Future;

use wend_core::contact::Contact;
use wend_core::id::{ContactKey, InputId};
use wend_core::identity::Identity;
use wend_core::log::LogRow;
use wend_core::time::Timestamp;

use super::PortError;

/// What stands under a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The contact, reached directly or through one pointer.
    pub contact: Option<Contact>,
    /// The contact's id: the key itself, or where its pointer leads.
    pub id: Option<ContactKey>,
    /// When the contact was erased. Its stub keeps inputs out that were accepted before.
    pub erased_at: Option<Timestamp>,
}

/// What one decision, or several folded ones, leave behind.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// The contact to write, or none if it is unchanged. Its `rev` is the one that was read.
    pub contact: Option<&'a Contact>,
    /// Names that shall point to the contact.
    pub pointers: &'a [Identity],
    /// One row an input; at least one, at most [`Commit::ROWS_MAX`].
    pub rows: &'a [LogRow],
}

impl Commit<'_> {
    /// Most rows of one commit. With the contact and its pointers it stays below the 100 items of a transaction.
    pub const ROWS_MAX: usize = 25;
}

/// How a commit ended. Unless it is `Done`, nothing of it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Committed {
    /// All of it is written.
    Done,
    /// These inputs were applied before; the rows are the stored ones.
    Applied(Vec<LogRow>),
    /// The contact was written since it was read.
    Stale,
    /// This name belongs to another contact.
    Taken(Identity),
}

/// The contacts and the log.
pub trait Contacts: Send + Sync {
    /// Reads, consistently, what stands under `key`. One read; a second one through a pointer.
    fn load(&self, key: ContactKey) -> impl Future<Output = Result<Loaded, PortError>> + Send;

    /// Writes all of `commit` or nothing. The contact is written only if its revision is the one that was read; a row only
    /// if it is absent; a pointer only where nothing stands or where it leads to the same contact already.
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
