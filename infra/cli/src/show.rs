//! `wend show`: a sent message, exactly as it went out.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use wend_app::ports::{Copies, Said, SentCopy};
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_core::id::SendId;
use wend_core::send::{Outcome, SendState};

use crate::stack;

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

/// A copy, and what became of the message.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    copy: SentCopy,
    state: SendState,
}

/// Prints headers and text, or writes the parts into files.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let shown = match (&args.dev, &args.log_table) {
        (Some(url), _) => of_dev(url, args.send)?,
        (None, Some(table)) => of_stack(table, args.send)?,
        (None, None) => bail!("give --log-table or --dev"),
    };
    let Some(shown) = shown else {
        bail!(
            "nothing is kept of {}: it was not submitted, it is older than 90 days, or its contact was erased",
            args.send
        );
    };
    print!("{}", head(&shown));
    match &args.out {
        Some(folder) => write(folder, args.send, &shown.copy)?,
        None => println!("\n{}", text(&shown.copy)),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(copy: &SentCopy) -> &str {
    match &copy.said {
        Said::Mail { text, .. } | Said::Sms { text, .. } => text,
    }
}

/// What became of it, and its headers.
fn head(Shown { copy, state }: &Shown) -> String {
    let mut head = format!(
        "Claimed: {}\nOutcome: {}\nTemplate: {} ({})\n\nTo: {}\n",
        copy.claimed_at,
        outcome(state),
        copy.template,
        copy.part,
        copy.to.expose()
    );
    let from = match &copy.said {
        Said::Mail { headers, .. } => headers.clone(),
        Said::Sms { from, .. } => vec![("From".to_owned(), from.clone())],
    };
    for (name, value) in from {
        // Writing to a text cannot fail.
        let _ = writeln!(head, "{name}: {value}");
    }
    head
}

fn outcome(state: &SendState) -> String {
    match state {
        SendState::Submitting { .. } => "on its way".to_owned(),
        SendState::Held { .. } => "not taken by the provider, to be tried again".to_owned(),
        SendState::Unknown { .. } => "unknown, evidence may still come".to_owned(),
        SendState::Final { at, outcome } => match outcome {
            Outcome::Accepted { provider_id } => format!("accepted at {at} as {provider_id}"),
            Outcome::Rejected { reason } => format!("rejected at {at}: {reason}"),
            Outcome::Skipped { reason } => {
                format!(
                    "skipped at {at}: {}; this is what was kept back",
                    reason.name()
                )
            }
            Outcome::Unknown => format!("unknown since {at}"),
        },
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

fn of_dev(url: &str, send: SendId) -> anyhow::Result<Option<Shown>> {
    let url = url.trim_end_matches('/');
    let answer = ureq::get(format!("{url}/_wend/copies?send={send}")).call();
    let mut answer = answer.with_context(|| format!("no `wend dev` answers at {url}"))?;
    let text = answer.body_mut().read_to_string()?;
    serde_json::from_str(&text).context("the answer of `wend dev` cannot be read")
}

fn of_stack(table: &str, send: SendId) -> anyhow::Result<Option<Shown>> {
    let tables = Tables {
        log: table.to_owned(),
        ..Tables::default()
    };
    stack::run(tables, async |db| {
        let shown = shown(&db, send).await;
        shown.context("nothing was read (are credentials, region and the table's name right?)")
    })
}

/// The copy of a send: its row says whom it was for.
pub async fn shown(db: &DynamoDb, send: SendId) -> anyhow::Result<Option<Shown>> {
    let Some(row) = db.send_row(send).await? else {
        return Ok(None);
    };
    let copy = db.copy(row.request.contact, send).await?;
    let state = row.state;
    Ok(copy.map(|copy| Shown { copy, state }))
}

#[cfg(test)]
mod tests {
    use wend_core::id::PartHash;
    use wend_core::personal::Personal;
    use wend_core::time::Timestamp;

    use super::*;
    use crate::folder::Folder;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn mail() -> SentCopy {
        SentCopy {
            claimed_at: at(5),
            template: "hello".to_owned(),
            part: PartHash::from_bytes([1; 16]),
            to: Personal::new("ana@example.com".to_owned()),
            said: Said::Mail {
                headers: vec![("Subject".to_owned(), "Hi".to_owned())],
                text: "Hi Ana\r\n".to_owned(),
                html: "<p>Hi Ana</p>".to_owned(),
            },
        }
    }

    #[test]
    fn a_mail_is_shown_with_what_became_of_it() {
        let outcome = Outcome::Accepted {
            provider_id: "0102".to_owned(),
        };
        let shown = Shown {
            copy: mail(),
            state: SendState::Final { at: at(6), outcome },
        };
        let head = head(&shown);
        assert_eq!(
            head,
            "Claimed: 1970-01-01T00:00:05Z\nOutcome: accepted at 1970-01-01T00:00:06Z as 0102\n\
             Template: hello (01010101010101010101010101010101)\n\nTo: ana@example.com\nSubject: Hi\n"
        );
    }

    #[test]
    fn parts_are_written_byte_for_byte() {
        let folder = Folder::new("show");
        let send = SendId::from_bytes([2; 16]);
        write(folder.path(), send, &mail()).unwrap();
        let read = |ending: &str| fs::read(folder.path().join(format!("{send}.{ending}"))).unwrap();
        assert_eq!(read("txt"), b"Hi Ana\r\n");
        assert_eq!(read("html"), b"<p>Hi Ana</p>");
    }
}
