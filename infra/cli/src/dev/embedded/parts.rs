//! The embedded mode's adapters: thin covers of the store, and a contact table that tells what it wrote.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use wend_app::ports::{
    Clock, Commit, Committed, Contacts, Ids, Loaded, Mail, Mailer, Outgoing, PortError, Queue,
    Received, SetAside, Submitted, Text, Texter,
};
use wend_aws::dynamodb::{DynamoContacts, DynamoDb};
use wend_aws::system::{SystemClock, SystemIds};
use wend_content::Message;
use wend_core::due::Schedule;
use wend_core::id::{ContactKey, InputId};
use wend_core::identity::IdentitySecret;
use wend_core::log::LogRow;

use super::store::Store;
use crate::dev::mail;
use crate::dev::secrets::FileSecrets;

/// Everything that the workers and the server are made of.
pub struct Parts {
    pub db: DynamoDb,
    pub store: Arc<Store>,
    pub secret: IdentitySecret,
    /// The secrets that webhooks and alerts name.
    pub secrets: FileSecrets,
    pub provider: Provider,
    /// Every row that is written from now on.
    pub rows: broadcast::Sender<LogRow>,
    /// Every mail that is accepted from now on.
    pub mails: broadcast::Sender<mail::Mail>,
    pub schedule: Schedule,
    pub url: String,
}

impl Parts {
    /// The queue called `name`.
    pub fn queue(&self, name: &'static str) -> StoreQueue {
        StoreQueue {
            store: self.store.clone(),
            name,
        }
    }

    /// Where poison goes.
    pub fn aside(&self) -> StoreAside {
        StoreAside(self.store.clone())
    }
}

/// One queue of the store.
#[derive(Clone, Debug)]
pub struct StoreQueue {
    store: Arc<Store>,
    name: &'static str,
}

impl Queue for StoreQueue {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.store.send(self.name, &messages)
    }
}

/// The store's dead letters.
#[derive(Clone, Debug)]
pub struct StoreAside(Arc<Store>);

impl SetAside for StoreAside {
    async fn set_aside(&self, message: &Received, reason: &str) -> Result<(), PortError> {
        self.0.set_aside(message, reason)
    }
}

/// Contacts that tell which rows they wrote.
#[derive(Clone, Debug)]
pub struct Observed {
    pub inner: DynamoContacts,
    pub rows: broadcast::Sender<LogRow>,
}

impl Contacts for Observed {
    async fn load(&self, key: ContactKey) -> Result<Loaded, PortError> {
        self.inner.load(key).await
    }

    async fn find(&self, id: ContactKey) -> Result<Loaded, PortError> {
        self.inner.find(id).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Committed, PortError> {
        let rows = commit.rows;
        let committed = self.inner.commit(commit).await?;
        if committed == Committed::Done {
            for row in rows {
                // Nobody need be listening.
                let _ = self.rows.send(row.clone());
            }
        }
        Ok(committed)
    }

    async fn row(
        &self,
        partition: ContactKey,
        input: InputId,
    ) -> Result<Option<LogRow>, PortError> {
        self.inner.row(partition, input).await
    }

    async fn timeline(&self, key: ContactKey) -> Result<Vec<LogRow>, PortError> {
        self.inner.timeline(key).await
    }
}

/// The inbox in place of SES.
#[derive(Clone, Debug)]
pub struct Provider {
    pub store: Arc<Store>,
    pub mails: broadcast::Sender<mail::Mail>,
    /// How long answers hang after a mail was accepted, and for how many mails: for tests that kill the process between.
    pub hang: Arc<Mutex<(Duration, u64)>>,
    pub secret: IdentitySecret,
}

impl Mailer for Provider {
    async fn submit(&self, mail: Mail<'_>) -> Submitted {
        self.take(accepted(&mail, &self.secret)).await
    }
}

impl Texter for Provider {
    async fn text(&self, text: Text<'_>) -> Submitted {
        self.take(texted(&text, &self.secret)).await
    }
}

impl Provider {
    async fn take(&self, accepted: mail::Mail) -> Submitted {
        if let Err(error) = self.store.accept_mail(&accepted) {
            return Submitted::Ambiguous {
                reason: error.to_string(),
            };
        }
        let provider_id = accepted.provider_id.clone();
        // Nobody need be listening.
        let _ = self.mails.send(accepted);
        SystemClock.sleep(self.next_hang()).await;
        Submitted::Accepted { provider_id }
    }

    fn next_hang(&self) -> Duration {
        let mut hang = self.hang.lock().unwrap_or_else(PoisonError::into_inner);
        if hang.1 == 0 {
            return Duration::ZERO;
        }
        hang.1 -= 1;
        hang.0
    }
}

/// An SMS as the inbox shows it.
fn texted(text: &Text<'_>, secret: &IdentitySecret) -> mail::Mail {
    let message = Message {
        from: text.sms.from.clone(),
        reply_to: None,
        subject: "SMS".to_owned(),
        html: String::new(),
        text: text.sms.text.clone(),
        headers: Vec::new(),
    };
    let mail = Mail {
        permit: text.permit,
        label: text.label,
        message: &message,
    };
    accepted(&mail, secret)
}

fn accepted(mail: &Mail<'_>, secret: &IdentitySecret) -> mail::Mail {
    let message = mail.message;
    mail::Mail {
        accepted_at: mail::now(),
        provider_id: SystemIds.draw().to_string(),
        from: message.from.clone(),
        to: vec![mail.permit.to().expose().to_owned()],
        subject: message.subject.clone(),
        text: message.text.clone(),
        html: message.html.clone(),
        headers: message
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        tags: mail
            .tags(secret)
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        configuration_set: None,
        request: serde_json::Value::Null,
    }
}
