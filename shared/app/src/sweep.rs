//! Sends the wakes of contacts that are due soon.
//!
//! One recurring schedule starts it. A run that is late or lost delays little and loses nothing: the next one begins at the
//! watermark, and what is overdue is sent again.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use wend_core::due::{SHARDS, Schedule};
use wend_core::input::Wake;
use wend_core::time::Timestamp;

use crate::evaluate::wake_message;
use crate::ports::{Clock, DueIndex, PortError, Queue, Watermark};

/// Shards read at the same time.
const PARALLEL: usize = 8;

/// Reads the due index.
#[derive(Debug)]
pub struct Sweep<D, W, Q, C> {
    /// The due index.
    pub index: D,
    /// How far the last sweep looked.
    pub watermark: W,
    /// Where wakes go.
    pub wakes: Q,
    /// The clock.
    pub clock: C,
    /// How far to look, and what is overdue.
    pub schedule: Schedule,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Wakes sent.
    pub wakes: usize,
    /// The longest that any of them was late.
    pub latest: Duration,
}

impl<D: DueIndex, W: Watermark, Q: Queue, C: Clock> Sweep<D, W, Q, C> {
    /// Sweeps once. The watermark moves only after every wake is on the queue.
    pub async fn run(&self) -> Result<Swept, PortError> {
        let now = self.clock.now();
        let watermark = self.watermark.read().await?;
        let shards = stream::iter(0..SHARDS)
            .map(|shard| self.shard(shard, watermark, now))
            .buffer_unordered(PARALLEL);
        let swept = shards
            .try_fold(Swept::default(), async |sum, part| {
                Ok(Swept {
                    wakes: sum.wakes + part.wakes,
                    latest: sum.latest.max(part.latest),
                })
            })
            .await?;
        self.watermark.advance(self.schedule.horizon(now)).await?;
        let latest_secs = swept.latest.as_secs();
        tracing::info!(wakes = swept.wakes, latest_secs, "swept");
        Ok(swept)
    }

    async fn shard(
        &self,
        shard: u8,
        watermark: Timestamp,
        now: Timestamp,
    ) -> Result<Swept, PortError> {
        let entries = self.index.due(shard, self.schedule.horizon(now)).await?;
        let mut swept = Swept::default();
        let mut messages = Vec::new();
        for entry in entries {
            let Some(delay) = self.schedule.sweep_delay(entry.due_at, watermark, now) else {
                continue;
            };
            let wake = Wake {
                contact: entry.contact,
                due_at: entry.due_at,
            };
            messages.push(wake_message(wake, now, delay)?);
            swept.wakes += 1;
            swept.latest = swept.latest.max(now.since(entry.due_at));
        }
        if !messages.is_empty() {
            self.wakes.send(messages).await?;
        }
        Ok(swept)
    }
}
