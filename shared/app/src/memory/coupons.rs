//! Pools of codes.

use std::collections::BTreeMap;

use wend_core::coupons::{Code, PoolCount};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::MemoryStore;
use crate::ports::{Coupons, Pools, PortError};

/// Every pool.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// By pool and code: until when it can be used, and whether somebody has it.
    known: BTreeMap<(String, String), (Option<Timestamp>, bool)>,
    drawn: BTreeMap<SendId, Code>,
    files: BTreeMap<String, String>,
}

impl Codes {
    /// The codes of a pool, and whether somebody has them.
    fn of(&self, pool: &str) -> impl Iterator<Item = (Code, bool)> {
        let from = (pool.to_owned(), String::new());
        let own = self.known.range(from..);
        let own = own.take_while(move |((of, _), _)| of == pool);
        own.map(|((_, code), (expires_at, is_given))| {
            let (code, expires_at) = (code.clone(), *expires_at);
            (Code { code, expires_at }, *is_given)
        })
    }

    /// The codes that can be drawn.
    fn free(&self, pool: &str, now: Timestamp) -> impl Iterator<Item = Code> {
        let own = self.of(pool);
        own.filter_map(move |(code, is_given)| (!is_given && code.is_usable(now)).then_some(code))
    }

    fn draw(&mut self, pool: &str, call: SendId, now: Timestamp) -> Option<Code> {
        if let Some(code) = self.drawn.get(&call) {
            return Some(code.clone());
        }
        let ends = |code: &Code| (code.expires_at.is_none(), code.expires_at);
        let code = self.free(pool, now).min_by_key(ends)?;
        let key = (pool.to_owned(), code.code.clone());
        self.known.insert(key, (code.expires_at, true));
        self.drawn.insert(call, code.clone());
        Some(code)
    }
}

impl Coupons for MemoryStore {
    async fn draw(
        &self,
        pool: &str,
        call: SendId,
        now: Timestamp,
    ) -> Result<Option<Code>, PortError> {
        let draw = || Ok(self.tables().coupons.draw(pool, call, now));
        self.line.call("draw a code", draw).await
    }

    async fn left(&self, pool: &str, now: Timestamp, enough: u32) -> Result<u64, PortError> {
        let enough = usize::try_from(enough).unwrap_or(usize::MAX);
        let left = || Ok(self.tables().coupons.free(pool, now).take(enough).count() as u64);
        self.line.call("count the codes that are left", left).await
    }
}

impl Pools for MemoryStore {
    async fn add_codes(&self, pool: &str, codes: &[Code]) -> Result<u64, PortError> {
        let add = || {
            let mut tables = self.tables();
            let mut added = 0;
            for code in codes {
                let key = (pool.to_owned(), code.code.clone());
                tables.coupons.known.entry(key).or_insert_with(|| {
                    added += 1;
                    (code.expires_at, false)
                });
            }
            Ok(added)
        };
        self.line.call("add codes", add).await
    }

    async fn count(&self, pool: &str, now: Timestamp) -> Result<PoolCount, PortError> {
        let count = || {
            let mut count = PoolCount::default();
            for (code, is_given) in self.tables().coupons.of(pool) {
                match (is_given, code.is_usable(now)) {
                    (true, _) => count.given += 1,
                    (false, true) => count.left += 1,
                    (false, false) => count.expired += 1,
                }
            }
            Ok(count)
        };
        self.line.call("count the codes of a pool", count).await
    }

    async fn file(&self, pool: &str) -> Result<Option<String>, PortError> {
        let read = || Ok(self.tables().coupons.files.get(pool).cloned());
        self.line.call("read what a pool's file was", read).await
    }

    async fn note_file(&self, pool: &str, hash: &str) -> Result<(), PortError> {
        let write = || {
            let files = &mut self.tables().coupons.files;
            files.insert(pool.to_owned(), hash.to_owned());
            Ok(())
        };
        self.line.call("note a pool's file", write).await
    }
}
