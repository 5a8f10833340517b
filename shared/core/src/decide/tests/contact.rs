//! What is learned about a contact, and what is refused or not worth storing.

use super::*;
use crate::contact::CONTACT_BYTES_MAX;

#[test]
fn consent_is_said_once_and_not_by_repetition() {
    let mut world = World::new(WELCOME);
    let consents = |decision: &Decision| {
        let effects = decision.row.as_ref().unwrap().effects.iter();
        effects
            .filter(|effect| matches!(effect, Effect::Consent(_)))
            .count()
    };
    let traits = json!({"email": "ana@example.com", "subscribed": ["news", "gossip"]});
    let first = world.identify(traits.clone());
    assert_eq!(consents(&first), 1);
    assert!(
        first
            .row
            .unwrap()
            .trace
            .contains(&Trace::UnknownTopic("gossip".into()))
    );
    let repeated = world.advance(60).identify(traits);
    assert_eq!(consents(&repeated), 0);
    assert!(!repeated.is_changed);
    let refused = world.identify(json!({"unsubscribed": ["news"]}));
    assert_eq!(consents(&refused), 1);
}

#[test]
fn attributes_take_the_last_writer_by_time_in_any_order() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"plan": "pro"}));
    let later = world.now;
    world.now = later.minus(Duration::from_mins(1));
    world.identify(json!({"plan": "free", "city": "Bonn"}));
    let contact = world.contact.clone().unwrap();
    let value = |name: &str| {
        contact
            .attributes
            .get(name)
            .map(|a| a.value.expose().clone())
    };
    assert_eq!(
        (value("plan"), value("city")),
        (Some(json!("pro")), Some(json!("Bonn")))
    );
}

#[test]
fn a_public_key_sets_an_address_only_where_there_is_none() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"email": "ana@example.com"}));
    let mallory = told::event(
        9,
        EventKind::Identify,
        json!({"email": "mallory@example.com"}),
        world.now,
    );
    let second = world.apply(Input::Event(Box::new(Event {
        public_source: Some("site".to_owned()),
        ..mallory
    })));
    let address = world.contact.unwrap().email.unwrap().address;
    assert_eq!(address.expose(), "ana@example.com");
    assert_eq!(second.row.unwrap().trace, [Trace::AddressKept]);
}

#[test]
fn an_anonymous_visitor_whom_no_rule_reads_is_not_stored() {
    let mut world = World::new(WELCOME);
    let decision = world.event(EventKind::Page, IdentityKind::Anonymous, json!({}));
    assert!(!decision.is_changed && decision.contact.is_none() && decision.row.is_some());
    let decision = world.event(
        EventKind::Track("signed_up".into()),
        IdentityKind::Anonymous,
        json!({}),
    );
    assert!(decision.is_changed);
}

#[test]
fn what_is_too_old_erased_or_too_large_is_refused_with_a_row() {
    let mut world = World::new(WELCOME);
    let large = world.identify(json!({"bio": "x".repeat(CONTACT_BYTES_MAX)}));
    assert_eq!(large.row.unwrap().refusal, Some(Refusal::ContactTooLarge));
    assert!(large.contact.is_none());

    let accepted_at = world.now;
    let input = Input::Wake(Wake {
        contact: ContactKey::from_bytes([1; 16]),
        due_at: accepted_at,
    });
    let mut contact = Contact::new(ContactKey::from_bytes([1; 16]), accepted_at);
    contact.due_at = Some(accepted_at);
    let subject = |erased_at| Subject {
        id: contact.id,
        contact: Some(contact.clone()),
        erased_at,
        others: Vec::new(),
    };
    let envelope = Envelope { accepted_at, input };
    let clock = accepted_at.plus(INPUT_AGE_MAX + Duration::from_secs(1));
    let context = |clock| Context {
        release: &world.release,
        secret: &SECRET,
        clock,
    };
    let old = decide(subject(None), &envelope, context(clock)).unwrap();
    assert_eq!(old.row.unwrap().refusal, Some(Refusal::TooOld));
    let erased = decide(subject(Some(accepted_at)), &envelope, context(accepted_at)).unwrap();
    assert_eq!(erased.row.unwrap().refusal, Some(Refusal::Erased));
}

#[test]
fn a_row_survives_packing() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"email": "ana@example.com", "subscribed": ["news"]}));
    world.track("signed_up");
    for row in &world.rows {
        assert_eq!(LogRow::unpack(&row.pack().unwrap()).unwrap(), *row);
    }
}

#[test]
fn a_word_with_its_circumstances_counts_each_time_and_keeps_them() {
    let mut world = World::new(WELCOME);
    let act = json!({"topic": "news", "source": "checkout", "wording": "Yes, send me news"});
    let traits = json!({"email": "ana@example.com", "subscribed": [act]});
    let words = |decision: &Decision| {
        let effects = decision.row.as_ref().unwrap().effects.iter();
        let words = effects.filter_map(|effect| match effect {
            Effect::Consent(change) => Some(change.consent.clone()),
            Effect::Carry { .. } | Effect::Send(_) | Effect::Call(_) | Effect::Wake { .. } => None,
        });
        words.collect::<Vec<_>>()
    };
    let first = words(&world.identify(traits.clone()));
    let proof = Proof::new("checkout", Some("Yes, send me news"));
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].proof, proof);
    let kept = world.contact.clone().unwrap();
    let kept = kept.attributes["subscribed"].value.expose().clone();
    assert_eq!(kept, json!(["news"]));
    world
        .advance(60)
        .identify(json!({"unsubscribed": ["news"]}));
    // The same list of names brings nothing back; saying it anew does.
    let list = json!({"subscribed": ["news"]});
    assert_eq!(words(&world.advance(60).identify(list)), []);
    let again = words(&world.advance(60).identify(traits));
    assert_eq!((again.len(), again[0].at), (1, world.now));
}

#[test]
fn a_secret_key_replaces_an_address_and_what_was_said_is_carried_over() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"email": "ana@example.com", "subscribed": ["news"]}));
    let key = |text: &str| {
        let address = EmailAddress::parse(text).unwrap();
        address.permission_key(Channel::Email, &SECRET)
    };
    let server = |world: &mut World, at: Timestamp, email: &str| {
        world.inputs += 1;
        let Value::Object(traits) = json!({ "email": email }) else {
            panic!("traits are an object")
        };
        world.apply(Input::Event(Box::new(Event {
            id: InputId::from_bytes([world.inputs; 16]),
            kind: EventKind::Identify,
            address: Identity::new(IdentityKind::User, "ana").unwrap(),
            also: Vec::new(),
            occurred_at: at,
            properties: Personal::default(),
            traits: traits.into(),
            is_import: false,
            agreement: None,
            public_source: None,
        })))
    };
    let late = world.now.minus(Duration::from_mins(1));
    let stale = server(&mut world, late, "old@example.com");
    assert_eq!(stale.row.unwrap().trace, [Trace::AddressKept]);
    let now = world.advance(60).now;
    let changed = server(&mut world, now, "anna@example.com").row.unwrap();
    assert_eq!(changed.trace, [Trace::AddressChanged(Channel::Email)]);
    let carry = Effect::Carry {
        from: key("ana@example.com"),
        to: key("anna@example.com"),
        at: now,
    };
    assert_eq!(changed.effects, [carry]);
    let contact = world.contact.clone().unwrap();
    assert_eq!(contact.email.unwrap().address.expose(), "anna@example.com");
    let same = server(&mut world, now, "Anna@example.com");
    assert_eq!(same.row.unwrap().effects, []);
}
