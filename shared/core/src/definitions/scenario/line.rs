//! Reads the lines of a timeline.

use std::collections::BTreeMap;

use super::moment::{Moment, minute};
use super::read::{ids, topic};
use super::value;
use super::{Check, Done, Expected, Line, Named, Person, Reaction, Resume, What};
use crate::definitions::Diagnostic;
use crate::definitions::reader::{self, Faults, MapReader, nearest};
use crate::syntax::{Node, NodeValue, Position};
use crate::time::Timestamp;
use crate::zone::Zone;

/// What the lines of one case share.
pub(super) struct Teller<'a> {
    pub(super) contacts: &'a BTreeMap<String, Person>,
    /// Whom lines are about that do not say it.
    pub(super) who: Option<Named>,
    pub(super) zone: &'a Zone,
}

/// The verbs of lines that do something.
pub(in super::super) const DONE: [&str; 15] = [
    "track",
    "identify",
    "import",
    "page",
    "open",
    "click",
    "reply",
    "bounce",
    "complain",
    "subscribe",
    "unsubscribe",
    "publish",
    "pause",
    "resume",
    "enroll",
];

/// The verbs of lines that expect something.
pub(in super::super) const EXPECTED: [&str; 9] = [
    "sent", "held", "skipped", "alerted", "called", "emitted", "entered", "ended", "is",
];

/// What can stand beside one verb or another.
const OPTIONS: [&str; 12] = [
    "with", "occurred", "link", "by", "as", "subject", "contains", "reason", "until", "body",
    "value", "text",
];

/// Reads lines, each from the time of the one before it on.
pub(super) fn timeline(
    nodes: &[Node],
    start: Timestamp,
    teller: &Teller<'_>,
    faults: &mut Faults<'_>,
) -> Vec<Line> {
    let mut before = start;
    let mut lines = Vec::new();
    for node in nodes {
        let Some(mut map) = MapReader::new(node, "a line", faults) else {
            continue;
        };
        let time = map.required("at", faults);
        let time = time.and_then(|node| moment(node, before, teller.zone, faults));
        let who = who(&mut map, teller, faults);
        before = time.map_or(before, |(at, _)| at);
        let what = verb(&mut map, before, teller, faults);
        map.finish(faults);
        if let (Some((at, is_relative)), Some(who), Some(what)) = (time, who, what) {
            lines.push(Line {
                position: node.at,
                at,
                is_relative,
                who,
                what,
            });
        }
    }
    lines
}

/// The instant of a line, and whether it counts from the line before.
fn moment(
    node: &Node,
    before: Timestamp,
    zone: &Zone,
    faults: &mut Faults<'_>,
) -> Option<(Timestamp, bool)> {
    match Moment::parse(reader::text(node, "at", faults)?) {
        Ok(moment) => {
            let at = moment.resolve(before, zone);
            if at < minute(before) {
                let message = "this line lies before the one above it";
                let help = "lines stand in the order of time; put it further up";
                faults.add("E0605", node.at, message, help);
            }
            Some((at.max(before), matches!(moment, Moment::After(_))))
        }
        Err((code, message, help)) => {
            faults.add(code, node.at, &message, &help);
            None
        }
    }
}

/// The contact that a line is about.
fn who(map: &mut MapReader<'_>, teller: &Teller<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let said = map.optional("who");
    let names = || teller.contacts.keys().map(String::as_str);
    let (at, name) = match said {
        Some(node) => (node.at, Some(reader::text(node, "who", faults)?.to_owned())),
        None => match &teller.who {
            Some(who) => (who.at, Some(who.name.clone())),
            None => (map.at(), None),
        },
    };
    let Some(name) = name else {
        let all: Vec<&str> = names().collect();
        let help = format!("add `who:`, one of: {}", all.join(", "));
        faults.add("E0606", at, "whom is this line about?", &help);
        return None;
    };
    if teller.contacts.contains_key(&name) {
        return Some(name);
    }
    let help = match nearest(&name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "describe it under `contacts`".to_owned(),
    };
    // One name may be meant by many lines, and by those of other cases.
    let is_told = |fault: &Diagnostic| fault.code == "E0607" && fault.at == at;
    if !faults.found.iter().any(is_told) {
        faults.add("E0607", at, &format!("there is no contact `{name}`"), &help);
    }
    None
}

/// The one verb of a line.
fn verb(
    map: &mut MapReader<'_>,
    at: Timestamp,
    teller: &Teller<'_>,
    faults: &mut Faults<'_>,
) -> Option<What> {
    let all = DONE.into_iter().chain(EXPECTED);
    let found = all.filter_map(|verb| Some((verb, map.optional(verb)?)));
    let found: Vec<(&'static str, &Node)> = found.collect();
    match found.as_slice() {
        [(verb, _)] => {
            map.forget(|known| {
                known != *verb && (DONE.contains(&known) || EXPECTED.contains(&known))
            });
            map.is_called(format!("a line with `{verb}`"), verb);
        }
        // It is not known of which verb they are.
        _ => {
            for option in OPTIONS {
                map.optional(option);
            }
        }
    }
    match found.as_slice() {
        [(verb, node)] if DONE.contains(verb) => {
            done(verb, node, map, (at, teller.zone), faults).map(What::Done)
        }
        [(verb, node)] => expected(verb, node, map, (at, teller.zone), faults).map(What::Expected),
        [] => {
            let help = format!("one of: {}, {}", DONE.join(", "), EXPECTED.join(", "));
            faults.add("E0608", map.at(), "this line says nothing", &help);
            None
        }
        [(first, _), (second, node), ..] => {
            let message = format!("this line has two verbs, `{first}` and `{second}`");
            faults.add("E0609", node.at, &message, "make two lines of it");
            None
        }
    }
}

/// Present tense.
fn done(
    verb: &str,
    node: &Node,
    map: &mut MapReader<'_>,
    when: (Timestamp, &Zone),
    faults: &mut Faults<'_>,
) -> Option<Done> {
    let reaction = Reaction::ALL.iter().find(|(name, _)| *name == verb);
    if let Some((_, reaction)) = reaction {
        return react(*reaction, verb, node, map, faults);
    }
    let mut with = |faults: &mut Faults<'_>| {
        let with = map.optional("with");
        with.map(|node| value::map(node, "with", faults))
            .unwrap_or_default()
    };
    let text = |faults: &mut Faults<'_>| reader::text(node, verb, faults).map(str::to_owned);
    match verb {
        "track" => {
            let with = with(faults);
            let occurred_at = occurred(map, when, faults);
            text(faults).map(|event| Done::Track {
                event,
                with,
                occurred_at,
            })
        }
        "identify" => Some(Done::Identify {
            traits: value::map(node, verb, faults),
            occurred_at: occurred(map, when, faults),
        }),
        "import" => Some(Done::Import(value::map(node, verb, faults))),
        "page" => text(faults).map(|path| Done::Page { path }),
        "subscribe" => topic(node, faults).map(Done::Subscribe),
        "unsubscribe" if matches!(&node.value, NodeValue::Scalar { text, .. } if text == "all") => {
            Some(Done::Unsubscribe(None))
        }
        "unsubscribe" => topic(node, faults).map(|topic| Done::Unsubscribe(Some(topic))),
        "publish" => publish(node, faults),
        "pause" => reader::id(node, verb, faults).map(|journey| Done::Pause { journey }),
        "resume" => {
            let modes = [("running", Resume::Running), ("shift", Resume::Shift)];
            let mode = map.optional("as");
            let mode = mode.and_then(|node| reader::choice(node, "as", &modes, faults));
            let mode = mode.unwrap_or_default();
            reader::id(node, verb, faults).map(|journey| Done::Resume { journey, mode })
        }
        _ => {
            let with = with(faults);
            reader::id(node, verb, faults).map(|journey| Done::Enroll { journey, with })
        }
    }
}

fn react(
    reaction: Reaction,
    verb: &str,
    node: &Node,
    map: &mut MapReader<'_>,
    faults: &mut Faults<'_>,
) -> Option<Done> {
    let by = map.optional("by");
    let by = by.and_then(|node| reader::choice(node, "by", &[("machine", true)], faults));
    let link = match reaction {
        Reaction::Click => map.optional_text("link", faults).map(str::to_owned),
        Reaction::Open | Reaction::Reply | Reaction::Bounce | Reaction::Complain => None,
    };
    let text = match reaction {
        Reaction::Reply => map.optional_text("text", faults).map(str::to_owned),
        Reaction::Open | Reaction::Click | Reaction::Bounce | Reaction::Complain => None,
    };
    Some(Done::React {
        step: reader::id(node, verb, faults)?,
        reaction,
        by_machine: by.unwrap_or_default(),
        link,
        text,
    })
}

/// When something happened that is told at `at`, where the line says it: the last such time.
fn occurred(
    map: &mut MapReader<'_>,
    (at, zone): (Timestamp, &Zone),
    faults: &mut Faults<'_>,
) -> Option<Timestamp> {
    let node = map.optional("occurred")?;
    match Moment::parse(reader::text(node, "occurred", faults)?) {
        Ok(moment) => {
            let occurred_at = moment.resolve_last(at, zone);
            if occurred_at > at {
                let message = "this happened after it was told";
                let help = "`occurred` is not later than the line's own time";
                faults.add("E0605", node.at, message, help);
            }
            Some(occurred_at)
        }
        Err((code, message, help)) => {
            faults.add(code, node.at, &message, &help);
            None
        }
    }
}

fn publish(node: &Node, faults: &mut Faults<'_>) -> Option<Done> {
    let NodeValue::Map(entries) = &node.value else {
        let help = "write `publish: { journeys/welcome.yaml: \"…\" }`";
        faults.add(
            "E0100",
            node.at,
            "`publish` takes files and their texts",
            help,
        );
        return None;
    };
    let mut files = BTreeMap::new();
    for (path, node) in entries {
        let is_null =
            matches!(&node.value, NodeValue::Scalar { text, is_plain: true } if text == "null");
        if is_null {
            files.insert(path.text.clone(), None);
        } else if let Some(text) = reader::text(node, &path.text, faults) {
            files.insert(path.text.clone(), Some(text.to_owned()));
        }
    }
    Some(Done::Publish(files))
}

/// Past tense.
fn expected(
    verb: &str,
    node: &Node,
    map: &mut MapReader<'_>,
    (at, zone): (Timestamp, &Zone),
    faults: &mut Faults<'_>,
) -> Option<Expected> {
    let mut option =
        |key, faults: &mut Faults<'_>| map.optional_text(key, faults).map(str::to_owned);
    let id = |faults: &mut Faults<'_>| reader::id(node, verb, faults);
    let text = |faults: &mut Faults<'_>| reader::text(node, verb, faults).map(str::to_owned);
    match verb {
        "sent" => Some(Expected::Sent {
            subject: option("subject", faults),
            contains: map
                .optional("contains")
                .map_or_else(Vec::new, |node| texts(node, faults)),
            step: id(faults)?,
        }),
        "held" => Some(Expected::Held {
            reason: option("reason", faults),
            until: map
                .optional("until")
                .and_then(|node| moment(node, at, zone, faults))
                .map(|(at, _)| at),
            step: id(faults)?,
        }),
        "skipped" => Some(Expected::Skipped {
            reason: option("reason", faults),
            step: id(faults)?,
        }),
        "alerted" => id(faults).map(|team| Expected::Alerted { team }),
        "called" => Some(Expected::Called {
            body: map.optional("body").map(value::json),
            connection: id(faults)?,
        }),
        "emitted" => text(faults).map(|event| Expected::Emitted { event }),
        "entered" => id(faults).map(|journey| Expected::Entered { journey }),
        "ended" => Some(Expected::Ended {
            value: map.optional("value").map(value::json),
            reason: text(faults)?,
        }),
        _ => Some(Expected::Is(checks(node, faults))),
    }
}

/// A text, or several.
fn texts(node: &Node, faults: &mut Faults<'_>) -> Vec<String> {
    let items = match &node.value {
        NodeValue::List(items) => items.as_slice(),
        NodeValue::Scalar { .. } | NodeValue::Map(_) => std::slice::from_ref(node),
    };
    let texts = items.iter();
    texts
        .filter_map(|item| reader::text(item, "contains", faults))
        .map(str::to_owned)
        .collect()
}

fn checks(node: &Node, faults: &mut Faults<'_>) -> Vec<Check> {
    let NodeValue::Map(entries) = &node.value else {
        let help = "write `is: { step: reaction, enrolled: 1 }`";
        faults.add("E0100", node.at, "`is` takes a map", help);
        return Vec::new();
    };
    let mut checks = Vec::new();
    for (key, node) in entries {
        match key.text.split_once('.') {
            None if key.text == "step" => {
                checks.extend(reader::id(node, "step", faults).map(Check::Step));
            }
            None if key.text == "enrolled" => {
                checks.extend(number(node, "enrolled", faults).map(Check::Enrolled));
            }
            None if key.text == "in_segment" => {
                checks.extend(
                    ids(node, "in_segment", faults)
                        .into_iter()
                        .map(Check::InSegment),
                );
            }
            Some(("score", score)) => {
                checks.extend(number(node, &key.text, faults).map(|is| Check::Score {
                    score: score.to_owned(),
                    is,
                }));
            }
            Some(("contact", name)) => checks.push(Check::Contact {
                name: name.to_owned(),
                is: value::json(node),
            }),
            _ => unknown(&key.text, key.at, faults),
        }
    }
    checks
}

fn unknown(key: &str, at: Position, faults: &mut Faults<'_>) {
    let known = ["step", "enrolled", "in_segment", "score.x", "contact.x"];
    let help = match nearest(key, known.into_iter()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`is` takes: {}", known.join(", ")),
    };
    faults.add("E0108", at, &format!("unknown key `{key}` in `is`"), &help);
}

fn number<T: std::str::FromStr>(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<T> {
    let text = reader::text(node, what, faults)?;
    let read = text.parse().ok();
    if read.is_none() {
        let message = format!("`{what}` is a whole number, `{text}` is none");
        faults.add("E0610", node.at, &message, "for example `20`");
    }
    read
}
