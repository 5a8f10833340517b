//! Markdown becomes HTML, and the built-in frame around it.

use pulldown_cmark::{CowStr, Event, Parser, Tag, html::push_html};

use wend_core::release::{MessageClass, Project, Template};

use crate::engine::is_web;
use crate::escape;

/// What the law wants below marketing mail (CAN-SPAM: a postal address and a way out).
pub(crate) struct Footer<'a> {
    pub(crate) postal_address: &'a str,
    pub(crate) unsubscribe_url: &'a str,
}

impl<'a> Footer<'a> {
    /// The footer of a mail; none where the law wants none.
    pub(crate) fn of(
        template: &Template,
        project: &'a Project,
        unsubscribe_url: &'a str,
    ) -> Option<Self> {
        match template.class {
            MessageClass::Marketing => Some(Self {
                postal_address: project.postal_address.as_deref().unwrap_or_default(),
                unsubscribe_url,
            }),
            MessageClass::Transactional | MessageClass::System => None,
        }
    }
}

const STYLE: &str = "margin:0 auto;max-width:600px;padding:24px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,\
    Helvetica,Arial,sans-serif;color:#1f2328";
const FINE_PRINT: &str =
    "margin-top:32px;padding-top:16px;border-top:1px solid #d0d7de;font-size:13px;color:#59636e";

/// The HTML of Markdown.
pub(crate) fn markdown(text: &str) -> String {
    let mut html = String::with_capacity(text.len() * 2);
    push_html(&mut html, Parser::new(text).map(harmless));
    html
}

/// The built-in page: one column that any mail program shows.
pub(crate) fn page(content: &str, preheader: Option<&str>, locale: &str) -> String {
    let mut hidden = String::new();
    if let Some(preheader) = preheader {
        let preheader = escape::html(preheader);
        hidden =
            format!("<div style=\"display:none;max-height:0;overflow:hidden\">{preheader}</div>");
    }
    let lang = match locale {
        "" => String::new(),
        locale => format!(" lang=\"{}\"", escape::html(locale)),
    };
    format!(
        "<!doctype html><html{lang}><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"></head><body style=\"margin:0\"><div dir=\"auto\" style=\"{STYLE}\">{hidden}{content}</div></body></html>"
    )
}

/// `html` with the footer, unless it has the way out already: no marketing mail goes without.
pub(crate) fn with_footer(html: String, footer: &Footer<'_>) -> String {
    let url = escape::html(footer.unsubscribe_url);
    if html.contains(&url) || html.contains(footer.unsubscribe_url) {
        return html;
    }
    let address = escape::html(footer.postal_address);
    let small = format!(
        "<p style=\"{FINE_PRINT}\">{address}<br><a href=\"{url}\" style=\"color:#59636e\">Unsubscribe</a></p>"
    );
    // The built-in page has its column around everything.
    let column = html.strip_suffix("</div></body></html>");
    let end = column.map(str::len).or_else(|| html.rfind("</body>"));
    let (above, below) = html.split_at(end.unwrap_or(html.len()));
    format!("{above}{small}{below}")
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

/// The text part, with the footer unless it has the way out already.
pub(crate) fn text(body: &str, footer: Option<&Footer<'_>>) -> String {
    let body = body.trim();
    match footer {
        Some(footer) if !body.contains(footer.unsubscribe_url) => format!(
            "{body}\n\n-- \n{}\nUnsubscribe: {}\n",
            footer.postal_address, footer.unsubscribe_url
        ),
        Some(_) | None => format!("{body}\n"),
    }
}
