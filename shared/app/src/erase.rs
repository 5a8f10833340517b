//! Erases a contact.
//!
//! When it returns, no claim of a message to one of its addresses follows: who reads the contact after the stub finds nobody, and
//! who read it before finds the permission row changed. Copies of its messages are gone,
//! too; the one of a message that was claimed before goes when `evaluate` hears what became of that.

use std::collections::BTreeSet;

use wend_core::contact::Contact;
use wend_core::id::{ContactKey, PermissionKey};
use wend_core::identity::{Channel, IdentitySecret};
use wend_core::send::Recipient;
use wend_core::time::Timestamp;

use crate::ports::{Copies, Erased, Erasures, ErrorClass, PortError, Settled};

/// How often a contact is tried that others write meanwhile.
const ATTEMPTS: usize = 5;
const ERASE: &str = "erase a contact";

/// Erases who stands under `key`; false if nobody does. Repeating it is safe, and completes one whose caller died.
pub async fn erase(
    contacts: &impl Erasures,
    copies: &impl Copies,
    secret: &IdentitySecret,
    key: ContactKey,
    now: Timestamp,
) -> Result<bool, PortError> {
    for _ in 0..ATTEMPTS {
        let loaded = contacts.load(key).await?;
        let stub = match (loaded.contact, loaded.erased) {
            (None, None) => return Ok(false),
            (None, Some(stub)) => stub,
            (Some(contact), _) => {
                let stub = Erased {
                    at: now,
                    permissions: rows_of(&contact, secret),
                    ids: ids_of(&contact, secret),
                };
                match contacts.erase(&contact, &stub).await? {
                    Settled::Done => stub,
                    Settled::Lost => continue,
                }
            }
        };
        for permission in stub.permissions {
            contacts.forget(permission, stub.at).await?;
        }
        for id in stub.ids {
            copies.forget_copies(id).await?;
        }
        return Ok(true);
    }
    Err(PortError {
        operation: ERASE,
        class: ErrorClass::Conflict,
        cause: "others write the contact all the time".to_owned(),
    })
}

/// Every id that the contact may have had: a contact's id is the key of the name that was heard first.
fn ids_of(contact: &Contact, secret: &IdentitySecret) -> Vec<ContactKey> {
    let names = contact.identities.iter().map(|name| name.key(secret));
    let ids: BTreeSet<ContactKey> = names.chain([contact.id]).collect();
    ids.into_iter().collect()
}

/// The permission rows of the contact's addresses.
fn rows_of(contact: &Contact, secret: &IdentitySecret) -> Vec<PermissionKey> {
    let addresses = [Channel::Email, Channel::Sms].into_iter();
    let addresses = addresses.filter_map(|channel| Recipient::of(contact, channel));
    addresses
        .map(|address| address.permission_key(secret))
        .collect()
}
