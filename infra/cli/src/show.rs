//! `wend show`: a sent message, exactly as it went out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use wend_app::ports::{Copies, Said, SentCopy};
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_core::id::SendId;

/// What `show` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The send, as it stands in the tag `wend_send` of the mail, in logs, and in `/_wend/sends` of `wend dev`.
    send: SendId,
    /// The stack's log table: the output `LogTableName` of `sam deploy`.
    #[arg(long, value_name = "TABLE")]
    log_table: Option<String>,
    /// Asks a running `wend dev` in place of a deployed stack.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "http://localhost:7070", conflicts_with = "log_table", required_unless_present = "log_table")]
    dev: Option<String>,
    /// Writes the parts into this folder, every byte as it was handed over: <send>.txt, and <send>.html of a mail.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints headers and text, or writes the parts into files.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let copy = match (&args.dev, &args.log_table) {
        (Some(url), _) => of_dev(url, args.send)?,
        (None, Some(table)) => of_stack(table, args.send)?,
        (None, None) => bail!("give --log-table or --dev"),
    };
    let Some(copy) = copy else {
        bail!(
            "nothing is kept of {}: it was not submitted, it is older than 90 days, or its contact was erased",
            args.send
        );
    };
    print(&copy);
    match &args.out {
        Some(folder) => write(folder, args.send, &copy)?,
        None => println!("\n{}", text(&copy)),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(copy: &SentCopy) -> &str {
    match &copy.said {
        Said::Mail { text, .. } | Said::Sms { text, .. } => text,
    }
}

fn print(copy: &SentCopy) {
    println!("Submitted: {}", copy.claimed_at);
    println!("Template: {} ({})", copy.template, copy.part);
    match &copy.said {
        Said::Mail { headers, .. } => {
            for (name, value) in headers {
                println!("{name}: {value}");
            }
        }
        Said::Sms { from, .. } => println!("From: {from}"),
    }
}

fn write(folder: &Path, send: SendId, copy: &SentCopy) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let file = |ending: &str, text: &str| {
        let path = folder.join(format!("{send}.{ending}"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
        anyhow::Ok(())
    };
    file("txt", text(copy))?;
    match &copy.said {
        Said::Mail { html, .. } => file("html", html),
        Said::Sms { .. } => Ok(()),
    }
}

fn of_dev(url: &str, send: SendId) -> anyhow::Result<Option<SentCopy>> {
    let url = url.trim_end_matches('/');
    let answer = ureq::get(format!("{url}/_wend/copies?send={send}")).call();
    let mut answer = answer.with_context(|| format!("no `wend dev` answers at {url}"))?;
    let text = answer.body_mut().read_to_string()?;
    serde_json::from_str(&text).context("the answer of `wend dev` cannot be read")
}

fn of_stack(table: &str, send: SendId) -> anyhow::Result<Option<SentCopy>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = wend_aws::clients::config().await;
        let tables = Tables {
            log: table.to_owned(),
            ..Tables::default()
        };
        let db = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), tables);
        let copy = copy(&db, send).await;
        copy.context("nothing was read (are credentials, region and the table's name right?)")
    })
}

/// The copy of a send: its row says whom it was for.
pub async fn copy(db: &DynamoDb, send: SendId) -> anyhow::Result<Option<SentCopy>> {
    let Some(row) = db.send_row(send).await? else {
        return Ok(None);
    };
    Ok(db.copy(row.request.contact, send).await?)
}
