use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use wend_core::contact::{Attribute, Contact};
use wend_core::definitions::{read_project, read_template};
use wend_core::id::ContactKey;
use wend_core::personal::Personal;
use wend_core::time::Timestamp;
use wend_core::zone::Zone;

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Acme <GmbH>, Street 1\n\
    senders: { shop: { email: Acme <hello@mail.example.com>, reply_to: care@example.com } }\ntopics: { news: {} }\n";
const URL: &str = "https://t.example/u/abc";

fn rendered(class: &str, subject: &str, body: &str, name: Json) -> Result<Message, RenderError> {
    let text = format!(
        "---\ntemplate: hi\nchannel: email\nclass: {class}\ntopic: news\nfrom: shop\nsubject: \"{subject}\"\n---\n{body}"
    );
    let template = read_template("templates/hi.md", &text).unwrap();
    let project = read_project("wend.yaml", PROJECT).unwrap();
    let mut contact = Contact::new(ContactKey::from_bytes([0; 16]), Timestamp::default());
    let attribute = Attribute {
        value: Personal::new(name),
        at: Timestamp::default(),
    };
    contact.attributes.insert("first_name".into(), attribute);
    let (given, zone) = (BTreeMap::new(), Zone::parse("Europe/Berlin").unwrap());
    let values = Values {
        contact: &contact,
        journey: None,
        run: None,
        trigger: None,
        given: &given,
        zone: &zone,
    };
    let ask = Ask {
        unsubscribe_url: URL,
        ..Ask::default()
    };
    render(&template, &project, values, ask)
}

#[test]
fn filters_say_money_dates_and_numbers_as_people_do() {
    for (text, expected) in [
        ("{{ 95 | money }}", "95.00"),
        ("{{ '95.5' | money('EUR') }}", "€95.50"),
        ("{{ -3 | money('USD') }}", "-$3.00"),
        ("{{ 12 | money('CHF') }}", "12.00 CHF"),
        ("{{ 1200 | money('JPY') }}", "¥1200"),
        ("{{ '2027-03-18T15:00:00Z' | date }}", "18 March 2027"),
        (
            "{{ '2027-03-18T23:30:00Z' | date('%Y-%m-%d %H:%M') }}",
            "2027-03-19 00:30",
        ),
        ("{{ '2027-03-18' | date('%d.%m.%Y') }}", "18.03.2027"),
        (
            "{{ 1 | pluralise('item', 'items') }}, {{ 2 | pluralise('item', 'items') }}",
            "item, items",
        ),
        (
            "{{ button('Go', 'https://a.example/?a=1&b=2') }}",
            "Go: https://a.example/?a=1&b=2",
        ),
    ] {
        let subject = text.replace('"', "'");
        assert_eq!(
            rendered("transactional", &subject, "x", json!("Ana"))
                .unwrap()
                .subject,
            expected,
            "{text}"
        );
    }
    for wrong in [
        "{{ 'abc' | money }}",
        "{{ 'soon' | date }}",
        "{{ button('x', 'javascript:alert(1)') }}",
    ] {
        assert!(
            rendered("transactional", wrong, "x", json!("Ana")).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_link_leads_to_the_web_or_nowhere() {
    let body = "[a]({{ contact.first_name }}) {{ button('Buy <now>', 'https://a.example/\"x') }}";
    let message = rendered("transactional", "x", body, json!("javascript:alert(1)")).unwrap();
    assert!(
        message.html.contains("<a href=\"#\">a</a>"),
        "{}",
        message.html
    );
    assert!(message.html.contains("&quot;x"), "{}", message.html);
    let message = rendered(
        "transactional",
        "x",
        body,
        json!("https://b.example/p_1?q=(2)"),
    )
    .unwrap();
    assert!(
        message
            .html
            .contains("href=\"https://b.example/p_1?q=(2)\""),
        "{}",
        message.html
    );
}

#[test]
fn marketing_mail_carries_the_way_out_in_headers_and_both_parts() {
    let subject = "Welcome, {{ contact.first_name }}";
    let body = "Hello **{{ contact.first_name }}**,\n\n- [Start](https://example.com/start)\n";
    let message = rendered("marketing", subject, body, json!("Ana")).unwrap();
    assert_eq!(message.subject, "Welcome, Ana");
    assert_eq!(
        message.headers,
        [
            ("List-Unsubscribe", format!("<{URL}>")),
            (
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".to_owned()
            )
        ]
    );
    insta::assert_snapshot!("marketing_html", message.html);
    insta::assert_snapshot!("marketing_text", message.text);
}

#[test]
fn transactional_mail_has_no_unsubscribe() {
    let message = rendered("transactional", "Receipt", "Thanks", json!("Ana")).unwrap();
    assert!(message.headers.is_empty());
    assert!(!message.html.contains("nsubscribe") && !message.text.contains("nsubscribe"));
}

#[test]
fn a_missing_variable_is_an_error_unless_it_has_a_default() {
    let error = rendered("transactional", "{{ contact.nick }}", "x", json!("Ana")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("template `hi` cannot be rendered"),
        "{error}"
    );
    let message = rendered(
        "transactional",
        "{{ contact.nick | default('you') }}",
        "x",
        json!(1),
    );
    assert_eq!(message.unwrap().subject, "you");
}

#[test]
fn a_value_is_shown_as_it_is_and_never_becomes_markup() {
    for hostile in [
        "[click](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "*bold* _it_ `code` ~~x~~",
        "![x](https://evil.example/p.png)",
        "# heading\n- item\n\n> quote",
        "&lt;b&gt; https://evil.example",
        "{{ 7*7 }} {% raw %}",
    ] {
        let message = rendered(
            "transactional",
            "{{ contact.first_name }}",
            "Hi {{ contact.first_name }}!",
            json!(hostile),
        )
        .unwrap();
        let paragraphs = message.html.matches("<p>").count();
        assert_eq!(paragraphs, 1, "{}", message.html);
        for tag in [
            "<a",
            "<img",
            "<em",
            "<strong",
            "<code",
            "<h1",
            "<li",
            "<blockquote",
            "49",
        ] {
            assert!(!message.html.contains(tag), "{tag} in {}", message.html);
        }
        assert!(!message.subject.contains('\n'));
    }
}

#[test]
fn a_template_that_never_ends_is_stopped() {
    let body =
        "{% for i in range(9999) %}{% for j in range(9999) %}{{ j }}{% endfor %}{% endfor %}";
    let error = rendered("transactional", "x", body, json!("Ana")).unwrap_err();
    assert!(error.to_string().contains("fuel"), "{error}");
}
