//! The keys by which a message names a contact.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::id::{ContactKey, PermissionKey};
use crate::personal::Personal;

/// The secret under which identities and addresses are hashed. Drawn once for a deployment and never changed: contact
/// ids depend on it. It stands in no log; `Debug` masks it.
#[derive(Clone, Debug)]
pub struct IdentitySecret(Personal<[u8; 32]>);

impl IdentitySecret {
    /// A secret of 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Personal::new(bytes))
    }

    /// The bytes, to be stored beside the contacts and nowhere else.
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Authenticates `parts` for one `purpose`; the purpose keeps a hash made for one use from being accepted in another.
    pub(crate) fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(self.expose()) {
            *to = *from;
        }
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn short_mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(self.mac(purpose, parts)) {
            *to = from;
        }
        short
    }
}

/// What kind of name an identity is, in the order in which a message's address is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// The sender's own id of a known person (Segment's `userId`).
    User,
    /// A browser's or device's id (Segment's `anonymousId`).
    Anonymous,
    /// An email address, in lower case.
    Email,
    /// A phone number, E.164.
    Phone,
}

impl IdentityKind {
    const fn label(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Anonymous => "anonymous",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// One name of a contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// What kind of name it is.
    pub kind: IdentityKind,
    /// The name as written, outer blanks removed; an email in lower case.
    pub value: Personal<String>,
}

impl Identity {
    /// The identity of `kind` that `text` writes, or none where the text is blank.
    pub fn new(kind: IdentityKind, text: &str) -> Option<Self> {
        let text = text.trim();
        let value = match kind {
            IdentityKind::User | IdentityKind::Anonymous | IdentityKind::Phone => text.to_owned(),
            IdentityKind::Email => text.to_lowercase(),
        };
        (!value.is_empty()).then(|| Self {
            kind,
            value: value.into(),
        })
    }

    /// The key of the item that stands under this identity.
    pub fn key(&self, secret: &IdentitySecret) -> ContactKey {
        let value = self.value.expose().as_bytes();
        ContactKey::from_bytes(secret.short_mac("identity", &[self.kind.label().as_bytes(), value]))
    }
}

/// A way to reach a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Email through SES.
    Email,
    /// SMS through SNS.
    Sms,
}

impl Channel {
    /// The channel's name in files, rows and tags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// A phone number that can be texted: E.164, such as `+4915550001111`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(Personal<String>);

impl PhoneNumber {
    /// Reads a number: `+`, then 7 to 15 digits that do not begin with 0 (E.164 has no more, and no country a shorter one that can be
    /// texted). What people write between them is dropped: blanks, dots, dashes, brackets, and the zero of `+49 (0)30`, which is
    /// dialled inside the country alone. A number without its country is none. Whether anybody has the number only its carrier
    /// knows.
    pub fn parse(text: &str) -> Option<Self> {
        let is_ornament = |c: char| {
            c.is_whitespace()
                || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '.' | '(' | ')' | '/')
                // Direction marks, which address books put around a number that is copied.
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let plain = text.replacen("(0)", "", 1).replace(is_ornament, "");
        let digits = plain.strip_prefix('+')?;
        let is_number = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| Self(plain.into()))
    }

    /// The number itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The identity that this number is.
    pub fn identity(&self) -> Identity {
        Identity {
            kind: IdentityKind::Phone,
            value: self.0.clone(),
        }
    }

    /// The key of its permission row on `channel`.
    pub fn permission_key(&self, channel: Channel, secret: &IdentitySecret) -> PermissionKey {
        let parts = [channel.name().as_bytes(), self.expose().as_bytes()];
        PermissionKey::from_bytes(secret.short_mac("permission", &parts))
    }
}

/// An email address that can be written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailAddress(Personal<String>);

impl EmailAddress {
    /// The longest path that SMTP carries (RFC 5321, 4.5.3.1.3, without the angle brackets).
    const LONGEST: usize = 254;

    /// Reads a bare address, `local@domain`. It refuses only what cannot be delivered or would break out of a header:
    /// blanks, control characters, angle brackets, commas, a missing local part or a domain without a dot.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let is_unsafe = |c: char| {
            c.is_control()
                || c.is_whitespace()
                || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')')
        };
        let is_label = |label: &str| !label.is_empty() && label.len() <= 63;
        let is_valid = text.len() <= Self::LONGEST
            && !local.is_empty()
            && !text.contains(is_unsafe)
            && !local.contains('@')
            && domain.contains('.')
            && domain.split('.').all(is_label);
        is_valid.then(|| Self(text.to_owned().into()))
    }

    /// The address as it was written.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The identity that this address is.
    pub fn identity(&self) -> Identity {
        Identity {
            kind: IdentityKind::Email,
            value: self.expose().to_lowercase().into(),
        }
    }

    /// The key of this address's permission row on `channel`.
    pub fn permission_key(&self, channel: Channel, secret: &IdentitySecret) -> PermissionKey {
        let address = self.expose().to_lowercase();
        let parts = [channel.name().as_bytes(), address.as_bytes()];
        PermissionKey::from_bytes(secret.short_mac("permission", &parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);

    #[test]
    fn one_value_under_two_kinds_names_two_contacts() {
        let user = Identity::new(IdentityKind::User, "ana@example.com").unwrap();
        let email = Identity::new(IdentityKind::Email, " Ana@Example.com ").unwrap();
        assert_ne!(user.key(&SECRET), email.key(&SECRET));
        assert_eq!(email.value.expose(), "ana@example.com");
    }

    #[test]
    fn the_secret_decides_the_key() {
        let user = Identity::new(IdentityKind::User, "u1").unwrap();
        assert_ne!(user.key(&SECRET), user.key(&IdentitySecret::new([8; 32])));
    }

    #[test]
    fn only_deliverable_addresses_are_addresses() {
        for good in [
            "ana@example.com",
            "o'neil+x@mail.example.co.uk",
            "jörg@exämple.de",
        ] {
            assert!(EmailAddress::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "ana@localhost",
            "a b@example.com",
            "a@b@c.d",
            "ana@example.com\r\nBcc: x@y.z",
            "Ana <ana@example.com>",
            "a,b@example.com",
            "a@b..c",
        ] {
            assert!(EmailAddress::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_number_has_its_country_and_nothing_that_people_write_between() {
        for (text, number) in [
            ("+4915550001111", "+4915550001111"),
            ("+49 (0)30 / 1234-567", "+49301234567"),
            ("\u{202a}+1 (555) 010\u{2011}9999\u{202c}", "+15550109999"),
            ("+39\u{a0}06.1234567", "+39061234567"),
        ] {
            let read = PhoneNumber::parse(text).unwrap();
            assert_eq!(read.expose(), number, "{text}");
        }
        for bad in [
            "",
            "030 1234567",
            "0049301234567",
            "+0301234567",
            "+49 30 12x4567",
            "+4930",
            "+1234567890123456",
        ] {
            assert!(PhoneNumber::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn case_does_not_split_a_permission() {
        let key = |text| {
            EmailAddress::parse(text)
                .unwrap()
                .permission_key(Channel::Email, &SECRET)
        };
        assert_eq!(key("Ana@Example.com"), key("ana@example.com"));
    }
}
