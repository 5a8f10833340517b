//! `wend simulate`: plays many contacts through a journey in virtual time.

mod known;
mod print;
mod read;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use wend_app::simulate::{Model, Person, Rate, Rates, Simulation, simulate, trace};
use wend_content::read_all;
use wend_core::definitions::SourceFile;
use wend_core::release::{Definition, Journey, JourneyState, Manifest, Part, Release};
use wend_core::time::Timestamp;

use crate::check::print_faults;
use crate::project;
use known::{Known, check_rates};
#[cfg(feature = "run")]
pub use read::time as moment;

/// What `simulate` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The journey that is looked at. The others of the project go on beside it, but for their schedules.
    journey: String,
    /// The project's folder.
    #[arg(long, default_value = ".")]
    project: PathBuf,
    /// Who: a CSV file whose header names attributes, or JSON lines. `id`, `email`, `phone`, `subscribed` (topics, separated by
    /// `;`) and `created_at` are special; where wend.yaml declares attributes, the others are among them.
    #[arg(long)]
    contacts: PathBuf,
    /// What they do: JSON lines with `userId`, `event`, `timestamp`, `properties`, `traits`.
    #[arg(long)]
    events: Option<PathBuf>,
    /// Puts everybody into the journey by hand, at this time.
    #[arg(long, value_parser = time)]
    enter: Option<Timestamp>,
    /// When it begins: with the first event or `--enter` where nothing is said.
    #[arg(long, value_parser = time)]
    from: Option<Timestamp>,
    /// When it is over: a year later where nothing is said.
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
    /// Another seed is another draw of who opens and clicks.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Delivered messages that are opened: `40%`, or `reminder=60%` for one step or template. May be given several times.
    #[arg(long, value_parser = rate)]
    opens: Vec<(Option<String>, Rate)>,
    /// Delivered messages that are clicked: `5%`, `reminder=8%`.
    #[arg(long, value_parser = rate)]
    clicks: Vec<(Option<String>, Rate)>,
    /// Delivered messages that are answered; nobody answers where nothing is said.
    #[arg(long, value_parser = rate)]
    replies: Vec<(Option<String>, Rate)>,
    /// Messages that are delivered; the others bounce. All are where nothing is said.
    #[arg(long, value_parser = rate)]
    deliveries: Vec<(Option<String>, Rate)>,
    /// Prints the path of this contact alone.
    #[arg(long)]
    contact: Option<String>,
    /// How results are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

const YEAR: Duration = Duration::from_hours(365 * 24);

/// A draft is what one simulates: the journey that is asked for takes people.
fn opened(definition: Definition, journey: &str) -> Definition {
    match definition {
        Definition::Journey(draft) if draft.id == journey && draft.state == JourneyState::Draft => {
            Definition::Journey(Journey {
                state: JourneyState::Live,
                ..draft
            })
        }
        definition => definition,
    }
}

/// A release of the definitions in which the journey is open.
fn release(definitions: Vec<(SourceFile, Definition)>, journey: &str) -> Release {
    let parts = definitions
        .into_iter()
        .map(|(file, definition)| Part::new(file, opened(definition, journey)));
    let parts: Vec<Part> = parts.collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

/// Plays the contacts and prints what became of them.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let files = project::load(&args.project)?;
    let definitions = match read_all(&files) {
        Ok(definitions) => definitions,
        Err(faults) => {
            print_faults(&faults, &files);
            return Ok(ExitCode::FAILURE);
        }
    };
    let release = release(definitions, &args.journey);
    let Some((_, journey)) = release.journey(&args.journey) else {
        let known: Vec<&str> = release
            .current()
            .map(|(_, journey)| journey.id.as_str())
            .collect();
        bail!(
            "there is no journey `{}`; there are: {}",
            args.journey,
            known.join(", ")
        );
    };
    let rates = [
        ("opens", &args.opens),
        ("clicks", &args.clicks),
        ("replies", &args.replies),
        ("deliveries", &args.deliveries),
    ];
    for (option, rates) in rates {
        check_rates(option, rates, (&release, journey))?;
    }
    let mut people = read::people(&args.contacts, &Known::of(&release))?;
    let happenings = match &args.events {
        Some(path) => read::happenings(path, &people)?,
        None => std::collections::BTreeMap::new(),
    };
    let first = happenings
        .values()
        .filter_map(|all| Some(all.first()?.at))
        .min();
    let from = args.from.or(args.enter.into_iter().chain(first).min());
    let from = from.context("nothing says when it begins: give --events, --enter or --from")?;
    let model = model(args);
    let simulation = Simulation {
        release: &release,
        journey: &args.journey,
        from,
        until: args.until.unwrap_or_else(|| from.plus(YEAR)),
        enter: args.enter,
        model: &model,
        happenings: &happenings,
    };
    if let Some(id) = &args.contact {
        people.retain(|person| person.id == *id);
        let [person] = people.as_slice() else {
            bail!("there is no contact `{id}` in {}", args.contacts.display());
        };
        print_path(&simulation, person, args.format)?;
    } else {
        let funnel = simulate(&simulation, &people)?;
        let text = match args.format {
            Format::Text => print::funnel(&funnel, journey),
            Format::Json => format!("{:#}\n", print::json(&funnel, journey)),
        };
        print!("{text}");
    }
    Ok(ExitCode::SUCCESS)
}

fn print_path(simulation: &Simulation<'_>, person: &Person, format: Format) -> anyhow::Result<()> {
    let lines = trace(simulation, person)?;
    let text = match format {
        Format::Text => print::path(&lines, simulation.journey),
        Format::Json => format!("{:#}\n", print::path_json(&lines)),
    };
    print!("{text}");
    Ok(())
}

fn model(args: &Args) -> Model {
    let guess = Model {
        seed: args.seed,
        ..Model::default()
    };
    Model {
        deliveries: rates(&args.deliveries, guess.deliveries),
        opens: rates(&args.opens, guess.opens),
        clicks: rates(&args.clicks, guess.clicks),
        replies: rates(&args.replies, guess.replies),
        ..guess
    }
}

fn rates(said: &[(Option<String>, Rate)], mut rates: Rates) -> Rates {
    for (of, rate) in said {
        match of {
            Some(name) => drop(rates.of.insert(name.clone(), *rate)),
            None => rates.all = *rate,
        }
    }
    rates
}

fn rate(text: &str) -> Result<(Option<String>, Rate), String> {
    let (name, rate) = match text.split_once('=') {
        Some((name, rate)) => (Some(name.trim().to_owned()), rate),
        None => (None, text),
    };
    let rate =
        Rate::parse(rate).ok_or("a share is `40%`, or `reminder=40%` for one step or template")?;
    Ok((name, rate))
}

fn time(text: &str) -> Result<Timestamp, String> {
    read::time(text).ok_or_else(|| "a time is `2027-03-01` or `2027-03-01T09:00:00Z`".to_owned())
}

#[cfg(test)]
mod tests;
