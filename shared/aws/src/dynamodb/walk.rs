//! Walks: parallel scans of the contacts table, and a row of the releases table for each segment of a walk.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use wend_app::ports::{Clock, ContactScan, Page, PortError, Stand, Walks};
use wend_core::id::ContactKey;

use super::DynamoDb;
use super::item::{Item, n, number, s, text};
use super::slot::read_contact;
use crate::error::port_error;
use crate::system::SystemClock;

const PAGE: &str = "read a page of contacts";
const STAND: &str = "read how far a walk is";
const MOVE_ON: &str = "move a walk on";
/// How long a row is kept after the last page: longer than a message that goes on with the walk can live, in its queue and as a
/// dead letter.
const KEPT_SECS: i64 = 30 * 24 * 3600;

impl ContactScan for DynamoDb {
    async fn page(
        &self,
        segment: u32,
        of: u32,
        after: Option<ContactKey>,
        limit: u32,
    ) -> Result<Page, PortError> {
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let start = after.map(|key| Item::from([("pk".to_owned(), s(key))]));
        // Eventually consistent: half the price, and who is read late has only just been written.
        let request = self
            .client
            .scan()
            .table_name(&self.tables.contacts)
            .segment(count(segment))
            .total_segments(count(of))
            .limit(count(limit))
            .set_exclusive_start_key(start)
            .filter_expression("kind = :contact")
            .expression_attribute_values(":contact", s("contact"));
        let answer = request.send().await;
        let answer = answer.map_err(|error| port_error(PAGE, &error))?;
        let mut page = Page::default();
        for item in answer.items() {
            page.contacts.extend(read_contact(PAGE, item)?);
        }
        if let Some(last) = answer.last_evaluated_key() {
            let key = text(PAGE, last, "pk")?.parse();
            let key = key.map_err(|error| PortError::invalid(PAGE, error))?;
            page.next = Some(key);
        }
        Ok(page)
    }
}

fn walk_key(walk: &str, segment: u32) -> Item {
    Item::from([("pk".to_owned(), s(format!("walk#{walk}#{segment}")))])
}

impl Walks for DynamoDb {
    async fn stand(&self, walk: &str, segment: u32) -> Result<Stand, PortError> {
        let request = self.client.get_item().table_name(&self.tables.releases);
        let request = request.set_key(Some(walk_key(walk, segment)));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(STAND, &error))?;
        answer.item.map_or(Ok(Stand::default()), |item| read(&item))
    }

    async fn move_on(
        &self,
        walk: &str,
        segment: u32,
        from: &Stand,
        to: &Stand,
    ) -> Result<bool, PortError> {
        let now = SystemClock.now().as_secs();
        let request = self.client.update_item().table_name(&self.tables.releases);
        let request = request.set_key(Some(walk_key(walk, segment)));
        let set = "SET pages = :pages, seen = :seen, told = :told, is_over = :is_over, expires_at = :expires_at";
        let request = match to.after {
            Some(after) => request
                .update_expression(format!("{set}, after_key = :after"))
                .expression_attribute_values(":after", s(after)),
            None => request.update_expression(format!("{set} REMOVE after_key")),
        };
        let request = if from.pages == 0 {
            request.condition_expression("attribute_not_exists(pages)")
        } else {
            request
                .condition_expression("pages = :before")
                .expression_attribute_values(":before", n(from.pages))
        };
        let request = request
            .expression_attribute_values(":pages", n(to.pages))
            .expression_attribute_values(":seen", n(to.seen))
            .expression_attribute_values(":told", n(to.told))
            .expression_attribute_values(":is_over", n(u8::from(to.is_over)))
            .expression_attribute_values(":expires_at", n(now + KEPT_SECS));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(port_error(MOVE_ON, &error)),
            },
        }
    }
}

fn read(item: &Item) -> Result<Stand, PortError> {
    let after = match item.get("after_key") {
        Some(_) => Some(text(STAND, item, "after_key")?),
        None => None,
    };
    let after = after.map(str::parse::<ContactKey>).transpose();
    let whole = |name| Ok::<u64, PortError>(number(STAND, item, name)?.unwrap_or_default());
    Ok(Stand {
        pages: whole("pages")?,
        after: after.map_err(|error| PortError::invalid(STAND, error))?,
        seen: whole("seen")?,
        told: whole("told")?,
        is_over: whole("is_over")? == 1,
    })
}
