//! What a decision is made of, and what it leads to.

use crate::contact::Contact;
use crate::id::{ContactKey, EnrollmentId};
use crate::identity::{Identity, IdentitySecret};
use crate::log::LogRow;
use crate::release::Release;
use crate::time::Timestamp;

/// What a decision is made with, beside the contact and the input.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// All published definitions.
    pub release: &'a Release,
    /// The secret under which names and addresses are hashed.
    pub secret: &'a IdentitySecret,
    /// The clock. The decision's `now` is the latest of it, the input's time and the contact's last time.
    pub clock: Timestamp,
}

/// Who an input is about, as it was read.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The contact's id: the key that the message's address leads to.
    pub id: ContactKey,
    /// The contact, if it is stored.
    pub contact: Option<Contact>,
    /// When it was erased, if it was.
    pub erased_at: Option<Timestamp>,
    /// Names in the input that lead elsewhere, or that [`looks_up`] asks for, and what stands under them.
    pub others: Vec<Other>,
}

impl Subject {
    /// The id of the contact, if it is stored.
    pub(super) fn stored_id(&self) -> Option<ContactKey> {
        self.contact.as_ref().map(|contact| contact.id)
    }
}

/// What stands under another name of an input.
#[derive(Clone, Debug)]
pub struct Other {
    /// The name.
    pub name: Identity,
    /// Where it leads.
    pub id: ContactKey,
    /// Who stands there; none: nobody.
    pub contact: Option<Contact>,
    /// When somebody was erased there, if so.
    pub erased_at: Option<Timestamp>,
}

/// A device that goes from one contact to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Repointed {
    /// Whose it was, without it.
    pub owner: Contact,
    /// The device.
    pub name: Identity,
}

/// What an input leads to.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The contact after the input.
    pub contact: Option<Contact>,
    /// Whether it differs from the one that was read, so that it must be written.
    pub is_changed: bool,
    /// Names under which nothing pointed to the contact before.
    pub new_identities: Vec<Identity>,
    /// Devices that were another's. Contacts that were merged into this one stand in the row.
    pub repointed: Vec<Repointed>,
    /// The row. None for a wake that is not the contact's due time: it is dropped and not logged as applied.
    pub row: Option<LogRow>,
}

/// An input fails for a bug or a missing part, not on its merits. It is set aside and can be redriven after the fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// A run follows a journey version that the release does not hold.
    #[error(
        "run {enrollment} of journey `{journey}` follows a version that release {release} does not hold"
    )]
    VersionMissing {
        /// The run.
        enrollment: EnrollmentId,
        /// Its journey.
        journey: String,
        /// The release in use.
        release: u64,
    },
    /// The contact cannot be packed.
    #[error("contact {contact} cannot be packed: {why}")]
    NotPacked {
        /// The contact.
        contact: ContactKey,
        /// The encoder's words.
        why: String,
    },
}
