//! A new domain sends a little marketing a day, and more every day.

use std::collections::BTreeMap;

use wend_core::enrollment::HoldReason;
use wend_core::input::Input;
use wend_core::log::LogRow;

use super::super::tests::at;
use super::World;
use super::shop::{does, shop};

/// The world begins on that day at 17:00.
const RAMP: &str = ", ramp: { from: 2027-03-01, start: 10, double_every: 1 day }";

/// Mails by journey and day.
fn sent(world: &World) -> BTreeMap<(String, String), usize> {
    let mut sent = BTreeMap::new();
    for mail in world.mailbox().sent_from(0) {
        let day = mail.at.to_string()[..10].to_owned();
        *sent.entry((mail.journey, day)).or_default() += 1;
    }
    sent
}

fn expected(counts: &[(&str, &str, usize)]) -> BTreeMap<(String, String), usize> {
    let counts = counts.iter();
    counts
        .map(|(journey, day, count)| (((*journey).to_owned(), (*day).to_owned()), *count))
        .collect()
}

fn held(row: &LogRow) -> Option<HoldReason> {
    match &row.input {
        Input::Held(held) => Some(held.why),
        _ => None,
    }
}

#[test]
fn marketing_goes_up_the_ramp_and_what_a_day_does_not_take_comes_the_next_day() {
    let mut world = shop(RAMP, "");
    for number in 0..25 {
        does(&world, &format!("reader{number}"), "sale");
    }
    world.run_until(at("2027-03-01T23:59:59Z")).unwrap();
    assert_eq!(sent(&world), expected(&[("sale", "2027-03-01", 10)]));
    world.run_until(at("2027-03-05T00:00:00Z")).unwrap();
    let days = [("sale", "2027-03-01", 10), ("sale", "2027-03-02", 15)];
    assert_eq!(sent(&world), expected(&days));
    let rows = world.store().rows_from(0).unwrap();
    let reasons: Vec<_> = rows.iter().filter_map(held).collect();
    assert_eq!(reasons, [HoldReason::Ramp; 15]);
    let seconds = world
        .mailbox()
        .sent_from(10)
        .into_iter()
        .map(|mail| mail.at);
    let mut seconds: Vec<_> = seconds.collect();
    seconds.dedup();
    assert_eq!(seconds.len(), 15, "each at its own time");
}

#[test]
fn what_somebody_waits_for_is_counted_and_goes() {
    let mut world = shop(RAMP, "");
    for number in 0..8 {
        does(&world, &format!("buyer{number}"), "order");
    }
    world.run_until(world.now()).unwrap();
    for number in 0..5 {
        does(&world, &format!("reader{number}"), "sale");
    }
    world.run_until(world.now()).unwrap();
    for number in 8..12 {
        does(&world, &format!("buyer{number}"), "order");
    }
    world.run_until(at("2027-03-01T23:59:59Z")).unwrap();
    let days = [("order", "2027-03-01", 12), ("sale", "2027-03-01", 2)];
    assert_eq!(sent(&world), expected(&days));
}

#[test]
fn what_is_held_too_long_is_skipped_as_expired() {
    let mut world = shop(RAMP, "");
    for number in 0..100 {
        does(&world, &format!("reader{number}"), "sale");
    }
    world.run_until(at("2027-03-10T00:00:00Z")).unwrap();
    let sent: usize = sent(&world).into_values().sum();
    assert!(
        (30..100).contains(&sent),
        "10, 20 and a part of 40 within two days: {sent}"
    );
    assert!(world.queues().is_empty(), "every message has an end");
}
