//! The demo: one contact through the welcome journey, over HTTP like any website.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::live::Live;
use super::mail::Mail;

/// The steps of the welcome journey that send, in order.
const STEPS: [&str; 3] = ["hello", "tips", "story"];
/// The journey waits 110 seconds; the sweep of the local AWS may be a minute late.
const PATIENCE: Duration = Duration::from_mins(5);
/// What would come twice comes soon after.
const AFTERMATH: Duration = Duration::from_secs(2);

/// Posts `example`, prints what happens, and judges.
pub async fn run(
    url: &str,
    write_key: &str,
    example: &str,
    mut live: Live,
) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    post(url, write_key, example).await?;
    while !has_ended(url).await? {
        if started.elapsed() > PATIENCE {
            bail!(
                "the welcome journey did not end within {} minutes",
                PATIENCE.as_secs() / 60
            );
        }
        drain(&mut live, Duration::from_millis(400)).await;
    }
    drain(&mut live, AFTERMATH).await;
    let mails: Vec<Mail> = serde_json::from_value(get(url, "/_wend/mails").await?)?;
    let steps: Vec<&str> = mails
        .iter()
        .filter_map(|mail| mail.tags.get("wend_step").map(String::as_str))
        .collect();
    if steps == STEPS {
        println!(
            "\nDemo passed: {} of {} mails, in order, once each.",
            steps.len(),
            STEPS.len()
        );
        Ok(ExitCode::SUCCESS)
    } else {
        println!("\nDemo FAILED: expected {STEPS:?}, got {steps:?}.");
        Ok(ExitCode::FAILURE)
    }
}

/// Prints what comes within `time`.
async fn drain(live: &mut Live, time: Duration) {
    let forever = async { while live.print_next().await {} };
    // That time runs out is the way it ends.
    let _ = tokio::time::timeout(time, forever).await;
}

async fn post(url: &str, write_key: &str, example: &str) -> anyhow::Result<()> {
    let mut body: Value = serde_json::from_str(example)?;
    body["writeKey"] = json!(write_key);
    let url = format!("{url}/v1/batch");
    let answer = tokio::task::spawn_blocking(move || {
        ureq::post(&url)
            .content_type("application/json")
            .send(body.to_string())
    })
    .await?;
    answer
        .map(|_| ())
        .context("the endpoint did not take the demo's events")
}

async fn has_ended(url: &str) -> anyhow::Result<bool> {
    let timeline = get(url, "/_wend/timeline?user=ana").await?;
    let rows = timeline["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let mut traces = rows
        .iter()
        .filter_map(|row| row["trace"].as_array())
        .flatten();
    Ok(traces.any(|trace| trace.get("ended").is_some()))
}

async fn get(url: &str, path: &str) -> anyhow::Result<Value> {
    let url = format!("{url}{path}");
    let text = tokio::task::spawn_blocking(move || {
        ureq::get(&url)
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_string())
    })
    .await?;
    Ok(serde_json::from_str(
        &text.context("the local stack does not answer")?,
    )?)
}
