//! Signatures of the Standard Webhooks specification, version 1: HMAC-SHA256 over `id.timestamp.body`.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// The shortest key: the specification's 192 bits.
const KEY_BYTES_MIN: usize = 24;

/// A secret cannot sign. The secret itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// There is nothing in it.
    #[error("holds no key")]
    Empty,
    /// It has another form.
    #[error(
        "must be `whsec_` and at least 24 bytes in Base64, or two of these with a space between them"
    )]
    Form,
}

/// The header `webhook-signature`: one signature for each key of `secrets`, in their order, with a space between them. Two keys
/// are both in force while they are exchanged: a receiver takes a call that either has signed.
///
/// ```
/// use wend_core::webhook::sign;
/// let signature = sign("call-1", 1_614_265_330, "{}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
/// assert!(signature.starts_with("v1,"));
/// ```
pub fn sign(id: &str, timestamp_secs: i64, body: &str, secrets: &str) -> Result<String, SignError> {
    let mut signatures = Vec::new();
    for secret in secrets.split_whitespace() {
        let key = secret.strip_prefix(PREFIX).ok_or(SignError::Form)?;
        let key = BASE64.decode(key.as_bytes()).map_err(|_| SignError::Form)?;
        if key.len() < KEY_BYTES_MIN {
            return Err(SignError::Form);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SignError::Form)?;
        for part in [id, ".", &timestamp_secs.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        signatures.push(format!(
            "v1,{}",
            BASE64.encode(&mac.finalize().into_bytes())
        ));
    }
    if signatures.is_empty() {
        return Err(SignError::Empty);
    }
    Ok(signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &str = r#"{"test": 2432232314}"#;

    /// The vector of the reference libraries.
    #[test]
    fn the_reference_vector_is_met() {
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(ID, AT, BODY, KEY).unwrap(), expected);
    }

    #[test]
    fn two_keys_sign_side_by_side() {
        let new = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let both = sign(ID, AT, BODY, &format!("{new} {KEY}\n")).unwrap();
        let each = [new, KEY].map(|key| sign(ID, AT, BODY, key).unwrap());
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let long = BASE64.encode(&[1; 24]);
        for (secret, error) in [
            ("", SignError::Empty),
            ("  ", SignError::Empty),
            ("hunter2", SignError::Form),
            (&long, SignError::Form),
            ("whsec_", SignError::Form),
            ("whsec_c2hvcnQ=", SignError::Form),
            ("whsec_!!!!", SignError::Form),
            (&format!("{KEY} hunter2"), SignError::Form),
        ] {
            let refused = sign(ID, AT, BODY, secret).unwrap_err();
            assert_eq!(refused, error, "{secret}");
            assert!(!refused.to_string().contains("hunter2"));
        }
    }
}
