//! How the project's messages go: quiet hours, expiry, caps, link parameters, the brake, the alarm.

use std::collections::BTreeMap;

use super::values::CHANNELS;
use crate::brake::BrakeLimits;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::definitions::{Refers, tree};
use crate::identity::Channel;
use crate::phrase::{QuietHours, Span};
use crate::release::{Cap, CapPeriod, ProjectSending};
use crate::send::CAP_MAX;
use crate::syntax::Node;

/// The alarm's factors: twice the usual rate is chance, beyond a thousand nothing is held.
const ALARM: std::ops::RangeInclusive<u16> = 2..=1000;

/// More first messages in an hour are no limit.
pub(in crate::definitions) const FIRST_MESSAGES_MAX: u32 = 1_000_000;

pub(super) fn read(node: &Node, faults: &mut Faults<'_>) -> Option<ProjectSending> {
    let mut map = MapReader::new(node, "`sending` of a project", faults)?;
    let mut sending = ProjectSending::default();
    if let Some(node) = map.optional("quiet_hours") {
        sending.quiet_hours = by_channel(node, "`quiet_hours`", faults, |node, faults| {
            reader::phrase(node, "quiet_hours", faults, QuietHours::parse)
        });
    }
    if let Some(node) = map.optional("expires") {
        sending.expires = by_channel(node, "`expires`", faults, |node, faults| {
            reader::phrase(node, "expires", faults, Span::parse)
        });
    }
    if let Some(node) = map.optional("caps") {
        let caps = reader::list(node, "caps", faults).iter();
        sending.caps = caps.filter_map(|node| cap(node, faults)).collect();
    }
    if let Some(node) = map.optional("utm") {
        sending.utm = reader::named_as(
            node,
            "utm",
            faults,
            reader::data_name,
            |node, name, faults| reader::text(node, name, faults).map(str::to_owned),
        );
    }
    if let Some(node) = map.optional("brake") {
        sending.brake = brake(node, faults).unwrap_or_default();
    }
    if let Some(node) = map.optional("entry_alarm") {
        sending.entry_alarm = alarm(node, faults);
    }
    if let Some(node) = map.optional("first_messages_per_hour") {
        let (least, most) = (1, FIRST_MESSAGES_MAX);
        sending.first_messages_per_hour =
            reader::whole(node, "first_messages_per_hour", (least, most), faults);
    }
    map.finish(faults);
    Some(sending)
}

/// One value for each channel that is named.
fn by_channel<T>(
    node: &Node,
    what: &'static str,
    faults: &mut Faults<'_>,
    read: impl Fn(&Node, &mut Faults<'_>) -> Option<T>,
) -> BTreeMap<Channel, T> {
    let mut all = BTreeMap::new();
    let Some(mut map) = MapReader::new(node, what, faults) else {
        return all;
    };
    for (name, channel) in CHANNELS {
        let value = map.optional(name).and_then(|node| read(node, faults));
        all.extend(value.map(|value| (channel, value)));
    }
    map.finish(faults);
    all
}

const PERIODS: [(&str, CapPeriod); 3] = [
    ("day", CapPeriod::Day),
    ("week", CapPeriod::Week),
    ("month", CapPeriod::Month),
];

fn cap(node: &Node, faults: &mut Faults<'_>) -> Option<Cap> {
    let mut map = MapReader::new(node, "a cap", faults)?;
    let channel = map.optional("channel");
    let channel = channel.map(|node| reader::choice(node, "channel", &CHANNELS, faults));
    let topic = map.optional("topic");
    let topic = topic.map(|node| tree::refer(node, "topic", Refers::Topic, faults));
    let max = map.required("max", faults);
    let max = max.and_then(|node| reader::whole(node, "max", (1, CAP_MAX), faults));
    let (per, within) = (map.optional("per"), map.optional("within"));
    map.finish(faults);
    let per = match (per, within) {
        (Some(per), None) => reader::choice(per, "per", &PERIODS, faults),
        (None, Some(within)) => {
            reader::phrase(within, "within", faults, Span::parse).map(CapPeriod::Within)
        }
        (None, None) => {
            let help = "`per: day` counts on the contact's calendar, `within: 7 days` is rolling";
            faults.add("E0101", node, "a cap needs `per` or `within`", help);
            None
        }
        (Some(_), Some(within)) => {
            let help = "`per: day` counts on the contact's calendar, `within: 7 days` is rolling: keep one";
            faults.add("E0153", within, "a cap looks at one time", help);
            None
        }
    };
    Some(Cap {
        channel: channel.map_or(Some(None), |read| read.map(Some))?,
        topic: topic.map_or(Some(None), |read| read.map(Some))?,
        max: max?,
        per: per?,
    })
}

/// `{ bounces: 5%, complaints: 0.1% }`.
fn brake(node: &Node, faults: &mut Faults<'_>) -> Option<BrakeLimits> {
    let mut map = MapReader::new(node, "`brake`", faults)?;
    let mut limits = BrakeLimits::default();
    for (key, limit) in [
        ("bounces", &mut limits.bounces),
        ("complaints", &mut limits.complaints),
    ] {
        let share = map.optional(key);
        let share = share.and_then(|node| reader::share(node, key, faults));
        *limit = share.unwrap_or(*limit);
    }
    map.finish(faults);
    Some(limits)
}

/// `5x`.
fn alarm(node: &Node, faults: &mut Faults<'_>) -> Option<u16> {
    let text = reader::text(node, "entry_alarm", faults)?;
    let factor = text
        .strip_suffix('x')
        .and_then(|number| number.trim().parse().ok());
    let factor = factor.filter(|factor| ALARM.contains(factor));
    if factor.is_none() {
        let message = format!("`entry_alarm` cannot be `{text}`");
        let help = "for example `5x`: five times the usual rate; from `2x` to `1000x`";
        faults.add("E0157", node, &message, help);
    }
    factor
}
