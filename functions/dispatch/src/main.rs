//! `dispatch`: carries sends from request to outcome. Wiring only; `wend_app::dispatch` does the work.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use wend_app::dispatch::{Braking, Ceilings, Dispatch, Drawing, Pacing, Quota};
use wend_app::ports::{NoConnections, SecretStore};
use wend_app::releases::Releases;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::sns::Providers;
use wend_aws::sqs::{DeadLetters, SqsQueue};
use wend_aws::system::{SystemClock, new_secret};
use wend_aws::{clients, lambda, settings, telemetry};
use wend_core::pace::Rate;
use wend_core::send::SendTimes;

/// Time for a message that is visible again to be received and applied.
const REDELIVERY: Duration = Duration::from_mins(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = clients::lambda_config()?;
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), settings::tables());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue = |name| settings::text(name).map(|url| SqsQueue::new(sqs.clone(), url));
    let pairs = [
        ("WEND_DISPATCH_QUEUE_URL", "WEND_DISPATCH_DLQ_URL"),
        ("WEND_DISPATCH_BULK_QUEUE_URL", "WEND_DISPATCH_BULK_DLQ_URL"),
    ];
    let pairs = pairs.map(|(queue, dlq)| Ok((settings::text(queue)?, settings::text(dlq)?)));
    let pairs = pairs
        .into_iter()
        .collect::<Result<Vec<_>, settings::SettingsError>>()?;
    let secret = db.secret(new_secret()).await?;
    let links = db.link_keys(&secret).await?;
    let releases = || Releases::new(db.clone(), SystemClock);
    let function_timeout = settings::secs("WEND_FUNCTION_TIMEOUT_SECS")?;
    let configuration_set = settings::text("WEND_CONFIGURATION_SET")?;
    let dispatch = Arc::new(Dispatch {
        ledger: db.clone(),
        provider: Providers::new(
            (&config, &config),
            Some(configuration_set),
            secret.clone(),
            function_timeout,
        ),
        connections: Drawing::new(db.clone(), releases(), SystemClock, NoConnections),
        webhooks: queue("WEND_WEBHOOKS_QUEUE_URL")?,
        inputs: queue("WEND_INPUTS_QUEUE_URL")?,
        again: vec![
            queue("WEND_DISPATCH_QUEUE_URL")?,
            queue("WEND_DISPATCH_BULK_QUEUE_URL")?,
        ],
        aside: DeadLetters::new(sqs.clone(), pairs),
        releases: releases(),
        clock: SystemClock,
        secret,
        links,
        pace: Pacing::new(db.clone(), ceilings()?),
        brakes: Braking::new(db),
        quota: Quota::default(),
        times: SendTimes {
            function_timeout,
            unknown_window: settings::secs("WEND_UNKNOWN_WINDOW_SECS")?,
            newcomer_grace: settings::secs("WEND_VISIBILITY_TIMEOUT_SECS")? + REDELIVERY,
        },
        public_url: settings::text("WEND_PUBLIC_URL")?
            .trim_end_matches('/')
            .to_owned(),
    });
    run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let dispatch = dispatch.clone();
        async move {
            let failed = dispatch.batch(&lambda::received(event.payload)).await;
            Ok::<_, Error>(lambda::failures(failed))
        }
    }))
    .await
}

/// The fastest that this deployment may go, in messages a second: 0 is no ceiling.
fn ceilings() -> Result<Ceilings, settings::SettingsError> {
    let ceiling = |per_second: u32| (per_second > 0).then(|| Rate::per(per_second, 1));
    Ok(Ceilings {
        email: ceiling(settings::number("WEND_SEND_RATE")?),
        sms: ceiling(settings::number("WEND_SMS_RATE")?),
    })
}
