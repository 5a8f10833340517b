use std::path::PathBuf;

use super::known::{Known, check_rates};
use super::{print, rate, read};
use wend_app::simulate::Funnel;
use wend_core::definitions::{SourceFile, read_all};
use wend_core::release::{Manifest, Part, Release};
use wend_core::time::Timestamp;

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
    let people = read::people(&file("good.csv", text), &Known::default()).unwrap();
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
    let people = |name: &str, text: &str| fault(read::people(&file(name, text), &Known::default()));
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

    let known = read::people(&file("f.csv", "id\nu1\n"), &Known::default()).unwrap();
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
    let people = read::people(&file("k.csv", "id\nu1\n"), &Known::default()).unwrap();
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

/// A project with `lines` whose journey `trial` sends one message.
fn release(lines: &str) -> Release {
    let files = [
        (
            "wend.yaml",
            format!("wend: 1\nproject: p\npostal_address: Street 1\nsenders: {{ s: {{ email: a@b.example }} }}\n{lines}"),
        ),
        (
            "journeys/trial.yaml",
            "journey: trial\nstate: live\ntopic: news\ntriggers: [ { event: a } ]\nsteps:\n  - { id: hello, email: hi }\n  \
             - { id: vip, update: { set: { level: 1 } } }\n"
                .to_owned(),
        ),
        (
            "templates/hi.md",
            "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: s\nsubject: Hi\n---\nHi\n".to_owned(),
        ),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.to_owned(),
        text,
    });
    let parts = read_all(&files).unwrap().into_iter();
    let parts: Vec<Part> = parts.map(|(file, said)| Part::new(file, said)).collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

const TOPICS: &str = "topics: { news: { title: News }, offers: { title: Offers } }\n";

#[test]
fn a_column_or_topic_that_the_project_does_not_know_is_a_fault() {
    let declared = release(&format!(
        "{TOPICS}attributes: {{ tier: {{ type: text }} }}\n"
    ));
    let known = Known::of(&declared);
    let people = |name: &str, text: &str| fault(read::people(&file(name, text), &known));
    let good = "id,email,phone,tier,level,country,timezone,subscribed\nu1,a@b.example,,gold,1,DE,UTC,news;offers/sms\n";
    assert!(read::people(&file("l.csv", good), &known).is_ok());
    assert_eq!(
        people("m.csv", "id,teir\nu1,\nu2,gold\n"),
        "m.csv:3: nothing here knows an attribute `teir`: did you mean `tier`?"
    );
    assert_eq!(
        people("n.csv", "id,subscribd\nu1,news\n"),
        "n.csv:2: nothing here knows an attribute `subscribd`: did you mean `subscribed`?"
    );
    assert_eq!(
        people("o.jsonl", "{\"id\":\"u1\",\"shoe_size\":44}\n"),
        "o.jsonl:1: nothing here knows an attribute `shoe_size`: rename the column, or declare it in wend.yaml under \
         `attributes`: shoe_size: { type: text }"
    );
    assert_eq!(
        people("p.csv", "id,subscribed\nu1,news;nws\n"),
        "p.csv:2: there is no topic `nws`: one of news, offers"
    );
    let comma = read::people(
        &file("q.csv", "id,subscribed\nu1,\"news,offers\"\n"),
        &known,
    );
    let comma = format!("{:#}", comma.unwrap_err());
    assert!(
        comma.contains("q.csv:2: `subscribed` takes topics"),
        "{comma}"
    );
    // Without declarations attributes come as they are.
    let open = release(TOPICS);
    let open = read::people(&file("r.csv", "id,teir\nu1,gold\n"), &Known::of(&open)).unwrap();
    assert_eq!(open[0].attributes["teir"], "gold");
}

#[test]
fn a_rate_of_no_message_is_a_fault() {
    let release = release(TOPICS);
    let (_, journey) = release.journey("trial").unwrap();
    let check = |text: &str| check_rates("opens", &[rate(text).unwrap()], (&release, journey));
    for good in ["40%", "hello=40%", "hi=40%"] {
        assert!(check(good).is_ok(), "{good}");
    }
    for wrong in ["nosuch", "vip"] {
        assert_eq!(
            check(&format!("{wrong}=40%")).unwrap_err().to_string(),
            format!(
                "--opens: no message comes from a step or template `{wrong}`; of `trial`: one of hello, hi"
            )
        );
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
