//! Releases, write keys, the deployment's secret.

use std::collections::BTreeSet;

use wend_core::id::PartHash;
use wend_core::identity::IdentitySecret;
use wend_core::release::{EventSource, Manifest, Part};
use wend_core::token::LinkKeys;

use super::MemoryStore;
use super::store::{fits, packed, unpacked};
use crate::ports::{ErrorClass, KeyStore, PortError, PublishError, ReleaseStore, SecretStore};

const MANIFEST: &str = "read the manifest";
const PARTS: &str = "read the parts of a release";
const PUBLISH: &str = "publish a release";
const ROTATE: &str = "rotate the keys of links";
/// Largest part: an item may have 400 KB; a tenth is kept for its other attributes.
const PART_BYTES_MAX: usize = 360 * 1024;

impl ReleaseStore for MemoryStore {
    async fn manifest(&self) -> Result<Option<Manifest>, PortError> {
        let read = || {
            let tables = self.tables();
            let stored = tables.manifest.as_ref();
            stored.map(|(_, data)| unpacked(MANIFEST, data)).transpose()
        };
        self.line.call(MANIFEST, read).await
    }

    async fn parts(&self, hashes: &[PartHash]) -> Result<Vec<Part>, PortError> {
        let read = || {
            let tables = self.tables();
            let distinct: BTreeSet<&PartHash> = hashes.iter().collect();
            let parts = distinct.into_iter().map(|hash| {
                let part = tables.parts.get(hash);
                let missing = || PortError::invalid(PARTS, format!("part {hash} is missing"));
                unpacked(PARTS, part.ok_or_else(missing)?)
            });
            parts.collect()
        };
        self.line.call(PARTS, read).await
    }

    async fn publish(&self, manifest: &Manifest, parts: &[Part]) -> Result<(), PublishError> {
        let mut items = Vec::with_capacity(parts.len());
        for part in parts {
            let data = packed(PUBLISH, part)?;
            if data.len() > PART_BYTES_MAX {
                return Err(PublishError::TooLarge {
                    path: part.path.clone(),
                    bytes: data.len(),
                    max: PART_BYTES_MAX,
                });
            }
            items.push((part.hash(), data));
        }
        let put_parts = || {
            self.tables().parts.extend(items);
            Ok(())
        };
        self.line.call(PUBLISH, put_parts).await?;
        let put_manifest = || {
            let data = packed(PUBLISH, manifest)?;
            fits(PUBLISH, data.len())?;
            let mut tables = self.tables();
            let newest = tables.manifest.as_ref().map_or(0, |(number, _)| *number);
            let is_next = manifest.number == newest + 1;
            if is_next {
                tables.manifest = Some((manifest.number, data));
            }
            Ok(is_next)
        };
        if self.line.call(PUBLISH, put_manifest).await? {
            Ok(())
        } else {
            Err(PublishError::Overtaken(manifest.number))
        }
    }
}

impl KeyStore for MemoryStore {
    async fn holder(&self, hash: &str) -> Result<Option<EventSource>, PortError> {
        let read = || Ok(self.tables().write_keys.get(hash).copied());
        self.line.call("look a write key up", read).await
    }

    async fn add(&self, hash: &str, _name: &str, holder: EventSource) -> Result<(), PortError> {
        let write = || {
            self.tables().write_keys.insert(hash.to_owned(), holder);
            Ok(())
        };
        self.line.call("add a write key", write).await
    }
}

impl SecretStore for MemoryStore {
    async fn secret(&self, candidate: IdentitySecret) -> Result<IdentitySecret, PortError> {
        let write = || {
            let mut tables = self.tables();
            let secret = tables.secret.get_or_insert(*candidate.expose());
            Ok(IdentitySecret::new(*secret))
        };
        self.line.call("read the identity secret", write).await
    }

    async fn link_keys(&self, secret: &IdentitySecret) -> Result<LinkKeys, PortError> {
        let read = || {
            let stored = self.tables().link_keys.clone();
            Ok(stored.unwrap_or_else(|| LinkKeys::first(secret)))
        };
        self.line.call("read the keys of links", read).await
    }

    async fn rotate_link_keys(&self, keys: &LinkKeys) -> Result<(), PortError> {
        let write = || {
            let mut tables = self.tables();
            let stored = tables.link_keys.as_ref().map(LinkKeys::newest_id);
            if stored != keys.stored_before() {
                return Err(PortError {
                    operation: ROTATE,
                    class: ErrorClass::Conflict,
                    cause: "somebody else has rotated the keys".to_owned(),
                });
            }
            tables.link_keys = Some(keys.clone());
            Ok(())
        };
        self.line.call(ROTATE, write).await
    }
}
