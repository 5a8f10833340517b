//! A shop with a marketing message for each `sale` and a transactional one for each `order`.

use serde_json::json;
use wend_core::definitions::read_all;
use wend_core::input::Input;
use wend_core::tracking::Call;

use super::super::tests::{START, at, event, file};
use super::{World, WorldSettings};

/// With these keys beside the sender's address, and these lines of wend.yaml.
pub(super) fn shop(sender: &str, lines: &str) -> World {
    let journey = |id: &str, topic: &str| {
        let text = format!(
            "journey: {id}\nstate: live\n{topic}triggers: [ {{ event: {id} }} ]\nsteps:\n  - {{ id: mail, email: {id} }}\n"
        );
        file(&format!("journeys/{id}.yaml"), &text)
    };
    let template = |id: &str, class: &str| {
        let text = format!(
            "---\ntemplate: {id}\nchannel: email\nclass: {class}\nfrom: shop\nsubject: Hi\n---\nHello\n"
        );
        file(&format!("templates/{id}.md"), &text)
    };
    let project = format!(
        "wend: 1\nproject: p\npostal_address: Street 1\n\
         senders: {{ shop: {{ email: Shop <shop@example.com>{sender} }} }}\n\
         topics: {{ news: {{ title: News, opt_in: single }} }}\n{lines}"
    );
    let files = [
        file("wend.yaml", &project),
        journey("sale", "topic: news\n"),
        journey("order", ""),
        template("sale", "marketing\ntopic: news"),
        template("order", "transactional"),
    ];
    let mut world = World::new(WorldSettings::new(at(START))).unwrap();
    world.publish(read_all(&files).unwrap()).unwrap();
    world
}

/// Accepts an event of a user who has an address and wants news.
pub(super) fn does(world: &World, user: &str, name: &str) {
    let traits = json!({ "email": format!("{user}@example.com"), "subscribed": ["news"] });
    let body = json!({
        "userId": user, "event": name, "messageId": format!("{user} {name}"), "context": { "traits": traits },
    });
    let event = event(world.now(), Call::Track, &body);
    world.accept(Input::Event(Box::new(event))).unwrap();
}
