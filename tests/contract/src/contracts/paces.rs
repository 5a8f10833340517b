//! Rates that all senders share.

use std::time::Duration;

use futures_util::future::join_all;
use wend_app::ports::{PaceKey, Paces, Stepped};
use wend_core::identity::Channel;
use wend_core::pace::{Account, Ask, Pace, Rate, Take, Urgency};
use wend_core::time::Timestamp;

use crate::draw::at;
use crate::kit::TableKit;

const KEY: PaceKey = PaceKey::Channel(Channel::Email);

/// What a sender takes that knows `row`: slots while there are any, then places in the line.
fn take(row: &Pace, now: Timestamp, want: u32) -> Take {
    match row.ask(now, want, Urgency::Bulk, Some(Rate::per(10, 1))) {
        Ask::Slots(take) | Ask::Line(take) => take,
        other => panic!("{other:?}"),
    }
}

/// Takes from the store and, as the port's promise says it, from `row`: both do the same.
async fn both(tables: &impl Paces, key: &PaceKey, row: &mut Pace, take: &Take) -> bool {
    let is_done = row.take(take);
    let expected = if is_done {
        Stepped::Done(row.clone())
    } else {
        Stepped::Refused(row.clone())
    };
    assert_eq!(tables.take(key, take).await.unwrap(), expected);
    assert_eq!(tables.pace(key).await.unwrap(), *row);
    is_done
}

pub async fn a_row_that_nobody_wrote_is_the_default(kit: impl TableKit) {
    assert_eq!(kit.tables().pace(&KEY).await.unwrap(), Pace::default());
}

pub async fn taking_begins_goes_on_and_begins_anew(kit: impl TableKit) {
    let mut row = Pace::default();
    for secs in [5, 5, 5, 5, 6, 60] {
        let take = take(&row, at(secs), 2);
        assert!(both(kit.tables(), &KEY, &mut row, &take).await, "{secs}");
    }
    // A clock that was a day ahead.
    let ahead = take(&row, at(86_400), 1);
    assert!(both(kit.tables(), &KEY, &mut row, &ahead).await);
    let heals = take(&row, at(61), 1);
    assert!(both(kit.tables(), &KEY, &mut row, &heals).await);
    assert_eq!(row.handed, 14);
}

pub async fn a_full_row_gives_places_in_the_line(kit: impl TableKit) {
    let mut row = Pace::default();
    let old = take(&row, at(5), 3);
    let mut taken = 0;
    while both(kit.tables(), &KEY, &mut row, &old).await {
        taken += 1;
    }
    assert_eq!(taken, 4);
    for _ in 0..2 {
        let line = take(&row, at(5), 7);
        assert!(both(kit.tables(), &KEY, &mut row, &line).await);
    }
    assert_eq!(row.handed, 12);
}

pub async fn what_is_known_is_written_at_its_revision_alone(kit: impl TableKit) {
    let mut row = Pace::default();
    let old = take(&row, at(5), 1);
    for secs in [5, 6] {
        let known = row.throttled(at(secs)).unwrap();
        let rev = row.rev;
        assert!(row.know(rev, known.clone()));
        let answer = kit.tables().know(&KEY, rev, &known).await;
        assert_eq!(answer.unwrap(), Stepped::Done(row.clone()));
        let again = kit.tables().know(&KEY, rev, &known).await;
        assert_eq!(again.unwrap(), Stepped::Refused(row.clone()));
    }
    assert!(!both(kit.tables(), &KEY, &mut row, &old).await);
    let new = take(&row, at(6), 1);
    assert!(both(kit.tables(), &KEY, &mut row, &new).await);
}

pub async fn a_quota_is_not_overrun_by_who_knows_an_old_count(kit: impl TableKit) {
    let mut row = Pace::default();
    let account = Account {
        rate: Rate::per(1000, 1),
        per_day: Some(40),
        sent: 30,
    };
    let known = row.learnt(account, at(5));
    row.know(0, known.clone());
    kit.tables().know(&KEY, 0, &known).await.unwrap();
    let old = take(&row, at(5), 3);
    assert!(both(kit.tables(), &KEY, &mut row, &old).await);
    assert!(both(kit.tables(), &KEY, &mut row, &old).await);
    assert!(!both(kit.tables(), &KEY, &mut row, &old).await);
}

pub async fn rows_do_not_touch_each_other(kit: impl TableKit) {
    let tables = kit.tables();
    let keys = [
        KEY,
        PaceKey::Channel(Channel::Sms),
        PaceKey::Journey("welcome".to_owned()),
        PaceKey::Step("welcome".to_owned(), "hello".to_owned()),
    ];
    let first = take(&Pace::default(), at(5), 1);
    for key in &keys {
        assert!(both(tables, key, &mut Pace::default(), &first).await);
    }
}

pub async fn senders_at_once_take_moments_of_their_own(kit: impl TableKit) {
    let old = Pace::default();
    let takes = [1, 2, 3, 1, 2].map(|want| take(&old, at(5), want));
    let answers = join_all(takes.iter().map(|take| kit.tables().take(&KEY, take))).await;
    let mut moments = Vec::new();
    for (take, answer) in takes.iter().zip(answers) {
        let Stepped::Done(row) = answer.unwrap() else {
            panic!("refused");
        };
        let mut slots = take.slots(&row);
        moments.extend(std::iter::from_fn(|| slots.next(0)));
    }
    moments.sort_unstable();
    let start = wend_core::pace::micros(at(5));
    let gap = i64::try_from(Duration::from_millis(100).as_micros()).unwrap();
    let expected: Vec<i64> = (0..9).map(|n| start + n * gap).collect();
    assert_eq!(moments, expected);
}
