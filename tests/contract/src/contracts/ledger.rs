//! Send rows.

use futures_util::future::{join, join_all};
use wend_app::ports::{
    Claim, Commit, Committed, Contacts, ErrorClass, Ledger, LedgerView, Permissions, PortError,
    Settled,
};
use wend_core::contact::Contact;
use wend_core::id::InputId;
use wend_core::permission::{Permission, Submission};
use wend_core::send::{Outcome, SendRequest, SendState, SkipReason};

use super::contacts::{erase, stored};
use crate::draw::{
    address, at, call, contact, held, key, request, row, send_id, submission, submitting, unknown,
    word,
};
use crate::kit::TableKit;

/// Claims send `n` at second `secs` for permission row 1, read at `rev` with these submissions.
async fn claim(
    kit: &impl TableKit,
    n: u8,
    secs: i64,
    rev: u64,
    recent: Vec<Submission>,
) -> Result<Settled, PortError> {
    let claim = Claim {
        request: &request(n),
        permission: address(1),
        permission_rev: rev,
        recent,
        from: None,
        at: at(secs),
    };
    kit.tables().claim(claim).await
}

pub async fn a_doubtful_send_is_claimed_once_more_from_that_doubt_alone(kit: impl TableKit) {
    claim(&kit, 1, 5, 0, vec![]).await.unwrap();
    let (from, to) = (submitting(5), unknown(6));
    let doubted = kit.tables().settle(send_id(1), &from, &to).await;
    assert_eq!(doubted.unwrap(), Settled::Done);
    let again = async |doubt: &SendState, secs: i64, rev: u64| {
        let claim = Claim {
            request: &request(1),
            permission: address(1),
            permission_rev: rev,
            recent: vec![submission(1, secs)],
            from: Some(doubt),
            at: at(secs),
        };
        kit.tables().claim(claim).await.unwrap()
    };
    assert_eq!(claim(&kit, 1, 7, 1, vec![]).await.unwrap(), Settled::Lost);
    assert_eq!(again(&unknown(5), 7, 1).await, Settled::Lost);
    assert_eq!(again(&unknown(6), 7, 1).await, Settled::Done);
    let (at, tries) = (at(7), 2);
    let twice = SendState::Submitting { at, tries };
    assert_eq!(state(&kit, 1).await, Some(twice));
    assert_eq!(again(&unknown(6), 8, 2).await, Settled::Lost);
    assert_eq!(permission(&kit).await.recent, [submission(1, 7)]);
}

async fn view(kit: &impl TableKit, request: &SendRequest) -> LedgerView {
    let view = Ledger::read(kit.tables(), request, Some(address(1)));
    view.await.unwrap()
}

pub async fn state(kit: &impl TableKit, n: u8) -> Option<SendState> {
    view(kit, &request(n)).await.send
}

async fn permission(kit: &impl TableKit) -> Permission {
    view(kit, &request(1)).await.permission
}

pub fn ended(secs: i64, outcome: Outcome) -> SendState {
    SendState::Final {
        at: at(secs),
        outcome,
    }
}

pub fn skipped(secs: i64) -> SendState {
    let reason = SkipReason::Expired;
    ended(secs, Outcome::Skipped { reason })
}

pub fn accepted(secs: i64) -> SendState {
    let provider_id = "provider's".to_owned();
    ended(secs, Outcome::Accepted { provider_id })
}

pub fn rejected(secs: i64) -> SendState {
    let reason = "no".to_owned();
    ended(secs, Outcome::Rejected { reason })
}

/// Brings send `n` into `state` from nothing.
pub async fn brought(kit: &impl TableKit, n: u8, state: &SendState) {
    let put = kit.tables().skip(&request(n), state).await.unwrap();
    assert_eq!(put, Settled::Done);
}

pub async fn an_absent_send_is_claimed_once(kit: impl TableKit) {
    let first = claim(&kit, 1, 5, 0, vec![submission(1, 5)]).await;
    assert_eq!(first.unwrap(), Settled::Done);
    assert_eq!(state(&kit, 1).await, Some(submitting(5)));
    for rev in [0, 1] {
        let again = claim(&kit, 1, 6, rev, vec![]).await;
        assert_eq!(again.unwrap(), Settled::Lost);
    }
    assert_eq!(state(&kit, 1).await, Some(submitting(5)));
    assert_eq!(permission(&kit).await.recent, [submission(1, 5)]);
}

pub async fn a_held_send_is_claimed_again(kit: impl TableKit) {
    brought(&kit, 1, &held(4)).await;
    let claimed = claim(&kit, 1, 5, 0, vec![submission(1, 5)]).await;
    assert_eq!(claimed.unwrap(), Settled::Done);
    assert_eq!(state(&kit, 1).await, Some(submitting(5)));
    let others = [unknown(4), accepted(4), rejected(4), skipped(4)];
    for (n, other) in (2..).zip(others.into_iter().chain([ended(4, Outcome::Unknown)])) {
        brought(&kit, n, &other).await;
        let claimed = claim(&kit, n, 5, 1, vec![]).await;
        assert_eq!(claimed.unwrap(), Settled::Lost, "{other:?}");
        assert_eq!(state(&kit, n).await, Some(other));
    }
}

pub async fn a_claim_needs_the_permission_as_it_was_read(kit: impl TableKit) {
    kit.tables().consent(&word("news", true, 1)).await.unwrap();
    for rev in [0, 2] {
        let claimed = claim(&kit, 1, 5, rev, vec![submission(1, 5)]).await;
        assert_eq!(claimed.unwrap(), Settled::Lost, "{rev}");
    }
    assert_eq!(state(&kit, 1).await, None);
    let row = permission(&kit).await;
    assert_eq!((row.rev, row.recent), (1, vec![]));
    let claimed = claim(&kit, 1, 5, 1, vec![submission(1, 5)]).await;
    assert_eq!(claimed.unwrap(), Settled::Done);
}

pub async fn a_claim_writes_the_submission_or_nothing(kit: impl TableKit) {
    let recent = vec![submission(1, 5)];
    claim(&kit, 1, 5, 0, recent.clone()).await.unwrap();
    let both = vec![submission(1, 5), submission(2, 6)];
    claim(&kit, 2, 6, 1, both.clone()).await.unwrap();
    let row = permission(&kit).await;
    assert_eq!((row.rev, &row.recent), (2, &both));
    // The send is claimed already: the permission row stays.
    let lost = claim(&kit, 2, 7, 2, recent).await.unwrap();
    assert_eq!(lost, Settled::Lost);
    let row = permission(&kit).await;
    assert_eq!((row.rev, row.recent), (2, both));
}

pub async fn of_two_claims_at_once_one_is_done(kit: impl TableKit) {
    let claims = (1..=4).map(|secs| claim(&kit, 1, secs, 0, vec![submission(1, secs)]));
    let mut done = 0;
    for settled in join_all(claims).await {
        match settled {
            Ok(Settled::Done) => done += 1,
            Ok(Settled::Lost) => {}
            Err(error) if error.class == ErrorClass::Conflict => {}
            Err(error) => panic!("{error}"),
        }
    }
    let row = permission(&kit).await;
    assert_eq!((done, row.rev, row.recent.len()), (1, 1, 1));
}

pub async fn a_send_that_nobody_claimed_is_skipped_once(kit: impl TableKit) {
    brought(&kit, 1, &skipped(5)).await;
    brought(&kit, 2, &held(4)).await;
    brought(&kit, 2, &skipped(5)).await;
    claim(&kit, 3, 5, 0, vec![]).await.unwrap();
    for (n, stands) in [(1, skipped(5)), (2, skipped(5)), (3, submitting(5))] {
        let again = kit.tables().skip(&request(n), &skipped(9)).await.unwrap();
        assert_eq!(again, Settled::Lost);
        assert_eq!(state(&kit, n).await, Some(stands));
    }
}

pub async fn settling_holds_only_from_the_exact_state(kit: impl TableKit) {
    let settle = async |from: SendState, to: SendState| {
        let settled = kit.tables().settle(send_id(1), &from, &to).await;
        settled.unwrap()
    };
    assert_eq!(settle(submitting(5), accepted(6)).await, Settled::Lost);
    assert_eq!(state(&kit, 1).await, None, "no row is made");
    brought(&kit, 1, &submitting(5)).await;
    for from in [submitting(4), unknown(5), held(5), accepted(5)] {
        assert_eq!(settle(from, accepted(6)).await, Settled::Lost);
    }
    assert_eq!(state(&kit, 1).await, Some(submitting(5)));
    assert_eq!(settle(submitting(5), unknown(6)).await, Settled::Done);
    assert_eq!(settle(unknown(6), held(7)).await, Settled::Done);
    assert_eq!(state(&kit, 1).await, Some(held(7)));
}

pub async fn settling_is_repeated_safely(kit: impl TableKit) {
    brought(&kit, 1, &submitting(5)).await;
    let settle = async |to: &SendState| {
        let settled = kit.tables().settle(send_id(1), &submitting(5), to).await;
        settled.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(settle(&accepted(6)).await, Settled::Done);
    }
    assert_eq!(settle(&rejected(6)).await, Settled::Lost);
    assert_eq!(state(&kit, 1).await, Some(accepted(6)));
}

pub async fn taking_back_is_repeated_safely_and_keeps_the_others(kit: impl TableKit) {
    kit.tables().consent(&word("news", true, 1)).await.unwrap();
    let both = vec![submission(1, 5), submission(2, 6)];
    claim(&kit, 2, 6, 1, both).await.unwrap();
    let before = permission(&kit).await;
    for _ in 0..2 {
        kit.tables()
            .take_back(address(1), send_id(2), at(6))
            .await
            .unwrap();
        let row = permission(&kit).await;
        assert_eq!(row.recent, [submission(1, 5)]);
        assert_eq!(row.topics, before.topics);
        // A claim that was read before sees that the row has moved.
        assert!(row.rev > before.rev);
    }
    // A claim before the one that is counted.
    let earlier = kit.tables().take_back(address(1), send_id(1), at(4));
    earlier.await.unwrap();
    assert_eq!(permission(&kit).await.recent, [submission(1, 5)]);
    // From a row that is not there.
    kit.tables()
        .take_back(address(2), send_id(2), at(6))
        .await
        .unwrap();
}

pub async fn taking_back_beside_other_words_loses_none(kit: impl TableKit) {
    claim(&kit, 1, 5, 0, vec![submission(1, 5)]).await.unwrap();
    let (news, sale) = (word("news", true, 1), word("sale", false, 2));
    let words = join(kit.tables().consent(&news), kit.tables().consent(&sale));
    let taken = kit.tables().take_back(address(1), send_id(1), at(5));
    let (taken, (news, sale)) = join(taken, words).await;
    taken.and(news).and(sale).unwrap();
    let row = permission(&kit).await;
    assert_eq!((row.recent, row.topics.len(), row.rev), (vec![], 2, 4));
}

pub async fn reading_brings_contact_permission_send_and_origin(kit: impl TableKit) {
    let ana = contact(1);
    stored(&kit, &ana, &[], 1).await;
    kit.tables().consent(&word("news", true, 1)).await.unwrap();
    claim(&kit, 1, 5, 1, vec![submission(1, 5)]).await.unwrap();
    let origin = Some((key(1), InputId::from_bytes([1; 16])));
    let asked = SendRequest {
        origin,
        ..request(1)
    };
    let view = view(&kit, &asked).await;
    assert_eq!(view.contact, Some(Contact { rev: 1, ..ana }));
    assert_eq!((view.permission.rev, view.permission.topics.len()), (2, 1));
    assert_eq!(view.send, Some(submitting(5)));
    assert_eq!(view.origin, Some(row(1, 1)));
    let without = Ledger::read(kit.tables(), &asked, None).await.unwrap();
    assert_eq!(without.permission, Permission::default());
}

pub async fn reading_what_is_not_there_brings_nothing(kit: impl TableKit) {
    let origin = Some((key(1), InputId::from_bytes([1; 16])));
    let asked = SendRequest {
        origin,
        ..request(1)
    };
    let view = view(&kit, &asked).await;
    assert_eq!((view.contact, view.send, view.origin), (None, None, None));
    assert_eq!(view.permission, Permission::default());
}

pub async fn a_stub_is_no_contact_of_a_send(kit: impl TableKit) {
    stored(&kit, &contact(1), &[], 1).await;
    erase(&kit, &contact(1), 9).await;
    assert_eq!(view(&kit, &request(1)).await.contact, None);
}

pub async fn a_call_brings_contact_and_origin_alone(kit: impl TableKit) {
    let ana = contact(1);
    stored(&kit, &ana, &[], 1).await;
    kit.tables().consent(&word("news", true, 1)).await.unwrap();
    brought(&kit, 1, &held(4)).await;
    let view = kit.tables().about(&call(1, 1)).await.unwrap();
    assert_eq!(view.contact, Some(Contact { rev: 1, ..ana }));
    assert_eq!((view.send, view.permission), (None, Permission::default()));
    assert_eq!(view.origin, Some(row(1, 1)));
    let nobody = kit.tables().about(&call(2, 1)).await.unwrap();
    assert_eq!((nobody.contact, nobody.origin), (None, None));
    // A row without a contact.
    let rows = [row(2, 1)];
    let commit = Commit {
        contact: None,
        pointers: &[],
        rows: &rows,
        ..Commit::default()
    };
    assert_eq!(
        kit.contacts().commit(commit).await.unwrap(),
        Committed::Done
    );
    let nobody = kit.tables().about(&call(2, 1)).await.unwrap();
    assert_eq!((nobody.contact, nobody.origin), (None, Some(row(2, 1))));
}
