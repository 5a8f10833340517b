//! Permission rows: a word on a topic is an attribute of its own, so that it is one update.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use wend_app::ports::{Permissions, PortError};
use wend_core::id::{PermissionKey, SendId};
use wend_core::permission::{Consent, ConsentChange, Permission};
use wend_core::time::Timestamp;

use super::DynamoDb;
use super::item::{Item, at, missing, n, number, s, time, unpacked};
use crate::error::{port_error, settled};

const READ: &str = "read a permission";
const CONSENT: &str = "write a consent";
const UNSUBSCRIBE: &str = "write an unsubscribe";
const ERASE: &str = "erase an address";
const SUPPRESS: &str = "suppress an address";
const PAUSE: &str = "write a pause";
const SOFT_BOUNCE: &str = "note a soft bounce";
const DELIVERED: &str = "forget soft bounces";
/// No word on the topic, or an older one.
const NEWER: &str = "attribute_not_exists(#topic) OR #topic.#at < :at";
/// What a topic's attribute is called.
const TOPIC: &str = "t:";

pub(super) fn permission_key(permission: PermissionKey) -> Item {
    Item::from([
        ("pk".to_owned(), s(format!("p#{permission}"))),
        ("sk".to_owned(), s("permission")),
    ])
}

pub(super) fn read_permission(
    operation: &'static str,
    item: &Item,
) -> Result<Permission, PortError> {
    let mut permission = Permission {
        rev: number(operation, item, "rev")?.unwrap_or_default(),
        unsubscribed_at: time(operation, item, "unsubscribed_at")?,
        suppressed_at: time(operation, item, "suppressed_at")?,
        erased_at: time(operation, item, "erased_at")?,
        paused_until: time(operation, item, "paused_until")?,
        ..Permission::default()
    };
    if item.contains_key("recent") {
        permission.recent = unpacked(operation, item, "recent")?;
    }
    for (name, value) in item {
        if let Some(topic) = name.strip_prefix(TOPIC) {
            let consent = read_consent(value).ok_or_else(|| missing(operation, name))?;
            permission.topics.insert(topic.to_owned(), consent);
        }
    }
    Ok(permission)
}

fn read_consent(value: &AttributeValue) -> Option<Consent> {
    let map = value.as_m().ok()?;
    let opted_in = *map.get("in")?.as_bool().ok()?;
    let at = map.get("at")?.as_n().ok()?.parse().ok()?;
    Some(Consent {
        opted_in,
        at: Timestamp::from_millis(at),
    })
}

impl DynamoDb {
    /// The permission row of one address.
    pub async fn permission(&self, permission: PermissionKey) -> Result<Permission, PortError> {
        let request = self.client.get_item().table_name(&self.tables.log);
        let request = request
            .set_key(Some(permission_key(permission)))
            .consistent_read(true);
        let answer = request
            .send()
            .await
            .map_err(|error| port_error(READ, &error))?;
        answer.item.as_ref().map_or_else(
            || Ok(Permission::default()),
            |item| read_permission(READ, item),
        )
    }

    /// One conditional update of a permission row; a condition that does not hold says that something newer stands there.
    async fn update_permission(
        &self,
        operation: &'static str,
        permission: PermissionKey,
        update: UpdateBuilder,
    ) -> Result<(), PortError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.tables.log)
            .set_key(Some(permission_key(permission)))
            .set_update_expression(update.get_update_expression().clone())
            .set_condition_expression(update.get_condition_expression().clone())
            .set_expression_attribute_names(update.get_expression_attribute_names().clone())
            .set_expression_attribute_values(update.get_expression_attribute_values().clone());
        settled(operation, request.send().await).map(|_| ())
    }
}

impl DynamoDb {
    /// The row of an erased contact's address.
    pub(super) async fn forget(
        &self,
        permission: PermissionKey,
        erased_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = UpdateBuilder::default()
            .update_expression("SET erased_at = :at ADD rev :one")
            .condition_expression("attribute_not_exists(erased_at) OR erased_at < :at")
            .expression_attribute_values(":at", at(erased_at))
            .expression_attribute_values(":one", n(1));
        self.update_permission(ERASE, permission, update).await
    }
}

/// Times as a set of numbers.
fn times(times: &[Timestamp]) -> AttributeValue {
    let numbers = times.iter().map(|time| time.as_millis().to_string());
    AttributeValue::Ns(numbers.collect())
}

/// The soft bounces that an item holds.
fn read_times(operation: &'static str, item: Option<&Item>) -> Result<Vec<Timestamp>, PortError> {
    let Some(value) = item.and_then(|item| item.get("soft_bounces")) else {
        return Ok(Vec::new());
    };
    let numbers = value.as_ns().ok();
    let times = numbers.and_then(|numbers| {
        let numbers = numbers.iter().map(|number| number.parse().ok());
        let numbers: Option<Vec<i64>> = numbers.collect();
        Some(numbers?.into_iter().map(Timestamp::from_millis).collect())
    });
    times.ok_or_else(|| missing(operation, "soft_bounces"))
}

impl DynamoDb {
    async fn forget_soft_bounces(
        &self,
        operation: &'static str,
        permission: PermissionKey,
        old: &[Timestamp],
    ) -> Result<(), PortError> {
        if old.is_empty() {
            return Ok(());
        }
        let request = self.client.update_item().table_name(&self.tables.log);
        let answer = request
            .set_key(Some(permission_key(permission)))
            .update_expression("DELETE soft_bounces :old")
            .expression_attribute_values(":old", times(old))
            .send()
            .await;
        answer
            .map(|_| ())
            .map_err(|error| port_error(operation, &error))
    }
}

impl Permissions for DynamoDb {
    async fn consent(&self, change: &ConsentChange) -> Result<(), PortError> {
        let consent = AttributeValue::M(Item::from([
            (
                "in".to_owned(),
                AttributeValue::Bool(change.consent.opted_in),
            ),
            ("at".to_owned(), at(change.consent.at)),
        ]));
        let update = UpdateBuilder::default()
            .update_expression("SET #topic = :consent ADD rev :one")
            .expression_attribute_names("#topic", format!("{TOPIC}{}", change.topic))
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":consent", consent)
            .expression_attribute_values(":at", at(change.consent.at))
            .expression_attribute_values(":one", n(1));
        let update = if change.consent.opted_in {
            update.condition_expression(NEWER)
        } else {
            // Of a yes and a no at one moment the no counts, in whichever order they arrive.
            update
                .condition_expression(format!(
                    "{NEWER} OR (#topic.#at = :at AND #topic.#in = :in)"
                ))
                .expression_attribute_names("#in", "in")
                .expression_attribute_values(":in", AttributeValue::Bool(true))
        };
        self.update_permission(CONSENT, change.permission, update)
            .await
    }

    async fn unsubscribe(
        &self,
        permission: PermissionKey,
        send: SendId,
        said_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = UpdateBuilder::default()
            .update_expression("SET unsubscribed_at = :at, unsubscribed_by = :send ADD rev :one")
            .condition_expression("attribute_not_exists(unsubscribed_at) OR unsubscribed_at < :at")
            .expression_attribute_values(":at", at(said_at))
            .expression_attribute_values(":send", s(send))
            .expression_attribute_values(":one", n(1));
        self.update_permission(UNSUBSCRIBE, permission, update)
            .await
    }

    async fn row(&self, permission: PermissionKey) -> Result<Permission, PortError> {
        self.permission(permission).await
    }

    async fn pause(
        &self,
        permission: PermissionKey,
        until: Option<Timestamp>,
        said_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = UpdateBuilder::default()
            .condition_expression("attribute_not_exists(paused_at) OR paused_at < :at")
            .expression_attribute_values(":at", at(said_at))
            .expression_attribute_values(":one", n(1));
        let update = match until {
            Some(until) => update
                .update_expression("SET paused_at = :at, paused_until = :until ADD rev :one")
                .expression_attribute_values(":until", at(until)),
            None => {
                update.update_expression("SET paused_at = :at REMOVE paused_until ADD rev :one")
            }
        };
        self.update_permission(PAUSE, permission, update).await
    }

    async fn soft_bounced(
        &self,
        permission: PermissionKey,
        bounced_at: Timestamp,
        since: Timestamp,
    ) -> Result<usize, PortError> {
        // A set of times: an event that comes twice adds nothing.
        let request = self.client.update_item().table_name(&self.tables.log);
        let answer = request
            .set_key(Some(permission_key(permission)))
            .update_expression("ADD soft_bounces :at")
            .expression_attribute_values(":at", times(&[bounced_at]))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let answer = answer.map_err(|error| port_error(SOFT_BOUNCE, &error))?;
        let known = read_times(SOFT_BOUNCE, answer.attributes.as_ref())?;
        let (recent, old): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| *known >= since);
        self.forget_soft_bounces(SOFT_BOUNCE, permission, &old)
            .await?;
        Ok(recent.len())
    }

    async fn delivered(
        &self,
        permission: PermissionKey,
        delivered_at: Timestamp,
    ) -> Result<(), PortError> {
        // Nearly no row has any, and a read costs a tenth of a write.
        let request = self.client.get_item().table_name(&self.tables.log);
        let answer = request
            .set_key(Some(permission_key(permission)))
            .projection_expression("soft_bounces")
            .send()
            .await;
        let answer = answer.map_err(|error| port_error(DELIVERED, &error))?;
        let mut known = read_times(DELIVERED, answer.item.as_ref())?;
        known.retain(|known| *known <= delivered_at);
        self.forget_soft_bounces(DELIVERED, permission, &known)
            .await
    }

    async fn suppress(
        &self,
        permission: PermissionKey,
        reason: &str,
        seen_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = UpdateBuilder::default()
            .update_expression("SET suppressed_at = :at, suppressed_for = :reason ADD rev :one")
            .condition_expression("attribute_not_exists(suppressed_at)")
            .expression_attribute_values(":at", at(seen_at))
            .expression_attribute_values(":reason", s(reason))
            .expression_attribute_values(":one", n(1));
        self.update_permission(SUPPRESS, permission, update).await
    }
}
