//! Permission rows.

use std::collections::{BTreeMap, BTreeSet};

use wend_core::id::{PermissionKey, SendId};
use wend_core::permission::{Consent, ConsentChange, Permission};
use wend_core::time::Timestamp;

use super::MemoryStore;
use super::store::unpacked;
use crate::ports::{Permissions, PortError};

/// A row as it is stored: what is updated alone is an attribute of its own.
#[derive(Debug, Default)]
pub(super) struct PermissionItem {
    pub(super) rev: u64,
    topics: BTreeMap<String, Consent>,
    unsubscribed: Option<(Timestamp, SendId)>,
    suppressed: Option<(Timestamp, String)>,
    erased_at: Option<Timestamp>,
    /// Until when, and when that was said.
    paused: Option<(Option<Timestamp>, Timestamp)>,
    soft_bounces: BTreeSet<Timestamp>,
    /// The recent submissions, packed.
    pub(super) recent: Option<Vec<u8>>,
}

impl PermissionItem {
    pub(super) fn read(&self, operation: &'static str) -> Result<Permission, PortError> {
        let recent = self.recent.as_deref();
        let recent = recent.map(|data| unpacked(operation, data)).transpose()?;
        Ok(Permission {
            rev: self.rev,
            topics: self.topics.clone(),
            unsubscribed_at: self.unsubscribed.map(|(at, _)| at),
            suppressed_at: self.suppressed.as_ref().map(|(at, _)| *at),
            erased_at: self.erased_at,
            paused_until: self.paused.and_then(|(until, _)| until),
            recent: recent.unwrap_or_default(),
        })
    }

    /// Last writer by time; of a yes and a no at one moment the no counts, in whichever order they arrive.
    fn consent(&mut self, topic: &str, said: Consent) -> bool {
        let is_news = self.topics.get(topic).is_none_or(|known| {
            known.at < said.at || (known.at == said.at && known.opted_in && !said.opted_in)
        });
        if is_news {
            self.topics.insert(topic.to_owned(), said);
        }
        is_news
    }
}

impl MemoryStore {
    /// The permission row of one address.
    pub fn permission(&self, permission: PermissionKey) -> Result<Permission, PortError> {
        let tables = self.tables();
        let row = tables.permissions.get(&permission);
        row.map_or_else(
            || Ok(Permission::default()),
            |row| row.read("read a permission"),
        )
    }

    /// One conditional update; `update` says whether its condition held.
    async fn update(
        &self,
        operation: &'static str,
        permission: PermissionKey,
        update: impl FnOnce(&mut PermissionItem) -> bool,
    ) -> Result<(), PortError> {
        let write = || {
            let mut tables = self.tables();
            let row = tables.permissions.entry(permission).or_default();
            row.rev += u64::from(update(row));
            Ok(())
        };
        self.line.call(operation, write).await
    }
}

impl MemoryStore {
    /// The row of an erased contact's address.
    pub(super) async fn forget(
        &self,
        permission: PermissionKey,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let is_news = row.erased_at.is_none_or(|known| known < at);
            if is_news {
                row.erased_at = Some(at);
            }
            is_news
        };
        self.update("erase an address", permission, write).await
    }
}

impl Permissions for MemoryStore {
    async fn consent(&self, change: &ConsentChange) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| row.consent(&change.topic, change.consent);
        self.update("write a consent", change.permission, write)
            .await
    }

    async fn unsubscribe(
        &self,
        permission: PermissionKey,
        send: SendId,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let is_news = row.unsubscribed.is_none_or(|(known, _)| known < at);
            if is_news {
                row.unsubscribed = Some((at, send));
            }
            is_news
        };
        self.update("write an unsubscribe", permission, write).await
    }

    async fn row(&self, permission: PermissionKey) -> Result<Permission, PortError> {
        let read = || self.permission(permission);
        self.line.call("read a permission", read).await
    }

    async fn pause(
        &self,
        permission: PermissionKey,
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let is_news = row.paused.is_none_or(|(_, known)| known < at);
            if is_news {
                row.paused = Some((until, at));
            }
            is_news
        };
        self.update("write a pause", permission, write).await
    }

    async fn soft_bounced(
        &self,
        permission: PermissionKey,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<usize, PortError> {
        let write = || {
            let mut tables = self.tables();
            let known = &mut tables
                .permissions
                .entry(permission)
                .or_default()
                .soft_bounces;
            known.insert(at);
            known.retain(|known| *known >= since);
            Ok(known.len())
        };
        self.line.call("note a soft bounce", write).await
    }

    async fn delivered(&self, permission: PermissionKey, at: Timestamp) -> Result<(), PortError> {
        let write = || {
            if let Some(row) = self.tables().permissions.get_mut(&permission) {
                row.soft_bounces.retain(|known| *known > at);
            }
            Ok(())
        };
        self.line.call("forget soft bounces", write).await
    }

    async fn suppress(
        &self,
        permission: PermissionKey,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let is_news = row.suppressed.is_none();
            if is_news {
                row.suppressed = Some((at, reason.to_owned()));
            }
            is_news
        };
        self.update("suppress an address", permission, write).await
    }
}
