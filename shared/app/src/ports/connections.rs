//! Other systems that runs ask: pools of coupons, and whatever is asked over HTTP.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use wend_core::contact::Contact;
use wend_core::personal::Personal;
use wend_core::send::CallRequest;
use wend_core::webhook::{HttpCall, Method};

use super::PortError;

/// What another system answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Called {
    /// It did what was asked, and says this.
    Done(Value),
    /// It refused for good, or there is no such system.
    Failed {
        /// Its words, or ours. Never personal data: it is logged.
        reason: String,
    },
    /// It is out of reach; the same call may be made again.
    NotNow {
        /// What was seen. Never personal data.
        reason: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
}

/// Other systems that `dispatch` asks itself.
pub trait Connections: Send + Sync {
    /// Asks once. Calls are made at least once: the call's id tells a repeated one.
    fn call(
        &self,
        request: &CallRequest,
        contact: Option<&Contact>,
    ) -> impl Future<Output = Called> + Send;
}

/// A deployment that has no such system: every call fails for good, with the reason.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoConnections;

impl Connections for NoConnections {
    async fn call(&self, request: &CallRequest, _: Option<&Contact>) -> Called {
        let step = &request.step;
        let reason = format!("step `{step}` asks a system that this version does not reach yet");
        Called::Failed { reason }
    }
}

/// Systems that are asked over HTTP, by whoever has no access to data.
pub trait Systems: Send + Sync {
    /// Asks once. Calls are made at least once: the call's id tells a repeated one.
    fn ask(&self, call: &HttpCall) -> impl Future<Output = Called> + Send;
}

/// One request as it leaves. It holds secrets and personal data, and is therefore never printed.
pub struct WebRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body; may be empty.
    pub body: String,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebAnswer {
    /// There was an answer in time.
    Answered {
        /// The status.
        status: u16,
        /// The header `retry-after`.
        retry_after: Option<String>,
        /// The body, as far as it is read: [`BODY_BYTES_MAX`](wend_core::webhook::BODY_BYTES_MAX).
        body: Personal<Vec<u8>>,
    },
    /// The address may not be called; not a byte has left.
    Refused {
        /// Why. Never the address itself.
        reason: String,
    },
    /// No connection, or no whole answer in time. The request may have been taken.
    Unreachable {
        /// What was seen. Never the address itself.
        reason: String,
    },
}

/// The web.
pub trait Web: Send + Sync {
    /// Makes one request, follows no redirect, and takes no longer than `limit` for all of it.
    ///
    /// It connects to nothing but the very addresses that [`refused`](wend_core::webhook::refused) has let pass: no name is looked up
    /// a second time in between. Only `https`, and `http` to this machine where a local stack allows that.
    fn ask(&self, request: WebRequest, limit: Duration) -> impl Future<Output = WebAnswer> + Send;
}

/// Secrets by name.
pub trait Secrets: Send + Sync {
    /// The secret, at most some minutes old; none if there is no such secret.
    fn read(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<Personal<String>>, PortError>> + Send;

    /// What a person does to set it, in one line.
    fn how_to_set(&self, name: &str) -> String;
}
