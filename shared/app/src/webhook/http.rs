//! One call over HTTP: secrets are filled in, the request is signed and made, its answer is read.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wend_core::personal::Personal;
use wend_core::time::Timestamp;
use wend_core::webhook::{
    HttpCall, HttpRequest, Method, Verdict, Word, error_code, judge, retry_after, sign, taken,
};

use crate::ports::{Called, Clock, ErrorClass, Secrets, Systems, Web, WebAnswer, WebRequest};

/// How long a token that a system has given is used: shorter than any system lets it live.
const TOKEN_LEASE: Duration = Duration::from_mins(5);

/// Why there is no answer that is worth keeping: never [`Called::Done`].
type Stopped = Called;

/// Tokens by where they were given and for which secret.
type Tokens = BTreeMap<(String, String), (Timestamp, Personal<String>)>;

/// Systems that are asked over the web, with secrets.
#[derive(Debug)]
pub struct HttpSystems<S, W, C> {
    secrets: S,
    web: W,
    clock: C,
    tokens: Mutex<Tokens>,
}

impl<S: Secrets, W: Web, C: Clock> Systems for HttpSystems<S, W, C> {
    async fn ask(&self, call: &HttpCall) -> Called {
        match self.whole(call).await {
            Ok(value) => Called::Done(value),
            Err(stopped) => stopped,
        }
    }
}

impl<S: Secrets, W: Web, C: Clock> HttpSystems<S, W, C> {
    /// Over these.
    pub const fn new(secrets: S, web: W, clock: C) -> Self {
        let tokens = Mutex::new(BTreeMap::new());
        Self {
            secrets,
            web,
            clock,
            tokens,
        }
    }

    /// The look-up, if the call has one, and the request. Both together keep the call's limit.
    async fn whole(&self, call: &HttpCall) -> Result<Value, Stopped> {
        let limit = Duration::from_secs(call.limit_secs.into());
        let until = self.clock.now().plus(limit);
        let update = match &call.find {
            Some(find) => {
                let (_, body) = self.one(call, &find.ask, until).await?;
                find.update_of(&body)
            }
            None => None,
        };
        let ask = update.as_ref().unwrap_or(&call.ask);
        let (status, body) = self.one(call, ask, until).await?;
        let failed = |reason| Called::Failed {
            reason: format!("{} {reason}", call.connection),
        };
        taken(status, &body, &call.answer_at).map_err(failed)
    }

    /// One request whose status is 2xx.
    async fn one(
        &self,
        call: &HttpCall,
        ask: &HttpRequest,
        until: Timestamp,
    ) -> Result<(u16, Vec<u8>), Stopped> {
        let began_at = self.clock.now();
        let request = self.filled(call, ask, until).await?;
        let (status, after, body) = self.made(&call.connection, request, until).await?;
        // A token may be called back before its time.
        if status == 401 && self.forgets_token(ask, began_at) {
            let reason = format!("{} does not take its token any more", call.connection);
            let retry_after = None;
            return Err(Called::NotNow {
                reason,
                retry_after,
            });
        }
        self.read(&call.connection, status, after.as_deref(), &body)?;
        Ok((status, body))
    }

    async fn made(
        &self,
        who: &str,
        request: WebRequest,
        until: Timestamp,
    ) -> Result<(u16, Option<String>, Vec<u8>), Stopped> {
        let left = until.since(self.clock.now());
        match self.web.ask(request, left).await {
            WebAnswer::Answered {
                status,
                retry_after,
                body,
            } => Ok((status, retry_after, body.into_inner())),
            WebAnswer::Refused { reason } => Err(Called::Failed {
                reason: format!("{who} is not called: {reason}"),
            }),
            WebAnswer::Unreachable { reason } => Err(Called::NotNow {
                reason: format!("{who} is out of reach: {reason}"),
                retry_after: None,
            }),
        }
    }

    fn read(
        &self,
        who: &str,
        status: u16,
        after: Option<&str>,
        body: &[u8],
    ) -> Result<(), Stopped> {
        let code = error_code(body).map_or_else(String::new, |code| format!(" ({code})"));
        match judge(status) {
            Verdict::Done => Ok(()),
            Verdict::Again => Err(Called::NotNow {
                reason: format!("{who} answered {status}{code}"),
                retry_after: after.and_then(|after| retry_after(after, self.clock.now())),
            }),
            Verdict::Never if (300..400).contains(&status) => Err(Called::Failed {
                reason: format!("{who} answered {status}: redirects are not followed"),
            }),
            Verdict::Never => Err(Called::Failed {
                reason: format!("{who} answered {status}{code}"),
            }),
        }
    }

    /// The request with its secrets and its signature.
    async fn filled(
        &self,
        call: &HttpCall,
        ask: &HttpRequest,
        until: Timestamp,
    ) -> Result<WebRequest, Stopped> {
        let body = ask.body.as_ref().map(|body| body.expose().clone());
        let body = body.unwrap_or_default();
        let id = call.request.call.to_string();
        let timestamp = self.clock.now().as_secs();
        let mut headers = vec![
            ("webhook-id".to_owned(), id.clone()),
            ("webhook-timestamp".to_owned(), timestamp.to_string()),
        ];
        for (name, word) in &ask.headers {
            let value = self.said(&call.connection, word, until).await?;
            headers.push((name.clone(), value.into_inner()));
        }
        if let Some(name) = &ask.signing {
            let secrets = self.secret(name).await?;
            let signature = sign(&id, timestamp, &body, secrets.expose());
            let signature = signature.map_err(|error| Called::Failed {
                reason: format!("secret `{name}` {error}"),
            })?;
            headers.push(("webhook-signature".to_owned(), signature));
        }
        Ok(WebRequest {
            method: ask.method,
            url: self
                .said(&call.connection, &ask.url, until)
                .await?
                .into_inner(),
            headers,
            body,
        })
    }

    async fn said(
        &self,
        who: &str,
        word: &Word,
        until: Timestamp,
    ) -> Result<Personal<String>, Stopped> {
        Ok(match word {
            Word::Text(text) => text.clone(),
            Word::Secret { before, name } => {
                let secret = self.secret(name).await?;
                Personal::new(format!("{before}{}", secret.expose().trim()))
            }
            Word::Client { token_url, name } => self.token(who, token_url, name, until).await?,
        })
    }

    async fn secret(&self, name: &str) -> Result<Personal<String>, Stopped> {
        match self.secrets.read(name).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => {
                let how = self.secrets.how_to_set(name);
                let reason = format!("there is no secret `{name}`: {how}");
                Err(Called::Failed { reason })
            }
            Err(error) if error.class == ErrorClass::Invalid => Err(Called::Failed {
                reason: format!("secret `{name}` cannot be read: {error}"),
            }),
            Err(error) => Err(Called::NotNow {
                reason: format!("secret `{name}` cannot be read now: {error}"),
                retry_after: None,
            }),
        }
    }

    /// `Bearer` and a token for a client, asked for where it is not known (RFC 6749 section 4.4).
    async fn token(
        &self,
        who: &str,
        url: &str,
        name: &str,
        until: Timestamp,
    ) -> Result<Personal<String>, Stopped> {
        let key = (url.to_owned(), name.to_owned());
        let now = self.clock.now();
        let known = self.tokens().get(&key).cloned();
        if let Some((_, token)) = known.filter(|(at, _)| now.since(*at) < TOKEN_LEASE) {
            return Ok(token);
        }
        let client = self.secret(name).await?;
        let client = STANDARD.encode(client.expose().trim());
        let request = WebRequest {
            method: Method::Post,
            url: url.to_owned(),
            headers: vec![
                ("authorization".to_owned(), format!("Basic {client}")),
                (
                    "content-type".to_owned(),
                    "application/x-www-form-urlencoded".to_owned(),
                ),
            ],
            body: "grant_type=client_credentials".to_owned(),
        };
        let (status, after, body) = self.made(who, request, until).await?;
        self.read(
            &format!("{who} (its token)"),
            status,
            after.as_deref(),
            &body,
        )?;
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        let token = answer
            .as_ref()
            .and_then(|answer| answer.get("access_token")?.as_str());
        let Some(token) = token else {
            let reason = format!("{who} gave no token");
            return Err(Called::Failed { reason });
        };
        let token = Personal::new(format!("Bearer {token}"));
        self.tokens().insert(key, (now, token.clone()));
        Ok(token)
    }

    /// Whether `ask` went with a token from before it began; it is forgotten.
    fn forgets_token(&self, ask: &HttpRequest, began_at: Timestamp) -> bool {
        let mut tokens = self.tokens();
        let words = ask.headers.iter().map(|(_, word)| word);
        let mut keys = words.filter_map(|word| match word {
            Word::Client { token_url, name } => Some((token_url.clone(), name.clone())),
            Word::Text(_) | Word::Secret { .. } => None,
        });
        keys.any(|key| match tokens.remove(&key) {
            Some((at, _)) => at < began_at,
            None => false,
        })
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
