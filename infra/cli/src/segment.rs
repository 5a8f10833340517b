//! `wend segment preview`: who would be in a segment of a project's files, before it is published.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use wend_app::ports::ReleaseStore;
use wend_app::segment::{preview, unknown_events};
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_aws::system::SystemClock;
use wend_core::contact::Contact;
use wend_core::definitions::{Diagnostic, SourceFile, read_all};
use wend_core::identity::IdentityKind;
use wend_core::release::{Definition, Manifest, Part, Release};
use wend_core::time::Timestamp;

use crate::check::print_faults;
use crate::{project, stack};

/// What `segment` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Counts who would be in a segment as it stands in the project's files, and names some of them. Nothing is published and nobody is
    /// told; every contact is read once.
    Preview(Preview),
}

#[derive(Debug, clap::Args)]
struct Preview {
    /// The segment.
    segment: String,
    /// The project's folder.
    #[arg(long, default_value = ".")]
    project: PathBuf,
    /// The stack's contacts table: the output `ContactsTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", requires = "releases_table")]
    contacts_table: Option<String>,
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", requires = "contacts_table")]
    releases_table: Option<String>,
    /// Asks a running `wend dev` in place of a deployed stack.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "http://localhost:7070", conflicts_with_all = ["contacts_table", "releases_table"], required_unless_present = "contacts_table")]
    dev: Option<String>,
    /// How many of its members are named.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    sample: u16,
    /// How it is said.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What is looked at: a segment of these files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    segment: String,
    sample: u16,
    files: Vec<SourceFile>,
}

/// Who would be in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    segment: String,
    contacts: u64,
    members: u64,
    /// Names by which some members are known.
    sample: Vec<String>,
    /// Events of which the stack does not keep what the project's segments ask for.
    unknown_events: Vec<String>,
}

/// Prints who would be in it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Command::Preview(args) = &args.command;
    let files = project::load(&args.project)?;
    if let Err(faults) = read_all(&files) {
        print_faults(&faults, &files);
        return Ok(ExitCode::FAILURE);
    }
    let asked = Asked {
        segment: args.segment.clone(),
        sample: args.sample,
        files,
    };
    segments(&asked)?;
    let shown = match &args.dev {
        Some(url) => of_dev(url, &asked)?,
        None => of_stack(args, &asked)?,
    };
    match args.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&shown)?),
        Format::Text => print!("{}", text(&shown)),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(shown: &Shown) -> String {
    let Shown {
        segment,
        contacts,
        members,
        ..
    } = shown;
    let mut text = format!("{segment}: {members} of {contacts} contacts\n");
    for name in &shown.sample {
        text.push_str("  ");
        text.push_str(name);
        text.push('\n');
    }
    if !shown.unknown_events.is_empty() {
        let events = shown.unknown_events.join(", ");
        text.push_str(
            "note: the stack does not keep yet what segments of this project ask about these events. They count from\n",
        );
        text.push_str("when it is published, and what was before is not known: ");
        text.push_str(&events);
        text.push('\n');
    }
    text
}

fn of_dev(url: &str, asked: &Asked) -> anyhow::Result<Shown> {
    let url = url.trim_end_matches('/');
    let request = ureq::post(format!("{url}/_wend/segment-preview"));
    let request = request.config().http_status_as_error(false).build();
    let answer = request.send(serde_json::to_string(asked)?);
    let mut answer = answer.with_context(|| format!("no `wend dev` answers at {url}"))?;
    let text = answer.body_mut().read_to_string()?;
    serde_json::from_str(&text).with_context(|| format!("`wend dev` could not do it: {text}"))
}

fn of_stack(args: &Preview, asked: &Asked) -> anyhow::Result<Shown> {
    let tables = Tables {
        contacts: args.contacts_table.clone().unwrap_or_default(),
        ..stack::releases(args.releases_table.as_deref().unwrap_or_default())
    };
    stack::run(tables, async |db| answer(&db, asked).await)
}

/// Looks at every contact.
pub async fn answer(db: &DynamoDb, asked: &Asked) -> anyhow::Result<Shown> {
    const UNREAD: &str = "not all was read (are credentials, region and the tables' names right?)";
    let wanted = segments(asked)?;
    let manifest = db.manifest().await.context(UNREAD)?.unwrap_or_default();
    let hashes: Vec<_> = manifest.parts().collect();
    let published = Release::new(&manifest, db.parts(&hashes).await.context(UNREAD)?);
    let sample = usize::from(asked.sample);
    let found = preview(db, &SystemClock, &wanted, &asked.segment, sample).await;
    let found = found.context(UNREAD)?;
    let unknown = unknown_events(&wanted, &published).into_iter();
    Ok(Shown {
        segment: asked.segment.clone(),
        contacts: found.contacts,
        members: found.members,
        sample: found.sample.iter().map(name).collect(),
        unknown_events: unknown.map(str::to_owned).collect(),
    })
}

/// The segments of the project and its settings, as a release of their own; an error if the one that is asked for is not among them.
fn segments(asked: &Asked) -> anyhow::Result<Release> {
    let definitions = read_all(&asked.files).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(Diagnostic::to_string).collect();
        anyhow::anyhow!("{}", faults.join("\n"))
    })?;
    let of_segments = definitions
        .into_iter()
        .filter(|(_, definition)| match definition {
            Definition::Project(_) | Definition::Segment(_) | Definition::Score(_) => true,
            Definition::Journey(_) | Definition::Template(_) => false,
        });
    let parts: Vec<Part> = of_segments
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    let release = Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts);
    if release.segment(&asked.segment).is_none() {
        bail!("the project has no segment `{}`", asked.segment);
    }
    Ok(release)
}

/// The name that says most: the sender's own id, else an address, else a browser's id.
fn name(contact: &Contact) -> String {
    let of_kind = |wanted: IdentityKind| {
        let mut names = contact.identities.iter();
        names.find(|name| name.kind == wanted)
    };
    let kinds = [
        IdentityKind::User,
        IdentityKind::Email,
        IdentityKind::Anonymous,
    ];
    match kinds.into_iter().find_map(of_kind) {
        Some(name) => name.value.expose().clone(),
        None => contact.id.to_string(),
    }
}

#[cfg(test)]
mod tests;
