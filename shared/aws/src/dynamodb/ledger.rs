//! Send rows.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, KeysAndAttributes, TransactWriteItem, Update,
};
use wend_app::ports::{
    Claim, ErrorClass, Evidence, Ledger, LedgerView, PortError, SendRow, Settled,
};
use wend_core::id::{ContactKey, PermissionKey, SendId};
use wend_core::log::LOG_FOR;
use wend_core::send::{CallRequest, Outcome, SendRequest, SendState};
use wend_core::time::Timestamp;

use super::DynamoDb;
use super::contacts::{cancellation, conflict, is_row, read_row, row_key};
use super::item::{Item, at, n, packed, s, unpacked};
use super::permissions::{permission_key, read_permission};
use crate::error::{port_error, settled};

const READ: &str = "read a send";
const CLAIM: &str = "claim a send";
const SETTLE: &str = "settle a send";
const SKIP: &str = "skip a send";
const TAKE_BACK: &str = "take a submission back";
const LIST: &str = "list sends";
/// How often a contended permission row is tried.
const ATTEMPTS: usize = 5;

pub(super) fn send_key(send: SendId) -> Item {
    Item::from([
        ("pk".to_owned(), s(format!("s#{send}"))),
        ("sk".to_owned(), s("send")),
    ])
}

/// The state's name and time: what conditions compare.
const fn state_key(state: &SendState) -> (&'static str, Timestamp) {
    match state {
        SendState::Submitting { at, .. } => ("submitting", *at),
        SendState::Held { at } => ("held", *at),
        SendState::Unknown { at, .. } => ("unknown", *at),
        SendState::Final { at, outcome } => match outcome {
            Outcome::Accepted { .. } => ("accepted", *at),
            Outcome::Rejected { .. } => ("rejected", *at),
            Outcome::Skipped { .. } => ("skipped", *at),
            Outcome::Unknown => ("closed_unknown", *at),
        },
    }
}

fn send_item(request: &SendRequest, state: &SendState) -> Result<Item, PortError> {
    let (name, moved_at) = state_key(state);
    let mut item = send_key(request.send);
    item.extend([
        ("state".to_owned(), s(name)),
        ("at".to_owned(), at(moved_at)),
        ("data".to_owned(), packed(CLAIM, state)?),
        ("request".to_owned(), packed(CLAIM, request)?),
        ("expires_at".to_owned(), n(moved_at.plus(LOG_FOR).as_secs())),
    ]);
    Ok(item)
}

/// Whether a transaction was cancelled because the rows stood otherwise, or somebody else wrote them at the same moment.
fn is_lost(reason: &CancellationReason) -> bool {
    let code = reason.code();
    matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"))
}

const FREE: &str = "attribute_not_exists(pk) OR #state = :held";

impl DynamoDb {
    /// A contact and rows of the log table, in one consistent batch.
    async fn view(&self, contact: ContactKey, rows: Vec<Item>) -> Result<LedgerView, PortError> {
        let keys = |keys: Vec<Item>| {
            let keys = KeysAndAttributes::builder()
                .consistent_read(true)
                .set_keys(Some(keys));
            keys.build()
                .map_err(|error| PortError::invalid(READ, error))
        };
        let contact = Item::from([("pk".to_owned(), s(contact))]);
        let answer = self
            .client
            .batch_get_item()
            .request_items(&self.tables.contacts, keys(vec![contact])?)
            .request_items(&self.tables.log, keys(rows)?)
            .send()
            .await
            .map_err(|error| port_error(READ, &error))?;
        if answer
            .unprocessed_keys()
            .is_some_and(|keys| !keys.is_empty())
        {
            let cause = "the batch was not read whole".to_owned();
            return Err(PortError {
                operation: READ,
                class: ErrorClass::Throttled,
                cause,
            });
        }
        let found = answer.responses.unwrap_or_default();
        let mut view = LedgerView::default();
        for item in found.get(&self.tables.contacts).into_iter().flatten() {
            view.contact = self.contact_of(READ, item).await?;
        }
        for item in found.get(&self.tables.log).into_iter().flatten() {
            if item.contains_key("state") {
                view.send = Some(unpacked(READ, item, "data")?);
            } else if is_row(item) {
                view.origin = Some(read_row(READ, item)?);
            } else {
                view.permission = read_permission(READ, item)?;
            }
        }
        Ok(view)
    }
}

impl Ledger for DynamoDb {
    async fn read(
        &self,
        request: &SendRequest,
        permission: Option<PermissionKey>,
    ) -> Result<LedgerView, PortError> {
        let rows = permission
            .map(permission_key)
            .into_iter()
            .chain([send_key(request.send)])
            .chain(request.origin.map(|(partition, id)| row_key(partition, id)));
        self.view(request.contact, rows.collect()).await
    }

    async fn about(&self, call: &CallRequest) -> Result<LedgerView, PortError> {
        let (partition, id) = call.origin;
        self.view(call.contact, vec![row_key(partition, id)]).await
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Settled, PortError> {
        let row = aws_sdk_dynamodb::types::Put::builder()
            .table_name(&self.tables.log)
            .set_item(Some(send_item(claim.request, &claim.state())?))
            .expression_attribute_names("#state", "state");
        let row = match claim.from {
            Some(doubt @ SendState::Unknown { at: since, .. }) => row
                .condition_expression("#state = :unknown AND #at = :since")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":unknown", s(state_key(doubt).0))
                .expression_attribute_values(":since", at(*since)),
            _ => row
                .condition_expression(FREE)
                .expression_attribute_values(":held", s("held")),
        };
        let row = row
            .build()
            .map_err(|error| PortError::invalid(CLAIM, error))?;
        let recent = packed(CLAIM, &claim.recent)?;
        let last = claim.last().map(|last| packed(CLAIM, &last)).transpose()?;
        let permission =
            self.recent_update(claim.permission, claim.permission_rev, (recent, last))?;
        let items = [TransactWriteItem::builder().put(row).build(), permission];
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items.into()));
        match request.send().await {
            Ok(_) => Ok(Settled::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    if reasons.iter().any(is_lost) {
                        return Ok(Settled::Lost);
                    }
                    Err(cancellation(CLAIM, reasons))
                }
                _ => Err(port_error(CLAIM, &error)),
            },
        }
    }

    async fn skip(&self, request: &SendRequest, state: &SendState) -> Result<Settled, PortError> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.tables.log)
            .set_item(Some(send_item(request, state)?))
            .condition_expression(FREE)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":held", s("held"))
            .send()
            .await;
        settled(SKIP, answer)
    }

    async fn settle(
        &self,
        send: SendId,
        from: &SendState,
        to: &SendState,
    ) -> Result<Settled, PortError> {
        let (name, since) = state_key(from);
        let (to_name, moved_at) = state_key(to);
        let answer = self
            .client
            .update_item()
            .table_name(&self.tables.log)
            .set_key(Some(send_key(send)))
            .update_expression("SET #state = :to, #at = :moved_at, #data = :data")
            // The second half makes a repeated request succeed, also the SDK's own.
            .condition_expression("(#state = :from AND #at = :since) OR #data = :data")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#data", "data")
            .expression_attribute_values(":from", s(name))
            .expression_attribute_values(":since", at(since))
            .expression_attribute_values(":to", s(to_name))
            .expression_attribute_values(":moved_at", at(moved_at))
            .expression_attribute_values(":data", packed(SETTLE, to)?)
            .send()
            .await;
        settled(SETTLE, answer)
    }

    async fn take_back(
        &self,
        permission: PermissionKey,
        send: SendId,
        claimed_at: Timestamp,
    ) -> Result<(), PortError> {
        for _ in 0..ATTEMPTS {
            let row = self.permission(permission).await?;
            let recent = packed(TAKE_BACK, &row.taken_back(send, claimed_at))?;
            let update = self.recent_update(permission, row.rev, (recent, None))?;
            let request = self.client.transact_write_items().transact_items(update);
            match request.send().await {
                Ok(_) => return Ok(()),
                Err(error) => match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                        let reasons = cancelled.cancellation_reasons();
                        if !reasons.iter().any(is_lost) {
                            return Err(cancellation(TAKE_BACK, reasons));
                        }
                        // Somebody else wrote the row meanwhile.
                    }
                    _ => return Err(port_error(TAKE_BACK, &error)),
                },
            }
        }
        Err(conflict(TAKE_BACK, "write of the permission row"))
    }
}

impl DynamoDb {
    /// Replaces the recent submissions of a permission row whose revision is `rev`, and what an answer answers.
    fn recent_update(
        &self,
        permission: PermissionKey,
        rev: u64,
        (recent, last): (AttributeValue, Option<AttributeValue>),
    ) -> Result<TransactWriteItem, PortError> {
        let update = Update::builder()
            .table_name(&self.tables.log)
            .set_key(Some(permission_key(permission)))
            .expression_attribute_values(":recent", recent)
            .expression_attribute_values(":one", n(1));
        let update = match last {
            Some(last) => update
                .update_expression("SET recent = :recent, #last = :last ADD rev :one")
                .expression_attribute_names("#last", "last")
                .expression_attribute_values(":last", last),
            None => update.update_expression("SET recent = :recent ADD rev :one"),
        };
        let update = if rev == 0 {
            update.condition_expression("attribute_not_exists(rev)")
        } else {
            update
                .condition_expression("rev = :rev")
                .expression_attribute_values(":rev", n(rev))
        };
        let update = update
            .build()
            .map_err(|error| PortError::invalid(CLAIM, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The row of a send, read consistently.
    pub async fn send_row(&self, send: SendId) -> Result<Option<SendRow>, PortError> {
        let request = self.client.get_item().table_name(&self.tables.log);
        let request = request.set_key(Some(send_key(send))).consistent_read(true);
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(READ, &error))?;
        let row = |item: Item| {
            Ok(SendRow {
                request: unpacked(READ, &item, "request")?,
                state: unpacked(READ, &item, "data")?,
            })
        };
        answer.item.map(row).transpose()
    }

    /// Every send in the ledger. A scan: for the local inbox and tests, whose tables are small.
    pub async fn sends(&self) -> Result<Vec<SendRow>, PortError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.tables.log)
            .consistent_read(true);
        let scan = scan
            .filter_expression("begins_with(pk, :send)")
            .expression_attribute_values(":send", s("s#"));
        let mut items = scan.into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| port_error(LIST, &error))?;
            let request = unpacked(LIST, &item, "request")?;
            rows.push(SendRow {
                request,
                state: unpacked(LIST, &item, "data")?,
            });
        }
        Ok(rows)
    }
}

impl Evidence for DynamoDb {
    async fn accepted(
        &self,
        send: SendId,
        provider_id: &str,
        moved_at: Timestamp,
    ) -> Result<Settled, PortError> {
        let outcome = Outcome::Accepted {
            provider_id: provider_id.to_owned(),
        };
        let state = SendState::Final {
            at: moved_at,
            outcome,
        };
        let (name, _) = state_key(&state);
        let answer = self
            .client
            .update_item()
            .table_name(&self.tables.log)
            .set_key(Some(send_key(send)))
            .update_expression("SET #state = :accepted, #at = :at, #data = :data")
            .condition_expression("#state IN (:submitting, :unknown, :closed)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#data", "data")
            .expression_attribute_values(":submitting", s("submitting"))
            .expression_attribute_values(":unknown", s("unknown"))
            .expression_attribute_values(":closed", s("closed_unknown"))
            .expression_attribute_values(":accepted", s(name))
            .expression_attribute_values(":at", at(moved_at))
            .expression_attribute_values(":data", packed(SETTLE, &state)?)
            .send()
            .await;
        settled(SETTLE, answer)
    }
}
