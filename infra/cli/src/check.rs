//! `wend check`: the faults of a project's files; what one file says of another is looked at once each reads well by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use wend_core::definitions::{Diagnostic, read_all};

use crate::project;

/// What `check` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder.
    #[arg(default_value = ".")]
    project: PathBuf,
}

/// Prints the faults, or that there are none.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let files = project::load(&args.project)?;
    let faults = match read_all(&files) {
        Ok(definitions) => {
            let faults = wend_content::check(&definitions);
            if faults.is_empty() {
                println!("All good: {} definitions.", definitions.len());
                return Ok(ExitCode::SUCCESS);
            }
            faults
        }
        Err(faults) => faults,
    };
    print_faults(&faults);
    Ok(ExitCode::FAILURE)
}

/// Prints faults the way an editor and a person can follow.
pub fn print_faults(faults: &[Diagnostic]) {
    for fault in faults {
        eprintln!("{fault}\n");
    }
    let errors = faults.len();
    eprintln!("{errors} {}", if errors == 1 { "error" } else { "errors" });
}
