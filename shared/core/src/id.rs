//! Derived ids.
//!
//! Every id that must be the same on a replay is a hash of what it names, never a random number. Each kind hashes under
//! its own label, so that ids of two kinds never meet.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Bytes in a derived id: 128 bits, so that among 10^15 of them a collision is less likely than one in 10^8.
const BYTES: usize = 16;

/// Hashes `parts` under `label`. Each part is preceded by its length: `["ab", "c"]` and `["a", "bc"]` differ.
pub(crate) fn derive(label: &str, parts: &[&[u8]]) -> [u8; BYTES] {
    let mut hash = Sha256::new();
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut id = [0; BYTES];
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    id
}

/// A text is not an id: it must be 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id (32 lower-case hexadecimal digits)")]
pub struct ParseIdError(String);

macro_rules! derived_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; BYTES]);

        impl $name {
            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The id's bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let bytes = HEXLOWER.decode(text.as_bytes()).ok();
                let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self).ok_or_else(|| ParseIdError(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    deserializer.deserialize_bytes(BytesVisitor).map(Self)
                }
            }
        }
    };
}

struct BytesVisitor;

impl serde::de::Visitor<'_> for BytesVisitor {
    type Value = [u8; BYTES];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BYTES} bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        bytes
            .try_into()
            .map_err(|_| E::invalid_length(bytes.len(), &self))
    }
}

derived_id! {
    /// Names a contact, and the item under one identity key: the HMAC of that key ([`crate::identity`]).
    ///
    /// A contact's id is the key of its first identity; it never changes, also after a merge.
    ContactKey
}
derived_id! {
    /// Names one input: the sort key of its log row. Depends on the message alone, never on when or where it arrived.
    InputId
}
derived_id! {
    /// Names one contact's run through one journey version.
    EnrollmentId
}
derived_id! {
    /// Names one message to one contact: every replay of the decision that asked for it names the same send.
    SendId
}
derived_id! {
    /// Names what one address may receive: the HMAC of channel and address.
    PermissionKey
}
derived_id! {
    /// Names the exact text of a definition: the hash of its source.
    PartHash
}

impl InputId {
    /// The input of `kind` that `parts` name: what is said twice is one input.
    pub fn of(kind: &str, parts: &[&[u8]]) -> Self {
        Self(derive(kind, parts))
    }
}

impl EnrollmentId {
    /// The run of `contact` through `journey` that `trigger` started.
    pub fn of(contact: ContactKey, journey: &str, trigger: InputId) -> Self {
        Self(derive(
            "enrollment",
            &[contact.as_bytes(), journey.as_bytes(), trigger.as_bytes()],
        ))
    }
}

impl SendId {
    /// The message that `enrollment` asks for at `step` on its `visit`-th step taken.
    pub fn of(enrollment: EnrollmentId, step: &str, visit: u32) -> Self {
        Self(derive(
            "send",
            &[enrollment.as_bytes(), step.as_bytes(), &visit.to_be_bytes()],
        ))
    }
}

impl PartHash {
    /// The hash of a definition's kind, id and source text.
    pub fn of(kind: &str, id: &str, source: &str) -> Self {
        Self(derive(
            "part",
            &[kind.as_bytes(), id.as_bytes(), source.as_bytes()],
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(derive("x", &[b"ab", b"c"]), derive("x", &[b"a", b"bc"]));
        assert_ne!(derive("x", &[b"a"]), derive("y", &[b"a"]));
    }

    #[test]
    fn an_id_reads_back_from_text_json_and_the_packed_form() {
        let id = PartHash::of("journey", "welcome", "steps: []");
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<PartHash>(&json).unwrap(), id);
        let packed = rmp_serde::to_vec(&id).unwrap();
        assert_eq!(packed.len(), 18);
        assert_eq!(rmp_serde::from_slice::<PartHash>(&packed).unwrap(), id);
        assert!("abc".parse::<PartHash>().is_err());
    }
}
