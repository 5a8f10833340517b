//! `sweep`: sends the wakes of contacts that are due soon. Wiring only; `wend_app::sweep` does the work.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use wend_app::sweep::Sweep;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::sqs::SqsQueue;
use wend_aws::system::SystemClock;
use wend_aws::{clients, settings, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), settings::tables());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let sweep = Arc::new(Sweep {
        index: db.clone(),
        watermark: db,
        wakes: SqsQueue::new(sqs, settings::text("WEND_WAKES_QUEUE_URL")?),
        clock: SystemClock,
        schedule: settings::schedule()?,
    });
    run(service_fn(move |_: LambdaEvent<Value>| {
        let sweep = sweep.clone();
        async move {
            let swept = sweep.run().await?;
            Ok::<_, Error>(json!({ "wakes": swept.wakes, "latest_secs": swept.latest.as_secs() }))
        }
    }))
    .await
}
