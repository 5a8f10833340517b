//! `wend coupons`: what is left in pools of codes; and the way from a project's files into them.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wend_app::ports::{Clock, Pools, ReleaseStore};
use wend_aws::dynamodb::Tables;
use wend_aws::system::SystemClock;
use wend_core::coupons::{Code, Columns, Fault, PoolCount};
use wend_core::release::{Project, Release};
use wend_core::zone::Zone;

use crate::stack;

/// Codes that are in memory at once.
const CHUNK: usize = 1000;
/// Faults of a file that are told.
const FAULTS_MAX: usize = 10;

/// What `coupons` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool; without one, all of the project.
    pool: Option<String>,
    /// The stack's coupons table: the output `CouponsTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", requires = "releases_table")]
    coupons_table: Option<String>,
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE", requires = "coupons_table")]
    releases_table: Option<String>,
    /// Asks a running `wend dev` in place of a deployed stack.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "http://localhost:7070", conflicts_with_all = ["coupons_table", "releases_table"], required_unless_present = "coupons_table")]
    dev: Option<String>,
    /// How it is said.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A pool of the newest release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    #[serde(rename = "pool")]
    name: String,
    #[serde(flatten)]
    count: PoolCount,
    warn_below: Option<u32>,
    is_low: bool,
}

/// Prints what is left.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut pools = match &args.dev {
        Some(url) => of_dev(url)?,
        None => of_stack(args)?,
    };
    if let Some(wanted) = &args.pool {
        let known: Vec<String> = pools.iter().map(|pool| pool.name.clone()).collect();
        pools.retain(|pool| pool.name == *wanted);
        if pools.is_empty() {
            let known = known.join(", ");
            bail!("no pool `{wanted}` is published; there are: {known}");
        }
    }
    match args.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&pools)?),
        Format::Text => pools.iter().for_each(|pool| println!("{}", line(pool))),
    }
    Ok(ExitCode::SUCCESS)
}

fn line(pool: &Pool) -> String {
    let PoolCount {
        left,
        given,
        expired,
    } = pool.count;
    let low = match pool.warn_below {
        Some(below) if pool.is_low => format!(" · LOW: fewer than {below}, add codes and publish"),
        _ => String::new(),
    };
    let name = &pool.name;
    format!("{name}: {left} left, {given} given, {expired} expired{low}")
}

fn of_dev(url: &str) -> anyhow::Result<Vec<Pool>> {
    let url = url.trim_end_matches('/');
    let answer = ureq::get(format!("{url}/_wend/coupons")).call();
    let mut answer = answer.with_context(|| format!("no `wend dev` answers at {url}"))?;
    let text = answer.body_mut().read_to_string()?;
    serde_json::from_str(&text).context("the answer of `wend dev` cannot be read")
}

fn of_stack(args: &Args) -> anyhow::Result<Vec<Pool>> {
    let tables = Tables {
        coupons: args.coupons_table.clone().unwrap_or_default(),
        ..stack::releases(args.releases_table.as_deref().unwrap_or_default())
    };
    stack::run(tables, async |db| {
        let pools = pools(&db).await;
        pools.context("nothing was read (are credentials, region and the tables' names right?)")
    })
}

/// The pools of the newest release, counted.
pub async fn pools(db: &(impl ReleaseStore + Pools)) -> anyhow::Result<Vec<Pool>> {
    let manifest = db.manifest().await?.unwrap_or_default();
    let hashes: Vec<_> = manifest.parts().collect();
    let release = Release::new(&manifest, db.parts(&hashes).await?);
    let now = SystemClock.now();
    let mut pools = Vec::new();
    for (name, pool) in &release.project.coupons {
        let count = db.count(name, now).await?;
        let below = pool.warn_below;
        pools.push(Pool {
            name: name.clone(),
            count,
            warn_below: below,
            is_low: below.is_some_and(|below| count.left < u64::from(below)),
        });
    }
    Ok(pools)
}

/// Puts the codes of a project's files into their pools. Files that were loaded before as they are cost one read.
pub async fn load(db: &impl Pools, folder: &Path, project: &Project) -> anyhow::Result<()> {
    let zone = project.zone.clone().unwrap_or_else(Zone::utc);
    for (pool, settings) in &project.coupons {
        let added = load_file(db, &folder.join(&settings.file), pool, &zone).await;
        let added = added.with_context(|| format!("the codes of pool `{pool}` are not loaded"))?;
        if added > 0 {
            println!("{added} new codes in pool `{pool}`.");
        }
    }
    Ok(())
}

/// How many codes of a file the pool did not know. All lines are checked before the first code is written.
async fn load_file(db: &impl Pools, file: &Path, pool: &str, zone: &Zone) -> anyhow::Result<u64> {
    let hash = check(file, zone)?;
    if db.file(pool).await?.as_ref() == Some(&hash) {
        return Ok(0);
    }
    let mut lines = Codes::open(file, zone)?;
    let mut added = 0;
    loop {
        let chunk = lines.next_chunk()?;
        if chunk.is_empty() {
            break;
        }
        added += db.add_codes(pool, &chunk).await?;
    }
    db.note_file(pool, &hash).await?;
    Ok(added)
}

/// The codes of a file, a chunk after the other.
struct Codes {
    lines: std::io::Lines<BufReader<File>>,
    columns: Columns,
}

impl Codes {
    fn open(file: &Path, zone: &Zone) -> anyhow::Result<Self> {
        let context = || format!("cannot read {}", file.display());
        let mut lines = BufReader::new(File::open(file).with_context(context)?).lines();
        let header = lines.next().transpose().with_context(context)?;
        let columns = Columns::of(&header.unwrap_or_default(), zone.clone())?;
        Ok(Self { lines, columns })
    }

    fn next_chunk(&mut self) -> anyhow::Result<Vec<Code>> {
        let mut chunk = Vec::new();
        for line in self.lines.by_ref() {
            chunk.extend(self.columns.read(&line?)?);
            if chunk.len() == CHUNK {
                break;
            }
        }
        Ok(chunk)
    }
}

/// The hash of a file's lines; an error with the first faults, if it has any.
fn check(file: &Path, zone: &Zone) -> anyhow::Result<String> {
    let context = || format!("cannot read {}", file.display());
    let lines = BufReader::new(File::open(file).with_context(context)?).lines();
    let (mut hash, mut columns, mut faults) = (Sha256::new(), None, Vec::new());
    for (index, line) in lines.enumerate() {
        let line = line.with_context(context)?;
        hash.update(&line);
        hash.update("\n");
        let read = match &columns {
            None => Columns::of(&line, zone.clone()).map(|read| columns = Some(read)),
            Some(columns) => columns.read(&line).map(drop),
        };
        if let Err(fault) = read {
            faults.push(format!("{}:{}: {fault}", file.display(), index + 1));
        }
        if faults.len() == FAULTS_MAX {
            break;
        }
    }
    if columns.is_none() && faults.is_empty() {
        faults.push(format!("{}:1: {}", file.display(), Fault::Header));
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(HEXLOWER.encode(&hash.finalize()))
}

#[cfg(test)]
mod tests;
