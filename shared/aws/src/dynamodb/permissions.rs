//! Permission rows: a word on a topic is an attribute of its own, so that it is one update.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use wend_app::ports::{Permissions, PortError, Settled};
use wend_core::id::PermissionKey;
use wend_core::permission::{
    Consent, ConsentChange, Frequency, Permission, Proof, Suppression, SuppressionReason,
};
use wend_core::time::Timestamp;

use super::DynamoDb;
use super::item::{Item, at, missing, n, number, packed, s, text, time, unpacked};
use crate::error::{port_error, settled};

const READ: &str = "read a permission";
const CONSENT: &str = "write a consent";
const UNSUBSCRIBE: &str = "write an unsubscribe";
const ERASE: &str = "erase an address";
const SUPPRESS: &str = "suppress an address";
const REOPEN: &str = "reopen an address";
const STOP: &str = "write a stop";
const PAUSE: &str = "write a pause";
const FREQUENCY: &str = "write a frequency";
const SOFT_BOUNCE: &str = "note a soft bounce";
const DELIVERED: &str = "forget soft bounces";
/// No word on the topic, or an older one.
const NEWER: &str = "attribute_not_exists(#topic) OR #topic.#at < :at";
/// What a topic's attribute is called.
const TOPIC: &str = "t:";
/// What the attribute of an opt-in is called that is to be confirmed.
const PENDING: &str = "w:";

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
        unsubscribed: read_unsubscribe(operation, item)?,
        stopped_at: time(operation, item, "stopped_at")?,
        suppressed: read_suppression(operation, item)?,
        erased_at: time(operation, item, "erased_at")?,
        paused_until: time(operation, item, "paused_until")?,
        frequency: read_frequency(operation, item)?,
        ..Permission::default()
    };
    if item.contains_key("recent") {
        permission.recent = unpacked(operation, item, "recent")?;
    }
    if item.contains_key("last") {
        permission.last = Some(unpacked(operation, item, "last")?);
    }
    for (name, value) in item {
        let (topic, words) = if let Some(topic) = name.strip_prefix(TOPIC) {
            (topic, &mut permission.topics)
        } else if let Some(topic) = name.strip_prefix(PENDING) {
            (topic, &mut permission.pending)
        } else {
            continue;
        };
        let consent = read_consent(operation, value)?;
        let consent = consent.ok_or_else(|| missing(operation, name))?;
        words.insert(topic.to_owned(), consent);
    }
    Ok(permission)
}

fn read_unsubscribe(
    operation: &'static str,
    item: &Item,
) -> Result<Option<(Timestamp, Proof)>, PortError> {
    let Some(at) = time(operation, item, "unsubscribed_at")? else {
        return Ok(None);
    };
    Ok(Some((at, unpacked(operation, item, "unsubscribed_how")?)))
}

fn read_suppression(
    operation: &'static str,
    item: &Item,
) -> Result<Option<Suppression>, PortError> {
    let Some(at) = time(operation, item, "suppressed_at")? else {
        return Ok(None);
    };
    let reason = SuppressionReason::named(text(operation, item, "suppressed_for")?);
    let reason = reason.ok_or_else(|| missing(operation, "suppressed_for"))?;
    Ok(Some(Suppression { at, reason }))
}

fn read_frequency(operation: &'static str, item: &Item) -> Result<Option<Frequency>, PortError> {
    if !item.contains_key("often") {
        return Ok(None);
    }
    let frequency = Frequency::named(text(operation, item, "often")?);
    let frequency = frequency.ok_or_else(|| missing(operation, "often"))?;
    Ok(Some(frequency))
}

fn read_consent(
    operation: &'static str,
    value: &AttributeValue,
) -> Result<Option<Consent>, PortError> {
    let Ok(map) = value.as_m() else {
        return Ok(None);
    };
    let opted_in = map.get("in").and_then(|value| value.as_bool().ok());
    let (Some(opted_in), Some(at)) = (opted_in, time(operation, map, "at")?) else {
        return Ok(None);
    };
    Ok(Some(Consent {
        opted_in: *opted_in,
        at,
        proof: unpacked(operation, map, "how")?,
    }))
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
    ) -> Result<Settled, PortError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.tables.log)
            .set_key(Some(permission_key(permission)))
            .set_update_expression(update.get_update_expression().clone())
            .set_condition_expression(update.get_condition_expression().clone())
            .set_expression_attribute_names(update.get_expression_attribute_names().clone())
            .set_expression_attribute_values(update.get_expression_attribute_values().clone());
        settled(operation, request.send().await)
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
        self.update_permission(ERASE, permission, update)
            .await
            .map(|_| ())
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
            ("how".to_owned(), packed(CONSENT, &change.consent.proof)?),
        ]));
        let prefix = if change.is_pending { PENDING } else { TOPIC };
        let update = UpdateBuilder::default()
            .update_expression("SET #topic = :consent ADD rev :one")
            .expression_attribute_names("#topic", format!("{prefix}{}", change.topic))
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
            .map(|_| ())
    }

    async fn unsubscribe(
        &self,
        permission: PermissionKey,
        proof: &Proof,
        said_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = UpdateBuilder::default()
            .update_expression("SET unsubscribed_at = :at, unsubscribed_how = :how ADD rev :one")
            .condition_expression("attribute_not_exists(unsubscribed_at) OR unsubscribed_at < :at")
            .expression_attribute_values(":at", at(said_at))
            .expression_attribute_values(":how", packed(UNSUBSCRIBE, proof)?)
            .expression_attribute_values(":one", n(1));
        self.update_permission(UNSUBSCRIBE, permission, update)
            .await
            .map(|_| ())
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
        self.update_permission(PAUSE, permission, update)
            .await
            .map(|_| ())
    }

    async fn limit_frequency(
        &self,
        permission: PermissionKey,
        frequency: Option<Frequency>,
        said_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = UpdateBuilder::default()
            .condition_expression("attribute_not_exists(often_at) OR often_at < :at")
            .expression_attribute_values(":at", at(said_at))
            .expression_attribute_values(":one", n(1));
        let update = match frequency {
            Some(frequency) => update
                .update_expression("SET often_at = :at, often = :often ADD rev :one")
                .expression_attribute_values(":often", s(frequency.name())),
            None => update.update_expression("SET often_at = :at REMOVE often ADD rev :one"),
        };
        self.update_permission(FREQUENCY, permission, update)
            .await
            .map(|_| ())
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
        Suppression {
            at: seen_at,
            reason,
        }: Suppression,
    ) -> Result<(), PortError> {
        let yields = match reason {
            SuppressionReason::Complaint => " OR suppressed_for <> :reason",
            SuppressionReason::HardBounce
            | SuppressionReason::SoftBounces
            | SuppressionReason::Manual
            | SuppressionReason::Imported => "",
        };
        let condition = format!(
            "(attribute_not_exists(suppressed_at){yields}) \
             AND (attribute_not_exists(reopened_at) OR reopened_at < :at)"
        );
        let update = UpdateBuilder::default()
            .update_expression("SET suppressed_at = :at, suppressed_for = :reason ADD rev :one")
            .condition_expression(condition)
            .expression_attribute_values(":at", at(seen_at))
            .expression_attribute_values(":reason", s(reason.name()))
            .expression_attribute_values(":one", n(1));
        self.update_permission(SUPPRESS, permission, update)
            .await
            .map(|_| ())
    }

    async fn reopen(
        &self,
        permission: PermissionKey,
        reason: SuppressionReason,
        opened_at: Timestamp,
    ) -> Result<Settled, PortError> {
        let update = UpdateBuilder::default()
            .update_expression(
                "SET reopened_at = :at REMOVE suppressed_at, suppressed_for, soft_bounces \
                 ADD rev :one",
            )
            .condition_expression("suppressed_for = :reason")
            .expression_attribute_values(":at", at(opened_at))
            .expression_attribute_values(":reason", s(reason.name()))
            .expression_attribute_values(":one", n(1));
        self.update_permission(REOPEN, permission, update).await
    }

    async fn stop(
        &self,
        permission: PermissionKey,
        is_stopped: bool,
        said_at: Timestamp,
    ) -> Result<(), PortError> {
        let update = UpdateBuilder::default()
            .expression_attribute_values(":at", at(said_at))
            .expression_attribute_values(":one", n(1));
        let update = if is_stopped {
            // Of a stop and its end at one moment the stop counts, in whichever order they arrive.
            update
                .update_expression("SET texts_said_at = :at, stopped_at = :at ADD rev :one")
                .condition_expression(
                    "attribute_not_exists(texts_said_at) OR texts_said_at < :at \
                     OR (texts_said_at = :at AND attribute_not_exists(stopped_at))",
                )
        } else {
            update
                .update_expression("SET texts_said_at = :at REMOVE stopped_at ADD rev :one")
                .condition_expression("attribute_not_exists(texts_said_at) OR texts_said_at < :at")
        };
        self.update_permission(STOP, permission, update)
            .await
            .map(|_| ())
    }
}
