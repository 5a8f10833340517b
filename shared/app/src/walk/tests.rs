use serde_json::{Value, json};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::log::Trace;
use wend_core::pace::{Counter, Rate, Take, micros};
use wend_core::tracking::{self, Call};

use super::*;
use crate::memory::{MemoryStore, SeededIds, VirtualClock, World, WorldSettings, run};
use crate::ports::{Ids, Stepped};

const START: &str = "2027-02-27T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A world in which gold contacts are sent something every Monday at 10:00; the trigger says more.
fn world(trigger: &str) -> World {
    let journey = format!(
        "journey: sale\nstate: live\ntopic: news\nreentry: always\n\
         triggers:\n  - {{ schedule: every monday at 10:00, for: gold, {trigger} }}\n\
         steps: [ {{ id: hello, email: hello }} ]\n"
    );
    let files = [
        (
            "wend.yaml",
            "wend: 1\nproject: p\npostal_address: Street 1\nzone: Europe/Berlin\nattributes: { tier: { type: text } }\n\
             senders: { shop: { email: Shop <shop@example.com> } }\ntopics: { news: { title: News, opt_in: single } }\n",
        ),
        ("journeys/sale.yaml", journey.as_str()),
        (
            "segments/gold.yaml",
            "segment: gold\nif: { contact.tier: gold }\n",
        ),
        (
            "templates/hello.md",
            "---\ntemplate: hello\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHello\n",
        ),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    });
    let mut world = World::new(WorldSettings::new(at(START))).unwrap();
    world.publish(read_all(&files).unwrap()).unwrap();
    world
}

fn identify(world: &World, name: &str, traits: &Value) {
    let request = tracking::Request {
        source: "test",
        is_public: false,
        accepted_at: world.now(),
        sent_at: None,
    };
    let message_id = format!("{name} {traits}");
    let body = json!({ "userId": name, "messageId": message_id, "traits": traits });
    let draw = || SeededIds::new(9).draw();
    let event = tracking::read(Some(Call::Identify), &body, request, draw).unwrap();
    world.accept(Input::Event(Box::new(event))).unwrap();
}

fn person(world: &World, name: &str, tier: &str, zone: &str) {
    let email = format!("{name}@example.com");
    let traits = json!({ "email": email, "subscribed": ["news"], "tier": tier, "timezone": zone });
    identify(world, name, &traits);
}

/// Who was mailed when.
fn mailed(world: &World) -> Vec<(String, String)> {
    let mails = world.mailbox().sent_from(0).into_iter();
    let name = |to: &str| to.split('@').next().unwrap().to_owned();
    mails
        .map(|mail| (name(&mail.to), mail.at.to_string()))
        .collect()
}

fn owned(mails: &[(&str, &str)]) -> Vec<(String, String)> {
    let mails = mails.iter();
    mails
        .map(|(who, at)| ((*who).to_owned(), (*at).to_owned()))
        .collect()
}

#[test]
fn on_one_clock_all_members_enter_when_it_comes_and_no_others() {
    let mut world = world("zone: Europe/Berlin");
    person(&world, "ana", "gold", "America/New_York");
    person(&world, "ben", "tin", "Europe/Berlin");
    for occurrence in ["2027-03-01T09:00:00Z", "2027-03-08T09:00:00Z"] {
        world.run_until(at(occurrence)).unwrap();
        // EventBridge delivers at least once.
        world.start_schedule("sale").unwrap();
        world.start_schedule("sale").unwrap();
    }
    world.run_until(at("2027-03-09T00:00:00Z")).unwrap();
    // In New York it is night: a project without quiet hours does not mind.
    let expected = [
        ("ana", "2027-03-01T09:00:00Z"),
        ("ana", "2027-03-08T09:00:00Z"),
    ];
    assert_eq!(mailed(&world), owned(&expected));
    assert!(world.queues().is_empty(), "{:?}", world.queues());
}

#[test]
fn on_contacts_own_clocks_each_enters_at_its_hour_whenever_it_joined_before() {
    let mut world = world("zone: contact");
    for (name, tier, zone) in [
        ("ana", "gold", "Asia/Tokyo"),
        ("ben", "gold", "Europe/Berlin"),
        ("cleo", "tin", "Europe/Berlin"),
        ("dora", "gold", "America/New_York"),
        ("emil", "gold", "Europe/Berlin"),
    ] {
        person(&world, name, tier, zone);
    }
    // Ten o'clock on the first islands.
    world.run_until(at("2027-02-28T20:00:00Z")).unwrap();
    world.start_schedule("sale").unwrap();
    world.run_until(at("2027-03-01T07:00:00Z")).unwrap();
    // Meanwhile one joins, one leaves, one moves west, and one is heard of for the first time.
    identify(&world, "cleo", &json!({ "tier": "gold" }));
    identify(&world, "emil", &json!({ "tier": "tin" }));
    identify(&world, "ben", &json!({ "timezone": "Europe/London" }));
    person(&world, "fay", "gold", "America/New_York");
    world.run_until(at("2027-03-02T12:00:00Z")).unwrap();
    let expected = [
        ("ana", "2027-03-01T01:00:00Z"),
        ("cleo", "2027-03-01T09:00:00Z"),
        ("ben", "2027-03-01T10:00:00Z"),
    ];
    let mut mails = mailed(&world);
    let mut last = mails.split_off(3);
    assert_eq!(mails, owned(&expected));
    last.sort();
    let new_york = "2027-03-01T15:00:00Z";
    assert_eq!(last, owned(&[("dora", new_york), ("fay", new_york)]));
}

#[test]
fn who_moves_after_its_hour_to_where_it_is_still_to_come_has_had_it() {
    let mut world = world("zone: contact");
    person(&world, "ana", "gold", "Asia/Tokyo");
    world.run_until(at("2027-02-28T20:00:00Z")).unwrap();
    world.start_schedule("sale").unwrap();
    world.run_until(at("2027-03-01T02:00:00Z")).unwrap();
    identify(&world, "ana", &json!({ "timezone": "Europe/Berlin" }));
    world.run_until(at("2027-03-01T03:00:00Z")).unwrap();
    identify(
        &world,
        "ana",
        &json!({ "tier": "gold", "first_name": "Ana" }),
    );
    world.run_until(at("2027-03-02T12:00:00Z")).unwrap();
    assert_eq!(mailed(&world), owned(&[("ana", "2027-03-01T01:00:00Z")]));
}

#[test]
fn entries_are_spread_and_a_late_word_doubles_none() {
    let mut world = world("zone: Europe/Berlin, spread: 2h");
    let mut names: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
    for name in &names {
        person(&world, name, "gold", "Europe/Berlin");
    }
    world.run_until(at("2027-03-01T09:00:00Z")).unwrap();
    world.start_schedule("sale").unwrap();
    world.run_until(at("2027-03-01T10:00:00Z")).unwrap();
    world.start_schedule("sale").unwrap();
    let half = mailed(&world).len();
    assert!((10..=30).contains(&half), "{half}");
    world.run_until(at("2027-03-01T12:00:00Z")).unwrap();
    let mut who: Vec<String> = mailed(&world).into_iter().map(|(who, _)| who).collect();
    who.sort();
    names.sort();
    assert_eq!(who, names);
}

#[test]
fn a_touch_walks_over_everybody_once() {
    let mut world = world("zone: UTC");
    for number in 0..30 {
        person(&world, &format!("p{number}"), "tin", "UTC");
    }
    world.run_until(at(START)).unwrap();
    let before = world.store().rows_from(0).unwrap().len();
    for walks in 1..=2 {
        world.touch_all().unwrap();
        world.run_until(at(START)).unwrap();
        let rows = world.store().rows_from(before).unwrap();
        assert_eq!(rows.len(), 30 * walks);
    }
}

#[test]
fn a_walk_rests_while_messages_stand_in_a_long_line() {
    let mut world = world("zone: UTC");
    person(&world, "ana", "gold", "UTC");
    let ten = at("2027-03-01T10:00:00Z");
    world.run_until(ten).unwrap();
    // Two minutes later it is short enough.
    stand_in_line(world.store(), ten, Duration::from_secs(7 * 60 - 1));
    world.start_schedule("sale").unwrap();
    world.run_until(ten.plus(Duration::from_secs(119))).unwrap();
    assert_eq!(entered(&world), 0);
    world.run_until(ten.plus(Duration::from_secs(121))).unwrap();
    assert_eq!(entered(&world), 1);
}

fn entered(world: &World) -> usize {
    let rows = world.store().rows_from(0).unwrap();
    let traces = rows.iter().flat_map(|row| &row.trace);
    traces
        .filter(|trace| matches!(trace, Trace::Entered { .. }))
        .count()
}

/// Somebody has taken a place in the line of emails that is this far behind.
fn stand_in_line(store: &MemoryStore, now: Timestamp, length: Duration) {
    let clock = VirtualClock::starting_at(now);
    let end = micros(now.plus(length));
    let take = Take {
        counter: Counter::Line,
        rev: 0,
        seen: 0,
        floor: end,
        below: end + 1,
        furthest: end + 1,
        handed_max: u64::MAX,
        count: 1,
        rate: Rate::per(1000, 1),
    };
    let key = PaceKey::Channel(Channel::Email);
    let taken = run(&clock, store.take(&key, &take)).unwrap().unwrap();
    assert!(matches!(taken, Stepped::Done(_)), "{taken:?}");
}

#[test]
fn a_schedule_of_what_nobody_has_published_starts_nobody() {
    let mut world = world("zone: UTC");
    world.start_schedule("gone").unwrap();
    world.run_until(at(START)).unwrap();
    assert!(world.queues().is_empty());
    assert_eq!(world.queues().dead_letters(), []);
}

#[test]
fn the_word_of_eventbridge_is_a_start() {
    let word = "{\"start\":{\"journey\":\"sale\",\"at\":\"2027-03-01T10:00:00Z\"}}";
    let task: Task = serde_json::from_str(word).unwrap();
    let journey = "sale".to_owned();
    let at = Some("2027-03-01T10:00:00Z".to_owned());
    assert_eq!(task, Task::Start { journey, at });
}
