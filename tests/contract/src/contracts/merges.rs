//! Two contacts become one in one transaction, or stay two.

use futures_util::future::join_all;
use wend_app::ports::{Commit, Committed, Contacts, ErrorClass, Ledger, PortError};
use wend_core::contact::Contact;
use wend_core::decide::Repointed;
use wend_core::id::ContactKey;
use wend_core::identity::Identity;
use wend_core::log::{LogRow, Merged};

use super::contacts::stored;
use crate::draw::{at, call, contact, key, named, request, row};
use crate::kit::{SECRET, TableKit};

/// Contact `n` with these names, stored.
async fn with_names(kit: &impl TableKit, n: u8, names: &[Identity]) -> Contact {
    let known = Contact {
        identities: names.to_vec(),
        due_at: Some(at(50)),
        ..contact(n)
    };
    stored(kit, &known, names, n).await;
    Contact { rev: 1, ..known }
}

/// The row that says that `goes` was merged.
fn merging(n: u8, goes: &Contact) -> LogRow {
    let merged = Merged {
        contact: Contact {
            rev: 0,
            release: 0,
            due_at: None,
            ..goes.clone()
        },
        rev: goes.rev,
    };
    LogRow {
        merged: vec![merged],
        ..row(9, n)
    }
}

async fn merge(kit: &impl TableKit, stays: &Contact, row: &LogRow) -> Result<Committed, PortError> {
    let commit = Commit {
        contact: Some(stays),
        rows: std::slice::from_ref(row),
        ..Commit::default()
    };
    kit.contacts().commit(commit).await
}

/// Where a key leads, and the revision of who is there.
async fn leads(kit: &impl TableKit, key: ContactKey) -> (Option<ContactKey>, Option<u64>) {
    let loaded = kit.contacts().load(key).await.unwrap();
    (loaded.id, loaded.contact.map(|contact| contact.rev))
}

pub async fn the_one_that_goes_is_a_pointer_and_its_names_lead_to_the_other(kit: impl TableKit) {
    let names = [named("ben"), named("his phone")];
    let ana = with_names(&kit, 1, &[]).await;
    let ben = with_names(&kit, 2, &names).await;
    let row = merging(1, &ben);
    assert_eq!(merge(&kit, &ana, &row).await.unwrap(), Committed::Done);
    let loaded = kit.contacts().load(key(2)).await.unwrap();
    assert_eq!(loaded.merged_by, Some((row.partition, row.id)));
    let [name, phone] = names.map(|name| name.key(&SECRET));
    for key in [key(2), name, phone] {
        assert_eq!(leads(&kit, key).await, (ana.id.into(), Some(2)));
    }
    let by = loaded.merged_by.unwrap();
    let stored = kit.contacts().row(by.0, by.1).await.unwrap().unwrap();
    assert_eq!(stored, row, "it holds the contact as it was");
}

pub async fn a_second_merge_leaves_one_pointer_between(kit: impl TableKit) {
    let (device, name) = (named("a device"), named("ben"));
    let first = Contact {
        id: device.key(&SECRET),
        identities: vec![device.clone()],
        ..contact(3)
    };
    stored(&kit, &first, &[], 3).await;
    let first = Contact { rev: 1, ..first };
    let mut ben = with_names(&kit, 2, std::slice::from_ref(&name)).await;
    ben.identities.push(device.clone());
    let row = merging(1, &first);
    let done = merge(&kit, &ben, &row).await.unwrap();
    assert_eq!(done, Committed::Done);
    ben.rev = 2;
    let ana = with_names(&kit, 1, &[]).await;
    let done = merge(&kit, &ana, &merging(2, &ben)).await.unwrap();
    assert_eq!(done, Committed::Done);
    for name in [&device, &name] {
        let led = leads(&kit, name.key(&SECRET)).await;
        assert_eq!(led, (ana.id.into(), Some(2)));
    }
    let loaded = kit.contacts().load(first.id).await.unwrap();
    assert_eq!(loaded.merged_by, Some((row.partition, row.id)));
}

pub async fn a_merge_of_who_was_written_since_is_stale(kit: impl TableKit) {
    let ana = with_names(&kit, 1, &[]).await;
    let ben = with_names(&kit, 2, &[named("ben")]).await;
    stored(&kit, &ben, &[], 5).await;
    let stale = merge(&kit, &ana, &merging(1, &ben)).await.unwrap();
    let ben = Contact { rev: 2, ..ben };
    let older = Contact {
        rev: 2,
        ..ana.clone()
    };
    let other = merge(&kit, &older, &merging(1, &ben)).await.unwrap();
    assert_eq!((stale, other), (Committed::Stale, Committed::Stale));
    assert_eq!(leads(&kit, key(1)).await, (Some(key(1)), Some(1)));
    assert_eq!(leads(&kit, key(2)).await, (Some(key(2)), Some(2)));
    assert_eq!(kit.contacts().timeline(key(9)).await.unwrap(), []);
}

pub async fn a_merge_repeated_after_a_lost_answer_is_applied(kit: impl TableKit) {
    let ana = with_names(&kit, 1, &[]).await;
    let ben = with_names(&kit, 2, &[named("ben")]).await;
    let row = merging(1, &ben);
    assert_eq!(merge(&kit, &ana, &row).await.unwrap(), Committed::Done);
    let again = merge(&kit, &ana, &row).await.unwrap();
    assert_eq!(again, Committed::Applied(vec![row]));
}

/// Everybody but one finds a contact written since, or is told to ask again.
fn one_is_done(all: Vec<Result<Committed, PortError>>) {
    let mut done = 0;
    for committed in all {
        match committed {
            Ok(Committed::Done) => done += 1,
            Ok(Committed::Stale) => {}
            Err(error) if error.class == ErrorClass::Conflict => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(done, 1);
}

pub async fn of_two_merges_at_once_one_is_done(kit: impl TableKit) {
    let ana = with_names(&kit, 1, &[]).await;
    let ben = with_names(&kit, 2, &[]).await;
    let device = with_names(&kit, 3, &[named("a device")]).await;
    let rows = [merging(1, &device), merging(2, &device)];
    let both = [merge(&kit, &ana, &rows[0]), merge(&kit, &ben, &rows[1])];
    one_is_done(join_all(both).await);
    let (to, rev) = leads(&kit, key(3)).await;
    assert!(to == Some(key(1)) || to == Some(key(2)), "{to:?}");
    assert_eq!(rev, Some(2));
    assert_eq!(leads(&kit, named("a device").key(&SECRET)).await, (to, rev));
    assert_eq!(kit.contacts().timeline(key(9)).await.unwrap().len(), 1);
}

pub async fn of_a_merge_and_an_event_at_once_one_is_done(kit: impl TableKit) {
    let ana = with_names(&kit, 1, &[]).await;
    let ben = with_names(&kit, 2, &[]).await;
    let event = row(8, 1);
    let row = merging(1, &ben);
    let both = [merge(&kit, &ana, &row), merge(&kit, &ben, &event)];
    one_is_done(join_all(both).await);
    let rows = kit.contacts().timeline(key(8)).await.unwrap().len();
    let (to, rev) = leads(&kit, key(2)).await;
    let expected = if rows == 1 { key(2) } else { key(1) };
    assert_eq!((to, rev), (Some(expected), Some(2)));
}

pub async fn a_repointed_name_leaves_its_owner(kit: impl TableKit) {
    let device = named("a device");
    let ana = with_names(&kit, 1, &[]).await;
    let owner = with_names(&kit, 2, std::slice::from_ref(&device)).await;
    let without = Contact {
        identities: Vec::new(),
        ..owner.clone()
    };
    let repoint = async |owner: &Contact, n| {
        let repointed = [Repointed {
            owner: owner.clone(),
            name: device.clone(),
        }];
        let commit = Commit {
            contact: Some(&ana),
            repointed: &repointed,
            rows: &[row(9, n)],
            ..Commit::default()
        };
        kit.contacts().commit(commit).await.unwrap()
    };
    let stale = Contact {
        rev: 3,
        ..without.clone()
    };
    assert_eq!(repoint(&stale, 1).await, Committed::Stale);
    assert_eq!(repoint(&without, 2).await, Committed::Done);
    let to = leads(&kit, device.key(&SECRET)).await;
    assert_eq!(to, (Some(key(1)), Some(2)));
    let owner = kit.contacts().load(key(2)).await.unwrap().contact.unwrap();
    assert_eq!((owner.identities, owner.rev), (vec![], 2));
}

/// The key of a device is the id of the contact that it had: what was asked for that contact stays where it is.
pub async fn a_device_that_goes_to_another_takes_no_messages_along(kit: impl TableKit) {
    let device = named("a device");
    let visitor = Contact {
        id: device.key(&SECRET),
        identities: vec![device.clone()],
        ..contact(3)
    };
    stored(&kit, &visitor, &[], 3).await;
    let visitor = Contact { rev: 1, ..visitor };
    let ana = with_names(&kit, 1, &[]).await;
    let ben = with_names(&kit, 2, &[]).await;
    let done = merge(&kit, &ana, &merging(1, &visitor)).await.unwrap();
    assert_eq!(done, Committed::Done);
    let repointed = [Repointed {
        owner: Contact { rev: 2, ..ana },
        name: device,
    }];
    let commit = Commit {
        contact: Some(&ben),
        repointed: &repointed,
        rows: &[row(9, 2)],
        ..Commit::default()
    };
    let done = kit.contacts().commit(commit).await.unwrap();
    assert_eq!(done, Committed::Done);
    assert_eq!(leads(&kit, visitor.id).await.0, Some(key(2)));
    let found = kit.contacts().find(visitor.id).await.unwrap();
    assert_eq!(found.id, Some(key(1)));
    let asked = wend_core::send::SendRequest {
        contact: visitor.id,
        ..request(1)
    };
    let view = Ledger::read(kit.tables(), &asked, None).await.unwrap();
    assert_eq!(view.contact.map(|contact| contact.id), Some(key(1)));
}

pub async fn a_send_and_a_call_find_whom_their_contact_became(kit: impl TableKit) {
    let ana = with_names(&kit, 1, &[]).await;
    let ben = with_names(&kit, 2, &[]).await;
    let done = merge(&kit, &ana, &merging(1, &ben)).await.unwrap();
    assert_eq!(done, Committed::Done);
    let asked = wend_core::send::SendRequest {
        contact: key(2),
        ..request(1)
    };
    let view = Ledger::read(kit.tables(), &asked, None).await.unwrap();
    let about = kit.tables().about(&call(2, 1)).await.unwrap();
    let found = [view, about].map(|view| view.contact.map(|contact| contact.id));
    assert_eq!(found, [Some(key(1)); 2]);
}

/// Between two reads others may merge: a reader that met one pointer may meet another.
pub async fn pointers_are_followed_and_a_circle_is_a_conflict(kit: impl TableKit) {
    kit.point(key(3), key(2)).await;
    kit.point(key(2), key(1)).await;
    // One that leads nowhere: nothing is there yet.
    assert_eq!(leads(&kit, key(3)).await, (Some(key(1)), None));
    stored(&kit, &contact(1), &[], 1).await;
    assert_eq!(leads(&kit, key(3)).await, (Some(key(1)), Some(1)));
    kit.point(key(5), key(6)).await;
    kit.point(key(6), key(5)).await;
    let error = kit.contacts().load(key(5)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict);
}
