//! Pools of codes: `code#…`, `call#…` and `file#…` of the coupons table.
//!
//! A code's row is in one place of the index, and a draw moves it: from `free#pool`, in the order of the codes' ends and below that of
//! a hash, to `given#pool`. Each draw looks for its code at a place of its own, so that draws at once rarely meet, and reads a handful of
//! keys whatever the pool's size. The row that says which call has drawn which code is written in the same transaction, and forgotten
//! with the log.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure, Select,
    TransactWriteItem, Update,
};
use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};
use wend_app::ports::{Coupons, DRAWN_FOR, Pools, PortError};
use wend_core::coupons::{Code, PoolCount};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::contacts::{cancellation, conflict};
use super::item::{Item, missing, n, s, text};
use super::{DynamoDb, POOL_INDEX};
use crate::error::port_error;

const DRAW: &str = "draw a code";
const LEFT: &str = "count the codes that are left";
const ADD: &str = "add codes";
const COUNT: &str = "count the codes of a pool";
const FILE: &str = "read what a pool's file was";
const NOTE: &str = "note a pool's file";
/// Codes that a draw looks at: whoever meets another draw takes another of them.
const PAGE: i32 = 10;
/// How often a draw that met others tries another code.
const ATTEMPTS: u32 = 10;
/// Most keys of one batch read (DynamoDB).
const BATCH: usize = 100;
/// Codes that are written at once.
const AT_ONCE: usize = 50;
/// The end of what has none: behind every other one.
const NO_END: i64 = 999_999_999_999_999;

fn code_pk(pool: &str, code: &str) -> String {
    format!("code#{pool}#{code}")
}

fn call_key(call: SendId) -> Item {
    Item::from([("pk".to_owned(), s(format!("call#{call}")))])
}

/// Where codes that end at `end` begin in the index. Digits of one length are in the order of their numbers.
fn lot(end: i64) -> String {
    format!("{:015}#", end.max(0))
}

/// Where the codes begin that do not end before `now`.
fn usable(now: Timestamp) -> String {
    lot(now.as_millis().saturating_add(1))
}

/// A place within a lot, the same for the same parts.
fn place(parts: [&[u8]; 2]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

/// A free code as the index has it.
struct Free {
    code: Code,
    pk: String,
    place: String,
}

impl Free {
    fn read(pool: &str, item: &Item) -> Result<Self, PortError> {
        let pk = text(DRAW, item, "pk")?.to_owned();
        let place = text(DRAW, item, "place")?.to_owned();
        let code = pk.strip_prefix(&code_pk(pool, ""));
        let code = code.ok_or_else(|| missing(DRAW, "pk"))?.to_owned();
        let expires_at = read_end(&place)?;
        Ok(Self {
            code: Code { code, expires_at },
            pk,
            place,
        })
    }

    fn lot(&self) -> &str {
        let end = self.place.find('#').map_or(0, |at| at + 1);
        self.place.get(..end).unwrap_or_default()
    }
}

/// The end that a place begins with.
fn read_end(place: &str) -> Result<Option<Timestamp>, PortError> {
    let end = place.split('#').next().and_then(|end| end.parse().ok());
    let end: i64 = end.ok_or_else(|| missing(DRAW, "place"))?;
    Ok((end != NO_END).then(|| Timestamp::from_millis(end)))
}

/// What became of one attempt.
enum Attempt {
    Drawn(Code),
    Met,
}

impl DynamoDb {
    /// A look into a pool, from a place on.
    fn pool(&self, pool: &str, from: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.tables.coupons)
            .index_name(POOL_INDEX)
            .key_condition_expression("#pool = :pool AND place >= :from")
            .expression_attribute_names("#pool", "pool")
            .expression_attribute_values(":pool", s(pool))
            .expression_attribute_values(":from", s(from))
    }

    /// The first free codes from a place on.
    async fn free(&self, pool: &str, from: &str) -> Result<Vec<Free>, PortError> {
        let request = self.pool(&format!("free#{pool}"), from).limit(PAGE);
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(DRAW, &error))?;
        let items = answer.items.unwrap_or_default();
        items.iter().map(|item| Free::read(pool, item)).collect()
    }

    /// Some free codes for one attempt of a call: those that end first, at a place of the attempt's own.
    async fn some_free(
        &self,
        pool: &str,
        now: Timestamp,
        own: &str,
    ) -> Result<Vec<Free>, PortError> {
        let mut first = self.free(pool, &usable(now)).await?;
        let Some(earliest) = first.first().map(|free| free.lot().to_owned()) else {
            return Ok(first);
        };
        let is_all = i32::try_from(first.len()).is_ok_and(|len| len < PAGE);
        let is_early = |free: &Free| free.lot() == earliest;
        first.retain(is_early);
        if is_all {
            return Ok(first);
        }
        let mut there = self.free(pool, &format!("{earliest}{own}")).await?;
        there.retain(is_early);
        Ok(if there.is_empty() { first } else { there })
    }

    async fn attempt(
        &self,
        pool: &str,
        call: SendId,
        free: Free,
        now: Timestamp,
    ) -> Result<Attempt, PortError> {
        let invalid = |error| PortError::invalid(DRAW, error);
        let take = Update::builder()
            .table_name(&self.tables.coupons)
            .key("pk", s(&free.pk))
            .update_expression("SET #pool = :given, place = :now")
            .condition_expression("#pool = :free AND place = :place")
            .expression_attribute_names("#pool", "pool")
            .expression_attribute_values(":free", s(format!("free#{pool}")))
            .expression_attribute_values(":given", s(format!("given#{pool}")))
            .expression_attribute_values(":place", s(&free.place))
            .expression_attribute_values(":now", s(lot(now.as_millis())))
            .build()
            .map_err(invalid)?;
        let mut row = call_key(call);
        row.insert("code".to_owned(), s(&free.code.code));
        row.insert("until".to_owned(), s(free.lot()));
        let forgotten_at = now.plus(DRAWN_FOR).as_secs();
        row.insert("expires_at".to_owned(), n(forgotten_at));
        let note = Put::builder()
            .table_name(&self.tables.coupons)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(invalid)?;
        let request = self.client.transact_write_items();
        let request = request
            .transact_items(TransactWriteItem::builder().update(take).build())
            .transact_items(TransactWriteItem::builder().put(note).build());
        match request.send().await {
            Ok(_) => Ok(Attempt::Drawn(free.code)),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    met(cancelled.cancellation_reasons())
                }
                _ => Err(port_error(DRAW, &error)),
            },
        }
    }

    /// What a call has drawn.
    async fn drawn(&self, call: SendId) -> Result<Option<Code>, PortError> {
        let request = self.client.get_item().table_name(&self.tables.coupons);
        let request = request.set_key(Some(call_key(call))).consistent_read(true);
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(DRAW, &error))?;
        answer.item.as_ref().map(read_drawn).transpose()
    }

    /// Counts what lies between two places of a pool, no further than `enough`.
    async fn between(
        &self,
        operation: &'static str,
        pool: String,
        (from, to): (&str, &str),
        enough: u64,
    ) -> Result<u64, PortError> {
        let mut count = 0;
        let mut start = None;
        loop {
            let limit = i32::try_from(enough - count).ok();
            let request = self.pool(&pool, from).select(Select::Count);
            let request = request
                .key_condition_expression("#pool = :pool AND place BETWEEN :from AND :to")
                .expression_attribute_values(":to", s(to))
                .set_limit(limit)
                .set_exclusive_start_key(start);
            let answer = request.send().await;
            let answer = answer.map_err(|error| port_error(operation, &error))?;
            count += u64::try_from(answer.count).unwrap_or_default();
            start = answer.last_evaluated_key;
            if start.is_none() || count >= enough {
                return Ok(count);
            }
        }
    }

    /// Which of these codes the pool knows. Of some it may not say so.
    async fn known(&self, pool: &str, codes: &[Code]) -> Result<BTreeSet<String>, PortError> {
        let names: BTreeSet<&str> = codes.iter().map(|code| code.code.as_str()).collect();
        let keys = names
            .iter()
            .map(|code| Item::from([("pk".to_owned(), s(code_pk(pool, code)))]));
        let wanted = KeysAndAttributes::builder().projection_expression("pk");
        let wanted = wanted.set_keys(Some(keys.collect())).build();
        let wanted = wanted.map_err(|error| PortError::invalid(ADD, error))?;
        let table = &self.tables.coupons;
        let request = self.client.batch_get_item().request_items(table, wanted);
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(ADD, &error))?;
        let found = answer.responses.unwrap_or_default().remove(table);
        let prefix = code_pk(pool, "");
        let found = found.unwrap_or_default().into_iter();
        let codes = found.map(|item| {
            let code = text(ADD, &item, "pk")?.strip_prefix(&prefix);
            code.map(str::to_owned).ok_or_else(|| missing(ADD, "pk"))
        });
        codes.collect()
    }

    /// Writes a code unless it is there; says whether it was new.
    async fn add_code(&self, pool: &str, code: &Code) -> Result<bool, PortError> {
        let end = code.expires_at.map_or(NO_END, Timestamp::as_millis);
        let own = place([b"code", code.code.as_bytes()]);
        let request = self.client.put_item().table_name(&self.tables.coupons);
        let request = request
            .item("pk", s(code_pk(pool, &code.code)))
            .item("pool", s(format!("free#{pool}")))
            .item("place", s(format!("{}{own}", lot(end))))
            .condition_expression("attribute_not_exists(pk)");
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(false),
                _ => Err(port_error(ADD, &error)),
            },
        }
    }
}

/// What a cancelled draw means.
fn met(reasons: &[CancellationReason]) -> Result<Attempt, PortError> {
    let has_failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let is_met = |reason: &CancellationReason| {
        has_failed(reason) || reason.code() == Some("TransactionConflict")
    };
    // The call has drawn before.
    if let [_, note] = reasons
        && has_failed(note)
    {
        let item = note.item().ok_or_else(|| missing(DRAW, "pk"))?;
        return read_drawn(item).map(Attempt::Drawn);
    }
    if reasons.iter().any(is_met) {
        return Ok(Attempt::Met);
    }
    Err(cancellation(DRAW, reasons))
}

fn read_drawn(item: &Item) -> Result<Code, PortError> {
    let code = text(DRAW, item, "code")?.to_owned();
    let expires_at = read_end(text(DRAW, item, "until")?)?;
    Ok(Code { code, expires_at })
}

impl Coupons for DynamoDb {
    async fn draw(
        &self,
        pool: &str,
        call: SendId,
        now: Timestamp,
    ) -> Result<Option<Code>, PortError> {
        for attempt in 0..ATTEMPTS {
            let own = place([call.as_bytes(), &attempt.to_be_bytes()]);
            let mut free = self.some_free(pool, now, &own).await?;
            if free.is_empty() {
                return self.drawn(call).await;
            }
            let salt = call.as_bytes().iter().map(|byte| usize::from(*byte));
            let index = (salt.sum::<usize>() + attempt as usize) % free.len();
            let code = free.swap_remove(index);
            if let Attempt::Drawn(code) = self.attempt(pool, call, code, now).await? {
                return Ok(Some(code));
            }
        }
        Err(conflict(DRAW, "draw of each code"))
    }

    async fn left(&self, pool: &str, now: Timestamp, enough: u32) -> Result<u64, PortError> {
        let range = (usable(now), lot(NO_END) + "~");
        let free = format!("free#{pool}");
        let enough = u64::from(enough);
        self.between(LEFT, free, (&range.0, &range.1), enough).await
    }
}

impl Pools for DynamoDb {
    async fn add_codes(&self, pool: &str, codes: &[Code]) -> Result<u64, PortError> {
        let mut added = 0;
        for batch in codes.chunks(BATCH) {
            let known = self.known(pool, batch).await?;
            // One by one: a batch writes over what is there, and a code that was given in the meantime would be free again.
            let new = batch.iter().filter(|code| !known.contains(&code.code));
            let writes: Vec<_> = new.map(|code| self.add_code(pool, code)).collect();
            let mut writes = stream::iter(writes).buffer_unordered(AT_ONCE);
            while let Some(is_new) = writes.next().await {
                added += u64::from(is_new?);
            }
        }
        Ok(added)
    }

    async fn count(&self, pool: &str, now: Timestamp) -> Result<PoolCount, PortError> {
        let (first, now, last) = (lot(0), usable(now), lot(NO_END) + "~");
        let free = || format!("free#{pool}");
        let all = u64::MAX;
        Ok(PoolCount {
            left: self.between(COUNT, free(), (&now, &last), all).await?,
            given: self
                .between(COUNT, format!("given#{pool}"), (&first, &last), all)
                .await?,
            expired: self.between(COUNT, free(), (&first, &now), all).await?,
        })
    }

    async fn file(&self, pool: &str) -> Result<Option<String>, PortError> {
        let request = self.client.get_item().table_name(&self.tables.coupons);
        let request = request.key("pk", s(format!("file#{pool}")));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(FILE, &error))?;
        let item = answer.item.as_ref();
        item.map(|item| text(FILE, item, "hash").map(str::to_owned))
            .transpose()
    }

    async fn note_file(&self, pool: &str, hash: &str) -> Result<(), PortError> {
        let request = self.client.put_item().table_name(&self.tables.coupons);
        let request = request
            .item("pk", s(format!("file#{pool}")))
            .item("hash", s(hash));
        let answer = request.send().await;
        answer.map(|_| ()).map_err(|error| port_error(NOTE, &error))
    }
}
