//! Reads a file of scenario tests, but for the lines of its timelines.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::line::{self, Teller};
use super::moment::Moment;
use super::value;
use super::{Case, Named, Person, Scenarios};
use crate::calendar::DateValue;
use crate::condition::Topic;
use crate::definitions::Diagnostic;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::syntax::{self, Key, Node, NodeValue, Position};
use crate::time::Timestamp;
use crate::zone::Zone;

pub(super) fn read(file: &str, text: &str) -> Result<Scenarios, Vec<Diagnostic>> {
    let root = syntax::parse(file, text).map_err(|fault| vec![*fault])?;
    let mut faults = Faults::new(file);
    let scenarios = header(&root, &mut faults);
    faults.or(scenarios)
}

/// What the file says for all its cases.
struct Common<'n> {
    start: Option<(Timestamp, Zone)>,
    has_start: bool,
    who: Option<Named>,
    contacts: Vec<&'n (Key, Node)>,
}

fn header(root: &Node, faults: &mut Faults<'_>) -> Option<Scenarios> {
    let mut map = MapReader::new(root, "a file of scenarios", faults)?;
    let id_node = map.required("scenarios", faults);
    let id = id_node.and_then(|node| reader::id(node, "scenarios", faults));
    if let (Some(id), Some(node)) = (&id, id_node) {
        reader::check_name(id, node.at, faults);
    }
    let about = map.optional_text("about", faults).map(str::to_owned);
    let journeys = map.optional("journeys");
    let journeys = journeys.map(|node| journeys_of(node, faults));
    let common = Common {
        start: map.optional("start").and_then(|node| start(node, faults)),
        has_start: map.optional("start").is_some(),
        who: who(&mut map, faults),
        contacts: named(map.optional("contacts"), "contacts", faults),
    };
    let cases = map.required("cases", faults);
    let cases = cases.map_or(&[][..], |node| reader::list(node, "cases", faults));
    let cases: Vec<Case> = cases
        .iter()
        .filter_map(|node| case(node, &common, faults))
        .collect();
    map.finish(faults);
    Some(Scenarios {
        id: id?,
        about,
        journeys,
        cases,
    })
}

fn case(node: &Node, common: &Common<'_>, faults: &mut Faults<'_>) -> Option<Case> {
    let mut map = MapReader::new(node, "a case", faults)?;
    let name = map.required_text("case", faults).map(str::to_owned);
    let (draw, holdout) = draw(map.optional("draw"), faults);
    let begins = match map.optional("start") {
        Some(node) => start(node, faults),
        None if common.has_start => common.start.clone(),
        None => {
            let help = "add `start: Mon 2027-03-01 18:00 Europe/Berlin` to the file or to the case";
            faults.add("E0603", node.at, "nothing says when this case begins", help);
            None
        }
    };
    let who = who(&mut map, faults);
    let own = named(map.optional("contacts"), "contacts", faults);
    let zone = begins
        .as_ref()
        .map_or(Zone::utc(), |(_, zone)| zone.clone());
    let contacts = contacts(&common.contacts, &own, &zone, faults);
    let answers = named(map.optional("answers"), "answers", faults);
    let answers = answers.into_iter();
    let answers = answers.map(|(key, node)| (key.text.clone(), value::json(node)));
    let answers: BTreeMap<String, Value> = answers.collect();
    let fails = map.optional("fails");
    let fails = fails.map(|node| ids(node, "fails", faults));
    let empty = map.optional("empty");
    let empty = empty.map(|node| ids(node, "empty", faults));
    let lines = map.required("timeline", faults);
    let lines = lines.map_or(&[][..], |node| reader::list(node, "timeline", faults));
    map.finish(faults);
    let (start, zone) = begins?;
    let teller = Teller {
        contacts: &contacts,
        who: who
            .or_else(|| common.who.clone())
            .or_else(|| only(&contacts, node.at)),
        zone: &zone,
    };
    let timeline = line::timeline(lines, start, &teller, faults);
    let who = teller.who.as_ref().map(|who| who.name.clone());
    Some(Case {
        who,
        name: name?,
        at: node.at,
        start,
        draw,
        holdout,
        answers,
        fails: set(fails),
        empty: set(empty),
        timeline,
        contacts,
        zone,
    })
}

/// Whom lines are about that do not say it.
fn who(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Named> {
    let node = map.optional("who")?;
    let name = reader::text(node, "who", faults)?.to_owned();
    Some(Named { name, at: node.at })
}

/// The name of the only contact of the case at `at`.
fn only(contacts: &BTreeMap<String, Person>, at: Position) -> Option<Named> {
    let name = contacts.keys().next().filter(|_| contacts.len() == 1)?;
    let name = name.clone();
    Some(Named { name, at })
}

fn set(ids: Option<Vec<String>>) -> BTreeSet<String> {
    ids.unwrap_or_default().into_iter().collect()
}

/// `Mon 2027-03-01 18:00 Europe/Berlin`: a whole moment.
fn start(node: &Node, faults: &mut Faults<'_>) -> Option<(Timestamp, Zone)> {
    let text = reader::text(node, "start", faults)?;
    let help = "for example `Mon 2027-03-01 18:00 Europe/Berlin`";
    match Moment::parse(text) {
        Ok(
            ref moment @ Moment::On {
                zone: Some(ref zone),
                ..
            },
        ) => Some((moment.resolve(Timestamp::default(), zone), zone.clone())),
        Ok(_) => {
            faults.add(
                "E0603",
                node.at,
                "`start` is a day, a time and a zone",
                help,
            );
            None
        }
        Err((code, message, _)) => {
            faults.add(code, node.at, &message, help);
            None
        }
    }
}

/// The entries of a map whose keys are the author's.
fn named<'n>(node: Option<&'n Node>, what: &str, faults: &mut Faults<'_>) -> Vec<&'n (Key, Node)> {
    let Some(node) = node else {
        return Vec::new();
    };
    if let NodeValue::Map(entries) = &node.value {
        return entries.iter().collect();
    }
    let message = format!("`{what}` takes a map, this is {}", node.kind());
    faults.add("E0100", node.at, &message, "write `name: …` lines");
    Vec::new()
}

fn journeys_of(node: &Node, faults: &mut Faults<'_>) -> Vec<Named> {
    let items = one_or_several(node).iter();
    let named = items.filter_map(|item| {
        let name = reader::id(item, "journeys", faults)?;
        Some(Named { name, at: item.at })
    });
    named.collect()
}

/// The items of a list, or the one that stands for a list.
fn one_or_several(node: &Node) -> &[Node] {
    match &node.value {
        NodeValue::List(items) => items.as_slice(),
        NodeValue::Scalar { .. } | NodeValue::Map(_) => std::slice::from_ref(node),
    }
}

/// A list of ids, or one.
pub(super) fn ids(node: &Node, what: &str, faults: &mut Faults<'_>) -> Vec<String> {
    let ids = one_or_several(node).iter();
    ids.filter_map(|item| reader::id(item, what, faults))
        .collect()
}

fn draw(node: Option<&Node>, faults: &mut Faults<'_>) -> (BTreeMap<String, String>, bool) {
    let mut paths = BTreeMap::new();
    let mut holdout = false;
    for (key, node) in named(node, "draw", faults) {
        if key.text == "holdout" {
            holdout = flag(node, "holdout", faults).unwrap_or_default();
        } else if let Some(path) = reader::id(node, &key.text, faults) {
            paths.insert(key.text.clone(), path);
        }
    }
    (paths, holdout)
}

fn flag(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<bool> {
    reader::choice(node, what, &[("true", true), ("false", false)], faults)
}

/// The contacts of a case: those of the file, each with what the case says of it instead or besides.
fn contacts(
    common: &[&(Key, Node)],
    own: &[&(Key, Node)],
    zone: &Zone,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, Person> {
    let mut contacts: BTreeMap<String, Person> = BTreeMap::new();
    // Faults of the file's contacts are told once, with the first case.
    for (key, node) in common.iter().chain(own) {
        let known = faults.found.len();
        let person = contacts.entry(key.text.clone()).or_insert_with(|| {
            let mut person = Person::default();
            let zone = Value::String(zone.name().to_owned());
            person.traits.insert("timezone".to_owned(), zone);
            person
        });
        describe(person, node, zone, faults);
        let (told, new) = faults.found.split_at(known);
        let new: Vec<Diagnostic> = new
            .iter()
            .filter(|new| !told.contains(new))
            .cloned()
            .collect();
        faults.found.truncate(known);
        faults.found.extend(new);
    }
    contacts
}

fn describe(person: &mut Person, node: &Node, zone: &Zone, faults: &mut Faults<'_>) {
    if !matches!(node.value, NodeValue::Map(_)) {
        let message = format!("a contact is a map, this is {}", node.kind());
        let help = "write `ana: { email: ana@example.com }`";
        faults.add("E0100", node.at, &message, help);
    }
    for (key, node) in named(Some(node), "a contact", faults) {
        match key.text.as_str() {
            "subscribed" => person.subscribed = topics(node, faults),
            "lists" => person.lists = ids(node, "lists", faults),
            "created_at" => {
                let text = reader::text(node, "created_at", faults);
                let read = text.and_then(DateValue::parse);
                if text.is_some() && read.is_none() {
                    let help = "for example `2026-11-01` or `2026-11-01 10:00`";
                    faults.add("E0601", node.at, "`created_at` is not a moment", help);
                }
                person.created_at = read.map(|read| match read {
                    DateValue::Instant(at) => at,
                    DateValue::Local(local) => zone.instant(local),
                });
            }
            name @ ("email" | "phone" | "timezone") => {
                if let Some(text) = reader::text(node, name, faults) {
                    let text = Value::String(text.to_owned());
                    person.traits.insert(name.to_owned(), text);
                }
            }
            name => {
                person.traits.insert(name.to_owned(), value::json(node));
            }
        }
    }
}

fn topics(node: &Node, faults: &mut Faults<'_>) -> Vec<Named<Topic>> {
    let items = one_or_several(node).iter();
    let topics = items.filter_map(|item| {
        let name = topic(item, faults)?;
        Some(Named { name, at: item.at })
    });
    topics.collect()
}

pub(super) fn topic(node: &Node, faults: &mut Faults<'_>) -> Option<Topic> {
    let read = reader::text(node, "topic", faults)?.parse::<Topic>();
    read.map_err(|error| faults.add("E0604", node.at, &error.to_string(), &error.help))
        .ok()
}
