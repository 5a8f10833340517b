//! Slots that one sender holds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{LATE_MAX, Micros, Rate, micros, span};
use crate::time::Timestamp;

/// Moments one gap apart, each for one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    from: Micros,
    gap: Micros,
    count: u32,
}

impl Slots {
    pub(super) const fn new(from: Micros, rate: Rate, count: u32) -> Self {
        let gap = rate.gap();
        Self { from, gap, count }
    }

    /// How many are left.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// When the first one begins that comes after them.
    pub fn end(&self) -> Micros {
        let length = self.gap.saturating_mul(self.count.into());
        self.from.saturating_add(length)
    }

    /// Takes the first one that is not before `earliest`; those before it are lost.
    pub fn next(&mut self, earliest: Micros) -> Option<Micros> {
        if self.from < earliest && self.gap > 0 {
            let past = (earliest - self.from).saturating_add(self.gap - 1) / self.gap;
            let past = u32::try_from(past).unwrap_or(u32::MAX).min(self.count);
            self.from = self
                .from
                .saturating_add(self.gap.saturating_mul(past.into()));
            self.count -= past;
        }
        self.count = self.count.checked_sub(1)?;
        let slot = self.from;
        self.from = self.from.saturating_add(self.gap);
        Some(slot)
    }
}

/// What a message is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The slot is taken; it may be used after this time.
    Soon(Duration),
    /// No slot is taken; ask again after this time.
    Later(Duration),
}

/// What one sender has of a row: slots, or places in the line for the messages that it has in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    slots: Slots,
    line: Slots,
}

impl Lane {
    /// What the next message is told; none: look at the row.
    pub fn take(&mut self, now: Timestamp) -> Option<Turn> {
        let now = micros(now);
        if let Some(slot) = self.slots.next(now.saturating_sub(span(LATE_MAX))) {
            return Some(Turn::Soon(between(now, slot)));
        }
        let place = self.line.next(now)?;
        Some(Turn::Later(between(now, place)))
    }

    /// Slots were taken from the row.
    pub fn granted(&mut self, slots: Slots) {
        *self = Self {
            slots,
            line: Slots::default(),
        };
    }

    /// There were none; places in the line were taken.
    pub const fn sent_away(&mut self, line: Slots) {
        self.line = line;
    }
}

/// In whole milliseconds, as clocks count: a slot may be used less than one before its time.
fn between(now: Micros, at: Micros) -> Duration {
    let micros = u64::try_from(at.saturating_sub(now)).unwrap_or(0);
    Duration::from_millis(micros / 1000)
}
