//! Send rows.

use wend_core::id::{ContactKey, InputId, PermissionKey, SendId};
use wend_core::log::LogRow;
use wend_core::permission::Submission;
use wend_core::send::{CallRequest, Outcome, SendRequest, SendState};
use wend_core::time::Timestamp;

use super::MemoryStore;
use super::store::{Tables, fits, packed, unpack_row, unpacked};
use crate::ports::{Claim, Evidence, Ledger, LedgerView, PortError, SendRow, Settled};

const READ: &str = "read a send";
const CLAIM: &str = "claim a send";
const SETTLE: &str = "settle a send";
const SKIP: &str = "skip a send";
const TAKE_BACK: &str = "take a submission back";

/// A send row as it is stored: packed, beside what conditions compare.
#[derive(Debug)]
pub(super) struct SendItem {
    kind: Kind,
    at: Timestamp,
    state: Vec<u8>,
    request: Vec<u8>,
}

/// The state's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Submitting,
    Held,
    Unknown,
    Accepted,
    Rejected,
    Skipped,
    ClosedUnknown,
}

const fn kind(state: &SendState) -> (Kind, Timestamp) {
    match state {
        SendState::Submitting { at, .. } => (Kind::Submitting, *at),
        SendState::Held { at } => (Kind::Held, *at),
        SendState::Unknown { at, .. } => (Kind::Unknown, *at),
        SendState::Final { at, outcome } => match outcome {
            Outcome::Accepted { .. } => (Kind::Accepted, *at),
            Outcome::Rejected { .. } => (Kind::Rejected, *at),
            Outcome::Skipped { .. } => (Kind::Skipped, *at),
            Outcome::Unknown => (Kind::ClosedUnknown, *at),
        },
    }
}

impl SendItem {
    fn new(request: &SendRequest, state: &SendState) -> Result<Self, PortError> {
        let (kind, at) = kind(state);
        let (state, request) = (packed(CLAIM, state)?, packed(CLAIM, request)?);
        fits(CLAIM, state.len() + request.len())?;
        Ok(Self {
            kind,
            at,
            state,
            request,
        })
    }

    fn move_to(&mut self, state: &SendState, data: Vec<u8>) {
        (self.kind, self.at) = kind(state);
        self.state = data;
    }

    pub(super) fn row(&self) -> Result<SendRow, PortError> {
        Ok(SendRow {
            request: unpacked(READ, &self.request)?,
            state: unpacked(READ, &self.state)?,
        })
    }
}

impl Tables {
    /// Whether nobody has claimed or closed the send.
    fn is_free(&self, send: SendId) -> bool {
        let row = self.sends.get(&send);
        row.is_none_or(|row| row.kind == Kind::Held)
    }

    fn may_claim(&self, claim: &Claim<'_>) -> bool {
        let doubt = claim
            .from
            .filter(|from| matches!(from, SendState::Unknown { .. }));
        let Some(doubt) = doubt else {
            return self.is_free(claim.request.send);
        };
        let row = self.sends.get(&claim.request.send);
        row.is_some_and(|row| (row.kind, row.at) == kind(doubt))
    }

    /// Replaces the recent submissions of a permission row.
    fn put_recent(
        &mut self,
        permission: PermissionKey,
        recent: &[Submission],
    ) -> Result<(), PortError> {
        let row = self.permissions.entry(permission).or_default();
        row.recent = Some(packed(CLAIM, &recent)?);
        row.rev += 1;
        Ok(())
    }
}

/// The log row of what began a run.
fn origin(
    tables: &Tables,
    key: Option<(ContactKey, InputId)>,
) -> Result<Option<LogRow>, PortError> {
    let data = key.and_then(|key| tables.log.get(&key));
    data.map(|data| unpack_row(READ, data)).transpose()
}

impl Ledger for MemoryStore {
    async fn read(
        &self,
        request: &SendRequest,
        permission: Option<PermissionKey>,
    ) -> Result<LedgerView, PortError> {
        let read = || {
            let tables = self.tables();
            let contact = tables.followed(READ, request.contact, true, |_, _| {})?;
            let contact = contact.map(|slot| slot.contact(READ)).transpose()?;
            let row = permission.and_then(|key| tables.permissions.get(&key));
            let row = row.map(|row| row.read(READ)).transpose()?;
            let send = tables.sends.get(&request.send);
            let send = send.map(|send| unpacked(READ, &send.state)).transpose()?;
            Ok(LedgerView {
                contact: contact.flatten(),
                permission: row.unwrap_or_default(),
                send,
                origin: origin(&tables, request.origin)?,
            })
        };
        self.line.call(READ, read).await
    }

    async fn about(&self, call: &CallRequest) -> Result<LedgerView, PortError> {
        let read = || {
            let tables = self.tables();
            let contact = tables.followed(READ, call.contact, true, |_, _| {})?;
            let contact = contact.map(|slot| slot.contact(READ)).transpose()?;
            Ok(LedgerView {
                contact: contact.flatten(),
                origin: origin(&tables, Some(call.origin))?,
                ..LedgerView::default()
            })
        };
        self.line.call(READ, read).await
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Settled, PortError> {
        let write = || {
            let item = SendItem::new(claim.request, &claim.state())?;
            let mut tables = self.tables();
            let row = tables.permissions.get(&claim.permission);
            let is_as_read = row.map_or(0, |row| row.rev) == claim.permission_rev;
            if !is_as_read || !tables.may_claim(&claim) {
                return Ok(Settled::Lost);
            }
            tables.put_recent(claim.permission, &claim.recent)?;
            if let (Some(last), Some(row)) =
                (claim.last(), tables.permissions.get_mut(&claim.permission))
            {
                row.last = Some(last);
            }
            tables.sends.insert(claim.request.send, item);
            Ok(Settled::Done)
        };
        self.line.call(CLAIM, write).await
    }

    async fn skip(&self, request: &SendRequest, state: &SendState) -> Result<Settled, PortError> {
        let write = || {
            let item = SendItem::new(request, state)?;
            let mut tables = self.tables();
            if !tables.is_free(request.send) {
                return Ok(Settled::Lost);
            }
            tables.sends.insert(request.send, item);
            Ok(Settled::Done)
        };
        self.line.call(SKIP, write).await
    }

    async fn settle(
        &self,
        send: SendId,
        from: &SendState,
        to: &SendState,
    ) -> Result<Settled, PortError> {
        let write = || {
            let data = packed(SETTLE, to)?;
            let mut tables = self.tables();
            let row = tables.sends.get_mut(&send);
            // The second half makes a repeated request succeed.
            let is_met =
                |row: &&mut SendItem| (row.kind, row.at) == kind(from) || row.state == data;
            let Some(row) = row.filter(is_met) else {
                return Ok(Settled::Lost);
            };
            row.move_to(to, data);
            Ok(Settled::Done)
        };
        self.line.call(SETTLE, write).await
    }

    async fn take_back(
        &self,
        permission: PermissionKey,
        send: SendId,
        claimed_at: Timestamp,
    ) -> Result<(), PortError> {
        let write = || {
            let mut tables = self.tables();
            let row = tables.permissions.entry(permission).or_default();
            let recent = row.read(TAKE_BACK)?.taken_back(send, claimed_at);
            tables.put_recent(permission, &recent)
        };
        self.line.call(TAKE_BACK, write).await
    }
}

impl Evidence for MemoryStore {
    async fn accepted(
        &self,
        send: SendId,
        provider_id: &str,
        at: Timestamp,
    ) -> Result<Settled, PortError> {
        let outcome = Outcome::Accepted {
            provider_id: provider_id.to_owned(),
        };
        let state = SendState::Final { at, outcome };
        let write = || {
            let data = packed(SETTLE, &state)?;
            let mut tables = self.tables();
            let is_open = |row: &&mut SendItem| {
                matches!(
                    row.kind,
                    Kind::Submitting | Kind::Unknown | Kind::ClosedUnknown
                )
            };
            let Some(row) = tables.sends.get_mut(&send).filter(is_open) else {
                return Ok(Settled::Lost);
            };
            row.move_to(&state, data);
            Ok(Settled::Done)
        };
        self.line.call(SETTLE, write).await
    }
}
