//! `track`: answers the links in messages. Wiring only; `wend_app::track` does the work.

use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use wend_app::links::Links;
use wend_app::ports::SecretStore;
use wend_app::releases::Releases;
use wend_app::track::Track;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::sqs::SqsQueue;
use wend_aws::system::{SystemClock, new_secret};
use wend_aws::{clients, lambda, settings, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), settings::tables());
    let secret = db.secret(new_secret()).await?;
    let keys = db.link_keys(&secret).await?;
    let inputs = settings::text("WEND_INPUTS_QUEUE_URL")?;
    let track = Arc::new(Track {
        permissions: db.clone(),
        inputs: SqsQueue::new(aws_sdk_sqs::Client::new(&config), inputs),
        releases: Releases::new(db.clone(), SystemClock),
        links: Links::new(db, SystemClock, secret, keys),
        clock: SystemClock,
    });
    run(service_fn(
        move |event: LambdaEvent<ApiGatewayV2httpRequest>| {
            let track = track.clone();
            async move {
                let response = track.handle(lambda::request(event.payload)).await;
                Ok::<_, Error>(lambda::response(response))
            }
        },
    ))
    .await
}
