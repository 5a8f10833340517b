use proptest::prelude::*;

use super::*;

const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);

fn keys() -> LinkKeys {
    LinkKeys::first(&SECRET)
}

fn message() -> impl Strategy<Value = MessageRef> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<i64>());
    (ids, ".{0,20}", ".{0,20}").prop_map(|((contact, send, at), journey, step)| MessageRef {
        contact: ContactKey::from_bytes(contact),
        send: SendId::from_bytes(send),
        journey,
        step,
        sent_at: Timestamp::from_millis(at),
    })
}

fn click() -> impl Strategy<Value = ClickToken> {
    (message(), "https://[a-z]{1,9}\\.example/.{0,60}")
        .prop_map(|(message, target)| ClickToken { message, target })
}

fn unsubscribe() -> impl Strategy<Value = UnsubscribeToken> {
    let channel = prop_oneof![Just(Channel::Email), Just(Channel::Sms)];
    let ids = any::<([u8; 16], [u8; 16], [u8; 16])>();
    (channel, ids).prop_map(|(channel, (contact, permission, send))| UnsubscribeToken {
        contact: ContactKey::from_bytes(contact),
        channel,
        permission: PermissionKey::from_bytes(permission),
        send: SendId::from_bytes(send),
    })
}

fn preferences() -> impl Strategy<Value = PreferencesToken> {
    any::<([u8; 16], [u8; 16], Option<[u8; 16]>, Option<[u8; 16]>)>().prop_map(
        |(contact, send, email, sms)| PreferencesToken {
            contact: ContactKey::from_bytes(contact),
            send: SendId::from_bytes(send),
            email: email.map(PermissionKey::from_bytes),
            sms: sms.map(PermissionKey::from_bytes),
        },
    )
}

fn confirm() -> impl Strategy<Value = ConfirmToken> {
    let opt_in = (".{0,20}", any::<(i64, i64)>()).prop_map(|(topic, (said_at, until))| OptInRef {
        topic,
        said_at: Timestamp::from_millis(said_at),
        until: Timestamp::from_millis(until),
    });
    let opt_ins = prop::collection::vec(opt_in, 0..4);
    (unsubscribe(), opt_ins).prop_map(|(token, opt_ins)| ConfirmToken {
        contact: token.contact,
        channel: token.channel,
        permission: token.permission,
        send: token.send,
        opt_ins,
    })
}

/// Whether a text verifies as a token of any purpose.
fn is_any(text: &str, keys: &LinkKeys) -> bool {
    ClickToken::verify(text, keys).is_some()
        || OpenToken::verify(text, keys).is_some()
        || UnsubscribeToken::verify(text, keys).is_some()
        || PreferencesToken::verify(text, keys).is_some()
        || ConfirmToken::verify(text, keys).is_some()
        || WebViewToken::verify(text, keys).is_some()
}

/// Every law of one token.
fn laws<T: Token + Clone + PartialEq + std::fmt::Debug>(
    token: &T,
    place: usize,
    bit: u8,
) -> Result<(), TestCaseError> {
    let keys = keys();
    let genuine = token.sign(&keys);
    prop_assert_eq!(T::verify(&genuine, &keys), Some(token.clone()));
    // It verifies for its own purpose alone.
    let of_purposes = [
        ClickToken::verify(&genuine, &keys).is_some(),
        OpenToken::verify(&genuine, &keys).is_some(),
        UnsubscribeToken::verify(&genuine, &keys).is_some(),
        PreferencesToken::verify(&genuine, &keys).is_some(),
        ConfirmToken::verify(&genuine, &keys).is_some(),
    ];
    prop_assert_eq!(of_purposes.iter().filter(|is| **is).count(), 1);
    // Truncated, prolonged, tampered with.
    let bytes = BASE64URL_NOPAD.decode(genuine.as_bytes()).unwrap();
    let place = place % bytes.len();
    let truncated = BASE64URL_NOPAD.encode(&bytes[..place]);
    prop_assert!(!is_any(&truncated, &keys));
    let prolonged = format!("{genuine}AAAA");
    prop_assert!(!is_any(&prolonged, &keys));
    let mut changed = bytes;
    changed[place] ^= 1 << (bit % 8);
    prop_assert!(!is_any(&BASE64URL_NOPAD.encode(&changed), &keys));
    // Of a foreign deployment, whose keys have the same ids.
    let foreign = LinkKeys::first(&IdentitySecret::new([8; 32]));
    prop_assert!(!is_any(&genuine, &foreign));
    // Of a key that was rotated once, and twice.
    let now = Timestamp::from_millis(1);
    let once = keys.rotated([9; 32], now);
    prop_assert_eq!(T::verify(&genuine, &once), Some(token.clone()));
    prop_assert_ne!(token.sign(&once), genuine.clone());
    let twice = once.rotated([10; 32], now);
    prop_assert!(!is_any(&genuine, &twice));
    prop_assert!(!twice.know(&genuine));
    prop_assert_eq!(T::verify(&token.sign(&once), &twice), Some(token.clone()));
    Ok(())
}

proptest! {
    #[test]
    fn a_click_is_what_was_signed_and_nothing_else(token in click(), place in 0..9999usize, bit in 0..8u8) {
        laws(&token, place, bit)?;
    }

    #[test]
    fn an_open_is_what_was_signed_and_nothing_else(message in message(), place in 0..9999usize, bit in 0..8u8) {
        laws(&OpenToken { message }, place, bit)?;
    }

    #[test]
    fn an_unsubscribe_is_what_was_signed_and_nothing_else(token in unsubscribe(), place in 0..9999usize, bit in 0..8u8) {
        laws(&token, place, bit)?;
    }

    #[test]
    fn preferences_are_what_was_signed_and_nothing_else(token in preferences(), place in 0..9999usize, bit in 0..8u8) {
        laws(&token, place, bit)?;
    }

    #[test]
    fn a_confirmation_is_what_was_signed_and_nothing_else(token in confirm(), place in 0..9999usize, bit in 0..8u8) {
        laws(&token, place, bit)?;
    }

    #[test]
    fn no_text_is_a_token_by_chance(text in ".{0,200}", bytes in any::<Vec<u8>>()) {
        prop_assert!(!is_any(&text, &keys()));
        prop_assert!(!is_any(&BASE64URL_NOPAD.encode(&bytes), &keys()));
    }
}

#[test]
fn rotated_keys_read_back_as_they_were_stored() {
    let once = keys().rotated([231; 32], Timestamp::from_millis(5));
    let stored = rmp_serde::to_vec_named(&once).unwrap();
    let read: LinkKeys = rmp_serde::from_slice(&stored).unwrap();
    assert_eq!(
        (read.newest_id(), read.newest_made_at()),
        (2, Timestamp::from_millis(5))
    );
    let token = OpenToken {
        message: MessageRef {
            contact: ContactKey::from_bytes([1; 16]),
            send: SendId::from_bytes([2; 16]),
            journey: "welcome".to_owned(),
            step: "hello".to_owned(),
            sent_at: Timestamp::from_millis(3),
        },
    };
    for signing in [&keys(), &once] {
        assert_eq!(
            OpenToken::verify(&token.sign(signing), &read),
            Some(token.clone())
        );
    }
    assert!(
        !format!("{read:?}").contains("231"),
        "a key must not be printed: {read:?}"
    );
}
