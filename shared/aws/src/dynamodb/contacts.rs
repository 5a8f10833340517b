//! Contacts and their log rows, written in one transaction.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use wend_app::ports::{
    Commit, Committed, Contacts, Erased, Erasures, ErrorClass, Loaded, PortError, Settled,
};
use wend_core::contact::Contact;
use wend_core::decide::Repointed;
use wend_core::due;
use wend_core::id::{ContactKey, InputId, PermissionKey};
use wend_core::identity::{Identity, IdentitySecret};
use wend_core::log::{LOG_FOR, LogRow, Merged};
use wend_core::time::Timestamp;

use super::DynamoDb;
use super::item::{Item, at, b, bytes, missing, n, packed, s};
use super::slot::Slot;
use crate::error::{port_error, settled};

const ERASE: &str = "erase a contact";
const LOAD: &str = "load a contact";
const COMMIT: &str = "commit a contact";
const ROW: &str = "read a row";
const TIMELINE: &str = "read a timeline";

/// The contacts table with the secret that turns identities into keys.
#[derive(Clone, Debug)]
pub struct DynamoContacts {
    pub(super) db: DynamoDb,
    pub(super) secret: IdentitySecret,
}

impl DynamoDb {
    /// The contacts and their log.
    pub fn contacts(&self, secret: IdentitySecret) -> DynamoContacts {
        DynamoContacts {
            db: self.clone(),
            secret,
        }
    }
}

impl DynamoDb {
    /// Every row of the log. A scan: for the local timeline and tests, whose tables are small.
    pub async fn log_rows(&self) -> Result<Vec<LogRow>, PortError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.tables.log)
            .consistent_read(true);
        let scan = scan
            .filter_expression("begins_with(sk, :sk)")
            .expression_attribute_values(":sk", s("i#"));
        let mut items = scan.into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| port_error(TIMELINE, &error))?;
            rows.push(read_row(TIMELINE, &item)?);
        }
        rows.sort_by_key(|row| (row.at, row.rev, row.input.order()));
        Ok(rows)
    }
}

impl DynamoContacts {
    async fn loaded(&self, key: ContactKey, is_id: bool) -> Result<Loaded, PortError> {
        let mut loaded = Loaded {
            id: Some(key),
            ..Loaded::default()
        };
        let slot = self.db.followed(LOAD, key, is_id, |to, by| {
            loaded.id = Some(to);
            loaded.merged_by = loaded.merged_by.or(by);
        });
        match slot.await? {
            None | Some(Slot::Pointer { .. }) => {}
            Some(Slot::Contact(contact)) => loaded.contact = Some(*contact),
            Some(Slot::Erased(stub)) => loaded.erased = Some(stub),
        }
        Ok(loaded)
    }
}

impl Contacts for DynamoContacts {
    async fn load(&self, key: ContactKey) -> Result<Loaded, PortError> {
        self.loaded(key, false).await
    }

    async fn find(&self, id: ContactKey) -> Result<Loaded, PortError> {
        self.loaded(id, true).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Committed, PortError> {
        match (commit.contact, commit.pointers, commit.rows) {
            (None, [], [row]) => self.put_row(row).await,
            _ => self.transact(commit).await,
        }
    }

    async fn row(
        &self,
        partition: ContactKey,
        input: InputId,
    ) -> Result<Option<LogRow>, PortError> {
        let request = self.db.client.get_item().table_name(&self.db.tables.log);
        let request = request.set_key(Some(row_key(partition, input)));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(ROW, &error))?;
        let item = answer.item.as_ref();
        item.map(|item| read_row(ROW, item)).transpose()
    }

    async fn timeline(&self, key: ContactKey) -> Result<Vec<LogRow>, PortError> {
        let pages = self
            .db
            .client
            .query()
            .table_name(&self.db.tables.log)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(key))
            .expression_attribute_values(":sk", s("i#"))
            .consistent_read(true);
        let mut items = pages.into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| port_error(TIMELINE, &error))?;
            rows.push(read_row(TIMELINE, &item)?);
        }
        rows.sort_by_key(|row| (row.at, row.rev, row.input.order()));
        Ok(rows)
    }
}

impl Erasures for DynamoContacts {
    async fn erase(&self, contact: &Contact, stub: &Erased) -> Result<Settled, PortError> {
        let item = Item::from([
            ("pk".to_owned(), s(contact.id)),
            ("kind".to_owned(), s("erased")),
            ("at".to_owned(), at(stub.at)),
            ("permissions".to_owned(), packed(ERASE, &stub.permissions)?),
            ("ids".to_owned(), packed(ERASE, &stub.ids)?),
        ]);
        let request = self
            .db
            .client
            .put_item()
            .table_name(&self.db.tables.contacts);
        let answer = request
            .set_item(Some(item))
            .condition_expression("rev = :rev")
            .expression_attribute_values(":rev", n(contact.rev))
            .send()
            .await;
        settled(ERASE, answer)
    }

    async fn forget(
        &self,
        permission: PermissionKey,
        erased_at: Timestamp,
    ) -> Result<(), PortError> {
        self.db.forget(permission, erased_at).await
    }
}

impl DynamoContacts {
    /// An input that changes nothing: one plain put.
    async fn put_row(&self, row: &LogRow) -> Result<Committed, PortError> {
        let put = self.db.client.put_item().table_name(&self.db.tables.log);
        let put = put
            .set_item(Some(row_item(row)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(Committed::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let item = failed.item().ok_or_else(|| missing(COMMIT, "pk"))?;
                    Ok(Committed::Applied(vec![read_row(COMMIT, item)?]))
                }
                Some(PutItemError::TransactionConflictException(_)) => Err(conflict(COMMIT, "put")),
                _ => Err(port_error(COMMIT, &error)),
            },
        }
    }

    async fn transact(&self, commit: Commit<'_>) -> Result<Committed, PortError> {
        let mut items = Vec::new();
        if let Some(contact) = commit.contact {
            items.push(self.contact_put(contact)?);
        }
        let id = commit.contact.map(|contact| contact.id);
        let to = || id.ok_or_else(|| PortError::invalid(COMMIT, "pointers without a contact"));
        for identity in commit.pointers {
            items.push(self.pointer_put(identity, to()?)?);
        }
        for (row, merged) in commit.merged() {
            self.merge_puts(row, merged, to()?, &mut items)?;
        }
        for Repointed { owner, name } in commit.repointed {
            items.push(self.contact_put(owner)?);
            items.push(self.repoint(name.key(&self.secret), owner.id, to()?)?);
        }
        let others = items.len();
        for row in commit.rows {
            items.push(put(
                &self.db.tables.log,
                row_item(row)?,
                "attribute_not_exists(pk)",
            )?);
        }
        let request = self
            .db
            .client
            .transact_write_items()
            .set_transact_items(Some(items));
        match request.send().await {
            Ok(_) => Ok(Committed::Done),
            Err(error) => cancelled(&commit, others, &error),
        }
    }

    fn contact_put(&self, contact: &Contact) -> Result<TransactWriteItem, PortError> {
        let packed = contact
            .pack()
            .map_err(|error| PortError::invalid(COMMIT, error))?;
        let mut item = Item::from([
            ("pk".to_owned(), s(contact.id)),
            ("kind".to_owned(), s("contact")),
            ("rev".to_owned(), n(contact.rev + 1)),
            ("release".to_owned(), n(contact.release)),
            ("data".to_owned(), b(packed)),
        ]);
        if let Some(due_at) = contact.due_at {
            item.insert("due_at".to_owned(), at(due_at));
            item.insert("due_shard".to_owned(), s(due::shard(contact.id)));
        }
        let write = Put::builder()
            .table_name(&self.db.tables.contacts)
            .set_item(Some(item));
        let write = if contact.rev == 0 {
            write
                .condition_expression("attribute_not_exists(pk) OR kind = :erased")
                .expression_attribute_values(":erased", s("erased"))
        } else {
            write
                .condition_expression("rev = :rev")
                .expression_attribute_values(":rev", n(contact.rev))
        };
        built(write)
    }

    /// A contact's item becomes a pointer, and what points to it leads where it leads.
    fn merge_puts(
        &self,
        row: &LogRow,
        merged: &Merged,
        to: ContactKey,
        items: &mut Vec<TransactWriteItem>,
    ) -> Result<(), PortError> {
        let (contact, rev) = (&merged.contact, merged.rev);
        let item = Item::from([
            ("pk".to_owned(), s(contact.id)),
            ("kind".to_owned(), s("pointer")),
            ("to".to_owned(), s(to)),
            ("into".to_owned(), s(to)),
            ("by_pk".to_owned(), s(row.partition)),
            ("by_id".to_owned(), s(row.id)),
        ]);
        let write = Put::builder()
            .table_name(&self.db.tables.contacts)
            .set_item(Some(item))
            .condition_expression("rev = :rev")
            .expression_attribute_values(":rev", n(rev));
        items.push(built(write)?);
        let keys = contact.identities.iter().map(|name| name.key(&self.secret));
        for key in keys.filter(|key| *key != contact.id) {
            items.push(self.repoint(key, contact.id, to)?);
        }
        Ok(())
    }

    /// A pointer that led elsewhere. The merge that made it one stays in it.
    fn repoint(
        &self,
        key: ContactKey,
        from: ContactKey,
        to: ContactKey,
    ) -> Result<TransactWriteItem, PortError> {
        let update = Update::builder()
            .table_name(&self.db.tables.contacts)
            .key("pk", s(key))
            .update_expression("SET #to = :to")
            .condition_expression("#to = :from")
            .expression_attribute_names("#to", "to")
            .expression_attribute_values(":from", s(from))
            .expression_attribute_values(":to", s(to))
            .build();
        let update = update.map_err(|error| PortError::invalid(COMMIT, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn pointer_put(
        &self,
        identity: &Identity,
        id: ContactKey,
    ) -> Result<TransactWriteItem, PortError> {
        let item = Item::from([
            ("pk".to_owned(), s(identity.key(&self.secret))),
            ("kind".to_owned(), s("pointer")),
            ("to".to_owned(), s(id)),
        ]);
        let write = Put::builder()
            .table_name(&self.db.tables.contacts)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #to = :id")
            .expression_attribute_names("#to", "to")
            .expression_attribute_values(":id", s(id));
        built(write)
    }
}

pub(super) fn put(
    table: &str,
    item: Item,
    condition: &str,
) -> Result<TransactWriteItem, PortError> {
    built(
        Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression(condition),
    )
}

fn built(
    put: aws_sdk_dynamodb::types::builders::PutBuilder,
) -> Result<TransactWriteItem, PortError> {
    let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
    let put = put
        .return_values_on_condition_check_failure(all_old)
        .build();
    let put = put.map_err(|error| PortError::invalid(COMMIT, error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Why a transaction was cancelled. A row that exists says more than a stale contact: it was applied before.
fn cancelled(
    commit: &Commit<'_>,
    before_rows: usize,
    error: &SdkError<TransactWriteItemsError, HttpResponse>,
) -> Result<Committed, PortError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return Err(port_error(COMMIT, error));
    };
    let reasons = cancelled.cancellation_reasons();
    let has_failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let (others, rows) = reasons.split_at(before_rows.min(reasons.len()));
    let (contact, others) =
        others.split_at(usize::from(commit.contact.is_some()).min(others.len()));
    let (pointers, others) = others.split_at(commit.pointers.len().min(others.len()));
    let rows = rows.iter().filter(|reason| has_failed(reason));
    let rows = rows.map(|reason| {
        let item = reason.item().ok_or_else(|| missing(COMMIT, "pk"))?;
        read_row(COMMIT, item)
    });
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    if !rows.is_empty() {
        return Ok(Committed::Applied(rows));
    }
    let taken = commit
        .pointers
        .iter()
        .zip(pointers)
        .find(|(_, reason)| has_failed(reason));
    if let Some((identity, _)) = taken {
        return Ok(Committed::Taken(identity.clone()));
    }
    if contact.iter().chain(others).any(has_failed) {
        return Ok(Committed::Stale);
    }
    Err(cancellation(COMMIT, reasons))
}

/// What a cancelled transaction means whose conditions held.
pub(super) fn cancellation(operation: &'static str, reasons: &[CancellationReason]) -> PortError {
    let codes = reasons.iter().filter_map(CancellationReason::code);
    let codes: Vec<&str> = codes.filter(|code| *code != "None").collect();
    let class = match codes.first() {
        Some(&"TransactionConflict") => ErrorClass::Conflict,
        Some(&("ThrottlingError" | "ProvisionedThroughputExceeded")) => ErrorClass::Throttled,
        _ => ErrorClass::Invalid,
    };
    PortError {
        operation,
        class,
        cause: format!("cancelled: {}", codes.join(", ")),
    }
}

pub(super) fn conflict(operation: &'static str, what: &str) -> PortError {
    let cause = format!("another {what} at the same moment");
    PortError {
        operation,
        class: ErrorClass::Conflict,
        cause,
    }
}

fn row_item(row: &LogRow) -> Result<Item, PortError> {
    let packed = row
        .pack()
        .map_err(|error| PortError::invalid(COMMIT, error))?;
    let mut item = row_key(row.partition, row.id);
    item.insert("data".to_owned(), b(packed));
    item.insert("expires_at".to_owned(), n(row.at.plus(LOG_FOR).as_secs()));
    Ok(item)
}

/// The key of the row of an input.
pub(super) fn row_key(partition: ContactKey, id: InputId) -> Item {
    Item::from([
        ("pk".to_owned(), s(partition)),
        ("sk".to_owned(), s(format!("i#{id}"))),
    ])
}

/// Whether an item of the log table is the row of an input.
pub(super) fn is_row(item: &Item) -> bool {
    let key = item.get("sk").and_then(|key| key.as_s().ok());
    key.is_some_and(|key| key.starts_with("i#"))
}

pub(super) fn read_row(operation: &'static str, item: &Item) -> Result<LogRow, PortError> {
    let packed = bytes(operation, item, "data")?;
    LogRow::unpack(packed).map_err(|error| PortError::invalid(operation, error))
}
