//! What an answer means, when a call is made again, and what is kept for later steps.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::due::QUEUE_DELAY_MAX;
use crate::id::{SendId, derive};
use crate::time::Timestamp;

/// As much of an answer is read: enough for every system that says what it did, and no way to fill a function's memory.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// As much of it is kept for later steps: it lives in the contact, which has 32 KB for everything.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// The longest text that is kept of an answer that is larger.
const TEXT_BYTES_MAX: usize = 256;
/// How long a call that cannot be made is tried again. The run waits all along.
pub const TRIED_FOR: Duration = Duration::from_hours(24);
/// The shortest pause between two tries.
const PAUSE_MIN: Duration = Duration::from_secs(5);

/// What a status says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did what was asked.
    Done,
    /// It may do it later.
    Again,
    /// It never will.
    Never,
}

/// Reads a status: 2xx is done; 408, 425, 429 and 5xx may be done later; all else is for good, redirects among it: a call that
/// carries a token goes only where wend.yaml says.
pub const fn judge(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Done,
        408 | 425 | 429 | 500..=599 => Verdict::Again,
        _ => Verdict::Never,
    }
}

/// How long the header `retry-after` asks to wait: seconds or a date (RFC 9110 section 10.2.3). None if it cannot be read.
pub fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(secs) = header.parse::<u64>() {
        return Some(Duration::from_secs(secs));
    }
    let date = jiff::fmt::rfc2822::parse(header).ok()?;
    let at = Timestamp::from_millis(date.timestamp().as_millisecond());
    Some(at.since(now))
}

/// When a call that was asked for `age` ago is made again; none: never, it was tried for [`TRIED_FOR`].
///
/// Each pause is about as long as all that went by: 5 s, 10 s, 20 s and so on up to the quarter of an hour that a queue can hold a
/// message. Up to half of it is left out, so that the calls of one outage do not come back together; by how much follows from the
/// call. What the other side asks for is kept and never shortened, but for that limit.
pub fn next_try(call: SendId, age: Duration, asked: Option<Duration>) -> Option<Duration> {
    if age >= TRIED_FOR {
        return None;
    }
    let drawn = derive("retry", &[call.as_bytes(), &age.as_millis().to_be_bytes()]);
    let share = f64::from(drawn.first().copied().unwrap_or_default()) / 512.0;
    let pause = match asked {
        // A little later than asked, each call by another time.
        Some(asked) => asked.max(PAUSE_MIN).mul_f64(1.0 + share / 4.0),
        None => age.clamp(PAUSE_MIN, QUEUE_DELAY_MAX).mul_f64(1.0 - share),
    };
    Some(pause.min(QUEUE_DELAY_MAX))
}

/// What later steps see of an answer of 2xx; refused where a system that always says what it did has not, as HubSpot does of one
/// contact in a batch.
pub fn taken(status: u16, body: &[u8], at: &str) -> Result<Value, String> {
    let says = |json: &Value| json.pointer(at).is_some();
    let json: Option<Value> = serde_json::from_slice(body).ok();
    if !at.is_empty() && !json.as_ref().is_some_and(says) {
        let code = error_code(body).map_or_else(String::new, |code| format!(" ({code})"));
        return Err(format!("answered {status} and did not do it{code}"));
    }
    Ok(kept(status, body, at))
}

/// What later steps see of a good answer. `at` is the JSON pointer to what matters.
///
/// A JSON object of up to [`ANSWER_BYTES_MAX`] is kept as it is; of a larger one its short values on the first level, as many as fit.
/// Anything else is `{ status, text }`, the text cut.
fn kept(status: u16, body: &[u8], at: &str) -> Value {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let found = json.as_ref().and_then(|json| json.pointer(at));
    if let Some(Value::Object(map)) = found {
        if size(map) <= ANSWER_BYTES_MAX {
            return Value::Object(map.clone());
        }
        return Value::Object(short_values(map));
    }
    let text = String::from_utf8_lossy(body);
    let text = cut(text.trim());
    if text.is_empty() {
        return json!({ "status": status });
    }
    json!({ "status": status, "text": text })
}

fn size(map: &Map<String, Value>) -> usize {
    serde_json::to_string(map).map_or(usize::MAX, |text| text.len())
}

fn short_values(map: &Map<String, Value>) -> Map<String, Value> {
    let mut bytes = 0;
    let mut short = Map::new();
    for (name, value) in map {
        let length = match value {
            Value::Null | Value::Bool(_) => 5,
            Value::Number(number) => number.to_string().len(),
            Value::String(text) => {
                serde_json::to_string(text).map_or(usize::MAX, |text| text.len())
            }
            Value::Array(_) | Value::Object(_) => continue,
        };
        let with_name = length.saturating_add(name.len() + 4);
        if with_name <= TEXT_BYTES_MAX && bytes + with_name <= ANSWER_BYTES_MAX - 2 {
            bytes += with_name;
            short.insert(name.clone(), value.clone());
        }
    }
    short
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The code that an answer names its fault by, such as `REQUIRED_FIELD_MISSING`. Only a code: the words beside it may name a person.
pub fn error_code(body: &[u8]) -> Option<String> {
    const PLACES: [&str; 8] = [
        "/0/errorCode",
        "/errors/0/category",
        "/category",
        "/errorCode",
        "/error_code",
        "/error/code",
        "/code",
        "/error",
    ];
    let json: Value = serde_json::from_slice(body).ok()?;
    let codes = PLACES.iter().filter_map(|at| json.pointer(at)?.as_str());
    let mut codes = codes.filter(|code| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        (1..=60).contains(&code.len()) && code.chars().all(is_word)
    });
    codes.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: SendId = SendId::from_bytes([7; 16]);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_status_says_done_again_or_never() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(judge(status), Verdict::Done, "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(judge(status), Verdict::Again, "{status}");
        }
        for status in [
            100, 301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 422, 600,
        ] {
            assert_eq!(judge(status), Verdict::Never, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::parse("2015-10-21T07:28:00Z").unwrap();
        let said = |text| retry_after(text, now);
        assert_eq!(said("120"), Some(Duration::from_mins(2)));
        assert_eq!(said(" 0 "), Some(Duration::ZERO));
        let date = said("Wed, 21 Oct 2015 07:29:30 GMT");
        assert_eq!(date, Some(Duration::from_secs(90)));
        assert_eq!(said("Wed, 21 Oct 2015 07:00:00 GMT"), Some(Duration::ZERO));
        for text in ["", "soon", "-5", "1.5"] {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn pauses_grow_with_the_age_and_stay_within_what_a_queue_can_hold() {
        for secs in [0, 1, 10, 60, 600, 3_600, 80_000] {
            let age = Duration::from_secs(secs);
            let pause = next_try(CALL, age, None).unwrap();
            let whole = age.clamp(PAUSE_MIN, QUEUE_DELAY_MAX);
            assert!(pause >= whole / 2 && pause <= whole, "{secs}: {pause:?}");
        }
        assert_eq!(next_try(CALL, TRIED_FOR, None), None);
        let others =
            (0..20).map(|byte| next_try(SendId::from_bytes([byte; 16]), SECOND * 60, None));
        let differing: std::collections::BTreeSet<_> = others.collect();
        assert!(differing.len() > 15, "{differing:?}");
    }

    #[test]
    fn what_the_other_side_asks_for_is_never_shortened_within_the_limit() {
        let asked = |secs| next_try(CALL, SECOND, Some(SECOND * secs)).unwrap();
        for secs in [5, 60, 600, 899] {
            let pause = asked(secs);
            assert!(
                pause >= SECOND * secs && pause <= QUEUE_DELAY_MAX,
                "{secs}: {pause:?}"
            );
        }
        assert!(asked(0) >= PAUSE_MIN);
        assert_eq!(asked(86_400), QUEUE_DELAY_MAX);
        assert_eq!(asked(u32::MAX), QUEUE_DELAY_MAX);
    }

    #[test]
    fn small_objects_are_kept_whole_and_large_ones_by_their_short_values() {
        let small = json!({ "id": 7, "owner": { "name": "Eve" } });
        assert_eq!(kept(200, small.to_string().as_bytes(), ""), small);
        let inside = json!({ "results": [{ "id": "7" }] });
        assert_eq!(
            kept(200, inside.to_string().as_bytes(), "/results/0"),
            json!({ "id": "7" })
        );
        let large = json!({ "id": 7, "new": true, "notes": "x".repeat(5_000), "list": [1] });
        assert_eq!(
            kept(200, large.to_string().as_bytes(), ""),
            json!({ "id": 7, "new": true })
        );
        let many: Map<String, Value> = (0..2_000)
            .map(|n| (format!("key{n:04}"), json!(n)))
            .collect();
        let many = kept(200, json!(many).to_string().as_bytes(), "");
        let bytes = many.to_string().len();
        assert!((3_000..=ANSWER_BYTES_MAX).contains(&bytes), "{bytes}");
    }

    #[test]
    fn an_answer_that_is_no_object_is_kept_as_status_and_text() {
        assert_eq!(kept(204, b"", ""), json!({ "status": 204 }));
        assert_eq!(
            kept(200, b"ok\n", ""),
            json!({ "status": 200, "text": "ok" })
        );
        assert_eq!(
            kept(200, b"[1]", ""),
            json!({ "status": 200, "text": "[1]" })
        );
        let long = "\u{fc}".repeat(300);
        let text = kept(200, long.as_bytes(), "")["text"]
            .as_str()
            .unwrap()
            .len();
        assert!((255..=256).contains(&text));
        assert_eq!(
            kept(200, b"{\"cut", ""),
            json!({ "status": 200, "text": "{\"cut" })
        );
    }

    #[test]
    fn a_batch_that_took_nothing_is_no_success() {
        let body = json!({ "results": [], "errors": [{ "category": "VALIDATION_ERROR" }] });
        let refused = taken(207, body.to_string().as_bytes(), "/results/0").unwrap_err();
        assert_eq!(refused, "answered 207 and did not do it (VALIDATION_ERROR)");
        let body = json!({ "results": [{ "id": "7" }] });
        let taken = taken(200, body.to_string().as_bytes(), "/results/0").unwrap();
        assert_eq!(taken, json!({ "id": "7" }));
    }

    #[test]
    fn only_codes_are_taken_from_a_refusal() {
        let said = |value: Value| error_code(value.to_string().as_bytes());
        let salesforce =
            json!([{ "message": "ana@example.com …", "errorCode": "DUPLICATES_DETECTED" }]);
        assert_eq!(said(salesforce).as_deref(), Some("DUPLICATES_DETECTED"));
        let hubspot = json!({ "status": "error", "category": "VALIDATION_ERROR" });
        assert_eq!(said(hubspot).as_deref(), Some("VALIDATION_ERROR"));
        assert_eq!(said(json!({ "error": "ana@example.com is unknown" })), None);
        assert_eq!(error_code(b"<html>"), None);
    }
}
