//! The aggregate: everything about one contact that a decision needs, in one item.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::enrollment::{Enrollment, State};
use crate::id::{ContactKey, EnrollmentId, SendId};
use crate::identity::{EmailAddress, Identity};
use crate::personal::Personal;
use crate::time::Timestamp;

/// Largest packed aggregate, in bytes. Over it an event is refused; a wake or an outcome never is.
pub const CONTACT_BYTES_MAX: usize = 32 * 1024;

/// One addressable person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The key of its first identity.
    pub id: ContactKey,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// The latest time that any of its inputs carried; a decision's `now` is never earlier.
    pub last_at: Timestamp,
    /// Its names.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// Its email address.
    #[serde(default)]
    pub email: Option<Email>,
    /// Its attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
    /// Its runs, oldest first.
    #[serde(default)]
    pub enrollments: Vec<Enrollment>,
    /// When it last entered each journey.
    #[serde(default)]
    pub entries: BTreeMap<String, Timestamp>,
    /// How often the item was written. Stands beside the packed form, as the condition of every write.
    #[serde(skip)]
    pub rev: u64,
    /// The newest release that touched it. Stands beside the packed form.
    #[serde(skip)]
    pub release: u64,
    /// When a wake is due: never later than the earliest timer. Stands beside the packed form, for the due index.
    #[serde(skip)]
    pub due_at: Option<Timestamp>,
}

/// An address and when it was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The address.
    pub address: EmailAddress,
    /// The time of the message that set it.
    pub at: Timestamp,
}

/// A current property and when it was set: the last writer by time wins, in whichever order messages arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The value.
    pub value: Personal<Value>,
    /// The time of the message that set it.
    pub at: Timestamp,
}

/// A stored aggregate cannot be read: written by a newer version, or damaged.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The first byte names a format that this version does not know.
    #[error(
        "the contact is packed in format {0}; this version reads format {FORMAT}: deploy the version that wrote it"
    )]
    Format(u8),
    /// There are no bytes.
    #[error("the contact's packed form is empty")]
    Empty,
    /// The bytes do not read as a contact.
    #[error("the contact's packed form cannot be read: {0}")]
    Damaged(#[from] rmp_serde::decode::Error),
}

/// The format of the packed form: its first byte.
const FORMAT: u8 = 1;

impl Contact {
    /// A contact that is heard of for the first time.
    pub fn new(id: ContactKey, now: Timestamp) -> Self {
        Self {
            id,
            created_at: now,
            last_at: now,
            identities: Vec::new(),
            email: None,
            attributes: BTreeMap::new(),
            enrollments: Vec::new(),
            entries: BTreeMap::new(),
            rev: 0,
            release: 0,
            due_at: None,
        }
    }

    /// The packed form: a format byte, then MessagePack with named fields, so that a field can be added.
    pub fn pack(&self) -> Result<Vec<u8>, rmp_serde::encode::Error> {
        let mut bytes = vec![FORMAT];
        rmp_serde::encode::write_named(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Reads a packed form and what stands beside it.
    pub fn unpack(
        bytes: &[u8],
        rev: u64,
        release: u64,
        due_at: Option<Timestamp>,
    ) -> Result<Self, UnpackError> {
        let (format, packed) = bytes.split_first().ok_or(UnpackError::Empty)?;
        if *format != FORMAT {
            return Err(UnpackError::Format(*format));
        }
        let contact: Self = rmp_serde::from_slice(packed)?;
        Ok(Self {
            rev,
            release,
            due_at,
            ..contact
        })
    }

    /// Whether `enrollment` is alive and waits for `send`.
    pub fn waits_for(&self, enrollment: EnrollmentId, send: SendId) -> bool {
        self.enrollments.iter().any(|run| {
            run.id == enrollment && matches!(run.state, State::Sending { send: s, .. } if s == send)
        })
    }

    /// The earliest moment for which any of its runs waits.
    pub fn earliest_timer(&self) -> Option<Timestamp> {
        self.enrollments.iter().filter_map(Enrollment::due_at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_survives_packing_and_its_index_attributes_stand_beside() {
        let mut contact = Contact::new(ContactKey::from_bytes([1; 16]), Timestamp::from_millis(5));
        let value = Personal::new(serde_json::json!({"a": [1, 2.5, null, "x"]}));
        let attribute = Attribute {
            value,
            at: Timestamp::from_millis(4),
        };
        contact.attributes.insert("nested".into(), attribute);
        contact.rev = 3;
        let packed = contact.pack().unwrap();
        let read = Contact::unpack(&packed, 3, 0, None).unwrap();
        assert_eq!(read, contact);
    }

    #[test]
    fn a_newer_format_is_not_guessed_at() {
        let read = |bytes: &[u8]| Contact::unpack(bytes, 1, 1, None);
        assert!(matches!(read(&[2, 0]), Err(UnpackError::Format(2))));
        assert!(matches!(read(&[]), Err(UnpackError::Empty)));
        assert!(matches!(read(&[1, 0xff]), Err(UnpackError::Damaged(_))));
    }
}
