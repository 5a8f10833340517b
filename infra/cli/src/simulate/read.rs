//! The files of contacts and events. A fault names file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde_json::{Map, Value};
use wend_app::simulate::{Happening, Person};
use wend_core::calendar::DateValue;
use wend_core::time::Timestamp;
use wend_core::zone::Zone;

use super::known::Known;

/// Reads `2027-03-01T09:00:00Z`, or `2027-03-01 [09:00]` in UTC.
pub fn time(text: &str) -> Option<Timestamp> {
    match DateValue::parse(text)? {
        DateValue::Instant(at) => Some(at),
        DateValue::Local(local) => Some(Zone::utc().instant(local)),
    }
}

/// The contacts in a file: JSON lines where its name ends so, else CSV. What they have is `known`.
pub fn people(path: &Path, known: &Known<'_>) -> anyhow::Result<Vec<Person>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_json = path
        .extension()
        .is_some_and(|end| end == "jsonl" || end == "ndjson" || end == "json");
    let rows = if is_json {
        json_rows(path, &text)?
    } else {
        csv_rows(path, &text)?
    };
    let mut ids = BTreeSet::new();
    rows.into_iter()
        .map(|(line, row)| {
            let place = || format!("{}:{line}", path.display());
            let person = person(row).with_context(place)?;
            known.check(&person).with_context(place)?;
            if !ids.insert(person.id.clone()) {
                bail!("{}: contact `{}` is there twice", place(), person.id);
            }
            Ok(person)
        })
        .collect()
}

fn csv_rows(path: &Path, text: &str) -> anyhow::Result<Vec<(u64, Map<String, Value>)>> {
    // Spreadsheets begin a file with a mark that is no part of the first name.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .with_context(|| format!("{}:1", path.display()))?
        .clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            anyhow!("{}:{line}: {error}", path.display())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = header
            .iter()
            .zip(record.iter())
            .filter(|(_, cell)| !cell.is_empty());
        let row = cells.map(|(name, cell)| (name.to_owned(), cell_value(cell)));
        rows.push((line, row.collect()));
    }
    Ok(rows)
}

/// A cell is a text unless it is a plain number or a truth: `01234` and `+49…` stay as they are.
fn cell_value(cell: &str) -> Value {
    match serde_json::from_str::<Value>(cell) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) if cell == value.to_string().as_str() => {
            value
        }
        _ => Value::String(cell.to_owned()),
    }
}

fn json_rows(path: &Path, text: &str) -> anyhow::Result<Vec<(u64, Map<String, Value>)>> {
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let place = || format!("{}:{number}", path.display());
            match serde_json::from_str(line).with_context(place)? {
                Value::Object(row) => Ok((number, row)),
                _ => bail!("{}: each line is an object", place()),
            }
        })
        .collect()
}

fn person(mut row: Map<String, Value>) -> anyhow::Result<Person> {
    let id = row.remove("id").or_else(|| row.remove("userId"));
    let id = id.and_then(text).context("`id` is missing")?;
    let subscribed = match row.remove("subscribed") {
        Some(Value::Array(topics)) => topics.into_iter().filter_map(text).collect(),
        Some(Value::String(topics)) => {
            let topics = topics
                .split(';')
                .map(str::trim)
                .filter(|topic| !topic.is_empty());
            topics.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let created_at = row.remove("created_at").and_then(text);
    let created_at =
        created_at.map(|text| time(&text).with_context(|| format!("`{text}` is no time")));
    // A number without its plus is one all the same.
    if let Some(phone) = row.get_mut("phone") {
        *phone = text(phone.take()).map_or(Value::Null, Value::String);
    }
    Ok(Person {
        id,
        attributes: row,
        subscribed,
        created_at: created_at.transpose()?,
    })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What contacts do, by their ids, in the order of time.
pub fn happenings(
    path: &Path,
    people: &[Person],
) -> anyhow::Result<BTreeMap<String, Vec<Happening>>> {
    let source =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let known: BTreeSet<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let mut all: BTreeMap<String, Vec<Happening>> = BTreeMap::new();
    for (line, row) in json_rows(path, &source)? {
        let place = || format!("{}:{line}", path.display());
        let (who, happening) = happening(row).with_context(place)?;
        if !known.contains(who.as_str()) {
            bail!("{}: `{who}` is not among the contacts", place());
        }
        all.entry(who).or_default().push(happening);
    }
    for list in all.values_mut() {
        list.sort_by_key(|happening| happening.at);
    }
    Ok(all)
}

fn happening(mut row: Map<String, Value>) -> anyhow::Result<(String, Happening)> {
    let who = row
        .remove("userId")
        .and_then(text)
        .context("`userId` is missing")?;
    let at = row
        .remove("timestamp")
        .and_then(text)
        .context("`timestamp` is missing")?;
    let at = time(&at).with_context(|| format!("`{at}` is no time"))?;
    let mut object = |name: &str| match row.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(anyhow!("`{name}` is no object")),
    };
    let (properties, traits) = (object("properties")?, object("traits")?);
    let event = row.remove("event").and_then(text);
    if event.is_none() && traits.is_empty() {
        bail!("neither `event` nor `traits` is there");
    }
    Ok((
        who,
        Happening {
            at,
            event,
            properties,
            traits,
        },
    ))
}
