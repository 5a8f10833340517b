//! Links in messages. So far: unsubscribe.
//!
//! `GET` shows and never changes anything, because link scanners and prefetchers follow every link. `POST` acts, and is what a
//! mail program's own button sends (RFC 8058).

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use wend_core::identity::IdentitySecret;
use wend_core::token::UnsubscribeToken;

use crate::ports::{Clock, Permissions};

/// Answers links.
#[derive(Debug)]
pub struct Track<P, C> {
    /// Permission rows.
    pub permissions: P,
    /// The clock.
    pub clock: C,
    /// The secret under which links are signed.
    pub secret: IdentitySecret,
}

const ASK: &str = "<h1>Unsubscribe</h1><p>You will get no more of our news and offers at this address.</p>\
    <form method=\"post\"><button>Unsubscribe</button></form>";
const DONE: &str = "<h1>You are unsubscribed</h1><p>We write down your wish at once. A message that has left already \
    may still reach you.</p>";
const BROKEN: &str = "<h1>This link is not complete</h1><p>Please copy the whole link from the message, or answer the \
    message and ask us to unsubscribe you.</p>";
const FAILED: &str = "<h1>That did not work</h1><p>Please try again in a minute.</p>\
    <form method=\"post\"><button>Unsubscribe</button></form>";

impl<P: Permissions, C: Clock> Track<P, C> {
    /// Answers one request.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let token = request.uri().path().strip_prefix("/u/").unwrap_or_default();
        let Some(token) = UnsubscribeToken::verify(token, &self.secret) else {
            return page(StatusCode::NOT_FOUND, BROKEN);
        };
        match *request.method() {
            Method::GET | Method::HEAD => page(StatusCode::OK, ASK),
            Method::POST => {
                let now = self.clock.now();
                match self
                    .permissions
                    .unsubscribe(token.permission, token.send, now)
                    .await
                {
                    Ok(()) => page(StatusCode::OK, DONE),
                    Err(error) => {
                        tracing::error!(%error, "an unsubscribe could not be written");
                        page(StatusCode::SERVICE_UNAVAILABLE, FAILED)
                    }
                }
            }
            _ => page(StatusCode::METHOD_NOT_ALLOWED, BROKEN),
        }
    }
}

fn page(status: StatusCode, content: &str) -> Response<Bytes> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>Unsubscribe</title>\
         <style>body{{font:18px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}\
         button{{font:inherit;padding:.5rem 1.5rem}}</style></head><body><main>{content}</main></body></html>"
    );
    let mut response = Response::new(Bytes::from(html));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, header::HeaderValue::from_static(value));
    }
    response
}
