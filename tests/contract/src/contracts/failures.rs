//! A failed call says its class: callers match it, never words.

use wend_app::ports::{
    Claim, Commit, ContactScan, Contacts, Copies, Coupons, DueIndex, ErrorClass, Evidence,
    KeyStore, Ledger, PaceKey, Paces, Permissions, Pools, PortError, PublishError, ReleaseStore,
    SecretStore, Settled, Stand, Walks, Watermark,
};
use wend_core::coupons::Code;
use wend_core::id::PartHash;
use wend_core::identity::{Channel, IdentitySecret};
use wend_core::pace::{Ask, Pace, Urgency};
use wend_core::permission::SuppressionReason;
use wend_core::release::{EventSource, Manifest};
use wend_core::token::LinkKeys;

use crate::draw::{
    address, at, call, closed, contact, held, key, named, proof, request, row, send_id, sent_copy,
    submitting, unknown, word,
};
use crate::kit::FailingTables;

/// Every class that a caller may see.
pub const CLASSES: [ErrorClass; 4] = [
    ErrorClass::Conflict,
    ErrorClass::Throttled,
    ErrorClass::Ambiguous,
    ErrorClass::Invalid,
];

/// That the call has failed with `class`.
pub fn assert_class<T>(answer: Result<T, PortError>, class: ErrorClass) {
    match answer {
        Err(error) => assert_eq!(error.class, class, "{error}"),
        Ok(_) => panic!("the call did not fail; it should be {class}"),
    }
}

pub async fn contacts_say_the_class(kit: impl FailingTables) {
    let (ana, pointers, rows) = (contact(1), [named("ana")], [row(1, 1)]);
    for class in CLASSES {
        let (_, contacts) = kit.failing(class).await;
        assert_class(contacts.load(key(1)).await, class);
        assert_class(contacts.timeline(key(1)).await, class);
        let unchanged = Commit {
            contact: None,
            pointers: &[],
            rows: &rows,
            ..Commit::default()
        };
        assert_class(contacts.commit(unchanged).await, class);
        let changed = Commit {
            contact: Some(&ana),
            pointers: &pointers,
            rows: &rows,
            ..Commit::default()
        };
        assert_class(contacts.commit(changed).await, class);
    }
}

pub async fn the_ledger_says_the_class(kit: impl FailingTables) {
    let asked = request(1);
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(Ledger::read(&tables, &asked, None).await, class);
        assert_class(tables.about(&call(1, 1)).await, class);
        let claim = Claim {
            request: &asked,
            permission: address(1),
            permission_rev: 0,
            recent: Vec::new(),
            from: None,
            at: at(5),
        };
        // A conflict of a claim is lost: it is read and decided anew.
        match tables.claim(claim).await {
            Ok(Settled::Lost) if class == ErrorClass::Conflict => {}
            answer => assert_class(answer, class),
        }
        assert_class(tables.skip(&asked, &held(5)).await, class);
        let (from, to) = (submitting(5), unknown(6));
        assert_class(tables.settle(send_id(1), &from, &to).await, class);
        assert_class(tables.take_back(address(1), send_id(1), at(5)).await, class);
        assert_class(tables.accepted(send_id(1), "id", at(5)).await, class);
    }
}

pub async fn permissions_say_the_class(kit: impl FailingTables) {
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(tables.consent(&word("news", true, 1)).await, class);
        let proof = proof();
        let said = tables.unsubscribe(address(1), &proof, at(1));
        assert_class(said.await, class);
        let reason = SuppressionReason::HardBounce;
        let closing = tables.suppress(address(1), closed(reason, 1));
        assert_class(closing.await, class);
        assert_class(tables.reopen(address(1), reason, at(1)).await, class);
        assert_class(tables.stop(address(1), true, at(1)).await, class);
        assert_class(tables.row(address(1)).await, class);
        assert_class(tables.pause(address(1), None, at(1)).await, class);
        assert_class(tables.limit_frequency(address(1), None, at(1)).await, class);
        assert_class(tables.soft_bounced(address(1), at(1), at(0)).await, class);
        assert_class(tables.delivered(address(1), at(1)).await, class);
    }
}

pub async fn index_and_watermark_say_the_class(kit: impl FailingTables) {
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(tables.due(1, at(1)).await, class);
        assert_class(Watermark::read(&tables).await, class);
        assert_class(tables.advance(at(1)).await, class);
    }
}

pub async fn releases_say_the_class(kit: impl FailingTables) {
    let manifest = Manifest::next(None, &[], at(1));
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(tables.manifest().await, class);
        let unknown = PartHash::from_bytes([1; 16]);
        assert_class(tables.parts(&[unknown]).await, class);
        match tables.publish(&manifest, &[]).await {
            Err(PublishError::Port(error)) => assert_eq!(error.class, class, "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

pub async fn keys_and_secret_say_the_class(kit: impl FailingTables) {
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(tables.holder("hash").await, class);
        let added = tables.add("hash", "site", EventSource::Browser);
        assert_class(added.await, class);
        let secret = IdentitySecret::new([1; 32]);
        assert_class(tables.link_keys(&secret).await, class);
        let keys = LinkKeys::first(&secret).rotated([2; 32], at(1));
        assert_class(tables.rotate_link_keys(&keys).await, class);
        assert_class(tables.secret(secret).await, class);
    }
}

/// Where a port reads before it writes, a read that succeeds hides no failure of the write.
pub async fn writes_behind_a_read_say_the_class(kit: impl FailingTables) {
    for class in CLASSES {
        let tables = kit.failing_to_write(class).await;
        assert_class(tables.secret(IdentitySecret::new([1; 32])).await, class);
        assert_class(tables.take_back(address(1), send_id(1), at(5)).await, class);
    }
}

pub async fn paces_say_the_class(kit: impl FailingTables) {
    let key = PaceKey::Channel(Channel::Email);
    let row = Pace::default();
    let Ask::Slots(take) = row.ask(at(5), 1, Urgency::Bulk, None) else {
        panic!("full");
    };
    let known = row.asking(at(5)).unwrap();
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(tables.pace(&key).await, class);
        assert_class(tables.take(&key, &take).await, class);
        assert_class(tables.know(&key, 0, &known).await, class);
    }
}

pub async fn copies_say_the_class(kit: impl FailingTables) {
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        let copy = sent_copy("Hi", 5);
        assert_class(tables.keep(key(1), send_id(1), &copy).await, class);
        assert_class(tables.copy(key(1), send_id(1)).await, class);
        assert_class(tables.forget_copies(key(1)).await, class);
    }
}

pub async fn coupons_say_the_class(kit: impl FailingTables) {
    let code = Code {
        code: "S-1".to_owned(),
        expires_at: None,
    };
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(tables.draw("spring", send_id(1), at(5)).await, class);
        assert_class(tables.left("spring", at(5), 9).await, class);
        assert_class(
            tables
                .add_codes("spring", std::slice::from_ref(&code))
                .await,
            class,
        );
        assert_class(tables.count("spring", at(5)).await, class);
        assert_class(tables.file("spring").await, class);
        assert_class(tables.note_file("spring", "aa").await, class);
    }
}

pub async fn walks_say_the_class(kit: impl FailingTables) {
    let begin = Stand::default();
    for class in CLASSES {
        let (tables, _) = kit.failing(class).await;
        assert_class(tables.page(0, 1, None, 10).await, class);
        assert_class(tables.stand("a", 0).await, class);
        assert_class(tables.move_on("a", 0, &begin, &begin).await, class);
    }
}
