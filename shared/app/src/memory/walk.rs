//! Walks: the contacts in the order of their keys.

use std::ops::Bound;

use wend_core::id::ContactKey;

use super::MemoryStore;
use crate::ports::{ContactScan, Page, PortError, Stand, Walks};

const PAGE: &str = "read a page of contacts";

/// The segment of a key.
fn segment_of(key: ContactKey, of: u32) -> u32 {
    let first = key.as_bytes().first().copied().unwrap_or_default();
    u32::from(first) % of.max(1)
}

impl ContactScan for MemoryStore {
    async fn page(
        &self,
        segment: u32,
        of: u32,
        after: Option<ContactKey>,
        limit: u32,
    ) -> Result<Page, PortError> {
        let read = || {
            let tables = self.tables();
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let slots = tables.contacts.range((from, Bound::Unbounded));
            let mut slots = slots.filter(|(key, _)| segment_of(**key, of) == segment);
            let mut page = Page::default();
            for (key, slot) in slots.by_ref().take(limit as usize) {
                page.contacts.extend(slot.contact(PAGE)?);
                page.next = Some(*key);
            }
            if slots.next().is_none() {
                page.next = None;
            }
            Ok(page)
        };
        self.line.call(PAGE, read).await
    }
}

impl Walks for MemoryStore {
    async fn stand(&self, walk: &str, segment: u32) -> Result<Stand, PortError> {
        let read = || {
            let tables = self.tables();
            let stand = tables.walks.get(&(walk.to_owned(), segment)).copied();
            Ok(stand.unwrap_or_default())
        };
        self.line.call("read how far a walk is", read).await
    }

    async fn move_on(
        &self,
        walk: &str,
        segment: u32,
        from: &Stand,
        to: &Stand,
    ) -> Result<bool, PortError> {
        let write = || {
            let mut tables = self.tables();
            let stand = tables.walks.entry((walk.to_owned(), segment)).or_default();
            let is_there = stand == from;
            if is_there {
                *stand = *to;
            }
            Ok(is_there)
        };
        self.line.call("move a walk on", write).await
    }
}
