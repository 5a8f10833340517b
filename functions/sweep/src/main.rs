//! `sweep`: sends the wakes of contacts that are due soon, and walks over all contacts. Wiring only; `wend_app::sweep` and
//! `wend_app::walk` do the work.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use wend_app::releases::Releases;
use wend_app::sweep::Sweep;
use wend_app::walk::Walk;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::lambda::{failures, received};
use wend_aws::sqs::{DeadLetters, SqsQueue};
use wend_aws::system::SystemClock;
use wend_aws::{clients, settings, telemetry};

type Sweeping = Sweep<DynamoDb, DynamoDb, SqsQueue, SystemClock>;
type Walking = Walk<DynamoDb, SqsQueue, DeadLetters, DynamoDb, SystemClock>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), settings::tables());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue = |name| settings::text(name).map(|url| SqsQueue::new(sqs.clone(), url));
    let sweep = Arc::new(Sweep {
        index: db.clone(),
        watermark: db.clone(),
        wakes: queue("WEND_WAKES_QUEUE_URL")?,
        clock: SystemClock,
        schedule: settings::schedule()?,
    });
    let walks = (
        settings::text("WEND_WALKS_QUEUE_URL")?,
        settings::text("WEND_WALKS_DLQ_URL")?,
    );
    let walk = Arc::new(Walk {
        store: db.clone(),
        walks: queue("WEND_WALKS_QUEUE_URL")?,
        bulk: queue("WEND_BULK_QUEUE_URL")?,
        aside: DeadLetters::new(sqs.clone(), [walks]),
        releases: Releases::new(db, SystemClock),
        clock: SystemClock,
    });
    run(service_fn(move |event: LambdaEvent<Value>| {
        let (sweep, walk) = (sweep.clone(), walk.clone());
        async move { handle(&sweep, &walk, event.payload).await }
    }))
    .await
}

/// Messages of the queue of walks, or the recurring schedule's word.
async fn handle(sweep: &Sweeping, walk: &Walking, event: Value) -> Result<Value, Error> {
    if event.get("Records").is_some() {
        let messages = received(serde_json::from_value(event)?);
        let failed = walk.batch(&messages).await;
        return Ok(serde_json::to_value(failures(failed))?);
    }
    let swept = sweep.run().await?;
    Ok(json!({ "wakes": swept.wakes, "latest_secs": swept.latest.as_secs() }))
}
