//! A deployed stack, with the credentials and the region of the environment.

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
