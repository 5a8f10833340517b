//! `wend events`: the tracking plan in `wend.yaml`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use wend_core::definitions::read_project;
use wend_core::format::declare_events;

use crate::check::drawn;

/// What `events` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Adds events to the tracking plan; their properties are yours to add.
    Declare {
        /// The events, as they are sent.
        #[arg(required = true)]
        names: Vec<String>,
        /// The project's folder.
        #[arg(long, default_value = ".")]
        project: PathBuf,
    },
}

/// Changes the tracking plan and says what is new in it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Command::Declare { names, project } = &args.command;
    let path = project.join("wend.yaml");
    let text = fs::read_to_string(&path);
    let text = text.with_context(|| {
        format!(
            "{} is not a project: it has no wend.yaml",
            project.display()
        )
    })?;
    match declared(&text, names) {
        Ok((after, said)) => {
            if after != text {
                fs::write(&path, after)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            println!("{said}");
            Ok(ExitCode::SUCCESS)
        }
        Err(said) => {
            anstream::eprintln!("{said}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// `text` with the events, and what is said of it; else why they cannot be declared.
fn declared(text: &str, names: &[String]) -> Result<(String, String), String> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (after, new) = declare_events(text, &names).map_err(|fault| drawn(&fault, text))?;
    // Faults that were there before are not the new events'.
    if read_project("wend.yaml", text).is_ok()
        && let Err(faults) = read_project("wend.yaml", &after)
    {
        let drawn: Vec<String> = faults.iter().map(|fault| drawn(fault, &after)).collect();
        return Err(format!("{}\n\nnothing was written", drawn.join("\n\n")));
    }
    let said = if new.is_empty() {
        "wend.yaml declares them already".to_owned()
    } else {
        format!("Declared {} in wend.yaml", new.join(", "))
    };
    Ok((after, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = "wend: 1\nproject: p\nevents:\n  # of the shop\n  order_completed: { total: money } # paid\n";

    #[test]
    fn an_event_is_one_new_line() {
        let names = ["trial_started".to_owned(), "order_completed".to_owned()];
        let (after, said) = declared(PROJECT, &names).unwrap();
        assert_eq!(after, format!("{PROJECT}  trial_started: {{}}\n"));
        assert_eq!(said, "Declared trial_started in wend.yaml");
        let (again, said) = declared(&after, &names).unwrap();
        assert_eq!(
            (again, said.as_str()),
            (after, "wend.yaml declares them already")
        );
    }

    #[test]
    fn what_cannot_be_an_event_is_refused() {
        for name in ["message_opened", "a: b"] {
            let said = declared(PROJECT, &[name.to_owned()]).unwrap_err();
            assert!(
                said.ends_with("nothing was written") || said.contains("E0"),
                "{said}"
            );
        }
        assert!(
            declared("events: [", &["a".to_owned()])
                .unwrap_err()
                .contains("E0001")
        );
    }
}
