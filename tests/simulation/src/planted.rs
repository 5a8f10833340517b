//! Planted bugs: each takes one safeguard away, in an adapter of the simulation and never in the product. A simulation that
//! misses one is broken.
//!
//! Two well-known bugs have no place here. A backfill that adds to what counted already needs backfills. A wake that changed nothing and is logged as applied would do
//! harm where a due time comes back to a moment whose wake was dropped: no history of 400 has come there.

/// A safeguard that is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// A claim holds whatever became of the permission row since the gate read it.
    ClaimIgnoresPermission,
    /// A claim holds whoever has claimed the send before.
    ClaimIgnoresSend,
    /// A settlement holds whatever the row has become.
    SettleIgnoresState,
    /// A contact is written over what others wrote.
    CommitIgnoresRevision,
    /// A row is written although its input was applied before.
    CommitIgnoresRow,
    /// The time stands in the log's key, so that a redelivered input is a new one.
    TimeInLogKey,
    /// A row stands under the contact that its address leads to today, so that after a merge a redelivered input is a new one.
    RowUnderContact,
    /// Sends are published before the commit that asks for them.
    EffectsBeforeCommit,
    /// A batch is acknowledged whatever failed in it.
    AcknowledgeFailures,
    /// A batch is acknowledged before it is worked on.
    AcknowledgeFirst,
    /// An outcome that could not be published is taken for published.
    PublishSwallowsErrors,
    /// The gate reads a permission row as it was before.
    StalePermission,
    /// The mailer tries again when it does not know what became of a mail.
    MailerRetries,
    /// Nobody sends the wake of who is overdue.
    NoSafetySweep,
    /// A wake takes the contact's due time for its own.
    WakeWithoutCheck,
    /// The word that arrives last counts, whatever its time.
    LastArrivalCounts,
    /// An unsubscribe answers before it is written.
    UnsubscribeLater,
    /// An opt-in counts before it is confirmed.
    PendingCounts,
    /// The answer STOP is heard and not written down.
    StopUnwritten,
    /// What an address said is not carried to the one that takes its place.
    NothingCarried,
    /// A task carries the address.
    AddressInTask,
    /// The gate looks at caps without what the permission row counts.
    CapOutsideClaim,
    /// The copy of a message whose row is `submitting` is acknowledged, as if its owner could not die.
    AcknowledgeOnSubmitting,
    /// A contact is read as it was before its last write, shortly after it.
    StaleReadBeforePut,
    /// A sandbox keeps the first release that it has read: its lease never ends.
    HaltNotRead,
    /// A sandbox never sees a brake.
    BrakeNotRead,
    /// An erasure leaves the permission row as it is.
    ErasureWithoutForget,
    /// A message leaves without a copy.
    CopyUnwritten,
    /// An erasure leaves copies of messages as they are.
    ErasureKeepsCopies,
    /// A call that comes again draws another code.
    DrawnAnew,
    /// A code that was drawn is drawn again by the next call.
    DrawnCodeStaysFree,
}

impl Planted {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::ClaimIgnoresPermission,
        Self::ClaimIgnoresSend,
        Self::SettleIgnoresState,
        Self::CommitIgnoresRevision,
        Self::CommitIgnoresRow,
        Self::TimeInLogKey,
        Self::RowUnderContact,
        Self::EffectsBeforeCommit,
        Self::AcknowledgeFailures,
        Self::AcknowledgeFirst,
        Self::PublishSwallowsErrors,
        Self::StalePermission,
        Self::MailerRetries,
        Self::NoSafetySweep,
        Self::WakeWithoutCheck,
        Self::LastArrivalCounts,
        Self::UnsubscribeLater,
        Self::PendingCounts,
        Self::StopUnwritten,
        Self::NothingCarried,
        Self::AddressInTask,
        Self::CapOutsideClaim,
        Self::AcknowledgeOnSubmitting,
        Self::StaleReadBeforePut,
        Self::HaltNotRead,
        Self::BrakeNotRead,
        Self::ErasureWithoutForget,
        Self::CopyUnwritten,
        Self::ErasureKeepsCopies,
        Self::DrawnAnew,
        Self::DrawnCodeStaysFree,
    ];
}
