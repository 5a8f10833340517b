//! Waiting for what must come: looked for again and again, until a deadline.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(400);
/// How often, where a look costs the stack much.
const SLOW_PERIOD: Duration = Duration::from_secs(4);

/// A time limit that several waits share.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    within: Duration,
}

impl Deadline {
    /// `secs` from now.
    pub fn secs(secs: u64) -> Self {
        let within = Duration::from_secs(secs);
        Self {
            at: Instant::now() + within,
            within,
        }
    }

    /// Looks until `look` finds something; `what` says what is missing when the time is over.
    pub fn until<T>(self, what: &str, look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        self.every(PERIOD, what, look)
    }

    /// The same, and looks less often.
    pub fn until_slowly<T>(self, what: &str, look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        self.every(SLOW_PERIOD, what, look)
    }

    fn every<T>(
        self,
        period: Duration,
        what: &str,
        mut look: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        loop {
            if let Some(found) = look()? {
                return Ok(found);
            }
            if Instant::now() > self.at {
                bail!("expected within {} s: {what}", self.within.as_secs());
            }
            std::thread::sleep(period);
        }
    }
}
