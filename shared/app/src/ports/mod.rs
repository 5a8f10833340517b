//! What the use cases need from the world, one narrow trait a capability.
//!
//! A doc comment says what holds after success, after a definite failure ([`PortError`] other than ambiguous) and after an
//! ambiguous one. The bounds of a use case read like its function's IAM policy.

mod connections;
mod contacts;
mod copies;
mod coupons;
mod ledger;
mod mail;
mod pace;
mod queue;
mod release_store;
mod tally;
mod time;
mod walk;

pub use connections::{
    Called, Connections, NoConnections, Secrets, Systems, Web, WebAnswer, WebRequest,
};
pub use contacts::{Commit, Committed, Contacts, Erased, Erasures, HOPS_MAX, Loaded};
pub use copies::{COPY_BYTES_MAX, Copies, Said, SentCopy};
pub use coupons::{Coupons, DRAWN_FOR, Pools};
pub use ledger::{Claim, Evidence, Ledger, LedgerView, Permissions, SendRow, Settled};
pub use mail::{AccountList, Label, Listed, ListedFor, Mail, Mailer, Submitted, Text, Texter};
pub use pace::{PaceKey, Paces, Stepped};
pub use queue::{Outgoing, Queue, Received, SetAside};
pub use release_store::{KeyStore, PublishError, ReleaseStore, SecretStore};
pub use tally::Tallies;
pub use time::{Clock, DueEntry, DueIndex, Ids, Watermark};
pub use walk::{ContactScan, Page, Stand, Walks};

use std::fmt;

/// A port did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed ({class}): {cause}")]
pub struct PortError {
    /// What was asked.
    pub operation: &'static str,
    /// What may be done about it.
    pub class: ErrorClass,
    /// The adapter's words. Never personal data.
    pub cause: String,
}

/// What may be done about a [`PortError`]. Code matches the class, never the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Somebody else was at it at the same moment; nothing was done; the same request may be repeated with jitter.
    Conflict,
    /// Too many requests; nothing was done; repeat later.
    Throttled,
    /// Out of reach, or it failed inside; whether it was done is not known.
    Ambiguous,
    /// The request is wrong; repeating it is useless.
    Invalid,
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Ambiguous => "ambiguous",
            Self::Invalid => "invalid",
        })
    }
}

impl PortError {
    /// A reader met one pointer after another: contacts are being merged at this moment.
    pub fn too_many_pointers(operation: &'static str) -> Self {
        Self {
            operation,
            class: ErrorClass::Conflict,
            cause: "pointers lead to pointers".to_owned(),
        }
    }

    /// A wrong request, or an answer that cannot be read.
    pub fn invalid(operation: &'static str, cause: impl fmt::Display) -> Self {
        Self {
            operation,
            class: ErrorClass::Invalid,
            cause: cause.to_string(),
        }
    }
}
