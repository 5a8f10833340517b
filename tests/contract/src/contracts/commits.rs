//! A commit is all or nothing, and says why it is nothing.

use futures_util::future::join_all;
use wend_app::ports::{Commit, Committed, Contacts, ErrorClass};
use wend_core::contact::Contact;
use wend_core::identity::Identity;
use wend_core::log::LogRow;

use super::contacts::{erase, stored};
use crate::draw::{contact, fat_row, key, named, row};
use crate::kit::{SECRET, TableKit};

async fn commit(
    kit: &impl TableKit,
    contact: Option<&Contact>,
    pointers: &[Identity],
    rows: &[LogRow],
) -> Committed {
    let commit = Commit {
        contact,
        pointers,
        rows,
        ..Commit::default()
    };
    kit.contacts().commit(commit).await.unwrap()
}

async fn class(kit: &impl TableKit, commit: Commit<'_>) -> ErrorClass {
    kit.contacts().commit(commit).await.unwrap_err().class
}

async fn rev(kit: &impl TableKit, n: u8) -> Option<u64> {
    let loaded = kit.contacts().load(key(n)).await.unwrap();
    loaded.contact.map(|contact| contact.rev)
}

async fn timeline(kit: &impl TableKit, n: u8) -> Vec<LogRow> {
    kit.contacts().timeline(key(n)).await.unwrap()
}

async fn leads(kit: &impl TableKit, name: &Identity) -> bool {
    let key = name.key(&SECRET);
    kit.contacts().load(key).await.unwrap().id != Some(key)
}

pub async fn a_contact_written_since_it_was_read_is_stale(kit: impl TableKit) {
    stored(&kit, &contact(1), &[], 1).await;
    let known = contact(1);
    stored(&kit, &Contact { rev: 1, ..known }, &[], 2).await;
    let name = named("ana");
    for rev in [0, 1, 3] {
        let read = Contact { rev, ..contact(1) };
        let pointers = std::slice::from_ref(&name);
        let committed = commit(&kit, Some(&read), pointers, &[row(1, 3)]).await;
        assert_eq!(committed, Committed::Stale, "{rev}");
    }
    assert_eq!(rev(&kit, 1).await, Some(2));
    assert_eq!(timeline(&kit, 1).await, [row(1, 1), row(1, 2)]);
    assert!(!leads(&kit, &name).await);
}

pub async fn a_contact_that_was_never_stored_is_stale_unless_new(kit: impl TableKit) {
    let known = Contact {
        rev: 1,
        ..contact(1)
    };
    let committed = commit(&kit, Some(&known), &[], &[row(1, 1)]).await;
    assert_eq!(committed, Committed::Stale);
    // Its key became a pointer since it was read.
    kit.point(key(1), key(2)).await;
    let committed = commit(&kit, Some(&contact(1)), &[], &[row(1, 1)]).await;
    assert_eq!(committed, Committed::Stale);
    assert_eq!(timeline(&kit, 1).await, []);
}

pub async fn a_row_that_is_there_is_applied_and_nothing_is_written(kit: impl TableKit) {
    stored(&kit, &contact(1), &[], 1).await;
    let read = Contact {
        rev: 1,
        ..contact(1)
    };
    let name = named("ana");
    // The second copy was decided otherwise: what is stored counts.
    let rows = [row(1, 2), fat_row(1, 1, 10), row(1, 3)];
    let committed = commit(&kit, Some(&read), std::slice::from_ref(&name), &rows).await;
    assert_eq!(committed, Committed::Applied(vec![row(1, 1)]));
    assert_eq!(rev(&kit, 1).await, Some(1));
    assert_eq!(timeline(&kit, 1).await, [row(1, 1)]);
    assert!(!leads(&kit, &name).await);
}

pub async fn a_name_of_another_contact_is_taken(kit: impl TableKit) {
    let (shared, direct, free) = (named("ana"), named("bo"), named("cy"));
    stored(&kit, &contact(1), std::slice::from_ref(&shared), 1).await;
    let bo = Contact::new(direct.key(&SECRET), contact(1).created_at);
    stored(&kit, &bo, &[], 2).await;
    for taken in [&shared, &direct] {
        let pointers = [free.clone(), taken.clone()];
        let committed = commit(&kit, Some(&contact(3)), &pointers, &[row(3, 3)]).await;
        assert_eq!(committed, Committed::Taken(taken.clone()));
    }
    assert_eq!(rev(&kit, 3).await, None);
    assert_eq!(timeline(&kit, 3).await, []);
    assert!(!leads(&kit, &free).await);
    let erased = named("dee");
    let dee = Contact::new(erased.key(&SECRET), contact(1).created_at);
    stored(&kit, &dee, &[], 4).await;
    erase(&kit, &dee, 9).await;
    let committed = commit(
        &kit,
        Some(&contact(3)),
        std::slice::from_ref(&erased),
        &[row(3, 3)],
    )
    .await;
    assert_eq!(committed, Committed::Taken(erased), "a stub is respected");
}

pub async fn a_name_of_the_same_contact_is_written_again(kit: impl TableKit) {
    let name = named("ana");
    stored(&kit, &contact(1), std::slice::from_ref(&name), 1).await;
    let read = Contact {
        rev: 1,
        ..contact(1)
    };
    stored(&kit, &read, &[name.clone(), named("bo")], 2).await;
    assert_eq!(rev(&kit, 1).await, Some(2));
    assert!(leads(&kit, &name).await && leads(&kit, &named("bo")).await);
}

pub async fn applied_before_taken_before_stale(kit: impl TableKit) {
    let (first, second) = (named("ana"), named("bo"));
    let pointers = [named("free"), first.clone(), second];
    stored(&kit, &contact(2), &pointers[1..], 2).await;
    stored(&kit, &contact(1), &[], 1).await;
    // Read before the row and the contact were written; two of its names are another's.
    let stale = contact(1);
    let rows = [row(1, 4), row(1, 1), row(1, 5)];
    let committed = commit(&kit, Some(&stale), &pointers, &rows).await;
    assert_eq!(committed, Committed::Applied(vec![row(1, 1)]));
    let committed = commit(&kit, Some(&stale), &pointers, &rows[..1]).await;
    assert_eq!(committed, Committed::Taken(first), "the first that is");
    let committed = commit(&kit, Some(&stale), &pointers[..1], &rows[..1]).await;
    assert_eq!(committed, Committed::Stale);
    assert_eq!(timeline(&kit, 1).await, [row(1, 1)]);
}

pub async fn an_unchanged_contact_is_one_row(kit: impl TableKit) {
    assert_eq!(commit(&kit, None, &[], &[row(1, 1)]).await, Committed::Done);
    let again = commit(&kit, None, &[], &[fat_row(1, 1, 10)]).await;
    assert_eq!(again, Committed::Applied(vec![row(1, 1)]));
    let rows = [row(1, 2), row(1, 3)];
    assert_eq!(commit(&kit, None, &[], &rows).await, Committed::Done);
    let again = commit(&kit, None, &[], &rows).await;
    assert_eq!(again, Committed::Applied(rows.to_vec()));
    assert_eq!(rev(&kit, 1).await, None);
}

pub async fn a_commit_repeated_after_a_lost_answer_is_applied(kit: impl TableKit) {
    let (ana, name) = (contact(1), named("ana"));
    let rows = [row(1, 1), row(1, 2)];
    let pointers = [name];
    let first = commit(&kit, Some(&ana), &pointers, &rows).await;
    assert_eq!(first, Committed::Done);
    let again = commit(&kit, Some(&ana), &pointers, &rows).await;
    assert_eq!(again, Committed::Applied(rows.to_vec()));
    assert_eq!(rev(&kit, 1).await, Some(1));
}

pub async fn twenty_five_rows_are_one_commit(kit: impl TableKit) {
    let rows: Vec<LogRow> = (1..=25).map(|n| row(1, n)).collect();
    assert_eq!(rows.len(), Commit::ROWS_MAX);
    let pointers: Vec<Identity> = (0..20).map(|n| named(&format!("name {n}"))).collect();
    let committed = commit(&kit, Some(&contact(1)), &pointers, &rows).await;
    assert_eq!(committed, Committed::Done);
    assert_eq!(timeline(&kit, 1).await, rows);
    let again = commit(&kit, None, &[], &rows).await;
    assert_eq!(again, Committed::Applied(rows));
}

pub async fn two_inputs_of_one_id_are_invalid(kit: impl TableKit) {
    let (ana, rows) = (contact(1), [row(1, 1), row(1, 1)]);
    for contact in [None, Some(&ana)] {
        let commit = Commit {
            contact,
            pointers: &[],
            rows: &rows,
            ..Commit::default()
        };
        assert_eq!(class(&kit, commit).await, ErrorClass::Invalid);
    }
    assert_eq!(
        (rev(&kit, 1).await, timeline(&kit, 1).await),
        (None, vec![])
    );
    // Under two addresses they are two.
    let rows = [row(1, 1), row(2, 1)];
    assert_eq!(commit(&kit, Some(&ana), &[], &rows).await, Committed::Done);
}

pub async fn two_pointers_of_one_name_are_invalid(kit: impl TableKit) {
    let name = named("ana");
    let itself = Contact::new(name.key(&SECRET), contact(1).created_at);
    let (other, rows) = (contact(1), [row(1, 1)]);
    let twice = [name.clone(), name];
    for (contact, pointers) in [(&other, &twice[..]), (&itself, &twice[..1])] {
        let commit = Commit {
            contact: Some(contact),
            pointers,
            rows: &rows,
            ..Commit::default()
        };
        assert_eq!(class(&kit, commit).await, ErrorClass::Invalid);
    }
    assert_eq!(timeline(&kit, 1).await, []);
}

pub async fn a_pointer_without_a_contact_is_invalid(kit: impl TableKit) {
    let (pointers, rows) = ([named("ana")], [row(1, 1)]);
    let commit = Commit {
        contact: None,
        pointers: &pointers,
        rows: &rows,
        ..Commit::default()
    };
    assert_eq!(class(&kit, commit).await, ErrorClass::Invalid);
    assert_eq!(timeline(&kit, 1).await, []);
}

pub async fn a_commit_of_nothing_is_invalid(kit: impl TableKit) {
    let nothing = Commit {
        contact: None,
        pointers: &[],
        rows: &[],
        ..Commit::default()
    };
    assert_eq!(class(&kit, nothing).await, ErrorClass::Invalid);
}

/// Every loser may also see a conflict: nothing was done, and it may ask again.
pub async fn of_two_commits_at_once_one_is_done(kit: impl TableKit) {
    let ana = contact(1);
    let rows: Vec<[LogRow; 1]> = (1..=4).map(|n| [row(1, n)]).collect();
    let commits = rows.iter().map(|rows| {
        let commit = Commit {
            contact: Some(&ana),
            pointers: &[],
            rows,
            ..Commit::default()
        };
        kit.contacts().commit(commit)
    });
    let mut done = 0;
    for committed in join_all(commits).await {
        match committed {
            Ok(Committed::Done) => done += 1,
            Ok(Committed::Stale) => {}
            Err(error) if error.class == ErrorClass::Conflict => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((done, rev(&kit, 1).await), (1, Some(1)));
    assert_eq!(timeline(&kit, 1).await.len(), 1);
}
