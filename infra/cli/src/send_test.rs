//! `wend send-test`: a message in a real inbox, before others get it.
//!
//! Nothing of it is written: no send row, no history, no cap counts it. Its links do nothing to anybody.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wend_app::ports::{Contacts, Ids, Mailer, SecretStore, Submitted, Texter};
use wend_app::releases::Releases;
use wend_app::send_test::{Test, render_test, send_test};
use wend_aws::clients;
use wend_aws::dynamodb::{DynamoDb, Tables};
use wend_aws::sns::Providers;
use wend_aws::system::{SystemClock, SystemIds, new_secret};
use wend_content::Looked;
use wend_core::contact::Contact;
use wend_core::id::SendId;
use wend_core::identity::{
    Channel, EmailAddress, Identity, IdentityKind, IdentitySecret, PhoneNumber,
};
use wend_core::release::{Definition, Project, Template};
use wend_core::send::{Recipient, SkipReason};

use crate::{preview, project, stack};

/// The provider is given half of it.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// What `send-test` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The template.
    template: String,
    /// As whom it is rendered: the user id of a contact, or a file as for `preview --contact`. Without it, the template's sample.
    #[arg(long = "as", value_name = "CONTACT|FILE")]
    who: Option<String>,
    /// Where it goes: an email address, or a phone number with its country (`+49…`).
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// The project's folder: the files as they are, published or not.
    #[arg(long, default_value = ".")]
    project: PathBuf,
    /// The language, as `de` or `pt-BR`; without it, the contact's.
    #[arg(long)]
    locale: Option<String>,
    /// The variant of the template.
    #[arg(long)]
    variant: Option<String>,
    /// Also to an address that is suppressed, or has answered STOP.
    #[arg(long)]
    force: bool,
    /// The stack's endpoint: the output `ApiUrl` of `sam deploy`.
    #[arg(long, value_name = "URL", required_unless_present = "dev", requires_all = ["log_table", "releases_table"])]
    api_url: Option<String>,
    /// The stack's log table: the output `LogTableName`. It says which addresses are closed.
    #[arg(long, value_name = "TABLE")]
    log_table: Option<String>,
    /// The stack's releases table: the output `ReleasesTableName`.
    #[arg(long, value_name = "TABLE")]
    releases_table: Option<String>,
    /// The stack's contacts table, for `--as` a contact: the output `ContactsTableName`.
    #[arg(long, value_name = "TABLE")]
    contacts_table: Option<String>,
    /// The inbox of a running `wend dev` in place of a deployed stack.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "http://localhost:7070", conflicts_with_all = ["api_url", "log_table", "releases_table", "contacts_table"])]
    dev: Option<String>,
}

/// As whom a message is rendered.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Who {
    /// The template's sample.
    Sample,
    /// Values in a file.
    File(PathBuf),
    /// A contact, by its user id.
    Contact(String),
}

/// What is to be sent. A `wend dev` on this machine reads the same files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    project: PathBuf,
    template: String,
    who: Who,
    to: String,
    locale: Option<String>,
    variant: Option<String>,
    force: bool,
}

/// Whose contacts and rules count.
#[derive(Clone, Copy)]
pub struct Stack<'a> {
    /// Its tables.
    pub db: &'a DynamoDb,
    /// Its secret.
    pub secret: &'a IdentitySecret,
    /// Where its links lead.
    pub url: &'a str,
}

/// Sends one message.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let asked = asked(args)?;
    let said = match &args.dev {
        Some(url) => of_dev(url.trim_end_matches('/'), &asked)?,
        None => of_stack(args, &asked)?,
    };
    println!("{said}");
    Ok(ExitCode::SUCCESS)
}

fn asked(args: &Args) -> anyhow::Result<Asked> {
    let folder = args.project.display();
    let project = fs::canonicalize(&args.project);
    let who = match &args.who {
        None => Who::Sample,
        Some(who) => match fs::canonicalize(who) {
            Ok(file) => Who::File(file),
            Err(_) => Who::Contact(who.clone()),
        },
    };
    Ok(Asked {
        project: project.with_context(|| format!("there is no folder {folder}"))?,
        template: args.template.clone(),
        who,
        to: args.to.clone(),
        locale: args.locale.clone(),
        variant: args.variant.clone(),
        force: args.force,
    })
}

fn of_dev(url: &str, asked: &Asked) -> anyhow::Result<String> {
    let request = ureq::post(format!("{url}/_wend/tests"))
        .config()
        .http_status_as_error(false)
        .build();
    let answer = request.send(json!(asked).to_string());
    let mut answer = answer.with_context(|| format!("no `wend dev` answers at {url}"))?;
    let text = answer.body_mut().read_to_string()?;
    let answer: Value = serde_json::from_str(&text).context("not a `wend dev`")?;
    match (answer["said"].as_str(), answer["error"].as_str()) {
        (Some(said), _) => Ok(said.to_owned()),
        (None, Some(error)) => bail!("{error}"),
        (None, None) => bail!("not a `wend dev`: {text}"),
    }
}

fn of_stack(args: &Args, asked: &Asked) -> anyhow::Result<String> {
    if matches!(asked.who, Who::Contact(_)) && args.contacts_table.is_none() {
        bail!("there is no such file; to render it as a contact, give --contacts-table");
    }
    let table = |name: &Option<String>| name.clone().unwrap_or_default();
    let tables = Tables {
        contacts: table(&args.contacts_table),
        log: table(&args.log_table),
        ..stack::releases(&table(&args.releases_table))
    };
    let url = args.api_url.as_deref().unwrap_or_default();
    stack::run(tables, async |db| {
        let secret = db.secret(new_secret()).await.context(stack::UNCHANGED)?;
        let config = clients::config().await;
        // Without a configuration set, SES tells nobody what becomes of a test.
        let provider = Providers::new((&config, &config), None, secret.clone(), TIMEOUT);
        let stack = Stack {
            db: &db,
            secret: &secret,
            url: url.trim_end_matches('/'),
        };
        answer(asked, stack, &provider).await
    })
}

/// Sends what is asked, and says what became of it.
pub async fn answer(
    asked: &Asked,
    stack: Stack<'_>,
    provider: &(impl Mailer + Texter),
) -> anyhow::Result<String> {
    let (project, template) = found(asked)?;
    let sample = match &asked.who {
        Who::Sample => preview::sample(&template, None)?,
        Who::File(file) => preview::sample(&template, Some(file))?,
        Who::Contact(user) => {
            let mut sample = preview::sample(&template, None)?;
            sample["contact"] = attributes(&contact(stack, user).await?);
            sample
        }
    };
    let ask = (asked.locale.as_deref(), asked.variant.as_deref());
    let looked = render_test(&template, &project, &sample, ask, stack.url)
        .context("give what is missing in `sample`, or another --as")?;
    let test = Test {
        id: SendId::from_bytes(*SystemIds.draw().as_bytes()),
        template: &template,
        looked: &looked,
        to: recipient(template.channel, &asked.to)?,
        even_closed: asked.force,
    };
    let release = Releases::new(stack.db.clone(), SystemClock);
    let release = release.current().await.context(stack::UNCHANGED)?;
    let sent = send_test(test, stack.db, &release, provider, stack.secret).await;
    told(&asked.to, &looked, sent.context(stack::UNCHANGED)?)
}

/// The template and the settings of the project.
fn found(asked: &Asked) -> anyhow::Result<(Project, Template)> {
    let files = project::load(&asked.project)?;
    let (mut project, mut template) = (None, None);
    for (_, definition) in wend_content::check_all(&files).definitions {
        match definition {
            Definition::Project(settings) => project = Some(settings),
            Definition::Template(one) if one.id == asked.template => template = Some(one),
            Definition::Template(_)
            | Definition::Journey(_)
            | Definition::Segment(_)
            | Definition::Score(_) => {}
        }
    }
    let name = &asked.template;
    let template = template
        .with_context(|| format!("there is no template `{name}`, or `wend check` finds faults"))?;
    if let Some(variant) = &asked.variant
        && !template.variants.contains_key(variant)
    {
        bail!("template `{name}` has no variant `{variant}`");
    }
    Ok((project.unwrap_or_default(), template))
}

async fn contact(stack: Stack<'_>, user: &str) -> anyhow::Result<Contact> {
    let name =
        Identity::new(IdentityKind::User, user).context("a user id has at most 256 bytes")?;
    let contacts = stack.db.contacts(stack.secret.clone());
    let loaded = contacts.load(name.key(stack.secret)).await;
    let loaded = loaded.context(stack::UNCHANGED)?;
    loaded
        .contact
        .with_context(|| format!("there is neither a file nor a contact `{user}`"))
}

/// What templates see of a contact, in the form of a sample.
fn attributes(contact: &Contact) -> Value {
    let all = contact.attributes.iter().chain(&contact.lasts);
    let all = all.map(|(name, attribute)| (name.clone(), attribute.value.expose().clone()));
    let mut all: Map<String, Value> = all.collect();
    for (name, channel) in [("email", Channel::Email), ("phone", Channel::Sms)] {
        if let Some(address) = Recipient::of(contact, channel) {
            all.insert(name.to_owned(), json!(address.expose()));
        }
    }
    Value::Object(all)
}

fn recipient(channel: Channel, to: &str) -> anyhow::Result<Recipient> {
    match channel {
        Channel::Email => {
            let address = EmailAddress::parse(to).context("--to is no email address")?;
            Ok(Recipient::Email(address))
        }
        Channel::Sms => {
            let number = PhoneNumber::parse(to);
            let number = number.context("--to is no phone number with its country")?;
            Ok(Recipient::Phone(number))
        }
    }
}

fn told(to: &str, looked: &Looked, sent: Result<Submitted, SkipReason>) -> anyhow::Result<String> {
    let what = match looked {
        Looked::Mail(mail) => &mail.subject,
        Looked::Sms(sms) => &sms.text,
    };
    match sent {
        Ok(Submitted::Accepted { provider_id }) => {
            Ok(format!("Sent to {to}: {what} ({provider_id})"))
        }
        Ok(Submitted::Rejected { reason }) => bail!("the provider refused it: {reason}"),
        Ok(
            Submitted::NotTaken { reason, .. }
            | Submitted::Throttled { reason, .. }
            | Submitted::QuotaUsedUp { reason },
        ) => bail!("the provider did not take it: {reason}"),
        Ok(Submitted::Ambiguous { reason }) => {
            bail!("nobody knows whether it was sent: {reason}")
        }
        Err(SkipReason::Suppressed | SkipReason::Unsubscribed) => bail!(
            "nothing was sent: {to} is closed; `wend suppressions list {to}` says why, --force sends nevertheless"
        ),
        Err(SkipReason::NotAllowlisted) => {
            bail!("nothing was sent: the published environment does not write to {to}")
        }
        Err(reason) => bail!("nothing was sent: {}", reason.name()),
    }
}

#[cfg(test)]
mod tests;
