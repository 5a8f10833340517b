//! Calls of other systems over HTTP: what is asked, who may be asked, what an answer means.
//!
//! `wend_app::dispatch` makes an [`HttpCall`] of a decision's request, while it still has the contact; `wend_app::webhook` asks,
//! and has nothing but that call and the secrets that it names. A call is made at least once: its id tells a repeated one.

mod address;
mod answer;
mod presets;
mod sign;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use address::{refused, refused_host};
pub use answer::{
    ANSWER_BYTES_MAX, BODY_BYTES_MAX, TRIED_FOR, Verdict, error_code, judge, next_try, retry_after,
    taken,
};
pub use presets::{About, Connection, Preset, message_to, prepare, tell_slack, tell_teams};
pub use sign::{SignError, sign};

use crate::personal::Personal;
use crate::send::CallRequest;

/// In an address: the id that [`Find`] has found.
pub const FOUND: &str = "{found}";

/// A call as it goes over the wire, with everything that it needs but the secrets, which it names. It holds personal data: it
/// travels through the queue `webhooks` and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpCall {
    /// What the decision asked.
    pub request: CallRequest,
    /// The connection's name in wend.yaml, or the team's.
    pub connection: String,
    /// How long all of it may take, in seconds.
    pub limit_secs: u16,
    /// For systems that cannot create or update in one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<Find>,
    /// The request; with `find`, the one where nothing was found.
    pub ask: HttpRequest,
    /// Where in the answer that stands which is kept, as a JSON pointer; empty: the whole.
    #[serde(default)]
    pub answer_at: String,
}

/// A look-up that goes before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// The look-up.
    pub ask: HttpRequest,
    /// Where the found id stands in its answer, as a JSON pointer.
    pub id_at: String,
    /// What is asked where one was found: [`FOUND`] in its address is the id.
    pub update: HttpRequest,
}

impl Find {
    /// The request that changes what `body` says was found; none if it found nothing.
    pub fn update_of(&self, body: &[u8]) -> Option<HttpRequest> {
        let json: Value = serde_json::from_slice(body).ok()?;
        let id = match json.pointer(&self.id_at)? {
            Value::Number(id) => id.to_string(),
            Value::String(id) => id.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || !id.chars().all(is_id) {
            return None;
        }
        let mut update = self.update.clone();
        if let Word::Text(url) = &mut update.url {
            *url = Personal::new(url.expose().replace(FOUND, &id));
        }
        Some(update)
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Word,
    /// Headers beside those of the signature, names in lower case.
    pub headers: Vec<(String, Word)>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Personal<String>>,
    /// The name of the secret that signs it (Standard Webhooks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<String>,
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or tells.
    Post,
    /// Changes.
    Patch,
}

impl Method {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// A text of a request, or what it is made of when the request is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The text; an address may name a person.
    Text(Personal<String>),
    /// A secret, with what stands before it.
    Secret {
        /// `Bearer `, or nothing.
        before: String,
        /// The secret's name.
        name: String,
    },
    /// `Bearer` and a token that the system gives for a client id and its secret (OAuth 2.0, RFC 6749 section 4.4).
    Client {
        /// Where it is given.
        token_url: String,
        /// The name of a secret that reads `client id:client secret`.
        name: String,
    },
}

impl From<String> for Word {
    fn from(text: String) -> Self {
        Self::Text(Personal::new(text))
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
