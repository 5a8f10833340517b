//! Queues and the inbox of the embedded mode, durable in SQLite.
//!
//! What was accepted is there after a SIGKILL: the system has it before anybody is answered, and nothing waits for the disk. One process owns the file, so a message that was in flight when the process
//! died has no living owner and is visible again at the next start.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde_json::{Value, json};
use tokio::sync::Notify;
use wend_app::ports::{Clock, ErrorClass, Outgoing, PortError, Received};
use wend_aws::system::SystemClock;
use wend_core::time::Timestamp;

use crate::dev::mail::Mail;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        visible_at INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0,
        in_flight INTEGER NOT NULL DEFAULT 0,
        reason TEXT
    );
    CREATE INDEX IF NOT EXISTS messages_visible ON messages (queue, visible_at);
    CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY, shown INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS mails (id INTEGER PRIMARY KEY, mail TEXT NOT NULL);
    UPDATE messages SET in_flight = 0, visible_at = 0 WHERE in_flight = 1;
";

/// How long a received message stays hidden: as `VisibilityTimeoutSeconds` of the local AWS, and longer than the longest call.
const VISIBILITY: Duration = Duration::from_secs(40);
/// As `maxReceiveCount` in template.yaml: a dispatch message is the timer of its send and comes back often.
const RECEIVES_MAX: i64 = 20;
const DISPATCH_RECEIVES_MAX: i64 = 100;
/// Most messages of one batch, as with SQS.
const BATCH: i64 = 10;

/// The queues that somebody reads.
const QUEUES: [&str; 8] = [
    "inputs",
    "wakes",
    "bulk",
    "walks",
    "dispatch",
    "dispatch-bulk",
    "webhooks",
    "feedback",
];

/// The queues and the inbox.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
    /// In the order of [`QUEUES`].
    bells: [Notify; QUEUES.len()],
}

impl Store {
    /// Opens the file or makes it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(path).context("cannot open the queues")?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection
            .execute_batch(SCHEMA)
            .context("cannot prepare the queues")?;
        Ok(Self {
            connection: Mutex::new(connection),
            bells: Default::default(),
        })
    }

    /// Rings when a message was put on `queue`; none if nobody reads that queue.
    pub fn bell(&self, queue: &str) -> Option<&Notify> {
        let mut bells = QUEUES.iter().zip(&self.bells);
        bells.find_map(|(name, bell)| (*name == queue).then_some(bell))
    }

    fn ring(&self, queue: &str) {
        if let Some(bell) = self.bell(queue) {
            bell.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, PortError> {
        let mut connection = self.lock();
        let done = (|| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })();
        done.map_err(|error: rusqlite::Error| PortError {
            operation,
            class: ErrorClass::Ambiguous,
            cause: error.to_string(),
        })
    }

    /// Puts messages on a queue, all or none.
    pub fn send(&self, queue: &str, messages: &[Outgoing]) -> Result<(), PortError> {
        let now = SystemClock.now();
        self.write("send to a queue", |transaction| {
            for message in messages {
                insert(transaction, queue, &message.body, now.plus(message.delay))?;
            }
            Ok(())
        })?;
        self.ring(queue);
        Ok(())
    }

    /// Up to ten visible messages of a queue, hidden from now on. One that came too often goes to the dead letters.
    pub fn receive(&self, queue: &'static str) -> Result<Vec<Received>, PortError> {
        let now = SystemClock.now();
        let receives_max = if queue.starts_with("dispatch") {
            DISPATCH_RECEIVES_MAX
        } else {
            RECEIVES_MAX
        };
        self.write("receive from a queue", |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE messages SET queue = queue || '-dlq', in_flight = 0, reason = 'received too often' \
                 WHERE queue = ?1 AND visible_at <= ?2 AND receives >= ?3",
            )?;
            statement.execute(params![queue, now.as_millis(), receives_max])?;
            let mut statement = transaction.prepare_cached(
                "UPDATE messages SET in_flight = 1, receives = receives + 1, visible_at = ?3 WHERE id IN \
                 (SELECT id FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, id LIMIT ?4) \
                 RETURNING id, body",
            )?;
            let until = now.plus(VISIBILITY).as_millis();
            let rows = statement.query_map(params![queue, now.as_millis(), until, BATCH], |row| {
                let id: i64 = row.get(0)?;
                Ok(Received { id: id.to_string(), queue: queue.to_owned(), body: row.get(1)? })
            })?;
            rows.collect()
        })
    }

    /// Forgets the messages of a batch but those in `failed`, which come back after their visibility timeout.
    pub fn acknowledge(&self, batch: &[Received], failed: &[String]) -> Result<(), PortError> {
        self.write("acknowledge", |transaction| {
            for message in batch {
                let sql = if failed.contains(&message.id) {
                    "UPDATE messages SET in_flight = 0 WHERE id = ?1"
                } else {
                    "DELETE FROM messages WHERE id = ?1"
                };
                transaction.prepare_cached(sql)?.execute([&message.id])?;
            }
            Ok(())
        })
    }

    /// Puts a copy of `message` on its dead-letter queue.
    pub fn set_aside(&self, message: &Received, reason: &str) -> Result<(), PortError> {
        self.write("set aside", |transaction| {
            transaction.execute(
                "INSERT INTO messages (queue, body, visible_at, reason) VALUES (?1 || '-dlq', ?2, 0, ?3)",
                params![message.queue, message.body, reason],
            )?;
            Ok(())
        })
    }

    /// When the next message of a queue is visible.
    pub fn next_visible(&self, queue: &str) -> Option<Timestamp> {
        let sql = "SELECT min(visible_at) FROM messages WHERE queue = ?1";
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql).ok()?;
        let visible_at: Option<i64> = statement.query_row([queue], |row| row.get(0)).ok()?;
        visible_at.map(Timestamp::from_millis)
    }

    /// Puts messages on a queue, and with them until when schedules have come: all or nothing, so that none comes twice or never.
    pub fn keep_time(
        &self,
        queue: &str,
        messages: &[Outgoing],
        shown: Timestamp,
    ) -> Result<(), PortError> {
        let now = SystemClock.now();
        self.write("keep the time of schedules", |transaction| {
            for message in messages {
                insert(transaction, queue, &message.body, now)?;
            }
            let sql = "INSERT INTO clock (id, shown) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET shown = ?1";
            transaction.prepare_cached(sql)?.execute([shown.as_millis()])?;
            Ok(())
        })?;
        self.ring(queue);
        Ok(())
    }

    /// Until when schedules have come; none: they never have.
    pub fn time_kept(&self) -> Option<Timestamp> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT shown FROM clock").ok()?;
        let shown: i64 = statement.query_row([], |row| row.get(0)).ok()?;
        Some(Timestamp::from_millis(shown))
    }

    /// Takes a mail into the inbox, and with it what the provider would say about it: evidence is never lost.
    pub fn accept_mail(&self, mail: &Mail) -> Result<(), PortError> {
        let text = serde_json::to_string(mail);
        let text = text.map_err(|error| PortError::invalid("accept a mail", error))?;
        let now = SystemClock.now();
        self.write("accept a mail", |transaction| {
            transaction.execute("INSERT INTO mails (mail) VALUES (?1)", [text])?;
            insert(transaction, "feedback", &mail.sent().to_string(), now)?;
            insert(transaction, "feedback", &mail.delivered().to_string(), now)
        })?;
        self.ring("feedback");
        Ok(())
    }

    /// The inbox, oldest first.
    pub fn mails(&self) -> anyhow::Result<Vec<Mail>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT mail FROM mails ORDER BY id")?;
        let texts = statement.query_map([], |row| row.get::<_, String>(0))?;
        texts
            .map(|text| Ok(serde_json::from_str(&text?)?))
            .collect()
    }

    /// Every message of every queue.
    pub fn queues(&self) -> anyhow::Result<Value> {
        let connection = self.lock();
        let sql = "SELECT queue, body, reason FROM messages ORDER BY queue, id";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<String>>(2)?,
            ))
        })?;
        let mut queues = json!({});
        for row in rows {
            let (queue, body, reason) = row?;
            let message = json!({ "body": body, "reason": reason });
            match queues[&queue].as_array_mut() {
                Some(messages) => messages.push(message),
                None => queues[&queue] = json!([message]),
            }
        }
        Ok(queues)
    }
}

fn insert(
    transaction: &Transaction<'_>,
    queue: &str,
    body: &str,
    visible_at: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO messages (queue, body, visible_at) VALUES (?1, ?2, ?3)";
    transaction
        .prepare_cached(sql)?
        .execute(params![queue, body, visible_at.as_millis()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        Store::open(Path::new(":memory:")).unwrap()
    }

    #[test]
    fn a_received_message_is_hidden_until_it_fails_or_is_acknowledged() {
        let store = store();
        store
            .send(
                "inputs",
                &[Outgoing::now("a".into()), Outgoing::now("b".into())],
            )
            .unwrap();
        let batch = store.receive("inputs").unwrap();
        assert_eq!(
            batch.iter().map(|m| m.body.as_str()).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(store.receive("inputs").unwrap(), []);
        store.acknowledge(&batch, &[batch[1].id.clone()]).unwrap();
        assert_eq!(
            store.queues().unwrap()["inputs"].as_array().map(Vec::len),
            Some(1)
        );
    }

    #[test]
    fn a_delay_hides_a_message() {
        let store = store();
        let delayed = Outgoing {
            delay: Duration::from_mins(1),
            ..Outgoing::now("a".into())
        };
        store.send("wakes", &[delayed]).unwrap();
        assert_eq!(store.receive("wakes").unwrap(), []);
        assert!(
            store
                .next_visible("wakes")
                .is_some_and(|at| at > SystemClock.now())
        );
    }

    #[test]
    fn what_was_in_flight_when_the_process_died_is_visible_at_the_next_start() {
        let file = std::env::temp_dir().join(format!("wend-store-{}.db", std::process::id()));
        let first = Store::open(&file).unwrap();
        first.send("inputs", &[Outgoing::now("a".into())]).unwrap();
        assert_eq!(first.receive("inputs").unwrap().len(), 1);
        drop(first);
        let received = Store::open(&file).unwrap().receive("inputs").unwrap();
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
        assert_eq!(received.len(), 1);
    }

    #[test]
    fn a_message_that_comes_back_too_often_is_set_aside_with_its_reason() {
        let store = store();
        store.send("inputs", &[Outgoing::now("a".into())]).unwrap();
        for _ in 0..RECEIVES_MAX {
            let batch = store.receive("inputs").unwrap();
            assert_eq!(batch.len(), 1);
            store
                .lock()
                .execute("UPDATE messages SET visible_at = 0", [])
                .unwrap();
        }
        assert_eq!(store.receive("inputs").unwrap(), []);
        assert_eq!(
            store.queues().unwrap()["inputs-dlq"][0]["reason"],
            "received too often"
        );
    }
}
