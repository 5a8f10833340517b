//! Other systems that runs ask: webhooks and pools of coupons.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use wend_core::contact::Contact;
use wend_core::send::{CallKind, CallRequest};

/// What another system answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Called {
    /// It did what was asked, and says this.
    Done(Value),
    /// It refused for good, or there is no such system.
    Failed {
        /// Its words, or ours.
        reason: String,
    },
    /// It is out of reach; the same call may be made again after this time.
    NotNow {
        /// What was seen.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
}

/// Other systems.
pub trait Connections: Send + Sync {
    /// Asks once. Calls are made at least once: the call's id tells a repeated one.
    fn call(
        &self,
        request: &CallRequest,
        contact: Option<&Contact>,
    ) -> impl Future<Output = Called> + Send;
}

/// A deployment that reaches no other system: every call fails for good, with the reason.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoConnections;

impl Connections for NoConnections {
    async fn call(&self, request: &CallRequest, _: Option<&Contact>) -> Called {
        let what = match &request.kind {
            CallKind::Webhook { connection, .. } => format!("webhook `{connection}`"),
            CallKind::Coupon { pool, .. } => format!("coupon pool `{pool}`"),
            CallKind::Alert { team, .. } => format!("team `{team}`"),
        };
        let reason = format!("{what} is not connected: this version reaches no other systems yet");
        Called::Failed { reason }
    }
}
