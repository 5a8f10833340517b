//! Signed tokens in links: what a click may do is inside the token, never a parameter beside it.
//!
//! A token is `key id · purpose's payload · HMAC`, in URL-safe base64. The purpose is part of what is signed, so that a token
//! made for one use never verifies in another.

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use crate::id::{PermissionKey, SendId};
use crate::identity::IdentitySecret;

/// The signing key in use. A second one comes with rotation; the id is in the token from the start.
const KEY_ID: u8 = 1;
const MAC_BYTES: usize = 16;
const UNSUBSCRIBE: &str = "token/unsubscribe";

/// The right to say no for one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsubscribeToken {
    /// The address's permission row.
    pub permission: PermissionKey,
    /// The message that carried the link: the proof of where the no came from.
    pub send: SendId,
}

impl UnsubscribeToken {
    /// The token as it stands in a link: 65 characters of `A–Z a–z 0–9 - _`.
    pub fn sign(&self, secret: &IdentitySecret) -> String {
        let mut token = vec![KEY_ID];
        token.extend(self.permission.as_bytes());
        token.extend(self.send.as_bytes());
        let mac = secret.mac(UNSUBSCRIBE, &[&token]);
        token.extend(mac.iter().take(MAC_BYTES));
        BASE64URL_NOPAD.encode(&token)
    }

    /// Reads a token; none if it is damaged, foreign, or made for another purpose.
    pub fn verify(text: &str, secret: &IdentitySecret) -> Option<Self> {
        let token = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (signed, mac) = token.split_at_checked(token.len().checked_sub(MAC_BYTES)?)?;
        let expected = secret.mac(UNSUBSCRIBE, &[signed]);
        let is_genuine: bool = expected.get(..MAC_BYTES)?.ct_eq(mac).into();
        let (key_id, ids) = signed.split_first()?;
        let (permission, send) = ids.split_first_chunk::<16>()?;
        (is_genuine && *key_id == KEY_ID).then_some(())?;
        Some(Self {
            permission: PermissionKey::from_bytes(*permission),
            send: SendId::from_bytes(send.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: UnsubscribeToken = UnsubscribeToken {
        permission: PermissionKey::from_bytes([1; 16]),
        send: SendId::from_bytes([2; 16]),
    };
    const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);

    #[test]
    fn a_genuine_token_verifies() {
        assert_eq!(
            UnsubscribeToken::verify(&TOKEN.sign(&SECRET), &SECRET),
            Some(TOKEN)
        );
    }

    #[test]
    fn a_tampered_truncated_or_foreign_token_never_verifies() {
        let genuine = TOKEN.sign(&SECRET);
        assert_eq!(
            UnsubscribeToken::verify(&genuine, &IdentitySecret::new([8; 32])),
            None
        );
        for length in 0..genuine.len() {
            assert_eq!(
                UnsubscribeToken::verify(&genuine[..length], &SECRET),
                None,
                "{length}"
            );
        }
        let bytes = BASE64URL_NOPAD.decode(genuine.as_bytes()).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_eq!(
                UnsubscribeToken::verify(&BASE64URL_NOPAD.encode(&changed), &SECRET),
                None
            );
        }
        assert_eq!(UnsubscribeToken::verify("", &SECRET), None);
        assert_eq!(UnsubscribeToken::verify("ä€", &SECRET), None);
    }
}
