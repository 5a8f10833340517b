//! Pools of codes.

use wend_app::ports::{Coupons, PortError};
use wend_core::coupons::Code;
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::{SimStore, instant};
use crate::planted::Planted;

impl Coupons for SimStore {
    async fn draw(
        &self,
        pool: &str,
        call: SendId,
        now: Timestamp,
    ) -> Result<Option<Code>, PortError> {
        let draw = || {
            let mut book = self.line.book();
            let drawn_as = match book.planted {
                Some(Planted::DrawnAnew) => book.next_draw(),
                _ => call,
            };
            let mut code = instant(self.inner.draw(pool, drawn_as, now))?;
            if book.planted == Some(Planted::DrawnCodeStaysFree)
                && let Some(code) = &mut code
                && let Some(first) = book.record.given.keys().next()
            {
                code.code.clone_from(first);
            }
            if let Some(code) = &code {
                book.drawn(call, code);
            }
            Ok(code)
        };
        self.line.call("draw a code", draw).await
    }

    async fn left(&self, pool: &str, now: Timestamp, enough: u32) -> Result<u64, PortError> {
        let count = || instant(self.inner.left(pool, now, enough));
        self.line.call("count the codes that are left", count).await
    }
}
