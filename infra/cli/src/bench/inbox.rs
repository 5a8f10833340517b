//! The provider's side: the mails that it took, read beside the server from the file in which it keeps them.
//!
//! The provider writes a mail into that file before it answers, so no kill can take one back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rusqlite::{Connection, OpenFlags};
use wend_app::feedback::tags;

use super::balance::{Accepted, Message};
use super::unknowns::Unknowns;
use crate::dev::Mail;

/// The inbox, and the queues beside it.
#[derive(Debug)]
pub struct Inbox {
    connection: Connection,
    /// The last mail that was read.
    last_id: i64,
    mails: Vec<Accepted>,
    /// Addresses by the contacts' keys.
    contacts: BTreeMap<String, String>,
    arrived: BTreeSet<Message>,
}

impl Inbox {
    /// Opens the file of a running server, to read.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        // The lock file of SQLite's log must be writable, also for who only reads.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(file, flags).context("cannot open the inbox")?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(Self {
            connection,
            last_id: 0,
            mails: Vec::new(),
            contacts: BTreeMap::new(),
            arrived: BTreeSet::new(),
        })
    }

    /// Reads what has come since the last look; how many mails that were.
    pub fn look(&mut self) -> anyhow::Result<usize> {
        let sql = "SELECT id, mail FROM mails WHERE id > ?1 ORDER BY id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([self.last_id], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        let mut count = 0;
        for row in rows {
            let (id, text) = row?;
            let mail: Mail = serde_json::from_str(&text).context("a mail is not JSON")?;
            let tag = |name| mail.tags.get(name).cloned().unwrap_or_default();
            let message = Message {
                to: mail.to.join(","),
                step: tag(tags::STEP),
            };
            self.contacts.insert(tag(tags::CONTACT), message.to.clone());
            self.arrived.insert(message.clone());
            self.mails.push(Accepted {
                message,
                send: tag(tags::SEND),
                at: mail.accepted_at.as_millisecond(),
            });
            self.last_id = id;
            count += 1;
        }
        Ok(count)
    }

    /// Every mail, oldest first.
    pub fn mails(&self) -> &[Accepted] {
        &self.mails
    }

    /// The address of the contact with this key, if a mail has shown it.
    pub fn address_of(&self, contact: &str) -> Option<&str> {
        self.contacts.get(contact).map(String::as_str)
    }

    /// Whether a mail has shown the key of the contact with this address.
    pub fn knows(&self, address: &str) -> bool {
        // Before every message to that address.
        let first = Message {
            to: address.to_owned(),
            step: String::new(),
        };
        let next = self.arrived.range(first..).next();
        next.is_some_and(|message| message.to == address)
    }

    /// Whether every one of `messages` is here.
    pub fn has(&self, messages: &BTreeSet<Message>) -> bool {
        // Cheap, and false until nearly everything is here.
        self.arrived.len() >= messages.len() && messages.is_subset(&self.arrived)
    }

    /// Whether every one of `messages` is here or listed.
    pub fn is_explained(&self, messages: &BTreeSet<Message>, unknowns: &Unknowns) -> bool {
        let mut missing = messages.difference(&self.arrived);
        missing.all(|message| unknowns.messages.contains(message))
    }

    /// Whether nothing is on a queue, dead letters aside.
    pub fn is_idle(&self) -> anyhow::Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM messages WHERE queue NOT LIKE '%-dlq')";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// How many dead letters there are.
    pub fn set_aside(&self) -> anyhow::Result<u64> {
        let sql = "SELECT count(*) FROM messages WHERE queue LIKE '%-dlq'";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }
}
