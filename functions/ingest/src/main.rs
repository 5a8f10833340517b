//! `ingest`: takes events over HTTP and puts them on the inputs queue. Wiring only; `wend_app::ingest` does the work.

use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use wend_app::ingest::{Floods, Ingest};
use wend_app::ports::SecretStore;
use wend_app::releases::Releases;
use wend_app::write_keys::WriteKeys;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::sqs::SqsQueue;
use wend_aws::system::{SystemClock, SystemIds, new_secret};
use wend_aws::{clients, lambda, settings, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), settings::tables());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let ingest = Arc::new(Ingest {
        inputs: SqsQueue::new(sqs.clone(), settings::text("WEND_INPUTS_QUEUE_URL")?),
        bulk: SqsQueue::new(sqs, settings::text("WEND_BULK_QUEUE_URL")?),
        secret: db.secret(new_secret()).await?,
        keys: WriteKeys::new(db.clone(), SystemClock),
        releases: Releases::new(db, SystemClock),
        clock: SystemClock,
        ids: SystemIds,
        floods: Floods::default(),
    });
    run(service_fn(
        move |event: LambdaEvent<ApiGatewayV2httpRequest>| {
            let ingest = ingest.clone();
            async move {
                let response = ingest.handle(lambda::request(event.payload)).await;
                Ok::<_, Error>(lambda::response(response))
            }
        },
    ))
    .await
}
