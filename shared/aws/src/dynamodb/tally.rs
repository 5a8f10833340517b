//! Counters and brakes: rows of the log table, whose time to live takes the days away.
//!
//! A day is `b#` scope · its number, with one attribute a counter, and `b#domain#` domain · its number for a ramp. All counting is plain
//! additions: transactions on a row that everybody adds to would refuse each other. Brakes are one item, with an attribute for each
//! scope, so that a function learns of all of them by one small read.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use wend_app::ports::{PortError, Settled, Tallies};
use wend_core::brake::{Brake, Brakes, Counter, DayNumber, Returned, Scope, Tally};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::DynamoDb;
use super::item::{Item, at, n, packed, s, time, unpacked};
use super::ledger::send_key;
use crate::error::port_error;

const ADD: &str = "add to a tally";
const READ: &str = "read a tally";
const RETURNED: &str = "note what came back";
const SINCE: &str = "note since when is counted";
const CLIMB: &str = "climb a ramp";
const BRAKES: &str = "read the brakes";
const BRAKE: &str = "put a brake on";
const LIFT: &str = "lift a brake";
/// A day is read for two days; an operator may want to look at it a while longer.
const KEPT_DAYS: i64 = 30;
const DAY_SECS: i64 = 86_400;
/// Of a scope in the item of all brakes.
const SCOPE: &str = "scope:";

fn key(pk: String, sk: impl ToString) -> Item {
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

fn day_key(scope: &Scope, day: DayNumber) -> Item {
    key(format!("b#{scope}"), day.0)
}

fn climb_key(domain: &str, day: DayNumber) -> Item {
    key(format!("b#domain#{domain}"), day.0)
}

fn since_key(scope: &Scope) -> Item {
    key(format!("b#{scope}"), "since")
}

fn brakes_key() -> Item {
    key("brakes".to_owned(), "brakes")
}

/// When a day's row goes.
const fn expires_at(day: DayNumber) -> i64 {
    (day.0 + KEPT_DAYS) * DAY_SECS
}

fn read_tally(operation: &'static str, item: &Item) -> Result<Tally, PortError> {
    let mut tally = Tally::default();
    for counter in Counter::all() {
        if let Some(value) = item.get(&counter.to_string()) {
            let count = value.as_n().ok().and_then(|text| text.parse().ok());
            let count = count.ok_or_else(|| {
                PortError::invalid(
                    operation,
                    format!("a stored item has no readable `{counter}`"),
                )
            })?;
            tally.0.insert(counter, count);
        }
    }
    Ok(tally)
}

impl DynamoDb {
    async fn log_item(
        &self,
        operation: &'static str,
        key: Item,
    ) -> Result<Option<Item>, PortError> {
        let request = self.client.get_item().table_name(&self.tables.log);
        let request = request.set_key(Some(key)).consistent_read(true);
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(operation, &error))?;
        Ok(answer.item)
    }

    async fn delete(&self, key: Item) -> Result<(), PortError> {
        let request = self.client.delete_item().table_name(&self.tables.log);
        let answer = request.set_key(Some(key)).send().await;
        answer.map_err(|error| port_error(LIFT, &error))?;
        Ok(())
    }

    /// An update of an item of the log table.
    fn update(&self, key: Item) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.tables.log);
        request.set_key(Some(key))
    }
}

/// Makes a conditional update: `Lost` if the condition does not hold.
async fn settle(
    operation: &'static str,
    request: UpdateItemFluentBuilder,
) -> Result<Settled, PortError> {
    match request.send().await {
        Ok(_) => Ok(Settled::Done),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(Settled::Lost),
            _ => Err(port_error(operation, &error)),
        },
    }
}

impl Tallies for DynamoDb {
    async fn add(
        &self,
        scope: &Scope,
        day: DayNumber,
        counter: Counter,
        count: u32,
    ) -> Result<Tally, PortError> {
        let request = self
            .update(day_key(scope, day))
            .update_expression("SET expires_at = :expires_at ADD #counter :count")
            .expression_attribute_names("#counter", counter.to_string())
            .expression_attribute_values(":expires_at", n(expires_at(day)))
            .expression_attribute_values(":count", n(count))
            .return_values(ReturnValue::AllNew);
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(ADD, &error))?;
        read_tally(ADD, &answer.attributes.unwrap_or_default())
    }

    async fn tally(&self, scope: &Scope, day: DayNumber) -> Result<Tally, PortError> {
        let item = self.log_item(READ, day_key(scope, day)).await?;
        item.map_or_else(|| Ok(Tally::default()), |item| read_tally(READ, &item))
    }

    async fn note_returned(&self, send: SendId, what: Returned) -> Result<Settled, PortError> {
        let request = self
            .update(send_key(send))
            .update_expression("SET #returned = :true")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(#returned)")
            .expression_attribute_names("#returned", what.counter().to_string())
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        settle(RETURNED, request).await
    }

    async fn counted_since(&self, scope: &Scope, now: Timestamp) -> Result<Timestamp, PortError> {
        let answer = self
            .update(since_key(scope))
            .update_expression("SET #at = if_not_exists(#at, :now)")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":now", at(now))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let answer = answer.map_err(|error| port_error(SINCE, &error))?;
        let since = time(SINCE, &answer.attributes.unwrap_or_default(), "at")?;
        Ok(since.unwrap_or(now))
    }

    async fn climb(&self, domain: &str, day: DayNumber, most: u64) -> Result<Settled, PortError> {
        let request = self
            .update(climb_key(domain, day))
            .update_expression("SET expires_at = :expires_at ADD sent :one")
            .condition_expression("attribute_not_exists(sent) OR sent < :most")
            .expression_attribute_values(":expires_at", n(expires_at(day)))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":most", n(most));
        settle(CLIMB, request).await
    }

    async fn brakes(&self) -> Result<Brakes, PortError> {
        let item = self
            .log_item(BRAKES, brakes_key())
            .await?
            .unwrap_or_default();
        let mut brakes = Brakes::new();
        for (name, value) in &item {
            let Some(scope) = name.strip_prefix(SCOPE) else {
                continue;
            };
            let scope = scope.parse();
            let scope = scope.map_err(|error| PortError::invalid(BRAKES, error))?;
            let alone = Item::from([("brake".to_owned(), value.clone())]);
            brakes.insert(scope, unpacked(BRAKES, &alone, "brake")?);
        }
        Ok(brakes)
    }

    async fn brake(&self, scope: &Scope, brake: &Brake) -> Result<Settled, PortError> {
        let request = self
            .update(brakes_key())
            .update_expression("SET #scope = :brake")
            .condition_expression("attribute_not_exists(#scope)")
            .expression_attribute_names("#scope", format!("{SCOPE}{scope}"))
            .expression_attribute_values(":brake", packed(BRAKE, brake)?);
        settle(BRAKE, request).await
    }

    async fn lift(&self, scope: &Scope, day: DayNumber) -> Result<(), PortError> {
        // The counts first: a function that sees no brake must not see what it was for.
        self.delete(day_key(scope, day)).await?;
        self.delete(day_key(scope, day.before())).await?;
        self.delete(since_key(scope)).await?;
        let request = self
            .update(brakes_key())
            .update_expression("REMOVE #scope")
            .expression_attribute_names("#scope", format!("{SCOPE}{scope}"));
        let answer = request.send().await;
        answer.map_err(|error| port_error(LIFT, &error))?;
        Ok(())
    }
}
