//! Copies of messages: `m#…` of the log table, one partition a contact, so that an erasure finds them.

use wend_app::ports::{Copies, PortError, SentCopy};
use wend_core::id::{ContactKey, SendId};
use wend_core::log::LOG_FOR;

use super::DynamoDb;
use super::item::{Item, b, bytes, n, s};
use crate::error::port_error;

const KEEP: &str = "keep a copy";
const READ: &str = "read a copy";
const FORGET: &str = "forget copies";

fn partition(contact: ContactKey) -> String {
    format!("m#{contact}")
}

fn copy_key(contact: ContactKey, send: SendId) -> Item {
    Item::from([
        ("pk".to_owned(), s(partition(contact))),
        ("sk".to_owned(), s(send)),
    ])
}

impl Copies for DynamoDb {
    async fn keep(
        &self,
        contact: ContactKey,
        send: SendId,
        copy: &SentCopy,
    ) -> Result<(), PortError> {
        let packed = copy.pack();
        let packed = packed.map_err(|error| PortError::invalid(KEEP, error))?;
        let Some(packed) = packed else {
            tracing::warn!(%send, "the message is too large to be shown again");
            return Ok(());
        };
        let mut item = copy_key(contact, send);
        let gone_at = copy.claimed_at.plus(LOG_FOR).as_secs();
        item.insert("copy".to_owned(), b(packed));
        item.insert("expires_at".to_owned(), n(gone_at));
        let request = self.client.put_item().table_name(&self.tables.log);
        let answer = request.set_item(Some(item)).send().await;
        answer.map(|_| ()).map_err(|error| port_error(KEEP, &error))
    }

    async fn copy(&self, contact: ContactKey, send: SendId) -> Result<Option<SentCopy>, PortError> {
        let request = self.client.get_item().table_name(&self.tables.log);
        let request = request.set_key(Some(copy_key(contact, send)));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(READ, &error))?;
        let Some(item) = &answer.item else {
            return Ok(None);
        };
        let copy = SentCopy::unpack(bytes(READ, item, "copy")?);
        copy.map(Some)
            .map_err(|error| PortError::invalid(READ, error))
    }

    async fn forget_copies(&self, contact: ContactKey) -> Result<(), PortError> {
        let pages = self
            .client
            .query()
            .table_name(&self.tables.log)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(partition(contact)))
            .projection_expression("pk, sk")
            .consistent_read(true);
        let mut items = pages.into_paginator().items().send();
        while let Some(item) = items.next().await {
            let key = item.map_err(|error| port_error(FORGET, &error))?;
            let request = self.client.delete_item().table_name(&self.tables.log);
            let answer = request.set_key(Some(key)).send().await;
            answer.map_err(|error| port_error(FORGET, &error))?;
        }
        Ok(())
    }
}
