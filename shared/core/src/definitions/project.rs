//! Reads `wend.yaml`.

use std::collections::BTreeMap;

use super::reader::{self, Faults, MapReader};
use crate::definitions::Diagnostic;
use crate::identity::EmailAddress;
use crate::release::{Project, Sender, Topic};
use crate::syntax::{self, Node, NodeValue};

pub(super) fn read(file: &str, text: &str) -> Result<Project, Vec<Diagnostic>> {
    let root = syntax::parse(file, text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::new(file);
    let project = header(&root, &mut faults);
    faults.or(project)
}

fn header(root: &Node, faults: &mut Faults<'_>) -> Option<Project> {
    let mut map = MapReader::new(root, "a project", faults)?;
    let version = map.required("wend", faults);
    let id = map
        .required("project", faults)
        .and_then(|node| reader::id(node, "project", faults));
    let postal_address = map
        .optional_text("postal_address", faults)
        .map(str::to_owned);
    let zone = map
        .optional("zone")
        .and_then(|node| reader::zone(node, "zone", faults));
    let senders = map
        .optional("senders")
        .map(|node| named(node, "senders", faults, sender));
    let topics = map
        .optional("topics")
        .map(|node| named(node, "topics", faults, topic));
    map.finish(faults);
    if let Some(version) = version
        && reader::text(version, "wend", faults).is_some_and(|text| text != "1")
    {
        faults.add(
            "E0150",
            version.at,
            "this file is of a format not known here",
            "write `wend: 1`",
        );
    }
    Some(Project {
        id: id?,
        postal_address,
        zone,
        senders: senders.unwrap_or_default(),
        topics: topics.unwrap_or_default(),
    })
}

/// A map from ids to what `read` makes of each value.
fn named<T>(
    node: &Node,
    what: &'static str,
    faults: &mut Faults<'_>,
    read: impl Fn(&Node, &str, &mut Faults<'_>) -> Option<T>,
) -> BTreeMap<String, T> {
    let NodeValue::Map(entries) = &node.value else {
        let message = format!("`{what}` takes a map, this is {}", node.kind());
        faults.add("E0100", node.at, &message, "write `name: { … }` lines");
        return BTreeMap::new();
    };
    let mut all = BTreeMap::new();
    for (key, value) in entries {
        let key_node = Node {
            at: key.at,
            value: NodeValue::Scalar {
                text: key.text.clone(),
                is_plain: true,
            },
        };
        let id = reader::id(&key_node, what, faults);
        let value = read(value, &key.text, faults);
        if let (Some(id), Some(value)) = (id, value) {
            all.insert(id, value);
        }
    }
    all
}

fn sender(node: &Node, _id: &str, faults: &mut Faults<'_>) -> Option<Sender> {
    let mut map = MapReader::new(node, "a sender", faults)?;
    let email = map.required("email", faults);
    let reply_to = map.optional_text("reply_to", faults).map(str::to_owned);
    map.finish(faults);
    let email = email?;
    let text = reader::text(email, "email", faults)?;
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (
            name.trim(),
            rest.trim_end().strip_suffix('>').unwrap_or(rest),
        ),
        None => ("", text),
    };
    let is_valid = EmailAddress::parse(address).is_some() && !name.contains(char::is_control);
    if !is_valid {
        let help = "write `email: Acme <hello@mail.example.com>`";
        faults.add(
            "E0151",
            email.at,
            &format!("`{text}` is not a sender"),
            help,
        );
        return None;
    }
    Some(Sender {
        name: name.trim_matches('"').to_owned(),
        address: address.to_owned(),
        reply_to,
    })
}

const OPT_INS: [(&str, ()); 1] = [("single", ())];

fn topic(node: &Node, id: &str, faults: &mut Faults<'_>) -> Option<Topic> {
    let mut map = MapReader::new(node, "a topic", faults)?;
    let title = map.optional_text("title", faults).unwrap_or(id).to_owned();
    if let Some(opt_in) = map.optional("opt_in") {
        reader::choice(opt_in, "opt_in", &OPT_INS, faults);
    }
    map.finish(faults);
    Some(Topic { title })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_has_a_name_and_an_address() {
        let text = "wend: 1\nproject: acme\nsenders:\n  shop: { email: Acme <hello@mail.example.com> }\n\
            topics:\n  news: { title: Newsletter, opt_in: single }\n";
        let project = read("wend.yaml", text).unwrap();
        let sender = project.senders.get("shop").unwrap();
        assert_eq!(
            (sender.name.as_str(), sender.address.as_str()),
            ("Acme", "hello@mail.example.com")
        );
    }

    #[test]
    fn a_project_has_a_zone_of_the_database_or_none() {
        let zone = |line: &str| read("wend.yaml", &format!("wend: 1\nproject: acme\n{line}"));
        let zone = |line: &str| zone(line).map(|project| project.zone.map(|zone| zone.to_string()));
        assert_eq!(zone(""), Ok(None));
        assert_eq!(
            zone("zone: europe/berlin\n"),
            Ok(Some("Europe/Berlin".to_owned()))
        );
        let found = zone("zone: Europe/Berlim\n").unwrap_err();
        let found = found
            .first()
            .map(|fault| (fault.code, fault.at.line, fault.help.as_deref()));
        assert_eq!(
            found,
            Some(("E0124", 3, Some("did you mean `Europe/Berlin`?")))
        );
    }

    #[test]
    fn what_cannot_be_kept_yet_is_refused_and_not_ignored() {
        let text = "wend: 1\nproject: acme\ntopics:\n  news: { opt_in: double }\n";
        let found = read("wend.yaml", text).unwrap_err();
        assert_eq!(
            found.first().map(|f| (f.code, f.at.line)),
            Some(("E0106", 4))
        );
    }
}
