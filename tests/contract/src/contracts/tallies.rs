//! Counters and brakes.

use wend_app::ports::{Ledger, Settled, Tallies};
use wend_core::brake::{Brake, Brakes, Cause, Counter, DayNumber, Returned, Scope, Tally};
use wend_core::send::{Outcome, SendState, SkipReason};

use crate::draw::{at, request};
use crate::kit::TableKit;

const TODAY: DayNumber = DayNumber(20_000);

fn journey() -> Scope {
    Scope::Journey("welcome".to_owned())
}

fn tally(counts: &[(Counter, u32)]) -> Tally {
    Tally(counts.iter().copied().collect())
}

pub async fn what_is_added_is_answered_and_read_by_scope_and_day(kit: impl TableKit) {
    let tables = kit.tables();
    let add = async |counter, count| {
        let added = tables.add(&Scope::All, TODAY, counter, count).await;
        added.unwrap()
    };
    assert_eq!(add(Counter::Sent, 3).await, tally(&[(Counter::Sent, 3)]));
    let last_hour = Counter::Entered(23);
    let two = tally(&[(Counter::Sent, 3), (last_hour, 1)]);
    assert_eq!(add(last_hour, 1).await, two);
    let more = tally(&[(Counter::Sent, 42), (last_hour, 1)]);
    assert_eq!(add(Counter::Sent, 39).await, more);
    assert_eq!(tables.tally(&Scope::All, TODAY).await.unwrap(), more);
    for (scope, day) in [(journey(), TODAY), (Scope::All, TODAY.before())] {
        assert_eq!(tables.tally(&scope, day).await.unwrap(), Tally::default());
    }
}

pub async fn what_became_of_a_send_is_noted_once(kit: impl TableKit) {
    let tables = kit.tables();
    let request = request(1);
    let note = async |what| tables.note_returned(request.send, what).await.unwrap();
    assert_eq!(note(Returned::Bounced).await, Settled::Lost, "no such send");
    let reason = SkipReason::Expired;
    let state = SendState::Final {
        at: at(1),
        outcome: Outcome::Skipped { reason },
    };
    tables.skip(&request, &state).await.unwrap();
    for what in [Returned::Bounced, Returned::Complained] {
        assert_eq!(note(what).await, Settled::Done);
        assert_eq!(note(what).await, Settled::Lost);
    }
    let view = tables.read(&request, None).await.unwrap();
    assert_eq!(view.send, Some(state), "the row stays what it was");
}

pub async fn a_day_of_a_ramp_lets_so_many_through(kit: impl TableKit) {
    let tables = kit.tables();
    let climb = |domain, day, most| {
        let climbed = tables.climb(domain, day, most);
        async move { climbed.await.unwrap() }
    };
    let crowd = (0..20).map(|_| climb("example.com", TODAY, 7));
    let crowd = futures_util::future::join_all(crowd).await;
    let through = crowd.iter().filter(|climbed| **climbed == Settled::Done);
    assert_eq!(through.count(), 7);
    assert_eq!(climb("example.com", TODAY, 8).await, Settled::Done);
    assert_eq!(climb("example.com", TODAY, 8).await, Settled::Lost);
    assert_eq!(climb("example.com", TODAY, u64::MAX).await, Settled::Done);
    assert_eq!(climb("example.com", TODAY.before(), 1).await, Settled::Done);
    assert_eq!(climb("mail.example.com", TODAY, 1).await, Settled::Done);
}

pub async fn a_brake_is_put_on_once_and_lifting_it_counts_anew(kit: impl TableKit) {
    let tables = kit.tables();
    assert_eq!(tables.brakes().await.unwrap(), Brakes::new());
    let brake = |count| Brake {
        since: at(5),
        from: at(4),
        cause: Cause::Returned {
            what: Returned::Bounced,
            count,
            sent: 100,
        },
    };
    let put = |scope, count| async move { tables.brake(&scope, &brake(count)).await.unwrap() };
    assert_eq!(put(journey(), 6).await, Settled::Done);
    assert_eq!(
        put(journey(), 7).await,
        Settled::Lost,
        "the first one counts"
    );
    assert_eq!(put(Scope::All, 8).await, Settled::Done);
    let both = Brakes::from([(Scope::All, brake(8)), (journey(), brake(6))]);
    assert_eq!(tables.brakes().await.unwrap(), both);
    for day in [TODAY, TODAY.before()] {
        tables.add(&journey(), day, Counter::Sent, 1).await.unwrap();
    }
    for _ in 0..2 {
        tables.lift(&journey(), TODAY).await.unwrap();
        let left = Brakes::from([(Scope::All, brake(8))]);
        assert_eq!(tables.brakes().await.unwrap(), left);
        for day in [TODAY, TODAY.before()] {
            assert_eq!(
                tables.tally(&journey(), day).await.unwrap(),
                Tally::default()
            );
        }
    }
}

pub async fn counting_begins_once(kit: impl TableKit) {
    let tables = kit.tables();
    let since = async |now| tables.counted_since(&journey(), at(now)).await.unwrap();
    assert_eq!(since(7).await, at(7));
    assert_eq!(since(9).await, at(7));
    tables.lift(&journey(), TODAY).await.unwrap();
    assert_eq!(since(9).await, at(9));
}
