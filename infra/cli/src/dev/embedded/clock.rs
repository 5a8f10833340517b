//! What EventBridge does on AWS: says that schedules of journeys have come.

use std::time::Duration;

use wend_app::ports::{Clock, Outgoing, PortError};
use wend_app::releases::Releases;
use wend_app::walk::{Errand, Task};
use wend_aws::dynamodb::DynamoDb;
use wend_aws::system::SystemClock;
use wend_core::occurrence::Occurrences;
use wend_core::release::Release;
use wend_core::time::Timestamp;

use super::parts::Parts;
use super::store::Store;

/// How often schedules are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// How often the time is kept when no schedule comes.
const KEPT_EVERY: Duration = Duration::from_mins(1);
/// How long EventBridge tries to deliver what could not be.
const MISSED_MAX: Duration = Duration::from_hours(24);

/// Looks at the schedules from now on; ends with the process.
pub fn start(parts: &Parts) {
    let store = parts.store.clone();
    let releases = Releases::new(parts.db.clone(), SystemClock);
    tokio::spawn(async move {
        let mut is_first = true;
        loop {
            match keep_time(&store, &releases, is_first).await {
                Ok(()) => is_first = false,
                Err(error) => eprintln!("schedules come a little later: {error}"),
            }
            SystemClock.sleep(PERIOD).await;
        }
    });
}

/// Says which schedules have come since the last look. After a pause of this process those of the last day come late, as EventBridge
/// would have them. What is said twice, because of a kill or a new start, leads to a walk that is over.
async fn keep_time(
    store: &Store,
    releases: &Releases<DynamoDb, SystemClock>,
    is_first: bool,
) -> Result<(), PortError> {
    let release = releases.current().await?;
    let now = SystemClock.now();
    let kept = store.time_kept();
    let since = kept.map_or(now, |kept| kept.max(now.minus(MISSED_MAX)));
    let words = words(&release, since, now, is_first)?;
    if words.is_empty() && kept.is_some_and(|kept| now.since(kept) < KEPT_EVERY) {
        return Ok(());
    }
    store.keep_time("walks", &words, now)
}

/// A walk for each occurrence that has begun later than `since`. The first look of a process, whose project may be new, finds those,
/// too, that began before and in which somebody's hour is still to come.
fn words(
    release: &Release,
    since: Timestamp,
    now: Timestamp,
    is_first: bool,
) -> Result<Vec<Outgoing>, PortError> {
    let mut words = Vec::new();
    for (_, journey) in release.current() {
        for all in Occurrences::all(journey) {
            let goes_on = all.is_lasting() && is_first;
            let running = goes_on.then(|| all.running(now)).into_iter().flatten();
            let clock = all.clock();
            let next = |at: &Timestamp| all.schedule.next_after(*at, &clock);
            let come = std::iter::successors(next(&since), next).take_while(|at| *at <= now);
            for occurrence in running.filter(|at| *at <= since).chain(come) {
                let journey = journey.id.clone();
                let errand = Errand::Schedule {
                    journey,
                    occurrence,
                };
                words.push(Task::Begin(errand).message()?);
            }
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_come_since_is_said_and_at_first_what_goes_on() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
        let release = crate::dev::release_of(&crate::project::load(&folder).unwrap());
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let said = |since: &str, is_first| {
            let words = words(&release, at(since), at("2027-03-01T09:30:00Z"), is_first).unwrap();
            let bodies = words.into_iter().map(|word| word.body);
            bodies
                .map(|body| serde_json::from_str::<Task>(&body).unwrap())
                .collect::<Vec<_>>()
        };
        // Ten o'clock on Monday, where it comes first.
        let monday = [Task::Begin(Errand::Schedule {
            journey: "win-back".to_owned(),
            occurrence: at("2027-02-28T20:00:00Z"),
        })];
        assert_eq!(said("2027-02-28T19:00:00Z", false), monday);
        assert_eq!(said("2027-02-28T19:00:00Z", true), monday);
        assert_eq!(said("2027-03-01T09:00:00Z", false), []);
        assert_eq!(said("2027-03-01T09:00:00Z", true), monday);
    }
}
