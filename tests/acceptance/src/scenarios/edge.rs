//! What comes in: what is refused and what is not, and poison behind the door.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::Scenario;
use crate::case::{Case, PATIENCE_SECS};
use crate::client::{Answer, Client, Contact};
use crate::wait::Deadline;

pub const REFUSED: Scenario = (
    "what_is_refused_gets_a_precise_answer_and_enters_nothing",
    refused,
);
pub const ONE_BAD_ITEM: Scenario = ("one_bad_item_costs_nothing_to_the_other_49", one_bad_item);
pub const BEACON: Scenario = ("a_beacon_names_its_key_in_the_body", beacon);
pub const PREFLIGHT: Scenario = ("a_browser_may_post_from_anywhere", preflight);
pub const POISON: Scenario = (
    "poison_is_set_aside_with_its_reason_and_blocks_nobody",
    poison,
);

const JSON: &str = "application/json";

fn refused(case: &Case) -> Result<()> {
    let client = case.client()?;
    let bot = case.contact("Bot");
    refused_keys(&client, &bot)?;
    refused_events(&client, &bot)?;
    refused_bodies(&client, &bot)?;
    refused_sizes(&client, &bot)?;
    // Sent after them and applied: whatever they had left in the queue would be applied, too.
    let proper = case.contact("Proper");
    client.accept(&[proper.track("looked_around")])?;
    case.rows(&proper, "the accepted event", |rows| rows.len() == 1)?;
    let rows = client.rows(&bot.user)?;
    ensure!(
        rows.is_empty(),
        "expected nothing of {}, got {rows:?}",
        bot.user
    );
    let queues = client.show("/_wend/queues")?.to_string();
    ensure!(
        !queues.contains(&bot.user),
        "a refused event of {} is in a queue",
        bot.user
    );
    Ok(())
}

fn refused_keys(client: &Client, bot: &Contact) -> Result<()> {
    let event = bot.track("guessed").to_string();
    let unknown = client.post_as("wk_guessed", "/v1/track", JSON, event.as_bytes())?;
    unknown.is_json(
        401,
        &json!({ "error": "this write key is not known: copy it again, or make a new one" }),
    )?;
    let missing =
        "no write key: send it as the user name of Basic auth, or as `writeKey` in the body";
    let none = client.call(
        &Method::POST,
        "/v1/track",
        &[("content-type", JSON)],
        event.as_bytes(),
    )?;
    none.is_json(401, &json!({ "error": missing }))?;
    let empty = client.post_as("", "/v1/track", JSON, event.as_bytes())?;
    empty.is_json(401, &json!({ "error": missing }))
}

fn refused_events(client: &Client, bot: &Contact) -> Result<()> {
    let user = &bot.user;
    let long = "x".repeat(300);
    let cases = [
        (
            "track",
            json!({ "userId": user }),
            "`event` is missing: a track call names what happened",
        ),
        (
            "track",
            json!({ "event": "guessed", "properties": { "user": user } }),
            "nobody is named: send `userId`, `anonymousId`, or an email or a phone number in `traits` or `context.traits`",
        ),
        (
            "identify",
            json!({ "userId": user, "traits": { "email": "nowhere" } }),
            "`email` is not an address that can be written to",
        ),
        (
            "identify",
            json!({ "userId": user, "traits": [] }),
            "`traits` must be an object, this is a list",
        ),
        (
            "page",
            json!({ "userId": user, "timestamp": "noon" }),
            "`timestamp` is not an ISO 8601 instant such as 2026-03-01T08:00:00.000Z",
        ),
        (
            "page",
            json!({ "userId": user, "messageId": long }),
            "`messageId` is 300 bytes long; at most 256 are kept",
        ),
    ];
    for (call, event, error) in cases {
        let answer = client.post(&format!("/v1/{call}"), &event)?;
        nothing_accepted(&answer, error).with_context(|| event.to_string())?;
    }
    let batch = json!({ "batch": [{ "type": "delete", "userId": user }] });
    let error = "`type` is `delete`; it must be one of identify, track, page, alias, group";
    nothing_accepted(&client.post("/v1/batch", &batch)?, error)
}

fn nothing_accepted(answer: &Answer, error: &str) -> Result<()> {
    let errors = [json!({ "index": 0, "error": error })];
    answer.is_json(
        400,
        &json!({ "error": "no event of this request can be accepted", "errors": errors }),
    )
}

fn refused_bodies(client: &Client, bot: &Contact) -> Result<()> {
    let key = &client.address.write_key;
    let user = &bot.user;
    let open = format!(r#"{{"userId":"{user}","event":"#);
    let at = open.len();
    let answer = client.post_as(key, "/v1/track", JSON, open.as_bytes())?;
    let error = format!("the body is not JSON: EOF while parsing a value at line 1 column {at}");
    answer.is_json(400, &json!({ "error": error }))?;
    // An HTTP API hands bodies over as text unless their type is binary: this one arrives as it is.
    let mut bytes = format!(r#"{{"userId":"{user}","event":""#).into_bytes();
    let at = bytes.len();
    bytes.extend(b"\xff\"}");
    let answer = client.post_as(key, "/v1/track", "application/octet-stream", &bytes)?;
    let error = format!("the body is not UTF-8: byte {at} is wrong");
    answer.is_json(400, &json!({ "error": error }))?;
    let missing = "`batch` is missing: a batch is {\"batch\": [ … ]}";
    let answer = client.post("/v1/batch", &json!({ "userId": user }))?;
    answer.is_json(400, &json!({ "error": missing }))?;
    let answer = client.post("/v1/batch", &json!({ "batch": [] }))?;
    answer.is_json(400, &json!({ "error": "`batch` is empty" }))
}

fn refused_sizes(client: &Client, bot: &Contact) -> Result<()> {
    let event = |bytes: usize| {
        let properties = json!({ "text": "x".repeat(bytes) });
        json!({ "type": "track", "userId": bot.user, "event": "guessed", "properties": properties })
    };
    let large = event(33_000);
    let size = large.to_string().len();
    let error = format!("the body has {size} bytes; at most 32768 are taken");
    let answer = client.post("/v1/track", &large)?;
    answer.is_json(413, &json!({ "error": error }))?;
    let error = format!("the event has {size} bytes; at most 32768 are taken");
    nothing_accepted(
        &client.post("/v1/batch", &json!({ "batch": [large] }))?,
        &error,
    )?;
    let batch = json!({ "batch": vec![event(900); 600] });
    let size = batch.to_string().len();
    ensure!(size >= 600_000, "the batch has only {size} bytes");
    let error =
        format!("the body has {size} bytes; at most 512000 are taken; send several batches");
    let answer = client.post("/v1/batch", &batch)?;
    answer.is_json(413, &json!({ "error": error }))
}

fn one_bad_item(case: &Case) -> Result<()> {
    const BAD: usize = 17;
    let client = case.client()?;
    let crowd = case.crowd(50);
    let item = |(index, contact): (usize, &Contact)| match index {
        BAD => json!({ "type": "delete", "userId": contact.user }),
        _ if index % 3 == 0 => contact.identify(),
        _ if index % 3 == 1 => contact.track("looked_around"),
        _ => json!({ "type": "page", "anonymousId": "somebody", "userId": contact.user }),
    };
    let items: Vec<Value> = crowd.iter().enumerate().map(item).collect();
    let answer = client.post("/v1/batch", &json!({ "batch": items }))?;
    let error = "`type` is `delete`; it must be one of identify, track, page, alias, group";
    answer.is_json(
        202,
        &json!({ "accepted": 49, "errors": [{ "index": BAD, "error": error }] }),
    )?;
    for (index, contact) in crowd.iter().enumerate() {
        if index != BAD {
            case.rows(contact, "the event", |rows| rows.len() == 1)?;
        }
    }
    let bad = crowd.get(BAD).context("no bad item")?;
    let rows = client.rows(&bad.user)?;
    ensure!(
        rows.is_empty(),
        "expected nothing of {}, got {rows:?}",
        bad.user
    );
    Ok(())
}

/// `navigator.sendBeacon` can set no header and say no other type.
fn beacon(case: &Case) -> Result<()> {
    let client = case.client()?;
    let ana = case.contact("Ana");
    let batch = [ana.identify(), ana.sign_up()];
    let body = json!({ "writeKey": client.address.write_key, "batch": batch });
    let headers = [
        ("content-type", "text/plain;charset=UTF-8"),
        ("origin", "https://www.example.com"),
    ];
    let body = body.to_string();
    let answer = client.call(&Method::POST, "/v1/batch", &headers, body.as_bytes())?;
    answer.is_json(202, &json!({ "accepted": 2 }))?;
    case.mail(&ana, "hello")?;
    Ok(())
}

fn preflight(case: &Case) -> Result<()> {
    let client = case.client()?;
    for call in ["identify", "track", "page", "batch"] {
        let headers = [
            ("origin", "https://www.example.com"),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        let answer = client.call(&Method::OPTIONS, &format!("/v1/{call}"), &headers, &[])?;
        let allowed = |name: &str, value: &str| answer.header(name).to_lowercase().contains(value);
        ensure!(
            (200..300).contains(&answer.status)
                && allowed("access-control-allow-origin", "*")
                && allowed("access-control-allow-methods", "post")
                && allowed("access-control-allow-headers", "authorization")
                && allowed("access-control-allow-headers", "content-type"),
            "expected leave to post to {call}, got {answer:?}"
        );
    }
    let headers = [("origin", "https://www.example.com")];
    let answer = client.call(&Method::POST, "/v1/track", &headers, b"{}")?;
    let origin = answer.header("access-control-allow-origin");
    ensure!(
        origin == "*",
        "expected one leave to read the answer, got `{origin}`"
    );
    Ok(())
}

fn poison(case: &Case) -> Result<()> {
    const POISON: [(&str, &str, &str); 6] = [
        (
            "inputs",
            "poison: not JSON",
            "not an input: expected value at line 1 column 1",
        ),
        (
            "inputs",
            r#"{"accepted_at":0,"input":{"poison":{}}}"#,
            "not an input: unknown variant `poison`",
        ),
        (
            "dispatch",
            r#"{"poison":1}"#,
            "not a task: unknown variant `poison`",
        ),
        (
            "dispatch-bulk",
            r#"{"poison":1}"#,
            "not a task: unknown variant `poison`",
        ),
        (
            "webhooks",
            r#"{"poison":1}"#,
            "not a call: missing field `request`",
        ),
        (
            "feedback",
            r#"{"poison":1}"#,
            "neither an SES event nor an SMS: missing field `eventType`",
        ),
    ];
    let client = case.client()?;
    let ana = case.contact("Ana");
    for (queue, body, _) in POISON {
        client.act(&format!("/_wend/queues?name={queue}"), body.as_bytes())?;
    }
    client.start(&ana)?;
    case.mail(&ana, "hello")?;
    for (queue, body, reason) in POISON {
        let what = format!("`{body}` in {queue}-dlq and no longer in {queue}, because: {reason}");
        Deadline::secs(PATIENCE_SECS).until(&what, || {
            let queues = client.show("/_wend/queues")?;
            let messages = |name: &str| queues[name].as_array().cloned().unwrap_or_default();
            let is_aside = messages(&format!("{queue}-dlq")).iter().any(|message| {
                let given = message["reason"].as_str().unwrap_or_default();
                message["body"] == body && given.starts_with(reason)
            });
            let is_left = messages(queue)
                .iter()
                .any(|message| message["body"] == body);
            Ok((is_aside && !is_left).then_some(()))
        })?;
    }
    Ok(())
}
