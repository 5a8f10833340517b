use wend_app::memory::{Line, MemoryStore, VirtualClock};
use wend_core::release::CouponPool;
use wend_core::time::Timestamp;

use super::*;
use crate::folder::Folder;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn store() -> MemoryStore {
    MemoryStore::new(VirtualClock::starting_at(NOW), Line::default())
}

fn project() -> Project {
    let pool = CouponPool {
        file: "coupons/spring.csv".to_owned(),
        warn_below: Some(2),
    };
    let mut project = Project::default();
    project.coupons.insert("spring".to_owned(), pool);
    project
}

async fn left(store: &MemoryStore) -> u64 {
    store.count("spring", NOW).await.unwrap().left
}

#[tokio::test]
async fn codes_of_files_are_added_and_never_taken_away() {
    let (folder, store, project) = (Folder::new("coupons"), store(), project());
    let many: Vec<String> = (0..2500).map(|number| format!("S-{number}")).collect();
    folder.write(
        "coupons/spring.csv",
        &format!("code\r\n{}\r\n", many.join("\r\n")),
    );
    for _ in 0..2 {
        load(&store, folder.path(), &project).await.unwrap();
        assert_eq!(left(&store).await, 2500);
    }
    folder.write(
        "coupons/spring.csv",
        "code,expires_at\nS-1,\nNEW,2030-01-01\n",
    );
    load(&store, folder.path(), &project).await.unwrap();
    assert_eq!(left(&store).await, 2501);
}

#[tokio::test]
async fn a_file_with_faults_adds_nothing_and_names_its_lines() {
    let (folder, store, project) = (Folder::new("coupon-faults"), store(), project());
    folder.write("coupons/spring.csv", "code\nGOOD\nNOT GOOD\nA,B\n");
    let error = load(&store, folder.path(), &project).await.unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("spring.csv:3: ") && text.contains("spring.csv:4: "),
        "{text}"
    );
    assert_eq!(left(&store).await, 0);
    folder.write("coupons/spring.csv", "");
    let error = load(&store, folder.path(), &project).await.unwrap_err();
    assert!(format!("{error:#}").contains("the first line is `code`"));
}

#[test]
fn a_low_pool_is_told() {
    let count = PoolCount {
        left: 1,
        given: 7,
        expired: 2,
    };
    let pool = Pool {
        name: "spring".to_owned(),
        count,
        warn_below: Some(2),
        is_low: true,
    };
    assert_eq!(
        line(&pool),
        "spring: 1 left, 7 given, 2 expired · LOW: fewer than 2, add codes and publish"
    );
    let json = serde_json::to_value(&pool).unwrap();
    assert_eq!(
        json,
        serde_json::json!({ "pool": "spring", "left": 1, "given": 7, "expired": 2, "warn_below": 2, "is_low": true })
    );
}
