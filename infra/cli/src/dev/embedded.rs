//! The embedded mode: one process runs the use cases.
//!
//! DynamoDB is the real adapter on `dynoxide`, a DynamoDB over SQLite; queues and inbox are SQLite too; the schedule is a timer.
//! Nothing is kept in memory alone, so a SIGKILL loses nothing that was accepted.

mod clock;
mod database;
mod parts;
mod server;
mod store;
mod workers;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use wend_app::ports::SecretStore;
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_aws::system::new_secret;
use wend_core::due::Schedule;
use wend_core::release::EventSource;

use self::parts::Parts;
pub use self::parts::Provider;
pub use self::store::Store;
use super::desk::{Desk, Source};
use super::live::Live;
use super::secrets::FileSecrets;
use super::{
    Args, Keys, announce, demo, environment, example, project_folder, release_of, workspace,
};
use crate::project;
use crate::publish::{kept_write_key, publish_files};

/// Rows that a slow reader may lag behind.
const LAG_MAX: usize = 4096;
/// How often the schedule starts a sweep.
pub const SWEEP_PERIOD: Duration = Duration::from_secs(5);

/// Short times, so that a wait of a minute shows the sweep at work: waits up to 30 seconds ride on a queue.
fn schedule() -> anyhow::Result<Schedule> {
    let schedule = Schedule::new(
        Duration::from_secs(30),
        Duration::from_secs(15),
        Duration::from_secs(30),
    );
    Ok(schedule?)
}

/// Runs until the demo is over, or for ever.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = project_folder(args)?;
    let files = project::load(&folder)?;
    let environment = environment(args, &files);
    let state = open_state(args)?;
    // Before anything is written: a busy port is said at once.
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await;
    let listener = listener.with_context(|| {
        format!(
            "port {} is not free: stop what listens there, or give --port 0",
            args.port
        )
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    let db = database(&state.folder).await?;
    let Some(number) = publish_files(&db, (&folder, &files), environment.as_deref()).await? else {
        return Ok(ExitCode::FAILURE);
    };
    let keys = kept_keys(&db, &state.folder).await?;
    let parts = parts(&state.folder, db, &url, FileSecrets::of(&folder)).await?;
    let release = release_of(&files);
    let example = example::body(&release);
    let live = Live::new(
        parts.rows.subscribe(),
        parts.mails.subscribe(),
        schedule()?,
        &url,
        parts.store.mails()?.len(),
        release,
    );
    workers::start(&parts, args.send_rate);
    let desk = Desk {
        db: parts.db.clone(),
        secret: parts.secret.clone(),
        source: Source::Embedded(parts.provider.clone()),
        url: url.clone(),
    };
    tokio::spawn(server::serve(listener, Arc::new(parts), Arc::new(desk)));
    let mode = format!(
        "one process · release {number} · state {}",
        state.folder.display()
    );
    announce(args, &mode, &url, &keys, (&example, None))?;
    if args.demo {
        return demo::run(&url, &keys.write_key, &example, live).await;
    }
    live.print_for_ever().await;
    Ok(ExitCode::SUCCESS)
}

async fn kept_keys(db: &DynamoDb, folder: &Path) -> anyhow::Result<Keys> {
    let kept = async |file, kind| kept_write_key(db, &folder.join(file), kind).await;
    Ok(Keys {
        write_key: kept("write-key", ("wk_dev", EventSource::Browser)).await?,
        server_key: kept("server-key", ("sk_dev", EventSource::Server)).await?,
    })
}

/// The folder of the state, ours alone while this lives.
struct State {
    folder: PathBuf,
    _lock: File,
}

fn open_state(args: &Args) -> anyhow::Result<State> {
    let name = if args.demo { "dev-demo" } else { "dev" };
    let folder = match &args.state {
        Some(folder) => folder.clone(),
        None => workspace()?.join("target").join(name),
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let lock = File::create(folder.join("lock")).context("cannot lock the state")?;
    if lock.try_lock().is_err() {
        bail!(
            "another `wend dev` uses {}: stop it, or give --state another folder",
            folder.display()
        );
    }
    // Each demo is somebody's first day.
    if args.demo && args.state.is_none() {
        for file in fs::read_dir(&folder)?
            .flatten()
            .filter(|file| file.file_name() != "lock")
        {
            fs::remove_file(file.path()).context("cannot clear the last demo's state")?;
        }
    }
    Ok(State {
        folder,
        _lock: lock,
    })
}

/// The adapter on an embedded DynamoDB.
async fn database(folder: &Path) -> anyhow::Result<DynamoDb> {
    let client = database::open(&folder.join("tables.db"))?;
    let tables = Tables {
        contacts: "contacts".to_owned(),
        log: "log".to_owned(),
        releases: "releases".to_owned(),
        coupons: "coupons".to_owned(),
    };
    let db = DynamoDb::new(client, tables);
    db.create_tables()
        .await
        .context("cannot create the tables")?;
    Ok(db)
}

async fn parts(
    folder: &Path,
    db: DynamoDb,
    url: &str,
    secrets: FileSecrets,
) -> anyhow::Result<Parts> {
    let store = Arc::new(Store::open(&folder.join("queues.db"))?);
    let mails = broadcast::Sender::new(LAG_MAX);
    let hang = Arc::new(Mutex::new((Duration::ZERO, 0)));
    let secret = db.secret(new_secret()).await?;
    let provider = Provider {
        store: store.clone(),
        mails: mails.clone(),
        hang,
        secret: secret.clone(),
    };
    Ok(Parts {
        secret,
        secrets,
        provider,
        rows: broadcast::Sender::new(LAG_MAX),
        db,
        store,
        mails,
        schedule: schedule()?,
        url: url.to_owned(),
    })
}
