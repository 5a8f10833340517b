//! What addresses said.

use futures_util::future::join_all;
use wend_app::ports::{Ledger, Permissions, Settled};
use wend_core::permission::SuppressionReason::{Complaint, HardBounce, Manual};
use wend_core::permission::{Consent, Frequency, Permission, TopicState};

use crate::draw::{address, at, closed, proof, request, word};
use crate::kit::TableKit;

async fn says(kit: &impl TableKit, opted_in: bool, secs: i64) {
    let said = kit.tables().consent(&word("news", opted_in, secs)).await;
    said.unwrap();
}

async fn unsubscribes(kit: &impl TableKit, secs: i64) {
    let proof = proof();
    let said = kit.tables().unsubscribe(address(1), &proof, at(secs));
    said.await.unwrap();
}

async fn permission(kit: &impl TableKit) -> Permission {
    let asked = request(1);
    let view = Ledger::read(kit.tables(), &asked, Some(address(1)));
    view.await.unwrap().permission
}

async fn state(kit: &impl TableKit) -> TopicState {
    permission(kit).await.topic_state("news")
}

pub async fn the_last_word_by_time_counts_in_any_order(kit: impl TableKit) {
    assert_eq!(state(&kit).await, TopicState::Unasked);
    says(&kit, false, 20).await;
    says(&kit, true, 10).await;
    let no = Consent {
        opted_in: false,
        at: at(20),
        proof: proof(),
    };
    assert_eq!(permission(&kit).await.topics["news"], no);
    says(&kit, true, 30).await;
    assert_eq!(state(&kit).await, TopicState::OptedIn);
    says(&kit, false, 29).await;
    assert_eq!(state(&kit).await, TopicState::OptedIn);
    // A time before 1970, which is only a smaller number.
    let change = word("old", true, -30);
    kit.tables().consent(&change).await.unwrap();
    kit.tables()
        .consent(&word("old", false, -40))
        .await
        .unwrap();
    assert!(permission(&kit).await.topics["old"].opted_in);
}

pub async fn of_two_words_at_one_moment_the_no_counts(kit: impl TableKit) {
    for (moment, order) in [(10, [true, false]), (20, [false, true])] {
        for opted_in in order {
            says(&kit, opted_in, moment).await;
        }
        assert_eq!(state(&kit).await, TopicState::OptedOut, "{order:?}");
    }
    // Also of an opt-in and an unsubscribe from everything.
    says(&kit, true, 30).await;
    unsubscribes(&kit, 30).await;
    assert_eq!(state(&kit).await, TopicState::OptedOut);
}

pub async fn topics_do_not_touch_each_other(kit: impl TableKit) {
    let strange = "günstig. Angebote: #1";
    for (topic, opted_in, secs) in [("news", true, 10), (strange, false, 5), ("at", true, 1)] {
        let said = kit.tables().consent(&word(topic, opted_in, secs)).await;
        said.unwrap();
    }
    let row = permission(&kit).await;
    let topics = row.topics.iter();
    let topics = topics.map(|(topic, said)| (topic.as_str(), said.opted_in, said.at));
    let expected = [
        ("at", true, at(1)),
        (strange, false, at(5)),
        ("news", true, at(10)),
    ];
    assert_eq!(topics.collect::<Vec<_>>(), expected);
}

pub async fn a_later_opt_in_undoes_an_unsubscribe_and_an_older_one_does_not(kit: impl TableKit) {
    says(&kit, true, 10).await;
    unsubscribes(&kit, 20).await;
    assert_eq!(state(&kit).await, TopicState::OptedOut);
    says(&kit, true, 15).await;
    assert_eq!(state(&kit).await, TopicState::OptedOut);
    says(&kit, true, 25).await;
    assert_eq!(state(&kit).await, TopicState::OptedIn);
    unsubscribes(&kit, 30).await;
    assert_eq!(state(&kit).await, TopicState::OptedOut);
}

pub async fn an_older_unsubscribe_changes_nothing(kit: impl TableKit) {
    unsubscribes(&kit, 20).await;
    let before = permission(&kit).await;
    unsubscribes(&kit, 10).await;
    unsubscribes(&kit, 20).await;
    assert_eq!(permission(&kit).await, before);
    unsubscribes(&kit, 30).await;
    assert_eq!(permission(&kit).await.unsubscribed, Some((at(30), proof())));
}

pub async fn a_suppression_keeps_its_first_time(kit: impl TableKit) {
    for secs in [20, 30, 10] {
        let closed = kit.tables().suppress(address(1), closed(HardBounce, secs));
        closed.await.unwrap();
    }
    let row = permission(&kit).await;
    assert_eq!((row.suppressed, row.rev), (Some(closed(HardBounce, 20)), 1));
}

pub async fn each_write_moves_the_revision_and_a_repeated_word_does_not(kit: impl TableKit) {
    let close = || kit.tables().suppress(address(1), closed(HardBounce, 9));
    assert_eq!(permission(&kit).await.rev, 0);
    for (rev, secs) in [(1, 10), (1, 10), (1, 9), (2, 11)] {
        says(&kit, true, secs).await;
        assert_eq!(permission(&kit).await.rev, rev, "{secs}");
    }
    for _ in 0..2 {
        unsubscribes(&kit, 12).await;
        assert_eq!(permission(&kit).await.rev, 3);
    }
    for _ in 0..2 {
        close().await.unwrap();
        assert_eq!(permission(&kit).await.rev, 4);
    }
}

pub async fn words_at_once_are_all_kept(kit: impl TableKit) {
    let changes: Vec<_> = (0..8)
        .map(|n| word(&format!("topic {n}"), n % 2 == 0, 10))
        .collect();
    let said = changes.iter().map(|change| kit.tables().consent(change));
    for said in join_all(said).await {
        said.unwrap();
    }
    let row = permission(&kit).await;
    assert_eq!((row.rev, row.topics.len()), (8, 8));
}

pub async fn the_last_word_on_a_pause_counts_in_any_order(kit: impl TableKit) {
    let says = async |until: Option<i64>, secs| {
        let said = kit.tables().pause(address(1), until.map(at), at(secs));
        said.await.unwrap();
        let row = permission(&kit).await;
        (row.paused_until, row.rev)
    };
    assert_eq!(says(Some(100), 10).await, (Some(at(100)), 1));
    assert_eq!(says(Some(90), 5).await, (Some(at(100)), 1));
    assert_eq!(says(Some(90), 10).await, (Some(at(100)), 1));
    assert_eq!(says(None, 20).await, (None, 2));
    assert_eq!(says(Some(100), 15).await, (None, 2));
    assert_eq!(says(Some(200), 30).await, (Some(at(200)), 3));
    let row = kit.tables().row(address(1)).await.unwrap();
    assert_eq!(row, permission(&kit).await);
}

pub async fn the_last_word_on_a_frequency_counts_in_any_order(kit: impl TableKit) {
    let says = async |frequency, secs| {
        let said = kit
            .tables()
            .limit_frequency(address(1), frequency, at(secs));
        said.await.unwrap();
        let row = permission(&kit).await;
        (row.frequency, row.rev)
    };
    let (weekly, monthly) = (Some(Frequency::Weekly), Some(Frequency::Monthly));
    assert_eq!(says(weekly, 10).await, (weekly, 1));
    assert_eq!(says(monthly, 5).await, (weekly, 1));
    assert_eq!(says(monthly, 10).await, (weekly, 1));
    assert_eq!(says(monthly, 20).await, (monthly, 2));
    assert_eq!(says(None, 15).await, (monthly, 2));
    assert_eq!(says(None, 30).await, (None, 3));
}

pub async fn soft_bounces_are_counted_once_each_and_forgotten(kit: impl TableKit) {
    let bounces = async |secs, since| {
        let counted = kit.tables().soft_bounced(address(1), at(secs), at(since));
        counted.await.unwrap()
    };
    let delivers = async |secs| kit.tables().delivered(address(1), at(secs)).await.unwrap();
    delivers(5).await;
    for (secs, since, expected) in [(20, 0, 1), (10, 0, 2), (20, 0, 2), (30, 0, 3), (40, 15, 3)] {
        assert_eq!(bounces(secs, since).await, expected, "{secs} since {since}");
    }
    // The one at 10 is forgotten, not only left out.
    assert_eq!(bounces(40, 0).await, 3);
    delivers(30).await;
    delivers(30).await;
    assert_eq!(bounces(50, 0).await, 2);
    // No claim depends on any of it.
    assert_eq!(permission(&kit).await.rev, 0);
}

pub async fn an_opt_in_to_be_confirmed_stands_beside_the_words(kit: impl TableKit) {
    let asks = async |secs| {
        let mut change = word("news", true, secs);
        change.is_pending = true;
        kit.tables().consent(&change).await.unwrap();
        let row = permission(&kit).await;
        (row.pending["news"].at, row.topic_state("news"), row.rev)
    };
    assert_eq!(asks(10).await, (at(10), TopicState::Pending, 1));
    assert_eq!(asks(9).await, (at(10), TopicState::Pending, 1));
    assert_eq!(permission(&kit).await.pending["news"].proof, proof());
    unsubscribes(&kit, 12).await;
    assert_eq!(state(&kit).await, TopicState::OptedOut);
    assert_eq!(asks(14).await, (at(14), TopicState::Pending, 3));
    // Confirmed under the opt-in's time.
    says(&kit, true, 14).await;
    assert_eq!(state(&kit).await, TopicState::OptedIn);
}

pub async fn a_no_from_between_opt_in_and_confirmation_counts_in_any_order(kit: impl TableKit) {
    for confirmed_first in [true, false] {
        let moment = if confirmed_first { 10 } else { 100 };
        if confirmed_first {
            says(&kit, true, moment).await;
        }
        unsubscribes(&kit, moment + 5).await;
        says(&kit, true, moment).await;
        assert_eq!(state(&kit).await, TopicState::OptedOut, "{confirmed_first}");
    }
}

pub async fn a_complaint_stands_over_other_reasons(kit: impl TableKit) {
    for (said, expected) in [
        (closed(HardBounce, 20), closed(HardBounce, 20)),
        (closed(Complaint, 10), closed(Complaint, 10)),
        (closed(Complaint, 30), closed(Complaint, 10)),
        (closed(Manual, 40), closed(Complaint, 10)),
    ] {
        kit.tables().suppress(address(1), said).await.unwrap();
        assert_eq!(permission(&kit).await.suppressed, Some(expected));
    }
}

pub async fn an_address_is_reopened_for_the_reason_that_was_seen(kit: impl TableKit) {
    let tables = kit.tables();
    let reopens = async |reason, secs| {
        let done = tables.reopen(address(1), reason, at(secs)).await.unwrap();
        (done, permission(&kit).await.suppressed)
    };
    assert_eq!(reopens(HardBounce, 5).await, (Settled::Lost, None));
    tables.soft_bounced(address(1), at(6), at(0)).await.unwrap();
    let bounce = closed(HardBounce, 20);
    tables.suppress(address(1), bounce).await.unwrap();
    assert_eq!(reopens(Manual, 30).await, (Settled::Lost, Some(bounce)));
    assert_eq!(reopens(HardBounce, 30).await, (Settled::Done, None));
    assert_eq!(permission(&kit).await.rev, 2);
    // Soft bounces are forgotten, and the bounce that comes again is old news.
    let counted = tables.soft_bounced(address(1), at(40), at(0)).await;
    assert_eq!(counted.unwrap(), 1);
    for (secs, expected) in [(20, None), (30, None), (31, Some(closed(HardBounce, 31)))] {
        let again = tables.suppress(address(1), closed(HardBounce, secs));
        again.await.unwrap();
        assert_eq!(permission(&kit).await.suppressed, expected, "{secs}");
    }
}

pub async fn the_last_word_on_all_texts_counts_in_any_order(kit: impl TableKit) {
    let says = async |is_stopped, secs| {
        let said = kit.tables().stop(address(1), is_stopped, at(secs));
        said.await.unwrap();
        let row = permission(&kit).await;
        (row.stopped_at, row.rev)
    };
    assert_eq!(says(false, 5).await, (None, 1));
    assert_eq!(says(true, 5).await, (Some(at(5)), 2));
    assert_eq!(says(true, 5).await, (Some(at(5)), 2));
    assert_eq!(says(false, 5).await, (Some(at(5)), 2));
    assert_eq!(says(false, 10).await, (None, 3));
    assert_eq!(says(true, 8).await, (None, 3));
    assert_eq!(says(true, 12).await, (Some(at(12)), 4));
}
