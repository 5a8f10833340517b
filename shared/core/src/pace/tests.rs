use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn after(millis: u64) -> Timestamp {
    START.plus(Duration::from_millis(millis))
}

#[expect(clippy::unnecessary_wraps, reason = "a ceiling, as the row takes it")]
fn rate(per_second: u32) -> Option<Rate> {
    Some(Rate::per(per_second, 1))
}

fn account(per_second: u32, per_day: u64, sent: u64) -> Account {
    Account {
        rate: Rate::per(per_second, 1),
        per_day: Some(per_day),
        sent,
    }
}

/// The times of the slots, in microseconds after the start.
fn times(mut slots: Slots) -> Vec<Micros> {
    std::iter::from_fn(|| slots.next(Micros::MIN))
        .map(|at| at - micros(START))
        .collect()
}

/// Takes what the row lets a sender take.
fn slots(row: &mut Pace, at: Timestamp, want: u32, urgency: Urgency, per_second: u32) -> Slots {
    let Ask::Slots(take) = row.ask(at, want, urgency, rate(per_second)) else {
        panic!("{row:?}");
    };
    assert!(row.take(&take));
    take.slots(row)
}

/// Takes slots until there are none.
fn drain(row: &mut Pace, now: Timestamp, urgency: Urgency, ceiling: Option<Rate>) -> (u32, Ask) {
    let mut taken = 0;
    while let Ask::Slots(take) = row.ask(now, 1000, urgency, ceiling) {
        assert!(row.take(&take));
        taken += take.count;
    }
    (taken, row.ask(now, 1000, urgency, ceiling))
}

fn learn(mut row: Pace, account: Account, now: Timestamp) -> Pace {
    let known = row.learnt(account, now);
    assert!(row.know(row.rev, known));
    row
}

/// What is left of the quota.
fn left(row: &Pace, now: Timestamp, urgency: Urgency) -> u64 {
    row.handed_max(now, urgency) - row.handed
}

#[test]
fn slots_follow_each_other_at_the_rate() {
    let mut row = Pace::default();
    let first = slots(&mut row, START, 2, Urgency::Bulk, 10);
    assert_eq!(times(first), [0, 100_000]);
    let second = slots(&mut row, after(150), 2, Urgency::Bulk, 10);
    assert_eq!(times(second), [200_000, 300_000]);
}

#[test]
fn a_rate_that_nobody_used_is_gone() {
    let mut row = Pace::default();
    slots(&mut row, START, 2, Urgency::Bulk, 10);
    let late = slots(&mut row, after(60_000), 2, Urgency::Bulk, 10);
    assert_eq!(times(late), [60_000_000, 60_100_000]);
}

#[test]
fn senders_that_know_an_old_row_take_other_slots() {
    let mut row = Pace::default();
    let old = row.clone();
    let asked = [1, 2, 3].map(|want| {
        let Ask::Slots(take) = old.ask(START, want, Urgency::Bulk, rate(10)) else {
            panic!("full");
        };
        take
    });
    let taken = asked.map(|take| {
        assert!(row.take(&take));
        times(take.slots(&row))
    });
    let expected = [
        vec![0],
        vec![100_000, 200_000],
        vec![300_000, 400_000, 500_000],
    ];
    assert_eq!(taken, expected);
}

#[test]
fn who_does_not_know_of_a_throttling_takes_nothing() {
    let mut row = Pace::default();
    let Ask::Slots(take) = row.ask(START, 1, Urgency::Bulk, rate(10)) else {
        panic!("full");
    };
    let known = row.throttled(START).unwrap();
    assert!(row.know(0, known.clone()) && !row.know(0, known));
    let before = row.clone();
    assert!(!row.take(&take));
    assert_eq!(row, before);
}

#[test]
fn one_reservation_takes_a_quarter_of_a_second_and_never_nothing() {
    let count = |per_second| {
        slots(
            &mut Pace::default(),
            START,
            10_000,
            Urgency::Bulk,
            per_second,
        )
        .count()
    };
    assert_eq!([count(500), count(14), count(1)], [125, 4, 1]);
}

#[test]
fn bulk_takes_a_second_ahead_and_what_is_urgent_two() {
    let mut row = Pace::default();
    let (bulk, why) = drain(&mut row, START, Urgency::Bulk, rate(500));
    assert_eq!(bulk, 500);
    assert!(matches!(why, Ask::Line(_)), "{why:?}");
    assert_eq!(drain(&mut row, START, Urgency::Urgent, rate(500)).0, 500);
}

/// Takes `want` places in the line of a full row.
fn places(row: &mut Pace, want: u32, per_second: u32) -> Vec<Micros> {
    let Ask::Line(take) = row.ask(START, want, Urgency::Bulk, rate(per_second)) else {
        panic!("{row:?}");
    };
    assert!(row.take(&take));
    times(take.slots(row))
}

#[test]
fn who_is_sent_away_comes_back_in_turn_when_slots_are_free() {
    let mut row = Pace::default();
    let taken = drain(&mut row, START, Urgency::Bulk, rate(10)).0;
    // The last reservation began within the second and ends behind it.
    assert_eq!(taken, 12);
    assert_eq!(places(&mut row, 2, 10), [200_001, 300_001]);
    assert_eq!(places(&mut row, 1, 10), [400_001]);
    assert_eq!(row.handed, 12);
}

#[test]
fn a_line_is_no_longer_than_a_queue_can_carry() {
    let mut row = Pace::default();
    drain(&mut row, START, Urgency::Bulk, rate(1));
    assert_eq!(places(&mut row, 1000, 1).len(), 1000);
    let Ask::Back(line) = row.ask(START, 1, Urgency::Bulk, rate(1)) else {
        panic!("not full");
    };
    assert_eq!(times(line), [span(LINE_MAX)]);
}

#[test]
fn the_slower_of_account_and_ceiling_counts() {
    let row = Pace::default();
    assert_eq!(row.rate(START, None), Rate::LEAST);
    assert_eq!(row.rate(START, rate(20)), Rate::per(20, 1));
    let row = learn(row, account(14, 50_000, 0), START);
    assert_eq!(row.rate(START, None), Rate::per(14, 1));
    assert_eq!(row.rate(START, rate(20)), Rate::per(14, 1));
    assert_eq!(row.rate(START, rate(5)), Rate::per(5, 1));
}

#[test]
fn throttling_halves_the_rate_once_a_second_and_it_comes_back_slowly() {
    let gap = |row: &Pace, at| row.rate(at, rate(100)).gap();
    let mut row = Pace::default();
    let known = row.throttled(START).unwrap();
    row.know(0, known);
    assert_eq!(gap(&row, START), 20_000);
    assert_eq!(row.throttled(after(999)), None);
    assert_eq!(gap(&row, after(20_000)), 16_667);
    assert_eq!(gap(&row, after(100_000)), 10_000);
    for second in 1..20 {
        let known = row.throttled(after(second * 1000)).unwrap();
        row.know(second, known);
    }
    assert_eq!(gap(&row, after(19_000)), 200_000);
}

#[test]
fn bulk_leaves_a_part_of_the_day_to_what_is_urgent() {
    let mut row = learn(Pace::default(), account(1000, 400, 80), START);
    assert_eq!(
        drain(&mut row, START, Urgency::Bulk, None),
        (300, Ask::Today)
    );
    assert_eq!(
        drain(&mut row, START, Urgency::Urgent, None),
        (20, Ask::Today)
    );
}

#[test]
fn who_knows_an_old_count_does_not_overrun_the_quota() {
    let mut row = learn(Pace::default(), account(100, 10, 0), START);
    let old = row.clone();
    slots(&mut row, START, 8, Urgency::Urgent, 100);
    let Ask::Slots(take) = old.ask(START, 5, Urgency::Urgent, None) else {
        panic!("full");
    };
    assert!(!row.take(&take));
    assert_eq!(slots(&mut row, START, 5, Urgency::Urgent, 100).count(), 2);
}

#[test]
fn what_others_sent_from_the_account_counts_and_slots_that_were_lost_do_not() {
    let mut row = learn(Pace::default(), account(100, 1000, 0), START);
    slots(&mut row, START, 25, Urgency::Bulk, 100);
    // A moment later some may be on their way; after a while the provider's count is the truth.
    let row = learn(row, account(100, 1000, 10), after(1000));
    assert_eq!(left(&row, after(1000), Urgency::Urgent), 1000 - 10 - 25);
    let row = learn(row, account(100, 1000, 700), after(300_000));
    assert_eq!(left(&row, after(300_000), Urgency::Urgent), 300);
    assert_eq!(left(&row, after(300_000), Urgency::Bulk), 250);
    // Figures that nobody could renew for an hour stop nobody.
    assert_eq!(row.handed_max(after(3_900_000), Urgency::Bulk), u64::MAX);
}

#[test]
fn one_sender_asks_for_the_account_every_minute() {
    let mut row = Pace::default();
    let known = row.asking(START).unwrap();
    row.know(0, known);
    assert_eq!(row.asking(after(59_999)), None);
    assert!(row.asking(after(60_000)).is_some());
}

#[test]
fn nobody_stands_in_a_line_while_the_account_is_asked_for_the_first_time() {
    let mut row = Pace::default();
    let known = row.asking(START).unwrap();
    row.know(0, known);
    let Ask::Back(line) = row.ask(START, 2, Urgency::Bulk, None) else {
        panic!("not sent away");
    };
    assert_eq!(times(line), [2_000_000, 2_000_001]);
    // Whoever asked died: the least that any account has.
    let Ask::Slots(take) = row.ask(after(2000), 1, Urgency::Bulk, None) else {
        panic!("sent away");
    };
    assert_eq!(take.rate, Rate::LEAST);
}

#[test]
fn a_used_up_quota_closes_the_row_for_everybody() {
    let mut row = Pace::default();
    let known = row.used_up(START).unwrap();
    row.know(0, known);
    assert_eq!(row.used_up(after(1)), None);
    let at = |millis| row.ask(after(millis), 1, Urgency::Urgent, rate(1));
    assert_eq!(at(899_999), Ask::Today);
    assert!(matches!(at(900_000), Ask::Slots(_)));
}

#[test]
fn a_row_written_by_a_wrong_clock_heals() {
    let mut row = Pace::default();
    slots(&mut row, after(86_400_000), 1, Urgency::Bulk, 10);
    let healed = slots(&mut row, START, 1, Urgency::Bulk, 10);
    assert_eq!(times(healed), [0]);
}

#[test]
fn a_slot_is_used_a_little_late_or_not_at_all() {
    let mut lane = Lane::default();
    assert_eq!(lane.take(START), None);
    lane.granted(Slots::new(micros(START), Rate::per(10, 1), 5));
    assert_eq!(lane.take(after(250)), Some(Turn::Soon(Duration::ZERO)));
    assert_eq!(
        lane.take(after(0)),
        Some(Turn::Soon(Duration::from_millis(100)))
    );
    // The one at 200 ms is lost.
    assert_eq!(lane.take(after(451)), Some(Turn::Soon(Duration::ZERO)));
    assert_eq!(lane.take(after(451)), Some(Turn::Soon(Duration::ZERO)));
    assert_eq!(lane.take(after(451)), None);
}

#[test]
fn places_in_the_line_are_for_the_messages_in_hand() {
    let mut lane = Lane::default();
    lane.sent_away(Slots::new(micros(after(500)), Rate::per(1, 1), 3));
    let later = |millis| Some(Turn::Later(Duration::from_millis(millis)));
    assert_eq!(lane.take(START), later(500));
    assert_eq!(lane.take(after(99)), later(1401));
    let mut granted = lane;
    granted.granted(Slots::default());
    assert_eq!(granted.take(after(99)), None);
    assert_eq!(lane.take(after(99)), later(2401));
    assert_eq!(lane.take(after(99)), None);
}

proptest! {
    /// Whoever asks when and for how much, and however old the row is that it knows, slots are never closer than the rate, never nearer than the present and never further
    /// ahead than their urgency allows; the quota is never overrun.
    #[test]
    fn no_order_of_requests_hands_out_more_than_the_rate_or_the_quota(
        per_second in 1_u32..2000,
        per_day in 1_u64..3000,
        asked in prop::collection::vec(
            (0_u64..400, 1_u32..300, prop::bool::ANY, prop::bool::ANY), 1..200
        ),
    ) {
        let mut row = learn(Pace::default(), account(per_second, per_day, 0), START);
        let mut known = row.clone();
        let mut now = START;
        let mut all: Vec<Micros> = Vec::new();
        for (pause, want, is_bulk, is_fresh) in asked {
            now = now.plus(Duration::from_millis(pause));
            let urgency = if is_bulk { Urgency::Bulk } else { Urgency::Urgent };
            if is_fresh {
                known = row.clone();
            }
            let Ask::Slots(take) = known.ask(now, want, urgency, None) else {
                continue;
            };
            prop_assert!((1..=want).contains(&take.count));
            if !row.take(&take) {
                continue;
            }
            let mut slots = take.slots(&row);
            let furthest = micros(now) + span(urgency.ahead() + GRANT_MAX) + take.rate.gap();
            while let Some(at) = slots.next(Micros::MIN) {
                prop_assert!(at >= micros(now) && at < furthest);
                all.push(at);
            }
        }
        prop_assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= Rate::per(per_second, 1).gap()));
        prop_assert!(all.len() as u64 <= per_day);
    }
}
