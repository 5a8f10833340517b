//! The adapters for DynamoDB, on an embedded one and on the emulator.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::Database;
use tokio::net::TcpListener;
use wend_app::ports::ErrorClass;
use wend_aws::dynamodb::{DynamoContacts, DynamoDb, Tables};
use wend_core::id::ContactKey;

use super::{emulator, refusal};
use crate::kit::{FailingTables, SECRET, TableKit};

/// Who fulfils DynamoDB's interface.
pub trait Service {
    /// Where it answers.
    async fn endpoint() -> String;
}

/// A DynamoDB in this process, a new one for each contract.
pub struct Embedded;

impl Service for Embedded {
    async fn endpoint() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let database = Database::memory().unwrap();
        // The server ends with the contract's runtime.
        let forever = std::future::pending();
        tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener, database, forever,
        ));
        url
    }
}

/// The emulator's.
pub struct Emulated;

impl Service for Emulated {
    async fn endpoint() -> String {
        emulator::endpoint().to_owned()
    }
}

/// Each contract has tables of its own.
static STARTED: AtomicU32 = AtomicU32::new(0);

fn tables() -> Tables {
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    Tables {
        contacts: format!("contacts-{number}"),
        log: format!("log-{number}"),
        releases: format!("releases-{number}"),
        coupons: format!("coupons-{number}"),
    }
}

/// Empty tables of a service.
pub struct DynamoTables<S> {
    client: Client,
    table: String,
    db: DynamoDb,
    contacts: DynamoContacts,
    service: PhantomData<S>,
}

impl<S> DynamoTables<S> {
    /// Writes an item of the contacts table as no adapter does.
    async fn put(&self, key: ContactKey, kind: &str, name: &str, value: AttributeValue) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item("pk", text(&key.to_string()));
        let put = put.item("kind", text(kind)).item(name, value);
        put.send().await.unwrap();
    }
}

impl<S: Service> TableKit for DynamoTables<S> {
    type Tables = DynamoDb;
    type Contacts = DynamoContacts;

    async fn start() -> Self {
        let client = wend_aws::clients::local_dynamodb(&S::endpoint().await);
        let tables = tables();
        let table = tables.contacts.clone();
        let db = DynamoDb::new(client.clone(), tables);
        db.create_tables().await.unwrap();
        let contacts = db.contacts(SECRET);
        Self {
            client,
            table,
            db,
            contacts,
            service: PhantomData,
        }
    }

    fn tables(&self) -> &DynamoDb {
        &self.db
    }

    fn contacts(&self) -> &DynamoContacts {
        &self.contacts
    }

    async fn point(&self, key: ContactKey, to: ContactKey) {
        let to = AttributeValue::S(to.to_string());
        self.put(key, "pointer", "to", to).await;
    }
}

/// Tables of a DynamoDB that refuses everything.
pub struct Refusing;

impl FailingTables for Refusing {
    type Tables = DynamoDb;
    type Contacts = DynamoContacts;

    async fn start() -> Self {
        Self
    }

    async fn failing(&self, class: ErrorClass) -> (DynamoDb, DynamoContacts) {
        let db = client_of(&refusal::start(class, &[]).await);
        let contacts = db.contacts(SECRET);
        (db, contacts)
    }

    async fn failing_to_write(&self, class: ErrorClass) -> DynamoDb {
        client_of(&refusal::start(class, &["GetItem"]).await)
    }
}

fn client_of(endpoint: &str) -> DynamoDb {
    DynamoDb::new(Client::new(&refusal::config(endpoint)), tables())
}
