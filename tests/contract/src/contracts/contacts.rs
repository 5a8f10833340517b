//! What stands under a key.

use wend_app::ports::{Commit, Committed, Contacts, ErrorClass, Loaded};
use wend_core::contact::Contact;
use wend_core::identity::Identity;

use crate::draw::{at, contact, key, named, row};
use crate::kit::{SECRET, TableKit};

/// Writes `contact` with these names and row `n`.
pub async fn stored(kit: &impl TableKit, contact: &Contact, pointers: &[Identity], n: u8) {
    let rows = [row(contact.id.as_bytes()[0], n)];
    let commit = Commit {
        contact: Some(contact),
        pointers,
        rows: &rows,
    };
    let committed = kit.contacts().commit(commit).await.unwrap();
    assert_eq!(committed, Committed::Done);
}

pub async fn nothing_is_under_a_key_that_nobody_wrote(kit: impl TableKit) {
    let nothing = Loaded {
        id: Some(key(1)),
        ..Loaded::default()
    };
    assert_eq!(kit.contacts().load(key(1)).await.unwrap(), nothing);
}

pub async fn a_contact_reads_back_with_its_next_revision(kit: impl TableKit) {
    let mut ana = contact(1);
    ana.release = 7;
    ana.due_at = Some(at(50));
    for rev in 1..=3 {
        stored(&kit, &ana, &[], u8::try_from(rev).unwrap()).await;
        ana.rev = rev;
        let loaded = kit.contacts().load(key(1)).await.unwrap();
        let expected = Loaded {
            contact: Some(ana.clone()),
            id: Some(key(1)),
            erased_at: None,
        };
        assert_eq!(loaded, expected);
    }
}

pub async fn a_pointer_leads_to_its_contact(kit: impl TableKit) {
    let name = named("ana");
    let mut ana = contact(1);
    stored(&kit, &ana, std::slice::from_ref(&name), 1).await;
    ana.rev = 1;
    let loaded = kit.contacts().load(name.key(&SECRET)).await.unwrap();
    assert_eq!((loaded.contact, loaded.id), (Some(ana), Some(key(1))));
}

pub async fn an_erased_contact_is_a_stub_also_through_a_pointer(kit: impl TableKit) {
    let name = named("ana");
    stored(&kit, &contact(1), std::slice::from_ref(&name), 1).await;
    kit.erase(key(1), at(9)).await;
    let stub = Loaded {
        contact: None,
        id: Some(key(1)),
        erased_at: Some(at(9)),
    };
    for key in [key(1), name.key(&SECRET)] {
        assert_eq!(kit.contacts().load(key).await.unwrap(), stub);
    }
}

pub async fn an_erased_contact_may_begin_anew(kit: impl TableKit) {
    kit.erase(key(1), at(9)).await;
    let rows = [row(1, 1)];
    let known = Contact {
        rev: 1,
        ..contact(1)
    };
    let commit = Commit {
        contact: Some(&known),
        pointers: &[],
        rows: &rows,
    };
    let committed = kit.contacts().commit(commit).await.unwrap();
    assert_eq!(committed, Committed::Stale);
    stored(&kit, &contact(1), &[], 1).await;
    let loaded = kit.contacts().load(key(1)).await.unwrap();
    assert_eq!(loaded.contact.map(|contact| contact.rev), Some(1));
    assert_eq!(loaded.erased_at, None);
}

pub async fn a_pointer_to_a_pointer_is_an_error(kit: impl TableKit) {
    kit.point(key(1), key(2)).await;
    kit.point(key(2), key(3)).await;
    let error = kit.contacts().load(key(1)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    // One that leads nowhere: nothing is there yet.
    let loaded = kit.contacts().load(key(2)).await.unwrap();
    assert_eq!((loaded.contact, loaded.id), (None, Some(key(3))));
}
