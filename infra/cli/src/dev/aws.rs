//! `wend dev --aws`: the project on the local AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::broadcast;
use wend_app::ports::{Clock, SecretStore};
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_aws::system::{SystemClock, new_secret};
use wend_core::due::Schedule;
use wend_core::log::LogRow;
use wend_core::release::EventSource;

use super::desk::{Desk, Source};
use super::live::Live;
use super::local_aws::{LocalAws, Options};
use super::mail::Mail;
use super::secrets::FileSecrets;
use super::ses_front::Front;
use super::{
    Args, Keys, announce, demo, environment, example, project_folder, release_of, workspace,
};
use crate::project;
use crate::publish::schedules::{self, Fires, Place};
use crate::publish::{new_write_key, publish_files};

/// The template's times, as short as EventBridge allows: a sweep a minute that looks a little further than that.
const LOOK_AHEAD_SECS: u64 = 65;
const BOUNDARY_SECS: u64 = 70;
const OVERDUE_SECS: u64 = 30;
/// How often the log is read for the terminal.
const TAIL_PERIOD: Duration = Duration::from_secs(1);
/// Rows that a slow terminal may lag behind.
const LAG_MAX: usize = 4096;
/// Our names of the queues, as the template's outputs begin.
const QUEUES: [(&str, &str); 8] = [
    ("inputs", "Inputs"),
    ("wakes", "Wakes"),
    ("walks", "Walks"),
    ("bulk", "Bulk"),
    ("dispatch", "Dispatch"),
    ("dispatch-bulk", "DispatchBulk"),
    ("webhooks", "Webhooks"),
    ("feedback", "Feedback"),
];

/// Runs until the demo is over, or for ever.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let root = workspace()?;
    let folder = project_folder(args)?;
    let files = project::load(&folder)?;
    let environment = environment(args, &files);
    let options = Options {
        root,
        name: args.stack.clone(),
        profile: args.profile.clone(),
        api_port: args.port,
        emulator_port: 0,
        functions_endpoint: args.functions_endpoint.clone(),
        parameters: parameters(),
        secrets: FileSecrets::of(&folder).all()?,
    };
    let local = LocalAws::start(&options).await?;
    let output = |name: &str| {
        let value = local.outputs.get(name).cloned();
        value.with_context(|| format!("the stack has no output {name}"))
    };
    let tables = Tables {
        contacts: output("ContactsTableName")?,
        log: output("LogTableName")?,
        releases: output("ReleasesTableName")?,
        coupons: output("CouponsTableName")?,
    };
    let db = DynamoDb::new(wend_aws::clients::local_dynamodb(&local.endpoint), tables);
    let Some(number) = publish_files(&db, (&folder, &files), environment.as_deref()).await? else {
        return Ok(ExitCode::FAILURE);
    };
    let place: Place = output("Schedules")?.parse().map_err(anyhow::Error::msg)?;
    let release = release_of(&files);
    let client = aws_sdk_scheduler::Client::new(&wend_aws::clients::local_config(&local.endpoint));
    schedules::put(&client, &place, &release, SystemClock.now(), Fires::Bare).await?;
    let new_key = async |prefix, holder| new_write_key(&db, prefix, "wend dev", holder).await;
    let keys = Keys {
        write_key: new_key("wk_dev", EventSource::Browser).await?,
        server_key: new_key("sk_dev", EventSource::Server).await?,
    };
    let desk = Desk {
        db: db.clone(),
        secret: db.secret(new_secret()).await?,
        source: Source::Emulator {
            front: Arc::downgrade(&local.front),
            endpoint: local.endpoint.clone(),
            queues: queues(&local.outputs),
        },
        url: local.api_url.clone(),
    };
    local.front.furnish(Arc::new(desk));
    let rows = broadcast::Sender::new(LAG_MAX);
    let mails = broadcast::Sender::new(LAG_MAX);
    let example = example::body(&release);
    let live = Live::new(
        rows.subscribe(),
        mails.subscribe(),
        schedule()?,
        &local.api_url,
        0,
        release,
    );
    tokio::spawn(tail(db, local.front.clone(), rows, mails));
    let mode = format!("local AWS · release {number} · emulator {}", local.endpoint);
    let endpoint = Some(local.endpoint.as_str());
    announce(args, &mode, &local.api_url, &keys, (&example, endpoint))?;
    if args.demo {
        return demo::run(&local.api_url, &keys.write_key, &example, live).await;
    }
    live.print_for_ever().await;
    Ok(ExitCode::SUCCESS)
}

fn parameters() -> BTreeMap<String, String> {
    let numbers = [
        ("SweepPeriodMinutes", 1),
        ("LookAheadSeconds", LOOK_AHEAD_SECS),
        ("QueueBoundarySeconds", BOUNDARY_SECS),
        ("OverdueSeconds", OVERDUE_SECS),
        // A killed function's messages come back after the visibility timeout: as short as the template allows.
        ("FunctionTimeoutSeconds", 5),
        ("VisibilityTimeoutSeconds", 30),
        ("UnknownWindowSeconds", 30),
        // The inbox takes mails as they come.
        ("SendRatePerSecond", 400),
    ];
    let parameters = numbers.map(|(name, value)| (name.to_owned(), value.to_string()));
    let sender = ("SenderIdentity".to_owned(), "mail.example.com".to_owned());
    parameters.into_iter().chain([sender]).collect()
}

fn schedule() -> anyhow::Result<Schedule> {
    let secs = Duration::from_secs;
    Ok(Schedule::new(
        secs(BOUNDARY_SECS),
        secs(LOOK_AHEAD_SECS),
        secs(OVERDUE_SECS),
    )?)
}

fn queues(outputs: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pairs = QUEUES.iter().flat_map(|(name, output)| {
        [
            ((*name).to_owned(), format!("{output}QueueUrl")),
            (format!("{name}-dlq"), format!("{output}DlqUrl")),
        ]
    });
    pairs
        .filter_map(|(name, output)| Some((name, outputs.get(&output)?.clone())))
        .collect()
}

/// Tells what the functions wrote and sent: of one look at a time the rows first, because a mail is shown under its contact's
/// name.
async fn tail(
    db: DynamoDb,
    front: Arc<Front>,
    rows: broadcast::Sender<LogRow>,
    mails: broadcast::Sender<Mail>,
) {
    let mut seen = BTreeSet::new();
    let mut shown = 0;
    loop {
        let sent = front.messages();
        match db.log_rows().await {
            Ok(all) => {
                for row in all {
                    if seen.insert((row.partition, row.id)) {
                        // Nobody need be listening.
                        let _ = rows.send(row);
                    }
                }
            }
            Err(error) => eprintln!("the log cannot be read: {error}"),
        }
        for mail in sent.iter().skip(shown) {
            let _ = mails.send(mail.clone());
        }
        shown = sent.len();
        tokio::time::sleep(TAIL_PERIOD).await;
    }
}
