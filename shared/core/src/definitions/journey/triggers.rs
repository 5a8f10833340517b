//! Reads triggers.

use super::events::event_match;
use super::scopes;
use crate::condition::{self, Topic};
use crate::definitions::Refers;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::occurrence::{TOGETHER_MAX, is_too_often};
use crate::path::Root;
use crate::phrase::{DatePhrase, Schedule, Span};
use crate::release::{Existing, PastHour, Trigger};
use crate::syntax::{Key, Node, Place};
use crate::zone::Zone;

/// A trigger and where its kind stands.
#[derive(Debug)]
pub(super) struct TriggerTree {
    pub(super) trigger: Trigger,
    pub(super) place: Place,
}

/// The kinds and their options.
const KINDS: [(&str, &[&str]); 8] = [
    ("event", &["where", "key", "after_last", "max_age"]),
    ("joins", &["existing"]),
    ("leaves", &["existing"]),
    ("subscribes", &[]),
    ("changes", &["from", "to"]),
    ("schedule", &["for", "zone", "spread", "if_past"]),
    ("date", &["every"]),
    ("manual", &[]),
];

/// Reads the triggers of a journey whose clock is `zone`.
pub(super) fn triggers(
    node: &Node,
    zone: Option<&Zone>,
    faults: &mut Faults<'_>,
) -> Vec<TriggerTree> {
    let before = faults.errors();
    let items = reader::list(node, "triggers", faults);
    if items.is_empty() && faults.errors() == before {
        let message = "nothing starts this journey";
        faults.add("E0130", node, message, "add `- event: signed_up`");
    }
    let read = items.iter().filter_map(|item| trigger(item, zone, faults));
    read.collect()
}

fn trigger(node: &Node, zone: Option<&Zone>, faults: &mut Faults<'_>) -> Option<TriggerTree> {
    let mut map = MapReader::new(node, "a trigger", faults)?;
    let key = kind(&map, faults)?;
    let place = Place::from(key);
    map.is_called(format!("a trigger on `{}`", key.text), &key.text);
    let trigger = match key.text.as_str() {
        "event" => event(&mut map, faults),
        "joins" => member(&mut map, "joins", faults),
        "leaves" => member(&mut map, "leaves", faults),
        "subscribes" => subscribes(&mut map, faults),
        "changes" => changes(&mut map, faults),
        "schedule" => schedule(&mut map, zone, faults),
        "date" => date(&mut map, faults),
        _ => manual(&mut map, faults),
    };
    report_options_of_others(&mut map, faults);
    report_condition(&mut map, faults);
    map.finish(faults);
    trigger.map(|trigger| TriggerTree { trigger, place })
}

/// The one key that says of which kind the trigger is.
fn kind<'n>(map: &MapReader<'n>, faults: &mut Faults<'_>) -> Option<&'n Key> {
    let is_kind = |key: &&Key| KINDS.iter().any(|(kind, _)| *kind == key.text);
    let found: Vec<&Key> = map.keys().filter(is_kind).collect();
    let names = KINDS.map(|(kind, _)| kind);
    match found.as_slice() {
        [one] => Some(one),
        [] => {
            let help = format!("one of: {}", names.join(", "));
            let near = |key: &Key| reader::nearest(&key.text, names.into_iter());
            let meant = map.keys().find_map(|key| near(key).map(|near| (key, near)));
            let message = "this trigger does not say what starts a run";
            match meant {
                Some((key, near)) => faults.add("E0133", key, message, &help).meant(near),
                None => faults.add("E0133", map.place(), message, &help),
            };
            None
        }
        [first, second, ..] => {
            let message = format!(
                "this trigger has two kinds, `{}` and `{}`",
                first.text, second.text
            );
            let help = "make two triggers of it: each starts with its own `- `";
            faults.add("E0133", *second, &message, help);
            None
        }
    }
}

/// Reports options that belong to triggers of another kind.
fn report_options_of_others(map: &mut MapReader<'_>, faults: &mut Faults<'_>) {
    let options = || {
        KINDS
            .iter()
            .flat_map(|(_, options)| options.iter().copied())
    };
    for key in map.take_left(|name| options().find(|option| *option == name)) {
        let owners = KINDS
            .iter()
            .filter(|(_, options)| options.contains(&key.text.as_str()));
        let owners: Vec<String> = owners.map(|(kind, _)| format!("`{kind}`")).collect();
        let message = format!("{} has no `{}`", map.what(), key.text);
        let help = format!(
            "`{}` belongs to triggers on {}",
            key.text,
            owners.join(" and ")
        );
        faults.add("E0112", key, &message, &help);
    }
}

/// Reports a condition: it belongs to the journey, whatever starts it.
fn report_condition(map: &mut MapReader<'_>, faults: &mut Faults<'_>) {
    let Some((key, _)) = map.peek("if") else {
        return;
    };
    let message = format!("{} has no `if`", map.what());
    let help = match map.peek("event") {
        Some(_) => "ask of the contact with the journey's `entry_if`, of the event with `where`",
        None => "ask with the journey's `entry_if`",
    };
    faults.add("E0108", key, &message, help);
    map.take(key);
}

fn event(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Trigger> {
    let (on, _) = event_match(map, scopes::TRIGGER, faults);
    let span = |node: &Node, what: &str, faults: &mut Faults<'_>| {
        reader::phrase(node, what, faults, Span::parse)
    };
    let after_last = map.read("after_last", faults, span);
    let max_age = map.read("max_age", faults, span);
    let on = on?;
    let max_age = max_age.or_else(|| Span::parse("24h").ok())?;
    Some(Trigger::Event {
        on,
        after_last,
        max_age,
    })
}

const EXISTING: [(&str, Existing); 2] = [("enroll", Existing::Enroll), ("skip", Existing::Skip)];

fn member(map: &mut MapReader<'_>, kind: &'static str, faults: &mut Faults<'_>) -> Option<Trigger> {
    let id = map.read(kind, faults, |node, what, faults| {
        let id = reader::id(node, what, faults)?;
        faults.refer(Refers::SegmentOrList, id.as_str(), node);
        Some(id)
    });
    let Some(existing) = map.optional("existing") else {
        let message = "what happens to those who belong already?";
        let help = "add `existing: skip`, or `existing: enroll` to take them all in at once";
        faults.add("E0101", map.place(), message, help);
        return None;
    };
    let existing = reader::choice(existing, "existing", &EXISTING, faults);
    Some(Trigger::Member {
        id: id?,
        joins: kind == "joins",
        existing: existing?,
    })
}

fn subscribes(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Trigger> {
    let topic = map.read("subscribes", faults, topic)?;
    Some(Trigger::Subscribes { topic })
}

/// A topic, with its channel.
pub(super) fn topic(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Topic> {
    let help = "for example `news` (email) or `offers/sms`";
    let topic: Topic = reader::scalar(node, what, help, faults)?;
    faults.refer(Refers::Topic, topic.topic.as_str(), node);
    Some(topic)
}

fn changes(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Trigger> {
    let attribute = map.read("changes", faults, |node, what, faults| {
        let text = reader::text(node, what, faults)?;
        let attribute = text.strip_prefix("contact.").unwrap_or(text);
        let name = reader::name_of(node, what, faults).map(|_| attribute.to_owned())?;
        faults.refer(Refers::Attribute, name.as_str(), node);
        Some(name)
    });
    let before = faults.errors();
    let mut tests = |key: &'static str, faults: &mut Faults<'_>| {
        map.read(key, faults, |node, what, faults| {
            condition::tests_of(node, what, scopes::TRIGGER, faults)
        })
    };
    let from = tests("from", faults);
    let to = tests("to", faults);
    let is_read = faults.errors() == before;
    let trigger = Trigger::Changes {
        attribute: attribute?,
        from,
        to,
    };
    is_read.then_some(trigger)
}

fn schedule(
    map: &mut MapReader<'_>,
    of_journey: Option<&Zone>,
    faults: &mut Faults<'_>,
) -> Option<Trigger> {
    let place = map.place();
    let schedule = map.read("schedule", faults, |node, what, faults| {
        reader::phrase(node, what, faults, Schedule::parse)
    });
    let segment = map.required("for", faults).and_then(|node| {
        let id = reader::id(node, "for", faults)?;
        faults.refer(Refers::Segment, id.as_str(), node);
        Some(id)
    });
    let zone = map.read("zone", faults, zone);
    let spread = map.read("spread", faults, |node, what, faults| {
        reader::phrase(node, what, faults, Span::parse)
    });
    let clock = zone.as_ref().or(of_journey);
    let if_past = past_hour(map, schedule, clock, faults);
    if schedule.is_some_and(|schedule| is_too_often(schedule, clock.is_some(), spread)) {
        let message = "it comes again while many contacts still wait for the times before";
        let help = format!(
            "up to {TOGETHER_MAX} may go on at once: on contacts' own clocks each lasts 26 hours, and `spread` longer; \
             let it come less often, spread it less, or give it one clock: `zone: Europe/Berlin`"
        );
        faults.add("E0189", place, message, &help);
        return None;
    }
    Some(Trigger::Schedule {
        schedule: schedule?,
        segment: segment?,
        zone,
        spread,
        if_past: if_past?,
    })
}

const PAST_HOURS: [(&str, PastHour); 3] = [
    ("now", PastHour::Now),
    ("next_day", PastHour::NextDay),
    ("skip", PastHour::Skip),
];

/// What becomes of contacts whose hour has passed: to be said where that can be many, and only where clocks differ.
fn past_hour(
    map: &mut MapReader<'_>,
    schedule: Option<Schedule>,
    zone: Option<&Zone>,
    faults: &mut Faults<'_>,
) -> Option<PastHour> {
    let said = map.optional("if_past");
    match (said, zone) {
        (Some(node), None) => reader::choice(node, "if_past", &PAST_HOURS, faults),
        (Some(node), Some(_)) => {
            let message = "on one clock for all the hour has passed for nobody";
            let help = "leave `if_past` out, or say `zone: contact`";
            faults.add("E0112", node, message, help);
            None
        }
        (None, None) if schedule.is_some_and(|schedule| !schedule.is_recurring()) => {
            let message = "what becomes of contacts whose clock is past that hour already?";
            let help = "add `if_past: now`, `next_day` or `skip`, or one clock for all: `zone: Europe/Berlin`";
            faults.add("E0101", map.place(), message, help);
            None
        }
        (None, _) => Some(PastHour::default()),
    }
}

/// The name of a zone; none for `contact`, whose own zone counts.
pub(super) fn zone(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Zone> {
    match reader::text(node, what, faults)? {
        "contact" => None,
        _ => reader::zone(node, what, faults),
    }
}

fn date(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Trigger> {
    let every = map.read("every", faults, |node, what, faults| {
        reader::choice(node, what, &[("year", true)], faults)
    });
    let phrase = map.read("date", faults, |node, what, faults| {
        let phrase = reader::phrase(node, what, faults, DatePhrase::parse)?;
        if phrase.path().root() != Root::Contact {
            let message = format!("`{}` has no value before a run begins", phrase.path());
            let help = "name a date of the contact, for example `contact.birthday`";
            faults.add("E0134", node, &message, help);
            return None;
        }
        faults.refer_path(phrase.path(), node);
        Some(phrase)
    });
    Some(Trigger::Date {
        phrase: phrase?,
        is_yearly: every.unwrap_or(false),
    })
}

fn manual(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Trigger> {
    map.read("manual", faults, |node, what, faults| {
        reader::choice(node, what, &[("true", ())], faults).map(|()| Trigger::Manual)
    })
}
