//! The HTTP API of a deployment, as the command line calls it.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wend_app::ports::{ErrorClass, PortError};

/// How long one request may take: an HTTP API gives up after 30 seconds.
const LIMIT: Duration = Duration::from_secs(35);
const CALL: &str = "call the API";

/// A deployment's API, with a key for it. Connections are kept.
#[derive(Debug)]
pub struct Api {
    connector: Connector,
    url: String,
    authorization: String,
}

impl Api {
    /// The API at `url`, with or without a slash at its end, asked with `key`.
    pub fn new(url: &str, key: &str) -> Self {
        Self {
            connector: Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .build(),
            url: url.trim_end_matches('/').to_owned(),
            authorization: format!("Basic {}", STANDARD.encode(format!("{key}:"))),
        }
    }

    /// The status and the body of an answer; no body asks by `GET`, one is sent by `POST`. A failure is ambiguous: the API may have taken
    /// what was sent.
    pub async fn call(
        &self,
        path: &str,
        body: Option<String>,
    ) -> Result<(u16, Vec<u8>), PortError> {
        let invalid = |error: &dyn std::fmt::Display| PortError::invalid(CALL, error);
        let method = if body.is_some() { "POST" } else { "GET" };
        let mut request = HttpRequest::new(SdkBody::from(body.unwrap_or_default()));
        request
            .set_method(method)
            .map_err(|error| invalid(&error))?;
        let url = format!("{}{path}", self.url);
        request.set_uri(url).map_err(|error| invalid(&error))?;
        let headers = [
            ("authorization", self.authorization.clone()),
            ("content-type", "application/json".to_owned()),
        ];
        for (name, value) in headers {
            let set = request.headers_mut().try_insert(name, value);
            set.map_err(|error| invalid(&error))?;
        }
        let answered = tokio::time::timeout(LIMIT, self.answer(request)).await;
        answered.unwrap_or_else(|_| Err(ambiguous(&"no answer in time")))
    }

    async fn answer(&self, request: HttpRequest) -> Result<(u16, Vec<u8>), PortError> {
        let response = self.connector.call(request).await;
        let response = response.map_err(|error| ambiguous(&error))?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|error| ambiguous(&error))?;
        Ok((status, body.to_vec()))
    }
}

fn ambiguous(cause: &dyn std::fmt::Display) -> PortError {
    PortError {
        operation: CALL,
        class: ErrorClass::Ambiguous,
        cause: cause.to_string(),
    }
}
