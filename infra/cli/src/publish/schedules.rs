//! Schedules of journeys as schedules of EventBridge: made, changed and deleted as the project says.
//!
//! One for each schedule trigger of a journey that takes people, in the stack's group. It says on the queue of walks that its journey's
//! time has come; on contacts' own clocks that is where the hour comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::create_schedule::CreateScheduleError;
use aws_sdk_scheduler::operation::delete_schedule::DeleteScheduleError;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use jiff::civil::Weekday;
use wend_app::walk::Task;
use wend_core::occurrence::{Occurrences, entry_id};
use wend_core::phrase::{Days, MonthDay, Schedule};
use wend_core::release::{JourneyState, Release};
use wend_core::time::Timestamp;
use wend_core::zone::Zone;

/// What the name of a schedule ends with that tells of an occurrence which goes on, after that of its own.
const NOW: &str = ".now";
/// Longest name of a schedule: 64 (EventBridge Scheduler), with what may follow.
const NAME_MAX: usize = 64 - NOW.len();
/// What EventBridge puts the scheduled time in place of.
const SCHEDULED_TIME: &str = "<aws.scheduler.scheduled-time>";
/// A schedule that shall fire at once is this far in the future: its precision is a minute.
const AT_ONCE: Duration = Duration::from_mins(1);

/// Where a stack's schedules are: the output `Schedules` of `sam deploy`.
#[derive(Clone, Debug)]
pub struct Place {
    group: String,
    role: String,
    queue: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        match parts.as_slice() {
            [group, role, queue] if role.starts_with("arn:") && queue.starts_with("arn:") => {
                Ok(Self {
                    group: (*group).to_owned(),
                    role: (*role).to_owned(),
                    queue: (*queue).to_owned(),
                })
            }
            _ => Err(
                "it is the stack's output `Schedules`: a name and two ARNs, with commas".to_owned(),
            ),
        }
    }
}

/// What EventBridge is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    expression: String,
    zone: String,
    journey: String,
    /// Whether it will come; EventBridge has deleted one that was to come once.
    is_to_come: bool,
    /// An occurrence that goes on: who comes late is told of it, too.
    running: Option<Timestamp>,
}

/// How EventBridge tells the time at which a schedule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fires {
    /// By putting it into the message.
    WithTime,
    /// Not at all: the emulator does not.
    Bare,
}

impl Fires {
    fn time(self) -> Option<String> {
        match self {
            Self::WithTime => Some(SCHEDULED_TIME.to_owned()),
            Self::Bare => None,
        }
    }
}

/// Whether any journey of `release` has a schedule.
pub fn are_in(release: &Release) -> bool {
    !wanted(release, Timestamp::default()).is_empty()
}

/// Makes the stack's schedules those of `release`; answers with how many there are.
pub async fn put(
    client: &Client,
    place: &Place,
    release: &Release,
    now: Timestamp,
    fires: Fires,
) -> anyhow::Result<usize> {
    let wanted = wanted(release, now);
    let known = names(client, place).await?;
    // Those that tell of what goes on delete themselves.
    let is_over = |name: &&String| !wanted.contains_key(*name) && !name.ends_with(NOW);
    for name in known.iter().filter(is_over) {
        let request = client.delete_schedule().group_name(&place.group).name(name);
        let deleted = request.send().await;
        match deleted {
            Ok(_) => {}
            // It fired in this moment, or somebody else publishes.
            Err(error) if error.as_service_error().is_some_and(is_gone) => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot delete the schedule {name}"));
            }
        }
    }
    for (name, schedule) in &wanted {
        let is_known = known.contains(name);
        let word = word(&schedule.journey, fires.time())?;
        if is_known && is_same(client, place, (name, &word), schedule).await? {
            continue;
        }
        if schedule.is_to_come {
            let said = format!("cannot write the schedule {name}");
            write(client, place, (name, word), schedule, is_known)
                .await
                .context(said)?;
        }
        if let Some(occurrence) = schedule.running {
            tell(client, place, name, (&schedule.journey, occurrence), now).await?;
        }
    }
    Ok(wanted.len())
}

fn is_gone(error: &DeleteScheduleError) -> bool {
    error.is_resource_not_found_exception()
}

/// The schedules that journeys of `release` ask for, by name.
fn wanted(release: &Release, now: Timestamp) -> BTreeMap<String, Wanted> {
    let mut wanted = BTreeMap::new();
    for (_, journey) in release.current() {
        match journey.state {
            JourneyState::Live | JourneyState::Rehearsal => {}
            JourneyState::Draft | JourneyState::Closed => continue,
        }
        for all in Occurrences::all(journey) {
            let running = all.running(now).last().filter(|_| all.is_lasting());
            let clock = all.clock();
            let is_to_come = all.schedule.next_after(now, &clock).is_some();
            if !is_to_come && running.is_none() {
                continue;
            }
            let schedule = Wanted {
                expression: expression(all.schedule),
                zone: clock.to_string(),
                journey: journey.id.clone(),
                is_to_come,
                running,
            };
            wanted.insert(name(&journey.id, all.place), schedule);
        }
    }
    wanted
}

/// A name that EventBridge takes, one for each trigger.
fn name(journey: &str, place: usize) -> String {
    let name = format!("{journey}.{place}");
    if name.len() <= NAME_MAX {
        return name;
    }
    // Two long ids that begin alike are told apart by their hash.
    let hash = entry_id(journey, Timestamp::default()).to_string();
    let short = |text: &str, count: usize| text.chars().take(count).collect::<String>();
    format!("{}.{}.{place}", short(journey, 40), short(&hash, 12))
}

/// A schedule as EventBridge writes it.
fn expression(schedule: Schedule) -> String {
    let clock = |at: jiff::civil::Time| format!("{} {}", at.minute(), at.hour());
    match schedule {
        Schedule::Weekly { days, at } => {
            format!("cron({} ? * {} *)", clock(at.time()), weekdays(days))
        }
        Schedule::Monthly { day, at } => {
            let day = match day {
                MonthDay::First => "1",
                MonthDay::Last => "L",
            };
            format!("cron({} {day} * ? *)", clock(at.time()))
        }
        Schedule::Cron(cron) => {
            let days = match cron.weekdays() {
                Days::ALL => (list(cron.days(), 31), "?".to_owned()),
                days => ("?".to_owned(), weekdays(days)),
            };
            let (minutes, hours) = (list(cron.minutes(), 60), list(cron.hours(), 24));
            let months = list(cron.months(), 12);
            format!("cron({minutes} {hours} {} {months} {} *)", days.0, days.1)
        }
        Schedule::Once(at) => format!("at({})", at.strftime("%FT%H:%M:%S")),
    }
}

/// Numbers with commas; `*` for all there are.
fn list(numbers: impl Iterator<Item = u8>, all: usize) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    if numbers.len() == all {
        "*".to_owned()
    } else {
        numbers.join(",")
    }
}

fn weekdays(days: Days) -> String {
    const NAMES: [(&str, Weekday); 7] = [
        ("MON", Weekday::Monday),
        ("TUE", Weekday::Tuesday),
        ("WED", Weekday::Wednesday),
        ("THU", Weekday::Thursday),
        ("FRI", Weekday::Friday),
        ("SAT", Weekday::Saturday),
        ("SUN", Weekday::Sunday),
    ];
    if days == Days::ALL {
        return "*".to_owned();
    }
    let names = NAMES.iter().filter(|(_, day)| days.has(*day));
    names.map(|(name, _)| *name).collect::<Vec<_>>().join(",")
}

/// The names of the schedules that are in the stack's group.
async fn names(client: &Client, place: &Place) -> anyhow::Result<BTreeSet<String>> {
    let pages = client.list_schedules().group_name(&place.group);
    let mut items = pages.into_paginator().items().send();
    let mut names = BTreeSet::new();
    while let Some(item) = items.next().await {
        let item = item.context("cannot list the stack's schedules (is --schedules right?)")?;
        names.extend(item.name().map(str::to_owned));
    }
    Ok(names)
}

async fn is_same(
    client: &Client,
    place: &Place,
    (name, word): (&str, &str),
    wanted: &Wanted,
) -> anyhow::Result<bool> {
    let request = client.get_schedule().group_name(&place.group).name(name);
    let known = request
        .send()
        .await
        .with_context(|| format!("cannot read the schedule {name}"))?;
    let target = known
        .target()
        .map(|target| (target.arn(), target.role_arn(), target.input()));
    Ok(
        known.schedule_expression() == Some(wanted.expression.as_str())
            && known.schedule_expression_timezone() == Some(wanted.zone.as_str())
            && target == Some((place.queue.as_str(), place.role.as_str(), Some(word))),
    )
}

fn window() -> anyhow::Result<FlexibleTimeWindow> {
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off);
    Ok(window.build()?)
}

/// What a schedule says on the queue of walks.
fn word(journey: &str, at: Option<String>) -> anyhow::Result<String> {
    let journey = journey.to_owned();
    Ok(Task::Start { journey, at }.message()?.body)
}

fn target(place: &Place, word: String) -> anyhow::Result<Target> {
    let target = Target::builder().arn(&place.queue).role_arn(&place.role);
    Ok(target.input(word).build()?)
}

async fn write(
    client: &Client,
    place: &Place,
    (name, word): (&str, String),
    wanted: &Wanted,
    is_known: bool,
) -> anyhow::Result<()> {
    let (target, window) = (target(place, word)?, window()?);
    // A recurring one is never over.
    let after = ActionAfterCompletion::Delete;
    if is_known {
        let request = client.update_schedule().group_name(&place.group).name(name);
        let request = request.schedule_expression(&wanted.expression);
        let request = request.schedule_expression_timezone(&wanted.zone);
        let request = request.target(target).flexible_time_window(window);
        request.action_after_completion(after).send().await?;
    } else {
        let request = client.create_schedule().group_name(&place.group).name(name);
        let request = request.schedule_expression(&wanted.expression);
        let request = request.schedule_expression_timezone(&wanted.zone);
        let request = request.target(target).flexible_time_window(window);
        request.action_after_completion(after).send().await?;
    }
    Ok(())
}

/// Tells of an occurrence that began before its schedule was there: for whom its hour is still to come.
async fn tell(
    client: &Client,
    place: &Place,
    name: &str,
    (journey, occurrence): (&str, Timestamp),
    now: Timestamp,
) -> anyhow::Result<()> {
    let name = format!("{name}{NOW}");
    let at = Zone::utc().local(now.plus(AT_ONCE));
    let begun = Zone::utc()
        .local(occurrence)
        .strftime("%FT%H:%M:%SZ")
        .to_string();
    let request = client
        .create_schedule()
        .group_name(&place.group)
        .name(&name);
    let request = request.schedule_expression(format!("at({})", at.strftime("%FT%H:%M:%S")));
    let request = request.target(target(place, word(journey, Some(begun))?)?);
    let request = request.flexible_time_window(window()?);
    let request = request.action_after_completion(ActionAfterCompletion::Delete);
    match request.send().await {
        Ok(_) => Ok(()),
        // It was told a moment ago.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateScheduleError::is_conflict_exception) =>
        {
            Ok(())
        }
        Err(error) => Err(error).context("cannot tell of an occurrence that goes on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schedule_is_written_as_eventbridge_reads_it() {
        for (phrase, expected) in [
            ("every monday at 10:00", "cron(0 10 ? * MON *)"),
            ("every mon,thu at 09:30", "cron(30 9 ? * MON,THU *)"),
            ("every day at 09:00", "cron(0 9 ? * * *)"),
            ("every month on the 1st at 08:00", "cron(0 8 1 * ? *)"),
            ("every month on the last day at 08:00", "cron(0 8 L * ? *)"),
            ("cron */30 9-10 * * MON", "cron(0,30 9,10 ? * MON *)"),
            ("cron 0 8 1,15 3 *", "cron(0 8 1,15 3 ? *)"),
            ("cron * * * * *", "cron(* * * * ? *)"),
            ("2027-03-01 10:00", "at(2027-03-01T10:00:00)"),
        ] {
            let schedule = Schedule::parse(phrase).unwrap();
            assert_eq!(expression(schedule), expected, "{phrase}");
        }
    }

    #[test]
    fn long_names_fit_and_differ() {
        let (one, other) = ("a".repeat(63) + "b", "a".repeat(63) + "c");
        assert_eq!(name("win-back", 0), "win-back.0");
        assert!(name(&one, 12).len() <= NAME_MAX && !name("now", 0).ends_with(NOW));
        assert_ne!(name(&one, 0), name(&other, 0));
    }

    #[test]
    fn the_stacks_output_says_where_schedules_are() {
        let place: Place = "wend-campaigns,arn:aws:iam::1:role/r,arn:aws:sqs:x:1:walks"
            .parse()
            .unwrap();
        assert_eq!(
            (place.group.as_str(), place.queue.as_str()),
            ("wend-campaigns", "arn:aws:sqs:x:1:walks")
        );
        assert!("wend-campaigns".parse::<Place>().is_err());
    }

    #[test]
    fn a_schedule_is_wanted_while_it_can_still_come() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
        let release = crate::dev::release_of(&crate::project::load(&folder).unwrap());
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let wanted_at = |now: &str| wanted(&release, at(now)).remove("win-back.0");
        let sunday = wanted_at("2027-02-27T12:00:00Z").unwrap();
        assert_eq!(
            (
                sunday.expression.as_str(),
                sunday.zone.as_str(),
                sunday.running
            ),
            ("cron(0 10 ? * MON *)", "Pacific/Kiritimati", None)
        );
        let monday = wanted_at("2027-03-01T09:30:00Z").unwrap();
        assert_eq!(monday.running, Some(at("2027-02-28T20:00:00Z")));
        assert!(are_in(&release));
    }
}
