//! `webhook`: calls other systems over HTTP. Wiring only; `wend_app::webhook` does the work.

use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use wend_app::webhook::{HttpSystems, Webhook};
use wend_aws::secrets::ManagedSecrets;
use wend_aws::sqs::{DeadLetters, SqsQueue};
use wend_aws::system::SystemClock;
use wend_aws::web::GuardedWeb;
use wend_aws::{clients, lambda, settings, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue = |name| settings::text(name).map(|url| SqsQueue::new(sqs.clone(), url));
    let own = settings::text("WEND_WEBHOOKS_QUEUE_URL")?;
    let dlq = settings::text("WEND_WEBHOOKS_DLQ_URL")?;
    let secrets = ManagedSecrets::new(
        aws_sdk_secretsmanager::Client::new(&config),
        settings::text("WEND_SECRETS_PATH")?,
        SystemClock,
    );
    let web = GuardedWeb::new(settings::calls_loopback());
    let webhook = Arc::new(Webhook {
        systems: HttpSystems::new(secrets, web, SystemClock),
        inputs: queue("WEND_INPUTS_QUEUE_URL")?,
        again: queue("WEND_DISPATCH_QUEUE_URL")?,
        aside: DeadLetters::new(sqs.clone(), [(own, dlq)]),
        clock: SystemClock,
    });
    run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let webhook = webhook.clone();
        async move {
            let failed = webhook.batch(&lambda::received(event.payload)).await;
            Ok::<_, Error>(lambda::failures(failed))
        }
    }))
    .await
}
