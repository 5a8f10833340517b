//! Whoever is named together becomes one: in which order and how often events come does not matter.
//!
//! What is promised, and tested here. Of a stream of events of one person, who is named by a device, an id and an address, each
//! event delivered any number of times in any order, with an `identify` or `alias` that names them together anywhere in it:
//! - all names lead to one contact at once, without a pointer between;
//! - its attributes, facts, scores without decay, kept properties and names are the same for every order, and those of one contact
//!   that was known under all names from the beginning.
//!
//! Not promised, because they depend on the order even for one contact under one name: runs and draws (a trigger finds what is
//! known by then), an attribute that was set to a value which it had (its time stays that of the first), two addresses for one
//! person (the first to come stays), the contact's id and when it was first heard of.
//!
//! Of two people on one device, the device leads in the end to whom an `identify` named last by its time; what the device had done
//! before anybody was named on it belongs to whoever was named first by arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::told::{SECRET, ends, object};
use super::super::*;
use crate::contact::{IDENTITIES_MAX, KeptFact};
use crate::definitions::{SourceFile, read_all};
use crate::identity::IdentityKind::{self, Anonymous, Email, User};
use crate::input::EventKind;
use crate::log::{EndReason, LogRow, NotLinked};
use crate::personal::Personal;
use crate::release::{Manifest, Part, Release};

const PROJECT: &str = "wend: 1\nproject: p\nzone: Europe/Berlin\npostal_address: Street 1\nsenders: { shop: { email: a@b.example } }\n\
    topics: { news: { title: News } }\nevents: { bought: { }, viewed: { }, cart: { } }\n\
    computed: { last_view: { last: viewed, keep: [ page ] }, spent: { sum: bought.amount }, views: { count: viewed } }\n";
const CART: &str = "journey: cart\nstate: live\ntopic: news\ntriggers: [ { event: cart, key: cart_id } ]\nreentry: always\n\
    exits: [ { path: bought, event: bought } ]\nsteps:\n  - { id: pause, wait: 20 days }\n  - { id: hello, email: hi }\n";
const HI: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHi\n";
const BUYERS: &str =
    "segment: buyers\nif: { did: { event: bought, at_least: 3, within: 300 days } }\n";
const POINTS: &str =
    "score: points\nrange: 0-10000\nrules:\n  - { id: view, event: viewed, points: 3 }\n";

fn release() -> Release {
    let files = [
        ("wend.yaml", PROJECT),
        ("journeys/cart.yaml", CART),
        ("templates/hi.md", HI),
        ("segments/buyers.yaml", BUYERS),
        ("scores/points.yaml", POINTS),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.into(),
        text: text.into(),
    });
    let parts = read_all(&files).unwrap().into_iter();
    let parts: Vec<Part> = parts.map(|(f, d)| Part::new(f, d)).collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

fn start() -> Timestamp {
    Timestamp::from_millis(1_772_352_000_000)
}

fn named(kind: IdentityKind, name: &str) -> Identity {
    Identity::new(kind, name).unwrap()
}

#[derive(Clone, Debug)]
enum Slot {
    Contact(Box<Contact>),
    Pointer(ContactKey),
}

/// A store of contacts, as exact as the adapters' and without their faults.
struct Store {
    release: Release,
    slots: BTreeMap<ContactKey, Slot>,
    applied: BTreeSet<(ContactKey, InputId)>,
    rows: Vec<LogRow>,
}

impl Store {
    fn new() -> Self {
        Self {
            release: release(),
            slots: BTreeMap::new(),
            applied: BTreeSet::new(),
            rows: Vec::new(),
        }
    }

    fn load(&self, key: ContactKey) -> (ContactKey, Option<Contact>) {
        match self.slots.get(&key) {
            None => (key, None),
            Some(Slot::Contact(contact)) => (key, Some((**contact).clone())),
            Some(Slot::Pointer(to)) => match self.slots.get(to) {
                Some(Slot::Contact(contact)) => (*to, Some((**contact).clone())),
                other => panic!("a pointer leads to {other:?}"),
            },
        }
    }

    fn find(&self, name: &Identity) -> Contact {
        self.load(name.key(&SECRET)).1.unwrap()
    }

    /// Applies an event as `evaluate` does: names that turn out to lead elsewhere are looked up, and it decides again.
    fn apply(&mut self, event: &Event) {
        let key = event.address.key(&SECRET);
        if !self.applied.insert((key, event.id)) {
            return;
        }
        let mut names: Vec<Identity> = Vec::new();
        loop {
            let (id, contact) = self.load(key);
            let asked = looks_up(event, contact.as_ref()).cloned();
            names.extend(asked.filter(|name| !names.contains(name)));
            let others = names.iter().map(|name| {
                let (id, contact) = self.load(name.key(&SECRET));
                Other {
                    name: name.clone(),
                    id,
                    contact,
                    erased_at: None,
                }
            });
            let subject = Subject {
                id,
                contact,
                erased_at: None,
                others: others.collect(),
            };
            let accepted_at = start().plus(Duration::from_hours(24));
            let envelope = Envelope {
                accepted_at: accepted_at.max(event.occurred_at),
                input: Input::Event(Box::new(event.clone())),
            };
            let context = Context {
                release: &self.release,
                secret: &SECRET,
                clock: envelope.accepted_at,
            };
            let decision = decide(subject, &envelope, context).unwrap();
            match self.taken(&decision) {
                Some(name) => {
                    assert!(!names.contains(&name), "{name:?} leads elsewhere for ever");
                    names.push(name);
                }
                None => return self.commit(decision),
            }
        }
    }

    fn taken(&self, decision: &Decision) -> Option<Identity> {
        let id = decision.contact.as_ref()?.id;
        let is_taken = |name: &&Identity| match self.slots.get(&name.key(&SECRET)) {
            None => false,
            Some(Slot::Pointer(to)) => *to != id,
            Some(Slot::Contact(_)) => true,
        };
        decision.new_identities.iter().find(is_taken).cloned()
    }

    fn commit(&mut self, decision: Decision) {
        let row = decision.row.unwrap();
        if let (true, Some(mut contact)) = (decision.is_changed, decision.contact) {
            let id = contact.id;
            let stored = match self.slots.get(&id) {
                None => 0,
                Some(Slot::Contact(stored)) => stored.rev,
                Some(Slot::Pointer(_)) => panic!("a contact in the place of a pointer"),
            };
            assert_eq!(contact.rev, stored);
            contact.rev += 1;
            let merged = row
                .merged
                .iter()
                .flat_map(|merged| &merged.contact.identities);
            let repointed = decision.repointed.iter().map(|repointed| &repointed.name);
            let names = decision
                .new_identities
                .iter()
                .chain(merged)
                .chain(repointed);
            for name in names.filter(|name| name.key(&SECRET) != id) {
                self.slots.insert(name.key(&SECRET), Slot::Pointer(id));
            }
            for merged in &row.merged {
                let Some(Slot::Pointer(to)) = self.slots.get(&merged.contact.id) else {
                    panic!("its id is one of its names")
                };
                assert_eq!(*to, id);
            }
            for repointed in decision.repointed {
                let mut owner = repointed.owner;
                owner.rev += 1;
                self.slots.insert(owner.id, Slot::Contact(Box::new(owner)));
            }
            assert!(contact.identities.len() <= IDENTITIES_MAX);
            self.slots.insert(id, Slot::Contact(Box::new(contact)));
        }
        self.rows.push(row);
        self.every_name_leads_to_its_contact();
    }

    /// One hop, always; and each name of a contact leads to it.
    fn every_name_leads_to_its_contact(&self) {
        for slot in self.slots.values() {
            match slot {
                Slot::Pointer(to) => assert!(matches!(self.slots.get(to), Some(Slot::Contact(_)))),
                Slot::Contact(contact) => {
                    for name in &contact.identities {
                        assert_eq!(self.load(name.key(&SECRET)).0, contact.id);
                    }
                }
            }
        }
    }

    fn contacts(&self) -> Vec<&Contact> {
        let contacts = self.slots.values().filter_map(|slot| match slot {
            Slot::Contact(contact) => Some(&**contact),
            Slot::Pointer(_) => None,
        });
        contacts.collect()
    }

    fn trace(&self) -> impl Iterator<Item = &Trace> {
        self.rows.iter().flat_map(|row| &row.trace)
    }
}

/// What one event of the stream says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Bought(u8),
    Viewed(u8),
    Attribute(u8),
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        (1_u8..50).prop_map(Said::Bought),
        (0_u8..9).prop_map(Said::Viewed),
        (0_u8..3).prop_map(Said::Attribute),
    ]
}

fn event(number: usize, kind: EventKind, names: &[Identity]) -> Event {
    let minutes = u64::try_from(number).unwrap();
    Event {
        id: InputId::of("test", &[&number.to_be_bytes()]),
        kind,
        address: names[0].clone(),
        also: names[1..].to_vec(),
        occurred_at: start().plus(Duration::from_mins(minutes)),
        properties: Personal::default(),
        traits: Personal::default(),
        is_import: false,
        agreement: None,
        public_source: Some("wk".to_owned()),
    }
}

fn says(number: usize, said: Said, names: &[Identity]) -> Event {
    match said {
        Said::Bought(amount) => Event {
            properties: object(json!({ "amount": amount })),
            ..event(number, EventKind::Track("bought".into()), names)
        },
        Said::Viewed(page) => Event {
            properties: object(json!({ "page": page })),
            ..event(number, EventKind::Track("viewed".into()), names)
        },
        // A value of its own each time: what is set to what it was keeps its time.
        Said::Attribute(which) => Event {
            traits: object(json!({ format!("a{which}"): number })),
            ..event(number, EventKind::Identify, names)
        },
    }
}

/// What must be equal.
#[derive(Debug, PartialEq)]
struct Essence {
    names: BTreeSet<Identity>,
    attributes: BTreeMap<String, (Value, Timestamp)>,
    facts: BTreeMap<String, KeptFact>,
    lasts: BTreeMap<String, (Value, Timestamp)>,
    points: BTreeMap<String, f64>,
    email: Option<String>,
}

fn essence(contact: &Contact) -> Essence {
    let plain = |all: &BTreeMap<String, crate::contact::Attribute>| {
        let all = all.iter();
        all.map(|(name, said)| (name.clone(), (said.value.expose().clone(), said.at)))
            .collect()
    };
    let points = contact.scores.iter();
    Essence {
        names: contact.identities.iter().cloned().collect(),
        attributes: plain(&contact.attributes),
        facts: contact.facts.clone(),
        lasts: plain(&contact.lasts),
        points: points.map(|(id, kept)| (id.clone(), kept.points)).collect(),
        email: contact
            .email
            .as_ref()
            .map(|email| email.address.expose().to_owned()),
    }
}

/// What names the device and the person together.
#[derive(Clone, Copy, Debug)]
enum Link {
    Identify,
    Alias,
    Track,
    /// A form on the device, and the id beside the same address.
    Forms,
}

fn links(link: Link, number: usize) -> Vec<Event> {
    let (device, id, address) = (
        named(Anonymous, "a1"),
        named(User, "u1"),
        named(Email, "ana@x.org"),
    );
    let mail = || object(json!({ "email": "ana@x.org" }));
    match link {
        Link::Identify => vec![event(number, EventKind::Identify, &[id, device])],
        Link::Alias => {
            let previous = named(User, "a1");
            vec![event(number, EventKind::Alias, &[id, device, previous])]
        }
        Link::Track => vec![event(
            number,
            EventKind::Track("viewed".into()),
            &[id, device],
        )],
        Link::Forms => vec![
            Event {
                traits: mail(),
                ..event(
                    number,
                    EventKind::Identify,
                    &[device.clone(), address.clone()],
                )
            },
            Event {
                traits: mail(),
                ..event(number + 1, EventKind::Identify, &[id, device, address])
            },
        ],
    }
}

fn link() -> impl Strategy<Value = Link> {
    prop_oneof![
        Just(Link::Identify),
        Just(Link::Alias),
        Just(Link::Track),
        Just(Link::Forms)
    ]
}

/// In an order that numbers draw, some of it twice.
fn delivered(events: &[Event], order: &[u16]) -> Vec<Event> {
    let mut all: Vec<(u16, Event)> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let number = order.get(place).copied().unwrap_or_default();
        all.push((number, event.clone()));
        if number % 3 == 0 {
            all.push((number.rotate_left(5), event.clone()));
        }
    }
    all.sort_by_key(|(number, event)| (*number, event.id));
    all.into_iter().map(|(_, event)| event).collect()
}

fn one_contact(events: &[Event]) -> Contact {
    let mut store = Store::new();
    for event in events {
        store.apply(event);
    }
    let contacts = store.contacts();
    assert_eq!(contacts.len(), 1, "{contacts:#?}");
    contacts[0].clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_person_is_the_same_in_any_order(
        stream in vec((said(), any::<bool>()), 0..12),
        link in link(),
        place in 0_usize..14,
        order in vec(any::<u16>(), 20),
    ) {
        let (device, id) = (named(Anonymous, "a1"), named(User, "u1"));
        let mut events: Vec<Event> = Vec::new();
        for (number, (said, is_device)) in stream.iter().enumerate() {
            // Who is known by an id and, apart from it, by an address is two known contacts for a public key.
            let is_device = *is_device || matches!(link, Link::Forms);
            let name = if is_device { &device } else { &id };
            events.push(says(number + 20, *said, std::slice::from_ref(name)));
        }
        events.extend(links(link, place + 40));
        // One contact, known under all of its names from the beginning, that hears everything in the order of time.
        let mut known = links(link, 0);
        for event in &mut known {
            event.kind = EventKind::Identify;
        }
        let last = events.split_off(stream.len());
        known.extend(events.iter().cloned());
        known.extend(last.iter().cloned());
        let expected = essence(&one_contact(&known));
        events.extend(last);
        let found = essence(&one_contact(&delivered(&events, &order)));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_device_is_theirs_who_was_named_on_it_last(
        people in vec((0_u8..3, 1_u64..200), 1..8),
        order in vec(any::<u16>(), 20),
        is_bare in any::<bool>(),
    ) {
        let device = named(Anonymous, "a1");
        let mut events: Vec<Event> = Vec::new();
        if is_bare {
            events.push(says(1, Said::Bought(5), std::slice::from_ref(&device)));
        }
        let mut last = (0, String::new());
        for (number, (who, hours)) in people.iter().enumerate() {
            // No two within the hour for which a claim is not renewed.
            let hours = hours * 8 + u64::try_from(number).unwrap();
            let name = format!("u{who}");
            let mut said = event(number + 2, EventKind::Identify, &[named(User, &name), device.clone()]);
            said.occurred_at = start().plus(Duration::from_hours(hours));
            last = last.max((hours, name));
            events.push(said);
        }
        let mut store = Store::new();
        for event in delivered(&events, &order) {
            store.apply(&event);
        }
        let (_, name) = last;
        prop_assert!(store.find(&device).identities.contains(&named(User, &name)));
        let people: BTreeSet<u8> = people.iter().map(|(who, _)| *who).collect();
        prop_assert_eq!(store.contacts().len(), people.len(), "no two people are merged");
    }

    #[test]
    fn merging_is_commutative_and_idempotent(
        one in vec(said(), 0..10),
        other in vec(said(), 0..10),
        carts in vec((any::<bool>(), 0_u8..3), 0..5),
    ) {
        let mut store = Store::new();
        let (a, b) = (named(Anonymous, "a1"), named(User, "u1"));
        for (number, said) in one.iter().enumerate() {
            store.apply(&says(number, *said, std::slice::from_ref(&a)));
        }
        for (number, said) in other.iter().enumerate() {
            store.apply(&says(number + 30, *said, std::slice::from_ref(&b)));
        }
        for (number, (is_device, cart)) in carts.iter().enumerate() {
            let name = if *is_device { &a } else { &b };
            let properties = object(json!({ "cart_id": cart }));
            let kind = EventKind::Track("cart".into());
            let said = event(number + 60, kind, std::slice::from_ref(name));
            store.apply(&Event { properties, ..said });
        }
        let (Some(a), Some(b)) = (store.load(a.key(&SECRET)).1, store.load(b.key(&SECRET)).1) else {
            return Ok(());
        };
        let merged = merge(&a, &b, &store.release);
        prop_assert_eq!(&merge(&b, &a, &store.release), &merged);
        let whole = &merged.contact;
        for part in [&a, &b, whole] {
            prop_assert_eq!(&merge(whole, part, &store.release).contact, whole);
            prop_assert_eq!(&merge(part, whole, &store.release).contact, whole);
        }
        let runs = a.enrollments.len() + b.enrollments.len();
        prop_assert_eq!(whole.enrollments.len() + merged.ended.len(), runs, "no run is lost");
    }
}

#[test]
fn two_known_contacts_stay_two() {
    let mut store = Store::new();
    let (ana, ben, address) = (
        named(User, "ana"),
        named(User, "ben"),
        named(Email, "ana@x.org"),
    );
    let mail = || object(json!({ "email": "ana@x.org" }));
    let identify = |number, name: &Identity| Event {
        traits: mail(),
        ..event(
            number,
            EventKind::Identify,
            &[name.clone(), address.clone()],
        )
    };
    store.apply(&identify(1, &ana));
    store.apply(&identify(2, &ben));
    store.apply(&event(
        3,
        EventKind::Alias,
        &[ben.clone(), named(Anonymous, "ana"), ana.clone()],
    ));
    assert_eq!(store.contacts().len(), 2);
    let not_linked = |kind| Trace::NotLinked {
        name: kind,
        why: NotLinked::BothKnown,
    };
    for kind in [Email, User] {
        assert!(
            store.trace().any(|line| *line == not_linked(kind)),
            "{kind:?}"
        );
    }
    assert_eq!(store.find(&address).id, ana.key(&SECRET));
}

#[test]
fn an_alias_gives_a_new_id_to_a_known_contact() {
    let mut store = Store::new();
    let (before, after) = (named(User, "temp-1"), named(User, "4711"));
    store.apply(&says(1, Said::Bought(5), std::slice::from_ref(&before)));
    let names = [after.clone(), named(Anonymous, "temp-1"), before.clone()];
    store.apply(&event(2, EventKind::Alias, &names));
    assert_eq!(store.find(&after).id, store.find(&before).id);
}

#[test]
fn of_two_like_runs_the_earlier_stays_and_hears_what_the_other_contact_did() {
    let mut store = Store::new();
    let (device, id) = (named(Anonymous, "a1"), named(User, "u1"));
    let cart = |number, name: &Identity, cart: &str| Event {
        properties: object(json!({ "cart_id": cart })),
        ..event(
            number,
            EventKind::Track("cart".into()),
            std::slice::from_ref(name),
        )
    };
    store.apply(&cart(1, &device, "c1"));
    store.apply(&cart(2, &id, "c1"));
    store.apply(&cart(3, &id, "c2"));
    let stays = store.find(&device).enrollments[0].id;
    store.apply(&event(
        4,
        EventKind::Identify,
        &[id.clone(), device.clone()],
    ));
    let runs: Vec<_> = store
        .find(&id)
        .enrollments
        .iter()
        .map(|run| run.key.clone())
        .collect();
    assert_eq!(runs, [Some("c1".to_owned()), Some("c2".to_owned())]);
    assert_eq!(store.find(&id).enrollments[0].id, stays);
    let ended: Vec<_> = store.rows.iter().flat_map(|row| ends(&row.trace)).collect();
    assert_eq!(ended, [EndReason::Merged]);

    // The device had a cart, the person had bought before anybody knew that they are one.
    let mut store = Store::new();
    store.apply(&cart(1, &device, "c1"));
    store.apply(&says(2, Said::Bought(5), std::slice::from_ref(&id)));
    store.apply(&event(3, EventKind::Identify, &[id.clone(), device]));
    assert_eq!(store.find(&id).enrollments, []);
}

#[test]
fn the_row_of_a_merge_holds_what_is_needed_to_undo_it() {
    let mut store = Store::new();
    let (device, id) = (named(Anonymous, "a1"), named(User, "u1"));
    store.apply(&says(1, Said::Bought(5), std::slice::from_ref(&device)));
    let before = store.find(&device);
    store.apply(&event(2, EventKind::Identify, &[id, device]));
    let row = store.rows.last().unwrap();
    let row = LogRow::unpack(&row.pack().unwrap()).unwrap();
    let [merged] = row.merged.as_slice() else {
        panic!("{row:?}")
    };
    let stored = Contact {
        rev: merged.rev,
        release: before.release,
        due_at: before.due_at,
        ..merged.contact.clone()
    };
    assert_eq!(stored, before);
}

#[test]
fn too_many_names_and_too_large_a_contact_are_refused_with_the_reason() {
    let mut store = Store::new();
    let id = named(User, "u1");
    for number in 0..IDENTITIES_MAX {
        let device = named(Anonymous, &format!("a{number}"));
        store.apply(&event(number, EventKind::Identify, &[id.clone(), device]));
    }
    let last = named(Anonymous, &format!("a{}", IDENTITIES_MAX - 1));
    let refused = |why| Trace::NotLinked {
        name: Anonymous,
        why,
    };
    let is_told = |store: &Store, why| store.trace().any(|line| *line == refused(why));
    assert!(is_told(&store, NotLinked::TooManyNames));
    store.apply(&says(99, Said::Bought(1), std::slice::from_ref(&last)));
    assert_eq!(store.contacts().len(), 2);

    let mut store = Store::new();
    let device = named(Anonymous, "a1");
    for (number, name) in [(1, &id), (2, &device)] {
        let traits = object(json!({ format!("bio{number}"): "x".repeat(20_000) }));
        let said = event(number, EventKind::Identify, std::slice::from_ref(name));
        store.apply(&Event { traits, ..said });
    }
    store.apply(&event(3, EventKind::Identify, &[id, device]));
    assert!(is_told(&store, NotLinked::TooLarge));
    assert_eq!(store.contacts().len(), 2);
}

#[test]
fn who_names_another_address_on_a_device_is_somebody_else() {
    let mut store = Store::new();
    let (device, ben) = (named(Anonymous, "a1"), named(User, "ben"));
    let says = |number, names: &[Identity], address: &str| {
        let address = named(Email, address);
        Event {
            traits: object(json!({ "email": address.value.expose() })),
            ..event(number, EventKind::Identify, &[names, &[address]].concat())
        }
    };
    store.apply(&says(1, std::slice::from_ref(&device), "ana@x.org"));
    store.apply(&says(2, &[ben.clone(), device.clone()], "ben@x.org"));
    let (ana, ben) = (store.find(&named(Email, "ana@x.org")), store.find(&ben));
    assert_ne!(ana.id, ben.id);
    let address = |of: &Contact| of.email.as_ref().unwrap().address.expose().to_owned();
    assert_eq!([address(&ana), address(&ben)], ["ana@x.org", "ben@x.org"]);
    assert_eq!(store.find(&device).id, ben.id, "who was identified last");
}

/// Decides on an event about somebody unknown, one name of which leads elsewhere.
fn met(event: Event, other: Other) -> Decision {
    let subject = Subject {
        id: event.address.key(&SECRET),
        contact: None,
        erased_at: None,
        others: vec![other],
    };
    let release = release();
    let context = Context {
        release: &release,
        secret: &SECRET,
        clock: start(),
    };
    let envelope = Envelope {
        accepted_at: start(),
        input: Input::Event(Box::new(event)),
    };
    decide(subject, &envelope, context).unwrap()
}

#[test]
fn what_was_said_before_an_erasure_is_refused_under_each_name() {
    let (device, address) = (named(Anonymous, "a1"), named(Email, "ana@x.org"));
    let said = || Event {
        occurred_at: start(),
        traits: object(json!({ "email": "ana@x.org" })),
        ..event(1, EventKind::Identify, &[device.clone(), address.clone()])
    };
    let other = |erased_at| Other {
        name: address.clone(),
        id: address.key(&SECRET),
        contact: None,
        erased_at: Some(erased_at),
    };
    let row = met(said(), other(start())).row.unwrap();
    assert_eq!(row.refusal, Some(Refusal::Erased));
    let erased_before = start().minus(Duration::from_hours(1));
    let decision = met(said(), other(erased_before));
    assert_eq!(decision.row.unwrap().refusal, None);
    let id = decision.contact.unwrap().id;
    assert_eq!(id, address.key(&SECRET), "begins anew in the stub's place");
}

#[test]
fn who_stands_in_the_place_of_somebody_erased_takes_that_name_nowhere() {
    let (device, ben) = (named(Anonymous, "a1"), named(User, "ben"));
    let stub = named(User, "ana").key(&SECRET);
    let mut visitor = Contact::new(stub, start());
    visitor.identities.push(device.clone());
    visitor.rev = 1;
    let said = event(1, EventKind::Identify, &[ben.clone(), device.clone()]);
    let other = Other {
        name: device,
        id: stub,
        contact: Some(visitor),
        erased_at: None,
    };
    let decision = met(said, other);
    let (name, why) = (Anonymous, NotLinked::Erased);
    let row = decision.row.unwrap();
    assert!(
        row.trace.contains(&Trace::NotLinked { name, why }),
        "{row:?}"
    );
    assert_eq!(row.merged, []);
    assert_eq!(decision.contact.unwrap().id, ben.key(&SECRET));
}

#[test]
fn a_newcomer_on_a_device_with_too_many_names_stays_a_newcomer() {
    let (device, ben) = (named(Anonymous, "a1"), named(User, "ben"));
    let mut visitor = Contact::new(device.key(&SECRET), start());
    let more = (0..IDENTITIES_MAX - 1).map(|number| named(Anonymous, &format!("b{number}")));
    visitor.identities = std::iter::once(device.clone()).chain(more).collect();
    visitor.rev = 1;
    let said = event(1, EventKind::Identify, &[ben.clone(), device.clone()]);
    let other = Other {
        name: device,
        id: visitor.id,
        contact: Some(visitor),
        erased_at: None,
    };
    let decision = met(said, other);
    let contact = decision.contact.unwrap();
    assert_eq!((contact.id, contact.rev), (ben.key(&SECRET), 0));
    assert_eq!(contact.identities, [ben]);
}
