use super::*;
use crate::definitions::tests::shown;
use crate::release::Form;

const REMINDER: &str = include_str!("../tests/shop/templates/cart-reminder.md");

fn template(file: &str, text: &str) -> Template {
    let read = read(file, text, &[]);
    assert_eq!(read.faults, []);
    read.value.unwrap()
}

#[test]
fn a_template_is_a_head_and_a_text() {
    let text =
        "---\ntemplate: hi\nchannel: sms\nclass: system\nfrom: texts\n---\nHello\n---\nthere\n";
    let template = template("templates/hi.md", text);
    assert_eq!(template.body.source.text, "Hello\n---\nthere\n");
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
    assert!(
        template
            .body
            .source
            .text
            .starts_with("You left this behind:")
    );
}

#[test]
fn lines_may_end_as_on_windows() {
    let read = template(
        "templates/cart-reminder.md",
        &REMINDER.replace('\n', "\r\n"),
    );
    assert_eq!(read.needs.len(), 2);
    assert!(read.body.source.text.starts_with("You left this behind:"));
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
        "---\ntemplate: hi\nchannel: sms\nclass: system\nfrom: texts\nreply_to: a@b.example\nlocales: { de: { subject: Hi } }\n---\nHello\n",
        "---\ntemplate: hi\nchannel: sms\nclass: system\nfrom: texts\n---\nHello\n--- de\n\n--- de\nHallo\n",
    ] {
        all.push_str(&shown(text, &read("templates/hi.md", text, &[]).faults, ""));
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
        "subject: Hi\nreply_to: nobody",
        "subject: Hi\nlocales: { Deutsch: { subject: Hallo }, de: { title: Hallo } }",
        "subject: Hi\nvariants: { short: { preheader: Ho, locales: { de: {} } } }",
    ] {
        let text = format!("{HEAD}{lines}\n---\nHello\n");
        all.push_str(&shown(
            &text,
            &read("templates/hi.md", &text, &[]).faults,
            HEAD,
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn lines_begin_the_text_in_other_languages() {
    let text = format!(
        "{HEAD}subject: Hi\nlocales: {{ de: {{ subject: Hallo }}, fr: {{ subject: Salut }} }}\n---\nHello\n--- x y\n--- de\nGuten Tag\n\n---\n\nTschüs\n"
    );
    let template = template("templates/hi.md", &text);
    assert_eq!(template.body.source.text, "Hello\n--- x y\n");
    let german = &template.locales["de"];
    assert_eq!(german.subject.as_deref(), Some("Hallo"));
    let body = german.body.as_ref().unwrap();
    assert_eq!(
        (body.source.line, body.source.text.as_str()),
        (12, "Guten Tag\n\n---\n\nTschüs\n")
    );
    assert_eq!(template.locales["fr"].body, None);
}

#[test]
fn a_folder_has_a_head_and_a_file_for_each_text() {
    let head = HEAD.trim_start_matches("---\n").to_owned() + "subject: Hi\n";
    let file = |name: &str, text: &str| SourceFile {
        path: format!("templates/hi/{name}"),
        text: text.to_owned(),
    };
    let files = [
        file("email.mjml", "<mjml></mjml>"),
        file("email.txt", "Hi"),
        file("email.de.html", "<p>Hallo</p>"),
    ];
    let beside: Vec<&SourceFile> = files.iter().collect();
    let found = read("templates/hi/message.yaml", &head, &beside);
    assert_eq!(found.faults, []);
    let template = found.value.unwrap();
    let text = template.body.text.as_ref().map(|text| text.text.as_str());
    assert_eq!((template.body.form, text), (Form::Mjml, Some("Hi")));
    let german = template.locales["de"].body.as_ref().unwrap();
    assert_eq!((german.form, german.text.as_ref()), (Form::Html, None));
    assert_eq!(template.files, files);

    let mut all = String::new();
    for names in [
        &[][..],
        &["email.html", "email.md", "email.fr.txt", "sms.txt"],
    ] {
        let files: Vec<SourceFile> = names.iter().map(|name| file(name, "Hi")).collect();
        let beside: Vec<&SourceFile> = files.iter().collect();
        let faults = read("templates/hi/message.yaml", &head, &beside).faults;
        all.push_str(&shown(&head, &faults, ""));
    }
    let sms = "template: ho\nchannel: sms\nclass: system\nfrom: texts\n";
    all.push_str(&shown(
        sms,
        &read("templates/hi/message.yaml", sms, &[]).faults,
        "",
    ));
    insta::assert_snapshot!(all);
}
