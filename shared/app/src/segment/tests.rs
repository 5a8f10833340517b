use std::collections::BTreeSet;

use serde_json::json;
use wend_core::definitions::{SourceFile, read_all};
use wend_core::input::Input;
use wend_core::release::{Manifest, Part};
use wend_core::time::Timestamp;
use wend_core::tracking::{self, Call};

use super::*;
use crate::memory::{SeededIds, VirtualClock, World, WorldSettings, run};
use crate::ports::Ids;

const START: &str = "2027-03-01T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A project with these segments.
fn release(segments: &[(&str, &str)]) -> Release {
    let mut files = vec![SourceFile {
        path: "wend.yaml".to_owned(),
        text: "wend: 1\nproject: p\nattributes: { tier: { type: text } }\n".to_owned(),
    }];
    files.extend(segments.iter().map(|(name, rule)| SourceFile {
        path: format!("segments/{name}.yaml"),
        text: format!("segment: {name}\nif: {rule}\n"),
    }));
    let parts = read_all(&files).unwrap().into_iter();
    let parts: Vec<Part> = parts
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    let manifest = Manifest::next(None, &parts, Timestamp::default());
    Release::new(&manifest, parts)
}

/// A world with so many contacts; every third is gold.
fn crowd(count: usize) -> World {
    let mut world = World::new(WorldSettings::new(at(START))).unwrap();
    for number in 0..count {
        let tier = if number % 3 == 0 { "gold" } else { "tin" };
        let body = json!({ "userId": format!("u{number}"), "messageId": number.to_string(), "traits": { "tier": tier } });
        let request = tracking::Request {
            source: "test",
            is_public: false,
            accepted_at: world.now(),
            sent_at: None,
        };
        let draw = || SeededIds::new(9).draw();
        let event = tracking::read(Some(Call::Identify), &body, request, draw).unwrap();
        world.accept(Input::Event(Box::new(event))).unwrap();
    }
    world.run_until(at(START)).unwrap();
    world
}

#[test]
fn everybody_who_belongs_is_counted_and_some_are_named() {
    let (world, release) = (
        crowd(60),
        release(&[
            ("gold", "{ contact.tier: gold }"),
            ("none", "{ contact.tier: wood }"),
        ]),
    );
    let clock = VirtualClock::starting_at(at(START));
    let preview = |segment, sample| {
        let counting = preview(world.store(), &clock, &release, segment, sample);
        run(&clock, counting).unwrap().unwrap()
    };
    let gold = preview("gold", 5);
    assert_eq!(
        (gold.contacts, gold.members, gold.sample.len()),
        (60, 20, 5)
    );
    let all = preview("gold", 100);
    let keys: BTreeSet<_> = all.sample.iter().map(|contact| contact.id).collect();
    assert_eq!(keys.len(), 20);
    assert_eq!(gold.sample, all.sample[..5]);
    let expected = Preview {
        contacts: 60,
        ..Preview::default()
    };
    assert_eq!(preview("none", 5), expected);
}

#[test]
fn what_is_not_kept_yet_is_said() {
    let wanted = release(&[
        (
            "buyers",
            "{ did: { event: ordered, at_least: 1, within: 30 days } }",
        ),
        ("gold", "{ contact.tier: gold }"),
    ]);
    let less = release(&[("gold", "{ contact.tier: gold }")]);
    assert_eq!(unknown_events(&wanted, &less), ["ordered"]);
    assert_eq!(unknown_events(&wanted, &wanted), [] as [&str; 0]);
    let more = release(&[(
        "fans",
        "{ did: { event: ordered, at_least: 5, within: 30 days } }",
    )]);
    assert_eq!(unknown_events(&wanted, &more), [] as [&str; 0]);
    assert_eq!(unknown_events(&more, &wanted), ["ordered"]);
}
