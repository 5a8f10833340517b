use super::*;
use crate::definitions::tests::shown;

const REMINDER: &str = include_str!("../tests/shop/templates/cart-reminder.md");

fn template(file: &str, text: &str) -> Template {
    let read = read(file, text);
    assert_eq!(read.faults, []);
    read.value.unwrap()
}

#[test]
fn a_template_is_a_head_and_a_text() {
    let text =
        "---\ntemplate: hi\nchannel: sms\nclass: system\nfrom: texts\n---\nHello\n---\nthere\n";
    let template = template("templates/hi.md", text);
    assert_eq!(template.body, "Hello\n---\nthere\n");
    assert_eq!(
        (template.channel, template.class),
        (Channel::Sms, MessageClass::System)
    );
    assert_eq!((template.topic, template.subject), (None, None));
    assert_eq!(template.sample, serde_json::Value::Null);
}

#[test]
fn the_whole_head_reads_as_written() {
    let template = template("templates/cart-reminder.md", REMINDER);
    assert_eq!(template.topic.as_deref(), Some("offers"));
    assert_eq!(
        template.preheader.as_deref(),
        Some("We keep it for two more days.")
    );
    assert_eq!(template.layout.as_deref(), Some("brand"));
    let needs: Vec<String> = template.needs.iter().map(Path::to_string).collect();
    assert_eq!(needs, ["trigger.items", "trigger.checkout_url"]);
    let question = &template.variants["question"];
    let subject = Some("Did something go wrong at the checkout?");
    assert_eq!(
        (question.subject.as_deref(), question.preheader.as_deref()),
        (subject, None)
    );
    assert_eq!(template.sample["trigger"]["items"][0]["price"], 95);
    assert!(template.body.starts_with("You left this behind:"));
}

#[test]
fn lines_may_end_as_on_windows() {
    let read = template(
        "templates/cart-reminder.md",
        &REMINDER.replace('\n', "\r\n"),
    );
    assert_eq!(read.needs.len(), 2);
    assert!(read.body.starts_with("You left this behind:"));
}

const HEAD: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\nfrom: shop\n";

#[test]
fn every_fault_says_where_and_what_to_do() {
    let mut all = String::new();
    for text in [
        "Hello",
        "---\ntemplate: hi\n",
        "---\nsubject: {{ x }}, y\n---\nHello\n",
        "---\ntemplate: hello\nchannel: pigeon\nclass: promo\n---\nHello\n",
        "---\ntemplate: hi\nchannel: email\nclass: system\nfrom: shop\nsubject: Hi\n---\n\n",
        "---\ntemplate: hi\nchannel: sms\nclass: marketing\nfrom: texts\nsubject: Hi\npreheader: Ho\n---\nHello\n",
    ] {
        all.push_str(&shown(text, &read("templates/hi.md", text).faults, ""));
    }
    for lines in [
        "",
        "subject: \"two\\nlines\"",
        "subject: Hi\ntopic: news/sms",
        "subject: Hi\nlayout: Brand",
        "subject: Hi\nneeds: trigger.items",
        "subject: Hi\nneeds: [ items, contact.a, contact.a ]",
        "subject: Hi\nvariants: { short: {} }",
        "subject: Hi\nvariants: { short: { title: Hi } }",
        "subject: Hi\nsample: Ana",
        "subject: Hi\nprehaeder: Ho",
    ] {
        let text = format!("{HEAD}{lines}\n---\nHello\n");
        all.push_str(&shown(&text, &read("templates/hi.md", &text).faults, HEAD));
    }
    insta::assert_snapshot!(all);
}
