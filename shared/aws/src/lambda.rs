//! Lambda events as the use cases take them, and their answers as Lambda wants them.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use wend_app::ports::Received;

use crate::sqs::queue_name;

/// The request of an HTTP API (payload format 2.0). A body that API Gateway took for binary comes in Base64.
pub fn request(event: ApiGatewayV2httpRequest) -> Request<Bytes> {
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        STANDARD.decode(&body).unwrap_or_else(|_| body.into_bytes())
    } else {
        body.into_bytes()
    };
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = event.request_context.http.method;
    let path = event.raw_path.unwrap_or_default();
    *request.uri_mut() = path.parse().unwrap_or_default();
    *request.headers_mut() = event.headers;
    request
}

/// The answer of an HTTP API.
pub fn response(response: Response<Bytes>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.body = Some(match String::from_utf8(body.to_vec()) {
        Ok(text) => Body::Text(text),
        // A picture: API Gateway takes it in Base64.
        Err(binary) => {
            answer.is_base64_encoded = true;
            Body::Binary(binary.into_bytes())
        }
    });
    answer
}

/// The messages of a batch.
pub fn received(event: SqsEvent) -> Vec<Received> {
    let records = event.records.into_iter().map(|record| Received {
        id: record.message_id.unwrap_or_default(),
        queue: queue_name(record.event_source_arn.as_deref().unwrap_or_default()).to_owned(),
        body: record.body.unwrap_or_default(),
    });
    records.collect()
}

/// The deliveries that SQS must repeat.
pub fn failures(ids: Vec<String>) -> SqsBatchResponse {
    let failures = ids.into_iter().map(|id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    });
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.collect();
    response
}
