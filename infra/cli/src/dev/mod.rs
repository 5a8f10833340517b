//! `wend dev`: a project runs on this machine, in one process or on a local AWS.

mod aws;
mod demo;
mod desk;
mod embedded;
mod example;
mod live;
mod local_aws;
mod mail;
mod page;
mod secrets;
mod ses_front;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use wend_core::definitions::{SourceFile, read_all};
use wend_core::release::{Definition, Manifest, Part, Release};
use wend_core::time::Timestamp;

pub use self::mail::Mail;

/// What `dev` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Deploys template.yaml to a local AWS that runs the real function binaries and forgets everything when it ends; needs Python
    /// 3.10 or newer.
    #[arg(long)]
    aws: bool,
    /// Runs one contact through the welcome journey and ends; fails unless its three emails arrive in order, once each.
    #[arg(long)]
    demo: bool,
    /// The project's folder; without it the starter pack, or the demo's own with `--demo`.
    #[arg(long, value_name = "FOLDER")]
    project: Option<PathBuf>,
    /// The environment of wend.yaml; without it `dev`, if there is one: there a day of waiting may be a minute.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Where contacts, waits and mails are kept over restarts (one process only).
    #[arg(long, value_name = "FOLDER", conflicts_with = "aws")]
    state: Option<PathBuf>,
    /// The port of the endpoint and the inbox; 0 takes any free one.
    #[arg(long, default_value_t = 7070)]
    port: u16,
    /// Messages that go out in a second, as the account's limit is; 14 is a new SES account's (one process only).
    #[arg(long, value_name = "NUMBER", default_value_t = 14, conflicts_with = "aws", value_parser = clap::value_parser!(u32).range(1..=1000))]
    send_rate: u32,
    /// Tells local stacks apart that run at the same time (local AWS only).
    #[arg(long, value_name = "NAME", default_value = "wend-dev")]
    stack: String,
    /// How the functions are built, `dev` or `release` (local AWS only).
    #[arg(long, default_value = "dev")]
    profile: String,
    /// Where function processes find AWS in place of the emulator: a proxy between them, for tests (local AWS only).
    #[arg(long, value_name = "URL", hide = true, requires = "aws")]
    functions_endpoint: Option<String>,
    /// Writes the addresses and keys into this file as JSON, once everything answers.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// Runs until Ctrl-C, or until the demo is over.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    wend_aws::telemetry::init_terminal();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = start(args) => result,
            () = interrupted() => {
                eprintln!("\nstopped");
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    // What still waits for a process or the network must not keep the command.
    runtime.shutdown_background();
    result
}

async fn start(args: &Args) -> anyhow::Result<ExitCode> {
    if args.aws {
        aws::run(args).await
    } else {
        embedded::run(args).await
    }
}

/// Ctrl-C or a polite kill.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// The workspace: the nearest folder upwards that holds `template.yaml` and the starter, or where this program was built.
fn workspace() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let is_workspace = |folder: &&Path| {
        folder.join("template.yaml").is_file() && folder.join("infra/starter/wend.yaml").is_file()
    };
    let found = here.ancestors().chain([built.as_path()]).find(is_workspace);
    let found =
        found.context("run this inside the checkout of Wend: there is no template.yaml here")?;
    found.canonicalize().context("the checkout cannot be read")
}

/// The project's folder. Only who gives none needs the checkout.
fn project_folder(args: &Args) -> anyhow::Result<PathBuf> {
    let name = if args.demo {
        "infra/demo"
    } else {
        "infra/starter"
    };
    match &args.project {
        Some(folder) => Ok(folder.clone()),
        None => Ok(workspace()?.join(name)),
    }
}

/// The environment to run in.
fn environment(args: &Args, files: &[SourceFile]) -> Option<String> {
    const DEFAULT: &str = "dev";
    let default = || {
        let definitions = read_all(files).ok()?;
        let is_declared = definitions.iter().any(|(_, definition)| match definition {
            Definition::Project(project) => project.environments.contains_key(DEFAULT),
            Definition::Journey(_)
            | Definition::Segment(_)
            | Definition::Score(_)
            | Definition::Template(_) => false,
        });
        is_declared.then(|| DEFAULT.to_owned())
    };
    args.environment.clone().or_else(default)
}

/// What may post to it.
struct Keys {
    /// For web pages.
    write_key: String,
    /// For servers, and for imports.
    server_key: String,
}

/// Says where everything is and what to post first, to the person and to a script; `emulator` is the address of AWS, where there is
/// one.
fn announce(
    args: &Args,
    mode: &str,
    url: &str,
    keys: &Keys,
    (example, emulator): (&str, Option<&str>),
) -> anyhow::Result<()> {
    println!("\nwend dev · {mode}\n");
    println!("  endpoint   {url}/v1");
    println!("  inbox      {url}");
    let Keys {
        write_key,
        server_key,
    } = keys;
    println!("  write key  {write_key}");
    println!("  server key {server_key}");
    // As a shell reads it between single quotes.
    let example = example.replace('\'', "'\\''");
    println!("\n  curl -u {write_key}: {url}/v1/batch -d '{example}'\n");
    if let Some(file) = &args.ready_file {
        let ready = serde_json::json!({ "url": url, "write_key": write_key, "server_key": server_key, "emulator": emulator });
        // Renamed into place: whoever waits for the file never reads half of it.
        let part = file.with_extension("part");
        std::fs::write(&part, ready.to_string()).context("cannot write the ready file")?;
        std::fs::rename(&part, file).context("cannot write the ready file")?;
    }
    Ok(())
}

/// What `files` say.
pub fn release_of(files: &[SourceFile]) -> Release {
    let parts = read_all(files).unwrap_or_default();
    let parts: Vec<Part> = parts
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    let manifest = Manifest::next(None, &parts, Timestamp::default());
    Release::new(&manifest, parts)
}
