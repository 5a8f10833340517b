//! Releases, write keys, the deployment's secret.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use wend_app::ports::{
    ErrorClass, KeyStore, PortError, PublishError, ReleaseStore, SecretStore, Settled,
};
use wend_core::id::PartHash;
use wend_core::identity::IdentitySecret;
use wend_core::release::{EventSource, Manifest, Part};
use wend_core::token::LinkKeys;

use super::DynamoDb;
use super::item::{Item, b, bytes, missing, n, packed, s, unpacked};
use crate::error::{port_error, settled};

const MANIFEST: &str = "read the manifest";
const PARTS: &str = "read the parts of a release";
const PUBLISH: &str = "publish a release";
const KEY: &str = "look a write key up";
const ADD_KEY: &str = "add a write key";
const SECRET: &str = "read the identity secret";
const LINK_KEYS: &str = "read the keys of links";
const ROTATE: &str = "rotate the keys of links";
/// Who has a key that is a secret. Another key is one that stands in web pages.
const SERVER: &str = "server";
/// Most keys of one batch read (DynamoDB).
const BATCH: usize = 100;
/// Largest part: an item may have 400 KB; a tenth is kept for its other attributes.
const PART_BYTES_MAX: usize = 360 * 1024;

fn pk(text: impl ToString) -> Item {
    Item::from([("pk".to_owned(), s(text))])
}

fn part_pk(hash: PartHash) -> Item {
    pk(format!("part#{hash}"))
}

impl ReleaseStore for DynamoDb {
    async fn manifest(&self) -> Result<Option<Manifest>, PortError> {
        let item = self.release_item(MANIFEST, pk("manifest")).await?;
        item.map(|item| unpacked(MANIFEST, &item, "data"))
            .transpose()
    }

    async fn parts(&self, hashes: &[PartHash]) -> Result<Vec<Part>, PortError> {
        // A batch that names one key twice is refused.
        let distinct: BTreeSet<PartHash> = hashes.iter().copied().collect();
        let hashes: Vec<PartHash> = distinct.into_iter().collect();
        let mut parts = Vec::with_capacity(hashes.len());
        for batch in hashes.chunks(BATCH) {
            let mut keys: Vec<Item> = batch.iter().copied().map(part_pk).collect();
            while !keys.is_empty() {
                // Consistently, like the manifest: a part that was written a moment ago must be there.
                let wanted = KeysAndAttributes::builder().consistent_read(true);
                let wanted = wanted.set_keys(Some(keys)).build();
                let wanted = wanted.map_err(|error| PortError::invalid(PARTS, error))?;
                let request = self.client.batch_get_item();
                let request = request.request_items(&self.tables.releases, wanted);
                let answer = request
                    .send()
                    .await
                    .map_err(|error| port_error(PARTS, &error))?;
                let found = answer
                    .responses
                    .unwrap_or_default()
                    .remove(&self.tables.releases);
                for item in found.unwrap_or_default() {
                    parts.push(unpacked(PARTS, &item, "data")?);
                }
                let left = answer.unprocessed_keys.unwrap_or_default();
                keys = left.into_values().flat_map(|keys| keys.keys).collect();
            }
        }
        if parts.len() != hashes.len() {
            let cause = format!("{} of {} parts are there", parts.len(), hashes.len());
            return Err(PortError {
                operation: PARTS,
                class: ErrorClass::Invalid,
                cause,
            });
        }
        Ok(parts)
    }

    async fn publish(&self, manifest: &Manifest, parts: &[Part]) -> Result<(), PublishError> {
        for part in parts {
            let mut item = part_pk(part.hash());
            let data = packed(PUBLISH, part)?;
            let size = data.as_b().map_or(0, |bytes| bytes.as_ref().len());
            if size > PART_BYTES_MAX {
                let path = part.path.clone();
                return Err(PublishError::TooLarge {
                    path,
                    bytes: size,
                    max: PART_BYTES_MAX,
                });
            }
            item.insert("data".to_owned(), data);
            let request = self.client.put_item().table_name(&self.tables.releases);
            let answer = request.set_item(Some(item)).send().await;
            answer.map_err(|error| port_error(PUBLISH, &error))?;
        }
        let mut item = pk("manifest");
        item.insert("data".to_owned(), packed(PUBLISH, manifest)?);
        item.insert("number".to_owned(), n(manifest.number));
        let request = self
            .client
            .put_item()
            .table_name(&self.tables.releases)
            .set_item(Some(item));
        let request = if manifest.number == 1 {
            request.condition_expression("attribute_not_exists(pk)")
        } else {
            request
                .condition_expression("#number = :before")
                .expression_attribute_names("#number", "number")
                .expression_attribute_values(":before", n(manifest.number - 1))
        };
        match settled(PUBLISH, request.send().await)? {
            Settled::Done => Ok(()),
            Settled::Lost => Err(PublishError::Overtaken(manifest.number)),
        }
    }
}

impl KeyStore for DynamoDb {
    async fn holder(&self, hash: &str) -> Result<Option<EventSource>, PortError> {
        let item = self
            .release_item(KEY, pk(format!("write-key#{hash}")))
            .await?;
        Ok(item.map(|item| match item.get("holder") {
            Some(holder) if *holder == s(SERVER) => EventSource::Server,
            _ => EventSource::Browser,
        }))
    }

    async fn add(&self, hash: &str, name: &str, holder: EventSource) -> Result<(), PortError> {
        let mut item = pk(format!("write-key#{hash}"));
        item.insert("name".to_owned(), s(name));
        if holder == EventSource::Server {
            item.insert("holder".to_owned(), s(SERVER));
        }
        let request = self.client.put_item().table_name(&self.tables.releases);
        let answer = request.set_item(Some(item)).send().await;
        answer
            .map(|_| ())
            .map_err(|error| port_error(ADD_KEY, &error))
    }
}

impl SecretStore for DynamoDb {
    async fn secret(&self, candidate: IdentitySecret) -> Result<IdentitySecret, PortError> {
        if let Some(secret) = self.stored_secret().await? {
            return Ok(secret);
        }
        let mut item = pk("identity-secret");
        item.insert("secret".to_owned(), b(candidate.expose().to_vec()));
        let request = self.client.put_item().table_name(&self.tables.releases);
        let request = request
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)");
        match settled(SECRET, request.send().await)? {
            Settled::Done => Ok(candidate),
            // Another function was first.
            Settled::Lost => {
                let stored = self.stored_secret().await?;
                stored.ok_or_else(|| missing(SECRET, "secret"))
            }
        }
    }

    async fn link_keys(&self, secret: &IdentitySecret) -> Result<LinkKeys, PortError> {
        let item = self.release_item(LINK_KEYS, pk("link-keys")).await?;
        item.map_or_else(
            || Ok(LinkKeys::first(secret)),
            |item| unpacked(LINK_KEYS, &item, "data"),
        )
    }

    async fn rotate_link_keys(&self, keys: &LinkKeys) -> Result<(), PortError> {
        let mut item = pk("link-keys");
        item.insert("data".to_owned(), packed(ROTATE, keys)?);
        item.insert("newest".to_owned(), n(keys.newest_id()));
        let request = self.client.put_item().table_name(&self.tables.releases);
        let request = request.set_item(Some(item));
        let request = match keys.stored_before() {
            None => request.condition_expression("attribute_not_exists(pk)"),
            Some(id) => request
                .condition_expression("newest = :before")
                .expression_attribute_values(":before", n(id)),
        };
        match settled(ROTATE, request.send().await)? {
            Settled::Done => Ok(()),
            Settled::Lost => Err(PortError {
                operation: ROTATE,
                class: ErrorClass::Conflict,
                cause: "somebody else has rotated the keys".to_owned(),
            }),
        }
    }
}

impl DynamoDb {
    async fn stored_secret(&self) -> Result<Option<IdentitySecret>, PortError> {
        let Some(item) = self.release_item(SECRET, pk("identity-secret")).await? else {
            return Ok(None);
        };
        let secret = bytes(SECRET, &item, "secret")?.try_into();
        let secret = secret.map_err(|error| PortError::invalid(SECRET, error))?;
        Ok(Some(IdentitySecret::new(secret)))
    }

    async fn release_item(
        &self,
        operation: &'static str,
        key: Item,
    ) -> Result<Option<Item>, PortError> {
        let request = self.client.get_item().table_name(&self.tables.releases);
        let answer = request
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await;
        Ok(answer.map_err(|error| port_error(operation, &error))?.item)
    }
}
