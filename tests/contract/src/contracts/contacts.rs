//! What stands under a key.

use wend_app::ports::{
    Commit, Committed, Contacts, Erased, Erasures, Ledger, Loaded, Permissions, Settled,
};
use wend_core::contact::Contact;
use wend_core::identity::Identity;
use wend_core::permission::TopicState;

use crate::draw::{address, at, contact, key, named, request, row, word};
use crate::kit::{SECRET, TableKit};

/// Writes `contact` with these names and row `n`.
pub async fn stored(kit: &impl TableKit, contact: &Contact, pointers: &[Identity], n: u8) {
    let rows = [row(contact.id.as_bytes()[0], n)];
    let commit = Commit {
        contact: Some(contact),
        pointers,
        rows: &rows,
        ..Commit::default()
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
            ..Loaded::default()
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
    erase(&kit, &contact(1), 9).await;
    let stub = Loaded {
        contact: None,
        id: Some(key(1)),
        erased: Some(stub(9)),
        merged_by: None,
    };
    for key in [key(1), name.key(&SECRET)] {
        assert_eq!(kit.contacts().load(key).await.unwrap(), stub);
    }
}

/// What is left of a contact with address 1 that was erased at second `secs`.
fn stub(secs: i64) -> Erased {
    Erased {
        at: at(secs),
        permissions: vec![address(1)],
        ids: vec![key(1)],
    }
}

/// Erases a contact whose revision is 1.
pub async fn erase(kit: &impl TableKit, contact: &Contact, secs: i64) {
    let read = Contact {
        rev: 1,
        ..contact.clone()
    };
    let erased = kit.contacts().erase(&read, &stub(secs)).await.unwrap();
    assert_eq!(erased, Settled::Done);
}

pub async fn a_contact_written_since_it_was_read_is_not_erased(kit: impl TableKit) {
    let mut ana = contact(1);
    let nobody = kit.contacts().erase(&ana, &stub(9)).await.unwrap();
    stored(&kit, &ana, &[], 1).await;
    ana.rev = 1;
    stored(&kit, &ana, &[], 2).await;
    let stale = kit.contacts().erase(&ana, &stub(9)).await.unwrap();
    assert_eq!((nobody, stale), (Settled::Lost, Settled::Lost));
    ana.rev = 2;
    let loaded = kit.contacts().load(key(1)).await.unwrap();
    assert_eq!((loaded.contact, loaded.erased), (Some(ana), None));
}

pub async fn a_forgotten_address_stops_claims_and_old_words(kit: impl TableKit) {
    kit.tables().consent(&word("news", true, 5)).await.unwrap();
    for secs in [9, 7, 9] {
        kit.contacts().forget(address(1), at(secs)).await.unwrap();
    }
    let asked = request(1);
    let read = async || {
        let view = Ledger::read(kit.tables(), &asked, Some(address(1)));
        view.await.unwrap().permission
    };
    let row = read().await;
    assert_eq!((row.erased_at, row.rev), (Some(at(9)), 2));
    assert_eq!(row.topic_state("news"), TopicState::OptedOut);
    kit.tables().consent(&word("news", true, 10)).await.unwrap();
    assert_eq!(read().await.topic_state("news"), TopicState::OptedIn);
}

pub async fn an_erased_contact_may_begin_anew(kit: impl TableKit) {
    stored(&kit, &contact(1), &[], 9).await;
    erase(&kit, &contact(1), 9).await;
    let rows = [row(1, 1)];
    let known = Contact {
        rev: 1,
        ..contact(1)
    };
    let commit = Commit {
        contact: Some(&known),
        pointers: &[],
        rows: &rows,
        ..Commit::default()
    };
    let committed = kit.contacts().commit(commit).await.unwrap();
    assert_eq!(committed, Committed::Stale);
    stored(&kit, &contact(1), &[], 1).await;
    let loaded = kit.contacts().load(key(1)).await.unwrap();
    assert_eq!(loaded.contact.map(|contact| contact.rev), Some(1));
    assert_eq!(loaded.erased, None);
}
