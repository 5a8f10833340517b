//! Links in messages.
//!
//! | Path | `GET` | `POST` |
//! |---|---|---|
//! | `/c/…` | leads on to the target that the token holds; the contact hears of a click | |
//! | `/o/…` | a picture of one pixel; the contact hears of an open | |
//! | `/u/…` | asks | unsubscribes, as a mail program's own button does (RFC 8058) |
//! | `/p/…` | shows what the addresses get | changes it |
//! | `/y/…` | asks | confirms opt-ins |
//! | `/w/…` | shows the message again, as it went out | |
//!
//! Nothing but the token in the path counts; `test` in its place is of a message to somebody who tries it, and does nothing. `HEAD` is answered as `GET` without a body; neither ever changes what an address gets,
//! because link scanners and prefetchers follow every link. What somebody says is written inside the request, and the contact hears of
//! it as an input, so that its runs and segments know.

mod confirm;
pub(crate) mod page;
mod preferences;
pub(crate) mod words;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use wend_core::condition::Topic;
use wend_core::id::{ContactKey, InputId, PermissionKey};
use wend_core::identity::Channel;
use wend_core::input::{ConsentSaid, Feedback, FeedbackKind, Input};
use wend_core::machine::{Fetch, is_machine};
use wend_core::permission::{Proof, source};
use wend_core::time::Timestamp;
use wend_core::token::{ClickToken, MessageRef, OpenToken, TEST, UnsubscribeToken, WebViewToken};

use self::page::{lead_on, mail_page, page, pixel};
use self::words::Words;
use crate::inputs;
use crate::links::Links;
use crate::ports::{Clock, Copies, Permissions, PortError, Queue, ReleaseStore, Said, SecretStore};
use crate::releases::Releases;

/// Answers links.
#[derive(Debug)]
pub struct Track<P, Q, S, C> {
    /// Permission rows, and copies of messages.
    pub permissions: P,
    /// Where contacts hear of it.
    pub inputs: Q,
    /// The definitions: which topics there are.
    pub releases: Releases<S, C>,
    /// Which links are genuine.
    pub links: Links<S, C>,
    /// The clock.
    pub clock: C,
}

/// What a link is for.
const KINDS: [&str; 6] = ["c", "o", "u", "p", "y", "w"];

/// Whether a path is one of ours.
pub fn is_link(path: &str) -> bool {
    let kind = path.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    kind.is_some_and(|(kind, _)| KINDS.contains(&kind))
}

impl<P, Q, S, C> Track<P, Q, S, C>
where
    P: Permissions + Copies,
    Q: Queue,
    S: ReleaseStore + SecretStore,
    C: Clock,
{
    /// Answers one request.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let words = Words::of(request.headers());
        let path = request.uri().path().to_owned();
        let path = path.strip_prefix('/').unwrap_or_default();
        let (kind, token) = path.split_once('/').unwrap_or_default();
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let is_post = *request.method() == Method::POST;
        if token == TEST && KINDS.contains(&kind) {
            return page(StatusCode::OK, words, &words.test());
        }
        let answer = match kind {
            "c" if is_read => self.follow(token, &request, words).await,
            "o" if is_read => self.open(token, &request).await,
            "u" if is_read || is_post => self.unsubscribe(token, is_post, words).await,
            "y" if is_read || is_post => self.confirm(token, is_post, words).await,
            "p" if is_read => self.show_preferences(token, words).await,
            "p" if is_post => self.save_preferences(token, request.body(), words).await,
            "w" if is_read => self.web_view(token, words).await,
            kind if KINDS.contains(&kind) => {
                Ok(page(StatusCode::METHOD_NOT_ALLOWED, words, &words.broken()))
            }
            _ => Ok(page(StatusCode::NOT_FOUND, words, &words.broken())),
        };
        answer.unwrap_or_else(|error| {
            tracing::error!(%error, "a link could not be answered");
            page(StatusCode::SERVICE_UNAVAILABLE, words, &words.failed())
        })
    }

    /// A click leads on, whatever becomes of the news of it.
    async fn follow(
        &self,
        token: &str,
        request: &Request<Bytes>,
        words: Words,
    ) -> Result<Response<Bytes>, PortError> {
        let Some(token) = self.links.verify::<ClickToken>(token).await? else {
            return Ok(page(StatusCode::NOT_FOUND, words, &words.broken()));
        };
        let ClickToken { message, target } = token;
        let Some(answer) = lead_on(&target) else {
            tracing::error!(send = %message.send, "a target is no header");
            return Ok(page(StatusCode::NOT_FOUND, words, &words.broken()));
        };
        self.hear(message, FeedbackKind::Clicked, Some(target), request)
            .await;
        Ok(answer)
    }

    /// The picture is answered whatever becomes of the news of it, and whatever the token says: a mail with a broken picture is
    /// no better.
    async fn open(
        &self,
        token: &str,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, PortError> {
        match self.links.verify::<OpenToken>(token).await {
            Ok(Some(token)) => {
                self.hear(token.message, FeedbackKind::Opened, None, request)
                    .await;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "an open is lost"),
        }
        Ok(pixel())
    }

    /// Lets the contact hear what became of a message. A failure is logged: nobody may be kept from a page by it.
    async fn hear(
        &self,
        message: MessageRef,
        kind: FeedbackKind,
        link: Option<String>,
        request: &Request<Bytes>,
    ) {
        let (send, contact, now) = (message.send, message.contact, self.clock.now());
        let by = [
            send.as_bytes().as_slice(),
            &now.as_millis().to_be_bytes(),
            link.as_deref().unwrap_or_default().as_bytes(),
        ];
        let label = match link {
            Some(_) => "click",
            None => "open",
        };
        let feedback = Feedback {
            id: InputId::of(label, &by),
            contact,
            send,
            journey: message.journey,
            step: message.step,
            at: now,
            kind,
            is_machine: is_machine(fetch(request, now, message.sent_at)),
            link,
            text: None,
        };
        let input = Input::Feedback(Box::new(feedback));
        if let Err(error) = inputs::publish(&self.inputs, contact, [input], now).await {
            tracing::error!(%error, %send, label, "lost: the queue did not take it");
        }
    }

    /// The HTML part as it went out: one read, and nobody hears of it.
    async fn web_view(&self, token: &str, words: Words) -> Result<Response<Bytes>, PortError> {
        let gone = || page(StatusCode::NOT_FOUND, words, &words.broken());
        let Some(token) = self.links.verify::<WebViewToken>(token).await? else {
            return Ok(gone());
        };
        let copy = self.permissions.copy(token.contact, token.send).await?;
        Ok(match copy.map(|copy| copy.said) {
            Some(Said::Mail { html, .. }) => mail_page(html),
            Some(Said::Sms { .. }) | None => gone(),
        })
    }

    async fn unsubscribe(
        &self,
        token: &str,
        is_post: bool,
        words: Words,
    ) -> Result<Response<Bytes>, PortError> {
        let Some(token) = self.links.verify::<UnsubscribeToken>(token).await? else {
            return Ok(page(StatusCode::NOT_FOUND, words, &words.broken()));
        };
        if !is_post {
            return Ok(page(StatusCode::OK, words, &words.ask()));
        }
        // The body is not looked at: `List-Unsubscribe=One-Click` in either encoding, or the page's own button.
        let (contact, send) = (token.contact, token.send);
        let proof = Proof::by_link(source::UNSUBSCRIBE, send);
        let done = self
            .refuse_all(contact, (token.channel, token.permission), &proof)
            .await;
        Ok(match done {
            Ok(()) => page(StatusCode::OK, words, &words.done()),
            Err(error) => {
                tracing::error!(%error, %send, "an unsubscribe was not wholly done");
                page(StatusCode::SERVICE_UNAVAILABLE, words, &words.not_done())
            }
        })
    }

    /// A no to all marketing at one address: written, then told. Whoever repeats it after a failure says it once more, which changes
    /// nothing.
    async fn refuse_all(
        &self,
        contact: ContactKey,
        (channel, permission): (Channel, PermissionKey),
        proof: &Proof,
    ) -> Result<(), PortError> {
        let now = self.clock.now();
        self.permissions.unsubscribe(permission, proof, now).await?;
        let topics = match channel {
            // No topic means every topic by email.
            Channel::Email => vec![None],
            Channel::Sms => {
                let release = self.releases.current().await?;
                let topics = release.project.topics.keys();
                topics.map(|topic| Some(on(channel, topic))).collect()
            }
        };
        let said = topics
            .into_iter()
            .map(|topic| said(contact, topic, false, now, proof));
        inputs::publish(&self.inputs, contact, said, now).await
    }
}

fn on(channel: Channel, topic: &str) -> Topic {
    Topic {
        topic: topic.to_owned(),
        channel: channel.name().to_owned(),
    }
}

/// A contact's word as its runs hear it.
fn said(
    contact: ContactKey,
    topic: Option<Topic>,
    opted_in: bool,
    at: Timestamp,
    proof: &Proof,
) -> Input {
    let name = topic.as_ref().map(ToString::to_string).unwrap_or_default();
    let by = [
        contact.as_bytes().as_slice(),
        proof.send.as_ref().map_or(&[][..], |send| send.as_bytes()),
        name.as_bytes(),
        &[u8::from(opted_in)],
        &at.as_millis().to_be_bytes(),
    ];
    Input::Consent(ConsentSaid {
        id: InputId::of("said", &by),
        contact,
        topic,
        opted_in,
        at,
        proof: proof.clone(),
        confirms: None,
    })
}

fn fetch(request: &Request<Bytes>, now: Timestamp, sent_at: Timestamp) -> Fetch<'_> {
    let text = |name: &str| text(request.headers(), name);
    Fetch {
        is_head: *request.method() == Method::HEAD,
        user_agent: text(header::USER_AGENT.as_str()),
        purpose: text("sec-purpose")
            .or_else(|| text("purpose"))
            .or_else(|| text("x-purpose")),
        after: Some(now.since(sent_at)),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
