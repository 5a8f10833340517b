//! What a developer and the tests look at, the same in both modes: the inbox, timelines, sends, queues.
//!
//! `GET /` inbox · `GET /m/N` one mail · `GET /m/N/html` its HTML · `POST /m/N/happens` lets something become of it · `GET /_wend/mails` ·
//! `GET /_wend/timeline?user=ID` (or `anonymous=`, `email=`, `phone=`) · `GET /_wend/sends` · `GET /_wend/copies?send=ID`, which `wend show --dev` asks ·
//! `GET /_wend/coupons` · `GET /_wend/queues` · `POST /_wend/queues?name=inputs` puts the body on a queue as it is ·
//! `POST /_wend/suppressions`, which `wend suppressions --dev` asks · `POST /_wend/tests`, which `wend send-test --dev` asks ·
//! `POST /_wend/segment-preview`, which `wend segment preview --dev` asks ·
//! `POST /_wend/suppressions/import`, which `wend import suppressions --dev` asks ·
//! `POST /_wend/export`, which `wend export --dev` asks ·
//! `POST /_wend/brakes`, which `wend brakes --dev` asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;

use anyhow::{Context, bail};
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use clap::ValueEnum as _;
use serde_json::{Value, json};
use wend_app::ports::{Clock, Contacts, Outgoing};
use wend_aws::clients;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::sns::Providers;
use wend_aws::system::SystemClock;
use wend_core::identity::{Identity, IdentityKind, IdentitySecret};
use wend_core::permission::SuppressionReason;

use super::embedded::Provider;
use super::mail::{Happens, Mail};
use super::page;
use super::ses_front::{Front, answer, forward};
use crate::export;
use crate::import::suppressions::{self as import, Entry};
use crate::suppressions::{Asked, What, answer as answer_suppressions};
use crate::{brakes, coupons, segment, send_test, show};

/// The desk.
pub struct Desk {
    /// The stack's tables.
    pub db: DynamoDb,
    /// The stack's secret.
    pub secret: IdentitySecret,
    /// Where mails and queues are.
    pub source: Source,
    /// Where links lead.
    pub url: String,
}

/// Where mails and queues are.
pub enum Source {
    /// In the embedded mode's files.
    Embedded(Provider),
    /// Before and in the emulator.
    Emulator {
        /// Holds the desk, hence weak.
        front: Weak<Front>,
        /// The emulator.
        endpoint: String,
        /// Queue URLs by our names (`inputs`, `inputs-dlq`, …).
        queues: BTreeMap<String, String>,
    },
}

impl Desk {
    /// Answers what is asked of the desk; none if something else was.
    pub async fn answer(
        &self,
        parts: &Parts,
        body: &Bytes,
    ) -> anyhow::Result<Option<Response<Body>>> {
        let path = parts.uri.path();
        let json = match (&parts.method, path) {
            (&Method::GET, "/") => {
                return Ok(Some(html(page::inbox(&self.mails()?), page::POLICY)));
            }
            (&Method::GET, "/_wend/mails") => json!(self.mails()?),
            (&Method::GET, "/_wend/sends") => json!(self.sends().await?),
            (&Method::GET, "/_wend/copies") => {
                let send = parameter(parts, "send").context("give send")?;
                json!(show::shown(&self.db, send.parse()?).await?)
            }
            (&Method::GET, "/_wend/coupons") => json!(coupons::pools(&self.db).await?),
            (&Method::GET, "/_wend/queues") => self.queues().await?,
            (&Method::POST, "/_wend/queues") => {
                let name = parameter(parts, "name").context("give name")?;
                self.enqueue(&name, std::str::from_utf8(body)?).await?;
                json!({ "queue": name })
            }
            (&Method::POST, "/_wend/segment-preview") => {
                json!(segment::answer(&self.db, &serde_json::from_slice(body)?).await?)
            }
            (&Method::POST, "/_wend/suppressions") => self.suppressions(parts).await?,
            (&Method::POST, "/_wend/export") => {
                let release = export::release(&self.db).await?;
                json!(export::page(&self.db, &release, &serde_json::from_slice(body)?).await?)
            }
            (&Method::POST, "/_wend/suppressions/import") => {
                let entries: Vec<Entry> = serde_json::from_slice(body)?;
                import::write(&self.db, &self.secret, &entries).await?;
                json!({ "written": entries.len() })
            }
            (&Method::POST, "/_wend/brakes") => {
                let is_lifted = parameter(parts, "do").context("give do")? == "lift";
                let (journey, now) = (parameter(parts, "journey"), SystemClock.now());
                let said = brakes::answer(&self.db, journey.as_deref(), is_lifted, now).await?;
                json!({ "said": said })
            }
            (&Method::POST, "/_wend/tests") => self.test(body).await?,
            (&Method::GET, "/_wend/timeline") => {
                let who = [
                    ("user", IdentityKind::User),
                    ("anonymous", IdentityKind::Anonymous),
                    ("email", IdentityKind::Email),
                    ("phone", IdentityKind::Phone),
                ];
                let mut who = who
                    .into_iter()
                    .filter_map(|(name, kind)| Identity::new(kind, &parameter(parts, name)?));
                let who = who.next().context("give user, anonymous, email or phone")?;
                self.timeline(&who).await?
            }
            (&Method::GET | &Method::POST, _) => return self.one_mail(parts, body).await,
            _ => return Ok(None),
        };
        Ok(Some(answer(StatusCode::OK, &json)))
    }

    /// Does what `wend suppressions` asks.
    async fn suppressions(&self, parts: &Parts) -> anyhow::Result<Value> {
        let asked = |name: &str| parameter(parts, name).context(format!("give {name}"));
        let what = What::from_str(&asked("do")?, false).map_err(anyhow::Error::msg)?;
        let reason = SuppressionReason::named(&asked("reason")?).context("no such reason")?;
        let force = asked("force")? == "true";
        let asked_for = Asked {
            what,
            reason,
            force,
        };
        let address = asked("address")?;
        let now = SystemClock.now();
        let said = answer_suppressions(&self.db, &self.secret, &address, asked_for, now).await?;
        Ok(json!({ "said": said }))
    }

    /// Does what `wend send-test` asks.
    async fn test(&self, body: &Bytes) -> anyhow::Result<Value> {
        let asked = serde_json::from_slice(body)?;
        let stack = send_test::Stack {
            db: &self.db,
            secret: &self.secret,
            url: &self.url,
        };
        let said = match &self.source {
            Source::Embedded(provider) => send_test::answer(&asked, stack, provider).await?,
            Source::Emulator {
                front, endpoint, ..
            } => {
                let front = front.upgrade().context("the local AWS has stopped")?;
                let [ses, sns] = [front.url(), endpoint].map(clients::local_config);
                let secret = self.secret.clone();
                let provider = Providers::new((&ses, &sns), None, secret, send_test::TIMEOUT);
                send_test::answer(&asked, stack, &provider).await?
            }
        };
        Ok(json!({ "said": said }))
    }

    /// What is asked of one mail, `/m/N`.
    async fn one_mail(
        &self,
        parts: &Parts,
        body: &Bytes,
    ) -> anyhow::Result<Option<Response<Body>>> {
        let Some(path) = parts.uri.path().strip_prefix("/m/") else {
            return Ok(None);
        };
        let (number, what) = path.split_once('/').unwrap_or((path, ""));
        let number = number.parse::<usize>().unwrap_or_default();
        let mails = self.mails()?;
        let Some(mail) = number.checked_sub(1).and_then(|index| mails.get(index)) else {
            return Ok(None);
        };
        Ok(match (&parts.method, what) {
            (&Method::GET, "") => {
                let done = parameter(parts, "done");
                let done = done.and_then(|name| Happens::named(&name));
                Some(html(page::mail(mail, number, done), page::POLICY))
            }
            (&Method::GET, "html") => Some(html(page::framed(mail), page::MAIL_POLICY)),
            (&Method::POST, "happens") => {
                // The page's own buttons: one name, and values without anything to decode.
                let what = std::str::from_utf8(body)?.strip_prefix("what=");
                let what = what.and_then(Happens::named);
                let what = what.context(
                    "give what: delivery, open, click, soft-bounce, bounce or complaint",
                )?;
                let event = mail.happens(what).to_string();
                self.enqueue("feedback", &event).await?;
                Some(see_other(&format!("/m/{number}?done={}", what.name()))?)
            }
            _ => None,
        })
    }

    /// Every mail, oldest first.
    pub fn mails(&self) -> anyhow::Result<Vec<Mail>> {
        match &self.source {
            Source::Embedded(provider) => provider.store.mails(),
            Source::Emulator { front, .. } => Ok(front
                .upgrade()
                .context("the local AWS has stopped")?
                .messages()),
        }
    }

    async fn sends(&self) -> anyhow::Result<Vec<Value>> {
        let rows = self.db.sends().await?;
        let sends = rows
            .into_iter()
            .map(|row| json!({ "request": row.request, "state": row.state }));
        Ok(sends.collect())
    }

    /// What was said under this name and all others of the contact whose it is, and its runs.
    async fn timeline(&self, identity: &Identity) -> anyhow::Result<Value> {
        let contacts = self.db.contacts(self.secret.clone());
        let key = identity.key(&self.secret);
        let contact = contacts.load(key).await?.contact;
        let mut keys = BTreeSet::from([key]);
        if let Some(contact) = &contact {
            let names = contact.identities.iter();
            keys.extend(names.map(|name| name.key(&self.secret)));
            keys.insert(contact.id);
        }
        let mut rows = Vec::new();
        for key in keys {
            rows.extend(contacts.timeline(key).await?);
        }
        rows.sort_by_key(|row| (row.at, row.rev, row.input.order()));
        let enrollments = contact
            .map(|contact| contact.enrollments)
            .unwrap_or_default();
        Ok(json!({ "rows": rows, "enrollments": enrollments }))
    }

    /// Every queue's messages.
    async fn queues(&self) -> anyhow::Result<Value> {
        let (endpoint, queues) = match &self.source {
            Source::Embedded(provider) => return provider.store.queues(),
            Source::Emulator {
                endpoint, queues, ..
            } => (endpoint, queues),
        };
        let shown = forward::show(endpoint, "/_ministack/sqs/messages").await?;
        let mut all = json!({});
        for (name, url) in queues {
            let messages = find(&shown, url)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let messages = messages.iter().map(|message| {
                let reason = &message["MessageAttributes"]["reason"]["StringValue"];
                json!({ "body": message["Body"], "reason": reason, "receives": message["ReceiveCount"] })
            });
            let messages: Vec<Value> = messages.collect();
            if !messages.is_empty() {
                all[name] = json!(messages);
            }
        }
        Ok(all)
    }

    async fn enqueue(&self, name: &str, body: &str) -> anyhow::Result<()> {
        match &self.source {
            Source::Embedded(provider) => Ok(provider
                .store
                .send(name, &[Outgoing::now(body.to_owned())])?),
            Source::Emulator {
                endpoint, queues, ..
            } => match queues.get(name) {
                Some(url) => forward::enqueue(endpoint, url, body).await,
                None => bail!("there is no queue `{name}`"),
            },
        }
    }
}

/// The value under `key` somewhere in nested maps.
fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let map = value.as_object()?;
    map.get(key)
        .or_else(|| map.values().find_map(|value| find(value, key)))
}

/// One parameter of the query.
pub fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let query = Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri).ok()?;
    query.get(name).cloned()
}

fn html(page: String, policy: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(page));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn see_other(path: &str) -> anyhow::Result<Response<Body>> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_str(path)?;
    response.headers_mut().insert(header::LOCATION, to);
    Ok(response)
}
