//! Counters and brakes.

use wend_core::brake::{Brake, Brakes, Counter, DayNumber, Returned, Scope, Tally};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::MemoryStore;
use crate::ports::{PortError, Settled, Tallies};

impl Tallies for MemoryStore {
    async fn add(
        &self,
        scope: &Scope,
        day: DayNumber,
        counter: Counter,
        count: u32,
    ) -> Result<Tally, PortError> {
        let write = || {
            let mut tables = self.tables();
            let tally = tables.tallies.entry((scope.clone(), day)).or_default();
            *tally.0.entry(counter).or_default() += count;
            Ok(tally.clone())
        };
        self.line.call("add to a tally", write).await
    }

    async fn tally(&self, scope: &Scope, day: DayNumber) -> Result<Tally, PortError> {
        let read = || {
            let tables = self.tables();
            let tally = tables.tallies.get(&(scope.clone(), day));
            Ok(tally.cloned().unwrap_or_default())
        };
        self.line.call("read a tally", read).await
    }

    async fn note_returned(&self, send: SendId, what: Returned) -> Result<Settled, PortError> {
        let write = || {
            let mut tables = self.tables();
            let is_news =
                tables.sends.contains_key(&send) && tables.returned.insert((send, what.counter()));
            Ok(if is_news {
                Settled::Done
            } else {
                Settled::Lost
            })
        };
        self.line.call("note what came back", write).await
    }

    async fn counted_since(&self, scope: &Scope, now: Timestamp) -> Result<Timestamp, PortError> {
        let write = || {
            let mut tables = self.tables();
            Ok(*tables.counted_since.entry(scope.clone()).or_insert(now))
        };
        self.line.call("note since when is counted", write).await
    }

    async fn climb(&self, domain: &str, day: DayNumber, most: u64) -> Result<Settled, PortError> {
        let write = || {
            let mut tables = self.tables();
            let count = tables.climbed.entry((domain.to_owned(), day)).or_default();
            if *count >= most {
                return Ok(Settled::Lost);
            }
            *count += 1;
            Ok(Settled::Done)
        };
        self.line.call("climb a ramp", write).await
    }

    async fn brakes(&self) -> Result<Brakes, PortError> {
        let read = || Ok(self.tables().brakes.clone());
        self.line.call("read the brakes", read).await
    }

    async fn brake(&self, scope: &Scope, brake: &Brake) -> Result<Settled, PortError> {
        let write = || {
            let mut tables = self.tables();
            if tables.brakes.contains_key(scope) {
                return Ok(Settled::Lost);
            }
            tables.brakes.insert(scope.clone(), *brake);
            Ok(Settled::Done)
        };
        self.line.call("put a brake on", write).await
    }

    async fn lift(&self, scope: &Scope, day: DayNumber) -> Result<(), PortError> {
        let write = || {
            let mut tables = self.tables();
            tables.brakes.remove(scope);
            tables.counted_since.remove(scope);
            for day in [day, day.before()] {
                tables.tallies.remove(&(scope.clone(), day));
            }
            Ok(())
        };
        self.line.call("lift a brake", write).await
    }
}
