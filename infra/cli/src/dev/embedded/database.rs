//! DynamoDB in this process: the SDK's client on an embedded database, without a network between them.
//!
//! The SDK writes each request and reads each answer as for AWS, so the adapter and the wire format are the real ones. What is left
//! out is what carries the bytes: sockets, HTTP and a second task cost more than the database does.

use std::path::Path;

use anyhow::Context;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, HttpClient, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first part of the header that names an operation.
const TARGET: &str = "DynamoDB_20120810.";

/// A client of the database in `file`, which is made if it is not there.
///
/// What was written survives the end of this process, however it ends, because the system has it by then. It may not survive the
/// end of the system: nothing waits for the disk.
pub fn open(file: &Path) -> anyhow::Result<aws_sdk_dynamodb::Client> {
    let path = file.to_str().context("the state's path is not UTF-8")?;
    let database = Database::new(path);
    let database = database.map_err(|error| anyhow::anyhow!("cannot open {path}: {error}"))?;
    let unsynced = database.enable_bulk_loading();
    unsynced.map_err(|error| anyhow::anyhow!("cannot set {path} up: {error}"))?;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        // Nobody checks a signature here, and what is in the same process needs neither patience nor a second attempt.
        .allow_no_auth()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Embedded(database))
        .build();
    Ok(aws_sdk_dynamodb::Client::from_conf(config))
}

/// Answers in the place of DynamoDB's endpoint.
#[derive(Clone)]
struct Embedded(Database);

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

impl HttpClient for Embedded {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Embedded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl Embedded {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.strip_prefix(TARGET).unwrap_or(target);
        let body = request.body().bytes().unwrap_or_default();
        let (status, body) = match self.operate(operation, body) {
            Ok(body) => (200, body),
            Err(error) => (error.status_code(), error.to_json().into_bytes()),
        };
        let status = status.try_into();
        let status = status.map_err(|error| ConnectorError::other(Box::new(error), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(body)))
    }

    /// Runs one operation, of those that the adapter uses.
    fn operate(&self, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
        let Self(db) = self;
        match operation {
            "GetItem" => run(body, |request| db.get_item(request)),
            "BatchGetItem" => run(body, |request| db.batch_get_item(request)),
            "PutItem" => run(body, |request| db.put_item(request)),
            "DeleteItem" => run(body, |request| db.delete_item(request)),
            "UpdateItem" => run(body, |request| db.update_item(request)),
            "TransactWriteItems" => run(body, |mut request: TransactWriteItemsRequest| {
                // The SDK's token for its own repetitions, of which there are none here: the database would keep each for ten
                // minutes and look through all of them at every write.
                request.client_request_token = None;
                db.transact_write_items(request)
            }),
            "Query" => run(body, |request| db.query(request)),
            "Scan" => run(body, |request| db.scan(request)),
            "CreateTable" => run(body, |request| db.create_table(request)),
            "DescribeTable" => run(body, |request| db.describe_table(request)),
            other => Err(DynoxideError::ValidationException(format!(
                "the embedded mode has no {other}"
            ))),
        }
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Vec<u8>, DynoxideError> {
    let request = serde_json::from_slice(body);
    let request =
        request.map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let answer = operation(request)?;
    serde_json::to_vec(&answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
