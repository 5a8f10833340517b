//! A deployed stack, with the credentials and the region of the environment.

use wend_aws::dynamodb::{DynamoDb, Tables};

/// What a command says that failed before it changed anything.
pub const UNCHANGED: &str =
    "nothing was changed (are credentials, region and the table's name right?)";

/// Runs `work` on the stack with this releases table, the only table that the command line touches.
pub fn run<T>(
    releases_table: &str,
    work: impl AsyncFnOnce(DynamoDb) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = wend_aws::clients::config().await;
        let tables = Tables {
            releases: releases_table.to_owned(),
            ..Tables::default()
        };
        work(DynamoDb::new(
            aws_sdk_dynamodb::Client::new(&config),
            tables,
        ))
        .await
    })
}
