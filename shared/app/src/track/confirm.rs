//! The link in the message that asks for a confirmation.
//!
//! What counts is the opt-in that waits in the address's permission row: the link names it by its topic and its time. A confirmation is
//! written under the opt-in's own time, so that a no in between wins, in whichever order the two arrive.

use bytes::Bytes;
use http::{Response, StatusCode};
use wend_core::id::InputId;
use wend_core::input::{Confirmed, ConsentSaid, Input};
use wend_core::permission::{Consent, ConsentChange, Permission, Proof, TopicState};
use wend_core::time::Timestamp;
use wend_core::token::{ConfirmToken, OptInRef};

use super::page::{escaped, page};
use super::words::Words;
use super::{Track, on};
use crate::inputs;
use crate::ports::{Clock, Permissions, PortError, Queue, ReleaseStore, SecretStore};

/// Where an opt-in of a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It can be confirmed.
    Open,
    /// It is confirmed.
    Confirmed,
    /// The address has said no since, or its contact was erased.
    Refused,
    /// It was not confirmed in time, or another one has taken its place.
    Expired,
}

fn standing(opt_in: &OptInRef, row: &Permission, now: Timestamp) -> Standing {
    let (topic, said_at) = (opt_in.topic.as_str(), opt_in.said_at);
    let is_this = |said: &Consent| said.at == said_at;
    match row.topic_state(topic) {
        TopicState::OptedIn => Standing::Confirmed,
        TopicState::Pending if !row.pending.get(topic).is_some_and(is_this) => Standing::Expired,
        TopicState::Pending if now >= opt_in.until => Standing::Expired,
        TopicState::Pending => Standing::Open,
        TopicState::OptedOut | TopicState::Unasked => Standing::Refused,
    }
}

/// What the page says of several: what can still be done comes first.
fn of_all(token: &ConfirmToken, row: &Permission, now: Timestamp) -> Standing {
    let all = token.opt_ins.iter();
    let all = all.map(|opt_in| standing(opt_in, row, now));
    all.min().unwrap_or(Standing::Expired)
}

impl<P, Q, S, C> Track<P, Q, S, C>
where
    P: Permissions,
    Q: Queue,
    S: ReleaseStore + SecretStore,
    C: Clock,
{
    /// Shows what would be confirmed and a button, or confirms it.
    pub(super) async fn confirm(
        &self,
        token: &str,
        is_post: bool,
        words: Words,
    ) -> Result<Response<Bytes>, PortError> {
        let Some(token) = self.links.verify::<ConfirmToken>(token).await? else {
            return Ok(page(StatusCode::NOT_FOUND, words, &words.broken()));
        };
        let now = self.clock.now();
        let mut row = self.permissions.row(token.permission).await?;
        if is_post {
            self.write_down(&token, &row, now).await?;
            row = self.permissions.row(token.permission).await?;
        }
        let (status, html) = match of_all(&token, &row, now) {
            Standing::Open => {
                let titles = self.titles(&token, &row, now).await?;
                (StatusCode::OK, words.ask_to_confirm(&titles))
            }
            Standing::Confirmed => (StatusCode::OK, words.confirmed()),
            Standing::Refused => (StatusCode::GONE, words.refused_since()),
            Standing::Expired => (StatusCode::GONE, words.expired()),
        };
        Ok(page(status, words, &html))
    }

    /// Writes each opt-in that is open, then lets the contact hear of those that this link has confirmed, now or before: whoever died
    /// in between is made good by the next click, and what was heard already is known by its id.
    async fn write_down(
        &self,
        token: &ConfirmToken,
        row: &Permission,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let mut inputs = Vec::new();
        for opt_in in &token.opt_ins {
            let proof = match standing(opt_in, row, now) {
                Standing::Open => {
                    let proof = Self::proof(token, opt_in, row, now);
                    self.permissions
                        .consent(&ConsentChange {
                            permission: token.permission,
                            topic: opt_in.topic.clone(),
                            consent: Consent {
                                opted_in: true,
                                at: opt_in.said_at,
                                proof: proof.clone(),
                            },
                            is_pending: false,
                        })
                        .await?;
                    proof
                }
                Standing::Confirmed => {
                    let known = row.topics.get(&opt_in.topic);
                    let of_this = known.filter(|known| known.at == opt_in.said_at);
                    let Some(known) = of_this.filter(|known| known.proof.confirmed_at.is_some())
                    else {
                        continue;
                    };
                    known.proof.clone()
                }
                Standing::Refused | Standing::Expired => continue,
            };
            inputs.push(told(token, opt_in, proof, now));
        }
        inputs::publish(&self.inputs, token.contact, inputs, now).await
    }

    /// What was said at the opt-in, and when and by which message it was confirmed.
    fn proof(token: &ConfirmToken, opt_in: &OptInRef, row: &Permission, now: Timestamp) -> Proof {
        let pending = row.pending.get(&opt_in.topic);
        Proof {
            confirmed_at: Some(now),
            send: Some(token.send),
            ..pending.map(|said| said.proof.clone()).unwrap_or_default()
        }
    }

    /// The topics that would be confirmed, by their titles, as HTML.
    async fn titles(
        &self,
        token: &ConfirmToken,
        row: &Permission,
        now: Timestamp,
    ) -> Result<Vec<String>, PortError> {
        let release = self.releases.current().await?;
        let open = token.opt_ins.iter();
        let open = open.filter(|opt_in| standing(opt_in, row, now) == Standing::Open);
        let title = |opt_in: &OptInRef| {
            let topic = release.project.topics.get(&opt_in.topic);
            escaped(topic.map_or(opt_in.topic.as_str(), |topic| topic.title.as_str()))
        };
        Ok(open.map(title).collect())
    }
}

/// A confirmation as the contact hears it, under an id that follows from the opt-in.
fn told(token: &ConfirmToken, opt_in: &OptInRef, proof: Proof, now: Timestamp) -> Input {
    let by = [
        token.contact.as_bytes().as_slice(),
        token.permission.as_bytes(),
        opt_in.topic.as_bytes(),
        &opt_in.said_at.as_millis().to_be_bytes(),
    ];
    Input::Consent(ConsentSaid {
        id: InputId::of("confirmed", &by),
        contact: token.contact,
        topic: Some(on(token.channel, &opt_in.topic)),
        opted_in: true,
        at: proof.confirmed_at.unwrap_or(now),
        proof,
        confirms: Some(Confirmed {
            said_at: opt_in.said_at,
            permission: token.permission,
        }),
    })
}
