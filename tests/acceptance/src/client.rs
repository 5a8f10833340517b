//! HTTP to one stack: requests of any kind, and the hooks that show what happened inside.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::{HeaderMap, Method, Request};

/// Longer than a function may take, cold, on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How old a shared look at the inbox may be: many scenarios look at the same time.
const INBOX_AGE_MAX: Duration = Duration::from_millis(300);

/// What a client must know.
#[derive(Clone, Debug, Deserialize)]
pub struct Address {
    /// Base address, without a slash at the end.
    pub url: String,
    /// A write key.
    pub write_key: String,
    /// A server's key.
    pub server_key: String,
    /// Base address of AWS, where there is one.
    pub emulator: Option<String>,
}

/// An HTTP client of one stack.
#[derive(Clone, Debug)]
pub struct Client {
    pub address: Address,
    agent: ureq::Agent,
    inbox: Arc<Mutex<Option<Inbox>>>,
}

type Inbox = (Instant, Arc<Vec<Mail>>);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A mail that the provider accepted.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    pub accepted_at: Timestamp,
    pub provider_id: String,
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub headers: Vec<(String, String)>,
    pub tags: BTreeMap<String, String>,
}

/// Someone whom only one scenario knows.
#[derive(Clone, Debug)]
pub struct Contact {
    pub user: String,
    pub email: String,
    pub first_name: String,
}

impl Mail {
    fn is_to(&self, contact: &Contact) -> bool {
        self.to == [&*contact.email]
    }

    /// A tag's value, empty without it.
    pub fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", String::as_str)
    }

    /// A header's value, empty without it.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(key, _)| key == name);
        header.map_or("", |(_, value)| value.as_str())
    }
}

impl Contact {
    fn traits(&self) -> Value {
        json!({ "email": self.email, "first_name": self.first_name, "subscribed": ["news"] })
    }

    /// Says who they are and that they want the newsletter.
    pub fn identify(&self) -> Value {
        let traits = self.traits();
        json!({ "type": "identify", "userId": self.user, "messageId": format!("{}-identify", self.user), "traits": traits })
    }

    /// Starts the welcome journey.
    pub fn sign_up(&self) -> Value {
        json!({ "type": "track", "userId": self.user, "event": "signed_up", "messageId": format!("{}-sign-up", self.user) })
    }

    /// The same, and says in one call who they are.
    ///
    /// Of two calls the second may come half a minute late when a function is killed, and for so long a newcomer's mail does not
    /// wait for its address.
    pub fn sign_up_as_whole(&self) -> Value {
        let mut call = self.sign_up();
        call["context"] = json!({ "traits": self.traits() });
        call
    }

    /// Something that no journey listens to.
    pub fn track(&self, event: &str) -> Value {
        json!({ "type": "track", "userId": self.user, "event": event, "messageId": format!("{}-{event}", self.user) })
    }
}

impl Client {
    pub fn new(address: Address) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            // Each request on a connection of its own: a killed process leaves no dead ones behind.
            .max_idle_connections(0)
            .timeout_global(Some(TIMEOUT));
        Self {
            address,
            agent: config.build().into(),
            inbox: Arc::default(),
        }
    }

    /// Any request.
    pub fn call(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let uri = format!("{}{path}", self.address.url);
        let mut request = Request::builder().method(method).uri(&uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if *method == Method::POST {
            self.agent.run(request.body(body)?)
        } else {
            self.agent.run(request.body(())?)
        };
        let (head, mut body) = answer
            .with_context(|| format!("{method} {uri}"))?
            .into_parts();
        let body = body.with_config().limit(100_000_000).read_to_string();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.with_context(|| format!("{method} {uri}: the answer broke off"))?,
        })
    }

    /// Posts JSON with the stack's write key.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.post_as(
            &self.address.write_key,
            path,
            "application/json",
            body.to_string().as_bytes(),
        )
    }

    /// Posts anything with any write key.
    pub fn post_as(&self, key: &str, path: &str, kind: &str, body: &[u8]) -> Result<Answer> {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{key}:")));
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", kind),
        ];
        self.call(&Method::POST, path, &headers, body)
    }

    /// Posts events, all of which must be accepted.
    pub fn accept(&self, items: &[Value]) -> Result<()> {
        let answer = self.post("/v1/batch", &json!({ "batch": items }))?;
        let expected = json!({ "accepted": items.len() });
        answer.is_json(202, &expected)
    }

    /// Starts the welcome journey.
    pub fn start(&self, contact: &Contact) -> Result<()> {
        self.accept(&[contact.identify(), contact.sign_up()])
    }

    fn hook(&self, method: &Method, path: &str, body: &[u8]) -> Result<Value> {
        let answer = self.call(method, path, &[], body)?;
        ensure!(answer.status == 200, "{path}: expected 200, got {answer:?}");
        serde_json::from_str(&answer.body).with_context(|| format!("{path}: not JSON"))
    }

    /// What the hook at `path` shows.
    pub fn show(&self, path: &str) -> Result<Value> {
        self.hook(&Method::GET, path, &[])
    }

    /// Uses the hook at `path`.
    pub fn act(&self, path: &str, body: &[u8]) -> Result<Value> {
        self.hook(&Method::POST, path, body)
    }

    /// Every accepted mail, oldest first.
    pub fn mails(&self) -> Result<Arc<Vec<Mail>>> {
        self.mails_within(Duration::ZERO)
    }

    /// The inbox of now, or of at most `age` ago.
    fn mails_within(&self, age: Duration) -> Result<Arc<Vec<Mail>>> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, mails)) = &*inbox
            && at.elapsed() < age
        {
            return Ok(mails.clone());
        }
        let mails = Arc::new(serde_json::from_value(self.show("/_wend/mails")?)?);
        *inbox = Some((Instant::now(), Arc::clone(&mails)));
        Ok(mails)
    }

    /// The mails to one contact, oldest first.
    pub fn mails_to(&self, contact: &Contact) -> Result<Vec<Mail>> {
        let mails = self.mails()?;
        Ok(mails
            .iter()
            .filter(|mail| mail.is_to(contact))
            .cloned()
            .collect())
    }

    /// The mail of a step to one contact, looked for in an inbox that may be a moment old.
    pub fn look_for_mail(&self, contact: &Contact, step: &str) -> Result<Option<Mail>> {
        let mails = self.mails_within(INBOX_AGE_MAX)?;
        let is_it = |mail: &&Mail| mail.is_to(contact) && mail.tag("wend_step") == step;
        Ok(mails.iter().find(is_it).cloned())
    }

    /// The applied inputs of a user, oldest first.
    pub fn rows(&self, user: &str) -> Result<Vec<Value>> {
        self.rows_of("user", user)
    }

    /// The applied inputs of whoever has this name, oldest first.
    pub fn rows_of(&self, kind: &str, name: &str) -> Result<Vec<Value>> {
        let mut timeline = self.show(&format!("/_wend/timeline?{kind}={name}"))?;
        Ok(serde_json::from_value(timeline["rows"].take())?)
    }

    /// What was compared and done for a user, oldest first.
    pub fn traces(&self, user: &str) -> Result<Vec<Value>> {
        let rows = self.rows(user)?;
        let traces = rows
            .iter()
            .filter_map(|row| row["trace"].as_array())
            .flatten();
        Ok(traces.cloned().collect())
    }

    /// The ledger: states by send.
    pub fn sends(&self) -> Result<BTreeMap<String, Value>> {
        let rows = self.send_rows()?.into_iter();
        let states = rows.map(|(id, mut row)| (id, row["state"].take()));
        Ok(states.collect())
    }

    /// The ledger: `request` and `state` by send.
    pub fn send_rows(&self) -> Result<BTreeMap<String, Value>> {
        let sends: Vec<Value> = serde_json::from_value(self.show("/_wend/sends")?)?;
        let by_id = sends.into_iter().map(|send| {
            let id = send["request"]["send"].as_str().unwrap_or_default();
            (id.to_owned(), send)
        });
        Ok(by_id.collect())
    }

    /// Every queue's messages, by its name; empty ones are left out.
    pub fn queues(&self) -> Result<BTreeMap<String, Vec<Value>>> {
        Ok(serde_json::from_value(self.show("/_wend/queues")?)?)
    }

    /// Everything that explains a failure about `users`.
    pub fn report(&self, users: &[&str]) -> String {
        let mut report = String::new();
        for user in users {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(report, "timeline of {user}:");
            match self.rows(user) {
                Ok(rows) => {
                    for row in rows {
                        let said = row["input"]
                            .as_object()
                            .and_then(|input| input.keys().next());
                        let said = said.map_or("?", String::as_str);
                        let _ = writeln!(report, "  {} {said} {}", row["at"], row["trace"]);
                    }
                }
                Err(error) => {
                    let _ = writeln!(report, "  {error:#}");
                }
            }
        }
        for (what, path) in [("sends", "/_wend/sends"), ("queues", "/_wend/queues")] {
            let _ = writeln!(report, "{what}:");
            let shown = self.show(path).map(lines);
            let _ = match shown {
                Ok(lines) => writeln!(report, "{lines}"),
                Err(error) => writeln!(report, "  {error:#}"),
            };
        }
        report
    }
}

/// One line an element, and not too many.
fn lines(shown: Value) -> String {
    const LINES_MAX: usize = 60;
    let all: Vec<String> = match shown {
        Value::Array(all) => all.iter().map(|one| format!("  {one}")).collect(),
        Value::Object(all) => all
            .iter()
            .map(|(key, one)| format!("  {key}: {one}"))
            .collect(),
        other => vec![other.to_string()],
    };
    let left = all.len().saturating_sub(LINES_MAX);
    let mut shown: Vec<String> = all.into_iter().skip(left).collect();
    if left > 0 {
        shown.insert(0, format!("  … {left} more"));
    }
    shown.join("\n")
}

impl Answer {
    /// Fails unless this is the status and exactly this body.
    pub fn is_json(&self, status: u16, body: &Value) -> Result<()> {
        let found: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        ensure!(
            self.status == status && found == *body,
            "expected {status} {body}, got {} {}",
            self.status,
            self.body
        );
        Ok(())
    }

    /// A header's values.
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(", ")
    }
}
