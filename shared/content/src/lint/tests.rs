//! Projects with faulty templates, and all that is said of them.

use wend_core::definitions::{Diagnostic, SourceFile, explain, render};

use crate::{check_all, check_samples};

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Acme, Street 1\nlocales: [ en, de ]\n\
    senders: { shop: { email: Acme <hello@mail.example.com> }, texts: { sms: ACME } }\ntopics: { news: {} }\n";

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// A template that is a folder, with these lines in its head.
fn designed(class: &str, lines: &str, texts: &[(&str, &str)]) -> Vec<SourceFile> {
    let head =
        format!("template: hi\nchannel: email\nclass: {class}\ntopic: news\nfrom: shop\n{lines}\n");
    let head = if lines.contains("subject:") {
        head
    } else {
        head + "subject: Hello\n"
    };
    let mut files = vec![file("templates/hi/message.yaml", &head)];
    files.extend(texts.iter().map(|(name, text)| {
        let path = if name.contains('/') {
            (*name).to_owned()
        } else {
            format!("templates/hi/{name}")
        };
        file(&path, text)
    }));
    files
}

fn written(channel: &str, head: &str, body: &str) -> Vec<SourceFile> {
    let from = if channel == "email" { "shop" } else { "texts" };
    let text = format!(
        "---\ntemplate: hi\nchannel: {channel}\nclass: transactional\nfrom: {from}\n{head}\n---\n{body}\n"
    );
    vec![file("templates/hi.md", &text)]
}

fn faults(mut files: Vec<SourceFile>) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    files.insert(0, file("wend.yaml", PROJECT));
    let checked = check_all(&files);
    let mut faults = checked.faults;
    faults.extend(check_samples(&checked.definitions).faults);
    (files, faults)
}

fn shown(title: &str, files: Vec<SourceFile>) -> String {
    let (files, faults) = faults(files);
    let mut shown = format!("──────── {title}\n");
    if faults.is_empty() {
        shown.push_str("(nothing is said)\n");
    }
    for fault in faults {
        let source = files.iter().find(|file| file.path == fault.file);
        shown.push_str(&render(&fault, source.map_or("", |file| &file.text)));
        shown.push_str("\n\n");
    }
    shown
}

const FOOT: &str =
    "<p>{{ project.postal_address }} <a href=\"{{ links.unsubscribe }}\">Leave</a></p>";

const HI: (&str, &str) = (
    "email.html",
    "<p>Hi, there is something to tell you today.</p>\n",
);

macro_rules! mjml {
    ($body:literal) => {
        concat!("<mjml>\n<mj-body>\n", $body, "\n</mj-body>\n</mjml>\n")
    };
}

/// What a case is called, what the head of its template says besides, and its files.
type Case = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Layouts, partials and MJML.
const PUT_TOGETHER: [Case; 12] = [
    (
        "no layout",
        "layout: brant",
        &[HI, ("layouts/brand.html", "{{ content }}")],
    ),
    (
        "no partial",
        "",
        &[
            (
                "email.html",
                "<p>\n{% include 'fot' %}\n{% include foot %}</p>",
            ),
            ("partials/foot.html", "x"),
        ],
    ),
    (
        "a partial in itself",
        "",
        &[
            ("email.html", "{% include 'a' %}"),
            ("partials/a.html", "\n{% include 'a' %}"),
        ],
    ),
    (
        "no place for the content",
        "layout: brand",
        &[HI, ("layouts/brand.html", "<body></body>")],
    ),
    (
        "MJML",
        "",
        &[
            (
                "email.mjml",
                mjml!("{% if contact.a < 1 %}\n{% include 'foot' %}\n{% endif %}"),
            ),
            (
                "partials/foot.mjml",
                "<mj-section>\n<mj-column>\n<mj-txt>x</mj-txt></mj-column></mj-section>",
            ),
        ],
    ),
    ("MJML that is none", "", &[("email.mjml", "<p>Hi</p>")]),
    (
        "texts in parts",
        "layout: brand",
        &[
            ("email.html", "<p>Hi\n{% include 'foot' %}</p>"),
            ("partials/foot.html", "\n{{ kontakt.name }}"),
            ("layouts/brand.html", "<body>{{ content }}"),
        ],
    ),
    (
        "a filter in a layout",
        "layout: brand",
        &[
            HI,
            (
                "layouts/brand.html",
                "<body>{{ content }}\n{{ 1 | defualt }}",
            ),
        ],
    ),
    (
        "open in a partial",
        "",
        &[
            ("email.html", "{% include 'foot' %}"),
            ("partials/foot.html", "<p>\n{% if contact.a %}</p>"),
        ],
    ),
    (
        "MJML that is not closed",
        "",
        &[(
            "email.mjml",
            mjml!("<mj-section>\n<mj-column>\n</mj-section>"),
        )],
    ),
    (
        "includes of MJML",
        "",
        &[("email.mjml", mjml!("<mj-include path=\"./foot.mjml\"/>"))],
    ),
    (
        "a sample in MJML",
        "sample: { contact: { a: 1 } }",
        &[(
            "email.mjml",
            mjml!(
                "<mj-section><mj-column>\n<mj-text>{{ contact.nam }}</mj-text></mj-column></mj-section>"
            ),
        )],
    ),
];

fn put_together() -> String {
    let all =
        PUT_TOGETHER.map(|(name, lines, files)| shown(name, designed("system", lines, files)));
    all.concat()
}

fn disliked() -> String {
    let page = |body: &str| {
        format!(
            "<html><body>\n<p>There is something to tell you today.</p>\n{body}\n</body></html>\n"
        )
    };
    let one = |title: &str, body: &str| {
        shown(
            title,
            designed("system", "", &[("email.html", &page(body))]),
        )
    };
    [
        shown("no way out", designed("marketing", "", &[("email.html", &page(""))])),
        shown(
            "no address",
            designed("marketing", "layout: brand", &[
                ("email.html", "<p>There is something to tell you today.</p>"),
                ("layouts/brand.html", "<body>{{ content }}<a href=\"{{ links.unsubscribe }}\">Leave</a></body>"),
            ]),
        ),
        shown("both", designed("marketing", "", &[("email.html", &page(FOOT))])),
        one("images", "<img src=\"https://a.example/a.png\">\n<img src=\"https://a.example/b.png\" alt=\"\">"),
        shown("Markdown image", written("email", "subject: Hi", "There is something to tell you today.\n\n![](https://a.example/a.png)")),
        shown("only images", designed("system", "", &[("email.html", "<body>\n<img src=\"https://a.example/b.png\" alt=\"Sale\"></body>")])),
        one(
            "links",
            "<a href=\"#\">a</a> <a href=\"\">b</a> <a href=\"www.a.example\">c</a>\n<a href=\"http://localhost:8080/x\">d</a>\n\
             <a href=\"https://a.example/x y\">e</a> <a href=\"https://a\">f</a> <a href=\"{% raw %}{{ url }}{% endraw %}\">g</a>\n\
             <a href=\"#top\">fine</a> <a href=\"mailto:a@b.example\">fine</a> <a href=\"https://Bit.ly/3xY\">short</a>",
        ),
        shown("links in Markdown", written("email", "subject: Hi\nsample: { contact: { url: 'javascript:x' } }",
            "There is something to tell you today.\n\n[a](/here) and [b]({{ contact.url }})")),
        one("too large", &"<p>Much to tell.</p>\n".repeat(6000)),
        one(
            "contrast",
            "<p style=\"color: #999; background: #fff\">grey</p>\n<table bgcolor=\"#333333\"><tr><td style=\"color:#555555 !important\">dark \
             <a href=\"https://a.example\">not known</a></td></tr></table>\n<p style=\"color:#888;background:white;font-size:24px\">large</p>\
             <p style=\"color:#888;background:url(https://a.example/x.png)\">not known</p><p style=\"color:rgb(0,0,0);background:#fff\">good</p>",
        ),
        shown("capitals", written("email", "subject: BUY NOW, ANA", "There is something to tell you today.")),
        shown("exclamation", written("email", "subject: Sale!! Today!", "There is something to tell you today.")),
        shown("empty", written("email", "subject: \"{{ contact.x | default('') }}\"\nsample: { contact: {} }", "There is something to tell you today.")),
        shown("SMS", written("sms", "sample: {}", &"a".repeat(161))),
        shown(
            "languages",
            written(
                "email",
                "subject: Hi\nlocales: { fr: { subject: Salut } }",
                "There is something to tell you today.\n--- de\nEs gibt heute etwas zu erzählen.\n--- es\nHola, hay algo que contar.",
            ),
        ),
        shown(
            "half a language",
            written("email", "subject: Hi\nlocales: { de: { preheader: Hallo } }", "There is something to tell you today."),
        ),
    ]
    .concat()
}

#[test]
fn what_does_not_fit_together_is_found() {
    insta::assert_snapshot!(put_together());
}

#[test]
fn what_readers_will_not_like_is_found() {
    insta::assert_snapshot!(disliked());
}

/// The codes that this crate says. Those that a single text has are looked at beside what finds them.
#[test]
fn every_code_has_its_case_and_its_page() {
    let said = put_together() + &disliked();
    for code in [
        "E0142", "E0143", "E0147", "E0240", "E0241", "E0242", "E0243", "W0148", "W0260", "W0262",
        "W0263", "W0264", "W0265", "W0266", "W0267", "W0268", "W0269",
    ] {
        assert!(said.contains(&format!("[{code}]")), "{code} has no case");
        assert!(explain(code).is_some(), "{code} has no page");
    }
}
