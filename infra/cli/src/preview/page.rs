//! The preview as a page.

use std::fmt::Write as _;

use wend_content::Looked;
use wend_core::definitions::render;

use super::{Preview, kilobytes};
use crate::check::source;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:80rem;padding:0 1rem;color:#1f2328}\
    th{text-align:left;padding-right:1rem;color:#59636e;font-weight:400}pre{white-space:pre-wrap;overflow-wrap:anywhere;\
    background:#f6f8fa;padding:1rem}iframe{width:100%;height:48rem;border:1px solid #d0d7de;background:#fff}\
    .narrow iframe{width:375px}a{color:#0550ae;margin-right:.75rem}";

/// Asks whether what is shown has changed, and shows it anew.
const SCRIPT: &str = "let v;setInterval(async()=>{try{const n=await(await fetch('/version'+location.search)).text();\
    if(v!==undefined&&v!==n)location.reload();v=n}catch{}},500)";

/// The message, its facts, and what is wrong with it.
pub(super) fn page(
    template: &str,
    preview: &Preview,
    locale: Option<&str>,
    variant: Option<&str>,
) -> String {
    let mut body = links(preview, locale, variant);
    match &preview.looked {
        Some(Looked::Mail(mail)) => {
            let preheader = wend_content::preheader(&mail.html).unwrap_or_default();
            let size = format!(
                "{:.1} KB of 102 that Gmail shows",
                kilobytes(mail.html.len())
            );
            let reply_to = mail.reply_to.as_deref().unwrap_or_default();
            body += &facts(&[
                ("From", &mail.from),
                ("Reply to", reply_to),
                ("Subject", &mail.subject),
                ("Preheader", &preheader),
                ("Size", &size),
            ]);
            body += &findings(preview);
            let _ = write!(
                body,
                "<h2>HTML</h2><p><label><input type=checkbox \
                 onchange=\"document.getElementById('mail').className=this.checked?'narrow':''\"> as on a phone</label></p>\
                 <div id=mail><iframe sandbox title=\"the mail as HTML\" srcdoc=\"{}\"></iframe></div><h2>Text</h2><pre>{}</pre>",
                escaped(&mail.html),
                escaped(&mail.text)
            );
        }
        Some(Looked::Sms(sms)) => {
            body += &facts(&[("From", &sms.from)]);
            body += &findings(preview);
            let _ = write!(body, "<pre>{}</pre>", escaped(&sms.text));
        }
        None => body += &findings(preview),
    }
    framed(template, &body)
}

/// Why there is nothing to show.
pub(super) fn failed(template: &str, why: &str) -> String {
    framed(template, &format!("<pre>{}</pre>", escaped(why)))
}

fn framed(template: &str, body: &str) -> String {
    let title = escaped(template);
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>{title} · wend preview</title><style>{STYLE}</style>\
         </head><body><h1>{title}</h1>{body}<script>{SCRIPT}</script></body></html>"
    )
}

/// The other languages and variants.
fn links(preview: &Preview, locale: Option<&str>, variant: Option<&str>) -> String {
    let mut links = String::new();
    for (name, all, now, other) in [
        (
            "locale",
            &preview.locales,
            locale,
            variant.map(|name| format!("&variant={name}")),
        ),
        (
            "variant",
            &preview.variants,
            variant,
            locale.map(|name| format!("&locale={name}")),
        ),
    ] {
        if all.is_empty() {
            continue;
        }
        let other = escaped(&other.unwrap_or_default());
        let _ = write!(links, "<p>{name}: <a href=\"/?{name}={other}\">own</a>");
        for value in all {
            let is_now = if now == Some(value) {
                " aria-current=page"
            } else {
                ""
            };
            let value = escaped(value);
            let _ = write!(
                links,
                "<a{is_now} href=\"/?{name}={value}{other}\">{value}</a>"
            );
        }
        links.push_str("</p>");
    }
    links
}

fn facts(facts: &[(&str, &str)]) -> String {
    let mut table = String::from("<table>");
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(table, "<tr><th>{name}<td dir=auto>{}", escaped(value));
    }
    table + "</table>"
}

fn findings(preview: &Preview) -> String {
    let drawn = preview.faults.iter();
    let drawn: Vec<String> = drawn
        .map(|fault| render(fault, source(&preview.files, fault)))
        .collect();
    if drawn.is_empty() {
        return "<p>Nothing to complain about.</p>".to_owned();
    }
    format!("<h2>Check</h2><pre>{}</pre>", escaped(&drawn.join("\n\n")))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
