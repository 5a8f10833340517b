//! `wend new`: a file to begin with, of the project's own topics and senders.

mod texts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use wend_core::definitions::read_project;
use wend_core::format::format;
use wend_core::release::Project;

use texts::Subject;

/// What `new` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is made.
    #[arg(value_enum)]
    kind: Kind,
    /// Its id: small letters, digits and `-`.
    name: String,
    /// How its message is sent: of a journey or a template.
    #[arg(long, value_enum, default_value_t = Channel::Email)]
    channel: Channel,
    /// The project's folder.
    #[arg(long, default_value = ".")]
    project: PathBuf,
}

/// What can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// A journey with its first message and a scenario test.
    Journey,
    /// A segment.
    Segment,
    /// A message.
    Template,
    /// A score.
    Score,
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Channel {
    /// By email.
    Email,
    /// By SMS.
    Sms,
}

/// Makes the files and names them.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let paths = create(args)?;
    println!("Created {}", paths.join(", "));
    Ok(ExitCode::SUCCESS)
}

/// Makes the files: all, or none where one is there already. Answers with their paths.
fn create(args: &Args) -> anyhow::Result<Vec<String>> {
    let settings = args.project.join("wend.yaml");
    let text = fs::read_to_string(&settings);
    let text = text.with_context(|| {
        format!(
            "{} is not a project: it has no wend.yaml",
            args.project.display()
        )
    })?;
    let Ok(project) = read_project("wend.yaml", &text) else {
        bail!("wend.yaml has faults; `wend check` names them");
    };
    let name = args.name.as_str();
    if !is_id(name) {
        bail!(
            "`{name}` is no id: small letters, digits and `-`, a letter first, at most 56 characters"
        );
    }
    let subject = subject(name, args.channel, &project)?;
    let files = match args.kind {
        Kind::Journey => vec![
            (format!("journeys/{name}.yaml"), subject.journey()),
            (
                format!("templates/{name}-hello.md"),
                subject.template(&format!("{name}-hello")),
            ),
            (format!("scenarios/{name}.yaml"), subject.scenarios()),
        ],
        Kind::Segment => vec![(format!("segments/{name}.yaml"), subject.segment())],
        Kind::Template => vec![(format!("templates/{name}.md"), subject.template(name))],
        Kind::Score => vec![(format!("scores/{name}.yaml"), subject.score())],
    };
    write_all(&args.project, &files)?;
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn write_all(project: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    if let Some((path, _)) = files.iter().find(|(path, _)| project.join(path).exists()) {
        bail!("{path} is there already; nothing was written");
    }
    for (path, text) in files {
        let file = project.join(path);
        let folder = file.parent().unwrap_or(project);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let text = format(path, text).map_err(|fault| anyhow::anyhow!("{fault}"))?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Whether `name` is an id, with room for `-hello`.
fn is_id(name: &str) -> bool {
    const CHARS_MAX: usize = 56;
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= CHARS_MAX
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// What the texts are about: the project's first sender of the channel and its first topic.
fn subject(name: &str, channel: Channel, project: &Project) -> anyhow::Result<Subject> {
    let sends = |sender: &wend_core::release::Sender| match channel {
        Channel::Email => sender.address.is_some(),
        Channel::Sms => sender.sms.is_some(),
    };
    let sender = project.senders.iter().find(|(_, sender)| sends(sender));
    let (example, word) = match channel {
        Channel::Email => ("{ shop: { email: Shop <hello@example.com> } }", "email"),
        Channel::Sms => ("{ texts: { sms: SHOP } }", "SMS"),
    };
    let Some((sender, _)) = sender else {
        bail!("wend.yaml has no sender for {word}; add one: senders: {example}");
    };
    Ok(Subject {
        name: name.to_owned(),
        is_sms: channel == Channel::Sms,
        sender: sender.clone(),
        topic: project.topics.keys().next().cloned(),
    })
}

#[cfg(test)]
mod tests;
