//! Signed tokens in links: what a click may do is inside the token, never a parameter beside it.
//!
//! A token is `key id · payload · HMAC`, in URL-safe base64. What it is for is part of what is signed, so that a token made for
//! one use never verifies in another. Tokens are signed and not encrypted: they hold ids and the link's own target, no addresses.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::id::{ContactKey, PermissionKey, SendId};
use crate::identity::{Channel, IdentitySecret};
use crate::personal::Personal;
use crate::time::Timestamp;

const MAC_BYTES: usize = 16;

/// The key that signs before the first rotation.
const FIRST_KEY: u8 = 1;

/// The keys of links: the newest one signs, it and the one before verify.
///
/// Before the first rotation that is one key, the identity secret. Links of the key before the last two stop working.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LinkKeys {
    newest: LinkKey,
    before: Option<LinkKey>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LinkKey {
    id: u8,
    key: Personal<[u8; 32]>,
    made_at: Timestamp,
}

impl LinkKeys {
    /// The keys of a deployment that has never rotated them.
    pub const fn first(secret: &IdentitySecret) -> Self {
        let newest = LinkKey {
            id: FIRST_KEY,
            key: Personal::new(*secret.expose()),
            made_at: Timestamp::from_millis(0),
        };
        Self {
            newest,
            before: None,
        }
    }

    /// The keys after a rotation at `now`: `key`, 32 random bytes, signs from now on.
    #[must_use]
    pub fn rotated(&self, key: [u8; 32], now: Timestamp) -> Self {
        let newest = LinkKey {
            id: self.newest.id.wrapping_add(1),
            key: Personal::new(key),
            made_at: now,
        };
        Self {
            newest,
            before: Some(self.newest.clone()),
        }
    }

    /// The id of the key that signs.
    pub const fn newest_id(&self) -> u8 {
        self.newest.id
    }

    /// The id of the newest key before the rotation that made these, where that one was stored: the first key is not.
    pub fn stored_before(&self) -> Option<u8> {
        let before = self.before.as_ref().map(|key| key.id);
        before.filter(|id| *id != FIRST_KEY)
    }

    /// When the key that signs was made; the first one at the beginning of time.
    pub const fn newest_made_at(&self) -> Timestamp {
        self.newest.made_at
    }

    /// Whether one of them is the key that `token` names. A token that nothing can be read of names none.
    pub fn know(&self, token: &str) -> bool {
        let token = BASE64URL_NOPAD.decode(token.as_bytes()).ok();
        let id = token.and_then(|token| token.first().copied());
        id.is_some_and(|id| self.named(id).is_some())
    }

    fn named(&self, id: u8) -> Option<IdentitySecret> {
        let mut keys = std::iter::once(&self.newest).chain(&self.before);
        let key = keys.find(|key| key.id == id)?;
        Some(IdentitySecret::new(*key.key.expose()))
    }
}

/// What stands in the links of a test in place of a token: they do nothing to anybody.
pub const TEST: &str = "test";

/// What a link may do.
pub trait Token: Sized {
    /// What it is for.
    const PURPOSE: &'static str;

    /// Appends what it says.
    fn write(&self, payload: &mut Vec<u8>);

    /// Reads what [`write`](Self::write) has written.
    fn read(payload: &mut Payload<'_>) -> Option<Self>;

    /// The token as it stands in a link: `A–Z a–z 0–9 - _`.
    fn sign(&self, keys: &LinkKeys) -> String {
        let LinkKey { id, key, .. } = &keys.newest;
        let mut token = vec![*id];
        self.write(&mut token);
        let mac = IdentitySecret::new(*key.expose()).mac(Self::PURPOSE, &[&token]);
        token.extend(mac.iter().take(MAC_BYTES));
        BASE64URL_NOPAD.encode(&token)
    }

    /// Reads a token; none if it is damaged, foreign, of a key that is gone, or made for another purpose.
    fn verify(text: &str, keys: &LinkKeys) -> Option<Self> {
        let token = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (signed, mac) = token.split_at_checked(token.len().checked_sub(MAC_BYTES)?)?;
        let (id, payload) = signed.split_first()?;
        let expected = keys.named(*id)?.mac(Self::PURPOSE, &[signed]);
        let is_genuine: bool = expected.get(..MAC_BYTES)?.ct_eq(mac).into();
        is_genuine.then_some(())?;
        let mut payload = Payload(payload);
        let read = Self::read(&mut payload)?;
        payload.0.is_empty().then_some(read)
    }
}

/// What is left to read of a token.
#[derive(Debug)]
pub struct Payload<'a>(&'a [u8]);

impl<'a> Payload<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(u32::from_be_bytes(self.array()?)).ok()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn channel(&mut self) -> Option<Channel> {
        match self.array()? {
            [0] => Some(Channel::Email),
            [1] => Some(Channel::Sms),
            _ => None,
        }
    }

    /// A row that is there or not; none if that cannot be told.
    fn permission(&mut self, into: &mut Option<PermissionKey>) -> Option<()> {
        match self.array()? {
            [0] => {}
            [1] => *into = Some(PermissionKey::from_bytes(self.array()?)),
            _ => return None,
        }
        Some(())
    }
}

fn write_text(payload: &mut Vec<u8>, text: &str) {
    // A text of four gigabytes does not exist here; one that did would not be read back.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    payload.extend(length.to_be_bytes());
    payload.extend(text.as_bytes());
}

fn write_channel(payload: &mut Vec<u8>, channel: Channel) {
    payload.push(match channel {
        Channel::Email => 0,
        Channel::Sms => 1,
    });
}

fn write_permission(payload: &mut Vec<u8>, permission: Option<PermissionKey>) {
    payload.push(u8::from(permission.is_some()));
    payload.extend(permission.iter().flat_map(PermissionKey::as_bytes));
}

/// The message that a link stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRef {
    /// Whom it was for.
    pub contact: ContactKey,
    /// The send.
    pub send: SendId,
    /// The journey that sent it.
    pub journey: String,
    /// The step that sent it.
    pub step: String,
    /// When it was written, which is moments before it left.
    pub sent_at: Timestamp,
}

impl MessageRef {
    fn write(&self, payload: &mut Vec<u8>) {
        payload.extend(self.contact.as_bytes());
        payload.extend(self.send.as_bytes());
        payload.extend(self.sent_at.as_millis().to_be_bytes());
        write_text(payload, &self.journey);
        write_text(payload, &self.step);
    }

    fn read(payload: &mut Payload<'_>) -> Option<Self> {
        Some(Self {
            contact: ContactKey::from_bytes(payload.array()?),
            send: SendId::from_bytes(payload.array()?),
            sent_at: Timestamp::from_millis(i64::from_be_bytes(payload.array()?)),
            journey: payload.text()?,
            step: payload.text()?,
        })
    }
}

/// A link of a message that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClickToken {
    /// The message.
    pub message: MessageRef,
    /// Where the link leads.
    pub target: String,
}

impl Token for ClickToken {
    const PURPOSE: &'static str = "token/click";

    fn write(&self, payload: &mut Vec<u8>) {
        self.message.write(payload);
        write_text(payload, &self.target);
    }

    fn read(payload: &mut Payload<'_>) -> Option<Self> {
        Some(Self {
            message: MessageRef::read(payload)?,
            target: payload.text()?,
        })
    }
}

/// The picture of a message that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenToken {
    /// The message.
    pub message: MessageRef,
}

impl Token for OpenToken {
    const PURPOSE: &'static str = "token/open";

    fn write(&self, payload: &mut Vec<u8>) {
        self.message.write(payload);
    }

    fn read(payload: &mut Payload<'_>) -> Option<Self> {
        MessageRef::read(payload).map(|message| Self { message })
    }
}

/// The right to say no for one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsubscribeToken {
    /// Whom the message was for: their runs hear of it.
    pub contact: ContactKey,
    /// What kind of address it is.
    pub channel: Channel,
    /// The address's permission row.
    pub permission: PermissionKey,
    /// The message that carried the link: the proof of where the no came from.
    pub send: SendId,
}

impl Token for UnsubscribeToken {
    const PURPOSE: &'static str = "token/unsubscribe";

    fn write(&self, payload: &mut Vec<u8>) {
        write_channel(payload, self.channel);
        payload.extend(self.contact.as_bytes());
        payload.extend(self.permission.as_bytes());
        payload.extend(self.send.as_bytes());
    }

    fn read(payload: &mut Payload<'_>) -> Option<Self> {
        Some(Self {
            channel: payload.channel()?,
            contact: ContactKey::from_bytes(payload.array()?),
            permission: PermissionKey::from_bytes(payload.array()?),
            send: SendId::from_bytes(payload.array()?),
        })
    }
}

/// The right to confirm opt-ins of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmToken {
    /// Who has opted in.
    pub contact: ContactKey,
    /// What kind of address was asked.
    pub channel: Channel,
    /// The address's permission row.
    pub permission: PermissionKey,
    /// The message that carried the link.
    pub send: SendId,
    /// What it confirms.
    pub opt_ins: Vec<OptInRef>,
}

/// One opt-in that can be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptInRef {
    /// The topic.
    pub topic: String,
    /// When it was said.
    pub said_at: Timestamp,
    /// From when on it can be confirmed no more.
    pub until: Timestamp,
}

impl Token for ConfirmToken {
    const PURPOSE: &'static str = "token/confirm";

    fn write(&self, payload: &mut Vec<u8>) {
        write_channel(payload, self.channel);
        payload.extend(self.contact.as_bytes());
        payload.extend(self.permission.as_bytes());
        payload.extend(self.send.as_bytes());
        for opt_in in &self.opt_ins {
            write_text(payload, &opt_in.topic);
            payload.extend(opt_in.said_at.as_millis().to_be_bytes());
            payload.extend(opt_in.until.as_millis().to_be_bytes());
        }
    }

    fn read(payload: &mut Payload<'_>) -> Option<Self> {
        let mut token = Self {
            channel: payload.channel()?,
            contact: ContactKey::from_bytes(payload.array()?),
            permission: PermissionKey::from_bytes(payload.array()?),
            send: SendId::from_bytes(payload.array()?),
            opt_ins: Vec::new(),
        };
        while !payload.0.is_empty() {
            token.opt_ins.push(OptInRef {
                topic: payload.text()?,
                said_at: Timestamp::from_millis(i64::from_be_bytes(payload.array()?)),
                until: Timestamp::from_millis(i64::from_be_bytes(payload.array()?)),
            });
        }
        Some(token)
    }
}

/// The right to see and say what a contact's addresses get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreferencesToken {
    /// Whose.
    pub contact: ContactKey,
    /// The message that carried the link.
    pub send: SendId,
    /// The permission row of the email address that the contact had then.
    pub email: Option<PermissionKey>,
    /// The permission row of the phone number that the contact had then.
    pub sms: Option<PermissionKey>,
}

impl Token for PreferencesToken {
    const PURPOSE: &'static str = "token/preferences";

    fn write(&self, payload: &mut Vec<u8>) {
        payload.extend(self.contact.as_bytes());
        payload.extend(self.send.as_bytes());
        write_permission(payload, self.email);
        write_permission(payload, self.sms);
    }

    fn read(payload: &mut Payload<'_>) -> Option<Self> {
        let mut token = Self {
            contact: ContactKey::from_bytes(payload.array()?),
            send: SendId::from_bytes(payload.array()?),
            email: None,
            sms: None,
        };
        payload.permission(&mut token.email)?;
        payload.permission(&mut token.sms)?;
        Some(token)
    }
}

/// The right to see a message again, as a page of the web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebViewToken {
    /// Whom it was for.
    pub contact: ContactKey,
    /// The message.
    pub send: SendId,
}

impl Token for WebViewToken {
    const PURPOSE: &'static str = "token/web-view";

    fn write(&self, payload: &mut Vec<u8>) {
        payload.extend(self.contact.as_bytes());
        payload.extend(self.send.as_bytes());
    }

    fn read(payload: &mut Payload<'_>) -> Option<Self> {
        Some(Self {
            contact: ContactKey::from_bytes(payload.array()?),
            send: SendId::from_bytes(payload.array()?),
        })
    }
}

#[cfg(test)]
mod tests;
