//! Releases, the secret, consent.

use futures_util::future::join_all;
use wend_app::ports::{
    Clock, ErrorClass, KeyStore, Permissions, PublishError, ReleaseStore, SecretStore,
};
use wend_app::publish::publish;
use wend_core::definitions::read_all;
use wend_core::id::SendId;
use wend_core::identity::IdentitySecret;
use wend_core::permission::{
    Consent, ConsentChange, Proof, Suppression, SuppressionReason, TopicState,
};
use wend_core::release::{EventSource, Manifest, Part, Release};
use wend_core::time::Timestamp;

use crate::support::World;
use crate::support::world::{WELCOME, ana_permission, project};

fn parts(journey: &str) -> Vec<Part> {
    let read = read_all(&project(journey)).unwrap().into_iter();
    read.map(|(file, definition)| Part::new(file, definition))
        .collect()
}

fn renamed() -> String {
    WELCOME.replace("topic: news", "title: Hello\ntopic: news")
}

#[tokio::test]
async fn a_release_reads_back_with_the_versions_that_runs_follow() {
    let world = World::new().await;
    let number = publish(&world.db, &world.clock, &project(&renamed()), None).await;
    assert_eq!(number.unwrap(), 2);
    let manifest = world.db.manifest().await.unwrap().unwrap();
    let hashes: Vec<_> = manifest.parts().collect();
    let release = Release::new(&manifest, world.db.parts(&hashes).await.unwrap());
    let title = |journey: &wend_core::release::Journey| journey.title.clone();
    let (_, newest) = release.journey("welcome").unwrap();
    assert_eq!((release.number, title(newest)), (2, "Hello".to_owned()));
    let old = parts(WELCOME);
    let old = old.iter().find(|part| part.path.starts_with("journeys/"));
    let followed = release.version(old.unwrap().hash()).unwrap();
    assert_eq!(title(followed), "welcome");
}

#[tokio::test]
async fn publishing_the_same_again_keeps_the_number() {
    let world = World::new().await;
    let number = publish(&world.db, &world.clock, &project(WELCOME), None).await;
    assert_eq!(number.unwrap(), 1);
}

#[tokio::test]
async fn a_release_that_was_overtaken_is_refused() {
    let world = World::new().await;
    let before = world.db.manifest().await.unwrap();
    publish(&world.db, &world.clock, &project(&renamed()), None)
        .await
        .unwrap();
    let parts = parts(WELCOME);
    for seen in [before, None] {
        let late = Manifest::next(seen.as_ref(), &parts, world.clock.now());
        let error = world.db.publish(&late, &parts).await.unwrap_err();
        assert!(matches!(error, PublishError::Overtaken(n) if n == late.number));
    }
    assert_eq!(world.db.manifest().await.unwrap().unwrap().number, 2);
}

#[tokio::test]
async fn a_part_that_is_missing_is_an_error_and_not_a_smaller_release() {
    let world = World::new().await;
    let unknown = parts(&renamed()).iter().map(Part::hash).collect::<Vec<_>>();
    let error = world.db.parts(&unknown).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    assert_eq!(error.cause, "4 of 5 parts are there");
}

#[tokio::test]
async fn the_secret_is_drawn_once_however_many_race() {
    let world = World::new().await;
    world.calls.take();
    let draws = (0..8_u8).map(|n| world.db.secret(IdentitySecret::new([n; 32])));
    let secrets = join_all(draws).await.into_iter();
    let secrets: Vec<[u8; 32]> = secrets.map(|secret| *secret.unwrap().expose()).collect();
    // They did race.
    assert!(world.calls.take().requests["PutItem"] > 1);
    assert_eq!(secrets, [secrets[0]; 8]);
    let later = world.db.secret(IdentitySecret::new([9; 32])).await.unwrap();
    assert_eq!(*later.expose(), secrets[0]);
}

#[tokio::test]
async fn only_an_added_write_key_is_known() {
    let world = World::new().await;
    for holder in [EventSource::Browser, EventSource::Server] {
        world.db.add("hash", "site", holder).await.unwrap();
        assert_eq!(world.db.holder("hash").await.unwrap(), Some(holder));
    }
    assert_eq!(world.db.holder("other").await.unwrap(), None);
}

const fn secs(n: i64) -> Timestamp {
    Timestamp::from_millis(n * 1000)
}

async fn says(world: &World, opted_in: bool, at: i64) {
    let change = ConsentChange {
        permission: ana_permission(),
        topic: "news".to_owned(),
        consent: Consent {
            opted_in,
            at: secs(at),
            proof: Proof::new("form", Some("Yes, send me news")),
        },
        is_pending: false,
    };
    world.db.consent(&change).await.unwrap();
}

async fn unsubscribes(world: &World, at: i64) {
    let proof = Proof::by_link("link", SendId::from_bytes([1; 16]));
    let unsubscribe = world.db.unsubscribe(ana_permission(), &proof, secs(at));
    unsubscribe.await.unwrap();
}

async fn state(world: &World) -> (TopicState, u64) {
    let row = world.db.permission(ana_permission()).await.unwrap();
    (row.topic_state("news"), row.rev)
}

#[tokio::test]
async fn the_last_word_by_time_counts_in_whichever_order_words_arrive() {
    let world = World::new().await;
    says(&world, false, 20).await;
    says(&world, true, 10).await;
    assert_eq!(state(&world).await, (TopicState::OptedOut, 1));
    says(&world, true, 30).await;
    assert_eq!(state(&world).await, (TopicState::OptedIn, 2));
    // Said again, it changes nothing and moves no claim.
    says(&world, true, 30).await;
    assert_eq!(state(&world).await, (TopicState::OptedIn, 2));
}

#[tokio::test]
async fn an_older_opt_in_does_not_undo_an_unsubscribe_and_a_newer_one_does() {
    let world = World::new().await;
    says(&world, true, 10).await;
    unsubscribes(&world, 20).await;
    assert_eq!(state(&world).await, (TopicState::OptedOut, 2));
    says(&world, true, 15).await;
    assert_eq!(state(&world).await, (TopicState::OptedOut, 3));
    unsubscribes(&world, 12).await;
    says(&world, true, 25).await;
    assert_eq!(state(&world).await, (TopicState::OptedIn, 4));
    unsubscribes(&world, 30).await;
    assert_eq!(state(&world).await, (TopicState::OptedOut, 5));
}

#[tokio::test]
async fn of_two_words_at_one_moment_the_no_counts() {
    for order in [[true, false], [false, true]] {
        let world = World::new().await;
        for opted_in in order {
            says(&world, opted_in, 10).await;
        }
        assert_eq!(state(&world).await.0, TopicState::OptedOut, "{order:?}");
    }
}

#[tokio::test]
async fn a_suppression_keeps_its_first_time() {
    let world = World::new().await;
    for at in [20, 30] {
        let reason = SuppressionReason::HardBounce;
        let at = secs(at);
        let suppress = world
            .db
            .suppress(ana_permission(), Suppression { at, reason });
        suppress.await.unwrap();
    }
    let row = world.db.permission(ana_permission()).await.unwrap();
    let (at, reason) = (secs(20), SuppressionReason::HardBounce);
    assert_eq!(
        (row.suppressed, row.rev),
        (Some(Suppression { at, reason }), 1)
    );
}
