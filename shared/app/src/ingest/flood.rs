//! What comes of one contact, from what anybody can say: more than a person does is not taken.
//!
//! A script that says thousands of things a second of somebody would fill that contact's history, and cost its owner money. Who comes
//! too often is refused before a queue has anything of it, and may come again in the next minute. Each sandbox counts for itself: the
//! limit is so far above what people do that several times as much harms nobody.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wend_core::id::ContactKey;
use wend_core::time::Timestamp;

/// Most events of one contact in a minute, by public keys and forms, in each sandbox: five a second, which a player that reports
/// each second of a film stays below.
pub const EVENTS_PER_MINUTE: u32 = 300;

/// Most contacts that are counted at once; beyond them counting begins anew, so that names drawn by a script fill no memory.
const COUNTED_MAX: usize = 20_000;

/// What a sandbox has taken in this minute.
#[derive(Debug, Default)]
pub struct Floods(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    counts: BTreeMap<ContactKey, u32>,
}

impl Floods {
    /// Counts one event of each of `contacts`; answers with one that comes too often, in which case none is counted.
    pub(super) fn take(&self, contacts: &[ContactKey], now: Timestamp) -> Option<ContactKey> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.as_millis().div_euclid(60_000);
        if minute.number != number || minute.counts.len() > COUNTED_MAX {
            *minute = Minute {
                number,
                counts: BTreeMap::new(),
            };
        }
        let mut counts: BTreeMap<ContactKey, u32> = BTreeMap::new();
        for contact in contacts {
            let known = minute.counts.get(contact).copied().unwrap_or_default();
            let count = counts.entry(*contact).or_insert(known);
            *count += 1;
            // A batch that alone is larger can be sent in no minute: a queue of a page that was offline for long. It is taken whole.
            if *count > EVENTS_PER_MINUTE && known > 0 {
                return Some(*contact);
            }
        }
        minute.counts.extend(counts);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn contact(n: u8) -> ContactKey {
        ContactKey::from_bytes([n; 16])
    }

    #[test]
    fn who_comes_too_often_waits_for_the_next_minute_and_holds_up_nobody() {
        let floods = Floods::default();
        let (loud, calm) = (contact(1), contact(2));
        for _ in 0..EVENTS_PER_MINUTE {
            assert_eq!(floods.take(&[loud], at(61)), None);
        }
        assert_eq!(floods.take(&[loud], at(119)), Some(loud));
        assert_eq!(floods.take(&[calm, loud], at(119)), Some(loud));
        assert_eq!(floods.take(&[calm], at(119)), None);
        assert_eq!(floods.take(&[loud], at(120)), None);
    }

    #[test]
    fn what_waited_offline_comes_in_one_batch() {
        let floods = Floods::default();
        let film = vec![contact(1); 1000];
        assert_eq!(floods.take(&film, at(0)), None);
        assert_eq!(floods.take(&film, at(1)), Some(contact(1)));
    }

    #[test]
    fn drawn_names_fill_no_memory() {
        let floods = Floods::default();
        for n in 0..100_000_u128 {
            let drawn = ContactKey::from_bytes(n.to_be_bytes());
            assert_eq!(floods.take(&[drawn], at(0)), None);
        }
        assert!(floods.0.lock().unwrap().counts.len() <= COUNTED_MAX + 1);
    }
}
