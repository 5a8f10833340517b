use super::*;
use crate::brake::BrakeLimits;
use crate::definitions::tests::shown;
use crate::identity::Channel;
use crate::release::{CapPeriod, Computed, OptIn, Share, UnknownEvents, ValueType};

/// The `wend.yaml` of the language's description.
const SHOP: &str = include_str!("../tests/shop/wend.yaml");

fn shop() -> Project {
    let read = read("wend.yaml", SHOP);
    assert_eq!(read.faults, []);
    read.value.unwrap()
}

fn yaml<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn people_and_sending_read_as_written() {
    let shop = shop();
    assert_eq!(
        (shop.id.as_str(), shop.locales.as_slice()),
        ("acme-shop", &["en".into(), "de".into()][..])
    );
    let sender = &shop.senders["shop"];
    assert_eq!(
        (sender.name.as_str(), sender.address.as_deref()),
        ("Acme", Some("hello@mail.example.com"))
    );
    assert_eq!(shop.senders["texts"].sms.as_deref(), Some("ACME"));
    assert_eq!(
        (shop.topics["news"].opt_in, shop.topics["offers"].opt_in),
        (OptIn::Double, OptIn::Single)
    );
    let quiet = shop.sending.quiet_hours[&Channel::Sms];
    assert_eq!(quiet.to_string(), "20:00-09:00");
    let caps: Vec<_> = shop
        .sending
        .caps
        .iter()
        .map(|cap| (cap.channel, cap.max, cap.per))
        .collect();
    let week = CapPeriod::Within("7 days".parse().unwrap());
    assert_eq!(
        caps,
        [(Some(Channel::Email), 1, CapPeriod::Day), (None, 4, week)]
    );
    assert_eq!(shop.sending.utm["medium"], "channel");
    assert_eq!(shop.sending.entry_alarm, Some(5));
    assert_eq!(shop.teams["sales"].slack.as_deref(), Some("slack-sales"));
}

#[test]
fn the_plan_reads_as_written() {
    let shop = shop();
    assert_eq!(shop.attributes["tier"].one_of, ["silver", "gold"]);
    assert!(shop.attributes["birthday"].is_personal);
    assert_eq!(shop.attributes["sunset_at"].kind, ValueType::Time);
    let sum = Computed::Sum {
        event: "order_completed".to_owned(),
        property: "event.total".parse().unwrap(),
        filter: None,
    };
    assert_eq!(shop.computed["spent"], sum);
    assert_eq!(shop.unknown_events, UnknownEvents::Warn);
    let cart = &shop.events["cart_updated"].properties;
    assert_eq!(
        (cart["cart_id"].is_required, cart["items"].kind),
        (true, ValueType::List)
    );
    assert!(!cart["items"].is_required);
    assert_eq!(shop.coupons["birthday-2027"].warn_below, Some(200));
    let scale = shop.environments["staging"].time_scale.unwrap();
    assert_eq!((scale.journey_secs, scale.clock_secs), (86_400, 60));
}

#[test]
fn what_is_stored_reads_back() {
    let shop = shop();
    assert_eq!(serde_json::from_str::<Project>(&yaml(&shop)).unwrap(), shop);
}

#[test]
fn the_rest_of_the_language_reads() {
    let text = "wend: 1\nproject: acme\nmanaged_by: console\nlocales: [ en, pt-BR ]\n\
        senders: { both: { email: a@b.example, sms: \"+4915550001111\", ramp: { from: 2026-11-01, start: 200, double_every: 2 days } } }\n\
        sending: { brake: { bounces: 2.5% } }\n\
        computed:\n  big: { count: order.completed, where: { total: { gte: 100 } } }\n  first: { first_at: Order Placed }\n\
        \x20 deep: { sum: order.completed.cart.total }\n  plain: { sum: unplanned.cart.total }\n\
        events:\n  order.completed: { total: money, from: server }\n  Order Placed: { from: text }\n\
        aliases: { \"Order: Completed!\": order.completed }\n\
        webhooks: { own: { url: \"https://api.example.com/x\", signing: secret/own-key }, \
        dev: { url: \"http://localhost:9000/x\" }, here: { url: \"http://[::1]:9000\" } }\n\
        teams: { sales: { teams: secret/teams-sales, people: { anna: a@b.example }, assign: evenly } }\n\
        calendars: { closed: [ 2027-12-24, 2027-12-25 ] }\n";
    let read = read("wend.yaml", text);
    assert_eq!(read.faults, []);
    let project = read.value.unwrap();
    let sum = |name: &str| match &project.computed[name] {
        Computed::Sum {
            event, property, ..
        } => format!("{event} · {property}"),
        other @ (Computed::Count { .. }
        | Computed::Last { .. }
        | Computed::FirstAt { .. }
        | Computed::LastAt { .. }) => panic!("{other:?}"),
    };
    assert_eq!(sum("deep"), "order.completed · event.cart.total");
    assert_eq!(sum("plain"), "unplanned · event.cart.total");
    assert_eq!(
        project.events["order.completed"].from,
        Some(crate::release::EventSource::Server)
    );
    assert_eq!(
        project.events["Order Placed"].properties["from"].kind,
        ValueType::Text
    );
    assert_eq!(project.aliases["Order: Completed!"], "order.completed");
    assert_eq!(project.closed.dates().count(), 2);
    let ramp = project.senders["both"]
        .ramp
        .map(|ramp| (ramp.from.to_string(), ramp.start));
    assert_eq!(ramp, Some(("2026-11-01".to_owned(), 200)));
    let brake = BrakeLimits {
        bounces: Share(250),
        ..BrakeLimits::default()
    };
    assert_eq!(project.sending.brake, brake);
    let sales = &project.teams["sales"];
    assert_eq!(sales.people["anna"], "a@b.example");
    assert!(sales.deals && sales.assign.is_none());
}

/// What follows the two required lines, and what is said of it.
const FAULTS: [&str; 76] = [
    "zone: Europe/Berlim",
    "locales: [ en, Deutsch, en ]",
    "managed_by: hand",
    "colour: red",
    "senders: { shop: {} }",
    "senders: { shop: { email: Acme hello@mail } }",
    "senders: { texts: { sms: ACMECOMPANY12 } }",
    "senders: { texts: { sms: \"12345\" } }",
    "senders: { texts: { sms: ACME, reply_to: care@example.com } }",
    "senders: { shop: { email: a@b.example, reply_to: care } }",
    "senders: { My_Shop: { email: a@b.example } }",
    "senders: { texts: { sms: ACME, ramp: { from: 2026-11-01, start: 200, double_every: 1 day } } }",
    "senders: { shop: { email: a@b.example, ramp: { from: 1 November, start: 5, double_every: 24h } } }",
    "senders: { shop: { email: a@b.example, ramp: { from: 2026-11-01 } } }",
    "sending: { brake: { bounces: 5, spam: 1% } }",
    "senders: shop",
    "topics: { news: { opt_in: triple } }",
    "topics: { news: { opt_in: single, confirm_within: 7 days } }",
    "topics: { news: { opt_in: double, confirm_within: 7d } }",
    "sending: { quiet_hours: { email: 21-8 } }",
    "sending: { quiet_hours: { pigeon: 21:00-08:00 } }",
    "sending: { expires: { sms: soon } }",
    "sending: { caps: [ { max: 0, per: day } ] }",
    "sending: { caps: [ { max: 4 } ] }",
    "sending: { caps: [ { max: 4, per: day, within: 7 days } ] }",
    "sending: { entry_alarm: 5 }",
    "sending: { utm: { Source: wend } }",
    "attributes: { tier: { type: strng } }",
    "attributes: { tier: {} }",
    "attributes: { tier: { type: date, one_of: [ a ] } }",
    "attributes: { tier: { type: text, one_of: [ a, a ] } }",
    "attributes: { First Name: { type: text } }",
    "attributes: { tier: { type: text, personal: yes } }",
    "computed: { orders: {} }",
    "computed: { orders: { count: a, sum: a.b } }",
    "computed: { spent: { sum: total } }",
    "computed: { seen: { last: product_viewed } }",
    "computed: { seen: { last: product_viewed, keep: [ Title ] } }",
    "computed: { seen: { first_at: product_viewed, where: { a: 1 } } }",
    "computed: { seen: { count: a, where: { at: { within: 3 days } } } }",
    "computed: { seen: { count: a, where: { b: { same_as: contact.x } } } }",
    "attributes: { seen: { type: number } }\ncomputed: { seen: { count: a } }",
    "unknown_events: ignore",
    "events: { page_viewed: { path: url } }",
    "events: { 1st: {} }",
    "events: { cart: }",
    "events: { cart: { id: txt! } }",
    "events: { cart: { cartId: text } }",
    "events: { cart: {} }\naliases: { cart: cart }",
    "teams: { sales: { assign: contact.owner } }",
    "teams: { sales: { slack: \"https://hooks.slack.com/x\" } }",
    "teams: { sales: { email: a@b.example, assign: owner } }",
    "webhooks: { crm: {} }",
    "webhooks: { crm: { url: \"http://api.example.com\", token: abc } }",
    "webhooks: { crm: { url: \"https://api.example.com/…\" } }",
    "webhooks: { crm: { preset: hubspot, url: \"https://a.example\" } }",
    "webhooks: { crm: { preset: hubspot/upsert-contacts, token: secret/a } }",
    "webhooks: { crm: { preset: hubspot/upsert-contact } }",
    "webhooks: { crm: { preset: hubspot/upsert-contact, token: secret/a, url: \"https://a.example\", signing: secret/b } }",
    "webhooks: { crm: { preset: salesforce/upsert-lead, token: secret/a } }",
    "webhooks: { crm: { url: \"http://localhost.example.com/x\" } }",
    "webhooks: { crm: { url: \"https://10.0.0.7/leads\" } }",
    "webhooks: { crm: { url: \"https://[fd00:ec2::254]:8080/\" } }",
    "webhooks: { crm: { url: \"https://crm.internal\" } }",
    "webhooks: { crm: { url: \"https://user:pass@a.example\" } }",
    "webhooks: { crm: { url: \"https://a.example:many\" } }",
    "webhooks: { crm: { url: \"https:///path\" } }",
    "teams: { sales: { email: a@b.example, assign: contact.owner } }",
    "teams: { sales: { people: { anna: a@b.example } } }",
    "teams: { sales: { email: a@b.example, people: {}, assign: evenly } }",
    "teams: { sales: { people: { anna: anna }, assign: even } }",
    "coupons: { spring: { file: spring.txt, warn_below: many } }",
    "calendars: { closed: [ 24.12.2027 ] }",
    "calendars: {}",
    "environments: { staging: { only_to: [ example.com ] } }",
    "environments: { staging: { time_scale: 1 month = 1 min } }",
];

#[test]
fn every_fault_says_where_and_what_to_do() {
    let mut all = String::new();
    for (text, cut) in [
        ("project: acme\n", ""),
        ("wend: 2\nproject: Acme Shop\n", ""),
        ("- wend\n", ""),
    ] {
        all.push_str(&shown(text, &read("wend.yaml", text).faults, cut));
    }
    let head = "wend: 1\nproject: acme\n";
    for lines in FAULTS {
        let text = format!("{head}{lines}\n");
        all.push_str(&shown(&text, &read("wend.yaml", &text).faults, head));
    }
    insta::assert_snapshot!(all);
}
