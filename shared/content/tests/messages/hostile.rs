//! Values that want to be more than values: whatever an attribute holds, the mail has the headers, links and elements of its template.

use std::fmt::Write as _;

use crate::support::{FOOT, MJML, World, ana, head};
use mail_parser::{Address, MessageParser};
use serde_json::{Value as Json, json};
use wend_content::Message;

/// Everything that a value can be put into.
fn world() -> World {
    let markdown = "---\ntemplate: md\nchannel: email\nclass: transactional\nfrom: shop\nsubject: \"Re: {{ contact.x }}\"\npreheader: \"{{ contact.x }}\"\n---\n\
        Hello {{ contact.x }}!\n\n- item {{ contact.x }}\n\n[link]({{ contact.x }}) and [part](https://shop.example.com/?q={{ contact.x | urlencode }})\n";
    let html = "<html><body title=\"{{ contact.x }}\"><p class='{{ contact.x }}'>Hello {{ contact.x }}!</p><a href=\"{{ contact.x }}\">link</a>\
        <a href=\"https://shop.example.com/?q={{ contact.x | urlencode }}\">part</a></body></html>";
    let mjml = MJML.replace(
        "{{ contact.first_name | default(\"there\") }}",
        "{{ contact.x }}",
    );
    let own = |id: &str| {
        head("subject: \"{{ contact.x }}\"\npreheader: \"For {{ contact.x }}\"")
            .replace("template: hi", &format!("template: {id}"))
    };
    World::new(&[
        ("templates/md.md", markdown),
        ("templates/html/message.yaml", &own("html")),
        ("templates/html/email.html", html),
        ("templates/mjml/message.yaml", &own("mjml")),
        ("templates/mjml/email.mjml", &mjml),
        ("partials/foot.mjml", FOOT),
    ])
}

fn hostile() -> Vec<String> {
    let mut all: Vec<String> = naughty_strings::BLNS
        .iter()
        .map(|text| (*text).to_owned())
        .collect();
    all.extend(
        [
            "{{ 7*7 }}",
            "{% raw %}",
            "{% include 'foot' %}",
            "{{ links.unsubscribe }}",
            "{# x #}",
            "jinjaslot0z",
            "x\r\nBcc: evil@example.com",
            "x\nSubject: y\n\n<b>",
            "\u{202e}gnp.exe",
            "مرحبا بالعالم",
            "שלום",
            "日本語の件名",
            "=?utf-8?q?x?=",
            "a\u{2028}b\u{85}c\0d",
        ]
        .map(str::to_owned),
    );
    all
}

fn attributes(x: &str) -> Json {
    let mut attributes = ana();
    attributes["x"] = json!(x);
    attributes
}

/// The names of the elements of a page, in their order, and how many attributes each has.
fn elements(html: &str) -> Vec<(String, usize)> {
    let tokens = html5gum::Tokenizer::new(html);
    let tags = tokens.filter_map(|token| match token {
        Ok(html5gum::Token::StartTag(tag)) => Some((
            String::from_utf8_lossy(&tag.name).into_owned(),
            tag.attributes.len(),
        )),
        _ => None,
    });
    tags.collect()
}

/// Where links and images lead.
fn targets(html: &str) -> Vec<String> {
    let tokens = html5gum::Tokenizer::new(html);
    let tags = tokens.filter_map(|token| match token {
        Ok(html5gum::Token::StartTag(tag)) => Some(tag.attributes),
        _ => None,
    });
    let all = tags.flatten();
    let links = all.filter(|(name, _)| matches!(&name[..], b"href" | b"src"));
    links
        .map(|(_, value)| String::from_utf8_lossy(&value.value).trim().to_owned())
        .collect()
}

/// The mail as SES puts it together: `From`, `Reply-To` and further headers as they are given, the subject encoded.
fn mime(mail: &Message) -> String {
    let mut raw = format!("From: {}\r\n", mail.from);
    if let Some(reply_to) = &mail.reply_to {
        let _ = write!(raw, "Reply-To: {reply_to}\r\n");
    }
    for word in std::iter::once(&mail.subject) {
        let encoded = data_encoding::BASE64.encode(word.as_bytes());
        let _ = write!(raw, "Subject: =?UTF-8?B?{encoded}?=\r\n");
    }
    for (name, value) in &mail.headers {
        let _ = write!(raw, "{name}: {value}\r\n");
    }
    raw + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + &mail.text
}

#[test]
fn no_value_changes_what_a_page_is_made_of() {
    let world = world();
    for template in ["md", "html", "mjml"] {
        let expected = elements(&world.mail(template, &attributes("Ana")).html);
        assert!(expected.len() > 5, "{expected:?}");
        for text in hostile() {
            let mail = world.mail(template, &attributes(&text));
            let found = elements(&mail.html);
            // A blank ends a target of Markdown: what is no target is no link.
            let without_link = template == "md" && {
                let link = expected.iter().position(|(name, _)| name == "a").unwrap();
                found == [&expected[..link], &expected[link + 1..]].concat()
            };
            let is_same = found == expected || without_link;
            assert!(is_same, "{template}: {text:?}\n{}", mail.html);
            for target in targets(&mail.html) {
                let leads = ["https://", "http://", "mailto:", "tel:", "#"];
                let leads = leads
                    .iter()
                    .any(|start| target.to_lowercase().starts_with(start));
                assert!(leads, "{template}: {text:?} leads to {target}");
            }
        }
    }
}

#[test]
fn no_value_adds_a_header() {
    let world = world();
    for template in ["md", "html"] {
        let names = |mail: &Message| -> Vec<String> {
            let raw = mime(mail);
            let parsed = MessageParser::default().parse(&raw).unwrap();
            parsed
                .headers()
                .iter()
                .map(|header| header.name().to_owned())
                .collect()
        };
        let expected = names(&world.mail(template, &attributes("Ana")));
        for text in hostile() {
            let mail = world.mail(template, &attributes(&text));
            assert_eq!(names(&mail), expected, "{text:?}");
            assert!(
                !mail.subject.contains(char::is_control),
                "{:?}",
                mail.subject
            );
            let raw = mime(&mail);
            let parsed = MessageParser::default().parse(&raw).unwrap();
            assert_eq!(
                parsed.subject().unwrap_or_default().trim(),
                mail.subject.trim(),
                "{text:?}"
            );
        }
    }
}

#[test]
fn no_name_of_a_sender_is_more_than_a_name() {
    let mut world = world();
    for text in hostile() {
        let sender = world.project.senders.get_mut("shop").unwrap();
        sender.name.clone_from(&text);
        let mail = world.mail("md", &attributes("Ana"));
        assert!(
            mail.from.is_ascii() && !mail.from.contains(['\r', '\n']),
            "{:?}",
            mail.from
        );
        let raw = mime(&mail);
        let parsed = MessageParser::default().parse(&raw).unwrap();
        let Some(Address::List(from)) = parsed.from() else {
            panic!("{raw}")
        };
        let [from] = from.as_slice() else {
            panic!("{raw}")
        };
        assert_eq!(
            from.address.as_deref(),
            Some("hello@mail.example.com"),
            "{raw}"
        );
    }
}

#[test]
fn jinja_in_a_value_stays_text() {
    let world = world();
    for template in ["md", "html", "mjml"] {
        let mail = world.mail(
            template,
            &attributes("{{ 7*7 }}{% if true %}yes{% endif %}"),
        );
        assert!(
            !mail.html.contains("49") && !mail.subject.contains("49"),
            "{}",
            mail.html
        );
        assert!(
            mail.html.contains("{% if true %}") && mail.subject.contains("{{ 7*7 }}"),
            "{}",
            mail.html
        );
        assert!(
            mail.text.contains("{{ 7*7 }}{% if true %}yes{% endif %}"),
            "{}",
            mail.text
        );
    }
}

#[test]
fn long_values_are_shown_whole() {
    let world = world();
    let long = "ä <b>\"lang\"</b> ".repeat(7000);
    for template in ["md", "html", "mjml"] {
        let mail = world.mail(template, &attributes(&long));
        assert!(mail.text.contains(long.trim()), "{template}");
        assert!(mail.html.matches("&lt;b&gt;").count() >= 7000, "{template}");
    }
}
