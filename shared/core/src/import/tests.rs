use serde_json::json;

use super::*;
use crate::release::{Manifest, Part};

const NOW: Timestamp = Timestamp::from_millis(1_772_352_000_000);

fn release(yaml: &str) -> Release {
    let file = crate::definitions::SourceFile {
        path: "wend.yaml".to_owned(),
        text: format!("wend: 1\nproject: shop\n{yaml}"),
    };
    let parts = crate::definitions::read_all(&[file]).unwrap();
    let parts: Vec<Part> = parts
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    Release::new(&Manifest::next(None, &parts, NOW), parts)
}

fn read(release: &Release, row: &Value) -> Result<Row, Fault> {
    let request = Request {
        source: "import",
        is_public: false,
        accepted_at: NOW,
        sent_at: None,
    };
    Rules::of(release).read(row, false, request)
}

const SHOP: &str = "topics:\n  news: { title: News, opt_in: double }\nattributes:\n  age: { type: integer }\n  \
    tier: { type: text, one_of: [ gold, silver ] }\n";

#[test]
fn a_value_of_another_type_is_left_out_and_told() {
    let release = release(SHOP);
    let row = json!({ "userId": "u1", "timestamp": "2026-02-01T00:00:00Z", "traits":
        { "email": "ana@example.com", "age": "old", "tier": "gold", "shoe": "42", "phone": "0155" } });
    let row = read(&release, &row).unwrap();
    assert!(row.event.is_import);
    assert_eq!(
        row.event.occurred_at,
        Timestamp::parse("2026-02-01T00:00:00Z").unwrap()
    );
    let kept = row.event.traits.expose();
    assert_eq!(
        *kept,
        json!({ "email": "ana@example.com", "tier": "gold" })
            .as_object()
            .unwrap()
            .clone()
    );
    let fields: Vec<&str> = row
        .left_out
        .iter()
        .map(|fault| fault.field.as_str())
        .collect();
    assert_eq!(fields, ["age", "phone", "shoe"]);
}

#[test]
fn the_same_row_is_the_same_input_and_another_moment_is_not() {
    let release = release(SHOP);
    let at = |at: &str| {
        let row = json!({ "userId": "u1", "timestamp": at, "traits": { "age": "7" } });
        read(&release, &row).unwrap().event.id
    };
    assert_eq!(at("2026-02-01T00:00:00Z"), at("2026-02-01T00:00:00Z"));
    assert_ne!(at("2026-02-01T00:00:00Z"), at("2026-02-02T00:00:00Z"));
}

#[test]
fn nobody_is_subscribed_without_wording_and_time() {
    let release = release(SHOP);
    let said = |subscribed: Value| {
        let row = json!({ "userId": "u1", "timestamp": "2026-02-01T00:00:00Z", "traits": { "subscribed": subscribed } });
        let row = read(&release, &row).unwrap();
        (
            row.event.traits.expose().contains_key("subscribed"),
            row.left_out.len(),
        )
    };
    let full = json!({ "topic": "news", "wording": "Yes, news", "at": "2025-01-01T00:00:00Z" });
    assert_eq!(said(json!([full])), (true, 0));
    for bad in [
        json!(["news"]),
        json!("news"),
        json!([{ "topic": "news", "at": "2025-01-01T00:00:00Z" }]),
        json!([{ "topic": "news", "wording": " ", "at": "2025-01-01T00:00:00Z" }]),
        json!([{ "topic": "news", "wording": "Yes", "at": "lately" }]),
        json!([{ "topic": "olds", "wording": "Yes", "at": "2025-01-01T00:00:00Z" }]),
        json!([{ "topic": "news", "wording": "Yes", "at": "2025-01-01T00:00:00Z", "confirmed_at": 5 }]),
    ] {
        assert_eq!(said(bad.clone()), (false, 1), "{bad}");
    }
}

#[test]
fn a_row_without_name_or_time_is_refused() {
    let release = release(SHOP);
    let fault = |row: Value| read(&release, &row).unwrap_err();
    let at = "2026-02-01T00:00:00Z";
    assert!(
        fault(json!({ "timestamp": at }))
            .error
            .contains("nobody is named")
    );
    assert!(fault(json!({ "userId": "u1" })).error.contains("timestamp"));
    let bad = fault(json!({ "userId": "u1", "timestamp": at, "traits": { "email": "ana@" } }));
    assert_eq!(bad.field, "email");
}

#[test]
fn the_shape_says_what_a_row_may_hold() {
    let release = release(SHOP);
    let shape = Rules::of(&release).shape();
    assert_eq!(shape["topics"], json!({ "news": "double" }));
    assert_eq!(shape["attributes"]["age"], "integer");
    assert!(shape["attributes"].get("subscribed").is_none());
    let bare = Release::default();
    assert_eq!(Rules::of(&bare).shape()["attributes"], Value::Null);
}
