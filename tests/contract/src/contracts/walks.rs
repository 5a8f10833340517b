//! Pages of contacts, and how far a walk has come.

use std::collections::BTreeMap;

use wend_app::ports::{ContactScan, Erased, Erasures, Stand, Walks};
use wend_core::id::ContactKey;

use super::contacts::stored;
use crate::draw::{at, contact, filled, key, named};
use crate::kit::TableKit;

/// How often each contact stands on the pages of all segments.
async fn walked(kit: &impl TableKit, of: u32, limit: u32) -> BTreeMap<ContactKey, usize> {
    let mut seen = BTreeMap::new();
    for segment in 0..of {
        let mut after = None;
        loop {
            let page = kit.tables().page(segment, of, after, limit).await.unwrap();
            assert!(page.contacts.len() <= limit as usize);
            for contact in page.contacts {
                *seen.entry(contact.id).or_default() += 1;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    seen
}

pub async fn an_empty_table_is_over_at_once(kit: impl TableKit) {
    let page = kit.tables().page(0, 1, None, 10).await.unwrap();
    assert_eq!((page.contacts, page.next), (Vec::new(), None));
}

pub async fn each_contact_is_on_one_page_of_one_segment(kit: impl TableKit) {
    for n in 1..=40 {
        stored(&kit, &contact(n), &[named(&format!("name {n}"))], 1).await;
    }
    let all: BTreeMap<ContactKey, usize> = (1..=40).map(|n| (key(n), 1)).collect();
    for (of, limit) in [(1, 1000), (1, 7), (4, 3), (8, 1)] {
        assert_eq!(
            walked(&kit, of, limit).await,
            all,
            "{of} segments, {limit} a page"
        );
    }
}

pub async fn a_page_has_whole_contacts_and_no_stubs(kit: impl TableKit) {
    let mut fat = filled(contact(1), 20_000);
    fat.release = 7;
    fat.due_at = Some(at(50));
    stored(&kit, &fat, &[], 1).await;
    stored(&kit, &contact(2), &[], 1).await;
    let mut gone = contact(2);
    gone.rev = 1;
    let stub = Erased {
        at: at(9),
        permissions: Vec::new(),
        ids: Vec::new(),
    };
    kit.contacts().erase(&gone, &stub).await.unwrap();
    fat.rev = 1;
    let page = kit.tables().page(0, 1, None, 10).await.unwrap();
    assert_eq!(page.contacts, [fat]);
}

pub async fn a_contact_written_during_the_walk_is_seen_once(kit: impl TableKit) {
    for n in 1..=6 {
        stored(&kit, &contact(n), &[], 1).await;
    }
    let first = kit.tables().page(0, 1, None, 3).await.unwrap();
    let mut seen: Vec<ContactKey> = first.contacts.iter().map(|contact| contact.id).collect();
    for n in 1..=6 {
        let mut again = contact(n);
        again.rev = 1;
        stored(&kit, &again, &[], 2).await;
    }
    let rest = kit.tables().page(0, 1, first.next, 100).await.unwrap();
    seen.extend(rest.contacts.iter().map(|contact| contact.id));
    seen.sort_unstable();
    assert_eq!(seen, (1..=6).map(key).collect::<Vec<_>>());
    assert_eq!(rest.next, None);
}

fn stand(pages: u64, after: Option<u8>) -> Stand {
    Stand {
        pages,
        after: after.map(key),
        seen: pages * 10,
        told: pages,
        is_over: after.is_none(),
    }
}

pub async fn a_walk_begins_at_the_beginning(kit: impl TableKit) {
    let begun = kit.tables().stand("touch#a", 0).await.unwrap();
    assert_eq!(begun, Stand::default());
}

pub async fn a_walk_only_moves_forward(kit: impl TableKit) {
    let tables = kit.tables();
    let (none, one, two) = (Stand::default(), stand(1, Some(1)), stand(2, Some(2)));
    assert!(tables.move_on("a", 0, &none, &one).await.unwrap());
    assert!(!tables.move_on("a", 0, &none, &one).await.unwrap());
    assert_eq!(tables.stand("a", 0).await.unwrap(), one);
    assert!(tables.move_on("a", 0, &one, &two).await.unwrap());
    assert!(!tables.move_on("a", 0, &one, &two).await.unwrap());
    assert!(tables.move_on("a", 0, &two, &stand(3, None)).await.unwrap());
    assert_eq!(tables.stand("a", 0).await.unwrap(), stand(3, None));
}

pub async fn walks_and_segments_do_not_touch_each_other(kit: impl TableKit) {
    let (tables, none) = (kit.tables(), Stand::default());
    assert!(
        tables
            .move_on("a", 0, &none, &stand(1, Some(1)))
            .await
            .unwrap()
    );
    for (walk, segment) in [("a", 1), ("b", 0)] {
        assert_eq!(tables.stand(walk, segment).await.unwrap(), none);
    }
}

pub async fn of_two_at_once_one_moves_it(kit: impl TableKit) {
    let (tables, none, one) = (kit.tables(), Stand::default(), stand(1, Some(1)));
    let both = tokio::join!(
        tables.move_on("a", 0, &none, &one),
        tables.move_on("a", 0, &none, &one),
    );
    assert_eq!(u8::from(both.0.unwrap()) + u8::from(both.1.unwrap()), 1);
}
