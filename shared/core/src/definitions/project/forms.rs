//! Forms of websites: what they ask, what who sends them agrees to, where a browser goes then.

use std::collections::BTreeMap;

use super::values;
use crate::condition::Topic;
use crate::definitions::Refers;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::identity::Channel;
use crate::release::{AttributeRule, FormConsent, PropertyRule, ValueType, WebForm};
use crate::syntax::{Key, Node};

/// The forms below `forms`.
pub(super) fn read(
    node: &Node,
    attributes: &BTreeMap<String, AttributeRule>,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, WebForm> {
    reader::named(node, "forms", faults, |node, _, faults| {
        form(node, attributes, faults)
    })
}

fn form(
    node: &Node,
    attributes: &BTreeMap<String, AttributeRule>,
    faults: &mut Faults<'_>,
) -> Option<WebForm> {
    let mut map = MapReader::new(node, "a form", faults)?;
    let asked = map.required("fields", faults);
    let [consent_node, redirect, honeypot] =
        ["consent", "redirect", "honeypot"].map(|key| map.optional(key));
    map.finish(faults);
    let asked = asked?;
    let fields = fields(asked, attributes, faults);
    needs_an_address(asked, &fields, faults);
    let honeypot = honeypot.and_then(|node| {
        let name = reader::data_name(node, "honeypot", faults)?;
        if fields.contains_key(&name) {
            let message = format!("`{name}` is a field: whoever fills it in would be dropped");
            let help = "give the honeypot a name of its own, for example `honeypot: website`";
            faults.add("E0153", node, &message, help);
        }
        Some(name)
    });
    Some(WebForm {
        consent: consent_node.and_then(|node| consent(node, &fields, faults)),
        redirect: redirect.and_then(|node| page(node, faults)),
        honeypot,
        fields,
    })
}

fn fields(
    node: &Node,
    attributes: &BTreeMap<String, AttributeRule>,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, PropertyRule> {
    let mut fields = BTreeMap::new();
    for (key, node) in values::entries(node) {
        if let Some((name, rule)) = field(key, node, attributes, faults) {
            fields.insert(name, rule);
        }
    }
    fields
}

/// `email: email!`.
fn field(
    key: &Key,
    node: &Node,
    attributes: &BTreeMap<String, AttributeRule>,
    faults: &mut Faults<'_>,
) -> Option<(String, PropertyRule)> {
    let name = reader::data_name(&key.as_node(), "fields", faults);
    let text = reader::text(node, &key.text, faults)?;
    let (kind, is_required) = match text.strip_suffix('!') {
        Some(kind) => (kind, true),
        None => (text, false),
    };
    let (name, kind) = (name?, values::value_type(kind, node, faults)?);
    if !can_be_typed_in(kind) {
        let message = format!("no input of a form gives a `{}`", values::type_name(kind));
        let help = format!("one of: {}", FORM_TYPES.map(values::type_name).join(", "));
        faults.add("E0153", node, &message, &help);
        return None;
    }
    let known = match name.as_str() {
        "email" => Some(ValueType::Email),
        "phone" => Some(ValueType::Phone),
        name => attributes.get(name).map(|rule| rule.kind),
    };
    if let Some(known) = known.filter(|known| *known != kind) {
        let known = values::type_name(known);
        let message = format!("`{name}` is an attribute of type `{known}`");
        let mark = if is_required { "!" } else { "" };
        let help = format!("write `{name}: {known}{mark}`, or give the field another name");
        faults.add("E0153", node, &message, &help);
    }
    Some((name, PropertyRule { kind, is_required }))
}

/// What an input of a form can give.
pub(in crate::definitions) const FORM_TYPES: [ValueType; 10] = [
    ValueType::Text,
    ValueType::Name,
    ValueType::Number,
    ValueType::Integer,
    ValueType::Boolean,
    ValueType::Date,
    ValueType::Set,
    ValueType::Url,
    ValueType::Email,
    ValueType::Phone,
];

fn can_be_typed_in(kind: ValueType) -> bool {
    FORM_TYPES.contains(&kind)
}

/// A contact is known by its address: without one nobody is named.
fn needs_an_address(node: &Node, fields: &BTreeMap<String, PropertyRule>, faults: &mut Faults<'_>) {
    if !fields.get("email").is_some_and(|rule| rule.is_required) {
        let message = "a form must ask for an email address: without one nobody is named";
        faults.add("E0101", node, message, "add `email: email!` to its fields");
    }
}

fn consent(
    node: &Node,
    fields: &BTreeMap<String, PropertyRule>,
    faults: &mut Faults<'_>,
) -> Option<FormConsent> {
    let mut map = MapReader::new(node, "`consent` of a form", faults)?;
    let topics = map.required("topics", faults);
    let wording = map.required_text("wording", faults);
    let checkbox = map.optional("checkbox");
    map.finish(faults);
    let topics = topics.map_or_else(Vec::new, |node| {
        reader::one_or_list(node, "topics", faults, |node, _, faults| {
            topic(node, fields, faults)
        })
    });
    let checkbox = checkbox.and_then(|node| {
        let name = reader::data_name(node, "checkbox", faults)?;
        let is_box = fields
            .get(&name)
            .is_some_and(|rule| rule.kind == ValueType::Boolean);
        if !is_box {
            let message = format!("the form has no checkbox `{name}`");
            let help = format!("add `{name}: boolean` to its fields");
            faults.add("E0153", node, &message, &help);
        }
        Some(name)
    });
    Some(FormConsent {
        topics,
        wording: wording?.to_owned(),
        checkbox,
    })
}

fn topic(
    node: &Node,
    fields: &BTreeMap<String, PropertyRule>,
    faults: &mut Faults<'_>,
) -> Option<Topic> {
    let help = "for example `news` (email) or `offers/sms`";
    let topic: Topic = reader::scalar(node, "topics", help, faults)?;
    faults.refer(Refers::Topic, topic.topic.as_str(), node);
    if topic.channel == Channel::Sms.name() && !fields.contains_key("phone") {
        let message = "the form does not ask for a number that SMS could go to";
        faults.add("E0153", node, message, "add `phone: phone!` to its fields");
    }
    Some(topic)
}

/// Where a browser is sent: encrypted, unless it stays on this machine.
fn page(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let text = reader::text(node, "redirect", faults)?;
    let is_local = |rest: &str| {
        let host = rest.split(['/', '?', '#', ':']).next();
        matches!(host, Some("localhost" | "127.0.0.1"))
    };
    let rest = text.strip_prefix("https://").or_else(|| {
        let rest = text.strip_prefix("http://")?;
        is_local(rest).then_some(rest)
    });
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_page = host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_page {
        let message = format!("`{text}` is no page that a browser can be sent to");
        let help = "a whole address, for example `https://www.example.com/thanks`";
        faults.add("E0152", node, &message, help);
    }
    is_page.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use crate::definitions::tests::shown;

    const HEAD: &str = "wend: 1\nproject: acme\nattributes: { company: { type: text } }\n";

    #[test]
    fn a_form_reads_as_written() {
        let text = format!(
            "{HEAD}forms:\n  guide:\n    fields: {{ email: email!, company: text, news: boolean }}\n    \
             consent: {{ topics: [ news, guides ], wording: Send me the newsletter., checkbox: news }}\n    \
             redirect: https://www.example.com/thanks?from=guide\n    honeypot: website\n"
        );
        let read = read("wend.yaml", &text);
        assert_eq!(read.faults, []);
        let form = &read.value.unwrap().forms["guide"];
        assert_eq!(form.fields.len(), 3);
        let consent = form.consent.as_ref().unwrap();
        let topics: Vec<String> = consent.topics.iter().map(ToString::to_string).collect();
        assert_eq!(topics, ["news", "guides"]);
        assert_eq!(consent.wording, "Send me the newsletter.");
        assert_eq!(consent.checkbox.as_deref(), Some("news"));
        assert_eq!(form.honeypot.as_deref(), Some("website"));
    }

    #[test]
    fn every_fault_of_a_form_says_where_and_what_to_do() {
        let mut all = String::new();
        for form in [
            "{}",
            "{ fields: { name: name } }",
            "{ fields: { email: email } }",
            "{ fields: { email: text! } }",
            "{ fields: { email: email!, company: number } }",
            "{ fields: { email: email!, cart: list } }",
            "{ fields: { email: email!, First: nmae } }",
            "{ fields: { email: email! }, honeypot: email }",
            "{ fields: { email: email! }, redirect: /thanks }",
            "{ fields: { email: email! }, redirect: \"https://a@b.example\" }",
            "{ fields: { email: email! }, consent: { topics: news } }",
            "{ fields: { email: email! }, consent: { topics: [ News ], wording: Yes } }",
            "{ fields: { email: email! }, consent: { topics: offers/sms, wording: Yes } }",
            "{ fields: { email: email! }, consent: { topics: news, wording: Yes, checkbox: agreed } }",
            "{ fields: { email: email! }, topics: [ news ] }",
        ] {
            let text = format!("{HEAD}forms: {{ contact: {form} }}\n");
            all.push_str(&shown(&text, &read("wend.yaml", &text).faults, HEAD));
        }
        insta::assert_snapshot!(all);
    }
}
