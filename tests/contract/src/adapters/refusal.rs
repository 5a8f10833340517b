//! A service that refuses every request in one way.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use wend_app::ports::ErrorClass;

/// What clients of `endpoint` begin with. They make no second attempt: it would only be refused later.
pub fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .build()
}

/// Where a service answers requests as AWS does when they fail with `class`, but for operations in `works`: those succeed and
/// find nothing. It ends with the runtime.
pub async fn start(class: ErrorClass, works: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = move |headers: HeaderMap| async move {
        let target = headers.get("x-amz-target").unwrap().to_str().unwrap();
        let (_, operation) = target.rsplit_once('.').unwrap();
        if works.contains(&operation) {
            return (StatusCode::OK, "{}".to_owned());
        }
        let is_cancelled = operation == "TransactWriteItems" && class != ErrorClass::Ambiguous;
        if is_cancelled {
            (StatusCode::BAD_REQUEST, cancelled(class))
        } else {
            refused(class)
        }
    };
    let service = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, service).await });
    url
}

fn refused(class: ErrorClass) -> (StatusCode, String) {
    let (status, code) = match class {
        ErrorClass::Conflict => (StatusCode::BAD_REQUEST, "TransactionConflictException"),
        ErrorClass::Throttled => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        ErrorClass::Ambiguous => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        ErrorClass::Invalid => (StatusCode::BAD_REQUEST, "ValidationException"),
    };
    let answer = json!({ "__type": code, "message": "refused" });
    (status, answer.to_string())
}

/// A transaction fails as a whole and says of each item why.
fn cancelled(class: ErrorClass) -> String {
    let code = match class {
        ErrorClass::Conflict => "TransactionConflict",
        ErrorClass::Throttled => "ThrottlingError",
        ErrorClass::Ambiguous | ErrorClass::Invalid => "ValidationError",
    };
    let reasons = json!([{ "Code": "None" }, { "Code": code }]);
    let kind = "TransactionCanceledException";
    let answer = json!({ "__type": kind, "Message": "refused", "CancellationReasons": reasons });
    answer.to_string()
}
