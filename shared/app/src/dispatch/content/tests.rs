mod copies;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use serde_json::json;
use wend_content::read_all;
use wend_core::definitions::SourceFile;
use wend_core::id::InputId;
use wend_core::log::{EndReason, Trace};
use wend_core::send::Outcome;
use wend_core::time::Timestamp;
use wend_core::token::LinkKeys;
use wend_core::tracking::{self, Call};

use super::*;
use crate::memory::{SentMail, World, WorldSettings};

const PROJECT: &str = "wend: 1\nproject: p\nlocales: [ en, de ]\npostal_address: Street 1\n\
    senders: { shop: { email: Shop <shop@example.com> } }\ntopics: { news: { title: News, opt_in: single } }\n\
    sending: { utm: { source: wend, medium: channel, campaign: journey, content: step } }\n";
const JOURNEY: &str = "journey: j\nstate: live\ntopic: news\ntriggers: [ { event: go } ]\nsteps:\n  \
    - { id: first, email: news }\n  - id: reaction\n    wait_until:\n      \
    - { path: clicked, if: { clicked: first }, steps: [ { id: thanks, email: receipt } ] }\n      \
    - { path: silent, after: 1 day, steps: [ { id: again, email: news } ] }\n";
const BODY: &str = "[shop](https://shop.example.com/p?a=1#top) [write](mailto:a@b.example) [no](https://exämple.de/) \
    [größe](https://shop.example.com/größe) [mine]({{ links.preferences }})\n";

fn file(path: &str, text: String) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text,
    }
}

fn template(id: &str, class: &str) -> SourceFile {
    let head = format!("template: {id}\nchannel: email\nclass: {class}\nfrom: shop\nsubject: Hi");
    file(
        &format!("templates/{id}.md"),
        format!("---\n{head}\n---\n{BODY}"),
    )
}

fn world() -> World {
    let start = Timestamp::parse("2027-03-01T17:00:00Z").unwrap();
    let mut world = World::new(WorldSettings::new(start)).unwrap();
    let files = [
        file("wend.yaml", PROJECT.to_owned()),
        file("journeys/j.yaml", JOURNEY.to_owned()),
        template("news", "marketing"),
        template("receipt", "transactional"),
    ];
    world.publish(read_all(&files).unwrap()).unwrap();
    for (call, more) in [
        (
            Call::Identify,
            json!({ "traits": { "email": "ana@example.com", "subscribed": ["news"] } }),
        ),
        (Call::Track, json!({ "event": "go" })),
    ] {
        let mut item = more;
        item["userId"] = json!("ana");
        item["messageId"] = json!(format!("{call:?}"));
        let request = tracking::Request {
            source: "test",
            is_public: false,
            accepted_at: world.now(),
            sent_at: None,
        };
        let event = tracking::read(Some(call), &item, request, || InputId::from_bytes([0; 16]));
        world
            .accept(Input::Event(Box::new(event.unwrap())))
            .unwrap();
        world.run_until(world.now()).unwrap();
    }
    world
}

/// Where the links of a mail lead, and its pictures.
fn links(mail: &SentMail) -> Vec<String> {
    let html = mail.message.html.replace("src=\"", "href=\"");
    let links = html.split("href=\"").skip(1);
    links
        .map(|link| link.split('"').next().unwrap().to_owned())
        .collect()
}

fn mail(world: &World, step: &str) -> SentMail {
    let mut mails = world.mailbox().sent_from(0).into_iter();
    mails.find(|mail| mail.step == step).unwrap()
}

fn token<'l>(link: &'l str, kind: &str) -> &'l str {
    let prefix = format!("https://links.example.com/{kind}/");
    link.strip_prefix(&prefix)
        .unwrap_or_else(|| panic!("{link}"))
}

#[test]
fn links_tell_of_clicks_and_those_that_must_work_as_they_are_do() {
    let world = world();
    let (mail, keys) = (mail(&world, "first"), LinkKeys::first(world.secret()));
    let links = links(&mail);
    let [shop, write, no, size, mine, unsubscribe, pixel] = &links[..] else {
        panic!("{links:#?}");
    };
    let utm = "utm_source=wend&utm_medium=email&utm_campaign=j&utm_content=first";
    let of = MessageRef {
        contact: mail.contact,
        send: mail.send,
        journey: "j".to_owned(),
        step: "first".to_owned(),
        sent_at: world.now(),
    };
    for (link, target) in [
        (shop, format!("https://shop.example.com/p?a=1&{utm}#top")),
        (no, format!("https://ex%C3%A4mple.de/?{utm}")),
        (
            size,
            format!("https://shop.example.com/gr%C3%B6%C3%9Fe?{utm}"),
        ),
    ] {
        let message = of.clone();
        let expected = ClickToken { message, target };
        assert_eq!(ClickToken::verify(token(link, "c"), &keys), Some(expected));
    }
    assert_eq!(write, "mailto:a@b.example");
    let mine = PreferencesToken::verify(token(mine, "p"), &keys).unwrap();
    assert_eq!(
        (mine.contact, mine.send, mine.sms),
        (mail.contact, mail.send, None)
    );
    let said = UnsubscribeToken::verify(token(unsubscribe, "u"), &keys).unwrap();
    assert_eq!(
        (said.contact, Some(said.permission)),
        (mail.contact, mine.email)
    );
    assert_eq!(
        OpenToken::verify(token(pixel, "o"), &keys),
        Some(OpenToken { message: of })
    );
    // What people read stays as it is written.
    assert!(
        mail.message
            .text
            .contains("https://shop.example.com/p?a=1#top")
    );
}

#[test]
fn a_click_takes_its_path_and_other_mail_has_no_picture() {
    let mut world = world();
    world
        .run_until(world.now().plus(Duration::from_mins(5)))
        .unwrap();
    let link = links(&mail(&world, "first")).remove(0);
    let path = link.strip_prefix("https://links.example.com").unwrap();
    let request = Request::builder()
        .uri(path)
        .header(
            header::USER_AGENT,
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        )
        .body(Bytes::new());
    let answer = world.follow(request.unwrap()).unwrap();
    assert!(answer.status().is_redirection());
    world.run_until(world.now()).unwrap();
    let thanks = mail(&world, "thanks");
    let all = links(&thanks);
    assert!(
        all[0].starts_with("https://links.example.com/c/"),
        "{all:?}"
    );
    assert!(
        all.iter()
            .all(|link| !link.contains("/o/") && !link.contains("/u/")),
        "{all:?}"
    );
    let rows = world.store().rows_from(0).unwrap();
    let paths = rows
        .iter()
        .flat_map(|row| &row.trace)
        .filter(|trace| matches!(trace, Trace::PathTaken { path, .. } if path == "clicked"));
    assert_eq!(paths.count(), 1);
}

/// Sends the form of the page of preferences that the first mail links.
fn prefers(world: &World, form: &str) {
    let links = links(&mail(world, "first"));
    let page = links.iter().find(|link| link.contains("/p/")).unwrap();
    let request = Request::builder()
        .method("POST")
        .uri(page.strip_prefix("https://links.example.com").unwrap())
        .body(Bytes::from(form.to_owned()));
    let answer = world.follow(request.unwrap()).unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[test]
fn who_pauses_is_skipped_with_that_reason_until_the_pause_is_ended() {
    for is_sent in [false, true] {
        let mut world = world();
        prefers(&world, "do=pause");
        if is_sent {
            world
                .run_until(world.now().plus(Duration::from_secs(1)))
                .unwrap();
            prefers(&world, "do=resume");
        }
        world
            .run_until(world.now().plus(Duration::from_hours(48)))
            .unwrap();
        let rows = world.store().rows_from(0).unwrap();
        let skipped = rows.iter().flat_map(|row| &row.trace).any(|trace| {
            matches!(trace, Trace::SendEnded { step, outcome, .. } if step == "again"
                && *outcome == Outcome::Skipped { reason: SkipReason::PausedByContact })
        });
        let mut mails = world.mailbox().sent_from(0).into_iter();
        let has_come = mails.any(|mail| mail.step == "again");
        assert_eq!((has_come, skipped), (is_sent, !is_sent));
    }
}

#[test]
fn a_chosen_language_is_the_contacts_attribute_and_a_withdrawn_topic_ends_its_run() {
    let mut world = world();
    prefers(&world, "do=save&locale=de");
    world
        .run_until(world.now().plus(Duration::from_mins(1)))
        .unwrap();
    let contact = world.store().all_contacts().unwrap().remove(0);
    let locale = contact.attributes["locale"].value.expose();
    assert_eq!(*locale, json!("de"));
    let rows = world.store().rows_from(0).unwrap();
    let ended = rows
        .iter()
        .flat_map(|row| &row.trace)
        .find_map(|trace| match trace {
            Trace::Ended { reason, .. } => Some(reason.clone()),
            _ => None,
        });
    assert_eq!(ended, Some(EndReason::Unsubscribed));
}

#[test]
fn what_cannot_stand_in_a_header_is_encoded_or_left() {
    for (target, expected) in [
        ("https://a.example/", Some("https://a.example/")),
        (
            "https://a.example/ü?q=a b#c",
            Some("https://a.example/%C3%BC?q=a%20b#c"),
        ),
        ("https://a.example/%C3%BC", Some("https://a.example/%C3%BC")),
        (
            "https://a.example/\r\nSet-Cookie: a",
            Some("https://a.example/%0D%0ASet-Cookie:%20a"),
        ),
        ("https://ä.example/", None),
        ("a.example", None),
    ] {
        assert_eq!(followable(target).as_deref(), expected, "{target}");
    }
    let long = format!("https://a.example/{}", "a".repeat(TARGET_BYTES_MAX));
    assert_eq!(followable(&long), None);
}
