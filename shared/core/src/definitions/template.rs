//! Reads a template file: a head between `---` lines, then Markdown with Jinja in it.

use super::reader::{self, Faults, MapReader};
use crate::definitions::Diagnostic;
use crate::identity::Channel;
use crate::release::{MessageClass, Project, Template};
use crate::syntax::{self, Node, Position};

const CLASSES: [(&str, MessageClass); 2] = [
    ("marketing", MessageClass::Marketing),
    ("transactional", MessageClass::Transactional),
];
const CHANNELS: [(&str, Channel); 1] = [("email", Channel::Email)];
const START: Position = Position { line: 1, column: 1 };

pub(super) fn read(file: &str, text: &str) -> Result<Template, Vec<Diagnostic>> {
    let mut faults = Faults::new(file);
    let Some((head, body)) = split(text) else {
        let help = "start with `---`, the head's keys, `---`, then the text";
        faults.add("E0140", START, "a template starts with a head", help);
        return Err(faults.found);
    };
    let mut root = syntax::parse(file, head).map_err(|mut fault| {
        fault.at.line += 1;
        vec![fault]
    })?;
    shift(&mut root);
    let template = header(&root, body, &mut faults);
    faults.or(template)
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

/// Positions count from the file's first line, the head begins on its second.
fn shift(node: &mut Node) {
    node.at.line += 1;
    match &mut node.value {
        syntax::NodeValue::Scalar { .. } => {}
        syntax::NodeValue::List(items) => items.iter_mut().for_each(shift),
        syntax::NodeValue::Map(entries) => entries.iter_mut().for_each(|(key, node)| {
            key.at.line += 1;
            shift(node);
        }),
    }
}

fn header(root: &Node, body: &str, faults: &mut Faults<'_>) -> Option<Template> {
    let mut map = MapReader::new(root, "a template's head", faults)?;
    let id_node = map.required("template", faults);
    let id = id_node.and_then(|node| reader::id(node, "template", faults));
    if let (Some(id), Some(node)) = (&id, id_node) {
        reader::check_name(id, node.at, faults);
    }
    let channel = map.required("channel", faults);
    let channel = channel.and_then(|node| reader::choice(node, "channel", &CHANNELS, faults));
    let class = map.required("class", faults);
    let class = class.and_then(|node| reader::choice(node, "class", &CLASSES, faults));
    let topic = map.required("topic", faults);
    let topic = topic.and_then(|node| reader::id(node, "topic", faults));
    let from = map
        .required("from", faults)
        .and_then(|node| reader::id(node, "from", faults));
    let subject = map.required_text("subject", faults).map(str::to_owned);
    let preheader = map.optional_text("preheader", faults).map(str::to_owned);
    map.finish(faults);
    if body.trim().is_empty() {
        faults.add(
            "E0141",
            START,
            "the message has no text",
            "write it below the head",
        );
    }
    Some(Template {
        id: id?,
        channel: channel?,
        class: class?,
        topic: topic?,
        from: from?,
        subject: subject?,
        preheader,
        body: body.to_owned(),
    })
}

/// Faults that show only beside `wend.yaml`.
pub(super) fn check(
    template: &Template,
    file: &str,
    text: &str,
    project: &Project,
) -> Vec<Diagnostic> {
    let mut faults = Faults::new(file);
    let line_of = |key: &str| {
        let line = text
            .lines()
            .position(|line| line.starts_with(key))
            .unwrap_or(0);
        Position {
            line: line + 1,
            column: 1,
        }
    };
    let mut check = |key: &str, value: &str, code, place: &str, known: Vec<&String>| {
        if !known.iter().any(|known| *known == value) {
            let help = match reader::nearest(value, known.into_iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare it in wend.yaml under `{place}`"),
            };
            faults.add(
                code,
                line_of(key),
                &format!("there is no `{value}` in {place}"),
                &help,
            );
        }
    };
    check(
        "from",
        &template.from,
        "E0211",
        "senders",
        project.senders.keys().collect(),
    );
    check(
        "topic",
        &template.topic,
        "E0212",
        "topics",
        project.topics.keys().collect(),
    );
    if template.class == MessageClass::Marketing && project.postal_address.is_none() {
        let message = "marketing mail must carry a postal address, and wend.yaml has none";
        faults.add(
            "E0213",
            line_of("class"),
            message,
            "add `postal_address: …` to wend.yaml",
        );
    }
    faults.found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_a_head_and_a_text() {
        let text = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\n\
            subject: \"Hi {{ contact.first_name }}\"\n---\nHello\n---\nthere\n";
        let template = read("templates/hi.md", text).unwrap();
        assert_eq!(template.body, "Hello\n---\nthere\n");
        assert_eq!(template.subject, "Hi {{ contact.first_name }}");
    }

    #[test]
    fn faults_of_the_head_are_placed_in_the_file() {
        let text = "---\ntemplate: hi\nchannel: pigeon\n---\nHello\n";
        let found = read("templates/hi.md", text).unwrap_err();
        assert_eq!(
            found.first().map(|f| (f.code, f.at.line, f.at.column)),
            Some(("E0106", 3, 10))
        );
        assert!(read("templates/hi.md", "Hello").is_err());
        let unquoted = "---\nsubject: {{ x }}, y\n---\nHello\n";
        assert_eq!(
            read("templates/hi.md", unquoted)
                .unwrap_err()
                .first()
                .map(|f| f.at.line),
            Some(2)
        );
    }
}
