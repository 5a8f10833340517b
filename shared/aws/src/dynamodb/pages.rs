//! Pages of whole tables, for exports. A segment of a scan is read from page to page; several segments are read at once.

use wend_app::ports::PortError;
use wend_core::contact::Contact;
use wend_core::log::LogRow;

use super::DynamoDb;
use super::contacts::read_row;
use super::item::{Item, s, text};
use super::slot::read_contact;
use crate::error::port_error;

const CONTACTS: &str = "read a page of contacts";
const LOG: &str = "read a page of the log";

/// One of the parts into which a scan is cut, and from where on it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Which.
    pub segment: u32,
    /// Of how many.
    pub of: u32,
    /// The key of the last item of the page before; none: from the beginning.
    pub after: Option<(String, Option<String>)>,
}

/// Some rows, and where the next page begins; none: the segment is at its end.
pub type Page<T> = (Vec<T>, Option<Cursor>);

impl DynamoDb {
    /// Contacts as they were at some moment of the last seconds; pointers and stubs are left out, so a page may be empty before the end.
    pub async fn contacts_page(
        &self,
        cursor: &Cursor,
        limit: u32,
    ) -> Result<Page<Contact>, PortError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.tables.contacts)
            .filter_expression("kind = :contact")
            .expression_attribute_values(":contact", s("contact"));
        let scan = scan
            .segment(count(cursor.segment))
            .total_segments(count(cursor.of));
        let scan = scan
            .limit(count(limit))
            .set_exclusive_start_key(start(cursor));
        let answer = scan.send().await;
        let answer = answer.map_err(|error| port_error(CONTACTS, &error))?;
        let mut contacts = Vec::new();
        for item in answer.items() {
            contacts.extend(read_contact(CONTACTS, item)?);
        }
        Ok((
            contacts,
            next(CONTACTS, cursor, answer.last_evaluated_key())?,
        ))
    }

    /// Rows of inputs, as far as they are kept.
    pub async fn log_page(&self, cursor: &Cursor, limit: u32) -> Result<Page<LogRow>, PortError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.tables.log)
            .filter_expression("begins_with(sk, :sk)")
            .expression_attribute_values(":sk", s("i#"));
        let scan = scan
            .segment(count(cursor.segment))
            .total_segments(count(cursor.of));
        let scan = scan
            .limit(count(limit))
            .set_exclusive_start_key(start(cursor));
        let answer = scan.send().await;
        let answer = answer.map_err(|error| port_error(LOG, &error))?;
        let rows = answer.items().iter().map(|item| read_row(LOG, item));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Ok((rows, next(LOG, cursor, answer.last_evaluated_key())?))
    }
}

fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn start(cursor: &Cursor) -> Option<Item> {
    let (pk, sk) = cursor.after.as_ref()?;
    let mut key = Item::from([("pk".to_owned(), s(pk))]);
    if let Some(sk) = sk {
        key.insert("sk".to_owned(), s(sk));
    }
    Some(key)
}

fn next(
    operation: &'static str,
    cursor: &Cursor,
    last: Option<&Item>,
) -> Result<Option<Cursor>, PortError> {
    let Some(last) = last else {
        return Ok(None);
    };
    let pk = text(operation, last, "pk")?.to_owned();
    let sk = match last.get("sk") {
        Some(_) => Some(text(operation, last, "sk")?.to_owned()),
        None => None,
    };
    Ok(Some(Cursor {
        after: Some((pk, sk)),
        ..cursor.clone()
    }))
}
