//! Permission rows.

use std::collections::{BTreeMap, BTreeSet};

use wend_core::id::PermissionKey;
use wend_core::permission::{
    Consent, ConsentChange, Frequency, LastMessage, Permission, Proof, Suppression,
    SuppressionReason,
};
use wend_core::time::Timestamp;

use super::MemoryStore;
use super::store::unpacked;
use crate::ports::{Permissions, PortError, Settled};

/// A row as it is stored: what is updated alone is an attribute of its own.
#[derive(Debug, Default)]
pub(super) struct PermissionItem {
    pub(super) rev: u64,
    topics: BTreeMap<String, Consent>,
    pending: BTreeMap<String, Consent>,
    unsubscribed: Option<(Timestamp, Proof)>,
    suppressed: Option<Suppression>,
    reopened_at: Option<Timestamp>,
    /// Whether all SMS are stopped, and when that was said.
    stopped: Option<(bool, Timestamp)>,
    pub(super) last: Option<LastMessage>,
    erased_at: Option<Timestamp>,
    /// Until when, and when that was said.
    paused: Option<(Option<Timestamp>, Timestamp)>,
    /// How often at most, and when that was said.
    frequency: Option<(Option<Frequency>, Timestamp)>,
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
            pending: self.pending.clone(),
            unsubscribed: self.unsubscribed.clone(),
            stopped_at: self.stopped.and_then(|(stopped, at)| stopped.then_some(at)),
            suppressed: self.suppressed,
            erased_at: self.erased_at,
            paused_until: self.paused.and_then(|(until, _)| until),
            frequency: self.frequency.and_then(|(frequency, _)| frequency),
            recent: recent.unwrap_or_default(),
            last: self.last.clone(),
        })
    }

    /// Last writer by time; of a yes and a no at one moment the no counts, in whichever order they arrive.
    fn consent(&mut self, change: &ConsentChange) -> bool {
        let topics = if change.is_pending {
            &mut self.pending
        } else {
            &mut self.topics
        };
        let said = &change.consent;
        let is_news = topics.get(&change.topic).is_none_or(|known| {
            known.at < said.at || (known.at == said.at && known.opted_in && !said.opted_in)
        });
        if is_news {
            topics.insert(change.topic.clone(), said.clone());
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
        let write = |row: &mut PermissionItem| row.consent(change);
        self.update("write a consent", change.permission, write)
            .await
    }

    async fn unsubscribe(
        &self,
        permission: PermissionKey,
        proof: &Proof,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let known = row.unsubscribed.as_ref();
            let is_news = known.is_none_or(|(known, _)| *known < at);
            if is_news {
                row.unsubscribed = Some((at, proof.clone()));
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

    async fn limit_frequency(
        &self,
        permission: PermissionKey,
        frequency: Option<Frequency>,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let is_news = row.frequency.is_none_or(|(_, known)| known < at);
            if is_news {
                row.frequency = Some((frequency, at));
            }
            is_news
        };
        self.update("write a frequency", permission, write).await
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
        suppression: Suppression,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let is_complaint = suppression.reason == SuppressionReason::Complaint;
            let yields =
                |known: Suppression| is_complaint && known.reason != SuppressionReason::Complaint;
            let is_new = row.reopened_at.is_none_or(|known| known < suppression.at);
            let is_news = is_new && row.suppressed.is_none_or(yields);
            if is_news {
                row.suppressed = Some(suppression);
            }
            is_news
        };
        self.update("suppress an address", permission, write).await
    }

    async fn reopen(
        &self,
        permission: PermissionKey,
        reason: SuppressionReason,
        at: Timestamp,
    ) -> Result<Settled, PortError> {
        let write = || {
            let mut tables = self.tables();
            let row = tables.permissions.entry(permission).or_default();
            if row.suppressed.is_none_or(|known| known.reason != reason) {
                return Ok(Settled::Lost);
            }
            row.suppressed = None;
            row.reopened_at = Some(at);
            row.soft_bounces.clear();
            row.rev += 1;
            Ok(Settled::Done)
        };
        self.line.call("reopen an address", write).await
    }

    async fn stop(
        &self,
        permission: PermissionKey,
        is_stopped: bool,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = |row: &mut PermissionItem| {
            let is_news = row.stopped.is_none_or(|(known, known_at)| {
                known_at < at || (known_at == at && is_stopped && !known)
            });
            if is_news {
                row.stopped = Some((is_stopped, at));
            }
            is_news
        };
        self.update("write a stop", permission, write).await
    }
}
