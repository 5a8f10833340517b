//! The inbox as pages: no script of ours, and what a mail brings along runs in a frame that may do nothing but show it.

use std::fmt::Write;

use super::mail::{Happens, Mail};

/// The pages load nothing from anywhere.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// A mail may show pictures, as mail programs do, and open its links in a tab of their own.
pub const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline' \
    https:; font-src https: data:; img-src http: https: data:; frame-ancestors 'self'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328}\
    table{width:100%;border-collapse:collapse}td,th{text-align:left;padding:.5rem;border-bottom:1px solid #d0d7de;\
    vertical-align:top;overflow-wrap:anywhere}th[scope=row]{font-weight:400;color:#59636e;width:12rem}\
    iframe{width:100%;height:32rem;border:1px solid #d0d7de}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f8fa;\
    padding:1rem}a{color:#0550ae}.quiet{color:#59636e}button{font:inherit;padding:.25rem .75rem;margin:0 .25rem .25rem 0}\
    [role=status]{border-left:.25rem solid #1a7f37;padding-left:.75rem}";

/// The list, newest first.
pub fn inbox(mails: &[Mail]) -> String {
    let mut rows = String::new();
    for (index, mail) in mails.iter().enumerate().rev() {
        let number = index + 1;
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            rows,
            "<tr><td class=quiet>{}</td><td>{}</td><td>{}</td><td><a href=\"/m/{number}\">{}</a></td></tr>",
            escaped(&mail.accepted_at.strftime("%H:%M:%S UTC").to_string()),
            if mail.is_sms() { "SMS" } else { "Mail" },
            escaped(&mail.to.join(", ")),
            escaped(mail.title())
        );
    }
    if rows.is_empty() {
        rows.push_str(
            "<tr><td class=quiet colspan=4>No message yet. Post an event with the curl line that \
            <code>wend dev</code> printed.</td></tr>",
        );
    }
    let table = format!(
        "<h1>Inbox</h1><p><a href=\"/\">Look again</a></p><table><thead><tr><th scope=col>When<th scope=col>What\
         <th scope=col>To<th scope=col>Subject or text</tr></thead><tbody>{rows}</tbody></table>"
    );
    page("Inbox", &table)
}

/// One message: its text, its HTML in a frame, its headers, and what can be made to happen to it. `done` has just happened.
pub fn mail(mail: &Mail, number: usize, done: Option<Happens>) -> String {
    let mut content = format!(
        "<p><a href=\"/\">Inbox</a></p><h1>{}</h1>",
        escaped(mail.title())
    );
    if let Some(done) = done {
        let _ = write!(content, "<p role=status>{}</p>", done.said());
    }
    if !mail.is_sms() {
        let _ = write!(
            content,
            "<form method=post action=\"/m/{number}/happens\"><p id=what>What becomes of it:</p>{}</form>\
             <h2>HTML</h2><p class=quiet>Links open in a new tab and are counted as your clicks.</p>\
             <iframe title=\"the mail as HTML\" src=\"/m/{number}/html\" sandbox=\"allow-popups \
             allow-popups-to-escape-sandbox\"></iframe>",
            buttons()
        );
    }
    let _ = write!(
        content,
        "<h2>Text</h2><pre tabindex=0>{}</pre><h2>Headers</h2><table>{}</table>",
        escaped(&mail.text),
        headers(mail)
    );
    page(mail.title(), &content)
}

fn buttons() -> String {
    let buttons = Happens::ALL.map(|what| {
        let (name, label) = (what.name(), what.label());
        format!("<button name=what value={name} aria-describedby=what>{label}</button>")
    });
    buttons.concat()
}

fn headers(mail: &Mail) -> String {
    let tags = mail
        .tags
        .iter()
        .map(|(name, value)| (format!("tag {name}"), value.clone()));
    let known = [
        ("From".to_owned(), mail.from.clone()),
        ("To".to_owned(), mail.to.join(", ")),
        ("Message id".to_owned(), mail.provider_id.clone()),
    ];
    let mut rows = String::new();
    for (name, value) in known.into_iter().chain(mail.headers.clone()).chain(tags) {
        let _ = write!(
            rows,
            "<tr><th scope=row>{}</th><td>{}</td></tr>",
            escaped(&name),
            escaped(&value)
        );
    }
    rows
}

/// The HTML of a mail as a document of its own, whose links open beside the frame.
pub fn framed(mail: &Mail) -> String {
    const BASE: &str = "<base target=\"_blank\">";
    let html = &mail.html;
    // Behind the head's tag, or where a parser begins one by itself.
    let lower = html.to_ascii_lowercase();
    let head = lower.find("<head").and_then(|at| {
        let end = lower.get(at..)?.find('>')?;
        Some(at + end + 1)
    });
    let doctype = || Some(lower.find("<!doctype")? + lower.find('>')? + 1);
    let at = head.or_else(doctype).unwrap_or(0);
    let (before, after) = html.split_at_checked(at).unwrap_or(("", html));
    format!("{before}{BASE}{after}")
}

fn page(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head>\
         <body><main>{content}</main></body></html>",
        escaped(title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostile(to: &str) -> Mail {
        Mail {
            accepted_at: jiff::Timestamp::UNIX_EPOCH,
            provider_id: "m1".into(),
            from: "\"A\" <a@b.example>".into(),
            to: vec![to.into()],
            subject: "</title><script>alert(2)</script>".into(),
            text: "</pre><script>alert(3)</script>".into(),
            html: "\"><script>alert(4)</script>".into(),
            headers: vec![("X\"><script>".into(), "<script>".into())],
            tags: [("t".into(), "<script>".into())].into(),
            configuration_set: None,
            request: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_hostile_message_stays_in_its_frame() {
        for to in ["<script>alert(1)</script>", "+4915550001111"] {
            let hostile = hostile(to);
            for page in [
                inbox(std::slice::from_ref(&hostile)),
                mail(&hostile, 1, Some(Happens::Click)),
            ] {
                assert!(!page.contains("<script"), "{page}");
            }
        }
        for word in [
            "script-src",
            "allow-scripts",
            "allow-same-origin",
            "allow-forms",
        ] {
            assert!(
                !POLICY.contains(word) && !MAIL_POLICY.contains(word),
                "{word}"
            );
        }
    }

    #[test]
    fn links_of_a_mail_open_beside_the_frame() {
        for (html, expected) in [
            (
                "<!doctype html><html><HEAD class=x><title>a</title>",
                "<!doctype html><html><HEAD class=x><base target=\"_blank\"><title>a</title>",
            ),
            (
                "<!doctype html><p>a",
                "<!doctype html><base target=\"_blank\"><p>a",
            ),
            ("<p>a", "<base target=\"_blank\"><p>a"),
            ("<head", "<base target=\"_blank\"><head"),
        ] {
            let mut mail = hostile("a@example.com");
            html.clone_into(&mut mail.html);
            assert_eq!(framed(&mail), expected);
        }
    }
}
