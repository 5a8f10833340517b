//! `wend publish`: makes a release of a project and lets a source post to it.

mod gaps;
pub mod schedules;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use wend_app::ports::{Clock, Ids, KeyStore};
use wend_app::publish::{Error, publish};
use wend_app::write_keys;
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_aws::system::{SystemClock, SystemIds};
use wend_content::read_all;
use wend_core::definitions::SourceFile;
use wend_core::release::{Definition, EventSource, Project};

use self::schedules::{Fires, Place};
use crate::{check, coupons, dev, project, stack};

/// What `publish` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder.
    project: PathBuf,
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long)]
    releases_table: String,
    /// The stack's coupons table: the output `CouponsTableName` of `sam deploy`. Needed where the project has pools of codes.
    #[arg(long, value_name = "TABLE")]
    coupons_table: Option<String>,
    /// The environment of wend.yaml that the stack is: whom it may write to, how fast waits go by.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Where the stack keeps schedules: the output `Schedules` of `sam deploy`. A project with schedules needs it.
    #[arg(long, value_name = "OUTPUT")]
    schedules: Option<Place>,
    /// Also makes a write key with this name and prints it, once.
    #[arg(long, value_name = "NAME")]
    new_write_key: Option<String>,
    /// The new key is for a server and a secret: what comes with it is believed. A key for web pages is not.
    #[arg(long, requires = "new_write_key")]
    server: bool,
}

/// Publishes with the credentials and the region of the environment.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let files = project::load(&args.project)?;
    let has_pools = settings(&files).is_some_and(|settings| !settings.coupons.is_empty());
    if has_pools && args.coupons_table.is_none() {
        bail!(
            "the project has pools of codes: give --coupons-table, the output `CouponsTableName` of `sam deploy`"
        );
    }
    let release = dev::release_of(&files);
    if args.schedules.is_none() && schedules::are_in(&release) {
        bail!(
            "journeys of this project have schedules: give --schedules, the stack's output `Schedules`"
        );
    }
    let tables = Tables {
        coupons: args.coupons_table.clone().unwrap_or_default(),
        ..stack::releases(&args.releases_table)
    };
    stack::run(tables, async |db| {
        let from = (args.project.as_path(), files.as_slice());
        let Some(number) = publish_files(&db, from, args.environment.as_deref()).await? else {
            return Ok(ExitCode::FAILURE);
        };
        println!("Release {number} is published; it is in force everywhere within 10 seconds.");
        if let Some(place) = &args.schedules {
            let config = wend_aws::clients::config().await;
            let client = aws_sdk_scheduler::Client::new(&config);
            let now = SystemClock.now();
            let count = schedules::put(&client, place, &release, now, Fires::WithTime).await?;
            println!("Schedules: {count}.");
        }
        if let Some(name) = &args.new_write_key {
            let (prefix, holder) = if args.server {
                ("sk_live", EventSource::Server)
            } else {
                ("wk_live", EventSource::Browser)
            };
            let key = new_write_key(&db, prefix, name, holder).await?;
            println!("Write key (shown once): {key}");
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Publishes the files of a folder and answers with the release's number; prints their faults and answers none if they have any. The
/// codes of its pools are there before a journey draws them.
pub async fn publish_files(
    db: &DynamoDb,
    (folder, files): (&Path, &[SourceFile]),
    environment: Option<&str>,
) -> anyhow::Result<Option<u64>> {
    if let Some(settings) = settings(files) {
        coupons::load(db, folder, &settings).await?;
    }
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

/// What `wend.yaml` says; none if the project has faults.
fn settings(files: &[SourceFile]) -> Option<Project> {
    let definitions = read_all(files).ok()?.into_iter();
    let mut projects = definitions.filter_map(|(_, definition)| match definition {
        Definition::Project(project) => Some(project),
        Definition::Journey(_)
        | Definition::Segment(_)
        | Definition::Score(_)
        | Definition::Template(_) => None,
    });
    projects.next()
}

/// The write key that stands in `file`, or a new one that is kept there: a website's settings outlive a restart, also one with
/// fresh tables.
pub async fn kept_write_key(
    db: &DynamoDb,
    file: &Path,
    (prefix, holder): (&str, EventSource),
) -> anyhow::Result<String> {
    if let Ok(key) = fs::read_to_string(file) {
        db.add(&write_keys::hash(&key), "wend dev", holder).await?;
        return Ok(key);
    }
    let key = new_write_key(db, prefix, "wend dev", holder).await?;
    fs::write(file, &key).context("cannot keep the write key")?;
    Ok(key)
}

/// A new write key that `db` knows from now on.
pub async fn new_write_key(
    db: &DynamoDb,
    prefix: &str,
    name: &str,
    holder: EventSource,
) -> anyhow::Result<String> {
    let key = format!("{prefix}_{}", SystemIds.draw());
    db.add(&write_keys::hash(&key), name, holder).await?;
    Ok(key)
}
