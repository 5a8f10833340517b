//! The due index and the watermark.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use wend_core::due;
use wend_core::id::ContactKey;
use wend_core::time::Timestamp;

use super::MemoryStore;
use crate::ports::{DueEntry, DueIndex, PortError, Watermark};

/// Who is due when, as the index shows it: each change only after the lag.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) lag: Duration,
    shown: BTreeMap<ContactKey, Timestamp>,
    by_shard: BTreeSet<(u8, Timestamp, ContactKey)>,
    by_time: BTreeSet<(Timestamp, ContactKey)>,
    coming: VecDeque<(Timestamp, ContactKey, Option<Timestamp>)>,
}

impl Index {
    /// The contact's due time is changed at `now`.
    pub(super) fn set(&mut self, contact: ContactKey, due_at: Option<Timestamp>, now: Timestamp) {
        self.coming.push_back((now.plus(self.lag), contact, due_at));
        self.show(now);
    }

    /// Shows what is old enough.
    fn show(&mut self, now: Timestamp) {
        while let Some((_, contact, due_at)) = self.coming.pop_front_if(|(at, ..)| *at <= now) {
            let shard = due::shard(contact);
            if let Some(before) = self.shown.remove(&contact) {
                self.by_shard.remove(&(shard, before, contact));
                self.by_time.remove(&(before, contact));
            }
            if let Some(due_at) = due_at {
                self.shown.insert(contact, due_at);
                self.by_shard.insert((shard, due_at, contact));
                self.by_time.insert((due_at, contact));
            }
        }
    }

    /// When the index shows its next change.
    pub(super) fn next_change(&self) -> Option<Timestamp> {
        self.coming.front().map(|(at, ..)| *at)
    }

    fn due(&self, shard: u8, until: Timestamp) -> Vec<DueEntry> {
        let start = (shard, Timestamp::from_millis(i64::MIN), NO_CONTACT);
        let entries = self.by_shard.range(start..);
        let entries = entries.take_while(|(of, due_at, _)| *of == shard && *due_at <= until);
        let entries = entries.map(|(_, due_at, contact)| DueEntry {
            contact: *contact,
            due_at: *due_at,
        });
        entries.collect()
    }
}

const NO_CONTACT: ContactKey = ContactKey::from_bytes([0; 16]);

impl MemoryStore {
    /// The earliest due time, and the earliest one after `mark`.
    pub(super) fn earliest_due(&self, mark: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let mut tables = self.tables();
        tables.index.show(self.clock.true_now());
        let due = &tables.index.by_time;
        let after = due.range((mark.plus(Duration::from_millis(1)), NO_CONTACT)..);
        let at = |entry: Option<&(Timestamp, ContactKey)>| entry.map(|(at, _)| *at);
        (at(due.first()), at(after.take(1).next()))
    }
}

impl DueIndex for MemoryStore {
    async fn due(&self, shard: u8, until: Timestamp) -> Result<Vec<DueEntry>, PortError> {
        let read = || {
            let mut tables = self.tables();
            tables.index.show(self.clock.true_now());
            Ok(tables.index.due(shard, until))
        };
        self.line.call("read the due index", read).await
    }
}

impl Watermark for MemoryStore {
    async fn read(&self) -> Result<Timestamp, PortError> {
        let read = || Ok(self.tables().watermark.unwrap_or_default());
        self.line.call("read the watermark", read).await
    }

    async fn advance(&self, to: Timestamp) -> Result<(), PortError> {
        let advance = || {
            let mut tables = self.tables();
            tables.watermark = tables.watermark.max(Some(to));
            Ok(())
        };
        self.line.call("advance the watermark", advance).await
    }
}
