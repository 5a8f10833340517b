//! Designed mails: folders, layouts, partials, languages.

use crate::support::{FOOT, MJML, UNSUBSCRIBE, World, ana, head};
use serde_json::json;
use wend_content::Ask;

fn designed() -> World {
    World::new(&[
        (
            "templates/hi/message.yaml",
            &head(
                "subject: Hello\npreheader: \"For {{ contact.first_name | default('you') }}\"\nreply_to: ana@example.com",
            ),
        ),
        ("templates/hi/email.mjml", MJML),
        ("partials/foot.mjml", FOOT),
    ])
}

#[test]
fn mjml_keeps_its_jinja_and_becomes_a_page_and_a_text() {
    let mail = designed().mail("hi", &ana());
    assert_eq!(mail.reply_to.as_deref(), Some("ana@example.com"));
    let html = &mail.html;
    for part in [
        "Hello Ana,",
        "You have 230 points.",
        "<a href=\"https://shop.example.com/p?a=1&amp;b=2\">Socks &amp; more</a> for €95.00",
        "href=\"https://shop.example.com/cart?id=c%201&amp;from=mail\"",
        "Acme GmbH, Street 1 <a href=\"https://t.example/u/abc\">Unsubscribe</a>",
        ">For Ana</div>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert_eq!(html.matches(UNSUBSCRIBE).count(), 1, "no second footer");
    for left in ["{{", "{%", "jinjaslot", "<mj-"] {
        assert!(!html.contains(left), "{left} in {html}");
    }
    insta::assert_snapshot!(mail.text);
}

#[test]
fn conditions_and_loops_hold_when_it_is_sent() {
    let mail = designed().mail("hi", &json!({ "points": 1, "items": [], "cart_id": "c" }));
    assert!(mail.html.contains("Hello there,") && !mail.html.contains("points"));
    assert!(!mail.text.contains("points") && !mail.text.contains("€"));
}

#[test]
fn a_value_that_begins_an_address_is_no_script() {
    let mut attributes = ana();
    attributes["items"][0]["url"] = json!("javascript:alert(1)");
    let mail = designed().mail("hi", &attributes);
    assert!(
        mail.html.contains("<a href=\"#\">Trail shoe</a>"),
        "{}",
        mail.html
    );
    assert!(!mail.html.contains("javascript:") && !mail.text.contains("javascript:"));
}

#[test]
fn a_message_goes_into_its_layout() {
    let frame = "<html><body><h1>Acme</h1>{{ content }}<p>{{ project.postal_address }} <a href=\"{{ links.unsubscribe }}\">out</a></p></body></html>";
    let mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>{{ content }}</mj-text></mj-column></mj-section>{% include \"foot\" %}</mj-body></mjml>";
    let sections = "<mjml><mj-body>{{ content }}{% include \"foot\" %}</mj-body></mjml>";
    let markdown = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\nlayout: brand\n---\nHello *{{ contact.first_name }}*\n";
    let own = head("subject: Hi\nlayout: brand");
    let section = "<mj-section><mj-column><mj-text>Hello <em>{{ contact.first_name }}</em></mj-text></mj-column></mj-section>";
    for files in [
        &[("templates/hi.md", markdown), ("layouts/brand.html", frame)][..],
        &[("templates/hi.md", markdown), ("layouts/brand.mjml", mjml)],
        &[
            ("templates/hi/message.yaml", &own),
            (
                "templates/hi/email.html",
                "Hello <em>{{ contact.first_name }}</em>",
            ),
            ("layouts/brand.html", frame),
        ],
        &[
            ("templates/hi/message.yaml", &own),
            (
                "templates/hi/email.html",
                "Hello <em>{{ contact.first_name }}</em>",
            ),
            ("layouts/brand.mjml", mjml),
        ],
        &[
            ("templates/hi/message.yaml", &own),
            ("templates/hi/email.mjml", section),
            ("layouts/brand.mjml", sections),
        ],
    ] {
        let files: Vec<_> = files
            .iter()
            .copied()
            .chain([("partials/foot.mjml", FOOT)])
            .collect();
        let mail = World::new(&files).mail("hi", &json!({ "first_name": "A<b>" }));
        assert!(
            mail.html.contains("Hello <em>A&lt;b&gt;</em>"),
            "{}",
            mail.html
        );
        assert_eq!(mail.html.matches(UNSUBSCRIBE).count(), 1, "{}", mail.html);
        assert!(
            mail.html.contains("Acme GmbH") && !mail.html.contains("{{"),
            "{}",
            mail.html
        );
        assert_eq!(mail.text.matches(UNSUBSCRIBE).count(), 1, "{}", mail.text);
        assert!(mail.text.contains("Hello"), "{}", mail.text);
    }
}

#[test]
fn a_design_without_the_way_out_gets_the_footer() {
    let world = World::new(&[
        ("templates/hi/message.yaml", &head("subject: Hi")),
        (
            "templates/hi/email.html",
            "<html><body><p>Hello</p></body></html>",
        ),
        ("templates/hi/email.txt", "Hello in words\n"),
    ]);
    let mail = world.mail("hi", &json!({}));
    assert!(
        mail.html.ends_with("Unsubscribe</a></p></body></html>"),
        "{}",
        mail.html
    );
    assert_eq!(
        mail.text,
        format!("Hello in words\n\n-- \nAcme GmbH, Street 1\nUnsubscribe: {UNSUBSCRIBE}\n")
    );
}

#[test]
fn each_language_has_its_words_and_falls_back() {
    let text = "---\ntemplate: hi\nchannel: email\nclass: transactional\nfrom: shop\nsubject: Hello\npreheader: Soon\n\
        locales: { de: { subject: Hallo }, fr: { subject: Salut } }\n\
        variants: { b: { subject: Ho, locales: { de: { subject: Na } } }, c: { preheader: Now } }\n---\nGood day\n--- de\nGuten Tag\n";
    let world = World::new(&[("templates/hi.md", text)]);
    for (locale, variant, subject, body) in [
        ("", None, "Hello", "Good day"),
        ("en-GB", None, "Hello", "Good day"),
        ("de-AT", None, "Hallo", "Guten Tag"),
        ("de", Some("b"), "Na", "Guten Tag"),
        ("de", Some("c"), "Hallo", "Guten Tag"),
        ("fr", Some("b"), "Salut", "Good day"),
        ("es", Some("b"), "Ho", "Good day"),
    ] {
        let ask = Ask {
            variant,
            ..Ask::default()
        };
        let mail = world
            .try_mail("hi", &json!({ "locale": locale }), ask)
            .unwrap();
        assert_eq!(
            (mail.subject.as_str(), mail.text.trim()),
            (subject, body),
            "{locale} {variant:?}"
        );
        assert!(mail.html.contains(if variant == Some("c") {
            ">Now</div>"
        } else {
            ">Soon</div>"
        }));
    }
    let of_project = Ask {
        locale: Some("de"),
        ..Ask::default()
    };
    assert_eq!(
        world
            .try_mail("hi", &json!({}), of_project)
            .unwrap()
            .subject,
        "Hallo"
    );
    assert_eq!(
        world.mail("hi", &json!({ "language": "de" })).subject,
        "Hallo"
    );
}

#[test]
fn partials_and_layouts_have_languages_too() {
    let world = World::new(&[
        (
            "templates/hi/message.yaml",
            &head("subject: Hi\nlayout: brand\nlocales: { de: { subject: Ho } }"),
        ),
        ("templates/hi/email.html", "Hello {% include 'sign' %}"),
        ("templates/hi/email.de.html", "Hallo {% include 'sign' %}"),
        ("layouts/brand.html", "<body>[{{ content }}]</body>"),
        ("layouts/brand.de.html", "<body>«{{ content }}»</body>"),
        ("partials/sign.html", "the team"),
        ("partials/sign.de.html", "das Team"),
    ]);
    assert!(
        world
            .mail("hi", &json!({}))
            .html
            .contains("[Hello the team]")
    );
    assert!(
        world
            .mail("hi", &json!({ "locale": "de" }))
            .html
            .contains("«Hallo das Team»")
    );
}

#[test]
fn links_are_given_or_missing() {
    let text = "---\ntemplate: hi\nchannel: email\nclass: transactional\nfrom: shop\nsubject: Hi\n---\n[view]({{ links.web_view }}) {{ links.preferences }}\n";
    let world = World::new(&[("templates/hi.md", text)]);
    let error = world
        .try_mail("hi", &json!({}), Ask::default())
        .unwrap_err();
    assert!(error.is_missing_value(), "{error}");
    let ask = Ask {
        preferences_url: Some("https://t.example/p/1"),
        web_view_url: Some("https://t.example/v/1"),
        ..Ask::default()
    };
    let mail = world.try_mail("hi", &json!({}), ask).unwrap();
    assert_eq!(
        mail.text,
        "[view](https://t.example/v/1) https://t.example/p/1\n"
    );
}

#[test]
fn a_part_is_named_by_all_of_its_files() {
    use wend_core::release::{Definition, Part};
    let part = |foot: &str| {
        let mut world = World::new(&[
            ("templates/hi/message.yaml", &head("subject: Hi")),
            ("templates/hi/email.html", "Hello {% include 'foot' %}"),
            ("partials/foot.html", foot),
        ]);
        let template = world.templates.remove("hi").unwrap();
        Part {
            path: String::new(),
            source: String::new(),
            definition: Definition::Template(template),
        }
        .hash()
    };
    assert_eq!(part("a"), part("a"));
    assert_ne!(part("a"), part("b"));
}
