//! HTTP to the emulator: requests passed on as they are, and the few calls of our own.
//!
//! Plain HTTP over loopback with a small blocking client: an AWS SDK would add minutes to the build
//! of the command line.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, Request, Response, header};

/// Longer than any function of the stack may take.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Headers that belong to one connection, or that the client sets itself.
const HOP_HEADERS: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .user_agent("")
        .accept("")
        .timeout_global(Some(TIMEOUT))
        .build()
        .into()
});

pub(super) struct Emulator<'a> {
    pub(super) endpoint: &'a str,
}

impl Emulator<'_> {
    /// Passes a request on, its path under `prefix`, and returns the answer.
    pub(super) async fn forward(
        &self,
        prefix: &str,
        parts: &Parts,
        body: Bytes,
    ) -> anyhow::Result<Response<Body>> {
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let mut request = Request::new(body);
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = format!("{}{prefix}{target}", self.endpoint)
            .parse()
            .context("not a valid path")?;
        for (name, value) in &parts.headers {
            if !HOP_HEADERS.contains(name) {
                request.headers_mut().append(name, value.clone());
            }
        }
        let (mut head, body) = call(request).await?.into_parts();
        for name in HOP_HEADERS {
            head.headers.remove(name);
        }
        // An HTTP API replaces what a function says of CORS; the emulator adds to it, and no browser takes two.
        if let Some(origin) = head.headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            let name = header::ACCESS_CONTROL_ALLOW_ORIGIN;
            head.headers.insert(name, origin);
        }
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

/// Publishes `message` to a topic.
pub(super) async fn publish(endpoint: &str, topic_arn: &str, message: &str) -> anyhow::Result<()> {
    let form = format!(
        "Action=Publish&Version=2010-03-31&TopicArn={}&Message={}",
        percent_encode(topic_arn),
        percent_encode(message)
    );
    query_call(endpoint, "sns", form).await
}

/// Puts `message` on a queue.
pub(in crate::dev) async fn enqueue(
    endpoint: &str,
    url: &str,
    message: &str,
) -> anyhow::Result<()> {
    let form = format!(
        "Action=SendMessage&Version=2012-11-05&QueueUrl={}&MessageBody={}",
        percent_encode(url),
        percent_encode(message)
    );
    query_call(endpoint, "sqs", form).await
}

/// What the emulator shows under `path`.
pub(in crate::dev) async fn show(endpoint: &str, path: &str) -> anyhow::Result<serde_json::Value> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = format!("{endpoint}{path}")
        .parse()
        .context("not a valid endpoint")?;
    let response = call(request).await?;
    serde_json::from_slice(response.body()).context("the emulator did not answer with JSON")
}

/// A call of the query protocol.
async fn query_call(endpoint: &str, service: &str, form: String) -> anyhow::Result<()> {
    let mut request = Request::new(Bytes::from(form));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("{endpoint}/")
        .parse()
        .context("not a valid endpoint")?;
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    // The emulator reads service and region from the scope and checks no signature.
    let scope = format!("test/20260101/us-east-1/{service}/aws4_request");
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    headers.insert(header::AUTHORIZATION, authorization.parse()?);
    let response = call(request).await?;
    if !response.status().is_success() {
        bail!(
            "{service} answered {}: {}",
            response.status(),
            String::from_utf8_lossy(response.body())
        );
    }
    Ok(())
}

async fn call(request: Request<Bytes>) -> anyhow::Result<Response<Vec<u8>>> {
    tokio::task::spawn_blocking(move || {
        let (head, body) = request.into_parts();
        // A body, though empty, is an error for the methods that have none.
        let response = if body.is_empty()
            && !matches!(head.method, Method::POST | Method::PUT | Method::PATCH)
        {
            AGENT.run(Request::from_parts(head, ()))
        } else {
            AGENT.run(Request::from_parts(head, body.to_vec()))
        };
        let (head, mut body) = response
            .context("the emulator does not answer")?
            .into_parts();
        let body = body
            .read_to_vec()
            .context("the emulator's answer broke off")?;
        Ok(Response::from_parts(head, body))
    })
    .await?
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::percent_encode;

    #[test]
    fn form_values_survive_separators_and_other_alphabets() {
        assert_eq!(percent_encode("a&b=\u{e9} ~"), "a%26b%3D%C3%A9%20~");
    }
}
