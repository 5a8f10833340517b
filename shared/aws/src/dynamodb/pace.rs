//! Rates that all senders share: `pace#…` of the releases table, which has no stream and no time to live.
//!
//! Counters are attributes of their own, so that a step is one update; what is known of the account is packed.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use wend_app::ports::{PaceKey, Paces, PortError, Stepped};
use wend_core::pace::{Counter, Known, Micros, Pace, Take};

use super::DynamoDb;
use super::item::{Item, n, number, packed, s, unpacked};
use crate::error::port_error;

const READ: &str = "read a pace";
const TAKE: &str = "take from a pace";
const KNOW: &str = "write what is known of an account";
/// The row is at the revision that the caller knows.
const IS_AT: &str = "rev = :rev";
const IS_NEW: &str = "attribute_not_exists(rev)";
/// An update says whether the counter goes on or begins anew, and others may turn one into the other: each time somebody else has
/// taken something, so a few times are enough.
const TRIES: usize = 4;

fn counter_name(counter: Counter) -> &'static str {
    match counter {
        Counter::Slots => "free_at",
        Counter::Line => "line_ends_at",
    }
}

fn row(operation: &'static str, item: &Item) -> Result<Pace, PortError> {
    let known = item.contains_key("known");
    let known = known.then(|| unpacked(operation, item, "known"));
    Ok(Pace {
        rev: number(operation, item, "rev")?.unwrap_or_default(),
        free_at: number(operation, item, "free_at")?.unwrap_or_default(),
        line_ends_at: number(operation, item, "line_ends_at")?.unwrap_or_default(),
        handed: number(operation, item, "handed")?.unwrap_or_default(),
        known: known.transpose()?.unwrap_or_default(),
    })
}

impl DynamoDb {
    /// One conditional update of a row; what the condition reads of the revision stands before `condition`.
    async fn step_pace(
        &self,
        operation: &'static str,
        key: &PaceKey,
        (rev, condition): (u64, &str),
        update: impl FnOnce(UpdateItemFluentBuilder) -> UpdateItemFluentBuilder + Send,
    ) -> Result<Stepped, PortError> {
        let is_new = rev == 0;
        let at = if is_new { IS_NEW } else { IS_AT };
        let request = self.client.update_item();
        let request = update(request.table_name(&self.tables.releases).key("pk", s(key)))
            .condition_expression(format!("{at}{condition}"))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = if is_new {
            request
        } else {
            request.expression_attribute_values(":rev", n(rev))
        };
        match request.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                Ok(Stepped::Done(row(operation, &item)?))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    // The refusal carries the row, unless there is none.
                    let row = match refused.item() {
                        Some(item) => row(operation, item)?,
                        None => self.pace(key).await?,
                    };
                    Ok(Stepped::Refused(row))
                }
                _ => Err(port_error(operation, &error)),
            },
        }
    }

    /// Moves the counter on from where it stands.
    async fn go_on(&self, key: &PaceKey, take: &Take) -> Result<Stepped, PortError> {
        let condition = " AND #counter >= :floor AND #counter < :below \
                         AND (attribute_not_exists(handed) OR handed <= :handed_max)";
        let update = |request: UpdateItemFluentBuilder| {
            request
                .update_expression("SET #counter = #counter + :length ADD handed :handed")
                .expression_attribute_names("#counter", counter_name(take.counter))
                .expression_attribute_values(":floor", n(take.floor))
                .expression_attribute_values(":below", n(take.below))
                .expression_attribute_values(":length", n(take.length()))
                .expression_attribute_values(":handed", n(take.handed()))
                .expression_attribute_values(":handed_max", n(take.handed_max))
        };
        self.step_pace(TAKE, key, (take.rev, condition), update)
            .await
    }

    /// Begins a counter at its floor that is behind it, or too far ahead.
    async fn begin_anew(&self, key: &PaceKey, take: &Take) -> Result<Stepped, PortError> {
        let condition = " AND (attribute_not_exists(#counter) OR #counter < :floor OR #counter > :furthest) \
                         AND (attribute_not_exists(handed) OR handed <= :handed_max)";
        let after = take.floor.saturating_add(take.length());
        let update = |request: UpdateItemFluentBuilder| {
            request
                .update_expression("SET #counter = :after ADD handed :handed")
                .expression_attribute_names("#counter", counter_name(take.counter))
                .expression_attribute_values(":floor", n(take.floor))
                .expression_attribute_values(":furthest", n(take.furthest))
                .expression_attribute_values(":after", n(after))
                .expression_attribute_values(":handed", n(take.handed()))
                .expression_attribute_values(":handed_max", n(take.handed_max))
        };
        self.step_pace(TAKE, key, (take.rev, condition), update)
            .await
    }
}

impl DynamoDb {
    /// Takes from a counter that stands there.
    async fn try_to_take(
        &self,
        key: &PaceKey,
        take: &Take,
        stands_at: Micros,
    ) -> Result<Stepped, PortError> {
        if (take.floor..take.below).contains(&stands_at) {
            self.go_on(key, take).await
        } else {
            self.begin_anew(key, take).await
        }
    }
}

impl Paces for DynamoDb {
    async fn pace(&self, key: &PaceKey) -> Result<Pace, PortError> {
        let request = self.client.get_item().table_name(&self.tables.releases);
        let answer = request.key("pk", s(key)).consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(READ, &error))?;
        let item = answer.item.as_ref();
        item.map_or_else(|| Ok(Pace::default()), |item| row(READ, item))
    }

    async fn take(&self, key: &PaceKey, take: &Take) -> Result<Stepped, PortError> {
        let mut stands_at = take.seen;
        for _ in 1..TRIES {
            let stepped = self.try_to_take(key, take, stands_at).await?;
            match &stepped {
                // It stands otherwise than it was seen, and lets the sender take all the same.
                Stepped::Refused(row) if row.clone().take(take) => {
                    stands_at = row.counter(take.counter);
                }
                Stepped::Done(_) | Stepped::Refused(_) => return Ok(stepped),
            }
        }
        self.try_to_take(key, take, stands_at).await
    }

    async fn know(&self, key: &PaceKey, rev: u64, known: &Known) -> Result<Stepped, PortError> {
        let known = packed(KNOW, known)?;
        let update = |request: UpdateItemFluentBuilder| {
            request
                .update_expression("SET known = :known, rev = :next")
                .expression_attribute_values(":known", known)
                .expression_attribute_values(":next", n(rev + 1))
        };
        self.step_pace(KNOW, key, (rev, ""), update).await
    }
}
