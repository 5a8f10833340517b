//! `wend publish`: makes a release of a project and lets a source post to it.

mod gaps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use wend_app::ports::{Ids, KeyStore};
use wend_app::publish::{Error, publish};
use wend_app::write_keys;
use wend_aws::dynamodb::DynamoDb;
use wend_aws::system::{SystemClock, SystemIds};
use wend_core::definitions::SourceFile;

use crate::{check, project, stack};

/// What `publish` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder.
    project: PathBuf,
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long)]
    releases_table: String,
    /// The environment of wend.yaml that the stack is: whom it may write to, how fast waits go by.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Also makes a write key with this name and prints it, once.
    #[arg(long, value_name = "NAME")]
    new_write_key: Option<String>,
}

/// Publishes with the credentials and the region of the environment.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let files = project::load(&args.project)?;
    stack::run(&args.releases_table, async |db| {
        let Some(number) = publish_files(&db, &files, args.environment.as_deref()).await? else {
            return Ok(ExitCode::FAILURE);
        };
        println!("Release {number} is published; it is in force everywhere within 10 seconds.");
        if let Some(name) = &args.new_write_key {
            println!(
                "Write key (shown once): {}",
                new_write_key(&db, "wk_live", name).await?
            );
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Publishes `files` and answers with the release's number; prints their faults and answers none if they have any.
pub async fn publish_files(
    db: &DynamoDb,
    files: &[SourceFile],
    environment: Option<&str>,
) -> anyhow::Result<Option<u64>> {
    match publish(db, &SystemClock, files, environment).await {
        Ok(number) => {
            for gap in gaps::gaps(files) {
                eprintln!("note: not done by this version yet: {gap}");
            }
            Ok(Some(number))
        }
        Err(Error::Faults(faults)) => {
            check::print_faults(&faults, files);
            Ok(None)
        }
        Err(error @ Error::NoEnvironment { .. }) => Err(error.into()),
        Err(Error::Publish(error)) => Err(error).context(
            "the release was not published (are credentials, region and the table's name right?)",
        ),
    }
}

/// The write key that stands in `file`, or a new one that is kept there: a website's settings outlive a restart, also one with
/// fresh tables.
pub async fn kept_write_key(db: &DynamoDb, file: &Path) -> anyhow::Result<String> {
    if let Ok(key) = fs::read_to_string(file) {
        db.add(&write_keys::hash(&key), "wend dev").await?;
        return Ok(key);
    }
    let key = new_write_key(db, "wk_dev", "wend dev").await?;
    fs::write(file, &key).context("cannot keep the write key")?;
    Ok(key)
}

/// A new write key that `db` knows from now on.
pub async fn new_write_key(db: &DynamoDb, prefix: &str, name: &str) -> anyhow::Result<String> {
    let key = format!("{prefix}_{}", SystemIds.draw());
    db.add(&write_keys::hash(&key), name).await?;
    Ok(key)
}
