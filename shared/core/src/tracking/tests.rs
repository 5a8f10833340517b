//! Bodies as they come over HTTP.

use super::*;
use serde_json::json;

const ACCEPTED: Timestamp = Timestamp::from_millis(1_772_352_000_000);

fn read_item(call: Option<Call>, item: &Value) -> Result<Event, ItemError> {
    let request = Request {
        source: "wk",
        is_public: false,
        accepted_at: ACCEPTED,
        sent_at: None,
    };
    read(call, item, request, || InputId::from_bytes([9; 16]))
}

#[test]
fn a_track_call_names_its_contact_event_and_time() {
    let item = json!({"userId": 7, "anonymousId": "a1", "event": "signed_up", "messageId": "m1",
        "timestamp": "2026-03-01T07:59:00Z", "properties": {"plan": "free"},
        "context": {"timezone": "Europe/Berlin", "traits": {"email": "Ana@example.com"}}});
    let event = read_item(Some(Call::Track), &item).unwrap();
    assert_eq!(event.kind, EventKind::Track("signed_up".into()));
    assert_eq!(
        event.address,
        Identity::new(IdentityKind::User, "7").unwrap()
    );
    assert_eq!(event.also.len(), 2);
    assert_eq!(
        event.occurred_at,
        Timestamp::parse("2026-03-01T07:59:00Z").unwrap()
    );
    assert_eq!(
        event.traits.expose().get("timezone"),
        Some(&json!("Europe/Berlin"))
    );
}

#[test]
fn a_retry_is_the_same_input_and_another_source_is_not() {
    let read_as = |source, item: &Value| {
        let request = Request {
            source,
            is_public: false,
            accepted_at: ACCEPTED,
            sent_at: None,
        };
        read(Some(Call::Track), item, request, || {
            InputId::from_bytes([9; 16])
        })
        .unwrap()
        .id
    };
    let with_id = json!({"userId": "u", "event": "e", "messageId": "m1"});
    assert_eq!(read_as("a", &with_id), read_as("a", &with_id));
    assert_ne!(read_as("a", &with_id), read_as("b", &with_id));
    let at = |sent| json!({"userId": "u", "event": "e", "timestamp": "2026-03-01T07:59:00Z", "sentAt": sent});
    assert_eq!(
        read_as("a", &at("2026-03-01T07:59:01Z")),
        read_as("a", &at("2026-03-01T07:59:09Z"))
    );
    let drawn = json!({"userId": "u", "event": "e"});
    assert_eq!(read_as("a", &drawn), InputId::from_bytes([9; 16]));
}

#[test]
fn a_wrong_clock_is_corrected_and_the_future_is_now() {
    let item = json!({"userId": "u", "event": "e", "timestamp": "2020-01-01T00:00:00Z",
        "sentAt": "2020-01-01T00:00:10Z"});
    let event = read_item(Some(Call::Track), &item).unwrap();
    assert_eq!(
        event.occurred_at,
        ACCEPTED.minus(std::time::Duration::from_secs(10))
    );
    let item = json!({"userId": "u", "event": "e", "timestamp": "2099-01-01T00:00:00Z"});
    assert_eq!(
        read_item(Some(Call::Track), &item).unwrap().occurred_at,
        ACCEPTED
    );
}

#[test]
fn what_can_never_succeed_says_why() {
    let cases = [
        (
            None,
            json!({"type": "delete", "userId": "u"}),
            "`type` is `delete`",
        ),
        (None, json!({"userId": "u"}), "`type` is null"),
        (
            None,
            json!([]),
            "an event must be a JSON object, this is a list",
        ),
        (
            Some(Call::Track),
            json!({"userId": "u"}),
            "`event` is missing",
        ),
        (Some(Call::Track), json!({"event": "e"}), "nobody is named"),
        (
            Some(Call::Track),
            json!({"event": "e", "userId": {}}),
            "`userId` must be a string, this is an object",
        ),
        (
            Some(Call::Track),
            json!({"event": "e", "userId": "u", "timestamp": "noon"}),
            "`timestamp` is not",
        ),
        (
            Some(Call::Identify),
            json!({"userId": "u", "traits": {"email": "x"}}),
            "`email` is not",
        ),
        (
            Some(Call::Identify),
            json!({"userId": "u", "traits": 5}),
            "`traits` must be an object",
        ),
        (
            Some(Call::Identify),
            json!({"userId": "u".repeat(300)}),
            "`userId` is 300 bytes",
        ),
        (
            Some(Call::Track),
            json!({"event": "e", "userId": "u", "properties": {"x": "y".repeat(40_000)}}),
            "the event has",
        ),
    ];
    for (call, item, expected) in cases {
        let error = read_item(call, &item).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
