//! `/v1/import`: rows of another tool's export.
//!
//! It takes a secret key alone, and what it takes starts nothing unless it is asked to with the number of contacts. The answer tells of
//! each row what could not be taken; the same row sent again is the same input.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use wend_core::import::Rules;
use wend_core::input::{Envelope, Input};
use wend_core::release::EventSource;
use wend_core::tracking::{self, BATCH_BYTES_MAX};

use super::{Ingest, Refused, items, json_body, unavailable};
use crate::ports::{Clock, Ids, KeyStore, Queue, ReleaseStore};

impl<Q: Queue, K: KeyStore + ReleaseStore, C: Clock, I: Ids> Ingest<Q, K, C, I> {
    /// `GET` says what rows may hold. `POST` takes `{"batch": [ … ], "starts": 0, "dry_run": false}`, each row an identify with the
    /// moment at which it was true; `starts` is the number of rows where they may start journeys.
    pub(super) async fn import(&self, request: &Request<Bytes>) -> Result<Value, Refused> {
        let is_question = request.method() == Method::GET;
        if !is_question && request.method() != Method::POST {
            let error = "/v1/import takes GET and POST".to_owned();
            return Err(Refused(StatusCode::METHOD_NOT_ALLOWED, error));
        }
        let size = request.body().len();
        if size > BATCH_BYTES_MAX {
            let error = format!("the body has {size} bytes; at most {BATCH_BYTES_MAX} are taken");
            return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, error));
        }
        let body = if is_question {
            Value::Null
        } else {
            json_body(request.body())?
        };
        let (source, holder) = self.source(request.headers(), &body).await?;
        if holder == EventSource::Browser {
            let error = "an import takes a secret key: make one with `wend publish --new-write-key NAME --server`";
            return Err(Refused(StatusCode::FORBIDDEN, error.to_owned()));
        }
        let release = self.releases.current().await.map_err(|error| {
            tracing::error!(%error, "the release is out of reach");
            unavailable()
        })?;
        let rules = Rules::of(&release);
        if is_question {
            return Ok(rules.shape());
        }
        self.take(&rules, &body, &format!("import {source}")).await
    }

    async fn take(&self, rules: &Rules<'_>, body: &Value, source: &str) -> Result<Value, Refused> {
        let is = |name: &str| body.get(name).and_then(Value::as_bool) == Some(true);
        let accepted_at = self.clock.now();
        let (rows, _) = items(None, body)?;
        let starts = body.get("starts").and_then(Value::as_u64).unwrap_or(0);
        if starts != 0 && starts != rows.len() as u64 {
            let count = rows.len();
            let error = format!(
                "`starts` says {starts} and there are {count} rows: nothing starts unless it is asked for with the count"
            );
            return Err(Refused(StatusCode::BAD_REQUEST, error));
        }
        let request = tracking::Request {
            source,
            is_public: false,
            accepted_at,
            sent_at: None,
        };
        let mut envelopes = Vec::with_capacity(rows.len());
        let (mut errors, mut left_out) = (Vec::new(), Vec::new());
        for (index, row) in rows.into_iter().enumerate() {
            match rules.read(row, starts > 0, request) {
                Ok(row) => {
                    let told = row.left_out.iter().map(|fault| {
                        json!({ "index": index, "field": fault.field, "error": fault.error })
                    });
                    left_out.extend(told);
                    let input = Input::Event(Box::new(row.event));
                    envelopes.push(Envelope { accepted_at, input });
                }
                Err(fault) => errors
                    .push(json!({ "index": index, "field": fault.field, "error": fault.error })),
            }
        }
        if !is("dry_run") {
            self.enqueue(&self.bulk, &envelopes).await?;
        }
        Ok(json!({ "accepted": envelopes.len(), "errors": errors, "left_out": left_out }))
    }
}

#[cfg(test)]
mod tests;
