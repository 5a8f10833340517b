//! DynamoDB: five tables, and what stands in them.
//!
//! | table | `pk` | `sk` | written by |
//! |---|---|---|---|
//! | contacts | key of an identity | – | `evaluate` |
//! | log | address | `i#` input | `evaluate` |
//! | log | `s#` send | `send` | `dispatch`, `feedback` |
//! | log | `m#` contact | send | `dispatch` |
//! | log | `p#` permission key | `permission` | `evaluate`, `dispatch`, `track`, `feedback` |
//! | log | `b#` scope | a day's number, `since` | `dispatch`, `evaluate`, `feedback` |
//! | log | `b#domain#` domain | a day's number | `dispatch` |
//! | log | `brakes` | `brakes` | `feedback`, `evaluate`, command line |
//! | releases | `manifest`, `part#…`, `write-key#…`, `identity-secret`, `watermark` | – | command line, `sweep` |
//! | releases | `pace#…` | – | `dispatch` |
//! | releases | `walk#…` | – | `sweep`; gone after 30 days |
//! | coupons | `code#…`, `file#…` | – | command line, `dispatch` |
//! | coupons | `call#…` | – | `dispatch` |
//!
//! What conditions and indexes read stands in attributes of its own; the rest is packed in `data`.

mod contacts;
mod copies;
mod coupons;
mod due;
mod item;
mod ledger;
mod pace;
pub mod pages;
mod permissions;
mod releases;
pub mod schema;
mod slot;
mod tally;
mod walk;

use aws_sdk_dynamodb::Client;

pub use contacts::DynamoContacts;

/// The names of the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Contacts, pointers, stubs; the due index.
    pub contacts: String,
    /// Log rows, send rows, permission rows.
    pub log: String,
    /// Definitions, write keys, the watermark, paces, walks.
    pub releases: String,
    /// Codes of coupons, and who has drawn them.
    pub coupons: String,
}

/// The index over `due_shard` and `due_at`.
pub const DUE_INDEX: &str = "due";
/// The index over `pool` and `place`.
pub const POOL_INDEX: &str = "pool";

/// The DynamoDB adapter of every port that stores something.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    client: Client,
    tables: Tables,
}

impl DynamoDb {
    /// An adapter for these tables.
    pub const fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }
}
