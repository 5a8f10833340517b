//! What stands under a key of the contacts table.

use wend_app::ports::{Erased, HOPS_MAX, PortError};
use wend_core::contact::Contact;
use wend_core::id::{ContactKey, InputId};

use super::DynamoDb;
use super::item::{Item, bytes, missing, number, s, text, time, unpacked};
use crate::error::port_error;

/// What an item of the contacts table is.
pub(super) enum Slot {
    Contact(Box<Contact>),
    Pointer {
        to: ContactKey,
        /// Whom the contact with this id has become, if there was one.
        into: Option<ContactKey>,
        /// The row of the merge that made it one, of a contact's own item.
        by: Option<(ContactKey, InputId)>,
    },
    Erased(Erased),
}

impl DynamoDb {
    async fn slot(
        &self,
        operation: &'static str,
        key: ContactKey,
    ) -> Result<Option<Slot>, PortError> {
        let request = self.client.get_item().table_name(&self.tables.contacts);
        let answer = request.key("pk", s(key)).consistent_read(true).send().await;
        let answer = answer.map_err(|error| port_error(operation, &error))?;
        let item = answer.item.as_ref();
        item.map(|item| read_slot(operation, item)).transpose()
    }

    /// What stands under `key`, or where its pointers lead; of a contact's id, whom it has become. `follow` is told of each.
    pub(super) async fn followed(
        &self,
        operation: &'static str,
        mut key: ContactKey,
        is_id: bool,
        mut follow: impl FnMut(ContactKey, Option<(ContactKey, InputId)>),
    ) -> Result<Option<Slot>, PortError> {
        for _ in 0..=HOPS_MAX {
            let slot = self.slot(operation, key).await?;
            let Some(Slot::Pointer { to, into, by }) = slot else {
                return Ok(slot);
            };
            key = into.filter(|_| is_id).unwrap_or(to);
            follow(key, by);
        }
        Err(PortError::too_many_pointers(operation))
    }

    /// The contact of an item that was read, also if it has been merged into another one since its key was written down.
    pub(super) async fn contact_of(
        &self,
        operation: &'static str,
        item: &Item,
    ) -> Result<Option<Contact>, PortError> {
        let slot = match read_slot(operation, item)? {
            Slot::Pointer { to, into, .. } => {
                let id = into.unwrap_or(to);
                self.followed(operation, id, true, |_, _| {}).await?
            }
            slot @ (Slot::Contact(_) | Slot::Erased(_)) => Some(slot),
        };
        Ok(match slot {
            Some(Slot::Contact(contact)) => Some(*contact),
            None | Some(Slot::Pointer { .. } | Slot::Erased(_)) => None,
        })
    }
}

/// The contact of an item, if it is one.
pub(super) fn read_contact(
    operation: &'static str,
    item: &Item,
) -> Result<Option<Contact>, PortError> {
    match read_slot(operation, item)? {
        Slot::Contact(contact) => Ok(Some(*contact)),
        Slot::Pointer { .. } | Slot::Erased(_) => Ok(None),
    }
}

fn read_slot(operation: &'static str, item: &Item) -> Result<Slot, PortError> {
    match text(operation, item, "kind")? {
        "contact" => {
            let rev = number(operation, item, "rev")?.ok_or_else(|| missing(operation, "rev"))?;
            let release = number(operation, item, "release")?.unwrap_or_default();
            let due_at = time(operation, item, "due_at")?;
            let packed = bytes(operation, item, "data")?;
            let contact = Contact::unpack(packed, rev, release, due_at);
            let contact = contact.map_err(|error| PortError::invalid(operation, error))?;
            Ok(Slot::Contact(Box::new(contact)))
        }
        "pointer" => {
            let invalid = |error| PortError::invalid(operation, error);
            let to = text(operation, item, "to")?.parse().map_err(invalid)?;
            let by = match (item.get("by_pk"), item.get("by_id")) {
                (Some(_), Some(_)) => {
                    let partition = text(operation, item, "by_pk")?.parse();
                    let id = text(operation, item, "by_id")?.parse();
                    Some((partition.map_err(invalid)?, id.map_err(invalid)?))
                }
                _ => None,
            };
            let into = match item.get("into") {
                Some(_) => Some(text(operation, item, "into")?.parse().map_err(invalid)?),
                None => None,
            };
            Ok(Slot::Pointer { to, into, by })
        }
        "erased" => {
            let at = time(operation, item, "at")?;
            let at = at.ok_or_else(|| missing(operation, "at"))?;
            let permissions = unpacked(operation, item, "permissions")?;
            let ids = unpacked(operation, item, "ids")?;
            Ok(Slot::Erased(Erased {
                at,
                permissions,
                ids,
            }))
        }
        _ => Err(missing(operation, "kind")),
    }
}
