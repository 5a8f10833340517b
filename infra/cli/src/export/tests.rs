use wend_core::contact::{Attribute, TopicConsent};
use wend_core::id::ContactKey;
use wend_core::identity::Identity;
use wend_core::time::Timestamp;

use super::*;
use crate::folder::Folder;

fn contact() -> wend_core::contact::Contact {
    use wend_core::identity::IdentityKind;
    let at = Timestamp::parse("2026-03-01T08:00:00Z").unwrap();
    let mut contact = wend_core::contact::Contact::new(ContactKey::from_bytes([1; 16]), at);
    contact.identities = vec![Identity::new(IdentityKind::User, "@u1").unwrap()];
    let attributes = [
        (
            "first_name",
            serde_json::json!("=HYPERLINK(\"http://evil.example\")"),
        ),
        ("balance", serde_json::json!(-12.5)),
        ("shoe", serde_json::json!("42")),
        ("gone", Value::Null),
        ("subscribed", serde_json::json!(["news"])),
    ];
    for (name, value) in attributes {
        let value = value.into();
        contact
            .attributes
            .insert(name.to_owned(), Attribute { value, at });
    }
    let word = wend_core::contact::Word::Yes;
    contact
        .consents
        .insert("news".parse().unwrap(), TopicConsent { word, at });
    contact
}

fn release() -> Release {
    let text = "wend: 1\nproject: p\ntopics: { news: { title: News } }\nattributes:\n  first_name: { type: name }\n  balance: { type: number }\n";
    let file = wend_core::definitions::SourceFile {
        path: "wend.yaml".to_owned(),
        text: text.to_owned(),
    };
    crate::dev::release_of(&[file])
}

async fn written(file: &str) -> String {
    let release = release();
    let columns = rows::Columns::of(&release);
    let page = Page {
        columns: columns.names(),
        rows: vec![columns.row(&contact())],
        after: None,
    };
    let folder = Folder::new(&format!("export-{file}"));
    let pages = stream::iter([Ok(page), Ok(Page::default())]);
    assert_eq!(write(&folder.path().join(file), pages).await.unwrap(), 1);
    folder.read(file)
}

#[tokio::test]
async fn no_cell_of_a_contact_begins_a_formula() {
    let csv = written("people.csv").await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| {
        let place = header.iter().position(|column| column == name);
        row.get(place.unwrap()).unwrap().to_owned()
    };
    assert_eq!(cell("user_id"), "'@u1");
    assert_eq!(cell("first_name"), "'=HYPERLINK(\"http://evil.example\")");
    assert_eq!(cell("balance"), "-12.5");
    assert_eq!(cell("other_attributes"), "{\"shoe\":\"42\"}");
    assert_eq!(cell("consent news"), "yes");
    assert_eq!(cell("consent news at"), "2026-03-01T08:00:00Z");
    assert_eq!(cell("consent news/sms"), "");
}

#[tokio::test]
async fn lines_of_json_hold_values_as_they_are() {
    let line: Value = serde_json::from_str(&written("people.jsonl").await).unwrap();
    assert_eq!(line["user_id"], "@u1");
    assert_eq!(line["balance"], -12.5);
    assert!(line.get("email").is_none());
}
