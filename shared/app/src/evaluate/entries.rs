//! Counts entries, and holds the marketing of a journey that too many enter at once (`entry_alarm`).

use std::collections::BTreeMap;

use wend_core::brake::{
    Brake, Cause, Counter, DayNumber, Scope, USUAL_AFTER, USUAL_DAYS, flooded, hour_of,
};
use wend_core::log::{LogRow, Trace};
use wend_core::release::{Release, Trigger};
use wend_core::time::Timestamp;

use crate::counts::Counts;
use crate::ports::{PortError, Settled, Tallies};

/// The log target of brakes.
const BRAKE: &str = "wend::brake";

/// Notes the entries of rows that were written just then. Who is held out gets nothing and is no flood, and a campaign is meant to
/// take in many at once.
pub(super) fn note(counts: &Counts, rows: &[LogRow], release: &Release) {
    let is_campaign = |journey: &str, trigger: Option<usize>| {
        let found = release.journey(journey);
        let trigger = found.and_then(|(_, journey)| journey.triggers.get(trigger?.checked_sub(1)?));
        matches!(trigger, Some(Trigger::Schedule { .. }))
    };
    for trace in rows.iter().flat_map(|row| &row.trace) {
        if let Trace::Entered {
            journey,
            trigger,
            is_holdout: false,
            ..
        } = trace
            && !is_campaign(journey, *trigger)
        {
            counts.add(journey);
        }
    }
}

/// Tells the entries, and looks whether they are too many. A failure costs a count and no input.
pub(super) async fn tell(
    entries: BTreeMap<String, u32>,
    rows: &impl Tallies,
    factor: u16,
    now: Timestamp,
) {
    for (journey, count) in entries {
        let scope = Scope::Entries(journey);
        if let Err(error) = add(rows, &scope, count, factor, now).await {
            tracing::warn!(%scope, count, %error, "entries were not counted, or not compared");
        }
    }
}

async fn add(
    rows: &impl Tallies,
    scope: &Scope,
    count: u32,
    factor: u16,
    now: Timestamp,
) -> Result<(), PortError> {
    let (mut day, hour) = (DayNumber::of(now), Counter::entered(now));
    let today = rows.add(scope, day, hour, count).await?;
    if today.0.values().sum::<u32>() == count {
        // The first of the day.
        rows.counted_since(scope, now).await?;
    }
    // Each day that is read costs: as soon as one is busy enough, it is no flood.
    let mut days = vec![today];
    while let Some(cause) = flooded(factor, &days, now) {
        if days.len() <= USUAL_DAYS {
            day = day.before();
            days.push(rows.tally(scope, day).await?);
            continue;
        }
        // Nothing is usual of a journey that is new, or was lifted a moment ago.
        if now.since(rows.counted_since(scope, now).await?) < USUAL_AFTER {
            return Ok(());
        }
        return hold(rows, scope, cause, now).await;
    }
    Ok(())
}

async fn hold(
    rows: &impl Tallies,
    scope: &Scope,
    cause: Cause,
    now: Timestamp,
) -> Result<(), PortError> {
    let (since, from) = (now, hour_of(now));
    let brake = Brake { since, from, cause };
    if rows.brake(scope, &brake).await? == Settled::Done {
        tracing::error!(
            target: BRAKE, %scope, %cause,
            "marketing of those who enter is held until `wend brakes` lifts that"
        );
    }
    Ok(())
}
