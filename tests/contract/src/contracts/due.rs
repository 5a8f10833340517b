//! The due index and the watermark.

use wend_app::ports::{DueEntry, DueIndex, Watermark};
use wend_core::contact::Contact;
use wend_core::due;
use wend_core::id::ContactKey;
use wend_core::time::Timestamp;

use super::contacts::{erase, stored};
use crate::draw::{at, contact, key, named};
use crate::kit::{SECRET, TableKit};

/// Writes contact `n`, read at `rev`, with this due time.
async fn due(kit: &impl TableKit, n: u8, rev: u64, due_at: Option<i64>) {
    let contact = Contact {
        rev,
        due_at: due_at.map(at),
        ..contact(n)
    };
    stored(kit, &contact, &[], u8::try_from(rev).unwrap() + 1).await;
}

async fn entries(kit: &impl TableKit, shard: u8, until: i64) -> Vec<DueEntry> {
    kit.tables().due(shard, at(until)).await.unwrap()
}

const fn entry(n: u8, secs: i64) -> DueEntry {
    DueEntry {
        contact: key(n),
        due_at: at(secs),
    }
}

pub async fn only_who_is_due_is_in_the_index(kit: impl TableKit) {
    due(&kit, 1, 0, None).await;
    due(&kit, 65, 0, Some(10)).await;
    // Neither a pointer nor a stub is.
    let name = named("ana");
    stored(&kit, &contact(2), std::slice::from_ref(&name), 2).await;
    due(&kit, 129, 0, Some(10)).await;
    erase(&kit, &contact(129), 5).await;
    assert_eq!(entries(&kit, 1, 1_000_000).await, [entry(65, 10)]);
    let shard = due::shard(name.key(&SECRET));
    assert!(!entries(&kit, shard, 1_000_000).await.contains(&DueEntry {
        contact: name.key(&SECRET),
        due_at: at(10)
    }));
}

pub async fn the_index_is_ordered_and_includes_its_end(kit: impl TableKit) {
    for (n, secs) in [(1, 30), (65, 10), (129, 20), (193, 200)] {
        due(&kit, n, 0, Some(secs)).await;
    }
    let all = [entry(65, 10), entry(129, 20), entry(1, 30)];
    assert_eq!(entries(&kit, 1, 199).await, all);
    assert_eq!(entries(&kit, 1, 30).await, all);
    assert_eq!(entries(&kit, 1, 29).await, all[..2]);
    let until = Timestamp::from_millis(29_999);
    assert_eq!(kit.tables().due(1, until).await.unwrap(), all[..2]);
    assert_eq!(entries(&kit, 1, 9).await, []);
}

pub async fn a_contact_moves_and_leaves(kit: impl TableKit) {
    due(&kit, 1, 0, Some(30)).await;
    due(&kit, 1, 1, Some(10)).await;
    assert_eq!(entries(&kit, 1, 100).await, [entry(1, 10)]);
    due(&kit, 1, 2, Some(50)).await;
    assert_eq!(entries(&kit, 1, 100).await, [entry(1, 50)]);
    due(&kit, 1, 3, None).await;
    assert_eq!(entries(&kit, 1, 100).await, []);
    due(&kit, 1, 4, Some(60)).await;
    assert_eq!(entries(&kit, 1, 100).await, [entry(1, 60)]);
}

pub async fn a_shard_has_only_its_own(kit: impl TableKit) {
    for n in [0, 1, 2, 63, 64, 255] {
        due(&kit, n, 0, Some(10)).await;
    }
    for shard in [0, 1, 2, 5, 63] {
        let found = entries(&kit, shard, 10).await;
        let mut keys: Vec<ContactKey> = found.iter().map(|entry| entry.contact).collect();
        // Of one moment, no order is promised.
        keys.sort_unstable();
        let all = [0, 1, 2, 63, 64, 255].into_iter().map(key);
        let own: Vec<ContactKey> = all.filter(|key| due::shard(*key) == shard).collect();
        assert_eq!(keys, own, "{shard}");
    }
}

pub async fn times_before_1970_are_in_order_too(kit: impl TableKit) {
    for (n, secs) in [(1, 5), (65, -100), (129, -20)] {
        due(&kit, n, 0, Some(secs)).await;
    }
    let all = [entry(65, -100), entry(129, -20), entry(1, 5)];
    assert_eq!(entries(&kit, 1, 100).await, all);
    assert_eq!(entries(&kit, 1, -20).await, all[..2]);
}

pub async fn the_watermark_begins_at_the_beginning_of_time(kit: impl TableKit) {
    let read = Watermark::read(kit.tables()).await.unwrap();
    assert_eq!(read, Timestamp::default());
}

pub async fn the_watermark_only_moves_forward(kit: impl TableKit) {
    for (to, stands) in [(50, 50), (40, 50), (50, 50), (60, 60)] {
        kit.tables().advance(at(to)).await.unwrap();
        let read = Watermark::read(kit.tables()).await.unwrap();
        assert_eq!(read, at(stands));
    }
}
