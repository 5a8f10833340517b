//! `wend import`: people and suppressions that another tool knows.
//!
//! A file is read twice, row by row: what is in it first, then what it says. Memory does not grow with it.

mod bar;
mod columns;
mod contacts;
mod faults;
mod presets;
mod progress;
mod source;
pub mod suppressions;

use std::process::ExitCode;

/// What `import` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Contacts with their attributes and, where you state it, their opt-ins. Starts nothing unless asked to.
    Contacts(Box<contacts::Args>),
    /// Addresses that must not be written to: unsubscribed, bounced, reported as spam. To be done before the first message.
    Suppressions(Box<suppressions::Args>),
}

/// Imports.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Contacts(args) => contacts::run(args),
        What::Suppressions(args) => suppressions::run(args),
    }
}

/// Runs what waits for the network.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

/// `NAME=VALUE`, cut at the first `=`.
fn pair(text: &str) -> Result<(String, String), String> {
    let cut = text.split_once('=');
    let (name, value) = cut.ok_or_else(|| format!("`{text}` has no `=`"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
