//! `POST /v1/…`: reads events and puts them on the inputs queue; rows of an import go on the bulk queue, behind which nobody waits.
//!
//! 202 means that the queue has every accepted item. A failure to enqueue answers 503 for the whole request, because clients
//! take 2xx for done; a repeated request is recognised by its `messageId`s. An error of one item is for an item that can
//! never succeed.

mod flood;
mod form;
mod import;
mod script;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use wend_core::identity::IdentitySecret;
use wend_core::input::{Envelope, Input};
use wend_core::release::EventSource;
use wend_core::time::Timestamp;
use wend_core::tracking::{self, BATCH_BYTES_MAX, BATCH_ITEMS_MAX, Call, EVENT_BYTES_MAX};

use crate::ports::{Clock, Ids, KeyStore, Outgoing, Queue, ReleaseStore};
use crate::releases::Releases;
use crate::write_keys::WriteKeys;

pub use flood::{EVENTS_PER_MINUTE, Floods};

/// Longest write key: keys are short, and a header is not a place to upload.
const KEY_BYTES_MAX: usize = 256;

/// Takes events.
#[derive(Debug)]
pub struct Ingest<Q, K, C, I> {
    /// The inputs queue.
    pub inputs: Q,
    /// The queue of what is patient: imports.
    pub bulk: Q,
    /// The known sources.
    pub keys: WriteKeys<K, C>,
    /// The definitions: which forms there are.
    pub releases: Releases<K, C>,
    /// The clock.
    pub clock: C,
    /// Ids for events that carry none.
    pub ids: I,
    /// For the queue's group: the address as a hash.
    pub secret: IdentitySecret,
    /// Who comes too often.
    pub floods: Floods,
}

/// A refusal of the whole request.
struct Refused(StatusCode, String);

impl<Q: Queue, K: KeyStore + ReleaseStore, C: Clock, I: Ids> Ingest<Q, K, C, I> {
    /// Answers one request. Every answer to an event is JSON and may be read by any web page: the key in the page is all a page
    /// can use. A form is answered with a page, or with the way to one.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        if let Some(name) = request.uri().path().strip_prefix("/v1/forms/") {
            return self.submit(name, &request).await;
        }
        if request.uri().path() == "/v1/wend.js" {
            return script::serve(request.method());
        }
        if request.method() == Method::OPTIONS {
            return answer(StatusCode::NO_CONTENT, &Value::Null);
        }
        if request.uri().path() == "/v1/import" {
            return match self.import(&request).await {
                Ok(said) => answer(StatusCode::OK, &said),
                Err(Refused(status, error)) => answer(status, &json!({ "error": error })),
            };
        }
        match self.accept(&request).await {
            Ok((accepted, errors)) if errors.is_empty() => {
                answer(StatusCode::ACCEPTED, &json!({ "accepted": accepted }))
            }
            Ok((0, errors)) => {
                let error = "no event of this request can be accepted";
                answer(
                    StatusCode::BAD_REQUEST,
                    &json!({ "error": error, "errors": errors }),
                )
            }
            Ok((accepted, errors)) => answer(
                StatusCode::ACCEPTED,
                &json!({ "accepted": accepted, "errors": errors }),
            ),
            Err(Refused(status, error)) => answer(status, &json!({ "error": error })),
        }
    }

    async fn accept(&self, request: &Request<Bytes>) -> Result<(usize, Vec<Value>), Refused> {
        let call = call(request)?;
        let limit = if call.is_some() {
            EVENT_BYTES_MAX
        } else {
            BATCH_BYTES_MAX
        };
        let body = request.body();
        if body.len() > limit {
            let size = body.len();
            let help = if call.is_some() {
                ""
            } else {
                "; send several batches"
            };
            let error = format!("the body has {size} bytes; at most {limit} are taken{help}");
            return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, error));
        }
        let body = json_body(body)?;
        let (source, holder) = self.source(request.headers(), &body).await?;
        let accepted_at = self.clock.now();
        let (items, sent_at) = items(call, &body)?;
        let context = tracking::Request {
            source: &source,
            is_public: holder == EventSource::Browser,
            accepted_at,
            sent_at,
        };
        let mut envelopes = Vec::with_capacity(items.len());
        let mut errors = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match tracking::read(call, item, context, || self.ids.draw()) {
                Ok(event) => {
                    envelopes.push(Envelope {
                        accepted_at,
                        input: Input::Event(Box::new(event)),
                    });
                }
                Err(error) => errors.push(json!({ "index": index, "error": error.to_string() })),
            }
        }
        if context.is_public {
            self.stem(&envelopes, accepted_at)?;
        }
        self.enqueue(&self.inputs, &envelopes).await?;
        Ok((envelopes.len(), errors))
    }

    async fn source(
        &self,
        headers: &HeaderMap,
        body: &Value,
    ) -> Result<(String, EventSource), Refused> {
        let key = basic_user(headers).or_else(|| {
            body.get("writeKey")
                .and_then(Value::as_str)
                .map(str::to_owned)
        });
        let unauthorized = |error: &str| Refused(StatusCode::UNAUTHORIZED, error.to_owned());
        let key = key.filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
        let key = key.ok_or_else(|| {
            unauthorized("no write key: send it as the user name of Basic auth, or as `writeKey` in the body")
        })?;
        match self.keys.source(&key).await {
            Ok(Some(known)) => Ok(known),
            Ok(None) => Err(unauthorized(
                "this write key is not known: copy it again, or make a new one",
            )),
            Err(error) => {
                tracing::error!(%error, "write keys are out of reach");
                Err(unavailable())
            }
        }
    }

    /// Refuses what says too much of one contact.
    fn stem(&self, envelopes: &[Envelope], now: Timestamp) -> Result<(), Refused> {
        let contacts = envelopes.iter();
        let contacts = contacts.map(|envelope| envelope.input.partition(&self.secret));
        let contacts: Vec<_> = contacts.collect();
        let Some(contact) = self.floods.take(&contacts, now) else {
            return Ok(());
        };
        tracing::warn!(%contact, "comes too often: refused");
        let error = format!(
            "more than {EVENTS_PER_MINUTE} events of one contact within a minute; send this request again in the next one"
        );
        Err(Refused(StatusCode::TOO_MANY_REQUESTS, error))
    }

    async fn enqueue(&self, queue: &Q, envelopes: &[Envelope]) -> Result<(), Refused> {
        let mut messages = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            let body = serde_json::to_string(envelope).map_err(|error| {
                tracing::error!(%error, "an event does not serialize");
                unavailable()
            })?;
            let group = envelope.input.partition(&self.secret).to_string();
            messages.push(Outgoing {
                group: Some(group),
                ..Outgoing::now(body)
            });
        }
        if messages.is_empty() {
            return Ok(());
        }
        queue.send(messages).await.map_err(|error| {
            let queue = queue.name();
            tracing::error!(%error, queue, "the queue did not take everything");
            unavailable()
        })
    }
}

fn unavailable() -> Refused {
    let error = "the events could not be stored; send the same request again";
    Refused(StatusCode::SERVICE_UNAVAILABLE, error.to_owned())
}

/// The call that the URL names; none for a batch.
fn call(request: &Request<Bytes>) -> Result<Option<Call>, Refused> {
    let path = request.uri().path();
    let name = path.strip_prefix("/v1/").unwrap_or_default();
    let call = if name == "batch" {
        Some(None)
    } else {
        Call::named(name).map(Some)
    };
    let Some(call) = call else {
        let error =
            format!("there is no {path}; POST to /v1/identify, track, page, alias, group or batch");
        return Err(Refused(StatusCode::NOT_FOUND, error));
    };
    if request.method() == Method::POST {
        Ok(call)
    } else {
        let error = format!("{path} takes POST");
        Err(Refused(StatusCode::METHOD_NOT_ALLOWED, error))
    }
}

/// The body as JSON, whatever its content type says: a browser's `sendBeacon` can only say `text/plain`.
fn json_body(body: &Bytes) -> Result<Value, Refused> {
    let bad = |error: String| Refused(StatusCode::BAD_REQUEST, error);
    let text = std::str::from_utf8(body).map_err(|error| {
        bad(format!(
            "the body is not UTF-8: byte {} is wrong",
            error.valid_up_to()
        ))
    })?;
    serde_json::from_str(text).map_err(|error| bad(format!("the body is not JSON: {error}")))
}

/// The items of a request, and the sender's clock.
fn items(call: Option<Call>, body: &Value) -> Result<(Vec<&Value>, Option<Timestamp>), Refused> {
    if call.is_some() {
        return Ok((vec![body], None));
    }
    let bad = |error: &str| Refused(StatusCode::BAD_REQUEST, error.to_owned());
    let items = body.get("batch").and_then(Value::as_array);
    let items = items.ok_or_else(|| bad("`batch` is missing: a batch is {\"batch\": [ … ]}"))?;
    if items.is_empty() {
        return Err(bad("`batch` is empty"));
    }
    if items.len() > BATCH_ITEMS_MAX {
        let error = format!(
            "the batch has {} items; at most {BATCH_ITEMS_MAX} are taken",
            items.len()
        );
        return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, error));
    }
    let sent_at = body
        .get("sentAt")
        .and_then(Value::as_str)
        .and_then(Timestamp::parse);
    Ok((items.iter().collect(), sent_at))
}

/// The user name of Basic auth.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    Some(
        decoded
            .split_once(':')
            .map_or(decoded.as_str(), |(user, _)| user)
            .to_owned(),
    )
}

fn answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, header::HeaderValue::from_static(value));
    }
    response
}
