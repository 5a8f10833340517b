//! The edge of the local AWS: one loopback port before the emulator.
//!
//! Functions reach `SESv2` here. Every call goes on to the emulator unchanged; an accepted email is
//! captured whole, and the events that SES would publish and the emulator does not are published to
//! the stack's topic. All other paths are the HTTP API, so that its address is known before the
//! deployment and works with any client.
//!
//! Hooks for tests: `POST /_wend/ses/hang?secs=N&count=M` delays the answer to the next M accepted
//! emails by N seconds; `POST /_wend/ses/events?enabled=false` stops the events; `POST /_wend/kill?function=DispatchFunction` ends
//! a function's processes with SIGKILL.

pub(super) mod forward;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, Response, StatusCode, request::Parts};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::forward::Emulator;
use super::desk::Desk;
use super::mail::Mail;

/// The limit of an HTTP API on AWS.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
const SEND_EMAIL_PATH: &str = "/v2/email/outbound-emails";
const ACCOUNT_PATH: &str = "/v2/email/account";
/// The inbox takes mails as they come; the emulator would have 14 a second.
const INBOX_PER_SECOND: u32 = 1000;

/// Ends processes by the name of their function; returns their ids as `killed`, and how many were at work as `busy`.
pub type Kill = Box<dyn Fn(&str) -> anyhow::Result<Value> + Send + Sync>;

/// What the front needs to know of the deployed stack.
pub struct Stack {
    /// Base address of the emulator.
    pub endpoint: String,
    /// Path under which the emulator serves the HTTP API.
    pub api_path: String,
    /// Topic of the SES events.
    pub topic_arn: String,
    /// The configuration set whose emails publish events; others publish none, as on AWS.
    pub configuration_set: String,
    /// Ends the processes of a function by name, as a crash would.
    pub kill: Kill,
}

/// A listening front.
pub struct Front {
    url: String,
    stack: OnceLock<Stack>,
    desk: OnceLock<Arc<Desk>>,
    hooks: Mutex<Hooks>,
    server: OnceLock<tokio::task::AbortHandle>,
}

struct Hooks {
    messages: Vec<Mail>,
    hang: Duration,
    hang_count: u64,
    has_events: bool,
}

impl Front {
    /// Listens on a loopback port (`0`: any free one); answers 503 until [`Front::attach`].
    pub async fn bind(port: u16) -> anyhow::Result<Arc<Self>> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
            anyhow!("port {port} is not free ({error}): stop what listens there or choose another port")
        })?;
        let front = Arc::new(Self {
            url: format!("http://{}", listener.local_addr()?),
            stack: OnceLock::new(),
            desk: OnceLock::new(),
            hooks: Mutex::new(Hooks {
                messages: Vec::new(),
                hang: Duration::ZERO,
                hang_count: 0,
                has_events: true,
            }),
            server: OnceLock::new(),
        });
        let router = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&front));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        // A new cell is always empty.
        let _ = front.server.set(server.abort_handle());
        Ok(front)
    }

    /// Base address of the front.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts to serve the stack; a second call changes nothing.
    pub fn attach(self: &Arc<Self>, stack: Stack) {
        let (endpoint, topic) = (stack.endpoint.clone(), stack.topic_arn.clone());
        if self.stack.set(stack).is_ok() {
            tokio::spawn(async move {
                // SES says this to a topic in plain text when it becomes a destination: consumers
                // must survive it.
                let greeting = "Successfully validated SNS topic for Amazon SES event publishing.";
                forward::publish(&endpoint, &topic, greeting).await
            });
        }
    }

    /// Serves the inbox and what else a developer looks at; a second call changes nothing.
    pub fn furnish(&self, desk: Arc<Desk>) {
        // The first desk stays.
        let _ = self.desk.set(desk);
    }

    /// Stops to listen.
    pub fn detach(&self) {
        if let Some(server) = self.server.get() {
            server.abort();
        }
    }

    /// Every accepted email so far, in the order of acceptance.
    pub fn messages(&self) -> Vec<Mail> {
        self.hooks().messages.clone()
    }

    fn hooks(&self) -> MutexGuard<'_, Hooks> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Captures an accepted email, and says how long its answer is to hang.
    fn accept(&self, message: Mail) -> Duration {
        let mut hooks = self.hooks();
        hooks.messages.push(message);
        if hooks.hang_count == 0 {
            return Duration::ZERO;
        }
        hooks.hang_count -= 1;
        hooks.hang
    }
}

async fn handle(State(front): State<Arc<Front>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return answer(
            StatusCode::PAYLOAD_TOO_LARGE,
            &json!({"message": "Request Entity Too Large"}),
        );
    };
    // On its own task: when a function is killed, its connection closes and axum drops this future,
    // but what was accepted must still be captured and published.
    let work = tokio::spawn(async move { route(&front, parts, body).await });
    match work.await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => answer(
            StatusCode::BAD_GATEWAY,
            &json!({"message": format!("{error:#}")}),
        ),
        Err(_) => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            &json!({"message": "the front failed"}),
        ),
    }
}

async fn route(front: &Arc<Front>, parts: Parts, body: Bytes) -> anyhow::Result<Response<Body>> {
    let Some(stack) = front.stack.get() else {
        return Ok(answer(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({"message": "not deployed yet"}),
        ));
    };
    if let Some(desk) = front.desk.get()
        && let Some(response) = desk.answer(&parts, &body).await?
    {
        return Ok(response);
    }
    let path = parts.uri.path().to_owned();
    if let Some(hook) = path.strip_prefix("/_wend/") {
        return run_hook(front, hook, &parts);
    }
    let emulator = Emulator {
        endpoint: &stack.endpoint,
    };
    if !path.starts_with("/v2/email/") {
        return emulator.forward(&stack.api_path, &parts, body).await;
    }
    if parts.method == Method::GET && path == ACCOUNT_PATH {
        let quota = json!({ "MaxSendRate": INBOX_PER_SECOND, "Max24HourSend": -1 });
        return Ok(answer(StatusCode::OK, &json!({ "SendQuota": quota })));
    }
    let is_send = parts.method == Method::POST && path == SEND_EMAIL_PATH;
    let request = body.clone();
    let response = emulator.forward("", &parts, body).await?;
    if !is_send || response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (head, answered) = response.into_parts();
    let answered = to_bytes(answered, BODY_BYTES_MAX).await?;
    let message = Mail::read(&request, &answered)?;
    publish_events(front, stack, &message);
    tokio::time::sleep(front.accept(message)).await;
    Ok(Response::from_parts(head, Body::from(answered)))
}

/// SES publishes *Send* on acceptance and *Delivery* later: one task keeps them in order.
fn publish_events(front: &Front, stack: &Stack, message: &Mail) {
    let is_ours = message.configuration_set.as_deref() == Some(stack.configuration_set.as_str());
    if !is_ours || !front.hooks().has_events {
        return;
    }
    let (endpoint, topic, message) = (
        stack.endpoint.clone(),
        stack.topic_arn.clone(),
        message.clone(),
    );
    tokio::spawn(async move {
        for event in [message.sent(), message.delivered()] {
            if let Err(error) = forward::publish(&endpoint, &topic, &event.to_string()).await {
                eprintln!("cannot publish an SES event: {error:#}");
            }
        }
    });
}

fn run_hook(front: &Front, hook: &str, parts: &Parts) -> anyhow::Result<Response<Body>> {
    let query = parts.uri.query().unwrap_or_default();
    let value = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
    let result = match hook {
        "ses/hang" => {
            let (Some(secs), Some(count)) = (number("secs"), number("count")) else {
                return Ok(answer(
                    StatusCode::BAD_REQUEST,
                    &json!({"message": "give secs and count"}),
                ));
            };
            let mut hooks = front.hooks();
            hooks.hang = Duration::from_secs(secs);
            hooks.hang_count = count;
            json!({"secs": secs, "count": count})
        }
        "ses/events" => {
            let has_events = value("enabled") != Some("false");
            front.hooks().has_events = has_events;
            json!({"enabled": has_events})
        }
        "kill" => {
            let Some((function, stack)) = value("function").zip(front.stack.get()) else {
                return Ok(answer(
                    StatusCode::BAD_REQUEST,
                    &json!({"message": "give function"}),
                ));
            };
            (stack.kill)(function)?
        }
        _ => {
            return Ok(answer(
                StatusCode::NOT_FOUND,
                &json!({"message": "no such hook"}),
            ));
        }
    };
    Ok(answer(StatusCode::OK, &result))
}

pub fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/json"));
    response
}
