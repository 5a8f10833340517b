//! Copies of messages, as they were handed over.

use std::future::Future;

use serde::{Deserialize, Serialize};
use wend_content::{Message, Sms};
use wend_core::id::{ContactKey, PartHash, SendId};
use wend_core::personal::Personal;
use wend_core::time::Timestamp;

use super::PortError;

/// Most bytes that unpacking a copy may take: a larger message is handed over and not kept.
pub const COPY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most bytes of a packed copy: an item may have 400 KB.
const PACKED_BYTES_MAX: usize = 380 * 1024;
/// Of ten; above it, messages hardly become smaller and take their time.
const LEVEL: u8 = 6;

/// A message as it was handed to its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCopy {
    /// The submission's claim.
    pub claimed_at: Timestamp,
    /// The template.
    pub template: String,
    /// Its version: the part of the release.
    pub part: PartHash,
    /// The address that it went to.
    pub to: Personal<String>,
    /// What it said.
    pub said: Said,
}

/// What a message said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// A mail.
    Mail {
        /// Its headers, `From` and `Subject` among them, in their order.
        headers: Vec<(String, String)>,
        /// The text part.
        text: String,
        /// The HTML part.
        html: String,
    },
    /// An SMS.
    Sms {
        /// The sender.
        from: String,
        /// The text.
        text: String,
    },
}

impl From<&Message> for Said {
    fn from(message: &Message) -> Self {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let first = [own("From", &message.from)].into_iter();
        let reply_to = message.reply_to.as_deref();
        let first = first.chain(reply_to.map(|to| own("Reply-To", to)));
        let first = first.chain([own("Subject", &message.subject)]);
        let further = message.headers.iter();
        Self::Mail {
            headers: first
                .chain(further.map(|(name, value)| own(name, value)))
                .collect(),
            text: message.text.clone(),
            html: message.html.clone(),
        }
    }
}

impl From<&Sms> for Said {
    fn from(sms: &Sms) -> Self {
        Self::Sms {
            from: sms.from.clone(),
            text: sms.text.clone(),
        }
    }
}

impl SentCopy {
    /// The stored form: MessagePack, deflated. None if the message is too large to be kept.
    pub fn pack(&self) -> Result<Option<Vec<u8>>, rmp_serde::encode::Error> {
        let plain = rmp_serde::to_vec_named(self)?;
        if plain.len() > COPY_BYTES_MAX {
            return Ok(None);
        }
        let packed = miniz_oxide::deflate::compress_to_vec(&plain, LEVEL);
        Ok((packed.len() <= PACKED_BYTES_MAX).then_some(packed))
    }

    /// Reads what [`pack`](Self::pack) wrote.
    pub fn unpack(packed: &[u8]) -> Result<Self, String> {
        let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, COPY_BYTES_MAX);
        let plain = plain.map_err(|error| error.to_string())?;
        rmp_serde::from_slice(&plain).map_err(|error| error.to_string())
    }
}

/// Keeps copies, for as long as send rows are kept.
pub trait Copies: Send + Sync {
    /// Keeps the copy of a claimed send; the one of its second submission replaces that of the first. Repeating it is safe.
    fn keep(
        &self,
        contact: ContactKey,
        send: SendId,
        copy: &SentCopy,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The copy, read once; none if the send was never submitted, is too old, or its contact was erased.
    fn copy(
        &self,
        contact: ContactKey,
        send: SendId,
    ) -> impl Future<Output = Result<Option<SentCopy>, PortError>> + Send;

    /// Deletes the copies of all messages to a contact. After a failure some may be left; repeating it is safe.
    fn forget_copies(
        &self,
        contact: ContactKey,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
