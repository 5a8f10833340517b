//! `wend`: the command line.
//!
//! `init`, `new`, `check`, `fmt`, `explain`, `schema` and `events` work on a project's files, `test` plays its scenarios in
//! virtual time; they need nothing else. Those that run a project or speak to a deployed stack come with the feature `run`,
//! which is on by default.
#![expect(clippy::print_stdout, reason = "a command line prints")]

#[cfg(feature = "run")]
mod bench;
#[cfg(feature = "run")]
mod brakes;
#[cfg(feature = "run")]
mod cells;
mod check;
#[cfg(feature = "run")]
mod coupons;
#[cfg(feature = "run")]
mod dev;
mod events;
mod explain;
#[cfg(feature = "run")]
mod export;
mod fmt;
#[cfg(test)]
mod folder;
mod graph;
#[cfg(feature = "run")]
mod halt;
#[cfg(feature = "run")]
mod import;
mod init;
mod new;
mod preview;
mod project;
#[cfg(feature = "run")]
mod publish;
#[cfg(feature = "run")]
mod rotate;
mod schema;
#[cfg(feature = "run")]
mod segment;
#[cfg(feature = "run")]
mod send_test;
mod settings;
#[cfg(feature = "run")]
mod show;
mod simulate;
#[cfg(feature = "run")]
mod stack;
#[cfg(feature = "run")]
mod suppressions;
mod test;

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
    /// Makes a project with the starters.
    Init(init::Args),
    /// Makes a journey with its first message and its test, a template, a segment or a score.
    New(new::Args),
    /// Reports every fault of a project with its line and the fix, and renders every message with its sample.
    Check(check::Args),
    /// Writes the files in the one style, with the ids that steps lack.
    Fmt(fmt::Args),
    /// Prints the page of a fault's code.
    Explain(explain::Args),
    /// Prints the JSON Schema of a kind of files, or sets an editor up with all of them.
    Schema(schema::Args),
    /// Adds events to the tracking plan.
    Events(events::Args),
    /// Shows a message as its readers get it: in a browser that follows the files, in a folder, or here.
    Preview(preview::Args),
    /// Plays the scenario tests of a project in virtual time: what must come to whom, and when.
    Test(test::Args),
    /// Plays many contacts through a journey in virtual time: who gets how far, or what one of them gets when.
    Simulate(Box<simulate::Args>),
    /// Draws a journey: Mermaid text or an SVG image.
    Graph(graph::Args),
    /// Runs a project on this machine.
    #[cfg(feature = "run")]
    Dev(dev::Args),
    /// Measures what one process carries on this machine, and whether every email goes out once.
    #[cfg(feature = "run")]
    Bench(bench::Args),
    /// Publishes a project to a deployed stack.
    #[cfg(feature = "run")]
    Publish(publish::Args),
    /// Says how many codes pools have left, on a deployed stack or in `wend dev`.
    #[cfg(feature = "run")]
    Coupons(coupons::Args),
    /// Looks at segments, on a deployed stack or in `wend dev`.
    #[cfg(feature = "run")]
    Segment(segment::Args),
    /// Shows a sent message exactly as it went out, from a deployed stack or `wend dev`.
    #[cfg(feature = "run")]
    Show(show::Args),
    /// Sends a message to somebody who looks at it before others get it, from a deployed stack or `wend dev`.
    #[cfg(feature = "run")]
    SendTest(send_test::Args),
    /// Stops all messages of a deployed stack, or those of a channel, at once.
    #[cfg(feature = "run")]
    Halt(halt::HaltArgs),
    /// Stops a journey of a deployed stack: who is inside leaves, nobody enters.
    #[cfg(feature = "run")]
    Stop(halt::StopArgs),
    /// Shows what has stopped by itself on a deployed stack, for bounces, complaints or a flood of entries, and lifts it.
    #[cfg(feature = "run")]
    Brakes(brakes::Args),
    /// Makes a new key for the links in messages of a deployed stack.
    #[cfg(feature = "run")]
    RotateLinkKeys(rotate::Args),
    /// Closes an address, opens it again, or shows what is known of it.
    #[cfg(feature = "run")]
    Suppressions(suppressions::Args),
    /// Brings contacts and suppressions in from another tool.
    #[cfg(feature = "run")]
    Import(import::Args),
    /// Writes contacts, events or the members of a segment into a file.
    #[cfg(feature = "run")]
    Export(export::Args),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // `wend … | head`: whoever reads has seen enough. A server writes to sockets, which must not end it.
    if !command.serves() {
        sigpipe::reset();
    }
    let result = match command {
        Command::Init(args) => init::run(&args),
        Command::New(args) => new::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Preview(args) => preview::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Graph(args) => graph::run(&args),
        #[cfg(feature = "run")]
        Command::Dev(args) => dev::run(&args),
        #[cfg(feature = "run")]
        Command::Bench(args) => bench::run(&args),
        #[cfg(feature = "run")]
        Command::Publish(args) => publish::run(&args),
        #[cfg(feature = "run")]
        Command::Coupons(args) => coupons::run(&args),
        #[cfg(feature = "run")]
        Command::Segment(args) => segment::run(&args),
        #[cfg(feature = "run")]
        Command::Show(args) => show::run(&args),
        #[cfg(feature = "run")]
        Command::SendTest(args) => send_test::run(&args),
        #[cfg(feature = "run")]
        Command::Halt(args) => halt::halt(&args),
        #[cfg(feature = "run")]
        Command::Stop(args) => halt::stop(&args),
        #[cfg(feature = "run")]
        Command::Brakes(args) => brakes::run(&args),
        #[cfg(feature = "run")]
        Command::RotateLinkKeys(args) => rotate::run(&args),
        #[cfg(feature = "run")]
        Command::Suppressions(args) => suppressions::run(&args),
        #[cfg(feature = "run")]
        Command::Import(args) => import::run(&args),
        #[cfg(feature = "run")]
        Command::Export(args) => export::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Command {
    /// Whether it talks to others over the network.
    const fn serves(&self) -> bool {
        match self {
            Self::Preview(args) => args.serves(),
            Self::Init(_)
            | Self::New(_)
            | Self::Check(_)
            | Self::Fmt(_)
            | Self::Explain(_)
            | Self::Schema(_)
            | Self::Events(_)
            | Self::Test(_)
            | Self::Simulate(_)
            | Self::Graph(_) => false,
            #[cfg(feature = "run")]
            Self::Dev(_)
            | Self::Bench(_)
            | Self::Publish(_)
            | Self::Coupons(_)
            | Self::Segment(_)
            | Self::Show(_)
            | Self::SendTest(_)
            | Self::Halt(_)
            | Self::Stop(_)
            | Self::Brakes(_)
            | Self::RotateLinkKeys(_)
            | Self::Suppressions(_)
            | Self::Import(_)
            | Self::Export(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn commands_and_their_options_fit_together() {
        super::Cli::command().debug_assert();
    }
}
