//! The embedded mode's HTTP: the API, the links, the desk.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use wend_app::ingest::{Floods, Ingest};
use wend_app::links::Links;
use wend_app::releases::Releases;
use wend_app::track::{Track, is_link};
use wend_app::write_keys::WriteKeys;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::system::{SystemClock, SystemIds};
use wend_core::token::LinkKeys;

use super::parts::{Parts, StoreQueue};
use crate::dev::desk::{Desk, parameter};
use crate::dev::ses_front::answer;

/// The limit of an HTTP API on AWS.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

struct Server {
    ingest: Ingest<StoreQueue, DynamoDb, SystemClock, SystemIds>,
    track: Track<DynamoDb, StoreQueue, DynamoDb, SystemClock>,
    parts: Arc<Parts>,
    desk: Arc<Desk>,
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, parts: Arc<Parts>, desk: Arc<Desk>) {
    let server = Server {
        ingest: Ingest {
            inputs: parts.queue("inputs"),
            bulk: parts.queue("bulk"),
            keys: WriteKeys::new(parts.db.clone(), SystemClock),
            releases: Releases::new(parts.db.clone(), SystemClock),
            clock: SystemClock,
            ids: SystemIds,
            secret: parts.secret.clone(),
            floods: Floods::default(),
        },
        track: Track {
            permissions: parts.db.clone(),
            inputs: parts.queue("inputs"),
            releases: Releases::new(parts.db.clone(), SystemClock),
            links: Links::new(
                parts.db.clone(),
                SystemClock,
                parts.secret.clone(),
                LinkKeys::first(&parts.secret),
            ),
            clock: SystemClock,
        },
        parts,
        desk,
    };
    let router = Router::new().fallback(handle).with_state(Arc::new(server));
    if let Err(error) = axum::serve(listener, router).await {
        eprintln!("the endpoint stopped: {error}");
    }
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return answer(
            StatusCode::PAYLOAD_TOO_LARGE,
            &json!({ "error": "the body is too large" }),
        );
    };
    let path = parts.uri.path();
    if path.starts_with("/v1/") {
        let request = http::Request::from_parts(parts, body);
        return server.ingest.handle(request).await.map(Body::from);
    }
    if is_link(path) {
        let request = http::Request::from_parts(parts, body);
        return server.track.handle(request).await.map(Body::from);
    }
    if path == "/_wend/ses/hang" {
        let number = |name| parameter(&parts, name)?.parse::<u64>().ok();
        let (secs, count) = (number("secs").unwrap_or(0), number("count").unwrap_or(0));
        let hang = (Duration::from_secs(secs), count);
        *server
            .parts
            .provider
            .hang
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = hang;
        return answer(StatusCode::OK, &json!({ "secs": secs, "count": count }));
    }
    match server.desk.answer(&parts, &body).await {
        Ok(Some(response)) => response,
        Ok(None) => answer(
            StatusCode::NOT_FOUND,
            &json!({ "error": format!("there is no {path}") }),
        ),
        Err(error) => {
            let error = format!("{error:#}");
            answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                &json!({ "error": error }),
            )
        }
    }
}
