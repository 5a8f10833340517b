//! Other systems: what a webhook or a pool of coupons answers.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::json;
use wend_core::contact::Contact;
use wend_core::input::AnswerResult;
use wend_core::personal::Personal;
use wend_core::send::{CallKind, CallRequest};
use wend_core::webhook::HttpCall;

use super::lock;
use crate::ports::{Called, Connections, Systems};

/// Answers calls. An alert is not answered: nobody waits for it.
pub trait Outside: Send + fmt::Debug {
    /// The answer, at once.
    fn answer(&mut self, call: &CallRequest) -> AnswerResult;
}

/// Other systems as ports. Clones share them.
#[derive(Clone, Debug)]
pub struct OutsideConnections(Arc<Mutex<Box<dyn Outside>>>);

impl OutsideConnections {
    /// The ports to `outside`.
    pub fn new(outside: Box<dyn Outside>) -> Self {
        Self(Arc::new(Mutex::new(outside)))
    }

    fn answer(&self, request: &CallRequest) -> Called {
        match lock(&self.0).answer(request) {
            AnswerResult::Done(value) => Called::Done(value.into_inner()),
            AnswerResult::Failed { reason } => Called::Failed { reason },
        }
    }
}

impl Connections for OutsideConnections {
    async fn call(&self, request: &CallRequest, _: Option<&Contact>) -> Called {
        self.answer(request)
    }
}

impl Systems for OutsideConnections {
    async fn ask(&self, call: &HttpCall) -> Called {
        self.answer(&call.request)
    }
}

/// Every webhook answers with an empty object, every pool has a code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Willing;

impl Outside for Willing {
    fn answer(&mut self, call: &CallRequest) -> AnswerResult {
        let answer = match &call.kind {
            CallKind::Coupon { pool, expires_at } => {
                let code: String = call.call.to_string().chars().take(8).collect();
                let expires_at = expires_at.map(|at| at.to_string());
                json!({ "code": format!("{pool}-{code}"), "expires_at": expires_at })
            }
            CallKind::Alert { .. } | CallKind::Webhook { .. } => json!({}),
        };
        AnswerResult::Done(Personal::new(answer))
    }
}
