use proptest::prelude::*;

use super::*;
use crate::definitions::{SourceFile, read_all};
use crate::release::Definition;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn contact(number: u8) -> ContactKey {
    ContactKey::from_bytes([number; 16])
}

/// A journey whose trigger says this beside `for`.
fn journey(trigger: &str) -> Journey {
    let text = format!(
        "journey: sweep\ntriggers:\n  - {{ {trigger}, for: all }}\nsteps:\n  - {{ id: stop, exit: done }}\n"
    );
    let files = [
        ("wend.yaml", "wend: 1\nproject: p\n".to_owned()),
        (
            "segments/all.yaml",
            "segment: all\nif: { contact.created_at: { older_than: 1 day } }\n".to_owned(),
        ),
        ("journeys/sweep.yaml", text),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.to_owned(),
        text,
    });
    let definitions = read_all(&files).unwrap();
    let journey = definitions
        .into_iter()
        .find_map(|(_, definition)| match definition {
            Definition::Journey(journey) => Some(journey),
            Definition::Project(_)
            | Definition::Segment(_)
            | Definition::Score(_)
            | Definition::Template(_) => None,
        });
    journey.unwrap()
}

const MONDAY: &str = "schedule: every monday at 10:00";

#[test]
fn on_one_clock_all_are_due_when_it_begins() {
    let journey = journey(&format!("{MONDAY}, zone: Europe/Berlin"));
    let all = Occurrences::of(&journey, 0).unwrap();
    let monday = at("2027-03-01T10:00:00+01:00");
    assert!(all.begin_at(monday) && !all.begin_at(at("2027-03-01T10:00:00Z")));
    assert_eq!(
        all.moment(monday, contact(1), &zone("America/New_York")),
        monday
    );
    assert!(!all.is_lasting());
    let late = at("2027-03-01T23:00:00Z");
    assert_eq!(
        all.due(monday, contact(1), &zone("Asia/Tokyo"), late),
        Due::Now
    );
    assert_eq!(all.running(at("2027-03-01T09:30:00Z")).count(), 0);
}

#[test]
fn on_contacts_own_clocks_it_begins_where_the_hour_comes_first() {
    let journey = journey(&format!("{MONDAY}, zone: contact"));
    let all = Occurrences::of(&journey, 0).unwrap();
    let begin = at("2027-02-28T20:00:00Z");
    assert!(all.begin_at(begin));
    for (name, moment) in [
        ("Pacific/Kiritimati", "2027-02-28T20:00:00Z"),
        ("Asia/Kathmandu", "2027-03-01T10:00:00+05:45"),
        ("Europe/Berlin", "2027-03-01T10:00:00+01:00"),
        ("America/New_York", "2027-03-01T10:00:00-05:00"),
        ("Etc/GMT+12", "2027-03-01T22:00:00Z"),
    ] {
        assert_eq!(
            all.moment(begin, contact(1), &zone(name)),
            at(moment),
            "{name}"
        );
    }
    let running = |now: &str| all.running(at(now)).collect::<Vec<_>>();
    assert_eq!(running("2027-02-28T19:59:59Z"), []);
    assert_eq!(running("2027-02-28T20:00:00Z"), [begin]);
    assert_eq!(running("2027-03-01T21:59:59Z"), [begin]);
    assert_eq!(running("2027-03-01T22:00:00Z"), []);
}

#[test]
fn of_an_hour_that_has_passed_its_file_says_what_comes() {
    let begin = at("2027-02-28T20:00:00Z");
    let now = at("2027-03-01T11:00:00Z");
    let due = |said: &str, own: &str| {
        let journey = journey(&format!(
            "schedule: 2027-03-01 10:00, zone: contact, if_past: {said}"
        ));
        let all = Occurrences::of(&journey, 0).unwrap();
        assert!(all.begin_at(begin));
        all.due(begin, contact(1), &zone(own), now)
    };
    let berlin_tomorrow = Due::At(at("2027-03-02T10:00:00+01:00"));
    assert_eq!(due("now", "Europe/Berlin"), Due::Now);
    assert_eq!(due("skip", "Europe/Berlin"), Due::Passed);
    assert_eq!(due("next_day", "Europe/Berlin"), berlin_tomorrow);
    // Within the hour it has not passed, and where it is still to come nothing is asked.
    assert_eq!(due("skip", "Europe/London"), Due::Now);
    let new_york = Due::At(at("2027-03-01T10:00:00-05:00"));
    assert_eq!(due("skip", "America/New_York"), new_york);
}

#[test]
fn spread_entries_are_due_one_after_the_other_and_always_at_the_same_time() {
    let journey = journey(&format!("{MONDAY}, zone: Europe/Berlin, spread: 2h"));
    let all = Occurrences::of(&journey, 0).unwrap();
    let begin = at("2027-03-01T10:00:00+01:00");
    let berlin = zone("Europe/Berlin");
    let moments: Vec<Timestamp> = (0..=255)
        .map(|number| all.moment(begin, contact(number), &berlin))
        .collect();
    let end = at("2027-03-01T12:00:00+01:00");
    assert!(moments.iter().all(|moment| (begin..end).contains(moment)));
    let first_hour = moments.iter().filter(|at| **at < at_hour(begin)).count();
    assert!((96..=160).contains(&first_hour), "{first_hour}");
    assert_eq!(moments[7], all.moment(begin, contact(7), &berlin));
    assert!(all.is_lasting());
}

fn at_hour(begin: Timestamp) -> Timestamp {
    begin.plus(Duration::from_hours(1))
}

proptest! {
    /// Whoever is due later than now finds the occurrence among those that go on.
    #[test]
    fn who_is_still_due_is_in_an_occurrence_that_goes_on(
        name in prop::sample::select(vec!["Pacific/Kiritimati", "Etc/GMT+12", "America/New_York", "Australia/Lord_Howe"]),
        schedule in prop::sample::select(vec!["every day at 02:30", "every sun at 23:59", "cron 0 */6 * * *"]),
        spread in prop::sample::select(vec!["", ", spread: 3h", ", spread: 1 day"]),
        hours in 0u64..20_000,
        later in 0u64..80 * 60,
    ) {
        let journey = journey(&format!("schedule: {schedule}{spread}"));
        let all = Occurrences::of(&journey, 0).unwrap();
        let from = at("2026-01-01T00:00:00Z").plus(Duration::from_hours(hours));
        let begin = all.schedule.next_after(from, &all.clock()).unwrap();
        prop_assert!(all.begin_at(begin));
        let moment = all.moment(begin, contact(9), &zone(name));
        prop_assert!(moment >= begin);
        let now = begin.plus(Duration::from_mins(later));
        if moment > now {
            prop_assert!(all.running(now).any(|running| running == begin));
        }
    }
}
