//! Rows of imports: what they bring counts from when it was said, and starts nothing.

use super::*;
use crate::condition::Topic;
use crate::contact::Word;
use crate::permission::ConsentChange;

fn topic(name: &str) -> Topic {
    name.parse().unwrap()
}

/// Import row number `n`, true at this moment.
fn import(world: &mut World, traits: Value) -> Decision {
    world.inputs += 1;
    let event = told::event(world.inputs, EventKind::Identify, traits, world.now);
    world.apply(Input::Event(Box::new(Event {
        is_import: true,
        ..event
    })))
}

fn consents(decision: &Decision) -> Vec<ConsentChange> {
    let effects = decision.row.as_ref().unwrap().effects.iter();
    let changes = effects.filter_map(|effect| match effect {
        Effect::Consent(change) => Some(change.clone()),
        Effect::Carry { .. } | Effect::Send(_) | Effect::Call(_) | Effect::Wake { .. } => None,
    });
    changes.collect()
}

fn news(at: Timestamp) -> Value {
    json!([{ "topic": "news", "wording": "Yes, news", "source": "old tool", "at": at.to_string() }])
}

#[test]
fn an_imported_yes_is_as_old_as_it_says_and_loses_to_a_newer_no() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"email": "ana@example.com", "unsubscribed": ["news"]}));
    let refused_at = world.now;
    let before = refused_at.minus(Duration::from_hours(1));
    let row = world.advance(60);
    let decision = import(row, json!({ "subscribed": news(before) }));
    let [change] = consents(&decision).try_into().unwrap();
    assert_eq!((change.consent.opted_in, change.consent.at), (true, before));
    assert_eq!(change.consent.proof.source, "old tool");
    let said = |world: &World| world.contact.as_ref().unwrap().consents[&topic("news")].word;
    assert_eq!(said(&world), Word::No);
    let after = refused_at.plus(Duration::from_secs(30));
    import(&mut world, json!({ "subscribed": news(after) }));
    assert_eq!(said(&world), Word::Yes);
}

#[test]
fn what_a_site_repeats_after_an_import_is_no_news() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"email": "ana@example.com", "subscribed": ["news"]}));
    world.advance(60);
    import(&mut world, json!({ "subscribed": [] , "age": 41 }));
    world
        .advance(60)
        .identify(json!({ "unsubscribed": ["news"] }));
    let repeated = world
        .advance(60)
        .identify(json!({ "subscribed": ["news"] }));
    assert_eq!(consents(&repeated), []);
}

#[test]
fn an_import_states_that_an_opt_in_was_confirmed_and_a_page_cannot() {
    let double = PROJECT.replace("title: News", "title: News, opt_in: double");
    let public = |public: Option<&str>| {
        let mut world = World::new(WELCOME);
        let file = ("wend.yaml", double.as_str());
        let project = [
            file,
            ("journeys/welcome.yaml", WELCOME),
            ("templates/hi.md", HI),
        ];
        world.release = release_of(&project);
        let mut said = news(world.now);
        said[0]["confirmed_at"] = json!(world.now.to_string());
        let traits = json!({ "email": "ana@example.com", "subscribed": said });
        let event = told::event(1, EventKind::Identify, traits, world.now);
        let decision = world.apply(Input::Event(Box::new(Event {
            is_import: public.is_none(),
            public_source: public.map(str::to_owned),
            ..event
        })));
        let changes = consents(&decision);
        changes
            .iter()
            .map(|change| change.is_pending)
            .collect::<Vec<_>>()
    };
    assert_eq!(public(None), [false]);
    assert_eq!(public(Some("site")), [true]);
}
