//! What a stranger with the key of a website can make of the project's messages: so many of them, and not a word in them.

use std::time::Duration;

use serde_json::{Value, json};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::id::InputId;
use wend_core::identity::Channel;
use wend_core::input::Input;
use wend_core::time::Timestamp;
use wend_core::tracking::{self, Call};

use crate::memory::{Reaction, SentMail, World, WorldSettings};

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Street 1\nsites: [ shop.example ]\n\
    senders: { shop: { email: Shop <shop@shop.example> } }\n\
    topics: { news: { opt_in: single }, secret: { opt_in: single, verified: true } }\n\
    attributes: { first_name: { type: name }, company: { type: text }, site: { type: url } }\n\
    events: { go: {}, paid: { from: server }, seen: { from: browser } }\n";

const JOURNEYS: [(&str, &str); 3] = [
    (
        "j",
        "triggers: [ { event: go } ]\nsteps:\n  - { id: receipt, email: receipt }\n  - { id: hello, email: hello, data: { also: trigger.note } }\n",
    ),
    (
        "paid",
        "triggers: [ { event: paid }, { event: seen } ]\nsteps:\n  - { id: paid, email: receipt }\n",
    ),
    (
        "secret",
        "triggers: [ { subscribes: secret } ]\nsteps:\n  - { id: secret, email: receipt }\n",
    ),
];

const BODY: &str = "Hello {{ contact.first_name | default('there') }} of {{ contact.company | default('home') }},\n\n\
    [your page]({{ contact.site | default('https://shop.example/') }}): {{ trigger.note | default('-') }} \
    [go on]({{ trigger.url | default('https://shop.example/') }}) {{ trigger.items | default([]) | join(' ') }} {{ data.also | default('') }}\n";

fn world() -> World {
    let start = Timestamp::parse("2027-03-01T08:00:00Z").unwrap();
    let mut world = World::new(WorldSettings::new(start)).unwrap();
    let template = |id: &str, class: &str| {
        let head = format!("template: {id}\nchannel: email\nclass: {class}\nfrom: shop");
        let text = format!(
            "---\n{head}\nsubject: \"Hi {{{{ contact.first_name | default('there') }}}} {{{{ trigger.note | default('') }}}}\"\n---\n{BODY}"
        );
        (format!("templates/{id}.md"), text)
    };
    let journeys = JOURNEYS.map(|(id, rest)| {
        let head = format!("journey: {id}\nstate: live\ntopic: news\nreentry: always\n");
        (format!("journeys/{id}.yaml"), head + rest)
    });
    let others = [
        ("wend.yaml".to_owned(), PROJECT.to_owned()),
        template("hello", "marketing"),
        template("receipt", "transactional"),
    ];
    let files = others.into_iter().chain(journeys);
    let files: Vec<SourceFile> = files
        .map(|(path, text)| SourceFile { path, text })
        .collect();
    world.publish(read_all(&files).unwrap()).unwrap();
    world
}

/// Says `item` with the key of a website, or with a server's.
fn say(world: &World, is_public: bool, call: Call, item: &Value) {
    let request = tracking::Request {
        source: "site",
        is_public,
        accepted_at: world.now(),
        sent_at: None,
    };
    let by = [item.to_string().into_bytes(), vec![u8::from(is_public)]].concat();
    let id = InputId::of("test", &[&by]);
    let event = tracking::read(Some(call), item, request, || id).unwrap();
    world.accept(Input::Event(Box::new(event))).unwrap();
}

fn identify(world: &World, is_public: bool, user: &str, traits: &Value) {
    let item = json!({ "userId": user, "traits": traits });
    say(world, is_public, Call::Identify, &item);
}

fn track(world: &World, is_public: bool, user: &str, event: &str, properties: &Value) {
    let item = json!({ "userId": user, "event": event, "properties": properties });
    say(world, is_public, Call::Track, &item);
}

fn mails(world: &World) -> Vec<SentMail> {
    world.mailbox().sent_from(0)
}

fn says(mail: &SentMail) -> String {
    let message = &mail.message;
    format!("{}\n{}\n{}", message.subject, message.text, message.html)
}

fn hours(world: &mut World, hours: u64) {
    let to = world.now().plus(Duration::from_hours(hours));
    world.run_until(to).unwrap();
}

/// A thousand addresses of others, with every kind of text: each hour so many get the project's own words, and nothing else. More
/// addresses are no more messages.
#[test]
fn a_spammer_with_the_public_key_reaches_few_and_says_nothing() {
    const VICTIMS: usize = 1_000;
    const PER_HOUR: usize = 200;
    const HOURS: u64 = 2;
    let mut world = world();
    for victim in 0..VICTIMS {
        let user = format!("u{victim}");
        let text = [
            "http://evil.example",
            "WIN at evil.example NOW",
            "[free](https://evil.example/x)",
            "Ana\r\nBcc: evil@evil.example",
            "//evil.example",
            "www.evil.example",
            "https://shop.example@evil.example",
            "https://shop.example.evil.example/",
        ];
        let text = text[victim % text.len()];
        let email = format!("victim{victim}@people.example");
        let traits = json!({ "email": email, "first_name": text, "company": text, "site": text, "subscribed": ["news"] });
        identify(&world, true, &user, &traits);
        let said = json!({ "note": text, "url": text, "items": [text, text] });
        track(&world, true, &user, "go", &said);
    }
    hours(&mut world, HOURS);
    let mails = mails(&world);
    let first = mails.iter().filter(|mail| mail.step == "receipt").count();
    let most = PER_HOUR * (usize::try_from(HOURS).unwrap() + 1);
    assert!((PER_HOUR..=most).contains(&first), "{first}");
    assert!(mails.len() <= 2 * most, "{}", mails.len());
    for mail in &mails {
        let said = says(mail);
        // With a character that no token of a link has.
        assert!(!said.contains("evil.") && !said.contains("Bcc:"), "{said}");
        assert!(said.contains("Hi there"), "{said}");
    }
}

#[test]
fn a_server_is_believed_and_not_limited() {
    const CUSTOMERS: usize = 450;
    let mut world = world();
    for customer in 0..CUSTOMERS {
        let user = format!("u{customer}");
        let email = format!("customer{customer}@people.example");
        identify(&world, false, &user, &json!({ "email": email }));
        let url = "https://parcels.example/1";
        track(
            &world,
            false,
            &user,
            "go",
            &json!({ "note": "Line 1\nLine 2", "url": url }),
        );
    }
    hours(&mut world, 1);
    let mails = mails(&world);
    assert_eq!(mails.len(), CUSTOMERS);
    assert!(says(&mails[0]).contains("https://parcels.example/1"));
}

#[test]
fn a_public_key_writes_no_link_into_messages_to_those_who_are_known() {
    let mut world = world();
    let known =
        json!({ "email": "ana@people.example", "first_name": "Ana", "subscribed": ["news"] });
    identify(&world, false, "ana", &known);
    hours(&mut world, 1);
    let said = json!({ "first_name": "evil.example", "company": "evil.example", "site": "https://evil.example" });
    identify(&world, true, "ana", &said);
    let home = "https://www.shop.example/c/1?a=b";
    let said = json!({ "note": "see https://evil.example", "url": home, "items": ["Shoe"] });
    track(&world, true, "ana", "go", &said);
    hours(&mut world, 1);
    let mails = mails(&world);
    let steps: Vec<&str> = mails.iter().map(|mail| mail.step.as_str()).collect();
    assert_eq!(steps, ["receipt", "hello"]);
    for mail in &mails {
        let said = says(mail);
        assert!(
            !said.contains("evil") && said.contains("Ana of home"),
            "{said}"
        );
        assert!(!said.contains("see ") && said.contains("Shoe"), "{said}");
        assert!(mail.message.text.contains(home), "{said}");
    }
}

#[test]
fn who_may_say_what_is_held() {
    let mut world = world();
    let email = json!({ "email": "ana@people.example" });
    identify(&world, true, "ana", &email);
    // Of events that only the other one may send, and of a consent that only a server may give, nothing comes.
    track(&world, true, "ana", "paid", &json!({}));
    track(&world, false, "ana", "seen", &json!({}));
    identify(&world, true, "ana", &json!({ "subscribed": ["secret"] }));
    hours(&mut world, 1);
    assert_eq!(mails(&world).len(), 0);
    track(&world, false, "ana", "paid", &json!({}));
    hours(&mut world, 1);
    track(&world, true, "ana", "seen", &json!({}));
    identify(
        &world,
        false,
        "ana",
        &json!({ "subscribed": ["news", "secret"] }),
    );
    hours(&mut world, 1);
    let mails = mails(&world);
    let mut steps: Vec<&str> = mails.iter().map(|mail| mail.step.as_str()).collect();
    steps.sort_unstable();
    assert_eq!(steps, ["paid", "paid", "secret"]);
}

#[test]
fn an_address_is_proven_by_its_reader_and_by_a_server() {
    for proves in ["click", "server", "nothing"] {
        let mut world = world();
        let email = json!({ "email": "ana@people.example", "subscribed": ["news"] });
        identify(&world, true, "ana", &email);
        track(&world, true, "ana", "go", &json!({}));
        hours(&mut world, 1);
        match proves {
            "click" => {
                let mail = mails(&world).remove(0);
                let (by_machine, link) = (false, "https://shop.example/".to_owned());
                let click = Reaction::Click { by_machine, link };
                world.react(&mail, &click).unwrap();
            }
            "server" => identify(&world, false, "ana", &email),
            _ => {}
        }
        hours(&mut world, 1);
        let mut contacts = world.store().all_contacts().unwrap();
        let contact = contacts.remove(0);
        assert_eq!(contact.unproven.is_empty(), proves != "nothing", "{proves}");
        // One message has gone there in any case.
        assert_eq!(contact.stranger(Channel::Email), None);
    }
}
