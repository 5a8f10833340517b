//! Limits of items and transactions, and what is read over more than one page.

use wend_app::ports::{Claim, Commit, Committed, Contacts, ErrorClass, Ledger};
use wend_core::contact::Contact;
use wend_core::log::LogRow;

use super::contacts::stored;
use crate::draw::{address, at, contact, fat_row, filled, key, request, row, submission};
use crate::kit::TableKit;

/// Most bytes of an item (DynamoDB), its attributes' names included.
const ITEM_BYTES_MAX: usize = 400 * 1024;
/// More than the attributes beside the packed one take.
const BESIDE: usize = 1024;

/// A contact whose packed form has this many bytes.
fn of_bytes(n: u8, bytes: usize) -> Contact {
    let base = filled(contact(n), ITEM_BYTES_MAX / 2);
    let base = base.packed_bytes().unwrap() - ITEM_BYTES_MAX / 2;
    let sized = filled(contact(n), bytes - base);
    assert_eq!(sized.packed_bytes().unwrap(), bytes);
    sized
}

async fn class(kit: &impl TableKit, contact: Option<&Contact>, rows: &[LogRow]) -> ErrorClass {
    let commit = Commit {
        contact,
        pointers: &[],
        rows,
        ..Commit::default()
    };
    kit.contacts().commit(commit).await.unwrap_err().class
}

async fn is_empty(kit: &impl TableKit) -> bool {
    let loaded = kit.contacts().load(key(1)).await.unwrap();
    let rows = kit.contacts().timeline(key(1)).await.unwrap();
    loaded.contact.is_none() && rows.is_empty()
}

pub async fn a_contact_below_the_limit_of_an_item_is_stored(kit: impl TableKit) {
    let large = of_bytes(1, ITEM_BYTES_MAX - BESIDE);
    stored(&kit, &large, &[], 1).await;
    let loaded = kit.contacts().load(key(1)).await.unwrap().contact;
    assert_eq!(
        loaded.map(|contact| contact.attributes),
        Some(large.attributes)
    );
}

pub async fn a_contact_above_the_limit_of_an_item_is_invalid(kit: impl TableKit) {
    let large = of_bytes(1, ITEM_BYTES_MAX);
    let refused = class(&kit, Some(&large), &[row(1, 1)]).await;
    assert_eq!(refused, ErrorClass::Invalid);
    assert!(is_empty(&kit).await);
}

pub async fn a_row_above_the_limit_of_an_item_is_invalid(kit: impl TableKit) {
    let rows = [fat_row(1, 1, ITEM_BYTES_MAX)];
    let ana = contact(1);
    for contact in [None, Some(&ana)] {
        assert_eq!(class(&kit, contact, &rows).await, ErrorClass::Invalid);
    }
    assert!(is_empty(&kit).await);
}

pub async fn a_commit_above_the_limit_of_a_transaction_is_invalid(kit: impl TableKit) {
    // 4 MiB (DynamoDB).
    let rows: Vec<LogRow> = (1..=15).map(|n| fat_row(1, n, 300 * 1024)).collect();
    let refused = class(&kit, Some(&contact(1)), &rows).await;
    assert_eq!(refused, ErrorClass::Invalid);
    assert!(is_empty(&kit).await);
}

pub async fn a_send_above_the_limit_of_an_item_is_invalid(kit: impl TableKit) {
    let mut large = request(1);
    large.journey = "x".repeat(ITEM_BYTES_MAX);
    let claim = Claim {
        request: &large,
        permission: address(1),
        permission_rev: 0,
        recent: vec![submission(1, 5)],
        from: None,
        at: at(5),
    };
    let error = kit.tables().claim(claim).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    let state = crate::draw::held(5);
    let error = kit.tables().skip(&large, &state).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    let asked = request(1);
    let view = Ledger::read(kit.tables(), &asked, Some(address(1)));
    let view = view.await.unwrap();
    assert_eq!((view.send, view.permission.rev), (None, 0));
}

pub async fn a_timeline_is_read_over_all_pages_in_order(kit: impl TableKit) {
    // A page has 1 MiB (DynamoDB); these are more than two.
    let mut rows: Vec<LogRow> = (1..=24).map(|n| fat_row(1, n, 100 * 1024)).collect();
    // Applied in another order than that of their keys.
    for row in &mut rows {
        let n = i64::try_from(row.rev).unwrap();
        row.at = at(n * 7 % 25 / 3);
    }
    for rows in rows.chunks(8) {
        let commit = Commit {
            contact: None,
            pointers: &[],
            rows,
            ..Commit::default()
        };
        let committed = kit.contacts().commit(commit).await.unwrap();
        assert_eq!(committed, Committed::Done);
    }
    rows.sort_by_key(|row| (row.at, row.rev));
    let read = kit.contacts().timeline(key(1)).await.unwrap();
    let order = |rows: &[LogRow]| rows.iter().map(|row| row.rev).collect::<Vec<_>>();
    assert_eq!(order(&read), order(&rows));
    assert!(read == rows, "bodies read back");
}

pub async fn a_timeline_has_only_its_own_address(kit: impl TableKit) {
    let rows = [row(1, 1), row(2, 2), row(1, 3)];
    let commit = Commit {
        contact: Some(&contact(1)),
        pointers: &[],
        rows: &rows,
        ..Commit::default()
    };
    assert_eq!(
        kit.contacts().commit(commit).await.unwrap(),
        Committed::Done
    );
    let read = kit.contacts().timeline(key(1)).await.unwrap();
    assert_eq!(read, [row(1, 1), row(1, 3)]);
    assert_eq!(kit.contacts().timeline(key(3)).await.unwrap(), []);
}
