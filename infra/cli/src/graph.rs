//! `wend graph`: a journey as a picture.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use wend_core::definitions::read_all;
use wend_core::graph::{mermaid, svg};
use wend_core::release::Definition;

use crate::check::print_faults;
use crate::project;

/// What `graph` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The journey.
    journey: String,
    /// The project's folder.
    #[arg(long, default_value = ".")]
    project: PathBuf,
    /// The form of the picture; without it, SVG for a file that ends in `.svg` and Mermaid otherwise.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where it is written; printed where nothing is said.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text that GitHub and many editors draw.
    Mermaid,
    /// An image for a browser.
    Svg,
}

/// Draws the journey.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let files = project::load(&args.project)?;
    let definitions = match read_all(&files) {
        Ok(definitions) => definitions,
        Err(faults) => {
            print_faults(&faults, &files);
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut journeys = definitions
        .iter()
        .filter_map(|(_, definition)| match definition {
            Definition::Journey(journey) => Some(journey),
            _ => None,
        });
    let Some(journey) = journeys.clone().find(|journey| journey.id == args.journey) else {
        let known: Vec<&str> = journeys
            .by_ref()
            .map(|journey| journey.id.as_str())
            .collect();
        bail!(
            "there is no journey `{}`; there are: {}",
            args.journey,
            known.join(", ")
        );
    };
    let is_svg = args
        .output
        .as_ref()
        .is_some_and(|path| path.extension().is_some_and(|end| end == "svg"));
    let by_name = if is_svg { Format::Svg } else { Format::Mermaid };
    let text = match args.format.unwrap_or(by_name) {
        Format::Mermaid => mermaid(journey),
        Format::Svg => svg(journey),
    };
    match &args.output {
        Some(path) => std::fs::write(path, text)
            .with_context(|| format!("cannot write {}", path.display()))?,
        None => print!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}
