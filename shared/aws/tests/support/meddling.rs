//! The real adapters with something that happens in between: a lost answer, a race, somebody who is quicker.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Barrier;
use wend_app::erase::erase;
use wend_app::ports::{
    Claim, Commit, Committed, Contacts, Copies, ErrorClass, Evidence, Ledger, LedgerView, Loaded,
    Mail, Mailer, Permissions, PortError, SentCopy, Settled, Submitted, Text, Texter,
};
use wend_aws::dynamodb::{DynamoContacts, DynamoDb};
use wend_core::id::{ContactKey, InputId, PermissionKey, SendId};
use wend_core::log::LogRow;
use wend_core::permission::Proof;
use wend_core::send::{CallRequest, SendRequest, SendState};
use wend_core::time::Timestamp;

use super::world::SECRET;

fn lost(operation: &'static str) -> PortError {
    PortError {
        operation,
        class: ErrorClass::Ambiguous,
        cause: "the answer was lost".to_owned(),
    }
}

/// Whether something is asked for the first time.
#[derive(Debug, Default)]
struct Once(AtomicBool);

impl Once {
    fn is_first(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// How a first commit fails.
#[derive(Clone, Copy, Debug)]
pub enum Fails {
    /// It is written and its answer is lost.
    AfterWriting,
    /// Another transaction is at it.
    ForConflict,
}

/// Contacts whose first commit fails.
#[derive(Debug)]
pub struct FailingCommit {
    contacts: DynamoContacts,
    fails: Fails,
    once: Once,
}

impl FailingCommit {
    /// Before `contacts`.
    pub fn new(contacts: DynamoContacts, fails: Fails) -> Self {
        Self {
            contacts,
            fails,
            once: Once::default(),
        }
    }
}

impl Contacts for FailingCommit {
    async fn load(&self, key: ContactKey) -> Result<Loaded, PortError> {
        self.contacts.load(key).await
    }

    async fn find(&self, id: ContactKey) -> Result<Loaded, PortError> {
        self.contacts.find(id).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Committed, PortError> {
        if !self.once.is_first() {
            return self.contacts.commit(commit).await;
        }
        match self.fails {
            Fails::AfterWriting => {
                assert_eq!(self.contacts.commit(commit).await?, Committed::Done);
                Err(lost("commit"))
            }
            Fails::ForConflict => Err(PortError {
                operation: "commit",
                class: ErrorClass::Conflict,
                cause: "another transaction".to_owned(),
            }),
        }
    }

    async fn row(
        &self,
        partition: ContactKey,
        input: InputId,
    ) -> Result<Option<LogRow>, PortError> {
        self.contacts.row(partition, input).await
    }

    async fn timeline(&self, key: ContactKey) -> Result<Vec<LogRow>, PortError> {
        self.contacts.timeline(key).await
    }
}

/// Contacts whose first two loads wait for each other, so that their commits race.
#[derive(Debug)]
pub struct RacingLoads<'b> {
    contacts: DynamoContacts,
    start: &'b Barrier,
    once: Once,
}

impl<'b> RacingLoads<'b> {
    /// Before `contacts`.
    pub fn new(contacts: DynamoContacts, start: &'b Barrier) -> Self {
        Self {
            contacts,
            start,
            once: Once::default(),
        }
    }
}

impl Contacts for RacingLoads<'_> {
    async fn load(&self, key: ContactKey) -> Result<Loaded, PortError> {
        let loaded = self.contacts.load(key).await;
        if self.once.is_first() {
            self.start.wait().await;
        }
        loaded
    }

    async fn find(&self, id: ContactKey) -> Result<Loaded, PortError> {
        self.contacts.find(id).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Committed, PortError> {
        self.contacts.commit(commit).await
    }

    async fn row(
        &self,
        partition: ContactKey,
        input: InputId,
    ) -> Result<Option<LogRow>, PortError> {
        self.contacts.row(partition, input).await
    }

    async fn timeline(&self, key: ContactKey) -> Result<Vec<LogRow>, PortError> {
        self.contacts.timeline(key).await
    }
}

/// What happens around the first claim.
#[derive(Clone, Copy, Debug)]
pub enum Meddle {
    /// The address unsubscribes after the gate and before the claim.
    UnsubscribeFirst(PermissionKey, Timestamp),
    /// The contact is erased after the gate and before the claim.
    EraseFirst(ContactKey, Timestamp),
    /// The claim is written and its answer is lost.
    LoseAnswer,
}

/// A ledger around whose first claim something happens.
#[derive(Debug)]
pub struct MeddledClaim {
    db: DynamoDb,
    meddle: Meddle,
    once: Once,
}

impl MeddledClaim {
    /// Before `db`.
    pub fn new(db: DynamoDb, meddle: Meddle) -> Self {
        Self {
            db,
            meddle,
            once: Once::default(),
        }
    }
}

impl Ledger for MeddledClaim {
    async fn read(
        &self,
        request: &SendRequest,
        permission: Option<PermissionKey>,
    ) -> Result<LedgerView, PortError> {
        self.db.read(request, permission).await
    }

    async fn about(&self, call: &CallRequest) -> Result<LedgerView, PortError> {
        self.db.about(call).await
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Settled, PortError> {
        if !self.once.is_first() {
            return self.db.claim(claim).await;
        }
        match self.meddle {
            Meddle::UnsubscribeFirst(permission, at) => {
                let proof = Proof::by_link("link", claim.request.send);
                self.db.unsubscribe(permission, &proof, at).await?;
                self.db.claim(claim).await
            }
            Meddle::EraseFirst(contact, at) => {
                let contacts = self.db.contacts(SECRET);
                assert!(erase(&contacts, &self.db, &SECRET, contact, at).await?);
                self.db.claim(claim).await
            }
            Meddle::LoseAnswer => {
                assert_eq!(self.db.claim(claim).await?, Settled::Done);
                Err(lost("claim"))
            }
        }
    }

    async fn skip(&self, request: &SendRequest, state: &SendState) -> Result<Settled, PortError> {
        self.db.skip(request, state).await
    }

    async fn settle(
        &self,
        send: SendId,
        from: &SendState,
        to: &SendState,
    ) -> Result<Settled, PortError> {
        self.db.settle(send, from, to).await
    }

    async fn take_back(
        &self,
        permission: PermissionKey,
        send: SendId,
        claimed_at: Timestamp,
    ) -> Result<(), PortError> {
        self.db.take_back(permission, send, claimed_at).await
    }
}

impl Copies for MeddledClaim {
    async fn keep(
        &self,
        contact: ContactKey,
        send: SendId,
        copy: &SentCopy,
    ) -> Result<(), PortError> {
        self.db.keep(contact, send, copy).await
    }

    async fn copy(&self, contact: ContactKey, send: SendId) -> Result<Option<SentCopy>, PortError> {
        self.db.copy(contact, send).await
    }

    async fn forget_copies(&self, contact: ContactKey) -> Result<(), PortError> {
        self.db.forget_copies(contact).await
    }
}

/// A mailer whose answer is overtaken by the provider's own event.
#[derive(Debug)]
pub struct EvidenceFirst {
    /// Where the event arrives.
    pub db: DynamoDb,
    /// The time in the event.
    pub at: Timestamp,
    /// The answer.
    pub answer: Submitted,
}

impl Mailer for EvidenceFirst {
    async fn submit(&self, mail: Mail<'_>) -> Submitted {
        let evidence = self.db.accepted(mail.label.send, "seen", self.at).await;
        assert_eq!(evidence.unwrap(), Settled::Done);
        self.answer.clone()
    }
}

impl Texter for EvidenceFirst {
    async fn text(&self, _: Text<'_>) -> Submitted {
        self.answer.clone()
    }
}
