//! Reads a template file: a head between `---` lines, then Markdown with Jinja in it.

use super::project::values;
use super::reader::{self, Faults, MapReader, Read};
use super::{Diagnostic, Refers, tree};
use crate::identity::Channel;
use crate::path::{Path, Root};
use crate::release::{MessageClass, OnUnknown, Template, Variant};
use crate::syntax::{self, Node, NodeValue, Position};

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

pub(super) fn read(file: &str, text: &str) -> Read<Template> {
    let (root, body) = match parse(file, text) {
        Ok(parsed) => parsed,
        Err(fault) => return Read::failed(*fault),
    };
    let mut faults = Faults::new(file);
    let template = read_node(&root, body, &mut faults);
    faults.read(template)
}

/// The head's tree, with the places of the file, and the body.
pub(super) fn parse<'t>(file: &str, text: &'t str) -> Result<(Node, &'t str), Box<Diagnostic>> {
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

/// The template whose head is `root`.
fn read_node(root: &Node, body: &str, faults: &mut Faults<'_>) -> Option<Template> {
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
    let texts = texts(&mut map, root, channel, faults);
    let layout = map.optional("layout");
    let layout = layout.map(|node| reader::id(node, "layout", faults));
    let needs = map.optional("needs");
    let needs = needs.map_or_else(Vec::new, |node| needs_of(node, faults));
    let variants = map.optional("variants");
    let variants = variants.map(|node| reader::named(node, "variants", faults, variant));
    let sample = map.optional("sample");
    let sample = sample.map(|node| sample_of(node, faults));
    map.finish(faults);
    if body.trim().is_empty() {
        let message = "the message has no text";
        faults.add("E0141", Position::START, message, "write it below the head");
    }
    Some(Template {
        id: id?,
        channel: channel?,
        class: class?,
        on_unknown: on_unknown.unwrap_or_default(),
        topic: topic.map_or(Some(None), |topic| topic.map(Some))?,
        from: from?,
        subject: texts.subject,
        preheader: texts.preheader,
        layout: layout.flatten(),
        needs,
        variants: variants.unwrap_or_default(),
        sample: sample.unwrap_or_default(),
        body: body.to_owned(),
    })
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
    }
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
    let mut map = MapReader::new(node, "a variant", faults)?;
    let (subject, preheader) = (map.optional("subject"), map.optional("preheader"));
    map.finish(faults);
    if subject.is_none() && preheader.is_none() {
        let help = "add `subject: …` or `preheader: …`";
        faults.add(
            "E0101",
            node,
            "a variant needs `subject` or `preheader`",
            help,
        );
        return None;
    }
    Some(Variant {
        subject: subject.and_then(|node| line(node, "subject", faults)),
        preheader: preheader.and_then(|node| line(node, "preheader", faults)),
    })
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
