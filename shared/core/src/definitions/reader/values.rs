//! Reads single values: texts, ids, numbers, choices, phrases, lists.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::Faults;
use crate::definitions::Diagnostic;
use crate::phrase::PhraseError;
use crate::release::Share;
use crate::syntax::{Node, NodeValue, Place};
use crate::zone::Zone;

/// `node` as text.
pub(crate) fn text<'n>(node: &'n Node, what: &str, faults: &mut Faults<'_>) -> Option<&'n str> {
    match &node.value {
        NodeValue::Scalar { text, .. } if !text.trim().is_empty() => Some(text),
        NodeValue::Scalar { .. } => {
            let message = format!("`{what}` is empty");
            faults.add("E0102", node, &message, "give it a value");
            None
        }
        NodeValue::List(_) | NodeValue::Map(_) => {
            let message = format!("`{what}` takes one value, this is {}", node.kind());
            let help = "write the value behind the colon";
            faults.add("E0103", node, &message, help);
            None
        }
    }
}

/// `node` as a list.
pub(crate) fn list<'n>(node: &'n Node, what: &str, faults: &mut Faults<'_>) -> &'n [Node] {
    match &node.value {
        NodeValue::List(items) => items,
        NodeValue::Scalar { .. } | NodeValue::Map(_) => {
            let message = format!("`{what}` takes a list, this is {}", node.kind());
            faults.add("E0104", node, &message, "start each item with `- `");
            &[]
        }
    }
}

/// What `read` makes of `node`, or of each of its items if it is a list. Faulty items are left out; an empty list is a fault.
pub(crate) fn one_or_list<'n, T>(
    node: &'n Node,
    what: &str,
    faults: &mut Faults<'_>,
    mut read: impl FnMut(&'n Node, &str, &mut Faults<'_>) -> Option<T>,
) -> Vec<T> {
    let NodeValue::List(items) = &node.value else {
        return read(node, what, faults).into_iter().collect();
    };
    if items.is_empty() {
        let message = format!("`{what}` is an empty list");
        faults.add("E0102", node, &message, "name one, or leave it out");
    }
    let read = items.iter().filter_map(|item| read(item, what, faults));
    read.collect()
}

/// `text` as an id: `[a-z][a-z0-9-]*`, at most 64 characters.
pub(crate) fn id(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let text = text(node, what, faults)?;
    let is_id = is_id(text);
    if !is_id {
        let message = format!("`{text}` is not an id");
        let help = "an id is lower-case letters, digits and `-`, starts with a letter, at most 64";
        let fault = faults.add("E0105", node, &message, help);
        let spelt = joined(text, '-');
        if self::is_id(&spelt) {
            fault.replace(&spelt);
        }
    }
    is_id.then(|| text.to_owned())
}

/// Whether `text` is an id: `[a-z][a-z0-9-]*`, at most 64 characters.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// `node` as the name of something in data: `[a-z][a-z0-9_]*`, at most 64 characters.
pub(crate) fn data_name(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let text = text(node, what, faults)?;
    let is_name = is_data_name(text);
    if !is_name {
        let message = format!("`{text}` is not a name of data");
        let help =
            "such a name is lower-case letters, digits and `_`, starts with a letter, at most 64";
        let fault = faults.add("E0115", node, &message, help);
        let spelt = joined(text, '_');
        if is_data_name(&spelt) {
            fault.replace(&spelt);
        }
    }
    is_name.then(|| text.to_owned())
}

fn is_data_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `node` as the name of an event or of another thing that is compared exactly: any text without control characters, at most
/// 128 characters.
pub(crate) fn name_of(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    const CHARS_MAX: usize = 128;
    let text = text(node, what, faults)?;
    let is_name = text.trim() == text
        && text.chars().count() <= CHARS_MAX
        && !text.contains(char::is_control);
    if !is_name {
        let message = format!("`{what}` is not a name");
        let help = "at most 128 characters, no line breaks, no blanks around it";
        faults.add("E0115", node, &message, help);
    }
    is_name.then(|| text.to_owned())
}

/// A map from ids to what `read` makes of each value.
pub(crate) fn named<'n, T>(
    node: &'n Node,
    what: &str,
    faults: &mut Faults<'_>,
    read: impl FnMut(&'n Node, &str, &mut Faults<'_>) -> Option<T>,
) -> BTreeMap<String, T> {
    named_as(node, what, faults, id, read)
}

/// A map from names that `name` reads to what `read` makes of each value.
pub(crate) fn named_as<'n, T>(
    node: &'n Node,
    what: &str,
    faults: &mut Faults<'_>,
    name: impl Fn(&Node, &str, &mut Faults<'_>) -> Option<String>,
    mut read: impl FnMut(&'n Node, &str, &mut Faults<'_>) -> Option<T>,
) -> BTreeMap<String, T> {
    let NodeValue::Map(entries) = &node.value else {
        let message = format!("`{what}` takes a map, this is {}", node.kind());
        faults.add("E0100", node, &message, "write `name: { … }` lines");
        return BTreeMap::new();
    };
    let mut all = BTreeMap::new();
    for (key, value) in entries {
        let name = name(&key.as_node(), what, faults);
        let value = read(value, &key.text, faults);
        if let (Some(name), Some(value)) = (name, value) {
            all.insert(name, value);
        }
    }
    all
}

/// One of `choices`, by name.
pub(crate) fn choice<T: Copy>(
    node: &Node,
    what: &str,
    choices: &[(&'static str, T)],
    faults: &mut Faults<'_>,
) -> Option<T> {
    let text = text(node, what, faults)?;
    let found = choices
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("`{what}` cannot be `{text}`");
        let help = format!("one of: {}", names.join(", "));
        let near = nearest(text, names.into_iter());
        let fault = faults.add("E0106", node, &message, &help);
        if let Some(near) = near {
            fault
                .label(&format!("did you mean `{near}`?"))
                .replace(near);
        }
    }
    found
}

/// `true` or `false`.
pub(crate) fn flag(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<bool> {
    choice(node, what, &[("true", true), ("false", false)], faults)
}

/// `node` as a whole number from `least` to `most`.
pub(crate) fn whole<T>(
    node: &Node,
    what: &str,
    (least, most): (T, T),
    faults: &mut Faults<'_>,
) -> Option<T>
where
    T: FromStr + PartialOrd + Display,
{
    let text = text(node, what, faults)?;
    let is_spelt = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let found: Option<T> = text.parse().ok().filter(|_| is_spelt(text));
    let found = found.filter(|found| *found >= least && *found <= most);
    if found.is_none() {
        let message = format!("`{what}` cannot be `{text}`");
        let help = format!("a whole number from {least} to {most}");
        faults.add("E0113", node, &message, &help);
    }
    found
}

/// `node` as a share: `45%`, `12.5%`.
pub(crate) fn share(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Share> {
    let text = text(node, what, faults)?;
    let share = share_of(text);
    if share.is_none() {
        let message = format!("`{text}` is not a share");
        let help = "write it with `%`, from 0% to 100%, for example `45%` or `12.5%`";
        let fault = faults.add("E0114", node, &message, help);
        let with = format!("{}%", text.trim());
        if share_of(&with).is_some() {
            fault.replace(&with);
        }
    }
    share
}

/// The share that `text` is: `45%`, `12.5%`, `0.25%`; at most two digits behind the point.
fn share_of(text: &str) -> Option<Share> {
    let number = text.strip_suffix('%')?.trim_end();
    let (whole, rest) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole, 3) || !is_number(rest, 2) {
        return None;
    }
    let hundredths: u16 = format!("{rest:0<2}").parse().ok()?;
    let share = whole
        .parse::<u16>()
        .ok()?
        .checked_mul(100)?
        .checked_add(hundredths)?;
    (share <= Share::WHOLE.0).then_some(Share(share))
}

/// `node` as what a `T` is read from; `help` is advised where it is none.
pub(crate) fn scalar<T: FromStr<Err: Display>>(
    node: &Node,
    what: &str,
    help: &str,
    faults: &mut Faults<'_>,
) -> Option<T> {
    let read = text(node, what, faults)?.parse();
    read.map_err(|error: T::Err| {
        faults.add("E0165", node, &error.to_string(), help);
    })
    .ok()
}

/// What is good to know of `error`: a day has not always 24 hours. None where it is not between hours and days.
pub(crate) fn hours_or_days(error: &PhraseError) -> Option<&'static str> {
    let is_day = |word: &str| matches!(word, "day" | "days" | "week" | "weeks");
    let counts_days = |phrase: &String| phrase.split_whitespace().any(is_day);
    let is_either = match error.rewrites() {
        [hours, days] => !counts_days(hours) && counts_days(days),
        _ => false,
    };
    is_either.then_some(
        "they differ on two days a year, and whenever `at HH:MM` follows · wend explain E0121",
    )
}

/// `node` as a time phrase, read by its type's `parse`.
pub(crate) fn phrase<T>(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
    parse: impl Fn(&str) -> Result<T, PhraseError>,
) -> Option<T> {
    let text = text(node, what, faults)?;
    let read = parse(text);
    read.map_err(|error| {
        let fault = phrase_fault(node, &error, faults);
        let (day, whole) = with_year_first(text)?;
        if parse(&whole).is_ok() {
            fault.help = Some(format!("write `{day}`"));
            fault.replace(&whole);
        }
        Some(())
    })
    .ok()
}

/// The day that `text` writes as `24.12.2027`, as `2027-12-24`, and all of `text` with it.
fn with_year_first(text: &str) -> Option<(String, String)> {
    let mut words = text.split(' ');
    words.find_map(|word| {
        let (day, rest) = word.split_once('.')?;
        let (month, year) = rest.split_once('.')?;
        let (day, month): (u8, u8) = (day.parse().ok()?, month.parse().ok()?);
        let year: u16 = year.parse().ok().filter(|year| *year >= 1000)?;
        let first = format!("{year}-{month:02}-{day:02}");
        let whole = text.replacen(word, &first, 1);
        Some((first, whole))
    })
}

/// Reports `error` of the phrase at `place`.
fn phrase_fault<'f>(
    place: impl Into<Place>,
    error: &PhraseError,
    faults: &'f mut Faults<'_>,
) -> &'f mut Diagnostic {
    let fault = faults.add(error.code(), place, &error.to_string(), error.help());
    if let Some(rewrite) = error.rewrites().first() {
        fault.replace(rewrite);
    }
    if let Some(note) = hours_or_days(error) {
        fault.note(note);
    }
    fault
}

/// `node` as the name of a time zone.
pub(crate) fn zone(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Zone> {
    phrase(node, what, faults, crate::phrase::zone)
}

/// The known word that is most like `word`, if one is near enough to be meant.
pub fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // Nearer than for names that people look for: a key far from all others is advised none.
    const NEAR: f64 = 0.8;
    let plain = |text: &str| text.to_lowercase().replace([' ', '-'], "_");
    let near = crate::release::nearest(word, known)?;
    (strsim::jaro_winkler(&plain(word), &plain(near)) >= NEAR).then_some(near)
}

/// `text` in small letters, its words joined by `joint`.
fn joined(text: &str, joint: char) -> String {
    let mut spelt = String::new();
    let mut was_small = false;
    for c in text.trim().chars() {
        if c.is_uppercase() && was_small {
            spelt.push(joint);
        }
        was_small = c.is_lowercase() || c.is_ascii_digit();
        match c {
            ' ' | '-' | '_' | '.' => spelt.push(joint),
            _ => spelt.extend(c.to_lowercase()),
        }
    }
    spelt
}

/// The file's name without folder and ending must be the id that it states.
pub(crate) fn check_name(id: &str, place: impl Into<Place>, faults: &mut Faults<'_>) {
    // A template may be a folder, then that is the name.
    let file = faults.file.strip_suffix("/message.yaml");
    let name = file.unwrap_or(faults.file);
    let name = name.rsplit('/').next().unwrap_or_default();
    let stem = name
        .rsplit_once('.')
        .map_or(name, |(stem, _)| stem)
        .to_owned();
    if stem != id {
        let message = format!(
            "the {} is called `{name}` and says it is `{id}`",
            if file.is_some() { "folder" } else { "file" }
        );
        let help = format!("rename one of them: `{stem}`");
        let fault = faults.add("E0107", place, &message, &help);
        if is_id(&stem) {
            fault.replace(&stem);
        }
    }
}
