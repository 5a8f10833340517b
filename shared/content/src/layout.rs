//! The frame around a message's text.

use std::fmt::Write;

use minijinja::HtmlEscape;
use pulldown_cmark::{CowStr, Event, Parser, Tag, html::push_html};

use crate::engine::is_web;

/// What the law wants below marketing mail (CAN-SPAM: a postal address and a way out).
pub(crate) struct Footer<'a> {
    pub(crate) postal_address: &'a str,
    pub(crate) unsubscribe_url: &'a str,
}

const STYLE: &str = "margin:0 auto;max-width:600px;padding:24px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,\
    Helvetica,Arial,sans-serif;color:#1f2328";
const FINE_PRINT: &str =
    "margin-top:32px;padding-top:16px;border-top:1px solid #d0d7de;font-size:13px;color:#59636e";

/// The HTML part: Markdown in one column that any mail program shows.
pub(crate) fn html(markdown: &str, preheader: Option<&str>, footer: Option<&Footer<'_>>) -> String {
    let mut body = String::new();
    if let Some(preheader) = preheader {
        let hidden = "display:none;max-height:0;overflow:hidden";
        let _ = write!(body, "<div style=\"{hidden}\">{}</div>", escaped(preheader));
    }
    push_html(&mut body, Parser::new(markdown).map(harmless));
    if let Some(footer) = footer {
        let address = escaped(footer.postal_address);
        let url = escaped(footer.unsubscribe_url);
        let _ = write!(
            body,
            "<p style=\"{FINE_PRINT}\">{address}<br><a href=\"{url}\" style=\"color:#59636e\">Unsubscribe</a></p>"
        );
    }
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"></head><body style=\"margin:0\"><div style=\"{STYLE}\">{body}</div></body></html>"
    )
}

/// A link or picture that leads anywhere but to the web, mail or phone leads nowhere.
fn harmless(mut event: Event<'_>) -> Event<'_> {
    if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = &mut event
        && !is_web(dest_url)
    {
        *dest_url = CowStr::Borrowed("#");
    }
    event
}

/// The text part: Markdown is made to be read as it stands.
pub(crate) fn text(body: &str, footer: Option<&Footer<'_>>) -> String {
    let body = body.trim();
    match footer {
        Some(footer) => format!(
            "{body}\n\n-- \n{}\nUnsubscribe: {}\n",
            footer.postal_address, footer.unsubscribe_url
        ),
        None => format!("{body}\n"),
    }
}

fn escaped(text: &str) -> HtmlEscape<'_> {
    HtmlEscape(text)
}
