//! Copies of messages.

use std::fmt::Write;

use wend_app::ports::{COPY_BYTES_MAX, Copies, Said, SentCopy};
use wend_core::personal::Personal;

use crate::draw::{at, key, send_id, sent_copy};
use crate::kit::TableKit;

async fn kept(kit: &impl TableKit, contact: u8, send: u8, copy: &SentCopy) {
    let kept = kit.tables().keep(key(contact), send_id(send), copy);
    kept.await.unwrap();
}

async fn shown(kit: &impl TableKit, contact: u8, send: u8) -> Option<SentCopy> {
    let copy = kit.tables().copy(key(contact), send_id(send));
    copy.await.unwrap()
}

pub async fn a_copy_reads_back_as_it_went_out(kit: impl TableKit) {
    let mail = sent_copy("Hi", 5);
    let sms = SentCopy {
        said: Said::Sms {
            from: "Shop".to_owned(),
            text: "Grüße".to_owned(),
        },
        to: Personal::new("+4915550001111".to_owned()),
        ..sent_copy("", 6)
    };
    kept(&kit, 1, 1, &mail).await;
    kept(&kit, 1, 2, &sms).await;
    assert_eq!(shown(&kit, 1, 1).await, Some(mail));
    assert_eq!(shown(&kit, 1, 2).await, Some(sms));
}

pub async fn of_a_send_nobody_claimed_there_is_none(kit: impl TableKit) {
    kept(&kit, 1, 1, &sent_copy("Hi", 5)).await;
    assert_eq!(shown(&kit, 1, 2).await, None);
    // The send of somebody else.
    assert_eq!(shown(&kit, 2, 1).await, None);
}

pub async fn the_copy_of_a_second_submission_takes_the_place_of_the_first(kit: impl TableKit) {
    for secs in [5, 9, 9] {
        kept(&kit, 1, 1, &sent_copy("Hi", secs)).await;
    }
    let copy = shown(&kit, 1, 1).await.unwrap();
    assert_eq!(copy.claimed_at, at(9));
}

/// A text that hardly becomes smaller: xorshift64 (Marsaglia, 2003).
fn noise(bytes: usize) -> String {
    let mut state: u64 = 88_172_645_463_325_252;
    let mut text = String::new();
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let _ = write!(text, "{state:016x}");
    }
    text
}

pub async fn what_is_too_large_is_not_kept(kit: impl TableKit) {
    let repeated = "x".repeat(COPY_BYTES_MAX);
    for large in [repeated, noise(600_000)] {
        kept(&kit, 1, 1, &sent_copy(&large, 5)).await;
        assert_eq!(shown(&kit, 1, 1).await, None);
    }
}

pub async fn the_copies_of_a_contact_are_forgotten_and_nobody_elses(kit: impl TableKit) {
    // Together more than DynamoDB reads at once, a mebibyte.
    let large = sent_copy(&noise(300_000), 5);
    for send in 1..=8 {
        kept(&kit, 1, send, &large).await;
    }
    kept(&kit, 2, 9, &sent_copy("Hi", 5)).await;
    for _ in 0..2 {
        kit.tables().forget_copies(key(1)).await.unwrap();
        for send in 1..=8 {
            assert_eq!(shown(&kit, 1, send).await, None);
        }
    }
    assert!(shown(&kit, 2, 9).await.is_some());
}
