//! Releases, and the little that a deployment must know about itself.

use std::future::Future;

use wend_core::id::PartHash;
use wend_core::identity::IdentitySecret;
use wend_core::release::{EventSource, Manifest, Part};
use wend_core::token::LinkKeys;

use super::PortError;

/// Published releases.
pub trait ReleaseStore: Send + Sync {
    /// The newest manifest, read consistently; none if nothing was ever published.
    fn manifest(&self) -> impl Future<Output = Result<Option<Manifest>, PortError>> + Send;

    /// The parts with these hashes, each once and in any order, read consistently: a manifest may name parts that were written a
    /// moment ago. A part that is missing is an error.
    fn parts(
        &self,
        hashes: &[PartHash],
    ) -> impl Future<Output = Result<Vec<Part>, PortError>> + Send;

    /// Writes the parts, then the manifest, if its number is one more than the newest. A failure before the manifest leaves
    /// parts that nobody names.
    fn publish(
        &self,
        manifest: &Manifest,
        parts: &[Part],
    ) -> impl Future<Output = Result<(), PublishError>> + Send;
}

/// Why a release was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Somebody else published at the same time.
    #[error(
        "release {0} was published by somebody else in the meantime; look at it and publish again"
    )]
    Overtaken(u64),
    /// A part is larger than an item may be.
    #[error("{path} is too large to publish: {bytes} bytes with its compiled form, at most {max}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// The write keys of sources.
pub trait KeyStore: Send + Sync {
    /// Who has the key with this hash (SHA-256, lower-case hexadecimal); none may post without one.
    fn holder(
        &self,
        hash: &str,
    ) -> impl Future<Output = Result<Option<EventSource>, PortError>> + Send;

    /// Lets a key with this hash post.
    fn add(
        &self,
        hash: &str,
        name: &str,
        holder: EventSource,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The secret under which names are hashed.
pub trait SecretStore: Send + Sync {
    /// The deployment's secret. The first caller ever stores its `candidate`; everybody gets the stored one.
    fn secret(
        &self,
        candidate: IdentitySecret,
    ) -> impl Future<Output = Result<IdentitySecret, PortError>> + Send;

    /// The keys of links, read consistently; those of `secret` until they are rotated.
    fn link_keys(
        &self,
        secret: &IdentitySecret,
    ) -> impl Future<Output = Result<LinkKeys, PortError>> + Send;

    /// Stores rotated keys if the newest one stored is the one before them. Of two rotations at once one is a
    /// [`Conflict`](super::ErrorClass::Conflict), and nothing of it is written.
    fn rotate_link_keys(
        &self,
        keys: &LinkKeys,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
