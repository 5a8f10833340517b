//! Pools of codes.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use wend_app::ports::{Coupons, ErrorClass, Pools};
use wend_core::coupons::{Code, PoolCount};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use crate::draw::at;
use crate::kit::TableKit;

const POOL: &str = "spring-2027";

fn codes(count: u32, end: Option<Timestamp>) -> Vec<Code> {
    let code = |number| Code {
        code: format!("S-{number}"),
        expires_at: end,
    };
    (0..count).map(code).collect()
}

fn call(number: u8) -> SendId {
    SendId::from_bytes([number; 16])
}

/// Draws until others are not quicker.
async fn drawn(tables: &impl Coupons, number: u8) -> Option<Code> {
    loop {
        match tables.draw(POOL, call(number), at(5)).await {
            Ok(code) => return code,
            Err(error) => assert_eq!(error.class, ErrorClass::Conflict, "{error}"),
        }
    }
}

async fn counted(tables: &impl Pools, now: Timestamp) -> (u64, u64, u64) {
    let count = tables.count(POOL, now).await.unwrap();
    let PoolCount {
        left,
        given,
        expired,
    } = count;
    (left, given, expired)
}

pub async fn an_empty_pool_gives_nothing(kit: impl TableKit) {
    assert_eq!(drawn(kit.tables(), 1).await, None);
    assert_eq!(kit.tables().left(POOL, at(5), 10).await.unwrap(), 0);
    assert_eq!(counted(kit.tables(), at(5)).await, (0, 0, 0));
}

pub async fn a_code_is_given_once_and_a_call_keeps_its_own(kit: impl TableKit) {
    let tables = kit.tables();
    assert_eq!(tables.add_codes(POOL, &codes(2, None)).await.unwrap(), 2);
    let first = drawn(tables, 1).await.unwrap();
    let second = drawn(tables, 2).await.unwrap();
    assert_eq!(
        BTreeSet::from([first.clone(), second.clone()]),
        codes(2, None).into_iter().collect()
    );
    // Also where none is left.
    assert_eq!(drawn(tables, 3).await, None);
    for (number, code) in [(1, first), (2, second)] {
        assert_eq!(drawn(tables, number).await, Some(code));
    }
    assert_eq!(counted(tables, at(5)).await, (0, 2, 0));
}

pub async fn a_call_keeps_its_code_where_others_are_left(kit: impl TableKit) {
    let tables = kit.tables();
    tables
        .add_codes(POOL, &codes(30, Some(at(900))))
        .await
        .unwrap();
    let code = drawn(tables, 1).await;
    assert_eq!(code.as_ref().unwrap().expires_at, Some(at(900)));
    for _ in 0..3 {
        assert_eq!(drawn(tables, 1).await, code);
    }
    assert_eq!(counted(tables, at(5)).await, (29, 1, 0));
}

pub async fn fifty_calls_at_once_get_codes_of_their_own(kit: impl TableKit) {
    let tables = kit.tables();
    tables.add_codes(POOL, &codes(55, None)).await.unwrap();
    // Ten of them are delivered twice.
    let numbers = (0..50).chain(0..10);
    let answers = join_all(numbers.map(|number| async move {
        let code = drawn(tables, number).await;
        (number, code.expect("a code"))
    }));
    let answers: BTreeSet<(u8, Code)> = answers.await.into_iter().collect();
    assert_eq!(answers.len(), 50, "a call has one code");
    let distinct: BTreeSet<&str> = answers.iter().map(|(_, code)| code.code.as_str()).collect();
    assert_eq!(distinct.len(), 50, "a code is one call's");
    assert_eq!(counted(tables, at(5)).await, (5, 50, 0));
}

pub async fn of_fifty_calls_at_once_as_many_get_a_code_as_there_are(kit: impl TableKit) {
    let tables = kit.tables();
    tables.add_codes(POOL, &codes(20, None)).await.unwrap();
    let answers = join_all((0..50).map(|number| drawn(tables, number))).await;
    let codes: Vec<Code> = answers.into_iter().flatten().collect();
    let distinct: BTreeSet<&str> = codes.iter().map(|code| code.code.as_str()).collect();
    assert_eq!((codes.len(), distinct.len()), (20, 20));
}

pub async fn what_has_ended_is_not_given_and_what_ends_first_is(kit: impl TableKit) {
    let tables = kit.tables();
    let code = |code: &str, end| Code {
        code: code.to_owned(),
        expires_at: end,
    };
    let late = code("LATE", Some(at(900)));
    let early = code("EARLY", Some(at(6)));
    let endless = code("ENDLESS", None);
    // It ends at this moment.
    let over = code("OVER", Some(at(5)));
    let all = [late.clone(), endless.clone(), over, early.clone()];
    tables.add_codes(POOL, &all).await.unwrap();
    assert_eq!(counted(tables, at(5)).await, (3, 0, 1));
    assert_eq!(tables.left(POOL, at(5), 10).await.unwrap(), 3);
    assert_eq!(tables.left(POOL, at(5), 2).await.unwrap(), 2);
    for (number, code) in [(1, early), (2, late), (3, endless)] {
        assert_eq!(drawn(tables, number).await, Some(code));
    }
    assert_eq!(drawn(tables, 4).await, None);
    assert_eq!(counted(tables, at(5)).await, (0, 3, 1));
}

pub async fn codes_are_added_again_safely(kit: impl TableKit) {
    let tables = kit.tables();
    let mut all = codes(250, None);
    let twice = [all.clone(), codes(3, None)].concat();
    assert_eq!(tables.add_codes(POOL, &twice).await.unwrap(), 250);
    let given = drawn(tables, 1).await.unwrap();
    all.extend(codes(252, None).split_off(250));
    // A code that is known keeps its end, and one that was given is not free again.
    let edited: Vec<Code> = all
        .iter()
        .map(|code| code.clone().until(Some(at(1))))
        .collect();
    let (one, other) = futures_util::join!(
        tables.add_codes(POOL, &edited),
        tables.add_codes(POOL, &all)
    );
    assert_eq!(one.unwrap() + other.unwrap(), 2);
    let (left, is_given, expired) = counted(tables, at(5)).await;
    assert_eq!((left + expired, is_given), (251, 1));
    assert!(left >= 249);
    assert_eq!(drawn(tables, 1).await, Some(given));
}

pub async fn pools_do_not_touch_each_other(kit: impl TableKit) {
    let tables = kit.tables();
    tables.add_codes("spring", &codes(1, None)).await.unwrap();
    tables
        .add_codes("spring-202", &codes(1, None))
        .await
        .unwrap();
    assert_eq!(drawn(tables, 1).await, None);
    tables.add_codes(POOL, &codes(1, None)).await.unwrap();
    assert!(drawn(tables, 2).await.is_some());
    assert_eq!(tables.left("spring", at(5), 9).await.unwrap(), 1);
}

pub async fn what_is_noted_of_a_file_is_read_back(kit: impl TableKit) {
    let tables = kit.tables();
    assert_eq!(tables.file(POOL).await.unwrap(), None);
    for hash in ["aa", "bb"] {
        tables.note_file(POOL, hash).await.unwrap();
        assert_eq!(tables.file(POOL).await.unwrap().as_deref(), Some(hash));
    }
    assert_eq!(tables.file("spring").await.unwrap(), None);
}
