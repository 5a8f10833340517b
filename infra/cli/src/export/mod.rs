//! `wend export`: contacts, the events of the log, the members of a segment.
//!
//! The table is read in several parts at once and written as it comes: memory does not grow with it, and rows have no order. No cell
//! of a CSV file can begin a formula.

mod rows;

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use futures_util::{Stream, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wend_app::ports::{Clock, ReleaseStore};
use wend_aws::dynamodb::pages::Cursor;
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_aws::system::SystemClock;
use wend_core::decide::inspect;
use wend_core::release::Release;

use crate::cells;

/// Parts of the table that are read at once.
const PARTS: u32 = 4;
/// Items of one page.
const PAGE: u32 = 500;

/// What `export` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What.
    #[command(subcommand)]
    what: What,
}

/// What is exported.
#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Contacts with their addresses, attributes and words on topics.
    Contacts(To),
    /// The events of the log, as far as it is kept: 90 days.
    Events(To),
    /// The contacts that are in a segment, or on a list, now.
    Segment {
        /// The segment.
        id: String,
        #[command(flatten)]
        to: To,
    },
}

/// Where it comes from, and where it goes.
#[derive(Clone, Debug, clap::Args)]
struct To {
    /// The file: CSV, or JSON lines where its name ends in `.jsonl`.
    #[arg(long, short)]
    out: PathBuf,
    /// The stack's contacts table: the output `ContactsTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", required_unless_present = "dev")]
    contacts_table: Option<String>,
    /// The stack's log table: the output `LogTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", required_unless_present = "dev")]
    log_table: Option<String>,
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", required_unless_present = "dev")]
    releases_table: Option<String>,
    /// The address of a `wend dev`, such as `http://localhost:7070`, in place of a stack.
    #[arg(long, value_name = "URL", conflicts_with_all = ["contacts_table", "log_table", "releases_table"])]
    dev: Option<String>,
}

/// One page that is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Rows of the log in place of contacts.
    is_log: bool,
    /// The segment whose members are meant.
    id: Option<String>,
    segment: u32,
    of: u32,
    after: Option<(String, Option<String>)>,
}

/// One page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Page {
    columns: Vec<String>,
    rows: Vec<Map<String, Value>>,
    after: Option<(String, Option<String>)>,
}

/// Exports.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (is_log, id, to) = match &args.what {
        What::Contacts(to) => (false, None, to),
        What::Events(to) => (true, None, to),
        What::Segment { id, to } => (false, Some(id.clone()), to),
    };
    let name = |table: &Option<String>| table.clone().unwrap_or_default();
    let tables = Tables {
        contacts: name(&to.contacts_table),
        log: name(&to.log_table),
        releases: name(&to.releases_table),
        ..Tables::default()
    };
    crate::stack::run(tables, async |db| {
        let place = if let Some(url) = &to.dev {
            Place::Dev(url.trim_end_matches('/').to_owned())
        } else {
            let release = release(&db).await.context(crate::stack::UNCHANGED)?;
            Place::Stack(Box::new((db, release)))
        };
        let asked = |segment| Asked {
            is_log,
            id: id.clone(),
            segment,
            of: PARTS,
            after: None,
        };
        let parts = (0..PARTS).map(|segment| Box::pin(pages(&place, asked(segment))));
        let rows = write(&to.out, stream::select_all(parts)).await?;
        println!("{rows} rows in {}.", to.out.display());
        Ok(ExitCode::SUCCESS)
    })
}

/// The newest release.
pub async fn release(db: &impl ReleaseStore) -> anyhow::Result<Release> {
    let manifest = db.manifest().await?.unwrap_or_default();
    let hashes: Vec<_> = manifest.parts().collect();
    Ok(Release::new(&manifest, db.parts(&hashes).await?))
}

/// Where rows are.
enum Place {
    Stack(Box<(DynamoDb, Release)>),
    Dev(String),
}

impl Place {
    async fn page(&self, asked: &Asked) -> anyhow::Result<Page> {
        match self {
            Self::Stack(stack) => page(&stack.0, &stack.1, asked).await,
            Self::Dev(url) => {
                let request = ureq::post(format!("{url}/_wend/export"));
                let answer = request.send(serde_json::to_string(asked)?);
                let mut answer =
                    answer.with_context(|| format!("no `wend dev` exports at {url}"))?;
                let text = answer.body_mut().read_to_string()?;
                serde_json::from_str(&text).context("the answer of `wend dev` cannot be read")
            }
        }
    }
}

/// The pages of one part, each asked for when the one before is written.
fn pages(place: &Place, first: Asked) -> impl Stream<Item = anyhow::Result<Page>> {
    stream::try_unfold(Some(first), async |asked| {
        let Some(asked) = asked else {
            return Ok(None);
        };
        let page = place.page(&asked).await?;
        let next = page.after.clone().map(|after| Asked {
            after: Some(after),
            ..asked
        });
        anyhow::Ok(Some((page, next)))
    })
}

/// Reads one page of a deployment.
pub async fn page(db: &DynamoDb, release: &Release, asked: &Asked) -> anyhow::Result<Page> {
    let cursor = Cursor {
        segment: asked.segment,
        of: asked.of,
        after: asked.after.clone(),
    };
    if asked.is_log {
        let (log, next) = db.log_page(&cursor, PAGE).await?;
        return Ok(Page {
            columns: rows::EVENT.map(str::to_owned).to_vec(),
            rows: log.iter().filter_map(rows::event).collect(),
            after: next.and_then(|next| next.after),
        });
    }
    let now = SystemClock.now();
    let (mut contacts, next) = db.contacts_page(&cursor, PAGE).await?;
    if let Some(id) = &asked.id {
        if release.segment(id).is_none() {
            bail!("the published project has no segment `{id}`");
        }
        contacts.retain(|contact| inspect::belongs(contact, release, id, now));
    }
    let columns = rows::Columns::of(release);
    Ok(Page {
        rows: contacts
            .iter()
            .map(|contact| columns.row(contact))
            .collect(),
        columns: columns.names(),
        after: next.and_then(|next| next.after),
    })
}

/// Writes pages as they come. The file is there when it is whole.
async fn write(out: &Path, pages: impl Stream<Item = anyhow::Result<Page>>) -> anyhow::Result<u64> {
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let cannot = || format!("cannot write {}", part.display());
    let file = BufWriter::new(File::create(&part).with_context(cannot)?);
    let is_json = ["jsonl", "ndjson", "json"]
        .iter()
        .any(|end| out.extension().is_some_and(|ending| ending == *end));
    let mut sink = if is_json {
        Sink::Json(file)
    } else {
        Sink::Csv(Box::new(csv::Writer::from_writer(file)), Vec::new())
    };
    let mut rows = 0;
    let mut pages = std::pin::pin!(pages);
    while let Some(page) = pages.try_next().await? {
        rows += page.rows.len() as u64;
        sink.write(page).with_context(cannot)?;
    }
    sink.flush().with_context(cannot)?;
    std::fs::rename(&part, out).with_context(cannot)?;
    Ok(rows)
}

/// A file of rows.
enum Sink<W: Write> {
    Json(W),
    /// With its header, once it is written.
    Csv(Box<csv::Writer<W>>, Vec<String>),
}

impl<W: Write> Sink<W> {
    fn write(&mut self, page: Page) -> anyhow::Result<()> {
        match self {
            Self::Json(file) => {
                for row in page.rows {
                    serde_json::to_writer(&mut *file, &row)?;
                    file.write_all(b"\n")?;
                }
            }
            Self::Csv(writer, header) => {
                if header.is_empty() {
                    let names = page.columns.iter().map(|name| cells::safe(name));
                    writer.write_record(names.map(Cow::into_owned))?;
                    *header = page.columns;
                }
                for row in page.rows {
                    let cells = header.iter().map(|name| cell(row.get(name)));
                    writer.write_record(cells)?;
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Json(file) => file.flush(),
            Self::Csv(writer, _) => writer.flush(),
        }
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => cells::safe(text).into_owned(),
        Some(value) => cells::safe(&value.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests;
