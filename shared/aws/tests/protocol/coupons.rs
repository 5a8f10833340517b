//! What a code costs.

use wend_app::ports::{Coupons, Pools};
use wend_core::coupons::Code;
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use crate::support::aws::{Bill, dynamodb};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

#[tokio::test]
async fn a_draw_costs_the_same_whatever_the_size_of_the_pool() {
    let (db, calls) = dynamodb().await;
    let code = |number| Code {
        code: format!("SPRING-{number}"),
        expires_at: None,
    };
    let all: Vec<Code> = (0..2000).map(code).collect();
    assert_eq!(db.add_codes("small", &all[..40]).await.unwrap(), 40);
    assert_eq!(db.add_codes("large", &all).await.unwrap(), 2000);
    calls.take();
    let draw = async |pool, number| {
        let code = db.draw(pool, SendId::from_bytes([number; 16]), NOW).await;
        assert!(code.unwrap().is_some());
        calls.take()
    };
    let expected = [("Query", 2), ("TransactWriteItems", 1)];
    for (pool, number) in [("small", 1), ("large", 2)] {
        let bill = draw(pool, number).await;
        assert_eq!(bill.requests, Bill::of(&expected, 0.0, 0.0).requests);
        assert!(bill.read_units <= 1.0, "{bill:?}");
    }
    // A call that comes again.
    let bill = draw("large", 2).await;
    assert_eq!(bill.requests, Bill::of(&expected, 0.0, 0.0).requests);
}

#[tokio::test]
async fn codes_that_are_known_are_not_written_again() {
    let (db, calls) = dynamodb().await;
    let code = |number| Code {
        code: format!("SPRING-{number}"),
        expires_at: None,
    };
    let all: Vec<Code> = (0..250).map(code).collect();
    db.add_codes("pool", &all).await.unwrap();
    calls.take();
    assert_eq!(db.add_codes("pool", &all).await.unwrap(), 0);
    assert_eq!(
        calls.take().requests,
        Bill::of(&[("BatchGetItem", 3)], 0.0, 0.0).requests
    );
}
