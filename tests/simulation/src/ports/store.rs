//! Permission rows, the due index, the watermark, releases, counters and brakes.

use wend_app::memory::MemoryStore;
use wend_app::ports::{
    DueEntry, DueIndex, PaceKey, Paces, Permissions, PortError, PublishError, ReleaseStore,
    SecretStore, Settled, Stepped, Tallies, Watermark,
};
use wend_core::brake::{Brake, Brakes, Counter, DayNumber, Returned, Scope, Tally};
use wend_core::due;
use wend_core::id::{PartHash, PermissionKey, SendId};
use wend_core::identity::IdentitySecret;
use wend_core::pace::{Known, Pace, Take};
use wend_core::permission::{
    ConsentChange, Frequency, Permission, Proof, Suppression, SuppressionReason,
};
use wend_core::release::{Manifest, Part};
use wend_core::time::Timestamp;
use wend_core::token::LinkKeys;

use std::time::Duration;

use super::{Line, instant};
use crate::planted::Planted;

/// The tables with faults.
#[derive(Clone, Debug)]
pub struct SimStore {
    pub line: Line,
    pub inner: MemoryStore,
    /// Whether the planted bugs keep the first release here, and see no brake.
    pub is_forgetful: bool,
}

impl SimStore {
    fn planted(&self, planted: Planted) -> bool {
        self.line.book().planted == Some(planted)
    }

    /// Whether the planted bug loses a word on its way to another address.
    fn is_lost(&self, proof: &Proof) -> bool {
        self.planted(Planted::NothingCarried) && proof.carried_at.is_some()
    }

    /// Keeps what the row was before it is written, for the bug that reads it stale.
    fn remember(&self, permission: PermissionKey) {
        if let Ok(row) = self.inner.permission(permission) {
            self.line.book().permission_before.insert(permission, row);
        }
    }
}

impl Permissions for SimStore {
    async fn consent(&self, change: &ConsentChange) -> Result<(), PortError> {
        let write = || {
            if self.is_lost(&change.consent.proof) {
                return Ok(());
            }
            self.remember(change.permission);
            let mut bent = change.clone();
            if self.planted(Planted::LastArrivalCounts) {
                let row = self.inner.permission(change.permission)?;
                let known = row.topics.get(&change.topic).map(|consent| consent.at);
                let after = known.map(|at| at.plus(Duration::from_millis(1)));
                bent.consent.at = bent.consent.at.max(after.unwrap_or_default());
            }
            if self.planted(Planted::PendingCounts) {
                bent.is_pending = false;
            }
            instant(self.inner.consent(&bent))?;
            self.line.book().said(change, &self.inner);
            Ok(())
        };
        self.line.call("write a consent", write).await
    }

    async fn unsubscribe(
        &self,
        permission: PermissionKey,
        proof: &Proof,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = || {
            if self.is_lost(proof) {
                return Ok(());
            }
            self.remember(permission);
            if !self.planted(Planted::UnsubscribeLater) {
                instant(self.inner.unsubscribe(permission, proof, at))?;
            }
            self.line.book().unsubscribed(permission, at);
            Ok(())
        };
        self.line.call("write an unsubscribe", write).await
    }

    async fn row(&self, permission: PermissionKey) -> Result<Permission, PortError> {
        let read = || instant(self.inner.row(permission));
        self.line.call("read a permission", read).await
    }

    async fn pause(
        &self,
        permission: PermissionKey,
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = || {
            self.remember(permission);
            instant(self.inner.pause(permission, until, at))?;
            let until = self.inner.permission(permission)?.paused_until;
            let mut book = self.line.book();
            book.record
                .rests
                .insert(permission, until.unwrap_or_default());
            Ok(())
        };
        self.line.call("write a pause", write).await
    }

    async fn limit_frequency(
        &self,
        permission: PermissionKey,
        frequency: Option<Frequency>,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = || {
            self.remember(permission);
            instant(self.inner.limit_frequency(permission, frequency, at))
        };
        self.line.call("write a frequency", write).await
    }

    async fn soft_bounced(
        &self,
        permission: PermissionKey,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<usize, PortError> {
        let write = || instant(self.inner.soft_bounced(permission, at, since));
        self.line.call("note a soft bounce", write).await
    }

    async fn delivered(&self, permission: PermissionKey, at: Timestamp) -> Result<(), PortError> {
        let write = || instant(self.inner.delivered(permission, at));
        self.line.call("forget soft bounces", write).await
    }

    async fn suppress(
        &self,
        permission: PermissionKey,
        suppression: Suppression,
    ) -> Result<(), PortError> {
        let write = || {
            self.remember(permission);
            instant(self.inner.suppress(permission, suppression))?;
            self.line.book().record.shut.insert(permission);
            Ok(())
        };
        self.line.call("suppress an address", write).await
    }

    async fn reopen(
        &self,
        permission: PermissionKey,
        reason: SuppressionReason,
        at: Timestamp,
    ) -> Result<Settled, PortError> {
        self.inner.reopen(permission, reason, at).await
    }

    async fn stop(
        &self,
        permission: PermissionKey,
        is_stopped: bool,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let write = || {
            self.remember(permission);
            if !self.planted(Planted::StopUnwritten) {
                instant(self.inner.stop(permission, is_stopped, at))?;
            }
            self.line.book().stopped(permission, is_stopped, at);
            Ok(())
        };
        self.line.call("write a stop", write).await
    }
}

impl DueIndex for SimStore {
    async fn due(&self, shard: u8, until: Timestamp) -> Result<Vec<DueEntry>, PortError> {
        // Most shards are empty here; those take no time.
        let is_used = {
            let book = self.line.book();
            book.record
                .contacts
                .keys()
                .any(|contact| due::shard(*contact) == shard)
        };
        if !is_used {
            return Ok(Vec::new());
        }
        let read = || {
            let mut entries = instant(self.inner.due(shard, until))?;
            if self.planted(Planted::NoSafetySweep) {
                let mark = self.line.book().record.watermark;
                entries.retain(|entry| entry.due_at > mark);
            }
            Ok(entries)
        };
        self.line.call("read the due index", read).await
    }
}

impl Watermark for SimStore {
    async fn read(&self) -> Result<Timestamp, PortError> {
        let read = || instant(Watermark::read(&self.inner));
        self.line.call("read the watermark", read).await
    }

    async fn advance(&self, to: Timestamp) -> Result<(), PortError> {
        let advance = || {
            let mut book = self.line.book();
            book.record.watermark = book.record.watermark.max(to);
            drop(book);
            instant(self.inner.advance(to))
        };
        self.line.call("advance the watermark", advance).await
    }
}

impl SecretStore for SimStore {
    async fn secret(&self, candidate: IdentitySecret) -> Result<IdentitySecret, PortError> {
        self.inner.secret(candidate).await
    }

    async fn link_keys(&self, secret: &IdentitySecret) -> Result<LinkKeys, PortError> {
        let read = || instant(self.inner.link_keys(secret));
        self.line.call("read the keys of links", read).await
    }

    async fn rotate_link_keys(&self, keys: &LinkKeys) -> Result<(), PortError> {
        self.inner.rotate_link_keys(keys).await
    }
}

impl ReleaseStore for SimStore {
    async fn manifest(&self) -> Result<Option<Manifest>, PortError> {
        let read = || {
            if self.is_forgetful && self.planted(Planted::HaltNotRead) {
                let book = self.line.book();
                let first = book.record.releases.first();
                return Ok(first.map(|first| first.manifest.clone()));
            }
            instant(self.inner.manifest())
        };
        self.line.call("read the manifest", read).await
    }

    async fn parts(&self, hashes: &[PartHash]) -> Result<Vec<Part>, PortError> {
        let read = || instant(self.inner.parts(hashes));
        self.line.call("read the parts", read).await
    }

    async fn publish(&self, manifest: &Manifest, parts: &[Part]) -> Result<(), PublishError> {
        self.inner.publish(manifest, parts).await
    }
}

/// Without faults: a lost slot is lost, whoever loses it.
impl Paces for SimStore {
    async fn pace(&self, key: &PaceKey) -> Result<Pace, PortError> {
        self.inner.pace(key).await
    }

    async fn take(&self, key: &PaceKey, take: &Take) -> Result<Stepped, PortError> {
        self.inner.take(key, take).await
    }

    async fn know(&self, key: &PaceKey, rev: u64, known: &Known) -> Result<Stepped, PortError> {
        self.inner.know(key, rev, known).await
    }
}

impl Tallies for SimStore {
    async fn add(
        &self,
        scope: &Scope,
        day: DayNumber,
        counter: Counter,
        count: u32,
    ) -> Result<Tally, PortError> {
        let write = || instant(self.inner.add(scope, day, counter, count));
        self.line.call("add to a tally", write).await
    }

    async fn tally(&self, scope: &Scope, day: DayNumber) -> Result<Tally, PortError> {
        let read = || instant(self.inner.tally(scope, day));
        self.line.call("read a tally", read).await
    }

    async fn note_returned(&self, send: SendId, what: Returned) -> Result<Settled, PortError> {
        let write = || instant(self.inner.note_returned(send, what));
        self.line.call("note what came back", write).await
    }

    async fn counted_since(&self, scope: &Scope, now: Timestamp) -> Result<Timestamp, PortError> {
        let write = || instant(self.inner.counted_since(scope, now));
        self.line.call("note since when is counted", write).await
    }

    async fn climb(&self, domain: &str, day: DayNumber, most: u64) -> Result<Settled, PortError> {
        let write = || instant(self.inner.climb(domain, day, most));
        self.line.call("climb a ramp", write).await
    }

    async fn brakes(&self) -> Result<Brakes, PortError> {
        let read = || {
            if self.is_forgetful && self.planted(Planted::BrakeNotRead) {
                return Ok(Brakes::new());
            }
            instant(self.inner.brakes())
        };
        self.line.call("read the brakes", read).await
    }

    async fn brake(&self, scope: &Scope, brake: &Brake) -> Result<Settled, PortError> {
        let write = || instant(self.inner.brake(scope, brake));
        self.line.call("put a brake on", write).await
    }

    async fn lift(&self, scope: &Scope, day: DayNumber) -> Result<(), PortError> {
        let write = || instant(self.inner.lift(scope, day));
        self.line.call("lift a brake", write).await
    }
}
