//! `wend`: the command line.
//!
//! `check` reads a project's files and needs nothing else. `dev` and `publish` talk to DynamoDB and come with the feature
//! `run`, which is on by default.
#![expect(clippy::print_stdout, reason = "a command line prints")]

mod check;
#[cfg(feature = "run")]
mod dev;
mod project;
#[cfg(feature = "run")]
mod publish;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Customer journeys that run in your own AWS account.
#[derive(Debug, Parser)]
#[command(name = "wend", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reports the faults of a project's files: all that one file shows by itself first, then what the files say of each other.
    Check(check::Args),
    /// Runs a project on this machine.
    #[cfg(feature = "run")]
    Dev(dev::Args),
    /// Publishes a project to a deployed stack.
    #[cfg(feature = "run")]
    Publish(publish::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        #[cfg(feature = "run")]
        Command::Dev(args) => dev::run(&args),
        #[cfg(feature = "run")]
        Command::Publish(args) => publish::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
