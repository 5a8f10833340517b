//! Secrets Manager: the secrets that webhooks and alerts name.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use wend_app::ports::{Clock, PortError, Secrets};
use wend_core::personal::Personal;
use wend_core::time::Timestamp;

use crate::error::port_error;

/// How long a secret is used before it is read again: an exchanged one is in force everywhere after this time.
pub const LEASE: Duration = Duration::from_mins(5);

/// Secrets below a path, cached. One that is missing is looked for each time.
#[derive(Debug)]
pub struct ManagedSecrets<C> {
    client: Client,
    path: String,
    clock: C,
    cached: Mutex<BTreeMap<String, (Timestamp, Personal<String>)>>,
}

impl<C: Clock> ManagedSecrets<C> {
    /// The secrets whose names begin with `path` and a slash.
    pub const fn new(client: Client, path: String, clock: C) -> Self {
        let cached = Mutex::new(BTreeMap::new());
        Self {
            client,
            path,
            clock,
            cached,
        }
    }

    fn id(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }
}

impl<C: Clock> Secrets for ManagedSecrets<C> {
    async fn read(&self, name: &str) -> Result<Option<Personal<String>>, PortError> {
        let now = self.clock.now();
        let cached = || self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cached().get(name).cloned();
        if let Some((_, secret)) = known.filter(|(at, _)| now.since(*at) < LEASE) {
            return Ok(Some(secret));
        }
        let answer = self.client.get_secret_value().secret_id(self.id(name));
        let answer = match answer.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let missing = error.as_service_error();
                let missing =
                    missing.is_some_and(GetSecretValueError::is_resource_not_found_exception);
                if missing {
                    return Ok(None);
                }
                return Err(port_error("read a secret", &error));
            }
        };
        let secret = answer.secret_string().map(str::to_owned).map(Personal::new);
        if let Some(secret) = &secret {
            cached().insert(name.to_owned(), (now, secret.clone()));
        }
        Ok(secret)
    }

    fn how_to_set(&self, name: &str) -> String {
        let id = self.id(name);
        format!("aws secretsmanager create-secret --name {id} --secret-string …")
    }
}
