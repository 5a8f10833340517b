//! `evaluate`: applies inputs to contacts. Wiring only; `wend_app::evaluate` does the work.

use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use wend_app::counts::Counts;
use wend_app::evaluate::Evaluate;
use wend_app::ports::SecretStore;
use wend_app::releases::Releases;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::sqs::{DeadLetters, SqsQueue};
use wend_aws::system::{SystemClock, SystemIds, new_secret};
use wend_aws::{clients, lambda, settings, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), settings::tables());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue = |name| settings::text(name).map(|url| SqsQueue::new(sqs.clone(), url));
    let pairs = [
        ("WEND_INPUTS_QUEUE_URL", "WEND_INPUTS_DLQ_URL"),
        ("WEND_WAKES_QUEUE_URL", "WEND_WAKES_DLQ_URL"),
        ("WEND_BULK_QUEUE_URL", "WEND_BULK_DLQ_URL"),
    ];
    let pairs = pairs.map(|(queue, dlq)| Ok((settings::text(queue)?, settings::text(dlq)?)));
    let pairs = pairs
        .into_iter()
        .collect::<Result<Vec<_>, settings::SettingsError>>()?;
    let secret = db.secret(new_secret()).await?;
    let evaluate = Arc::new(Evaluate {
        contacts: db.contacts(secret.clone()),
        permissions: db.clone(),
        entries: Counts::default(),
        dispatch: queue("WEND_DISPATCH_QUEUE_URL")?,
        dispatch_bulk: queue("WEND_DISPATCH_BULK_QUEUE_URL")?,
        wakes: queue("WEND_WAKES_QUEUE_URL")?,
        aside: DeadLetters::new(sqs.clone(), pairs),
        releases: Releases::new(db, SystemClock),
        clock: SystemClock,
        ids: SystemIds,
        secret,
        schedule: settings::schedule()?,
    });
    run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let evaluate = evaluate.clone();
        async move {
            let failed = evaluate.batch(&lambda::received(event.payload)).await;
            Ok::<_, Error>(lambda::failures(failed))
        }
    }))
    .await
}
