use std::path::PathBuf;

use super::{print, rate, read};
use wend_app::simulate::Funnel;

fn file(name: &str, text: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("wend-simulate-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn fault<T: std::fmt::Debug>(result: anyhow::Result<T>) -> String {
    let text = format!("{:#}", result.unwrap_err());
    text.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn contacts_are_read_from_csv_with_text_as_it_stands() {
    let text = "\u{feff}id,email,zip,n,phone,subscribed,created_at\n\
        u1,ana@example.com,01234,7,+4915550001111,news;offers/sms,2026-01-05\nu2,\"b, c@example.com\",,,,,\n";
    let people = read::people(&file("good.csv", text)).unwrap();
    let first = &people[0];
    assert_eq!(
        (first.id.as_str(), first.attributes.len(), people.len()),
        ("u1", 4, 2)
    );
    assert_eq!(first.attributes["zip"], "01234");
    assert_eq!(first.attributes["n"], 7);
    assert_eq!(first.attributes["phone"], "+4915550001111");
    assert_eq!(first.subscribed, ["news", "offers/sms"]);
    assert_eq!(first.created_at, read::time("2026-01-05T00:00:00Z"));
    assert_eq!(people[1].attributes.keys().collect::<Vec<_>>(), ["email"]);
}

#[test]
fn a_fault_names_file_and_line() {
    let people = |name: &str, text: &str| fault(read::people(&file(name, text)));
    assert_eq!(
        people("a.csv", "id,n\nu1,1\n,2\n"),
        "a.csv:3: `id` is missing"
    );
    assert_eq!(
        people("b.csv", "id,n\nu1,1\nu1,2\n"),
        "b.csv:3: contact `u1` is there twice"
    );
    assert!(people("c.csv", "id,n\nu1,1\nu2\n").starts_with("c.csv:3: "));
    assert_eq!(
        people("d.csv", "id,created_at\nu1,soon\n"),
        "d.csv:2: `soon` is no time"
    );
    assert!(people("e.jsonl", "{\"id\":\"u1\"}\n\n{oops\n").starts_with("e.jsonl:3: "));

    let known = read::people(&file("f.csv", "id\nu1\n")).unwrap();
    let events = |name: &str, text: &str| fault(read::happenings(&file(name, text), &known));
    let line = |who: &str, rest: &str| {
        format!("{{\"userId\":\"{who}\",\"timestamp\":\"2027-03-01T09:00:00Z\"{rest}}}\n")
    };
    let good = line("u1", ",\"event\":\"a\"");
    assert_eq!(
        events("g.jsonl", &(good.clone() + &line("u9", ",\"event\":\"a\""))),
        "g.jsonl:2: `u9` is not among the contacts"
    );
    assert_eq!(
        events("h.jsonl", &line("u1", "")),
        "h.jsonl:1: neither `event` nor `traits` is there"
    );
    assert_eq!(
        events("i.jsonl", "{\"userId\":\"u1\",\"event\":\"a\"}"),
        "i.jsonl:1: `timestamp` is missing"
    );
    assert_eq!(
        events("j.jsonl", &line("u1", ",\"event\":\"a\",\"properties\":3")),
        "j.jsonl:1: `properties` is no object"
    );
}

#[test]
fn events_come_in_the_order_of_time() {
    let people = read::people(&file("k.csv", "id\nu1\n")).unwrap();
    let lines = ["2027-03-02", "2027-03-01"].map(|day| {
        format!("{{\"userId\":\"u1\",\"event\":\"a\",\"timestamp\":\"{day}T09:00:00Z\",\"properties\":{{\"n\":1}}}}\n")
    });
    let all = read::happenings(&file("k.jsonl", &lines.concat()), &people).unwrap();
    let [first, second] = all["u1"].as_slice() else {
        panic!("{all:?}")
    };
    assert!(first.at < second.at && first.properties["n"] == 1);
}

#[test]
fn a_rate_is_a_share_of_all_or_of_one() {
    assert_eq!(rate("40%").unwrap().0, None);
    assert_eq!(
        rate("reminder=2.5%").unwrap().0.as_deref(),
        Some("reminder")
    );
    for wrong in ["40", "140%", "x=", "-1%"] {
        assert!(rate(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn columns_stand_below_each_other() {
    let text = "journey: welcome\nstate: live\ntopic: news\ntriggers: [ { event: a } ]\nsteps:\n  - { id: hello, email: hi }\n  \
        - id: turn\n    split:\n      - { path: left, weight: 60% }\n      - { path: right, weight: 40% }\n";
    let journey = wend_core::definitions::read_journey("journeys/welcome.yaml", text).unwrap();
    let mut funnel = Funnel {
        contacts: 200,
        entered_contacts: 120,
        ..Funnel::default()
    };
    funnel.messaged.entered = 120;
    funnel.messaged.goals = 30;
    funnel.messaged.ended.insert("completed".to_owned(), 100);
    let count = funnel.steps.entry("hello".to_owned()).or_default();
    (count.reached, count.sent, count.opened, count.clicked) = (120, 100, 40, 5);
    count.skipped.insert("not_subscribed".to_owned(), 20);
    funnel
        .paths
        .insert(("turn".to_owned(), "left".to_owned()), 75);
    funnel
        .paths
        .insert(("turn".to_owned(), "right".to_owned()), 45);
    let expected = "welcome · 200 contacts, 120 entered, 120 runs\n\n  \
        step   reached  passed  sent  held  opened         clicked        skipped\n  \
        hello      120       ·   100     ·      40  40.0%        5  5.0%  not_subscribed 20\n\n  \
        path   taken  share  of\n  left      75  62.5%  turn\n  right     45  37.5%  turn\n\n  \
        runs      entered  goals  share  value  ended\n  messaged      120     30  25.0%      ·  completed 100, still inside 20\n";
    let printed = print::funnel(&funnel, &journey);
    assert_eq!(printed, expected, "{printed}");
}
