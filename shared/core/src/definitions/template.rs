//! Reads a template: one file with a head between `---` lines and Markdown below, or a folder with `message.yaml` and its texts.

mod bodies;

use std::collections::BTreeMap;

use super::files::SourceFile;
use super::project::{self, values};
use super::reader::{self, Faults, MapReader, Read};
use super::{Diagnostic, Refers, tree};
use crate::identity::Channel;
use crate::path::{Path, Root};
use crate::release::{Body, Locale, MessageClass, OnUnknown, Template, Variant};
use crate::syntax::{self, Node, NodeValue, Position};
use bodies::Bodies;

pub(super) use bodies::{HEAD, is_text};

const ON_UNKNOWN: [(&str, OnUnknown); 2] = [
    ("assume_sent", OnUnknown::AssumeSent),
    ("retry_once", OnUnknown::RetryOnce),
];

const CLASSES: [(&str, MessageClass); 3] = [
    ("marketing", MessageClass::Marketing),
    ("transactional", MessageClass::Transactional),
    ("system", MessageClass::System),
];

/// Where the values of a message come from.
const ROOTS: [Root; 5] = [
    Root::Contact,
    Root::Trigger,
    Root::Data,
    Root::Vars,
    Root::Score,
];

/// Reads `templates/<id>.md`, or `templates/<id>/message.yaml` with the texts `beside` it.
pub(super) fn read(file: &str, text: &str, beside: &[&SourceFile]) -> Read<Template> {
    let (root, body) = match parse(file, text) {
        Ok(parsed) => parsed,
        Err(fault) => return Read::failed(*fault),
    };
    let mut faults = Faults::new(file);
    let is_folder = file.ends_with(HEAD);
    let template = read_node(&root, &mut faults, |channel, faults| {
        if is_folder {
            bodies::of_folder(file, channel, beside, faults)
        } else {
            let line = text.lines().count() - body.lines().count() + 1;
            bodies::of_file(file, line, body, channel, faults)
        }
    });
    let mut read = faults.read(template);
    if is_folder && let Some(template) = &mut read.value {
        template.files = beside.iter().map(|file| (*file).clone()).collect();
    }
    read
}

/// The head's tree, with the places of the file, and the body.
pub(super) fn parse<'t>(file: &str, text: &'t str) -> Result<(Node, &'t str), Box<Diagnostic>> {
    if file.ends_with(HEAD) {
        return Ok((syntax::parse(file, text)?, ""));
    }
    let (head, body) = parts(file, text)?;
    // Positions count from the file's first line, the head begins on its second.
    let root = syntax::parse(file, head).map_err(|fault| fault.shifted(1))?;
    Ok((root.shifted(1), body))
}

/// The head between its `---` lines, and the body.
pub(crate) fn parts<'t>(file: &str, text: &'t str) -> Result<(&'t str, &'t str), Box<Diagnostic>> {
    split(text).ok_or_else(|| {
        let help = "start with `---`, the head's keys, `---`, then the text";
        let message = if text.starts_with("---") {
            "the head of this template has no end"
        } else {
            "a template starts with a head"
        };
        Box::new(Diagnostic::error("E0140", file, Position::START, message).help(help))
    })
}

/// The head and the body.
fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text
        .strip_prefix("---\n")
        .or_else(|| text.strip_prefix("---\r\n"))?;
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((rest.get(..offset)?, rest.get(offset + line.len()..)?));
        }
        offset += line.len();
    }
    None
}

/// The template whose head is `root` and whose texts `bodies` reads.
fn read_node(
    root: &Node,
    faults: &mut Faults<'_>,
    bodies: impl FnOnce(Option<Channel>, &mut Faults<'_>) -> Bodies,
) -> Option<Template> {
    let mut map = MapReader::new(root, "a template's head", faults)?;
    let id = map.required("template", faults);
    let id = id.and_then(|node| tree::file_id(node, "template", faults));
    let channel = map.required("channel", faults);
    let channel =
        channel.and_then(|node| reader::choice(node, "channel", &values::CHANNELS, faults));
    let class = map.required("class", faults);
    let class = class.and_then(|node| reader::choice(node, "class", &CLASSES, faults));
    let on_unknown = map.optional("on_unknown");
    let on_unknown =
        on_unknown.and_then(|node| reader::choice(node, "on_unknown", &ON_UNKNOWN, faults));
    let topic = map.optional("topic");
    let topic = topic.map(|node| topic_of(node, faults));
    let from = map.required("from", faults);
    let from = from.and_then(|node| match channel {
        Some(channel) => tree::refer(node, "from", Refers::Sender(channel), faults),
        None => reader::id(node, "from", faults),
    });
    let reply_to = reply_to(&mut map, channel, faults);
    let texts = texts(&mut map, root, channel, faults);
    let locales = map.optional("locales");
    let locales = locales.map(|node| locales_of(node, channel, faults));
    let layout = map.optional("layout");
    let layout = layout.map(|node| reader::id(node, "layout", faults));
    let needs = map.optional("needs");
    let needs = needs.map_or_else(Vec::new, |node| needs_of(node, faults));
    let variants = map.optional("variants");
    let variants = variants.map(|node| reader::named(node, "variants", faults, variant));
    let sample = map.optional("sample");
    let sample = sample.map(|node| sample_of(node, faults));
    map.finish(faults);
    let bodies = bodies(channel, faults);
    Some(Template {
        id: id?,
        channel: channel?,
        class: class?,
        on_unknown: on_unknown.unwrap_or_default(),
        topic: topic.map_or(Some(None), |topic| topic.map(Some))?,
        from: from?,
        reply_to,
        subject: texts.subject,
        preheader: texts.preheader,
        layout: layout.flatten(),
        needs,
        variants: variants.unwrap_or_default(),
        sample: sample.unwrap_or_default(),
        body: bodies.own,
        locales: in_languages(locales.unwrap_or_default(), bodies.locales),
        made: BTreeMap::new(),
        files: Vec::new(),
    })
}

/// What the head says in each language, with the text in it.
fn in_languages(
    heads: BTreeMap<String, Variant>,
    bodies: BTreeMap<String, Body>,
) -> BTreeMap<String, Locale> {
    let heads = heads.into_iter().map(|(name, head)| {
        let locale = Locale {
            subject: head.subject,
            preheader: head.preheader,
            body: None,
        };
        (name, locale)
    });
    let mut locales: BTreeMap<String, Locale> = heads.collect();
    for (name, body) in bodies {
        locales.entry(name).or_default().body = Some(body);
    }
    locales
}

/// A topic alone: the channel is the template's.
fn topic_of(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    if let Some((topic, _)) = tree::text(node).and_then(|text| text.split_once('/')) {
        let help = format!("write `topic: {topic}`: the channel is the template's own");
        let message = "a template's topic names no channel";
        faults.add("E0146", node, message, &help).replace(topic);
        return None;
    }
    tree::refer(node, "topic", Refers::Topic, faults)
}

/// The texts of the head. Only email has them, and it needs a subject.
fn texts(
    map: &mut MapReader<'_>,
    root: &Node,
    channel: Option<Channel>,
    faults: &mut Faults<'_>,
) -> Variant {
    let (subject, preheader) = (map.optional("subject"), map.optional("preheader"));
    match channel {
        Some(Channel::Sms) => {
            for (key, node) in [("subject", subject), ("preheader", preheader)] {
                if let Some(node) = node {
                    let message = format!("an SMS has no {key}");
                    faults.add("E0144", node, &message, &format!("remove `{key}`"));
                }
            }
        }
        Some(Channel::Email) if subject.is_none() => {
            let help = "add `subject: …`; a text with `{{` in it needs quotes";
            faults.add("E0101", root, "an email needs `subject`", help);
        }
        Some(Channel::Email) | None => {}
    }
    let mut line = |node: Option<&Node>, key: &str| line(node?, key, faults);
    Variant {
        subject: line(subject, "subject"),
        preheader: line(preheader, "preheader"),
        locales: BTreeMap::new(),
    }
}

/// Where answers go. Only email has it.
fn reply_to(
    map: &mut MapReader<'_>,
    channel: Option<Channel>,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let node = map.optional("reply_to")?;
    if channel == Some(Channel::Sms) {
        faults.add("E0144", node, "an SMS has no reply_to", "remove `reply_to`");
        return None;
    }
    project::address(node, "reply_to", faults)
}

/// Subjects and preheaders in other languages.
fn locales_of(
    node: &Node,
    channel: Option<Channel>,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, Variant> {
    if channel == Some(Channel::Sms) {
        let help = "remove `locales`: write the other text below a line `--- de`";
        faults.add("E0144", node, "an SMS has no subject, in no language", help);
        return BTreeMap::new();
    }
    let name = |node: &Node, _: &str, faults: &mut Faults<'_>| project::locale(node, faults);
    let wording =
        |node: &Node, _: &str, faults: &mut Faults<'_>| wording(node, "a language", faults);
    reader::named_as(node, "locales", faults, name, wording)
}

/// A text of one line: a mail's headers have no other.
fn line(node: &Node, key: &str, faults: &mut Faults<'_>) -> Option<String> {
    let text = reader::text(node, key, faults)?;
    let is_line = !text.trim().contains(char::is_control);
    if !is_line {
        let message = format!("`{key}` has more than one line");
        faults.add("E0145", node, &message, "write it in one line");
    }
    is_line.then(|| text.trim().to_owned())
}

fn needs_of(node: &Node, faults: &mut Faults<'_>) -> Vec<Path> {
    let mut all: Vec<Path> = Vec::new();
    for item in reader::list(node, "needs", faults) {
        let Some(path) = values::path(item, "needs", &ROOTS, faults) else {
            continue;
        };
        if all.contains(&path) {
            values::twice(item, &path.to_string(), "needs", faults);
            continue;
        }
        faults.refer_path(&path, item);
        all.push(path);
    }
    all
}

fn variant(node: &Node, _id: &str, faults: &mut Faults<'_>) -> Option<Variant> {
    wording(node, "a variant", faults)
}

/// Another subject, another preheader, or both.
fn wording(node: &Node, what: &'static str, faults: &mut Faults<'_>) -> Option<Variant> {
    let mut map = MapReader::new(node, what, faults)?;
    let (subject, preheader) = (map.optional("subject"), map.optional("preheader"));
    let locales = (what == "a variant").then(|| map.optional("locales"));
    let locales = locales.flatten();
    map.finish(faults);
    if subject.is_none() && preheader.is_none() {
        let help = "add `subject: …` or `preheader: …`";
        let message = format!("{what} needs `subject` or `preheader`");
        faults.add("E0101", node, &message, help);
        return None;
    }
    Some(Variant {
        locales: locales.map_or_else(BTreeMap::new, |node| locales_of(node, None, faults)),
        subject: subject.and_then(|node| line(node, "subject", faults)),
        preheader: preheader.and_then(|node| line(node, "preheader", faults)),
    })
}

/// A file of values.
pub(super) fn read_sample(file: &str, text: &str) -> Read<serde_json::Value> {
    tree::read(file, text, |root, faults| Some(sample_of(root, faults)))
}

/// Any map: what it is good for shows when the text is rendered with it.
fn sample_of(node: &Node, faults: &mut Faults<'_>) -> serde_json::Value {
    match &node.value {
        NodeValue::Map(_) => tree::json(node),
        NodeValue::Scalar { .. } | NodeValue::List(_) => {
            let message = format!("`sample` takes a map, this is {}", node.kind());
            let help = "for example `{ contact: { first_name: Ana } }`";
            faults.add("E0100", node, &message, help);
            serde_json::Value::Null
        }
    }
}

#[cfg(test)]
mod tests;
