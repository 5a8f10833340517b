//! The inbox as pages.

use std::fmt::Write;

use super::mail::Mail;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328}\
    table{width:100%;border-collapse:collapse}td,th{text-align:left;padding:.5rem;border-bottom:1px solid #d0d7de;\
    vertical-align:top;overflow-wrap:anywhere}iframe{width:100%;height:32rem;border:1px solid #d0d7de}pre{white-space:pre-wrap;background:#f6f8fa;\
    padding:1rem}a{color:#0550ae}.quiet{color:#59636e}";

/// The list, newest first. It looks for new mails by itself.
pub fn inbox(mails: &[Mail]) -> String {
    let mut rows = String::new();
    for (index, mail) in mails.iter().enumerate().rev() {
        let number = index + 1;
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<tr><td class=quiet>{}</td><td>{}</td><td><a href=\"/m/{number}\">{}</a></td></tr>",
            escaped(&mail.accepted_at.strftime("%H:%M:%S UTC").to_string()),
            escaped(&mail.to.join(", ")),
            escaped(&mail.subject)
        );
    }
    if rows.is_empty() {
        rows.push_str(
            "<tr><td class=quiet colspan=3>No mail yet. Post an event with the curl line that \
            <code>wend dev</code> printed.</td></tr>",
        );
    }
    let head = "<meta http-equiv=\"refresh\" content=\"5\">";
    let table = format!("<h1>Inbox</h1><table><tr><th>When<th>To<th>Subject</tr>{rows}</table>");
    page("Inbox", head, &table)
}

/// One mail: headers, the HTML in a frame that runs no script, the text.
pub fn mail(mail: &Mail, number: usize) -> String {
    let mut headers = String::new();
    let tags = mail
        .tags
        .iter()
        .map(|(name, value)| (format!("tag {name}"), value.clone()));
    let known = [
        ("From".to_owned(), mail.from.clone()),
        ("To".to_owned(), mail.to.join(", ")),
        ("Message id".to_owned(), mail.provider_id.clone()),
    ];
    for (name, value) in known.into_iter().chain(mail.headers.clone()).chain(tags) {
        // Writing to a string cannot fail.
        let _ = write!(
            headers,
            "<tr><td class=quiet>{}</td><td>{}</td></tr>",
            escaped(&name),
            escaped(&value)
        );
    }
    let content = format!(
        "<p><a href=\"/\">Inbox</a> · mail {number}</p><h1>{}</h1><table>{headers}</table><h2>HTML</h2>\
         <iframe sandbox title=\"the mail as HTML\" srcdoc=\"{}\"></iframe><h2>Text</h2><pre>{}</pre>",
        escaped(&mail.subject),
        escaped(&mail.html),
        escaped(&mail.text)
    );
    page(&mail.subject, "", &content)
}

fn page(title: &str, head: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title>{head}<style>{STYLE}</style></head>\
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

    #[test]
    fn a_hostile_mail_stays_in_its_frame() {
        let hostile = Mail {
            accepted_at: jiff::Timestamp::UNIX_EPOCH,
            provider_id: "m1".into(),
            from: "\"A\" <a@b.example>".into(),
            to: vec!["<script>alert(1)</script>".into()],
            subject: "</title><script>alert(2)</script>".into(),
            text: "</pre><script>alert(3)</script>".into(),
            html: "\"><script>alert(4)</script>".into(),
            headers: vec![("X\"><script>".into(), "<script>".into())],
            tags: [("t".into(), "<script>".into())].into(),
            configuration_set: None,
            request: serde_json::Value::Null,
        };
        for page in [inbox(std::slice::from_ref(&hostile)), mail(&hostile, 1)] {
            assert!(!page.contains("<script"), "{page}");
        }
    }
}
