//! Messages that are shown again.

use wend_core::id::EnrollmentId;
use wend_core::input::SendOutcome;
use wend_core::token::WebViewToken;

use super::*;
use crate::erase::erase;
use crate::memory::{VirtualClock, run};
use crate::ports::{Copies, Said};

fn now<T>(world: &World, future: impl Future<Output = T>) -> T {
    run(&VirtualClock::starting_at(world.now()), future).unwrap()
}

fn copy(world: &World, mail: &SentMail) -> Option<SentCopy> {
    now(world, world.store().copy(mail.contact, mail.send)).unwrap()
}

/// The address at which a mail is shown.
fn shown_at(world: &World, mail: &SentMail) -> String {
    let token = WebViewToken {
        contact: mail.contact,
        send: mail.send,
    };
    format!("/w/{}", token.sign(&LinkKeys::first(world.secret())))
}

fn show(world: &World, path: &str) -> http::Response<Bytes> {
    let request = Request::builder().uri(path).body(Bytes::new());
    world.follow(request.unwrap()).unwrap()
}

fn publish(world: &mut World, body: &str) {
    let text = format!(
        "---\ntemplate: news\nchannel: email\nclass: marketing\nfrom: shop\nsubject: New\n---\n{body}"
    );
    let files = [
        file("wend.yaml", PROJECT.to_owned()),
        file("journeys/j.yaml", JOURNEY.to_owned()),
        file("templates/news.md", text),
        template("receipt", "transactional"),
    ];
    world.publish(read_all(&files).unwrap()).unwrap();
}

#[test]
fn a_message_is_shown_again_as_it_went_out_whatever_has_changed_since() {
    let mut world = world();
    let mail = mail(&world, "first");
    let part = copy(&world, &mail).unwrap().part;
    publish(&mut world, "Something else.\n");
    prefers(&world, "do=save&locale=de&email.news=on");
    world
        .run_until(world.now().plus(Duration::from_hours(60 * 24)))
        .unwrap();
    let copy = copy(&world, &mail).unwrap();
    assert_eq!((copy.part, copy.template.as_str()), (part, "news"));
    assert_eq!(copy.said, Said::from(&mail.message));
    assert_eq!(copy.to.expose(), &mail.to);
    let answer = show(&world, &shown_at(&world, &mail));
    assert_eq!(answer.body(), &Bytes::from(mail.message.html.clone()));
    assert!(answer.status().is_success());
    let header = |name: &str| answer.headers()[name].to_str().unwrap();
    assert!(header("x-robots-tag").contains("noindex"));
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"));
    assert!(!policy.contains("script"));
}

#[test]
fn a_template_links_its_page_which_is_told_to_nobody() {
    let mut world = world();
    publish(&mut world, "[On the web]({{ links.web_view }})\n");
    world
        .run_until(world.now().plus(Duration::from_hours(25)))
        .unwrap();
    let again = mail(&world, "again");
    let link = links(&again).remove(0);
    assert_eq!(
        link,
        format!("https://links.example.com{}", shown_at(&world, &again))
    );
    let rows = world.store().rows_from(0).unwrap().len();
    let answer = show(
        &world,
        link.strip_prefix("https://links.example.com").unwrap(),
    );
    assert_eq!(answer.body(), &Bytes::from(again.message.html.clone()));
    world.run_until(world.now()).unwrap();
    assert_eq!(world.store().rows_from(0).unwrap().len(), rows);
}

#[test]
fn a_forged_link_a_foreign_one_and_an_erased_contacts_show_nothing() {
    let world = world();
    let mail = mail(&world, "first");
    let path = shown_at(&world, &mail);
    let foreign = links(&mail);
    let foreign = foreign.iter().find(|link| link.contains("/o/")).unwrap();
    let foreign = foreign.replace("https://links.example.com/o/", "/w/");
    let mut forged = path.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    for wrong in [format!("{forged}{last}"), foreign, "/w/".to_owned()] {
        assert_eq!(show(&world, &wrong).status(), 404, "{wrong}");
    }
    assert!(show(&world, &path).status().is_success());
    let contacts = world.store().contacts(world.secret().clone());
    for _ in 0..2 {
        let erased = erase(
            &contacts,
            world.store(),
            world.secret(),
            mail.contact,
            world.now(),
        );
        assert!(now(&world, erased).unwrap());
        assert_eq!(show(&world, &path).status(), 404);
        assert_eq!(copy(&world, &mail), None);
    }
}

#[test]
fn a_copy_that_comes_behind_the_erasure_goes_with_the_outcome() {
    let mut world = world();
    let mail = mail(&world, "first");
    let late = copy(&world, &mail).unwrap();
    let contacts = world.store().contacts(world.secret().clone());
    let erased = erase(
        &contacts,
        world.store(),
        world.secret(),
        mail.contact,
        world.now(),
    );
    assert!(now(&world, erased).unwrap());
    let store = world.store();
    now(&world, store.keep(mail.contact, mail.send, &late)).unwrap();
    let enrollment = EnrollmentId::from_bytes([1; 16]);
    let outcome = SendOutcome {
        contact: mail.contact,
        enrollment,
        send: mail.send,
        at: world.now(),
        outcome: Outcome::Unknown,
    };
    world.accept(Input::Outcome(outcome)).unwrap();
    world.run_until(world.now()).unwrap();
    assert_eq!(copy(&world, &mail), None);
}

#[test]
fn a_copy_reads_back_and_is_small() {
    let world = world();
    let copy = copy(&world, &mail(&world, "first")).unwrap();
    let packed = copy.pack().unwrap().unwrap();
    assert_eq!(SentCopy::unpack(&packed), Ok(copy.clone()));
    let plain = rmp_serde::to_vec_named(&copy).unwrap().len();
    assert!(packed.len() * 2 < plain, "{} of {plain}", packed.len());
    let mut large = copy;
    large.said = Said::Sms {
        from: String::new(),
        text: "x".repeat(5 * 1024 * 1024),
    };
    assert_eq!(large.pack().unwrap(), None);
}
