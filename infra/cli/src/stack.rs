//! A deployed stack, with the credentials and the region of the environment; or the `wend dev` of this machine.

use anyhow::{Context, bail};
use wend_aws::dynamodb::{DynamoDb, Tables};

/// What a command says that failed before it changed anything.
pub const UNCHANGED: &str =
    "nothing was changed (are credentials, region and the table's name right?)";

/// The stack whose table of releases this is, for commands that touch no other.
pub fn releases(table: &str) -> Tables {
    Tables {
        releases: table.to_owned(),
        ..Tables::default()
    }
}

/// Runs `work` on the stack with these tables.
pub fn run<T>(
    tables: Tables,
    work: impl AsyncFnOnce(DynamoDb) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = wend_aws::clients::config().await;
        work(DynamoDb::new(
            aws_sdk_dynamodb::Client::new(&config),
            tables,
        ))
        .await
    })
}

/// What the desk of a `wend dev` says of a command that would otherwise ask a stack.
pub fn ask_dev(url: &str, path: &str, query: &[(&str, &str)]) -> anyhow::Result<String> {
    let request = ureq::post(format!("{}/_wend/{path}", url.trim_end_matches('/')))
        .config()
        .http_status_as_error(false)
        .build()
        .query_pairs(query.iter().copied());
    let mut response = request
        .send_empty()
        .context("is `wend dev` running there?")?;
    let text = response.body_mut().read_to_string()?;
    let answer: serde_json::Value = serde_json::from_str(&text).context("not a `wend dev`")?;
    match (answer["said"].as_str(), answer["error"].as_str()) {
        (Some(said), _) => Ok(said.to_owned()),
        (None, Some(error)) => bail!("{error}"),
        (None, None) => bail!("not a `wend dev`: {text}"),
    }
}
