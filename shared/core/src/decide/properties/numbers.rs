//! Laws of large numbers and of slow change: shares of splits, decay of scores.

use crate::contact::{Contact, KeptScore};
use crate::decide::told::{SECRET, decided, event};
use crate::decide::view::View;
use crate::decide::{drawn, pick, score};
use crate::definitions::SourceFile;
use crate::id::{ContactKey, InputId};
use crate::identity::{Identity, IdentityKind};
use crate::input::{EventKind, Input};
use crate::release::{
    Admission, Definition, JourneyPath, Manifest, Part, Release, Score, ScoreRule, ScoreSource,
    Share, Then,
};
use crate::time::Timestamp;

use proptest::prelude::*;

fn contacts(count: u32) -> impl Iterator<Item = ContactKey> {
    (0..count).map(|number| {
        let name = Identity::new(IdentityKind::User, &format!("contact {number}"));
        name.unwrap().key(&SECRET)
    })
}

fn paths(shares: &[u16]) -> Vec<JourneyPath> {
    let path = |(place, share): (usize, &u16)| JourneyPath {
        id: format!("p{place}"),
        admission: Admission::Weight {
            share: Share(*share),
            is_baseline: false,
        },
        then: Then::Below,
    };
    shares.iter().enumerate().map(path).collect()
}

/// Four standard deviations: by chance one of 16,000 draws lies outside, and ours are always the same.
fn assert_near(found: usize, count: u32, share: f64) {
    let expected = f64::from(count) * share;
    let deviation = (expected * (1.0 - share)).sqrt();
    let off = (f64::from(u32::try_from(found).unwrap()) - expected).abs();
    assert!(
        off <= 4.0 * deviation,
        "{found} of {count}, wanted {expected} ± {deviation}"
    );
}

#[test]
fn a_split_gives_each_path_its_share() {
    const COUNT: u32 = 20_000;
    for (salt, shares) in [
        ("cart/offer", &[4500_u16, 4500, 1000][..]),
        ("nurture/depth", &[5000, 5000]),
        ("tiny", &[9999, 1]),
        ("none", &[0, 10_000]),
    ] {
        let paths = paths(shares);
        let taken: Vec<&str> = contacts(COUNT)
            .map(|id| pick(&paths, drawn(id, salt)).unwrap().id.as_str())
            .collect();
        for (path, share) in paths.iter().zip(shares) {
            let found = taken.iter().filter(|id| **id == path.id).count();
            assert_near(found, COUNT, f64::from(*share) / 10_000.0);
        }
    }
}

/// Two splits tell nothing of each other, as do a split and the holdout.
#[test]
fn draws_under_two_salts_are_independent() {
    const COUNT: u32 = 20_000;
    let both = contacts(COUNT)
        .filter(|id| drawn(*id, "one") < 5000 && drawn(*id, "two") < 5000)
        .count();
    assert_near(both, COUNT, 0.25);
    let held = contacts(COUNT)
        .filter(|id| drawn(*id, "one") < 5000 && drawn(*id, "one/holdout") < 1000)
        .count();
    assert_near(held, COUNT, 0.05);
}

#[test]
fn everybody_keeps_the_path_when_a_share_grows() {
    let (before, after) = (paths(&[3000, 7000]), paths(&[4000, 6000]));
    for id in contacts(2000) {
        let number = drawn(id, "salt");
        let (was, is) = (
            pick(&before, number).unwrap(),
            pick(&after, number).unwrap(),
        );
        assert!(
            was.id == is.id || (was.id == "p1" && is.id == "p0"),
            "{was:?} {is:?}"
        );
    }
}

fn half_lived(half_life: &str) -> Score {
    Score {
        id: "warm".to_owned(),
        title: String::new(),
        min: -100,
        max: 100,
        half_life: Some(half_life.parse().unwrap()),
        rules: Vec::new(),
        thresholds: Vec::new(),
    }
}

fn holding(points: f64) -> Contact {
    let mut contact = Contact::new(ContactKey::from_bytes([1; 16]), Timestamp::default());
    let at = Timestamp::default();
    contact.scores.insert(
        "warm".to_owned(),
        KeptScore {
            points,
            at,
            ..KeptScore::default()
        },
    );
    contact
}

fn hours(hours: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a test's hours are few")]
    Timestamp::from_millis((hours * 3_600_000.0) as i64)
}

/// What gives points, and how many.
const POINTS: [(&str, i32); 3] = [("opened", 5), ("downloaded", 10), ("complained", -7)];

/// A release whose score "warm" takes points for events.
fn collecting(half_life: &str) -> Release {
    let rules = POINTS.map(|(event, points)| ScoreRule {
        id: event.to_owned(),
        points,
        source: ScoreSource::Event {
            event: event.to_owned(),
            filter: None,
            max: None,
            within: None,
        },
    });
    let score = Score {
        min: -100_000,
        max: 100_000,
        rules: rules.to_vec(),
        ..half_lived(half_life)
    };
    let file = SourceFile {
        path: "scores/warm.yaml".to_owned(),
        text: half_life.to_owned(),
    };
    let parts = vec![Part::new(file, Definition::Score(score))];
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

proptest! {
    /// Whenever it is read: each event's points, halved as often as half-lives have passed since, added up.
    #[test]
    fn a_score_is_what_is_left_of_each_event(
        half_life in 1..80_u32,
        events in proptest::collection::vec((0.0..50.0_f64, 0..POINTS.len(), 0.0..50.0_f64), 1..40),
    ) {
        let release = collecting(&format!("{half_life}h"));
        let score = release.score("warm").unwrap();
        let (mut contact, mut now, mut given) = (None, 0.0, Vec::new());
        for (number, (gap, which, look)) in (0_u64..).zip(events) {
            now += gap;
            let (name, points) = POINTS[which];
            given.push((hours(now), f64::from(points)));
            let mut said = event(0, EventKind::Track(name.to_owned()), serde_json::json!({}), hours(now));
            said.id = InputId::of("said", &[&number.to_be_bytes()]);
            contact = decided(&release, contact, hours(now), Input::Event(Box::new(said))).contact;
            let at = hours(now + look);
            let left = given.iter().map(|(then, points)| {
                let age = at.since(*then).as_secs_f64() / 3600.0;
                points * 0.5_f64.powf(age / f64::from(half_life))
            });
            let closed: f64 = left.sum();
            let view = View::of(contact.as_ref().unwrap(), &release, at);
            #[expect(clippy::cast_possible_truncation, reason = "far below 2^53")]
            let whole = closed.floor() as i64;
            let is_at_edge = (closed - closed.round()).abs() < 1e-6;
            let value = score::value(score, &view);
            prop_assert!(is_at_edge || value == whole, "{} {}", value, closed);
        }
    }

    /// Minute by minute: the points are what halving by hand gives, and they change only when the score said so.
    #[test]
    fn a_score_decays_as_it_does_by_hand(points in -80.0..99.0_f64, half_life in 1..60_i32, looks in 1..200_u32) {
        let release = Release::default();
        let score = half_lived(&format!("{half_life}h"));
        let contact = holding(points);
        let start = View::of(&contact, &release, Timestamp::default());
        let mut value = score::value(&score, &start);
        let mut changes_at = score::changes_at(&score, &start, None);
        for look in 1..=looks {
            let age = f64::from(look) * 1.7;
            let view = View::of(&contact, &release, hours(age));
            let by_hand = points * 0.5_f64.powf(age / f64::from(half_life));
            let now = score::value(&score, &view);
            #[expect(clippy::cast_possible_truncation, reason = "within the score's range")]
            let whole = (by_hand + 1e-9).floor() as i64;
            // So near to a whole number the order of multiplications decides.
            let is_at_edge = (by_hand - by_hand.round()).abs() < 1e-6;
            prop_assert!(is_at_edge || now == whole.clamp(-100, 100), "{} {}", now, by_hand);
            if now != value {
                prop_assert!(changes_at.is_some_and(|at| at <= hours(age).plus(std::time::Duration::from_millis(5))));
                value = now;
                changes_at = score::changes_at(&score, &view, None);
            }
        }
    }

    /// Wakes for a score are few: each finds another whole number of points.
    #[test]
    fn each_wake_for_a_score_finds_it_changed(points in 0.0..99.0_f64, half_life in select_half_life()) {
        let release = Release::default();
        let score = half_lived(half_life);
        let contact = holding(points);
        let mut at = Timestamp::default();
        let mut value = score::value(&score, &View::of(&contact, &release, at));
        while let Some(next) = score::changes_at(&score, &View::of(&contact, &release, at), None) {
            let now = score::value(&score, &View::of(&contact, &release, next));
            prop_assert!(next > at && now < value, "{} {} {} {}", at, next, value, now);
            (at, value) = (next, now);
        }
        prop_assert_eq!(value, 0);
    }
}

fn select_half_life() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["1h", "1 day", "30 days", "1 year", "10 years"])
}
