//! The due index and the watermark.

use wend_app::ports::{DueEntry, DueIndex, PortError, Watermark};
use wend_core::time::Timestamp;

use super::item::{at, missing, s, text, time};
use super::{DUE_INDEX, DynamoDb};
use crate::error::{port_error, settled};

const DUE: &str = "read the due index";
const READ: &str = "read the watermark";
const ADVANCE: &str = "advance the watermark";
const KEY: &str = "watermark";

impl DueIndex for DynamoDb {
    async fn due(&self, shard: u8, until: Timestamp) -> Result<Vec<DueEntry>, PortError> {
        let pages = self
            .client
            .query()
            .table_name(&self.tables.contacts)
            .index_name(DUE_INDEX)
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", s(shard))
            .expression_attribute_values(":until", at(until));
        let mut items = pages.into_paginator().items().send();
        let mut entries = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| port_error(DUE, &error))?;
            let contact = text(DUE, &item, "pk")?.parse();
            let contact = contact.map_err(|error| PortError::invalid(DUE, error))?;
            let due_at = time(DUE, &item, "due_at")?.ok_or_else(|| missing(DUE, "due_at"))?;
            entries.push(DueEntry { contact, due_at });
        }
        Ok(entries)
    }
}

impl Watermark for DynamoDb {
    async fn read(&self) -> Result<Timestamp, PortError> {
        let request = self.client.get_item().table_name(&self.tables.releases);
        let answer = request.key("pk", s(KEY)).consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(READ, &error))?;
        let stored = answer
            .item
            .as_ref()
            .map(|item| time(READ, item, "at"))
            .transpose()?;
        Ok(stored.flatten().unwrap_or_default())
    }

    async fn advance(&self, to: Timestamp) -> Result<(), PortError> {
        let request = self.client.update_item().table_name(&self.tables.releases);
        let answer = request
            .key("pk", s(KEY))
            .update_expression("SET #at = :to")
            .condition_expression("attribute_not_exists(#at) OR #at < :to")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":to", at(to))
            .send()
            .await;
        // Somebody else was further: that is as good.
        settled(ADVANCE, answer).map(|_| ())
    }
}
