//! What lies outside: connections, pools of codes, closed days, environments.

use jiff::civil::Date;

use super::{values, webhook};
use crate::calendar::ClosedDays;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::phrase::{Exact, Span, Unit};
use crate::release::{CouponPool, Environment, Project, TimeScale};
use crate::syntax::{Node, Place};

/// The keys of `map` that this module owns.
pub(super) fn read(map: &mut MapReader<'_>, project: &mut Project, faults: &mut Faults<'_>) {
    if let Some(node) = map.optional("webhooks") {
        project.webhooks = reader::named(node, "webhooks", faults, webhook::read);
    }
    if let Some(node) = map.optional("coupons") {
        project.coupons = reader::named(node, "coupons", faults, coupons);
    }
    if let Some(node) = map.optional("calendars") {
        project.closed = closed_days(node, faults).unwrap_or_default();
    }
    if let Some(node) = map.optional("environments") {
        project.environments = reader::named(node, "environments", faults, environment);
    }
}

fn coupons(node: &Node, id: &str, faults: &mut Faults<'_>) -> Option<CouponPool> {
    let mut map = MapReader::new(node, "a coupon pool", faults)?;
    let file_node = map.required("file", faults);
    let warn_below = map.optional("warn_below");
    map.finish(faults);
    let warn_below =
        warn_below.map(|node| reader::whole(node, "warn_below", (1, u32::MAX), faults));
    let file_node = file_node?;
    let file = reader::text(file_node, "file", faults)?;
    let name = file
        .strip_prefix("coupons/")
        .and_then(|name| name.strip_suffix(".csv"));
    if name.is_none_or(|name| name.is_empty() || name.contains(['/', '\\'])) {
        let message = format!("`{file}` is not a file of codes");
        faults.add(
            "E0152",
            file_node,
            &message,
            &format!("write `file: coupons/{id}.csv`"),
        );
        return None;
    }
    Some(CouponPool {
        file: file.to_owned(),
        warn_below: warn_below.flatten(),
    })
}

fn closed_days(node: &Node, faults: &mut Faults<'_>) -> Option<ClosedDays> {
    let mut map = MapReader::new(node, "`calendars`", faults)?;
    let closed = map.required("closed", faults);
    map.finish(faults);
    let days = values::texts(closed?, "closed", faults);
    Some(
        days.iter()
            .filter_map(|(place, text)| day(text, *place, faults))
            .collect(),
    )
}

/// `2027-12-24`.
pub(super) fn day(text: &str, place: Place, faults: &mut Faults<'_>) -> Option<Date> {
    let date = Date::strptime("%Y-%m-%d", text)
        .ok()
        .filter(|_| text.len() == 10);
    if date.is_none() {
        let message = format!("`{text}` is not a day");
        faults.add(
            "E0152",
            place,
            &message,
            "write year, month and day: `2027-12-24`",
        );
    }
    date
}

fn environment(node: &Node, _name: &str, faults: &mut Faults<'_>) -> Option<Environment> {
    let mut map = MapReader::new(node, "an environment", faults)?;
    let only_to = map.optional("only_to");
    let time_scale = map.optional("time_scale");
    map.finish(faults);
    let patterns = only_to.map_or_else(Vec::new, |node| values::texts(node, "only_to", faults));
    for (place, pattern) in &patterns {
        if !pattern.contains('@') || pattern.contains(char::is_whitespace) {
            let message = format!("`{pattern}` matches no address");
            faults.add(
                "E0152",
                *place,
                &message,
                "for example `\"*@example.com\"`, with quotes",
            );
        }
    }
    let scale = time_scale.map(|node| self::time_scale(node, faults));
    Some(Environment {
        only_to: patterns.into_iter().map(|(_, pattern)| pattern).collect(),
        time_scale: scale.flatten(),
    })
}

/// `1 day = 1 min`. A day here has 24 hours: the scale is for tests, which have no change of clocks.
fn time_scale(node: &Node, faults: &mut Faults<'_>) -> Option<TimeScale> {
    let text = reader::text(node, "time_scale", faults)?;
    let Some((journey, clock)) = text.split_once('=') else {
        let message = format!("`{text}` is not a scale");
        faults.add("E0152", node, &message, "for example `1 day = 1 min`");
        return None;
    };
    let mut read = |text: &str| {
        let span = Span::parse(text);
        span.map_err(|error| faults.add(error.code(), node.at, &error.to_string(), error.help()))
            .ok()
    };
    let (journey, clock) = (read(journey)?, read(clock)?);
    let scale = secs(journey).zip(secs(clock));
    if scale.is_none() {
        let message = format!("`{text}` is not a scale");
        let help =
            "seconds, minutes, hours, days or weeks on both sides, for example `1 day = 1 min`";
        faults.add("E0152", node, &message, help);
    }
    let (journey_secs, clock_secs) = scale?;
    Some(TimeScale {
        journey_secs,
        clock_secs,
    })
}

fn secs(span: Span) -> Option<u64> {
    const DAY: u64 = 24 * 60 * 60;
    match span {
        Span::Exact(exact) => Some(exact_secs(exact)),
        Span::Calendar(days) => match days.unit() {
            Unit::Day => Some(u64::from(days.count()) * DAY),
            Unit::Week => Some(u64::from(days.count()) * 7 * DAY),
            Unit::BusinessDay | Unit::Month | Unit::Year => None,
        },
    }
}

const fn exact_secs(exact: Exact) -> u64 {
    exact.duration().as_secs()
}
