//! Releases, write keys, the secret.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use wend_app::ports::{ErrorClass, KeyStore, PublishError, ReleaseStore, SecretStore};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::id::PartHash;
use wend_core::identity::IdentitySecret;
use wend_core::release::{EventSource, Manifest, Part};
use wend_core::token::LinkKeys;

use crate::draw::at;
use crate::kit::TableKit;

const PROJECT: &str = "wend: 1\nproject: shop\npostal_address: Street 1\n\
    senders: { shop: { email: Shop <hello@mail.example.com> } }\ntopics: { news: { title: News } }\n";

/// `count` parts with sources of this many bytes; numbers tell them apart.
fn parts(count: usize, bytes: usize) -> Vec<Part> {
    let file = SourceFile {
        path: "wend.yaml".to_owned(),
        text: PROJECT.to_owned(),
    };
    let (_, definition) = read_all(&[file]).unwrap().remove(0);
    let part = |n| Part {
        path: format!("{n}.yaml"),
        source: format!("{PROJECT}# {n}{}", "x".repeat(bytes)),
        definition: definition.clone(),
    };
    (0..count).map(part).collect()
}

fn hashes(parts: &[Part]) -> Vec<PartHash> {
    parts.iter().map(Part::hash).collect()
}

async fn number(kit: &impl TableKit) -> Option<u64> {
    let manifest = kit.tables().manifest().await.unwrap();
    manifest.map(|manifest| manifest.number)
}

pub async fn there_is_no_manifest_before_the_first(kit: impl TableKit) {
    assert_eq!(number(&kit).await, None);
}

pub async fn a_release_reads_back_whole(kit: impl TableKit) {
    let parts = parts(3, 10);
    let manifest = Manifest::next(None, &parts, at(5));
    kit.tables().publish(&manifest, &parts).await.unwrap();
    assert_eq!(kit.tables().manifest().await.unwrap(), Some(manifest));
    let mut read = kit.tables().parts(&hashes(&parts)).await.unwrap();
    read.sort_by(|left, right| left.path.cmp(&right.path));
    assert_eq!(read, parts);
    assert_eq!(kit.tables().parts(&[]).await.unwrap(), []);
}

pub async fn only_the_next_number_is_published(kit: impl TableKit) {
    let parts = parts(1, 10);
    let first = Manifest::next(None, &parts, at(5));
    let second = Manifest::next(Some(&first), &parts, at(6));
    let third = Manifest::next(Some(&second), &parts, at(7));
    let publish = async |manifest: &Manifest| kit.tables().publish(manifest, &parts).await;
    let overtaken = async |manifest: &Manifest| {
        let error = publish(manifest).await.unwrap_err();
        matches!(error, PublishError::Overtaken(n) if n == manifest.number)
    };
    assert!(overtaken(&second).await, "nothing was published yet");
    publish(&first).await.unwrap();
    assert!(overtaken(&first).await && overtaken(&third).await);
    publish(&second).await.unwrap();
    assert!(overtaken(&first).await && overtaken(&second).await);
    assert_eq!(kit.tables().manifest().await.unwrap(), Some(second));
}

pub async fn of_two_publishers_one_is_overtaken(kit: impl TableKit) {
    let parts = parts(1, 10);
    let manifests = [5, 6, 7].map(|secs| Manifest::next(None, &parts, at(secs)));
    let publish = manifests.iter();
    let publish = publish.map(|manifest| kit.tables().publish(manifest, &parts));
    let published = join_all(publish).await;
    let done = published.iter().filter(|published| published.is_ok());
    assert_eq!((done.count(), number(&kit).await), (1, Some(1)));
}

pub async fn a_missing_part_is_an_error(kit: impl TableKit) {
    let parts = parts(2, 10);
    let manifest = Manifest::next(None, &parts[..1], at(5));
    kit.tables().publish(&manifest, &parts[..1]).await.unwrap();
    let error = kit.tables().parts(&hashes(&parts)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
}

pub async fn a_part_named_twice_is_read_once(kit: impl TableKit) {
    let parts = parts(2, 10);
    let manifest = Manifest::next(None, &parts, at(5));
    kit.tables().publish(&manifest, &parts).await.unwrap();
    let twice = [hashes(&parts), hashes(&parts)].concat();
    let read = kit.tables().parts(&twice).await.unwrap();
    let paths: Vec<String> = read.into_iter().map(|part| part.path).collect();
    assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), 2);
    assert_eq!(paths.len(), 2);
    // Also across the requests of a long list.
    let long = vec![parts[0].hash(); 150];
    assert_eq!(kit.tables().parts(&long).await.unwrap().len(), 1);
}

/// That `parts` are read back as they were published.
async fn read_back(kit: &impl TableKit, parts: &[Part]) {
    let manifest = Manifest::next(None, parts, at(5));
    kit.tables().publish(&manifest, parts).await.unwrap();
    let read = kit.tables().parts(&hashes(parts)).await.unwrap();
    assert_eq!(read.len(), parts.len());
    let paths: BTreeSet<String> = read.into_iter().map(|part| part.path).collect();
    assert_eq!(paths.len(), parts.len());
}

pub async fn more_parts_than_one_request_names_are_read(kit: impl TableKit) {
    // 100 items (DynamoDB).
    read_back(&kit, &parts(110, 10)).await;
}

pub async fn larger_parts_than_one_answer_holds_are_read(kit: impl TableKit) {
    // 16 MB (DynamoDB): what does not fit in is named in the answer and asked for again.
    read_back(&kit, &parts(48, 350 * 1024)).await;
}

pub async fn a_part_above_the_limit_is_refused_and_no_manifest_written(kit: impl TableKit) {
    let mut parts = parts(2, 10);
    parts[1].source = "x".repeat(360 * 1024);
    let manifest = Manifest::next(None, &parts, at(5));
    let error = kit.tables().publish(&manifest, &parts).await.unwrap_err();
    let PublishError::TooLarge { path, bytes, max } = error else {
        panic!("{error}");
    };
    assert_eq!((path.as_str(), max), ("1.yaml", 360 * 1024));
    assert!(bytes > max);
    assert_eq!(number(&kit).await, None);
}

pub async fn a_large_part_below_the_limit_is_published(kit: impl TableKit) {
    let parts = parts(1, 358 * 1024);
    let manifest = Manifest::next(None, &parts, at(5));
    kit.tables().publish(&manifest, &parts).await.unwrap();
    assert_eq!(kit.tables().parts(&hashes(&parts)).await.unwrap(), parts);
}

/// A manifest that was refused leaves its parts behind, and nobody names them.
pub async fn parts_are_there_before_their_manifest(kit: impl TableKit) {
    let parts = parts(1, 10);
    let first = Manifest::next(None, &parts, at(5));
    let second = Manifest::next(Some(&first), &parts, at(5));
    kit.tables().publish(&second, &parts).await.unwrap_err();
    assert_eq!(number(&kit).await, None);
    assert_eq!(kit.tables().parts(&hashes(&parts)).await.unwrap(), parts);
}

pub async fn only_an_added_key_is_known(kit: impl TableKit) {
    for (hash, holder) in [
        ("website", EventSource::Browser),
        ("server", EventSource::Server),
    ] {
        assert_eq!(kit.tables().holder(hash).await.unwrap(), None);
        kit.tables().add(hash, "name", holder).await.unwrap();
        assert_eq!(kit.tables().holder(hash).await.unwrap(), Some(holder));
    }
    assert_eq!(kit.tables().holder("other").await.unwrap(), None);
}

pub async fn a_key_is_added_again_safely(kit: impl TableKit) {
    for name in ["site", "shop"] {
        let added = kit.tables().add("hash", name, EventSource::Browser);
        added.await.unwrap();
    }
    let holder = kit.tables().holder("hash").await.unwrap();
    assert_eq!(holder, Some(EventSource::Browser));
}

pub async fn the_first_secret_is_everybodys(kit: impl TableKit) {
    for candidate in [3, 4, 5] {
        let secret = kit.tables().secret(IdentitySecret::new([candidate; 32]));
        assert_eq!(*secret.await.unwrap().expose(), [3; 32]);
    }
}

pub async fn of_secrets_drawn_at_once_one_is_everybodys(kit: impl TableKit) {
    let candidates = (0..6).map(|n| kit.tables().secret(IdentitySecret::new([n; 32])));
    let secrets = join_all(candidates).await.into_iter();
    let secrets: BTreeSet<[u8; 32]> = secrets.map(|secret| *secret.unwrap().expose()).collect();
    assert_eq!(secrets.len(), 1);
}

pub async fn keys_of_links_are_the_secrets_until_they_are_rotated(kit: impl TableKit) {
    let secret = IdentitySecret::new([3; 32]);
    let keys = async || kit.tables().link_keys(&secret).await.unwrap();
    let first = keys().await;
    assert_eq!((first.newest_id(), first.newest_made_at()), (1, at(0)));
    let once = first.rotated([4; 32], at(10));
    kit.tables().rotate_link_keys(&once).await.unwrap();
    let read = keys().await;
    assert_eq!((read.newest_id(), read.newest_made_at()), (2, at(10)));
    let twice = read.rotated([5; 32], at(20));
    kit.tables().rotate_link_keys(&twice).await.unwrap();
    assert_eq!(keys().await.newest_id(), 3);
    // The secret itself stays: contacts are named by it.
    let stored = kit.tables().secret(secret.clone()).await.unwrap();
    assert_eq!(stored.expose(), secret.expose());
}

pub async fn of_rotations_at_once_one_is_done(kit: impl TableKit) {
    let first = LinkKeys::first(&IdentitySecret::new([3; 32]));
    let mut before = first;
    for round in 0..2 {
        let drawn = (0..4).map(|n| before.rotated([n; 32], at(round)));
        let drawn: Vec<LinkKeys> = drawn.collect();
        let done = join_all(drawn.iter().map(|keys| kit.tables().rotate_link_keys(keys))).await;
        let classes: Vec<_> = done.iter().filter_map(|done| done.as_ref().err()).collect();
        assert_eq!(classes.len(), 3, "{done:?}");
        assert!(
            classes
                .iter()
                .all(|error| error.class == ErrorClass::Conflict),
            "{done:?}"
        );
        before = kit
            .tables()
            .link_keys(&IdentitySecret::new([3; 32]))
            .await
            .unwrap();
    }
    assert_eq!(before.newest_id(), 3);
}
