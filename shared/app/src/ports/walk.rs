//! Walks over all contacts.

use std::future::Future;

use wend_core::contact::Contact;
use wend_core::id::ContactKey;

use super::PortError;

/// Some of the contacts of a segment of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The contacts, as they were at some moment of the last seconds.
    pub contacts: Vec<Contact>,
    /// After whom the next page begins; none: the segment is at its end.
    pub next: Option<ContactKey>,
}

/// The contacts, read one after the other in an order of their own, which never changes.
pub trait ContactScan: Send + Sync {
    /// Up to `limit` items of segment `segment` of `of`, from behind `after` on; pointers and stubs count among them and are left out, so
    /// that a page may be empty before the end. The segments share out the contacts. A contact that was there when the walk of its
    /// segment began, and is not erased, is on exactly one page, however often it is written meanwhile; one that came later may be.
    fn page(
        &self,
        segment: u32,
        of: u32,
        after: Option<ContactKey>,
        limit: u32,
    ) -> impl Future<Output = Result<Page, PortError>> + Send;
}

/// How far a walk has come in one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// How many pages are done.
    pub pages: u64,
    /// The last contact of the last page.
    pub after: Option<ContactKey>,
    /// How many contacts were looked at.
    pub seen: u64,
    /// How many of them were told.
    pub told: u64,
    /// Whether it is at its end.
    pub is_over: bool,
}

/// The rows of walks: how far each has come.
pub trait Walks: Send + Sync {
    /// Reads, consistently, how far the walk has come in the segment; the default before it has begun.
    fn stand(
        &self,
        walk: &str,
        segment: u32,
    ) -> impl Future<Output = Result<Stand, PortError>> + Send;

    /// Moves on by one page: false, and nothing is written, unless `from` is where it stands. After an ambiguous failure it may
    /// have moved.
    fn move_on(
        &self,
        walk: &str,
        segment: u32,
        from: &Stand,
        to: &Stand,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}
