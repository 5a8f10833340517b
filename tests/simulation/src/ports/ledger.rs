//! The ledger of sends.

use wend_app::memory::MemoryStore;
use wend_app::ports::{Claim, Evidence, Ledger, LedgerView, PortError, SendRow, Settled};
use wend_core::id::{PermissionKey, SendId};
use wend_core::send::{CallRequest, SendRequest, SendState};
use wend_core::time::Timestamp;

use super::{SimStore, instant};
use crate::book::Cue;
use crate::plan::Trouble;
use crate::planted::Planted;

impl SimStore {
    fn is_planted(&self, planted: Planted) -> bool {
        self.line.book().planted == Some(planted)
    }

    /// The send's row.
    fn send_row(&self, send: SendId) -> Result<Option<SendRow>, PortError> {
        let rows = self.inner.sends()?;
        Ok(rows.into_iter().find(|row| row.request.send == send))
    }

    /// The settled row as it now stands goes into the book.
    fn note(&self, send: SendId) -> Result<(), PortError> {
        if let Some(row) = self.send_row(send)? {
            let now = self.line.clock().true_now();
            self.line.book().settled(&row, now);
        }
        Ok(())
    }

    /// As a bug would: the row becomes what the condition wants.
    fn force_held(&self, store: &MemoryStore, send: SendId) -> Result<(), PortError> {
        if let Some(row) = self.send_row(send)? {
            let at = self.line.clock().true_now();
            instant(store.settle(send, &row.state, &SendState::Held { at }))?;
        }
        Ok(())
    }
}

impl Ledger for SimStore {
    async fn read(
        &self,
        request: &SendRequest,
        permission: Option<PermissionKey>,
    ) -> Result<LedgerView, PortError> {
        let read = || {
            let mut view = instant(Ledger::read(&self.inner, request, permission))?;
            if self.is_planted(Planted::StalePermission)
                && let Some(key) = permission
                && let Some(before) = self.line.book().permission_before.get(&key)
            {
                view.permission.topics = before.topics.clone();
                view.permission
                    .unsubscribed
                    .clone_from(&before.unsubscribed);
                view.permission.suppressed = before.suppressed;
            }
            if self.is_planted(Planted::CapOutsideClaim) {
                view.permission.recent.clear();
            }
            let mut book = self.line.book();
            let troubles = &[Trouble::WorstMoment, Trouble::ErasedMidway];
            let cue = match (book.plan.ask("gate", troubles), permission, &view.send) {
                (Some((Trouble::ErasedMidway, _)), Some(_), None) => {
                    Some(Cue::Erase(request.contact))
                }
                (Some(_), Some(permission), None) => {
                    Some(Cue::Unsubscribe(request.contact, permission))
                }
                _ => None,
            };
            book.cues.extend(cue);
            Ok(view)
        };
        self.line.call("read a send", read).await
    }

    async fn about(&self, call: &CallRequest) -> Result<LedgerView, PortError> {
        let read = || instant(self.inner.about(call));
        self.line.call("read about a call", read).await
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Settled, PortError> {
        let write = || {
            let mut bent = claim.clone();
            if self.is_planted(Planted::ClaimIgnoresPermission) {
                bent.permission_rev = self.inner.permission(claim.permission)?.rev;
            }
            if self.is_planted(Planted::ClaimIgnoresSend) {
                self.force_held(&self.inner, claim.request.send)?;
            }
            let answer = instant(self.inner.claim(bent))?;
            let now = self.line.clock().true_now();
            let mut book = self.line.book();
            match answer {
                Settled::Done => book.claimed(&claim, now),
                Settled::Lost => book.reach("claim: lost"),
            }
            Ok(answer)
        };
        self.line.call("claim a send", write).await
    }

    async fn skip(&self, request: &SendRequest, state: &SendState) -> Result<Settled, PortError> {
        let write = || {
            let answer = instant(self.inner.skip(request, state))?;
            self.note(request.send)?;
            Ok(answer)
        };
        self.line.call("skip a send", write).await
    }

    async fn settle(
        &self,
        send: SendId,
        from: &SendState,
        to: &SendState,
    ) -> Result<Settled, PortError> {
        let write = || {
            let mut from = from.clone();
            if self.is_planted(Planted::SettleIgnoresState)
                && let Some(row) = self.send_row(send)?
            {
                from = row.state;
            }
            let answer = instant(self.inner.settle(send, &from, to))?;
            if answer == Settled::Lost {
                self.line.book().reach("settle: lost");
            }
            self.note(send)?;
            Ok(answer)
        };
        self.line.call("settle a send", write).await
    }

    async fn take_back(
        &self,
        permission: PermissionKey,
        send: SendId,
        claimed_at: Timestamp,
    ) -> Result<(), PortError> {
        let write = || instant(self.inner.take_back(permission, send, claimed_at));
        self.line.call("take a submission back", write).await
    }
}

impl Evidence for SimStore {
    async fn accepted(
        &self,
        send: SendId,
        provider_id: &str,
        at: Timestamp,
    ) -> Result<Settled, PortError> {
        let write = || {
            let answer = instant(self.inner.accepted(send, provider_id, at))?;
            if answer == Settled::Done {
                self.line.book().reach("evidence: settled a send");
            }
            self.note(send)?;
            Ok(answer)
        };
        self.line.call("write evidence", write).await
    }
}
