//! The ledger of sends, and the permission rows.

use std::future::Future;

use wend_core::contact::Contact;
use wend_core::id::{PermissionKey, SendId};
use wend_core::identity::Channel;
use wend_core::log::LogRow;
use wend_core::permission::{
    ConsentChange, Frequency, LastMessage, Permission, Proof, Submission, Suppression,
    SuppressionReason,
};
use wend_core::send::{CallRequest, SendRequest, SendState};
use wend_core::time::Timestamp;

use super::PortError;

/// What `dispatch` reads, consistently and at once.
#[derive(Clone, Debug, Default)]
pub struct LedgerView {
    /// The contact.
    pub contact: Option<Contact>,
    /// The permission row of the address that the request names.
    pub permission: Permission,
    /// The send row's state, if there is a row.
    pub send: Option<SendState>,
    /// The log row of what began the run, if the request names one and it is still kept.
    pub origin: Option<LogRow>,
}

/// A send as the ledger knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SendRow {
    /// What was asked.
    pub request: SendRequest,
    /// Where it stands.
    pub state: SendState,
}

/// What a claim writes.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The send.
    pub request: &'a SendRequest,
    /// The permission row that the gate read.
    pub permission: PermissionKey,
    /// Its revision then.
    pub permission_rev: u64,
    /// The submissions that the row counts, with this one.
    pub recent: Vec<Submission>,
    /// What the send row says: none or `Held`, or the doubt after which the message is tried once more.
    pub from: Option<&'a SendState>,
    /// When.
    pub at: Timestamp,
}

impl Claim<'_> {
    /// The send row after it.
    pub fn state(&self) -> SendState {
        let tries = self.from.map_or(0, SendState::tries) + 1;
        SendState::Submitting { at: self.at, tries }
    }

    /// What an answer to it will answer; none on channels that say so themselves.
    pub fn last(&self) -> Option<LastMessage> {
        let request = self.request;
        (request.channel == Channel::Sms).then(|| LastMessage {
            contact: request.contact,
            send: request.send,
            journey: request.journey.clone(),
            step: request.step.clone(),
        })
    }
}

/// How a conditional write to a send row ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Done,
    /// The row stood otherwise, or somebody else wrote it at the same moment; nothing was written.
    Lost,
}

/// The ledger of sends.
pub trait Ledger: Send + Sync {
    /// Reads contact, permission row, send row and the run's beginning in one consistent batch. `permission` is the row's key: the request's, or
    /// that of a newer address.
    fn read(
        &self,
        request: &SendRequest,
        permission: Option<PermissionKey>,
    ) -> impl Future<Output = Result<LedgerView, PortError>> + Send;

    /// Reads whom a call is about and what began its run, consistently. The view has neither permission nor send.
    fn about(
        &self,
        call: &CallRequest,
    ) -> impl Future<Output = Result<LedgerView, PortError>> + Send;

    /// Writes the send row as `Submitting` and the submission into the permission row, or nothing. Holds only if the row is
    /// absent or `Held`, or exactly the doubt in `from`, and the permission row's revision is the one that the gate read.
    ///
    /// After an ambiguous failure the row may be there: the caller must not submit, and finds it doubtful later.
    fn claim(&self, claim: Claim<'_>) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// Writes a final state for a send that was never submitted. Holds only if the row is absent or `Held`.
    fn skip(
        &self,
        request: &SendRequest,
        state: &SendState,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// Moves a submitted send on. Holds only if the row is in `from`, exactly. Repeating it is safe.
    fn settle(
        &self,
        send: SendId,
        from: &SendState,
        to: &SendState,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// Takes the submission of the claim at `claimed_at` back, which the provider certainly did not take; one of a later claim stays.
    fn take_back(
        &self,
        permission: PermissionKey,
        send: SendId,
        claimed_at: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// What the provider's own events prove.
pub trait Evidence: Send + Sync {
    /// Settles a send as accepted. Holds only if its row is `Submitting`, `Unknown` or closed as unknown; otherwise the row already
    /// says what happened and nothing is written.
    fn accepted(
        &self,
        send: SendId,
        provider_id: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;
}

/// What addresses said. Each call is one update, last writer by time, the no of two at one moment; repeating it is safe.
pub trait Permissions: Send + Sync {
    /// Writes a word on one topic unless a newer one stands there; one that is to be confirmed stands beside it.
    fn consent(&self, change: &ConsentChange)
    -> impl Future<Output = Result<(), PortError>> + Send;

    /// Writes a no to all marketing.
    fn unsubscribe(
        &self,
        permission: PermissionKey,
        proof: &Proof,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The row as it is now, read consistently.
    fn row(
        &self,
        permission: PermissionKey,
    ) -> impl Future<Output = Result<Permission, PortError>> + Send;

    /// Writes a pause of all marketing until a moment, or its end, unless a newer word on it stands there.
    fn pause(
        &self,
        permission: PermissionKey,
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Writes how much marketing the address gets at most, or that it may get all, unless a newer word on it stands there.
    fn limit_frequency(
        &self,
        permission: PermissionKey,
        frequency: Option<Frequency>,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Notes that a message came back for the moment, and answers how many did `since` then, this one among them. Older ones are forgotten.
    /// Two at one millisecond are one. The row's revision stays: a claim does not depend on it.
    fn soft_bounced(
        &self,
        permission: PermissionKey,
        at: Timestamp,
        since: Timestamp,
    ) -> impl Future<Output = Result<usize, PortError>> + Send;

    /// Forgets the soft bounces up to `at`: a message was delivered. Where there are none, it costs a read and no write.
    fn delivered(
        &self,
        permission: PermissionKey,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Closes the address. The first reason stays, but that a complaint takes the place of any other. What is not newer than the last
    /// reopening is old news and changes nothing.
    fn suppress(
        &self,
        permission: PermissionKey,
        suppression: Suppression,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Opens a closed address again, and forgets its soft bounces. Holds only if it is closed for `reason`: one that has come since is
    /// not taken away by somebody who has not seen it.
    fn reopen(
        &self,
        permission: PermissionKey,
        reason: SuppressionReason,
        at: Timestamp,
    ) -> impl Future<Output = Result<Settled, PortError>> + Send;

    /// Writes that a phone wants no SMS at all, or that it takes this back, unless a newer word on it stands there.
    fn stop(
        &self,
        permission: PermissionKey,
        is_stopped: bool,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
