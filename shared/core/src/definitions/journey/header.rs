//! Reads the header of a journey and brings its parts together.

use std::collections::BTreeMap;

use serde_json::Value;

use super::events::{event_match, property};
use super::flow::{self, Whole};
use super::layout;
use super::paths::{Holder, paths};
use super::steps::{steps, word};
use super::tree::{PathTree, StepTree, Word};
use super::triggers::{TriggerTree, triggers, zone};
use super::{names, scopes, sending};
use crate::condition::{self, Condition, Moment};
use crate::definitions::Refers;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::phrase::{PhraseFault, Span};
use crate::release::{
    Goal, InFlight, Journey, JourneyState, Reentry, Retrigger, Sending, Share, Stage, Trigger,
};
use crate::syntax::{Node, NodeValue, Place};
use crate::time::Timestamp;
use crate::zone::Zone;

const STATES: [(&str, JourneyState); 4] = [
    ("draft", JourneyState::Draft),
    ("rehearsal", JourneyState::Rehearsal),
    ("live", JourneyState::Live),
    ("closed", JourneyState::Closed),
];
const STAGES: [(&str, Stage); 4] = [
    ("awareness", Stage::Awareness),
    ("consideration", Stage::Consideration),
    ("decision", Stage::Decision),
    ("retention", Stage::Retention),
];
const RETRIGGERS: [(&str, Retrigger); 3] = [
    ("ignore", Retrigger::Ignore),
    ("refresh", Retrigger::Refresh),
    ("restart", Retrigger::Restart),
];
const IN_FLIGHT: [(&str, InFlight); 3] = [
    ("retime", InFlight::Retime),
    ("pin", InFlight::Pin),
    ("exit", InFlight::Exit),
];
/// Most runs of one contact at once.
const PARALLEL_MAX: u16 = 100;

/// Everything of the file but its steps.
pub(super) struct Header {
    pub(super) id: Option<String>,
    title: Option<String>,
    topic: Option<String>,
    pub(super) entry_if: Option<Condition>,
    pub(super) entry_place: Place,
    pub(super) triggers: Vec<TriggerTree>,
    pub(super) goal: Option<GoalTree>,
    pub(super) removed: Vec<(Word, Word)>,
    pub(super) vars: BTreeMap<String, Value>,
    pub(super) max_duration: Option<Span>,
    sending: Sending,
    settings: Settings,
}

/// The goal and where its parts stand.
pub(super) struct GoalTree {
    pub(super) goal: Goal,
    pub(super) key: Option<Place>,
    pub(super) within: Place,
}

/// Settings of one word each.
struct Settings {
    state: Option<JourneyState>,
    stage: Option<Stage>,
    reentry: Option<Reentry>,
    retrigger: Option<Retrigger>,
    parallel: Option<u16>,
    holdout: Option<Share>,
    zone: Option<Zone>,
    in_flight: Option<InFlight>,
    open: (Option<Timestamp>, Option<Timestamp>),
}

/// Reads the whole file.
pub(super) fn read(root: &Node, faults: &mut Faults<'_>) -> Option<Journey> {
    let mut map = MapReader::new(root, "a journey", faults)?;
    let header = header(&mut map, faults);
    let exits = map.optional("exits");
    let exits = exits.map_or_else(Vec::new, |node| paths(node, Holder::Exits, faults));
    let main = map.required("steps", faults);
    let main = main.map_or_else(Vec::new, |node| steps(node, "steps", faults));
    map.finish(faults);
    names::check(&header, &main, &exits, faults);
    let laid = layout::lay_out(&main, &exits, &header, faults);
    flow::check(
        &Whole {
            header: &header,
            main: &main,
            exits: &exits,
            laid: &laid,
        },
        faults,
    );
    compile(header, laid)
}

fn header(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Header {
    let id = map.required("journey", faults).and_then(|node| {
        let id = reader::id(node, "journey", faults)?;
        reader::check_name(&id, node, faults);
        Some(id)
    });
    let title = map.optional_text("title", faults).map(str::to_owned);
    let _about = map.optional_text("about", faults);
    let topic = map.read("topic", faults, |node, what, faults| {
        let topic = reader::id(node, what, faults)?;
        faults.refer(Refers::Topic, topic.as_str(), node);
        Some(topic)
    });
    let settings = settings(map, faults);
    let entry = map.optional("entry_if");
    let entry_if = entry.and_then(|node| condition::condition(node, scopes::ENTRY, faults));
    let triggers_node = map.required("triggers", faults);
    Header {
        id,
        title,
        topic,
        entry_if,
        entry_place: entry.map_or(map.place(), Place::from),
        triggers: triggers_node.map_or_else(Vec::new, |node| {
            triggers(node, settings.zone.as_ref(), faults)
        }),
        goal: map.read("goal", faults, |node, _, faults| goal(node, faults)),
        removed: map
            .optional("removed")
            .map_or_else(Vec::new, |node| removed(node, faults)),
        vars: map
            .optional("vars")
            .map_or_else(BTreeMap::new, |node| vars(node, faults)),
        max_duration: map.read("max_duration", faults, span),
        sending: map
            .read("sending", faults, sending::sending)
            .unwrap_or_default(),
        settings,
    }
}

fn span(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Span> {
    reader::phrase(node, what, faults, Span::parse)
}

fn settings(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Settings {
    let choose = reader::choice;
    let zone = map.read("zone", faults, zone);
    Settings {
        state: map.read("state", faults, |n, what, f| choose(n, what, &STATES, f)),
        stage: map.read("stage", faults, |n, what, f| {
            reader::choice(n, what, &STAGES, f)
        }),
        reentry: map.read("reentry", faults, reentry),
        retrigger: map.read("retrigger", faults, |n, what, f| {
            reader::choice(n, what, &RETRIGGERS, f)
        }),
        parallel: map.read("parallel", faults, |n, what, f| {
            reader::whole(n, what, (1, PARALLEL_MAX), f)
        }),
        holdout: map.read("holdout", faults, reader::share),
        in_flight: map.read("in_flight", faults, |n, what, f| {
            reader::choice(n, what, &IN_FLIGHT, f)
        }),
        open: map
            .read("open", faults, |node, _, faults| {
                open(node, zone.as_ref(), faults)
            })
            .unwrap_or_default(),
        zone,
    }
}

fn reentry(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Reentry> {
    match reader::text(node, what, faults)? {
        "never" => Some(Reentry::Never),
        "always" => Some(Reentry::Always),
        text => match Span::parse(text) {
            Err(error) if error.fault() == PhraseFault::Unreadable => {
                let message = format!("`{what}` cannot be `{text}`");
                let help = "one of: never, always, or a time, for example `30 days`";
                let fault = faults.add("E0106", node, &message, help);
                if let Some(rewrite) = error.rewrites().first() {
                    fault.replace(rewrite);
                }
                None
            }
            Ok(_) | Err(_) => span(node, what, faults).map(Reentry::After),
        },
    }
}

/// When entries are taken.
fn open(
    node: &Node,
    zone: Option<&Zone>,
    faults: &mut Faults<'_>,
) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let mut map = MapReader::new(node, "`open`", faults)?;
    let [from, until] = ["from", "until"].map(|key| map.optional(key));
    map.finish(faults);
    if from.is_none() && until.is_none() {
        let help = "for example `{ from: 2027-03-01 09:00 Europe/Berlin }`";
        faults.add("E0102", node, "`open` says nothing", help);
    }
    let mut read = |node: Option<&Node>, what, of: fn(&Moment, &Zone) -> Timestamp| {
        node.and_then(|node| instant(node, what, zone, faults).map(|(at, zone)| of(&at, &zone)))
    };
    // A day is among those on which entries are taken, the last one too.
    let times = (
        read(from, "from", Moment::from),
        read(until, "until", Moment::past),
    );
    if let (Some(first), Some(last)) = times
        && first >= last
    {
        let message = "entries would be over before they begin";
        faults.add(
            "E0184",
            until.unwrap_or(node),
            message,
            "swap `from` and `until`",
        );
    }
    Some(times)
}

/// A moment and the zone in which it is read: the file or the journey must say it.
fn instant(
    node: &Node,
    what: &str,
    zone: Option<&Zone>,
    faults: &mut Faults<'_>,
) -> Option<(Moment, Zone)> {
    let help = "for example `2027-03-01 09:00 Europe/Berlin`";
    let moment: Moment = reader::scalar(node, what, help, faults)?;
    if zone.is_none() && !moment.is_absolute() {
        let message = format!("`{moment}` is another moment in every zone");
        let time = if moment.is_day() { " 00:00" } else { "" };
        let help = format!(
            "say the zone, for example `{moment}{time} Europe/Berlin`, or give the journey a `zone`"
        );
        faults.add("E0184", node, &message, &help);
        return None;
    }
    Some((moment, zone.cloned().unwrap_or(Zone::utc())))
}

const THEN: [(&str, bool); 2] = [("exit", true), ("stay", false)];

fn goal(node: &Node, faults: &mut Faults<'_>) -> Option<GoalTree> {
    if let NodeValue::Scalar { text, .. } = &node.value {
        let whole = format!("{{ event: {text} }}");
        let help = format!("write `goal: {whole}`");
        let message = format!("a goal is a map, this is {}", node.kind());
        let fault = faults.add("E0100", node, &message, &help);
        if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            fault.replace(&whole);
        }
        return None;
    }
    let mut map = MapReader::new(node, "a goal", faults)?;
    let condition = map.peek("if").map(|(key, _)| key);
    if let Some(key) = condition {
        let help = "a goal is an event; for a condition use `exits`";
        faults.add("E0108", key, "unknown key `if` in a goal", help);
        map.take(key);
    }
    if map.peek("event").is_none() && condition.is_none() {
        map.required("event", faults);
    }
    let (on, key) = event_match(&mut map, scopes::RUN, faults);
    let within_node = map.optional("within");
    let within = within_node.and_then(|node| span(node, "within", faults));
    let event = on.as_ref().map(|on| on.event.clone());
    let value = map.read("value", faults, |node, what, faults| {
        property(node, what, event.as_deref(), faults)
    });
    let currency = map.read("currency", faults, currency);
    let ends_run = map.read("then", faults, |n, what, f| {
        reader::choice(n, what, &THEN, f)
    });
    map.finish(faults);
    Some(GoalTree {
        goal: Goal {
            on: on?,
            within,
            value,
            currency,
            ends_run: ends_run.unwrap_or(true),
        },
        key,
        within: within_node.map_or(node.into(), Place::from),
    })
}

fn currency(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let text = reader::text(node, what, faults)?;
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_code {
        let message = format!("`{text}` is not a currency");
        let fault = faults.add(
            "E0185",
            node,
            &message,
            "three capital letters, for example `EUR`",
        );
        let upper = text.trim().to_uppercase();
        if upper.len() == 3 && upper.bytes().all(|byte| byte.is_ascii_uppercase()) {
            fault.meant(&upper);
        }
    }
    is_code.then(|| text.to_owned())
}

fn vars(node: &Node, faults: &mut Faults<'_>) -> BTreeMap<String, Value> {
    let name = reader::data_name;
    reader::named_as(node, "vars", faults, name, |node, what, faults| {
        reader::text(node, what, faults)?;
        match &node.value {
            NodeValue::Scalar { text, is_plain } => Some(reader::scalar_value(text, *is_plain)),
            NodeValue::List(_) | NodeValue::Map(_) => None,
        }
    })
}

fn removed(node: &Node, faults: &mut Faults<'_>) -> Vec<(Word, Word)> {
    let NodeValue::Map(entries) = &node.value else {
        let message = format!("`removed` takes a map, this is {}", node.kind());
        faults.add("E0100", node, &message, "for example `{ old-step: next }`");
        return Vec::new();
    };
    let pairs = entries.iter().filter_map(|(key, value)| {
        let old = word(&key.as_node(), "removed", faults);
        let to = word(value, &key.text, faults);
        old.zip(to)
    });
    pairs.collect()
}

fn compile(header: Header, laid: layout::Laid) -> Option<Journey> {
    let triggers: Vec<Trigger> = header
        .triggers
        .into_iter()
        .map(|tree| tree.trigger)
        .collect();
    let has_key =
        |trigger: &Trigger| matches!(trigger, Trigger::Event { on, .. } if on.key.is_some());
    let parallel = if triggers.iter().any(has_key) { 5 } else { 1 };
    let settings = header.settings;
    let id = header.id?;
    Some(Journey {
        title: header.title.unwrap_or_else(|| id.clone()),
        id,
        state: settings.state.unwrap_or(JourneyState::Draft),
        stage: settings.stage,
        topic: header.topic,
        triggers,
        entry_if: header.entry_if.map(Box::new),
        reentry: settings.reentry.unwrap_or(Reentry::Never),
        retrigger: settings.retrigger.unwrap_or(Retrigger::Ignore),
        parallel: settings.parallel.unwrap_or(parallel),
        goal: header.goal.map(|tree| tree.goal),
        exits: laid.exits,
        holdout: settings.holdout.unwrap_or_default(),
        sending: header.sending,
        zone: settings.zone,
        vars: header.vars,
        in_flight: settings.in_flight.unwrap_or(InFlight::Retime),
        removed: laid.removed,
        open_from: settings.open.0,
        open_until: settings.open.1,
        max_duration: header.max_duration.or_else(|| Span::parse("1 year").ok())?,
        steps: laid.steps,
    })
}

/// Every list of steps that does not stand below another step.
pub(super) fn roots<'t>(
    main: &'t [StepTree],
    exits: &'t [PathTree],
) -> impl Iterator<Item = &'t [StepTree]> {
    std::iter::once(main).chain(exits.iter().map(PathTree::steps))
}
