//! `feedback`: takes the provider's events. Wiring only; `wend_app::feedback` does the work.

use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use wend_app::feedback::Feedback;
use wend_app::ports::SecretStore;
use wend_app::releases::Releases;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::sqs::{DeadLetters, SqsQueue};
use wend_aws::system::{SystemClock, new_secret};
use wend_aws::{clients, lambda, settings, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), settings::tables());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue = settings::text("WEND_FEEDBACK_QUEUE_URL")?;
    let inputs = settings::text("WEND_INPUTS_QUEUE_URL")?;
    let dlq = settings::text("WEND_FEEDBACK_DLQ_URL")?;
    let secret = db.secret(new_secret()).await?;
    let feedback = Arc::new(Feedback {
        evidence: db.clone(),
        permissions: db.clone(),
        inputs: SqsQueue::new(sqs.clone(), inputs),
        aside: DeadLetters::new(sqs, [(queue, dlq)]),
        releases: Releases::new(db, SystemClock),
        clock: SystemClock,
        secret,
    });
    run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let feedback = feedback.clone();
        async move {
            let failed = feedback.batch(&lambda::received(event.payload)).await;
            Ok::<_, Error>(lambda::failures(failed))
        }
    }))
    .await
}
