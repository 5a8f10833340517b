//! Codes of coupons: what a pool answers, and the warning that it runs dry.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use wend_core::contact::Contact;
use wend_core::send::{CallKind, CallRequest};
use wend_core::time::Timestamp;

use crate::ports::{Called, Clock, Connections, Coupons, ErrorClass, PortError, ReleaseStore};
use crate::releases::Releases;

/// How often a process counts what is left in a pool that says `warn_below`: the count reads so many codes, so no draw waits for its own.
const COUNTED_EVERY: Duration = Duration::from_mins(5);
/// When a draw is made again: others were quicker, or too many at once; the table is out of reach.
const CONTENDED: Duration = Duration::from_secs(1);
const OUT_OF_REACH: Duration = Duration::from_secs(10);

/// Pools of codes beside other systems.
#[derive(Debug)]
pub struct Drawing<K, S, C, X> {
    pools: K,
    releases: Releases<S, C>,
    clock: C,
    others: X,
    /// When each pool was counted last.
    counted: Mutex<BTreeMap<String, Timestamp>>,
}

impl<K: Coupons, S: ReleaseStore, C: Clock, X: Connections> Drawing<K, S, C, X> {
    /// Codes come from `pools`; `others` answer every other call.
    pub fn new(pools: K, releases: Releases<S, C>, clock: C, others: X) -> Self {
        Self {
            pools,
            releases,
            clock,
            others,
            counted: Mutex::default(),
        }
    }

    async fn draw(&self, request: &CallRequest, pool: &str, until: Option<Timestamp>) -> Called {
        let now = self.clock.now();
        match self.pools.draw(pool, request.call, now).await {
            Ok(Some(code)) => {
                if let Err(error) = self.warn(pool, now).await {
                    tracing::warn!(%error, pool, "what is left in a pool is not known");
                }
                let code = code.until(until);
                let expires_at = code.expires_at.map(|at| at.to_string());
                Called::Done(json!({ "code": code.code, "expires_at": expires_at }))
            }
            Ok(None) => Called::Failed {
                reason: format!("no code left in pool `{pool}`"),
            },
            // The call may have its code already: it is asked again, and never given up at once.
            Err(error) => Called::NotNow {
                retry_after: Some(match error.class {
                    ErrorClass::Conflict | ErrorClass::Throttled => CONTENDED,
                    ErrorClass::Ambiguous | ErrorClass::Invalid => OUT_OF_REACH,
                }),
                reason: error.to_string(),
            },
        }
    }

    /// Says that few codes are left, if so.
    async fn warn(&self, pool: &str, now: Timestamp) -> Result<(), PortError> {
        let is_fresh = |at: &Timestamp| now.since(*at) < COUNTED_EVERY;
        {
            let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            if counted.get(pool).is_some_and(is_fresh) {
                return Ok(());
            }
            counted.insert(pool.to_owned(), now);
        }
        let release = self.releases.current().await?;
        let pools = &release.project.coupons;
        let Some(warn_below) = pools.get(pool).and_then(|pool| pool.warn_below) else {
            return Ok(());
        };
        let left = self.pools.left(pool, now, warn_below).await?;
        if left < u64::from(warn_below) {
            tracing::warn!(
                pool,
                left,
                warn_below,
                "few codes are left: add some to its file and publish"
            );
        }
        Ok(())
    }
}

impl<K: Coupons, S: ReleaseStore, C: Clock, X: Connections> Connections for Drawing<K, S, C, X> {
    async fn call(&self, request: &CallRequest, contact: Option<&Contact>) -> Called {
        match &request.kind {
            CallKind::Coupon { pool, expires_at } => self.draw(request, pool, *expires_at).await,
            CallKind::Webhook { .. } | CallKind::Alert { .. } => {
                self.others.call(request, contact).await
            }
        }
    }
}
